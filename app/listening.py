"""What a broker delivers goes the way of what is sent over HTTP: read, taken and watched, then acknowledged."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import structlog
from litestar.exceptions import HTTPException

from app.http.telemetry import read_json
from app.ports import Ports
from domain.journeys import safety
from domain.metering.ports import StreamMessage, TelemetryStream
from domain.shared.actor import system_actor
from domain.shared.errors import DomainError, Unavailable
from domain.shared.identifiers import TenantId

log = structlog.get_logger()

PAYLOAD_BYTES_MAX = 1024 * 1024
_TOPIC = re.compile(r"sunhwan/v1/([1-9][0-9]{0,9})/telemetry", re.ASCII)
_TENANT_MAX = 2_147_483_647


@dataclass(slots=True)
class Heard:
    """What came in since the start."""

    messages: int = 0
    refused: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflicting: int = 0
    rejected: int = 0


async def take_message(ports: Ports, heard: Heard, message: StreamMessage) -> None:
    """Take one message; one without a meaning is counted and logged, never its content.

    Raises:
        Unavailable: the store is away; the message is to be kept by whoever delivered it.
    """
    heard.messages += 1
    found = _TOPIC.fullmatch(message.topic)
    if found is None or int(found[1]) > _TENANT_MAX:
        _refuse(heard, message, "topic")
        return
    if len(message.payload) > PAYLOAD_BYTES_MAX:
        _refuse(heard, message, "too-large")
        return
    try:
        taken = read_json(message.payload, ports.clock.now())
    except HTTPException:
        _refuse(heard, message, "malformed")
        return
    tenant_id = TenantId(int(found[1]))
    try:
        report = await safety.take_telemetry(
            safety.TakeTelemetry(
                # The broker lets a gateway publish under its own tenant's topic alone: that is its sign-in.
                actor=system_actor(tenant_id),
                tenant_id=tenant_id,
                minutes=taken.minutes,
                rejected=taken.rejected,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except Unavailable:
        raise
    except DomainError as error:
        _refuse(heard, message, error.code)
        return
    heard.accepted += report.accepted
    heard.duplicate += report.duplicate
    heard.conflicting += report.conflicting
    heard.rejected += report.rejected
    if report.rejected or report.conflicting or report.trips:
        log.warning(
            "telemetry.message.taken",
            tenant_id=tenant_id,
            accepted=report.accepted,
            conflicting=report.conflicting,
            rejected=report.rejected,
            reasons=sorted({one.reason.value for one in report.rejections}),
            trips=len(report.trips),
        )


def _refuse(heard: Heard, message: StreamMessage, why: str) -> None:
    heard.refused += 1
    log.warning("telemetry.message.refused", why=why, size=len(message.payload), refused=heard.refused)


@contextlib.asynccontextmanager
async def running_listener(ports: Ports, stream: TelemetryStream | None) -> AsyncIterator[Heard]:
    """Listen to a broker, if there is one, until the block ends; what is under way is not acknowledged then."""
    heard = Heard()
    if stream is None:
        yield heard
        return
    listening = asyncio.create_task(stream.listen(partial(take_message, ports, heard)))
    try:
        yield heard
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
