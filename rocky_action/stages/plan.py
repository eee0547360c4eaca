"""Plan the preview: what the change can reach runs, what that reads is cloned, the rest is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rocky_action.dag import Dag
from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange, SomeColumns
from rocky_action.domain.lineage import SourceRead
from rocky_action.domain.naming import SCHEMA_PREFIX, STATE_SCHEMA
from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import NOTHING_CHANGED, LeftModel, MovedModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Ephemeral, Model, Project, Projects
from rocky_action.domain.text import listed, named
from rocky_action.errors import PlanError
from rocky_action.impact import Impact, impacts


def make_plan(projects: Projects, changes: ChangeSet, *, copy: CopyMode) -> Plan:
    """The prune set is closed downstream of every changed column: what reads none of them does not run.

    Raises PlanError.
    """
    head = projects.head
    dag = Dag(head)
    changed = {
        change.model: change
        for change in changes.changes
        if change.affects_data and change.kind is not ChangeKind.REMOVED
    }
    reached = dag.in_order(dag.reached_from(changed))
    found = impacts(head, reached, own={name: change.effect for name, change in changed.items()})
    order = [name for name in reached if found[name].affected]
    inlined = _ephemeral(head).difference(order)
    planned = []
    for name in order:
        after = tuple(
            upstream for upstream in dag.inputs(name, inlined) if upstream in found and found[upstream].affected
        )
        planned.append(_planned(projects, changed.get(name), impact=found[name], name=name, after=after))
    copied = dict(_copied(dag, head, prune=order, copy=copy, found=found))
    plan = Plan(
        prune_set=tuple(planned),
        copy_set=tuple(LeftModel(name, why) for name, why in sorted(copied.items())),
        skipped=tuple(
            LeftModel(name, _why_skipped(head.models[name], changes, impact=found.get(name)))
            for name in sorted(head.models.keys() - copied.keys() - set(order))
        ),
        removed=tuple(_removed(projects, changes)),
        moved=tuple(_moved(projects, changes)),
    )
    _refuse_collisions(head, [*plan.prune_names, *plan.copy_names])
    return plan


def refuse_reserved_schemas(projects: Projects) -> None:
    """Raises PlanError for a project that builds where previews live: dropping those would drop production."""
    for model in (*projects.base.models.values(), *projects.head.models.values()):
        schema = model.target.schema.lower()
        if schema == STATE_SCHEMA or schema.startswith(SCHEMA_PREFIX):
            raise PlanError(
                f"{model.name} is built in the schema {model.target.schema}, and {STATE_SCHEMA} and every schema that"
                f" begins with {SCHEMA_PREFIX} belong to previews, which are dropped",
                advice="Give it another `schema` under [target].",
            )


def _planned(
    projects: Projects, change: ModelChange | None, *, impact: Impact, name: str, after: tuple[str, ...]
) -> PlannedModel:
    base_name = change.renamed_from if change and change.renamed_from else name
    spelled = {} if change is None else {column.lower(): column for column in change.columns}
    columns = sorted(impact.effect.columns) if isinstance(impact.effect, SomeColumns) else []
    base = projects.base.models.get(base_name)
    return PlannedModel(
        name,
        PruneReason.DOWNSTREAM if change is None else PruneReason.CHANGED,
        impact.why if change is None else change.why,
        tuple(spelled.get(column, column) for column in columns),
        after,
        base_name if base is not None else None,
        None if base is None else _former(base, projects.head.models[name]),
    )


def _former(base: Model, head: Model) -> str | None:
    """What base builds and head leaves behind, None if head builds it too."""
    if isinstance(base.strategy, Ephemeral):
        return None
    stays = not isinstance(head.strategy, Ephemeral) and str(base.target).lower() == str(head.target).lower()
    return None if stays else str(base.target)


def _copied(
    dag: Dag, head: Project, *, prune: Sequence[str], copy: CopyMode, found: Mapping[str, Impact]
) -> Iterable[tuple[str, str]]:
    ephemeral = _ephemeral(head)
    if copy is CopyMode.NONE:
        return
    running = frozenset(prune)
    readers: dict[str, list[str]] = {}
    for name in prune:
        for upstream in dag.inputs(name, ephemeral):
            if upstream not in running:
                readers.setdefault(upstream, []).append(name)
    if copy is CopyMode.ALL and prune:
        for name in head.models.keys() - running - ephemeral:
            readers.setdefault(name, [])
    for name, reading in readers.items():
        why = f"read by {named(reading)}" if reading else "unchanged; all models were asked for"
        yield name, f"{why}; {found[name].why}" if name in found else why


def _ephemeral(project: Project) -> frozenset[str]:
    return frozenset(name for name, model in project.models.items() if isinstance(model.strategy, Ephemeral))


def _why_skipped(model: Model, changes: ChangeSet, *, impact: Impact | None) -> str:
    change = changes.of(model.name)
    if change is not None:
        return change.why
    if impact is not None:
        return impact.why
    return "ephemeral and unchanged" if isinstance(model.strategy, Ephemeral) else NOTHING_CHANGED


def _removed(projects: Projects, changes: ChangeSet) -> Iterable[LeftModel]:
    names = sorted(change.model for change in changes.changes if change.kind is ChangeKind.REMOVED)
    still_read = _readers(projects.head, [projects.base.models[name] for name in names])
    for name in names:
        if still := still_read.get(name):
            why = f"removed, but still read by {listed(still)}: nothing will refresh it after the merge"
            yield LeftModel(name, why, readers=still)
        else:
            yield LeftModel(name, "removed; its relation stays in the warehouse until somebody drops it")


def _moved(projects: Projects, changes: ChangeSet) -> Iterable[MovedModel]:
    base, head = projects.base.models, projects.head.models
    former = {change.model: base.get(change.renamed_from or change.model) for change in changes.changes}
    gone = {
        name: was
        for name, was in former.items()
        if was is not None and name in head and was.target != head[name].target
    }
    still_read = _readers(projects.head, list(gone.values()))
    for name, was in gone.items():
        if still := still_read.get(was.name):
            yield MovedModel(name, str(was.target), still)


def _readers(head: Project, gone: Sequence[Model]) -> dict[str, tuple[str, ...]]:
    """Head's models that read what base built as one of these; it is an ordinary table to head now."""
    known: dict[str, set[str]] = {}
    for model in gone:
        target = model.target
        spellings = (model.name, target.name, f"{target.schema}.{target.name}", f"{target.catalog}.{target.name}")
        for spelling in (*spellings, str(target)):
            known.setdefault(spelling.lower(), set()).add(model.name)
    found: dict[str, dict[str, None]] = {}
    for reader in sorted(head.reads.could_read(gone)) if gone else ():
        for read in head.reads[reader]:
            if isinstance(read, SourceRead):
                for name in known.get(read.name.lower(), ()):
                    found.setdefault(name, {})[reader] = None
    return {name: tuple(readers) for name, readers in found.items()}


def _refuse_collisions(head: Project, names: list[str]) -> None:
    """Every schema of the project folds into one preview schema, where a table's name must be enough."""
    taken: dict[tuple[str, str], str] = {}
    for name in names:
        model = head.models[name]
        if isinstance(model.strategy, Ephemeral):
            continue
        place = (model.target.catalog.lower(), model.target.name.lower())
        other = taken.setdefault(place, name)
        if other != name:
            raise PlanError(
                f"{other} ({head.models[other].target}) and {name} ({model.target}) would be the same table in the"
                " preview schema",
                advice="Give one of them another `table` under [target]; Rocky's own branches need that too.",
            )
