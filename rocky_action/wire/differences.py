"""What one comparison of two relations found: the parts that ``preview-diff`` and ``preview-compare`` share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rocky_action.domain.diff import CellChange, Column, ModelDiff, RowExample, SchemaDiff
from rocky_action.domain.diff import Key as DomainKey
from rocky_action.wire.document import Part


class TypeChange(Part):
    """A column of both sides whose type differs."""

    name: str
    base_type: str = Field(serialization_alias="from")
    head_type: str = Field(serialization_alias="to")


class ColumnType(Part):
    """A column and its type as the warehouse spells it."""

    name: str
    type: str


class Structural(Part):
    """Columns that differ. Ours: ``added`` and ``removed`` with types, ``reordered``."""

    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    type_changes: tuple[TypeChange, ...]
    added: tuple[ColumnType, ...]
    removed: tuple[ColumnType, ...]
    reordered: bool


class Key(Part):
    """The columns that identify a row, and whether they do; the counts are rows, and keys that occur twice."""

    columns: tuple[str, ...]
    origin: str
    unique_base: bool | None
    unique_head: bool | None
    null_base: int
    null_head: int
    duplicates_base: int
    duplicates_head: int


class ChangedColumn(Part):
    """How many rows of both sides have another value in this column."""

    name: str
    rows_changed: int


class KeyValue(Part):
    """One column of a row's key; null is SQL's NULL."""

    column: str
    value: str | None


class Cell(Part):
    """One cell of an example row; null is SQL's NULL, or a side that has no such row, or a ``masked`` value."""

    column: str
    base_value: str | None
    head_value: str | None
    masked: bool


class Example(Part):
    """One row that differs: its key, if there is one, and the cells worth showing. ``count`` is how often it occurs."""

    kind: Literal["added", "removed", "changed"]
    key: tuple[KeyValue, ...]
    cells: tuple[Cell, ...]
    count: int


def structural(schema: SchemaDiff) -> Structural:
    """The schema diff as the wire says it."""
    return Structural(
        added_columns=tuple(column.name for column in schema.added),
        removed_columns=tuple(column.name for column in schema.removed),
        type_changes=tuple(
            TypeChange(name=change.name, base_type=change.base_type, head_type=change.head_type)
            for change in schema.type_changes
        ),
        added=_typed(schema.added),
        removed=_typed(schema.removed),
        reordered=schema.reordered,
    )


def _typed(columns: tuple[Column, ...]) -> tuple[ColumnType, ...]:
    return tuple(ColumnType(name=column.name, type=column.type) for column in columns)


def key_of(key: DomainKey | None) -> Key | None:
    """The key as the wire says it, null for a multiset."""
    if key is None:
        return None
    return Key(
        columns=key.columns,
        origin=key.origin,
        unique_base=key.unique_base,
        unique_head=key.unique_head,
        null_base=key.null_rows_base,
        null_head=key.null_rows_head,
        duplicates_base=key.duplicate_keys_base,
        duplicates_head=key.duplicate_keys_head,
    )


def changed_columns(diff: ModelDiff) -> tuple[ChangedColumn, ...]:
    """Changed rows, by column."""
    return tuple(ChangedColumn(name=column.name, rows_changed=column.rows_changed) for column in diff.rows.columns)


def examples(diff: ModelDiff) -> tuple[Example, ...]:
    """The example rows as the wire says them."""
    return tuple(_example(example) for example in diff.rows.examples)


def _example(example: RowExample) -> Example:
    return Example(
        kind=example.kind,
        key=tuple(KeyValue(column=column, value=value) for column, value in example.key),
        cells=tuple(_cell(cell) for cell in example.cells),
        count=example.count,
    )


def _cell(cell: CellChange) -> Cell:
    return Cell(
        column=cell.column,
        base_value=None if cell.masked else cell.base,
        head_value=None if cell.masked else cell.head,
        masked=cell.masked,
    )
