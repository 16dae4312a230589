"""How the command line answers: one document or sentences, and an exit code that says how it went."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, NoReturn, TypeVar

import typer
import uvloop

from app.terminal import err
from domain.shared.errors import DomainError, NotFound, Unavailable

DONE, FAILED, USAGE, REFUSED, NOT_REACHABLE = 0, 1, 2, 3, 4

Language = Literal["ko", "en"]
Result = TypeVar("Result")
Lang = Annotated[Language, typer.Option("--lang", envvar="SUNHWAN_LANG", help="ko | en")]
Json = Annotated[bool, typer.Option("--json", help="JSON 문서 하나로 출력 · print one JSON document.")]


def print_whole(text: str) -> None:
    """Print a long text to its end: an unbuffered stream writes to a pipe only as much as it takes at once."""
    sys.stdout.flush()
    rest = memoryview(f"{text}\n".encode())
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]


def fail(error: DomainError, language: Language, *, as_json: bool = False) -> NoReturn:
    """Tell an error of the field, and end with the exit code that it means."""
    if as_json:
        print_whole(
            json.dumps(
                {"error": {"code": error.code, "message": error.sentence(language), "facts": error.facts}},
                ensure_ascii=False,
            )
        )
    else:
        err.print(f"[bold red]✗[/] {error.sentence(language)} [dim]({error.code})[/]", highlight=False)
    code = NOT_REACHABLE if isinstance(error, Unavailable) else REFUSED
    raise typer.Exit(FAILED if isinstance(error, NotFound) else code)


def run(doing: Callable[[], Awaitable[Result]], language: Language, *, as_json: bool = False) -> Result:
    """Run a coroutine; tell an error of the field in one sentence."""

    async def done() -> Result:
        return await doing()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(done())
    except DomainError as error:
        fail(error, language, as_json=as_json)
