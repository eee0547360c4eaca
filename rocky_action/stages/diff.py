"""The diff stage: every model of the prune set that has data, base against head."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import assert_never

from rocky_action.dag import walk
from rocky_action.domain.diff import ModelDiff, NotCompared, RowDiff, SchemaDiff
from rocky_action.domain.execution import BaseSide, Execution, Failed, Inlined, NotRun, Succeeded
from rocky_action.domain.masking import masks_of
from rocky_action.domain.options import ModelOptions, PreviewOptions
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Merge, Model, Project, Projects, Relation
from rocky_action.errors import PreviewError, SqlError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.rowdiff.sides import count_rows

_UNIQUE_TESTS = frozenset({"unique", "composite"})


_LARGE = 1_000_000
"""Rows from which on models are compared one after the other: a comparison uses all cores, and memory by its rows."""


@dataclass(frozen=True)
class _Context:
    """What every model's diff needs besides the model; who compares a large one holds ``large``."""

    execution: Execution
    head: Project
    base: Project
    warehouse: WarehouseAdapter
    options: PreviewOptions
    masks: Mapping[str, str]
    large: Lock = field(default_factory=Lock)


def diff_models(
    execution: Execution,
    plan: Plan,
    *,
    head: Project,
    base: Project,
    warehouse: WarehouseAdapter,
    options: PreviewOptions,
) -> tuple[ModelDiff, ...]:
    """A diff for each model of the prune set that is or should be a relation, in run order."""
    context = _Context(execution, head, base, warehouse, options, masks_of(Projects(base, head), options.diff))
    found: dict[str, ModelDiff | None] = {}

    def work(name: str) -> None:
        found[name] = _diff_model(context, name)

    walk(dict.fromkeys(plan.prune_names, ()), work, threads=min(options.run.threads, warehouse.concurrency))
    ordered = (found[name] for name in plan.prune_names)
    return tuple(diff for diff in ordered if diff is not None)


def key_candidates(model: Model, options: ModelOptions) -> tuple[KeyCandidate, ...]:
    """What may identify a row: the key that the options name, then what the model declares or tests.

    Nothing where the options say that whole rows are to be compared.
    """
    if options.key == ():
        return ()
    tests = (test for test in model.tests if test.type in _UNIQUE_TESTS and test.columns and test.filter is None)
    return (
        *((KeyCandidate(options.key, "key of the preview's options"),) if options.key else ()),
        *((KeyCandidate(model.strategy.unique_key, "unique_key"),) if isinstance(model.strategy, Merge) else ()),
        *(KeyCandidate(test.columns, f"{test.type} test") for test in tests),
        *(KeyCandidate((key.name,), "surrogate key") for key in model.surrogate_keys),
    )


def request_for(model: Model, options: PreviewOptions, *, masks: Mapping[str, str]) -> DiffRequest:
    """How this preview compares a model; ``masks`` are those of ``domain.masking``."""
    diff = options.diff
    own = diff.for_model(model.name, model.options)
    return DiffRequest(
        model=model.name,
        candidates=key_candidates(model, own),
        options=own,
        algorithm=diff.algorithm,
        sample_size=diff.sample_size,
        max_samples=diff.max_samples,
        sample_order=diff.sample_order,
        allowance=diff.allowance,
        sampled_because=options.restraint.sampled,
        masks=masks,
        timeout=options.run.timeout_seconds,
    )


def _diff_model(context: _Context, name: str) -> ModelDiff | None:
    run, side = context.execution.head_run(name), context.execution.base_side(name)
    if run is None or side is None:
        raise PreviewError(f"{name} was planned and has no run", advice="Please report this: it is a bug.")
    match run.outcome:
        case Succeeded():
            return _diff_built(context, side, head=run.outcome.relation)
        case Failed():
            return _unbuilt(context, side, reason=f"head was not built: {run.outcome.message}")
        case NotRun():
            return _unbuilt(context, side, reason=f"head was not built: {run.outcome.because}")
        case Inlined():
            return None
        case _ as impossible:
            assert_never(impossible)


def _diff_built(context: _Context, side: BaseSide, *, head: Relation) -> ModelDiff:
    if side.relation is None:
        new = side.model not in context.base.models
        absent = "the model is new: base has nothing to compare with"
        reason = absent if new else side.note or "base has no relation of this model"
        rows = RowDiff(None, _count(context, side.model, relation=head))
        return ModelDiff(side.model, SchemaDiff(), rows, NotCompared(reason), new=new)
    restraint = context.options.restraint
    if because := restraint.halt("not_compared", side.model):
        return ModelDiff(side.model, SchemaDiff(), RowDiff(None, None), NotCompared(because))
    request = request_for(context.head.models[side.model], context.options, masks=context.masks)
    with context.large if _is_large(context, side.relation, head) else nullcontext():
        found = diff_relations(context.warehouse, request, base=side.relation, head=head)
    return replace(found, notes=(side.note, *found.notes)) if side.note else found


def _is_large(context: _Context, *relations: Relation) -> bool:
    """True if a side has many rows, or will not say how many; False for what the warehouse cannot be asked about."""
    try:
        rows = [context.warehouse.size(relation).rows for relation in relations]
    except WarehouseError:
        return False
    return any(number is None or number >= _LARGE for number in rows)


def _unbuilt(context: _Context, side: BaseSide, *, reason: str) -> ModelDiff:
    new = side.relation is None and side.model not in context.base.models
    rows = RowDiff(None if side.relation is None else _count(context, side.model, relation=side.relation), None)
    return ModelDiff(side.model, SchemaDiff(), rows, NotCompared(reason), new=new)


def _count(context: _Context, model: str, *, relation: Relation) -> int | None:
    """Rows of one relation, under the same filter as a comparison would have; None if the warehouse will not say."""
    where = context.options.diff.for_model(model, context.head.models[model].options).where
    try:
        return count_rows(context.warehouse, relation, where=where, timeout=context.options.run.timeout_seconds)
    except (WarehouseError, SqlError):
        return None
