"""Rows whose key occurs more than once, told apart from the rest on both sides alike.

A key that either side has twice identifies nothing, so its rows are compared as multisets; the rest has a key still.
The two parts are told apart by the hash of the key. Two keys that happen to share one are parted alike, so whatever
the hash does, each row is in one part, and equal keys are in the same part on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, numbers

FEW = 10_000
"""Hashes of duplicated keys that are written into the SQL; more are looked up again by each statement."""


@dataclass(frozen=True)
class Parted:
    """The rows of both sides in two parts: ``unique`` in their key on both sides, and those of ``repeated`` keys."""

    unique: Sides
    repeated: Sides


def part_by_repetition(sides: Sides, key: Sequence[ColumnPair]) -> Parted:
    """Rows whose key occurs once at most on both sides, and rows whose key occurs twice on one, NULL being a value.

    Groups all keys of both sides once. The parts cost a look at each row's hash, as long as few keys are repeated; with
    more than ``FEW`` each statement groups all keys again.
    """
    columns = [pair.comparand(f"s.c{pair.position}") for pair in key]
    hashed = sides.warehouse.row_hash(columns)
    repeated = _repeated(sides, hashed)
    found = [numbers(row)[0] for row in sides.query(f"SELECT h FROM {repeated} AS r LIMIT {FEW + 1}")]
    if not found:
        return Parted(sides, sides.kept("FALSE"))
    written = f"SELECT v.h FROM (VALUES {', '.join(f'({value})' for value in sorted(found))}) AS v(h)"
    listed = written if len(found) <= FEW else f"SELECT r.h FROM {repeated} AS r"
    return Parted(sides.kept(f"{hashed} NOT IN ({listed})"), sides.kept(f"{hashed} IN ({listed})"))


def _repeated(sides: Sides, hashed: str) -> str:
    """SQL: the hashes ``h`` that a side has more than once, for each side."""
    each = [
        f"SELECT {hashed} AS h FROM {side} AS s GROUP BY {hashed} HAVING count(*) > 1"
        for side in (sides.base, sides.head)
    ]
    return f"({' UNION ALL '.join(each)})"
