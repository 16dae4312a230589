"""Everything a door may call, as one frozen value; `app.wiring` makes it."""

from dataclasses import dataclass

from domain.billing.ports import Payments
from domain.certification.ports import Credentials, CyclerFiles
from domain.certification.protocol import Protocol
from domain.identity.ports import Passwords, Tokens
from domain.journeys.ports import JourneyWork
from domain.metering.ports import ReadingFiles
from domain.passport.ports import Labels
from domain.shared.documents import Documents, Seals
from domain.shared.identifiers import Ids
from domain.shared.time import Clock
from domain.shared.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The hands of the field. `public_url` is what labels and certificates point at."""

    unit: Unit[JourneyWork]
    clock: Clock
    ids: Ids
    passwords: Passwords
    tokens: Tokens
    documents: Documents
    seals: Seals
    labels: Labels
    cycler_files: CyclerFiles
    reading_files: ReadingFiles
    credentials: Credentials
    protocol: Protocol
    payments: tuple[Payments, ...]
    public_url: str
