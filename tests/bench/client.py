"""The least client there is: one kept-alive connection, so that what is timed is the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Callable[[bytes], Awaitable[float]]]:
    """Yield what sends one request over a kept-alive connection and says how long its answer took; ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send(request: bytes) -> float:
        began = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        said = await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        taken = (time.perf_counter() - began) * 1000
        if not answer.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(answer.decode() + said.decode())
        return taken

    try:
        yield send
    finally:
        writer.close()


def get(path: str, *, bearer: str) -> bytes:
    """Return a request's bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode()
