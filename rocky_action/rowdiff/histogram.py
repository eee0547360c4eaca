"""How the values of a numeric column lay before and after, in the rows that differ."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import accumulate

from rocky_action.domain.diff import Histogram, Value
from rocky_action.rowdiff.differing import Differing

STEPS = 10
_FEWEST_ROWS = 20
_FEWEST_VALUES = 8
_TAIL = 0.02
_HEIGHTS = 8

Weighted = list[tuple[float, int]]


def histogram(differing: Differing, place: int) -> Histogram | None:
    """The column at ``place`` of ``differing``, in rows where it changed and in added and removed ones.

    NULL, NaN and infinity are not in it. None where it says nothing: for less than 20 values, for few different ones,
    which are better named, and where no step differs by an eighth of the highest, which is what bars show. The steps
    reach from the lowest 2 % of the values to the highest 2 %, and on to round numbers, so that an outlier does not
    press the rest together.
    """
    touched = [row for row in differing.rows if row.kind != "changed" or place in row.changed]
    base = _finite((row.base[place], row.count) for row in touched if row.base)
    head = _finite((row.head[place], row.count) for row in touched if row.head)
    both = sorted(base + head)
    if sum(count for _, count in both) < _FEWEST_ROWS or len({value for value, _ in both}) < _FEWEST_VALUES:
        return None
    low, high = _rounded(_quantile(both, _TAIL), _quantile(both, 1 - _TAIL))
    if not (low < high and math.isfinite(high - low)):
        return None
    found = Histogram(low, high, _counted(base, low, high=high), _counted(head, low, high=high))
    visible = max(*found.base, *found.head) / _HEIGHTS
    moved = any(abs(old - new) >= visible for old, new in zip(found.base, found.head, strict=True))
    return found if moved else None


def _finite(texts: Iterable[tuple[Value, int]]) -> Weighted:
    """Values with how often they occur; beyond a DOUBLE's range a number counts as infinite."""
    values = [(float(text), count) for text, count in texts if text is not None]
    return [(value, count) for value, count in values if math.isfinite(value)]


def _quantile(values: Weighted, part: float) -> float:
    """The smallest of these sorted values that has at least this part of all rows at or below it."""
    below = list(accumulate(count for _, count in values))
    return values[bisect_left(below, part * below[-1])][0]


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Outwards to multiples of a power of ten that is at least a hundredth of the distance."""
    if not (low < high and math.isfinite(high - low)):
        return low, high
    unit = Decimal(1).scaleb(math.floor(math.log10(high - low)) - 1)
    first, last = (
        (Decimal(low) / unit).to_integral_value(ROUND_FLOOR),
        (Decimal(high) / unit).to_integral_value(ROUND_CEILING),
    )
    return float(first * unit), float(last * unit)


def _counted(values: Weighted, low: float, *, high: float) -> tuple[int, ...]:
    steps = [0] * STEPS
    for value, count in values:
        place = math.floor((value - low) / (high - low) * STEPS)
        steps[min(max(place, 0), STEPS - 1)] += count
    return tuple(steps)
