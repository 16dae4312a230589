"""How everything is logged: events with facts on standard error, and no value of a statement among them.

The database repeats values in what it complains of: `DETAIL: Key (sign_in_name)=(…) already exists.`, `Failing row
contains (…)`, `invalid input syntax for type uuid: "…"`. A trace is told without them.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor

_ONE_LINE = {ord(one): ascii(one)[1:-1] for one in "\r\n\v\f\x1b\x85\u2028\u2029"}

HIDDEN = "[…]"
"""What stands where a value stood."""

Raised: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"

_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+: ).*")
_QUOTED = re.compile(r'"[^"]*"')
_OF_DATA = "22"
"""The class of SQLSTATE whose messages quote the value that was sent."""


def configure(level: int = logging.WARNING, *, file: TextIO | None = None) -> None:
    """Log to standard error, for people at a terminal and as JSON lines elsewhere; libraries from warnings on."""
    to = sys.stderr if file is None else file
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *TRACES,
            structlog.dev.ConsoleRenderer() if to.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=to),
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def formatter() -> logging.Formatter:
    """Return how the libraries' own lines are written."""
    return _Formatter(logging.BASIC_FORMAT)


def tell_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Write the trace of an event's error, without the values that the database repeated in it."""
    told = event.pop("exc_info", None)
    if isinstance(told, BaseException):
        event["exception"] = trace_of(told)
    elif told:
        error = told[1] if isinstance(told, tuple) else sys.exc_info()[1]
        if error is not None:
            event["exception"] = trace_of(error)
    return event


TRACES: tuple[Processor, ...] = (tell_trace,)
"""What stands in front of the renderer."""


def trace_of(error: BaseException) -> str:
    """Return the whole trace of an error as text, without values."""
    return without_values("".join(traceback.format_exception(error)).rstrip("\n"), error)


def without_values(text: str, error: BaseException) -> str:
    """Return a text that an error was written into without the values that the database repeated in it."""
    said = set()
    for one in _chain(error):
        said |= {part for name in ("detail", "where") if isinstance(part := getattr(one, name, None), str)}
        if str(getattr(one, "sqlstate", "") or "").startswith(_OF_DATA):
            message = str(getattr(one, "message", None) or (one.args[0] if one.args else ""))
            text = text.replace(message, _QUOTED.sub(HIDDEN, message)) if message else text
    for part in sorted(said, key=len, reverse=True):  # the longest first: one may be a part of another
        text = text.replace(part, HIDDEN) if part else text
    return _ARGUMENT.sub(rf"\1{HIDDEN}", text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with everything that it came from or holds."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        held = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        around = (one.__cause__, one.__context__, getattr(one, "orig", None), *held)
        waiting += [other for other in around if isinstance(other, BaseException)]


class _Formatter(logging.Formatter):
    """The libraries' own lines, which may carry a trace of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the library's name)
        # One event is one line: a text that somebody sent must not look like a line of ours.
        return super().formatMessage(record).translate(_ONE_LINE)

    def formatException(self, ei: Raised) -> str:  # noqa: N802  (the library's name)
        return "" if ei[1] is None else trace_of(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        given = record.args if isinstance(record.args, tuple) else ()
        for error in given:
            if isinstance(error, BaseException):
                text = without_values(text, error)
        return text
