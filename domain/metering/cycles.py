"""How far a storage was cycled, in whole numbers: the way its state of charge went, and rainflow cycles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A rise and fall, or one of them: `halves` is 2 or 1; `depth` is in the unit of the series."""

    depth: int
    halves: int


def reversals(socs: Iterable[int]) -> list[int]:
    """Return the first value, every turning point, and the last value."""
    points: list[int] = []
    for soc in socs:
        if points and soc == points[-1]:
            continue
        if len(points) >= 2 and (points[-1] > points[-2]) == (soc > points[-1]):
            points[-1] = soc
        else:
            points.append(soc)
    return points


def rainflow(socs: Iterable[int]) -> tuple[Cycle, ...]:
    """Count cycles by rainflow; depth times halves, summed, is the whole way that the series went.

    Source: ASTM E1049-85 (2017), section 5.4.4
    """
    found: list[Cycle] = []
    stack: list[int] = []
    for point in reversals(socs):
        stack.append(point)
        while len(stack) >= 3:
            last, inner = abs(stack[-1] - stack[-2]), abs(stack[-2] - stack[-3])
            if last < inner:
                break
            if len(stack) == 3:
                found.append(Cycle(depth=inner, halves=1))
                del stack[0]
            else:
                found.append(Cycle(depth=inner, halves=2))
                del stack[-3:-1]
    found.extend(Cycle(depth=abs(after - before), halves=1) for before, after in pairwise(stack))
    return tuple(found)


def count_milli(cycles: Sequence[Cycle], *, depth_min: int = 0) -> int:
    """Return how many cycles are deeper than `depth_min`, thousandths."""
    return sum(cycle.halves for cycle in cycles if cycle.depth > depth_min) * 500
