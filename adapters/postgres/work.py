"""One transaction with every port on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cached_property

from asyncpg.exceptions import LockNotAvailableError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import PostgresAudit
from adapters.postgres.billing import PostgresDeposits, PostgresInvoices, PostgresLedger
from adapters.postgres.certification import (
    PostgresAssessments,
    PostgresCertificates,
    PostgresDevices,
    PostgresReceptions,
    PostgresReinspections,
    PostgresReports,
    PostgresSignatures,
    PostgresTestRuns,
)
from adapters.postgres.custody import PostgresCustody
from adapters.postgres.engine import DatabaseBusy, reaching
from adapters.postgres.external_records import PostgresExternalRecords
from adapters.postgres.grants import PostgresGrants
from adapters.postgres.idempotency import PostgresAnswers, keep_answer, kept_answer, lock_statement
from adapters.postgres.identity import (
    PostgresParties,
    PostgresPeople,
    PostgresSecondFactors,
    PostgresSessions,
    PostgresTickets,
)
from adapters.postgres.keys import PostgresKeys
from adapters.postgres.lots import PostgresPpaLots
from adapters.postgres.members import PostgresInvitations, PostgresMembers
from adapters.postgres.metering import (
    KnownChannels,
    PostgresChannels,
    PostgresReadingEstimates,
    PostgresReadingImports,
    PostgresReadings,
    PostgresSharedReadings,
    PostgresSites,
    PostgresUsageSnapshots,
    turn_statement,
)
from adapters.postgres.meters import PostgresMeters, PostgresRegisters, PostgresServicePoints
from adapters.postgres.passport import PostgresHistories, PostgresPacks, PostgresPassports, PostgresPrintedLabels
from adapters.postgres.protocols import PostgresProtocolVersions, ProtocolTexts
from adapters.postgres.quotas import PostgresBuckets
from adapters.postgres.records import PostgresAmendments, PostgresIssuedDocuments, PostgresStatusPlaces
from adapters.postgres.requests import PostgresRequests
from adapters.postgres.shared import PostgresFiles, PostgresJobReports, PostgresLocks, PostgresNumbers, PostgresOutbox
from adapters.postgres.subscription import PostgresAssignments, PostgresContracts, PostgresPlans
from adapters.postgres.telemetry import PostgresAlarms, PostgresTelemetry
from adapters.postgres.transaction import Transaction, Within, lent, lent_driver, reach_statement, within_of
from adapters.postgres.vetting import PostgresFindings
from domain.metering.ports import ReadingsCrossed
from domain.shared.actor import DOOR, Actor, Extent
from domain.shared.idempotency import Answer, Claim, KeyInProgress
from domain.shared.identifiers import TenantId

_DEADLOCK = "40P01"


class PostgresWork:
    """What a use case reads and writes inside one transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        transaction: Transaction,
        channels: KnownChannels,
        protocols: ProtocolTexts | None = None,
        within: Within = None,
    ) -> None:
        self._connection = connection
        self._within = within
        self._transaction = transaction
        self._channels = channels
        self._protocols = protocols

    async def commit(self) -> None:
        """Make the work durable."""
        await self._transaction.commit()

    @cached_property
    def answers(self) -> PostgresAnswers:
        """Answers kept under their keys."""
        return PostgresAnswers(self._connection)

    @cached_property
    def buckets(self) -> PostgresBuckets:
        """Quotas' buckets."""
        return PostgresBuckets(self._connection)

    @cached_property
    def numbers(self) -> PostgresNumbers:
        """Document numbers."""
        return PostgresNumbers(self._connection)

    @cached_property
    def files(self) -> PostgresFiles:
        """Evidence files."""
        return PostgresFiles(self._connection)

    @cached_property
    def outbox(self) -> PostgresOutbox:
        """Intents to call out."""
        return PostgresOutbox(self._connection)

    @cached_property
    def job_reports(self) -> PostgresJobReports:
        """What jobs did."""
        return PostgresJobReports(self._connection)

    @cached_property
    def locks(self) -> PostgresLocks:
        """Advisory locks."""
        return PostgresLocks(self._connection)

    @cached_property
    def audit(self) -> PostgresAudit:
        """The audit log."""
        return PostgresAudit(self._connection, self._within)

    @cached_property
    def parties(self) -> PostgresParties:
        """The complex and its tenants."""
        return PostgresParties(self._connection)

    @cached_property
    def people(self) -> PostgresPeople:
        """Those who sign in."""
        return PostgresPeople(self._connection)

    @cached_property
    def sessions(self) -> PostgresSessions:
        """Open sessions."""
        return PostgresSessions(self._connection)

    @cached_property
    def second_factors(self) -> PostgresSecondFactors:
        """What people have besides the password."""
        return PostgresSecondFactors(self._connection)

    @cached_property
    def tickets(self) -> PostgresTickets:
        """Steps of signing in that were begun."""
        return PostgresTickets(self._connection)

    @cached_property
    def members(self) -> PostgresMembers:
        """People as others manage them."""
        return PostgresMembers(self._connection, self._within)

    @cached_property
    def invitations(self) -> PostgresInvitations:
        """Places kept for those who were invited."""
        return PostgresInvitations(self._connection, self._within)

    @cached_property
    def keys(self) -> PostgresKeys:
        """Keys for machines."""
        return PostgresKeys(self._connection, self._within)

    @cached_property
    def packs(self) -> PostgresPacks:
        """Packs."""
        return PostgresPacks(self._connection, self._within)

    @cached_property
    def passports(self) -> PostgresPassports:
        """Passports."""
        return PostgresPassports(self._connection)

    @cached_property
    def histories(self) -> PostgresHistories:
        """Sealed histories."""
        return PostgresHistories(self._connection)

    @cached_property
    def printed_labels(self) -> PostgresPrintedLabels:
        """Labels."""
        return PostgresPrintedLabels(self._connection)

    @cached_property
    def grants(self) -> PostgresGrants:
        """Who may look at which pack."""
        return PostgresGrants(self._connection)

    @cached_property
    def receptions(self) -> PostgresReceptions:
        """Receptions."""
        return PostgresReceptions(self._connection)

    @cached_property
    def requests(self) -> PostgresRequests:
        """Requests for inspection."""
        return PostgresRequests(self._connection)

    @cached_property
    def custody(self) -> PostgresCustody:
        """Custody, sample labels and fees."""
        return PostgresCustody(self._connection)

    @cached_property
    def test_runs(self) -> PostgresTestRuns:
        """Test runs."""
        return PostgresTestRuns(self._connection)

    @cached_property
    def assessments(self) -> PostgresAssessments:
        """Assessments."""
        return PostgresAssessments(self._connection)

    @cached_property
    def signatures(self) -> PostgresSignatures:
        """Signatures."""
        return PostgresSignatures(self._connection)

    @cached_property
    def reinspections(self) -> PostgresReinspections:
        """Requests to inspect again."""
        return PostgresReinspections(self._connection)

    @cached_property
    def protocol_versions(self) -> PostgresProtocolVersions:
        """Versions of protocols."""
        if self._protocols is None:
            raise ValueError("this unit was opened without a reader of protocols")
        return PostgresProtocolVersions(self._connection, self._protocols)

    @cached_property
    def external_records(self) -> PostgresExternalRecords:
        """Copies of what others issued."""
        return PostgresExternalRecords(self._connection)

    @cached_property
    def devices(self) -> PostgresDevices:
        """Test devices."""
        return PostgresDevices(self._connection)

    @cached_property
    def reports(self) -> PostgresReports:
        """Test reports."""
        return PostgresReports(self._connection)

    @cached_property
    def certificates(self) -> PostgresCertificates:
        """Certificates."""
        return PostgresCertificates(self._connection)

    @cached_property
    def status_places(self) -> PostgresStatusPlaces:
        """Places in the status lists."""
        return PostgresStatusPlaces(self._connection)

    @cached_property
    def amendments(self) -> PostgresAmendments:
        """Amended reports."""
        return PostgresAmendments(self._connection)

    @cached_property
    def issued_documents(self) -> PostgresIssuedDocuments:
        """Issued PDFs."""
        return PostgresIssuedDocuments(self._connection)

    @cached_property
    def sites(self) -> PostgresSites:
        """Sites."""
        return PostgresSites(self._connection, self._channels)

    @cached_property
    def meters(self) -> PostgresMeters:
        """Meters."""
        return PostgresMeters(self._connection)

    @cached_property
    def service_points(self) -> PostgresServicePoints:
        """Service points."""
        return PostgresServicePoints(self._connection)

    @cached_property
    def registers(self) -> PostgresRegisters:
        """Registers."""
        return PostgresRegisters(self._connection)

    @cached_property
    def readings(self) -> PostgresReadings:
        """Readings."""
        return PostgresReadings(self._connection)

    @cached_property
    def reading_imports(self) -> PostgresReadingImports:
        """Taken files."""
        return PostgresReadingImports(self._connection)

    @cached_property
    def reading_estimates(self) -> PostgresReadingEstimates:
        """Estimates."""
        return PostgresReadingEstimates(self._connection)

    @cached_property
    def findings(self) -> PostgresFindings:
        """What was found in stored days."""
        return PostgresFindings(self._connection)

    @cached_property
    def ppa_lots(self) -> PostgresPpaLots:
        """Lots of purchase contracts."""
        return PostgresPpaLots(self._connection)

    @cached_property
    def usage_snapshots(self) -> PostgresUsageSnapshots:
        """Frozen usage."""
        return PostgresUsageSnapshots(self._connection)

    @cached_property
    def telemetry(self) -> PostgresTelemetry:
        """Packs' minutes."""
        return PostgresTelemetry(self._connection)

    @cached_property
    def alarms(self) -> PostgresAlarms:
        """Alarms."""
        return PostgresAlarms(self._connection, self._within)

    @cached_property
    def plans(self) -> PostgresPlans:
        """Plans."""
        return PostgresPlans(self._connection)

    @cached_property
    def contracts(self) -> PostgresContracts:
        """Contracts."""
        return PostgresContracts(self._connection, self._within)

    @cached_property
    def assignments(self) -> PostgresAssignments:
        """Assignments."""
        return PostgresAssignments(self._connection)

    @cached_property
    def invoices(self) -> PostgresInvoices:
        """Invoices."""
        return PostgresInvoices(self._connection, self._within)

    @cached_property
    def ledger(self) -> PostgresLedger:
        """The books."""
        return PostgresLedger(self._connection)

    @cached_property
    def deposits(self) -> PostgresDeposits:
        """Deposits."""
        return PostgresDeposits(self._connection, self._within)


class PostgresSharingWork:
    """What is done to a tenant's readings beside others, on the driver's own connection."""

    def __init__(self, transaction: Transaction, channels: KnownChannels) -> None:
        self._transaction = transaction
        self._channels = channels

    async def commit(self) -> None:
        """Make the work durable."""
        await self._transaction.commit()

    @cached_property
    def sites(self) -> PostgresChannels:
        """Channels."""
        return PostgresChannels(self._transaction.driver, self._channels)

    @cached_property
    def readings(self) -> PostgresSharedReadings:
        """Readings."""
        return PostgresSharedReadings(self._transaction.driver)


class PostgresUnit:
    """Opens transactions on somebody's behalf; leaving one without commit undoes everything.

    Each begins by telling the database how far its actor reaches, for this transaction only: row-level security
    shows and takes no more, and nothing at all when nothing was told (docs/decisions/0014-isolation-twice.md).
    """

    def __init__(self, engine: AsyncEngine, protocols: ProtocolTexts | None = None) -> None:
        self.protocols = protocols
        # The driver's own transactions begin with a trip of their own; ours begin in the one that tells the reach.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.channels = KnownChannels()

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[PostgresWork]:
        """Open one transaction."""
        return self._open(actor)

    def sharing(
        self, actor: Actor, tenant_id: TenantId, *, alone: bool = False
    ) -> AbstractAsyncContextManager[PostgresSharingWork]:
        """Open one transaction that shares a tenant's readings, or holds them; locked in the trip that begins it.

        Raises:
            ReadingsCrossed: the database ended it, since another waited for it while it waited for that.
        """
        return self._sharing(actor, tenant_id, alone=alone)

    @asynccontextmanager
    async def _sharing(self, actor: Actor, tenant_id: TenantId, *, alone: bool) -> AsyncIterator[PostgresSharingWork]:
        try:
            async with (
                lent_driver(self._engine) as driver,
                Transaction(driver, actor, also=turn_statement(tenant_id, alone=alone)) as begun,
            ):
                yield PostgresSharingWork(begun, self.channels)
        except DatabaseBusy as error:
            if getattr(error.__cause__, "sqlstate", None) == _DEADLOCK:
                raise ReadingsCrossed from error
            raise

    @asynccontextmanager
    async def _open(self, actor: Actor, *, also: str = "") -> AsyncIterator[PostgresWork]:
        async with self.begun(actor, also=also) as (connection, transaction):
            yield PostgresWork(connection, transaction, self.channels, self.protocols, within_of(actor))

    @asynccontextmanager
    async def begun(self, actor: Actor, *, also: str = "") -> AsyncIterator[tuple[AsyncConnection, Transaction]]:
        """Begin a transaction and yield what works are made of."""
        async with lent(self._engine) as connection, Transaction(connection, actor, also=also) as begun:
            yield connection, begun


class _HeldWork(PostgresWork):
    """A work whose commit only says that it is whole; what becomes of it is decided with the answer."""

    whole = False

    async def commit(self) -> None:
        """Say that the work is whole."""
        self.whole = True

    async def make_durable(self) -> None:
        """Commit."""
        await super().commit()


class PostgresOnceUnit:
    """One request's transactions: work, answer and audit entry become durable in one commit, or none does.

    Under a key every unit takes the key's advisory lock as it begins, so that twins pass one after the other, and
    looks whether one has passed. The first that is said to be whole keeps its transaction open until the answer is
    known; later ones join it between savepoints.
    """

    def __init__(self, unit: PostgresUnit, actor: Actor, claim: Claim | None = None) -> None:
        self._unit = unit
        self._actor = actor
        self._claim = claim
        self._open_until_settled = AsyncExitStack()
        self._held: tuple[_HeldWork, AsyncConnection, Transaction] | None = None
        self._held_by = actor
        self._overtaken = False

    @property
    def overtaken(self) -> bool:
        """Whether a twin was answered after we had asked."""
        return self._overtaken

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[PostgresWork]:
        """Open one transaction, or a part of the one that is held."""
        if actor.extent is Extent.DOOR:
            return self._unit(actor)
        return self._begin(actor) if self._held is None else self._join(actor)

    @property
    def is_whole(self) -> bool:
        """Whether work waits to be made durable."""
        return self._held is not None

    async def answered(self) -> Answer | None:
        """Return what was answered before, waiting a little for a twin under way."""
        if self._claim is None:
            return None
        async with self._begun(self._actor) as (connection, _):
            return await kept_answer(connection, self._claim)

    async def settle(self, answer: Answer) -> None:
        """Make the work and its answer durable."""
        if self._held is not None and self._claim is not None:
            with reaching():
                await keep_answer(self._held[1], self._claim, answer)
        await self.make_durable()

    async def make_durable(self) -> None:
        """Make the work durable where there is no answer to keep."""
        if self._held is None:
            return
        work, _, _ = self._held
        with reaching():
            await work.make_durable()
        self._held = None
        await self._open_until_settled.aclose()

    def within(self, actor: Actor) -> AbstractAsyncContextManager[PostgresWork]:
        """Open a part of the work that waits."""
        return self._join(actor)

    async def drop(self) -> None:
        """Undo what was not settled."""
        self._held = None
        await self._open_until_settled.aclose()

    async def leave(self) -> None:
        """Undo what was not settled."""
        await self.drop()

    @asynccontextmanager
    async def _begun(self, actor: Actor) -> AsyncIterator[tuple[AsyncConnection, Transaction]]:
        has_lock = False
        try:
            also = "" if self._claim is None else lock_statement(self._claim)
            async with self._unit.begun(actor, also=also) as begun:
                has_lock = True
                yield begun
        except DatabaseBusy as error:
            if has_lock or not isinstance(error.__cause__, LockNotAvailableError):
                raise  # it waited for something of the work, not for its twin
            raise KeyInProgress from error

    @asynccontextmanager
    async def _begin(self, actor: Actor) -> AsyncIterator[PostgresWork]:
        async with AsyncExitStack() as stack:
            connection, transaction = await stack.enter_async_context(self._begun(actor))
            if self._claim is not None and await kept_answer(connection, self._claim) is not None:
                self._overtaken = True
                raise KeyInProgress
            work = _HeldWork(connection, transaction, self._unit.channels, self._unit.protocols, within_of(actor))
            yield work
            if work.whole:
                self._held, self._held_by = (work, connection, transaction), actor
                self._open_until_settled = stack.pop_all()

    @asynccontextmanager
    async def _join(self, actor: Actor) -> AsyncIterator[PostgresWork]:
        if self._held is None:
            raise RuntimeError("there is nothing to join")
        _, connection, transaction = self._held
        work = _HeldWork(connection, transaction, self._unit.channels, self._unit.protocols, within_of(actor))
        driver = transaction.driver
        await driver.execute(f"savepoint joined; {reach_statement(actor)}")
        try:
            yield work
        finally:
            if not driver.is_closed():
                ended = "release" if work.whole else "rollback to"
                await driver.execute(f"{ended} savepoint joined; {reach_statement(self._held_by)}")


class PostgresStepsUnit(PostgresOnceUnit):
    """A request of the sign-in door or of one's own account: its last commit waits for the audit entry, no other."""

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[PostgresWork]:
        """Open one transaction, after the one before has become durable."""
        return self._step(actor)

    @asynccontextmanager
    async def _step(self, actor: Actor) -> AsyncIterator[PostgresWork]:
        await self.make_durable()
        async with self._begin(actor) as work:
            yield work

    async def leave(self) -> None:
        """Let stand what was committed: a failed try stays counted."""
        await self.make_durable()
        await self._open_until_settled.aclose()


class PostgresOnce:
    """Opens units under a key."""

    def __init__(self, unit: PostgresUnit) -> None:
        self._unit = unit

    def __call__(self, claim: Claim) -> PostgresOnceUnit:
        """Return the unit of one request."""
        return PostgresOnceUnit(self._unit, claim.actor, claim)

    def held(self, actor: Actor) -> PostgresOnceUnit:
        """Return the unit of a request without a key."""
        return PostgresOnceUnit(self._unit, actor)

    def steps(self) -> PostgresStepsUnit:
        """Return the unit of a request of the sign-in door, or of one's own account."""
        return PostgresStepsUnit(self._unit, DOOR)
