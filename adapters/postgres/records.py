"""Ports about issued records on PostgreSQL: places in the status lists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.certification import CertificateStateRow
from adapters.postgres.tables.records import (
    AmendedReportRow,
    AmendmentProposalRow,
    IssuedDocumentRow,
    RecordKeyRow,
    StatusPlaceRow,
    WithdrawnDocumentRow,
)
from domain.certification.amending import Amendment, Proposal, corrections_of, corrections_text
from domain.certification.errors import (
    AlreadyAmended,
    DocumentUnknown,
    NumberTaken,
    OwnAmendment,
    StatusListFull,
    StatusListUnknown,
)
from domain.certification.model import (
    Certificate,
    CertificateStatus,
    IssuedDocument,
    IssuedKind,
    Reception,
    Report,
    WithdrawnDocument,
)
from domain.certification.status_list import Purpose, StatusPlace, sets_bit
from domain.shared.identifiers import PackId, PersonId, ReceptionId, ReportId, TenantId

_WORD_LENGTH_MAX = 200
_TAKES_TWO = "amended_report_takes_two"


async def lead(
    connection: AsyncConnection, key: str, kind: str, *, pack_id: UUID, subject_id: UUID, tenant_id: TenantId
) -> bool:
    """Let a body's key lead to a subject for ever; False when it leads somewhere already."""
    done = await connection.execute(
        upsert(RecordKeyRow)
        .values(key=key, kind=kind, pack_id=pack_id, subject_id=subject_id, tenant_id=tenant_id)
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
                tenant_id=certificate.tenant_id,
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


def _to_document(row: RowMapping) -> IssuedDocument:
    return IssuedDocument(
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        subject_id=row["subject_id"],
        kind=IssuedKind(row["kind"]),
        number=row["number"],
        pdf_sha256=row["pdf_sha256"].hex(),
        amends=row["amends"],
        issued_at=row["issued_at"],
    )


class PostgresIssuedDocuments:
    """Which PDFs were issued."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, document: IssuedDocument) -> None:
        """Note a document."""
        for key, kind in ((document.number, "document-number"), (document.pdf_sha256, "document-sha256")):
            led = await lead(
                self._connection,
                key,
                kind,
                pack_id=document.pack_id,
                subject_id=document.subject_id,
                tenant_id=document.tenant_id,
            )
            if not led:
                raise NumberTaken(number=document.number)
        done = await self._connection.execute(
            upsert(IssuedDocumentRow)
            .values(
                pack_id=document.pack_id,
                subject_id=document.subject_id,
                tenant_id=document.tenant_id,
                kind=document.kind.value,
                number=document.number,
                pdf_sha256=bytes.fromhex(document.pdf_sha256),
                amends=document.amends,
                issued_at=document.issued_at,
            )
            .on_conflict_do_nothing(constraint="issued_document_is_amended_once")
            .returning(col(IssuedDocumentRow.subject_id))
        )
        if done.first() is None:
            raise AlreadyAmended(number=document.amends)

    async def numbered(self, number: str) -> IssuedDocument:
        """Return the document of a number."""
        return await self._led_to(number[:_WORD_LENGTH_MAX], "document-number")

    async def hashed(self, pdf_sha256: str) -> IssuedDocument:
        """Return the document whose bytes have this SHA-256."""
        return await self._led_to(pdf_sha256[:_WORD_LENGTH_MAX], "document-sha256")

    async def amending(self, document: IssuedDocument) -> IssuedDocument | None:
        """Return the document that replaces another."""
        found = await self._connection.execute(
            select(*IssuedDocumentRow.__table__.c).where(  # type: ignore[attr-defined]
                col(IssuedDocumentRow.pack_id) == document.pack_id, col(IssuedDocumentRow.amends) == document.number
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_document(row)

    async def withdraw(self, withdrawn: WithdrawnDocument) -> None:
        """Note that a report was withdrawn."""
        await self._connection.execute(
            insert(WithdrawnDocumentRow).values(
                pack_id=withdrawn.pack_id,
                subject_id=withdrawn.subject_id,
                tenant_id=withdrawn.tenant_id,
                number=withdrawn.number,
                reason=withdrawn.reason,
                withdrawn_at=withdrawn.withdrawn_at,
            )
        )

    async def withdrawn(self, document: IssuedDocument) -> WithdrawnDocument | None:
        """Return when and why a document was withdrawn."""
        found = await self._connection.execute(
            select(*WithdrawnDocumentRow.__table__.c).where(  # type: ignore[attr-defined]
                col(WithdrawnDocumentRow.pack_id) == document.pack_id,
                col(WithdrawnDocumentRow.subject_id) == document.subject_id,
            )
        )
        row = found.mappings().first()
        if row is None:
            return None
        return WithdrawnDocument(
            pack_id=PackId(row["pack_id"]),
            tenant_id=TenantId(row["tenant_id"]),
            subject_id=row["subject_id"],
            number=row["number"],
            reason=row["reason"],
            withdrawn_at=row["withdrawn_at"],
        )

    async def _led_to(self, key: str, kind: str) -> IssuedDocument:
        led = await self._connection.execute(
            select(col(RecordKeyRow.pack_id), col(RecordKeyRow.subject_id)).where(
                col(RecordKeyRow.key) == key, col(RecordKeyRow.kind) == kind
            )
        )
        row = led.first()
        if row is None:
            raise DocumentUnknown
        found = await self._connection.execute(
            select(*IssuedDocumentRow.__table__.c).where(  # type: ignore[attr-defined]
                col(IssuedDocumentRow.pack_id) == row[0], col(IssuedDocumentRow.subject_id) == row[1]
            )
        )
        return _to_document(found.mappings().one())


class PostgresAmendments:
    """Amended reports."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, amendment: Amendment) -> None:
        """Store an amended report.

        Raises:
            OwnAmendment: amender and approver are one person.
        """
        report = amendment.report
        statement = insert(AmendedReportRow).values(
            pack_id=report.pack_id,
            report_id=report.report_id,
            tenant_id=report.tenant_id,
            number=report.number,
            reception_id=report.reception_id,
            assessment_id=report.assessment_id,
            content=report.content,
            pdf_sha256=bytes.fromhex(report.pdf_sha256),
            issued_at=report.issued_at,
            record=report.record,
            amends=amendment.amends,
            reason=amendment.reason,
            results_affected=amendment.results_affected,
            amended_by=amendment.amended_by,
            amended_by_name=amendment.amended_by_name,
            draft_id=amendment.draft_id,
            approved_by=amendment.approved_by,
            approved_by_name=amendment.approved_by_name,
        )
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(statement)
        except IntegrityError as error:
            if _TAKES_TWO in str(error.orig):
                raise OwnAmendment from error
            raise

    async def of_reception(self, reception: Reception) -> tuple[Amendment, ...]:
        """Return the amended reports of a reception, oldest first."""
        found = await self._connection.execute(
            select(*AmendedReportRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(AmendedReportRow.pack_id) == reception.pack_id,
                col(AmendedReportRow.reception_id) == reception.reception_id,
            )
            .order_by(col(AmendedReportRow.report_id))
        )
        return tuple(
            Amendment(
                report=Report(
                    report_id=ReportId(row["report_id"]),
                    number=row["number"],
                    pack_id=PackId(row["pack_id"]),
                    tenant_id=TenantId(row["tenant_id"]),
                    reception_id=ReceptionId(row["reception_id"]),
                    assessment_id=row["assessment_id"],
                    content=row["content"],
                    pdf_sha256=row["pdf_sha256"].hex(),
                    issued_at=row["issued_at"],
                    record=row["record"],
                ),
                amends=row["amends"],
                reason=row["reason"],
                results_affected=row["results_affected"],
                amended_by=PersonId(row["amended_by"]),
                amended_by_name=row["amended_by_name"],
                draft_id=row["draft_id"],
                approved_by=None if row["approved_by"] is None else PersonId(row["approved_by"]),
                approved_by_name=row["approved_by_name"],
            )
            for row in found.mappings()
        )

    async def propose(self, proposal: Proposal) -> None:
        """Store what somebody wants set right."""
        await self._connection.execute(
            insert(AmendmentProposalRow).values(
                pack_id=proposal.pack_id,
                draft_id=proposal.draft_id,
                reception_id=proposal.reception_id,
                tenant_id=proposal.tenant_id,
                amends=proposal.amends,
                reason=proposal.reason,
                corrections=corrections_text(proposal.corrections),
                results_affected=proposal.results_affected,
                proposed_by=proposal.proposed_by,
                proposed_by_name=proposal.proposed_by_name,
                proposed_at=proposal.proposed_at,
            )
        )

    async def proposals(self, reception: Reception) -> tuple[Proposal, ...]:
        """Return everything that was proposed for a reception's reports, oldest first."""
        found = await self._connection.execute(
            select(*AmendmentProposalRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(AmendmentProposalRow.pack_id) == reception.pack_id,
                col(AmendmentProposalRow.reception_id) == reception.reception_id,
            )
            .order_by(col(AmendmentProposalRow.proposed_at), col(AmendmentProposalRow.draft_id))
        )
        return tuple(
            Proposal(
                draft_id=row["draft_id"],
                pack_id=PackId(row["pack_id"]),
                reception_id=ReceptionId(row["reception_id"]),
                tenant_id=TenantId(row["tenant_id"]),
                amends=row["amends"],
                reason=row["reason"],
                corrections=corrections_of(row["corrections"]),
                results_affected=row["results_affected"],
                proposed_by=PersonId(row["proposed_by"]),
                proposed_by_name=row["proposed_by_name"],
                proposed_at=row["proposed_at"],
            )
            for row in found.mappings()
        )
