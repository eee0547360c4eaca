"""What differs between two relations, and which rows were really looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Value = str | None
"""A cell as text for a person to read; None is SQL's NULL, which is not the empty string."""


@dataclass(frozen=True)
class Exhaustive:
    """Every row of both sides was compared."""

    method: Literal["keyed", "multiset"]
    kind: Literal["exhaustive"] = "exhaustive"


@dataclass(frozen=True)
class Sampled:
    """Only some rows were compared: ``rows_compared`` keys of ``rows_total``, taken in ``ordered_by`` order."""

    rows_compared: int
    rows_total: int
    ordered_by: tuple[str, ...]
    kind: Literal["sampled"] = "sampled"


@dataclass(frozen=True)
class NotCompared:
    """No row was compared; ``reason`` completes the sentence "not compared because …"."""

    reason: str
    kind: Literal["not_compared"] = "not_compared"


Coverage = Exhaustive | Sampled | NotCompared


@dataclass(frozen=True)
class Column:
    """A column's name and its type as the warehouse spells it."""

    name: str
    type: str


@dataclass(frozen=True)
class TypeChange:
    """A column of both sides whose type differs."""

    name: str
    base_type: str
    head_type: str


@dataclass(frozen=True)
class SchemaDiff:
    """Columns only in head, only in base, and with another type; ``reordered`` when common columns changed places."""

    added: tuple[Column, ...] = ()
    removed: tuple[Column, ...] = ()
    type_changes: tuple[TypeChange, ...] = ()
    reordered: bool = False

    @property
    def is_empty(self) -> bool:
        """True when both sides have the same columns with the same types in the same order."""
        return not (self.added or self.removed or self.type_changes or self.reordered)


@dataclass(frozen=True)
class Key:
    """The columns that identify a row, where they come from, and what the data says about them."""

    columns: tuple[str, ...]
    origin: str
    unique_base: bool
    unique_head: bool
    null_rows_base: int = 0
    null_rows_head: int = 0
    duplicate_keys_base: int = 0
    duplicate_keys_head: int = 0

    @property
    def is_proven(self) -> bool:
        """True when no key value occurs twice on either side (NULL counted as a value)."""
        return self.unique_base and self.unique_head


@dataclass(frozen=True)
class ColumnChange:
    """How many rows of both sides have another value in this column."""

    name: str
    rows_changed: int


@dataclass(frozen=True)
class CellChange:
    """One cell of an example row; ``masked`` values are not shown, only that they differ."""

    column: str
    base: Value
    head: Value
    masked: bool = False


@dataclass(frozen=True)
class RowExample:
    """One example row: its key (empty without a key) and the cells worth showing.

    For a changed row only the changed cells; for an added or removed row all of them, the absent side being None.
    ``count`` is how often the row occurs, for multisets.
    """

    kind: Literal["added", "removed", "changed"]
    key: tuple[tuple[str, Value], ...] = ()
    cells: tuple[CellChange, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class RowDiff:
    """Row counts of both sides and what differs.

    base + added - removed = head, always, when coverage is exhaustive. A sample counts its own rows only.
    ``added``, ``removed``, ``changed`` are None when nothing was compared. ``changed`` needs a key: a multiset diff
    shows a changed row as one removed and one added.
    """

    rows_base: int | None
    rows_head: int | None
    added: int | None = None
    removed: int | None = None
    changed: int | None = None
    columns: tuple[ColumnChange, ...] = ()
    examples: tuple[RowExample, ...] = ()

    @property
    def differs(self) -> bool:
        """True when a difference was found; False says nothing about rows that were not looked at."""
        counted = self.rows_base is not None and self.rows_head is not None
        return bool(self.added or self.removed or self.changed) or (counted and self.rows_base != self.rows_head)


@dataclass(frozen=True)
class ModelDiff:
    """One prune-set model, base against head. ``compared_columns`` are the common ones that were looked at."""

    model: str
    schema: SchemaDiff
    rows: RowDiff
    coverage: Coverage
    key: Key | None = None
    compared_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    new: bool = False
    """True for a model that base does not have: all its rows are new and there is nothing to compare."""

    @property
    def is_empty(self) -> bool:
        """True when nothing that was looked at differs. Read it together with ``coverage``."""
        return self.schema.is_empty and not self.rows.differs
