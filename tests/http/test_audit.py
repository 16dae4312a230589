"""What is written down of requests, what is not, and how auditors read it."""

import csv
import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import structlog
from litestar import Response
from litestar.response import Stream
from sqlalchemy import text
from typer.testing import CliRunner

from app import logs
from app.cli import cli
from app.http.audit import OWN, cell
from app.http.policy import POLICY, routes_of
from domain.identity.membership import ChangeKind
from domain.journeys import audit
from domain.shared.actor import SYSTEM, Role
from domain.shared.audit import AuditSearch
from domain.shared.identifiers import PersonId
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


async def test_a_document_fetched_through_any_of_its_doors_is_written_down(story, signed_in, ports) -> None:
    tenant, tester = await signed_in("tenant"), await signed_in("tester")
    service, reception = story.life.services[0], story.life.receptions[0].reception_id
    month, site = service.snapshots[0].usage.month, service.contract.site_id
    days = f"?from={month}-01&until={month}-02"
    before = len(await told(ports))

    for who, path in (
        (tenant, f"/api/v1/sites/{site}/series/csv{days}"),
        (tenant, f"/api/v1/sites/{site}/months/{month}/sheets/sources/xlsx"),
        (tenant, f"/energy/csv/flows?month={month}"),
        (tester, f"/api/v1/receptions/{reception}/credential"),
        (tester, f"/api/v1/packs/{story.life.pack.pack_id}/labels/{story.life.labels[0].label_id}/svg"),
    ):
        answer = await who.get(path)
        assert answer.status_code == 200, (path, answer.text)

    assert [one.action for one in (await told(ports))[before:]] == [
        "ReadSeriesSheet", "ReadMonthSheet", "energy_table", "FetchCredential", "FetchLabelSvg",
    ]  # fmt: skip


async def test_an_inspection_bodys_look_at_any_pack_is_written_down(story, signed_in, ports) -> None:
    tester, tenant = await signed_in("tester"), await signed_in("tenant")
    pack_id = story.life.pack.pack_id
    before = len(await told(ports))

    assert (await tester.get(f"/api/v1/packs/{pack_id}")).status_code == 200
    assert (await tenant.get(f"/api/v1/packs/{pack_id}")).status_code == 200  # it is in its service

    assert [(one.action, one.actor_role, one.object_ids) for one in (await told(ports))[before:]] == [
        ("ShowPack", "tester", f"pack_id={pack_id}")
    ]


async def test_a_request_has_one_number_in_its_answer_its_audit_entry_and_its_problem(signed_in, ports) -> None:
    operator = await signed_in("operator")
    sent = {"X-Request-Id": "00000000-0000-0000-0000-000000000000"}

    done = await operator.post("/api/v1/packs", json=PACK, headers=sent)
    wrong = await operator.post("/api/v1/packs", json={**PACK, "mass_g": "heavy"})
    refused = await operator.get("/api/v1/receptions")
    page = await operator.get("/ktr")

    numbers = [answer.headers["X-Request-Id"] for answer in (done, wrong, refused, page)]
    assert (done.status_code, wrong.status_code, refused.status_code, page.status_code) == (201, 400, 403, 403)
    assert [str(one.request_id) for one in (await told(ports))[-4:]] == numbers
    assert [wrong.json()["request_id"], refused.json()["request_id"]] == numbers[1:3]
    assert numbers[3] in page.text
    assert sent["X-Request-Id"] not in numbers


async def test_what_is_logged_of_a_request_carries_its_number(signed_in, monkeypatch) -> None:
    operator = await signed_in("operator")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(audit, "record", broken)
    said = io.StringIO()
    logs.configure(logging.INFO, file=said)
    try:
        refused = await operator.get("/api/v1/receptions")
    finally:
        structlog.reset_defaults()

    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert {line["event"] for line in lines} == {"http.refused", "audit.not-written"}
    assert {line["request_id"] for line in lines} == {refused.headers["X-Request-Id"]}


def test_what_everybody_reads_of_themselves_is_a_route() -> None:
    assert {("GET", route) for route in OWN} <= set(POLICY)


def test_every_route_that_hands_out_bytes_is_marked(app) -> None:
    """A row of the matrix ends in `doc` wherever an answer is neither JSON nor a page; the matrix test looks again."""
    handing = {
        route
        for route, handler in routes_of(app)
        if route[0] == "GET"
        and handler.parsed_fn_signature.return_type.annotation in (Response[bytes], Stream)
        and not POLICY[route].is_public
    }

    assert len(handing) > 10
    assert handing == {route for route, rule in POLICY.items() if rule.is_document}


# ── the command line ──


def command(*words: str) -> str:
    with ThreadPoolExecutor(1) as beside:  # the verb runs a loop of its own
        done = beside.submit(lambda: CliRunner().invoke(cli, [*words])).result()
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_what_the_command_line_adds_and_turns_over_is_written_down(
    ports, app_settings, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", app_settings.database_url)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))
    monkeypatch.setenv("SUNHWAN_OIDC_ISSUER", "https://id.example")
    monkeypatch.setenv("SUNHWAN_OIDC_CLIENT_ID", "sunhwan")
    monkeypatch.setenv("SUNHWAN_OIDC_CLIENT_SECRET", "nobody-knows")
    (tmp_path / "password").write_text(FRESH)

    command("tenant", "add", "31", "tenant", "--name-ko", "새 기업", "--name-en", "New", "--business-no", "1-2",
            "--address-ko", "구미")  # fmt: skip
    command("person", "add", "newcomer", "신규", "tenant_admin", "31", "--password-file", str(tmp_path / "password"))
    command("person", "bind", "newcomer", "subject-1")
    command("keys", "rotate")
    said = json.loads(command("keys", "rotate", "--documents", "--json"))

    assert said["past"] == len(list((tmp_path / "keys" / "seal-certificates").glob("*.pem"))) - 1 == 1
    who = await person_id(ports, "newcomer")
    assert [(one.action, one.source, one.object_ids, one.for_tenant) for one in await told(ports)] == [
        ("tenant_add", "cli", "", 31),
        ("person_add", "cli", f"person_id={who}", 31),
        ("person_bind", "cli", f"person_id={who}", 31),
        ("keys_rotate", "cli", "", None),
        ("keys_rotate_documents", "cli", "", None),
    ]
    async with ports.unit(SYSTEM) as work:
        changes = await work.members.changes(PersonId(who))
    assert [(one.kind, one.role_before, one.role_after, one.changed_by_name) for one in changes] == [
        (ChangeKind.JOINED, None, Role.TENANT_ADMIN, SYSTEM.name)
    ]


async def test_a_signing_key_is_not_turned_over_where_nobody_can_write_it_down(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))

    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(lambda: CliRunner().invoke(cli, ["keys", "rotate"])).result()

    assert done.exit_code == 4
    assert list((tmp_path / "keys").glob("*")) == []


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


async def test_a_log_that_cannot_be_written_is_an_error_where_nothing_was_done(signed_in, monkeypatch) -> None:
    tenant = await signed_in("tenant")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(audit, "record", broken)
    with structlog.testing.capture_logs() as logs:
        answer = await tenant.post("/api/v1/packs", json=PACK)

    assert answer.status_code == 403
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
