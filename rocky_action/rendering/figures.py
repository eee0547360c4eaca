"""Numbers as a person reads them; None is always "unknown" and nothing rounds to a claim that is not exact."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rocky_action.domain import amounts
from rocky_action.rendering.text import Md, code

UNKNOWN = Md("unknown")
MINUS = amounts.MINUS
_LEAST = 1e-12
"""Shares below are rounded up to this: the smallest with a name that people know (1 in 10¹²)."""
_PERCENT = "\N{NO-BREAK SPACE}%"


def count(number: int | None) -> Md:
    """A count with thousands separators."""
    return UNKNOWN if number is None else Md(f"{number:,}")


def plural(number: int, noun: str) -> Md:
    """A count with its noun: 1 row, 1,204 rows."""
    return Md(f"{number:,} {noun}{'' if number == 1 else 's'}")


def share(part: int, whole: int) -> Md:
    """A percentage that says 0 % or 100 % only when that is exact; nothing when there is no whole."""
    if whole <= 0 or not 0 <= part <= whole:
        return Md("")
    if part in {0, whole}:
        return Md(f"{100 if part else 0}{_PERCENT}")
    if part * 1000 < whole:
        return Md(f"<0.1{_PERCENT}")
    if (whole - part) * 1000 < whole:
        return Md(f">99.9{_PERCENT}")
    return Md(f"{100 * part / whole:.1f}{_PERCENT}")


def fraction(part: float) -> Md:
    """A share from 0 to 1 as a percentage, with the same care."""
    if part <= 0 or part >= 1:
        return Md(f"{100 if part >= 1 else 0}{_PERCENT}")
    if part < 0.001:
        return Md(f"<0.1{_PERCENT}")
    if part > 0.999:
        return Md(f">99.9{_PERCENT}")
    rounded = f"{100 * part:.0f}" if 0.1 <= part < 0.99 else f"{100 * part:.1f}"
    return Md(f"{rounded}{_PERCENT}")


def at_least(part: float) -> Md:
    """A share from 0 to 1 as a percentage of two digits that is rounded up, for claims that hold from there on."""
    if part <= 0 or part >= 1:
        return fraction(part)
    digits = 1 - math.floor(math.log10(100 * max(part, _LEAST)))
    raised = math.ceil(round(100 * part * 10**digits, 9)) / 10**digits
    return Md(f"{raised:.{max(digits, 0)}f}{_PERCENT}") if raised < 100 else fraction(part)


def money(usd: float | None, *, signed: bool = False) -> Md:
    """US dollars; ``signed`` for differences. Only an exact zero is $0.00."""
    if usd is None or not math.isfinite(usd):
        return UNKNOWN
    return Md(amounts.money(usd, signed=signed))


def percent(change: float | None) -> Md:
    """A change in per cent, with its sign; only an exact zero is 0 %."""
    if change is None or not math.isfinite(change):
        return UNKNOWN
    sign, amount = (MINUS if change < 0 else "+" if change > 0 else ""), abs(change)
    if 0 < amount < 0.1:
        return Md(f"{sign}<0.1{_PERCENT}")
    return Md(f"{sign}{amount:,.{0 if amount >= 10 or amount == 0 else 1}f}{_PERCENT}")


def duration(milliseconds: int | None) -> Md:
    """A length of time in the unit that fits."""
    return UNKNOWN if milliseconds is None else Md(amounts.duration(milliseconds))


def size(number: int | None) -> Md:
    """Bytes in decimal units."""
    return UNKNOWN if number is None else Md(amounts.size(number))


def listing(items: Sequence[Md], limit: int) -> Md:
    """Items in a row, the rest as a number."""
    if len(items) > limit:
        rest = f"{len(items) - limit:,} more"
        return Md(", ".join(items[:limit]) + f" and {rest}" if limit else rest.removesuffix(" more"))
    return Md(", ".join(items))


def names(models: Iterable[str], limit: int) -> Md:
    """Names in code spans, the rest as a number."""
    return listing([code(model) for model in models], limit)
