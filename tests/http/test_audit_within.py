"""The entry of an effect stands or falls with it; what entries name beside who and what; how auditors read them."""

import csv
import io
from collections.abc import Callable
from uuid import UUID

import pytest

from app.http import audit as audit_door
from app.jobs.schedule import run_job
from domain.journeys import audit
from domain.shared.actor import SYSTEM
from domain.shared.outbox import JobReport
from tests.http.conftest import PASSWORD, by_cookie
from tests.http.test_api import PACK, problem
from tests.http.test_audit import person_id, told
from tests.http.test_people import made  # noqa: F401  (a fixture)


@pytest.fixture
def break_log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the audit log take nothing from now on."""

    async def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the log takes nothing")

    return lambda: monkeypatch.setattr(audit_door.audit, "record", refuse)


async def test_what_cannot_be_written_down_does_not_happen(signed_in, ports, break_log) -> None:
    operator, admin = await signed_in("operator"), await signed_in("admin")
    break_log()

    keyed = await operator.post("/api/v1/packs", json=PACK)
    unkeyed = await admin.post("/api/v1/keys", json={"name": "시험", "role": "auditor", "tenant_id": 1})

    assert (keyed.status_code, unkeyed.status_code) == (500, 500)
    async with ports.unit(SYSTEM) as work:
        assert await work.packs.page(holder=None, after=None, limit=1) == ()
        assert await work.keys.page(tenant_id=None, after=None, limit=1) == ()


async def test_signing_in_and_out_and_ones_own_account_stand_or_fall_with_their_entry(
    client, signed_in, ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await signed_in("tenant")
    before = (await tenant.get("/api/v1/sessions")).json()

    async def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the log takes nothing")

    with monkeypatch.context() as broken:
        broken.setattr(audit_door.audit, "record", refuse)
        opened = await client.post("/api/v1/sessions", json={"sign_in_name": "tenant", "password": PASSWORD})
        by_form = await client.post("/sign-in", data={"sign_in_name": "tenant", "password": PASSWORD})
        ended = [await tenant.delete(path) for path in ("/api/v1/sessions/me", "/api/v1/sessions")]
        one = await tenant.delete(f"/api/v1/sessions/{before[0]['session_id']}")
        changed = await tenant.post("/api/v1/account/password", json={"old": PASSWORD, "new": "unter-den-linden-77"})
    after = (await tenant.get("/api/v1/sessions")).json()

    assert [one.status_code for one in (opened, by_form, *ended, one, changed)] == [500] * 6
    assert [one["session_id"] for one in after] == [one["session_id"] for one in before]
    again = await client.post("/api/v1/sessions", json={"sign_in_name": "tenant", "password": PASSWORD})
    assert again.status_code == 201  # the password is the old one
    assert (await tenant.delete("/api/v1/sessions/me")).status_code == 204
    told_now = [(entry.action, entry.status) for entry in await told(ports)]
    assert ("SignIn", 201) in told_now
    assert ("SignOut", 204) in told_now


async def test_a_failed_try_stays_counted_whatever_becomes_of_its_request(client, signed_in, ports) -> None:
    tenant = await signed_in("tenant")
    wrong = {"sign_in_name": "tenant", "password": "wrong-password-12"}
    for _ in range(5):
        await client.post("/api/v1/sessions", json=wrong)
    kept = await client.post("/api/v1/sessions", json=wrong)
    guessed = await tenant.post("/api/v1/sessions/me/confirmation", json={"password": "wrong-password-12"})

    assert (kept.status_code, guessed.status_code) == (429, 429)


async def test_an_effect_is_told_once_with_what_it_made_and_for_whom(signed_in, ports) -> None:
    operator, admin = await signed_in("operator"), await signed_in("admin")
    pack_id = (await operator.post("/api/v1/packs", json=PACK)).json()["pack_id"]
    key = (await admin.post("/api/v1/keys", json={"name": "-", "role": "tenant_viewer", "tenant_id": 11})).json()["key"]

    registered, keyed = [one for one in await told(ports) if one.action in ("RegisterPack", "MakeKey")]

    assert f"pack_id={pack_id}" in registered.object_ids.split()
    assert f"key_id={key['key_id']}" in keyed.object_ids.split()
    assert (registered.for_tenant, keyed.for_tenant) == (None, 11)
    assert [one.entry_id for one in await told(ports, object_id=UUID(pack_id), action="RegisterPack")] == [
        registered.entry_id
    ]


async def test_an_answer_that_is_sent_again_is_told_as_one_more_request(signed_in, ports) -> None:
    operator = await signed_in("operator")
    for _ in range(2):
        sent = await operator.post("/api/v1/packs", json=PACK, headers={"Idempotency-Key": "once"})
        assert sent.status_code == 201

    entries = await told(ports, action="RegisterPack")

    assert [one.status for one in entries] == [201, 201]
    assert await audit.verify_log(SYSTEM, unit=ports.unit) == len(await told(ports))


async def test_a_page_that_leads_to_what_was_made_names_it(signed_in, made, ports) -> None:  # noqa: F811
    operator = await by_cookie(await signed_in("operator"), "operator")
    form = {key: str(value) for key, value in PACK.items()}

    sent = await operator.post("/packs/new", data=form)

    assert sent.status_code == 303, sent.text
    (entry,) = [one for one in await told(ports) if one.route == "/packs/new" and one.method == "POST"]
    assert sent.headers["location"].rsplit("/", 1)[1].split("?")[0] in entry.object_ids


async def test_a_refused_sign_in_tells_the_audit_whose_account_it_was_and_nobody_else(client, ports) -> None:
    wrong = {"sign_in_name": "operator", "password": "not-the-password-1"}
    known = await client.post("/api/v1/sessions", json=wrong)
    unknown = await client.post("/api/v1/sessions", json={**wrong, "sign_in_name": "nobody-here"})
    page = await client.post("/sign-in", data=wrong)

    first, second, third = await told(ports)

    who = await person_id(ports, "operator")
    assert (first.object_ids, first.for_tenant, first.actor_id) == (f"account={who}", 1, None)
    assert (second.object_ids, second.for_tenant) == ("", None)
    assert third.object_ids == first.object_ids
    hidden = ("request_id",)
    assert {k: v for k, v in known.json().items() if k not in hidden} == {
        k: v for k, v in unknown.json().items() if k not in hidden
    }
    assert str(who) not in known.text + page.text


async def test_entries_are_found_by_organisation_and_by_address(signed_in, ports) -> None:
    tenant, auditor = await signed_in("tenant"), await signed_in("auditor")
    await tenant.post("/api/v1/keys", json={"name": "-", "role": "tenant_viewer"})

    by_number = (await auditor.get("/api/v1/audit?organisation=11")).json()
    elsewhere = (await auditor.get("/api/v1/audit?organisation=12")).json()
    by_source = (await auditor.get("/api/v1/audit?source=127.0.0.1")).json()

    assert {one["tenant_id"] for one in by_number} == {11}
    assert elsewhere == []
    assert {one["action"] for one in by_source} >= {"SignIn", "MakeKey"}
    assert (await auditor.get("/api/v1/audit?source=10.0.0.9")).json() == []


async def test_the_page_names_who_and_whose_beside_their_numbers(signed_in) -> None:
    tenant = await signed_in("tenant")
    await tenant.post("/api/v1/keys", json={"name": "-", "role": "tenant_viewer"})
    auditor = await by_cookie(await signed_in("auditor"), "auditor")

    shown = await auditor.get("/audit?organisation=11")
    wrong = await auditor.get("/audit?organisation=eleven")

    assert shown.status_code == 200
    assert "한빛정밀" in shown.text
    assert "/audit?organisation=11" in shown.text
    assert (wrong.status_code, "기관 번호" in wrong.text) == (422, True)


async def test_an_export_goes_on_beyond_its_pages(signed_in, ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_door, "EXPORTED_AT_ONCE", 2)
    tenant, auditor = await signed_in("tenant"), await signed_in("auditor")
    for _ in range(5):
        await tenant.post("/api/v1/keys", json={"name": "-", "role": "tenant_viewer"})
    entries = len(await told(ports))

    exported = await auditor.get("/api/v1/audit/csv")

    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert len(rows) == entries > 6
    assert len({row["entry_id"] for row in rows}) == entries
    problem(await tenant.get("/api/v1/audit/csv"), 403, "shared.role-not-enough")


async def test_a_job_that_did_something_is_told_in_the_systems_name(ports) -> None:
    async def job(did: int, failed: int) -> JobReport:
        return JobReport(
            job="identity.sweep-sessions",
            started_at=ports.clock.now(),
            succeeded_at=None,
            did=did,
            failed=failed,
            said="",
        )

    for did, failed in ((0, 0), (3, 0), (1, 2)):
        await run_job(lambda _, did=did, failed=failed: job(did, failed), ports)

    assert [(one.actor_role, one.source, one.method, one.object_ids, one.decision) for one in await told(ports)] == [
        ("system", "worker", "JOB", "did=3 failed=0", "allowed"),
        ("system", "worker", "JOB", "did=1 failed=2", "failed"),
    ]
