"""Names of things. Every identifier is a UUIDv7 made by the application; a tenant's is a small integer."""

from typing import NewType, Protocol
from uuid import UUID

TenantId = NewType("TenantId", int)
"""int4 everywhere, because rows of one tenant are stored together under it (PostgreSQL or Citus)."""
ChannelId = NewType("ChannelId", int)
"""int4, counted per tenant."""

PersonId = NewType("PersonId", UUID)
PackId = NewType("PackId", UUID)
PassportId = NewType("PassportId", UUID)
EventId = NewType("EventId", UUID)
ReceptionId = NewType("ReceptionId", UUID)
TestRunId = NewType("TestRunId", UUID)
ReportId = NewType("ReportId", UUID)
CertificateId = NewType("CertificateId", UUID)
PlanId = NewType("PlanId", UUID)
SiteId = NewType("SiteId", UUID)
ContractId = NewType("ContractId", UUID)
SlotId = NewType("SlotId", UUID)
AssignmentId = NewType("AssignmentId", UUID)
SnapshotId = NewType("SnapshotId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
TransferId = NewType("TransferId", UUID)
PaymentId = NewType("PaymentId", UUID)


class Ids(Protocol):
    """Makes identifiers."""

    def new(self) -> UUID:
        """Return a fresh UUIDv7: unique, and rising with time, so that new rows lie beside each other."""
        ...
