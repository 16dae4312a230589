"""The broker's stream against Debian's mosquitto: acknowledged after it is taken, delivered again otherwise."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.mqtt.subscriber import Broker, MqttStream
from domain.metering.ports import StreamMessage

aiomqtt = pytest.importorskip("aiomqtt")

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
if MOSQUITTO is None and os.environ.get("SUNHWAN_REQUIRE_BROKER"):
    pytest.fail("mosquitto is not installed", pytrace=False)
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (apt-get install mosquitto)")

TOPIC = "sunhwan/v1/11/telemetry"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Mosquitto:
    """A broker of our own that keeps its sessions on disk."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self._file = home / "mosquitto.conf"
        user = f"user {os.environ.get('USER', 'root')}\n" if os.geteuid() == 0 else ""
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {home}/\nautosave_interval 1\nautosave_on_changes true\n{user}"
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = await asyncio.create_subprocess_exec(
            MOSQUITTO, "-c", str(self._file), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return
        pytest.fail("mosquitto did not start")

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def publish(self, *payloads: bytes, topic: str = TOPIC) -> None:
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            for payload in payloads:
                await client.publish(topic, payload, qos=1)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    running = Mosquitto(tmp_path)
    await running.start()
    yield running
    await running.stop()


@asynccontextmanager
async def listening(broker: Mosquitto, take: Callable[[StreamMessage], Awaitable[None]]) -> AsyncIterator[None]:
    stream = MqttStream(Broker(host="127.0.0.1", port=broker.port, tls=False, client_id="test"), first_wait_s=0.1)
    task = asyncio.create_task(stream.listen(take))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Taker:
    """Takes messages, or refuses them while `away`."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.away = False
        self.tries = 0

    async def __call__(self, message: StreamMessage) -> None:
        self.tries += 1
        if self.away:
            raise ConnectionError("the store is away")
        assert message.topic == TOPIC
        self.seen.append(message.payload)

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not wanted():  # noqa: ASYNC110  (what is waited for is a condition over what was seen)
                await asyncio.sleep(0.02)


async def subscribed(broker: Mosquitto, taker: Taker) -> None:
    """Wait until the first message comes through: the session stands from then on."""
    while b"hello" not in taker.seen:
        await broker.publish(b"hello")
        await asyncio.sleep(0.1)


async def test_what_was_not_taken_comes_again_and_what_was_taken_does_not(broker: Mosquitto) -> None:
    taker = Taker()
    async with listening(broker, taker):
        await subscribed(broker, taker)
        taker.away = True
        await broker.publish(b"one", b"two")
        await taker.until(lambda: taker.tries > len(taker.seen))
        taker.away = False
        await taker.until(lambda: {b"one", b"two"} <= set(taker.seen))
    await broker.publish(b"three")  # nobody listens: the broker keeps it

    again = Taker()
    async with listening(broker, again):
        await again.until(lambda: b"three" in again.seen)

    assert b"one" not in again.seen


async def test_a_broker_that_restarts_is_found_again_and_loses_nothing(broker: Mosquitto) -> None:
    taker = Taker()
    async with listening(broker, taker):
        await subscribed(broker, taker)
        await broker.stop()
        await broker.start()
        await broker.publish(b"after")
        await taker.until(lambda: b"after" in taker.seen)

    assert taker.seen[-1] == b"after"
