"""Ports about issued records on PostgreSQL: places in the status lists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.certification import CertificateStateRow
from adapters.postgres.tables.records import RecordKeyRow, StatusPlaceRow
from domain.certification.errors import StatusListFull, StatusListUnknown
from domain.certification.model import Certificate, CertificateStatus
from domain.certification.status_list import Purpose, StatusPlace, sets_bit


async def lead(connection: AsyncConnection, key: str, kind: str, *, pack_id: UUID, subject_id: UUID) -> bool:
    """Let a key lead to a subject for ever; False when it leads somewhere already."""
    done = await connection.execute(
        upsert(RecordKeyRow)
        .values(key=key, kind=kind, pack_id=pack_id, subject_id=subject_id)
        .on_conflict_do_nothing()
        .returning(col(RecordKeyRow.key))
    )
    return done.first() is not None


class PostgresStatusPlaces:
    """Where certificates stand in the status lists."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def reserve(self, certificate: Certificate, drawn: Sequence[StatusPlace]) -> StatusPlace:
        """Give a certificate the first of these places that is free."""
        for one in drawn:
            if await lead(
                self._connection,
                f"{one.list_number}:{one.place}",
                "status-place",
                pack_id=certificate.pack_id,
                subject_id=certificate.certificate_id,
            ):
                await self._connection.execute(
                    insert(StatusPlaceRow).values(
                        pack_id=certificate.pack_id,
                        certificate_id=certificate.certificate_id,
                        tenant_id=certificate.tenant_id,
                        list_number=one.list_number,
                        place=one.place,
                    )
                )
                return one
        raise StatusListFull

    async def of_list(self, list_number: int, purpose: Purpose) -> tuple[int, ...]:
        """Return the places in a list whose bit is set."""
        set_by = [status.value for status in CertificateStatus if sets_bit(status, purpose)]
        found = await self._connection.execute(
            select(col(StatusPlaceRow.place))
            .join(
                CertificateStateRow,
                (col(CertificateStateRow.pack_id) == col(StatusPlaceRow.pack_id))
                & (col(CertificateStateRow.certificate_id) == col(StatusPlaceRow.certificate_id)),
            )
            .where(col(StatusPlaceRow.list_number) == list_number, col(CertificateStateRow.status).in_(set_by))
            .order_by(col(StatusPlaceRow.place))
        )
        places = tuple(found.scalars())
        if not places and list_number != 1 and not await self._exists(list_number):
            raise StatusListUnknown
        return places

    async def _exists(self, list_number: int) -> bool:
        found = await self._connection.execute(
            select(col(StatusPlaceRow.place)).where(col(StatusPlaceRow.list_number) == list_number).limit(1)
        )
        return found.first() is not None
