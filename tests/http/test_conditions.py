"""`If-Match`: two people who change one thing meet, and what nobody should change blindly takes the version."""

import json
import re

import pytest

from app import demo
from domain.shared.actor import Role
from domain.shared.versions import ANY, Expected, VersionStale, version_of
from tests.fakes.system import NOON
from tests.http.conftest import by_cookie, confirm_by_form
from tests.http.test_api import collect, problem, receive, register
from tests.http.test_people import invited, made  # noqa: F401  (a fixture)

OTHER = {"If-Match": f'"{"0" * 32}"'}


def test_a_version_tells_every_state_from_every_other() -> None:
    states = {
        version_of(*facts) for facts in ((), (None,), ("a", "b"), ("ab",), (1,), (NOON,), ("a", None), (None, "a"))
    }

    assert len(states) == 7  # nothing and one thing that is not there are the same
    assert version_of("a", 1, NOON) == version_of("a", 1, NOON)


def test_only_an_expected_state_passes() -> None:
    now = version_of("now")

    ANY.require(now)
    Expected.only("before", now).require(now)
    with pytest.raises(VersionStale):
        Expected.only("before").require(now)
    with pytest.raises(VersionStale):
        Expected(frozenset()).require(now)


async def test_two_administrators_who_change_one_member_meet(signed_in, made) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant = await signed_in("tenant")
    path = f"/api/v1/members/{member.person_id}"
    seen = (await tenant.get(path)).headers["etag"]
    change = {"role": "tenant_admin", "reason": "승진"}

    stale = await tenant.post(f"{path}/role", json=change, headers=OTHER)
    weak = await tenant.post(f"{path}/role", json=change, headers={"If-Match": f"W/{seen}"})
    first = await tenant.post(f"{path}/role", json=change, headers={"If-Match": f'"nothing", {seen}'})
    second = await tenant.post(f"{path}/deactivation", json={"reason": "퇴사"}, headers={"If-Match": seen})

    for refused in (stale, weak, second):
        problem(refused, 412, "shared.version-stale")
    assert first.status_code == 201, first.text
    shown = await tenant.get(path)
    assert shown.headers["etag"] == f'"{shown.json()["version"]}"' != seen
    assert (shown.json()["member"]["role"], shown.json()["member"]["active"]) == ("tenant_admin", True)


async def test_what_nobody_should_change_blindly_takes_a_version(app, signed_in, made) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant = await signed_in("tenant")
    del tenant.event_hooks["request"][:]
    key = (await tenant.post("/api/v1/keys", json={"name": "시험", "role": "tenant_viewer"})).json()["key"]
    keyed = {"Idempotency-Key": "one"}

    for path, body in (
        (f"/api/v1/members/{member.person_id}/role", {"role": "tenant_admin", "reason": "-"}),
        (f"/api/v1/members/{member.person_id}/deactivation", {"reason": "-"}),
        (f"/api/v1/members/{member.person_id}/reactivation", {"reason": "-"}),
        (f"/api/v1/keys/{key['key_id']}/rotation", {}),
        (f"/api/v1/keys/{key['key_id']}/revocation", {}),
    ):
        answer = await tenant.post(path, json=body, headers=keyed)

        problem(answer, 428, "shared.version-missing")
        assert "If-Match" in answer.json()["title"]


async def test_a_key_is_replaced_and_revoked_in_the_state_that_was_seen(signed_in) -> None:
    tenant = await signed_in("tenant")
    key = (await tenant.post("/api/v1/keys", json={"name": "시험", "role": "tenant_viewer"})).json()["key"]
    path = f"/api/v1/keys/{key['key_id']}"
    listed = next(one for one in (await tenant.get("/api/v1/keys")).json() if one["key_id"] == key["key_id"])
    seen = {"If-Match": f'"{key["version"]}"'}

    problem(await tenant.post(f"{path}/rotation", json={}, headers=OTHER), 412, "shared.version-stale")
    assert (await tenant.post(f"{path}/rotation", json={}, headers=seen)).status_code == 201
    problem(await tenant.post(f"{path}/revocation", headers=seen), 412, "shared.version-stale")
    now = (await tenant.get(path)).json()["version"]
    assert (await tenant.post(f"{path}/revocation", headers={"If-Match": f'"{now}"'})).status_code == 201

    assert listed["version"] == key["version"] != now
    problem(await (await signed_in("neighbour")).get(path), 404, "identity.key-unknown")


async def test_an_invitation_may_be_withdrawn_with_or_without_its_version(signed_in) -> None:
    tenant = await signed_in("tenant")
    one, other = [(await invited(tenant))["invitation"] for _ in range(2)]

    stale = await tenant.post(f"/api/v1/invitations/{one['invitation_id']}/withdrawal", headers=OTHER)
    fresh = await tenant.post(
        f"/api/v1/invitations/{one['invitation_id']}/withdrawal", headers={"If-Match": f'"{one["version"]}"'}
    )
    plain = await tenant.post(f"/api/v1/invitations/{other['invitation_id']}/withdrawal")

    problem(stale, 412, "shared.version-stale")
    assert (fresh.status_code, plain.status_code) == (204, 204)


async def test_a_step_at_a_reception_is_refused_where_it_moved_meanwhile(signed_in) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_id = await register(operator)
    await collect(operator, pack_id)
    path = f"/api/v1/receptions/{await receive(tester, pack_id)}"
    seen = {"If-Match": (await tester.get(path)).headers["etag"]}
    sheet = {"equipment": "벤치", "measurements": json.loads(demo.BENCH_SHEET.read_bytes())[:1]}

    first = await tester.post(f"{path}/measurements", json=sheet, headers=seen)
    again = await tester.post(f"{path}/measurements", json=sheet, headers=seen)
    missing = await tester.post(path.replace(path[-4:], "0000") + "/measurements", json=sheet, headers=seen)

    assert first.status_code == 201, first.text
    problem(again, 412, "shared.version-stale")
    problem(missing, 404, "certification.reception-unknown")
    assert len((await tester.get(path)).json()["runs"]) == 1


async def test_the_pages_form_says_what_it_was_made_for(signed_in, made) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant = await confirm_by_form(await by_cookie(await signed_in("tenant"), "tenant"))
    path = f"/members/{member.person_id}"
    seen = re.findall(r'name="version" value="([0-9a-f]{32})"', (await tenant.get(path)).text)

    done = await tenant.post(f"{path}/role", data={"role": "tenant_admin", "reason": "-", "version": seen[0]})
    late = await tenant.post(f"{path}/standing", data={"standing": "inactive", "reason": "-", "version": seen[1]})

    assert len(set(seen)) == 1
    assert done.status_code == 303, done.text
    assert late.status_code == 412
    assert "그 사이 다른 사람이 변경했습니다" in late.text


async def test_the_apis_document_names_the_header_where_it_is_honoured(client) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    named = {
        path
        for path, doors in document["paths"].items()
        for method, door in doors.items()
        if any(one["name"] == "If-Match" for one in door.get("parameters", ()))
    }

    assert {"/api/v1/members/{person_id}/role", "/api/v1/keys/{key_id}/rotation"} <= named
    assert {"/api/v1/receptions/{reception_id}/review", "/api/v1/packs/{pack_id}/facts"} <= named
    assert all("{" in path or path.startswith("/api/v1/account/") for path in named)
    for path in named:
        answers = next(iter(document["paths"][path].values()))["responses"]
        assert {"412", "428"} <= answers.keys(), path


async def test_a_contract_and_ones_own_account_are_changed_in_the_state_that_was_seen(story, signed_in) -> None:
    contract = story.life.services[0].contract
    operator, tenant = await signed_in("operator"), await signed_in("tenant")
    path = f"/api/v1/contracts/{contract.contract_id}"
    shown = await operator.get(path, params={"tenant_id": 11})
    own = await tenant.get(path)
    account = await tenant.get("/api/v1/account")
    body = {"pack_id": str(story.life.pack.pack_id), "from_at": "2026-02-01T00:00:00+09:00"}

    stale = await operator.post(f"{path}/assignments", params={"tenant_id": 11}, json=body, headers=OTHER)
    fresh = await operator.post(
        f"{path}/assignments", params={"tenant_id": 11}, json=body, headers={"If-Match": shown.headers["etag"]}
    )
    renewed = await tenant.post("/api/v1/account/totp", headers=OTHER)
    begun = await tenant.post("/api/v1/account/totp", headers={"If-Match": account.headers["etag"]})

    assert (shown.status_code, own.status_code) == (200, 200)
    assert shown.json() == own.json()
    assert [one["pack_id"] for one in shown.json()["assignments"]] == [str(story.life.pack.pack_id)]
    problem(stale, 412, "shared.version-stale")
    assert fresh.status_code in (409, 422), fresh.text  # the state fits; that the pack serves already is another matter
    problem(renewed, 412, "shared.version-stale")
    assert begun.status_code == 201, begun.text
