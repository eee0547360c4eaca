"""The rows that differ between two small tables, all or the first of them, brought here as text by a plain join."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rocky_action.domain.diff import Column, ColumnChange, Profile, Value
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.differing import Differing, DifferingRow, Kind
from rocky_action.rowdiff.profile import describe
from rocky_action.rowdiff.schema import ColumnPair, pair_columns, text
from rocky_action.rowdiff.sides import SideRelations, Sides, sides_of
from tests.support.rowdiff_tables import BASE, HEAD, Tables


@dataclass(frozen=True)
class Compared:
    sides: Sides
    differing: Differing
    changes: tuple[ColumnChange, ...]
    rows: tuple[int, int]

    def describe(self) -> Profile:
        return describe(self.sides, self.differing, changes=self.changes, rows=self.rows)


def compared(
    tables: Tables,
    key_columns: int = 1,
    *,
    masked: Iterable[str] = (),
    where: str | None = None,
    limit: int | None = None,
    tolerances: tuple[tuple[str, Tolerance], ...] = (),
) -> Compared:
    """Base and head by a key of the first columns, as everything of them that differs."""
    database = tables.database
    options = ModelOptions(tolerances=tolerances)
    pairs = pair_columns(database.columns(BASE) or (), database.columns(HEAD) or (), options=options)
    sides = sides_of(database, SideRelations(BASE, HEAD, where), pairs=pairs)
    hidden = frozenset(name.lower() for name in masked)
    key, rest = pairs[:key_columns], pairs[key_columns:]
    on = [f"{pair.comparand(f'b.c{pair.position}')} IS NOT DISTINCT FROM {_head(pair)}" for pair in key]
    differs = [pair.differs(f"b.c{pair.position}", f"h.c{pair.position}") for pair in rest]
    texts = [
        "NULL" if pair.name.lower() in hidden else text(f"{side}.c{pair.position}") for side in "bh" for pair in pairs
    ]
    anything = " OR ".join(["b.present IS NULL", "h.present IS NULL", *differs])
    found = database.query(
        f"SELECT b.present, h.present, {', '.join(texts + differs)} FROM {sides.base} AS b"
        f" FULL JOIN {sides.head} AS h ON {' AND '.join(on)} WHERE {anything} ORDER BY ALL"
    )
    rows = [_row(row, len(pairs), key_columns) for row in found]
    changes = [
        ColumnChange(pair.name, count)
        for place, pair in enumerate(pairs)
        if (count := sum(place in row.changed for row in rows))
    ]
    differing = Differing(pairs, key_columns, tuple(rows[:limit]), len(rows), hidden)
    return Compared(sides, differing, tuple(changes), sides.count())


def _head(pair: ColumnPair) -> str:
    return pair.comparand(f"h.c{pair.position}")


def _row(row: tuple[object, ...], columns: int, key_columns: int) -> DifferingRow:
    in_base, in_head = row[:2]
    cells: list[Value] = [None if cell is None else str(cell) for cell in row[2 : 2 + 2 * columns]]
    flags = row[2 + 2 * columns :]
    kind: Kind = "added" if in_base is None else "removed" if in_head is None else "changed"
    changed = frozenset(place for place, flag in enumerate(flags, key_columns) if flag) if kind == "changed" else ()
    return DifferingRow(
        kind,
        () if in_base is None else tuple(cells[:columns]),
        () if in_head is None else tuple(cells[columns:]),
        frozenset(changed),
    )


def pairs_of(**types: str) -> tuple[ColumnPair, ...]:
    """Pairs of columns of the same type on both sides."""
    columns = [Column(name, type_) for name, type_ in types.items()]
    return pair_columns(columns, columns)


def changed(base: tuple[Value, ...], head: tuple[Value, ...], count: int = 1) -> DifferingRow:
    places = frozenset(place for place, (old, new) in enumerate(zip(base, head, strict=True)) if old != new)
    return DifferingRow("changed", base, head, places, count)


def added(*head: Value, count: int = 1) -> DifferingRow:
    return DifferingRow("added", (), head, count=count)


def removed(*base: Value, count: int = 1) -> DifferingRow:
    return DifferingRow("removed", base, count=count)
