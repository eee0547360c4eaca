"""What really happens: every model of a project built from scratch in DuckDB, by nothing of the product's.

The product says what the models are and what they read; it has no part in building them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

import duckdb

from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.project import Ephemeral, Model, Project, View
from tests.support.random_projects.queries import Column

T = TypeVar("T")
CATALOG = "shop"
MOST_ROWS = 20_000
SCHEMAS = ("main", "staging", "mart", "raw")


@dataclass(frozen=True)
class Built:
    """A relation: its columns in order, and its rows as text, in no order."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)

    def without(self, names: frozenset[str]) -> tuple[object, ...]:
        """What is left when these columns are not looked at."""
        kept = [at for at, (name, _) in enumerate(self.columns) if name not in names]
        return tuple(self.columns[at] for at in kept), Counter(tuple(row[at] for at in kept) for row in self.rows)


@dataclass(frozen=True)
class Broken:
    """No relation: the model failed itself, or ``because`` of models that it reads."""

    message: str = field(compare=False)
    because: frozenset[str] = field(default=frozenset(), compare=False)


Outcome = Built | Broken


class TooLargeError(Exception):
    """A model has more rows than a case should take: nothing is known about it, and the case counts for nothing."""


def same(base: Outcome, head: Outcome) -> bool:
    """The same columns in the same order and types, and the same rows; or twice nothing."""
    if isinstance(base, Built) and isinstance(head, Built):
        return base.without(frozenset()) == head.without(frozenset())
    return base == head


class Database:
    """One DuckDB in memory, emptied for each project."""

    def __init__(self) -> None:
        self._db = duckdb.connect(config={"threads": 1, "memory_limit": "400MB"})
        self._attached = False
        self._made: dict[str, tuple[object, object]] = {}

    def once(self, key: tuple[str, object], make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for calls with the same key that follow each other."""
        kind, what = key
        if kind not in self._made or self._made[kind][0] != what:
            self._made[kind] = (what, make())
        return cast("T", self._made[kind][1])

    def close(self) -> None:
        """No more projects."""
        self._db.close()

    def begin(self, sources: str) -> None:
        """An empty catalog with the sources in it; a bare name is found in any schema that models are built in."""
        schemas = "".join(f"CREATE SCHEMA {schema};" for schema in SCHEMAS[1:])
        path = ",".join(f"{CATALOG}.{schema}" for schema in SCHEMAS[:3])
        if self._attached:
            self._db.execute(f"USE memory; DETACH {CATALOG}")
        self._attached = True
        self._db.execute(
            f"ATTACH ':memory:' AS {CATALOG}; USE {CATALOG}; {schemas} SET search_path = '{path}'; {sources}"
        )

    def source_columns(self) -> dict[str, tuple[Column, ...]]:
        """The columns of every table there is, by schema.table; after ``begin``: of the sources."""
        rows = self._db.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns()"
            f" WHERE database_name = '{CATALOG}' ORDER BY 1, column_index"
        ).fetchall()
        found: dict[str, tuple[Column, ...]] = {}
        for table, name, kind in rows:
            found[table] = (*found.get(table, ()), Column(name, kind))
        return found

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a query, None if it is not valid."""
        try:
            rows = self._db.execute(f"DESCRIBE {sql}").fetchall()
        except duckdb.Error:
            return None
        return tuple(Column(str(row[0]), str(row[1])) for row in rows)

    def count(self, relation: str, most: int) -> int:
        """How many rows there are, but not more than ``most``."""
        found = self._db.execute(f"SELECT count(*) FROM (SELECT 1 FROM {relation} LIMIT {most})").fetchone()
        return int(found[0]) if found else 0

    def size(self, sql: str, most: int) -> int | None:
        """How many rows a query has, but not more than ``most``; None if it fails."""
        try:
            return self.count(f"({sql})", most)
        except duckdb.Error:
            return None

    def build(self, model: Model) -> Outcome:
        """One model under its real target. An ephemeral one is a view: the same query, read at the same places."""
        kind = "VIEW" if isinstance(model.strategy, View | Ephemeral) else "TABLE"
        try:
            self._db.execute(f"CREATE {kind} {_target(model)} AS {_keyed(model)}")
            answer = self._db.execute(f"SELECT * FROM {_target(model)}")
            columns = tuple((str(one[0]).lower(), str(one[1]).lower()) for one in answer.description or ())
            rows = answer.fetchmany(MOST_ROWS + 1)
        except duckdb.OutOfMemoryException as err:
            raise TooLargeError(model.name) from err
        except duckdb.Error as err:
            return Broken(str(err))
        if len(rows) > MOST_ROWS:
            raise TooLargeError(model.name)
        return Built(columns, tuple(tuple(map(repr, row)) for row in rows))

    def drop(self, model: Model) -> None:
        """Takes a table away again."""
        self._db.execute(f"DROP TABLE IF EXISTS {_target(model)}")

    def run(self, project: Project) -> dict[str, Outcome]:
        """Every model, in an order that DuckDB shows: what cannot be built yet is tried again after the others."""
        outcomes: dict[str, Outcome] = {}
        left = list(_order(project))
        progress = True
        while left and progress:
            tried = {name: self.build(project.models[name]) for name in left}
            built = {name for name, outcome in tried.items() if isinstance(outcome, Built)}
            outcomes |= tried
            left, progress = [name for name in left if name not in built], bool(built)
        broken = {name for name, outcome in outcomes.items() if isinstance(outcome, Broken)}
        for name in broken:
            because = frozenset(broken & set(_reads(project, name)))
            outcomes[name] = Broken(getattr(outcomes[name], "message", ""), because)
        return outcomes


@contextmanager
def open_database() -> Iterator[Database]:
    """A database for as long as the block runs."""
    database = Database()
    try:
        yield database
    finally:
        database.close()


def _target(model: Model) -> str:
    return ".".join(f'"{part}"' for part in (model.target.catalog, model.target.schema, model.target.name))


def _keyed(model: Model) -> str:
    sql = model.sql.strip().rstrip(";")
    hashes = "".join(f", {_hash(key.columns)} AS {key.name}" for key in model.surrogate_keys)
    return f"SELECT *{hashes} FROM (\n{sql}\n) AS __rocky_keyed" if hashes else sql


def _hash(columns: Sequence[str]) -> str:
    parts = (f"coalesce(CAST(\"{name}\" AS VARCHAR), '_dbt_utils_surrogate_key_null_')" for name in columns)
    return f"md5({' || chr(45) || '.join(parts)})"


def _reads(project: Project, name: str) -> Iterator[str]:
    for reference in project.reads[name]:
        if isinstance(reference, ModelRead) and reference.model != name and reference.model in project.models:
            yield reference.model


def _order(project: Project) -> Iterator[str]:
    """A first guess, which saves tries: what is read comes before what reads it."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name not in done:
            done.add(name)
            for upstream in _reads(project, name):
                yield from visit(upstream)
            yield name

    for name in project.models:
        yield from visit(name)


def differing(base: Mapping[str, Outcome], head: Mapping[str, Outcome]) -> frozenset[str]:
    """The models of both sides whose outcome is not the same."""
    return frozenset(name for name in base.keys() & head.keys() if not same(base[name], head[name]))
