"""A durable subscription: every message is handed over, and acknowledged only once it is dealt with.

The broker keeps what was not acknowledged (QoS 1, a session that outlives the connection) and delivers it again, so
that a crash between the two loses nothing; what comes twice is known by its content.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import structlog

from domain.metering.ports import StreamMessage

log = structlog.get_logger()

TOPICS = "sunhwan/v1/+/telemetry"
QOS = 1
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
WAITING_MAX = 1_000
"""So many messages wait here at most; the others wait at the broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and how we are known to it; `client_id` names the session that it keeps for us."""

    host: str
    port: int
    tls: bool
    client_id: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None


class MqttStream:
    """Messages of a broker's telemetry topics."""

    def __init__(self, broker: Broker, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        """Remember the broker; nothing is opened before `listen`."""
        self._broker = broker
        self._first_wait_s = first_wait_s

    async def listen(self, take: Callable[[StreamMessage], Awaitable[None]]) -> None:
        """Hand every message to `take` until cancelled, whatever becomes of the broker.

        A message that `take` raises on stays unacknowledged: the connection is given up, and after a pause that
        doubles up to a minute the broker delivers it again.
        """
        wait_s = self._first_wait_s
        while True:
            heard = 0
            try:
                async with self._client() as client:
                    await client.subscribe(TOPICS, qos=QOS)
                    log.info("telemetry.broker.connected", host=self._broker.host, port=self._broker.port)
                    async for message in client.messages:
                        payload = message.payload if isinstance(message.payload, bytes) else b""
                        await take(StreamMessage(topic=str(message.topic), payload=payload))
                        client._client.ack(message.mid, message.qos)
                        heard += 1
            except aiomqtt.MqttError:
                log.warning("telemetry.broker.lost", host=self._broker.host, port=self._broker.port, heard=heard)
            except Exception as error:  # the store is away, or our mistake: the broker keeps the message meanwhile
                log.warning("telemetry.message.kept-back", error=type(error).__name__, heard=heard)
            wait_s = self._first_wait_s if heard else min(2 * wait_s, LONGEST_WAIT_S)
            await asyncio.sleep(wait_s)

    def _client(self) -> aiomqtt.Client:
        broker = self._broker
        context = None
        if broker.tls:
            context = ssl.create_default_context(cafile=None if broker.ca_file is None else str(broker.ca_file))
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            identifier=broker.client_id,
            clean_session=False,
            username=broker.username,
            password=broker.password,
            tls_context=context,
            protocol=aiomqtt.ProtocolVersion.V311,
            max_queued_incoming_messages=WAITING_MAX,
            timeout=20,
        )
        client._client.manual_ack_set(True)  # acknowledged by us, once the message is dealt with
        return client
