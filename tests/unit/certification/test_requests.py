"""Which requests can be filed, how their units are spelt, and the whole state machine of a request."""

import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certification.errors import (
    ItemFactsWrong,
    ReasonMissing,
    RequestBodyUnknown,
    RequestEmpty,
    RequestLineUnknown,
    RequestMoved,
    RequestNothingLeft,
    RequestUnknown,
    UnitAskedTwice,
    UnitSheetMissing,
    UnitSheetUnasked,
)
from domain.certification.model import Applicant, Chemistry, PriorLife, ProtocolName, Scope
from domain.certification.requests import (
    DataSheet,
    InspectionRequest,
    RequestedUnit,
    RequestState,
    chosen,
    require_units,
    units_of,
    units_text,
)
from domain.certification.usecases.requesting import (
    AtRequest,
    FileRequest,
    accept,
    close_request,
    file_request,
    hold_for_acceptance,
    refuse_request,
    withdraw_request,
)
from domain.shared.actor import Role, RoleNotEnough, complex_reach_of
from domain.shared.identifiers import PackId, ReceptionId, TenantId
from tests.fakes.certification import MemoryCertificationWork
from tests.fakes.system import CountedIds, FixedClock, someone
from tests.unit.certification.test_printing import received

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
CLOCK = FixedClock(NOW)
SHEET = DataSheet(
    maker="LG",
    model="M50T",
    chemistry=Chemistry.NMC,
    cell_capacity_mah=5_000,
    cells_in_series=1,
    cells_in_parallel=1,
    rated_energy_wh=18,
    nominal_voltage_mv=3_630,
    manufactured_on=date(2020, 5, 4),
)
UNITS = (
    RequestedUnit(line=1, scope=Scope.PACK, identifier="SH-0001", pack_id=PackId(UUID(int=51))),
    RequestedUnit(
        line=2,
        scope=Scope.MODULE,
        identifier="MOD-7",
        sheet=replace(SHEET, cells_in_series=12),
        parent_pack_id=PackId(UUID(int=51)),
        calendar_expiry_on=date(2031, 1, 1),
        prior_life=PriorLife(use="BEV", event_flags=("crash",), source="의뢰자"),
    ),
    RequestedUnit(line=3, scope=Scope.CELL, identifier="CELL-9", sheet=SHEET),
)
APPLICANT, BODY = TenantId(11), TenantId(2)
PEOPLE = {
    "applicant": someone(Role.TENANT_ADMIN, name="김신청", number=901, tenant_id=APPLICANT),
    "another tenant": someone(Role.TENANT_ADMIN, name="남신청", number=902, tenant_id=12),
    "body": someone(Role.TESTER, name="이시험", number=903, tenant_id=BODY),
    "another body": someone(Role.TESTER, name="남시험", number=904, tenant_id=3),
}


def test_units_come_back_as_they_were_spelt():
    assert units_of(units_text(UNITS)) == UNITS


@given(
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=8),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30),
)
def test_any_units_come_back_whatever_is_printed_on_them(units, printed):
    named = tuple(replace(one, line=line, identifier=f"{printed}{line}") for line, one in enumerate(units, start=1))

    assert units_of(units_text(named)) == named


@pytest.mark.parametrize(
    ("units", "error"),
    [
        pytest.param((), RequestEmpty, id="no unit"),
        pytest.param(
            [replace(UNITS[2], line=n, identifier=f"C-{n}") for n in range(1, 52)], RequestEmpty, id="fifty-one"
        ),
        pytest.param((UNITS[2], replace(UNITS[2], line=2)), UnitAskedTwice, id="one serial twice"),
        pytest.param(
            (UNITS[0], replace(UNITS[0], line=2, identifier="KR-1")), UnitAskedTwice, id="one pack by two names"
        ),
        pytest.param((replace(UNITS[2], sheet=None),), UnitSheetMissing, id="nothing known"),
        pytest.param((replace(UNITS[0], sheet=SHEET),), UnitSheetUnasked, id="known twice"),
    ],
)
def test_a_request_names_each_unit_once_with_what_is_known_of_it(units, error):
    with pytest.raises(error):
        require_units(units)


@pytest.mark.parametrize("fact", ["cell_capacity_mah", "cells_in_series", "rated_energy_wh", "nominal_voltage_mv"])
def test_a_data_sheets_ratings_are_above_zero(fact):
    with pytest.raises(ItemFactsWrong):
        replace(SHEET, **{fact: 0})


def test_no_cell_is_older_than_its_chemistry():
    with pytest.raises(ItemFactsWrong):
        replace(SHEET, manufactured_on=date(1989, 12, 31))
    assert replace(SHEET, manufactured_on=date(1990, 1, 1)).maker == "LG"


def test_units_are_chosen_by_line_and_all_of_them_where_none_is_named():
    assert chosen(UNITS, [3, 1, 3]) == (UNITS[0], UNITS[2])
    assert chosen(UNITS, []) == UNITS
    with pytest.raises(RequestLineUnknown):
        chosen(UNITS, [4])


# ── every step, from every state, in every role, by everybody ─────────────────────────────────────

TABLE = """
            accept     refuse    close     withdraw
filed       accepted   refused   -         withdrawn
accepted    accepted   -         closed    -
refused     -          -         -         -
withdrawn   -          -         -         -
closed      -          -         -         -
"""
"""Where each step leads from each state; `-` is refused. Units that come later are accepted by the same step."""

WHO = {
    "accept": ({Role.TESTER}, "body"),
    "refuse": ({Role.TESTER}, "body"),
    "close": ({Role.TESTER}, "body"),
    "withdraw": ({Role.TENANT_ADMIN, Role.OPERATOR, Role.OWNER}, "applicant"),
}
"""Whose step it is: in which role, and of which side."""


async def take(step, actor, request, work, *, reason="시험"):
    wish = AtRequest(actor=actor, request_id=request.request_id, reason=reason)
    match step:
        case "accept":
            await accept(wish, await hold_for_acceptance(wish, work=work), work=work, clock=CLOCK)
        case "refuse":
            await refuse_request(wish, work=work, clock=CLOCK)
        case "close":
            await close_request(wish, work=work, clock=CLOCK)
        case "withdraw":
            await withdraw_request(wish, work=work, clock=CLOCK)


async def filed(actor=PEOPLE["applicant"]) -> tuple[MemoryCertificationWork, InspectionRequest]:
    work = MemoryCertificationWork()
    wish = FileRequest(
        actor=actor,
        body_id=BODY,
        applicant=Applicant(name="순환", contact="-"),
        purpose="재사용 판정",
        units=UNITS,
        protocol=ProtocolName(protocol_id="SH-REUSE-01", version="1.0.0"),
    )
    return work, await file_request(wish, work=work, ids=CountedIds(), clock=CLOCK)


async def brought_to(state: str) -> tuple[MemoryCertificationWork, InspectionRequest]:
    work, request = await filed()
    ways = {
        "accepted": ["accept"],
        "refused": ["refuse"],
        "withdrawn": ["withdraw"],
        "closed": ["accept", "close"],
    }
    for step in ways.get(state, []):
        await take(step, PEOPLE[WHO[step][1]], request, work)
    return work, request


def cells():
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [(state, step, to) for state, *leads in rows for step, to in zip(head, leads, strict=True)]


def test_the_table_names_every_state_and_every_step():
    assert {state for state, _, _ in cells()} == {one.value for one in RequestState}
    assert {step for _, step, _ in cells()} == set(WHO)


@pytest.mark.parametrize(("state", "step", "to"), cells())
async def test_every_step_from_every_state_in_every_role_by_everybody(state, step, to):
    work, request = await brought_to(state)
    roles, side = WHO[step]
    wrong = []
    for role in Role:
        for who, person in PEOPLE.items():
            tried = copy.deepcopy(work)
            if role not in roles:
                wanted = RoleNotEnough
            elif who != side and role is not Role.OPERATOR:  # the operator acts for every applicant of its complex
                wanted = RequestUnknown
            else:
                wanted = RequestMoved if to == "-" else to
            acting = replace(person, role=role, complex_reach=complex_reach_of(1, [APPLICANT]))
            try:
                await take(step, acting, request, tried)
                came = (await tried.requests.one(request.request_id)).state.value
            except (RoleNotEnough, RequestUnknown, RequestMoved) as refusal:
                came = type(refusal)
                assert (await tried.requests.one(request.request_id)).state.value == state
            if came != wanted:
                wrong.append((role.value, who, came, wanted))

    assert wrong == []


async def test_the_operator_of_another_complex_takes_no_request_back():
    work, request = await filed()
    elsewhere = replace(PEOPLE["applicant"], role=Role.OPERATOR, complex_reach=complex_reach_of(2, [TenantId(101)]))

    with pytest.raises(RequestUnknown):
        await take("withdraw", elsewhere, request, work)


@pytest.mark.parametrize("role", list(Role))
async def test_only_a_tester_files_for_another_and_with_their_own_body(role):
    work = MemoryCertificationWork()
    actor = replace(PEOPLE["body"], role=role)

    def wish(body_id):
        return FileRequest(
            actor=actor,
            body_id=body_id,
            tenant_id=APPLICANT,
            applicant=Applicant(name="순환", contact="-"),
            purpose="재사용 판정",
            units=UNITS,
        )

    if role is not Role.TESTER:
        with pytest.raises(RoleNotEnough):
            await file_request(wish(BODY), work=work, ids=CountedIds(), clock=CLOCK)
        return
    filed_for = await file_request(wish(BODY), work=work, ids=CountedIds(), clock=CLOCK)
    assert (filed_for.tenant_id, filed_for.body_id, filed_for.filed_by) == (APPLICANT, BODY, actor.person_id)
    with pytest.raises(RequestBodyUnknown):
        await file_request(wish(TenantId(3)), work=work, ids=CountedIds(), clock=CLOCK)


@pytest.mark.parametrize("role", list(Role))
async def test_only_an_applicants_own_people_file(role):
    actor = replace(PEOPLE["applicant"], role=role)
    if role in (Role.TENANT_ADMIN, Role.OPERATOR, Role.OWNER):
        _, request = await filed(actor)
        assert (request.tenant_id, request.state, request.number) == (APPLICANT, "filed", "Q-2026-000001")
    else:
        with pytest.raises(RoleNotEnough):
            await filed(actor)


@pytest.mark.parametrize(
    ("step", "who", "state"),
    [("refuse", "body", "filed"), ("close", "body", "accepted"), ("withdraw", "applicant", "filed")],
)
async def test_a_request_ends_with_a_reason(step, who, state):
    work, request = await brought_to(state)

    with pytest.raises(ReasonMissing):
        await take(step, PEOPLE[who], request, work, reason="  ")
    assert (await work.requests.one(request.request_id)).state == state


async def test_a_request_that_was_taken_in_whole_is_not_closed():
    work, request = await brought_to("accepted")
    for line in (1, 2, 3):
        one = received(Scope.CELL, line)
        await work.receptions.add(
            replace(
                one,
                number=f"R-{line}",
                reception_id=ReceptionId(UUID(int=line)),
                pack_id=PackId(UUID(int=line)),
                request_id=request.request_id,
            )
        )

    with pytest.raises(RequestNothingLeft):
        await take("close", PEOPLE["body"], request, work)
    assert (await work.requests.one(request.request_id)).state is RequestState.ACCEPTED
