"""Answers leave the program in as few writes as they can, in order, and none is held back."""

import asyncio

from app.serving import _Joined


class Wire:
    """A transport that keeps what each call to the kernel would carry."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    def write(self, part: bytes) -> None:
        self.calls.append(part)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        self.calls.append(b"".join(parts))

    def close(self) -> None:
        self.calls.append(b"<closed>")

    def is_closing(self) -> bool:
        return self.calls[-1:] == [b"<closed>"]


def joined() -> tuple[_Joined, Wire]:
    wire = Wire()
    return _Joined(wire, asyncio.get_running_loop()), wire  # type: ignore[arg-type]


async def test_a_head_and_its_body_leave_in_one_write():
    transport, wire = joined()
    transport.write(b"head ")
    assert wire.calls == []
    transport.write(b"body")
    assert wire.calls == [b"head body"]
    await asyncio.sleep(0)
    assert wire.calls == [b"head body"]


async def test_a_part_that_nothing_follows_leaves_within_a_turn_of_the_loop():
    transport, wire = joined()
    for part in (b"head ", b"first ", b"second"):
        transport.write(part)
    await asyncio.sleep(0)
    assert wire.calls == [b"head first ", b"second"]


async def test_what_waits_leaves_before_the_connection_is_closed():
    transport, wire = joined()
    transport.write(b"head")
    assert not transport.is_closing()
    transport.close()
    await asyncio.sleep(0)
    assert wire.calls == [b"head", b"<closed>"]
    assert transport.is_closing()
