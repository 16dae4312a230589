"""Records in and out: what others issued is taken in row by row, what this body did goes out in the same words.

A copy of another's record is that: it is linked to its pack and enters its history as known, and never counts as a
certificate of ours (docs/decisions/0070-records-in-and-out.md).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain.certification.errors import (
    PeriodWrong,
    RecordChanged,
    RecordOfOurs,
    RecordPacksDisagree,
    RecordRowWrong,
    RecordUnverified,
)
from domain.certification.external import (
    ExternalRecord,
    GivenRow,
    ImportedRow,
    Outcome,
    Proof,
    RecordContent,
    RecordImport,
    TrustedIssuer,
    content_of,
    differing,
    named,
    own_records,
)
from domain.certification.model import Reception, TestRun
from domain.certification.ports import RecordFiles
from domain.journeys.ports import JourneyWork
from domain.passport import usecases as passport
from domain.passport.errors import PackUnknown
from domain.passport.model import EntryKind, Fact, IdentifierScheme
from domain.shared.actor import BODY_STAFF, Actor, Role, on_behalf_of
from domain.shared.errors import DomainError
from domain.shared.identifiers import Ids, PackId
from domain.shared.time import Clock, day_start, seoul_day
from domain.shared.unit import Unit

IMPORTERS = (Role.QUALITY, Role.APPROVER, Role.SYSTEM)
READERS = (*BODY_STAFF, Role.SYSTEM)
DAYS_MAX = 1_100
"""The longest period of one export."""

EXPORTED_MAX = 5_000
"""Receptions and certificates of one export; a longer period is exported in parts."""

LISTED = 20
_FIELDS = {
    IdentifierScheme.PRODUCT_URI: "product_uri",
    IdentifierScheme.KR_BATTERY_NO: "kr_battery_no",
    IdentifierScheme.MAKER_SERIAL: "maker_serial",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecords:
    """A file of records that others issued. `keep_unverified` holds signed records whose issuer's keys are unknown."""

    actor: Actor
    file_name: str
    content: bytes
    keep_unverified: bool = False
    dry_run: bool = False
    more_issuers: tuple[TrustedIssuer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What judging a row looks at."""

    actor: Actor
    import_id: UUID
    source_sha256: str
    own_names: frozenset[str]
    keep_unverified: bool
    dry_run: bool


async def import_records(
    wish: ImportRecords, *, unit: Unit[JourneyWork], files: RecordFiles, own_did: str, ids: Ids, clock: Clock
) -> RecordImport:
    """Take a file of records in, each row by itself; a dry run says what would become of each and keeps nothing.

    Sent again, a file adds nothing: what is held already and says the same is a duplicate, what says something else is
    a conflict and is refused.

    Raises:
        RoleNotEnough: the actor is neither quality manager nor approver.
        FileRefused: the file is foreign, active, damaged or too long; nothing of it is taken.
    """
    wish.actor.require(*IMPORTERS)
    tenant_id = wish.actor.tenant_id
    async with unit(wish.actor) as work:
        issuers = await work.external_records.issuers(tenant_id)
    given = await files.read(wish.content, issuers=(*issuers, *wish.more_issuers))
    # A pack may lie on another body's bench, whose its history then is to write: the system says what is known.
    async with unit(on_behalf_of(wish.actor)) as work:
        body = await work.parties.one(tenant_id)
        source = await work.files.keep(wish.content, media_type="application/octet-stream", owner=tenant_id)
        desk = _Desk(
            actor=wish.actor,
            import_id=ids.new(),
            source_sha256=source,
            own_names=frozenset({body.name_ko, body.name_en, own_did}),
            keep_unverified=wish.keep_unverified,
            dry_run=wish.dry_run,
        )
        seen: dict[tuple[str, str], RecordContent] = {}
        rows = [
            await _row(position, row, desk, seen, work=work, ids=ids, clock=clock)
            for position, row in enumerate(given.rows, start=1)
        ]
        made = RecordImport(
            import_id=desk.import_id,
            tenant_id=tenant_id,
            file_name=wish.file_name,
            form=given.form,
            source_sha256=source,
            imported_by=wish.actor.person_id,
            imported_by_name=wish.actor.name,
            imported_at=clock.now(),
            rows=tuple(rows),
        )
        if not wish.dry_run:
            await work.external_records.keep_import(made)
            await work.commit()
    return made


async def _row(
    position: int,
    row: GivenRow,
    desk: _Desk,
    seen: dict[tuple[str, str], RecordContent],
    *,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
) -> ImportedRow:
    """Judge one row and hold what it says; whatever is wrong with it stays its own."""

    def told(
        outcome: Outcome,
        error: DomainError | None = None,
        *,
        record_id: UUID | None = None,
        pack_id: PackId | None = None,
    ) -> ImportedRow:
        return ImportedRow(
            position=position,
            place=row.place,
            outcome=outcome,
            issuer=_short(row.fields.get("issuer", "")),
            number=_short(row.fields.get("number", "")),
            proof=row.proof,
            code=error.code if error is not None else row.code,
            reason_ko=error.sentence("ko") if error is not None else row.reason_ko,
            reason_en=error.sentence("en") if error is not None else row.reason_en,
            record_id=record_id,
            pack_id=pack_id,
        )

    if row.code:
        return told(Outcome.REJECTED)
    try:
        content = content_of(row.fields, today=seoul_day(clock.now()))
        if content.issuer in desk.own_names:
            raise RecordOfOurs
        if row.proof is Proof.UNVERIFIED and not desk.keep_unverified:
            raise RecordUnverified
        pack_id = await _pack_of(content, work=work)
    except (RecordRowWrong, RecordOfOurs, RecordUnverified, RecordPacksDisagree) as error:
        return told(Outcome.REJECTED, error)
    held = await work.external_records.find(desk.actor.tenant_id, issuer=content.issuer, number=content.number)
    before = held.content if held is not None else seen.get((content.issuer, content.number))
    if before is not None:
        known = None if held is None else held.record_id
        if before.sha256 == content.sha256:
            return told(Outcome.DUPLICATE, record_id=known, pack_id=pack_id)
        fields = ", ".join(differing(before, content))
        return told(
            Outcome.CONFLICT, RecordChanged(fields=fields, fields_ko=named(fields)), record_id=known, pack_id=pack_id
        )
    seen[content.issuer, content.number] = content
    if desk.dry_run:
        return told(Outcome.ACCEPTED, pack_id=pack_id)
    record = ExternalRecord(
        record_id=ids.new(),
        tenant_id=desk.actor.tenant_id,
        import_id=desk.import_id,
        content=content,
        proof=row.proof,
        source_sha256=desk.source_sha256,
        pack_id=pack_id,
        imported_by_name=desk.actor.name,
        imported_at=clock.now(),
    )
    await work.external_records.add(record)
    if pack_id is not None:
        await _known(record, pack_id, actor=desk.actor, work=work, ids=ids, clock=clock)
    return told(Outcome.ACCEPTED, record_id=record.record_id, pack_id=pack_id)


def _short(text: str) -> str:
    return "".join(one for one in text if one.isprintable()).strip()[:200]


async def _pack_of(content: RecordContent, *, work: JourneyWork) -> PackId | None:
    """Return the pack that a record's identifiers lead to; None where they lead nowhere.

    Raises:
        RecordPacksDisagree: they lead to different packs.
    """
    found: set[PackId] = set()
    for identifier in content.identifiers:
        try:
            found.add(await work.packs.find(identifier))
        except PackUnknown:
            continue  # an identifier of elsewhere: the record is held without a pack
    if len(found) > 1:
        raise RecordPacksDisagree
    return found.pop() if found else None


async def _known(
    record: ExternalRecord, pack_id: PackId, *, actor: Actor, work: JourneyWork, ids: Ids, clock: Clock
) -> None:
    pack = await work.packs.one(pack_id)
    content = record.content
    await passport.record(
        pack_id,
        Fact(
            kind=EntryKind.EXTERNAL_RECORD_KNOWN,
            occurred_at=clock.now(),
            particulars={
                "issuer": content.issuer,
                "number": content.number,
                "record_kind": content.kind.value,
                "standard": content.standard,
                "grade": content.grade or content.verdict,
                "issued_on": content.issued_on.isoformat(),
                "proof": record.proof.value,
                "content_sha256": content.sha256,
                "source_sha256": record.source_sha256,
            },
        ),
        actor=actor,
        holder=pack.holder,
        work=work,
        ids=ids,
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustIssuer:
    """An issuer's published keys (a DID document as text), and the name it goes by here."""

    actor: Actor
    name: str
    document: str


async def trust_issuer(
    wish: TrustIssuer, *, unit: Unit[JourneyWork], files: RecordFiles, clock: Clock
) -> TrustedIssuer:
    """Keep an issuer's keys, by which its signed records are checked from now on.

    Raises:
        RoleNotEnough: the actor is neither quality manager nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        IssuerKeysWrong: the document is no DID document with keys that are understood.
    """
    wish.actor.require(*IMPORTERS)
    wish.actor.require_confirmed(clock.now())
    trusted = as_trusted(wish, files=files, clock=clock)
    async with unit(wish.actor) as work:
        await work.external_records.trust(trusted)
        await work.commit()
    return trusted


def as_trusted(wish: TrustIssuer, *, files: RecordFiles, clock: Clock) -> TrustedIssuer:
    """Return an issuer with its keys, without keeping them: for one import.

    Raises:
        IssuerKeysWrong: the document is no DID document with keys that are understood.
    """
    did = files.did_of(wish.document)
    return TrustedIssuer(
        tenant_id=wish.actor.tenant_id,
        did=did,
        name=wish.name or did,
        document=wish.document,
        registered_by=wish.actor.person_id,
        registered_by_name=wish.actor.name,
        registered_at=clock.now(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRoom:
    """What the records' room shows: the latest imports, what is held, and whose keys are kept."""

    imports: tuple[RecordImport, ...]
    records: tuple[ExternalRecord, ...]
    issuers: tuple[TrustedIssuer, ...]


async def open_room(actor: Actor, *, unit: Unit[JourneyWork]) -> RecordRoom:
    """Show a body its latest imports and records, and the issuers whose keys it keeps."""
    actor.require(*READERS)
    async with unit(actor) as work:
        return RecordRoom(
            imports=await work.external_records.imports(actor.tenant_id, limit=LISTED),
            records=await work.external_records.page(actor.tenant_id, after=None, limit=LISTED),
            issuers=await work.external_records.issuers(actor.tenant_id),
        )


async def list_records(
    actor: Actor, *, after: UUID | None, limit: int, unit: Unit[JourneyWork]
) -> tuple[ExternalRecord, ...]:
    """Return what a body holds, newest first."""
    actor.require(*READERS)
    async with unit(actor) as work:
        return await work.external_records.page(actor.tenant_id, after=after, limit=limit)


async def open_import(actor: Actor, import_id: UUID, *, unit: Unit[JourneyWork]) -> RecordImport:
    """Show a body one of its imports, row by row.

    Raises:
        ImportUnknown: it made none such.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        return await work.external_records.imported(actor.tenant_id, import_id)


async def held_elsewhere(actor: Actor, number: str, *, unit: Unit[JourneyWork]) -> tuple[ExternalRecord, ...]:
    """Return the copies that bodies hold of records under a number that is not ours; for whoever asks by number.

    A number is a name that its holder shows, as with our own certificates; nobody may list what is held.
    """
    async with unit(on_behalf_of(actor)) as work:
        return await work.external_records.numbered(number)


# ── out ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What a body did in a period: records in the words of an import, receptions, results, and signed records."""

    from_on: date
    until_on: date
    records: tuple[RecordContent, ...]
    receptions: tuple[Reception, ...]
    runs: tuple[tuple[Reception, TestRun], ...]
    credentials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPeriod:
    """From which day until which, both included, in Seoul."""

    actor: Actor
    from_on: date
    until_on: date


async def export_period(wish: ExportPeriod, *, unit: Unit[JourneyWork]) -> Exported:
    """Return what a body received, measured and issued in a period, oldest first.

    Raises:
        RoleNotEnough: the actor is no staff of a body.
        PeriodWrong: the period ends before it begins, is too long, or holds too much for one export.
    """
    wish.actor.require(*READERS)
    if not timedelta(0) <= wish.until_on - wish.from_on < timedelta(days=DAYS_MAX):
        raise PeriodWrong(days_max=DAYS_MAX)
    start, end = day_start(wish.from_on), day_start(wish.until_on + timedelta(days=1))
    tenant_id = wish.actor.tenant_id
    async with unit(wish.actor) as work:
        body = await work.parties.one(tenant_id)
        certificates = await work.certificates.issued(tenant_id, from_at=start, until_at=end, limit=EXPORTED_MAX + 1)
        receptions = await work.receptions.received(tenant_id, from_at=start, until_at=end, limit=EXPORTED_MAX + 1)
        if max(len(certificates), len(receptions)) > EXPORTED_MAX:
            raise PeriodWrong(days_max=DAYS_MAX)
        records: list[RecordContent] = []
        for certificate in certificates:
            subject = json.loads(certificate.credential)["credentialSubject"]
            names = {
                _FIELDS[one.scheme]: one.value
                for one in await work.packs.identifiers(certificate.pack_id)
                if one.scheme in _FIELDS
            }
            document = await work.issued_documents.numbered(certificate.report_number)
            records += own_records(
                certificate,
                issuer=body.name_ko,
                standard=str(subject["protocol"]),
                identifiers={**names, "product_uri": str(subject["id"])},
                report_amended=await work.issued_documents.amending(document) is not None,
            )
        runs = [(one, run) for one in receptions for run in await work.test_runs.of_reception(one)]
    return Exported(
        from_on=wish.from_on,
        until_on=wish.until_on,
        records=tuple(records),
        receptions=receptions,
        runs=tuple(runs),
        credentials=tuple(one.credential for one in certificates),
    )


def counted(made: RecordImport) -> Sequence[tuple[Outcome, int]]:
    """Return how many rows came to each outcome, in a fixed order."""
    return tuple((outcome, made.count(outcome)) for outcome in Outcome)
