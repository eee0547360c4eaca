"""Everything the reviewer is told, with a one-word verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rocky_action.domain.audit import Audit
from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.execution import Execution
from rocky_action.domain.findings import Finding
from rocky_action.domain.history import Content
from rocky_action.domain.plan import Plan
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.self_test import SelfTest


class Verdict(StrEnum):
    """The report's one-word answer, from best to worst."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"
    NOT_CHECKED = "not_checked"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """0 for the best, 4 for the worst."""
        return list(Verdict).index(self)


class Severity(StrEnum):
    """How much a caveat weighs: ``warning`` could change the reviewer's decision, ``note`` is good to know."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Caveat:
    """One thing the reader must know; ``model``, ``path`` and ``line`` in head say where it belongs, if anywhere."""

    severity: Severity
    message: str
    model: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Remark:
    """What an edited line of head's files does to the data of its ``model``, and of those that read that.

    ``message`` completes "MODEL: …".
    """

    model: str
    message: str
    path: str
    line: int


@dataclass(frozen=True)
class Edge:
    """One arrow of the model-level DAG, from the model that is read to the model that reads."""

    upstream: str
    downstream: str


@dataclass(frozen=True)
class Provenance:
    """What was compared by what, so that a reader can repeat it. Times are ISO 8601 in UTC."""

    tool_version: str
    preview_name: str
    started_at: str
    warehouse: str
    run_url: str | None = None


UncheckedKind = Literal["no_login", "adapter", "capped"]


@dataclass(frozen=True)
class Unchecked:
    """Why nothing was run or compared although something had to be, and what somebody can do about it.

    ``kind``: nobody has a login, there is none for the adapter as the pull request changes it, or the preview would not
    have kept within its cap.
    """

    because: str
    advice: str
    kind: UncheckedKind = "no_login"


@dataclass(frozen=True)
class Report:
    """All of it. The verdict is never better than its worst part; ``findings`` and ``remarks`` are no part of it.

    ``audit`` and ``self_test`` are None where none was asked for or nothing ran, ``unchecked`` where the warehouse was
    reached or not needed. What is in ``contents`` is for the comment's memory: never shown, nor written to a file.
    ``unseen`` are the paths of changed files whose effect no comparison of models shows: seeds, and where data is.
    """

    verdict: Verdict
    comparison: Comparison
    changes: ChangeSet
    plan: Plan
    execution: Execution
    diffs: tuple[ModelDiff, ...]
    cost: CostDelta
    provenance: Provenance
    caveats: tuple[Caveat, ...] = ()
    edges: tuple[Edge, ...] = ()
    audit: Audit | None = None
    findings: tuple[Finding, ...] = ()
    unchecked: Unchecked | None = None
    contents: tuple[Content, ...] = ()
    remarks: tuple[Remark, ...] = ()
    self_test: SelfTest | None = None
    unseen: tuple[str, ...] = ()

    @property
    def gated(self) -> Verdict:
        """The verdict for a gate: what a pull request itself keeps from being checked is failed."""
        own_doing = self.unchecked is not None and self.unchecked.kind == "adapter"
        return Verdict.FAILED if own_doing else self.verdict

    def diff_of(self, model: str) -> ModelDiff | None:
        """The diff of one model, None for models that have no relation or were not run."""
        return next((diff for diff in self.diffs if diff.model == model), None)
