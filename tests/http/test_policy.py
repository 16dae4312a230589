"""The matrix against the program: every route × every role × own, another's, nobody's and no object at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar, asgi, get

from app.http.matrix import MATRIX
from app.http.policy import COLUMNS, POLICY, PolicyIncomplete, Reach, Route, Rule, apply_policy, read_matrix
from app.ports import Ports
from domain.certification.equipment import Booking, Device, DeviceKind
from domain.certification.external import RecordForm, RecordImport
from domain.certification.model import Applicant, Scope
from domain.certification.requests import RequestedUnit
from domain.identity import usecases as identity
from domain.identity.keyring import ApiKey, key_text
from domain.identity.model import IndustrialComplex, PartyKind, Tenant
from domain.journeys import requests, samples
from domain.metering.alarms import Alarm, AlarmId
from domain.metering.safety import Level, Signal
from domain.passport.grants import PackGrant
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, GRANTED, SYSTEM, TENANT_STAFF, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.time import seoul_day
from tests.http.conftest import LetIn
from tests.http.test_api import PACK, collect, register
from tests.unit.certification.test_requests import SHEET

OPERATOR, BODY, TENANT = 1, 2, 11
OTHER_BODY, OTHER_TENANT, OTHER_OPERATOR, STRANGER, GRANTEE = 3, 12, 101, 21, 31
PEOPLE = tuple(role for role in COLUMNS if role not in (Role.PUBLIC, Role.DEVICE))
STATES = ("own", "unassigned", "missing")

BODIES: Mapping[Route, dict[str, object]] = {
    ("POST", "/api/v1/certificates/{certificate_id}/end"): {"json": {"how": "suspended", "reason": "시험"}},
    ("POST", "/api/v1/certificates/{certificate_id}/reinstatement"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/receptions/{reception_id}/measurements"): {
        "json": {"measurements": [{"quantity": "insulation_mohm", "value": "10", "test_id": "T-05"}]}
    },
    ("POST", "/api/v1/receptions/{reception_id}/amendments"): {"json": {"reason": "시험", "ambient": "25 ℃"}},
    ("POST", "/api/v1/receptions/{reception_id}/amendments/approval"): {"json": {"draft_id": str(UUID(int=7))}},
    ("POST", "/api/v1/receptions/{reception_id}/cycler-files"): {"content": b"no cycler file"},
    ("POST", "/api/v1/receptions/{reception_id}/deviations"): {"json": {"device": "CH-03", "reason": "시험"}},
    ("POST", "/api/v1/devices/{device_id}/calibrations"): {
        "json": {
            "certificate_no": "CAL-1",
            "calibrated_on": "2026-01-01",
            "due_on": "2027-01-01",
            "ranges": [{"unit": "V", "lowest": "0", "highest": "5", "uncertainty": "0.01"}],
        }
    },
    ("POST", "/api/v1/devices/{device_id}/bookings"): {
        "json": {"reception": "R-1", "from_on": "2020-01-01", "until_on": "2020-01-02"}
    },
    ("POST", "/api/v1/receptions/{reception_id}/custody"): {
        "json": {"kind": "moved", "place": "1시험실", "holder": "시험", "condition": "이상 없음"}
    },
    ("PUT", "/api/v1/receptions/{reception_id}/fees"): {"json": {"lines": []}},
    **{
        ("POST", f"/api/v1/receptions/{{reception_id}}/{step}"): {"json": {"reason": "시험"}}
        for step in ("return", "hold-release", "refusal", "release", "withdrawal")
    },
    ("POST", "/api/v1/receptions/{reception_id}/runs/{run}/equipment"): {"json": {"equipment": "시험"}},
    ("POST", "/api/v1/receptions/{reception_id}/citations"): {"json": {"record_id": str(UUID(int=9))}},
    ("POST", "/api/v1/requests/{request_id}/acceptance"): {"json": {"condition": "시험", "due_on": "2026-12-31"}},
    ("POST", "/api/v1/requests/{request_id}/refusal"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/requests/{request_id}/closure"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/requests/{request_id}/withdrawal"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/protocols/check"): {"json": {"text": "a"}},
    ("POST", "/api/v1/records/imports"): {"content": b"no records"},
    ("POST", "/api/v1/sites/{site_id}/readings"): {"content": b"timestamp,load_kwh\n"},
    ("POST", "/api/v1/readings"): {
        "json": {"channel": 1, "start": "2026-01-01T00:00:00+09:00", "resolution": "PT15M", "wh": [1]}
    },
    ("POST", "/api/v1/sites/{site_id}/lots"): {
        "json": {"certificate": "PPA-1", "from_on": "2026-03-01", "until_on": "2026-04-01", "wh": 1}
    },
    ("POST", "/energy/{tenant_id}/{site_id}/{month}/lots"): {
        "data": {"lot_certificate": "PPA-2", "lot_from_on": "2026-03-01", "lot_until_on": "2026-04-01", "lot_kwh": "1"}
    },
    ("POST", "/api/v1/sites/{site_id}/findings/{finding_id}/acceptance"): {"json": {"reason": "시험"}},
    ("POST", "/sites/{tenant_id}/{site_id}/findings/{finding_id}"): {"data": {"step": "estimate"}},
    ("POST", "/api/v1/alarms/{alarm_id}/clearance"): {"json": {"tenant_id": 11, "reason": "시험"}},
    ("POST", "/api/v1/members/{person_id}/role"): {"json": {"role": "tenant_viewer", "reason": "시험"}},
    ("POST", "/api/v1/members/{person_id}/deactivation"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/members/{person_id}/reactivation"): {"json": {"reason": "시험"}},
    ("POST", "/api/v1/members/{person_id}/reset"): {"json": {"reason": "시험"}},
}
"""Where an object is reached only behind a body that has a meaning."""


def home_of(role: Role, *, other: bool = False) -> int:
    """Return the organisation that somebody of a role belongs to in this test."""
    if role in TENANT_STAFF:
        return OTHER_TENANT if other else TENANT
    if role in BODY_STAFF:
        return OTHER_BODY if other else BODY
    if role in COMPLEX_STAFF:
        return OTHER_OPERATOR if other else OPERATOR
    return STRANGER


@dataclass
class World:
    """The program with a told story in it, and a token for everybody."""

    client: httpx.AsyncClient
    objects: dict[str, dict[str, object]]
    tokens: dict[tuple[Role, bool], str] = field(default_factory=dict)
    granted: dict[Role, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, route: Route, state: str, role: Role | None, *, other: bool = False) -> httpx.Response:
        return await self.ask_by(None if role is None else self.tokens[role, other], route, state, role)

    async def ask_by(self, token: str | None, route: Route, state: str, role: Role | None) -> httpx.Response:
        method, path = route
        named = self.objects[state] | {"step": "judgement" if role is Role.TESTER else "issue"}
        if "/because/" in path:
            named["step"] = "return"
        if path == "/s/{token}":
            named["token"] = named["sample"]
        if "/sample-label/" in path:
            named["form"] = "svg"
        address = re.sub(r"\{(\w+)\}", lambda found: str(named[found[1]]), path)
        query = {}
        if (
            path.startswith("/api/v1/")
            and named.get("tenant_id")
            and any(
                part in path
                for part in ("/sites", "/readings", "/invoices", "/alarms/", "/contracts/{", "/api/v1/series")
            )
        ):
            query["tenant_id"] = str(named["tenant_id"])
        if path.startswith("/energy"):
            query |= {"tenant": str(named["tenant_id"]), "month": str(named["month"])}
        if path.startswith("/api/v1/series"):
            query["channel"] = str(named["channel"])
        if any(part in path for part in ("/series", "/matrix", "/round-trip")) or path.endswith("}/findings"):
            query |= {"from": f"{named['month']}-01", "until": f"{named['month']}-02"}
        if path == "/ktr/labels":
            query["reception"] = str(named["reception_id"])
        if path.endswith("/cycler-files"):
            query["name"] = "capacity.csv"
        if path.endswith("/records/imports"):
            query["name"] = "records.csv"
        if path.endswith("/records/export"):
            query |= {"from": "2026-01-01", "until": "2026-01-31"}
        if path.endswith("/trace"):
            query["identifier"] = str(named["pack_id"])
        return await self.client.request(
            method,
            address,
            params=query,
            headers={"Idempotency-Key": uuid4().hex, "If-Match": "*"}
            | ({} if token is None else {"Authorization": f"Bearer {token}"}),
            **(BODIES.get(route) or ({"json": {}} if method == "POST" and path.startswith("/api/") else {})),
        )


async def _people_objects(signed_in, ports: Ports) -> dict[str, object]:
    """Return a member, an invitation and a key of the tenant's."""
    tenant = await signed_in("tenant")
    async with ports.unit(SYSTEM) as work:
        person = await work.people.named("tenant")
    assert person is not None
    invited = await tenant.post("/api/v1/invitations", json={"role": "tenant_viewer", "for_whom": "박신입"})
    key = await tenant.post("/api/v1/keys", json={"name": "시험", "role": "tenant_viewer"})
    return {
        "person_id": person.person_id,
        "invitation_id": UUID(invited.json()["invitation"]["invitation_id"]),
        "key_id": UUID(key.json()["key"]["key_id"]),
        "grant_id": uuid4(),
    }


@pytest.fixture
async def world(story, ports: Ports, signed_in, let_in: LetIn, client: httpx.AsyncClient) -> World:
    await identity.found_complex(
        IndustrialComplex(complex_id=2, name_ko="다른 단지", name_en="Another complex"), unit=ports.unit
    )
    for number, kind in (
        (GRANTEE, PartyKind.OWNER),
        (OTHER_BODY, PartyKind.INSPECTION_BODY),
        (OTHER_OPERATOR, PartyKind.OPERATOR),
        (STRANGER, PartyKind.OWNER),
    ):
        async with ports.unit(SYSTEM) as work:
            await work.parties.add(
                Tenant(
                    tenant_id=TenantId(number),
                    ref=uuid4(),
                    complex_id=2 if number == OTHER_OPERATOR else 1,
                    kind=kind,
                    name_ko="다른 기관",
                    name_en="Another",
                    business_no="0",
                    address_ko="-",
                    address_en="-",
                    bank_account="",
                    accreditation="",
                )
            )
            await work.commit()
    operator = await signed_in("operator")
    nobodys = await register(
        operator,
        **{
            **PACK,
            "product_uri": "https://id.sunhwan.example/01/09506000134352/21/EV-2",
            "kr_battery_no": "SHD-202001-2",
            "maker_serial": "M50T-2",
        },
    )
    await collect(operator, nobodys)
    device = Device(
        device_id=uuid4(),
        tenant_id=TenantId(BODY),
        kind=DeviceKind.CYCLER,
        name="충방전기",
        serial="CH-03",
        location="2시험실",
        registered_by=PersonId(uuid4()),
        registered_by_name="-",
        registered_at=ports.clock.now(),
        calibrations=(),
    )
    async with ports.unit(SYSTEM) as work:
        await work.devices.add(device)
        taken_in = RecordImport(
            import_id=uuid4(),
            tenant_id=TenantId(BODY),
            file_name="records.csv",
            form=RecordForm.CSV,
            source_sha256="0" * 64,
            imported_by=PersonId(uuid4()),
            imported_by_name="-",
            imported_at=ports.clock.now(),
            rows=(),
        )
        await work.external_records.keep_import(taken_in)
        await work.commit()
    life = story.life
    reception = life.receptions[0]
    booking = Booking(
        booking_id=uuid4(),
        tenant_id=TenantId(BODY),
        device_id=device.device_id,
        reception_id=reception.reception_id,
        reception_number=reception.number,
        from_on=seoul_day(ports.clock.now()),
        until_on=seoul_day(ports.clock.now()),
        booked_by=PersonId(uuid4()),
        booked_by_name="-",
        booked_at=ports.clock.now(),
    )
    async with ports.unit(SYSTEM) as work:
        await work.devices.book(booking)
        tester = await work.people.named("tester")
        await work.commit()
    assert tester is not None
    _, _, sample = await samples.sample_label(tester.actor, reception.reception_id, unit=ports.unit)
    service = life.services[0]
    alarm = Alarm(
        alarm_id=AlarmId(uuid4()),
        tenant_id=TenantId(TENANT),
        pack_id=life.pack.pack_id,
        signal=Signal.TEMPERATURE,
        level=Level.ALARM,
        worst=Level.ALARM,
        value=51_000,
        limit=50_000,
        opened_at=ports.clock.now(),
        changed_at=ports.clock.now(),
        cleared_at=None,
    )
    grant = PackGrant(
        grant_id=uuid4(),
        tenant_id=TenantId(GRANTEE),
        pack_id=life.pack.pack_id,
        from_at=ports.clock.now(),
        until_at=ports.clock.now() + timedelta(days=30),
        reason="시험",
        granted_by=PersonId(uuid4()),
        granted_by_name="-",
        granted_at=ports.clock.now(),
    )
    async with ports.unit(SYSTEM) as work:
        await work.grants.add(grant)
        await work.alarms.keep(alarm.tenant_id, [alarm], [])
        await work.commit()
    async with ports.unit(SYSTEM) as work:
        tenant = await work.people.named("tenant")
    assert tenant is not None
    cell = RequestedUnit(line=1, scope=Scope.CELL, identifier="CELL-1", sheet=SHEET)
    asked = await requests.file_request(
        requests.FileRequest(
            actor=tenant.actor,
            applicant=Applicant(name="시험", contact="-"),
            purpose="시험",
            units=[requests.AskedUnit(unit=cell)],
            body_id=TenantId(BODY),
        ),
        unit=ports.unit,
        ids=ports.ids,
        clock=ports.clock,
    )
    common: dict[str, object] = {
        "chosen": "ko",
        "gtin": "09506000134352",
        "serial": "EV-1",
        "token": "-",
        "code": "identity.not-signed-in",
        "session_id": uuid4(),
        "passkey_id": "AAAA",
        "nowhere": "nowhere",
        "file_path": "sunhwan.css",
        "path": "none",
        "kind": "report",
        "table": "flows",
        "form": "csv",
        "purpose": "revocation",
        "list_number": 1,
        "sequence": 1,
        "number": life.certificates[0].number,
        "report_number": life.certificates[0].report_number,
        "month": str(service.snapshots[0].usage.month),
        "day": service.snapshots[0].usage.month.first_on.isoformat(),
    }
    own = {
        **common,
        "tenant_id": TENANT,
        "pack_id": life.pack.pack_id,
        "label_id": life.labels[0].label_id,
        "reception_id": life.receptions[0].reception_id,
        "certificate_id": life.certificates[0].certificate_id,
        "device_id": device.device_id,
        "booking_id": booking.booking_id,
        "sample": sample.token,
        "import_id": taken_in.import_id,
        "site_id": service.contract.site_id,
        "contract_id": service.contract.contract_id,
        "invoice_id": service.invoices[0].invoice.invoice_id,
        "estimate_id": uuid4(),
        "finding_id": uuid4(),
        "lot_id": uuid4(),
        "channel": 1,
        "meter_id": uuid4(),
        "alarm_id": alarm.alarm_id,
        "request_id": asked.request_id,
        "line": 1,
        "run": 1,
    }
    own |= await _people_objects(signed_in, ports)
    none = {name: uuid4() if isinstance(value, UUID) else value for name, value in own.items()} | {
        "sample": "-",
        "channel": 999_999,
    }
    opened = World(
        client=client,
        objects={"own": own, "unassigned": {**own, "pack_id": nobodys}, "missing": none},
    )
    for role in PEOPLE:
        opened.tokens[role, False] = await let_in(role, home_of(role))
        if home_of(role, other=True) != home_of(role):
            opened.tokens[role, True] = await let_in(role, home_of(role, other=True))
    for role in GRANTED:
        opened.granted[role] = await let_in(role, GRANTEE)
    opened.keys = await _keys(signed_in, own["site_id"]) | {"expired": await _expired_key(ports)}
    return opened


ENDED = ("revoked", "rotated", "expired")
"""The keys of the tenant that open nothing any more."""


async def _expired_key(ports: Ports, *, days: int = 0) -> str:
    """Return a key that the tenant's administrator had until now, or has for some days yet, as it is stored."""
    now, key_id = ports.clock.now(), ports.ids.new()
    text = key_text(key_id, ports.tokens.new())
    async with ports.unit(SYSTEM) as work:
        await work.keys.add(
            ApiKey(
                key_id=key_id,
                tenant_id=TenantId(TENANT),
                name="expired",
                role=Role.TENANT_ADMIN,
                secret_sha256=sha256(text),
                sites=None,
                channels=None,
                made_by=PersonId(uuid4()),
                made_at=now - timedelta(days=90),
                expires_at=now + timedelta(days=days),
            )
        )
        await work.commit()
    return text


async def test_the_keys_that_the_matrix_asks_by_open_nothing_because_they_are_over(ports: Ports, client) -> None:
    found = {}
    for days in (0, 1):
        headers = {"Authorization": f"Bearer {await _expired_key(ports, days=days)}"}
        found[days] = (await client.get("/api/v1/keys", headers=headers)).status_code

    assert found == {0: 401, 1: 200}


async def _keys(signed_in, site_id: object) -> dict[str, str]:
    """Return a tenant's keys: a device's, one narrowed to the site, one that was revoked, and one of no more time."""
    tenant = await signed_in("tenant")
    made = {}
    for name, wish in {
        "device": {"role": "device", "sites": [str(site_id)]},
        "narrowed": {"role": "tenant_viewer", "sites": [str(site_id)]},
        "revoked": {"role": "tenant_admin"},
        "rotated": {"role": "tenant_admin"},
    }.items():
        answer = await tenant.post("/api/v1/keys", json={"name": name, **wish})
        assert answer.status_code == 201, answer.text
        made[name] = answer.json()
    for name, step in (("revoked", "revocation"), ("rotated", "rotation")):
        key_id = made[name]["key"]["key_id"]
        ended = await tenant.post(
            f"/api/v1/keys/{key_id}/{step}", json={"overlap_hours": 0} if step == "rotation" else {}
        )
        assert ended.is_success, ended.text
    return {name: one["text"] for name, one in made.items()}


def _verdict(route: Route, answer: httpx.Response) -> str:
    """Say what an answer comes to: refused for want of a sign-in, of a role, hidden, or let through."""
    if answer.status_code >= 500:
        return f"broken {answer.status_code}"
    if answer.status_code == 401 and "identity.not-signed-in" in answer.text:
        return "sign in"
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?"):
        return "sign in"
    if answer.status_code == 403 and "shared.role-not-enough" in answer.text:
        return "no role"
    if answer.status_code == 403 and "shared.scope-not-enough" in answer.text:
        return "out of scope"
    return "hidden" if answer.status_code == 404 else "let through"


def _expected(route: Route, reach: Reach, state: str, *, other: bool) -> tuple[str, ...]:
    """Return the verdicts that the matrix allows; a list, or a form, has no object that could be missing."""
    method, path = route
    named = {*re.findall(r"\{(\w+)\}", path), *NAMED_OTHERWISE.get(path, ())} & OBJECTS
    if reach is Reach.NONE:
        return ("no role",)
    if reach is Reach.YES:
        nothing_asked = path in NO_OBJECT_OF_OURS or method == "POST"
        return ("let through", "hidden") if nothing_asked or state == "missing" else ("let through",)
    concerns = bool(named) or path.endswith("/trace") or path in BY_TENANT
    if not concerns:
        return ("let through",)
    if state == "missing":
        if path in BY_TENANT:  # the organisation is there, whatever else is not
            return ("hidden",) if other else ("let through",)
        return ("hidden", "let through") if method == "POST" and route not in BODIES else ("hidden",)
    if state == "unassigned":
        by_pack = "pack_id" in named or path.endswith("/trace")
        if not by_pack:
            return _expected(route, reach, "own", other=other)
        if "label_id" in named:
            return ("hidden",)
        if reach is Reach.ALL:  # a step may want a certificate, which this pack has not
            return ("let through", "hidden") if method == "POST" else ("let through",)
        return ("hidden",)
    if reach is Reach.ALL:  # what an earlier case ended is not there for a later one
        return ("let through", "hidden") if method == "POST" or route in ONCE else ("let through",)
    if other:
        return ("hidden",)
    return ("let through", "hidden") if route in ONCE else ("let through",)


OBJECTS = frozenset(
    {"pack_id", "label_id", "reception_id", "device_id", "certificate_id", "site_id", "contract_id", "invoice_id",
     "person_id", "invitation_id", "key_id", "grant_id", "alarm_id", "import_id",
     "booking_id", "request_id"}
)  # fmt: skip
NAMED_OTHERWISE: Mapping[str, tuple[str, ...]] = {
    "/ktr/labels": ("reception_id",),
    "/s/{token}": ("reception_id",),
    "/api/v1/series": ("site_id",),
    "/api/v1/series/{form}": ("site_id",),
}
"""Routes that name an object in their query, or by its label; channels are as their sites."""
ONCE = frozenset(
    {("POST", "/api/v1/devices/bookings/{booking_id}/release"),
     ("POST", "/ktr/devices/{device_id}/bookings/{booking_id}/release"),
     ("POST", "/api/v1/sites/{site_id}/lots/{lot_id}/void"),
     ("POST", "/energy/{tenant_id}/{site_id}/{month}/lots/{lot_id}/void"),
     ("POST", "/api/v1/sites/{site_id}/findings/{finding_id}/acceptance"),
     ("POST", "/api/v1/sites/{site_id}/findings/{finding_id}/estimate"),
     ("POST", "/sites/{tenant_id}/{site_id}/findings/{finding_id}"),
     ("GET", "/api/v1/requests/{request_id}/units/{line}/{kind}"),
     ("GET", "/api/v1/requests/{request_id}/labels")}
)  # fmt: skip
"""Routes that end their object, which for who comes later is not there, or whose object the story does not have."""
BY_TENANT = frozenset({"/api/v1/sites", "/api/v1/readings", "/energy", "/energy/csv/{table}"})
"""Routes that name an organisation in their query, and no object."""
NO_OBJECT_OF_OURS = frozenset(
    {"/verify/{token}", "/problems/{code}", "/{nowhere}", "/docs/{path}", "/static/{file_path}",
     "/static/vendor/{file_path}", "/trace", "/01/{gtin}/21/{serial}", "/api/v1/certificates/by-number/{number}",
     "/api/v1/reports/by-number/{number}",
     "/sign-in/provider", "/sign-in/provider/back", "/api/v1/sessions/{session_id}",
     "/join", "/reset", "/status/{purpose}/{list_number}"}
)  # fmt: skip


ENDING = frozenset(
    {("DELETE", "/api/v1/sessions/me"), ("DELETE", "/api/v1/sessions"), ("POST", "/sign-out"),
     ("POST", "/account/sessions/end-all")}
)  # fmt: skip
"""Routes that end the session that asks."""


PARTS = 3
"""The routes are asked in so many turns, the story told for each, so that several processes share them."""


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_route_lets_every_role_as_far_as_the_matrix_says(world: World, part: int) -> None:
    wrong: list[str] = []
    cases = 0
    for route, rule in list(POLICY.items())[part::PARTS]:
        if route in ENDING:
            continue  # they end the session that asks; the tests of signing out are their proof
        for state in STATES:
            asked = await _asked(world, route, rule, state)
            cases += len(asked)
            wrong += [f"{told}: {route} {state}" for told in asked if told]

    assert wrong == [], "\n".join(wrong)
    assert cases > 2000


async def _asked(world: World, route: Route, rule: Rule, state: str) -> list[str]:
    """Ask a route by everybody; return what is wrong with each answer, nothing where it is right.

    Who may not at all is asked once a route: the guard looks at the role alone, before anything of the request.
    """
    found: list[str] = []
    if state == "own":
        ended = [("nobody", None), *((name, world.keys[name]) for name in ENDED)]
        for name, token in ended:
            answer = await world.ask_by(token, route, state, None)
            is_wrong = rule.is_public == (_verdict(route, answer) == "sign in")
            found.append(f"{name}: {answer.status_code}" if is_wrong else "")
    for role, other in world.tokens:
        reach = rule.reach[role]
        if reach is Reach.NONE and state != "own":
            continue
        answer = await world.ask(route, state, role, other=other)
        stranger = other or home_of(role) == STRANGER
        elsewhere = other and role in COMPLEX_STAFF
        if elsewhere and reach is Reach.ALL:
            reach = Reach.OWN  # every organisation's of the own complex, and nothing of another's
        verdict = _verdict(route, answer)
        fits = verdict in _expected(route, reach, state, other=stranger)
        if elsewhere and route not in BODIES and answer.status_code == 400:
            fits = True  # no body that has a meaning: the object is not looked for
        told = _told(world, answer) if stranger and reach is Reach.OWN and route[1] not in OWN_REQUESTS else []
        is_wrong = not fits or told
        whose = f"{role}{' of another' if other else ''}"
        found.append(f"{whose}: {verdict} {answer.text[:150]} tells {told}" if is_wrong else "")
    for role, token in world.granted.items():
        if rule.reach[role] is not Reach.NONE:
            answer = await world.ask_by(token, route, state, role)
            # A grant opens packs; it does not tell who asked for their inspection.
            asked = "request_id" in route[1]
            fits = _verdict(route, answer) in _expected(route, rule.reach[role], state, other=asked)
            found.append("" if fits else f"{role} with a grant: {answer.status_code} {answer.text[:150]}")
    found += await _asked_by_keys(world, route, rule, state)
    return found


async def _asked_by_keys(world: World, route: Route, rule: Rule, state: str) -> list[str]:
    """Ask by a device's key and by one narrowed to a site: never further than its role, and nothing beyond the site."""
    found: list[str] = []
    for name, role in (("device", Role.DEVICE), ("narrowed", Role.TENANT_VIEWER)):
        reach = rule.reach[role]
        if reach is Reach.NONE and state != "own":
            continue
        answer = await world.ask_by(world.keys[name], route, state, role)
        verdict = _verdict(route, answer)
        allowed = (
            ("no role",) if reach is Reach.NONE else (*_expected(route, reach, state, other=False), "out of scope")
        )
        if reach is not Reach.NONE and route[1].startswith(OF_PEOPLE):
            allowed = (*allowed, "sign in", "hidden")  # a program has no account of its own
        beyond = [one for one in _told(world, answer) if one in BEYOND_A_SITE and f"{{{one}}}" not in route[1]]
        is_wrong = verdict not in allowed or beyond
        found.append(f"{name} key: {verdict} {answer.text[:150]} tells {beyond}" if is_wrong else "")
    return found


def _told(world: World, answer: httpx.Response) -> list[str]:
    """Return which of the told story's things an answer that shows something names."""
    if answer.status_code != 200:
        return []
    return [name for name in OBJECTS if str(world.objects["own"][name]) in answer.text]


OF_PEOPLE = ("/api/v1/account", "/api/v1/sessions", "/account", "/confirm")
BEYOND_A_SITE = frozenset({"invoice_id", "person_id", "invitation_id", "key_id", "grant_id"})
"""What no key narrowed to a site is told."""
OWN_REQUESTS = frozenset({"/api/v1/audit", "/api/v1/audit/csv", "/audit"})
"""They tell what the own people asked for, in vain too, by the numbers they asked with (test_complexes.py)."""


def test_a_route_without_a_row_stops_the_program() -> None:
    @get("/unruled")
    async def unruled() -> str:
        return ""

    with pytest.raises(PolicyIncomplete, match="/unruled"):
        apply_policy(Litestar([unruled], openapi_config=None))


@pytest.mark.parametrize("door", ["before_request", "asgi"])
def test_a_route_with_a_door_of_its_own_stops_the_program(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_request: object) -> None:
        return None

    @get("/ruled", before_request=nothing if door == "before_request" else None)
    async def ruled() -> str:
        return ""

    @asgi("/mounted", copy_scope=True)
    async def mounted(scope: object, receive: object, send: object) -> None:
        return None

    monkeypatch.setattr("app.http.policy.POLICY", {("GET", "/ruled"): POLICY["GET", "/livez"]})
    others = [mounted] if door == "asgi" else []

    with pytest.raises(PolicyIncomplete, match="door of their own"):
        apply_policy(Litestar([ruled, *others], openapi_config=None))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("GET /x y y", id="too few cells"),
        pytest.param("GET /x " + "? " * 15, id="an unknown cell"),
        pytest.param("GET /x y" + " -" * 14, id="public, but not for everybody"),
        pytest.param("GET / " + "y " * 15, id="a row twice"),
    ],
)
def test_a_row_without_a_meaning_is_refused(row: str) -> None:
    with pytest.raises((PolicyIncomplete, ValueError)):
        read_matrix(f"{MATRIX}\n{row}")


async def test_the_apis_document_asks_for_a_session_where_the_matrix_does(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()

    asked = {
        (method.upper(), path.rstrip("/") or "/"): operation["security"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }

    assert {route for route in asked if route not in POLICY} == set()
    assert {route: security == [{}] for route, security in asked.items()} == {
        route: POLICY[route].is_public for route in asked
    }
