"""When a certified pack must come back: by the calendar, by its health, by what happened to it (재검사)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.certification.model import Certificate, CertificateStatus, Disposition
from domain.shared.identifiers import CertificateId, PackId, TenantId
from domain.shared.time import seoul_day

LEAD_DAYS = 30
"""A request is opened this long before the day on which re-inspection is due."""

HEALTH_DROP_PPM = 100_000
"""Ten points below what was certified."""


class Cause(StrEnum):
    """Why a pack must be inspected again."""

    DUE = "due"
    HEALTH_DROP = "health_drop"
    ALARM_TRIPPED = "alarm_tripped"
    OPENED = "opened"
    MOVED = "moved"
    BMS_CHANGED = "bms_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to a pack in service; `soh_ppm` only where its health was checked."""

    cause: Cause
    at: datetime
    soh_ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinspection:
    """A request to inspect a pack again: one for each cause of a certificate. Never changed.

    It waits until the pack is received again, or the certificate was revoked or superseded.
    """

    reinspection_id: UUID
    pack_id: PackId
    tenant_id: TenantId
    certificate_id: CertificateId
    certificate_number: str
    cause: Cause
    happened_on: date
    opened_at: datetime


def ends_by_rule(certificate: Certificate, disposition: Disposition) -> bool:
    """Say whether a later judgement of a certificate's unit suspends it at once.

    Whatever is not reuse does: what was quarantined or recycled may not serve on, and what is held may not either
    until somebody looked. A certificate that is suspended already, or stands no more, is left as it is.
    """
    return certificate.status is CertificateStatus.VALID and disposition is not Disposition.REUSE


def causes_of(certificate: Certificate, happened: Iterable[Happened], *, today: date) -> dict[Cause, date]:
    """Return why a certificate's pack must be inspected again, and since which Seoul day, each cause once.

    Only what happened after the issue counts. A certificate that no longer stands asks for nothing.
    """
    if certificate.status not in (CertificateStatus.VALID, CertificateStatus.SUSPENDED):
        return {}
    found: dict[Cause, date] = {}
    if today >= certificate.reinspection_due_on - timedelta(days=LEAD_DAYS):
        found[Cause.DUE] = certificate.reinspection_due_on
    for one in sorted(happened, key=lambda one: one.at):
        if one.at <= certificate.issued_at or one.cause is Cause.DUE:
            continue
        if one.cause is Cause.HEALTH_DROP and (
            one.soh_ppm is None or certificate.soh_ppm - one.soh_ppm < HEALTH_DROP_PPM
        ):
            continue
        found.setdefault(one.cause, seoul_day(one.at))
    return found
