"""The plan: which models run, which are cloned, which are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NOTHING_CHANGED = "reads nothing that changed"
"""Why most models are left alone."""


class PruneReason(StrEnum):
    """Why a model runs; the spelling is Rocky's wire contract."""

    CHANGED = "changed"
    DOWNSTREAM = "downstream_of_changed"


@dataclass(frozen=True)
class PlannedModel:
    """A model of the prune set.

    ``base_model`` is its name in base, None if it is new. ``after`` names the prune-set models it must wait for.
    ``former`` is the relation that base builds and head does not: the model has moved, or has no table any more.
    """

    model: str
    reason: PruneReason
    why: str
    changed_columns: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    base_model: str | None = None
    former: str | None = None


@dataclass(frozen=True)
class LeftModel:
    """A model that does not run, with the reason in one line.

    ``readers`` are head's models that read a removed one all the same.
    """

    model: str
    why: str
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class MovedModel:
    """A model that head builds elsewhere, while ``readers`` of head's still read the ``former`` relation."""

    model: str
    former: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Disjoint sets that together are exactly head's models; ``removed`` are base's that head has not.

    ``moved`` are only those models, renamed or not, whose former relation is still read.

    ``prune_set`` is in run order: every model after those it reads, ties alphabetical.
    """

    prune_set: tuple[PlannedModel, ...] = ()
    copy_set: tuple[LeftModel, ...] = ()
    skipped: tuple[LeftModel, ...] = ()
    removed: tuple[LeftModel, ...] = ()
    moved: tuple[MovedModel, ...] = ()

    @property
    def prune_names(self) -> tuple[str, ...]:
        """Names of the prune set in run order."""
        return tuple(planned.model for planned in self.prune_set)

    @property
    def copy_names(self) -> tuple[str, ...]:
        """Names of the copy set, sorted."""
        return tuple(left.model for left in self.copy_set)
