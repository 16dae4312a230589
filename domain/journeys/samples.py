"""A received unit as a thing: handed over, labelled, found again by its label, and what its inspection costs."""

from domain.certification import custody
from domain.certification.custody import HandOver, SetFees
from domain.certification.model import CustodyMove, Fees, Reception, SampleLabel
from domain.journeys.ports import JourneyWork
from domain.passport.model import Pack
from domain.passport.ports import Labels
from domain.shared.actor import Actor
from domain.shared.canonical import Canonical
from domain.shared.documents import DocumentKind, Documents
from domain.shared.identifiers import ReceptionId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

LABELS_MAX = 100


async def hand_over(wish: HandOver, *, unit: Unit[JourneyWork], clock: Clock) -> CustodyMove:
    """Write down that a unit moved, into whose hands, and how it looked (인계).

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is still open, and the unit would leave.
        CustodyEnded: the unit left already.
    """
    async with unit(wish.actor) as work:
        move = await custody.hand_over(wish, work=work, clock=clock)
        await work.commit()
    return move


async def set_fees(wish: SetFees, *, unit: Unit[JourneyWork], clock: Clock) -> Fees:
    """Say what an inspection costs, until it is agreed.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        FeesAgreed: it is agreed already.
    """
    async with unit(wish.actor) as work:
        fees = await custody.set_fees(wish, work=work, clock=clock)
        await work.commit()
    return fees


async def agree_fees(actor: Actor, reception_id: ReceptionId, *, unit: Unit[JourneyWork], clock: Clock) -> Fees:
    """Note that the applicant agreed to what it costs.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        FeesAgreed: nothing is said, or it is agreed already.
    """
    async with unit(actor) as work:
        fees = await custody.agree_fees(actor, reception_id, work=work, clock=clock)
        await work.commit()
    return fees


def sample_url(label: SampleLabel, *, public_url: str) -> str:
    """Return what a sample label's QR code holds: an address that says nothing of the unit."""
    return f"{public_url}/s/{label.token}"


async def sample_label(
    actor: Actor, reception_id: ReceptionId, *, unit: Unit[JourneyWork]
) -> tuple[Reception, Pack, SampleLabel]:
    """Return a unit's label with what is printed beside it.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
    """
    async with unit(actor) as work:
        reception, label = await custody.sample_label(actor, reception_id, work=work)
        return reception, await work.packs.one(reception.pack_id), label


async def label_sheet(
    actor: Actor,
    reception_ids: tuple[ReceptionId, ...],
    *,
    unit: Unit[JourneyWork],
    documents: Documents,
    labels: Labels,
    public_url: str,
    clock: Clock,
) -> bytes:
    """Print the sample labels of some receptions on one sheet, in order; at most a hundred.

    Raises:
        ReceptionUnknown: one of them is not there, or another body's.
    """
    printed: list[Canonical] = []
    for reception_id in reception_ids[:LABELS_MAX]:
        reception, pack, label = await sample_label(actor, reception_id, unit=unit)
        url = sample_url(label, public_url=public_url)
        printed.append(
            {
                "heading_ko": "시험 시료",
                "heading_en": "Sample",
                "product_uri": url,
                "element_string": reception.number,
                "kr_battery_no": None,
                "model": f"{pack.maker} {pack.model}",
                "grade": None,
                "soh_ppm": None,
                "usable_energy_wh": None,
                "certificate_number": None,
                "valid_until": None,
                "qr_svg": labels.svg(url),
            }
        )
    return await documents.typeset(DocumentKind.LABEL_SHEET, {"labels": printed}, dated_on=seoul_day(clock.now()))


async def find_sample(actor: Actor, token: str, *, unit: Unit[JourneyWork]) -> Reception:
    """Return the reception that a sample label leads to, for its body's staff alone.

    Raises:
        RoleNotEnough: the actor is none of a body's staff.
        ReceptionUnknown: the label is no such label, or another body's.
    """
    async with unit(actor) as work:
        return await custody.find_sample(actor, token, work=work)
