"""The whole story: load, detect, plan, execute, diff, cost, audit, report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from rocky_action import __version__
from rocky_action.auditing import Bench, audit
from rocky_action.domain.audit import Audit
from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.execution import Execution, Failed
from rocky_action.domain.findings import Finding
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Projects, without_models
from rocky_action.domain.pull_request import Comparison, Hunk
from rocky_action.domain.report import Caveat, Provenance, Report, Severity
from rocky_action.errors import ProjectError
from rocky_action.ports import ProjectLoader, Records, SourceTree, WarehouseAdapter
from rocky_action.stages.audit import Sample, draw
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.cost import price
from rocky_action.stages.diff import diff_models
from rocky_action.stages.execution import execute
from rocky_action.stages.findings import find_in_data, find_in_files
from rocky_action.stages.findings.placing import Places
from rocky_action.stages.language import language_caveats
from rocky_action.stages.lost_columns import lost_columns
from rocky_action.stages.plan import make_plan, refuse_reserved_schemas
from rocky_action.stages.report import Evidence, make_report


@dataclass(frozen=True)
class Connection:
    """An open warehouse with its records, and what the reader must know about how it was opened."""

    warehouse: WarehouseAdapter
    records: Records
    caveats: tuple[Caveat, ...] = ()


def _no_hunks(paths: Collection[str]) -> Mapping[str, tuple[Hunk, ...]]:
    return dict.fromkeys(paths, ())


@dataclass(frozen=True)
class World:
    """Everything outside, handed in: both trees, how to read them, how to reach the warehouse, the time, a listener.

    ``hunks`` says which lines of head's files are edited.
    """

    comparison: Comparison
    base_tree: SourceTree
    head_tree: SourceTree
    loader: ProjectLoader
    connect: Callable[[Projects], AbstractContextManager[Connection]]
    now: datetime
    progress: Callable[[str], None]
    run_url: str | None = None
    hunks: Callable[[Collection[str]], Mapping[str, tuple[Hunk, ...]]] = _no_hunks

    @property
    def places(self) -> Places:
        """Where findings are to be shown."""
        locate = self.loader.locate
        return Places(partial(locate, tree=self.base_tree), partial(locate, tree=self.head_tree), self.hunks)


@dataclass(frozen=True)
class Study:
    """What can be known without a warehouse."""

    projects: Projects
    changes: ChangeSet
    plan: Plan
    findings: tuple[Finding, ...] = ()

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the models' texts do not say, and which of them are about to fail."""
        head = self.projects.head
        return (*language_caveats(self.plan, head), *lost_columns(self.plan, head, findings=self.findings))

    @property
    def fingerprint(self) -> str:
        """Changes whenever what would be built changes."""
        head, base = self.projects.head.models, self.projects.base.models
        text = repr([(head[one.model], base.get(one.base_model or "")) for one in self.plan.prune_set])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def preview(world: World, options: PreviewOptions) -> Report:
    """All of it. The warehouse is opened only if there is something to run or to audit."""
    return carry_out(world, options, known=study(world, options))


def carry_out(world: World, options: PreviewOptions, *, known: Study) -> Report:
    """What comes after the plan, whoever made it."""
    sample = sample_of(world, options, known=known)
    nothing = Execution(run_id="", schema=options.schema)
    evidence = Evidence(known.changes, known.plan, nothing, (), CostDelta())
    if not known.plan.prune_set and not (sample and sample.drawn):
        empty = Audit(sample.seed, sample.eligible) if sample else None
        return report(world, options, known=known, evidence=replace(evidence, audit=empty))
    with world.connect(known.projects) as connection:
        if known.plan.prune_set:
            execution = create(world, options, known=known, connection=connection)
            world.progress("comparing rows")
            diffs = diff(known, options, connection=connection, execution=execution)
            cost = cost_of(known, connection, execution=execution)
            evidence = Evidence(known.changes, known.plan, execution, diffs, cost)
        if sample:
            lease(world, options, known=known, connection=connection)
            bench = Bench(known.projects, connection.warehouse, options, world.now, world.progress)
            evidence = replace(evidence, audit=audit(sample, bench))
        return report(world, options, known=known, evidence=evidence, connection=connection)


def sample_of(world: World, options: PreviewOptions, *, known: Study) -> Sample | None:
    """What an audit would rebuild, None if none was asked for."""
    if not options.audit.size:
        return None
    seed = options.audit.seed or world.comparison.head_commit[:12]
    return draw(known.plan, known.projects, options=options.audit, seed=seed)


def study(world: World, options: PreviewOptions) -> Study:
    """Load both projects, detect the change set, make the plan."""
    world.progress("reading both sides")
    head = world.loader.load(world.head_tree)
    base = world.loader.load(world.base_tree) if world.loader.holds(world.base_tree) else without_models(head)
    if not head.models and not base.models:
        raise ProjectError(
            "\n".join(["the project has no models", *head.warnings]), advice="Check `models` in rocky.toml."
        )
    projects = Projects(base, head)
    refuse_reserved_schemas(projects)
    changes = detect_changes(projects, world.comparison.changed_paths)
    plan = make_plan(projects, changes, copy=options.run.copy)
    return Study(projects, changes, plan, find_in_files(projects, changes, places=world.places))


def lease(world: World, options: PreviewOptions, *, known: Study, connection: Connection) -> None:
    """Say, before anything is built, whose the schemas are and until when."""
    schemas = [(catalog, schema) for catalog in known.projects.catalogs for schema in options.schemas]
    until = world.now + timedelta(hours=options.run.lease_hours)
    connection.records.lease(options.name, schemas, comparison=world.comparison, until=until)


def create(world: World, options: PreviewOptions, *, known: Study, connection: Connection) -> Execution:
    """Lease, then clone and run, then record."""
    lease(world, options, known=known, connection=connection)
    execution = execute(
        known.plan,
        known.projects,
        warehouse=connection.warehouse,
        options=options,
        now=world.now,
        progress=world.progress,
    )
    execution = replace(execution, built_from=known.fingerprint)
    connection.records.record(options.name, execution, comparison=world.comparison, when=world.now)
    return execution


def diff(
    known: Study, options: PreviewOptions, *, connection: Connection, execution: Execution
) -> tuple[ModelDiff, ...]:
    """Compare the prune set, base against head."""
    return diff_models(
        execution,
        known.plan,
        head=known.projects.head,
        base=known.projects.base,
        warehouse=connection.warehouse,
        options=options,
    )


def cost_of(known: Study, connection: Connection, *, execution: Execution) -> CostDelta:
    """Price both sides, from what was measured now or recorded before."""
    return price(
        known.plan,
        execution,
        head=known.projects.head,
        recorded=connection.records.base_figures(known.projects.base.models),
    )


def report(
    world: World, options: PreviewOptions, *, known: Study, evidence: Evidence, connection: Connection | None = None
) -> Report:
    """Put it together; without a connection nothing was run, because nothing had to be."""
    findings = find_in_data(
        known.findings, known.projects, changes=known.changes, diffs=evidence.diffs, places=world.places
    )
    head, runs = known.projects.head, evidence.execution.head_runs
    built = {run.model for run in runs if not isinstance(run.outcome, Failed)}
    return make_report(
        replace(evidence, findings=findings),
        known.projects,
        comparison=world.comparison,
        provenance=Provenance(
            tool_version=__version__,
            preview_name=options.name,
            started_at=world.now.isoformat(timespec="seconds"),
            warehouse=connection.warehouse.description if connection else "not opened: nothing had to run",
            run_url=world.run_url,
        ),
        caveats=(
            *_caveats(world, options, known=known),
            *(caveat for caveat in lost_columns(known.plan, head, findings=findings) if caveat.model not in built),
            *(connection.caveats if connection else ()),
        ),
    )


def _caveats(world: World, options: PreviewOptions, *, known: Study) -> Iterator[Caveat]:
    yield from language_caveats(known.plan, known.projects.head)
    if not known.projects.base.models and not world.loader.holds(world.base_tree):
        yield Caveat(Severity.NOTE, "The whole project is new: the merge base does not have it.")
    for name, _ in options.diff.models:
        if name not in known.projects.head.models:
            yield Caveat(Severity.WARNING, f"rocky-preview.yml has settings for {name}, which is not a model.")
