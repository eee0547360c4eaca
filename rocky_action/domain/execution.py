"""What was cloned and run, model by model, on both sides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage


class Side(StrEnum):
    """The two sides, always in this order."""

    BASE = "base"
    HEAD = "head"


class CloneMethod(StrEnum):
    """How a relation was really cloned."""

    VIEW = "view"
    CTAS = "ctas"
    SHALLOW_CLONE = "shallow_clone"
    ZERO_COPY = "zero_copy_clone"
    TABLE_CLONE = "table_clone"
    TABLE_COPY = "table_copy"


@dataclass(frozen=True)
class Clone:
    """How a relation was cloned, and why nothing cheaper would do, where something cheaper exists."""

    method: CloneMethod
    because: str | None = None


APPENDED = "appended to a copy of base"
"""The note on a table to which a strategy only ever adds."""


@dataclass(frozen=True)
class Succeeded:
    """The model was built; ``note`` says what a reader must know about how (partitions run, and the like)."""

    relation: Relation
    usage: Usage
    note: str | None = None
    kind: Literal["succeeded"] = "succeeded"


@dataclass(frozen=True)
class Failed:
    """The warehouse, or our reading of the SQL, refused the model."""

    message: str
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True)
class NotRun:
    """Nothing was tried; ``because`` completes the sentence "not run because …"."""

    because: str
    kind: Literal["not_run"] = "not_run"


@dataclass(frozen=True)
class Inlined:
    """An ephemeral model: it has no relation, its query is part of its readers."""

    kind: Literal["inlined"] = "inlined"


RunOutcome = Succeeded | Failed | NotRun | Inlined


def blocked(upstreams: Collection[str], outcomes: Mapping[str, RunOutcome]) -> NotRun | None:
    """What becomes of a model if one of those that it reads was not built."""
    for name in upstreams:
        outcome = outcomes[name]
        if isinstance(outcome, Failed):
            return NotRun(f"{name}, which it reads, failed")
        if isinstance(outcome, NotRun):
            return NotRun(f"{name}, which it reads, was not run")
    return None


def said(outcome: RunOutcome) -> str:
    """What is known about why a model was not built."""
    match outcome:
        case Failed(message=message):
            return message
        case NotRun(because=because):
            return because
        case Succeeded() | Inlined():
            return "nothing"


@dataclass(frozen=True)
class ModelRun:
    """One model on one side; ``sql_hash`` is its fingerprint, ``method`` its strategy, None where nobody noted them."""

    model: str
    side: Side
    outcome: RunOutcome
    sql_hash: str | None = None
    method: str | None = None


@dataclass(frozen=True)
class Cloned:
    """One model of the copy set in the preview schema; ``method`` is what was really done.

    ``because`` says why nothing cheaper would do, where something cheaper exists.
    """

    model: str
    source: Relation
    target: Relation
    method: CloneMethod
    because: str | None = None


@dataclass(frozen=True)
class NotCloned:
    """A model of the copy set that is not in the preview schema, and why."""

    model: str
    because: str


class BaselineKind(StrEnum):
    """Where the base side of one model comes from."""

    EXISTING = "existing"
    REBUILT = "rebuilt"
    NONE = "none"


@dataclass(frozen=True)
class BaseSide:
    """What head's model is compared with. ``relation`` is None when there is nothing (a new model, a failed rebuild).

    ``note`` says why there is nothing, or what makes the comparison less than like for like.
    """

    model: str
    kind: BaselineKind
    relation: Relation | None = None
    note: str | None = None


class RunStatus(StrEnum):
    """Rocky's words for a whole run."""

    PLANNED = "planned"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True)
class Execution:
    """A ModelRun for every model of the prune set on head, one for every model rebuilt on base, and the clones.

    ``base_sides`` has an entry for every prune-set model. ``duration_ms`` is wall clock for all of it.
    ``built_from`` identifies the models as they were built, so that a later look can tell that they have changed.
    ``again_runs`` are the second builds of what was rebuilt on base, None if nobody asked for any; no model's cost
    counts them. ``spent`` is what all of it took until it was recorded, None where nobody measured it.
    """

    run_id: str
    schema: str
    head_runs: tuple[ModelRun, ...] = ()
    base_runs: tuple[ModelRun, ...] = ()
    clones: tuple[Cloned | NotCloned, ...] = ()
    base_sides: tuple[BaseSide, ...] = ()
    duration_ms: int = 0
    built_from: str = ""
    again_runs: tuple[ModelRun, ...] | None = None
    spent: Usage | None = None

    @property
    def status(self) -> RunStatus:
        """Succeeded if every head run did, failed if none did, partial between; planned if there was no run at all."""
        tried = [run.outcome for run in self.head_runs if not isinstance(run.outcome, Inlined)]
        if tried and not self.run_id:
            return RunStatus.PLANNED
        good = sum(isinstance(outcome, Succeeded) for outcome in tried)
        if good == len(tried):
            return RunStatus.SUCCEEDED
        return RunStatus.PARTIAL if good else RunStatus.FAILED

    def head_run(self, model: str) -> ModelRun | None:
        """Head's run of one model, None if it is not in the prune set."""
        return next((run for run in self.head_runs if run.model == model), None)

    def base_run(self, model: str) -> ModelRun | None:
        """Base's run of one model, None if base was not rebuilt for it."""
        return next((run for run in self.base_runs if run.model == model), None)

    def again_run(self, model: str) -> ModelRun | None:
        """The second build of one of base's models, None if there is none."""
        return next((run for run in self.again_runs or () if run.model == model), None)

    def base_side(self, model: str) -> BaseSide | None:
        """What one model is compared with, None if it is not in the prune set."""
        return next((side for side in self.base_sides if side.model == model), None)
