"""One transaction over every context."""

from typing import Protocol

from domain.billing.ports import BillingWork
from domain.certification.ports import CertificationWork
from domain.identity.ports import KeyWork, MemberWork
from domain.metering.ports import MeteringWork
from domain.passport.ports import PassportWork
from domain.shared.audit import AuditWork
from domain.shared.idempotency import Answers
from domain.shared.outbox import JobReports, Locks, Outbox
from domain.shared.quotas import Buckets
from domain.subscription.ports import SubscriptionWork


class JourneyWork(
    PassportWork,
    CertificationWork,
    SubscriptionWork,
    MeteringWork,
    BillingWork,
    MemberWork,
    KeyWork,
    AuditWork,
    Protocol,
):
    """Every port, on one transaction."""

    @property
    def outbox(self) -> Outbox:
        """Intents to call out."""
        ...

    @property
    def locks(self) -> Locks:
        """Advisory locks."""
        ...

    @property
    def answers(self) -> Answers:
        """Answers kept under their keys."""
        ...

    @property
    def buckets(self) -> Buckets:
        """Quotas' buckets."""
        ...

    @property
    def job_reports(self) -> JobReports:
        """What jobs did."""
        ...
