"""Charts as SVG text: pure functions, integers in, the same drawing on page, print and in tests.

Colours never speak alone: every series has a name beside it and a pattern or a place of its own. No style attribute
and no script is used, because the content policy drops both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

from app.pages.formats import kwh

SOLAR, GRID, BATTERY, FACTORY, SOLD, LOST, STOCK = "solar", "grid", "battery", "factory", "sold", "lost", "stock"

COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        SOLAR: "#d99000",
        GRID: "#51647a",
        BATTERY: "#0f7a60",
        FACTORY: "#1d4f91",
        SOLD: "#7a4fa3",
        LOST: "#9a4a3c",
        STOCK: "#6b8f84",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Energy on its way from one node to another; Wh."""

    source: str
    target: str
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, and its parts in the order of the series; Wh, each at least zero."""

    label: str
    parts: tuple[int, ...]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _svg(width: int, height: int, name: str, inner: Sequence[str]) -> str:
    return (
        f'<svg class="chart {"on-desk" if width == WIDE else "on-phone"}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(name, {chr(34): "&quot;"})}">{"".join(inner)}</svg>'
    )


def node_sums(flows: Sequence[Flow]) -> dict[str, tuple[int, int]]:
    """Return for each node what flows in and out of it; Wh."""
    sums: dict[str, tuple[int, int]] = {}
    for flow in flows:
        into, out = sums.get(flow.source, (0, 0))
        sums[flow.source] = (into, out + flow.energy_wh)
        into, out = sums.get(flow.target, (0, 0))
        sums[flow.target] = (into + flow.energy_wh, out)
    return sums


_COLUMN: Final[Mapping[str, int]] = MappingProxyType(
    {SOLAR: 0, GRID: 0, STOCK: 0, BATTERY: 1, FACTORY: 2, SOLD: 2, LOST: 2}
)
_ORDER = (SOLAR, GRID, STOCK, BATTERY, FACTORY, SOLD, LOST)
WIDE, NARROW = 1000, 440
"""Widths of a drawing for a desk and for a phone."""

_HEIGHT, _TOP, _GAP, _NODE = 360, 34, 30, 16
_LABEL = {WIDE: 132, NARROW: 108}
"""Room beside the outer columns for a node's name, by width."""


def sankey(flows: Sequence[Flow], names: Mapping[str, str], *, title: str, width: int = WIDE) -> str:
    """Draw where energy came from and went to: plant and grid on the left, battery between, uses on the right.

    Heights are in proportion to energy; a flow of zero is not drawn.
    """
    drawn = [flow for flow in flows if flow.energy_wh > 0]
    sums = node_sums(drawn)
    if not sums:
        return ""
    size = {node: max(sums[node]) for node in _ORDER if node in sums}
    columns = [[node for node in size if _COLUMN[node] == column] for column in range(3)]
    room = _HEIGHT - _TOP - 14 - _GAP * (max(len(column) for column in columns) - 1)
    scale = room / max(sum(size[node] for node in column) for column in columns if column)
    left: dict[str, float] = {}
    top: dict[str, float] = {}
    for index, column in enumerate(columns):
        x = (_LABEL[width], (width - _NODE) / 2, width - _LABEL[width] - _NODE)[index]
        height = sum(size[node] for node in column) * scale + _GAP * max(len(column) - 1, 0)
        y = _TOP + (_HEIGHT - _TOP - 14 - height) / 2
        for node in column:
            left[node], top[node] = x, y
            y += size[node] * scale + _GAP
    parts: list[str] = []
    used_out = dict(top)
    used_in = dict(top)
    rank = {node: place for place, node in enumerate(_ORDER)}
    for flow in sorted(drawn, key=lambda one: (rank[one.source], rank[one.target])):
        thick = flow.energy_wh * scale
        x1, x2 = left[flow.source] + _NODE, left[flow.target]
        y1, y2 = used_out[flow.source], used_in[flow.target]
        used_out[flow.source] += thick
        used_in[flow.target] += thick
        mid = (x1 + x2) / 2
        label = escape(f"{names[flow.source]} → {names[flow.target]}: {kwh(flow.energy_wh)}")
        parts.append(
            f'<path class="flow" fill="{COLOURS[flow.source]}" fill-opacity="0.32" d="M{_n(x1)} {_n(y1)}'
            f"C{_n(mid)} {_n(y1)} {_n(mid)} {_n(y2)} {_n(x2)} {_n(y2)}"
            f"V{_n(y2 + max(thick, 0.8))}"
            f'C{_n(mid)} {_n(y2 + thick)} {_n(mid)} {_n(y1 + thick)} {_n(x1)} {_n(y1 + max(thick, 0.8))}Z">'
            f"<title>{label}</title></path>"
        )
    for node, energy_wh in size.items():
        height = max(energy_wh * scale, 1.5)
        x, y = left[node], top[node]
        parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_NODE}" height="{_n(height)}" fill="{COLOURS[node]}" rx="2"/>'
        )
        middle = y + height / 2
        place_of = _COLUMN[node]
        if place_of == 1:
            place, anchor, first = x + _NODE / 2, "middle", y - 20
        else:
            place, anchor = (x - 10, "end") if place_of == 0 else (x + _NODE + 10, "start")
            first = middle - 3
        parts.append(
            f'<text class="node" x="{_n(place)}" y="{_n(first)}" text-anchor="{anchor}">{escape(names[node])}</text>'
            f'<text class="figure" x="{_n(place)}" y="{_n(first + 16)}" text-anchor="{anchor}">{kwh(energy_wh)}</text>'
        )
    return _svg(width, _HEIGHT, title, parts)


def _step(highest: int) -> int:
    """Return a round distance of grid lines that gives three to six of them."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor * 5:
                return step * factor
        step *= 10


def stacked_bars(
    bars: Sequence[Bar], series: Sequence[str], names: Mapping[str, str], *, title: str, width: int = WIDE
) -> str:
    """Draw one stacked bar a day; `bars` give Wh, the axis is in kWh. The battery's part is hatched."""
    height, left, right, top, bottom = 300, 56, 8, 40, 26
    highest = max((sum(bar.parts) for bar in bars), default=0)
    if highest <= 0:
        return ""
    step = _step(-(-highest // 1000)) * 1000
    ceiling = -(-highest // step) * step
    scale = (height - top - bottom) / ceiling
    floor = height - bottom
    pitch = (width - left - right) / len(bars)
    thick = min(pitch * 0.68, 34)
    every = 1 if pitch > 34 else 2 if pitch > 18 else 5
    parts = [
        f'<defs><pattern id="hatch-{width}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="6" height="6" fill="'
        f'{COLOURS[BATTERY]}"/><path d="M0 0V6" stroke="#fff" stroke-width="2" stroke-opacity="0.55"/></pattern></defs>'
    ]
    for value in range(0, ceiling + 1, step):
        y = floor - value * scale
        parts.append(
            f'<path class="rule" d="M{left} {_n(y)}H{width - right}"/>'
            f'<text class="tick" x="{left - 6}" y="{_n(y + 4)}" text-anchor="end">{value // 1000:,}</text>'
        )
    parts.append(f'<text class="tick" x="{left - 6}" y="{top - 14}" text-anchor="end">kWh</text>')
    for index, bar in enumerate(bars):
        x = left + pitch * index + (pitch - thick) / 2
        y = float(floor)
        for part, name in zip(bar.parts, series, strict=True):
            if part <= 0:
                continue
            tall = part * scale
            y -= tall
            fill = f"url(#hatch-{width})" if name == BATTERY else COLOURS[name]
            parts.append(
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(thick)}" height="{_n(tall)}" fill="{fill}">'
                f"<title>{escape(f'{bar.label} {names[name]}: {kwh(part)}')}</title></rect>"
            )
        if index % every == 0:
            parts.append(
                f'<text class="tick" x="{_n(x + thick / 2)}" y="{floor + 17}" text-anchor="middle">'
                f"{escape(bar.label)}</text>"
            )
    x = float(left)
    for name in series:
        fill = f"url(#hatch-{width})" if name == BATTERY else COLOURS[name]
        parts.append(
            f'<rect x="{_n(x)}" y="8" width="12" height="12" fill="{fill}" rx="2"/>'
            f'<text class="legend" x="{_n(x + 17)}" y="18.500">{escape(names[name])}</text>'
        )
        x += 40 + 13.5 * len(names[name])
    return _svg(width, height, title, parts)


_LEVELS = 8
_OPACITIES = ("0.06", "0.16", "0.28", "0.40", "0.53", "0.67", "0.82", "1")


def heat_map(
    rows: Sequence[tuple[str, Sequence[int | None]]], *, title: str, colour: str = GRID, width: int = WIDE
) -> str:
    """Draw a day by hour matrix, hours downward, in eight steps up to the highest; Wh, None is drawn as a cross.

    Each step is one shape, so that a month of 744 hours stays small; figures are in the table beside it.
    """
    highest = max((value for _, values in rows for value in values if value is not None), default=0)
    if not rows:
        return ""
    left, top, legend = 34, 8, 34
    tall = 11 if width == WIDE else 9
    height = top + 24 * tall + 20 + legend
    pitch = (width - left - 4) / len(rows)
    shapes: list[list[str]] = [[] for _ in range(_LEVELS)]
    crosses: list[str] = []
    for place, (_, values) in enumerate(rows):
        x = left + pitch * place
        for hour, value in enumerate(values):
            y = top + hour * tall
            if value is None:
                crosses.append(f"M{_n(x + 1)} {y + 1}L{_n(x + pitch - 1)} {y + tall - 1}")
                continue
            level = min(value * _LEVELS // highest, _LEVELS - 1) if highest else 0
            shapes[level].append(f"M{_n(x)} {y}h{_n(pitch - 0.6)}v{_n(tall - 0.6)}H{_n(x)}z")
    parts = [
        f'<path fill="{COLOURS[colour]}" fill-opacity="{_OPACITIES[level]}" d="{"".join(shape)}">'
        f"<title>{escape(_range(level, highest))}</title></path>"
        for level, shape in enumerate(shapes)
        if shape
    ]
    if crosses:
        parts.append(f'<path class="rule" d="{"".join(crosses)}"/>')
    for hour in range(0, 24, 3):
        parts.append(
            f'<text class="tick" x="{left - 6}" y="{top + hour * tall + tall - 1}" text-anchor="end">{hour:02d}</text>'
        )
    every = 1 if pitch > 24 else 2 if pitch > 14 else 5
    for place, (label, _) in enumerate(rows):
        if place % every == 0:
            parts.append(
                f'<text class="tick" x="{_n(left + pitch * place + pitch / 2)}" y="{top + 24 * tall + 14}" '
                f'text-anchor="middle">{escape(label)}</text>'
            )
    step = (width - left - 4) / _LEVELS
    for level in range(_LEVELS):
        x, y = left + step * level, top + 24 * tall + 22
        parts.append(
            f'<rect x="{_n(x)}" y="{y}" width="{_n(step - 2)}" height="8" fill="{COLOURS[colour]}" '
            f'fill-opacity="{_OPACITIES[level]}"/>'
            f'<text class="tick" x="{_n(x)}" y="{y + 20}">{_kwh_floor(level, highest)}</text>'
        )
    return _svg(width, height, title, parts)


def _kwh_floor(level: int, highest: int) -> str:
    return kwh(highest * level // _LEVELS).removesuffix(" kWh")


def _range(level: int, highest: int) -> str:
    return f"{_kwh_floor(level, highest)} – {_kwh_floor(level + 1, highest)} kWh"


def share_bar(share_ppm: int, *, title: str) -> str:
    """Draw a share of the whole as a filled bar."""
    part = min(max(share_ppm, 0), 1_000_000) * 200 // 1_000_000
    return (
        f'<svg class="share" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 8" role="img" '
        f'aria-label="{escape(title)}"><rect width="200" height="8" rx="4" class="share-all"/>'
        f'<rect width="{part}" height="8" rx="4" class="share-part"/></svg>'
    )
