"""``preview-create``: what was planned, cloned and run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

from rocky_action.domain.changes import ChangeKind, ChangeSet
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotRun,
    RunStatus,
    Side,
    Succeeded,
)
from rocky_action.domain.findings import Finding
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.pull_request import Comparison
from rocky_action.wire.document import Document, Part
from rocky_action.wire.findings import FoundIn
from rocky_action.wire.plan import Change, Left


class Pruned(Part):
    """One model of the prune set.

    ``changed_columns`` is null for a downstream model, as the contract has it; an empty list means all columns. Ours:
    ``change`` is the kind of the model's own edit, if it has one; ``affected_columns`` are the columns that change,
    whoever changed them.
    """

    model_name: str
    reason: PruneReason
    changed_columns: tuple[str, ...] | None
    why: str
    change: ChangeKind | None
    affected_columns: tuple[str, ...]


class Copied(Part):
    """One clone in the preview schema.

    ``copy_strategy`` is what was really done; Rocky itself writes "ctas" for all. Ours: the full relations, why the
    model was cloned, and why in no cheaper way, where there is one.
    """

    model_name: str
    source_schema: str
    target_schema: str
    copy_strategy: CloneMethod
    source: str
    target: str
    why: str | None
    no_cheaper: str | None = None


class Run(Part):
    """One model on one side. What the warehouse did not say is null, never 0.

    ``reason`` is the warehouse's message for a failed model, why it was not tried for one that was not run, and a note
    on how it was built, if there is one, for one that succeeded.
    """

    model_name: str
    side: Side
    outcome: Literal["succeeded", "failed", "not_run", "inlined"]
    relation: str | None = None
    duration_ms: int | None = None
    rows: int | None = None
    bytes_scanned: int | None = None
    bytes_billed: int | None = None
    slot_ms: int | None = None
    credits: float | None = None
    reason: str | None = None


class Baseline(Part):
    """What one model of the prune set is compared with."""

    model_name: str
    kind: BaselineKind
    relation: str | None
    note: str | None


class CreateDocument(Document):
    """Rocky's ``PreviewCreateOutput``.

    ``run_id`` is empty when no model ran, as the contract has it. Ours: everything from ``merge_base`` on. Models of
    the copy set that are not in the preview schema are in ``not_copied``; their readers read production.
    """

    command: Literal["preview-create"] = "preview-create"
    branch_name: str
    branch_schema: str
    base_ref: str
    head_ref: str
    prune_set: tuple[Pruned, ...]
    copy_set: tuple[Copied, ...]
    skipped_set: tuple[str, ...]
    run_id: str
    run_status: RunStatus
    duration_ms: int
    merge_base: str
    head_commit: str
    changes: tuple[Change, ...]
    not_copied: tuple[Left, ...]
    skipped: tuple[Left, ...]
    removed_set: tuple[str, ...]
    removed: tuple[Left, ...]
    runs: tuple[Run, ...]
    baselines: tuple[Baseline, ...]
    findings: tuple[FoundIn, ...]


def create_document(
    comparison: Comparison,
    plan: Plan,
    *,
    changes: ChangeSet,
    execution: Execution,
    name: str,
    findings: Iterable[Finding] = (),
) -> CreateDocument:
    """What was planned, cloned and run."""
    return CreateDocument(
        branch_name=name,
        branch_schema=execution.schema,
        base_ref=comparison.base_ref,
        head_ref=comparison.head_ref,
        prune_set=tuple(_pruned(planned, changes) for planned in plan.prune_set),
        copy_set=_copied(execution, plan),
        skipped_set=tuple(left.model for left in plan.skipped),
        run_id=run_id(execution),
        run_status=execution.status,
        duration_ms=execution.duration_ms,
        merge_base=comparison.merge_base,
        head_commit=comparison.head_commit,
        changes=tuple(Change.of(change) for change in changes.changes),
        not_copied=_not_copied(execution, plan),
        skipped=Left.all_of(plan.skipped),
        removed_set=tuple(left.model for left in plan.removed),
        removed=Left.all_of(plan.removed),
        runs=tuple(_run(run) for run in (*execution.base_runs, *execution.head_runs)),
        baselines=tuple(_baseline(side) for side in execution.base_sides),
        findings=tuple(FoundIn.of(finding) for finding in findings),
    )


def run_id(execution: Execution) -> str:
    """The run's id, or Rocky's sign for "nothing ran": the empty string."""
    return execution.run_id if execution.head_runs else ""


def _pruned(planned: PlannedModel, changes: ChangeSet) -> Pruned:
    own = changes.of(planned.model)
    return Pruned(
        model_name=planned.model,
        reason=planned.reason,
        changed_columns=planned.changed_columns if planned.reason is PruneReason.CHANGED else None,
        why=planned.why,
        change=own.kind if own else None,
        affected_columns=planned.changed_columns,
    )


def _copied(execution: Execution, plan: Plan) -> tuple[Copied, ...]:
    reasons = {left.model: left.why for left in plan.copy_set}
    return tuple(
        Copied(
            model_name=clone.model,
            source_schema=clone.source.schema,
            target_schema=clone.target.schema,
            copy_strategy=clone.method,
            source=str(clone.source),
            target=str(clone.target),
            why=reasons.get(clone.model),
            no_cheaper=clone.because,
        )
        for clone in execution.clones
        if isinstance(clone, Cloned)
    )


def _not_copied(execution: Execution, plan: Plan) -> tuple[Left, ...]:
    refused = {clone.model: clone.because for clone in execution.clones if not isinstance(clone, Cloned)}
    cloned = {clone.model for clone in execution.clones if isinstance(clone, Cloned)}
    untried = {model: "copying was not asked for" for model in plan.copy_names if model not in cloned}
    return tuple(Left(model_name=model, why=why) for model, why in sorted((untried | refused).items()))


def _run(run: ModelRun) -> Run:
    match run.outcome:
        case Succeeded(relation, usage, note):
            return Run(
                model_name=run.model,
                side=run.side,
                outcome="succeeded",
                relation=str(relation),
                duration_ms=usage.duration_ms,
                rows=usage.rows,
                bytes_scanned=usage.bytes_scanned,
                bytes_billed=usage.bytes_billed,
                slot_ms=usage.slot_ms,
                credits=usage.credits,
                reason=note,
            )
        case Failed(message):
            return Run(model_name=run.model, side=run.side, outcome="failed", reason=message)
        case NotRun(because):
            return Run(model_name=run.model, side=run.side, outcome="not_run", reason=because)
        case Inlined():
            return Run(model_name=run.model, side=run.side, outcome="inlined")
        case _:
            assert_never(run.outcome)


def _baseline(side: BaseSide) -> Baseline:
    relation = None if side.relation is None else str(side.relation)
    return Baseline(model_name=side.model, kind=side.kind, relation=relation, note=side.note)
