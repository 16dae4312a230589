"""Everything a door may call, as one frozen value; `app.wiring` makes it."""

from dataclasses import dataclass

from domain.billing.ports import Payments
from domain.certification.ports import Credentials, CyclerFiles, RecordFiles
from domain.certification.protocol import Protocol
from domain.identity.ports import BreachedPasswords, IdentityProvider, Passkeys, Passwords, Recognition, Tokens, Vault
from domain.identity.usecases import Desk
from domain.journeys.ports import JourneyWork
from domain.journeys.readings import Intake
from domain.metering.carbon import EmissionFactor
from domain.metering.ports import ReadingFiles
from domain.metering.tariff import TariffBook
from domain.passport.ports import Labels
from domain.shared.documents import Documents, Seals
from domain.shared.idempotency import Once
from domain.shared.identifiers import Ids
from domain.shared.time import Clock
from domain.shared.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The hands of the field. `public_url` is what labels and certificates point at.

    `passkeys` is None where browsers would refuse them, `provider` where no outside sign-in is set up.
    """

    unit: Unit[JourneyWork]
    recognition: Recognition
    once: Once[JourneyWork]
    intake: Intake
    clock: Clock
    ids: Ids
    passwords: Passwords
    tokens: Tokens
    documents: Documents
    seals: Seals
    labels: Labels
    cycler_files: CyclerFiles
    reading_files: ReadingFiles
    record_files: RecordFiles
    credentials: Credentials
    protocol: Protocol
    tariffs: TariffBook
    emission_factors: tuple[EmissionFactor, ...]
    payments: tuple[Payments, ...]
    public_url: str
    vault: Vault
    breached: BreachedPasswords
    passkeys: Passkeys | None
    provider: IdentityProvider | None
    second_factor_required: bool

    @property
    def desk(self) -> Desk:
        """What every step of signing in needs."""
        return Desk(
            unit=self.unit,
            passwords=self.passwords,
            tokens=self.tokens,
            ids=self.ids,
            clock=self.clock,
            vault=self.vault,
            breached=self.breached,
            passkeys=self.passkeys,
            second_factor_required=self.second_factor_required,
        )
