"""Builds a PDF's signature (PAdES B-B) around what a holder of the key signs; loaded only where something is signed."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import Future

from asn1crypto import pem, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

_FIELD = "Seal"
_DIGEST = "sha256"
_RESERVED = 8_192
"""Hex digits kept free for the signature: enough for RSA 4096; without a figure the library signs twice to find one."""


class HeldElsewhere(Signer):
    """A signer whose key somebody else holds: it only passes on what is to be signed."""

    def __init__(self, certificate: x509.Certificate, signed: Callable[[bytes], Future[bytes]]) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register(certificate)
        super().__init__(signing_cert=certificate, cert_registry=store)
        self._signed = signed

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature of some bytes.

        Raises:
            ValueError: another digest is asked for than the key's holder signs with, or a trial without a signature.
        """
        if digest_algorithm != _DIGEST or dry_run:
            raise ValueError(f"signatures are over {_DIGEST}, and never on trial")
        return await asyncio.wrap_future(self._signed(data))


def seal(pdf: bytes, *, name: str, reason: str, certificate: str, signed: Callable[[bytes], Future[bytes]]) -> bytes:
    """Return the PDF with a signature over the whole of it behind its unchanged bytes. Runs a loop of its own.

    Args:
        pdf: an unsigned PDF.
        name: who signs.
        reason: why, in words.
        certificate: the key's certificate, PEM.
        signed: asks the key's holder for the signature of some bytes.
    """
    _, _, der = pem.unarmor(certificate.encode())
    made = io.BytesIO()
    signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=_FIELD, md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES, name=name, reason=reason
        ),
        HeldElsewhere(x509.Certificate.load(der), signed),
        new_field_spec=SigFieldSpec(
            _FIELD,
            # Outside the page and printable: what PDF/A-3 and PDF/UA-1 ask of a field that shows nothing.
            invis_sig_settings=InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True),
        ),
    )
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=_RESERVED, output=made)
    return made.getvalue()
