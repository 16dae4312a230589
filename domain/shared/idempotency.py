"""Once per key: a request that is sent again gets the first one's answer, and does nothing a second time."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from domain.shared.actor import Actor
from domain.shared.errors import Conflict, RuleBroken
from domain.shared.unit import Unit

KEPT = timedelta(days=30)
"""How long an answer can be had again."""

Work_co = TypeVar("Work_co", covariant=True)


class KeyMissing(RuleBroken):
    """A POST that makes history or money came without a key."""

    code = "http.idempotency-key-missing"
    title_ko = (
        "이 요청에는 Idempotency-Key 헤더가 필요합니다. 요청마다 새 키를 쓰고, 다시 보낼 때는 같은 키를 쓰십시오."
    )
    title_en = "This request takes an Idempotency-Key: a new one for each request, the same one when sent again."


class KeyMalformed(RuleBroken):
    """The key is no 1 to 255 printable ASCII characters."""

    code = "http.idempotency-key-malformed"
    title_ko = "Idempotency-Key는 인쇄 가능한 ASCII 문자 1~255자입니다."
    title_en = "An Idempotency-Key is 1 to 255 printable ASCII characters."


class KeyReused(RuleBroken):
    """The key belongs to a request that said something else."""

    code = "http.idempotency-key-reused"
    title_ko = "이 Idempotency-Key는 내용이 다른 요청에 이미 쓰였습니다. 새 요청에는 새 키를 쓰십시오."
    title_en = "This Idempotency-Key was used for a different request; a new request takes a new key."


class KeyInProgress(Conflict):
    """A request with this key is being carried out right now."""

    code = "http.idempotency-key-in-progress"
    title_ko = "같은 Idempotency-Key의 요청을 처리하고 있습니다. 잠시 뒤에 다시 보내면 그 답을 받습니다."
    title_en = "A request with this Idempotency-Key is being carried out; send it again shortly for its answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whose request it is, at which door, under which key, and the hash of everything that it says.

    `patience_ms` is how long it waits for a twin that is being carried out.
    """

    actor: Actor
    route: str
    key: str
    request_sha256: bytes
    now: datetime
    patience_ms: int = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, byte for byte; of its headers those that belong to the body or lead on."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class OnceUnit(Unit[Work_co], Protocol[Work_co]):
    """A unit for one request: what its work commits becomes durable together with the answer and the audit entry.

    `commit` inside a unit only marks the work as whole; `settle` makes it durable, `drop` undoes it. Units opened
    after a commit join the same transaction. What is done at the sign-in door commits by itself: a failed try to
    sign stays counted whatever becomes of the request.
    """

    @property
    def overtaken(self) -> bool:
        """Whether a twin was answered after we had asked: its answer is ours, whatever the door said meanwhile."""
        ...

    async def answered(self) -> Answer | None:
        """Return what was answered before under the claim's key, waiting a little for a twin under way.

        Raises:
            KeyReused: the key belongs to a request that said something else.
            KeyInProgress: the twin takes longer.
        """
        ...

    @property
    def is_whole(self) -> bool:
        """Whether work waits to be made durable."""
        ...

    async def settle(self, answer: Answer) -> None:
        """Make the work durable, and with it the answer under its key; without work nothing is kept.

        Raises:
            KeyInProgress: a twin was faster; nothing of this request stays.
        """
        ...

    async def make_durable(self) -> None:
        """Make the work durable where there is no answer to keep."""
        ...

    def within(self, actor: Actor) -> AbstractAsyncContextManager[Work_co]:
        """Open a part of the work that waits: what is written there stands or falls with it."""
        ...

    async def drop(self) -> None:
        """Undo whatever was not settled."""
        ...

    async def leave(self) -> None:
        """End the request: undo what was not settled, or let stand what stands whatever was answered."""
        ...


class Once(Protocol[Work_co]):
    """Opens units under a key."""

    def __call__(self, claim: Claim) -> OnceUnit[Work_co]:
        """Return the unit of one request."""
        ...

    def held(self, actor: Actor) -> OnceUnit[Work_co]:
        """Return the unit of a request without a key: its work waits as well, and no answer is kept."""
        ...

    def steps(self) -> OnceUnit[Work_co]:
        """Return the unit of a request that signs in or out, or changes one's own account.

        Each of its commits stands before the next unit opens, so that a failed try stays counted whatever comes of the
        request; only the last one waits, for its audit entry.
        """
        ...


class Answers(Protocol):
    """Answers kept under their keys."""

    async def sweep(self, *, before: datetime) -> int:
        """Forget answers given before an instant; return how many."""
        ...
