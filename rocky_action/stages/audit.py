"""Audit the plan: which of the models it leaves alone are rebuilt all the same, and what a rebuild has shown."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from rocky_action.dag import Dag
from rocky_action.domain.audit import AuditOutcome, Confirmed, Escaped, NotAudited
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import Execution, Failed, NotRun, Succeeded
from rocky_action.domain.options import AuditOptions
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Ephemeral, Project, Projects


@dataclass(frozen=True)
class Sample:
    """What an audit builds.

    ``plan`` runs the ``audited`` models and everything that they read and that an edit can reach, on both sides: what
    no edit reaches is the same in production for both. ``refused`` are drawn models that cannot be built there.
    """

    seed: str
    eligible: int
    drawn: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()
    plan: Plan = Plan()
    refused: tuple[tuple[str, str], ...] = ()

    def only(self, models: Collection[str], projects: Projects) -> Sample:
        """The same for some of the audited models."""
        dag = Dag(projects.head, cut_cycles=True)
        needed = dag.read_by(models)
        kept = tuple(one for one in self.plan.prune_set if one.model in needed)
        return replace(self, audited=tuple(sorted(models)), plan=Plan(kept), refused=())


def draw(plan: Plan, projects: Projects, *, options: AuditOptions, seed: str) -> Sample:
    """A uniform sample of the models that the plan calls unchanged; a larger one contains every smaller one.

    What an edit can reach is told from the models themselves, not from the change set: that is what is audited.
    """
    head = projects.head
    ephemeral = _ephemeral(head)
    eligible = {left.model for left in (*plan.skipped, *plan.copy_set)} - ephemeral
    drawn = sorted(eligible, key=lambda name: _rank(seed, name))[: options.of(len(eligible))]
    dag = Dag(head, cut_cycles=True)
    reached = dag.reached_from(_edited(projects))
    places: dict[_Place, str] = {}
    run: set[str] = set()
    refused: list[tuple[str, str]] = []
    for name in drawn:
        needed = {name, *(dag.read_by([name]) & reached)}
        clash = _take(places, head, needed=needed - ephemeral)
        if clash is None:
            run |= needed
        else:
            refused.append((name, f"in one schema {clash[0]} and {clash[1]} would be the same table"))
    audited = tuple(sorted(run - ephemeral - {*plan.prune_names}))
    rebuilt = _as_plan(plan, projects, dag=dag, run=run)
    missed = tuple((name, why) for name, why in sorted(refused) if name not in run)
    return Sample(seed, len(eligible), tuple(sorted(drawn)), audited, rebuilt, missed)


def _rank(seed: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()


def _edited(projects: Projects) -> frozenset[str]:
    """Head's models that are anyhow different, or may read something else although they are not."""
    base, head = projects.base, projects.head
    if base.dialect != head.dialect:
        return frozenset(head.models)
    moved = [
        model
        for project, other in ((base, head), (head, base))
        for name, model in project.models.items()
        if name not in other.models or other.models[name].target != model.target
    ]
    own = frozenset(name for name, model in head.models.items() if base.models.get(name) != model)
    return own | head.reads.could_read(moved)


_Place = tuple[str, str]


def _take(places: dict[_Place, str], head: Project, *, needed: Collection[str]) -> tuple[str, str] | None:
    """Takes the places where these models are built, all or none: all schemas of a project fold into one here.

    Returns two models for which there is only one place, if there are any.
    """
    mine: dict[_Place, str] = {}
    for name in sorted(needed):
        target = head.models[name].target
        place = (target.catalog.lower(), target.name.lower())
        other = mine.get(place) or places.get(place) or name
        if other != name:
            return other, name
        mine[place] = name
    places |= mine
    return None


def _as_plan(plan: Plan, projects: Projects, *, dag: Dag, run: Collection[str]) -> Plan:
    renamed = {planned.model: planned.base_model for planned in plan.prune_set}
    same = {name: name if name in projects.base.models else None for name in run}
    after = dag.waits(run, through=_ephemeral(projects.head))
    return Plan(
        tuple(
            PlannedModel(
                name,
                PruneReason.CHANGED,
                "it is audited, or read by a model that is",
                after=after[name],
                base_model=renamed.get(name, same[name]),
            )
            for name in dag.in_order(run, through=_ephemeral(projects.head))
        )
    )


def _ephemeral(project: Project) -> frozenset[str]:
    return frozenset(name for name, model in project.models.items() if isinstance(model.strategy, Ephemeral))


def judge(model: str, execution: Execution, *, diff: ModelDiff | None) -> AuditOutcome:
    """What one rebuild has shown about a model, before anybody asks whether another one would show the same."""
    run, side = execution.head_run(model), execution.base_side(model)
    rebuilt = execution.base_run(model)
    match run and run.outcome, rebuilt and rebuilt.outcome:
        case Failed(message=message), Failed():
            return NotAudited(f"it fails on both sides: {message}")
        case Failed(message=message), Succeeded():
            return Escaped(f"it fails, and base's does not: {message}")
        case Succeeded(), Failed(message=message):
            return Escaped(f"base's fails, and head's does not: {message}")
        case (NotRun(because=because), _) | (_, NotRun(because=because)):
            return NotAudited(because)
        case Succeeded(), None:
            return Escaped((side.note if side else None) or "base has nothing to compare with")
        case Succeeded(), Succeeded() if diff is not None:
            return _compared(diff)
        case _:
            return NotAudited("it has no relation of its own")


def _compared(diff: ModelDiff) -> AuditOutcome:
    match diff.coverage:
        case NotCompared(reason=reason):
            return NotAudited(f"it could not be compared: {reason}")
        case Sampled():
            return NotAudited("not every row was compared")
        case Exhaustive():
            return Confirmed(diff) if diff.is_empty else Escaped(", ".join(_differences(diff)), diff)
        case _:
            assert_never(diff.coverage)


def _differences(diff: ModelDiff) -> Iterable[str]:
    """What differs, in words."""
    schema, rows = diff.schema, diff.rows
    for number, word in ((rows.added, "only in head"), (rows.removed, "only in base"), (rows.changed, "changed")):
        if number:
            yield f"{number:,} row{'' if number == 1 else 's'} {word}"
    for columns, word in ((schema.added, "only in head"), (schema.removed, "only in base")):
        yield from (f"column {column.name} {word}" for column in columns)
    yield from (f"{change.name} is {change.head_type}, not {change.base_type}" for change in schema.type_changes)
    if schema.reordered:
        yield "columns in another order"
