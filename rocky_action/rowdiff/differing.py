"""Rows that differ, brought here as text: what examples are chosen from and where the change is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rocky_action.domain.diff import Value
from rocky_action.rowdiff.schema import ColumnPair

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class DifferingRow:
    """One row; ``base`` and ``head`` hold a text for each of ``Differing.columns``, or nothing if that side lacks it.

    ``changed`` are the places in ``Differing.columns`` whose values differ, for a changed row. ``count`` is how often
    the row occurs.
    """

    kind: Kind
    base: tuple[Value, ...] = ()
    head: tuple[Value, ...] = ()
    changed: frozenset[int] = frozenset()
    count: int = 1


@dataclass(frozen=True)
class Differing:
    """Rows that differ: all ``total`` of them if they are few, or a sample spread over them.

    The first ``key_columns`` of ``columns`` are the key. Values of columns in ``masked`` (lower-case names) stay in the
    warehouse: their texts are None here, whatever they are there.
    """

    columns: tuple[ColumnPair, ...]
    key_columns: int
    rows: tuple[DifferingRow, ...]
    total: int
    masked: frozenset[str] = frozenset()

    @property
    def is_complete(self) -> bool:
        """True when every differing row is here."""
        return sum(row.count for row in self.rows) >= self.total
