"""One transaction and how far it reaches: begun, told its reach and ended by us, in one trip each."""

from types import TracebackType
from typing import Self

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.actor import Actor

REACH = "app.reach"
"""The setting that every policy reads: the extent and the organisation, `tenant:11`; gone with its transaction."""


class NotCommitted(RuntimeError):
    """The server rolled back what we asked it to commit: a statement had failed and its error was swallowed."""


class Transaction:
    """A transaction of one actor on a connection that SQLAlchemy leaves to us (AUTOCOMMIT).

    `also` is said in the same trip, after the beginning.
    """

    def __init__(self, connection: AsyncConnection, actor: Actor, *, also: str = "") -> None:
        self._connection = connection
        self._begin = begin_statement(actor) + also
        self._driver: asyncpg.Connection | None = None

    async def __aenter__(self) -> Self:
        raw = await self._connection.get_raw_connection()
        driver = raw.driver_connection
        if not isinstance(driver, asyncpg.Connection):
            raise TypeError("the driver is asyncpg")
        try:
            await driver.execute(self._begin)
        except asyncpg.PostgresError:
            await driver.execute("rollback")
            raise
        self._driver = driver
        return self

    @property
    def driver(self) -> asyncpg.Connection:
        """The connection, while the transaction lasts."""
        if self._driver is None:
            raise RuntimeError("the transaction is over")
        return self._driver

    async def commit(self) -> None:
        """Make what was done durable."""
        if self._driver is None:
            raise RuntimeError("the transaction is over")
        driver, self._driver = self._driver, None
        if await driver.execute("commit") != "COMMIT":
            raise NotCommitted

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        driver, self._driver = self._driver, None
        if driver is not None and not driver.is_closed() and (error is None or isinstance(error, Exception)):
            await driver.execute("rollback")


def begin_statement(actor: Actor) -> str:
    """Return what opens an actor's transaction. Both parts are ours to spell: an enumeration and an integer."""
    mode = " read only" if actor.only_reads else ""
    return f"begin{mode}; {reach_statement(actor)}"


def reach_statement(actor: Actor) -> str:
    """Return what tells an open transaction whose it is."""
    return f"set local {REACH} = '{actor.extent.value}:{int(actor.tenant_id)}'"
