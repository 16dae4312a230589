"""Ports of the billing context on PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.billing import (
    AllocationRow,
    BankDepositRow,
    InvoiceDocumentRow,
    InvoiceLineRow,
    InvoiceRow,
    InvoiceStateRow,
    LedgerTransferRow,
)
from adapters.postgres.transaction import Within, of_complex
from domain.billing.errors import DepositDiffers, InvoiceExists, InvoiceUnknown, PostingDiffers
from domain.billing.model import (
    Account,
    BankDeposit,
    DepositOutcome,
    Finding,
    Invoice,
    InvoiceStanding,
    InvoiceState,
    LedgerTransfer,
    LineKind,
    Match,
    OpenInvoice,
    RatedLine,
    SourceType,
)
from domain.shared.identifiers import (
    ContractId,
    InvoiceId,
    PaymentId,
    PersonId,
    SnapshotId,
    TenantId,
    TransferId,
)
from domain.shared.money import Krw
from domain.shared.time import Month


def _invoice_row(invoice: Invoice) -> dict[str, object]:
    return {
        "tenant_id": invoice.tenant_id,
        "invoice_id": invoice.invoice_id,
        "contract_id": invoice.contract_id,
        "month": str(invoice.month),
        "revision": invoice.revision,
        "number": invoice.number,
        "taxable_krw": invoice.taxable_krw,
        "vat_krw": invoice.vat_krw,
        "total_krw": invoice.total_krw,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "finalised_at": invoice.finalised_at,
        "snapshot_id": invoice.snapshot_id,
        "rating_inputs": invoice.rating_inputs,
        "rating_inputs_sha256": invoice.rating_inputs_sha256,
    }


def _to_invoice(row: RowMapping, lines: tuple[RatedLine, ...]) -> Invoice:
    return Invoice(
        invoice_id=InvoiceId(row["invoice_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        contract_id=ContractId(row["contract_id"]),
        month=Month.parse(row["month"]),
        revision=row["revision"],
        number=row["number"],
        lines=lines,
        taxable_krw=Krw(row["taxable_krw"]),
        vat_krw=Krw(row["vat_krw"]),
        total_krw=Krw(row["total_krw"]),
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        finalised_at=row["finalised_at"],
        snapshot_id=SnapshotId(row["snapshot_id"]),
        rating_inputs=row["rating_inputs"],
        rating_inputs_sha256=row["rating_inputs_sha256"],
    )


def _line_row(invoice: Invoice, position: int, line: RatedLine) -> dict[str, object]:
    return {
        "tenant_id": invoice.tenant_id,
        "invoice_id": invoice.invoice_id,
        "position": position,
        "kind": line.kind.value,
        "description_ko": line.description_ko,
        "description_en": line.description_en,
        "quantity": line.quantity,
        "unit": line.unit,
        "rate": line.rate,
        "amount_krw": line.amount_krw,
        "explanation_ko": line.explanation_ko,
        "explanation_en": line.explanation_en,
        "inputs_sha256": line.inputs_sha256,
    }


def _to_line(row: RowMapping) -> RatedLine:
    return RatedLine(
        kind=LineKind(row["kind"]),
        description_ko=row["description_ko"],
        description_en=row["description_en"],
        quantity=row["quantity"],
        unit=row["unit"],
        rate=row["rate"],
        amount_krw=Krw(row["amount_krw"]),
        explanation_ko=row["explanation_ko"],
        explanation_en=row["explanation_en"],
        inputs_sha256=row["inputs_sha256"],
    )


_INVOICE_COLUMNS = tuple(InvoiceRow.__table__.c)  # type: ignore[attr-defined]
_LINE_COLUMNS = tuple(InvoiceLineRow.__table__.c)  # type: ignore[attr-defined]


def _standings() -> Select[tuple[object, ...]]:
    query: Select[tuple[object, ...]] = (
        select(
            *_INVOICE_COLUMNS,
            col(InvoiceStateRow.state),
            col(InvoiceStateRow.changed_at),
            col(InvoiceDocumentRow.sha256).label("document_sha256"),
        )
        .join(
            InvoiceStateRow,
            (col(InvoiceStateRow.tenant_id) == col(InvoiceRow.tenant_id))
            & (col(InvoiceStateRow.invoice_id) == col(InvoiceRow.invoice_id)),
        )
        .outerjoin(
            InvoiceDocumentRow,
            (col(InvoiceDocumentRow.tenant_id) == col(InvoiceRow.tenant_id))
            & (col(InvoiceDocumentRow.invoice_id) == col(InvoiceRow.invoice_id)),
        )
    )
    return query


class PostgresInvoices:
    """Finalised invoices, their states and documents."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def of_month(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> Invoice | None:
        """Return the first invoice of a contract's month."""
        found = await self._connection.execute(
            select(*_INVOICE_COLUMNS).where(
                col(InvoiceRow.tenant_id) == tenant_id,
                col(InvoiceRow.contract_id) == contract_id,
                col(InvoiceRow.month) == str(month),
                col(InvoiceRow.revision) == 0,
            )
        )
        row = found.mappings().first()
        if row is None:
            return None
        lines = await self._lines([row])
        return _to_invoice(row, lines[row["invoice_id"]])

    async def add(self, invoice: Invoice, *, state: InvoiceState) -> None:
        """Store a finalised invoice with its lines and its first state."""
        added = await self._connection.execute(
            upsert(InvoiceRow)
            .values(_invoice_row(invoice))
            .on_conflict_do_nothing()
            .returning(col(InvoiceRow.invoice_id))
        )
        if added.first() is None:
            raise InvoiceExists(month=str(invoice.month))
        if invoice.lines:
            await self._connection.execute(
                insert(InvoiceLineRow).values(
                    [_line_row(invoice, position, line) for position, line in enumerate(invoice.lines, start=1)]
                )
            )
        await self._connection.execute(
            insert(InvoiceStateRow).values(
                tenant_id=invoice.tenant_id,
                invoice_id=invoice.invoice_id,
                state=state.value,
                changed_at=invoice.finalised_at,
            )
        )

    async def one(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceStanding:
        """Return an invoice as it stands."""
        found = await self._connection.execute(
            _standings().where(col(InvoiceRow.tenant_id) == tenant_id, col(InvoiceRow.invoice_id) == invoice_id)
        )
        rows = list(found.mappings())
        if not rows:
            raise InvoiceUnknown(invoice=str(invoice_id))
        return (await self._with_lines(rows))[0]

    async def page(
        self, *, tenant_id: TenantId | None, after: InvoiceId | None, limit: int
    ) -> tuple[InvoiceStanding, ...]:
        """Return invoices, newest first."""
        query = of_complex(_standings(), InvoiceRow.tenant_id, self._within)
        query = query.order_by(col(InvoiceRow.invoice_id).desc()).limit(limit)
        if tenant_id is not None:
            query = query.where(col(InvoiceRow.tenant_id) == tenant_id)
        if after is not None:
            query = query.where(col(InvoiceRow.invoice_id) < after)
        found = await self._connection.execute(query)
        return await self._with_lines(list(found.mappings()))

    async def _with_lines(self, rows: list[RowMapping]) -> tuple[InvoiceStanding, ...]:
        lines = await self._lines(rows)
        return tuple(
            InvoiceStanding(
                invoice=_to_invoice(row, lines[row["invoice_id"]]),
                state=InvoiceState(row["state"]),
                changed_at=row["changed_at"],
                document_sha256=None if row["document_sha256"] is None else row["document_sha256"].hex(),
            )
            for row in rows
        )

    async def _lines(self, rows: list[RowMapping]) -> Mapping[UUID, tuple[RatedLine, ...]]:
        found = await self._connection.execute(
            select(*_LINE_COLUMNS)
            .where(
                col(InvoiceLineRow.tenant_id).in_({row["tenant_id"] for row in rows}),
                col(InvoiceLineRow.invoice_id).in_([row["invoice_id"] for row in rows]),
            )
            .order_by(col(InvoiceLineRow.invoice_id), col(InvoiceLineRow.position))
        )
        lines: defaultdict[UUID, tuple[RatedLine, ...]] = defaultdict(tuple)
        for row in found.mappings():
            lines[row["invoice_id"]] += (_to_line(row),)
        return lines

    async def open_of(self, tenant_id: TenantId, *, limit: int) -> tuple[OpenInvoice, ...]:
        """Return a tenant's open invoices with what is outstanding, oldest first."""
        allocated = (
            select(
                col(AllocationRow.tenant_id).label("tenant_id"),
                col(AllocationRow.invoice_id).label("invoice_id"),
                func.sum(col(AllocationRow.amount_krw)).label("allocated_krw"),
            )
            .where(col(AllocationRow.tenant_id) == tenant_id)
            .group_by(col(AllocationRow.tenant_id), col(AllocationRow.invoice_id))
            .subquery()
        )
        found = await self._connection.execute(
            select(
                col(InvoiceRow.invoice_id),
                col(InvoiceRow.number),
                col(InvoiceRow.total_krw),
                func.coalesce(allocated.c.allocated_krw, 0).label("allocated_krw"),
            )
            .join(
                InvoiceStateRow,
                (col(InvoiceStateRow.tenant_id) == col(InvoiceRow.tenant_id))
                & (col(InvoiceStateRow.invoice_id) == col(InvoiceRow.invoice_id)),
            )
            .outerjoin(
                allocated,
                (allocated.c.tenant_id == col(InvoiceRow.tenant_id))
                & (allocated.c.invoice_id == col(InvoiceRow.invoice_id)),
            )
            .where(col(InvoiceRow.tenant_id) == tenant_id, col(InvoiceStateRow.state) == InvoiceState.OPEN.value)
            .order_by(col(InvoiceRow.invoice_id))
            .limit(limit)
        )
        return tuple(
            OpenInvoice(
                invoice_id=InvoiceId(row["invoice_id"]),
                number=row["number"],
                outstanding_krw=Krw(row["total_krw"] - int(row["allocated_krw"])),
            )
            for row in found.mappings()
        )

    async def mark_paid(self, tenant_id: TenantId, invoice_id: InvoiceId, *, at: datetime) -> None:
        """Record that an open invoice is paid."""
        await self._connection.execute(
            update(InvoiceStateRow)
            .where(
                col(InvoiceStateRow.tenant_id) == tenant_id,
                col(InvoiceStateRow.invoice_id) == invoice_id,
                col(InvoiceStateRow.state) == InvoiceState.OPEN.value,
            )
            .values(state=InvoiceState.PAID.value, changed_at=at)
        )

    async def attach_document(self, tenant_id: TenantId, invoice_id: InvoiceId, *, sha256: str, at: datetime) -> str:
        """Record the printed document once, and return the hash that stands."""
        await self._connection.execute(
            upsert(InvoiceDocumentRow)
            .values(tenant_id=tenant_id, invoice_id=invoice_id, sha256=bytes.fromhex(sha256), printed_at=at)
            .on_conflict_do_nothing()
        )
        found = await self._connection.execute(
            select(col(InvoiceDocumentRow.sha256)).where(
                col(InvoiceDocumentRow.tenant_id) == tenant_id, col(InvoiceDocumentRow.invoice_id) == invoice_id
            )
        )
        stored: bytes = found.scalar_one()
        return stored.hex()


def _transfer_row(transfer: LedgerTransfer) -> dict[str, object]:
    return {
        "tenant_id": transfer.tenant_id,
        "transfer_id": transfer.transfer_id,
        "debit": transfer.debit.value,
        "credit": transfer.credit.value,
        "amount_krw": transfer.amount_krw,
        "source_type": transfer.source_type.value,
        "source_id": transfer.source_id,
        "purpose": transfer.purpose,
        "at": transfer.at,
    }


def _to_transfer(row: RowMapping) -> LedgerTransfer:
    return LedgerTransfer(
        transfer_id=TransferId(row["transfer_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        debit=Account(row["debit"]),
        credit=Account(row["credit"]),
        amount_krw=Krw(row["amount_krw"]),
        source_type=SourceType(row["source_type"]),
        source_id=row["source_id"],
        purpose=row["purpose"],
        at=row["at"],
    )


_TRANSFER_COLUMNS = tuple(LedgerTransferRow.__table__.c)  # type: ignore[attr-defined]


class PostgresLedger:
    """The append-only books."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def post(self, transfers: tuple[LedgerTransfer, ...]) -> None:
        """Write transfers once; what is there already must say the same."""
        if not transfers:
            return
        await self._connection.execute(
            upsert(LedgerTransferRow).values([_transfer_row(one) for one in transfers]).on_conflict_do_nothing()
        )
        for tenant_id, source_type, source_id in dict.fromkeys(
            (one.tenant_id, one.source_type, one.source_id) for one in transfers
        ):
            stored = {one.purpose: one for one in await self.of_source(tenant_id, source_type, source_id)}
            for wanted in transfers:
                if (wanted.tenant_id, wanted.source_type, wanted.source_id) != (tenant_id, source_type, source_id):
                    continue
                there = stored.get(wanted.purpose)
                if there is None or (there.debit, there.credit, there.amount_krw) != (
                    wanted.debit,
                    wanted.credit,
                    wanted.amount_krw,
                ):
                    raise PostingDiffers(source_type=source_type.value, source_id=str(source_id))

    async def of_source(
        self, tenant_id: TenantId, source_type: SourceType, source_id: UUID
    ) -> tuple[LedgerTransfer, ...]:
        """Return what was posted for one source."""
        found = await self._connection.execute(
            select(*_TRANSFER_COLUMNS)
            .where(
                col(LedgerTransferRow.tenant_id) == tenant_id,
                col(LedgerTransferRow.source_type) == source_type.value,
                col(LedgerTransferRow.source_id) == source_id,
            )
            .order_by(col(LedgerTransferRow.transfer_id))
        )
        return tuple(_to_transfer(row) for row in found.mappings())

    async def balances(self, tenant_id: TenantId) -> Mapping[Account, int]:
        """Return debit minus credit of every account."""
        standing = dict.fromkeys(Account, 0)
        for side, sign in ((col(LedgerTransferRow.debit), 1), (col(LedgerTransferRow.credit), -1)):
            found = await self._connection.execute(
                select(side, func.sum(col(LedgerTransferRow.amount_krw)))
                .where(col(LedgerTransferRow.tenant_id) == tenant_id)
                .group_by(side)
            )
            for account, amount in found:
                standing[Account(account)] += sign * int(amount)
        return standing


def _deposit_row(deposit: BankDeposit) -> dict[str, object]:
    return {
        "tenant_id": deposit.tenant_id,
        "deposit_id": deposit.deposit_id,
        "bank": deposit.bank,
        "bank_reference": deposit.bank_reference,
        "payer_name": deposit.payer_name,
        "virtual_account": deposit.virtual_account,
        "memo": deposit.memo,
        "amount_krw": deposit.amount_krw,
        "posted_at": deposit.posted_at,
        "recorded_at": deposit.recorded_at,
        "recorded_by": deposit.recorded_by,
        "finding": deposit.match.finding.value,
        "invoice_id": deposit.match.invoice_id,
        "difference_krw": deposit.match.difference_krw,
    }


def _to_deposit(row: RowMapping) -> BankDeposit:
    return BankDeposit(
        deposit_id=PaymentId(row["deposit_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        bank=row["bank"],
        bank_reference=row["bank_reference"],
        payer_name=row["payer_name"],
        virtual_account=row["virtual_account"],
        memo=row["memo"],
        amount_krw=Krw(row["amount_krw"]),
        posted_at=row["posted_at"],
        recorded_at=row["recorded_at"],
        recorded_by=PersonId(row["recorded_by"]),
        match=Match(
            finding=Finding(row["finding"]),
            invoice_id=None if row["invoice_id"] is None else InvoiceId(row["invoice_id"]),
            difference_krw=row["difference_krw"],
        ),
    )


_DEPOSIT_COLUMNS = tuple(BankDepositRow.__table__.c)  # type: ignore[attr-defined]


class PostgresDeposits:
    """Money that banks reported."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def by_reference(self, tenant_id: TenantId, *, bank: str, bank_reference: str) -> BankDeposit | None:
        """Return the deposit recorded under a bank's reference."""
        found = await self._connection.execute(
            select(*_DEPOSIT_COLUMNS).where(
                col(BankDepositRow.tenant_id) == tenant_id,
                col(BankDepositRow.bank) == bank,
                col(BankDepositRow.bank_reference) == bank_reference,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_deposit(row)

    async def add(self, deposit: BankDeposit) -> None:
        """Store a deposit, and its allocation when it matched."""
        added = await self._connection.execute(
            upsert(BankDepositRow)
            .values(_deposit_row(deposit))
            .on_conflict_do_nothing()
            .returning(col(BankDepositRow.deposit_id))
        )
        if added.first() is None:
            raise DepositDiffers(bank_reference=deposit.bank_reference)
        if deposit.match.outcome is DepositOutcome.MATCHED:
            await self._connection.execute(
                insert(AllocationRow).values(
                    tenant_id=deposit.tenant_id,
                    deposit_id=deposit.deposit_id,
                    invoice_id=deposit.match.invoice_id,
                    amount_krw=deposit.amount_krw,
                    allocated_at=deposit.recorded_at,
                )
            )

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> tuple[BankDeposit, ...]:
        """Return deposits found to be for an invoice, oldest first."""
        found = await self._connection.execute(
            select(*_DEPOSIT_COLUMNS)
            .where(col(BankDepositRow.tenant_id) == tenant_id, col(BankDepositRow.invoice_id) == invoice_id)
            .order_by(col(BankDepositRow.deposit_id))
        )
        return tuple(_to_deposit(row) for row in found.mappings())

    async def page(self, *, tenant_id: TenantId | None, only_unapplied: bool, limit: int) -> tuple[BankDeposit, ...]:
        """Return deposits, newest first."""
        query = of_complex(
            select(*_DEPOSIT_COLUMNS).order_by(col(BankDepositRow.deposit_id).desc()).limit(limit),
            BankDepositRow.tenant_id,
            self._within,
        )
        if tenant_id is not None:
            query = query.where(col(BankDepositRow.tenant_id) == tenant_id)
        if only_unapplied:
            query = query.where(col(BankDepositRow.finding) != Finding.EXACT.value)
        found = await self._connection.execute(query)
        return tuple(_to_deposit(row) for row in found.mappings())
