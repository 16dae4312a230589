"""One transaction with every port on it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.billing import PostgresDeposits, PostgresInvoices, PostgresLedger
from adapters.postgres.certification import (
    PostgresAssessments,
    PostgresCertificates,
    PostgresReceptions,
    PostgresReports,
    PostgresSignatures,
    PostgresTestRuns,
)
from adapters.postgres.engine import reaching
from adapters.postgres.identity import PostgresParties, PostgresPeople, PostgresSessions
from adapters.postgres.metering import (
    KnownChannels,
    PostgresReadingImports,
    PostgresReadings,
    PostgresSites,
    PostgresUsageSnapshots,
)
from adapters.postgres.passport import PostgresHistories, PostgresPacks, PostgresPassports, PostgresPrintedLabels
from adapters.postgres.records import PostgresAmendments, PostgresIssuedDocuments, PostgresStatusPlaces
from adapters.postgres.shared import PostgresFiles, PostgresJobReports, PostgresLocks, PostgresNumbers, PostgresOutbox
from adapters.postgres.subscription import PostgresAssignments, PostgresContracts, PostgresPlans
from adapters.postgres.transaction import Transaction
from domain.shared.actor import Actor


class PostgresWork:
    """What a use case reads and writes inside one transaction."""

    def __init__(self, connection: AsyncConnection, transaction: Transaction, channels: KnownChannels) -> None:
        self._connection = connection
        self._transaction = transaction
        self._channels = channels

    async def commit(self) -> None:
        """Make the work durable."""
        await self._transaction.commit()
        self.readings.committed()

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
    def packs(self) -> PostgresPacks:
        """Packs."""
        return PostgresPacks(self._connection)

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
    def receptions(self) -> PostgresReceptions:
        """Receptions."""
        return PostgresReceptions(self._connection)

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
    def readings(self) -> PostgresReadings:
        """Readings."""
        return PostgresReadings(self._connection)

    @cached_property
    def reading_imports(self) -> PostgresReadingImports:
        """Taken files."""
        return PostgresReadingImports(self._connection)

    @cached_property
    def usage_snapshots(self) -> PostgresUsageSnapshots:
        """Frozen usage."""
        return PostgresUsageSnapshots(self._connection)

    @cached_property
    def plans(self) -> PostgresPlans:
        """Plans."""
        return PostgresPlans(self._connection)

    @cached_property
    def contracts(self) -> PostgresContracts:
        """Contracts."""
        return PostgresContracts(self._connection)

    @cached_property
    def assignments(self) -> PostgresAssignments:
        """Assignments."""
        return PostgresAssignments(self._connection)

    @cached_property
    def invoices(self) -> PostgresInvoices:
        """Invoices."""
        return PostgresInvoices(self._connection)

    @cached_property
    def ledger(self) -> PostgresLedger:
        """The books."""
        return PostgresLedger(self._connection)

    @cached_property
    def deposits(self) -> PostgresDeposits:
        """Deposits."""
        return PostgresDeposits(self._connection)


class PostgresUnit:
    """Opens transactions on somebody's behalf; leaving one without commit undoes everything.

    Each begins by telling the database how far its actor reaches, for this transaction only: row-level security
    shows and takes no more, and nothing at all when nothing was told (docs/decisions/0014-isolation-twice.md).
    """

    def __init__(self, engine: AsyncEngine) -> None:
        # The driver's own transactions begin with a trip of their own; ours begin in the one that tells the reach.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._channels: KnownChannels = {}

    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[PostgresWork]:
        """Open one transaction."""
        return self._open(actor)

    @asynccontextmanager
    async def _open(self, actor: Actor) -> AsyncIterator[PostgresWork]:
        with reaching():
            async with self._engine.connect() as connection:
                try:
                    async with Transaction(connection, actor) as begun:
                        yield PostgresWork(connection, begun, self._channels)
                except BaseException as error:
                    if not isinstance(error, Exception):
                        await connection.invalidate()  # cancelled in the middle: nobody knows where the server stands
                    raise
