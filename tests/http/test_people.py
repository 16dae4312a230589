"""Organisations and their people over HTTP and on pages: inviting, joining, changing, shutting out."""

import re

import httpx
import pytest

from domain.identity import members
from domain.shared.actor import Role
from domain.shared.identifiers import TenantId
from tests.http.conftest import PASSWORD
from tests.http.test_api import problem

FRESH = "harbour-crane-71-ulsan"


@pytest.fixture
async def made(ports):
    """Let somebody sign in who is not of the demonstration."""

    async def make(name, role, tenant_id):
        return await members.add_member(
            members.AddMember(
                tenant_id=TenantId(tenant_id),
                sign_in_name=name,
                printed_name=f"{name} 님",
                role=role,
                password=PASSWORD,
            ),
            unit=ports.unit,
            passwords=ports.passwords,
            ids=ports.ids,
            clock=ports.clock,
        )

    return make


@pytest.fixture
async def admin(signed_in):
    return await signed_in("admin")


async def invited(client, **changes):
    answer = await client.post("/api/v1/invitations", json={"role": "tenant_viewer", "for_whom": "박신입", **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def joining(token, **changes):
    return {"token": token, "sign_in_name": "park", "printed_name": "박신입", "password": FRESH, **changes}


async def test_an_invited_person_joins_signs_in_and_reads_their_own(signed_in, client) -> None:
    tenant = await signed_in("tenant")
    made = await invited(tenant)

    joined = await client.post("/api/v1/invitations/acceptance", json=joining(made["token"]))

    assert joined.status_code == 201, joined.text
    assert (joined.json()["role"], joined.json()["tenant_id"]) == ("tenant_viewer", 11)
    opened = await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": FRESH})
    assert opened.status_code == 201
    again = await client.post("/api/v1/invitations/acceptance", json=joining(made["token"], sign_in_name="kang"))
    problem(again, 404, "identity.invitation-unknown")
    (listed,) = (await tenant.get("/api/v1/invitations")).json()
    assert listed["state"] == "taken"
    assert made["token"] not in str(listed)


async def test_a_shut_out_persons_session_ends_with_the_request(made, signed_in) -> None:
    person = await made("oh", Role.TENANT_VIEWER, 11)
    oh, tenant = await signed_in("oh"), await signed_in("tenant")
    assert (await oh.get("/api/v1/contracts")).status_code == 200

    done = await tenant.post(f"/api/v1/members/{person.person_id}/deactivation", json={"reason": "퇴사"})

    assert (done.status_code, done.json()["active"]) == (201, False)
    problem(await oh.get("/api/v1/contracts"), 401, "identity.not-signed-in")
    file = (await tenant.get(f"/api/v1/members/{person.person_id}")).json()
    assert [(one["kind"], one["reason"], one["changed_by_name"]) for one in file["changes"]] == [
        ("joined", "", "순환 시스템"),
        ("deactivated", "퇴사", "이입주"),
    ]


async def test_a_neighbours_members_are_nobody_here(made, signed_in) -> None:
    person = await made("oh", Role.TENANT_VIEWER, 11)
    neighbour = await signed_in("neighbour")

    for answer in (
        await neighbour.get(f"/api/v1/members/{person.person_id}"),
        await neighbour.post(f"/api/v1/members/{person.person_id}/deactivation", json={"reason": "x"}),
        await neighbour.post(f"/api/v1/members/{person.person_id}/role", json={"role": "tenant_admin", "reason": "x"}),
    ):
        problem(answer, 404, "identity.member-unknown")
    listed = (await neighbour.get("/api/v1/members?tenant_id=11")).json()
    assert {one["tenant_id"] for one in listed} == {12}


@pytest.mark.parametrize("who", ["tester", "approver"])
async def test_who_manages_nobody_is_refused(who, signed_in) -> None:
    client = await signed_in(who)

    problem(await client.get("/api/v1/members"), 403, "shared.role-not-enough")
    body = {"role": "tester", "for_whom": "박신입"}
    problem(await client.post("/api/v1/invitations", json=body), 403, "shared.role-not-enough")


async def test_a_tenants_administrator_invites_no_operator(signed_in) -> None:
    tenant = await signed_in("tenant")

    for body, status, code in (
        ({"role": "operator", "for_whom": "x"}, 403, "identity.role-beyond-yours"),
        ({"role": "tenant_viewer", "for_whom": "x", "tenant_id": 12}, 404, "identity.tenant-unknown"),
    ):
        problem(await tenant.post("/api/v1/invitations", json=body), status, code)


async def test_an_administrator_registers_an_organisation_and_invites_into_it(admin, signed_in) -> None:
    body = {
        "number": 21,
        "kind": "recycler",
        "name_ko": "새길리사이클",
        "name_en": "Saegil Recycling",
        "business_no": "000-00-00021",
        "address_ko": "경상북도 포항시",
        "address_en": "Pohang",
    }

    made = await admin.post("/api/v1/organisations", json=body)

    assert made.status_code == 201, made.text
    problem(await admin.post("/api/v1/organisations", json=body), 409, "identity.tenant-number-taken")
    wrong = {"role": "tester", "for_whom": "x", "tenant_id": 21}
    problem(await admin.post("/api/v1/invitations", json=wrong), 422, "identity.role-does-not-fit")
    assert (await invited(admin, role="recycler", tenant_id=21))["invitation"]["tenant_id"] == 21
    listed = (await admin.get("/api/v1/organisations?after=11")).json()
    assert [one["tenant_id"] for one in listed] == [12, 21]
    operator = await signed_in("operator")
    problem(await operator.post("/api/v1/organisations", json=body), 403, "shared.role-not-enough")


# ── pages ──


async def test_the_pages_invite_join_change_and_shut_out(signed_in, client) -> None:
    tenant = await signed_in("tenant")
    sent = await tenant.post("/members/invitations", data={"role": "tenant_viewer", "for_whom": "박신입"})
    link = re.search(r"https://id\.sunhwan\.example/join\?token=([\w-]+)", sent.text)
    assert link is not None, sent.text
    assert link[1] not in (await tenant.get("/members")).text

    shown = await client.get(f"/join?token={link[1]}")
    assert "한빛정밀" in shown.text
    weak = await client.post("/join", data=joining(link[1], password="short"))
    assert weak.status_code == 422
    assert "short" not in weak.text
    assert (await client.post("/join", data=joining(link[1]))).headers["location"] == "/sign-in"
    assert (await client.get(f"/join?token={link[1]}")).status_code == 404

    member = re.search(r"/members/([0-9a-f-]{36})\">박신입", (await tenant.get("/members")).text)
    assert member is not None
    page = f"/members/{member[1]}"
    assert (await tenant.post(f"{page}/role", data={"role": "tenant_admin", "reason": "승진"})).status_code == 303
    assert (await tenant.post(f"{page}/standing", data={"standing": "inactive", "reason": "퇴사"})).status_code == 303
    told = (await tenant.get(page)).text
    assert "승진" in told
    assert "퇴사" in told
    assert "다시 활성화" in told


async def test_the_organisations_page_is_the_administrators(admin, signed_in) -> None:
    assert "새솔도금" in (await admin.get("/organisations")).text
    assert "새솔도금" not in (await (await signed_in("tenant")).get("/organisations")).text
    refused: httpx.Response = await (await signed_in("tester")).get("/organisations")
    assert refused.status_code == 403
