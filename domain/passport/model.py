"""Packs, passports, the edges between them, and the entries of a sealed history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.shared.canonical import Canonical
from domain.shared.identifiers import ContractId, EventId, PackId, PassportId, PersonId, TenantId


class IdentifierScheme(StrEnum):
    """What kind of name an identifier is."""

    PRODUCT_URI = "product-uri"
    KR_BATTERY_NO = "kr-battery-no"
    MAKER_SERIAL = "maker-serial"
    BMS_SERIAL = "bms-serial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One name of a pack, kept as it is printed."""

    scheme: IdentifierScheme
    value: str


class UnitKind(StrEnum):
    """What a registered thing is: a whole pack with its passport, or a part that is inspected by itself."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One physical pack, or a module or cell registered by itself, and what its maker says of it.

    `rated_capacity_mah` and `rated_energy_wh` are the whole unit's; `cell_capacity_mah` is one cell's.
    `parent_pack_id` is the pack that a part came out of, where it is known. A part has no passport.
    """

    pack_id: PackId
    holder: TenantId
    contract_id: ContractId | None
    model: str
    maker: str
    chemistry: str
    cell_model: str
    modules_in_series: int
    cells_in_series: int
    cells_in_parallel: int
    cell_capacity_mah: int
    rated_energy_wh: int
    nominal_voltage_mv: int
    mass_g: int
    manufactured_on: date
    registered_at: datetime
    kind: UnitKind = UnitKind.PACK
    parent_pack_id: PackId | None = None

    @property
    def rated_capacity_mah(self) -> int:
        """Parallel cells add their charge."""
        return self.cell_capacity_mah * self.cells_in_parallel

    @property
    def cell_count(self) -> int:
        """All cells of the pack."""
        return self.cells_in_series * self.cells_in_parallel


class Category(StrEnum):
    """What the battery is sold for."""

    EV = "ev"
    STATIONARY = "stationary"


class BatteryStatus(StrEnum):
    """Which life the passport describes."""

    ORIGINAL = "original"
    REPURPOSED = "repurposed"


class PassportState(StrEnum):
    """Whether a passport is in force."""

    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """A passport as issued. A pack has several over its life, at most one in force."""

    passport_id: PassportId
    pack_id: PackId
    product_uri: str
    category: Category
    battery_status: BatteryStatus
    operator_name_ko: str
    operator_name_en: str
    attributes: Mapping[str, Canonical]
    issued_at: datetime
    state: PassportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`to_passport` was made of `from_passport`; `module_share_ppm` of the old pack's modules went into it."""

    from_passport: PassportId
    to_passport: PassportId
    from_pack: PackId
    to_pack: PackId
    module_share_ppm: int
    event_id: EventId


class EntryKind(StrEnum):
    """What can happen to a pack, in the words of passport.md's event table."""

    MANUFACTURED = "manufactured"
    PASSPORT_ISSUED = "passport_issued"
    INSTALLED_IN_VEHICLE = "installed_in_vehicle"
    REMOVED = "removed"
    COLLECTED = "collected"
    RECEIVED = "received"
    TESTED = "tested"
    GRADED = "graded"
    REVIEWED = "reviewed"
    HOLD_RELEASED = "hold_released"
    APPROVED = "approved"
    CERTIFIED = "certified"
    REPORTED = "reported"
    RELEASED = "released"
    REPURPOSED = "repurposed"
    LABELLED = "labelled"
    DEPLOYED = "deployed"
    IN_SERVICE = "in_service"
    BILLED = "billed"
    HEALTH_CHECKED = "health_checked"
    ALARM_TRIPPED = "alarm_tripped"
    ALARM_CLEARED = "alarm_cleared"
    OPENED = "opened"
    MOVED = "moved"
    BMS_CHANGED = "bms_changed"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_REINSTATED = "certificate_reinstated"
    WITHDRAWN_FROM_USE = "withdrawn_from_use"
    EXTERNAL_RECORD_KNOWN = "external_record_known"
    REPORT_AMENDED = "report_amended"


class PackState(StrEnum):
    """Where a pack stands in its life: the fold of its history."""

    UNBORN = "unborn"
    MANUFACTURED = "manufactured"
    EV_IN_USE = "ev_in_use"
    REMOVED = "removed"
    COLLECTED = "collected"
    RECEIVED = "received"
    UNDER_TEST = "under_test"
    GRADED = "graded"
    APPROVED = "approved"
    REJECTED = "rejected"
    CERTIFIED = "certified"
    SECOND_LIFE = "second_life"
    IN_SERVICE = "in_service"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a pack's history ends."""

    pack_id: PackId
    sequence: int
    seal: bytes
    state: PackState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is to be recorded: what happened, when, and the particulars (integers and words only)."""

    kind: EntryKind
    occurred_at: datetime
    particulars: Mapping[str, Canonical]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed entry of a history. `payload` is canonical text; `seal` covers all of it and the seal before."""

    pack_id: PackId
    sequence: int
    event_id: EventId
    holder: TenantId
    kind: EntryKind
    occurred_at: datetime
    recorded_at: datetime
    actor_id: PersonId
    actor_name: str
    payload: str
    previous_seal: bytes
    seal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A printed label."""

    label_id: UUID
    pack_id: PackId
    passport_id: PassportId
    product_uri: str
    sheet_sha256: str
    printed_at: datetime
