"""What the signer of PDFs promises: every change is noticed, and hostile files break nothing."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from adapters.documents.seal_keys import CERTIFICATE_FILE, KEY_FILE, KNOWN, FileSealKey, SealKeyGiven, SealKeyUnusable
from adapters.documents.seals import PadesSeals, PublishedSeals
from adapters.documents.typesetter import TypstDocuments
from domain.shared.canonical import canonical_text, sha256
from domain.shared.documents import DocumentKind, SealState
from domain.shared.errors import Unavailable
from domain.shared.untrusted import FileRefused, FileTooLarge
from tests.fakes.document_contents import content_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
CONTENT = content_of(DocumentKind.CERTIFICATE, qr_svg=SVG)


@pytest.fixture(scope="module")
async def plain() -> bytes:
    documents = TypstDocuments()
    made = await documents.typeset(DocumentKind.CERTIFICATE, CONTENT, dated_on=date(2026, 11, 22))
    documents.close()
    return made


@pytest.fixture(scope="module")
def seals(tmp_path_factory: pytest.TempPathFactory) -> PadesSeals:
    return PadesSeals(FileSealKey(tmp_path_factory.mktemp("keys"), name="Sunhwan test"), name="Sunhwan test")


@pytest.fixture(scope="module")
async def sealed(seals: PadesSeals, plain: bytes) -> bytes:
    return await seals.seal(plain, reason="인증서 발급")


async def test_a_sealed_document_is_ours_and_says_what_it_holds(seals, sealed):
    read = await seals.read(sealed)

    assert (read.seal, read.number, read.record) == (SealState.OURS, CONTENT["number"], "credential")


async def test_the_signature_is_added_behind_the_unchanged_document(plain, sealed):
    assert sealed.startswith(plain)
    assert list(PdfReader(BytesIO(sealed)).attachments) == ["result.json"]
    text = sealed[len(plain) :]
    assert b"/ETSI.CAdES.detached" in text
    assert b"/Contents" in text


async def test_without_a_signature_nothing_vouches_for_it(seals, plain):
    assert (await seals.read(plain)).seal is SealState.ABSENT


async def test_anothers_seal_is_not_ours(seals, plain, tmp_path: Path):
    other = await PadesSeals(FileSealKey(tmp_path, name="Sunhwan test"), name="Sunhwan test").seal(plain, reason="-")

    assert (await seals.read(other)).seal is SealState.FOREIGN


async def test_something_added_behind_the_seal_is_a_change(seals, sealed):
    for changed in (sealed + b"\n", sealed + b"%junk\n"):
        assert (await seals.read(changed)).seal is SealState.ALTERED


async def state_of(seals, content: bytes) -> SealState | None:
    """Return what the seal says, None for a file that can no longer be read."""
    try:
        return (await seals.read(content)).seal
    except FileRefused:
        return None


async def test_a_changed_byte_is_never_ours(seals, sealed):
    places = (len(sealed) // 7, len(sealed) // 3, sealed.index(b"/CreationDate") + 20, sealed.rindex(b"/Reason") + 9)
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert await state_of(seals, bytes(changed)) is not SealState.OURS


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 0.999), byte=st.integers(1, 255))
async def test_any_changed_byte_is_never_ours(seals, sealed, place, byte):
    at = int(place * len(sealed))
    # The signature's own hex digits may be spelt in two ways, and its padding says nothing.
    covered = re.search(rb"/ByteRange\s*\[\d+ (\d+) (\d+)", sealed)
    if int(covered[1]) <= at < int(covered[2]):
        return
    changed = bytearray(sealed)
    changed[at] ^= byte
    assert await state_of(seals, bytes(changed)) is not SealState.OURS


@pytest.mark.parametrize("content", [b"", b"no pdf", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"1 0 obj <<" * 2000])
async def test_what_is_no_pdf_is_refused(seals, content):
    with pytest.raises(FileRefused):
        await seals.read(content)


async def test_a_huge_file_is_refused_before_it_is_read(seals):
    with pytest.raises(FileTooLarge):
        await seals.read(b"%PDF-1.7" + bytes(17 * 1024 * 1024))


async def test_documents_hold_after_the_key_is_replaced_by_given_files(tmp_path: Path, plain):
    own = PadesSeals(FileSealKey(tmp_path / "keys", name="own"), name="own")
    before = await own.seal(plain, reason="-")
    await FileSealKey(tmp_path / "bought", name="bought").certificates()
    key = FileSealKey(
        tmp_path / "keys",
        name="own",
        key=tmp_path / "bought" / KEY_FILE,
        certificate=tmp_path / "bought" / CERTIFICATE_FILE,
    )
    given = PadesSeals(key, name="own")
    after = await given.seal(plain, reason="-")

    assert [(await given.read(one)).seal for one in (before, after)] == [SealState.OURS, SealState.OURS]
    assert len(await key.certificates()) == 2
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys" / KNOWN).is_dir()
    with pytest.raises(SealKeyGiven):
        await key.rotate()


async def test_a_spoilt_certificate_is_one_sentence(tmp_path: Path, plain):
    key = FileSealKey(tmp_path, name="own")
    await key.certificates()
    (tmp_path / CERTIFICATE_FILE).write_bytes(b"none")

    with pytest.raises(SealKeyUnusable):
        await PadesSeals(key, name="own").seal(plain, reason="-")


async def test_what_is_attached_comes_back_with_the_hash_of_the_content(seals):
    documents = TypstDocuments()
    report = content_of(DocumentKind.TEST_REPORT, qr_svg=SVG)
    made = await documents.typeset(DocumentKind.TEST_REPORT, report, dated_on=date(2026, 11, 22), proof='{"a":1}')
    documents.close()

    read = await seals.read(await seals.seal(made, reason="-"))

    assert (read.number, read.record) == (report["number"], '{"a":1}')
    assert read.content_sha256 == sha256(canonical_text(report)).hex()


# The holder of the key: a file, or a device that never gives the key away.


class DeviceSealKey:
    """An HSM as the port sees it: RSA keys by slot, of which only certificates and signatures come out."""

    def __init__(self, folder: Path) -> None:
        self.__keys = []
        self._certificates: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._put()

    def _put(self) -> None:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"slot {len(self.__keys)}")])
        began = datetime(2026, 1, 1, tzinfo=UTC)
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(began).not_valid_after(began + timedelta(days=3_650))
        usage = dict.fromkeys(
            ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
             "decipher_only"), False,
        )  # fmt: skip
        made = made.add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
        )
        self.__keys.append(key)
        self._certificates.insert(0, made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode())

    async def certificates(self) -> Sequence[str]:
        return list(self._certificates)

    async def sign(self, message: bytes, *, certificate: str) -> bytes:
        assert asyncio.get_running_loop() is self._loop  # a device's connection serves the loop that opened it alone
        if certificate != self._certificates[0]:
            raise Unavailable
        return self.__keys[-1].sign(message, padding.PKCS1v15(), hashes.SHA256())

    async def rotate(self) -> str:
        self._put()
        return self._certificates[0]


@pytest.fixture(params=["file", "device"])
async def key(request, tmp_path: Path):
    return FileSealKey(tmp_path / "keys", name="own") if request.param == "file" else DeviceSealKey(tmp_path)


async def test_whoever_holds_the_key_a_sealed_document_holds_until_it_is_changed(key, plain):
    holder = PadesSeals(key, name="own")
    sealed = await holder.seal(plain, reason="-")

    assert sealed.startswith(plain)
    assert (await holder.read(sealed)).seal is SealState.OURS
    changed = bytearray(sealed)
    changed[len(plain) // 2] ^= 1
    assert await state_of(holder, bytes(changed)) is not SealState.OURS
    assert len(await holder.public_keys()) == 1


async def test_what_an_earlier_key_sealed_holds_after_a_rotation(key, plain):
    holder = PadesSeals(key, name="own")
    (first,) = await key.certificates()
    before = await holder.seal(plain, reason="-")
    present = await key.rotate()
    after = await holder.seal(plain, reason="-")

    assert list(await key.certificates()) == [present, first]
    assert [(await holder.read(one)).seal for one in (before, after)] == [SealState.OURS, SealState.OURS]
    did = {"verificationMethod": [{"publicKeyJwk": one} for one in await holder.public_keys()]}
    published = PublishedSeals(did)
    assert [(await published.read(one)).seal for one in (before, after)] == [SealState.OURS, SealState.OURS]


async def test_a_retired_key_seals_no_more(key):
    (first,) = await key.certificates()
    await key.rotate()

    with pytest.raises(Unavailable):
        await key.sign(b"text", certificate=first)


def kept_in(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


async def test_of_a_rotated_file_only_the_certificate_is_kept(tmp_path: Path):
    key = FileSealKey(tmp_path, name="own")
    await key.certificates()
    old = (tmp_path / KEY_FILE).read_bytes()
    await key.rotate()

    kept = kept_in(tmp_path)
    assert sorted(kept) == sorted([CERTIFICATE_FILE, KEY_FILE, *(name for name in kept if name.startswith(KNOWN))])
    assert old not in kept.values()
    assert sum(name.startswith(KNOWN) for name in kept) == 2


async def test_a_program_that_runs_seals_with_the_new_key_after_another_rotated(tmp_path: Path, plain):
    running = PadesSeals(FileSealKey(tmp_path, name="own"), name="own")
    await running.seal(plain, reason="-")
    present = await FileSealKey(tmp_path, name="own").rotate()
    sealed = await running.seal(plain, reason="-")

    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    assert signature.signer_cert.dump() == x509.load_pem_x509_certificate(present.encode()).public_bytes(Encoding.DER)
