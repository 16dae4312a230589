"""The one process of a deployment that runs the schedule and relays the outbox: `python -m app.worker`."""

from app.jobs.schedule import running_schedule
from app.listening import running_listener
from app.serving import stop_asked
from app.settings import Settings
from app.wiring import open_ports, telemetry_stream


async def work(settings: Settings) -> None:
    """Run the schedule, and listen to the broker if one is named, until SIGINT or SIGTERM."""
    stopping = stop_asked()
    stream = telemetry_stream(settings)
    async with open_ports(settings) as ports, running_schedule(ports), running_listener(ports, stream):
        await stopping.wait()
