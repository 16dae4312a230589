"""The one process of a deployment that runs the schedule and relays the outbox: `python -m app.worker`."""

from app.jobs.schedule import running_schedule
from app.serving import stop_asked
from app.settings import Settings
from app.wiring import open_ports


async def work(settings: Settings) -> None:
    """Run the schedule until SIGINT or SIGTERM."""
    stopping = stop_asked()
    async with open_ports(settings) as ports, running_schedule(ports):
        await stopping.wait()
