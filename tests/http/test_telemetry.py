"""Telemetry and alarms through the program: minutes in and out, trips that block, people who clear them."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col

from adapters.postgres.tables.passport import HistoryHeadRow
from app.jobs.relay import relay
from app.jobs.silence import notice_silent_packs
from app.pages.alarms import shown
from app.ports import Ports
from domain.passport.model import PackState
from domain.passport.sealing import verify
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import AssignmentId, CertificateId, ContractId, PackId, TenantId
from domain.subscription.model import Assignment, AssignmentReason, AssignmentState, CertificateFacts
from tests.http.conftest import PASSWORD, confirm
from tests.http.test_api import SECOND_LIFE_URI, certified, problem, register, site_and_contract
from tests.http.test_pages import checked

BEGINS = datetime(2026, 6, 30, 15, tzinfo=UTC)
"""The contract's first instant: 1 July in Seoul."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A pack in service at a tenant's site, an hour after it began."""

    pack: str
    site: str
    contract: str
    operator: httpx.AsyncClient
    tenant: httpx.AsyncClient
    ports: Ports

    async def send(self, *minutes: dict[str, object], by: httpx.AsyncClient | None = None) -> httpx.Response:
        return await (by or self.tenant).post("/api/v1/telemetry", json={"minutes": list(minutes)})

    def minute(self, number: int, **values: int) -> dict[str, object]:
        told = values or {"voltage_mv": 350_000, "soc_bp": 5_000, "cell_min_mv": 3_640, "cell_max_mv": 3_660}
        return {"pack": self.pack, "at": (BEGINS + timedelta(minutes=number)).isoformat(), **told}

    async def watch(self, by: httpx.AsyncClient | None = None) -> dict[str, object]:
        answer = await (by or self.tenant).get(f"/api/v1/telemetry/packs/{self.pack}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def kinds(self) -> list[str]:
        pack_id = PackId(UUID(self.pack))
        async with self.ports.unit(SYSTEM) as work:
            entries, head = await work.histories.entries(pack_id), await work.histories.head(pack_id)
        assert verify(entries, head) == head.sequence
        return [entry.kind.value for entry in entries]

    async def serving(self) -> list[tuple[str, bool]]:
        async with self.ports.unit(SYSTEM) as work:
            found = await work.assignments.of_pack(TenantId(11), PackId(UUID(self.pack)))
        return [(one.state.value, one.ends_at is None) for one in found]


CERTIFICATE = CertificateFacts(
    certificate_id=CertificateId(UUID(int=1)),
    number="KC-2026-000001",
    certified_wh=190_000,
    soh_ppm=950_000,
    grade="A",
    valid_from_at=BEGINS - timedelta(days=1),
    valid_until_at=BEGINS + timedelta(days=700),
)


@pytest.fixture
async def deployed(signed_in, ports: Ports) -> Deployed:
    """A pack in service, written as if it had been certified: what most of this is about asks for no certificate."""
    operator = await signed_in("operator")
    pack_id = PackId(await register(operator))
    site_id, contract_id = await site_and_contract(operator)
    tenant = TenantId(11)
    async with ports.unit(SYSTEM) as work:
        contract = await work.contracts.one(tenant, ContractId(UUID(contract_id)))
        head = await work.histories.head(pack_id)
        (_, newborn) = await work.histories.entries(pack_id)
        await work.assignments.add(
            Assignment(
                assignment_id=AssignmentId(ports.ids.new()),
                tenant_id=tenant,
                contract_id=contract.contract_id,
                slot_id=contract.slots[0].slot_id,
                pack_id=pack_id,
                starts_at=BEGINS,
                ends_at=None,
                certificate=CERTIFICATE,
                shortfall_wh=0,
                reason=AssignmentReason.INITIAL,
                state=AssignmentState.IN_SERVICE,
                suspended_at=None,
            )
        )
        assert await work.packs.take(pack_id, contract_id=contract.contract_id, holder=tenant)
        await _write_state(work, replace(head, state=PackState.IN_SERVICE))
        await work.commit()
    assert newborn.sequence == head.sequence
    ports.clock.move_to(BEGINS + timedelta(hours=1))
    return Deployed(
        pack=str(pack_id),
        site=site_id,
        contract=contract_id,
        operator=await signed_in("operator", confirmed=False),
        tenant=await signed_in("tenant"),
        ports=ports,
    )


async def _write_state(work, head) -> None:
    """Let a history end in a state without the steps that lead there."""
    await work._connection.execute(
        update(HistoryHeadRow).where(col(HistoryHeadRow.pack_id) == head.pack_id).values(state=head.state.value)
    )


@pytest.fixture
async def in_use(signed_in, ports: Ports) -> Deployed:
    """A pack that was certified and deployed by every step."""
    pack_id, _ = await certified(signed_in)
    operator = await signed_in("operator")
    site_id, contract_id = await site_and_contract(operator)
    second = {"product_uri": SECOND_LIFE_URI, "responsible_ko": "순환 운영", "responsible_en": "Sunhwan"}
    assert (await operator.post(f"/api/v1/packs/{pack_id}/repurpose", json=second)).status_code == 201
    assigned = await operator.post(
        f"/api/v1/contracts/{contract_id}/assignments?tenant_id=11",
        json={"pack_id": str(pack_id), "from_at": BEGINS.isoformat()},
    )
    assert assigned.status_code == 201, assigned.text
    ports.clock.move_to(BEGINS + timedelta(hours=1))
    return Deployed(
        pack=str(pack_id),
        site=site_id,
        contract=contract_id,
        operator=await signed_in("operator", confirmed=False),
        tenant=await signed_in("tenant"),
        ports=ports,
    )


NOTHING = {
    "accepted": 0,
    "duplicate": 0,
    "conflicting": 0,
    "rejected": 0,
    "conflicts": [],
    "rejections": [],
    "alarms": [],
    "blocked": [],
}


async def test_minutes_are_kept_once_and_read_back(deployed: Deployed, signed_in) -> None:
    sent = await deployed.send(*(deployed.minute(number) for number in (0, 1, 59)))
    again = await deployed.send(
        deployed.minute(1),
        deployed.minute(2),
        deployed.minute(0, soc_bp=1),
        {**deployed.minute(3), "pack": str(uuid4())},
    )

    assert sent.json() == {**NOTHING, "accepted": 3, "alarms": sent.json()["alarms"]}
    # An hour's silence between two minutes was noticed by the second of them.
    assert [(one["signal"], one["level"]) for one in sent.json()["alarms"]] == [("gap_s", "alarm")]
    assert again.json() == {
        **NOTHING,
        "accepted": 1,
        "duplicate": 1,
        "conflicting": 1,
        "rejected": 1,
        "conflicts": ["minutes[2]"],
        "rejections": [{"place": "minutes[3]", "reason": "not_assigned"}],
    }
    day = (await deployed.tenant.get(f"/api/v1/telemetry/packs/{deployed.pack}/days/2026-07-01")).json()
    assert (day["received"], len(day["signals"]["soc_bp"])) == (4, 1_440)
    assert day["signals"]["soc_bp"][:4] == [5_000, 5_000, 5_000, None]
    assert day["signals"]["flags"] == [None] * 1_440
    watch = await deployed.watch()
    assert (watch["level"], watch["stale"], watch["latest"]["at"][:16]) == ("alarm", False, "2026-06-30T15:59")
    assert watch["connection"]["today"] == {"received": 4, "minutes": 60, "ppm": 66_666}
    assert [gap["minutes"] for gap in watch["gaps"]] == [56]
    (listed,) = (await deployed.tenant.get("/api/v1/telemetry/packs")).json()
    assert (listed["pack"], listed["latest"]["soc_bp"]) == (deployed.pack, 5_000)

    neighbour = await signed_in("neighbour")
    problem(await neighbour.get(f"/api/v1/telemetry/packs/{deployed.pack}"), 404, "passport.pack-unknown")
    assert (await deployed.send(deployed.minute(9), by=neighbour)).json()["rejections"] == [
        {"place": "minutes[0]", "reason": "not_assigned"}
    ]
    problem(
        await neighbour.post("/api/v1/telemetry?tenant_id=11", json=deployed.minute(9)), 404, "metering.site-unknown"
    )
    assert (await deployed.operator.post("/api/v1/telemetry?tenant_id=11", json=deployed.minute(9))).json()[
        "accepted"
    ] == 1


async def test_lines_are_taken_or_named_and_what_is_no_body_is_refused(deployed: Deployed) -> None:
    lines = [
        json.dumps(deployed.minute(0)),
        "{",
        "",
        json.dumps({**deployed.minute(1), "at": "2026-07-01T00:01:00"}),
        json.dumps({**deployed.minute(2), "colour": 1}),
    ]

    answer = await deployed.tenant.post(
        "/api/v1/telemetry", content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"}
    )

    assert answer.json() == {
        **NOTHING,
        "accepted": 1,
        "rejected": 3,
        "rejections": [
            {"place": "line 2", "reason": "malformed"},
            {"place": "line 4", "reason": "time_malformed"},
            {"place": "line 5", "reason": "malformed"},
        ],
    }
    for body, status in (
        (b"{}", 400),
        (b'{"minutes": []}', 400),
        (b'{"minutes": [{"pack": "x"}]}', 400),
        (b"[" * 200_000, 400),
        (b'{"minutes": [' + b"0," * 9_000_000 + b"0]}", 413),
    ):
        refused = await deployed.tenant.post(
            "/api/v1/telemetry", content=body, headers={"Content-Type": "application/json"}
        )
        assert refused.status_code == status, refused.text
    many = "\n".join(["{}"] * 20_001)
    refused = await deployed.tenant.post(
        "/api/v1/telemetry", content=many, headers={"Content-Type": "application/x-ndjson"}
    )
    assert refused.status_code == 413
    refused = await deployed.tenant.post("/api/v1/telemetry", content="a", headers={"Content-Type": "text/csv"})
    assert refused.status_code == 415


async def test_a_device_narrowed_to_a_site_sends_for_the_packs_of_that_site(deployed: Deployed, app) -> None:
    async def device(**scope: object) -> httpx.AsyncClient:
        made = await deployed.tenant.post("/api/v1/keys", json={"name": "게이트웨이", "role": "device", **scope})
        assert made.status_code == 201, made.text
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="https://id.sunhwan.example",
            headers={"Authorization": f"Bearer {made.json()['text']}"},
        )

    other = await deployed.operator.post(
        "/api/v1/sites",
        json={
            "tenant_id": 11,
            "name_ko": "제2공장",
            "name_en": "Plant 2",
            "address_ko": "구미",
            "kepco_customer_no": "07-2",
            "contract_power_w": 500_000,
        },
    )
    here, elsewhere = await device(sites=[deployed.site]), await device(sites=[other.json()["site_id"]])
    channels = (await deployed.tenant.get(f"/api/v1/sites/{deployed.site}/channels")).json()
    meter = await device(channels=[channels[0]["channel"]])

    assert (await deployed.send(deployed.minute(0), by=here)).json()["accepted"] == 1
    assert (await deployed.send(deployed.minute(1), by=elsewhere)).json()["rejections"] == [
        {"place": "minutes[0]", "reason": "not_assigned"}
    ]
    problem(await deployed.send(deployed.minute(1), by=meter), 403, "shared.scope-not-enough")
    assert [one["pack"] for one in (await here.get("/api/v1/telemetry/packs")).json()] == [deployed.pack]
    assert (await elsewhere.get("/api/v1/telemetry/packs")).json() == []
    assert (await deployed.watch(by=here))["latest"]["soc_bp"] == 5_000
    problem(await elsewhere.get(f"/api/v1/telemetry/packs/{deployed.pack}"), 404, "passport.pack-unknown")
    problem(await here.get("/api/v1/alarms"), 403, "shared.role-not-enough")
    # A device trips its pack, though the history of packs and the contract lie beyond what a device may write.
    tripped = await deployed.send(deployed.minute(2, temperature_max_mc=60_000), by=here)
    assert tripped.json()["blocked"] == [deployed.pack]
    assert (await deployed.kinds())[-1] == "alarm_tripped"


async def test_a_trip_blocks_the_pack_until_a_named_person_clears_it(in_use: Deployed, ports: Ports, signed_in) -> None:
    await in_use.send(in_use.minute(57))

    tripped = await in_use.send(in_use.minute(58, cell_max_mv=4_300, cell_min_mv=4_290))

    (change,) = tripped.json()["alarms"]
    assert (change["signal"], change["level"], change["value"], change["limit"]) == (
        "cell_high_mv",
        "trip",
        4_300,
        4_300,
    )
    assert tripped.json()["blocked"] == [in_use.pack]
    assert await in_use.serving() == [("suspended", True)]
    assert (await in_use.kinds())[-1] == "alarm_tripped"
    # The outbox asks for the re-inspection at once; the trip once more asks for nothing more.
    await relay(ports)
    waiting = (await (await signed_in("tester")).get("/api/v1/reinspections")).json()
    assert [one["cause"] for one in waiting] == ["alarm_tripped"]

    address = f"/api/v1/alarms/{change['alarm_id']}/clearance"
    body = {"tenant_id": 11, "reason": "셀 균등화 후 재측정"}
    problem(await in_use.operator.post(address, json=body), 403, "identity.confirmation-needed")
    operator = await confirm(in_use.operator)
    problem(await in_use.tenant.post(address, json=body), 403, "shared.role-not-enough")
    problem(await operator.post(address, json=body), 409, "metering.trip-lasts")
    await in_use.send(in_use.minute(59, cell_max_mv=3_700, cell_min_mv=3_690))
    assert (await in_use.watch())["blocked"] is True
    problem(await operator.post(address, json={**body, "tenant_id": 12}), 404, "metering.alarm-unknown")

    cleared = await operator.post(address, json=body)

    assert cleared.status_code == 200, cleared.text
    assert (cleared.json()["resumed"], cleared.json()["still_blocked"]) == (True, False)
    assert await in_use.serving() == [("removed", False), ("in_service", True)]
    assert (await in_use.kinds())[-1] == "alarm_cleared"
    problem(await operator.post(address, json=body), 422, "metering.trip-not-cleared")
    shown = (await in_use.tenant.get(f"/api/v1/alarms/{change['alarm_id']}")).json()
    assert [(one["change"], one["by"], one["reason"]) for one in shown["changes"]] == [
        ("opened", None, None),
        ("cleared", "정운영", "셀 균등화 후 재측정"),
    ]
    assert (await in_use.watch())["blocked"] is False
    assert [
        one["level"] for one in (await operator.get("/api/v1/alarms?open=true")).json() if one["level"] == "trip"
    ] == []
    neighbour = await signed_in("neighbour")
    problem(await neighbour.get(f"/api/v1/alarms/{change['alarm_id']}"), 404, "metering.alarm-unknown")
    problem(await neighbour.get("/api/v1/alarms?tenant_id=11"), 404, "metering.site-unknown")
    assert (await neighbour.get("/api/v1/alarms")).json() == []

    # Once more, by word of mouth; but now the certificate does not hold, and nothing resumes.
    at = ports.clock.now().isoformat()
    said = await operator.post(f"/api/v1/packs/{in_use.pack}/facts", json={"kind": "alarm_tripped", "occurred_at": at})
    assert said.status_code == 201, said.text
    approver = await confirm(await signed_in("approver"))
    async with ports.unit(SYSTEM) as work:
        certificate = await work.certificates.standing(PackId(UUID(in_use.pack)))
    ended = await approver.post(
        f"/api/v1/certificates/{certificate.certificate_id}/end", json={"how": "suspended", "reason": "점검"}
    )
    assert ended.status_code < 300, ended.text
    (tripped_again,) = (await operator.get("/api/v1/alarms?open=true")).json()
    cleared = await operator.post(f"/api/v1/alarms/{tripped_again['alarm_id']}/clearance", json=body)
    assert (cleared.status_code, cleared.json()["resumed"]) == (200, False), cleared.text
    assert await in_use.serving() == [("removed", False), ("suspended", True)]


async def test_a_trip_that_somebody_types_blocks_as_a_measured_one_does(deployed: Deployed, ports: Ports) -> None:
    at = ports.clock.now().isoformat()

    said = await deployed.operator.post(
        f"/api/v1/packs/{deployed.pack}/facts", json={"kind": "alarm_tripped", "occurred_at": at, "note": "연기 감지"}
    )

    assert said.status_code == 201, said.text
    assert await deployed.serving() == [("suspended", True)]
    assert [kind for kind in await deployed.kinds() if kind.startswith("alarm")] == ["alarm_tripped"]
    (alarm,) = (await deployed.tenant.get("/api/v1/alarms")).json()
    assert (alarm["signal"], alarm["level"], alarm["value"]) == ("reported", "trip", None)
    # Given back, it serves nobody while the trip stands.
    pack_id = PackId(UUID(deployed.pack))
    async with ports.unit(SYSTEM) as work:
        (held,) = await work.assignments.of_pack(TenantId(11), pack_id)
        await work.assignments.remove(TenantId(11), held.assignment_id, at=ports.clock.now())
        await work.packs.release(pack_id, holder=TenantId(1))
        await work.commit()
    refused = await deployed.operator.post(
        f"/api/v1/contracts/{deployed.contract}/assignments?tenant_id=11",
        json={"pack_id": deployed.pack, "from_at": (ports.clock.now() + timedelta(minutes=1)).isoformat()},
    )
    problem(refused, 422, "metering.pack-tripped")
    operator = await confirm(deployed.operator)
    cleared = await operator.post(
        f"/api/v1/alarms/{alarm['alarm_id']}/clearance", json={"tenant_id": 11, "reason": "오작동 확인"}
    )
    assert (cleared.status_code, cleared.json()["resumed"]) == (200, False), cleared.text


async def test_silence_warns_alarms_and_trips(deployed: Deployed, ports: Ports) -> None:
    await deployed.send(deployed.minute(60))
    seen = []
    for minutes in (1, 2, 9, 10, 59, 60, 61):
        ports.clock.move_to(BEGINS + timedelta(minutes=60 + minutes))
        report = await notice_silent_packs(ports)
        assert report.failed == 0
        seen.append((minutes, report.did, (await deployed.watch())["level"]))

    assert seen == [
        (1, 0, "normal"),
        (2, 1, "warn"),
        (9, 0, "warn"),
        (10, 1, "alarm"),
        (59, 0, "alarm"),
        (60, 1, "trip"),
        (61, 0, "trip"),
    ]
    assert await deployed.serving() == [("suspended", True)]
    assert (await deployed.kinds())[-1] == "alarm_tripped"
    (alarm,) = (await deployed.tenant.get(f"/api/v1/alarms?pack_id={deployed.pack}")).json()
    assert (alarm["signal"], alarm["value"], alarm["worst"]) == ("gap_s", 3_600, "trip")


async def test_a_pack_that_never_sent_is_not_called_well(deployed: Deployed) -> None:
    watch = await deployed.watch()

    assert (watch["level"], watch["latest"], watch["alarms"]) == ("not_watched", None, [])
    assert watch["connection"]["month"] == {"received": 0, "minutes": 60, "ppm": 0}


async def test_alarms_are_kept_while_the_billing_meters_store_is_away(deployed: Deployed, engine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("alter table sunhwan.interval_day rename to interval_day_away"))

    sent = await deployed.send(deployed.minute(59, temperature_max_mc=61_000))

    assert sent.json()["blocked"] == [deployed.pack]
    assert [one["signal"] for one in (await deployed.tenant.get("/api/v1/alarms")).json()] == ["temperature_mc"]


async def test_the_pages_show_what_stands_and_let_an_operator_clear_a_trip(deployed: Deployed, signed_in) -> None:
    calm = await deployed.tenant.get(f"/packs/{deployed.pack}")
    await deployed.send(
        deployed.minute(57, temperature_max_mc=46_000, flags=0),
        deployed.minute(58, temperature_max_mc=46_000, current_ma=-1_500, soc_bp=4_321),
        deployed.minute(59, temperature_max_mc=46_000, insulation_ohm=30_000, voltage_mv=350_000),
    )
    listed = await deployed.tenant.get("/alarms")
    card = await deployed.tenant.get(f"/packs/{deployed.pack}")
    operators = await deployed.operator.get("/alarms")

    assert "감시 안 됨" in calm.text
    for page in (calm, listed, card, operators):
        checked(page)
    for said in ("셀 온도", "46.0 °C", "45.0 °C", "주의", "절연", "85 Ω/V", "100 Ω/V", "차단"):
        assert said in listed.text, said
    assert "한빛정밀" in operators.text
    assert "한빛정밀" not in listed.text.split("<main")[1]
    for said in ("운전 상태", "접속률", "30 kΩ", "350.000 V", "3 / 60", "사용이 차단되었습니다.", "끊김 1건"):
        assert said in card.text, said

    alarms = (await deployed.tenant.get("/api/v1/alarms")).json()
    trip = next(one for one in alarms if one["level"] == "trip")
    address = f"/alarms/11/{trip['alarm_id']}"
    seen = await deployed.tenant.get(address)
    checked(seen)
    assert "차단 해제" not in seen.text
    form = await deployed.operator.get(address)
    checked(form)
    assert f'action="{address}/clearance"' in form.text
    unproven = await deployed.operator.post(f"{address}/clearance", data={"reason": "접지 수리"})
    assert unproven.status_code in (303, 403)
    lasting = await deployed.operator.post(
        f"{address}/clearance", data={"reason": "접지 수리", "password_again": PASSWORD}
    )
    assert (lasting.status_code, "차단 원인이 아직 남아 있어" in lasting.text) == (409, True)
    await deployed.send(deployed.minute(60, insulation_ohm=900_000, voltage_mv=350_000))
    operator = await signed_in("operator")
    cleared = await operator.post(f"{address}/clearance", data={"reason": "접지 수리", "password_again": PASSWORD})
    assert (cleared.status_code, cleared.headers["location"]) == (303, address)
    after = await deployed.tenant.get(f"{address}?lang=en")
    checked(after)
    for said in ("정운영", "접지 수리", "Cleared", "The watch"):
        assert said in after.text, said
    assert (await deployed.kinds())[-2:] == ["alarm_tripped", "alarm_cleared"]
    neighbour = await signed_in("neighbour")
    assert (await neighbour.get(address)).status_code == 404
    assert "지속 중인 경보가 없습니다." in (await neighbour.get("/alarms")).text


@pytest.mark.parametrize(
    ("word", "value", "said"),
    [
        ("cell_high_mv", 4_300, "4.300 V"),
        ("current_ma", -1_250, "-1.2 A"),
        ("temperature_mc", -500, "-0.5 °C"),
        ("temperature_spread_mk", 12_000, "12.0 K"),
        ("insulation_ohm", 1_234_567, "1,234 kΩ"),
        ("soc_bp", 4_321, "43.2 %"),
        ("power_ready_w", 99_999, "99.9 kW"),
        ("gap_s", 3_600, "60 min"),
        ("protection", 3, "cut off"),
        ("flags", 5, "warning, protection"),
        ("flags", 0, "none"),
        ("reported", None, "–"),
    ],
)
def test_a_value_is_written_in_the_unit_that_people_read(word, value, said) -> None:
    assert shown(word, value, "en") == said


async def test_a_month_tells_how_available_the_storage_was(deployed: Deployed, ports: Ports) -> None:
    """100 kW are promised: of four quarter hours one was too weak, and of the fifth nothing was heard."""
    sent = await deployed.send(
        *(deployed.minute(number, power_ready_w=10_000 if number == 20 else 95_000) for number in range(60))
    )
    assert sent.json()["accepted"] == 60
    ports.clock.move_to(BEGINS + timedelta(minutes=76))

    month = await deployed.tenant.get(f"/api/v1/sites/{deployed.site}/months/2026-07/insight")

    assert month.status_code == 200, month.text
    assert month.json()["storage"]["availability"] == {
        "ppm": 600_000,
        "available": 3,
        "unavailable": 1,
        "unknown": 1,
    }
