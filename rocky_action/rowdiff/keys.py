"""Which columns identify a row: declared by somebody, believed once the data proves it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rocky_action.domain.project import Relation
from rocky_action.ports import WarehouseReader
from rocky_action.rowdiff.request import KeyCandidate
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, count_where, numbers


@dataclass(frozen=True)
class Occurrences:
    """What one side says about a key: rows, key values that occur more than once, rows with a NULL in the key."""

    rows: int
    duplicates: int
    nulls: int


@dataclass(frozen=True)
class KeyProbe:
    """What two scans of one side's key columns say about a key, without grouping by it.

    ``squares`` is the sum of the squares of the numbers of rows in ``BUCKETS`` buckets by the key's hash.

    The number of rows of a join of the side with itself, the sum over key values of the square of how often each
    occurs, is estimated from the buckets alone: (B * squares - rows^2) / (B - 1). This is the second moment estimator
    of Thorup and Zhang, "Tabulation based 4-universal hashing with applications to second moment estimation" (SODA
    2004), after Alon, Matias and Szegedy's sketch (STOC 1996). Its standard deviation is at most sqrt(2 / (B - 1)) of
    the number itself, 2.2 %.
    """

    rows: int
    null_rows: int
    squares: int

    @property
    def pairs_per_row(self) -> float:
        """How many rows of the same side have a row's key, on average, itself included: an estimate; 1 for a key."""
        return max(1.0, self._pairs / self.rows) if self.rows else 1.0

    @property
    def most_pairs_per_row(self) -> float:
        """What ``pairs_per_row`` hardly exceeds in truth: four standard deviations more, a tenth."""
        return self.pairs_per_row / (1 - _ERROR)

    @property
    def _pairs(self) -> float:
        return (BUCKETS * self.squares - self.rows**2) / (BUCKETS - 1)

    def most_pairs(self, other: KeyProbe) -> float:
        """What a join with another side hardly exceeds: the root of the product of the self-joins (Cauchy, Schwarz)."""
        own, others = (side.rows * side.most_pairs_per_row for side in (self, other))
        return math.sqrt(own * others)


BUCKETS = 4_096
"""Enough to tell a key from what would explode; sixteen times as many cost twice the time."""
_ERROR = 4 * math.sqrt(2 / (BUCKETS - 1))
"""Four standard deviations of the estimate, as a share of the truth."""


def constrained(warehouse: WarehouseReader, *, base: Relation, head: Relation) -> tuple[KeyCandidate, ...]:
    """What constraints of either relation hold to be unique, head's first."""
    found = dict.fromkeys(warehouse.unique_keys(head) + warehouse.unique_keys(base))
    return tuple(KeyCandidate(columns, "constraint") for columns in found)


def probe_key(sides: Sides, pairs: Sequence[ColumnPair]) -> tuple[KeyProbe, KeyProbe]:
    """Base's and head's."""
    statements = [_probe(sides, side, pairs=pairs) for side in (sides.base, sides.head)]
    base, head = (KeyProbe(*numbers(rows[0])) for rows in sides.query_many(statements))
    return base, head


def _probe(sides: Sides, side: str, *, pairs: Sequence[ColumnPair]) -> str:
    columns = [pair.comparand(f"s.c{pair.position}") for pair in pairs]
    has_null = " OR ".join(f"{column} IS NULL" for column in columns)
    hashed = sides.warehouse.row_hash([pair.hashable(f"s.c{pair.position}") for pair in pairs])
    nulls = f"SELECT {count_where(has_null)} FROM {side} AS s"  # beside the groups, where it costs next to nothing
    buckets = f"SELECT count(*) AS n FROM {side} AS s GROUP BY {hashed} % {BUCKETS}"
    return f"SELECT sum(n), ({nulls}), sum(CAST(n AS HUGEINT) * n) FROM ({buckets}) AS b"


def occurrences(sides: Sides, pairs: Sequence[ColumnPair]) -> tuple[Occurrences, Occurrences]:
    """Base's and head's, exactly, by grouping all rows."""
    columns = [pair.comparand(f"s.c{pair.position}") for pair in pairs]
    named = ", ".join(f"{column} AS k{index}" for index, column in enumerate(columns))
    has_null = " OR ".join(f"k{index} IS NULL" for index in range(len(columns)))
    counts = f"sum(n), {count_where('n > 1')}, sum(CASE WHEN {has_null} THEN n ELSE 0 END)"
    grouped = ", ".join(columns)
    statements = [
        f"SELECT {counts} FROM (SELECT {named}, count(*) AS n FROM {side} AS s GROUP BY {grouped}) AS g"
        for side in (sides.base, sides.head)
    ]
    base, head = (Occurrences(*numbers(rows[0])) for rows in sides.query_many(statements))
    return base, head


def distinct(candidates: Iterable[KeyCandidate]) -> list[KeyCandidate]:
    """Each set of columns once, under its most preferred origin."""
    first: dict[frozenset[str], KeyCandidate] = {}
    for candidate in candidates:
        if candidate.columns:
            first.setdefault(frozenset(name.lower() for name in candidate.columns), candidate)
    return list(first.values())
