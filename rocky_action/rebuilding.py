"""Which of base's models are built beside the preview, and what for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rocky_action.dag import Dag
from rocky_action.domain.options import Baseline, PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel
from rocky_action.domain.project import Ephemeral, Project, Projects, Relation


@dataclass(frozen=True)
class Rebuild:
    """One model of base that is built beside the preview. ``reads`` are those of the others that it reads.

    ``compared_with`` are head's models that it is compared with. ``needed`` when head cannot do without it: production
    lacks it, and head reads it or a model that does.
    """

    model: str
    reads: tuple[str, ...] = ()
    compared_with: tuple[str, ...] = ()
    needed: bool = False
    in_production: bool = False


def ephemeral(project: Project) -> frozenset[str]:
    """The models that have no relation."""
    return frozenset(name for name, model in project.models.items() if isinstance(model.strategy, Ephemeral))


def running(plan: Plan, options: PreviewOptions) -> tuple[PlannedModel, ...]:
    """What of the prune set is to be run: all but what is left out to stay within a cap, and what waits for that."""
    found: list[PlannedModel] = []
    stopped: set[str] = set()
    for one in plan.prune_set:
        if one.model in options.restraint.head or not stopped.isdisjoint(one.after):
            stopped.add(one.model)
        else:
            found.append(one)
    return tuple(found)


def rebuilds(
    plan: Plan, projects: Projects, *, options: PreviewOptions, exists: Callable[[Relation], bool]
) -> Mapping[str, Rebuild]:
    """Base's models that must be built beside the preview: what is compared, and whatever production lacks for it.

    What is left out to stay within a cap is only among them where production lacks it, so that somebody can say so.
    """
    if options.run.baseline is Baseline.EXISTING:
        return {}
    base, through = projects.base.models, ephemeral(projects.base)
    dag = Dag(projects.base, cut_cycles=True)
    compared: dict[str, list[str]] = {}
    for planned in running(plan, options):
        if planned.base_model is not None and planned.base_model not in through:
            compared.setdefault(planned.base_model, []).append(planned.model)
    always = compared.keys() - options.restraint.base.keys() if options.run.baseline is Baseline.REBUILD else set()
    inputs = {*_inputs(plan, projects, options=options), *plan.copy_names} & (base.keys() - through)
    open_ends = [*sorted(compared), *sorted(inputs)]
    reads: dict[str, tuple[str, ...]] = {}
    while open_ends:
        name = open_ends.pop()
        if name not in reads and (name in always or not exists(base[name].target)):
            reads[name] = () if name in options.restraint.base else dag.inputs(name, through)
            open_ends += reads[name]
    needed = _needed(inputs, reads, lacking=lambda name: not exists(base[name].target))
    return {
        name: Rebuild(
            name,
            tuple(one for one in read if one in reads),
            tuple(compared.get(name, ())),
            name in needed,
            exists(base[name].target),
        )
        for name, read in reads.items()
    }


def _needed(inputs: Iterable[str], reads: Mapping[str, tuple[str, ...]], *, lacking: Callable[[str], bool]) -> set[str]:
    """What head reads, and what that is built from, as far as production lacks it."""
    found: set[str] = set()
    open_ends = [*inputs]
    while open_ends:
        name = open_ends.pop()
        if name in reads and name not in found and lacking(name):
            found.add(name)
            open_ends += reads[name]
    return found


def _inputs(plan: Plan, projects: Projects, *, options: PreviewOptions) -> frozenset[str]:
    """Head's models outside the prune set that what runs of it reads, ephemeral ones looked through."""
    prune = set(plan.prune_names)
    through, dag = ephemeral(projects.head), Dag(projects.head)
    return frozenset(
        upstream
        for one in running(plan, options)
        for upstream in dag.inputs(one.model, through)
        if upstream not in prune
    )
