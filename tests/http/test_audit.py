"""What is written down of requests, what is not, and how auditors read it."""

import csv
import io
import json
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from app.http.audit import FETCHES, OWN, cell
from app.http.policy import POLICY
from domain.journeys import audit
from domain.shared.actor import SYSTEM
from domain.shared.audit import AuditSearch
from tests.http.conftest import PASSWORD
from tests.http.test_api import PACK, problem, register
from tests.http.test_keys import body_of, make, program  # noqa: F401  (a fixture)
from tests.http.test_people import FRESH, admin, invited, joining, made  # noqa: F401  (fixtures)
from tests.http.test_readings_door import sender  # noqa: F401  (a fixture)

WRONG_KEY = "a-wrong-key-of-somebody"


async def told(ports, **search):
    """Return what was written down, oldest first."""
    found = await audit.search(SYSTEM, AuditSearch(**search), after=None, limit=1000, unit=ports.unit)
    return tuple(reversed(found))


async def person_id(ports, name) -> UUID:
    async with ports.unit(SYSTEM) as work:
        person = await work.people.named(name)
    assert person is not None
    return person.person_id


async def test_signing_in_well_or_not_and_signing_out_are_written_down(signed_in, client, ports) -> None:
    wrong = {"sign_in_name": "operator", "password": "not-the-password-1"}
    problem(await client.post("/api/v1/sessions", json=wrong), 401, "identity.sign-in-refused")
    operator = await signed_in("operator")
    await operator.delete("/api/v1/sessions/me")

    who = await person_id(ports, "operator")
    assert [
        (one.action, one.actor_id, one.tenant_id, one.decision, one.status, one.code) for one in await told(ports)
    ] == [
        ("SignIn", None, 0, "refused", 401, "identity.sign-in-refused"),
        ("SignIn", who, 1, "allowed", 201, None),
        ("SignOut", who, 1, "allowed", 204, None),
    ]
    assert {one.source for one in await told(ports)} == {"127.0.0.1"}


async def test_signing_in_and_out_on_the_pages_is_written_down(client, ports) -> None:
    await client.post("/sign-in", data={"sign_in_name": "operator", "password": "not-the-password-1"})
    await client.post("/sign-in", data={"sign_in_name": "operator", "password": PASSWORD})
    await client.post("/sign-out")

    who = await person_id(ports, "operator")
    assert [(one.action, one.actor_id, one.decision) for one in await told(ports)] == [
        ("sign_in", None, "refused"),
        ("sign_in", who, "allowed"),
        ("sign_out", who, "allowed"),
    ]


async def test_a_write_names_its_object_its_result_and_its_request(signed_in, ports) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)
    refused = await operator.post(f"/api/v1/packs/{pack_id}/repurpose", json={"product_uri": "https://x.example/01/1"})

    made_entry, failed = (await told(ports))[-2:]
    assert (made_entry.action, made_entry.method, made_entry.route) == ("RegisterPack", "POST", "/api/v1/packs")
    assert (failed.action, failed.object_ids, failed.decision) == ("RepurposePack", f"pack_id={pack_id}", "failed")
    assert (failed.code, failed.status) == (refused.json()["code"], refused.status_code)
    assert str(failed.request_id) == refused.json()["request_id"]


async def test_every_refusal_is_written_down_also_of_a_look(signed_in, client, ports) -> None:
    tester = await signed_in("tester")
    problem(await tester.get("/api/v1/invoices"), 403, "shared.role-not-enough")
    assert (await tester.get("/contracts")).status_code == 403
    problem(await client.get("/api/v1/packs"), 401, "identity.not-signed-in")
    assert (await client.post("/packs/new")).status_code == 303
    assert (await client.get("/packs")).status_code == 303  # only shown the way in

    assert [(one.action, one.tenant_id, one.decision, one.status) for one in (await told(ports))[1:]] == [
        ("ListInvoices", 2, "refused", 403),
        ("list_contracts", 2, "refused", 403),
        ("ListPacks", 0, "refused", 401),
        ("register", 0, "refused", 401),
    ]


async def test_what_people_read_of_their_own_is_not_written_down(signed_in, client, ports) -> None:
    tenant, tester, operator = [await signed_in(name) for name in ("tenant", "tester", "operator")]
    before = len(await told(ports))

    for who, path in (
        (tenant, "/api/v1/contracts"),
        (tenant, "/energy"),
        (tester, "/api/v1/receptions"),
        (operator, "/api/v1/sessions/me"),
        (client, "/verify"),
        (operator, "/problems"),
        (operator, "/livez"),
        (client, "/nowhere"),
    ):
        await who.get(path)

    assert len(await told(ports)) == before


async def test_the_complexs_staff_looks_at_others_things_under_the_auditors_eyes(signed_in, ports) -> None:
    operator = await signed_in("operator")

    await operator.get("/api/v1/sites?tenant_id=11")
    await operator.get("/contracts")

    looked = [(one.action, one.actor_role, one.for_tenant) for one in (await told(ports))[1:]]
    assert looked == [("ListSites", "operator", 11), ("list_contracts", "operator", None)]


async def test_a_document_is_written_down_whoever_fetches_it(story, signed_in, ports) -> None:
    tenant = await signed_in("tenant")
    invoice = story.life.services[0].invoices[0].invoice

    assert (await tenant.get(f"/api/v1/invoices/{invoice.invoice_id}/pdf")).status_code == 200

    last = (await told(ports))[-1]
    assert (last.tenant_id, last.object_ids) == (11, f"invoice_id={invoice.invoice_id}")
    assert last.route == "/api/v1/invoices/{invoice_id}/pdf"


def test_what_is_said_of_routes_is_said_of_routes_that_there_are() -> None:
    assert {("GET", route) for route in FETCHES | OWN} <= set(POLICY)


async def test_readings_that_are_taken_cost_no_entry_and_refused_ones_do(sender, program, ports) -> None:  # noqa: F811
    key = await make(sender.client, channels=[sender.load])
    device = program(key["text"])
    before = len(await told(ports))
    for _ in range(3):
        assert (await device.post("/api/v1/readings", json=body_of(sender))).status_code == 200
    first_use = (await told(ports))[before:]
    await sender.client.post(f"/api/v1/keys/{key['key']['key_id']}/revocation")
    viewer = program((await make(sender.client, role="tenant_viewer"))["text"])
    problem(await viewer.post("/api/v1/readings", json=body_of(sender)), 403, "shared.role-not-enough")

    assert [(one.action, one.code, str(one.key_id), one.actor_id) for one in first_use] == [
        ("SendReadings", "key.first-use", key["key"]["key_id"], None)
    ]
    assert [(one.action, one.decision) for one in (await told(ports))[-1:]] == [("SendReadings", "refused")]


async def test_a_log_that_cannot_be_written_is_an_error_and_the_answer_stands(signed_in, monkeypatch) -> None:
    operator = await signed_in("operator")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(audit, "record", broken)
    with structlog.testing.capture_logs() as logs:
        answer = await operator.post("/api/v1/packs", json=PACK)

    assert answer.status_code == 201
    assert [(one["event"], one["action"], one["log_level"]) for one in logs if one["log_level"] == "error"] == [
        ("audit.not-written", "RegisterPack", "error")
    ]


# ── no secret, anywhere ──


async def test_neither_logs_nor_the_audit_hold_a_password_a_token_or_a_body(story, engine, client, signed_in) -> None:
    with structlog.testing.capture_logs() as logs:
        tenant, operator = await signed_in("tenant"), await signed_in("operator")
        link = await invited(tenant)
        shown = await client.get(f"/join?token={link['token']}")
        assert shown.status_code == 200
        await client.get("/join?token=a-wrong-token-of-somebody")
        await client.post("/api/v1/invitations/acceptance", json=joining(link["token"]))
        await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": FRESH})
        await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": "a-wrong-password-77"})
        await client.post("/sign-in", data={"sign_in_name": "park", "password": "a-wrong-password-78"})
        key = await make(tenant, role="tenant_admin")
        rotated = (await tenant.post(f"/api/v1/keys/{key['key']['key_id']}/rotation", json={})).json()
        page = (await tenant.post("/keys", data={"name": "x", "role": "tenant_viewer", "days": "9"})).text
        await client.get("/api/v1/packs", headers={"Authorization": f"Bearer sh_live_{WRONG_KEY}"})
        await operator.post("/api/v1/packs", json={**PACK, "model": "a-body-nobody-logs"})
        await operator.post("/api/v1/packs", json={**PACK, "model": "a-body-nobody-logs", "mass_g": "heavy"})
        await tenant.get("/api/v1/packs/trace?identifier=an-identifier-in-a-query")
    secrets = [
        PASSWORD, FRESH, "a-wrong-password-77", "a-wrong-password-78", link["token"], "a-wrong-token-of-somebody",
        key["text"], rotated["text"], page.partition("sh_live_")[2][:70], WRONG_KEY,
        "a-body-nobody-logs", "an-identifier-in-a-query", "박신입", "이입주",
        *(one.headers["Authorization"].removeprefix("Bearer ") for one in (tenant, operator)),
    ]  # fmt: skip
    logged = json.dumps(logs, default=str, ensure_ascii=False)
    async with engine.connect() as owner:
        rows = [str(row) for row in await owner.execute(text("select * from sunhwan.audit_entry"))]
    assert len(rows) > 14
    for secret in secrets:
        assert len(secret) >= 3
        assert secret not in logged, secret
        assert secret not in "\n".join(rows), secret


# ── the auditors' view ──


@pytest.fixture
async def auditor(signed_in):
    return await signed_in("auditor")


async def test_an_auditor_searches_pages_and_exports(auditor, signed_in, ports) -> None:
    tester = await signed_in("tester")
    await tester.get("/api/v1/invoices")
    who = await person_id(ports, "tester")

    found = (await auditor.get("/api/v1/audit", params={"who": str(who)})).json()
    assert [(one["action"], one["decision"]) for one in found] == [("ListInvoices", "refused"), ("SignIn", "allowed")]
    rest = (await auditor.get("/api/v1/audit", params={"who": str(who), "after": found[0]["entry_id"]})).json()
    assert rest == found[1:]
    assert (await auditor.get("/api/v1/audit?decision=refused&action=ListInvoices&limit=1")).json() == found[:1]
    answer = await auditor.get("/api/v1/audit/csv", params={"who": str(who)})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["ListInvoices", "SignIn"]
    assert answer.headers["content-type"].startswith("text/csv")
    assert (await told(ports))[-1].action == "ExportAudit"


async def test_the_page_shows_searches_and_refuses_nonsense(auditor, signed_in, ports) -> None:
    await (await signed_in("tester")).get("/api/v1/invoices")

    page = (await auditor.get("/audit?decision=refused")).text
    assert "ListInvoices" in page
    assert "SignIn" not in page.partition("<tbody>")[2]
    assert (await auditor.get("/audit?from=2026-01-01T00:00&until=2026-01-02T00:00")).text.count("<tr>") == 0
    wrong = await auditor.get("/audit?who=nobody")
    assert wrong.status_code == 422
    for name in ("operator", "tenant", "approver"):
        assert (await (await signed_in(name)).get("/audit")).status_code == 403


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "0001-01-01T00:00:00"])
async def test_the_far_ends_of_the_calendar_find_nothing_and_break_nothing(at, auditor) -> None:
    for name in ("from", "until"):
        assert (await auditor.get("/api/v1/audit", params={name: at})).status_code == 200


@pytest.mark.parametrize("text_", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_of_the_export_is_a_formula(text_) -> None:
    assert cell(text_) == f"'{text_}"
    assert cell("a=1") == "a=1"
    assert cell(None) == ""
