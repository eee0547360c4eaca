"""What a change does to the models downstream of it: effects, followed through column-level lineage.

Soundness before tightness: whatever is not proved to stay the same counts as changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from rocky_action.domain.changes import AllRows, Effect, SomeColumns, Untouched, both
from rocky_action.domain.lineage import ColumnRead, Lineage, ModelRead, OutputColumn, Reference, Use
from rocky_action.domain.plan import NOTHING_CHANGED
from rocky_action.domain.project import (
    DeleteInsert,
    Ephemeral,
    FullRefresh,
    Incremental,
    Merge,
    Microbatch,
    Project,
    Strategy,
    TimeInterval,
    View,
    WarehouseOnly,
)
from rocky_action.domain.text import listed, named
from rocky_action.sql.lineage import Propagated, propagate
from rocky_action.sql.model_lineage import ModelLineages


@dataclass(frozen=True)
class Impact:
    """What becomes of one model. ``affected`` is false where its result is provably the same.

    ``effect`` is what those that read it see; ``why`` is about what it reads, in one line.
    """

    affected: bool
    effect: Effect
    why: str


def impacts(project: Project, order: Sequence[str], *, own: Mapping[str, Effect]) -> dict[str, Impact]:
    """The impact on every model of ``order``, of edits to models (``own``) and of what follows from them.

    ``order`` holds every model that reads one that was edited, directly or not, each after all it reads.
    """
    lineages = ModelLineages(project, order)
    found: dict[str, Impact] = {}
    for name in order:
        reads = [read for read in project.reads[name] if isinstance(read, ModelRead)]
        touched = {
            read: found[read.model].effect for read in reads if read.model in found and found[read.model].affected
        }
        edited = own.get(name)
        whole = isinstance(edited, AllRows) or any(isinstance(effect, AllRows) for effect in touched.values())
        lineage = None if whole or not touched else lineages.of(name)
        through = _through(touched, lineage)
        effect = both(edited or Untouched(), through.effect)
        affected = edited is not None or not isinstance(effect, Untouched)
        if affected and (
            ModelRead(name) in reads or not _follows(project.models[name].strategy, effect, lineage=lineage)
        ):
            effect = AllRows()
        found[name] = Impact(affected, effect, _why(touched, through))
    return found


def _through(touched: Mapping[ModelRead, Effect], lineage: Lineage | None) -> Propagated:
    """What changes of what a model reads do to it; without a lineage they may do anything."""
    if not touched:
        return Propagated(Untouched())
    if lineage is None or not touched.keys() <= set(lineage.relations):
        return Propagated(AllRows())
    return propagate(lineage, dict[Reference, Effect](touched.items()))


def _follows(strategy: Strategy, effect: Effect, *, lineage: Lineage | None) -> bool:
    """Whether what holds for a query's result holds for the relation, which can have rows from earlier runs in it."""
    match strategy:
        case FullRefresh() | View() | Ephemeral():
            return True
        case Incremental() | Microbatch():
            keys: tuple[str, ...] = ()
        case Merge(unique_key=columns) | DeleteInsert(partition_by=columns):
            keys = columns
        case TimeInterval(time_column=column):
            keys = (column,)
        case WarehouseOnly():
            return False
        case _:
            assert_never(strategy)
    outputs = None if lineage is None else lineage.outputs
    # Rows are put in by position, so the columns must be those that the table has.
    fixed = outputs is not None and all(isinstance(output, OutputColumn) for output in outputs)
    return isinstance(effect, SomeColumns) and fixed and effect.columns.isdisjoint(key.lower() for key in keys)


def _why(touched: Mapping[ModelRead, Effect], through: Propagated) -> str:
    if not touched:
        return NOTHING_CHANGED
    if isinstance(through.effect, Untouched):
        return "; ".join(_unused(read.model, effect) for read, effect in touched.items())
    whole = [read.model for read, effect in touched.items() if isinstance(effect, AllRows)]
    declared = [read.model for read in touched if read.declared]
    if declared:
        return f"its depends_on names {named(declared)}, which changed"
    if whole:
        return f"reads {named(whole)}, whose rows may differ"
    if not through.uses:
        return f"reads {named(read.model for read in touched)}, and which columns of it cannot be told"
    return _used(through.uses)


def _unused(model: str, effect: Effect) -> str:
    columns = sorted(effect.columns) if isinstance(effect, SomeColumns) else []
    if not columns:
        return f"reads `{model}`, whose columns stay as they are"
    return f"reads `{model}`, but not its changed column{'s' if len(columns) > 1 else ''} {named(columns)}"


def _used(uses: Iterable[ColumnRead]) -> str:
    """Each changed column once, with the places that it is used in."""
    used, named = dict[str, dict[str, None]](), dict[str, None]()
    for use in uses:
        relation = use.reference.model if isinstance(use.reference, ModelRead) else use.reference.name
        what = f"every column of `{relation}`" if use.column is None else f"`{relation}.{use.column}`"
        if use.use is Use.MENTION:
            named[what] = None
        else:
            used.setdefault(what, {}).update({use.where: None} if use.where else {})
    if not used:
        return f"needs {listed(named, most=2)} to be there"
    return f"uses {listed((_placed(what, tuple(places)) for what, places in used.items()), most=2)}"


def _placed(what: str, places: Sequence[str]) -> str:
    if len(places) == 2:
        return f"{what} in {places[0]} and {places[1]}"
    return f"{what} in {listed(places, most=2)}" if places else what
