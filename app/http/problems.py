"""Every error as a problem document (RFC 9457) with a stable code and one sentence in Korean and English."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap, Scope

from app.http.security import API_VERSION, ApiVersionUnknown, request_id_of
from app.ports import Ports
from domain.identity.errors import (
    NotSignedIn,
    PasskeyRefused,
    SecondFactorNeeded,
    SecondFactorRefused,
    SignInRefused,
    TicketOver,
    TooManyFailures,
)
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, DomainError, NotAllowed, NotFound, RuleBroken, Unavailable, Unverified
from domain.shared.idempotency import KeyInProgress, KeyMalformed, KeyMissing
from domain.shared.quotas import QuotaExceeded
from domain.shared.untrusted import FileTooLarge
from domain.shared.versions import VersionMissing, VersionStale

log = structlog.get_logger()

ApiRequest = Request[Actor | None, Ports, State]

RETRY_AFTER_S = 5
PROBLEM = "sunhwan.problem"
"""Where a request keeps the problem that was answered, for the audit."""
ACCOUNT = "sunhwan.account"
"""Where a request keeps whose account it tried to open, for the audit."""


class ProblemOut(msgspec.Struct, kw_only=True):
    """What is wrong, in one sentence a language; `code` never changes, `request_id` finds our log entry."""

    type: Annotated[str, msgspec.Meta(description="Names the kind of problem; resolves to its page.")]
    title: Annotated[str, msgspec.Meta(description="The sentence in English.")]
    title_ko: Annotated[str, msgspec.Meta(description="The sentence in Korean.")]
    status: int
    code: Annotated[str, msgspec.Meta(description="Stable: context.what-is-wrong.")]
    facts: Annotated[dict[str, str | int | bool | None], msgspec.Meta(description="Particulars of the problem.")]
    request_id: UUID


def _spec(description: str) -> ResponseSpec:
    return ResponseSpec(
        data_container=ProblemOut,
        description=description,
        media_type="application/problem+json",
        generate_examples=False,
    )


PROBLEMS: Mapping[int, ResponseSpec] = {
    400: _spec("The request has no meaning."),
    401: _spec("There is no open session."),
    403: _spec("Your role does not reach this far."),
    404: _spec("There is no such thing, or it is not yours."),
    409: _spec("It exists already, or moved meanwhile."),
    408: _spec("The body did not come in time."),
    412: _spec("It changed since you looked: the version in `If-Match` is not the present one."),
    413: _spec("The body is too large."),
    422: _spec("Well-formed, but a rule forbids it."),
    428: _spec("The change takes `If-Match`."),
    429: _spec("Too many tries; `Retry-After` says when to try again."),
    503: _spec("A service did not answer; `Retry-After` says when to try again."),
}

_STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotSignedIn, 401),
    (SignInRefused, 401),
    (SecondFactorNeeded, 401),
    (SecondFactorRefused, 401),
    (PasskeyRefused, 401),
    (TicketOver, 401),
    (TooManyFailures, 429),
    (QuotaExceeded, 429),
    (FileTooLarge, 413),
    (VersionStale, 412),
    (VersionMissing, 428),
    (KeyMissing, 400),
    (KeyMalformed, 400),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (RuleBroken, 422),
    (Unverified, 422),
    (Unavailable, 503),
)
"""First match wins; the kinds stand below the few errors that say more than their kind."""


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a domain error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


_PLAIN: Mapping[int, tuple[str, str, str]] = {
    400: ("http.bad-request", "요청 형식이 올바르지 않습니다.", "The request is malformed."),
    401: (NotSignedIn.code, NotSignedIn.title_ko, NotSignedIn.title_en),
    403: ("http.forbidden", "허용되지 않은 요청입니다.", "The request is not allowed."),
    404: ("http.not-found", "요청하신 것을 찾을 수 없습니다.", "There is no such page or resource."),
    405: (
        "http.method-not-allowed",
        "이 주소에서 지원하지 않는 방식입니다.",
        "This address does not take that method.",
    ),
    406: (
        "http.not-acceptable",
        "요청한 형식으로는 답할 수 없습니다.",
        "There is no answer in the form that was asked for.",
    ),
    408: (
        "http.body-too-slow",
        "요청 본문이 제때 오지 않았습니다.",
        "The request body did not come in time.",
    ),
    413: ("http.too-large", "요청 본문이 너무 큽니다.", "The request body is too large."),
    415: ("http.media-type", "지원하지 않는 형식의 본문입니다.", "The body's media type is not taken here."),
    429: (
        "http.too-many",
        "요청이 너무 많습니다. 잠시 뒤에 다시 시도해 주세요.",
        "Too many requests; try again later.",
    ),
    500: (
        "http.our-mistake",
        "시스템 오류입니다. 요청 번호를 알려 주세요.",
        "A mistake of ours; quote the request id.",
    ),
}


def problem_of(error: Exception, request_id: UUID) -> ProblemOut:
    """Describe any error as a problem; nothing internal shows."""
    if isinstance(error, DomainError):
        status = status_of(error)
        return _problem(
            status, error.code, error.sentence("ko"), error.sentence("en"), dict(error.facts), request_id=request_id
        )
    status = error.status_code if isinstance(error, HTTPException) else 500
    if isinstance(error, ApiVersionUnknown):
        return _problem(
            status,
            "http.api-version-unknown",
            "이 API-Version은 없습니다. 지금 버전은 응답의 API-Version에 있습니다.",
            "There is no such API-Version; the answer's API-Version names the present one.",
            {"present": API_VERSION},
            request_id=request_id,
        )
    if status >= 500:
        status = 500
    code, title_ko, title_en = _PLAIN.get(status, _PLAIN[400])
    facts: dict[str, str | int | bool | None] = {}
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        for wrong in error.extra[:10]:
            if isinstance(wrong, dict):
                facts[str(wrong.get("key", "body"))[:100]] = str(wrong.get("message", ""))[:300]
    return _problem(status, code, title_ko, title_en, facts, request_id=request_id)


def _problem(
    status: int,
    code: str,
    title_ko: str,
    title_en: str,
    facts: dict[str, str | int | bool | None],
    *,
    request_id: UUID,
) -> ProblemOut:
    return ProblemOut(
        type=f"/problems/{code}",
        title=title_en,
        title_ko=title_ko,
        status=status,
        code=code,
        facts=facts,
        request_id=request_id,
    )


def answer_problem(request: ApiRequest, error: Exception) -> Response[ProblemOut]:
    """Answer any error as a problem document; our own mistakes are logged with their trace, and only there."""
    problem = problem_of(error, request_id_of(request.scope))
    request.scope["state"][PROBLEM] = problem
    note_account(request.scope, error)
    note_problem(error, problem, path=request.scope["path"], method=request.scope["method"])
    headers: dict[str, str] = {}
    if (wait := retry_after(error, problem)) is not None:
        headers["Retry-After"] = wait
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="sunhwan"'
    return Response(problem, status_code=problem.status, media_type="application/problem+json", headers=headers)


def retry_after(error: Exception, problem: ProblemOut) -> str | None:
    """Return when to try again, in seconds, of a problem that passes by itself."""
    if isinstance(error, KeyInProgress):
        return "1"
    if problem.status not in (429, 503):
        return None
    told = problem.facts.get("retry_after_s")
    return str(told if isinstance(told, int) else RETRY_AFTER_S)


def note_account(scope: Scope, error: Exception) -> None:
    """Keep whose account a refused sign-in was about; the answer does not tell."""
    if isinstance(error, SignInRefused) and error.account is not None:
        scope["state"][ACCOUNT] = error.account


def note_problem(error: Exception, problem: ProblemOut, *, path: str, method: str) -> None:
    """Log what the table of errors asks for: audit for refusals, a warning for what is down, the trace of ours."""
    facts = {"code": problem.code, "path": path, "method": method, "request_id": str(problem.request_id)}
    if problem.status == 500:
        log.error("http.our-mistake", **facts, exc_info=error)
    elif problem.status == 503:
        log.warning("http.unavailable", **facts)
    elif isinstance(error, NotAllowed | Unverified):
        log.info("http.refused", **facts)


PROBLEM_HANDLERS: ExceptionHandlersMap = {
    DomainError: answer_problem,
    HTTPException: answer_problem,
    Exception: answer_problem,
}
