"""Random projects: three to ten models over random sources, each valid on those before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from random import Random

from rocky_action.domain.project import Model, Relation, SurrogateKey
from tests.support.random_projects.oracle import CATALOG, Broken, Built, Database, TooLargeError
from tests.support.random_projects.origins import Ground, Known
from tests.support.random_projects.queries import Column, Draft, Item, Query, Select
from tests.support.random_projects.shapes import staging
from tests.support.random_projects.shapes_nested import random_query
from tests.support.random_projects.sources import random_sources

TRIES = 12
MOST_ROWS = 40
_STEMS = ("stg_orders", "dim_customers", "int_items", "fct_sales", "events_daily", "agg_total", "rpt_main", "snap")


@dataclass(frozen=True)
class Generated:
    """A project's models in an order in which they can be built, with their columns."""

    sources: str
    drafts: tuple[Draft, ...]
    columns: dict[str, tuple[Column, ...]]
    relations: tuple[Known, ...]


def random_project(rng: Random, database: Database) -> Generated:
    """Leaves the database with the project's tables in it, so that an edit can look at them."""
    sources = random_sources(rng)
    database.begin(sources)
    relations = [_known_source(database, table, columns=found) for table, found in database.source_columns().items()]
    drafts: list[Draft] = []
    columns: dict[str, tuple[Column, ...]] = {}
    for number in range(rng.randint(3, 10)):
        draft, found = _valid(rng, database, (number, tuple(relations)))
        drafts.append(draft)
        columns[draft.name] = found
        relations += [_known(database, draft, columns=found)] * 2
    return Generated(sources, tuple(drafts), columns, tuple(relations))


def _known(database: Database, draft: Draft, *, columns: tuple[Column, ...]) -> Known:
    """The relation that a model builds, as another one can read it; by a bare name only where it is the table's too."""
    table = draft.table or draft.name
    qualified = (f"{draft.schema}.{table}", f"{CATALOG}.{draft.schema}.{table}")
    spellings = qualified if draft.table else (table, table, table, *qualified)
    return Known(spellings, columns, database.count(qualified[1], MOST_ROWS))


def as_model(draft: Draft) -> Model:
    """The model without its strategy, which says nothing about its columns."""
    keys = tuple(SurrogateKey(f"{key}_key", (key,)) for key in draft.keys)
    target = Relation(CATALOG, draft.schema, draft.table or draft.name)
    return Model(draft.name, "", draft.sql, target, surrogate_keys=keys)


def _known_source(database: Database, table: str, *, columns: tuple[Column, ...]) -> Known:
    schema, name = table.split(".")
    bare = (name,) if schema == "main" else ()
    return Known((*bare, table, f"{CATALOG}.{table}"), columns, database.count(table, MOST_ROWS))


def _describe(database: Database, sql: str) -> tuple[tuple[Column, ...], int] | None:
    """What a query gives, if that is not too much."""
    columns = database.describe(sql)
    rows = None if columns is None else database.size(sql, MOST_ROWS + 1)
    return None if columns is None or rows is None or rows > MOST_ROWS else (columns, rows)


def _valid(rng: Random, database: Database, place: tuple[int, tuple[Known, ...]]) -> tuple[Draft, tuple[Column, ...]]:
    number, relations = place
    name = f"{rng.choice(_STEMS)}_{number}"
    schema = rng.choice(("main", "main", "staging", "mart"))
    table = f"t_{name}" if rng.random() < 0.07 else ""
    strategy = rng.choice(("full_refresh",) * 5 + ("view", "view", "ephemeral"))
    for _ in range(TRIES):
        ground = Ground(rng, relations[-8:], partial(_describe, database))
        query = staging(ground) if number < 3 and rng.random() < 0.6 else random_query(ground)
        draft = Draft(name, query, schema, table, strategy)
        found = _built(database, draft, empty=rng.random() < 0.1)
        if found is not None:
            keyed = _keyed(database, draft) if rng.random() < 0.06 else None
            return keyed or (draft, found)
    chosen = rng.choice(relations)
    draft = Draft(name, Query((Select((Item("*"),), f"{chosen.spellings[-1]} AS q1"),)), schema, table, strategy)
    found = _built(database, draft)
    assert found is not None
    return draft, found


def _built(database: Database, draft: Draft, *, empty: bool = True) -> tuple[Column, ...] | None:
    """Its columns, None if it is not valid, too large, or empty where it should not be: nothing can differ there."""
    try:
        outcome = database.build(as_model(draft))
    except TooLargeError:
        database.drop(as_model(draft))
        return None
    match outcome:
        case Broken():
            return None
        case Built(rows=rows) if len(rows) > MOST_ROWS or not (rows or empty):
            database.drop(as_model(draft))
            return None
        case _:
            return database.describe(f"FROM {CATALOG}.{draft.schema}.{draft.table or draft.name}")


def _keyed(database: Database, draft: Draft) -> tuple[Draft, tuple[Column, ...]] | None:
    """The same model with a surrogate key, if it has a column to make one of."""
    columns = database.describe(f"FROM {CATALOG}.{draft.schema}.{draft.table or draft.name}") or ()
    plain = [column.name for column in columns if column.name.isidentifier()]
    if not plain or f"{plain[0]}_key" in [column.name for column in columns]:
        return None
    keyed = replace(draft, keys=(plain[0],))
    database.drop(as_model(draft))
    found = _built(database, keyed)
    assert found is not None
    return keyed, found
