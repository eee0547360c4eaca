"""Rows without a key: equal rows cancel, however many there are of them, and what is left is added or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocky_action.ports import Row
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.schema import ColumnPair, shown, text
from rocky_action.rowdiff.sides import Sides, count_where, numbers, smallest, values

DRAWN = 2000
"""Distinct rows brought here: all of them if there are no more, so that changed rows can be told from lost ones."""
_OFTEN = 4
"""Equal rows in a hundredth of a table from which on rows are grouped, as a join of them would make too many pairs."""
_BITS = 63


@dataclass(frozen=True)
class Leftovers:
    """What does not cancel: ``added`` and ``removed`` count rows. ``odds`` is the chance that a difference was missed.

    ``differing`` has no rows unless some were asked for.
    """

    rows_base: int
    rows_head: int
    added: int
    removed: int
    differing: Differing
    odds: float = 0.0


@dataclass(frozen=True)
class Multisets:
    """Two sides seen as multisets of their compared columns."""

    sides: Sides
    compared: tuple[ColumnPair, ...]
    masked: frozenset[str] = frozenset()

    def side(self, side: str, *, of_base: bool) -> str:
        """SQL: each row of a side as ``v<n>``, with ``nb`` and ``nh`` saying whose it is."""
        row = ", ".join(f"{pair.comparand(f's.c{pair.position}')} AS v{pair.position}" for pair in self.compared)
        return f"SELECT {row}, {int(of_base)} AS nb, {int(not of_base)} AS nh FROM {side} AS s"

    @property
    def rows(self) -> str:
        """SQL: the rows of both sides."""
        return f"{self.side(self.sides.base, of_base=True)} UNION ALL {self.side(self.sides.head, of_base=False)}"

    def row_hash(self, alias: str) -> str:
        """SQL: a number that stands for all compared values of a row."""
        hashed = [pair.hashable(f"{alias}.c{pair.position}") for pair in self.compared]
        return self.sides.warehouse.row_hash(hashed)


def cancel(multisets: Multisets, rows: str | None = None, *, draw: int) -> Leftovers:
    """Groups equal rows and counts what is left over, exactly.

    ``rows``, as ``Multisets`` has them, are those that need looking at if it is known that all others cancel.
    """
    values = ", ".join(f"v{pair.position}" for pair in multisets.compared)
    groups = f"SELECT {values}, sum(nb) AS nb, sum(nh) AS nh FROM ({rows or multisets.rows}) AS u GROUP BY {values}"
    surplus = "sum(CASE WHEN nh > nb THEN nh - nb ELSE 0 END), sum(CASE WHEN nb > nh THEN nb - nh ELSE 0 END)"
    # Only groups that do not cancel are kept, which are few when most rows do.
    left = f"SELECT * FROM ({groups}) AS g WHERE nb <> nh"
    totals = f"(SELECT count(*) FROM {multisets.sides.base} AS b), (SELECT count(*) FROM {multisets.sides.head} AS h)"
    no_cells = ", NULL" * len(multisets.compared)
    sql = f"WITH l AS MATERIALIZED ({left}) SELECT 0 AS is_row, {totals}, {surplus}{no_cells} FROM l"
    found = multisets.sides.query(f"{sql} UNION ALL {_drawn(multisets, draw)}" if draw else sql)
    base, head, added, removed = next(numbers(row[1:5]) for row in found if not row[0])
    drawn = tuple(_row(row) for row in found if row[0])
    return Leftovers(base, head, added, removed, _differing(multisets, drawn, total=added + removed))


def match_hashes(multisets: Multisets, *, draw: int) -> Leftovers | None:
    """The same for large sides of mostly different rows, by a join of their hashes; None if rows occur too often.

    Counts rest on hashes: two different rows have the same one in 1 of 2^63 cases.
    """
    if not all(pair.hashable("v") == pair.comparand("v") for pair in multisets.compared) or _repeats(multisets):
        return None
    sides = multisets.sides
    base, head = (f"(SELECT {multisets.row_hash('s')} AS h FROM {side} AS s)" for side in (sides.base, sides.head))
    single = "b.h IS NULL OR h.h IS NULL"
    drawn = smallest("coalesce(b.h, h.h)", where=single, most=draw) if draw else "NULL"
    counts = ", ".join((count_where("b.h IS NULL"), count_where("h.h IS NULL"), "count(*)"))
    joined = f"SELECT {counts}, {drawn} FROM {base} AS b FULL JOIN {head} AS h ON b.h = h.h"
    *found, hashes = sides.query(joined)[0]
    added, removed, both = numbers(tuple(found))
    paired = both - added - removed
    rows_base, rows_head = sides.count()
    # As for keys: only if every row that both sides have occurs once on each do the pairs add up to both sides.
    if (paired + removed, paired + added) != (rows_base, rows_head):
        return None
    odds = rows_base * rows_head * 2.0**-_BITS
    differing = _differing(multisets, (), total=added + removed)
    if isinstance(hashes, list) and hashes:
        differing = _fetch(multisets, numbers(tuple(hashes)), total=added + removed)
    return Leftovers(rows_base, rows_head, added, removed, differing, odds)


def _fetch(multisets: Multisets, hashes: Sequence[int], *, total: int) -> Differing:
    wanted = ", ".join(f"({number})" for number in hashes)
    few = multisets.sides.kept(f"{multisets.row_hash('s')} IN (SELECT v.h FROM (VALUES {wanted}) AS v(h))")
    found = cancel(Multisets(few, multisets.compared, multisets.masked), draw=DRAWN)
    return _differing(multisets, found.differing.rows, total=total)


def _repeats(multisets: Multisets) -> bool:
    """True if a hundredth of either side has some row several times: the whole has it a hundred times as often."""
    for side in (multisets.sides.base, multisets.sides.head):
        some = f"SELECT {multisets.row_hash('s')} AS h FROM {side} AS s TABLESAMPLE SYSTEM (1 PERCENT)"
        often = f"SELECT max(n) FROM (SELECT count(*) AS n FROM ({some}) AS t GROUP BY h) AS g"
        if numbers(multisets.sides.query(often)[0])[0] >= _OFTEN:
            return True
    return False


def _drawn(multisets: Multisets, most: int) -> str:
    """SQL: leftover rows, each with base's number, head's number, and the values as texts."""
    cells = ", ".join(
        "NULL" if pair.name.lower() in multisets.masked else shown(f"v{pair.position}", pair.comparable.type)
        for pair in multisets.compared
    )
    order = multisets.sides.warehouse.row_hash([text(f"v{pair.position}") for pair in multisets.compared])
    return f"SELECT * FROM (SELECT 1 AS is_row, nb, nh, NULL, NULL, {cells} FROM l ORDER BY {order} LIMIT {most}) AS s"


def _row(row: Row) -> DifferingRow:
    base, head = numbers(row[1:3])
    cells = tuple(values(row[5:]))
    if head > base:
        return DifferingRow("added", (), cells, count=head - base)
    return DifferingRow("removed", cells, (), count=base - head)


def _differing(multisets: Multisets, rows: tuple[DifferingRow, ...], *, total: int) -> Differing:
    return Differing(multisets.compared, 0, rows, total, multisets.masked)
