"""What a holder of the signing key promises, whether it is a file or a device that never gives the key away."""

import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.ktr.credentials import KtrCredentials, PublishedKeys
from adapters.ktr.signing import KEY_FILE, PAST_KEYS, FileSigner, SigningKeyUnusable
from domain.certification.errors import SignatureBroken
from domain.shared.errors import Unavailable

AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
BASE = "https://sunhwan.example"
DOCUMENT = {"@context": ["https://www.w3.org/ns/credentials/v2"], "issuer": "did:web:sunhwan.example", "grade": "A"}


class DeviceSigner:
    """An HSM as the port sees it: keys by slot, the private halves unreachable."""

    def __init__(self) -> None:
        self.__slots = [Ed25519PrivateKey.generate()]

    async def public_keys(self) -> Sequence[bytes]:
        return [one.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for one in reversed(self.__slots)]

    async def sign(self, message: bytes, *, public_key: bytes) -> bytes:
        if (await self.public_keys())[0] != public_key:
            raise Unavailable
        return self.__slots[-1].sign(message)

    async def rotate(self) -> bytes:
        self.__slots.append(Ed25519PrivateKey.generate())
        return (await self.public_keys())[0]


@pytest.fixture(params=["file", "device"])
def signer(request, tmp_path: Path):
    return FileSigner(tmp_path / "keys") if request.param == "file" else DeviceSigner()


async def test_a_record_verifies_with_the_published_keys_alone(signer):
    credentials = KtrCredentials(signer, base_url=BASE)
    signed = await credentials.sign(DOCUMENT, at=AT)

    await credentials.verify(signed)
    await PublishedKeys(await credentials.did_document()).verify(signed)
    with pytest.raises(SignatureBroken):
        await PublishedKeys(await credentials.did_document()).verify({**signed, "grade": "B"})


async def test_what_an_earlier_key_signed_holds_after_a_rotation(signer):
    credentials = KtrCredentials(signer, base_url=BASE)
    before = await credentials.sign(DOCUMENT, at=AT)
    first = (await signer.public_keys())[0]
    present = await signer.rotate()
    after = await credentials.sign(DOCUMENT, at=AT)
    last = await signer.rotate()

    assert list(await signer.public_keys()) == [last, present, first]
    assert before["proof"]["verificationMethod"] != after["proof"]["verificationMethod"]
    published = PublishedKeys(await credentials.did_document())
    for record in (before, after):
        await credentials.verify(record)
        await published.verify(record)


async def test_a_retired_key_signs_no_more(signer):
    first = (await signer.public_keys())[0]
    await signer.rotate()

    with pytest.raises(Unavailable):
        await signer.sign(b"text", public_key=first)


async def test_keys_published_before_a_rotation_do_not_know_the_new_one(signer):
    credentials = KtrCredentials(signer, base_url=BASE)
    before = await credentials.did_document()
    await signer.rotate()

    with pytest.raises(SignatureBroken, match="verificationMethod"):
        await PublishedKeys(before).verify(await credentials.sign(DOCUMENT, at=AT))


async def test_a_record_that_names_another_issuer_than_its_key_does_not_hold(signer):
    credentials = KtrCredentials(signer, base_url=BASE)
    signed = await credentials.sign({**DOCUMENT, "issuer": {"id": "did:web:other.example"}}, at=AT)

    with pytest.raises(SignatureBroken, match="issuer"):
        await credentials.verify(signed)


async def test_a_program_that_runs_signs_with_the_new_key_after_another_rotated(tmp_path: Path):
    running = KtrCredentials(FileSigner(tmp_path), base_url=BASE)
    before = await running.sign(DOCUMENT, at=AT)
    present = await FileSigner(tmp_path).rotate()
    after = await running.sign(DOCUMENT, at=AT)

    assert (await FileSigner(tmp_path).public_keys())[0] == present
    assert before["proof"]["verificationMethod"] != after["proof"]["verificationMethod"]


async def test_of_a_retired_key_only_the_public_half_is_kept(tmp_path: Path):
    signer = FileSigner(tmp_path)
    await signer.public_keys()
    await signer.rotate()
    (past,) = os.listdir(tmp_path / PAST_KEYS)

    assert b"PUBLIC KEY" in (tmp_path / PAST_KEYS / past).read_bytes()
    assert sorted(os.listdir(tmp_path)) == [KEY_FILE, PAST_KEYS]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


async def test_a_spoilt_past_key_is_told_and_not_left_out(tmp_path: Path):
    signer = FileSigner(tmp_path)
    await signer.public_keys()
    await signer.rotate()
    (tmp_path / PAST_KEYS / "0001.pem").write_bytes(b"no key")

    with pytest.raises(SigningKeyUnusable):
        await signer.public_keys()


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"verificationMethod": [], "assertionMethod": []},
        {"id": "did:web:a", "verificationMethod": [{"id": "x", "type": "Multikey"}], "assertionMethod": ["x"]},
        {
            "id": "did:web:a",
            "verificationMethod": [
                {"id": "x", "type": "Multikey", "controller": "did:web:a", "publicKeyMultibase": "z6Mk"}
            ],
            "assertionMethod": ["x"],
        },
    ],
)
def test_a_document_without_a_usable_key_is_refused(document):
    with pytest.raises(SignatureBroken):
        PublishedKeys(document)
