"""Sum, mean, least and greatest value of numeric columns, of both sides in one statement."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal

from rocky_action.domain.diff import Numbers, Value
from rocky_action.ports import Row
from rocky_action.rowdiff.schema import ColumnPair, text
from rocky_action.rowdiff.sides import Sides, numbers, values

_FLOATS = {"FLOAT", "DOUBLE"}
_ADDABLE = 27
"""Digits of a number, 10^11 of which add up to less than the 38 digits that a sum has room for."""
_MEAN_DIGITS = 20
_ROUNDING = 2.0**-53
_FIGURES = 6

Distinct = Literal["exact", "estimated", "not counted"]


@dataclass(frozen=True)
class NumericColumn:
    """A column to take the figures of; what a ``masked`` one adds up to stays in the warehouse."""

    pair: ColumnPair
    distinct: Distinct
    masked: bool = False


def numbers_of(sides: Sides, columns: Sequence[NumericColumn]) -> tuple[tuple[Numbers, Numbers], ...]:
    """Base's and head's figures of each column, from one scan of each side that reads these columns only."""
    if not columns:
        return ()
    wanted = ", ".join(part for column in columns for part in _aggregates(column))
    base, head = (f"SELECT {index}, count(*), {wanted} FROM {side} AS s" for index, side in enumerate(_both(sides)))
    first, second = sorted(sides.query(f"{base} UNION ALL {head}"), key=lambda row: numbers(row[:1]))
    return tuple(
        (
            _numbers(column, base, total=_total(column, base)),
            _numbers(column, head, total=_alike(column, base, head=head)),
        )
        for column, base, head in zip(columns, _read(first), _read(second), strict=True)
    )


@dataclass(frozen=True)
class _Found:
    """A column's aggregates of one side. ``beyond`` is what numbers too long for an exact sum add up to, about."""

    rows: int
    present: int
    distinct: int
    sum: Value
    beyond: Value
    min: Value
    max: Value


def _both(sides: Sides) -> tuple[str, str]:
    return sides.base, sides.head


def _read(row: Row) -> Iterator[_Found]:
    rows = numbers(row[1:2])[0]
    for start in range(2, len(row), _FIGURES):
        present, distinct = numbers(row[start : start + 2])
        yield _Found(rows, present, distinct, *values(row[start + 2 : start + _FIGURES]))


def _aggregates(column: NumericColumn) -> tuple[str, ...]:
    value = column.pair.comparand(f"s.c{column.pair.position}")
    distinct = {
        "exact": f"count(DISTINCT {value})",
        "estimated": f"approx_count_distinct({value})",
        "not counted": "NULL",
    }[column.distinct]
    if column.masked:
        return f"count({value})", distinct, *[text("NULL")] * 4
    sums = _sums(column.pair.comparable.type, value)
    return f"count({value})", distinct, *(text(figure) for figure in (*sums, f"min({value})", f"max({value})"))


def _sums(type_: str, value: str) -> tuple[str, str]:
    """The exact sum of all numbers that are short enough to add up without overflow, and the others' as a DOUBLE."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_)
    digits, scale = (int(decimal[1]), int(decimal[2])) if decimal else (39 if type_.endswith("HUGEINT") else 0, 0)
    if digits <= _ADDABLE:
        return f"sum({value})", "NULL"
    bound = f"CAST('1e{_ADDABLE - scale}' AS DOUBLE)"
    double = f"CAST({value} AS DOUBLE)"
    short = f"{double} >= -{bound} AND {double} <= {bound}"
    return f"sum(CASE WHEN {short} THEN {value} END)", f"sum(CASE WHEN {short} THEN NULL ELSE {double} END)"


def _total(column: NumericColumn, found: _Found) -> Decimal | None:
    if column.masked or not found.present:
        return None
    if found.beyond is not None:
        return Decimal(repr(float(found.sum or 0) + float(found.beyond)))
    return Decimal(found.sum or 0)


def _alike(column: NumericColumn, base: _Found, *, head: _Found) -> Decimal | None:
    """Head's sum; base's, if they differ by no more than adding the same floats in another order does."""
    first, second = _total(column, base), _total(column, head)
    if first is None or second is None or not _is_float(column, base, head):
        return second
    doubt = max(_doubt(base), _doubt(head))
    return first if abs(float(second) - float(first)) <= doubt else second


def _doubt(found: _Found) -> float:
    """How far a sum of n floats may be off: 2 u n^1.5 max|x|, after Higham and Mary (2019) on rounding at random."""
    greatest = max(abs(float(found.min or 0)), abs(float(found.max or 0)))
    return 2 * _ROUNDING * found.present * math.sqrt(found.present) * greatest


def _is_float(column: NumericColumn, *found: _Found) -> bool:
    return column.pair.comparable.type in _FLOATS or any(one.beyond is not None for one in found)


def _numbers(column: NumericColumn, found: _Found, *, total: Decimal | None) -> Numbers:
    distinct = None if column.distinct == "not counted" else min(found.distinct, found.present)
    mean = None
    if total is not None:
        with localcontext(prec=_MEAN_DIGITS):
            mean = _spelled(total / found.present)
    return Numbers(
        rows=found.rows,
        nulls=found.rows - found.present,
        distinct=distinct,
        sum=None if total is None else _spelled(total),
        mean=mean,
        min=found.min,
        max=found.max,
        distinct_exact=column.distinct == "exact",
    )


def _spelled(number: Decimal) -> str:
    """Digits without an exponent, unless there would be too many; "inf" and "nan" as the warehouse writes them."""
    if not number.is_finite():
        return str(float(number))
    return f"{number:f}" if -_MEAN_DIGITS < number.adjusted() <= 40 else str(number)
