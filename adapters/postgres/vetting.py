"""What was found in stored days, on PostgreSQL; the days themselves are never touched here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.vetting import ReadingFindingRow, VettedMonthRow
from domain.metering.errors import FindingUnknown
from domain.metering.model import FindingId, FindingState, StoredFinding, VettedMonth
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Month

_SITE = 0
"""Stands for the channel of what a site's meters say together; channels are counted from 1."""

_ROWS_AT_ONCE = 500


def _finding_row(one: StoredFinding) -> dict[str, object]:
    return {
        "tenant_id": one.tenant_id,
        "finding_id": one.finding_id,
        "site_id": one.site_id,
        "channel_id": _SITE if one.channel_id is None else one.channel_id,
        "day": one.day,
        "kind": one.kind,
        "slot": one.slot,
        "slots": one.slots,
        "detail": one.detail,
        "revision": one.revision,
        "state": one.state.value,
        "found_at": one.found_at,
        "reason": one.reason,
        "settled_by": one.settled_by,
        "settled_at": one.settled_at,
    }


def _to_finding(row: RowMapping) -> StoredFinding:
    return StoredFinding(
        finding_id=FindingId(row["finding_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        channel_id=None if row["channel_id"] == _SITE else ChannelId(row["channel_id"]),
        day=row["day"],
        kind=row["kind"],
        slot=row["slot"],
        slots=row["slots"],
        detail=row["detail"],
        revision=row["revision"],
        state=FindingState(row["state"]),
        found_at=row["found_at"],
        reason=row["reason"],
        settled_by=row["settled_by"],
        settled_at=row["settled_at"],
    )


class PostgresFindings:
    """Findings, and the months that were judged."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, findings: Sequence[StoredFinding]) -> None:
        """Store findings, in place of those of the same identity."""
        for start in range(0, len(findings), _ROWS_AT_ONCE):
            rows = [_finding_row(one) for one in findings[start : start + _ROWS_AT_ONCE]]
            adding = upsert(ReadingFindingRow).values(rows)
            changed = ("slots", "detail", "revision", "state", "found_at", "reason", "settled_by", "settled_at")
            await self._connection.execute(
                adding.on_conflict_do_update(
                    index_elements=["tenant_id", "finding_id"],
                    set_={name: adding.excluded[name] for name in changed},
                )
            )

    async def one(self, tenant_id: TenantId, finding_id: FindingId) -> StoredFinding:
        """Return a tenant's finding."""
        found = await self._connection.execute(
            select(*_FINDING_COLUMNS).where(
                col(ReadingFindingRow.tenant_id) == tenant_id, col(ReadingFindingRow.finding_id) == finding_id
            )
        )
        row = found.mappings().first()
        if row is None:
            raise FindingUnknown
        return _to_finding(row)

    async def of_site(
        self,
        tenant_id: TenantId,
        site_id: SiteId,
        *,
        first_on: date,
        last_on: date,
        only_open: bool = False,
        limit: int,
    ) -> tuple[StoredFinding, ...]:
        """Return a site's findings of days, the open ones first, then the newest day."""
        asked = (
            select(*_FINDING_COLUMNS)
            .where(
                col(ReadingFindingRow.tenant_id) == tenant_id,
                col(ReadingFindingRow.site_id) == site_id,
                col(ReadingFindingRow.day).between(first_on, last_on),
            )
            .order_by(
                col(ReadingFindingRow.state) != FindingState.OPEN.value,
                col(ReadingFindingRow.day).desc(),
                col(ReadingFindingRow.channel_id),
                col(ReadingFindingRow.slot),
                col(ReadingFindingRow.kind),
            )
            .limit(limit)
        )
        if only_open:
            asked = asked.where(col(ReadingFindingRow.state) == FindingState.OPEN.value)
        found = await self._connection.execute(asked)
        return tuple(_to_finding(row) for row in found.mappings())

    async def note_vetted(self, tenant_id: TenantId, site_id: SiteId, vetted: VettedMonth) -> None:
        """Say that a month was judged."""
        told = {
            "basis_sha256": bytes.fromhex(vetted.basis_sha256),
            "vetted_at": vetted.vetted_at,
            "found": vetted.found,
            "left_out": vetted.left_out,
        }
        await self._connection.execute(
            upsert(VettedMonthRow)
            .values(tenant_id=tenant_id, site_id=site_id, month=str(vetted.month), **told)
            .on_conflict_do_update(index_elements=["tenant_id", "site_id", "month"], set_=told)
        )

    async def vetted(
        self, tenant_id: TenantId, site_id: SiteId, months: Iterable[Month]
    ) -> Mapping[Month, VettedMonth]:
        """Return when these months were last judged."""
        found = await self._connection.execute(
            select(*_VETTED_COLUMNS).where(
                col(VettedMonthRow.tenant_id) == tenant_id,
                col(VettedMonthRow.site_id) == site_id,
                col(VettedMonthRow.month).in_([str(month) for month in months]),
            )
        )
        return {
            Month.parse(row["month"]): VettedMonth(
                month=Month.parse(row["month"]),
                basis_sha256=row["basis_sha256"].hex(),
                vetted_at=row["vetted_at"],
                found=row["found"],
                left_out=row["left_out"],
            )
            for row in found.mappings()
        }


_FINDING_COLUMNS = tuple(ReadingFindingRow.__table__.c)  # type: ignore[attr-defined]
_VETTED_COLUMNS = tuple(VettedMonthRow.__table__.c)  # type: ignore[attr-defined]
