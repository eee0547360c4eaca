"""Leases and run records in a real DuckDB file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from rocky_action.domain.execution import ModelRun, Side, Succeeded
from rocky_action.domain.options import Baseline, PreviewOptions, RunOptions
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError, PlanError, WarehouseError
from rocky_action.pipeline import create
from rocky_action.ports import Holder
from rocky_action.projects.rocky import RockyLoader
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.state import Lease, WarehouseRecords
from rocky_action.study import Connection, Study, World, study
from rocky_action.warehouses.duckdb import DuckDB
from tests.support.previews import project_of
from tests.support.projects import project_files
from tests.support.records import COMPARISON, NOW, SCHEMAS, execution, rebuilt
from tests.support.spoken import Spoken
from tests.support.trees import tree

HOSTILE = ["it's", 'quo"te', "'; DROP SCHEMA raw CASCADE; --", "new\nline", "ünï ✂ 🙂", "\\", "\\n", "%_", "`x`", "$x"]


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
    run = rebuilt(name, Usage(5, bytes_scanned=6), sql_hash=name)
    records.lease(name, ((name, name),), comparison=replace(COMPARISON, head_commit=name), until=NOW)
    assert records.leases() == (Lease(name, ((name, name),), NOW),)
    stored = replace(execution(name, run), schema=name)
    records.record(name, stored, comparison=replace(COMPARISON, merge_base=name), when=NOW)
    newest = records.newest(name)
    assert newest is not None
    assert (newest.execution, newest.merge_base) == (stored, name)
    (figures,) = records.history({name: name})[name]
    assert (figures.duration_ms, figures.bytes_scanned) == (5, 6)
    assert figures.recorded is not None
    assert figures.recorded.run_id == name
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


def test_the_newest_lease_says_whose_a_preview_is(records: WarehouseRecords) -> None:
    other = WarehouseRecords(records.warehouse)
    assert records.holder("x") is Holder.NOBODYS
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    assert (records.holder("x"), other.holder("x")) == (Holder.OURS, Holder.ANOTHERS)
    other.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    assert (records.holder("x"), other.holder("x")) == (Holder.ANOTHERS, Holder.OURS)
    assert records.holder("y") is Holder.NOBODYS


def test_a_lease_that_came_later_is_not_released(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    (seen,) = records.leases()
    assert records.is_newest(seen)
    records.lease("x", SCHEMAS[1:], comparison=COMPARISON, until=NOW)
    assert not records.is_newest(seen)
    records.release("x", until=seen.written_at)
    assert records.leases() == (Lease("x", SCHEMAS[1:], NOW),)


# Runs


def test_an_execution_comes_back_as_it_was(records: WarehouseRecords) -> None:
    stored = execution("run-1", rebuilt("a"))
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.record("x", stored, comparison=COMPARISON, when=NOW)
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution == stored
    assert (newest.merge_base, newest.head_commit) == ("b" * 40, "h" * 40)
    assert records.newest("y") is None


def test_the_newest_run_is_the_one_that_finished_last(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    for minutes, run_id in ((0, "run-1"), (5, "run-2"), (3, "run-3")):
        records.record("x", execution(run_id), comparison=COMPARISON, when=NOW + timedelta(minutes=minutes))
    records.record("y", execution("run-9"), comparison=COMPARISON, when=NOW + timedelta(days=1))
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution.run_id == "run-2"


def test_a_run_of_another_version_is_an_error_with_a_way_out(records: WarehouseRecords) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.record("x", execution(), comparison=COMPARISON, when=NOW)
    records.warehouse.execute(["""UPDATE rocky_preview.runs SET execution = '{"run": "of the future"}'"""])
    with pytest.raises(WarehouseError, match="another version") as caught:
        records.newest("x")
    assert "rocky-preview create" in caught.value.advice


def test_all_that_a_run_measured_is_recorded_in_one_statement(records: WarehouseRecords, database: DuckDB) -> None:
    usages = [Usage(1, 2, 3, 4, 5, 0.25), Usage()]
    runs = [
        ModelRun(name, Side.BASE, Succeeded(Relation("shop", "branch__x__base", name), usage), sql_hash, method)
        for name, usage, sql_hash, method in zip("ab", usages, ("h", None), ("merge", None), strict=True)
    ]
    records.record("x", execution("run-1", *runs), comparison=COMPARISON, when=NOW, pull_request=7)
    rows = database.query(
        "SELECT model, duration_ms, rows_affected, bytes_scanned, bytes_billed, slot_ms, credits, sql_hash, method,"
        " pull_request, origin, git_commit FROM rocky_preview.model_runs WHERE side = 'base' ORDER BY model"
    )
    assert rows == [
        ("a", 1, 2, 3, 4, 5, 0.25, "h", "merge", 7, "preview", "b" * 40),
        ("b", None, None, None, None, None, None, None, None, 7, "preview", "b" * 40),
    ]
    heads = "SELECT model, git_commit, sql_hash FROM rocky_preview.model_runs WHERE side = 'head'"
    assert database.query(heads) == [("a", "h" * 40, None)]
    assert database.query("SELECT pull_request, origin FROM rocky_preview.runs") == [(7, "preview")]
    if isinstance(records.warehouse, Spoken):
        tables = [sql.partition("(")[0] for sql in records.warehouse.said if sql.startswith("INSERT")]
        written = [
            name for table in tables for name in ("layouts", "model_runs", "runs") if name in table.split(".")[-1]
        ]
        assert written == ["layouts", "runs", "model_runs", "runs"], "one for the run, one for all models"


def test_without_a_pull_request_there_is_no_number(records: WarehouseRecords, database: DuckDB) -> None:
    records.record("x", execution("run-1", rebuilt("a")), comparison=COMPARISON, when=NOW)
    for table in ("runs", "model_runs"):
        assert {*database.query(f"SELECT pull_request FROM rocky_preview.{table}")} == {(None,)}


def test_only_the_run_that_holds_the_lease_is_looked_at(records: WarehouseRecords) -> None:
    """What another one has begun to build is not what was recorded before."""
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.record("x", execution("run-1"), comparison=COMPARISON, when=NOW)
    killed = WarehouseRecords(records.warehouse)
    killed.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    with pytest.raises(InputError, match="half-built") as caught:
        records.newest("x")
    assert "rocky-preview create" in caught.value.advice
    again = WarehouseRecords(records.warehouse)
    again.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    again.record("x", execution("run-3"), comparison=COMPARISON, when=NOW - timedelta(days=1))
    newest = records.newest("x")
    assert newest is not None
    assert (newest.execution.run_id, newest.token) == ("run-3", again.token)
    records.release("x")
    assert records.newest("x") is None, "what was dropped is no preview"


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
    with pytest.raises(InputError, match="half-built"):
        records.newest("x")


def test_a_finished_run_is_recorded(database: DuckDB, records: WarehouseRecords) -> None:
    known = a_study(projects())
    made = create(
        replace(world({}, {}), pull_request=7),
        PreviewOptions("x"),
        known=known,
        connection=Connection(database, records),
    )
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution == made
    assert made.built_from == known.fingerprint
    base, head = known.projects.base.models["m"], known.projects.head.models["m"]
    assert set(records.history({"m": base.fingerprint})) == {"m"}
    assert records.history({"m": head.fingerprint}) == {}
    rows = database.query("SELECT side, sql_hash, method, pull_request FROM rocky_preview.model_runs ORDER BY side")
    assert rows == [("base", base.fingerprint, "full_refresh", 7), ("head", head.fingerprint, "full_refresh", 7)]


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
