"""Sites by the hundred, for what many meters do."""

from app import demo_complex
from app.ports import Ports
from domain.identity.usecases import acting
from domain.journeys.readings import open_site
from domain.metering.model import ENERGIES
from domain.metering.usecases import OpenSite
from domain.shared.actor import SYSTEM


async def open_sites(ports: Ports, count: int) -> list[int]:
    """Open the demonstration tenant's first sites; return their channels."""
    async with ports.unit(SYSTEM) as work:
        operator = await acting(await work.people.named("operator"), work=work)
    for number in range(count):
        await open_site(
            OpenSite(
                actor=operator,
                tenant_id=demo_complex.TENANT,
                name_ko=f"사업장 {number}",
                name_en=f"Site {number}",
                address_ko="구미시",
                kepco_customer_no=str(number + 1),
                contract_power_w=300_000,
                quantities=ENERGIES,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    return list(range(1, count * len(ENERGIES) + 1))
