"""A certified pack becomes a stationary battery: a new passport linked to the old one, and a label on it."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.certification.model import Certificate, Judgement
from domain.journeys.inspection import valid_certificate
from domain.journeys.ports import JourneyWork
from domain.passport import usecases as passport
from domain.passport.digital_link import DigitalLink
from domain.passport.model import EntryKind, Fact, IdentifierScheme, Label, Passport
from domain.passport.ports import Labels
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, Actor, Role, on_behalf_of
from domain.shared.canonical import Canonical
from domain.shared.documents import DocumentKind, Documents
from domain.shared.errors import NotFound
from domain.shared.identifiers import Ids, PackId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

LABELS_A_SHEET = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RepurposePack:
    """The new product URI of a certified pack, and who answers for it from now on."""

    actor: Actor
    pack_id: PackId
    product_uri: str
    responsible_ko: str
    responsible_en: str


async def repurpose_pack(wish: RepurposePack, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Passport:
    """Open the second-life passport of a pack that holds a valid certificate.

    Raises:
        CertificateUnknown: the pack has no valid certificate.
        StepOutOfOrder: the pack is not certified.
        IdentifierTaken: the product URI is in use.
    """
    async with unit(wish.actor) as work:
        certificate = await valid_certificate(wish.pack_id, work=work, clock=clock)
        body = await work.parties.one(certificate.tenant_id)
        reception = await work.receptions.one(certificate.reception_id)
        judgement = (await work.assessments.latest(reception)).judgement
        new = await passport.repurpose(
            passport.Repurpose(
                actor=wish.actor,
                pack_id=wish.pack_id,
                product_uri=wish.product_uri,
                responsible_ko=wish.responsible_ko,
                responsible_en=wish.responsible_en,
                certification=_certification(certificate, judgement, body_ko=body.name_ko),
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return new


def _certification(certificate: Certificate, judgement: Judgement, *, body_ko: str) -> dict[str, Canonical]:
    return {
        "certificate_number": certificate.number,
        "certificate_body": body_ko,
        "grade": certificate.grade,
        "certified_on": seoul_day(certificate.issued_at).isoformat(),
        "valid_until": certificate.valid_until.isoformat(),
        "use_ko": judgement.use_ko,
        "use_en": judgement.use_en,
        "soh_ppm": certificate.soh_ppm,
        "usable_energy_wh": certificate.usable_energy_wh,
        "test_report_number": certificate.report_number,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintLabel:
    """A sheet of labels for a pack's passport in force."""

    actor: Actor
    pack_id: PackId
    copies: int = 1


async def print_label(
    wish: PrintLabel,
    *,
    unit: Unit[JourneyWork],
    labels: Labels,
    documents: Documents,
    ids: Ids,
    clock: Clock,
) -> tuple[Label, bytes]:
    """Typeset a sheet of labels, keep it and record that it was printed.

    Args:
        wish: one to 24 copies, one A4 sheet.
        unit, labels, documents, ids, clock: ports.

    Raises:
        CertificateUnknown: the pack has no valid certificate, and without one no label is printed.
        PassportMissing: the pack has no passport in force.
        StepOutOfOrder: the pack has no second life yet.
    """
    wish.actor.require(Role.OPERATOR)
    if not 1 <= wish.copies <= LABELS_A_SHEET:
        raise ValueError("a sheet holds 1 to 24 labels")
    async with unit(wish.actor) as work:
        pack = await work.packs.one(wish.pack_id)
        names = {name.scheme: name.value for name in await work.packs.identifiers(wish.pack_id)}
        certificate = await valid_certificate(wish.pack_id, work=work, clock=clock)
        current = await passport.active_passport(wish.pack_id, work=work)
        now = clock.now()
        one: dict[str, Canonical] = {
            "product_uri": current.product_uri,
            "element_string": DigitalLink.parse(current.product_uri).element_string,
            "kr_battery_no": names.get(IdentifierScheme.KR_BATTERY_NO, "-"),
            "model": pack.model,
            "grade": certificate.grade,
            "soh_ppm": certificate.soh_ppm,
            "usable_energy_wh": certificate.usable_energy_wh,
            "certificate_number": certificate.number,
            "valid_until": certificate.valid_until.isoformat(),
            "qr_svg": labels.svg(current.product_uri),
        }
        sheet = await documents.typeset(
            DocumentKind.LABEL_SHEET, {"labels": [one] * wish.copies}, dated_on=seoul_day(now)
        )
        sha256 = await work.files.keep(sheet, media_type="application/pdf", owner=wish.actor.tenant_id)
        label = Label(
            label_id=ids.new(),
            pack_id=wish.pack_id,
            passport_id=current.passport_id,
            product_uri=current.product_uri,
            sheet_sha256=sha256,
            printed_at=now,
        )
        await work.printed_labels.add(label)
        await passport.record(
            wish.pack_id,
            Fact(
                kind=EntryKind.LABELLED,
                occurred_at=now,
                particulars={
                    "product_uri": current.product_uri,
                    "sheet_sha256": sha256,
                    "passport_id": str(current.passport_id),
                },
            ),
            actor=wish.actor,
            holder=pack.holder,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return label, sheet


class LabelUnknown(NotFound):
    """No such label was printed for this pack."""

    code = "passport.label-unknown"
    title_ko = "해당 라벨을 찾을 수 없습니다."
    title_en = "There is no such label."


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLabel:
    """A printed label, as a symbol (`svg`, `png`) or as the sheet it was printed on (`sheet`)."""

    actor: Actor
    pack_id: PackId
    label_id: UUID
    form: Literal["svg", "png", "sheet"]


async def fetch_label(wish: FetchLabel, *, unit: Unit[JourneyWork], labels: Labels) -> tuple[bytes, str]:
    """Return a label's bytes and media type.

    Raises:
        PackUnknown: there is no such pack.
        LabelUnknown: no such label was printed for this pack.
    """
    wish.actor.require(*COMPLEX_STAFF, *BODY_STAFF)
    async with unit(wish.actor) as work:
        await work.packs.one(wish.pack_id)
    # Labels are the complex's; whoever was shown the pack may look at what is stuck on it.
    async with unit(on_behalf_of(wish.actor)) as work:
        printed = await work.printed_labels.of_pack(wish.pack_id)
        label = next((one for one in printed if one.label_id == wish.label_id), None)
        if label is None:
            raise LabelUnknown
        match wish.form:
            case "svg":
                return labels.svg(label.product_uri).encode(), "image/svg+xml"
            case "png":
                return labels.png(label.product_uri), "image/png"
            case "sheet":
                return await work.files.read(label.sheet_sha256), "application/pdf"
