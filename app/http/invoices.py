"""Invoices, their postings, and the money that arrives for them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, AmountKrw, Day, In, Instant, MonthText, Name, Out, TenantNo, TenantQuery
from domain.billing.model import BankDeposit, InvoiceStanding
from domain.journeys import payment_settled, subscriptions
from domain.journeys.month_close import MonthClosed
from domain.shared.identifiers import InvoiceId, TenantId


class LineOut(Out):
    """A rated line that explains itself."""

    kind: str
    description_ko: str
    description_en: str
    quantity: int
    unit: str
    rate: str
    amount_krw: int
    explanation_ko: str
    explanation_en: str


class InvoiceOut(Out):
    """An invoice as it stands."""

    invoice_id: UUID
    number: str
    tenant_id: TenantNo
    contract_id: UUID
    month: MonthText
    lines: list[LineOut]
    taxable_krw: int
    vat_krw: int
    total_krw: int
    issued_on: Day
    due_on: Day
    state: str
    rating_inputs_sha256: str
    document_sha256: str | None


class TransferOut(Out):
    """A posting: an amount from one account to another."""

    debit: str
    debit_ko: str
    credit: str
    credit_ko: str
    amount_krw: int
    purpose: str


class InvoiceOnBooksOut(Out):
    """An invoice with its postings."""

    invoice: InvoiceOut
    transfers: list[TransferOut]
    deposits: list[str]


class SnapshotOut(Out):
    """The frozen usage that an invoice stands on."""

    snapshot_id: UUID
    readings_sha256: str
    completeness_ppm: int
    charge_wh: int
    discharge_wh: int
    renewable_wh: int
    renewable_share_ppm: int


class ClosedOut(Out):
    """What closing a month left; `anew` is false when it was closed before and nothing changed."""

    anew: bool
    snapshot: SnapshotOut
    invoice: InvoiceOut


class DepositIn(In):
    """What the bank's statement says of one deposit."""

    tenant_id: TenantNo
    bank: Name
    bank_reference: Name
    payer_name: Name
    amount_krw: AmountKrw
    posted_at: Instant
    memo: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)] = ""


class DepositOut(Out):
    """A deposit and what it was found to be for."""

    deposit_id: UUID
    bank: str
    bank_reference: str
    amount_krw: int
    outcome: str
    finding: str
    invoice_id: UUID | None
    difference_krw: int


def invoice_out(standing: InvoiceStanding) -> InvoiceOut:
    """Say an invoice in the API's words."""
    invoice = standing.invoice
    return InvoiceOut(
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        tenant_id=invoice.tenant_id,
        contract_id=invoice.contract_id,
        month=str(invoice.month),
        lines=[
            LineOut(
                kind=line.kind.value,
                description_ko=line.description_ko,
                description_en=line.description_en,
                quantity=line.quantity,
                unit=line.unit,
                rate=line.rate,
                amount_krw=line.amount_krw,
                explanation_ko=line.explanation_ko,
                explanation_en=line.explanation_en,
            )
            for line in invoice.lines
        ],
        taxable_krw=invoice.taxable_krw,
        vat_krw=invoice.vat_krw,
        total_krw=invoice.total_krw,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        state=standing.state.value,
        rating_inputs_sha256=invoice.rating_inputs_sha256.hex(),
        document_sha256=standing.document_sha256,
    )


def closed_out(closed: MonthClosed) -> ClosedOut:
    """Say a closed month in the API's words."""
    usage = closed.snapshot.usage
    return ClosedOut(
        anew=closed.anew,
        snapshot=SnapshotOut(
            snapshot_id=closed.snapshot.snapshot_id,
            readings_sha256=closed.snapshot.readings_sha256,
            completeness_ppm=usage.completeness_ppm,
            charge_wh=usage.storage_charge_wh,
            discharge_wh=usage.storage_discharge_wh,
            renewable_wh=usage.renewable_wh,
            renewable_share_ppm=usage.renewable_share_ppm,
        ),
        invoice=invoice_out(closed.standing),
    )


def deposit_out(deposit: BankDeposit) -> DepositOut:
    """Say a deposit in the API's words."""
    return DepositOut(
        deposit_id=deposit.deposit_id,
        bank=deposit.bank,
        bank_reference=deposit.bank_reference,
        amount_krw=deposit.amount_krw,
        outcome=deposit.match.outcome.value,
        finding=deposit.match.finding.value,
        invoice_id=deposit.match.invoice_id,
        difference_krw=deposit.match.difference_krw,
    )


class InvoicesController(Controller):
    """Invoices."""

    path = "/api/v1/invoices"
    tags = ("invoices",)

    @get("/", operation_id="ListInvoices", summary="List invoices", responses=PROBLEMS)
    async def list_invoices(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[InvoiceOut]:
        """List invoices, newest first; a tenant's own, or all for the operator."""
        found = await subscriptions.list_invoices(
            actor, after=None if after is None else InvoiceId(after), limit=limit, unit=ports.unit
        )
        return [invoice_out(standing) for standing in found]

    @get("/{invoice_id:uuid}", operation_id="ShowInvoice", summary="Show an invoice", responses=PROBLEMS)
    async def show(
        self, invoice_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> InvoiceOnBooksOut:
        """Show an invoice with its postings and deposits."""
        found = await subscriptions.find_invoice(
            actor, InvoiceId(invoice_id), tenant_id=TenantId(tenant_id or actor.tenant_id), unit=ports.unit
        )
        return InvoiceOnBooksOut(
            invoice=invoice_out(found.standing),
            transfers=[
                TransferOut(
                    debit=one.debit.value,
                    debit_ko=one.debit.name_ko,
                    credit=one.credit.value,
                    credit_ko=one.credit.name_ko,
                    amount_krw=one.amount_krw,
                    purpose=one.purpose,
                )
                for one in found.transfers
            ],
            deposits=[deposit.bank_reference for deposit in found.deposits],
        )

    @get(
        "/{invoice_id:uuid}/pdf",
        operation_id="FetchInvoice",
        summary="Fetch an invoice as PDF",
        responses={
            200: ResponseSpec(data_container=bytes, media_type="application/pdf", description="The invoice."),
            **PROBLEMS,
        },
    )
    async def fetch(
        self, invoice_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> Response[bytes]:
        """Return the printed invoice, the same bytes for ever."""
        number, content = await subscriptions.invoice_document(
            actor, InvoiceId(invoice_id), tenant_id=TenantId(tenant_id or actor.tenant_id), unit=ports.unit
        )
        return Response(
            content,
            media_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{number}.pdf"'},
        )


class DepositsController(Controller):
    """Money that banks reported."""

    path = "/api/v1/deposits"
    tags = ("invoices",)

    @post("/", operation_id="RecordDeposit", summary="Record a bank deposit", responses=PROBLEMS, status_code=200)
    async def record(self, data: JSONBody[DepositIn], ports: GivenPorts, actor: GivenActor) -> DepositOut:
        """Record a deposit and settle the invoice that it pays exactly; the same notice again changes nothing."""
        deposit = await payment_settled.record_bank_notice(
            payment_settled.BankNotice(
                actor=actor,
                tenant_id=TenantId(data.tenant_id),
                bank=data.bank,
                bank_reference=data.bank_reference,
                payer_name=data.payer_name,
                memo=data.memo,
                amount_krw=data.amount_krw,
                posted_at=data.posted_at,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return deposit_out(deposit)

    @get("/", operation_id="ListDeposits", summary="List deposits", responses=PROBLEMS)
    async def list_deposits(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        only_unapplied: FromQuery[bool] = False,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[DepositOut]:
        """List deposits, newest first."""
        found = await subscriptions.list_deposits(actor, only_unapplied=only_unapplied, limit=limit, unit=ports.unit)
        return [deposit_out(deposit) for deposit in found]
