"""Environment → frozen settings, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from domain.shared.errors import RuleBroken

ROOT = Path(__file__).resolve().parents[1]


class SettingMalformed(RuleBroken):
    """An environment variable has no meaning."""

    code = "settings.malformed"
    title_ko = "환경 변수 {name}의 값이 올바르지 않습니다: {wanted}."
    title_en = "The environment variable {name} is not usable: {wanted}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An outside provider of identities, and how we are known to it."""

    issuer: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBroker:
    """The MQTT broker that gateways publish packs' minutes to, and how we are known to it."""

    host: str
    port: int
    tls: bool
    client_id: str
    username: str | None
    password: str | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this program is set up.

    `database_url` None means the embedded PostgreSQL under `home`, run from `postgres_bin` when that is named;
    `database_owner_url` is the sign-in that brings a database to the newest schema, where it is another one.
    `public_url` is what labels and certificates point at, without a slash at the end. Secrets come from files
    (`…_FILE`) or the environment, never from an argument. `trusted_proxies` are those whose word on where a request
    comes from is taken.
    """

    home: Path
    database_url: str | None
    database_owner_url: str | None = None
    postgres_bin: Path | None
    host: str
    port: int
    public_url: str
    protocol_file: Path | None
    tariff_file: Path | None
    stripe_key: str | None
    bank_account: str | None
    vault_key: str | None
    breached_passwords_file: Path | None
    second_factor_required: bool
    provider: Provider | None
    quotas: bool
    seal_key_file: Path | None = None
    seal_certificate_file: Path | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    broker: MessageBroker | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS; cookies and headers follow."""
        return self.public_url.startswith("https://")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        SettingMalformed: a value has no meaning; it says which.
    """
    env = os.environ if environment is None else environment
    port_text = env.get("SUNHWAN_PORT", "8000")
    if not port_text.isdecimal() or not 0 <= int(port_text) <= 65535:
        raise SettingMalformed(name="SUNHWAN_PORT", wanted="0-65535")
    host = env.get("SUNHWAN_HOST", "127.0.0.1")
    public_url = env.get("SUNHWAN_PUBLIC_URL", f"http://127.0.0.1:{port_text}").rstrip("/")
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        raise SettingMalformed(name="SUNHWAN_PUBLIC_URL", wanted="https://host")
    return Settings(
        home=Path(env.get("SUNHWAN_HOME", str(ROOT / "var"))).absolute(),
        database_url=_secret(env, "DATABASE_URL"),
        database_owner_url=_secret(env, "DATABASE_OWNER_URL"),
        postgres_bin=_path(env, "SUNHWAN_POSTGRES_BIN"),
        host=host,
        port=int(port_text),
        public_url=public_url,
        protocol_file=_path(env, "SUNHWAN_PROTOCOL_FILE"),
        tariff_file=_path(env, "SUNHWAN_TARIFF_FILE"),
        stripe_key=_secret(env, "STRIPE_SECRET_KEY"),
        bank_account=env.get("SUNHWAN_BANK_ACCOUNT") or None,
        vault_key=_secret(env, "SUNHWAN_VAULT_KEY"),
        breached_passwords_file=_path(env, "SUNHWAN_BREACHED_PASSWORDS_FILE"),
        second_factor_required=_switch(env, "SUNHWAN_REQUIRE_SECOND_FACTOR", default="off"),
        provider=_provider(env),
        quotas=_switch(env, "SUNHWAN_QUOTAS", default="on"),
        seal_key_file=_path(env, "SUNHWAN_SEAL_KEY_FILE"),
        seal_certificate_file=_path(env, "SUNHWAN_SEAL_CERTIFICATE_FILE"),
        trusted_proxies=_networks(env, "SUNHWAN_TRUSTED_PROXIES"),
        broker=_broker(env),
    )


_SWITCHES: Mapping[str, bool] = {"on": True, "1": True, "off": False, "0": False}


def _switch(env: Mapping[str, str], name: str, *, default: str) -> bool:
    word = env.get(name) or default
    if word not in _SWITCHES:
        raise SettingMalformed(name=name, wanted="on | off")
    return _SWITCHES[word]


def _networks(env: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in env.get(name, "").split(",") if part.strip())
    except ValueError as error:
        raise SettingMalformed(name=name, wanted="10.0.0.1, 10.1.0.0/24") from error


def _provider(env: Mapping[str, str]) -> Provider | None:
    """Return the outside provider; whoever names its issuer names the rest as well."""
    issuer = env.get("SUNHWAN_OIDC_ISSUER") or None
    if issuer is None:
        return None
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise SettingMalformed(name="SUNHWAN_OIDC_ISSUER", wanted="https://host")
    client_id = env.get("SUNHWAN_OIDC_CLIENT_ID") or None
    client_secret = _secret(env, "SUNHWAN_OIDC_CLIENT_SECRET")
    if client_id is None:
        raise SettingMalformed(name="SUNHWAN_OIDC_CLIENT_ID", wanted="the client's id")
    if client_secret is None:
        raise SettingMalformed(name="SUNHWAN_OIDC_CLIENT_SECRET_FILE", wanted="readable file")
    return Provider(issuer=issuer, client_id=client_id, client_secret=client_secret)


def _broker(env: Mapping[str, str]) -> MessageBroker | None:
    """Return the broker; a password, or another machine, asks for TLS."""
    url = env.get("SUNHWAN_MQTT_URL") or None
    if url is None:
        return None
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    wanted = "mqtts://host:8883"
    try:
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    except ValueError as error:
        raise SettingMalformed(name="SUNHWAN_MQTT_URL", wanted=wanted) from error
    plain = parts.scheme == "mqtt" and local
    if parts.hostname is None or parts.username or parts.path.strip("/") or not (parts.scheme == "mqtts" or plain):
        raise SettingMalformed(name="SUNHWAN_MQTT_URL", wanted=wanted)
    return MessageBroker(
        host=parts.hostname,
        port=port,
        tls=parts.scheme == "mqtts",
        client_id=env.get("SUNHWAN_MQTT_CLIENT_ID") or "sunhwan-telemetry",
        username=env.get("SUNHWAN_MQTT_USERNAME") or None,
        password=_secret(env, "SUNHWAN_MQTT_PASSWORD"),
        ca_file=_path(env, "SUNHWAN_MQTT_CA_FILE"),
    )


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]) if env.get(name) else None


def _secret(env: Mapping[str, str], name: str) -> str | None:
    path = env.get(f"{name}_FILE")
    if path is None:
        return env.get(name) or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingMalformed(name=f"{name}_FILE", wanted=error.strerror or "readable file") from error
