"""Values put aside over the API and on the site's page: shown beside the kept ones, accepted or dismissed once."""

import pytest

from tests.http.conftest import by_cookie
from tests.http.test_api import problem
from tests.http.test_pages import checked
from tests.http.test_readings_door import NOW, sender  # noqa: F401  (a fixture)

REASON = "계량기 확인서 제출"


@pytest.fixture
async def aside(sender):  # noqa: F811
    """The load of three slots is 1, 2, 3; another request offered 9 for the second."""
    await sender.send(sender.series([1, 2, 3]))
    await sender.send(sender.series([1, 9, 3]))
    return sender


async def listed(sender, client=None, **asked):  # noqa: F811
    path = f"/api/v1/sites/{sender.site_id}/conflicts"
    return (await (client or sender.client).get(path, params=asked)).json()


def settlement(found, *, accept, **more):
    named = {name: found[name] for name in ("channel", "day", "import_id", "part")}
    return {**named, "accept": accept, "reason": REASON, **more}


async def test_kept_and_offered_stand_side_by_side_with_their_import(aside, signed_in) -> None:
    (found,) = await listed(aside)
    taken = (await aside.client.get(f"/api/v1/sites/{aside.site_id}/imports")).json()

    assert (found["channel"], found["quantity"], found["day"], found["state"]) == (
        aside.load,
        "load",
        "2026-07-01",
        "open",
    )
    assert found["slots"] == [{"slot": 1, "kept": 2, "offered": 9}]
    assert [(one["import_id"], one["sha256"], one["conflicting"]) for one in taken] == [
        (found["import_id"], found["file_sha256"], 1)
    ]
    neighbour = await signed_in("neighbour")
    for what in ("conflicts", "imports"):
        problem(await neighbour.get(f"/api/v1/sites/{aside.site_id}/{what}"), 404, "metering.site-unknown")


async def test_an_accepted_value_is_a_revision_and_what_was_known_stays_readable(aside, signed_in) -> None:
    operator = await signed_in("operator")
    (found,) = await listed(aside)
    path = f"/api/v1/sites/{aside.site_id}/conflicts/settlement"
    wish = settlement(found, accept=True)
    problem(await aside.client.post(path, json=wish), 403, "shared.role-not-enough")
    aside.ports.clock.move_to(NOW.replace(minute=30))

    settled = await operator.post(f"{path}?tenant_id=11", json=wish)

    assert settled.status_code == 200, settled.text
    assert (settled.json()["state"], settled.json()["reason"]) == ("accepted", REASON)
    assert list((await aside.kept()).values()) == [1, 9, 3]
    series = f"/api/v1/sites/{aside.site_id}/series?quantity=load&from=2026-07-01&until=2026-07-02"
    before = (await aside.client.get(f"{series}&as_of=2026-08-15T00:15:00Z")).json()["series"][0]
    assert before["values"][:3] == [1, 2, 3]
    (after,) = await listed(aside)
    assert (after["state"], after["settled_by"], after["slots"]) == (
        "accepted",
        "정운영",
        [{"slot": 1, "kept": 9, "offered": 9}],
    )
    problem(await operator.post(f"{path}?tenant_id=11", json=wish), 409, "metering.conflict-settled")
    assert (await aside.send(aside.series([1, 9, 3])))["duplicate"] == 3


async def test_a_dismissed_value_changes_nothing_and_stays_dismissed(aside, signed_in) -> None:
    operator = await signed_in("operator")
    (found,) = await listed(aside)
    path = f"/api/v1/sites/{aside.site_id}/conflicts/settlement?tenant_id=11"

    settled = await operator.post(path, json=settlement(found, accept=False))
    await aside.send(aside.series([1, 9, 3]))

    assert settled.json()["state"] == "dismissed"
    assert list((await aside.kept()).values()) == [1, 2, 3]
    assert [one["state"] for one in await listed(aside)] == ["dismissed"]


async def test_what_was_not_put_aside_cannot_be_settled(aside, signed_in) -> None:
    operator = await signed_in("operator")
    (found,) = await listed(aside)
    path = f"/api/v1/sites/{aside.site_id}/conflicts/settlement?tenant_id=11"

    for change in ({"channel": 99}, {"day": "2026-07-02"}, {"part": 1}, {"import_id": str(aside.site_id)}):
        answer = await operator.post(path, json=settlement(found, accept=True, **change))
        problem(answer, 404, "metering.conflict-unknown")
    problem(await operator.post(path, json=settlement(found, accept=True, reason="")), 400, "http.bad-request")
    assert list((await aside.kept()).values()) == [1, 2, 3]


async def test_the_site_page_shows_them_and_an_operator_settles_there(aside, signed_in) -> None:
    operator = await by_cookie(await signed_in("operator"), "operator")
    page = f"/sites/11/{aside.site_id}"
    (found,) = await listed(aside)

    seen = await aside.client.get(page)
    form = await operator.get(page)
    empty = await operator.post(f"{page}/conflicts", data=settlement(found, accept="yes", reason=""))
    settled = await operator.post(f"{page}/conflicts", data=settlement(found, accept="yes"))
    after = await aside.client.get(f"{page}?lang=en")

    for one in (seen, after):
        checked(one)
    assert "충돌한 검침값" in seen.text
    assert "2 → 9 Wh" in seen.text
    assert f'action="{page}/conflicts"' not in seen.text
    assert f'action="{page}/conflicts"' in form.text
    assert empty.status_code == 422
    assert (settled.status_code, settled.headers["location"]) == (303, f"{page}#conflicts")
    for said in ("Accepted", "정운영", REASON):
        assert said in after.text
    assert list((await aside.kept()).values()) == [1, 9, 3]
    again = await operator.post(f"{page}/conflicts", data=settlement(found, accept="no"))
    assert (again.status_code, "이미 처리한 충돌입니다." in again.text or "settled already" in again.text) == (
        409,
        True,
    )
