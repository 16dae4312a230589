"""Settings → engine → adapters → ports: the only file that knows a port and its adapter.

An adapter is imported where it is wired, so that a command loads the libraries of what it uses and no others.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.ports import Ports
from app.settings import SettingMalformed, Settings
from domain.certification.ports import Credentials, CyclerFiles, PulseTables, RecordFiles, Signer, Verifier
from domain.certification.protocol import Protocol
from domain.journeys.readings import Intake
from domain.metering.ports import TelemetryStream
from domain.shared.canonical import Canonical
from domain.shared.checkup import DatabaseFacts
from domain.shared.documents import SealKey, SealReader, Seals
from domain.shared.time import Clock

if TYPE_CHECKING:
    from adapters.meterfiles.reader import SandboxedReadingFiles
    from adapters.oidc.provider import OidcProvider
    from adapters.system import StoryClock


@asynccontextmanager
async def open_database(settings: Settings, *, own: bool = False) -> AsyncIterator[str]:
    """Yield the address of a migrated database: the configured one, the embedded one that runs, or one started now.

    Whoever signs in there serves and nothing else: the embedded one's, and a configured one's where its owner has an
    address of its own.

    `own` asks for an embedded one that ends with us: whoever serves must not lose it when another program stops.

    Raises:
        DatabaseUnreachable: no database answers under the configured address.
        HomeLocked: `own` is asked for, and another program runs the embedded one.
    """
    from adapters.postgres.supervisor import EmbeddedPostgres, running_url, serving_url

    home = settings.home / "postgres"
    if settings.database_url is not None:
        await migrate_database(settings.database_owner_url or settings.database_url, serving=settings.database_url)
        yield settings.database_url
        return
    owners = None if own else await running_url(home)
    async with AsyncExitStack() as stack:
        if owners is None:
            owners = await stack.enter_async_context(EmbeddedPostgres(home, bin_dir=settings.postgres_bin))
        serving = serving_url(home, owners)
        await migrate_database(owners, serving=serving)
        yield serving


async def migrate_database(address: str, *, serving: str | None = None) -> None:
    """Bring a database to the newest schema; where `serving` signs in as somebody else, see that it only serves."""
    from adapters.postgres.engine import open_engine, sign_in_of
    from adapters.postgres.migrate import migrate, serve_by

    engine = open_engine(address, pool_size=1)
    try:
        await migrate(engine)
        login, password = (None, None) if serving is None else sign_in_of(serving)
        if login is not None and password is not None and login != sign_in_of(address)[0]:
            await serve_by(engine, login=login, password=password)
    finally:
        await engine.dispose()


async def database_facts(settings: Settings) -> DatabaseFacts:
    """Return what the configured or the running embedded database says of itself; nothing is started or changed.

    Raises:
        DatabaseUnreachable: none runs, or none answers.
    """
    from adapters.postgres.checkup import examine
    from adapters.postgres.engine import DatabaseUnreachable
    from adapters.postgres.supervisor import running_url, serving_url

    if settings.database_url is not None:
        return await examine(settings.database_url)
    home = settings.home / "postgres"
    running = await running_url(home)
    if running is None:
        raise DatabaseUnreachable
    return await examine(serving_url(home, running))


def story_clock(start_at: datetime) -> "StoryClock":
    """Return a clock that only moves when told."""
    from adapters.system import StoryClock

    return StoryClock(start_at)


def system_clock() -> Clock:
    """Return the clock on the wall."""
    from adapters.system.clock import SystemClock

    return SystemClock()


def cycler_files() -> CyclerFiles:
    """Return the reader of cycler files, which needs no database."""
    from adapters.ktr.cyclers import KtrCyclers

    return KtrCyclers()


def pulse_tables() -> PulseTables:
    """Return the reader of tables of pulsed cells, which needs no database."""
    from adapters.ktr.pulse_tables import KtrPulseTables

    return KtrPulseTables()


def read_protocol(text: bytes) -> Protocol:
    """Return what a protocol's text says, which needs no database.

    Raises:
        ProtocolMalformed: says the place, the line and what is expected.
        RuleUntranslated: a rule is not understood.
    """
    from adapters.ktr.protocol_file import read_protocol

    return read_protocol(text)


def record_files() -> RecordFiles:
    """Return the reader of other issuers' records, which needs no database."""
    from adapters.ktr.record_files import KtrRecordFiles

    return KtrRecordFiles()


def reading_files() -> "SandboxedReadingFiles":
    """Return the reader of meters' files, which needs no database."""
    from adapters.meterfiles.reader import SandboxedReadingFiles

    return SandboxedReadingFiles()


def credentials(settings: Settings) -> Credentials:
    """Return the keeper of the signing key, which needs no database."""
    from adapters.ktr.credentials import KtrCredentials

    return KtrCredentials(signer(settings), base_url=settings.public_url)


def signer(settings: Settings) -> Signer:
    """Return the holder of the signing key: a file; a device would take its place here."""
    from adapters.ktr.signing import FileSigner

    return FileSigner(settings.home / "keys")


def seals(settings: Settings) -> Seals:
    """Return the signer and reader of PDFs, which needs no database."""
    from adapters.documents.seals import PadesSeals

    return PadesSeals(seal_key(settings), name=_sealed_by(settings))


def seal_key(settings: Settings) -> SealKey:
    """Return the holder of the key that signs PDFs: files; a device would take its place here."""
    from adapters.documents.seal_keys import FileSealKey

    return FileSealKey(
        settings.home / "keys",
        name=_sealed_by(settings),
        key=settings.seal_key_file,
        certificate=settings.seal_certificate_file,
    )


def _sealed_by(settings: Settings) -> str:
    return f"Sunhwan {urlsplit(settings.public_url).netloc}"


def published_seals(did_document: Mapping[str, Canonical]) -> SealReader:
    """Return the reader of PDFs by the certificates of a published DID document."""
    from adapters.documents.seals import PublishedSeals

    return PublishedSeals(did_document)


def published_keys(did_document: Mapping[str, Canonical]) -> Verifier:
    """Return the checker of records by the keys of a published DID document."""
    from adapters.ktr.credentials import PublishedKeys

    return PublishedKeys(did_document)


def _provider(settings: Settings, clock: Clock) -> "OidcProvider | None":
    from adapters.oidc.provider import OidcProvider, ProviderSettings

    if settings.provider is None:
        return None
    return OidcProvider(
        ProviderSettings(
            issuer=settings.provider.issuer,
            client_id=settings.provider.client_id,
            client_secret=settings.provider.client_secret,
            redirect_uri=f"{settings.public_url}/sign-in/provider/back",
        ),
        clock=clock,
    )


def telemetry_stream(settings: Settings) -> TelemetryStream | None:
    """Return the stream of the configured broker; None where none is.

    Raises:
        SettingMalformed: a broker is named, and the library that speaks to it is not installed.
    """
    if settings.broker is None:
        return None
    try:
        from adapters.mqtt.subscriber import Broker, MqttStream
    except ModuleNotFoundError as error:
        raise SettingMalformed(name="SUNHWAN_MQTT_URL", wanted="pip install 'sunhwan[mqtt]'") from error
    broker = settings.broker
    return MqttStream(
        Broker(
            host=broker.host,
            port=broker.port,
            tls=broker.tls,
            client_id=broker.client_id,
            username=broker.username,
            password=broker.password,
            ca_file=broker.ca_file,
        )
    )


@asynccontextmanager
async def open_ports(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Ports]:
    """Yield the ports over the configured database, which is there and migrated; close them afterwards."""
    from adapters.bank.payments import BankTransferPayments
    from adapters.documents.typesetter import TypstDocuments
    from adapters.ktr.protocol_file import SHIPPED, load_protocol, read_protocol_text
    from adapters.postgres.engine import open_engine
    from adapters.postgres.protocols import ProtocolTexts
    from adapters.postgres.recognition import PostgresRecognition
    from adapters.postgres.roles import APP
    from adapters.postgres.work import PostgresOnce, PostgresUnit
    from adapters.qr.labels import QrLabels
    from adapters.stripe.payments import StripePayments, stripe_client
    from adapters.system import Argon2Passwords, RandomTokens, UuidV7
    from adapters.system.breached import BreachedFile, NoBreachedPasswords
    from adapters.system.passkeys import passkeys_for
    from adapters.system.vault import AesVault
    from adapters.tariffs.reader import SHIPPED as SHIPPED_TARIFFS
    from adapters.tariffs.reader import load_tariffs

    if settings.database_url is None:
        raise ValueError("ports open on a database that was opened before")
    engine = open_engine(settings.database_url, role=APP)
    ids = UuidV7()
    tariffs, emission_factors = load_tariffs(settings.tariff_file or SHIPPED_TARIFFS)
    protocol_file = settings.protocol_file or SHIPPED
    protocol = load_protocol(protocol_file)
    texts = ProtocolTexts(shipped=protocol_file.read_text(encoding="utf-8"), read=read_protocol_text)
    unit = PostgresUnit(engine, texts)
    documents = TypstDocuments()
    told = clock or system_clock()
    provider = _provider(settings, told)
    breached_file = settings.breached_passwords_file
    try:
        yield Ports(
            unit=unit,
            recognition=PostgresRecognition(engine),
            once=PostgresOnce(unit),
            intake=Intake(unit=unit, sharing=unit.sharing, ids=ids, clock=told),
            clock=told,
            ids=ids,
            passwords=Argon2Passwords(),
            tokens=RandomTokens(),
            documents=documents,
            seals=seals(settings),
            labels=QrLabels(),
            cycler_files=cycler_files(),
            reading_files=reading_files(),
            record_files=record_files(),
            credentials=credentials(settings),
            protocol=protocol,
            tariffs=tariffs,
            emission_factors=emission_factors,
            payments=(
                BankTransferPayments(bank_account=settings.bank_account, virtual_accounts={}),
                StripePayments(None if settings.stripe_key is None else stripe_client(settings.stripe_key)),
            ),
            public_url=settings.public_url,
            vault=AesVault(settings.home / "keys", key_text=settings.vault_key),
            breached=NoBreachedPasswords() if breached_file is None else BreachedFile(breached_file),
            passkeys=passkeys_for(settings.public_url),
            provider=provider,
            second_factor_required=settings.second_factor_required,
        )
    finally:
        if provider is not None:
            await provider.close()
        documents.close()
        await engine.dispose()
