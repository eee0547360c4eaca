"""Leases and run records in a real DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from rocky_action.domain.cost import CostSource, Figures
from rocky_action.domain.execution import (
    BaselineKind,
    BaseSide,
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotCloned,
    NotRun,
    Side,
    Succeeded,
)
from rocky_action.domain.options import Baseline, PreviewOptions, RunOptions
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.usage import Usage
from rocky_action.errors import PlanError, WarehouseError
from rocky_action.pipeline import create
from rocky_action.projects.rocky import RockyLoader
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.state import Lease, NoRecords, WarehouseRecords, open_records, read_records
from rocky_action.study import Connection, Study, World, study
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb
from tests.support.previews import make_database, project_of, untouched
from tests.support.projects import project_files
from tests.support.spoken import Spoken
from tests.support.trees import tree

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMPARISON = Comparison("main", "b" * 40, "feature", "h" * 40)
SCHEMAS = (("shop", "branch__x"), ("shop", "branch__x__base"))
HOSTILE = ["it's", 'quo"te', "'; DROP SCHEMA raw CASCADE; --", "new\nline", "ünï ✂ 🙂", "\\", "\\n", "%_", "`x`", "$x"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDB]:
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS a")
    opened = open_duckdb(path)
    with untouched(opened.connection):
        yield opened
    opened.close()


DIALECTS = ("duckdb", "bigquery", "databricks", "snowflake")


@pytest.fixture(params=DIALECTS)
def records(database: DuckDB, request: pytest.FixtureRequest) -> WarehouseRecords:
    """In each dialect, whose own parser reads what DuckDB then runs."""
    dialect = str(request.param)
    spoken = database if dialect == "duckdb" else Spoken(database.connection, database.catalog, database.file, dialect)
    opened = open_records(spoken)
    assert isinstance(opened, WarehouseRecords)
    return opened


def execution(run_id: str = "run-1", *runs: ModelRun, schema: str = "branch__x") -> Execution:
    return Execution(
        run_id,
        schema,
        head_runs=(
            ModelRun("a", Side.HEAD, Succeeded(Relation("shop", schema, "a"), Usage(3, 2, 1), note="it's")),
            ModelRun("b", Side.HEAD, Failed('no "such"\ncolumn')),
            ModelRun("c", Side.HEAD, NotRun("b, which it reads, failed")),
            ModelRun("d", Side.HEAD, Inlined()),
            *(run for run in runs if run.side is Side.HEAD),
        ),
        base_runs=tuple(run for run in runs if run.side is Side.BASE),
        clones=(
            Cloned("e", Relation("", "main", "e"), Relation("shop", schema, "e"), CloneMethod.VIEW),
            NotCloned("f", "it is gone"),
        ),
        base_sides=(
            BaseSide("a", BaselineKind.EXISTING, Relation("shop", "main", "a"), "a note"),
            BaseSide("b", BaselineKind.NONE, note="new"),
        ),
        duration_ms=12,
        built_from="abc",
    )


def base_run(model: str, duration: int | None, scanned: int | None) -> ModelRun:
    usage = Usage(duration, None, scanned)
    return ModelRun(model, Side.BASE, Succeeded(Relation("shop", "branch__x__base", model), usage))


# Leases


def test_a_lease_is_written_replaced_and_released(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.lease("y", SCHEMAS[:1], comparison=COMPARISON, until=NOW)
    assert records.leases() == (Lease("x", SCHEMAS, NOW), Lease("y", SCHEMAS[:1], NOW))
    later = NOW + timedelta(hours=1)
    records.lease("x", SCHEMAS[1:], comparison=COMPARISON, until=later.astimezone(timezone(timedelta(hours=9))))
    assert records.leases() == (Lease("x", SCHEMAS[1:], later), Lease("y", SCHEMAS[:1], NOW))
    records.release("x")
    records.release("never there")
    assert records.leases() == (Lease("y", SCHEMAS[:1], NOW),)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_names(records: WarehouseRecords, name: str) -> None:
    run = base_run(name, 5, 6)
    records.lease(name, ((name, name),), comparison=replace(COMPARISON, head_commit=name), until=NOW)
    assert records.leases() == (Lease(name, ((name, name),), NOW),)
    stored = replace(execution(name, run), schema=name)
    records.record(name, stored, comparison=replace(COMPARISON, merge_base=name), when=NOW)
    newest = records.newest(name)
    assert newest is not None
    assert (newest.execution, newest.merge_base) == (stored, name)
    assert records.base_figures([name]) == (name, {name: Figures(5, 6, None, CostSource.RECORDED)})
    records.release(name)
    assert records.leases() == ()


def test_a_damaged_lease_is_named(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    for damage in ("schemas = 'no json'", "schemas = '[1]'", "schemas = '{}x'", "expires_at = NULL", "schemas = NULL"):
        records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
        records.warehouse.execute([f"UPDATE rocky_preview.leases SET {damage}"])
        with pytest.raises(WarehouseError, match="lease of x") as caught:
            records.leases()
        assert "rocky_preview.leases" in caught.value.advice


# Runs


def test_an_execution_comes_back_as_it_was(records: WarehouseRecords) -> None:
    stored = execution("run-1", base_run("a", 1, None))
    records.record("x", stored, comparison=COMPARISON, when=NOW)
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution == stored
    assert (newest.merge_base, newest.head_commit) == ("b" * 40, "h" * 40)
    assert records.newest("y") is None


def test_the_newest_run_is_the_one_that_finished_last(records: WarehouseRecords) -> None:
    for minutes, run_id in ((0, "run-1"), (5, "run-2"), (3, "run-3")):
        records.record("x", execution(run_id), comparison=COMPARISON, when=NOW + timedelta(minutes=minutes))
    records.record("y", execution("run-9"), comparison=COMPARISON, when=NOW + timedelta(days=1))
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution.run_id == "run-2"


def test_a_run_of_another_version_is_an_error_with_a_way_out(records: WarehouseRecords) -> None:
    records.record("x", execution(), comparison=COMPARISON, when=NOW)
    records.warehouse.execute(["""UPDATE rocky_preview.runs SET execution = '{"run": "of the future"}'"""])
    with pytest.raises(WarehouseError, match="another version") as caught:
        records.newest("x")
    assert "rocky-preview create" in caught.value.advice


def test_base_figures_are_the_newest_of_each_model(records: WarehouseRecords) -> None:
    assert records.base_figures([]) == (None, {})
    assert records.base_figures(["a"]) == (None, {})
    records.record(
        "x", execution("run-1", base_run("a", 1, 10), base_run("b", 2, None)), comparison=COMPARISON, when=NOW
    )
    records.record(
        "y", execution("run-2", base_run("a", 3, 30)), comparison=COMPARISON, when=NOW + timedelta(minutes=1)
    )
    records.record("x", execution("run-0", base_run("c", 9, 9)), comparison=COMPARISON, when=NOW - timedelta(minutes=1))
    run_id, figures = records.base_figures(["a", "b", "nowhere"])
    assert run_id == "run-2"
    assert figures == {
        "a": Figures(3, 30, None, CostSource.RECORDED),
        "b": Figures(2, None, None, CostSource.RECORDED),
    }


def test_what_did_not_succeed_or_is_heads_is_no_figure_of_base(records: WarehouseRecords) -> None:
    failed = ModelRun("bad", Side.BASE, Failed("no"))
    records.record("x", execution("run-1", failed), comparison=COMPARISON, when=NOW)
    assert records.base_figures(["a", "bad"]) == (None, {})


def test_all_that_a_run_measured_is_recorded_in_one_statement(records: WarehouseRecords, database: DuckDB) -> None:
    usages = [Usage(1, 2, 3, 4, 5, 0.25), Usage()]
    runs = [
        ModelRun(name, Side.BASE, Succeeded(Relation("shop", "branch__x__base", name), usage))
        for name, usage in zip("ab", usages, strict=True)
    ]
    records.record("x", execution("run-1", *runs), comparison=COMPARISON, when=NOW)
    rows = database.query(
        "SELECT model, duration_ms, rows_affected, bytes_scanned, bytes_billed, slot_ms, credits"
        " FROM rocky_preview.model_runs WHERE side = 'base' ORDER BY model"
    )
    assert rows == [("a", 1, 2, 3, 4, 5, 0.25), ("b", None, None, None, None, None, None)]
    if isinstance(records.warehouse, Spoken):
        inserts = [sql for sql in records.warehouse.said if sql.startswith("INSERT")]
        assert ["runs" in sql.partition("(")[0] for sql in inserts] == [True, True], (
            "one for the run, one for all models"
        )


def test_many_models_are_recorded_in_parts(records: WarehouseRecords) -> None:
    runs = [base_run(f"m{number}", number, None) for number in range(1203)]
    records.record("x", execution("run-1", *runs), comparison=COMPARISON, when=NOW)
    assert len(records.base_figures(f"m{number}" for number in range(1203))[1]) == 1203
    assert records.base_figures(["m1202"])[1]["m1202"].duration_ms == 1202


# Opening


def test_opening_twice_keeps_what_is_there(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    again = open_records(records.warehouse)
    assert isinstance(again, WarehouseRecords)
    assert len(again.leases()) == 1


def test_a_table_of_an_older_version_gets_the_columns_it_has_not(records: WarehouseRecords, database: DuckDB) -> None:
    for column in ("bytes_billed", "slot_ms", "credits"):
        database.execute([f"ALTER TABLE rocky_preview.model_runs DROP COLUMN {column}"])
    old = WarehouseRecords(records.warehouse)
    assert old.base_figures(["a"]) == (None, {}), "reading does not need them"
    again = open_records(records.warehouse)
    assert isinstance(again, WarehouseRecords)
    again.record("x", execution("run-1", base_run("a", 1, 2)), comparison=COMPARISON, when=NOW)
    assert again.base_figures(["a"])[0] == "run-1"


def test_what_is_there_is_not_made_again(records: WarehouseRecords) -> None:
    if isinstance(records.warehouse, Spoken):
        records.warehouse.said.clear()
        open_records(records.warehouse)
        assert records.warehouse.said == []


def test_reading_makes_nothing(database: DuckDB) -> None:
    assert read_records(database) is None
    assert database.schemas("") == (("shop", "raw"),)
    open_records(database)
    assert isinstance(read_records(database), WarehouseRecords)
    database.execute(["DROP TABLE rocky_preview.runs"])
    assert read_records(database) is None


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE TABLE main.t AS SELECT 1 AS a")
    database = open_duckdb(path, OpenOptions(read_only=True))
    records = open_records(database)
    assert isinstance(records, NoRecords)
    assert "rocky_preview cannot be written" in records.reason
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.record("x", execution(), comparison=COMPARISON, when=NOW)
    assert records.base_figures(["a"]) == (None, {})
    database.close()


# The pipeline


class Stopped(Exception):  # noqa: N818  it is an event, not an error
    """The warehouse went away."""


class Vanishing(DuckDB):
    """Gone as soon as a preview's schema is to be made."""

    def create_schema(self, catalog: str, schema: str) -> None:
        raise Stopped(schema)


def projects() -> Projects:
    return Projects(project_of({"m": "SELECT a FROM raw.src"}), project_of({"m": "SELECT a + 1 AS a FROM raw.src"}))


def a_study(pair: Projects) -> Study:
    changes = detect_changes(pair, ())
    return Study(pair, changes, make_plan(pair, changes, copy=RunOptions().copy))


def no_connection(_: Projects) -> AbstractContextManager[Connection]:
    raise AssertionError("the warehouse was opened")


def world(base: dict[str, str], head: dict[str, str]) -> World:
    return World(COMPARISON, tree(base), tree(head), RockyLoader(environ={}), no_connection, NOW, lambda _: None)


def test_the_lease_comes_before_anything_is_built(database: DuckDB, records: WarehouseRecords) -> None:
    vanishing = Vanishing(database.connection, database.catalog, database.file)
    options = PreviewOptions("x", RunOptions(baseline=Baseline.REBUILD, lease_hours=5))
    connection = Connection(vanishing, WarehouseRecords(vanishing))
    with pytest.raises(Stopped):
        create(world({}, {}), options, known=a_study(projects()), connection=connection)
    assert [lease.name for lease in records.leases()] == ["x"]
    assert records.leases()[0].expires_at == NOW + timedelta(hours=5)
    assert set(records.leases()[0].schemas) == {("shop", schema) for schema in PreviewOptions("x").schemas}
    assert records.newest("x") is None


def test_a_finished_run_is_recorded(database: DuckDB, records: WarehouseRecords) -> None:
    known = a_study(projects())
    made = create(world({}, {}), PreviewOptions("x"), known=known, connection=Connection(database, records))
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution == made
    assert made.built_from == known.fingerprint
    assert set(records.base_figures(["m"])[1]) == {"m"}


def test_the_fingerprint_follows_what_would_be_built() -> None:
    def fingerprint(base: str, head: str) -> str:
        return a_study(Projects(project_of({"m": base}), project_of({"m": head}))).fingerprint

    assert fingerprint("SELECT 1 AS a", "SELECT 2 AS a") == fingerprint("SELECT 1 AS a", "SELECT 2 AS a")
    others = {fingerprint("SELECT 1 AS a", "SELECT 3 AS a"), fingerprint("SELECT 0 AS a", "SELECT 2 AS a")}
    assert fingerprint("SELECT 1 AS a", "SELECT 2 AS a") not in others


@pytest.mark.parametrize("schema", ["branch__x", "BRANCH__other", "rocky_preview"])
def test_a_project_that_builds_where_previews_live_is_refused(schema: str) -> None:
    good = project_files({"m": "SELECT 1 AS a"})
    bad = project_files({"m": "SELECT 2 AS a"}) | {"models/m.toml": f'[target]\nschema = "{schema}"\n'}
    for base, head in ((good, bad), (bad, good)):
        with pytest.raises(PlanError, match=f"m is built in the schema {schema}"):
            study(world(base, head), PreviewOptions("x"))
    assert study(world(good, good), PreviewOptions("x")).plan.prune_set == ()
