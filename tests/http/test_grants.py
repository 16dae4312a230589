"""Who sees a pack's life by a grant, and how much; and what those see who held it before."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import PartyKind, Tenant
from domain.journeys import trace
from domain.passport import sealing
from domain.passport.errors import PackUnknown
from domain.passport.model import EntryKind, Fact
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import EventId, TenantId
from tests.fakes.system import someone
from tests.http.test_api import problem
from tests.http.test_people import made  # noqa: F401  (a fixture)

KINDS = ((21, PartyKind.OWNER), (22, PartyKind.AUTHORITY), (23, PartyKind.RECYCLER))
USE = {"in_service", "billed", "deployed"}


@pytest.fixture
async def grantees(story, ports, made, signed_in):  # noqa: F811
    """An owner, an authority and a recycler, signed in, beside the told story."""
    async with ports.unit(SYSTEM) as work:
        for number, kind in KINDS:
            await work.parties.add(
                Tenant(
                    tenant_id=TenantId(number),
                    ref=uuid4(),
                    complex_id=1,
                    kind=kind,
                    name_ko=f"기관 {number}",
                    name_en=f"Organisation {number}",
                    business_no="0",
                    address_ko="-",
                    address_en="-",
                    bank_account="",
                    accreditation="",
                )
            )
        await work.commit()
    people = {}
    for number, kind in KINDS:
        await made(kind.value, Role(kind.value), number)
        people[kind.value] = await signed_in(kind.value)
    return people


def wish(ports, tenant_id, *, days=30, **more):
    until = ports.clock.now() + timedelta(days=days)
    return {"tenant_id": tenant_id, "until_at": until.isoformat(), "reason": "수거 전 확인", **more}


async def grant(client, ports, pack_id, tenant_id, **more):
    answer = await client.post(f"/api/v1/packs/{pack_id}/grants", json=wish(ports, tenant_id, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_grant_shows_a_packs_life_without_how_it_was_used(story, grantees, signed_in, ports) -> None:
    pack_id = story.life.pack.pack_id
    operator = await signed_in("operator")
    for number, _ in KINDS:
        await grant(operator, ports, pack_id, number)

    for client in grantees.values():
        found = (await client.get(f"/api/v1/packs/{pack_id}")).json()

        assert [one["pack_id"] for one in (await client.get("/api/v1/packs")).json()] == [str(pack_id)]
        assert not USE & {one["kind"] for one in found["history"]}
        assert {"manufactured", "certified"} <= {one["kind"] for one in found["history"]}
        assert (found["services"], found["history_holds"]) == ([], True)
        assert found["hidden_entries"] == 3
        assert found["attributes"]["model"] == story.life.pack.model
        assert "soh_ppm" in found["attributes"]
        assert "raw_file_sha256" not in found["attributes"]
        page = (await client.get(f"/packs/{pack_id}")).text
        assert "배터리 여권" in page
        assert "C-2017" not in page
        assert (await client.get("/packs")).status_code == 200
        by_name = await client.get("/api/v1/packs/trace", params={"identifier": str(pack_id)})
        assert by_name.status_code == 200
    told = [(await grantees[name].get(f"/api/v1/packs/{pack_id}")).json()["attributes"] for name in grantees]
    assert ["test_report_number" in one for one in told] == [False, True, False]


async def test_nobody_sees_a_pack_without_a_grant_or_by_anothers(story, grantees, signed_in, ports) -> None:
    pack_id = story.life.pack.pack_id
    await grant(await signed_in("operator"), ports, pack_id, 22)

    for name in ("owner", "recycler"):
        problem(await grantees[name].get(f"/api/v1/packs/{pack_id}"), 404, "passport.pack-unknown")
        problem(await grantees[name].get(f"/api/v1/packs/{pack_id}/history/check"), 404, "passport.pack-unknown")
        assert (await grantees[name].get("/api/v1/packs")).json() == []
    problem(await grantees["authority"].get(f"/api/v1/packs/{pack_id}/grants"), 403, "shared.role-not-enough")


async def test_a_grant_ends_by_itself(story, grantees, signed_in, ports) -> None:
    pack_id = story.life.pack.pack_id
    made_grant = await grant(await signed_in("operator"), ports, pack_id, 21, days=1 / 48)
    owner = grantees["owner"]
    assert (await owner.get(f"/api/v1/packs/{pack_id}")).status_code == 200

    ports.clock.move_to(ports.clock.now() + timedelta(minutes=30))

    problem(await owner.get(f"/api/v1/packs/{pack_id}"), 404, "passport.pack-unknown")
    (listed,) = (await (await signed_in("operator")).get(f"/api/v1/packs/{pack_id}/grants")).json()
    assert (listed["grant_id"], listed["in_force"], listed["revoked_at"]) == (made_grant["grant_id"], False, None)


async def test_a_grant_begins_when_it_says(story, grantees, signed_in, ports) -> None:
    pack_id = story.life.pack.pack_id
    begins = ports.clock.now() + timedelta(minutes=30)
    await grant(await signed_in("operator"), ports, pack_id, 21, from_at=begins.isoformat())

    problem(await grantees["owner"].get(f"/api/v1/packs/{pack_id}"), 404, "passport.pack-unknown")
    ports.clock.move_to(begins)
    assert (await grantees["owner"].get(f"/api/v1/packs/{pack_id}")).status_code == 200


async def test_a_revoked_grant_shows_nothing_and_stays_on_record(story, grantees, signed_in, ports) -> None:
    pack_id, operator = story.life.pack.pack_id, await signed_in("operator")
    path = f"/api/v1/packs/{pack_id}/grants/{(await grant(operator, ports, pack_id, 21))['grant_id']}/revocation"

    done = await operator.post(path, json={"reason": "계약 종료"})

    assert (done.json()["in_force"], done.json()["revoked_reason"]) == (False, "계약 종료")
    problem(await grantees["owner"].get(f"/api/v1/packs/{pack_id}"), 404, "passport.pack-unknown")
    problem(await operator.post(path, json={"reason": "다시"}), 409, "passport.grant-over")
    assert len((await operator.get(f"/api/v1/packs/{pack_id}/grants")).json()) == 1


async def test_only_an_operator_grants_and_only_to_those_who_need_one(story, grantees, signed_in, ports) -> None:
    pack_id, operator = story.life.pack.pack_id, await signed_in("operator")
    path = f"/api/v1/packs/{pack_id}/grants"

    problem(await operator.post(path, json=wish(ports, 12)), 422, "passport.grantee-unfit")
    problem(await operator.post(path, json=wish(ports, 99)), 404, "identity.tenant-unknown")
    problem(await operator.post(path, json=wish(ports, 21, days=-1)), 422, "passport.grant-period")
    for days in (9999, 99_999):
        problem(await operator.post(path, json=wish(ports, 21, days=days)), 422, "passport.grant-period")
    ends = {"from_at": "0001-01-01T00:00:00+09:00", "until_at": "9999-12-31T23:59:59-09:00"}
    for body in ({**wish(ports, 21), **ends}, {**wish(ports, 21), "from_at": ends["from_at"]}, wish(ports, 21) | ends):
        problem(await operator.post(path, json=body), 422, "passport.grant-period")
    foreign = f"/api/v1/packs/{uuid4()}/grants"
    problem(await operator.post(foreign, json=wish(ports, 21)), 404, "passport.pack-unknown")
    for name in ("tenant", "tester"):
        answer = await (await signed_in(name)).post(path, json=wish(ports, 21))
        problem(answer, 403, "shared.role-not-enough")


async def test_the_packs_page_grants_and_ends(story, grantees, signed_in) -> None:
    pack_id, operator = story.life.pack.pack_id, await signed_in("operator")
    form = {"tenant_id": "23", "until_at": "2030-01-01T09:00", "reason": "수거 견적"}

    assert (await operator.post(f"/packs/{pack_id}/grants", data=form)).status_code == 303

    (listed,) = (await operator.get(f"/api/v1/packs/{pack_id}/grants")).json()
    assert listed["until_at"].startswith("2030-01-01T00:00:00")
    assert "수거 견적" in (await operator.get(f"/packs/{pack_id}")).text
    assert "수거 견적" not in (await grantees["recycler"].get(f"/packs/{pack_id}")).text
    ended = await operator.post(f"/packs/{pack_id}/grants/{listed['grant_id']}/revocation", data={"reason": "끝"})
    assert ended.status_code == 303
    assert (await grantees["recycler"].get(f"/packs/{pack_id}")).status_code == 404


# ── those who held a pack before ──


async def test_a_former_holder_sees_its_own_time_and_nothing_after_it(story, ports, engine: AsyncEngine) -> None:
    pack_id, service = story.life.pack.pack_id, story.life.services[0]
    left_at = ports.clock.now()
    async with ports.unit(SYSTEM) as work:
        await work.assignments.remove(TenantId(11), service.assignment.assignment_id, at=left_at)
        await work.packs.release(pack_id, holder=TenantId(12))
        head = await work.histories.head(pack_id)
        fact = Fact(kind=EntryKind.IN_SERVICE, occurred_at=ports.clock.now(), particulars={"month": "2019-01"})
        entry, head = sealing.append(
            head,
            fact,
            event_id=EventId(ports.ids.new()),
            holder=TenantId(12),
            actor=SYSTEM,
            now=ports.clock.now(),
        )
        await work.histories.add(entry, head)
        await work.commit()
    async with engine.begin() as connection:  # as an assignment to it would
        await connection.execute(
            text("insert into sunhwan.pack_reach (pack_id, tenant_id, reach_id) values (:pack, 12, :reach)"),
            {"pack": pack_id, "reach": ports.ids.new()},
        )

    async def sees(tenant_id):
        actor = someone(Role.TENANT_ADMIN, tenant_id=tenant_id)
        return await trace.trace_pack(pack_id, actor=actor, unit=ports.unit, clock=ports.clock)

    before, now_holding = await sees(11), await sees(12)
    assert {one.holder for one in before.entries if one.kind.value in USE} == {11}
    assert all(one.occurred_at < left_at for one in before.entries)
    assert before.hidden_entries == 1
    assert [one.holder for one in now_holding.entries if one.kind.value in USE] == [12]
    assert now_holding.hidden_entries == 3
    assert (before.broken, now_holding.broken) == (None, None)
    assert len(before.services) == 1
    assert now_holding.services == ()
    with pytest.raises(PackUnknown):
        await sees(13)
