"""Ports of the passport context on PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Integer, RowMapping, case, insert, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.passport import (
    HistoryEntryRow,
    HistoryHeadRow,
    LabelRow,
    LineageRow,
    PackIdentifierRow,
    PackRow,
    PassportRow,
    PassportStateRow,
)
from adapters.postgres.transaction import Within, of_complex
from domain.passport.errors import HistoryMoved, IdentifierTaken, PackUnknown
from domain.passport.model import (
    BatteryStatus,
    Category,
    Edge,
    Entry,
    EntryKind,
    Head,
    Identifier,
    IdentifierScheme,
    Label,
    Pack,
    PackState,
    Passport,
    PassportState,
    UnitKind,
)
from domain.shared.canonical import canonical_text
from domain.shared.identifiers import ContractId, EventId, PackId, PassportId, PersonId, TenantId


def _pack_row(pack: Pack) -> dict[str, object]:
    return {
        "pack_id": pack.pack_id,
        "tenant_id": pack.holder,
        "contract_id": pack.contract_id,
        "model": pack.model,
        "maker": pack.maker,
        "chemistry": pack.chemistry,
        "cell_model": pack.cell_model,
        "modules_in_series": pack.modules_in_series,
        "cells_in_series": pack.cells_in_series,
        "cells_in_parallel": pack.cells_in_parallel,
        "cell_capacity_mah": pack.cell_capacity_mah,
        "rated_capacity_mah": pack.rated_capacity_mah,
        "rated_energy_wh": pack.rated_energy_wh,
        "nominal_voltage_mv": pack.nominal_voltage_mv,
        "mass_g": pack.mass_g,
        "manufactured_on": pack.manufactured_on,
        "registered_at": pack.registered_at,
        "part_kind": None if pack.kind is UnitKind.PACK else pack.kind.value,
        "parent_pack_id": pack.parent_pack_id,
    }


def _to_pack(row: RowMapping) -> Pack:
    return Pack(
        pack_id=PackId(row["pack_id"]),
        holder=TenantId(row["tenant_id"]),
        contract_id=None if row["contract_id"] is None else ContractId(row["contract_id"]),
        model=row["model"],
        maker=row["maker"],
        chemistry=row["chemistry"],
        cell_model=row["cell_model"],
        modules_in_series=row["modules_in_series"],
        cells_in_series=row["cells_in_series"],
        cells_in_parallel=row["cells_in_parallel"],
        cell_capacity_mah=row["cell_capacity_mah"],
        rated_energy_wh=row["rated_energy_wh"],
        nominal_voltage_mv=row["nominal_voltage_mv"],
        mass_g=row["mass_g"],
        manufactured_on=row["manufactured_on"],
        registered_at=row["registered_at"],
        kind=UnitKind(row["part_kind"] or UnitKind.PACK),
        parent_pack_id=None if row["parent_pack_id"] is None else PackId(row["parent_pack_id"]),
    )


_PACK_COLUMNS = tuple(PackRow.__table__.c)  # type: ignore[attr-defined]


class PostgresPacks:
    """Packs and their identifiers."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def add(self, pack: Pack) -> None:
        """Store a new pack."""
        await self._connection.execute(insert(PackRow).values(_pack_row(pack)))

    async def name(self, pack_id: PackId, identifier: Identifier) -> None:
        """Let an identifier lead to a pack."""
        await self._connection.execute(
            upsert(PackIdentifierRow)
            .values(value=identifier.value, scheme=identifier.scheme.value, pack_id=pack_id)
            .on_conflict_do_nothing()
        )
        found = await self._connection.execute(
            select(col(PackIdentifierRow.pack_id)).where(
                col(PackIdentifierRow.value) == identifier.value,
                col(PackIdentifierRow.scheme) == identifier.scheme.value,
            )
        )
        if found.scalar_one() != pack_id:
            raise IdentifierTaken(value=identifier.value)

    async def one(self, pack_id: PackId) -> Pack:
        """Return a pack."""
        found = await self._connection.execute(select(*_PACK_COLUMNS).where(col(PackRow.pack_id) == pack_id))
        row = found.mappings().first()
        if row is None:
            raise PackUnknown(identifier=str(pack_id))
        return _to_pack(row)

    async def several(self, pack_ids: Sequence[PackId]) -> tuple[Pack, ...]:
        """Return those of these packs that are known."""
        found = await self._connection.execute(select(*_PACK_COLUMNS).where(col(PackRow.pack_id).in_(pack_ids)))
        return tuple(_to_pack(row) for row in found.mappings())

    async def find(self, identifier: str) -> PackId:
        """Return the pack that an identifier leads to."""
        found = await self._connection.execute(
            select(col(PackIdentifierRow.pack_id)).where(col(PackIdentifierRow.value) == identifier).limit(1)
        )
        pack_id: UUID | None = found.scalar_one_or_none()
        if pack_id is None:
            raise PackUnknown(identifier=identifier[:200])
        return PackId(pack_id)

    async def identifiers(self, pack_id: PackId) -> tuple[Identifier, ...]:
        """Return all names of a pack."""
        found = await self._connection.execute(
            select(col(PackIdentifierRow.scheme), col(PackIdentifierRow.value))
            .where(col(PackIdentifierRow.pack_id) == pack_id)
            .order_by(col(PackIdentifierRow.scheme), col(PackIdentifierRow.value))
        )
        return tuple(Identifier(scheme=IdentifierScheme(scheme), value=value) for scheme, value in found)

    async def page(self, *, holder: TenantId | None, after: PackId | None, limit: int) -> tuple[Pack, ...]:
        """Return packs, newest first."""
        query = of_complex(
            select(*_PACK_COLUMNS).order_by(col(PackRow.pack_id).desc()).limit(limit), PackRow.tenant_id, self._within
        )
        if holder is not None:
            query = query.where(col(PackRow.tenant_id) == holder)
        if after is not None:
            query = query.where(col(PackRow.pack_id) < after)
        found = await self._connection.execute(query)
        return tuple(_to_pack(row) for row in found.mappings())

    async def take(self, pack_id: PackId, *, contract_id: ContractId, holder: TenantId) -> bool:
        """Bind a free pack to a contract: compare and set on the pack's own row."""
        done = await self._connection.execute(
            update(PackRow)
            .where(col(PackRow.pack_id) == pack_id, col(PackRow.contract_id).is_(None))
            .values(contract_id=contract_id, tenant_id=holder)
        )
        return done.rowcount == 1

    async def release(self, pack_id: PackId, *, holder: TenantId) -> None:
        """Unbind a pack."""
        await self._connection.execute(
            update(PackRow).where(col(PackRow.pack_id) == pack_id).values(contract_id=None, tenant_id=holder)
        )


def _to_passport(row: RowMapping) -> Passport:
    attributes = json.loads(row["attributes"])
    if not isinstance(attributes, Mapping):
        raise TypeError("a passport's attributes are an object")
    return Passport(
        passport_id=PassportId(row["passport_id"]),
        pack_id=PackId(row["pack_id"]),
        product_uri=row["product_uri"],
        category=Category(row["category"]),
        battery_status=BatteryStatus(row["battery_status"]),
        operator_name_ko=row["operator_name_ko"],
        operator_name_en=row["operator_name_en"],
        attributes=attributes,
        issued_at=row["issued_at"],
        state=PassportState(row["state"]),
    )


class PostgresPassports:
    """Passports and lineage."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, passport: Passport) -> None:
        """Store a new passport with its state."""
        await self._connection.execute(
            insert(PassportRow).values(
                pack_id=passport.pack_id,
                passport_id=passport.passport_id,
                product_uri=passport.product_uri,
                category=passport.category.value,
                battery_status=passport.battery_status.value,
                operator_name_ko=passport.operator_name_ko,
                operator_name_en=passport.operator_name_en,
                attributes=canonical_text(passport.attributes),
                issued_at=passport.issued_at,
            )
        )
        await self._connection.execute(
            insert(PassportStateRow).values(
                pack_id=passport.pack_id,
                passport_id=passport.passport_id,
                state=passport.state.value,
                changed_at=passport.issued_at,
            )
        )

    async def of_pack(self, pack_id: PackId) -> tuple[Passport, ...]:
        """Return all passports of a pack, oldest first."""
        found = await self._connection.execute(
            select(
                col(PassportRow.pack_id),
                col(PassportRow.passport_id),
                col(PassportRow.product_uri),
                col(PassportRow.category),
                col(PassportRow.battery_status),
                col(PassportRow.operator_name_ko),
                col(PassportRow.operator_name_en),
                col(PassportRow.attributes),
                col(PassportRow.issued_at),
                col(PassportStateRow.state),
            )
            .join(
                PassportStateRow,
                (col(PassportStateRow.pack_id) == col(PassportRow.pack_id))
                & (col(PassportStateRow.passport_id) == col(PassportRow.passport_id)),
            )
            .where(col(PassportRow.pack_id) == pack_id)
            .order_by(col(PassportRow.passport_id))
        )
        return tuple(_to_passport(row) for row in found.mappings())

    async def set_state(self, pack_id: PackId, passport_id: PassportId, state: PassportState) -> None:
        """Change whether a passport is in force."""
        await self._connection.execute(
            update(PassportStateRow)
            .where(col(PassportStateRow.pack_id) == pack_id, col(PassportStateRow.passport_id) == passport_id)
            .values(state=state.value)
        )

    async def link(self, edge: Edge) -> None:
        """Store one edge of the lineage."""
        await self._connection.execute(
            insert(LineageRow).values(
                from_passport_id=edge.from_passport,
                to_passport_id=edge.to_passport,
                from_pack_id=edge.from_pack,
                to_pack_id=edge.to_pack,
                module_share_ppm=edge.module_share_ppm,
                event_id=edge.event_id,
            )
        )

    async def edges(self, passport_id: PassportId) -> tuple[Edge, ...]:
        """Return the edges that touch a passport."""
        found = await self._connection.execute(
            select(
                col(LineageRow.from_passport_id),
                col(LineageRow.to_passport_id),
                col(LineageRow.from_pack_id),
                col(LineageRow.to_pack_id),
                col(LineageRow.module_share_ppm),
                col(LineageRow.event_id),
            )
            .where(
                or_(
                    col(LineageRow.from_passport_id) == passport_id,
                    col(LineageRow.to_passport_id) == passport_id,
                )
            )
            .order_by(col(LineageRow.from_passport_id), col(LineageRow.to_passport_id))
        )
        return tuple(
            Edge(
                from_passport=PassportId(row["from_passport_id"]),
                to_passport=PassportId(row["to_passport_id"]),
                from_pack=PackId(row["from_pack_id"]),
                to_pack=PackId(row["to_pack_id"]),
                module_share_ppm=row["module_share_ppm"],
                event_id=EventId(row["event_id"]),
            )
            for row in found.mappings()
        )


_ENTRY_COLUMNS = tuple(one for one in HistoryEntryRow.__table__.c if one.name != "recorded_for")  # type: ignore[attr-defined]


def _entry_row(entry: Entry) -> dict[str, object]:
    return {
        "pack_id": entry.pack_id,
        "sequence": entry.sequence,
        "event_id": entry.event_id,
        "tenant_id": entry.holder,
        "kind": entry.kind.value,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "actor_id": entry.actor_id,
        "actor_name": entry.actor_name,
        "payload": entry.payload,
        "previous_seal": entry.previous_seal,
        "seal": entry.seal,
    }


def _to_entry(row: RowMapping) -> Entry:
    return Entry(
        pack_id=PackId(row["pack_id"]),
        sequence=row["sequence"],
        event_id=EventId(row["event_id"]),
        holder=TenantId(row["tenant_id"]),
        kind=EntryKind(row["kind"]),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        actor_id=PersonId(row["actor_id"]),
        actor_name=row["actor_name"],
        payload=row["payload"],
        previous_seal=row["previous_seal"],
        seal=row["seal"],
    )


_ACTING_FOR = literal_column("nullif(split_part(current_setting('app.reach', true), ':', 2), '')::int", Integer)
"""The organisation on whose behalf the transaction was opened, as the policies read it."""

_BENCH_OF = case(
    (literal_column("split_part(current_setting('app.reach', true), ':', 1)") == "body", _ACTING_FOR),
    else_=col(HistoryHeadRow.bench_of),
)
"""A body that writes has the pack on its bench; the complex leaves it where it was."""


class PostgresHistories:
    """Sealed histories: one head a pack, locked to append."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, head: Head) -> None:
        """Store the head of an empty history."""
        await self._connection.execute(
            insert(HistoryHeadRow).values(
                pack_id=head.pack_id, sequence=head.sequence, seal=head.seal, state=head.state.value
            )
        )

    async def head(self, pack_id: PackId) -> Head:
        """Return the head, locked until the transaction ends.

        Where the pack lies on another body's bench only the head's state is to be had: nothing can be appended.
        """
        query = select(
            col(HistoryHeadRow.pack_id),
            col(HistoryHeadRow.sequence),
            col(HistoryHeadRow.seal),
            col(HistoryHeadRow.state),
        ).where(col(HistoryHeadRow.pack_id) == pack_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        if row is None:
            row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            raise PackUnknown(identifier=str(pack_id))
        return Head(
            pack_id=PackId(row["pack_id"]), sequence=row["sequence"], seal=row["seal"], state=PackState(row["state"])
        )

    async def add(self, entry: Entry, head: Head) -> None:
        """Store an entry and move the head from the seal that the entry was written on."""
        await self._connection.execute(insert(HistoryEntryRow).values(**_entry_row(entry), recorded_for=_ACTING_FOR))
        moved = await self._connection.execute(
            update(HistoryHeadRow)
            .where(col(HistoryHeadRow.pack_id) == head.pack_id, col(HistoryHeadRow.seal) == entry.previous_seal)
            .values(sequence=head.sequence, seal=head.seal, state=head.state.value, bench_of=_BENCH_OF)
        )
        if moved.rowcount != 1:
            raise HistoryMoved

    async def entries(self, pack_id: PackId) -> Sequence[Entry]:
        """Return all entries in order."""
        found = await self._connection.execute(
            select(*_ENTRY_COLUMNS)
            .where(col(HistoryEntryRow.pack_id) == pack_id)
            .order_by(col(HistoryEntryRow.sequence))
        )
        return [_to_entry(row) for row in found.mappings()]

    async def states(self, pack_ids: Sequence[PackId]) -> Mapping[PackId, PackState]:
        """Return where packs stand."""
        found = await self._connection.execute(
            select(col(HistoryHeadRow.pack_id), col(HistoryHeadRow.state)).where(
                col(HistoryHeadRow.pack_id).in_(pack_ids)
            )
        )
        return {PackId(pack_id): PackState(state) for pack_id, state in found}


class PostgresPrintedLabels:
    """Labels that were printed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, label: Label) -> None:
        """Store a printed label."""
        await self._connection.execute(
            insert(LabelRow).values(
                pack_id=label.pack_id,
                label_id=label.label_id,
                passport_id=label.passport_id,
                product_uri=label.product_uri,
                sheet_sha256=bytes.fromhex(label.sheet_sha256),
                printed_at=label.printed_at,
            )
        )

    async def of_pack(self, pack_id: PackId) -> tuple[Label, ...]:
        """Return the labels of a pack, newest first."""
        found = await self._connection.execute(
            select(
                col(LabelRow.pack_id),
                col(LabelRow.label_id),
                col(LabelRow.passport_id),
                col(LabelRow.product_uri),
                col(LabelRow.sheet_sha256),
                col(LabelRow.printed_at),
            )
            .where(col(LabelRow.pack_id) == pack_id)
            .order_by(col(LabelRow.label_id).desc())
        )
        return tuple(
            Label(
                label_id=row["label_id"],
                pack_id=PackId(row["pack_id"]),
                passport_id=PassportId(row["passport_id"]),
                product_uri=row["product_uri"],
                sheet_sha256=row["sheet_sha256"].hex(),
                printed_at=row["printed_at"],
            )
            for row in found.mappings()
        )
