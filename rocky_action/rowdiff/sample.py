"""The first rows by key, as Rocky's own sampled diff takes them: exact in its window, silent about the rest."""

from __future__ import annotations

from dataclasses import replace

from rocky_action.domain.diff import RowDiff, Sampled
from rocky_action.rowdiff.keyed import KeyedJoin, count_keyed
from rocky_action.rowdiff.sides import numbers


def count_keys(join: KeyedJoin) -> int:
    """How many key values there are on both sides together: what a sample is a sample of."""
    sides = join.sides
    columns = [pair.comparand(f"s.c{pair.position}") for pair in join.key]
    listed = ", ".join(f"{column} AS k{index}" for index, column in enumerate(columns))
    union = f"SELECT {listed} FROM {sides.base} AS s UNION SELECT {listed} FROM {sides.head} AS s"
    return numbers(sides.warehouse.query(f"SELECT count(*) FROM ({union}) AS u")[0])[0]


def sampled(join: KeyedJoin, size: int) -> KeyedJoin:
    """The same join over the ``size`` smallest keys of both sides together."""
    return replace(join, window=size)


def diff_sampled(join: KeyedJoin, total: int, *, rows_base: int, rows_head: int) -> tuple[RowDiff, Sampled]:
    """What differs within a window; the numbers of rows are those of the whole sides."""
    found = count_keyed(join)
    rows = RowDiff(rows_base, rows_head, found.added, found.removed, found.changed, found.columns)
    looked_at = found.added + found.removed + found.paired
    return rows, Sampled(looked_at, total, tuple(pair.name for pair in join.key))
