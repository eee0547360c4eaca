"""The whole story: load, detect, plan, execute, diff, self-test, cost, audit, report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial

from rocky_action import __version__
from rocky_action.auditing import Bench, audit
from rocky_action.capping import Capped, keep_to_cap
from rocky_action.domain.audit import Audit, AuditedModel, NotAudited
from rocky_action.domain.cost import CostDelta, Work
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.execution import Execution, Failed, ModelRun, Succeeded
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.report import Caveat, Provenance, Report, Severity, Unchecked
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import MissingCredentialsError
from rocky_action.estimating import Estimator
from rocky_action.holding import check, lease, watched
from rocky_action.selftesting import self_test
from rocky_action.stages.audit import Sample, draw
from rocky_action.stages.cap import caveats
from rocky_action.stages.contents import contents_of
from rocky_action.stages.cost import Terms, cadence_of, price, tariff_of
from rocky_action.stages.diff import diff_models
from rocky_action.stages.execution import execute
from rocky_action.stages.findings import find_in_data
from rocky_action.stages.findings.causes import explained
from rocky_action.stages.language import language_caveats
from rocky_action.stages.leniency import leniency_caveats
from rocky_action.stages.lost_columns import lost_columns
from rocky_action.stages.report import Evidence, make_report, nothing_done, unchecked_evidence
from rocky_action.stages.stability import mark_unstable
from rocky_action.study import Connection, Study, World, study


def preview(world: World, options: PreviewOptions) -> Report:
    """All of it. The warehouse is opened only if there is something to run or to audit."""
    return carry_out(world, options, known=study(world, options))


def carry_out(world: World, options: PreviewOptions, *, known: Study) -> Report:
    """What comes after the plan, whoever made it. Without credentials for the warehouse the plan is all there is."""
    started = time.monotonic()
    sample = sample_of(world, options, known=known)
    nothing = Execution(run_id="", schema=options.schema)
    evidence = Evidence(known.changes, known.plan, nothing, (), CostDelta())
    if not known.plan.prune_set and not (sample and sample.drawn):
        empty = Audit(sample.seed, sample.eligible) if sample else None
        return report(world, options, known=known, evidence=replace(evidence, audit=empty))
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(world.connect(known.projects))
        except MissingCredentialsError as err:
            plan_only = unchecked_evidence(
                known.changes,
                known.plan,
                schema=options.schema,
                err=err,
                own_doing=known.projects.changes_adapter,
            )
            return report(world, options, known=known, evidence=plan_only)
        capped = keep_to_cap(known, connection, options=options, now=world.now)
        if capped.refusal:
            evidence = refused(known, capped, refusal=capped.refusal, sample=sample)
            return report(world, options, known=known, evidence=evidence, connection=connection)
        options = capped.options
        readings: dict[Work, Usage] = {}
        if known.plan.prune_set:
            execution = create(world, options, known=known, connection=connection)
            readings[Work.BUILDING] = connection.warehouse.spent()
            world.progress("comparing rows")
            diffs = diff(known, options, connection=connection, execution=execution)
            projects, warehouse = known.projects, connection.warehouse
            contents = contents_of(diffs, execution, projects=projects, warehouse=warehouse, options=options)
            evidence = Evidence(known.changes, known.plan, execution, diffs, CostDelta(), contents=contents)
            if options.self_test:
                tested = self_test(
                    diffs, execution, projects=projects, warehouse=warehouse, options=options, started=started
                )
                evidence = replace(evidence, self_test=tested)
            readings[Work.COMPARING] = connection.warehouse.spent()
        if sample:
            lease(world, options, known=known, connection=connection)
            bench = Bench(known.projects, connection.warehouse, options, world.now, world.progress)
            evidence = replace(evidence, audit=audit(sample, bench))
            readings[Work.AUDITING] = connection.warehouse.spent()
        check(world, options, known=known, connection=connection)  # what was read until here was this run's
        spent, now = dict(_parts(readings)), world.now
        cost = cost_of(known, options, connection=connection, execution=evidence.execution, spent=spent, now=now)
        evidence = replace(evidence, cost=replace(cost, cap=capped.report))
        return report(world, options, known=known, evidence=evidence, connection=connection)


def refused(known: Study, capped: Capped, *, refusal: Unchecked, sample: Sample | None = None) -> Evidence:
    """Nothing done, as the cap cannot be kept otherwise."""
    because, schema = refusal.because, capped.options.schema
    evidence = nothing_done(known.changes, known.plan, schema=schema, unchecked=refusal, because=because)
    not_audited = tuple(AuditedModel(name, NotAudited(because)) for name in (sample.drawn if sample else ()))
    return replace(
        evidence,
        cost=replace(evidence.cost, cap=capped.report),
        audit=Audit(sample.seed, sample.eligible, not_audited) if sample else None,
    )


def sample_of(world: World, options: PreviewOptions, *, known: Study) -> Sample | None:
    """What an audit would rebuild, None if none was asked for."""
    if not options.audit.size:
        return None
    seed = options.audit.seed or world.comparison.head_commit[:12]
    return draw(known.plan, known.projects, options=options.audit, seed=seed)


def create(world: World, options: PreviewOptions, *, known: Study, connection: Connection) -> Execution:
    """Lease, then clone and run, then record. Raises SupersededError if another run leases the preview meanwhile."""
    lease(world, options, known=known, connection=connection)
    check_ours = partial(check, world, options, known=known, connection=connection)
    execution = execute(
        known.plan,
        known.projects,
        warehouse=connection.warehouse,
        options=watched(options, check_ours),
        now=world.now,
        progress=world.progress,
    )
    check_ours()
    execution = replace(execution, built_from=known.fingerprint, spent=connection.warehouse.spent())
    connection.records.record(
        options.name, execution, comparison=world.comparison, when=world.now, pull_request=world.pull_request
    )
    return execution


def diff(
    known: Study, options: PreviewOptions, *, connection: Connection, execution: Execution
) -> tuple[ModelDiff, ...]:
    """Compare the prune set, base against head, and mark what is never the same twice."""
    projects, warehouse = known.projects, connection.warehouse
    found = diff_models(
        execution, known.plan, head=projects.head, base=projects.base, warehouse=warehouse, options=options
    )
    return mark_unstable(found, execution, plan=known.plan, projects=projects, warehouse=warehouse, options=options)


def _parts(readings: Mapping[Work, Usage]) -> Iterator[tuple[Work, Usage]]:
    """What each part of a preview took, by readings of the meter after each; opening it counts with the first."""
    before = NO_USAGE
    for work, reading in readings.items():
        yield work, reading.since(before)
        before = reading


def cost_of(
    known: Study,
    options: PreviewOptions,
    *,
    connection: Connection,
    execution: Execution,
    spent: Mapping[Work, Usage | None],
    now: datetime,
) -> CostDelta:
    """Price both sides, from what was measured now, else recorded before, else estimated, and the preview itself."""
    head, records = known.projects.head, connection.records
    base = known.projects.base.models
    history = dict(records.history({model.name: model.fingerprint for model in base.values()}))
    compared = {one.base_model for one in known.plan.prune_set if one.base_model is not None}
    unknown = {name for name in compared - history.keys() if not _measured(execution.base_run(name))}
    if unknown:
        warehouse = connection.warehouse
        permits = options.run.permits
        estimator = Estimator(warehouse, now, lambda relation: warehouse.columns(relation) is not None, permits)
        estimates = estimator.of_base(known.projects.base, unknown)
        history |= {name: (figures,) for name, figures in estimates.items()}
    return price(
        known.plan,
        execution,
        projects=known.projects,
        history=history,
        terms=Terms(
            tariff_of(head, options.prices),
            cadence_of(head.schedule, options.runs_per_month, observed=records.observed_runs(now)),
            options.gates,
        ),
        spent=spent,
    )


def _measured(run: ModelRun | None) -> bool:
    return run is not None and isinstance(run.outcome, Succeeded)


def report(
    world: World, options: PreviewOptions, *, known: Study, evidence: Evidence, connection: Connection | None = None
) -> Report:
    """Put it together; without a connection nothing was run, because nothing had to be."""
    findings = find_in_data(
        known.findings, known.projects, changes=known.changes, diffs=evidence.diffs, places=world.places
    )
    head, runs = known.projects.head, evidence.execution.head_runs
    built = {run.model for run in runs if not (evidence.unchecked or isinstance(run.outcome, Failed))}
    whole = make_report(
        replace(evidence, findings=findings, unseen=known.unseen),
        known.projects,
        comparison=world.comparison,
        provenance=Provenance(
            tool_version=__version__,
            preview_name=options.name,
            started_at=world.now.isoformat(timespec="seconds"),
            warehouse=connection.warehouse.description if connection else _not_opened(evidence),
            run_url=world.run_url,
        ),
        caveats=(
            *_caveats(world, options, known=known),
            *leniency_caveats(
                evidence.diffs,
                known.plan,
                projects=known.projects,
                options=options.diff,
                base_file=world.base_file,
            ),
            *(caveats(evidence.cost.cap) if evidence.cost.cap else ()),
            *(caveat for caveat in lost_columns(known.plan, head, findings=findings) if caveat.model not in built),
            *(connection.caveats if connection else known.seed_caveats),
        ),
    )
    return explained(whole, known.projects, places=world.places)


def _not_opened(evidence: Evidence) -> str:
    unopened = "a warehouse that was not opened"
    return unopened if evidence.unchecked else f"{unopened}: nothing had to run"


def _caveats(world: World, options: PreviewOptions, *, known: Study) -> Iterator[Caveat]:
    yield from language_caveats(known.plan, known.projects.head)
    yield from world.caveats
    if not known.projects.base.models and not world.loader.holds(world.base_tree):
        yield Caveat(Severity.NOTE, "The whole project is new: the merge base does not have it.")
    if proposed := sorted(options.run.permits.proposed):
        text = f"This pull request adds {', '.join(proposed)} to `allow_functions`, which counts once it is merged."
        yield Caveat(Severity.NOTE, text, path="rocky-preview.yml")
    for name, _ in options.diff.models:
        if name not in known.projects.head.models:
            severity = Severity.WARNING if name in known.projects.base.models else Severity.NOTE
            yield Caveat(severity, f"rocky-preview.yml has settings for {name}, which is not a model.")
