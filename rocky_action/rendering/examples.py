"""Example rows as tables: the key first, then old and new values side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rocky_action.domain.diff import CellChange, ModelDiff, RowExample, Sampled
from rocky_action.rendering.figures import count, plural
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import MASKED, Md, code, value, value_change

WIDEST = 8
"""Columns of one example table; a wider one scrolls sideways on a laptop."""

Kind = Literal["changed", "removed", "added"]


@dataclass(frozen=True)
class Examples:
    """Example rows of one kind under a caption that says of how many."""

    caption: Md
    table: Table


def example_tables(diff: ModelDiff, limit: int) -> Iterator[Examples]:
    """A table per kind of difference, what is lost first; at most ``limit`` rows each."""
    totals: tuple[tuple[Kind, int | None], ...] = (
        ("changed", diff.rows.changed),
        ("removed", diff.rows.removed),
        ("added", diff.rows.added),
    )
    for kind, total in totals:
        rows = [example for example in diff.rows.examples if example.kind == kind][:limit]
        if rows:
            yield _examples(diff, rows, total=total)


def _examples(diff: ModelDiff, rows: Sequence[RowExample], *, total: int | None) -> Examples:
    keys = list(dict.fromkeys(name for row in rows for name, _ in row.key))[:WIDEST]
    weights = {column.name: column.rows_changed for column in diff.rows.columns}
    seen = dict.fromkeys(cell.column for row in rows for cell in row.cells if cell.column not in keys)
    columns = sorted(seen, key=lambda name: -weights.get(name, 0)) if rows[0].kind == "changed" else list(seen)
    shown = columns[: max(1, WIDEST - len(keys))]
    others = dict.fromkeys(name for row in rows for name, _ in row.alike if name not in shown)
    shown = [*list(others)[: WIDEST - len(keys) - len(shown)], *shown]
    repeated = any(row.count != 1 for row in rows)
    header = [*(Md(f"🔑 {code(name, 40)}") for name in keys), *(code(name, 40) for name in shown)]
    table = Table(
        tuple([*header, Md("Times")] if repeated else header),
        tuple(_cells(row, keys, columns=shown, repeated=repeated) for row in rows),
    )
    return Examples(
        _caption(diff, rows, total=total, hidden=len(columns) - sum(name in columns for name in shown)), table
    )


def _cells(row: RowExample, keys: Sequence[str], *, columns: Sequence[str], repeated: bool) -> tuple[Md, ...]:
    key = dict(row.key)
    cells = {cell.column: cell for cell in row.cells}
    alike = dict(row.alike)
    shown = [value(key[name]) if name in key else Md("") for name in keys]
    for name in columns:
        cell = cells.get(name)
        if cell is None and name in alike:
            shown.append(value(alike[name]))
        else:
            shown.append(_cell(cell, row.kind) if cell else Md("*same*" if row.kind == "changed" else ""))
    return tuple([*shown, count(row.count)] if repeated else shown)


def _cell(cell: CellChange, kind: Kind) -> Md:
    if kind == "changed":
        return Md("*masked, differs*") if cell.masked else value_change(cell.base, cell.head)
    if cell.masked:
        return MASKED
    return value(cell.base if kind == "removed" else cell.head)


def _caption(diff: ModelDiff, rows: Sequence[RowExample], *, total: int | None, hidden: int) -> Md:
    kind = rows[0].kind.capitalize()
    shown = sum(row.count for row in rows)
    of = f", {count(shown)} of {count(total)}" if total is not None and total > shown else ""
    found = " found" if of and isinstance(diff.coverage, Sampled) else ""
    rest = f" ({plural(hidden, 'more column')} not shown)" if hidden else ""
    return Md(f"**{kind} rows**{of}{found}{rest}")
