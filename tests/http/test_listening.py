"""What a broker delivers is taken as what is sent over HTTP; what has no meaning is counted, never shown."""

import json

from app.listening import PAYLOAD_BYTES_MAX, Heard, running_listener, take_message
from app.ports import Ports
from domain.metering.ports import StreamMessage
from tests.http.test_telemetry import Deployed, deployed  # noqa: F401

TOPIC = "sunhwan/v1/11/telemetry"


async def test_a_message_is_taken_once_and_what_has_no_meaning_is_counted(
    deployed: Deployed,  # noqa: F811
    ports: Ports,
) -> None:
    heard = Heard()
    minutes = json.dumps({"minutes": [deployed.minute(0), deployed.minute(1, soc_bp=99_999)]}).encode()
    for topic, payload in (
        (TOPIC, minutes),
        (TOPIC, json.dumps(deployed.minute(0)).encode()),
        (TOPIC, json.dumps(deployed.minute(0, soc_bp=1)).encode()),
        ("sunhwan/v1/12/telemetry", json.dumps(deployed.minute(5)).encode()),
        (TOPIC, b"{"),
        (TOPIC, b"\xff\xfe"),
        (TOPIC, b" " * (PAYLOAD_BYTES_MAX + 1)),
        ("sunhwan/v1/0/telemetry", minutes),
        ("sunhwan/v1/9999999999/telemetry", minutes),
        ("elsewhere", minutes),
    ):
        await take_message(ports, heard, StreamMessage(topic=topic, payload=payload))

    assert heard == Heard(messages=10, refused=6, accepted=1, duplicate=1, conflicting=1, rejected=2)
    assert (await deployed.watch())["latest"]["soc_bp"] == 5_000


async def test_a_trip_that_a_broker_delivers_blocks_its_pack(deployed: Deployed, ports: Ports) -> None:  # noqa: F811
    class Once:
        async def listen(self, take) -> None:
            await take(StreamMessage(topic=TOPIC, payload=json.dumps(deployed.minute(59, flags=4)).encode()))
            self.taken = True

    stream = Once()
    async with running_listener(ports, stream) as heard:
        while not heard.accepted:
            import asyncio

            await asyncio.sleep(0.01)

    assert await deployed.serving() == [("suspended", True)]


async def test_without_a_broker_nothing_listens(ports: Ports) -> None:
    async with running_listener(ports, None) as heard:
        assert heard == Heard()
