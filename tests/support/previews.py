"""A DuckDB file with a production in it, and previews of projects in memory that must leave that production alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from rocky_action.domain.execution import Execution, Failed, NotRun, RunOutcome, Side, Succeeded
from rocky_action.domain.options import Baseline, CopyMode, PreviewOptions, RunOptions
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Project, Projects
from rocky_action.domain.pull_request import ChangedPath
from rocky_action.ports import Row
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.execution import execute
from rocky_action.stages.plan import make_plan
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb
from rocky_action.warehouses.duckdb_lock import Allowed
from tests.support.projects import load, project_files

NAME = "x"
HEAD, BASE = "branch__x", "branch__x__base"
NOW = datetime(2024, 2, 1, 6, 15, tzinfo=UTC)

_AS_USUAL = RunOptions()
Spec = str | tuple[str, str]
"""A model's SQL, or its SQL and its sidecar."""


def project_of(models: Mapping[str, Spec], more: Mapping[str, str] | None = None) -> Project:
    """A project of these models, built in shop.main unless their sidecars say otherwise."""
    files = project_files({name: spec if isinstance(spec, str) else spec[0] for name, spec in models.items()})
    files |= {f"models/{name}.toml": spec[1] for name, spec in models.items() if not isinstance(spec, str)}
    return load(files | dict(more or {}))


@dataclass(frozen=True)
class Ran:
    """One execution and the plan that it carried out."""

    execution: Execution
    plan: Plan

    def head(self, model: str) -> RunOutcome:
        run = self.execution.head_run(model)
        assert run is not None
        assert run.side is Side.HEAD
        return run.outcome

    def base(self, model: str) -> RunOutcome:
        run = self.execution.base_run(model)
        assert run is not None
        assert run.side is Side.BASE
        return run.outcome

    def succeeded(self) -> Ran:
        """Every model was built on every side that was asked for."""
        bad = [
            run
            for run in (*self.execution.head_runs, *self.execution.base_runs)
            if isinstance(run.outcome, (Failed, NotRun))
        ]
        assert not bad, bad
        return self


@dataclass(frozen=True)
class Lab:
    """The file shop.duckdb, open. ``progress`` collects what was said while building."""

    database: DuckDB
    path: Path
    progress: list[str] = field(default_factory=list)

    def sql(self, *statements: str) -> None:
        for statement in statements:
            self.database.connection.cursor().execute(statement)

    def rows(self, relation: str) -> list[Row]:
        """All rows of a relation, sorted."""
        return read(self.database.connection, relation)

    def names(self, schema: str) -> set[str]:
        """The tables and views in a schema."""
        found = self.database.connection.cursor().execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
        )
        return {str(name) for (name,) in found.fetchall()}

    def preview(
        self,
        base: Project,
        head: Project,
        *,
        run: RunOptions = _AS_USUAL,
        renamed: Iterable[ChangedPath] = (),
        now: datetime = NOW,
    ) -> Ran:
        """Changes, plan and execution, as the pipeline makes them; production is compared before and after."""
        projects = Projects(base, head)
        plan = make_plan(projects, detect_changes(projects, tuple(renamed)), copy=run.copy)
        with untouched(self.database.connection):
            execution = execute(
                plan,
                projects,
                warehouse=self.database,
                options=PreviewOptions(NAME, run),
                now=now,
                progress=self.progress.append,
            )
        assert [one.model for one in execution.head_runs] == list(plan.prune_names)
        assert [one.model for one in execution.base_sides] == list(plan.prune_names)
        assert [one.model for one in execution.clones] == list(plan.copy_names)
        return Ran(execution, plan)


def options(
    baseline: Baseline = Baseline.AUTO,
    *,
    copy: CopyMode = CopyMode.NEEDED,
    threads: int = 2,
    timeout: float | None = None,
) -> RunOptions:
    return RunOptions(baseline=baseline, copy=copy, threads=threads, timeout_seconds=timeout)


CLOSED = Allowed()


@contextmanager
def open_lab(
    folder: Path, *statements: str, memory_limit: str | None = None, allowed: Allowed | None = CLOSED
) -> Iterator[Lab]:
    """Makes shop.duckdb with these statements and opens it."""
    path = folder / "shop.duckdb"
    make_database(path, *statements)
    database = open_duckdb(path, OpenOptions(memory_limit=memory_limit, allowed=allowed))
    try:
        yield Lab(database, path)
    finally:
        database.close()


def make_database(path: Path, *statements: str) -> None:
    connection = duckdb.connect(str(path))
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


def read(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Row]:
    return connection.cursor().execute(f"FROM {relation} ORDER BY ALL").fetchall()


def production(connection: duckdb.DuckDBPyConnection, *, identity: bool = True) -> dict[str, object]:
    """Everything in the database that is no preview's: what is there, how it is defined and what it holds.

    ``identity`` includes DuckDB's object numbers, which change when a table is replaced by an equal one; they mean
    something only while the database stays open.
    """
    cursor = connection.cursor()
    foreign = "NOT starts_with(schema_name, 'branch__') AND schema_name <> 'rocky_preview'"
    here = f"WHERE database_name = current_database() AND NOT internal AND {foreign}"
    found: dict[str, object] = {
        "schemas": cursor.execute(f"SELECT schema_name FROM duckdb_schemas() {here} ORDER BY ALL").fetchall()
    }
    for kind, columns in (("tables", "schema_name, table_name"), ("views", "schema_name, view_name")):
        number = ("table_oid" if kind == "tables" else "view_oid") if identity else "0"
        listed = cursor.execute(f"SELECT {columns}, sql, {number} FROM duckdb_{kind}() {here} ORDER BY ALL").fetchall()
        for schema, name, sql, oid in listed:
            relation = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
            contents = cursor.execute(f"FROM {relation} ORDER BY ALL").fetchall()
            found[f"{kind} {relation}"] = (sql, oid, cursor.execute(f"DESCRIBE {relation}").fetchall(), contents)
    for kind in ("indexes", "sequences", "types"):
        count = cursor.execute(f"SELECT count(*) FROM duckdb_{kind}() WHERE {foreign}").fetchall()
        found[kind] = count
    return found


@contextmanager
def untouched(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Fails if production is not exactly what it was."""
    before = production(connection)
    yield
    assert production(connection) == before


def relation_of(outcome: RunOutcome) -> str:
    assert isinstance(outcome, Succeeded), outcome
    return str(outcome.relation)
