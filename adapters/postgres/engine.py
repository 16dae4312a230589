"""The pool of connections."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.shared.errors import Unavailable


class DatabaseUnreachable(Unavailable):
    """No PostgreSQL answers under the configured address."""

    code = "database.not-reachable"
    title_ko = "데이터베이스에 연결할 수 없습니다. 주소와 상태를 확인해 주세요."
    title_en = "The database cannot be reached; check its address and state."


def open_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Return a bounded pool for `postgresql+asyncpg://…`; bare `postgresql://` and `postgres://` mean asyncpg too."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            url = "postgresql+asyncpg://" + url.removeprefix(scheme)
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={
            "timeout": 10,
            "command_timeout": 60,
            "server_settings": {
                "application_name": "sunhwan",
                "jit": "off",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "citus.propagate_set_commands": "local",
            },
        },
    )
