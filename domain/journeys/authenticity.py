"""진위확인: whether a record is ours and unaltered, and whether it may still be relied on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from domain.certification.errors import CertificateUnknown, DocumentUnknown, StatusListUnknown
from domain.certification.model import Certificate, IssuedDocument, IssuedKind
from domain.certification.ports import Credentials
from domain.certification.status_list import Purpose, entries_of, is_set, list_document
from domain.journeys.ports import JourneyWork
from domain.journeys.public_passport import Standing, standing_of
from domain.journeys.validity import successor_of
from domain.passport.model import PassportState
from domain.shared.actor import PASSER_BY
from domain.shared.canonical import Canonical
from domain.shared.documents import ReadDocument, Seals, SealState
from domain.shared.identifiers import PackId
from domain.shared.time import Clock, seoul_day, utc_text
from domain.shared.unit import Unit

_LISTS_MAX = 1_000
FRESH_S = 60
"""How long a published list may be kept before it is asked for again."""


async def publish_keys(*, credentials: Credentials, seals: Seals) -> Mapping[str, Canonical]:
    """Return the DID document: the keys of signed records, and those of signed PDFs with their certificates."""
    document = await credentials.did_document()
    listed = document.get("verificationMethod")
    keys: list[Canonical] = [*listed] if isinstance(listed, Sequence) and not isinstance(listed, str) else []
    for number, key in enumerate(await seals.public_keys(), start=1):
        keys.append(
            {
                "id": f"{credentials.issuer}#pdf-{number}",
                "type": "JsonWebKey",
                "controller": credentials.issuer,
                "publicKeyJwk": key,
            }
        )
    return {**document, "verificationMethod": keys}


async def publish_status_list(
    purpose: Purpose,
    list_number: int,
    *,
    unit: Unit[JourneyWork],
    credentials: Credentials,
    public_url: str,
    clock: Clock,
) -> Mapping[str, Canonical]:
    """Return a status list as it stands now, signed; within a minute equal states give equal text.

    Raises:
        StatusListUnknown: no certificate stands in a list of this number, and it is not the first.
    """
    if not 1 <= list_number <= _LISTS_MAX:
        raise StatusListUnknown
    async with unit(PASSER_BY) as work:
        places = await work.status_places.of_list(list_number, purpose)
    at = _whole_minute(clock.now())
    return await credentials.sign(
        list_document(
            issuer=credentials.issuer,
            base_url=public_url,
            purpose=purpose,
            list_number=list_number,
            places=places,
            at=at,
        ),
        at=at,
    )


def _whole_minute(at: datetime) -> datetime:
    return at - timedelta(seconds=at.second, microseconds=at.microsecond)


def is_over(record: Mapping[str, Canonical], *, at: datetime) -> bool:
    """Say whether a record's time is over, by its own `validUntil`."""
    until = record.get("validUntil")
    return isinstance(until, str) and until < utc_text(at)


def bits_set(
    record: Mapping[str, Canonical], lists: Mapping[str, Mapping[str, Canonical]], *, at: datetime
) -> tuple[frozenset[Purpose], frozenset[Purpose]]:
    """Return the purposes whose bit is set in a record's lists, and those whose list was not at hand.

    Args:
        record: whose signature was checked.
        lists: status lists by their address, their signatures checked.
        at: the instant that the lists must be fresh at.

    Raises:
        StatusListMalformed: an entry or a list is not in its form, another list, or out of date.
    """
    found, missing = set(), set()
    for entry in entries_of(record):
        if entry.address not in lists:
            missing.add(entry.purpose)
        elif is_set(entry, lists[entry.address], at=at):
            found.add(entry.purpose)
    return frozenset(found), frozenset(missing)


class Verdict(StrEnum):
    """What anyone is told about a PDF, in one word. Only `GENUINE` may be relied on."""

    GENUINE = "genuine"
    ALTERED = "altered"
    UNKNOWN = "unknown"
    AMENDED = "amended"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found out about a PDF.

    `number` is the one in our books, None for an unknown document; `on` the day of a suspension, revocation,
    withdrawal or replacement; `by` the number of what took its place; `reason` why it was suspended, revoked or
    withdrawn; `sealed` whether the PDF's own signature is ours and covers all of it.
    """

    verdict: Verdict
    sha256: str
    sealed: bool
    number: str | None = None
    on: date | None = None
    by: str | None = None
    reason: str | None = None


async def check_pdf(content: bytes, *, unit: Unit[JourneyWork], seals: Seals, clock: Clock) -> Checked:
    """Say whether a PDF is one that we issued, byte for byte, and whether it may still be relied on.

    The bytes decide: a document is ours when its hash is in our books. One that carries our signature or our number,
    but other bytes, was altered.

    Raises:
        FileRefused: it is no PDF that can be read.
        FileTooLarge: it has more bytes than are read.
        FileTookTooLong: it could not be read in time.
        FileBroke: it made the reader crash.
    """
    read = await seals.read(content)
    sealed = read.seal is SealState.OURS
    async with unit(PASSER_BY) as work:
        try:
            document = await work.issued_documents.hashed(read.sha256)
        except DocumentUnknown:
            number = await _known_number(read, work=work)
            altered = number is not None or read.seal is SealState.ALTERED
            return Checked(
                verdict=Verdict.ALTERED if altered else Verdict.UNKNOWN,
                sha256=read.sha256,
                sealed=sealed,
                number=number,
            )
        return await _standing(document, read=read, work=work, at=clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRecord:
    """What anyone who holds a number, or a QR code, may know of a certificate or report: what its first page says.

    `item` names the pack by its model, empty for a module or a cell, which has no passport to say it; `product_uri` is
    the one on its label. `grade` to `valid_until` are a
    certificate's; `soh_u_ppm` is None where its record does not say the uncertainty (k = 2). `on`, `by` and `reason`
    say since when, by what and why it is not in force.
    """

    kind: IssuedKind
    verdict: Verdict
    number: str
    issuer_ko: str
    issuer_en: str
    item: str
    product_uri: str
    issued_on: date
    report_number: str
    grade: str | None = None
    soh_ppm: int | None = None
    soh_u_ppm: int | None = None
    valid_until: date | None = None
    on: date | None = None
    by: str | None = None
    reason: str | None = None


async def look_up(number: str, *, unit: Unit[JourneyWork], clock: Clock) -> PublicRecord | None:
    """Say how the certificate or report of a number stands now; None when none was issued under it."""
    async with unit(PASSER_BY) as work:
        try:
            document = await work.issued_documents.numbered(number.strip().upper())
        except DocumentUnknown:
            return await _undocumented(number.strip(), work=work, at=clock.now())
        return await _public_record(document, work=work, at=clock.now())


async def look_up_token(token: str, *, unit: Unit[JourneyWork], clock: Clock) -> PublicRecord | None:
    """Say how the certificate that a QR code's token leads to stands now; None when it leads to none."""
    async with unit(PASSER_BY) as work:
        try:
            certificate = await work.certificates.find_by_token(token.strip())
        except CertificateUnknown:
            return None
        return await _certificate_record(certificate, work=work, at=clock.now())


async def _undocumented(number: str, *, work: JourneyWork, at: datetime) -> PublicRecord | None:
    """Find a certificate that was issued before its document was noted."""
    try:
        return await _certificate_record(await work.certificates.find(number), work=work, at=at)
    except CertificateUnknown:
        return None


async def _public_record(document: IssuedDocument, *, work: JourneyWork, at: datetime) -> PublicRecord:
    if document.kind is IssuedKind.CERTIFICATE:
        return await _certificate_record(await work.certificates.find(document.number), work=work, at=at)
    item, product_uri = await _item(document.pack_id, work=work)
    issuer = await work.parties.one(document.tenant_id)
    verdict, on, by, reason = await _report_why(document, work=work)
    return PublicRecord(
        kind=IssuedKind.REPORT,
        verdict=verdict,
        number=document.number,
        issuer_ko=issuer.name_ko,
        issuer_en=issuer.name_en,
        item=item,
        product_uri=product_uri,
        issued_on=seoul_day(document.issued_at),
        report_number=document.number,
        on=on,
        by=by,
        reason=reason,
    )


async def _report_why(
    document: IssuedDocument, *, work: JourneyWork
) -> tuple[Verdict, date | None, str | None, str | None]:
    """Say how a report stands: withdrawn as a whole and why, else what replaced it, and since when."""
    withdrawn = await work.issued_documents.withdrawn(document)
    if withdrawn is not None:
        return Verdict.WITHDRAWN, seoul_day(withdrawn.withdrawn_at), None, withdrawn.reason
    newer = await work.issued_documents.amending(document)
    if newer is not None:
        return Verdict.AMENDED, seoul_day(newer.issued_at), newer.number, None
    return Verdict.GENUINE, None, None, None


async def _certificate_record(certificate: Certificate, *, work: JourneyWork, at: datetime) -> PublicRecord:
    item, product_uri = await _item(certificate.pack_id, work=work)
    issuer = await work.parties.one(certificate.tenant_id)
    verdict, on, by, reason = await _why(certificate, work=work, at=at)
    return PublicRecord(
        kind=IssuedKind.CERTIFICATE,
        verdict=verdict,
        number=certificate.number,
        issuer_ko=issuer.name_ko,
        issuer_en=issuer.name_en,
        item=item,
        product_uri=product_uri,
        issued_on=seoul_day(certificate.issued_at),
        report_number=certificate.report_number,
        grade=certificate.grade,
        soh_ppm=certificate.soh_ppm,
        soh_u_ppm=_uncertainty(certificate),
        valid_until=certificate.valid_until,
        on=on,
        by=by,
        reason=reason,
    )


def _uncertainty(certificate: Certificate) -> int | None:
    told = json.loads(certificate.credential).get("credentialSubject", {}).get("sohUncertaintyPpm")
    return told if isinstance(told, int) else None


async def _item(pack_id: PackId, *, work: JourneyWork) -> tuple[str, str]:
    """Return a pack's model and product URI as its passport tells them; a module or a cell has our own name alone."""
    passports = await work.passports.of_pack(pack_id)
    if not passports:
        return "", f"urn:uuid:{pack_id}"
    in_force = [one for one in passports if one.state is PassportState.ACTIVE]
    told = (in_force or list(passports))[-1]
    return f"{told.attributes.get('maker', '')} {told.attributes.get('model', '')}".strip(), told.product_uri


async def _known_number(read: ReadDocument, *, work: JourneyWork) -> str | None:
    if read.number is None:
        return None
    try:
        return (await work.issued_documents.numbered(read.number)).number
    except DocumentUnknown:
        return None


async def _standing(document: IssuedDocument, *, read: ReadDocument, work: JourneyWork, at: datetime) -> Checked:
    found = Checked(
        verdict=Verdict.GENUINE, sha256=read.sha256, sealed=read.seal is SealState.OURS, number=document.number
    )
    if document.kind is IssuedKind.REPORT:
        verdict, on, by, reason = await _report_why(document, work=work)
        return replace(found, verdict=verdict, on=on, by=by, reason=reason)
    certificate = await work.certificates.find(document.number)
    verdict, on, by, reason = await _why(certificate, work=work, at=at)
    return replace(found, verdict=verdict, on=on, by=by, reason=reason)


async def _why(
    certificate: Certificate, *, work: JourneyWork, at: datetime
) -> tuple[Verdict, date | None, str | None, str | None]:
    """Say how a certificate stands: since when, what took its place, and why it was suspended or revoked."""
    standing = standing_of(certificate, at=at)
    changed_on = seoul_day(await work.certificates.changed_at(certificate))
    later = successor_of(certificate, await work.certificates.of_pack(certificate.pack_id))
    successor = None if later is None else later.number
    match standing:
        case Standing.VALID:
            return Verdict.GENUINE, None, None, None
        case Standing.EXPIRED:
            return Verdict.EXPIRED, certificate.valid_until, successor, None
        case Standing.SUPERSEDED:
            return Verdict.SUPERSEDED, changed_on, certificate.status_reason, None
        case Standing.SUSPENDED | Standing.REVOKED:
            return Verdict(standing.value), changed_on, successor, certificate.status_reason
        case _:
            assert_never(standing)
