"""Sites, channels, day blocks of readings, and what is frozen of a month."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

from domain.shared.identifiers import ChannelId, ContractId, SiteId, SnapshotId, TenantId
from domain.shared.time import SLOTS_A_DAY, Month

ReadingImportId = NewType("ReadingImportId", UUID)
MeterId = NewType("MeterId", UUID)

DayValues = tuple[int | None, ...]
"""The slots of one Seoul day from 00:00; None means that nothing was received, which is not zero.

There are 96 of them, or as many as the channel's slots are short or long: 1440, 288, 48 or 24.
"""

MINUTES_A_DAY = 1_440
SLOT_MINUTES = 15
SLOT_WIDTHS: tuple[int, ...] = (1, 5, 15, 30, 60)
"""How many minutes a channel's slots may last; figures are of 15 minutes whatever a channel's own are."""

DAY_LENGTHS: frozenset[int] = frozenset(MINUTES_A_DAY // minutes for minutes in SLOT_WIDTHS)


class Quantity(StrEnum):
    """What a channel measures at a site."""

    LOAD = "load"
    PV = "pv"
    STORAGE_CHARGE = "storage_charge"
    STORAGE_DISCHARGE = "storage_discharge"
    GRID_IMPORT = "grid_import"
    GRID_EXPORT = "grid_export"
    STORAGE_SOC = "storage_soc"
    AUXILIARY = "auxiliary"

    @property
    def unit(self) -> str:
        """`Wh` per slot; for the state of charge `bp` (1 bp = 0.01 %) at the slot's end."""
        return "bp" if self is Quantity.STORAGE_SOC else "Wh"


ENERGIES: tuple[Quantity, ...] = (
    Quantity.LOAD,
    Quantity.PV,
    Quantity.STORAGE_CHARGE,
    Quantity.STORAGE_DISCHARGE,
    Quantity.GRID_IMPORT,
    Quantity.GRID_EXPORT,
)
"""The six of the site's balance: pv + import + discharge = load + export + charge.

Auxiliaries (cooling, control) are metered behind the load or the storage, so the balance holds them already.
"""

OPENED_WITH: tuple[Quantity, ...] = (*ENERGIES, Quantity.STORAGE_SOC)
"""The channels that a site gets unless somebody says otherwise."""


class Quality(StrEnum):
    """How a value came to be known."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    CORRECTED = "corrected"
    SUSPECT = "suspect"


class ReadingSource(StrEnum):
    """The way that readings came in."""

    SITE_FILE = "site_file"
    API = "api"
    REGISTER = "register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A tenant's place with one grid connection, as it was opened: `contract_power_w` is the KEPCO 계약전력 of then.

    What holds on a day is told by the site's service point.
    """

    site_id: SiteId
    tenant_id: TenantId
    name_ko: str
    name_en: str
    address_ko: str
    kepco_customer_no: str
    contract_power_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One quantity that one meter counts at one site; the number is counted per tenant.

    It counts from the day `from_on` to before `until_on`, as long as there is a day. Its slots last `slot_minutes`.
    """

    channel_id: ChannelId
    tenant_id: TenantId
    site_id: SiteId
    quantity: Quantity
    meter_id: MeterId
    slot_minutes: int = SLOT_MINUTES
    from_on: date | None = None
    until_on: date | None = None

    @property
    def slots_a_day(self) -> int:
        """How many slots its days have."""
        return MINUTES_A_DAY // self.slot_minutes

    @property
    def is_quarter(self) -> bool:
        """Whether its slots are of 15 minutes."""
        return self.slot_minutes == SLOT_MINUTES

    @property
    def is_plain(self) -> bool:
        """Whether its slots are of 15 minutes and it was and will be there on every day, as nearly all are."""
        return self.slot_minutes == SLOT_MINUTES and self.from_on is None and self.until_on is None

    def counts_on(self, day: date) -> bool:
        """Say whether the channel is there on a day."""
        return (self.from_on is None or self.from_on <= day) and (self.until_on is None or day < self.until_on)


class RevisionReason(StrEnum):
    """Why a filled slot, or a day after a freeze, got a revision."""

    LATE = "late"
    RESEND = "resend"
    MANUAL = "manual"
    VALIDATION = "vee"
    METER_SWAP = "meter-swap"
    ESTIMATE = "estimate"
    ACTUAL = "actual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """That one slot's value is known otherwise than its block's; slots count from 0."""

    slot: int
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """That empty slots of a day were filled in place after the block was first stored; slots count from 0."""

    at: datetime
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBlock:
    """A channel's Seoul day.

    The current block of a day is the one of the highest revision. `quality` holds for every value
    in the block except the marked ones. Revision 0 fills as readings arrive, until a freeze; then each
    change is a revision. `recorded_at` is when the block was first stored, `fills` tell what came into it
    later: together they say what was known at any moment.
    """

    channel_id: ChannelId
    day: date
    revision: int
    values: DayValues
    quality: Quality
    source: ReadingSource
    recorded_at: datetime
    fills: Sequence[Fill] = ()
    marks: tuple[Mark, ...] = ()
    reason: RevisionReason | None = None

    def __post_init__(self) -> None:
        if len(self.values) not in DAY_LENGTHS:
            raise ValueError("a day has 1440, 288, 96, 48 or 24 slots")


DayKey = tuple[ChannelId, date]
"""A channel and a Seoul day."""

Blocks = Mapping[DayKey, DayBlock]
"""Current day blocks, by channel and day."""


@dataclass(slots=True, kw_only=True)
class ChannelDay:
    """One channel's Seoul day as a sender says it. Not frozen: a request makes thousands, and freezing costs most."""

    channel_id: ChannelId
    day: date
    values: DayValues


class Tick(NamedTuple):
    """The one value that a sender says of a channel's day of quarter-hours, as meters do that live: its slot from 0.

    Ticks sort by their key, which is the order in which days are locked.
    """

    channel_id: ChannelId
    day: date
    slot: int
    value: int

    def as_day(self) -> ChannelDay:
        """Return the day with this value and no other."""
        values: list[int | None] = [None] * SLOTS_A_DAY
        values[self.slot] = self.value
        return ChannelDay(channel_id=self.channel_id, day=self.day, values=tuple(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of offered days of which each was new, known with the very same values, or otherwise known.

    `refused` says that some were not added though nothing is known of them: their month is frozen, their channel is not
    the tenant's, or another sender began them at this very moment.
    """

    same: frozenset[DayKey]
    other: frozenset[DayKey]
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantitySeries:
    """One column of a readings file, cut into Seoul days.

    `rounded` says that the file carried fractions of a Wh, so that one Wh either way is the same
    reading: where a fraction is carried over depends on the slot that a file begins with.
    """

    quantity: Quantity
    days: Mapping[date, DayValues]
    rounded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSeries:
    """What a readings file says.

    `intervals` counts its distinct slots; `first_at` and `last_at` are the starts of the first and
    the last of them.
    """

    quantities: tuple[QuantitySeries, ...]
    intervals: int
    duplicate_rows: int
    blank_cells: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingConflict:
    """A value that differs from the one kept for the same slot; `index` counts the day's slots from 0."""

    channel_id: ChannelId
    quantity: Quantity
    day: date
    index: int
    kept: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedDay:
    """The values of a channel's day that disagree with the kept ones, put aside; None where they agree."""

    channel_id: ChannelId
    day: date
    values: DayValues


class ConflictState(StrEnum):
    """What became of values that were put aside."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideDay:
    """What one import offered for a channel's day otherwise than it was kept; `part` counts its several sendings."""

    channel_id: ChannelId
    day: date
    import_id: ReadingImportId
    part: int
    values: DayValues
    file_sha256: str
    received_at: datetime
    state: ConflictState = ConflictState.OPEN
    reason: str = ""
    settled_by: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingImport:
    """That a file was taken, and what it brought the first time.

    Values are counted, not rows: `accepted` are new ones, and `filled` of these went into days that
    were known in part; `late` of the accepted lie in a frozen month.
    """

    import_id: ReadingImportId
    tenant_id: TenantId
    site_id: SiteId
    file_sha256: str
    intervals: int
    accepted: int
    filled: int
    late: int
    duplicate: int
    conflicting: int
    duplicate_rows: int
    blank_cells: int
    first_at: datetime
    last_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What one sending of a file did; the counts are as in `ReadingImport`.

    `sent_before` says that a file of the same bytes was taken earlier. `totals_wh` are the file's own
    sums per energy. `conflicts` names the first hundred. `unbalanced` counts slots whose meters do not
    agree: pv + import + discharge against load + export + charge, beyond 2 % and rounding.
    """

    import_id: ReadingImportId
    sent_before: bool
    intervals: int
    accepted: int
    filled: int
    late: int
    duplicate: int
    conflicting: int
    duplicate_rows: int
    blank_cells: int
    unbalanced: int
    totals_wh: Mapping[Quantity, int]
    conflicts: tuple[ReadingConflict, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotEnergy:
    """A site's energies in one slot, Wh; None where a meter gave nothing, 0 where there is no such meter."""

    load_wh: int | None
    pv_wh: int | None
    storage_charge_wh: int | None
    storage_discharge_wh: int | None
    grid_import_wh: int | None
    grid_export_wh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUsage:
    """A month's figures of one site: what a contract is billed by.

    `renewable_wh`, `grid_wh` and `unattributed_wh` add up to `storage_discharge_wh`. `charged_*` add
    up to `storage_charge_wh`. For each source, opening stock + charged = delivered + lost + closing
    stock, where `stock_*_wh` are the closing ones. `efficiency_ppm` is the one that attribution drew
    with; `round_trip_ppm` is the month's own discharge over charge, None without a charge.
    """

    month: Month
    load_wh: int
    pv_wh: int
    storage_charge_wh: int
    storage_discharge_wh: int
    grid_import_wh: int
    grid_export_wh: int
    charged_pv_wh: int
    charged_grid_wh: int
    renewable_wh: int
    grid_wh: int
    unattributed_wh: int
    lost_pv_wh: int
    lost_grid_wh: int
    stock_pv_wh: int
    stock_grid_wh: int
    renewable_share_ppm: int
    efficiency_ppm: int
    round_trip_ppm: int | None
    self_consumption_ppm: int | None
    self_sufficiency_ppm: int | None
    completeness_ppm: int
    missing_values: int
    peak_import_w: int | None
    peak_import_at: datetime | None

    @property
    def losses_wh(self) -> int:
        """What was booked as lost in the storage."""
        return self.lost_pv_wh + self.lost_grid_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSnapshot:
    """A month's usage as frozen for one contract; never changed.

    `readings_sha256` is over the canonical text of every value of the month (`usage.readings_text`).
    """

    snapshot_id: SnapshotId
    tenant_id: TenantId
    contract_id: ContractId
    site_id: SiteId
    revision: int
    usage: MonthUsage
    readings_sha256: str
    frozen_at: datetime


ReadingEstimateId = NewType("ReadingEstimateId", UUID)
FindingId = NewType("FindingId", UUID)


class EstimateState(StrEnum):
    """What became of a proposed estimate."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class EstimateRule(StrEnum):
    """How missing slots were estimated; each keeps its meaning."""

    LINEAR = "linear"
    LIKE_DAY = "like-day"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEstimate:
    """Values that a rule proposes for a channel's day; None where nothing is proposed. Nothing counts until accepted.

    `basis` says what the rule looked at: the slots before and after the gap, or the like day. With a `finding_id` the
    values are for the slots of that finding, which may hold a value that is doubted.
    """

    estimate_id: ReadingEstimateId
    tenant_id: TenantId
    site_id: SiteId
    channel_id: ChannelId
    day: date
    values: DayValues
    rule: EstimateRule
    basis: str
    state: EstimateState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    finding_id: FindingId | None = None


class FindingState(StrEnum):
    """What became of something that was found in stored days."""

    OPEN = "open"
    ACCEPTED = "accepted"
    ESTIMATED = "estimated"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """Something found in stored days: `slots` slots of a day from `slot` on, of a channel, or of the site's together.

    `kind` is one of the closed list of findings. `revision` is that of the day when it was judged: an accepted finding
    is open again once the day has another one. A finding that a later judgement does not make is gone, not deleted.
    """

    finding_id: FindingId
    tenant_id: TenantId
    site_id: SiteId
    channel_id: ChannelId | None
    day: date
    kind: str
    slot: int
    slots: int
    detail: str
    revision: int
    state: FindingState
    found_at: datetime
    reason: str = ""
    settled_by: str | None = None
    settled_at: datetime | None = None

    @property
    def figures(self) -> tuple[int, ...]:
        """The numbers of the detail in their order, for another language to tell."""
        return tuple([int(number) for number in re.findall(r"-?[0-9]+", self.detail)])


@dataclass(frozen=True, slots=True, kw_only=True)
class VettedMonth:
    """That a site's month was judged, and by which readings; `left_out` counts findings beyond those that are kept."""

    month: Month
    basis_sha256: str
    vetted_at: datetime
    found: int
    left_out: int
