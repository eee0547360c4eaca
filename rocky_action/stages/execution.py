"""Execute a plan: clone the copy set, build the prune set, and rebuild base where it is wanted or missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import get_args

from rocky_action.building import InPlace, Prior, Site, build, discard
from rocky_action.dag import Dag, walk
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    Execution,
    Failed,
    ModelRun,
    NotCloned,
    NotRun,
    RunOutcome,
    Side,
    Succeeded,
    blocked,
    said,
)
from rocky_action.domain.masking import hides_values
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel
from rocky_action.domain.project import Ephemeral, Model, Project, Projects, Relation, Stateful, View
from rocky_action.errors import WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rebuilding import ephemeral, rebuilds
from rocky_action.sql.references import Targets
from rocky_action.sql.sources import KnownSources

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Scene:
    """What every step needs to know: both projects, their graphs, the warehouse, and what production already has."""

    plan: Plan
    projects: Projects
    base_dag: Dag
    head_dag: Dag
    warehouse: WarehouseAdapter
    options: PreviewOptions
    now: datetime
    progress: Progress
    hides_values: bool
    known: dict[str, bool] = field(default_factory=dict)

    @property
    def threads(self) -> int:
        """How many models are built at once: as many as were asked for, and no more than the warehouse takes."""
        return min(self.options.run.threads, self.warehouse.concurrency)

    def exists(self, relation: Relation) -> bool:
        """Whether production has a relation, asked once."""
        key = str(relation).lower()
        if key not in self.known:
            self.known[key] = self.warehouse.columns(relation) is not None
        return self.known[key]


def execute(
    plan: Plan,
    projects: Projects,
    *,
    warehouse: WarehouseAdapter,
    options: PreviewOptions,
    now: datetime,
    progress: Progress,
) -> Execution:
    """Builds head in the preview schema, and base beside it where needed; what was there before is replaced.

    Production is only read. Every model of the plan has an outcome; a failing model stops only what reads it. Raises
    WarehouseError if the preview's own schemas cannot be made.
    """
    started = time.monotonic()
    scene = _Scene(
        plan,
        projects,
        Dag(projects.base, cut_cycles=True),
        Dag(projects.head),
        warehouse,
        options,
        now,
        progress,
        hides_values(projects, options.diff),
    )
    rebuilt = rebuilds(plan, projects, options=options, exists=scene.exists)
    _fresh_schemas(scene, rebuilt)
    base = _build_base(scene, rebuilt)
    clones = _clone(scene, base)
    head = _build_head(scene, base, clones=clones)
    order = scene.base_dag.in_order(rebuilt, through=ephemeral(projects.base))
    again = _build_again(scene, rebuilt) if options.run.stability else None
    return Execution(
        run_id=f"run-{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}",
        schema=options.schema,
        head_runs=tuple(_run(projects.head, model, side=Side.HEAD, outcomes=head) for model in plan.prune_names),
        base_runs=tuple(_run(projects.base, model, side=Side.BASE, outcomes=base) for model in order),
        clones=tuple(clones.values()),
        base_sides=tuple(_base_side(scene, planned, base=base) for planned in plan.prune_set),
        duration_ms=round((time.monotonic() - started) * 1000),
        again_runs=None
        if again is None
        else tuple(_run(projects.base, model, side=Side.BASE, outcomes=again) for model in order),
    )


def _run(project: Project, name: str, *, side: Side, outcomes: Mapping[str, RunOutcome]) -> ModelRun:
    model = project.models[name]
    return ModelRun(name, side, outcomes[name], model.fingerprint, model.method)


def _fresh_schemas(scene: _Scene, rebuilt: Collection[str]) -> None:
    """Empty schemas of this preview's name, whatever an earlier or a killed run left in them."""
    ours = {schema for one in (scene.options, scene.options.twice) for schema in (one.schema, one.base_schema)}
    for catalog, schema in scene.warehouse.schemas(scene.options.schema):
        # in another catalog it is another project's preview
        if schema in ours and scene.projects.build_in(catalog, default=scene.warehouse.catalog):
            scene.warehouse.drop_schema(catalog, schema)
    head = scene.projects.head.models
    for catalog in sorted({head[name].target.catalog for name in (*scene.plan.prune_names, *scene.plan.copy_names)}):
        scene.warehouse.create_schema(catalog, scene.options.schema)
    base = scene.projects.base.models
    for catalog in sorted({base[name].target.catalog for name in rebuilt}):
        # A catalog that only base names may not exist: then what is built there fails, with the warehouse's own words.
        with suppress(WarehouseError):
            scene.warehouse.create_schema(catalog, scene.options.base_schema)


def _site(
    scene: _Scene, project: Project, *, schema: str, places: Mapping[str, Relation], copies: Collection[str] = ()
) -> Site:
    """A side; ``copies`` are models whose place holds what production has under their own name."""
    elsewhere = (name for name, model in project.models.items() if places.get(name) != model.target)
    return Site(
        scene.warehouse,
        project,
        schema,
        places,
        scene.now,
        Targets.of(project.models),
        frozenset(elsewhere).difference(copies),
        scene.options.run.timeout_seconds,
        scene.hides_values,
        scene.options.run.permits,
        KnownSources(scene.projects.base, scene.warehouse.catalog),
    )


def _build_again(scene: _Scene, rebuilt: Collection[str]) -> dict[str, RunOutcome]:
    """The same once more, each model on the second build of what it reads: so both differ as base and head can."""
    second = replace(scene, options=scene.options.twice, progress=lambda what: scene.progress(f"a second time, {what}"))
    _fresh_schemas(second, rebuilt)
    return _build_base(second, rebuilt)


def _build_base(scene: _Scene, rebuilt: Collection[str]) -> dict[str, RunOutcome]:
    project = scene.projects.base
    through = ephemeral(project)
    places = {
        name: model.target.in_schema(scene.options.base_schema) if name in rebuilt else model.target
        for name, model in project.models.items()
        if name not in through
    }
    site = _site(scene, project, schema=scene.options.base_schema, places=places)
    after = scene.base_dag.waits(rebuilt, through=through)
    outcomes: dict[str, RunOutcome] = {}

    def work(name: str) -> None:
        scene.progress(f"base: {name}")
        model = project.models[name]
        outcomes[name] = blocked(after[name], outcomes) or _base_outcome(scene, site, model=model)
        _tell(scene, outcomes[name])
        if isinstance(outcomes[name], Failed) and isinstance(model.strategy, get_args(Stateful)):
            discard(site, model)

    walk(after, work, threads=scene.threads)
    return outcomes


def _base_outcome(scene: _Scene, site: Site, *, model: Model) -> RunOutcome:
    if because := scene.options.restraint.base_refusal(model.name):
        return NotRun(because)
    if scene.exists(model.target):
        return build(site, model, prior=model.target)
    first = build(site, model, prior=None)
    if not isinstance(model.strategy, get_args(Stateful)):
        return first
    twin = next((one for one in scene.plan.prune_set if one.base_model == model.name), None)
    if twin is None or not isinstance(first, Succeeded):
        return first
    # Production would already hold this table: both sides start their next run from the same copy of it.
    head_model = scene.projects.head.models[twin.model]
    if _continues(head_model, model):
        try:
            scene.warehouse.clone(first.relation, head_model.target.in_schema(scene.options.schema), writable=True)
        except WarehouseError as err:
            return Failed(err.told(hides_values=scene.hides_values))
    return build(site, model, prior=InPlace.YES)


def _continues(head: Model, base: Model) -> bool:
    """Whether head's next run would find what base's runs have built."""
    return isinstance(head.strategy, get_args(Stateful)) and str(head.target).lower() == str(base.target).lower()


def _clone(scene: _Scene, base: Mapping[str, RunOutcome]) -> dict[str, Cloned | NotCloned]:
    clones: dict[str, Cloned | NotCloned] = {}
    for name in scene.plan.copy_names:
        model = scene.projects.head.models[name]
        target = model.target.in_schema(scene.options.schema)
        outcome = base.get(name)
        if isinstance(outcome, Succeeded):
            source = outcome.relation
        elif outcome is not None:
            clones[name] = NotCloned(name, f"base does not have it and it could not be built: {said(outcome)}")
            continue
        elif scene.exists(model.target):
            source = model.target
        else:
            clones[name] = NotCloned(name, f"{model.target} does not exist")
            continue
        try:
            clone = scene.warehouse.clone(source, target, writable=False)
        except WarehouseError as err:
            clones[name] = NotCloned(name, err.told(hides_values=scene.hides_values))
        else:
            clones[name] = Cloned(name, source, target, clone.method, clone.because)
    return clones


def _build_head(
    scene: _Scene, base: Mapping[str, RunOutcome], *, clones: Mapping[str, Cloned | NotCloned]
) -> dict[str, RunOutcome]:
    project = scene.projects.head
    places = dict(_head_places(scene, base, clones=clones))
    copies = [
        name
        for name, clone in clones.items()
        if isinstance(clone, Cloned) and clone.source == project.models[name].target
    ]
    site = _site(scene, project, schema=scene.options.schema, places=places, copies=copies)
    through = ephemeral(project)
    planned = {one.model: one for one in scene.plan.prune_set}
    outcomes: dict[str, RunOutcome] = {}

    def work(name: str) -> None:
        scene.progress(f"head: {name}")
        model = project.models[name]
        reads = (one for one in scene.head_dag.inputs(name, through) if one not in planned)
        stopped = _unread(reads, clones, base=base) or blocked(planned[name].after, outcomes)
        because = None if stopped else scene.options.restraint.head_refusal(name)
        stopped = NotRun(because) if because else stopped
        prior = None if stopped else _head_prior(scene, model, base_name=planned[name].base_model, base=base)
        outcomes[name] = stopped or _with_warning(scene, planned[name], outcome=build(site, model, prior=prior))
        _tell(scene, outcomes[name])
        if isinstance(outcomes[name], (Failed, NotRun)) and isinstance(model.strategy, get_args(Stateful)):
            discard(site, model)

    walk({name: one.after for name, one in planned.items()}, work, threads=scene.threads)
    return outcomes


def _with_warning(scene: _Scene, planned: PlannedModel, *, outcome: RunOutcome) -> RunOutcome:
    """What works in an empty preview schema and not in production: no warehouse turns a view into a table."""
    base = None if planned.base_model is None else scene.projects.base.models[planned.base_model]
    head = scene.projects.head.models[planned.model]
    was_view, is_view = base is not None and isinstance(base.strategy, View), isinstance(head.strategy, View)
    if base is None or was_view is is_view or not isinstance(outcome, Succeeded) or not scene.exists(head.target):
        return outcome
    was, now = ("view", "table") if was_view else ("table", "view")
    warning = f"after the merge, drop the {was} {head.target} first: the warehouse does not replace it by a {now}"
    return replace(outcome, note=f"{outcome.note}; {warning}" if outcome.note else warning)


def _head_places(
    scene: _Scene, base: Mapping[str, RunOutcome], *, clones: Mapping[str, Cloned | NotCloned]
) -> Iterator[tuple[str, Relation]]:
    prune = set(scene.plan.prune_names)
    for name, model in scene.projects.head.models.items():
        clone, built = clones.get(name), base.get(name)
        if isinstance(model.strategy, Ephemeral):
            continue
        if name in prune:
            yield name, model.target.in_schema(scene.options.schema)
        elif isinstance(clone, Cloned):
            yield name, clone.target
        elif isinstance(built, Succeeded):
            yield name, built.relation
        else:
            yield name, model.target


def _head_prior(scene: _Scene, model: Model, *, base_name: str | None, base: Mapping[str, RunOutcome]) -> Prior:
    if scene.exists(model.target):
        return model.target
    if base_name is None:
        return None
    outcome, base_strategy = base.get(base_name), scene.projects.base.models[base_name].strategy
    if isinstance(outcome, Succeeded) and not isinstance(base_strategy, get_args(Stateful)):
        same = outcome.relation == model.target.in_schema(scene.options.base_schema)
        return outcome.relation if same else None  # production would have this table by now
    if isinstance(outcome, (Succeeded, Failed)):
        target = model.target.in_schema(scene.options.schema)
        return InPlace.YES if scene.warehouse.columns(target) is not None else None
    return None


def _unread(
    reads: Iterable[str], clones: Mapping[str, Cloned | NotCloned], *, base: Mapping[str, RunOutcome]
) -> NotRun | None:
    """What becomes of a model that reads what is not there: what could not be cloned, or built for want of it."""
    for name in reads:
        clone, built = clones.get(name), base.get(name)
        if isinstance(clone, NotCloned):
            return NotRun(f"{name}, which it reads, could not be cloned: {clone.because}")
        if clone is None and isinstance(built, NotRun):
            return NotRun(f"{name}, which it reads, is not there and was not built: {built.because}")
    return None


def _tell(scene: _Scene, outcome: RunOutcome) -> None:
    """Who guards a cap is told what a build has used."""
    if isinstance(outcome, Succeeded):
        scene.options.restraint.took(outcome.usage)


def _base_side(scene: _Scene, planned: PlannedModel, *, base: Mapping[str, RunOutcome]) -> BaseSide:
    if planned.base_model is None:
        return BaseSide(planned.model, BaselineKind.NONE, note="the model is new")
    model = scene.projects.base.models[planned.base_model]
    if isinstance(model.strategy, Ephemeral):
        return BaseSide(planned.model, BaselineKind.NONE, note="base has no relation for it: it is ephemeral there")
    outcome = base.get(planned.base_model)
    if isinstance(outcome, Succeeded):
        return BaseSide(planned.model, BaselineKind.REBUILT, outcome.relation)
    if outcome is not None:
        return BaseSide(planned.model, BaselineKind.NONE, note=f"base could not be built: {said(outcome)}")
    if not scene.exists(model.target):
        return BaseSide(planned.model, BaselineKind.NONE, note=f"base has no relation {model.target}")
    because = scene.options.restraint.base.get(model.name)
    note = f"compared with production as it stands, as base was not rebuilt: {because}" if because else None
    if isinstance(model.strategy, get_args(Stateful)):
        note = "head ran once more on a copy of base: rows that arrived since base's last run count as differences"
    return BaseSide(planned.model, BaselineKind.EXISTING, model.target, note)
