"""The audit: one middleware that writes down what was done or refused, and the auditors' view of it.

Written down: every write, every refusal, every document and export that was fetched (the rows of the matrix that end in
`doc`), every look beyond one's own organisation (the complex's staff at anybody's things, an inspection body's at any
pack), and the first use of a key. Not written down: what people read of their own, public pages, and readings that were
taken: they have books of their own, and their door must cost nothing (docs/decisions/0016).
"""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from litestar import Controller, Request, get
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.http.callers import caller_of
from app.http.identity import KEY_FIRST_USED, REMEMBERED, GivenActor, GivenPorts, actor_of, known_actor, token_of
from app.http.policy import POLICY, Reach
from app.http.problems import ACCOUNT, PROBLEM, PROBLEMS, ProblemOut
from app.http.schemas import INT4_MAX, Instant, Out
from app.http.security import request_id_of
from app.ports import Ports
from domain.identity.errors import Account
from domain.journeys import audit
from domain.journeys.ports import JourneyWork
from domain.shared.actor import Actor, Role
from domain.shared.audit import AuditEntry, AuditSearch, Decision
from domain.shared.idempotency import Answer
from domain.shared.identifiers import TenantId
from domain.shared.time import SEOUL
from domain.shared.unit import Unit

log = structlog.get_logger()

Asked = Request[Actor | None, Ports, State]

PAGE_LENGTH = 100
EXPORTED_AT_ONCE = 2_000
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFUSALS = frozenset({401, 403})
_OBJECTS_LENGTH_MAX = 400
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_TOLD = "sunhwan.audit-told"
_ASKED_FOR = "sunhwan.audit-asked-for"
_NUMBER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Named(msgspec.Struct):
    """What a body may name beside everything else."""

    tenant_id: int | None = None


OWN = frozenset({"/api/v1/sessions/me"})
"""What everybody reads of themselves, the complex's staff too."""


class AuditTrail(ASGIMiddleware):
    """Writes one entry behind a request, once its answer is on its way; whoever reads their own pays nothing.

    What has an effect is written down in the effect's own transaction (`tell_within`) and not again here.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request through and write down what became of it."""
        status = 500
        connection: Asked = Request(scope)
        if connection.method in WRITES and token_of(connection) is not None:
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
                if _is_told(connection, status) and not scope["state"].get(_TOLD):
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
        return actor is not None or method in WRITES or answered == status
    if method in WRITES:
        return not connection.route_handler.opt.get(REMEMBERED)
    if actor is None or rule.is_public or route in OWN:
        return False
    return rule.is_document or actor.is_complex or rule.reach[actor.role] is Reach.ALL


def _objects(connection: Asked) -> str:
    """Return the numbers of the things that the address names; a text in it might be anything, and is left out."""
    named = connection.scope.get("path_params", {})
    told = [f"{name}={value}" for name, value in named.items() if isinstance(value, UUID | int)]
    return " ".join(told)[:_OBJECTS_LENGTH_MAX]


async def note_asked_for(request: Asked) -> None:
    """Keep the organisation that a body names, for the entry; a file's bytes are not looked at."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    named: object = None
    if kind == "application/json":
        try:
            named = msgspec.json.decode(await request.body(), type=_Named).tenant_id
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return  # no object, or none that names one: the door says what is wrong with it
    elif kind == "application/x-www-form-urlencoded":
        named = (await request.form()).get("tenant_id")
    text = str(named)
    if named is not None and text.isascii() and text.isdecimal() and len(text) < 10:
        request.scope["state"][_ASKED_FOR] = int(text)


def _made(answer: Answer) -> list[str]:
    """Return the numbers of what an answer shows that was made: those on top of it, and in what it leads to."""
    headers = dict(answer.headers)
    if headers.get("content-type", "").startswith("application/json"):
        try:
            shown = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            return []
        rows = [shown, *shown.values()] if isinstance(shown, dict) else []
        named = [(name, text) for row in rows if isinstance(row, dict) for name, text in row.items()]
        return [f"{name}={text}" for name, text in named if name.endswith("_id") and _is_number(text)]
    return [f"to={part}" for part in headers.get("location", "").split("?")[0].split("/") if _is_number(part)]


def _is_number(text: object) -> bool:
    return isinstance(text, str) and _NUMBER.fullmatch(text) is not None


async def tell_within(request: Asked, answer: Answer, *, unit: Unit[JourneyWork]) -> None:
    """Write the entry of a request into the transaction of its effect: both become durable, or neither."""
    if not _is_told(request, answer.status):
        return
    entry = _entry(request, answer.status)
    new = [one for one in _made(answer) if one.partition("=")[2] not in entry.object_ids]
    told = " ".join(filter(None, (entry.object_ids, *dict.fromkeys(new))))
    await audit.record(replace(entry, object_ids=told[:_OBJECTS_LENGTH_MAX]), unit=unit)
    request.scope["state"][_TOLD] = True


def _asked_for(connection: Asked) -> int | None:
    """Return the organisation that the request names, in its address or in its body."""
    noted: int | None = connection.scope["state"].get(_ASKED_FOR)
    if noted is not None:
        return noted
    named = connection.scope.get("path_params", {}).get("tenant_id")
    for text in (str(named) if named is not None else None, *map(connection.query_params.get, ("tenant_id", "tenant"))):
        if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 10:
            return int(text)
    return None


def _decision(status: int) -> Decision:
    if status in _REFUSALS or status == 429:
        return Decision.REFUSED
    return Decision.FAILED if status >= 400 else Decision.ALLOWED


def _entry(connection: Asked, answered: int) -> AuditEntry:
    scope, actor, problem = connection.scope, known_actor(connection), _problem(connection)
    ports: Ports = connection.app.state["ports"]
    handler, status = connection.route_handler, _status(connection, answered)
    first_use = "key.first-use" if scope["state"].get(KEY_FIRST_USED) else None
    account: Account | None = scope["state"].get(ACCOUNT) if actor is None else None
    asked_for = _asked_for(connection)
    return AuditEntry(
        entry_id=ports.ids.new(),
        tenant_id=TenantId(0) if actor is None else actor.tenant_id,
        at=ports.clock.now(),
        actor_id=None if actor is None or actor.key_id is not None else actor.person_id,
        actor_role="public" if actor is None else actor.role.value,
        key_id=None if actor is None else actor.key_id,
        source=caller_of(connection)[:45],
        method=connection.method,
        route=str(scope["path_template"]),
        action=str(getattr(handler, "operation_id", None) or handler.handler_name),
        object_ids=_objects(connection) if account is None else f"account={account.person_id}",
        for_tenant=account.tenant_id if account is not None and asked_for is None else asked_for,
        decision=_decision(status),
        status=status,
        code=first_use if problem is None else problem.code,
        request_id=request_id_of(scope),
    )


async def _tell(connection: Asked, answered: int) -> None:
    """Write the entry; what was answered stands, so an entry that cannot be written is an error in the log."""
    ports: Ports = connection.app.state["ports"]
    try:
        await audit.record(_entry(connection, answered), unit=ports.unit)
    except Exception as error:  # the request is answered: nobody is left to tell but those who read the log
        handler = connection.route_handler
        action = str(getattr(handler, "operation_id", None) or handler.handler_name)
        log.error("audit.not-written", action=action, status=answered, exc_info=error)


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
Organisation = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=INT4_MAX, description="An organisation: that of who acted, or the one that was asked about."
    ),
]
Source = Annotated[str | None, QueryParameter(min_length=1, max_length=45, pattern=r"^[0-9A-Za-z.:]+$")]
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
    organisation: int | None = None,
    source: str | None = None,
) -> AuditSearch:
    """Return what is looked for; an instant without an offset is Seoul's."""
    return AuditSearch(
        who=who,
        action=action,
        object_id=object_id,
        decision=None if decision is None else Decision(decision),
        from_at=_aware(from_at),
        until_at=_aware(until_at),
        organisation=None if organisation is None else TenantId(organisation),
        source=source,
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


async def as_csv(actor: Actor, wanted: AuditSearch, ports: Ports) -> AsyncIterator[bytes]:
    """Yield what was looked for as a CSV, newest first, a page at a time: all of it, however much there is."""
    yield "\ufeff".encode() + _rows([COLUMNS])
    after: UUID | None = None
    while found := await audit.search(actor, wanted, after=after, limit=EXPORTED_AT_ONCE, unit=ports.unit):
        yield _rows([cell(getattr(one, name)) for name in COLUMNS] for one in map(entry_out, found))
        after = found[-1].entry_id


def _rows(rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue().encode()


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
        organisation: Organisation = None,
        source: Source = None,
        after: After = None,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = PAGE_LENGTH,
    ) -> list[AuditEntryOut]:
        """List entries, newest first; the last one's number is the next page's `after`."""
        wanted = searched(
            who=who,
            action=action,
            object_id=object_id,
            decision=decision,
            from_at=from_at,
            until_at=until_at,
            organisation=organisation,
            source=source,
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
        organisation: Organisation = None,
        source: Source = None,
    ) -> Stream:
        """Export entries as CSV, all that fit; no cell is taken for a formula."""
        wanted = searched(
            who=who,
            action=action,
            object_id=object_id,
            decision=decision,
            from_at=from_at,
            until_at=until_at,
            organisation=organisation,
            source=source,
        )
        actor.require(Role.AUDITOR, Role.ADMIN)  # before the first byte: a refusal is no answer in the middle of a file
        return Stream(
            as_csv(actor, wanted, ports),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="sunhwan-audit.csv"'},
        )
