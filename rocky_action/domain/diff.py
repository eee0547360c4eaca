"""What differs between two relations, and which rows were really looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

Value = str | None
"""A cell as text for a person to read; None is SQL's NULL, which is not the empty string."""


@dataclass(frozen=True)
class Exhaustive:
    """Every row of both sides was compared."""

    method: Literal["keyed", "multiset"]
    kind: Literal["exhaustive"] = "exhaustive"


@dataclass(frozen=True)
class Sampled:
    """Only some rows were compared: ``rows_compared`` keys, taken in an order of the key ``ordered_by``.

    ``rows_total`` are the rows of the longer side; of both sides if more keys than that were compared. ``order``
    "first" takes the smallest keys and says nothing about the others; "random" takes keys by their hash, the same on
    both sides, so that ``detectable_share`` holds: the smallest share of differing rows that such a sample shows with
    95 % confidence. It is None where keys repeat: rows that share a key are drawn together.
    """

    rows_compared: int
    rows_total: int
    ordered_by: tuple[str, ...]
    order: Literal["first", "random"] = "first"
    detectable_share: float | None = None
    kind: Literal["sampled"] = "sampled"


@dataclass(frozen=True)
class NotCompared:
    """No row was compared; ``reason`` completes the sentence "not compared because …".

    ``fixable`` when the reason is what was asked for, such as ignoring every column, and not the outside world.
    """

    reason: str
    kind: Literal["not_compared"] = "not_compared"
    fixable: bool = False


Coverage = Exhaustive | Sampled | NotCompared


@dataclass(frozen=True)
class BisectionStats:
    """What a bisection by checksum looked at; ``split`` is how it cut the keys into chunks."""

    chunks_examined: int
    leaves_materialized: int
    depth_max: int
    depth_capped: bool
    split: Literal["int_range", "composite", "hash_bucket"]


Way = Literal["positions", "join", "checksums", "groups", "bisection", "nothing"]
"""How rows were brought together.

"positions": row by row where they stand, proved to be the same rows; "join": by key, all values; "checksums": sums of
hashes by column first, then a join by key that reads the columns whose sums differ; "groups": equal rows cancel;
"bisection": checksums of chunks, then a join of those that differ; "nothing": no row.
"""


@dataclass(frozen=True)
class Proof:
    """How a result was come by: ``why`` is one sentence of the chooser's.

    ``odds`` bounds the chance that a difference went unseen because checksums of different rows agree; it is 0 where
    the values themselves were compared.
    """

    way: Way
    why: str = ""
    odds: float = 0.0
    bisection: BisectionStats | None = None


@dataclass(frozen=True)
class Numbers:
    """A numeric column of one side, all its rows.

    Figures are text as the warehouse writes them, None for a column without values and for a masked one. ``distinct``
    is an estimate (HyperLogLog) unless ``distinct_exact``, and None where it was not counted. A sum of floats depends
    on the order they are added in: two sums that differ by no more than that are given as the same.
    """

    rows: int
    nulls: int
    distinct: int | None
    sum: Value
    mean: Value
    min: Value
    max: Value
    distinct_exact: bool = False


@dataclass(frozen=True)
class Histogram:
    """The examined differing rows by value, in equal steps from ``low`` to ``high``.

    Changed rows are counted where this column changed. The outer steps hold what lies beyond them.
    """

    low: float
    high: float
    base: tuple[int, ...]
    head: tuple[int, ...]


@dataclass(frozen=True)
class NumericChange:
    """A numeric column, base → head."""

    column: str
    base: Numbers
    head: Numbers
    histogram: Histogram | None = None


@dataclass(frozen=True)
class ValueMove:
    """How often a value occurs among the ``rows_examined`` differing rows of a category, in base and in head."""

    value: Value
    base: int
    head: int


@dataclass(frozen=True)
class CategoryChange:
    """A column of few values: those whose number moved most, the largest move first."""

    column: str
    values: tuple[ValueMove, ...]


@dataclass(frozen=True)
class Slice:
    """Rows with one value in one column: their part of the differing rows, and of the whole table.

    A changed or removed row counts with its value in base, an added one with that in head; the table is base and the
    added rows. The value of a date or a time may be a year or a month of it (``2026``, ``2026-03``). ``rows_differing``
    are some of the profile's ``rows_examined``. Both shares are from 0 to 1; ``lift`` is their ratio.
    """

    column: str
    value: Value
    rows_differing: int
    share_of_differing: float
    share_of_table: float

    @property
    def lift(self) -> float:
        """How many times more of the differing rows than of the table."""
        return self.share_of_differing / self.share_of_table


@dataclass(frozen=True)
class Profile:
    """What the difference looks like.

    Categories and slices come from ``rows_examined`` of the ``rows_differing`` rows: all of them, or a sample.
    """

    rows_examined: int = 0
    rows_differing: int = 0
    numbers: tuple[NumericChange, ...] = ()
    categories: tuple[CategoryChange, ...] = ()
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True)
class Unstable:
    """A column (None: the rows themselves) whose values need not be the same when the same model is built again.

    ``rows_differing`` is how many rows differed between two builds of base, None if that was not measured.
    """

    column: str | None
    why: str
    rows_differing: int | None = None


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
    """The columns that identify a row, where they come from, and what the data says about them.

    ``unique_base`` and ``unique_head`` are None where nothing depended on it: rows that are all equal, or whose partner
    is known, were not searched for a key that occurs twice.
    """

    columns: tuple[str, ...]
    origin: str
    unique_base: bool | None
    unique_head: bool | None
    null_rows_base: int = 0
    null_rows_head: int = 0
    duplicate_keys_base: int = 0
    duplicate_keys_head: int = 0

    @property
    def is_proven(self) -> bool:
        """True when no key value is known to occur twice on either side (NULL counted as a value)."""
        return self.unique_base is not False and self.unique_head is not False


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
    ``count`` is how often the row occurs, for multisets. ``alike`` are a changed row's other values where no key says
    which row it is.
    """

    kind: Literal["added", "removed", "changed"]
    key: tuple[tuple[str, Value], ...] = ()
    cells: tuple[CellChange, ...] = ()
    count: int = 1
    alike: tuple[tuple[str, Value], ...] = ()


SizeChange = Literal["emptied", "halved", "doubled"]
"""No row of base is left, fewer than half as many are, or at least twice as many."""


@dataclass(frozen=True)
class RowDiff:
    """Row counts of both sides and what differs.

    base + added - removed = head, always, when coverage is exhaustive. A sample counts its own rows only.
    ``added``, ``removed``, ``changed`` are None when nothing was compared. ``changed`` needs a key: without one a
    changed row counts as one removed and one added, except for ``paired`` ones: rows that belong together without any
    doubt, which count as changed and are among ``changed``.
    """

    rows_base: int | None
    rows_head: int | None
    added: int | None = None
    removed: int | None = None
    changed: int | None = None
    columns: tuple[ColumnChange, ...] = ()
    examples: tuple[RowExample, ...] = ()
    paired: int = 0

    @property
    def differs(self) -> bool:
        """True when a difference was found; False says nothing about rows that were not looked at."""
        counted = self.rows_base is not None and self.rows_head is not None
        return bool(self.added or self.removed or self.changed) or (counted and self.rows_base != self.rows_head)

    @property
    def size_change(self) -> SizeChange | None:
        """What nobody does by intention without saying so; None where base had no row, or a side was not counted."""
        if not self.rows_base or self.rows_head is None:
            return None
        if 2 * self.rows_head < self.rows_base:
            return "halved" if self.rows_head else "emptied"
        return "doubled" if self.rows_head >= 2 * self.rows_base else None


_SIZES = {
    "emptied": "it became empty",
    "halved": "it lost more than half of its rows",
    "doubled": "it has at least twice its rows",
}


def size_words(rows: RowDiff) -> str | None:
    """What nobody expects of a number of rows, completing "MODEL: …"; None where there is nothing of the kind."""
    size = rows.size_change
    if size is None:
        return None
    head = f"{rows.rows_head:,}" if rows.rows_head else "none"
    return f"{_SIZES[size]}: {rows.rows_base or 0:,} rows in base, {head} in head"


NAMED = "named in `mask_columns`"


@dataclass(frozen=True)
class MaskedColumn:
    """A column whose values are not shown; ``why`` says who wants it so."""

    name: str
    why: str


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
    proof: Proof = Proof("nothing")
    profile: Profile | None = None
    unstable: tuple[Unstable, ...] = ()
    masked_columns: tuple[MaskedColumn, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing that was looked at differs. Read it together with ``coverage``."""
        return self.schema.is_empty and not self.rows.differs

    @property
    def rows_unchanged(self) -> int | None:
        """Rows that are the same on both sides; None unless every row was compared."""
        rows = self.rows
        match self.coverage:
            case Exhaustive() if rows.rows_base is not None and rows.removed is not None:
                return rows.rows_base - rows.removed - (rows.changed or 0)
            case Exhaustive() | Sampled() | NotCompared():
                return None
            case _:
                assert_never(self.coverage)

    @property
    def unstable_columns(self) -> frozenset[str]:
        """Names, in lower case, of columns that differ by chance, unless two builds of base agreed in them."""
        return frozenset(
            one.column.lower() for one in self.unstable if one.column is not None and one.rows_differing != 0
        )

    @property
    def differs_by_chance(self) -> bool:
        """True when all rows that differ may do so because building again gives other values, whatever the change."""
        rows = self.rows
        if not rows.differs:
            return False
        if any(one.column is None and one.rows_differing != 0 for one in self.unstable):
            return True
        changed = {column.name.lower() for column in rows.columns if column.rows_changed}
        same_rows = not (rows.added or rows.removed) and rows.rows_base == rows.rows_head
        return same_rows and bool(changed) and changed <= self.unstable_columns
