"""What keeps and checks secrets: the vault, and a list of breached passwords."""

import base64
import secrets
from hashlib import sha1
from pathlib import Path

import pytest

from adapters.system import breached
from adapters.system.breached import BreachedFile, BreachedListUnusable, NoBreachedPasswords
from adapters.system.passkeys import passkeys_for
from adapters.system.vault import AesVault, SealBroken, VaultKeyUnusable
from app.settings import SettingMalformed, read_settings


def test_a_sealed_secret_opens_for_its_own_person_under_the_same_key(tmp_path: Path) -> None:
    sealed = AesVault(tmp_path / "keys").seal(b"secret", bound_to=b"kim")

    assert b"secret" not in sealed
    assert AesVault(tmp_path / "keys").open(sealed, bound_to=b"kim") == b"secret"
    assert AesVault(tmp_path / "keys").seal(b"secret", bound_to=b"kim") != sealed
    assert (tmp_path / "keys" / "vault.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", ["person", "key", "bytes", "short"])
def test_a_sealed_secret_opens_for_nothing_else(tmp_path: Path, spoil: str) -> None:
    sealed = AesVault(tmp_path / "keys").seal(b"secret", bound_to=b"kim")
    vault, bound_to = AesVault(tmp_path / "keys"), b"kim"
    match spoil:
        case "person":
            bound_to = b"lee"
        case "key":
            vault = AesVault(tmp_path / "others")
        case "bytes":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        case _:
            sealed = sealed[:5]

    with pytest.raises(SealBroken):
        vault.open(sealed, bound_to=bound_to)


def test_a_given_key_is_32_bytes_in_base64(tmp_path: Path) -> None:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    sealed = AesVault(tmp_path, key_text=key).seal(b"secret", bound_to=b"kim")

    assert AesVault(tmp_path / "elsewhere", key_text=key).open(sealed, bound_to=b"kim") == b"secret"
    assert not (tmp_path / "vault.key").exists()
    for wrong in ("", "not base64!", base64.b64encode(b"short").decode()):
        with pytest.raises(VaultKeyUnusable):
            AesVault(tmp_path, key_text=wrong)


def hashed(password: str) -> str:
    return sha1(password.encode()).hexdigest().upper()


@pytest.mark.parametrize("kept", [1, 1_000_000], ids=["searched on disk", "kept in memory"])
@pytest.mark.parametrize("ending", ["\n", ":17\n", ":3\r\n"])
async def test_a_list_knows_its_own_and_nothing_else(tmp_path: Path, monkeypatch, kept: int, ending: str) -> None:
    monkeypatch.setattr(breached, "_KEPT_BYTES_MAX", kept)
    listed = [f"known-{number}" for number in range(500)]
    path = tmp_path / "list.txt"
    path.write_bytes("".join(sorted(f"{hashed(one)}{ending}" for one in listed)).encode())
    known = BreachedFile(path)

    assert all([await known.knows(one) for one in listed])
    assert not any([await known.knows(f"other-{number}") for number in range(200)])
    assert not await NoBreachedPasswords().knows("known-1")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("password\n", 1_000), ("password\n", 1), ("F" * 40 + "\n" + ("A" * 40 + "\n") * 200, 1)],
    ids=["no hash", "no hash on disk", "not sorted"],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, monkeypatch, text: str, kept: int) -> None:
    monkeypatch.setattr(breached, "_KEPT_BYTES_MAX", kept)
    path = tmp_path / "list.txt"
    path.write_text(text)

    with pytest.raises(BreachedListUnusable):
        BreachedFile(path)
    with pytest.raises(BreachedListUnusable):
        BreachedFile(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("origin", "offered"),
    [
        ("https://id.sunhwan.example", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://sunhwan.example", False),
    ],
)
def test_passkeys_are_offered_where_browsers_take_them(origin: str, offered: bool) -> None:
    assert (passkeys_for(origin) is not None) is offered


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"SUNHWAN_REQUIRE_SECOND_FACTOR": "yes"}, "SUNHWAN_REQUIRE_SECOND_FACTOR"),
        ({"SUNHWAN_OIDC_ISSUER": "http://idp.example"}, "SUNHWAN_OIDC_ISSUER"),
        ({"SUNHWAN_OIDC_ISSUER": "https://idp.example"}, "SUNHWAN_OIDC_CLIENT_ID"),
        (
            {"SUNHWAN_OIDC_ISSUER": "https://idp.example", "SUNHWAN_OIDC_CLIENT_ID": "sunhwan"},
            "SUNHWAN_OIDC_CLIENT_SECRET_FILE",
        ),
    ],
)
def test_half_a_setting_is_named(environment: dict[str, str], name: str) -> None:
    with pytest.raises(SettingMalformed) as caught:
        read_settings(environment)

    assert caught.value.facts["name"] == name
