"""One transaction over every context."""

from typing import Protocol

from domain.billing.ports import BillingWork
from domain.certification.ports import CertificationWork
from domain.identity.ports import KeyWork, MemberWork
from domain.metering.ports import MeteringWork
from domain.passport.ports import PassportWork
from domain.shared.audit import AuditWork
from domain.shared.outbox import JobReports, Locks, Outbox
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
    def job_reports(self) -> JobReports:
        """What jobs did."""
        ...
