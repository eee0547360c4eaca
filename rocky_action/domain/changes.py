"""The change set: which models a pull request changes, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal


class ChangeKind(StrEnum):
    """How a model differs between base and head; ``COSMETIC`` is what provably means the same."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CONFIG = "config"
    COSMETIC = "cosmetic"
    COLUMNS = "columns"
    ROWS = "rows"


@dataclass(frozen=True)
class Untouched:
    """The relation is provably the same: columns, order of columns, rows."""

    kind: Literal["untouched"] = "untouched"


@dataclass(frozen=True)
class SomeColumns:
    """The same rows, and only these columns differ, are new or are gone; names folded to lower case.

    The columns that both sides have stand in the same order. A name that was taken already stands for the warehouse's
    own spelling of it too: the second column called id becomes id_1.
    """

    columns: frozenset[str]
    kind: Literal["some_columns"] = "some_columns"


@dataclass(frozen=True)
class AllRows:
    """Anything may differ."""

    kind: Literal["all_rows"] = "all_rows"


Effect = Untouched | SomeColumns | AllRows
"""What a change does to the relation that a model is."""


def both(one: Effect, other: Effect) -> Effect:
    """Two effects on the same relation, one after the other."""
    match one, other:
        case (AllRows(), _) | (_, AllRows()):
            return AllRows()
        case SomeColumns(columns=columns), SomeColumns(columns=more):
            return SomeColumns(columns | more)
        case Untouched(), _:
            return other
        case _:
            return one


@dataclass(frozen=True)
class ModelChange:
    """One model's change. ``columns`` is filled for kind ``columns`` only; empty otherwise means all of them.

    ``effect`` is what it does to the model's own relation. ``renamed_columns`` are computed as before and called
    otherwise, as (old, new).
    """

    model: str
    kind: ChangeKind
    path: str
    why: str
    columns: tuple[str, ...] = ()
    renamed_from: str | None = None
    renamed_columns: tuple[tuple[str, str], ...] = ()
    effect: Effect = AllRows()

    @property
    def affects_data(self) -> bool:
        """False for what provably means the same, true for everything else."""
        return self.kind is not ChangeKind.COSMETIC


@dataclass(frozen=True)
class ChangeSet:
    """Changes by model, sorted by model name; empty when a project is compared with itself."""

    changes: tuple[ModelChange, ...] = ()

    def of(self, model: str) -> ModelChange | None:
        """The change of one model of head or base, None if it has none."""
        return self._by_model.get(model)

    @cached_property
    def _by_model(self) -> Mapping[str, ModelChange]:
        return {change.model: change for change in self.changes}
