"""What the signer of records promises: outside vectors met, own records verified, any change noticed."""

import json
import stat
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.ktr.credentials import (
    KtrCredentials,
    check,
    did_of,
    hash_data,
    public_multibase,
    signed,
)
from adapters.ktr.signing import KEY_FILE, FileSigner, SigningKeyUnusable
from domain.certification.errors import SignatureBroken

AT = datetime(2026, 11, 21, 3, 4, 5, 678_901, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
METHOD = f"did:web:sunhwan.example#{public_multibase(KEY.public_key())}"
OPTIONS = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2026-11-21T03:04:05Z",
    "verificationMethod": METHOD,
    "proofPurpose": "assertionMethod",
    "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://sunhwan.example/vocabulary#"}],
}
DOCUMENT = {
    "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://sunhwan.example/vocabulary#"}],
    "id": "urn:uuid:018f0000-0000-7000-8000-000000000001",
    "type": ["VerifiableCredential", "ReuseBatteryCertificate"],
    "issuer": {"id": "did:web:sunhwan.example", "name": "KTR"},
    "validFrom": "2026-11-21T03:04:05.000000Z",
    "credentialSubject": {
        "id": "https://sunhwan.example/01/09506000134352/21/SH-0001",
        "grade": "A",
        "sohPpm": 943_500,
        "usableEnergyWh": 20_676,
        "conditionsOfUseKo": "매일 충방전",
        "rawFileSha256": ["ab" * 32],
    },
}
SIGNED = signed(DOCUMENT, OPTIONS, KEY)


def leaves(value, path=()):
    """Return the path of every value that is not a list or an object."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path]


def changed(document, path, value):
    copy = deepcopy(document)
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def test_an_unchanged_record_verifies():
    check(SIGNED, KEY.public_key(), method=METHOD)


@given(st.sampled_from(leaves(SIGNED)), st.data())
def test_any_changed_value_breaks_the_signature(path, data):
    value = SIGNED
    for key in path:
        value = value[key]
    if isinstance(value, int):
        other = data.draw(st.integers().filter(lambda one: one != value))
    else:
        at = data.draw(st.integers(0, len(value) - 1))
        letter = data.draw(st.characters(codec="ascii", exclude_characters=value[at]))
        other = value[:at] + letter + value[at + 1 :]

    with pytest.raises(SignatureBroken):
        check(changed(SIGNED, path, other), KEY.public_key(), method=METHOD)


@given(st.data())
def test_one_changed_byte_of_the_text_breaks_the_signature(data):
    text = json.dumps(SIGNED, ensure_ascii=False, separators=(",", ":")).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != text[at]))
    try:
        document = json.loads(text[:at] + bytes([byte]) + text[at + 1 :])
    except ValueError:
        return  # no longer JSON: nothing that could verify
    if document == SIGNED:
        return  # a byte of white space or an escape: the same record, spelt otherwise
    assert isinstance(document, dict)

    with pytest.raises(SignatureBroken):
        check(document, KEY.public_key(), method=METHOD)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="nothing"),
        pytest.param({**SIGNED, "proof": []}, id="no proof"),
        pytest.param({**SIGNED, "extra": 1}, id="something added"),
        pytest.param({key: value for key, value in SIGNED.items() if key != "issuer"}, id="something taken away"),
        pytest.param({**SIGNED, "extra": 1.5}, id="a number that is not whole"),
        pytest.param({**SIGNED, "extra": 2**60}, id="a number too large for every reader"),
        pytest.param({**SIGNED, "proof": {**SIGNED["proof"], "proofValue": "z" + "1" * 64}}, id="no signature"),
        pytest.param({**SIGNED, "proof": {**SIGNED["proof"], "proofValue": "z0OIl"}}, id="not base58"),
        pytest.param(
            {**SIGNED, "proof": {**SIGNED["proof"], "proofValue": SIGNED["proof"]["proofValue"] + " "}}, id="padded"
        ),
    ],
)
def test_a_malformed_record_is_unverified_and_nothing_else(document):
    with pytest.raises(SignatureBroken):
        check(document, KEY.public_key(), method=METHOD)


def test_a_record_nested_without_end_is_unverified():
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(5_000):
        inner["a"] = {}
        inner = inner["a"]

    with pytest.raises(SignatureBroken):
        check({**SIGNED, "extra": deep}, KEY.public_key(), method=METHOD)


def test_another_key_does_not_verify():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()

    with pytest.raises(SignatureBroken):
        check(SIGNED, other, method=METHOD)


async def test_the_port_signs_and_verifies_with_a_key_made_on_first_use(tmp_path: Path):
    first = KtrCredentials(FileSigner(tmp_path / "keys"), base_url="https://sunhwan.example")
    record = await first.sign(DOCUMENT, at=AT)
    again = KtrCredentials(FileSigner(tmp_path / "keys"), base_url="https://sunhwan.example")

    await again.verify(record)

    assert record == await again.sign(DOCUMENT, at=AT)
    assert record["proof"]["created"] == "2026-11-21T03:04:05Z"
    assert stat.S_IMODE((tmp_path / "keys" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [KEY_FILE]


async def test_the_port_refuses_what_another_house_signed(tmp_path: Path):
    ours = KtrCredentials(FileSigner(tmp_path / "ours"), base_url="https://sunhwan.example")
    theirs = KtrCredentials(FileSigner(tmp_path / "theirs"), base_url="https://sunhwan.example")

    with pytest.raises(SignatureBroken):
        await ours.verify(await theirs.sign(DOCUMENT, at=AT))


async def test_the_published_key_is_the_one_that_signs(tmp_path: Path):
    credentials = KtrCredentials(FileSigner(tmp_path), base_url="http://127.0.0.1:8000")
    record = await credentials.sign(DOCUMENT, at=AT)

    published = await credentials.did_document()

    (method,) = published["verificationMethod"]
    key = Ed25519PublicKey.from_public_bytes(base58.b58decode(method["publicKeyMultibase"][1:])[2:])
    check(record, key, method=method["id"])
    assert published["id"] == credentials.issuer == "did:web:127.0.0.1%3A8000"
    assert published["assertionMethod"] == [method["id"]]


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
async def test_a_broken_key_file_is_one_sentence(tmp_path: Path, content):
    (tmp_path / KEY_FILE).write_bytes(content)

    with pytest.raises(SigningKeyUnusable):
        await KtrCredentials(FileSigner(tmp_path), base_url="https://sunhwan.example").sign(DOCUMENT, at=AT)


def test_a_host_is_a_did():
    assert did_of("https://sunhwan.example/path") == "did:web:sunhwan.example"


@pytest.mark.shared
def test_the_vectors_of_the_standard_are_met(shared: Path):
    folder = shared / "conformance/w3c-vc-di-eddsa/TestVectors"
    texts = json.loads((folder / "eddsa-jcs-2022/texts.json").read_text())
    options = json.loads((folder / "eddsa-jcs-2022/proofConfigJCS.json").read_text())
    expected = json.loads((folder / "eddsa-jcs-2022/signedJCS.json").read_text())
    unsigned = json.loads((folder / "unsigned.json").read_text())
    pair = json.loads((folder / "keyPair.json").read_text())
    key = Ed25519PrivateKey.from_private_bytes(base58.b58decode(pair["privateKeyMultibase"][1:])[2:])

    assert hash_data(unsigned, options).hex() == texts["combinedHashJCS"]
    assert signed(unsigned, options, key) == expected
    assert public_multibase(key.public_key()) == pair["publicKeyMultibase"]
    check(expected, key.public_key(), method=options["verificationMethod"])
    with pytest.raises(SignatureBroken):
        check({**expected, "name": "Alumni credential"}, key.public_key(), method=options["verificationMethod"])
