"""What a report says beyond its runs: records of others that it cites, and equipment that was said afterwards."""

from domain.certification.external import ExternalRecord
from domain.certification.model import TestRun
from domain.certification.usecases import citing, results
from domain.journeys.ports import JourneyWork
from domain.shared.time import Clock
from domain.shared.unit import Unit


async def cite_record(wish: citing.CiteRecord, *, unit: Unit[JourneyWork], clock: Clock) -> tuple[ExternalRecord, ...]:
    """Cite a record of others about the unit, or leave it out again; return what is cited now.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is judged already, or closed.
        RecordElsewhere: the body holds no such record of this unit.
    """
    async with unit(wish.actor) as work:
        cited = await citing.cite_record(wish, work=work, clock=clock)
        await work.commit()
    return cited


async def tell_equipment(wish: results.TellEquipment, *, unit: Unit[JourneyWork], clock: Clock) -> TestRun:
    """Say what a run was measured with that was kept before that was asked for.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: its report is issued, or it is closed.
        RunUnknown, EquipmentKnown, EquipmentMissing: there is no such run, it names one, or nothing is said.
        SerialUnknown, DeviceOfOtherKind, DeviceUnfit: the device is none of the body's, or may not measure this.
    """
    async with unit(wish.actor) as work:
        run = await results.tell_equipment(wish, work=work, clock=clock)
        await work.commit()
    return run
