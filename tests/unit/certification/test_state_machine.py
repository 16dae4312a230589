"""The whole state machine of a reception: every state, every step, every role, and everybody whose own work it is.

What must happen is written out in `TABLE`; the test tries it all over the ports in memory.
"""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.ktr.credentials import KtrCredentials
from adapters.ktr.protocol_file import load_protocol
from adapters.ktr.signing import FileSigner
from app.samples.make_cycler import BENCH_SHEET
from domain.certification.errors import OwnWork, ReceptionMoved, ReceptionUnknown
from domain.certification.model import Applicant, CertificateStatus, HistoryPlace, Laboratory, Reception, ReceptionState
from domain.certification.usecases import assessing, closing, intake, issuing, results, signing
from domain.shared.actor import Actor, ConfirmationNeeded, Role, RoleNotEnough
from domain.shared.identifiers import PackId
from tests.fakes.certification import MemoryCertificationWork, cycler_record, item_facts
from tests.fakes.documents import FakeDocuments, FakeSeals
from tests.fakes.system import CountedIds, FixedClock, someone

TABLE = """
            measure     judge   review    release_hold  approve   send_back   issue   refuse   release   withdraw
received    under_test  -       -         -             -         -           -       refused  released  -
under_test  under_test  tested  -         -             -         -           -       -        released  -
tested      under_test  -       reviewed  reviewed      -         under_test  -       -        released  -
reviewed    under_test  -       -         -             approved  under_test* -       -        released  -
approved    -           -       -         -             -         -           issued  -        -         -
issued      -           -       -         -             -         -           -       -        -         withdrawn
amended     -           -       -         -             -         -           -       -        -         withdrawn
withdrawn   -           -       -         -             -         -           -       -        -         -
refused     -           -       -         -             -         -           -       -        -         -
released    -           -       -         -             -         -           -       -        -         -
"""
"""Where each step leads from each state; `-` is refused. At `reviewed` it is the approver who sends back."""

WHO = {
    "measure": {Role.TESTER},
    "judge": {Role.TESTER},
    "review": {Role.REVIEWER},
    "release_hold": {Role.REVIEWER},
    "approve": {Role.APPROVER},
    "send_back": {Role.REVIEWER, Role.APPROVER},
    "issue": {Role.APPROVER},
    "refuse": {Role.TESTER},
    "release": {Role.TESTER},
    "withdraw": {Role.APPROVER},
}
"""Whose step it is; every other role is refused whatever the state."""

NOT_BY = {
    "review": {"tester"},
    "release_hold": {"tester"},
    "approve": {"tester", "reviewer"},
    "issue": {"tester", "reviewer"},
    "withdraw": {"tester"},
}
"""Who may not take a step, in whatever role: it would be on their own work."""

SIGNATURES = ("review", "release_hold", "approve", "issue", "withdraw")
"""Steps that ask for a fresh proof of who acts."""

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
PROTOCOL = load_protocol()
PACK = PackId(CountedIds(50).new())
PEOPLE = {
    "tester": someone(Role.TESTER, name="이시험", number=901),
    "reviewer": someone(Role.REVIEWER, name="윤검토", number=902),
    "approver": someone(Role.APPROVER, name="박승인", number=903),
    "somebody else": someone(Role.TESTER, name="남직원", number=904),
}
LABORATORY = Laboratory(
    name_ko="시험원",
    name_en="KTR",
    address_ko="구미",
    address_en="Gumi",
    place_ko="구미",
    place_en="Gumi",
    accreditation="KOLAS",
)
PACK_PRINT = {
    "kr_battery_no": "KR26", "maker_serial": "LG-1", "product_uri": "https://id.example/01/1/21/2", "model": "SH",
    "chemistry": "NMC", "cell_model": "M50T", "modules_in_series": 12, "rated_capacity_mah": 500_000,
    "rated_energy_wh": 21_780, "nominal_voltage_mv": 43_560,
}  # fmt: skip
SHEET = tuple(
    results.Entered(
        test_id=one["test_id"],
        quantity=one["quantity"],
        value="heavy" if one["quantity"] == "corrosion" else one["value"],
        unit=one["unit"],
    )
    for one in json.loads(BENCH_SHEET.read_text(encoding="utf-8"))
)
"""A bench sheet with one thing to be looked at: the judgement is a hold, so that a release can be tried."""


@dataclass(kw_only=True)
class Bench:
    """A reception in some state, and the steps that may be tried on it."""

    work: MemoryCertificationWork
    reception: Reception
    ids: CountedIds
    credentials: KtrCredentials

    async def take(self, step: str, actor: Actor) -> None:
        await getattr(self, f"_{step}")(actor)

    async def state(self) -> ReceptionState:
        return (await self.work.receptions.one(self.reception.reception_id)).state

    def copied(self) -> "Bench":
        """A bench of its own: values never change, so only what holds them is copied."""
        work = copy.copy(self.work)
        for name, port in vars(self.work).items():
            fresh = copy.copy(port)
            for field, held in vars(port).items():
                if isinstance(held, dict | list):
                    setattr(fresh, field, copy.copy(held))
            setattr(work, name, fresh)
        return replace(self, work=work, ids=copy.copy(self.ids))

    def _sign(self, actor: Actor) -> signing.Sign:
        return signing.Sign(actor=actor, reception_id=self.reception.reception_id)

    def _because(self, actor: Actor) -> signing.SignWithReason:
        return signing.SignWithReason(actor=actor, reception_id=self.reception.reception_id, reason="까닭")

    async def _measure(self, actor: Actor) -> None:
        wish = results.RecordMeasurements(
            actor=actor,
            reception_id=self.reception.reception_id,
            measurements=SHEET,
            equipment="벤치 BN-01",
            ambient_c=Decimal(25),
        )
        await results.record_measurements(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=FixedClock(NOW))

    async def _run(self, actor: Actor) -> None:
        wish = results.RecordCyclerRun(
            actor=actor,
            reception_id=self.reception.reception_id,
            file_name="a.csv",
            raw_sha256="cd" * 32,
            record=cycler_record(),
            equipment="충방전기 CH-03",
        )
        await results.record_cycler_run(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=FixedClock(NOW))

    async def _judge(self, actor: Actor) -> None:
        wish = assessing.JudgeReception(actor=actor, reception_id=self.reception.reception_id)
        await assessing.judge_reception(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=FixedClock(NOW))

    async def _review(self, actor: Actor) -> None:
        await signing.review(self._sign(actor), work=self.work, ids=self.ids, clock=FixedClock(NOW))

    async def _release_hold(self, actor: Actor) -> None:
        await signing.release_hold(
            self._because(actor), work=self.work, protocol=PROTOCOL, ids=self.ids, clock=FixedClock(NOW)
        )

    async def _approve(self, actor: Actor) -> None:
        await signing.approve(self._sign(actor), work=self.work, ids=self.ids, clock=FixedClock(NOW))

    async def _send_back(self, actor: Actor) -> None:
        await closing.send_back(self._because(actor), work=self.work, clock=FixedClock(NOW))

    async def _issue(self, actor: Actor) -> None:
        wish = issuing.Issue(
            actor=actor,
            reception_id=self.reception.reception_id,
            pack_print=PACK_PRINT,
            laboratory=LABORATORY,
            base_url="https://id.example",
            token="0123456789abcdef" * 2,
            history=HistoryPlace(sequence=9, seal="ef" * 32),
        )
        await issuing.issue(
            wish,
            work=self.work,
            ids=self.ids,
            clock=FixedClock(NOW),
            documents=FakeDocuments(),
            seals=FakeSeals(),
            credentials=self.credentials,
            qr_svg=lambda url: f'<svg xmlns="http://www.w3.org/2000/svg"><desc>{url}</desc></svg>',
        )

    async def _refuse(self, actor: Actor) -> None:
        await closing.refuse(self._because(actor), work=self.work, clock=FixedClock(NOW))

    async def _release(self, actor: Actor) -> None:
        await closing.release(self._because(actor), work=self.work, clock=FixedClock(NOW))

    async def _withdraw(self, actor: Actor) -> None:
        await closing.withdraw(self._because(actor), work=self.work, clock=FixedClock(NOW))


def confirmed(actor: Actor) -> Actor:
    return replace(actor, confirmed_at=NOW)


async def bench_in(state: ReceptionState, folder: Path) -> Bench:
    """Bring a reception into a state by the steps that lead there; its certificate, if any, is revoked."""
    work, ids = MemoryCertificationWork(), CountedIds()
    reception = await intake.receive(
        intake.Receive(
            actor=PEOPLE["tester"],
            pack_id=PACK,
            tenant_id=PEOPLE["tester"].tenant_id,
            applicant=Applicant(name="의뢰", contact="054-000-0000"),
            condition="양호",
            due_on=date(2026, 12, 5),
            facts=item_facts(),
        ),
        work=work,
        ids=ids,
        clock=FixedClock(NOW),
    )
    credentials = KtrCredentials(FileSigner(folder), base_url="https://id.example")
    bench = Bench(work=work, reception=reception, ids=ids, credentials=credentials)
    whole = ["run", "measure", "judge", "review", "approve", "issue"]
    ways = {
        "received": [],
        "under_test": whole[:2],
        "tested": whole[:3],
        "reviewed": whole[:4],
        "approved": whole[:5],
        "issued": whole,
        "amended": whole,
        "withdrawn": [*whole, "withdraw"],
        "refused": ["refuse"],
        "released": ["run", "release"],
    }
    by = {"review": "reviewer", "approve": "approver", "issue": "approver", "withdraw": "approver"}
    for step in ways[state]:
        await bench.take(step, confirmed(PEOPLE[by.get(step, "tester")]))
    if state is ReceptionState.AMENDED:
        stands = await work.receptions.one(reception.reception_id)
        await closing.mark_amended(PEOPLE["approver"], stands, reason="주소", work=work, clock=FixedClock(NOW))
    return bench


@pytest.fixture(scope="module")
def benches(tmp_path_factory) -> Callable[[ReceptionState], Awaitable[Bench]]:
    """One reception for each state, made once; every try is made on a copy."""
    folder = tmp_path_factory.mktemp("keys")
    made: dict[ReceptionState, Bench] = {}

    async def lend(state: ReceptionState) -> Bench:
        if state not in made:
            made[state] = await bench_in(state, folder)
        return made[state].copied()

    return lend


def cells() -> Iterator[tuple[str, str, str]]:
    """Every cell of the table: state, step, where it leads."""
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    for state, *leads in rows:
        for step, to in zip(head, leads, strict=True):
            yield state, step, to


def expected(state: str, step: str, to: str, role: Role, who: str) -> type[Exception] | str:
    """Return the refusal, or the state that the step leads to."""
    if role not in WHO[step]:
        return RoleNotEnough
    by_approver = to.endswith("*")
    if step == "send_back" and to != "-" and (role is Role.APPROVER) is not by_approver:
        return ReceptionMoved
    if to == "-":
        return ReceptionMoved
    return OwnWork if who in NOT_BY.get(step, set()) else to.rstrip("*")


def test_the_table_names_every_state_and_every_step():
    found = list(cells())

    assert {state for state, _, _ in found} == {one.value for one in ReceptionState}
    assert {step for _, step, _ in found} == set(WHO)
    assert len(found) == len(ReceptionState) * len(WHO)


@pytest.mark.parametrize(("state", "step", "to"), list(cells()))
async def test_every_step_from_every_state_in_every_role_by_everybody(benches, state, step, to):
    wrong = []
    for role in Role:
        for who, person in PEOPLE.items():
            if role is Role.SYSTEM:
                continue  # the system is nobody's role, and proves nothing; it is refused below
            bench = await benches(ReceptionState(state))
            wanted = expected(state, step, to, role, who)
            try:
                await bench.take(step, confirmed(replace(person, role=role)))
                came: type[Exception] | str = (await bench.state()).value
            except (RoleNotEnough, ReceptionMoved, OwnWork) as refusal:
                came = type(refusal)
                assert (await bench.state()).value == state
            if came != wanted:
                wrong.append((role.value, who, came, wanted))

    assert wrong == []


@pytest.mark.parametrize(("state", "step", "to"), [cell for cell in cells() if cell[2] != "-"])
async def test_a_step_is_refused_to_the_system_to_another_body_and_without_a_proof(benches, state, step, to):
    role = Role.APPROVER if to.endswith("*") else sorted(WHO[step], key=lambda one: one is Role.APPROVER)[0]
    own = confirmed(replace(PEOPLE["somebody else"], role=role))
    refusals = [(replace(own, role=Role.SYSTEM), RoleNotEnough), (replace(own, tenant_id=2), ReceptionUnknown)]
    if step in SIGNATURES:
        refusals.append((replace(own, confirmed_at=NOW - timedelta(minutes=6)), ConfirmationNeeded))

    for actor, refusal in refusals:
        bench = await benches(ReceptionState(state))
        with pytest.raises(refusal):
            await bench.take(step, actor)
        assert (await bench.state()).value == state


async def test_what_is_held_is_reported_and_what_is_released_is_certified(benches):
    for step, certified in (("review", False), ("release_hold", True)):
        bench = await benches(ReceptionState.TESTED)
        for one, who in ((step, "reviewer"), ("approve", "approver"), ("issue", "approver")):
            await bench.take(one, confirmed(PEOPLE[who]))

        standing = await bench.work.certificates.standing(PACK)

        assert (standing is not None and standing.status is CertificateStatus.VALID) is certified
