"""An audit carried out: models that the plan left alone are built on both sides and compared, differing ones twice.

Nothing that the preview has built is used. Both sides are built now and on the same inputs, so a production that is
out of date cannot look like an escape; and what differs is built once more, so neither can a model that never comes out
the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from rocky_action.domain.audit import Audit, AuditedModel, AuditOutcome, Escaped, NotAudited
from rocky_action.domain.diff import Exhaustive
from rocky_action.domain.execution import BaselineKind, BaseSide, Execution, ModelRun, Side, Succeeded
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.usage import Usage
from rocky_action.ports import WarehouseAdapter
from rocky_action.stages.audit import Sample, judge
from rocky_action.stages.diff import diff_models
from rocky_action.stages.execution import execute


@dataclass(frozen=True)
class Bench:
    """What an audit works with."""

    projects: Projects
    warehouse: WarehouseAdapter
    options: PreviewOptions
    now: datetime
    progress: Callable[[str], None]


@dataclass(frozen=True)
class _Built:
    """One rebuild of a sample and what it has shown."""

    execution: Execution
    outcomes: Mapping[str, AuditOutcome]


def audit(sample: Sample, bench: Bench) -> Audit:
    """Rebuilds and compares a sample. What it builds is dropped again, unless there is an escape to look at."""
    started = time.monotonic()
    outcomes: dict[str, AuditOutcome] = {name: NotAudited(because) for name, because in sample.refused}
    once, again = bench.options.audits
    if sample.audited:
        first = _build(sample, bench, options=once)
        outcomes |= first.outcomes
        doubtful = [name for name, outcome in first.outcomes.items() if isinstance(outcome, Escaped)]
        if doubtful:
            second = _build(sample.only(doubtful, bench.projects), bench, options=again)
            outcomes |= {name: _settled(name, first, second=second, bench=bench) for name in doubtful}
    if not any(isinstance(outcome, Escaped) for outcome in outcomes.values()):
        _drop(bench)
    return Audit(
        seed=sample.seed,
        eligible=sample.eligible,
        models=tuple(AuditedModel(name, outcomes[name], name in sample.drawn) for name in sorted(outcomes)),
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def _build(sample: Sample, bench: Bench, *, options: PreviewOptions) -> _Built:
    execution = execute(
        sample.plan,
        bench.projects,
        warehouse=bench.warehouse,
        options=options,
        now=bench.now,
        progress=lambda what: bench.progress(f"audit: {what}"),
    )
    audited = Plan(tuple(one for one in sample.plan.prune_set if one.model in sample.audited))
    head, base = bench.projects.head, bench.projects.base
    found = diff_models(execution, audited, head=head, base=base, warehouse=bench.warehouse, options=options)
    diffs = {diff.model: diff for diff in found}
    return _Built(execution, {name: judge(name, execution, diff=diffs.get(name)) for name in sample.audited})


def _settled(name: str, first: _Built, *, second: _Built, bench: Bench) -> AuditOutcome:
    """An escape stands if a second rebuild differs as well, and not because both sides differ from themselves."""
    then, now = first.outcomes[name], second.outcomes[name]
    if not isinstance(now, Escaped):
        return NotAudited("it is not deterministic: the sides differed when they were built, and not when built again")
    sides = zip(_relations(name, first.execution), _relations(name, second.execution), strict=True)
    if all(one and other and not _same(name, one, other=other, bench=bench) for one, other in sides):
        return NotAudited("it is not deterministic: on both sides, building it twice gives two results")
    return then


def _relations(name: str, execution: Execution) -> tuple[Relation | None, Relation | None]:
    run, side = execution.head_run(name), execution.base_side(name)
    built = run.outcome.relation if run and isinstance(run.outcome, Succeeded) else None
    return (side.relation if side else None), built


def _same(name: str, one: Relation, *, other: Relation, bench: Bench) -> bool:
    """Whether two builds of one model hold the same."""
    head, base = bench.projects.head, bench.projects.base
    execution = Execution(
        run_id="",
        schema="",
        head_runs=(ModelRun(name, Side.HEAD, Succeeded(other, Usage())),),
        base_sides=(BaseSide(name, BaselineKind.REBUILT, one),),
    )
    options = bench.options.audits[0]
    asked = replace(options, diff=replace(options.diff, max_samples=0))
    plan = Plan((PlannedModel(name, PruneReason.CHANGED, "built twice"),))
    (diff,) = diff_models(execution, plan, head=head, base=base, warehouse=bench.warehouse, options=asked)
    return isinstance(diff.coverage, Exhaustive) and diff.is_empty


def _drop(bench: Bench) -> None:
    ours = {schema for options in bench.options.audits for schema in (options.schema, options.base_schema)}
    for catalog, schema in bench.warehouse.schemas(bench.options.schema):
        if schema in ours and bench.projects.build_in(catalog, default=bench.warehouse.catalog):
            bench.warehouse.drop_schema(catalog, schema)
