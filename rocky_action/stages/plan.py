"""Plan the preview: what the change can reach runs, what that reads is cloned, the rest is left alone."""

from __future__ import annotations

from collections.abc import Iterable

from rocky_action.dag import Dag
from rocky_action.domain.changes import ChangeKind, ChangeSet
from rocky_action.domain.lineage import Reference
from rocky_action.domain.naming import SCHEMA_PREFIX, STATE_SCHEMA
from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import LeftModel, Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Ephemeral, Model, Project, Projects
from rocky_action.errors import PlanError


def make_plan(projects: Projects, changes: ChangeSet, *, copy: CopyMode) -> Plan:
    """The prune set is closed downstream of every model whose data the change can reach. Raises PlanError."""
    head = projects.head
    dag = Dag(head)
    changed = {
        change.model: change
        for change in changes.changes
        if change.affects_data and change.kind is not ChangeKind.REMOVED
    }
    order = dag.in_order(dag.reached_from(changed))
    prune = set(order)
    planned = []
    for name in order:
        after = tuple(upstream for upstream in dag.upstreams(name) if upstream in prune)
        change = changed.get(name)
        base_name = change.renamed_from if change and change.renamed_from else name
        base_model = base_name if base_name in projects.base.models else None
        if change is not None:
            planned.append(PlannedModel(name, PruneReason.CHANGED, change.why, change.columns, after, base_model))
        else:
            why = f"reads {_listed(after)}"
            planned.append(PlannedModel(name, PruneReason.DOWNSTREAM, why, (), after, base_model))
    copied = dict(_copied(dag, head, prune=order, copy=copy))
    plan = Plan(
        prune_set=tuple(planned),
        copy_set=tuple(LeftModel(name, why) for name, why in sorted(copied.items())),
        skipped=tuple(
            LeftModel(name, _why_skipped(head.models[name], changes))
            for name in sorted(head.models)
            if name not in prune and name not in copied
        ),
        removed=tuple(_removed(projects, changes)),
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


def _copied(dag: Dag, head: Project, *, prune: tuple[str, ...], copy: CopyMode) -> Iterable[tuple[str, str]]:
    ephemeral = {name for name, model in head.models.items() if isinstance(model.strategy, Ephemeral)}
    if copy is CopyMode.NONE:
        return
    readers: dict[str, list[str]] = {}
    for name in prune:
        for upstream in dag.inputs(name, ephemeral):
            if upstream not in prune:
                readers.setdefault(upstream, []).append(name)
    if copy is CopyMode.ALL and prune:
        for name in head.models.keys() - set(prune) - ephemeral:
            readers.setdefault(name, [])
    for name, found in readers.items():
        yield name, f"read by {_listed(found)}" if found else "unchanged; all models were asked for"


def _why_skipped(model: Model, changes: ChangeSet) -> str:
    change = changes.of(model.name)
    if change is not None:
        return change.why
    if isinstance(model.strategy, Ephemeral):
        return "ephemeral and unchanged"
    return "reads nothing that changed"


def _removed(projects: Projects, changes: ChangeSet) -> Iterable[LeftModel]:
    reads = projects.head.reads
    for name in sorted(change.model for change in changes.changes if change.kind is ChangeKind.REMOVED):
        removed = projects.base.models[name]
        still = sorted(reader for reader in reads.could_read([removed]) if _are_of(reads[reader], removed))
        if still:
            why = f"removed, but still read by {_listed(still)}: nothing will refresh it after the merge"
            yield LeftModel(name, why, readers=tuple(still))
        else:
            yield LeftModel(name, "removed; its relation stays in the warehouse until somebody drops it")


def _are_of(reads: Iterable[Reference], removed: Model) -> bool:
    """Whether what head's model reads is what base built as ``removed``; it is an ordinary table to head now."""
    target = removed.target
    spellings = {removed.name, target.name, f"{target.schema}.{target.name}", f"{target.catalog}.{target.name}"}
    known = {spelling.lower() for spelling in (*spellings, str(target))}
    return any(ref.kind == "source" and ref.name.lower() in known for ref in reads)


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


def _listed(names: Iterable[str], most: int = 3) -> str:
    names = list(names)
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
