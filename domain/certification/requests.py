"""A request for inspection (의뢰): who asks, what for, by which protocol, and which units; and where it stands.

Each unit becomes a reception of its own, with its own tests, judgement, report and certificate
(docs/decisions/0073-requests-and-units.md).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.certification.errors import (
    ItemFactsWrong,
    RequestEmpty,
    RequestLineUnknown,
    UnitAskedTwice,
    UnitSheetMissing,
    UnitSheetUnasked,
)
from domain.certification.model import Applicant, Chemistry, PriorLife, ProtocolName, Reception, Scope
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import PackId, PersonId, TenantId

UNITS_MAX = 50
"""So many units one request may hold; more are several requests."""

MADE_ON_MIN = date(1990, 1, 1)
"""Before this day nobody sold a lithium-ion cell; an earlier one is a slip of the pen."""

ASKED = (Scope.PACK, Scope.MODULE, Scope.CELL)
"""What may be asked for; a matching set is put together by the body, of units that were inspected."""


class RequestState(StrEnum):
    """How far a request has come: asked, taken in unit by unit, or ended without: refused, taken back, closed.

    A closed one was taken in in part: what was left then is not taken in any more, what was received goes on.
    """

    FILED = "filed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """Whether units of it may still be taken in."""
        return self in (RequestState.FILED, RequestState.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """What the maker's data sheet says of a module or a cell that nobody registered yet; the whole unit's ratings.

    Raises:
        ItemFactsWrong: a rating or a count is not above zero, or it is older than any cell of these chemistries.
    """

    maker: str
    model: str
    chemistry: Chemistry
    cell_capacity_mah: int
    cells_in_series: int
    cells_in_parallel: int
    rated_energy_wh: int
    nominal_voltage_mv: int
    manufactured_on: date
    mass_g: int = 0

    def __post_init__(self) -> None:
        for fact in (
            "cell_capacity_mah",
            "cells_in_series",
            "cells_in_parallel",
            "rated_energy_wh",
            "nominal_voltage_mv",
        ):
            if getattr(self, fact) <= 0:
                raise ItemFactsWrong(fact=fact)
        if self.manufactured_on < MADE_ON_MIN:
            raise ItemFactsWrong(fact="manufactured_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedUnit:
    """One unit of a request, under its line from 1; `identifier` is what is printed on it.

    `pack_id` where it is registered already, `parent_pack_id` the pack that a module or cell was part of.
    """

    line: int
    scope: Scope
    identifier: str
    sheet: DataSheet | None = None
    pack_id: PackId | None = None
    parent_pack_id: PackId | None = None
    calendar_expiry_on: date | None = None
    prior_life: PriorLife | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRequest:
    """A request as it was filed by an organisation, `tenant_id`, with a body, `body_id`; only its state changes."""

    request_id: UUID
    number: str
    tenant_id: TenantId
    body_id: TenantId
    applicant: Applicant
    purpose: str
    protocol: ProtocolName | None
    units: tuple[RequestedUnit, ...] = field(repr=False)
    filed_by: PersonId
    filed_by_name: str
    filed_at: datetime
    state: RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMove:
    """One move of a request, kept for ever: from where (None at its beginning) to where, by whom, when and why."""

    request_id: UUID
    tenant_id: TenantId
    body_id: TenantId
    sequence: int
    from_state: RequestState | None
    to_state: RequestState
    moved_by: PersonId
    moved_by_name: str
    moved_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """Which requests are asked for: of an applicant or of a body, None for all; newest first, beyond `after`.

    `waiting` keeps to those of which some unit was not taken in.
    """

    applicant: TenantId | None = None
    body: TenantId | None = None
    states: tuple[RequestState, ...] = tuple(RequestState)
    after: UUID | None = None
    waiting: bool = False
    limit: int


def require_units(units: Sequence[RequestedUnit]) -> None:
    """Refuse a request of no units, of too many, of one twice, or without what is to be known of each.

    A pack is registered and needs no data sheet; a module or cell that nobody registered needs one.

    Raises:
        RequestEmpty: there are none, or more than fifty.
        UnitAskedTwice: two lines name the same unit.
        UnitSheetMissing: nothing is known of a unit.
        UnitSheetUnasked: a data sheet speaks for a unit that is registered.
    """
    if not 1 <= len(units) <= UNITS_MAX:
        raise RequestEmpty(most=UNITS_MAX)
    seen: set[str] = set()
    for one in units:
        names = {one.identifier, *(() if one.pack_id is None else (str(one.pack_id),))}
        if seen & names:
            raise UnitAskedTwice(line=one.line, identifier=one.identifier)
        seen |= names
        if one.pack_id is None and one.sheet is None:
            raise UnitSheetMissing(line=one.line, identifier=one.identifier)
        if one.pack_id is not None and one.sheet is not None:
            raise UnitSheetUnasked(line=one.line, identifier=one.identifier)


def waiting(request: InspectionRequest, received: Iterable[Reception]) -> tuple[RequestedUnit, ...]:
    """Return the units of a request that were not taken in yet."""
    lines = {one.request_line for one in received}
    return tuple(one for one in request.units if one.line not in lines)


def chosen(units: Sequence[RequestedUnit], lines: Sequence[int]) -> tuple[RequestedUnit, ...]:
    """Return the units of some lines, all of them where none is named.

    Raises:
        RequestLineUnknown: a line is none of these.
    """
    known = {one.line: one for one in units}
    for line in lines:
        if line not in known:
            raise RequestLineUnknown(line=line)
    return tuple(known[line] for line in sorted(set(lines))) if lines else tuple(units)


# ── spelling ──────────────────────────────────────────────────────────────────────────────────────


def units_text(units: Sequence[RequestedUnit]) -> str:
    """Spell a request's units in canonical JSON."""
    return canonical_text([_spelled(one) for one in units])


def _spelled(one: RequestedUnit) -> Canonical:
    life, sheet = one.prior_life, one.sheet
    return {
        "line": one.line,
        "scope": one.scope.value,
        "identifier": one.identifier,
        "pack_id": None if one.pack_id is None else str(one.pack_id),
        "parent_pack_id": None if one.parent_pack_id is None else str(one.parent_pack_id),
        "calendar_expiry_on": None if one.calendar_expiry_on is None else one.calendar_expiry_on.isoformat(),
        "prior_life": None
        if life is None
        else {"use": life.use, "event_flags": list(life.event_flags), "source": life.source},
        "sheet": None
        if sheet is None
        else {
            "maker": sheet.maker,
            "model": sheet.model,
            "chemistry": sheet.chemistry.value,
            "cell_capacity_mah": sheet.cell_capacity_mah,
            "cells_in_series": sheet.cells_in_series,
            "cells_in_parallel": sheet.cells_in_parallel,
            "rated_energy_wh": sheet.rated_energy_wh,
            "nominal_voltage_mv": sheet.nominal_voltage_mv,
            "manufactured_on": sheet.manufactured_on.isoformat(),
            "mass_g": sheet.mass_g,
        },
    }


def units_of(text: str) -> tuple[RequestedUnit, ...]:
    """Read a request's units as `units_text` spelt them."""
    return tuple(
        RequestedUnit(
            line=one["line"],
            scope=Scope(one["scope"]),
            identifier=one["identifier"],
            pack_id=None if one["pack_id"] is None else PackId(UUID(one["pack_id"])),
            parent_pack_id=None if one["parent_pack_id"] is None else PackId(UUID(one["parent_pack_id"])),
            calendar_expiry_on=(
                None if one["calendar_expiry_on"] is None else date.fromisoformat(one["calendar_expiry_on"])
            ),
            prior_life=(
                None
                if (life := one["prior_life"]) is None
                else PriorLife(use=life["use"], event_flags=tuple(life["event_flags"]), source=life["source"])
            ),
            sheet=(
                None
                if (sheet := one["sheet"]) is None
                else DataSheet(
                    **{
                        **sheet,
                        "chemistry": Chemistry(sheet["chemistry"]),
                        "manufactured_on": date.fromisoformat(sheet["manufactured_on"]),
                    }
                )
            ),
        )
        for one in json.loads(text)
    )
