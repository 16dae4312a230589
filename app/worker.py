"""The one process of a deployment that runs the schedule and relays the outbox: `python -m app.worker`."""

import asyncio
import signal

from app.jobs.schedule import running_schedule
from app.settings import Settings
from app.wiring import open_ports


async def work(settings: Settings) -> None:
    """Run the schedule until SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stopping.set)
    async with open_ports(settings) as ports, running_schedule(ports):
        await stopping.wait()
