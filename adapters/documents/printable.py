"""Which characters the pinned fonts can draw; one that they cannot is printed as its code, never dropped."""

import struct
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from domain.shared.canonical import Canonical

_KEPT_CONTROLS = frozenset("\n")


def drawn_by(fonts: Sequence[Path]) -> frozenset[str]:
    """Return the characters that every one of these OpenType fonts can draw.

    Raises:
        ValueError: a font has no Unicode character map of format 4 or 12.
    """
    return frozenset.intersection(*(_mapped(path.read_bytes(), path.name) for path in fonts)) | _KEPT_CONTROLS


def printable(value: Canonical, drawn: frozenset[str]) -> Canonical:
    """Return a value whose text can be drawn: composed (NFC), and foreign characters as `[U+682A]`.

    A control or direction mark also prints as its code, so that what is read is what is stored.
    """
    if isinstance(value, str):
        text = unicodedata.normalize("NFC", value)
        if _plain(text, drawn):
            return text
        return "".join(_spelled(character, drawn) for character in text)
    if isinstance(value, Mapping):
        return {key: printable(inner, drawn) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [printable(inner, drawn) for inner in value]
    return value


def _plain(text: str, drawn: frozenset[str]) -> bool:
    if text.isascii() and text.isprintable():
        return True
    return all(_is_drawn(character, drawn) for character in set(text))


def _spelled(character: str, drawn: frozenset[str]) -> str:
    return character if _is_drawn(character, drawn) else f"[U+{ord(character):04X}]"


def _is_drawn(character: str, drawn: frozenset[str]) -> bool:
    if character in _KEPT_CONTROLS:
        return True
    return character in drawn and unicodedata.category(character) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def _mapped(font: bytes, name: str) -> frozenset[str]:
    """Read the character map. Source: OpenType 1.9, `cmap`, formats 4 and 12."""
    for index in range(struct.unpack_from(">H", font, 4)[0]):
        tag, _, start, _ = struct.unpack_from(">4sLLL", font, 12 + 16 * index)
        if tag == b"cmap":
            break
    else:
        raise ValueError(f"{name} has no character map")
    codes: set[int] = set()
    for index in range(struct.unpack_from(">H", font, start + 2)[0]):
        offset: int = start + struct.unpack_from(">HHL", font, start + 4 + 8 * index)[2]
        match struct.unpack_from(">H", font, offset)[0]:
            case 4:
                codes |= _format_4(font, offset)
            case 12:
                codes |= _format_12(font, offset)
            case _:
                continue
    if not codes:
        raise ValueError(f"{name} has no Unicode character map")
    return frozenset(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)


def _format_4(font: bytes, offset: int) -> set[int]:
    count = struct.unpack_from(">H", font, offset + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", font, offset + 14)
    starts = struct.unpack_from(f">{count}H", font, offset + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", font, offset + 16 + 4 * count)
    ranges_at = offset + 16 + 6 * count
    ranges = struct.unpack_from(f">{count}H", font, ranges_at)
    codes: set[int] = set()
    for segment in range(count):
        for code in range(starts[segment], min(ends[segment], 0xFFFE) + 1):
            glyph = code
            if ranges[segment]:
                at = ranges_at + 2 * segment + ranges[segment] + 2 * (code - starts[segment])
                glyph = struct.unpack_from(">H", font, at)[0]
                if glyph == 0:
                    continue
            if (glyph + deltas[segment]) & 0xFFFF:
                codes.add(code)
    return codes


def _format_12(font: bytes, offset: int) -> set[int]:
    codes: set[int] = set()
    for group in range(struct.unpack_from(">L", font, offset + 12)[0]):
        first, last, glyph = struct.unpack_from(">LLL", font, offset + 16 + 12 * group)
        codes.update(range(first + (glyph == 0), last + 1))
    return codes
