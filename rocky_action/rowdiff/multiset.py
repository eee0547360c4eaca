"""Rows without a key: equal rows cancel, however many there are of them, and what is left is added or removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rocky_action.domain.diff import CellChange, RowDiff, RowExample
from rocky_action.rowdiff.schema import ColumnPair, text
from rocky_action.rowdiff.sides import Sides, numbers, ordered, values


@dataclass(frozen=True)
class Multisets:
    """Two sides seen as multisets of their compared columns."""

    sides: Sides
    compared: tuple[ColumnPair, ...]
    masked: frozenset[str] = frozenset()

    @property
    def groups(self) -> str:
        """SQL: each distinct row as ``v<n>``, and how often base (``nb``) and head (``nh``) have it."""
        each = ", ".join(f"v{pair.position}" for pair in self.compared)
        row = ", ".join(f"{pair.comparand(f's.c{pair.position}')} AS v{pair.position}" for pair in self.compared)
        base = f"SELECT {row}, 1 AS in_base, 0 AS in_head FROM {self.sides.base} AS s"
        head = f"SELECT {row}, 0 AS in_base, 1 AS in_head FROM {self.sides.head} AS s"
        counts = "sum(in_base) AS nb, sum(in_head) AS nh"
        return f"(SELECT {each}, {counts} FROM ({base} UNION ALL {head}) AS u GROUP BY {each})"


def diff_multisets(multisets: Multisets) -> RowDiff:
    """All rows, without examples, in one pass."""
    counts = (
        "sum(nb), sum(nh),"
        " sum(CASE WHEN nh > nb THEN nh - nb ELSE 0 END), sum(CASE WHEN nb > nh THEN nb - nh ELSE 0 END)"
    )
    row = multisets.sides.warehouse.query(f"SELECT {counts} FROM {multisets.groups} AS g")[0]
    base, head, added, removed = numbers(row)
    return RowDiff(base, head, added, removed)


def multiset_examples(multisets: Multisets, found: RowDiff, *, limit: int) -> tuple[RowExample, ...]:
    """At most ``limit`` distinct rows in the order of their values: removed ones first, then added ones."""
    examples: list[RowExample] = []
    if found.removed and limit:
        examples += _examples(multisets, "removed", limit=limit)
    if found.added and len(examples) < limit:
        examples += _examples(multisets, "added", limit=limit - len(examples))
    return tuple(examples)


def _examples(multisets: Multisets, kind: Literal["added", "removed"], *, limit: int) -> list[RowExample]:
    surplus = "nh - nb" if kind == "added" else "nb - nh"
    order = ordered(f"v{pair.position}" for pair in multisets.compared)
    cells = ", ".join(
        "NULL" if pair.name.lower() in multisets.masked else text(f"v{pair.position}") for pair in multisets.compared
    )
    chosen = f"SELECT * FROM {multisets.groups} AS g WHERE {surplus} > 0 ORDER BY {order} LIMIT {limit}"
    found = multisets.sides.warehouse.query(f"SELECT {surplus}, {cells} FROM ({chosen}) AS e ORDER BY {order}")
    return [
        RowExample(
            kind,
            cells=tuple(
                CellChange(
                    pair.name,
                    base=value if kind == "removed" else None,
                    head=value if kind == "added" else None,
                    masked=pair.name.lower() in multisets.masked,
                )
                for pair, value in zip(multisets.compared, values(row[1:]), strict=True)
            ),
            count=numbers(row[:1])[0],
        )
        for row in found
    ]
