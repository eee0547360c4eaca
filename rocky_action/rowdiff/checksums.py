"""Which columns can differ at all: sums of hashes of both sides, so that a join need read only those that do.

A checksum covers the key and the values, counts the rows and is summed. Summing sees what XOR cannot: pairs of equal
rows, which cancel under XOR, and a last hash input that XOR separates from the rest. Every hash is hashed again, so
that no part of a sum can be told apart from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocky_action.rowdiff.common_types import is_short
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, numbers

FEW = 8
"""Columns that a join may carry without being dearer than another look for those that differ."""
_TOGETHER = 3
"""Columns that share a checksum in a narrow table: each checksum costs a tenth of reading the table."""
_BITS = 63
"""Of a hash."""


@dataclass(frozen=True)
class Checked:
    """What checksums say: rows of both sides, whether all rows are the same, and which columns cannot be called equal.

    ``sums`` is how many pairs of checksums were found equal where different rows could have had equal ones.
    """

    rows_base: int
    rows_head: int
    same_keys: bool
    is_same: bool
    suspects: tuple[ColumnPair, ...]
    sums: int

    @property
    def odds(self) -> float:
        """The chance that a difference hides behind them: each pair of sums agrees by accident in 1 of 2^63 cases."""
        return self.sums * 2.0**-_BITS


def check(sides: Sides, key: Sequence[ColumnPair], *, compared: Sequence[ColumnPair]) -> Checked:
    """One scan of both sides, and a second one of fewer columns where many columns could have changed."""
    groups = _groups(compared)
    base, head = _sums(sides, key, groups=groups)
    suspects = [
        pair for group, left, right in zip(groups, base[3:], head[3:], strict=True) if left != right for pair in group
    ]
    sums = len(groups) + 2
    if len(suspects) > FEW:
        alone = [(pair,) for pair in suspects]
        lefts, rights = _sums(sides, key, groups=alone)
        suspects = [pair for pair, left, right in zip(suspects, lefts[3:], rights[3:], strict=True) if left != right]
        sums += len(alone)
    return Checked(
        rows_base=base[0],
        rows_head=head[0],
        same_keys=base[:2] == head[:2],
        is_same=base == head,
        suspects=tuple(sorted(suspects, key=lambda pair: pair.position)),
        sums=sums,
    )


def _groups(compared: Sequence[ColumnPair]) -> list[tuple[ColumnPair, ...]]:
    """Columns that share a checksum: more of them in wide tables, and never texts with numbers, which join for less."""
    size = round(len(compared) ** 0.5) if len(compared) > FEW else _TOGETHER
    short = [pair for pair in compared if is_short(pair.comparable.type)]
    long = [pair for pair in compared if not is_short(pair.comparable.type)]
    alone = size if len(compared) > FEW else 1
    return [
        tuple(columns[start : start + most])
        for columns, most in ((short, size), (long, alone))
        for start in range(0, len(columns), most)
    ]


def _sums(
    sides: Sides, key: Sequence[ColumnPair], *, groups: Sequence[Sequence[ColumnPair]]
) -> tuple[list[int], list[int]]:
    """Of each side: rows, the sum over keys, the sum over whole rows, and a sum for each group of columns."""
    row_hash = sides.warehouse.row_hash
    columns = [pair for group in groups for pair in group]
    # Values are hashed once, texts being the dearest to read, and sums are made of numbers.
    inner = [
        f"{row_hash([pair.hashable(f's.c{pair.position}') for pair in key])} AS key_hash",
        *(f"{row_hash([pair.hashable(f's.c{pair.position}')])} AS v{pair.position}" for pair in columns),
    ]
    totals = ["count(*)", _sum("key_hash"), _sum(row_hash(["key_hash", *(f"v{pair.position}" for pair in columns)]))]
    totals += [_sum(row_hash(["key_hash", *(f"v{pair.position}" for pair in group)])) for group in groups]
    each = [
        f"SELECT {', '.join(totals)} FROM (SELECT {', '.join(inner)} FROM {side} AS s) AS i"
        for side in (sides.base, sides.head)
    ]
    left, right = (numbers(sides.query(sql)[0]) for sql in each)
    return left, right


def _sum(expression: str) -> str:
    return f"sum({expression})"
