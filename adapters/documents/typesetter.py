"""Sets documents with typst: data goes in as JSON, fonts are pinned, equal content gives equal bytes."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import typst

from adapters.documents.contents import check
from adapters.documents.printable import drawn_by, printable
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.documents import DocumentKind
from domain.shared.errors import Unavailable

_HERE = Path(__file__).parent
_FONTS = _HERE / "fonts"
_TEMPLATES = _HERE / "templates"
_PINNED = {("Pretendard", 400), ("Pretendard", 700)}
_TIME_LIMIT_S = 30.0
_CONTENT_CHARACTERS_MAX = 16_000_000
_AT_ONCE = 2


class DocumentTookTooLong(Unavailable):
    """A document was not set within its time limit."""

    code = "documents.took-too-long"
    title_ko = "문서({kind})를 제한 시간 {time_limit_s}초 안에 만들지 못했습니다. 잠시 후 다시 시도해 주세요."
    title_en = "The document ({kind}) was not made within {time_limit_s} seconds; please try again."


@cache
def _drawn() -> frozenset[str]:
    """Return what the pinned fonts draw; they are part of the program, and reading them takes a while."""
    return drawn_by(sorted(_FONTS.glob("*.otf")))


class TypstDocuments:
    """Makes documents with typst in threads of its own.

    typst lets go of the interpreter while it compiles, so that a thread keeps the event loop free
    and all share one set of loaded fonts; a process of its own would cost 0.2 s and 60 MB each.
    A thread cannot be stopped: content is bounded before it starts, and one that passes its time
    limit runs on to its end, unheard, and holds one of the two places until then.
    """

    def __init__(self, *, time_limit_s: float = _TIME_LIMIT_S) -> None:
        """Load the fonts once.

        Raises:
            FileNotFoundError: the pinned fonts are not beside this module.
        """
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])
        # typst sets text in a font it lacks as nothing at all.
        if {(font.family, font.weight) for font in self._fonts.fonts()} != _PINNED:
            raise FileNotFoundError(f"the fonts to print with are not in {_FONTS}")
        self._drawn = _drawn()
        self._time_limit_s = time_limit_s
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="typst")

    async def typeset(
        self, kind: DocumentKind, content: Mapping[str, Canonical], *, dated_on: date, proof: str = ""
    ) -> bytes:
        """Return the PDF (A-3a, UA-1) of one document, Korean first with English beside it.

        Equal kind, content, date and proof give equal bytes. All kinds but the label sheet carry their
        content as the attachment `result.json`, in its canonical spelling, and a proof as `proof.json`.

        Raises:
            ValueError: the content lacks a key that the document prints; or holds a float, or is too large.
            DocumentTookTooLong: the time limit passed.
        """
        (pdf,) = await self._made(kind, content, dated_on, "pdf", 144, proof)
        return pdf

    async def pictures(
        self, kind: DocumentKind, content: Mapping[str, Canonical], *, dated_on: date, ppi: int = 144
    ) -> tuple[bytes, ...]:
        """Return the same document as one PNG a page, `ppi` pixels an inch.

        Raises:
            ValueError: as `typeset`.
            DocumentTookTooLong: as `typeset`.
        """
        return await self._made(kind, content, dated_on, "png", ppi)

    def close(self) -> None:
        """Let the threads go; a document still being set is finished first."""
        self._threads.shutdown(wait=True)

    async def _made(
        self,
        kind: DocumentKind,
        content: Mapping[str, Canonical],
        dated_on: date,
        form: Literal["pdf", "png"],
        ppi: int,
        proof: str = "",
    ) -> tuple[bytes, ...]:
        check(kind, content)
        making = asyncio.get_running_loop().run_in_executor(
            self._threads, self._compiled, kind, content, dated_on, form, ppi, proof
        )
        try:
            return await asyncio.wait_for(making, self._time_limit_s)
        except TimeoutError as error:
            raise DocumentTookTooLong(kind=kind, time_limit_s=int(self._time_limit_s)) from error

    def _compiled(
        self,
        kind: DocumentKind,
        content: Mapping[str, Canonical],
        dated_on: date,
        form: Literal["pdf", "png"],
        ppi: int,
        proof: str = "",
    ) -> tuple[bytes, ...]:
        stored = canonical_text(content)
        if len(stored) + len(proof) > _CONTENT_CHARACTERS_MAX:
            raise ValueError(f"{kind}: the content is longer than {_CONTENT_CHARACTERS_MAX} characters")
        inputs = {
            "printed": canonical_text(printable(content, self._drawn)),
            "stored": "" if kind is DocumentKind.LABEL_SHEET else stored,
            "proof": proof,
            "dated_on": dated_on.isoformat(),
        }
        try:
            made = typst.compile(
                str(_TEMPLATES / f"{kind}.typ"),
                root=str(_TEMPLATES),
                font_paths=self._fonts,
                ignore_system_fonts=True,
                sys_inputs=inputs,
                format=form,
                ppi=float(ppi),
                # A-3a allows attached files of any kind; UA-1 lets the page be read aloud.
                pdf_standards=["a-3a", "ua-1"],
                timestamp=datetime(dated_on.year, dated_on.month, dated_on.day, tzinfo=UTC),
            )
        except typst.TypstError as error:
            raise ValueError(f"{kind}: {error.message}") from error
        if made is None:
            raise ValueError(f"{kind}: nothing was set")
        return tuple(made) if isinstance(made, list) else (made,)
