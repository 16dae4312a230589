"""Measures what a signed certificate costs: typesetting and signature together, one after the other; p50 and p95."""

import asyncio
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from adapters.documents.seal_keys import FileSealKey
from adapters.documents.seals import PadesSeals
from adapters.documents.typesetter import TypstDocuments
from domain.shared.documents import DocumentKind, SealState
from tests.fakes.document_contents import content_of

RUNS = 60
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'


async def measure(folder: Path) -> dict[str, float]:
    """Return milliseconds; the first run, which loads libraries and makes the key, is told apart."""
    documents, seals = TypstDocuments(), PadesSeals(FileSealKey(folder, name="bench"), name="bench")
    content = content_of(DocumentKind.CERTIFICATE, qr_svg=_SVG)
    # As many rules as the shipped protocol applies to a pack, and a signed record as long as a real one.
    content["results"] = [dict(one) for one in content["results"] for _ in range(5)]
    proof = "x" * 3_000
    taken: list[float] = []
    worked: list[float] = []
    sealed = b""
    for _ in range(RUNS + 1):
        began, before = time.perf_counter(), time.process_time()
        plain = await documents.typeset(DocumentKind.CERTIFICATE, content, dated_on=date(2026, 11, 22), proof=proof)
        sealed = await seals.seal(plain, reason="bench")
        taken.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - before) * 1000)
    began = time.perf_counter()
    read = await seals.read(sealed)
    reading = (time.perf_counter() - began) * 1000
    documents.close()
    if read.seal is not SealState.OURS:
        raise AssertionError("the sealed document does not hold")
    cuts = statistics.quantiles(taken[1:], n=100)
    return {
        "first signed certificate, ms": taken[0],
        "signed certificate, median, ms": statistics.median(taken[1:]),
        "signed certificate, p95, ms": cuts[94],
        "signed certificate, processor time, p95, ms": statistics.quantiles(worked[1:], n=100)[94],
        "PDF of unknown origin read in its child, ms": reading,
        "bytes": float(len(sealed)),
    }


def run() -> dict[str, float]:
    """Measure, print, return what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder)))
    for name, value in figures.items():
        print(f"{name}: {value:,.1f}")
    return figures
