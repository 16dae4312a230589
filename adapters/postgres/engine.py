"""The pool of connections, and the one place where a database that is away gets its name."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InternalClientError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    PostgresConnectionError,
    PostgresError,
    TooManyConnectionsError,
)
from asyncpg.exceptions import InterfaceError as DriverInterfaceError
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from domain.shared.errors import RuleBroken, Unavailable

_RESTED_S = 2.0
_RETURNED = "sunhwan.returned"


class DatabaseUnreachable(Unavailable):
    """No PostgreSQL answers under the configured address."""

    code = "database.not-reachable"
    title_ko = "데이터베이스에 연결할 수 없습니다. 주소와 상태를 확인해 주세요."
    title_en = "The database cannot be reached; check its address and state."


_AWAY = (
    OSError,
    TimeoutError,
    PoolTimeout,
    InterfaceError,
    DriverInterfaceError,
    PostgresConnectionError,
    CannotConnectNowError,
    AdminShutdownError,
    CrashShutdownError,
    InternalClientError,  # the server ended the connection between two questions: the driver is still at its farewell
    TooManyConnectionsError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
)


@contextmanager
def reaching() -> Iterator[None]:
    """Say `DatabaseUnreachable` for whatever a driver says when no database answers, or not to us.

    What waited too long for others becomes `DatabaseBusy`, whether SQLAlchemy says so or the driver itself.
    """
    try:
        yield
    except _AWAY as error:
        raise DatabaseUnreachable from error
    except PostgresError as error:
        if error.sqlstate in _WAITED_TOO_LONG:
            raise DatabaseBusy from error
        raise
    except DBAPIError as error:
        drivers = getattr(error.orig, "__cause__", None)
        if error.connection_invalidated or isinstance(error.__cause__, _AWAY) or isinstance(drivers, _AWAY):
            raise DatabaseUnreachable from error
        if getattr(error.orig, "sqlstate", None) in _WAITED_TOO_LONG:
            raise DatabaseBusy from error
        raise


class DatabaseBusy(Unavailable):
    """A statement waited too long for others; nothing was done, and it may be tried again."""

    code = "database.busy"
    title_ko = "다른 작업이 끝나기를 기다리다 중단했습니다. 잠시 뒤에 다시 시도해 주세요."
    title_en = "Others are at work on the same thing; nothing was done, please try again shortly."


_WAITED_TOO_LONG = frozenset({"55P03", "57014", "40P01", "40001"})
"""SQLSTATE: lock not available, statement timeout, deadlock, serialisation failure."""


class DatabaseUrlMalformed(RuleBroken):
    """The configured address is no address of a PostgreSQL."""

    code = "database.url-malformed"
    title_ko = "DATABASE_URL의 형식이 올바르지 않습니다: postgresql://사용자:비밀번호@호스트/이름."
    title_en = "DATABASE_URL is not usable; it reads postgresql://user:password@host/name."


def open_engine(url: str, *, pool_size: int = 10, role: str | None = None) -> AsyncEngine:
    """Return a bounded pool for `postgresql+asyncpg://…`; bare `postgresql://` and `postgres://` mean asyncpg too.

    `role` is who its connections are, whoever signs them in; none leaves them what their sign-in makes them.

    Raises:
        DatabaseUrlMalformed: the address is none of PostgreSQL.
    """
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            url = "postgresql+asyncpg://" + url.removeprefix(scheme)
    if not url.startswith("postgresql+asyncpg://"):
        raise DatabaseUrlMalformed
    try:
        return _engine(url, pool_size, role)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlMalformed from error


def sign_in_of(url: str) -> tuple[str | None, str | None]:
    """Return whom an address signs in, and by which password.

    Raises:
        DatabaseUrlMalformed: the address is none of PostgreSQL.
    """
    try:
        told = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlMalformed from error
    return told.username, None if told.password is None else str(told.password)


def _engine(url: str, pool_size: int, role: str | None) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # names, hashes and bodies are among them, and errors are logged with their trace
        connect_args={
            "timeout": 10,
            "command_timeout": 60,
            "server_settings": {
                "application_name": "sunhwan",
                "jit": "off",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "citus.propagate_set_commands": "local",
                **({} if role is None else {"role": role, "statement_timeout": "55s"}),
            },
        },
    )
    _ping_after_rest(engine)
    return engine


def _ping_after_rest(engine: AsyncEngine) -> None:
    """Replace a dead connection before it is lent; the server is only asked of one that rested: asking is a trip."""
    pool, dialect = engine.sync_engine.pool, engine.sync_engine.dialect

    def returned(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        driver = entry.driver_connection
        if driver is not None and not driver.is_closed() and driver.is_in_transaction():
            # Whoever left a transaction open left its reach in it as well: nobody else may be lent this connection.
            entry.invalidate()
            return
        entry.info[_RETURNED] = time.monotonic()

    def lent(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if entry.driver_connection is None or entry.driver_connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - entry.info.get(_RETURNED, 0.0) > _RESTED_S:
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    event.listen(pool, "checkin", returned)
    event.listen(pool, "checkout", lent)
