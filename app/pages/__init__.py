"""The console: pages over the same journeys as the API, for the four kinds of people and for everyone."""

from pathlib import Path

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from app.pages.account import ACCOUNT
from app.pages.alarms import ALARMS
from app.pages.amendments import AMENDMENTS
from app.pages.audit import AUDIT
from app.pages.certificates import CERTIFICATES
from app.pages.contracts import CONTRACTS
from app.pages.devices import DEVICES
from app.pages.energy import ENERGY
from app.pages.findings import FINDINGS
from app.pages.frame import PAGE_PROBLEMS, give_page, give_page_actor, template_config
from app.pages.keys import KEYS
from app.pages.ktr import KTR
from app.pages.lots import LOTS
from app.pages.members import MEMBERS
from app.pages.meters import METERS
from app.pages.packs import PACKS
from app.pages.protocols import PROTOCOLS
from app.pages.public import PUBLIC
from app.pages.record_exchange import RECORD_EXCHANGE
from app.pages.requests import REQUESTS
from app.pages.signing_in import SIGNING_IN

FILES = Path(__file__).parent / "static"

PAGES = (
    Router(
        path="/",
        route_handlers=[
            *PUBLIC,
            *SIGNING_IN,
            *ACCOUNT,
            *PACKS,
            *KTR,
            *REQUESTS,
            *AMENDMENTS,
            *CERTIFICATES,
            *DEVICES,
            *RECORD_EXCHANGE,
            *PROTOCOLS,
            *CONTRACTS,
            *ENERGY,
            *METERS,
            *FINDINGS,
            *LOTS,
            *ALARMS,
            *MEMBERS,
            *KEYS,
            *AUDIT,
        ],
        dependencies={
            "page": Provide(give_page),
            "actor": Provide(give_page_actor, sync_to_thread=False),
        },
        exception_handlers=PAGE_PROBLEMS,
        include_in_schema=False,
    ),
    create_static_files_router(
        path="/static/vendor",
        directories=[FILES / "vendor"],
        cache_control=CacheControlHeader(public=True, max_age=31_536_000, immutable=True),
        name="vendor",
        include_in_schema=False,
    ),
)
"""Every page, and the vendored files, whose paths carry their version and are kept for a year."""

STATIC = create_static_files_router(
    path="/static",
    directories=[FILES],
    cache_control=CacheControlHeader(public=True, max_age=300),
    include_in_schema=False,
)
"""Our own files: kept for five minutes."""

__all__ = ["PAGES", "STATIC", "template_config"]
