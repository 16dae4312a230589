"""Re-inspection through the program: facts are reported, the schedule opens requests, the body's queue shows them."""

from datetime import timedelta

from app.jobs.reinspections import open_due_reinspections
from tests.http.test_api import certified, problem
from tests.http.test_pages import checked


async def test_what_happens_to_a_certified_pack_opens_a_request_once_a_cause(signed_in, ports) -> None:
    pack_id, _ = await certified(signed_in)
    assert (await open_due_reinspections(ports)).did == 0
    ports.clock.move_to(ports.clock.now() + timedelta(days=3))
    at = ports.clock.now().isoformat()
    operator, tester = await signed_in("operator"), await signed_in("tester")

    async def report(**fact):
        return await operator.post(f"/api/v1/packs/{pack_id}/facts", json={"occurred_at": at, **fact})

    assert (await report(kind="alarm_tripped", note="과전류 차단")).status_code == 201
    assert (await report(kind="opened")).status_code == 201
    assert (await report(kind="opened", note="다시")).status_code == 201
    assert (await report(kind="health_checked", soh_ppm=800_000)).status_code == 201
    problem(await report(kind="health_checked"), 422, "passport.health-untold")
    problem(await report(kind="moved", soh_ppm=800_000), 422, "passport.health-untold")

    first, again = await open_due_reinspections(ports), await open_due_reinspections(ports)
    assert (first.did, first.failed, again.did) == (3, 0, 0)
    listed = (await tester.get("/api/v1/reinspections")).json()
    assert sorted(one["cause"] for one in listed) == ["alarm_tripped", "health_drop", "opened"]
    assert {one["pack_id"] for one in listed} == {str(pack_id)}
    queue = await tester.get("/ktr")
    checked(queue)
    for said in ("재검사 요청", "차단 경보", "개봉", "건강도 10%p 이상 하락"):
        assert said in queue.text

    ports.clock.move_to(ports.clock.now() + timedelta(days=2 * 365))
    assert (await open_due_reinspections(ports)).did == 1


async def test_a_fact_of_use_is_no_fact_of_a_pack_without_certificate(signed_in) -> None:
    from tests.http.test_api import collect, register

    operator = await signed_in("operator")
    pack_id = await register(operator)
    await collect(operator, pack_id)

    problem(
        await operator.post(
            f"/api/v1/packs/{pack_id}/facts", json={"kind": "opened", "occurred_at": "2026-01-30T00:00:00+09:00"}
        ),
        422,
        "passport.step-out-of-order",
    )
