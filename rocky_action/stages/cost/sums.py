"""Sums of what is known: nothing known is None, never 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def known_sum(values: Iterable[_Number | None]) -> _Number | None:
    """The sum of the values that are known, None if none is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None
