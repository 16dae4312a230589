"""What anyone may see without signing in: a passport's public part, and whether a certificate may be relied on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.certification.errors import CertificateUnknown
from domain.certification.model import Certificate, CertificateStatus
from domain.journeys.ports import JourneyWork
from domain.journeys.validity import certificate_of_pack
from domain.passport.attributes import Tier, visible, withheld
from domain.passport.errors import PackUnknown, PassportMissing
from domain.passport.model import Passport, PassportState
from domain.shared.actor import PASSER_BY
from domain.shared.canonical import Canonical
from domain.shared.identifiers import PackId, PassportId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit


class Standing(StrEnum):
    """Whether a certificate may be relied on at an instant: its status and the calendar together."""

    VALID = "valid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


def standing_of(certificate: Certificate, *, at: datetime) -> Standing:
    """Say how a certificate stands; the last day belongs to its validity, and an ended one never merely expires."""
    if certificate.status is not CertificateStatus.VALID:
        return Standing(certificate.status.value)
    return Standing.VALID if seoul_day(at) <= certificate.valid_until else Standing.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCertificate:
    """What anyone may know of a certificate."""

    number: str
    grade: str
    issued_on: date
    valid_until: date
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPassport:
    """A passport's public part. `successors` are the product URIs of what the battery became, `origins` of what it was.

    `withheld` counts the attributes that the public tier does not reach.
    """

    product_uri: str
    in_force: bool
    issued_at: datetime
    attributes: Mapping[str, Canonical]
    withheld: int
    certificate: PublicCertificate | None
    origins: tuple[str, ...]
    successors: tuple[str, ...]


async def read_public_passport(product_uri: str, *, unit: Unit[JourneyWork], clock: Clock) -> PublicPassport:
    """Gather the public part of the passport under a product URI, in force or superseded.

    Raises:
        PackUnknown: no passport was issued under this URI.
    """
    async with unit(PASSER_BY) as work:
        pack_id = await work.packs.find(product_uri)
        passports = await work.passports.of_pack(pack_id)
        passport = next((one for one in passports if one.product_uri == product_uri), None)
        if passport is None:
            raise PackUnknown(identifier=product_uri)
        edges = await work.passports.edges(passport.passport_id)
        origins = [
            await _uri_of(edge.from_pack, edge.from_passport, work=work)
            for edge in edges
            if edge.to_passport == passport.passport_id
        ]
        successors = [
            await _uri_of(edge.to_pack, edge.to_passport, work=work)
            for edge in edges
            if edge.from_passport == passport.passport_id
        ]
        attributes, speaking = await present_attributes(passport, work=work)
        certificate = None if speaking is None else _public(speaking, at=clock.now())
    return PublicPassport(
        product_uri=passport.product_uri,
        in_force=passport.state is PassportState.ACTIVE,
        issued_at=passport.issued_at,
        attributes=visible(attributes, Tier.PUBLIC),
        withheld=withheld(attributes, Tier.PUBLIC),
        certificate=certificate,
        origins=tuple(sorted(origins)),
        successors=tuple(sorted(successors)),
    )


async def _uri_of(pack_id: PackId, passport_id: PassportId, *, work: JourneyWork) -> str:
    for passport in await work.passports.of_pack(pack_id):
        if passport.passport_id == passport_id:
            return passport.product_uri
    raise PassportMissing


async def present_attributes(
    passport: Passport, *, work: JourneyWork
) -> tuple[Mapping[str, Canonical], Certificate | None]:
    """Return a passport's attributes with what its pack's certificate says at present, and that certificate.

    A passport keeps what was certified when it was issued. Certified anew, the pack keeps its passport and its label,
    and the one in force tells what holds now: the standing certificate, else the last one. An archived passport tells
    what held in its time; one of a first life names no certificate.
    """
    number = passport.attributes.get("certificate_number")
    if not isinstance(number, str):
        return passport.attributes, None
    named = await work.certificates.find(number)
    if passport.state is not PassportState.ACTIVE:
        return passport.attributes, named
    present = await certificate_of_pack(passport.pack_id, work=work) or named
    if present.number == number:
        return passport.attributes, present
    body = await work.parties.one(present.tenant_id)
    return {**passport.attributes, **_certified(present), "certificate_body": body.name_ko}, present


def _certified(certificate: Certificate) -> dict[str, Canonical]:
    """Return what a passport tells of a certificate, as its own signed record says it."""
    told: dict[str, Canonical] = {
        "certificate_number": certificate.number,
        "grade": certificate.grade,
        "certified_on": seoul_day(certificate.issued_at).isoformat(),
        "valid_until": certificate.valid_until.isoformat(),
        "soh_ppm": certificate.soh_ppm,
        "usable_energy_wh": certificate.usable_energy_wh,
        "test_report_number": certificate.report_number,
    }
    subject = json.loads(certificate.credential).get("credentialSubject", {})
    for key, name in (("use_ko", "conditionsOfUseKo"), ("use_en", "conditionsOfUseEn")):
        if isinstance(subject.get(name), str):
            told[key] = subject[name]
    return told


def _public(certificate: Certificate, *, at: datetime) -> PublicCertificate:
    return PublicCertificate(
        number=certificate.number,
        grade=certificate.grade,
        issued_on=seoul_day(certificate.issued_at),
        valid_until=certificate.valid_until,
        standing=standing_of(certificate, at=at),
    )


async def find_public_uri(identifier: str, *, unit: Unit[JourneyWork]) -> str:
    """Return the product URI under which the public finds a pack: the one in force, else the last.

    Raises:
        PackUnknown: the identifier leads nowhere.
        PassportMissing: the pack has no passport.
    """
    async with unit(PASSER_BY) as work:
        passports = await work.passports.of_pack(await work.packs.find(identifier.strip()))
    if not passports:
        raise PassportMissing
    in_force = [one for one in passports if one.state is PassportState.ACTIVE]
    return (in_force or list(passports))[-1].product_uri


async def check_certificate(number: str, *, unit: Unit[JourneyWork], clock: Clock) -> PublicCertificate | None:
    """Say how the certificate of a number stands now; None when none was issued under it."""
    async with unit(PASSER_BY) as work:
        try:
            found = await work.certificates.find(number.strip())
        except CertificateUnknown:
            return None
    return _public(found, at=clock.now())
