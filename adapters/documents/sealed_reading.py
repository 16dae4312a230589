"""The child's side of reading a PDF of unknown origin: its signature and what is attached. Never in the web process."""

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from asn1crypto import pem, x509
from pyhanko.pdf_utils.generic import Dereferenceable, DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from domain.shared.documents import SealState
from domain.shared.errors import RuleBroken

_CONTENT, _PROOF = "result.json", "proof.json"
_ATTACHED_BYTES_MAX = 16 * 1024 * 1024
_SIGNATURES_MAX = 16


class PdfUnreadable(RuleBroken):
    """The bytes are no PDF, or one that is damaged or locked."""

    code = "documents.pdf-unreadable"
    title_ko = "PDF 파일이 아니거나 손상되어 읽을 수 없습니다."
    title_en = "This is no PDF, or it is damaged or locked."


def read(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Return what a PDF says of itself as JSON.

    Raises:
        PdfUnreadable: it is no PDF, or damaged.
    """
    content = path.read_bytes()
    if not content.startswith(b"%PDF-"):
        raise PdfUnreadable
    text = arguments["trusted"].encode()
    trusted = [x509.Certificate.load(der) for _, _, der in pem.unarmor(text, multiple=True)] if text else []
    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        seal = _seal(reader, trusted, content)
        number, record, content_sha256 = _said(reader)
    except Exception as error:  # the library raises many kinds on hostile bytes; each means the same to us
        raise PdfUnreadable from error
    said = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "seal": seal.value,
        "number": number,
        "record": record,
        "content_sha256": content_sha256,
    }
    return json.dumps(said).encode()


def _seal(reader: PdfFileReader, trusted: list[x509.Certificate], content: bytes) -> SealState:
    signatures = reader.embedded_signatures
    if not signatures:
        return SealState.ABSENT
    if len(signatures) > _SIGNATURES_MAX:
        raise PdfUnreadable
    known = {one.sha256: one for one in trusted}
    ours = [one for one in signatures if one.signer_cert.sha256 in known]
    if not ours:
        return SealState.FOREIGN
    # One signature of ours over everything; anything added behind it, even another signature, is a change.
    last = ours[-1]
    pinned = known[last.signer_cert.sha256]
    context = ValidationContext(
        trust_roots=[pinned],
        allow_fetching=False,
        # The certificate is pinned by its hash, so that the end of its own time does not spoil old documents.
        moment=pinned["tbs_certificate"]["validity"]["not_before"].native + timedelta(seconds=1),
    )
    status = validate_pdf_signature(last, context, skip_diff=True)
    last.compute_integrity_info()
    covers = last.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    reaches = int(last.byte_range[2]) + int(last.byte_range[3]) == len(content)
    # `valid` alone stays True after a changed byte: only these together say that nothing was touched.
    return SealState.OURS if status.bottom_line and status.intact and covers and reaches else SealState.ALTERED


def _said(reader: PdfFileReader) -> tuple[str | None, str | None, str | None]:
    """Return the number, the signed record and the content's hash, as far as what is attached says them."""
    attached = _attachments(reader)
    text = attached.get(_CONTENT)
    if text is None or len(text) > _ATTACHED_BYTES_MAX:
        return None, None, None
    said = json.loads(text)
    number, record = said.get("number"), said.get("credential")
    proof = attached.get(_PROOF, b"")
    if not isinstance(record, str):
        record = proof.decode() if 0 < len(proof) <= _ATTACHED_BYTES_MAX else None
    return (
        number if isinstance(number, str) and len(number) <= 40 else None,
        record,
        hashlib.sha256(text).hexdigest(),
    )


def _attachments(reader: PdfFileReader) -> dict[str, bytes]:
    """Return the bytes of the attachments that are ours by name; of two of one name the first counts."""
    found: dict[str, bytes] = {}
    for one in reader.root.get("/AF") or ():
        file = one.get_object() if isinstance(one, Dereferenceable) else one
        if not isinstance(file, DictionaryObject):
            raise PdfUnreadable
        for name in (_CONTENT, _PROOF):
            if name in (file.get("/F"), file.get("/UF")) and name not in found:
                found[name] = bytes(file["/EF"]["/F"].data)
    return found
