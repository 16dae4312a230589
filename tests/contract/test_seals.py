"""What the signer of PDFs promises: every change is noticed, and hostile files break nothing."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from adapters.documents.seals import CERTIFICATE_FILE, KEY_FILE, KNOWN, PadesSeals, SealKeyUnusable
from adapters.documents.typesetter import TypstDocuments
from domain.shared.documents import DocumentKind, SealState
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
    return PadesSeals(tmp_path_factory.mktemp("keys"), name="Sunhwan test")


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
    other = await PadesSeals(tmp_path, name="Sunhwan test").seal(plain, reason="-")

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
    own = PadesSeals(tmp_path / "keys", name="own")
    before = await own.seal(plain, reason="-")
    elsewhere = PadesSeals(tmp_path / "bought", name="bought")
    elsewhere.certificates()
    given = PadesSeals(
        tmp_path / "keys",
        name="own",
        key=tmp_path / "bought" / KEY_FILE,
        certificate=tmp_path / "bought" / CERTIFICATE_FILE,
    )
    after = await given.seal(plain, reason="-")

    assert [(await given.read(one)).seal for one in (before, after)] == [SealState.OURS, SealState.OURS]
    assert len(given.certificates()) == 2
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys" / KNOWN).is_dir()


async def test_a_spoilt_certificate_is_one_sentence(tmp_path: Path, plain):
    seals = PadesSeals(tmp_path, name="own")
    seals.certificates()
    (tmp_path / CERTIFICATE_FILE).write_bytes(b"none")

    with pytest.raises(SealKeyUnusable):
        await seals.seal(plain, reason="-")
