"""The port `Requests` on PostgreSQL; whose rows a transaction sees, the database's own policies say."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Select, cast, distinct, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.certification import ReceptionRow
from adapters.postgres.tables.requests import (
    InspectionRequestEventRow,
    InspectionRequestRow,
    InspectionRequestStateRow,
)
from domain.certification.errors import RequestMoved, RequestUnknown
from domain.certification.model import ProtocolName
from domain.certification.requests import (
    InspectionRequest,
    RequestMove,
    RequestPage,
    RequestState,
    units_of,
    units_text,
)
from domain.certification.spelling import applicant_of, applicant_text
from domain.shared.identifiers import PersonId, TenantId


def _requests() -> Select[tuple[object, ...]]:
    return select(*InspectionRequestRow.__table__.c, col(InspectionRequestStateRow.state)).join(  # type: ignore[attr-defined]
        InspectionRequestStateRow,
        (col(InspectionRequestStateRow.tenant_id) == col(InspectionRequestRow.tenant_id))
        & (col(InspectionRequestStateRow.request_id) == col(InspectionRequestRow.request_id)),
    )


def _to_request(row: RowMapping) -> InspectionRequest:
    return InspectionRequest(
        request_id=row["request_id"],
        number=row["number"],
        tenant_id=TenantId(row["tenant_id"]),
        body_id=TenantId(row["body_id"]),
        applicant=applicant_of(row["applicant"]),
        purpose=row["purpose"],
        protocol=(
            None
            if row["protocol_id"] is None
            else ProtocolName(protocol_id=row["protocol_id"], version=row["protocol_version"])
        ),
        units=units_of(row["units"]),
        filed_by=PersonId(row["filed_by"]),
        filed_by_name=row["filed_by_name"],
        filed_at=row["filed_at"],
        state=RequestState(row["state"]),
    )


def _to_move(row: RowMapping) -> RequestMove:
    return RequestMove(
        request_id=row["request_id"],
        tenant_id=TenantId(row["tenant_id"]),
        body_id=TenantId(row["body_id"]),
        sequence=row["sequence"],
        from_state=None if row["from_state"] is None else RequestState(row["from_state"]),
        to_state=RequestState(row["to_state"]),
        moved_by=PersonId(row["moved_by"]),
        moved_by_name=row["moved_by_name"],
        moved_at=row["moved_at"],
        reason=row["reason"],
    )


class PostgresRequests:
    """Requests for inspection and where each stands."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, request: InspectionRequest) -> None:
        """Store a new request."""
        await self._connection.execute(
            insert(InspectionRequestRow).values(
                tenant_id=request.tenant_id,
                request_id=request.request_id,
                body_id=request.body_id,
                number=request.number,
                applicant=applicant_text(request.applicant),
                purpose=request.purpose,
                units=units_text(request.units),
                protocol_id=None if request.protocol is None else request.protocol.protocol_id,
                protocol_version=None if request.protocol is None else request.protocol.version,
                filed_by=request.filed_by,
                filed_by_name=request.filed_by_name,
                filed_at=request.filed_at,
            )
        )
        await self._connection.execute(
            insert(InspectionRequestStateRow).values(
                tenant_id=request.tenant_id,
                request_id=request.request_id,
                body_id=request.body_id,
                state=request.state.value,
                changed_at=request.filed_at,
            )
        )

    async def one(self, request_id: UUID) -> InspectionRequest:
        """Return a request."""
        found = await self._connection.execute(_requests().where(col(InspectionRequestRow.request_id) == request_id))
        row = found.mappings().first()
        if row is None:
            raise RequestUnknown(request=str(request_id))
        return _to_request(row)

    async def hold(self, request_id: UUID) -> InspectionRequest:
        """Return a request with its state locked until the transaction ends."""
        await self._connection.execute(
            select(col(InspectionRequestStateRow.state))
            .where(col(InspectionRequestStateRow.request_id) == request_id)
            .with_for_update()
        )
        return await self.one(request_id)

    async def move(self, request: InspectionRequest, *, to: RequestState, at: datetime) -> None:
        """Move a request on: compare and set."""
        done = await self._connection.execute(
            update(InspectionRequestStateRow)
            .where(
                col(InspectionRequestStateRow.tenant_id) == request.tenant_id,
                col(InspectionRequestStateRow.request_id) == request.request_id,
                col(InspectionRequestStateRow.state) == request.state.value,
            )
            .values(state=to.value, changed_at=at)
        )
        if done.rowcount != 1:
            raise RequestMoved(state=request.state.value)

    async def log(self, move: RequestMove) -> None:
        """Add to what happened to a request."""
        await self._connection.execute(
            insert(InspectionRequestEventRow).values(
                tenant_id=move.tenant_id,
                request_id=move.request_id,
                body_id=move.body_id,
                sequence=move.sequence,
                from_state=None if move.from_state is None else move.from_state.value,
                to_state=move.to_state.value,
                moved_by=move.moved_by,
                moved_by_name=move.moved_by_name,
                moved_at=move.moved_at,
                reason=move.reason,
            )
        )

    async def moves(self, request: InspectionRequest) -> tuple[RequestMove, ...]:
        """Return every move of a request."""
        found = await self._connection.execute(
            select(*InspectionRequestEventRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(InspectionRequestEventRow.tenant_id) == request.tenant_id,
                col(InspectionRequestEventRow.request_id) == request.request_id,
            )
            .order_by(col(InspectionRequestEventRow.sequence))
        )
        return tuple(_to_move(row) for row in found.mappings())

    async def page(self, wanted: RequestPage) -> tuple[InspectionRequest, ...]:
        """Return requests, newest first."""
        query = (
            _requests()
            .where(col(InspectionRequestStateRow.state).in_([state.value for state in wanted.states]))
            .order_by(col(InspectionRequestRow.request_id).desc())
            .limit(wanted.limit)
        )
        if wanted.applicant is not None:
            query = query.where(col(InspectionRequestRow.tenant_id) == wanted.applicant)
        if wanted.body is not None:
            query = query.where(col(InspectionRequestRow.body_id) == wanted.body)
        if wanted.waiting:
            taken_in = (
                select(func.count(distinct(col(ReceptionRow.request_line))))
                .where(
                    col(ReceptionRow.request_id) == col(InspectionRequestRow.request_id),
                    col(ReceptionRow.tenant_id) == col(InspectionRequestRow.body_id),
                )
                .scalar_subquery()
            )
            query = query.where(func.jsonb_array_length(cast(col(InspectionRequestRow.units), JSONB)) > taken_in)
        if wanted.after is not None:
            query = query.where(col(InspectionRequestRow.request_id) < wanted.after)
        found = await self._connection.execute(query)
        return tuple(_to_request(row) for row in found.mappings())
