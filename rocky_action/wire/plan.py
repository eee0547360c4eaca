"""``preview-plan``: what changed and what would run. A document of our own; Rocky has none like it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.findings import Finding
from rocky_action.domain.plan import LeftModel, MovedModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.report import Caveat
from rocky_action.wire.document import Document, Part
from rocky_action.wire.findings import FoundIn


class RenamedColumn(Part):
    """A column that is computed as before under another name."""

    old: str
    new: str


class Change(Part):
    """One model of the change set. No ``columns`` means all of them, but for a cosmetic change: none.

    Both names of a renamed column are among ``columns``.
    """

    model_name: str
    kind: ChangeKind
    columns: tuple[str, ...]
    path: str
    why: str
    renamed_from: str | None
    renamed_columns: tuple[RenamedColumn, ...]

    @classmethod
    def of(cls, change: ModelChange) -> Change:
        """The change as the wire says it."""
        return cls(
            model_name=change.model,
            kind=change.kind,
            columns=change.columns,
            path=change.path,
            why=change.why,
            renamed_from=change.renamed_from,
            renamed_columns=tuple(RenamedColumn(old=old, new=new) for old, new in change.renamed_columns),
        )


class Planned(Part):
    """One model of the prune set."""

    model_name: str
    reason: PruneReason
    changed_columns: tuple[str, ...]
    why: str

    @classmethod
    def of(cls, planned: PlannedModel) -> Planned:
        """The planned model as the wire says it."""
        return cls(
            model_name=planned.model,
            reason=planned.reason,
            changed_columns=planned.changed_columns,
            why=planned.why,
        )


class Left(Part):
    """A model that does not run, and why."""

    model_name: str
    why: str

    @classmethod
    def all_of(cls, models: Iterable[LeftModel]) -> tuple[Left, ...]:
        """The models as the wire says them."""
        return tuple(cls(model_name=left.model, why=left.why) for left in models)


class Warned(Part):
    """Something about a model of the prune set that its text does not say."""

    model_name: str
    path: str
    message: str

    @classmethod
    def of(cls, caveat: Caveat) -> Warned:
        """The caveat as the wire says it."""
        return cls(model_name=caveat.model or "", path=caveat.path or "", message=caveat.message)


class StillRead(Part):
    """A model that is removed, or built elsewhere now, and whose former relation others still read."""

    model_name: str
    readers: tuple[str, ...]

    @classmethod
    def of(cls, gone: LeftModel | MovedModel) -> StillRead:
        """The model as the wire says it."""
        return cls(model_name=gone.model, readers=gone.readers)


class PlanDocument(Document):
    """The change set and the plan; the prune set is in run order.

    ``copy_set``, ``skipped_set`` and ``removed_set`` are names; ``copied``, ``skipped`` and ``removed`` are the same
    models, each with the reason.
    """

    command: Literal["preview-plan"] = "preview-plan"
    base_ref: str
    merge_base: str
    head_ref: str
    head_commit: str
    changes: tuple[Change, ...]
    prune_set: tuple[Planned, ...]
    copy_set: tuple[str, ...]
    skipped_set: tuple[str, ...]
    removed_set: tuple[str, ...]
    copied: tuple[Left, ...]
    skipped: tuple[Left, ...]
    removed: tuple[Left, ...]
    still_read: tuple[StillRead, ...]
    warnings: tuple[Warned, ...]
    findings: tuple[FoundIn, ...]


def plan_document(
    comparison: Comparison,
    plan: Plan,
    *,
    changes: ChangeSet,
    caveats: Iterable[Caveat] = (),
    findings: Iterable[Finding] = (),
) -> PlanDocument:
    """What changed, what would run, and what that means for whoever reads the models."""
    return PlanDocument(
        base_ref=comparison.base_ref,
        merge_base=comparison.merge_base,
        head_ref=comparison.head_ref,
        head_commit=comparison.head_commit,
        changes=tuple(Change.of(change) for change in changes.changes),
        prune_set=tuple(Planned.of(planned) for planned in plan.prune_set),
        copy_set=plan.copy_names,
        skipped_set=tuple(left.model for left in plan.skipped),
        removed_set=tuple(left.model for left in plan.removed),
        copied=Left.all_of(plan.copy_set),
        skipped=Left.all_of(plan.skipped),
        removed=Left.all_of(plan.removed),
        still_read=(
            *(StillRead.of(left) for left in plan.removed if left.readers),
            *(StillRead.of(moved) for moved in plan.moved),
        ),
        warnings=tuple(Warned.of(caveat) for caveat in caveats),
        findings=tuple(FoundIn.of(finding) for finding in findings),
    )
