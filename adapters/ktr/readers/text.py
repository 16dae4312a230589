"""From bytes to lines and numbers: encodings, decimal commas and clock times as vendors write them."""

import math
import re
from dataclasses import dataclass

from adapters.ktr.readers.series import NUMBER_MAX, Said
from domain.certification.errors import CyclerFileDamaged, CyclerUnitUnknown

_CHINESE = ("电流", "电压", "时间", "循环", "工步", "容量")
_CLOCK = re.compile(r"(?:(\d{1,6})\s*d\s*)?(\d{1,6}):(\d{1,2}):(\d{1,2}(?:[.,:]\d{0,17})?)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text file's lines without their ends, and the encoding they were read in."""

    lines: tuple[str, ...]
    encoding: str
    whole: bool
    """Whether the last line has its end; a file cut short often lacks it."""


def text_of(content: bytes) -> Text | None:
    """Return a file's text, or None for a binary one.

    Tried in order: the declared encoding (byte order mark), UTF-8, GB18030 where it yields a cycler's
    words, CP1252, and last UTF-8 with replacement.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return _text(_decoded(content, encoding), encoding)
    if b"\x00" in content[:4096]:
        return None
    try:
        return _text(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass  # the next encoding may fit
    chinese = _decoded(content, "gb18030")
    if any(word in chinese for word in _CHINESE):
        return _text(chinese, "gb18030")
    try:
        return _text(content.decode("cp1252"), "cp1252")
    except UnicodeDecodeError:
        return _text(_decoded(content, "utf-8"), "utf-8 with replacement")


def _decoded(content: bytes, encoding: str) -> str:
    return content.decode(encoding, errors="replace")


def _text(text: str, encoding: str) -> Text:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = lines[-1] == ""
    return Text(lines=tuple(lines[:-1] if whole else lines), encoding=encoding, whole=whole)


def encoding_said(text: Text) -> tuple[Said, ...]:
    """Say that a file was not in UTF-8."""
    if text.encoding in ("utf-8", "utf-8-sig"):
        return ()
    return (
        Said(
            code="encoding-read-as",
            ko=f"UTF-8이 아니어서 {text.encoding}(으)로 읽었습니다.",
            en=f"The file is not in UTF-8; it was read as {text.encoding}.",
        ),
    )


def header_said(header: str) -> tuple[Said, ...]:
    """Say that a header's text was broken on its way, as `?` or a replacement for a degree sign."""
    if not re.search(r"\?|\ufffd|Â°|â„ƒ|癈|锟斤拷|ï¿½", header):
        return ()
    return (
        Said(
            code="header-broken-text",
            ko="머리글의 글자가 깨져 있습니다(예: °가 ?로 바뀜). 뜻이 분명한 열만 읽었습니다.",
            en="The header's text is broken (such as ? for °); only columns whose meaning is plain were read.",
        ),
    )


def has_decimal_commas(cells: list[str]) -> bool:
    """Say whether a row writes decimals with commas."""
    return any(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells)


def number_of(cell: str, *, comma: bool, place: str) -> float:
    """Read a number; an empty cell is not a number (NaN).

    Raises:
        CyclerFileDamaged: the cell holds a word, or a number beyond reckoning.
    """
    text = cell.strip()
    if not text:
        return math.nan
    try:
        value = float(text.replace(",", ".") if comma else text)
    except ValueError as error:
        raise CyclerFileDamaged(place=place) from error
    if not abs(value) < NUMBER_MAX or "_" in text:
        raise CyclerFileDamaged(place=place)
    return value


def seconds_of(cell: str, *, column: str, place: str) -> float:
    """Read a clock time such as `144:02:18`, `0d 07:22:52.44` or `00:01:02:500` in seconds; empty is NaN.

    Raises:
        CyclerUnitUnknown: it is a bare number, so its unit stands nowhere.
        CyclerFileDamaged: it is no time.
    """
    text = cell.strip()
    if not text:
        return math.nan
    found = _CLOCK.fullmatch(text)
    if found is None:
        try:
            float(text)
        except ValueError as error:
            raise CyclerFileDamaged(place=place) from error
        raise CyclerUnitUnknown(column=column, unit="-")
    days, hours, minutes, seconds = found.groups()
    if int(minutes) > 59 or int(seconds[:2].rstrip(".,:")) > 60:
        raise CyclerFileDamaged(place=place)
    return int(days or 0) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + _clock_seconds(seconds)


def _clock_seconds(text: str) -> float:
    whole, _, milliseconds = text.partition(":")
    if milliseconds:
        return int(whole) + int(milliseconds) / 1000
    return float(whole.replace(",", "."))
