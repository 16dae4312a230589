"""Steps over packs, passports and history; each takes part in a transaction that a journey owns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.passport import sealing
from domain.passport.digital_link import DigitalLink
from domain.passport.errors import IdentifierMalformed, PassportMissing
from domain.passport.model import (
    BatteryStatus,
    Category,
    Edge,
    Entry,
    EntryKind,
    Fact,
    Identifier,
    IdentifierScheme,
    Pack,
    Passport,
    PassportState,
    UnitKind,
)
from domain.passport.ports import PassportWork
from domain.shared.actor import Actor, Role
from domain.shared.canonical import Canonical
from domain.shared.identifiers import EventId, Ids, PackId, PassportId, TenantId
from domain.shared.time import Clock, day_start

WHOLE_PPM = 1_000_000
_KR_BATTERY_NO = re.compile(r"[0-9A-Z][0-9A-Z-]{0,23}")
_SERIAL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPack:
    """A pack as its owner describes it, with every identifier printed on it."""

    actor: Actor
    holder: TenantId
    product_uri: str
    kr_battery_no: str
    maker_serial: str
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
    manufactured_at: datetime
    responsible_ko: str
    responsible_en: str


async def register_pack(wish: RegisterPack, *, work: PassportWork, ids: Ids, clock: Clock) -> tuple[Pack, Passport]:
    """Register a pack under all its identifiers and open its first-life passport.

    Raises:
        IdentifierMalformed: an identifier is not of its scheme's form.
        IdentifierTaken: an identifier is already another pack's.
    """
    wish.actor.require(Role.OPERATOR)
    link = DigitalLink.parse(wish.product_uri)
    if not _KR_BATTERY_NO.fullmatch(wish.kr_battery_no):
        raise IdentifierMalformed(scheme=IdentifierScheme.KR_BATTERY_NO, value=wish.kr_battery_no[:100])
    if not _SERIAL.fullmatch(wish.maker_serial):
        raise IdentifierMalformed(scheme=IdentifierScheme.MAKER_SERIAL, value=wish.maker_serial[:100])
    now = clock.now()
    pack = Pack(
        pack_id=PackId(ids.new()),
        holder=wish.holder,
        contract_id=None,
        model=wish.model,
        maker=wish.maker,
        chemistry=wish.chemistry,
        cell_model=wish.cell_model,
        modules_in_series=wish.modules_in_series,
        cells_in_series=wish.cells_in_series,
        cells_in_parallel=wish.cells_in_parallel,
        cell_capacity_mah=wish.cell_capacity_mah,
        rated_energy_wh=wish.rated_energy_wh,
        nominal_voltage_mv=wish.nominal_voltage_mv,
        mass_g=wish.mass_g,
        manufactured_on=wish.manufactured_on,
        registered_at=now,
    )
    await work.packs.add(pack)
    for scheme, value in (
        (IdentifierScheme.PRODUCT_URI, str(link)),
        (IdentifierScheme.KR_BATTERY_NO, wish.kr_battery_no),
        (IdentifierScheme.MAKER_SERIAL, wish.maker_serial),
    ):
        await work.packs.name(pack.pack_id, Identifier(scheme=scheme, value=value))
    await work.histories.begin(sealing.empty_head(pack.pack_id))
    await record(
        pack.pack_id,
        Fact(
            kind=EntryKind.MANUFACTURED,
            occurred_at=wish.manufactured_at,
            particulars={"maker": wish.maker, "model": wish.model, "maker_serial": wish.maker_serial},
        ),
        actor=wish.actor,
        holder=wish.holder,
        work=work,
        ids=ids,
        clock=clock,
    )
    passport = Passport(
        passport_id=PassportId(ids.new()),
        pack_id=pack.pack_id,
        product_uri=str(link),
        category=Category.EV,
        battery_status=BatteryStatus.ORIGINAL,
        operator_name_ko=wish.responsible_ko,
        operator_name_en=wish.responsible_en,
        attributes=_product_attributes(pack, wish, Category.EV, BatteryStatus.ORIGINAL),
        issued_at=now,
        state=PassportState.ACTIVE,
    )
    await work.passports.add(passport)
    await record(
        pack.pack_id,
        Fact(
            kind=EntryKind.PASSPORT_ISSUED,
            occurred_at=now,
            particulars={"passport_id": str(passport.passport_id), "product_uri": passport.product_uri},
        ),
        actor=wish.actor,
        holder=wish.holder,
        work=work,
        ids=ids,
        clock=clock,
    )
    return pack, passport


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPart:
    """A module or a cell that is inspected by itself, as its data sheet describes it."""

    actor: Actor
    holder: TenantId
    kind: UnitKind
    maker_serial: str
    maker: str
    model: str
    chemistry: str
    cells_in_series: int
    cells_in_parallel: int
    cell_capacity_mah: int
    rated_energy_wh: int
    nominal_voltage_mv: int
    mass_g: int
    manufactured_on: date
    parent_pack_id: PackId | None = None


async def register_part(wish: RegisterPart, *, work: PassportWork, ids: Ids, clock: Clock) -> Pack:
    """Register a module or cell under the serial that is printed on it; its history begins, a passport it has none.

    Raises:
        IdentifierMalformed: the serial is not of a serial's form.
        IdentifierTaken: the serial is another unit's.
        ValueError: it is a whole pack.
    """
    wish.actor.require(Role.TESTER, Role.OPERATOR)
    if wish.kind is UnitKind.PACK:
        raise ValueError("a whole pack is registered with its passport")
    if not _SERIAL.fullmatch(wish.maker_serial):
        raise IdentifierMalformed(scheme=IdentifierScheme.MAKER_SERIAL, value=wish.maker_serial[:100])
    part = Pack(
        pack_id=PackId(ids.new()),
        holder=wish.holder,
        contract_id=None,
        model=wish.model,
        maker=wish.maker,
        chemistry=wish.chemistry,
        cell_model=wish.model,
        modules_in_series=1,
        cells_in_series=wish.cells_in_series,
        cells_in_parallel=wish.cells_in_parallel,
        cell_capacity_mah=wish.cell_capacity_mah,
        rated_energy_wh=wish.rated_energy_wh,
        nominal_voltage_mv=wish.nominal_voltage_mv,
        mass_g=wish.mass_g,
        manufactured_on=wish.manufactured_on,
        registered_at=clock.now(),
        kind=wish.kind,
        parent_pack_id=wish.parent_pack_id,
    )
    await work.packs.add(part)
    await work.packs.name(part.pack_id, Identifier(scheme=IdentifierScheme.MAKER_SERIAL, value=wish.maker_serial))
    await work.histories.begin(sealing.empty_head(part.pack_id))
    await record(
        part.pack_id,
        Fact(
            kind=EntryKind.MANUFACTURED,
            occurred_at=day_start(wish.manufactured_on),
            particulars={
                "maker": wish.maker,
                "model": wish.model,
                "maker_serial": wish.maker_serial,
                "scope": wish.kind.value,
                **({} if wish.parent_pack_id is None else {"parent_pack_id": str(wish.parent_pack_id)}),
            },
        ),
        actor=wish.actor,
        holder=wish.holder,
        work=work,
        ids=ids,
        clock=clock,
    )
    return part


def _product_attributes(
    pack: Pack, wish: RegisterPack, category: Category, status: BatteryStatus
) -> dict[str, Canonical]:
    return {
        "model": pack.model,
        "maker": pack.maker,
        "category": category.value,
        "battery_status": status.value,
        "responsible_ko": wish.responsible_ko,
        "responsible_en": wish.responsible_en,
        "manufactured_on": pack.manufactured_on.isoformat(),
        "mass_g": pack.mass_g,
        "kr_battery_no": wish.kr_battery_no,
        "maker_serial": wish.maker_serial,
        "chemistry": pack.chemistry,
        "cell_model": pack.cell_model,
        "rated_capacity_mah": pack.rated_capacity_mah,
        "rated_energy_wh": pack.rated_energy_wh,
        "nominal_voltage_mv": pack.nominal_voltage_mv,
        "modules_in_series": pack.modules_in_series,
    }


async def record(
    pack_id: PackId,
    fact: Fact,
    *,
    actor: Actor,
    holder: TenantId,
    work: PassportWork,
    ids: Ids,
    clock: Clock,
) -> Entry:
    """Append a fact to a pack's sealed history.

    Raises:
        PackUnknown: the pack has no history.
        StepOutOfOrder: the pack's state does not allow the fact.
        ObservedInTheFuture: the fact happened after now.
    """
    head = await work.histories.head(pack_id)
    entry, next_head = sealing.append(
        head, fact, event_id=EventId(ids.new()), holder=holder, actor=actor, now=clock.now()
    )
    await work.histories.add(entry, next_head)
    return entry


async def active_passport(pack_id: PackId, *, work: PassportWork) -> Passport:
    """Return the passport in force.

    Raises:
        PassportMissing: there is none.
    """
    for passport in await work.passports.of_pack(pack_id):
        if passport.state is PassportState.ACTIVE:
            return passport
    raise PassportMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Repurpose:
    """A certified pack becomes a stationary battery: what the new passport adds to the old one's facts."""

    actor: Actor
    pack_id: PackId
    product_uri: str
    responsible_ko: str
    responsible_en: str
    certification: Mapping[str, Canonical]


async def repurpose(wish: Repurpose, *, work: PassportWork, ids: Ids, clock: Clock) -> Passport:
    """Open the second-life passport, archive the first, and link the two in both directions.

    Raises:
        StepOutOfOrder: the pack is not certified.
        IdentifierTaken: the new product URI is already in use.
    """
    wish.actor.require(Role.OPERATOR)
    link = DigitalLink.parse(wish.product_uri)
    pack = await work.packs.one(wish.pack_id)
    old = await active_passport(wish.pack_id, work=work)
    now = clock.now()
    new = Passport(
        passport_id=PassportId(ids.new()),
        pack_id=wish.pack_id,
        product_uri=str(link),
        category=Category.STATIONARY,
        battery_status=BatteryStatus.REPURPOSED,
        operator_name_ko=wish.responsible_ko,
        operator_name_en=wish.responsible_en,
        attributes={
            **old.attributes,
            **wish.certification,
            "category": Category.STATIONARY.value,
            "battery_status": BatteryStatus.REPURPOSED.value,
            "responsible_ko": wish.responsible_ko,
            "responsible_en": wish.responsible_en,
        },
        issued_at=now,
        state=PassportState.ACTIVE,
    )
    entry = await record(
        wish.pack_id,
        Fact(
            kind=EntryKind.REPURPOSED,
            occurred_at=now,
            particulars={
                "from_passport": str(old.passport_id),
                "to_passport": str(new.passport_id),
                "product_uri": new.product_uri,
                "module_share_ppm": WHOLE_PPM,
            },
        ),
        actor=wish.actor,
        holder=pack.holder,
        work=work,
        ids=ids,
        clock=clock,
    )
    await work.packs.name(wish.pack_id, Identifier(scheme=IdentifierScheme.PRODUCT_URI, value=new.product_uri))
    await work.passports.set_state(wish.pack_id, old.passport_id, PassportState.ARCHIVED)
    await work.passports.add(new)
    await work.passports.link(
        Edge(
            from_passport=old.passport_id,
            to_passport=new.passport_id,
            from_pack=wish.pack_id,
            to_pack=wish.pack_id,
            module_share_ppm=WHOLE_PPM,
            event_id=entry.event_id,
        )
    )
    return new


async def verify_history(pack_id: PackId, *, work: PassportWork) -> int:
    """Check a pack's whole history; return how many entries hold.

    Raises:
        SealBroken: names the first broken entry.
    """
    head = await work.histories.head(pack_id)  # locked, so that nobody appends between the two reads
    return sealing.verify(await work.histories.entries(pack_id), head)
