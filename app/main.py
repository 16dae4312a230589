"""The web program: every door, guard and limit named once. Start reading here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide

from app.http.account import AccountController
from app.http.alarms import AlarmsController
from app.http.amendments import AmendmentsController
from app.http.audit import AuditController, AuditTrail
from app.http.bodies import give_upload, refuse_loose_body
from app.http.callers import TRUSTED_PROXIES
from app.http.conflicts import ConflictsController
from app.http.contracts import ContractsController, PlansController
from app.http.devices import DevicesController
from app.http.docs import openapi_config
from app.http.estimates import EstimatesController
from app.http.findings import FindingsController
from app.http.health import livez, readyz, version
from app.http.idempotency import KeyedOperation, OnceMiddleware, keyed_doors
from app.http.identity import REMEMBERED, RememberedActors, carry_renewed, give_actor, give_holder, give_ports
from app.http.invoices import DepositsController, InvoicesController
from app.http.keys import KeysController
from app.http.load import GATE, Gate, LoadMiddleware
from app.http.lots import LotsController
from app.http.members import MEMBERS
from app.http.meters import MetersController, ServicePointController
from app.http.packs import PacksController
from app.http.policy import apply_policy, keep_policy
from app.http.preconditions import MatchMiddleware, TagMiddleware, document_conditions
from app.http.problems import PROBLEM_HANDLERS
from app.http.protocols import ProtocolsController
from app.http.quotas import METERS, Meters, keep_quota, quota_headers
from app.http.reading_back import ChannelsController, ReadingBackController, TariffsController
from app.http.readings import ReadingsController
from app.http.receptions import CertificatesController, ReceptionsController, ReinspectionsController, ReportsController
from app.http.record_exchange import RecordExchangeController
from app.http.records import RECORDS
from app.http.requests import RequestsController
from app.http.security import refuse_foreign_writes, refuse_other_versions, security_headers
from app.http.sessions import SessionsController
from app.http.sites import SitesController
from app.http.telemetry import TelemetryController
from app.pages import PAGES, STATIC, template_config
from app.ports import Ports
from app.settings import Settings, read_settings
from app.wiring import open_ports

BODY_BYTES_MAX = 1024 * 1024
"""What any other route than those for files and readings takes."""

OpenPorts = Callable[[Settings], AbstractAsyncContextManager[Ports]]


async def _admit(request: Request[Any, Any, Any]) -> None:
    """Keep the policy, then the quota, then look at what comes along.

    The framework's own guards would do, but it copies the whole handler for each of them at every request.
    """
    await keep_policy(request)
    await keep_quota(request)
    refuse_foreign_writes(request.headers, request.method)
    refuse_other_versions(request.headers, request.scope["path"])
    await refuse_loose_body(request)


def create_app(settings: Settings | None = None, *, ports: OpenPorts = open_ports) -> Litestar:
    """Return the web program; it opens its ports when it starts and closes them when it stops."""
    chosen = read_settings() if settings is None else settings

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with ports(chosen) as opened:
            app.state["ports"] = opened
            yield

    app = Litestar(
        route_handlers=[
            SessionsController,
            AccountController,
            PacksController,
            ReceptionsController,
            RequestsController,
            DevicesController,
            RecordExchangeController,
            ProtocolsController,
            ReinspectionsController,
            CertificatesController,
            ReportsController,
            AmendmentsController,
            SitesController,
            MetersController,
            ConflictsController,
            FindingsController,
            LotsController,
            ServicePointController,
            ReadingsController,
            ReadingBackController,
            ChannelsController,
            TelemetryController,
            AlarmsController,
            TariffsController,
            EstimatesController,
            PlansController,
            ContractsController,
            InvoicesController,
            DepositsController,
            *MEMBERS,
            KeysController,
            AuditController,
            *RECORDS,
            livez,
            readyz,
            version,
            *PAGES,
            STATIC,
        ],
        dependencies={
            "ports": Provide(give_ports, sync_to_thread=False),
            "actor": Provide(give_actor),
            "holder": Provide(give_holder),
            "upload": Provide(give_upload),
        },
        middleware=[AuditTrail(), LoadMiddleware(), TagMiddleware(), MatchMiddleware(), OnceMiddleware()],
        before_request=_admit,
        before_send=[security_headers(secure=chosen.secure), quota_headers, carry_renewed(secure=chosen.secure)],
        exception_handlers=PROBLEM_HANDLERS,
        lifespan=[lifespan],
        openapi_config=openapi_config(),
        request_max_body_size=BODY_BYTES_MAX,
        state=State(
            {
                "secure": chosen.secure,
                REMEMBERED: RememberedActors(),
                GATE: Gate(),
                TRUSTED_PROXIES: chosen.trusted_proxies,
                METERS: Meters() if chosen.quotas else None,
            }
        ),
        template_config=template_config(),
        debug=False,
        logging_config=None,  # structlog, set up where the program starts, is the only one that writes
    )
    apply_policy(app)
    for door in keyed_doors(app):
        door.operation_class = KeyedOperation
    document_conditions(app)
    return app
