"""Which columns identify a row: declared by somebody, believed once the data proves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Key
from rocky_action.rowdiff.request import KeyCandidate
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, count_where, numbers


@dataclass(frozen=True)
class KeySearch:
    """The first proven key, or the first one that is not unique for the report to speak of, or none.

    ``pairs`` are the proven key's columns, empty without one; the row counts are those the proof saw.
    """

    key: Key | None = None
    pairs: tuple[ColumnPair, ...] = ()
    rows_base: int = 0
    rows_head: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Occurrences:
    """What one side says about a key: rows, key values that occur more than once, rows with a NULL in the key."""

    rows: int
    duplicates: int
    nulls: int


def find_key(sides: Sides, candidates: Sequence[KeyCandidate]) -> KeySearch:
    """Tries candidates in their order of preference."""
    doubtful: Key | None = None
    notes: list[str] = []
    for candidate in _distinct(candidates):
        pairs = sides.pairs_named(candidate.columns)
        label = f"{candidate.origin} ({', '.join(candidate.columns)})"
        if pairs is None:
            notes.append(f"{label} cannot be the key: base and head do not both have these columns")
            continue
        base, head = _occurrences(sides, sides.base, pairs=pairs), _occurrences(sides, sides.head, pairs=pairs)
        key = Key(
            columns=tuple(pair.name for pair in pairs),
            origin=candidate.origin,
            unique_base=not base.duplicates,
            unique_head=not head.duplicates,
            null_rows_base=base.nulls,
            null_rows_head=head.nulls,
            duplicate_keys_base=base.duplicates,
            duplicate_keys_head=head.duplicates,
        )
        if key.is_proven:
            return KeySearch(key, pairs, base.rows, head.rows, tuple(notes))
        doubtful = doubtful or key
        notes.append(
            f"{label} is not unique: {_values(base.duplicates)} more than once in base,"
            f" {_values(head.duplicates)} in head"
        )
    return KeySearch(key=doubtful, notes=tuple(notes))


def _occurrences(sides: Sides, side: str, *, pairs: Sequence[ColumnPair]) -> _Occurrences:
    columns = [pair.comparand(f"s.c{pair.position}") for pair in pairs]
    named = ", ".join(f"{column} AS k{index}" for index, column in enumerate(columns))
    has_null = " OR ".join(f"k{index} IS NULL" for index in range(len(columns)))
    groups = f"(SELECT {named}, count(*) AS n FROM {side} AS s GROUP BY {', '.join(columns)})"
    counts = f"sum(n), {count_where('n > 1')}, sum(CASE WHEN {has_null} THEN n ELSE 0 END)"
    return _Occurrences(*numbers(sides.warehouse.query(f"SELECT {counts} FROM {groups} AS g")[0]))


def _distinct(candidates: Iterable[KeyCandidate]) -> list[KeyCandidate]:
    """Each set of columns once, under its most preferred origin."""
    first: dict[frozenset[str], KeyCandidate] = {}
    for candidate in candidates:
        if candidate.columns:
            first.setdefault(frozenset(name.lower() for name in candidate.columns), candidate)
    return list(first.values())


def _values(count: int) -> str:
    return f"{count:,} value occurs" if count == 1 else f"{count:,} values occur"
