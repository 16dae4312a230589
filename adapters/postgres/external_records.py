"""The port `ExternalRecords` on PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.certification import RecordCitationRow
from adapters.postgres.tables.external_records import (
    ExternalRecordRow,
    RecordImportLineRow,
    RecordImportRow,
    TrustedIssuerRow,
)
from domain.certification.errors import ImportUnknown, RecordChanged
from domain.certification.external import (
    Citation,
    ExternalRecord,
    ImportedRow,
    Outcome,
    Proof,
    RecordContent,
    RecordForm,
    RecordImport,
    RecordKind,
    RecordStatus,
    TrustedIssuer,
)
from domain.certification.model import Reception
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId

_WORD_LENGTH_MAX = 200
_ROWS_AT_ONCE = 500
_LISTED_MAX = 50


def _record_row(record: ExternalRecord) -> dict[str, object]:
    content = record.content
    return {
        "tenant_id": record.tenant_id,
        "record_id": record.record_id,
        "import_id": record.import_id,
        "issuer": content.issuer,
        "number": content.number,
        "kind": content.kind.value,
        "product_uri": content.product_uri,
        "kr_battery_no": content.kr_battery_no,
        "maker_serial": content.maker_serial,
        "standard": content.standard,
        "grade": content.grade,
        "verdict": content.verdict,
        "soh_ppm": content.soh_ppm,
        "issued_on": content.issued_on,
        "valid_until": content.valid_until,
        "status": content.status.value,
        "content_sha256": bytes.fromhex(content.sha256),
        "proof": record.proof.value,
        "source_sha256": bytes.fromhex(record.source_sha256),
        "pack_id": record.pack_id,
        "imported_by_name": record.imported_by_name,
        "imported_at": record.imported_at,
    }


def _to_record(row: RowMapping) -> ExternalRecord:
    return ExternalRecord(
        record_id=row["record_id"],
        tenant_id=TenantId(row["tenant_id"]),
        import_id=row["import_id"],
        content=RecordContent(
            issuer=row["issuer"],
            number=row["number"],
            kind=RecordKind(row["kind"]),
            product_uri=row["product_uri"],
            kr_battery_no=row["kr_battery_no"],
            maker_serial=row["maker_serial"],
            standard=row["standard"],
            grade=row["grade"],
            verdict=row["verdict"],
            soh_ppm=row["soh_ppm"],
            issued_on=row["issued_on"],
            valid_until=row["valid_until"],
            status=RecordStatus(row["status"]),
        ),
        proof=Proof(row["proof"]),
        source_sha256=row["source_sha256"].hex(),
        pack_id=None if row["pack_id"] is None else PackId(row["pack_id"]),
        imported_by_name=row["imported_by_name"],
        imported_at=row["imported_at"],
    )


def _line_row(made: RecordImport, row: ImportedRow) -> dict[str, object]:
    return {
        "tenant_id": made.tenant_id,
        "import_id": made.import_id,
        "position": row.position,
        "place": row.place,
        "outcome": row.outcome.value,
        "issuer": row.issuer,
        "number": row.number,
        "proof": row.proof.value,
        "code": row.code,
        "reason_ko": row.reason_ko,
        "reason_en": row.reason_en,
        "record_id": row.record_id,
        "pack_id": row.pack_id,
    }


def _to_line(row: RowMapping) -> ImportedRow:
    return ImportedRow(
        position=row["position"],
        place=row["place"],
        outcome=Outcome(row["outcome"]),
        issuer=row["issuer"],
        number=row["number"],
        proof=Proof(row["proof"]),
        code=row["code"],
        reason_ko=row["reason_ko"],
        reason_en=row["reason_en"],
        record_id=row["record_id"],
        pack_id=None if row["pack_id"] is None else PackId(row["pack_id"]),
    )


class PostgresExternalRecords:
    """Copies of records that others issued."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, tenant_id: TenantId, *, issuer: str, number: str) -> ExternalRecord | None:
        """Return the record that a body holds of an issuer's number."""
        found = await self._records(
            col(ExternalRecordRow.tenant_id) == tenant_id,
            col(ExternalRecordRow.issuer) == issuer,
            col(ExternalRecordRow.number) == number,
        )
        return found[0] if found else None

    async def numbered(self, number: str) -> tuple[ExternalRecord, ...]:
        """Return what is held under a number, oldest first."""
        return await self._records(col(ExternalRecordRow.number) == number[:_WORD_LENGTH_MAX])

    async def of_pack(self, pack_id: PackId) -> tuple[ExternalRecord, ...]:
        """Return what is held about a pack, oldest first."""
        return await self._records(col(ExternalRecordRow.pack_id) == pack_id)

    async def _records(self, *conditions: ColumnElement[bool]) -> tuple[ExternalRecord, ...]:
        found = await self._connection.execute(
            select(*ExternalRecordRow.__table__.c)  # type: ignore[attr-defined]
            .where(*conditions)
            .order_by(col(ExternalRecordRow.record_id))
            .limit(_LISTED_MAX)
        )
        return tuple(_to_record(row) for row in found.mappings())

    async def page(self, tenant_id: TenantId, *, after: UUID | None, limit: int) -> tuple[ExternalRecord, ...]:
        """Return what a body holds, newest first."""
        asked = select(*ExternalRecordRow.__table__.c).where(col(ExternalRecordRow.tenant_id) == tenant_id)  # type: ignore[attr-defined]
        if after is not None:
            asked = asked.where(col(ExternalRecordRow.record_id) < after)
        found = await self._connection.execute(asked.order_by(col(ExternalRecordRow.record_id).desc()).limit(limit))
        return tuple(_to_record(row) for row in found.mappings())

    async def add(self, record: ExternalRecord) -> None:
        """Hold one more record."""
        done = await self._connection.execute(
            upsert(ExternalRecordRow)
            .values(_record_row(record))
            .on_conflict_do_nothing(constraint="external_record_once_a_number")
            .returning(col(ExternalRecordRow.record_id))
        )
        if done.first() is None:
            raise RecordChanged(fields="number")

    async def cite(self, citation: Citation) -> None:
        """Add to what a reception's report cites."""
        await self._connection.execute(
            insert(RecordCitationRow).values(
                pack_id=citation.pack_id,
                reception_id=citation.reception_id,
                tenant_id=citation.tenant_id,
                sequence=citation.sequence,
                record_id=citation.record_id,
                cited=citation.cited,
                said_by=citation.said_by,
                said_by_name=citation.said_by_name,
                said_at=citation.said_at,
            )
        )

    async def citations(self, reception: Reception) -> tuple[Citation, ...]:
        """Return what was said of a reception's citations, oldest first."""
        found = await self._connection.execute(
            select(*RecordCitationRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(RecordCitationRow.pack_id) == reception.pack_id,
                col(RecordCitationRow.reception_id) == reception.reception_id,
                col(RecordCitationRow.tenant_id) == reception.tenant_id,
            )
            .order_by(col(RecordCitationRow.sequence))
        )
        return tuple(
            Citation(
                pack_id=PackId(row["pack_id"]),
                reception_id=ReceptionId(row["reception_id"]),
                tenant_id=TenantId(row["tenant_id"]),
                sequence=row["sequence"],
                record_id=row["record_id"],
                cited=row["cited"],
                said_by=PersonId(row["said_by"]),
                said_by_name=row["said_by_name"],
                said_at=row["said_at"],
            )
            for row in found.mappings()
        )

    async def keep_import(self, made: RecordImport) -> None:
        """Keep an import with its rows."""
        await self._connection.execute(
            insert(RecordImportRow).values(
                tenant_id=made.tenant_id,
                import_id=made.import_id,
                file_name=made.file_name,
                form=made.form.value,
                source_sha256=bytes.fromhex(made.source_sha256),
                imported_by=made.imported_by,
                imported_by_name=made.imported_by_name,
                imported_at=made.imported_at,
            )
        )
        for start in range(0, len(made.rows), _ROWS_AT_ONCE):
            part = made.rows[start : start + _ROWS_AT_ONCE]
            await self._connection.execute(insert(RecordImportLineRow).values([_line_row(made, one) for one in part]))

    async def imported(self, tenant_id: TenantId, import_id: UUID) -> RecordImport:
        """Return an import of a body with its rows."""
        found = await self._imports(
            col(RecordImportRow.tenant_id) == tenant_id, col(RecordImportRow.import_id) == import_id, limit=1
        )
        if not found:
            raise ImportUnknown
        return found[0]

    async def imports(self, tenant_id: TenantId, *, limit: int) -> tuple[RecordImport, ...]:
        """Return a body's imports with their rows, newest first."""
        return await self._imports(col(RecordImportRow.tenant_id) == tenant_id, limit=limit)

    async def _imports(self, *conditions: ColumnElement[bool], limit: int) -> tuple[RecordImport, ...]:
        found = await self._connection.execute(
            select(*RecordImportRow.__table__.c)  # type: ignore[attr-defined]
            .where(*conditions)
            .order_by(col(RecordImportRow.import_id).desc())
            .limit(limit)
        )
        heads = found.mappings().all()
        if not heads:
            return ()
        lines = await self._connection.execute(
            select(*RecordImportLineRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(RecordImportLineRow.tenant_id) == heads[0]["tenant_id"],
                col(RecordImportLineRow.import_id).in_([head["import_id"] for head in heads]),
            )
            .order_by(col(RecordImportLineRow.position))
        )
        rows: dict[UUID, list[ImportedRow]] = {head["import_id"]: [] for head in heads}
        for line in lines.mappings():
            rows[line["import_id"]].append(_to_line(line))
        return tuple(_to_import(head, rows[head["import_id"]]) for head in heads)

    async def trust(self, issuer: TrustedIssuer) -> None:
        """Keep an issuer's keys."""
        await self._connection.execute(
            insert(TrustedIssuerRow).values(
                tenant_id=issuer.tenant_id,
                did=issuer.did,
                name=issuer.name,
                document=issuer.document,
                registered_by=issuer.registered_by,
                registered_by_name=issuer.registered_by_name,
                registered_at=issuer.registered_at,
            )
        )

    async def issuers(self, tenant_id: TenantId) -> tuple[TrustedIssuer, ...]:
        """Return the issuers that a body keeps keys of, each as last registered, by name."""
        found = await self._connection.execute(
            select(*TrustedIssuerRow.__table__.c)  # type: ignore[attr-defined]
            .where(col(TrustedIssuerRow.tenant_id) == tenant_id)
            .order_by(col(TrustedIssuerRow.registered_at))
        )
        newest = {row["did"]: _to_issuer(row) for row in found.mappings()}
        return tuple(sorted(newest.values(), key=lambda one: (one.name, one.did)))


def _to_import(head: RowMapping, rows: Sequence[ImportedRow]) -> RecordImport:
    return RecordImport(
        import_id=head["import_id"],
        tenant_id=TenantId(head["tenant_id"]),
        file_name=head["file_name"],
        form=RecordForm(head["form"]),
        source_sha256=head["source_sha256"].hex(),
        imported_by=PersonId(head["imported_by"]),
        imported_by_name=head["imported_by_name"],
        imported_at=head["imported_at"],
        rows=tuple(rows),
    )


def _to_issuer(row: RowMapping) -> TrustedIssuer:
    return TrustedIssuer(
        tenant_id=TenantId(row["tenant_id"]),
        did=row["did"],
        name=row["name"],
        document=row["document"],
        registered_by=PersonId(row["registered_by"]),
        registered_by_name=row["registered_by_name"],
        registered_at=row["registered_at"],
    )
