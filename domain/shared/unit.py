"""One transaction: what a use case does inside it stands together or not at all."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from domain.shared.actor import Actor

Work_co = TypeVar("Work_co", covariant=True)


class Unit(Protocol[Work_co]):
    """Opens a transaction on somebody's behalf; leaving it without `commit` undoes everything.

    The store itself shows and takes no more than the actor's extent.
    A use case that takes `unit` owns its transaction and commits as its last line. One that takes
    `work` is a step inside somebody else's, and never commits.
    """

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[Work_co]:
        """Return the context manager whose value is the work inside the transaction."""
        ...


class Committable(Protocol):
    """What every work can do at its end."""

    async def commit(self) -> None:
        """Make the work durable. Nothing may be written after it."""
        ...
