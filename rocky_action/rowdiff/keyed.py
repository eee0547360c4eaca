"""Rows paired by a proven key, compared value by value inside the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rocky_action.domain.diff import CellChange, ColumnChange, RowDiff, RowExample, Value
from rocky_action.errors import WarehouseError
from rocky_action.rowdiff.schema import ColumnPair, text
from rocky_action.rowdiff.sides import Sides, count_where, numbers, ordered, values

Kind = Literal["added", "removed", "changed"]
MASK = "(masked)"
"""Stands for a masked value of the key, so that an example still shows that it has one."""


@dataclass(frozen=True)
class KeyedJoin:
    """Two sides joined on a key that is unique on both; ``compared`` are the other columns to look at.

    ``window``, if not None, keeps that many keys only: the smallest that either side has.
    """

    sides: Sides
    key: tuple[ColumnPair, ...]
    compared: tuple[ColumnPair, ...]
    masked: frozenset[str] = frozenset()
    window: int | None = None

    @property
    def rows(self) -> str:
        """SQL: a row for every key value, with ``in_base``, ``in_head`` (true or NULL), ``k<n>``, ``b<n>``, ``h<n>``.

        Whether a row is present is read off a marker and never off its key, which may be NULL.
        """
        on = [f"{_key(pair, 'b')} IS NOT DISTINCT FROM {_key(pair, 'h')}" for pair in self.key]
        keys = [
            f"CASE WHEN b.present THEN {_key(pair, 'b')} ELSE {_key(pair, 'h')} END AS k{index}"
            for index, pair in enumerate(self.key)
        ]
        raw = [
            f"b.c{pair.position} AS b{pair.position}, h.c{pair.position} AS h{pair.position}"
            for pair in self.key + self.compared
        ]
        joined = (
            f"SELECT b.present AS in_base, h.present AS in_head, {', '.join(keys + raw)}"
            f" FROM {self._side(self.sides.base)} AS b"
            f" FULL JOIN {self._side(self.sides.head)} AS h ON {' AND '.join(on)}"
        )
        return f"({joined})" if self.window is None else f"({joined} ORDER BY {self.order} LIMIT {self.window})"

    @property
    def order(self) -> str:
        """SQL: rows by key, as the warehouse orders its type."""
        return ordered(f"k{index}" for index in range(len(self.key)))

    def _side(self, side: str) -> str:
        """One side; of a window only what can be in it: the smallest keys of both are among the smallest of each."""
        if self.window is None:
            return side
        order = ordered(_key(pair, "s") for pair in self.key)
        return f"(SELECT * FROM {side} AS s ORDER BY {order} LIMIT {self.window})"


@dataclass(frozen=True)
class KeyedCounts:
    """What a join found; ``paired`` counts key values on both sides, ``columns`` those with a changed value."""

    added: int
    removed: int
    paired: int
    changed: int
    columns: tuple[ColumnChange, ...]


def count_keyed(join: KeyedJoin) -> KeyedCounts:
    """One pass over the join."""
    flags = [f"{_differs(pair)} AS d{pair.position}" for pair in join.compared]
    each = [f"d{pair.position}" for pair in join.compared]
    flagged = f"(SELECT {', '.join(['in_base', 'in_head', *flags])} FROM {join.rows} AS j)"
    both = "in_base AND in_head"
    counts = [
        count_where("in_base IS NULL"),
        count_where("in_head IS NULL"),
        count_where(both),
        count_where(f"{both} AND ({' OR '.join(each) or 'FALSE'})"),
        *(count_where(f"{both} AND {flag}") for flag in each),
    ]
    row = join.sides.warehouse.query(f"SELECT {', '.join(counts)} FROM {flagged} AS f")[0]
    added, removed, paired, changed, *columns = numbers(row)
    return KeyedCounts(
        added,
        removed,
        paired,
        changed,
        tuple(ColumnChange(pair.name, count) for pair, count in zip(join.compared, columns, strict=True) if count),
    )


def diff_keyed(join: KeyedJoin, *, rows_base: int, rows_head: int) -> RowDiff:
    """All rows, without examples. Raises WarehouseError if the sides are not what the proof of the key saw."""
    found = count_keyed(join)
    if (found.paired + found.removed, found.paired + found.added) != (rows_base, rows_head):
        raise WarehouseError(
            "base or head returned other rows each time it was read",
            advice="Run again when nothing writes to them; a view must not be random.",
        )
    return RowDiff(rows_base, rows_head, found.added, found.removed, found.changed, found.columns)


def keyed_examples(join: KeyedJoin, found: RowDiff, *, limit: int) -> tuple[RowExample, ...]:
    """At most ``limit`` rows in the order of their keys: changed ones first, then removed, then added ones."""
    examples: list[RowExample] = []
    kinds: tuple[tuple[Kind, int | None], ...] = (
        ("changed", found.changed),
        ("removed", found.removed),
        ("added", found.added),
    )
    for kind, count in kinds:
        if count and len(examples) < limit:
            examples += _examples(join, kind, limit=limit - len(examples))
    return tuple(examples)


def _examples(join: KeyedJoin, kind: Kind, *, limit: int) -> list[RowExample]:
    keys = [_key_text(pair, masked=pair.name.lower() in join.masked) for pair in join.key]
    cells = [
        part
        for pair in join.compared
        for part in (text(_differs(pair)), *_cell_texts(pair, masked=pair.name.lower() in join.masked))
    ]
    chosen = f"SELECT * FROM {join.rows} AS j WHERE {_condition(join, kind)} ORDER BY {join.order} LIMIT {limit}"
    found = join.sides.warehouse.query(
        f"SELECT {', '.join(keys + cells)} FROM ({chosen}) AS e ORDER BY {join.order}",
    )
    return [_example(join, kind, row=values(row)) for row in found]


def _example(join: KeyedJoin, kind: Kind, *, row: list[Value]) -> RowExample:
    names = [pair.name for pair in join.key]
    rest = row[len(names) :]
    cells = [
        CellChange(pair.name, base, head, masked=pair.name.lower() in join.masked)
        for pair, differs, base, head in zip(join.compared, rest[::3], rest[1::3], rest[2::3], strict=True)
        if kind != "changed" or differs == "true"
    ]
    return RowExample(kind, tuple(zip(names, row[: len(names)], strict=True)), tuple(cells))


def _condition(join: KeyedJoin, kind: Kind) -> str:
    if kind == "changed":
        return f"in_base AND in_head AND ({' OR '.join(_differs(pair) for pair in join.compared)})"
    return "in_head IS NULL" if kind == "removed" else "in_base IS NULL"


def _key(pair: ColumnPair, alias: str) -> str:
    return pair.comparand(f"{alias}.c{pair.position}")


def _differs(pair: ColumnPair) -> str:
    return pair.differs(f"b{pair.position}", f"h{pair.position}")


def _key_text(pair: ColumnPair, *, masked: bool) -> str:
    if masked:
        return f"'{MASK}'"
    return f"CASE WHEN in_head THEN {text(f'h{pair.position}')} ELSE {text(f'b{pair.position}')} END"


def _cell_texts(pair: ColumnPair, *, masked: bool) -> tuple[str, str]:
    """Masked values do not leave the warehouse."""
    return ("NULL", "NULL") if masked else (text(f"b{pair.position}"), text(f"h{pair.position}"))
