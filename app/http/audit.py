"""The audit: one middleware that writes down what was done or refused, and the auditors' view of it.

Written down: every write, every refusal, every document and export that was fetched (the rows of the matrix that end in
`doc`), every look beyond one's own organisation (the complex's staff at anybody's things, an inspection body's at any
pack), and the first use of a key. Not written down: what people read of their own, public pages, and readings that were
taken: they have books of their own, and their door must cost nothing (docs/decisions/0016).
"""

import csv
import io
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.http.callers import caller_of
from app.http.identity import KEY_FIRST_USED, REMEMBERED, GivenActor, GivenPorts, actor_of, known_actor, token_of
from app.http.policy import POLICY, Reach
from app.http.problems import PROBLEM, PROBLEMS, ProblemOut
from app.http.schemas import Instant, Out
from app.http.security import request_id_of
from app.ports import Ports
from domain.journeys import audit
from domain.shared.actor import Actor
from domain.shared.audit import AuditEntry, AuditSearch, Decision
from domain.shared.identifiers import TenantId
from domain.shared.time import SEOUL

log = structlog.get_logger()

Asked = Request[Actor | None, Ports, State]

PAGE_LENGTH = 100
EXPORTED_MAX = 10_000
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFUSALS = frozenset({401, 403})
_OBJECTS_LENGTH_MAX = 400
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

OWN = frozenset({"/api/v1/sessions/me"})
"""What everybody reads of themselves, the complex's staff too."""


class AuditTrail(ASGIMiddleware):
    """Writes one entry behind a request, once its answer is on its way; whoever reads their own pays nothing."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request through and write down what became of it."""
        status = 500
        connection: Asked = Request(scope)
        if connection.method in _WRITES and token_of(connection) is not None:
            await actor_of(connection)  # who signs out is nobody afterwards

        async def listening(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=str(request_id_of(scope))):
            try:
                await next_app(scope, receive, listening)
            finally:
                if _is_told(connection, status):
                    await _tell(connection, status)


def _problem(connection: Asked) -> ProblemOut | None:
    found: ProblemOut | None = connection.scope["state"].get(PROBLEM)
    return found


def _status(connection: Asked, status: int) -> int:
    """Return what was decided: a page answers a stranger with the way to the sign-in page, which is a refusal too."""
    problem = _problem(connection)
    return status if problem is None else problem.status


def _is_told(connection: Asked, answered: int) -> bool:
    scope, actor, status = connection.scope, known_actor(connection), _status(connection, answered)
    method, route = connection.method, scope.get("path_template", "")
    rule = POLICY.get((method, route))
    if rule is None:
        return False
    if scope["state"].get(KEY_FIRST_USED):
        return True
    if status in _REFUSALS:  # a stranger who opens a page is only shown the way in
        return actor is not None or method in _WRITES or answered == status
    if method in _WRITES:
        return not connection.route_handler.opt.get(REMEMBERED)
    if actor is None or rule.is_public or route in OWN:
        return False
    return rule.is_document or actor.is_complex or rule.reach[actor.role] is Reach.ALL


def _objects(connection: Asked) -> str:
    """Return the numbers of the things that the address names; a text in it might be anything, and is left out."""
    named = connection.scope.get("path_params", {})
    told = [f"{name}={value}" for name, value in named.items() if isinstance(value, UUID | int)]
    return " ".join(told)[:_OBJECTS_LENGTH_MAX]


def _asked_for(connection: Asked) -> int | None:
    """Return the organisation that the request names."""
    named = connection.scope.get("path_params", {}).get("tenant_id")
    for text in (str(named) if named is not None else None, *map(connection.query_params.get, ("tenant_id", "tenant"))):
        if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 10:
            return int(text)
    return None


def _decision(status: int) -> Decision:
    if status in _REFUSALS or status == 429:
        return Decision.REFUSED
    return Decision.FAILED if status >= 400 else Decision.ALLOWED


async def _tell(connection: Asked, answered: int) -> None:
    """Write the entry; what was answered stands, so an entry that cannot be written is an error in the log."""
    scope, actor, problem = connection.scope, known_actor(connection), _problem(connection)
    ports: Ports = connection.app.state["ports"]
    handler = connection.route_handler
    status = _status(connection, answered)
    action = str(getattr(handler, "operation_id", None) or handler.handler_name)
    entry_id = ports.ids.new()
    first_use = "key.first-use" if scope["state"].get(KEY_FIRST_USED) else None
    try:
        await audit.record(
            AuditEntry(
                entry_id=entry_id,
                tenant_id=TenantId(0) if actor is None else actor.tenant_id,
                at=ports.clock.now(),
                actor_id=None if actor is None or actor.key_id is not None else actor.person_id,
                actor_role="public" if actor is None else actor.role.value,
                key_id=None if actor is None else actor.key_id,
                source=caller_of(connection)[:45],
                method=connection.method,
                route=str(scope["path_template"]),
                action=action,
                object_ids=_objects(connection),
                for_tenant=_asked_for(connection),
                decision=_decision(status),
                status=status,
                code=first_use if problem is None else problem.code,
                request_id=request_id_of(scope),
            ),
            unit=ports.unit,
        )
    except Exception as error:  # the request is answered: nobody is left to tell but those who read the log
        log.error("audit.not-written", action=action, entry_id=str(entry_id), status=status, exc_info=error)


# ── the auditors' view ──


class AuditEntryOut(Out):
    """One thing done or refused."""

    entry_id: UUID
    at: Instant
    tenant_id: Annotated[int, msgspec.Meta(description="The actor's organisation; 0 is nobody's.")]
    sequence: int
    actor_id: UUID | None
    actor_role: str
    key_id: UUID | None
    source: str
    method: str
    route: str
    action: str
    object_ids: str
    for_tenant: int | None
    decision: str
    status: int
    code: str | None
    request_id: UUID
    seal: str


COLUMNS = AuditEntryOut.__struct_fields__

Who = Annotated[UUID | None, QueryParameter(description="A person's or a key's number.")]
Action = Annotated[str | None, QueryParameter(min_length=1, max_length=100, pattern=r"^[A-Za-z_]+$")]
ObjectId = Annotated[UUID | None, QueryParameter(name="object", description="The number of the thing.")]
Decided = Annotated[str | None, QueryParameter(pattern=f"^({'|'.join(Decision)})$")]
From = Annotated[datetime | None, QueryParameter(name="from", description="RFC 3339 with offset.")]
Until = Annotated[datetime | None, QueryParameter(name="until", description="RFC 3339 with offset; excluded.")]
After = Annotated[UUID | None, QueryParameter(description="The last entry of the page before.")]


def entry_out(one: AuditEntry) -> AuditEntryOut:
    """Say an entry in the API's words."""
    return AuditEntryOut(
        entry_id=one.entry_id,
        at=one.at,
        tenant_id=one.tenant_id,
        sequence=one.sequence,
        actor_id=one.actor_id,
        actor_role=one.actor_role,
        key_id=one.key_id,
        source=one.source,
        method=one.method,
        route=one.route,
        action=one.action,
        object_ids=one.object_ids,
        for_tenant=one.for_tenant,
        decision=one.decision.value,
        status=one.status,
        code=one.code,
        request_id=one.request_id,
        seal=one.seal.hex(),
    )


def searched(
    *,
    who: UUID | None,
    action: str | None,
    object_id: UUID | None,
    decision: str | None,
    from_at: datetime | None,
    until_at: datetime | None,
) -> AuditSearch:
    """Return what is looked for; an instant without an offset is Seoul's."""
    return AuditSearch(
        who=who,
        action=action,
        object_id=object_id,
        decision=None if decision is None else Decision(decision),
        from_at=_aware(from_at),
        until_at=_aware(until_at),
    )


def _aware(at: datetime | None) -> datetime | None:
    """Return an instant with an offset, drawn in from the far ends of the calendar that no store keeps."""
    if at is None:
        return None
    aware = at.replace(tzinfo=SEOUL) if at.tzinfo is None else at
    return min(max(aware, _EARLIEST), _LATEST)


def cell(value: object) -> str:
    """Write a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


async def as_csv(actor: Actor, wanted: AuditSearch, ports: Ports) -> bytes:
    """Return what was looked for as a CSV, newest first, at most ten thousand entries."""
    found = await audit.search(actor, wanted, after=None, limit=EXPORTED_MAX, unit=ports.unit)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in map(entry_out, found):
        writer.writerow([cell(getattr(one, name)) for name in COLUMNS])
    return file.getvalue().encode("utf-8-sig")


class AuditController(Controller):
    """The audit log."""

    path = "/api/v1/audit"
    tags = ("audit",)

    @get("/", operation_id="SearchAudit", summary="Search the audit log", responses=PROBLEMS)
    async def search(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        who: Who = None,
        action: Action = None,
        object_id: ObjectId = None,
        decision: Decided = None,
        from_at: From = None,
        until_at: Until = None,
        after: After = None,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = PAGE_LENGTH,
    ) -> list[AuditEntryOut]:
        """List entries, newest first; the last one's number is the next page's `after`."""
        wanted = searched(
            who=who, action=action, object_id=object_id, decision=decision, from_at=from_at, until_at=until_at
        )
        return [entry_out(one) for one in await audit.search(actor, wanted, after=after, limit=limit, unit=ports.unit)]

    @get(
        "/csv",
        operation_id="ExportAudit",
        summary="Export the audit log",
        responses={
            **PROBLEMS,
            200: ResponseSpec(data_container=bytes, media_type="text/csv", description="Newest first."),
        },
    )
    async def export(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        who: Who = None,
        action: Action = None,
        object_id: ObjectId = None,
        decision: Decided = None,
        from_at: From = None,
        until_at: Until = None,
    ) -> Response[bytes]:
        """Export entries as CSV, at most ten thousand; no cell is taken for a formula."""
        wanted = searched(
            who=who, action=action, object_id=object_id, decision=decision, from_at=from_at, until_at=until_at
        )
        return Response(
            await as_csv(actor, wanted, ports),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="sunhwan-audit.csv"'},
        )
