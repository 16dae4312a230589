"""Lost password, lost second factor: an administrator's link lets somebody in again, once, and is told everywhere."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from domain.identity.model import Totp
from domain.shared.actor import DOOR, SYSTEM, Role
from tests.http.conftest import PASSWORD, by_cookie, confirm_by_form
from tests.http.test_api import problem
from tests.http.test_audit import told
from tests.http.test_people import FRESH, made  # noqa: F401  (a fixture)


async def sign_in(client, password):
    return await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": password})


async def reset(client, member, **body):
    answer = await client.post(f"/api/v1/members/{member.person_id}/reset", json={"reason": "분실", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def test_a_lost_password_is_replaced_once_by_a_link(signed_in, made, client, ports) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant, park = await signed_in("tenant"), await signed_in("park")

    older = await reset(tenant, member)
    token = await reset(tenant, member)
    closed = await park.get("/api/v1/sessions/me")
    weak = await client.post("/api/v1/resets/acceptance", json={"token": token, "password": "park-park-park"})
    taken = await client.post("/api/v1/resets/acceptance", json={"token": token, "password": FRESH})
    again = [
        await client.post("/api/v1/resets/acceptance", json={"token": one, "password": FRESH})
        for one in (token, older, "nothing")
    ]

    problem(closed, 401, "identity.not-signed-in")
    assert weak.status_code == 422, weak.text
    assert taken.status_code == 204, taken.text
    for one in again:
        problem(one, 404, "identity.reset-unknown")
    problem(await sign_in(client, PASSWORD), 401, "identity.sign-in-refused")
    assert (await sign_in(client, FRESH)).status_code == 201
    changes = (await tenant.get(f"/api/v1/members/{member.person_id}")).json()["changes"]
    assert [(one["kind"], one["reason"]) for one in changes[1:]] == [("reset", "분실")] * 2
    (done,) = [one for one in await told(ports, action="FinishReset") if one.status == 204]
    assert (done.object_ids, done.for_tenant) == (f"account={member.person_id}", 11)
    (begun, _) = await told(ports, action="ResetMember")
    assert str(member.person_id) in begun.object_ids
    assert token not in str(await told(ports))


async def test_a_link_is_over_after_a_day_and_with_its_person(signed_in, made, client, ports) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    token = await reset(await signed_in("tenant"), member)
    ports.clock.move_to(ports.clock.now() + timedelta(hours=24))
    late = await client.post("/api/v1/resets/acceptance", json={"token": token, "password": FRESH})

    tenant = await signed_in("tenant")
    token = await reset(tenant, member)
    await tenant.post(f"/api/v1/members/{member.person_id}/deactivation", json={"reason": "퇴사"})
    shut_out = await client.post("/api/v1/resets/acceptance", json={"token": token, "password": FRESH})

    problem(late, 404, "identity.reset-unknown")
    problem(shut_out, 404, "identity.reset-unknown")


async def test_a_lost_second_factor_goes_only_where_it_was_said(signed_in, made, client, ports) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant = await signed_in("tenant")
    kept = []
    for too in (False, True):
        async with ports.unit(DOOR) as work:
            await work.second_factors.drop_totp(member.person_id)
            await work.second_factors.begin_totp(
                Totp(person_id=member.person_id, sealed_secret=b"-" * 60, enrolled_at=ports.clock.now(), last_step=None)
            )
            await work.second_factors.use_totp(member.person_id, step=1)
            await work.second_factors.replace_recovery_codes(member.person_id, (b"1" * 32,))
            await work.commit()
        token = await reset(tenant, member, second_factor_too=too)
        await client.post("/api/v1/resets/acceptance", json={"token": token, "password": f"{FRESH}-{too}"})
        async with ports.unit(DOOR) as work:
            enrolled = await work.second_factors.enrolled(member.person_id)
            kept.append((enrolled.totp, enrolled.recovery_codes))

    assert kept == [(True, 1), (False, 0)]


async def test_only_those_who_manage_a_person_let_them_in_again(signed_in, made, ports) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    path = f"/api/v1/members/{member.person_id}/reset"
    async with ports.unit(SYSTEM) as work:
        own = await work.people.named("tenant")
    assert own is not None

    problem(await (await signed_in("neighbour")).post(path, json={"reason": "-"}), 404, "identity.member-unknown")
    problem(await (await signed_in("operator")).post(path, json={"reason": "-"}), 403, "shared.role-not-enough")
    tenant = await signed_in("tenant")
    problem(
        await tenant.post(f"/api/v1/members/{own.person_id}/reset", json={"reason": "-"}),
        422,
        "identity.not-by-yourself",
    )
    unproven = await signed_in("tenant", confirmed=False)
    problem(await unproven.post(path, json={"reason": "-"}), 403, "identity.confirmation-needed")
    stale = await tenant.post(path, json={"reason": "-"}, headers={"If-Match": f'"{"0" * 32}"'})
    problem(stale, 412, "shared.version-stale")
    assert (await (await signed_in("admin")).post(path, json={"reason": "-"})).status_code == 201


async def test_the_pages_make_the_link_and_take_the_password(signed_in, made, client) -> None:  # noqa: F811
    member = await made("park", Role.TENANT_VIEWER, 11)
    tenant = await confirm_by_form(await by_cookie(await signed_in("tenant"), "tenant"))
    path = f"/members/{member.person_id}"
    version = re.findall(r'name="version" value="([0-9a-f]{32})"', (await tenant.get(path)).text)[0]

    shown = await tenant.post(f"{path}/reset", data={"reason": "분실", "version": version})
    link = urlsplit(re.findall(r"<code class=\"mono\">([^<]+)</code>", shown.text)[0])
    token = parse_qs(link.query)["token"][0]
    form = await client.get(f"/reset?token={token}")
    weak = await client.post("/reset", data={"token": token, "password": "short"})
    done = await client.post("/reset", data={"token": token, "password": FRESH})

    assert shown.status_code == 200
    assert "재설정 링크 발급" in shown.text
    assert (form.status_code, "park" in form.text, link.path) == (200, True, "/reset")
    assert weak.status_code == 422
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    assert (await client.get(f"/reset?token={token}")).status_code == 404
    assert (await sign_in(client, FRESH)).status_code == 201
