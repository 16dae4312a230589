"""The port of custody, sample labels and fees on PostgreSQL."""

import json

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.certification import lead_to, led_to
from adapters.postgres.tables.certification import CustodyMoveRow, ReceptionFeeRow, SampleLabelRow
from domain.certification.errors import FeesAgreed, ReceptionUnknown
from domain.certification.model import CustodyKind, CustodyMove, Fee, Fees, Reception, SampleLabel
from domain.certification.spelling import token_sha256
from domain.shared.canonical import canonical_text
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId

_TOKEN_LENGTH_MAX = 200


def _to_move(row: RowMapping) -> CustodyMove:
    return CustodyMove(
        pack_id=PackId(row["pack_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        kind=CustodyKind(row["kind"]),
        place=row["place"],
        holder=row["holder"],
        condition=row["condition"],
        moved_by=PersonId(row["moved_by"]),
        moved_by_name=row["moved_by_name"],
        moved_at=row["moved_at"],
    )


def _to_fees(row: RowMapping) -> Fees:
    return Fees(
        pack_id=PackId(row["pack_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        lines=tuple(Fee(what=one["what"], amount_krw=one["amount_krw"]) for one in json.loads(row["lines"])),
        set_by_name=row["set_by_name"],
        set_at=row["set_at"],
        agreed_at=row["agreed_at"],
    )


class PostgresCustody:
    """Where units are, what is stuck on them, and what their inspection costs."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, move: CustodyMove) -> None:
        """Add a hand-over."""
        await self._connection.execute(
            insert(CustodyMoveRow).values(
                pack_id=move.pack_id,
                reception_id=move.reception_id,
                tenant_id=move.tenant_id,
                sequence=move.sequence,
                kind=move.kind.value,
                place=move.place,
                holder=move.holder,
                condition=move.condition,
                moved_by=move.moved_by,
                moved_by_name=move.moved_by_name,
                moved_at=move.moved_at,
            )
        )

    async def of_reception(self, reception: Reception) -> tuple[CustodyMove, ...]:
        """Return every hand-over of a unit."""
        found = await self._connection.execute(
            select(*CustodyMoveRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(CustodyMoveRow.pack_id) == reception.pack_id,
                col(CustodyMoveRow.reception_id) == reception.reception_id,
                col(CustodyMoveRow.tenant_id) == reception.tenant_id,
            )
            .order_by(col(CustodyMoveRow.sequence))
        )
        return tuple(_to_move(row) for row in found.mappings())

    async def add_label(self, label: SampleLabel) -> None:
        """Let a token lead to a reception; what leads there is its hash, the token lies with the body."""
        await self._connection.execute(
            insert(SampleLabelRow).values(
                pack_id=label.pack_id,
                reception_id=label.reception_id,
                tenant_id=label.tenant_id,
                token=label.token,
                made_by=label.made_by,
                made_at=label.made_at,
            )
        )
        key = token_sha256(label.token)
        await lead_to(
            self._connection,
            key,
            "sample-token",
            pack_id=label.pack_id,
            subject_id=label.reception_id,
            tenant_id=label.tenant_id,
        )

    async def label(self, reception: Reception) -> SampleLabel | None:
        """Return a unit's sample label."""
        found = await self._connection.execute(
            select(*SampleLabelRow.__table__.c).where(  # type: ignore[attr-defined]
                col(SampleLabelRow.pack_id) == reception.pack_id,
                col(SampleLabelRow.reception_id) == reception.reception_id,
                col(SampleLabelRow.tenant_id) == reception.tenant_id,
            )
        )
        row = found.mappings().first()
        if row is None:
            return None
        return SampleLabel(
            pack_id=PackId(row["pack_id"]),
            reception_id=ReceptionId(row["reception_id"]),
            tenant_id=TenantId(row["tenant_id"]),
            token=row["token"],
            made_by=PersonId(row["made_by"]),
            made_at=row["made_at"],
        )

    async def find(self, token: str) -> ReceptionId:
        """Return the reception that a sample label's token leads to."""
        found = await led_to(self._connection, token_sha256(token[:_TOKEN_LENGTH_MAX]), "sample-token")
        if found is None:
            raise ReceptionUnknown(reception="-")
        return ReceptionId(found[1])

    async def set_fees(self, fees: Fees) -> None:
        """Store what an inspection costs, unless what was stored is agreed."""
        told = {
            "lines": canonical_text([{"what": one.what, "amount_krw": one.amount_krw} for one in fees.lines]),
            "total_krw": fees.total_krw,
            "set_by_name": fees.set_by_name,
            "set_at": fees.set_at,
            "agreed_at": fees.agreed_at,
        }
        done = await self._connection.execute(
            upsert(ReceptionFeeRow)
            .values(pack_id=fees.pack_id, reception_id=fees.reception_id, tenant_id=fees.tenant_id, **told)
            .on_conflict_do_update(
                index_elements=["pack_id", "reception_id"],
                set_=told,
                where=col(ReceptionFeeRow.agreed_at).is_(None),
            )
        )
        if done.rowcount != 1:
            raise FeesAgreed

    async def fees(self, reception: Reception) -> Fees | None:
        """Return what an inspection costs."""
        found = await self._connection.execute(
            select(*ReceptionFeeRow.__table__.c).where(  # type: ignore[attr-defined]
                col(ReceptionFeeRow.pack_id) == reception.pack_id,
                col(ReceptionFeeRow.reception_id) == reception.reception_id,
                col(ReceptionFeeRow.tenant_id) == reception.tenant_id,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_fees(row)
