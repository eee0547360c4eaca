"""Changed rows of tables without a key: a removed row and an added one that can only belong to one another.

Two rows belong together if they agree in nearly all columns and each is the other's only nearest. That is a reading of
the difference and no fact, but no other reading is as near, and the counts say the same either way: one row less
removed, one less added, one more changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.diff import ColumnChange, RowDiff, Value
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.schema import ColumnPair

MOST_ROWS = 2_000
"""Distinct removed and added rows that are compared with one another: a million comparisons at most."""
_WIDTH = 12
"""Bits for a value's number, the uppermost of which is free: there are fewer than 2^11 values in a column."""
_NEGATIVE_ZERO = re.compile(r"(?<![\w.])-0\.0(?![\d.e])")


@dataclass(frozen=True)
class Pairing:
    """``changed`` rows, found in pairs, and the ``rest``, which stay removed and added.

    ``reason`` says why nothing was paired where pairs could not be looked for.
    """

    changed: tuple[DifferingRow, ...]
    rest: tuple[DifferingRow, ...]
    reason: str | None = None

    def counted(self, rows: RowDiff, columns: Sequence[ColumnPair]) -> RowDiff:
        """Counts with each pair as one changed row, not a removed and an added one. ``columns`` are all compared."""
        if rows.added is None or rows.removed is None or not self.changed:
            return rows
        pairs = len(self.changed)
        by_column = Counter({change.name: change.rows_changed for change in rows.columns})
        by_column.update(columns[place].name for row in self.changed for place in row.changed)
        return replace(
            rows,
            added=rows.added - pairs,
            removed=rows.removed - pairs,
            changed=(rows.changed or 0) + pairs,
            columns=tuple(ColumnChange(pair.name, n) for pair in columns if (n := by_column[pair.name])),
            paired=rows.paired + pairs,
        )


def pair_rows(differing: Differing) -> Pairing:
    """Pairs the removed and the added rows of a multiset diff, whose texts must be those of the compared values.

    Rows pair that differ in one column, or in up to a third of the columns, and agree in some value that is not NULL,
    if neither has another row that is as near. A row that occurs more than once has equals that are as near. Nothing
    is paired when only some of the differing rows are known, or when values are masked: what is not known cannot be
    told to agree. Swapping the sides swaps each pair.
    """
    removed = [row for row in differing.rows if row.kind == "removed"]
    added = [row for row in differing.rows if row.kind == "added"]
    reason = _hindrance(differing, len(removed) + len(added))
    if reason is not None or not removed or not added:
        return Pairing((), differing.rows, reason)
    olds = [_normal(row.base, differing.columns) for row in removed]
    news = [_normal(row.head, differing.columns) for row in added]
    most = max(1, len(differing.columns) // 3)
    changed: list[DifferingRow] = []
    paired: set[int] = set()
    for old, new in _mutually_nearest(_distances(olds, news)):
        cells = list(zip(olds[old], news[new], strict=True))
        places = frozenset(place for place, (left, right) in enumerate(cells) if left != right)
        agrees = any(left == right and left is not None for left, right in cells)
        if 1 <= len(places) <= most and agrees and removed[old].count == added[new].count == 1:
            changed.append(DifferingRow("changed", removed[old].base, added[new].head, places))
            paired |= {id(removed[old]), id(added[new])}
    rest = tuple(row for row in differing.rows if id(row) not in paired)
    return Pairing(tuple(sorted(changed, key=_either_way)), rest)


def _hindrance(differing: Differing, rows: int) -> str | None:
    """Why pairs cannot be looked for."""
    if any(pair.name.lower() in differing.masked for pair in differing.columns):
        return "changed rows were not paired, because masked values are not read"
    if rows > MOST_ROWS or (differing.total > MOST_ROWS and not differing.is_complete):
        return f"changed rows were not paired, because more than {MOST_ROWS:,} rows differ"
    return None if differing.is_complete else "changed rows were not paired, because only some that differ were read"


def _either_way(row: DifferingRow) -> list[list[tuple[bool, str]]]:
    """What orders pairs, the same for swapped sides."""
    return sorted([(value is not None, value or "") for value in cells] for cells in (row.base, row.head))


def _normal(values: Iterable[Value], columns: Sequence[ColumnPair]) -> tuple[Value, ...]:
    """Texts that are equal if the values are: a float has two zeros that are one value."""
    return tuple(
        _NEGATIVE_ZERO.sub("0.0", value) if value and ("DOUBLE" in kind or "FLOAT" in kind) else value
        for value, kind in zip(values, (pair.comparable.type for pair in columns), strict=True)
    )


def _distances(olds: Sequence[tuple[Value, ...]], news: Sequence[tuple[Value, ...]]) -> list[list[int]]:
    """In how many columns each old row differs from each new one.

    A row is one large number, a field a column, so that two rows are compared at once: the fields of the XOR of two
    rows that are not 0, each counted by the bit that a sum carries into its uppermost place.
    """
    numbered: list[dict[Value, int]] = [{} for _ in olds[0]]

    def packed(row: tuple[Value, ...]) -> int:
        fields = (known.setdefault(value, len(known)) for known, value in zip(numbered, row, strict=True))
        return sum(number << (_WIDTH * place) for place, number in enumerate(fields))

    left, right = [packed(row) for row in olds], [packed(row) for row in news]
    top = sum(1 << (_WIDTH * place + _WIDTH - 1) for place in range(len(numbered)))
    below = top - (top >> (_WIDTH - 1))
    return [[(((one ^ other) + below) & top).bit_count() for other in right] for one in left]


def _mutually_nearest(distances: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Old and new rows each of which has the other as its only nearest one."""
    olds = [_only_nearest(of_new) for of_new in zip(*distances, strict=True)]
    for old, of_old in enumerate(distances):
        new = _only_nearest(of_old)
        if new is not None and olds[new] == old:
            yield old, new


def _only_nearest(distances: Sequence[int]) -> int | None:
    """The place of the smallest distance, None if there are several."""
    least = min(distances)
    return distances.index(least) if distances.count(least) == 1 else None
