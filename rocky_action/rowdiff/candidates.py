"""What the rows that differ have in common: conditions that many of them meet, to be weighed against the table."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Value
from rocky_action.rowdiff.common_types import TEXT, is_integer
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.sql.quoting import text_literal

LEAST_SHARE = 0.2
"""A slice that holds less of the differing rows does not say where the change is."""
_LONGEST = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:[\d:.+-]*)?")
_NAMED = {TEXT, "BOOLEAN", "UUID"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE"}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")
_TO_YEAR, _TO_MONTH, _TO_DAY = 4, 7, 10


@dataclass(frozen=True)
class Candidate:
    """One column = value and the places of those of ``Differing.rows`` that meet it.

    The value of a date or a time is a year (``2026``), a month (``2026-03``) or a day (``2026-03-14``).
    """

    pair: ColumnPair
    value: Value
    rows: frozenset[int]
    period: bool = False

    def condition(self, column: str, dialect: str) -> str:
        """SQL: true where a column of base meets it."""
        if self.value is None:
            return f"{column} IS NULL"
        type_ = self.pair.base.type
        if self.period:
            first, following = _bounds(self.value)
            literals = [f"CAST({text_literal(day, dialect)} AS {type_})" for day in (first, following)]
            return f"{column} >= {literals[0]} AND {column} < {literals[1]}"
        if type_ == TEXT:
            return f"({column} COLLATE posix) = {text_literal(self.value, dialect)}"
        return f"{column} = CAST({text_literal(self.value, dialect)} AS {type_})"


def candidates(differing: Differing) -> tuple[tuple[Candidate, ...], int]:
    """Conditions that at least a fifth of the rows meet, those of most rows first; and how many were looked at.

    A row counts with its value in base, an added one with its value in head. Of a column: NULL, or a value of a text, a
    whole number, a decimal, a boolean, an ENUM or a UUID, or a year, a month or a day. Floats are only looked at for
    NULL, and so are columns whose type changed; masked columns not at all. A longer period that holds no row more than
    a shorter one is left out.
    """
    found: list[Candidate] = []
    seen = 0
    for place, pair in enumerate(differing.columns):
        if pair.name.lower() in differing.masked:
            continue
        by_value = _grouped(pair, [(row.base or row.head)[place] for row in differing.rows])
        seen += len(by_value)
        found += _frequent(differing, pair, by_value=by_value)
    found.sort(key=lambda one: -weight(differing.rows, one.rows))
    return tuple(found), seen


def weight(rows: Sequence[DifferingRow], places: frozenset[int]) -> int:
    """How many rows these are, each as often as it occurs."""
    return sum(rows[place].count for place in places)


def _frequent(
    differing: Differing, pair: ColumnPair, *, by_value: Mapping[tuple[Value, bool], list[int]]
) -> Iterator[Candidate]:
    least = LEAST_SHARE * sum(row.count for row in differing.rows)
    held: set[frozenset[int]] = set()
    for (value, period), places in sorted(by_value.items(), key=lambda item: -len(item[0][0] or "")):
        rows = frozenset(places)
        if rows not in held and weight(differing.rows, rows) >= least:
            held.add(rows)
            yield Candidate(pair, value, rows, period=period)


def _grouped(pair: ColumnPair, texts: Sequence[Value]) -> dict[tuple[Value, bool], list[int]]:
    """Places of the texts by what they say, and by whether that is a period of time."""
    by_text: dict[Value, list[int]] = {}
    for place, text in enumerate(texts):
        by_text.setdefault(text, []).append(place)
    type_ = pair.base.type
    found: dict[tuple[Value, bool], list[int]] = {(None, False): by_text.pop(None)} if None in by_text else {}
    named = is_integer(type_) or type_ in _NAMED or _DECIMAL.fullmatch(type_) or _is_enum(type_)
    if type_ != pair.head.type:
        return found
    for text, places in by_text.items():
        if text is None or len(text) > _LONGEST or "\0" in text:  # cannot stand in a sentence, or in a statement
            continue
        if named:
            found[text, False] = places
        elif type_ in _TIMES and _DAY.fullmatch(text):
            for length in (_TO_YEAR, _TO_MONTH, _TO_DAY):
                found.setdefault((text[:length], True), []).extend(places)
    return found


def _is_enum(type_: str) -> bool:
    return type_.startswith("ENUM(") and type_.endswith(")")


def _bounds(period: str) -> tuple[str, str]:
    """The first day of a period, and the first day after it as DuckDB writes it, the year 10000 included."""
    year, month, day = (int(part) for part in f"{period}-01-01".split("-")[:3])
    if len(period) == _TO_DAY and day < monthrange(year, month)[1]:
        return period, f"{period[:_TO_MONTH]}-{day + 1:02d}"
    last = len(period) == _TO_YEAR or month == 12
    following = f"{year + last:04d}-{1 if last else month + 1:02d}-01"
    return (period if len(period) == _TO_DAY else f"{year:04d}-{month:02d}-01"), following
