"""One transaction and how far it reaches: begun, told its reach and ended by us, in one trip each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn
from sqlmodel import col

from adapters.postgres.engine import reaching
from domain.shared.actor import Actor, Extent, Role
from domain.shared.identifiers import TenantId

Listing = TypeVar("Listing", bound=Select[*tuple[Any, ...]])

REACH = "app.reach"
"""The setting that every policy reads; gone with its transaction.

`tenant:11` is the extent and the organisation. `complex:1:3:1,2,11` is somebody of organisation 1 on the staff of the
complex 3, in which these organisations lie; `complex:1:all` the system, which reaches every complex.
"""


Within: TypeAlias = frozenset[TenantId] | None
"""The organisations that the staff of a complex list from; None lists what the transaction reaches."""


def within_of(actor: Actor) -> Within:
    """Return which organisations an actor's lists are held to."""
    if actor.extent is not Extent.COMPLEX or actor.role is Role.SYSTEM:
        return None
    return frozenset() if actor.complex_reach is None else actor.complex_reach.organisations


def of_complex(query: Listing, tenant_id: int, within: Within) -> Listing:
    """Hold a list to the organisations of a complex: the statement says it, and the database's policy says it again."""
    return query if within is None else query.where(col(tenant_id).in_(sorted(within)))


@asynccontextmanager
async def lent(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Lend a connection of a pool.

    Raises:
        DatabaseUnreachable: no database answers.
        DatabaseBusy: a statement waited too long for others.
    """
    with reaching():
        async with engine.connect() as connection:
            try:
                yield connection
            except BaseException as error:
                if not isinstance(error, Exception):
                    await connection.invalidate()  # cancelled in the middle: nobody knows where the server stands
                raise


@asynccontextmanager
async def lent_driver(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """Lend the driver's own connection of a pool: SQLAlchemy's around it costs as much as a small statement.

    Raises:
        DatabaseUnreachable: no database answers.
        DatabaseBusy: a statement waited too long for others.
    """
    with reaching():
        fairy = await engine.raw_connection()
        driver = _asyncpg(fairy.driver_connection)
        try:
            yield driver
        except BaseException as error:
            if not isinstance(error, Exception) or isinstance(error, asyncpg.InternalClientError):
                driver.terminate()  # cancelled, or ended: nobody knows where the server stands; the pool makes another
            raise
        finally:
            await greenlet_spawn(fairy.close)


def driver_of(connection: AsyncConnection | asyncpg.Connection) -> asyncpg.Connection:
    """Return the driver's own connection of one that is open.

    SQLAlchemy's own way to it changes to another stack and back, which costs as much as a small statement.
    """
    if isinstance(connection, asyncpg.Connection):
        return connection
    opened = connection.sync_connection
    return _asyncpg(None if opened is None else opened.connection.driver_connection)


def _asyncpg(driver: object) -> asyncpg.Connection:
    if not isinstance(driver, asyncpg.Connection):
        raise TypeError("the driver is asyncpg")
    return driver


class NotCommitted(RuntimeError):
    """The server rolled back what we asked it to commit: a statement had failed and its error was swallowed."""


class Transaction:
    """A transaction of one actor on the driver's connection, or on one that SQLAlchemy leaves to us (AUTOCOMMIT).

    `also` is said in the same trip, after the beginning.
    """

    def __init__(self, connection: AsyncConnection | asyncpg.Connection, actor: Actor, *, also: str = "") -> None:
        self._connection = connection
        self._begin = begin_statement(actor) + also
        self._driver: asyncpg.Connection | None = None

    async def __aenter__(self) -> Self:
        driver = driver_of(self._connection)
        try:
            await driver.execute(self._begin)
        except asyncpg.PostgresError:
            await driver.execute("rollback")
            raise
        except asyncpg.InternalClientError:
            driver.terminate()  # nothing more can be asked on it; the pool makes another
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
    """Return what opens an actor's transaction. All parts are ours to spell: an enumeration and integers."""
    mode = " read only" if actor.only_reads else ""
    return f"begin{mode}; {reach_statement(actor)}"


def reach_statement(actor: Actor) -> str:
    """Return what tells an open transaction whose it is."""
    return f"set local {REACH} = '{actor.extent.value}:{_whose(actor)}'"


def _whose(actor: Actor) -> str:
    own, within = int(actor.tenant_id), actor.complex_reach
    if actor.role is Role.SYSTEM:
        return f"{own}:all"
    if actor.extent is not Extent.COMPLEX or within is None:
        return str(own)  # staff of no complex reach nothing
    return f"{own}:{int(within.complex_id)}:{','.join(str(int(one)) for one in sorted(within.organisations))}"
