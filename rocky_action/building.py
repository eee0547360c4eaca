"""How one model becomes a relation: its query pointed at the right places, and its strategy's statements run.

A ``Site`` is one side of the comparison, base or head: the project there, the schema to build in, and where every model
is read. Whatever a pull request contains, the only thing written is ``site.target(model)``, which lies in a schema of
the preview's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import assert_never

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import APPENDED, Failed, Inlined, NotRun, RunOutcome, Succeeded
from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.permits import Permits
from rocky_action.domain.project import (
    DeleteInsert,
    Ephemeral,
    FullRefresh,
    Incremental,
    Merge,
    Microbatch,
    Model,
    Problem,
    Project,
    Relation,
    Stateful,
    TimeInterval,
    View,
    WarehouseOnly,
)
from rocky_action.domain.text import with_advice
from rocky_action.domain.usage import Usage
from rocky_action.errors import RefusedError, SqlError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql import intervals, statements
from rocky_action.sql.parse import Query, parse_model
from rocky_action.sql.permitted import Asked, Refusal, refusal_of
from rocky_action.sql.quoting import relation
from rocky_action.sql.references import Targets, problem_of, tables
from rocky_action.sql.rewrite import Place, inlinable, rewrite, with_surrogate_keys
from rocky_action.sql.sources import KnownSources
from rocky_action.sql.verbatim import refusal_of_text, verbatim
from rocky_action.sql.writes import is_ours

_REFRESHED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"dynamic_table": ("snowflake",), "materialized_view": ("bigquery", "databricks", "snowflake")}
)
"""What a warehouse keeps up to date by itself, and which of them do; for a preview it would only cost more."""


class InPlace(Enum):
    """The target already holds the state that a stateful model starts from."""

    YES = "yes"


Prior = Relation | InPlace | None
"""What a model's table holds before the run: a relation's rows, what is in place already, or nothing (a first run)."""


@dataclass(frozen=True)
class Site:
    """One side. ``places`` says where each model with a relation is read; ``now`` decides partitions, in UTC.

    ``moved`` are the models whose own name, in a query that is run as it was written, would read something else.
    ``sources`` are what may be read besides models where only known sources may be.
    """

    warehouse: WarehouseAdapter
    project: Project
    schema: str
    places: Mapping[str, Relation]
    now: datetime
    targets: Targets
    moved: frozenset[str] = frozenset()
    timeout: float | None = None
    hides_values: bool = False
    permits: Permits = Permits()
    sources: KnownSources | None = None

    def target(self, model: Model) -> Relation:
        """Where this side builds a model."""
        return model.target.in_schema(self.schema)


def build(site: Site, model: Model, *, prior: Prior) -> RunOutcome:
    """Builds one model as a run after the merge would. A refusal by the SQL or the warehouse is a value, no error."""
    problem = problem_of(model, site.project.dialect)
    if isinstance(model.strategy, WarehouseOnly) and (because := _never_built(model.strategy, site)):
        return NotRun(because)
    if problem is not None and problem.unsupported:
        return NotRun(str(problem))
    if model.problem is not None:
        return Failed(str(model.problem))
    try:
        _refuse(model, _refused_prior(site, prior))
        return _built(site, model, prior=prior) if problem is None else _built_verbatim(site, model, problem=problem)
    except RefusedError as err:
        return NotRun(with_advice(err.message, err.advice))
    except SqlError as err:
        return Failed(with_advice(err.message, err.advice))
    except WarehouseError as err:
        return Failed(with_advice(err.told(hides_values=site.hides_values), err.advice))


def discard(site: Site, model: Model) -> None:
    """Drops the table that a model would have continued, if it is there: it was not built, and must not look so."""
    target = relation(site.target(model), site.project.dialect)
    with suppress(WarehouseError):  # a warehouse that cannot drop it has already said why it could not build it
        site.warehouse.execute([f"DROP TABLE IF EXISTS {target}"])


def _built(site: Site, model: Model, *, prior: Prior) -> RunOutcome:
    target, strategy = site.target(model), model.strategy
    match strategy:
        case Ephemeral():
            site.warehouse.describe(query_of(site, model).text)  # nobody else might ask whether it is a query at all
            return Inlined()
        case FullRefresh() | View() | WarehouseOnly():
            if isinstance(prior, Relation):  # what it reads of itself is what the run before has left
                site = replace(site, places={**site.places, model.name: prior})
            create = statements.create_view if isinstance(strategy, View) else statements.create_table
            steps = [create(target, query_of(site, model).text, dialect=site.project.dialect)]
            return Succeeded(target, _run(site, model, steps=steps), note=_stand_in(strategy))
        case Incremental() | Microbatch() | Merge() | DeleteInsert() | TimeInterval():
            if prior is None:
                return _first_run(site, model, strategy=strategy)
            if isinstance(prior, Relation):
                site.warehouse.clone(prior, target, writable=True)
            return _later_run(site, model, strategy=strategy)
        case _:
            assert_never(strategy)


def _never_built(strategy: WarehouseOnly, site: Site) -> str | None:
    """Why a strategy has no statement that a preview could run, None if there is one that stands for it."""
    kind = site.project.adapter.type
    if strategy.name == "content_addressed":
        return "the strategy content_addressed writes files to an object store, and a preview writes only tables"
    return (
        None if kind in _REFRESHED.get(strategy.name, ()) else f"the strategy {strategy.name} does not exist on {kind}"
    )


def _stand_in(strategy: FullRefresh | View | WarehouseOnly) -> str | None:
    """What is left out where a plain table stands for what the warehouse would keep up to date."""
    if not isinstance(strategy, WarehouseOnly):
        return None
    name = strategy.name.replace("_", " ")
    return (
        f"built as a plain table with the rows that the {name} would have now; whether the warehouse accepts the query"
        f" in a {name}, and what refreshing it costs, is not shown"
    )


def _built_verbatim(site: Site, model: Model, *, problem: Problem) -> RunOutcome:
    """Runs SQL that cannot be read here as it was written, if nothing in it would have to be pointed elsewhere."""
    mentioned = {read.model for read in site.project.reads[model.name] if isinstance(read, ModelRead)}
    moved = sorted(mentioned & site.moved)
    try:
        text = verbatim(model, site.project.dialect)
        _refuse(model, refusal_of_text(model.sql, site.permits, dialect=site.project.dialect))
        described = None if moved else site.warehouse.describe(text)
    except RefusedError:
        raise
    except SqlError:
        return Failed(str(problem))
    except WarehouseError as err:
        return Failed(f"{problem.message}; the warehouse says: {err.told(hides_values=site.hides_values)}")
    if described is None:
        return NotRun(
            f"it cannot be read here ({problem.message}), so it would be run as it is written, and it mentions"
            f" {', '.join(moved)}, which this preview has in another place"
        )
    target, dialect = site.target(model), site.project.dialect
    create = statements.create_view if isinstance(model.strategy, View) else statements.create_table
    usage = _run(site, model, steps=[create(target, text, dialect=dialect)])
    note = f"run as it is written, as it cannot be read here ({problem.message})"
    stand_in = _stand_in(model.strategy) if isinstance(model.strategy, WarehouseOnly) else None
    return Succeeded(target, usage, note=f"{note}; {stand_in}" if stand_in else note)


def _first_run(site: Site, model: Model, *, strategy: Stateful) -> Succeeded:
    """The table as a production that has run this model from the start would have it."""
    target = site.target(model)
    if isinstance(strategy, TimeInterval):
        window = intervals.whole_window(strategy, site.now)
        usage = _run(site, model, steps=[_create(site, target, query=query_of(site, model, window=window))])
        return Succeeded(target, usage, note="all partitions were built, as this was the first run")
    query = query_of(site, model)
    create = [_create(site, target, query=query)]
    if isinstance(strategy, Merge):  # Rocky merges right after it has created the table
        create.append(_merge(site, target, query=query, strategy=strategy))
    return Succeeded(target, _run(site, model, steps=create), note="built from nothing, as this was the first run")


def _later_run(site: Site, model: Model, *, strategy: Stateful) -> Succeeded:
    target = site.target(model)
    if isinstance(strategy, TimeInterval):
        return _rebuilt_windows(site, model, strategy=strategy)
    query = query_of(site, model)
    match strategy:
        case Incremental() | Microbatch():
            steps = [statements.append(target, query)]
            note = APPENDED
        case Merge():
            steps = [_merge(site, target, query=query, strategy=strategy)]
            note = "merged into a copy of base"
        case DeleteInsert():
            known = site.warehouse.columns(target) or ()
            named = DeleteInsert(tuple(_named(known, name).name for name in strategy.partition_by))
            steps = statements.delete_insert(target, query, strategy=named)
            note = "its partitions replaced in a copy of base"
        case _:
            assert_never(strategy)
    return Succeeded(target, _run(site, model, steps=steps), note=note)


def _rebuilt_windows(site: Site, model: Model, *, strategy: TimeInterval) -> Succeeded:
    target = site.target(model)
    column = _named(site.warehouse.columns(target) or (), strategy.time_column)
    rows = site.warehouse.query(statements.newest(target, column, now=site.now, dialect=site.project.dialect))
    newest = rows[0][0] if rows and isinstance(rows[0][0], datetime) else None
    windows = intervals.latest_windows(strategy, site.now, newest=newest)
    steps: list[str] = []
    for window in windows:
        steps += statements.replace_window(target, query_of(site, model, window=window), column=column, window=window)
    labels = ", ".join(intervals.label(window, strategy.granularity) for window in windows)
    which = f"partition {labels} was" if len(windows) == 1 else f"partitions {labels} were"
    return Succeeded(target, _run(site, model, steps=steps), note=f"only {which} rebuilt in a copy of base")


def _create(site: Site, target: Relation, *, query: Query) -> str:
    return statements.create_table(target, query.text, dialect=site.project.dialect)


def _run(site: Site, model: Model, *, steps: list[str]) -> Usage:
    return site.warehouse.execute(steps, timeout=site.timeout, model=model.name)


def _merge(site: Site, target: Relation, *, query: Query, strategy: Merge) -> str:
    columns = site.warehouse.describe(query.text)
    keys = tuple(_named(columns, name).name for name in strategy.unique_key)
    updated = strategy.update_columns
    named = Merge(keys, None if updated is None else tuple(_named(columns, name).name for name in updated))
    return statements.merge(target, query, strategy=named, columns=[column.name for column in columns])


def _named(columns: Iterable[Column], name: str) -> Column:
    """The column that a sidecar means, which need not spell it as a warehouse does that tells upper from lower case.

    If there is none, one of that name and of no known type, so that the warehouse says that there is none.
    """
    same = [column for column in columns if column.name.lower() == name.lower()]
    return next((column for column in same if column.name == name), same[0] if same else Column(name, ""))


def query_of(
    site: Site,
    model: Model,
    *,
    window: intervals.Window = intervals.EMPTY_WINDOW,
    inlining: tuple[str, ...] = (),
) -> Query:
    """A model's query over this side's relations, ephemeral models inlined, surrogate keys added."""
    dialect, models = site.project.dialect, site.project.models
    tree = parse_model(model, dialect, window=window)
    _refuse(model, refusal_of(tree, _asked(site, model)))
    places: dict[str, Place] = {}
    read_by_it = {site.targets.model_of(table, model.name) for table in tables(tree)}
    for read in (name for name in read_by_it if name is not None):
        if isinstance(models[read].strategy, Ephemeral):
            problem = problem_of(models[read], dialect)
            if problem is not None:
                raise SqlError(f"{read}, which it inlines, is not understood: {problem.message}", advice=problem.advice)
            if read in inlining:
                raise SqlError(f"{read}, which it inlines, reads itself in a circle", advice="Break the circle.")
            places[read] = inlinable(query_of(site, models[read], inlining=(*inlining, read)), reader=tree)
        elif read in site.places:
            places[read] = site.places[read]
    rewritten = rewrite(tree, reader=model.name, targets=site.targets, places=places)
    return with_surrogate_keys(rewritten, model)


def _asked(site: Site, model: Model) -> Asked:
    catalog = model.target.catalog or site.warehouse.catalog

    def exists(parts: Sequence[str]) -> bool:
        schema = parts[-2] if len(parts) > 1 else model.target.schema if site.project.dialect != "duckdb" else "main"
        return site.warehouse.columns(Relation(parts[-3] if len(parts) > 2 else catalog, schema, parts[-1])) is not None

    return Asked(
        site.permits,
        is_model=lambda table: site.targets.model_of(table, model.name) is not None,
        is_source=lambda parts: site.sources is not None and site.sources.has(parts),
        exists=exists,
    )


def _refused_prior(site: Site, prior: Prior) -> Refusal | None:
    """Why a table of production's may not be gone on with: a pull request can call any table that of a model."""
    if not isinstance(prior, Relation) or not site.permits.strict_sources or is_ours(prior.schema):
        return None
    known = site.sources
    parts = [part for part in (prior.catalog, prior.schema, prior.name) if part]
    if known is not None and (known.builds(prior) or known.has(parts)):
        return None
    return Refusal(
        f"it would go on from {prior}, which base neither builds, declares nor reads, and `strict_sources` is on",
        advice="Declare it under [[sources]] of a sidecar, on the base branch.",
    )


def _refuse(model: Model, refusal: Refusal | None) -> None:
    """Raises RefusedError for what a model may not do, with its place in the model's file."""
    if refusal is None:
        return
    known = refusal.line is not None and model.language == "sql"  # the line is that of the SQL, not of a .rocky file
    place = f"{model.path}, line {model.first_line + (refusal.line or 1) - 1}" if known else model.path
    raise RefusedError(f"{place}: {refusal.what}", advice=refusal.advice)
