"""Is the program alive, is it ready, which version is it."""

from litestar import get

from app.http.identity import GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import Out
from domain.shared.actor import SYSTEM


class HealthOut(Out):
    """One word."""

    status: str


class VersionOut(Out):
    """Which program answers."""

    version: str


VERSION = "0.1.0"


@get("/livez", operation_id="IsAlive", summary="Is the process alive", tags=["health"], security=[{}])
async def livez() -> HealthOut:
    """Answer without touching the database."""
    return HealthOut(status="alive")


@get(
    "/readyz", operation_id="IsReady", summary="Can it do its work", tags=["health"], security=[{}], responses=PROBLEMS
)
async def readyz(ports: GivenPorts) -> HealthOut:
    """Answer when the database does."""
    async with ports.unit(SYSTEM) as work:
        await work.people.named("")
    return HealthOut(status="ready")


@get("/version", operation_id="Version", summary="Which version is it", tags=["health"], security=[{}])
async def version() -> VersionOut:
    """Show the version."""
    return VersionOut(version=VERSION)
