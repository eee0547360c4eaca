"""Figures of a column's values: decimals of any length shortened so that two that differ never look the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from rocky_action.domain.diff import Value
from rocky_action.rendering.figures import MINUS
from rocky_action.rendering.text import Md, value

_LARGEST = 18
_SMALLEST = -9
"""Powers of ten beyond which a number stands as the warehouse wrote it."""
_MOST_DIGITS = 18
_BARS = "▁▂▃▄▅▆▇█"


def figure(text: Value) -> Md:
    """One figure: with thousands separators, and as many decimals as say something."""
    number = _decimal(text)
    return value(text) if number is None else _spelled(number, _digits(number))


def figure_change(base: Value, head: Value) -> Md:
    """Base → head with the same number of decimals, as many as it takes to see the difference; "same" if there is none.

    What is no number stands as it is. Nothing where there is no figure, which is not the same as two that agree.
    """
    if base is None and head is None:
        return Md("")
    first, second = _decimal(base), _decimal(head)
    if base == head or (first is not None and first == second):
        return Md("same")
    if first is None or second is None:
        return Md(f"{figure(base)} → {figure(head)}")
    digits = max(_digits(first), _digits(second))
    while digits < _MOST_DIGITS and _spelled(first, digits) == _spelled(second, digits):
        digits += 1
    shown = _spelled(first, digits), _spelled(second, digits)
    return Md(" → ".join(shown if shown[0] != shown[1] else (value(base), value(head))))


def relative_change(base: Value, head: Value) -> Md:
    """How much larger or smaller head is, in percent; nothing where that says nothing."""
    first, second = _decimal(base), _decimal(head)
    if first is None or second is None or not first or first == second:
        return Md("")
    part = float((second - first) / abs(first))
    sign = MINUS if part < 0 else "+"
    if abs(second - first) == abs(first):
        return Md(f"{sign}100 %")
    if abs(part) < 0.001:
        return Md(f"{sign}<0.1 %")
    if abs(part) >= 10 or abs(abs(part) - 1) < 0.001:  # 100 % only if that is exact
        return Md("")
    return Md(f"{sign}{100 * abs(part):.1f} %")


def bars(counts: Sequence[int], top: int) -> str:
    """A line of bars of which ``top`` is the highest; only what is empty has none."""
    heights = (math.ceil(number * len(_BARS) / top) for number in counts)
    return "".join(2 * (_BARS[height - 1] if height else " ") for height in heights).rstrip()


def bound(number: float) -> Md:
    """The edge of a histogram."""
    return figure(f"{number:.6g}")


def _decimal(text: Value) -> Decimal | None:
    """The number, None for everything that is better shown as it was written."""
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    if not number.is_finite() or (number and not _SMALLEST <= number.adjusted() < _LARGEST):
        return None
    return number


def _digits(number: Decimal) -> int:
    """Decimals worth showing: two, or three digits of a small number, but no zeros at the end."""
    exponent = number.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return min(own, max(2, 2 - number.adjusted()))


def _spelled(number: Decimal, digits: int) -> Md:
    return Md(f"{number:,.{digits}f}".replace("-", MINUS) if number else "0")
