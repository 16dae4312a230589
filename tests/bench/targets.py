"""What the figures must reach, beside what was measured: one table, with a verdict for each."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One figure's limit: at least so much, or at most, where `at_most` says so."""

    figure: str
    column: str
    limit: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        """Return whether a value is within the limit."""
        return value <= self.limit if self.at_most else value >= self.limit


def _most(figure: str, limit: float, column: str = "value") -> Target:
    return Target(figure=figure, column=column, limit=limit, at_most=True)


_SERIES = ("series of 2,976, 4 clients", "series of 2,976, 8 clients")
_DOOR = (*_SERIES, "series of 96, 8 clients", "2,976 rows, JSON", "2,976 rows, NDJSON", "2,976 rows, CSV")
_ASKED = (
    "page: GET /contract",
    "session: GET /api/v1/sites",
    "session: GET /api/v1/packs",
    "key: GET /api/v1/sites",
    "write: POST /api/v1/keys",
)
TARGETS: tuple[Target, ...] = (
    *[Target(figure=one, column="door", limit=2_000_000) for one in _SERIES],
    *[Target(figure=one, column="of floor", limit=0.6) for one in _SERIES],
    Target(figure="series of 96, 8 clients", column="door", limit=200_000),
    *[Target(figure=f"2,976 rows, {kind}", column="door", limit=300_000) for kind in ("JSON", "NDJSON", "CSV")],
    *[Target(figure=one, column="resend of first", limit=1.0) for one in _DOOR],
    Target(figure="live, one reading a request", column="door", limit=2_000),
    _most("live, one reading a request", 15.0, "p99 ms"),
    Target(figure="tick of 1,000 meters", column="door", limit=150_000),
    *[_most(f"channel-month read at the port, {n} million readings stored, ms", 3.0) for n in (1, 100)],
    *[_most(f"channel-month over HTTP, {n} million readings stored, ms", 10.0) for n in (1, 100)],
    *[_most(f"{one}, growth", 1.5) for one in ("channel-month read at the port", "channel-month over HTTP")],
    *[_most(f"100 channel-months in one call, {n} million readings stored, ms", 60.0) for n in (1, 100)],
    _most("site-month of attribution, bands, peaks, domain, ms", 15.0),
    _most("bytes a reading, whole days, index included", 8.0, "door"),
    _most("bytes a reading, a month filled live, index included", 8.0, "door"),
    _most("memory of a server process, peak MB", 300.0, "door"),
    *[_most(asked, 1.0, "added ms") for asked in _ASKED],
    _most("77,745 rows inspected by the command, cold, s", 1.5),
    _most("77,745 rows inspected in a running process, s", 0.5),
    _most("signed certificate, p95, ms", 150.0),
)


def judge(figures: Figures) -> list[dict[str, object]]:
    """Return each target with what was measured; what was not is left out."""
    return [
        {
            "figure": one.figure,
            "column": one.column,
            "measured": value,
            "target": one.limit,
            "at_most": one.at_most,
            "met": one.met(value),
        }
        for one in TARGETS
        if (value := figures.get(one.figure, {}).get(one.column)) is not None
    ]


def table_of(verdicts: list[dict[str, object]], *, title: str) -> Table:
    """Lay the verdicts out."""
    table = Table(title=title, title_justify="left")
    for heading in ("figure", "", "measured", "target", "verdict"):
        table.add_column(heading, justify="right" if heading in ("measured", "target") else "left")
    for one in verdicts:
        sign = "≤" if one["at_most"] else "≥"
        table.add_row(
            str(one["figure"]),
            str(one["column"]),
            f"{one['measured']:,.2f}",
            f"{sign} {one['target']:,g}",
            "met" if one["met"] else "missed",
        )
    return table
