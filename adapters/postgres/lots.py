"""Lots of purchase contracts on PostgreSQL."""

from datetime import date

from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.lots import PpaLotRow
from domain.metering.errors import LotEntered, LotUnknown
from domain.metering.lots import PpaLot, PpaLotId
from domain.shared.identifiers import SiteId, TenantId


def _to_lot(row: RowMapping) -> PpaLot:
    return PpaLot(
        lot_id=PpaLotId(row["lot_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        certificate_id=row["certificate_id"],
        from_on=row["from_on"],
        until_on=row["until_on"],
        wh=row["wh"],
        entered_by=row["entered_by"],
        entered_at=row["entered_at"],
        voided_by=row["voided_by"],
        voided_at=row["voided_at"],
    )


class PostgresPpaLots:
    """Lots."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, lot: PpaLot) -> PpaLot:
        """Store a lot, and return the one that stands for its certificate."""
        await self._connection.execute(
            upsert(PpaLotRow)
            .values(
                tenant_id=lot.tenant_id,
                lot_id=lot.lot_id,
                site_id=lot.site_id,
                certificate_id=lot.certificate_id,
                from_on=lot.from_on,
                until_on=lot.until_on,
                wh=lot.wh,
                entered_by=lot.entered_by,
                entered_at=lot.entered_at,
                voided_by=lot.voided_by,
                voided_at=lot.voided_at,
            )
            .on_conflict_do_nothing()
        )
        found = await self._connection.execute(
            select(*_COLUMNS).where(
                col(PpaLotRow.tenant_id) == lot.tenant_id,
                col(PpaLotRow.certificate_id) == lot.certificate_id,
                col(PpaLotRow.voided_at).is_(None),
            )
        )
        stored = _to_lot(found.mappings().one())
        if (stored.site_id, stored.from_on, stored.until_on, stored.wh) != (
            lot.site_id,
            lot.from_on,
            lot.until_on,
            lot.wh,
        ):
            raise LotEntered(certificate=lot.certificate_id)
        return stored

    async def one(self, tenant_id: TenantId, lot_id: PpaLotId) -> PpaLot:
        """Return a tenant's lot."""
        found = await self._connection.execute(
            select(*_COLUMNS).where(col(PpaLotRow.tenant_id) == tenant_id, col(PpaLotRow.lot_id) == lot_id)
        )
        row = found.mappings().first()
        if row is None:
            raise LotUnknown
        return _to_lot(row)

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[PpaLot, ...]:
        """Return a site's lots that begin on days, both ends included, voided ones as well."""
        found = await self._connection.execute(
            select(*_COLUMNS)
            .where(
                col(PpaLotRow.tenant_id) == tenant_id,
                col(PpaLotRow.site_id) == site_id,
                col(PpaLotRow.from_on).between(first_on, last_on),
            )
            .order_by(col(PpaLotRow.from_on), col(PpaLotRow.certificate_id), col(PpaLotRow.entered_at))
            .limit(limit)
        )
        return tuple(_to_lot(row) for row in found.mappings())

    async def void(self, lot: PpaLot) -> None:
        """Say that a lot is void."""
        await self._connection.execute(
            update(PpaLotRow)
            .where(col(PpaLotRow.tenant_id) == lot.tenant_id, col(PpaLotRow.lot_id) == lot.lot_id)
            .values(voided_by=lot.voided_by, voided_at=lot.voided_at)
        )


_COLUMNS = tuple(PpaLotRow.__table__.c)  # type: ignore[attr-defined]
