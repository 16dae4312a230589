"""How a day's row says when its values came and which are marked: short, because there is a row for every day."""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import overload

import msgspec

from domain.metering.model import Fill, Mark, Quality
from domain.shared.time import SLOT, SLOTS_A_DAY, day_start

_FILL = struct.Struct(">qB")  # microseconds since 1970, how many slots; then a byte a slot
_LONG_FILL = struct.Struct(">qH")  # of a day with more slots than a byte counts: then two bytes a slot
_BYTE_SLOTS = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_SLOT_MS = SLOT // _MILLISECOND
_RUN = SLOTS_A_DAY + 1
_SERIES = SLOTS_A_DAY + 2
"""The first byte of a fill says its form: 0 is `_FILL`'s (no instant of ours begins otherwise), 1 to 96 is that slot
alone, `_RUN` is followed by the first slot and how many. The last two end with their instant: by how many milliseconds
it follows the end of the first slot, as a number of seven bits a byte, least first, with the sign as its last bit. So a
value that came within eight seconds takes three bytes, one that came within seventeen minutes four.

`_SERIES` tells many fills at once, of one slot each, one slot after the other and about as late: the first slot, how
many, the least milliseconds, in how many bits the others exceed it, and these packed. A day of values that came within
four seconds so takes a byte and a half a value; rows are spelled so once nothing more is awaited."""
_SERIES_LEAST = 4
_ALIKE_MS = 1 << 14
_QUALITIES = (Quality.MEASURED, Quality.ESTIMATED, Quality.CORRECTED, Quality.SUSPECT)
"""A slot's quality is stored as its place here: the order never changes."""


_ARRAY = struct.Struct(">iiIii")  # dimensions, whether any is null, the type, how many, the first one's number
_LENGTH = struct.Struct(">i")


@cache
def _values(count: int) -> struct.Struct:
    return struct.Struct(f">{_ARRAY.size}x" + "4xi" * count)


def read_values(sent: bytes) -> tuple[int | None, ...]:
    """Read an int4 array as `array_send` spells it: a head, then each value behind its length, -1 for null."""
    _, has_null, _, count, _ = _ARRAY.unpack_from(sent)
    if not has_null:
        return _values(count).unpack(sent)
    values: list[int | None] = []
    place = _ARRAY.size
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(sent, place)
        place += _LENGTH.size
        if length < 0:
            values.append(None)
        else:
            values.append(_LENGTH.unpack_from(sent, place)[0])
            place += length
    return tuple(values)


def spell_values(values: Sequence[int | None]) -> str:
    """Spell values as PostgreSQL reads an array of integers, at a tenth of what its driver's encoding takes."""
    return "{" + msgspec.json.encode(values)[1:-1].decode() + "}"


def spell_fills(fills: Sequence[Fill], day: date, slots_a_day: int) -> bytes | None:
    """Spell when slots came, one after another, as short as it can be said; None where nothing came later."""
    if slots_a_day != SLOTS_A_DAY:
        return b"".join([_long_fill(fill) for fill in fills]) or None
    spelled = bytearray()
    for alike in _in_series(fills, day):
        if len(alike) >= _SERIES_LEAST:
            spelled += _series(alike)
        else:
            for fill, _ in alike:
                spelled += spell_fill(fill, day)
    return bytes(spelled) or None


def spell_fill(fill: Fill, day: date) -> bytes:
    """Spell when slots of a day of quarter-hours came; what is spelled so may be appended to what is there."""
    first, count = fill.slots[0], len(fill.slots)
    after, rest = _lateness(fill, day)
    if rest or fill.slots != tuple(range(first, first + count)):
        return _FILL.pack((fill.at - _EPOCH) // _MICROSECOND, count) + bytes(fill.slots)
    return bytes((first + 1,) if count == 1 else (_RUN, first, count)) + _number(after)


def read_fills(spelled: bytes, day: date, slots_a_day: int) -> tuple[Fill, ...]:
    """Read what `spell_fills` and `spell_fill` spelled."""
    if slots_a_day != SLOTS_A_DAY:
        return _read_long(spelled)
    found: list[Fill] = []
    start, place = day_start(day), 0
    while place < len(spelled):
        form, place = spelled[place], place + 1
        if form == 0:
            micros, count = _FILL.unpack_from(spelled, place - 1)
            place += _FILL.size - 1
            found.append(Fill(at=_EPOCH + micros * _MICROSECOND, slots=tuple(spelled[place : place + count])))
            place += count
            continue
        first, count = form - 1, 1
        if form in (_RUN, _SERIES):
            first, count, place = spelled[place], spelled[place + 1], place + 2
        after, place = _read_number(spelled, place)
        if form != _SERIES:
            at = start + timedelta(milliseconds=(first + 1) * _SLOT_MS + after)
            found.append(Fill(at=at, slots=tuple(range(first, first + count))))
            continue
        width, place = spelled[place], place + 1
        end = place + (count * width + 7) // 8
        packed, place = int.from_bytes(spelled[place:end], "little"), end
        for slot in range(first, first + count):
            at = start + timedelta(milliseconds=(slot + 1) * _SLOT_MS + after + (packed & (1 << width) - 1))
            packed >>= width
            found.append(Fill(at=at, slots=(slot,)))
    return tuple(found)


class SpelledFills(Sequence[Fill]):
    """Fills that are read once somebody asks for them: who wants a day as it is now does not, and they cost most."""

    __slots__ = ("_day", "_read", "_slots_a_day", "_spelled")

    def __init__(self, spelled: bytes, day: date, slots_a_day: int) -> None:
        self._spelled, self._day, self._slots_a_day = spelled, day, slots_a_day
        self._read: tuple[Fill, ...] | None = None

    @property
    def _fills(self) -> tuple[Fill, ...]:
        if self._read is None:
            self._read = read_fills(self._spelled, self._day, self._slots_a_day)
        return self._read

    def __len__(self) -> int:
        return len(self._fills)

    @overload
    def __getitem__(self, place: int) -> Fill: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Fill, ...]: ...
    def __getitem__(self, place: int | slice) -> Fill | tuple[Fill, ...]:
        return self._fills[place]

    def __iter__(self) -> Iterator[Fill]:
        return iter(self._fills)

    def __eq__(self, other: object) -> bool:
        return self._fills == (other._fills if isinstance(other, SpelledFills) else other)

    def __hash__(self) -> int:
        return hash(self._fills)

    def __repr__(self) -> str:
        return repr(self._fills)


def spell_marks(marks: tuple[Mark, ...], slots_a_day: int) -> bytes | None:
    """Spell which slots are known otherwise than their day; None where none is."""
    size = 1 if slots_a_day <= _BYTE_SLOTS else 2
    return (
        b"".join([mark.slot.to_bytes(size, "big") + bytes((_QUALITIES.index(mark.quality),)) for mark in marks]) or None
    )


def read_marks(spelled: bytes, slots_a_day: int) -> tuple[Mark, ...]:
    """Read what `spell_marks` spelled."""
    size = 1 if slots_a_day <= _BYTE_SLOTS else 2
    return tuple(
        Mark(
            slot=int.from_bytes(spelled[place : place + size], "big"),
            quality=_QUALITIES[spelled[place + size]],
        )
        for place in range(0, len(spelled), size + 1)
    )


_Late = tuple[Fill, int | None]
"""A fill, and by how many milliseconds it came after the end of its only slot; None where no series can say so."""


def _in_series(fills: Sequence[Fill], day: date) -> list[list[_Late]]:
    """Group neighbours that one series can tell."""
    groups: list[list[_Late]] = []
    for fill in fills:
        slot, late = fill.slots[0], None
        if len(fill.slots) == 1:
            after, rest = _lateness(fill, day)
            late = None if rest else after
        if groups and late is not None:
            group = groups[-1]
            first, least = group[-1][0].slots[0], group[0][1]
            if slot == first + 1 and least is not None and abs(late - least) < _ALIKE_MS:
                group.append((fill, late))
                continue
        groups.append([(fill, late)])
    return groups


def _series(alike: Sequence[_Late]) -> bytes:
    afters = [late for _, late in alike if late is not None]
    least = min(afters)
    width = (max(afters) - least).bit_length()
    packed = sum([(after - least) << width * place for place, after in enumerate(afters)])
    head = bytes((_SERIES, alike[0][0].slots[0], len(afters))) + _number(least) + bytes((width,))
    return head + packed.to_bytes((len(afters) * width + 7) // 8, "little")


def _long_fill(fill: Fill) -> bytes:
    """Spell when slots of a day came whose slots are not of 15 minutes: the instant, how many, two bytes a slot."""
    head = _LONG_FILL.pack((fill.at - _EPOCH) // _MICROSECOND, len(fill.slots))
    return head + b"".join([slot.to_bytes(2, "big") for slot in fill.slots])


def _read_long(spelled: bytes) -> tuple[Fill, ...]:
    found: list[Fill] = []
    place = 0
    while place < len(spelled):
        micros, count = _LONG_FILL.unpack_from(spelled, place)
        place += _LONG_FILL.size
        slots = [int.from_bytes(spelled[at : at + 2], "big") for at in range(place, place + 2 * count, 2)]
        found.append(Fill(at=_EPOCH + micros * _MICROSECOND, slots=tuple(slots)))
        place += 2 * count
    return tuple(found)


def _number(value: int) -> bytes:
    """Spell a whole number of either sign, seven bits a byte, least first, the sign as its last bit."""
    number = 2 * value if value >= 0 else -2 * value - 1
    spelled = bytearray()
    while number > 0x7F:
        spelled.append(number & 0x7F | 0x80)
        number >>= 7
    spelled.append(number)
    return bytes(spelled)


def _read_number(spelled: bytes, place: int) -> tuple[int, int]:
    """Return the number that begins at a place, and the place after it."""
    number = shift = 0
    while True:
        byte = spelled[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return -((number + 1) // 2) if number & 1 else number // 2, place


def _lateness(fill: Fill, day: date) -> tuple[int, timedelta]:
    """Return by how many whole milliseconds a fill came after the end of its first slot, and what is left of one."""
    return divmod(fill.at - day_start(day) - (fill.slots[0] + 1) * SLOT, _MILLISECOND)
