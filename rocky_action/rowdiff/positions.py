"""Two tables whose rows stand in the same order, compared row by row where they stand: no join, no hash, no collision.

A table that was built again by the same query often has its rows in the same places, or shifted by those that were
added or removed at its ends. Whether that is so is not assumed: the key of every row must be that of its partner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import ColumnChange
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.keyed import row_of
from rocky_action.rowdiff.multiset import Leftovers, Multisets, cancel
from rocky_action.rowdiff.schema import ColumnPair, shown, text
from rocky_action.rowdiff.sides import Sides, count_where, numbers, values

_ROW_GROUP = 122_880
"""Rows that DuckDB stores together; parts that begin elsewhere would read some of them twice."""
_PARTS = 16
"""Parts read at once at most, two or more for each core: a positional join runs on one."""
_ENOUGH = 0.8
"""The part of the longer table that must have partners, so that looking at the others is cheap."""
_WINDOWS = 5
_WINDOW = 512
"""Rows looked at in so many places before the whole is."""


@dataclass(frozen=True)
class Alignment:
    """Base's row ``place`` and head's row ``place + shift`` are partners, as far as a look at some of them can tell."""

    sides: Sides
    by: tuple[ColumnPair, ...]
    shift: int
    rows_base: int
    rows_head: int

    @property
    def overlap(self) -> range:
        """Places in base that have a partner."""
        return range(max(0, -self.shift), min(self.rows_base, self.rows_head - self.shift))

    @property
    def rest(self) -> Sides:
        """The rows of both sides that have no partner."""
        start, stop = self.overlap.start, self.overlap.stop
        return self.sides.places(
            [range(start), range(stop, self.rows_base)],
            [range(start + self.shift), range(stop + self.shift, self.rows_head)],
        )

    @property
    def has_rest(self) -> bool:
        """True when some row has no partner."""
        return self.unpaired != (0, 0)

    @property
    def unpaired(self) -> tuple[int, int]:
        """How many rows of base and head have no partner."""
        return self.rows_base - len(self.overlap), self.rows_head - len(self.overlap)

    def partners(self, places: range, pairs: Sequence[ColumnPair]) -> str:
        """SQL: pairs of partners, as ``b`` and ``h``, for some places in base."""
        moved = range(places.start + self.shift, places.stop + self.shift)
        base, head = self.sides.part("base", places, pairs=pairs), self.sides.part("head", moved, pairs=pairs)
        return f"{base} AS b POSITIONAL JOIN {head} AS h"

    def parts(self) -> list[range]:
        """The overlap in parts that are read at the same time, cut where base's row groups are."""
        groups = -(-len(self.overlap) // _ROW_GROUP)
        size = max(1, -(-groups // _PARTS)) * _ROW_GROUP
        cuts = range(self.overlap.start // _ROW_GROUP * _ROW_GROUP, self.overlap.stop, size)
        return [range(max(cut, self.overlap.start), min(cut + size, self.overlap.stop)) for cut in cuts]


@dataclass(frozen=True)
class Part:
    """Places in base, and how many of the rows there differ."""

    places: range
    changed: int


@dataclass(frozen=True)
class Compared:
    """Partners compared. ``columns`` are those with a changed value; ``parts`` say where changed rows are."""

    changed: int
    columns: tuple[ColumnChange, ...]
    parts: tuple[Part, ...]


def align(sides: Sides, by: tuple[ColumnPair, ...], *, strangers: float = 0.0) -> Alignment | None:
    """How the rows of two tables stand to each other, None if nothing simple; ``by`` are the columns that tell rows.

    ``strangers`` is the share of pairs that may differ in these columns.
    """
    if sides.relations is None or not by:
        return None
    base = sides.warehouse.positions(sides.relations.base)
    head = sides.warehouse.positions(sides.relations.head)
    if not base or not head:
        return None
    for shift in _shifts(sides, by):
        found = Alignment(sides, by, shift, base, head)
        if len(found.overlap) >= _ENOUGH * max(base, head) and _strangers(found) <= strangers:
            return found
    return None


def compare_partners(alignment: Alignment, compared: Sequence[ColumnPair]) -> Compared | None:
    """One scan of both tables; None if some row's partner turns out to be another row."""
    parts = alignment.parts()
    found = alignment.sides.query_many([_counts(alignment, places, compared=compared) for places in parts])
    each = [numbers(rows[0]) for rows in found]
    if any(strangers for strangers, *_ in each) or sum(row[1] for row in each) != len(alignment.overlap):
        return None
    columns = [sum(column) for column in zip(*(row[3:] for row in each), strict=True)] or [0] * len(compared)
    return Compared(
        changed=sum(row[2] for row in each),
        columns=tuple(ColumnChange(pair.name, count) for pair, count in zip(compared, columns, strict=True) if count),
        parts=tuple(Part(places, row[2]) for places, row in zip(parts, each, strict=True) if row[2]),
    )


def fetch_partners(
    alignment: Alignment, found: Compared, *, compared: Sequence[ColumnPair], masked: frozenset[str], limit: int
) -> Differing:
    """Changed rows from all parts that have some, in proportion, the first ones of each."""
    shown = (*alignment.by, *compared)
    statements = []
    for part in found.parts:
        quota = -(-limit * part.changed // found.changed)
        cells = ", ".join(
            cell
            for pair in shown
            for cell in (
                text(_differs(pair)),
                *(("NULL", "NULL") if pair.name.lower() in masked else _texts(pair)),
            )
        )
        partners = alignment.partners(part.places, shown)
        differs = " OR ".join(map(_differs, compared))
        statements.append(f"SELECT {cells} FROM {partners} WHERE {differs} LIMIT {quota}")
    keys = len(alignment.by)
    rows = [
        row_of(values(row), kind="changed", key_columns=keys)
        for part_rows in alignment.sides.query_many(statements)
        for row in part_rows
    ]
    return Differing(shown, keys, tuple(rows), found.changed, masked)


def is_increasing(alignment: Alignment, *, of_base: bool) -> bool:
    """True when a table is stored in the order of the key, each greater than the one before and so not NULL.

    Reads the key twice and nothing else, in step. One row alone shows nothing.
    """
    side, rows = ("base", alignment.rows_base) if of_base else ("head", alignment.rows_head)
    if rows == 1:
        return False
    whole = Alignment(alignment.sides, alignment.by, 0, rows, rows)
    statements = []
    for places in whole.parts():
        one = alignment.sides.part(side, range(places.start, min(places.stop, rows - 1)), pairs=alignment.by)
        next_one = alignment.sides.part(side, range(places.start + 1, min(places.stop + 1, rows)), pairs=alignment.by)
        wrong = count_where(f"NOT coalesce({_less(alignment.by)}, FALSE)")
        statements.append(f"SELECT {wrong} FROM {one} AS b POSITIONAL JOIN {next_one} AS h")
    return not any(numbers(rows[0])[0] for rows in alignment.sides.query_many(statements))


def cancel_partners(alignment: Alignment, multisets: Multisets, *, draw: int) -> Leftovers:
    """Rows without a key: partners that are equal cancel where they stand, and only the others are grouped."""
    differs = " OR ".join(map(_differs, multisets.compared))
    raw = ", ".join(
        f"b.c{pair.position} AS b{pair.position}, h.c{pair.position} AS h{pair.position}" for pair in multisets.compared
    )
    unequal = " UNION ALL ".join(
        f"SELECT {raw} FROM {alignment.partners(places, multisets.compared)} WHERE {differs}"
        for places in alignment.parts()
    )
    values_of_side = ", ".join(
        f"CASE WHEN w.in_base = 1 THEN {pair.comparand(f'e.b{pair.position}')}"
        f" ELSE {pair.comparand(f'e.h{pair.position}')} END AS v{pair.position}"
        for pair in multisets.compared
    )
    # Each pair becomes two rows on the way: kept somewhere first, the parts would be read one after the other.
    rows = (
        f"SELECT {values_of_side}, w.in_base AS nb, 1 - w.in_base AS nh"
        f" FROM ({unequal}) AS e CROSS JOIN (VALUES (0), (1)) AS w(in_base)"
    )
    if alignment.has_rest:
        rows += f" UNION ALL {Multisets(alignment.rest, multisets.compared).rows}"
    return cancel(multisets, rows, draw=draw)


def _shifts(sides: Sides, by: Sequence[ColumnPair]) -> Iterator[int]:
    """None at all, then what the place of each side's first row in the other one says."""
    yield 0
    there = _place_of_first(sides, by, of_base=True)
    if there:
        yield there
    here = _place_of_first(sides, by, of_base=False)
    if here:
        yield -here


def _place_of_first(sides: Sides, by: Sequence[ColumnPair], *, of_base: bool) -> int | None:
    """Where the other side has the first row of one side."""
    own, other = ("base", "head") if of_base else ("head", "base")
    found = sides.query(sides.place_of_first(own, other, pairs=by))[0][0]
    return found if isinstance(found, int) else None


def _strangers(alignment: Alignment) -> float:
    """The share of pairs, in windows spread over the overlap, that are not the same row."""
    overlap = alignment.overlap
    step = max(1, (len(overlap) - _WINDOW) // (_WINDOWS - 1))
    starts = sorted({overlap.start + index * step for index in range(_WINDOWS) if index * step < len(overlap)})
    strange = count_where(" OR ".join(_strange(pair) for pair in alignment.by))
    windows = " UNION ALL ".join(
        f"SELECT {strange} AS strangers, count(*) AS pairs FROM"
        f" {alignment.partners(range(start, min(start + _WINDOW, overlap.stop)), alignment.by)}"
        for start in starts
    )
    strangers, pairs = numbers(alignment.sides.query(f"SELECT sum(strangers), sum(pairs) FROM ({windows}) AS w")[0])
    return strangers / pairs if pairs else 1.0


def _counts(alignment: Alignment, places: range, *, compared: Sequence[ColumnPair]) -> str:
    strange = " OR ".join(_strange(pair) for pair in alignment.by)
    flags = "".join(f", {_differs(pair)} AS d{pair.position}" for pair in compared)
    each = [f"d{pair.position}" for pair in compared]
    changed = " OR ".join(each) or "FALSE"
    counts = [
        count_where("strange"),
        "count(*)",
        count_where(changed),
        *map(count_where, each),
    ]
    partners = alignment.partners(places, (*alignment.by, *compared))
    return f"SELECT {', '.join(counts)} FROM (SELECT ({strange}) AS strange{flags} FROM {partners}) AS f"


def _less(by: Sequence[ColumnPair]) -> str:
    """A condition: the key of ``b`` comes before that of ``h``, column by column."""
    *before, last = by
    condition = f"{_value(last, 'b')} < {_value(last, 'h')}"
    for pair in reversed(before):
        left, right = _value(pair, "b"), _value(pair, "h")
        condition = f"({left} < {right} OR ({left} = {right} AND {condition}))"
    return condition


def _strange(pair: ColumnPair) -> str:
    return f"{_value(pair, 'b')} IS DISTINCT FROM {_value(pair, 'h')}"


def _value(pair: ColumnPair, alias: str) -> str:
    return pair.comparand(f"{alias}.c{pair.position}")


def _differs(pair: ColumnPair) -> str:
    return pair.differs(f"b.c{pair.position}", f"h.c{pair.position}")


def _texts(pair: ColumnPair) -> tuple[str, str]:
    return shown(f"b.c{pair.position}", pair.base.type), shown(f"h.c{pair.position}", pair.head.type)
