"""Which version of the tables is there, and what becomes of older and newer ones, also when two runs meet."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.state import NoRecords, WarehouseRecords, open_records, read_records
from rocky_action.state.layout import LAYOUT
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb
from tests.support.previews import make_database
from tests.support.records import COMPARISON, NOW, SCHEMAS, execution, produced, rebuilt
from tests.support.spoken import Spoken

ADDED = {
    "leases": ("run_token",),
    "runs": ("pull_request", "origin", "run_token"),
    "model_runs": ("pull_request", "sql_hash", "method", "origin"),
}
"""What this version has that version 1 had not."""


def make_old(database: DuckDB) -> None:
    """The tables as version 1 had them, with a run and a lease of its making."""
    records = open_records(database)
    records.record("x", execution("run-1", rebuilt("a")), comparison=COMPARISON, when=NOW)
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    for table, columns in ADDED.items():
        database.execute([f"ALTER TABLE rocky_preview.{table} DROP COLUMN {column}" for column in columns])
    database.execute(["DROP TABLE rocky_preview.layouts"])


def state(table: str) -> Relation:
    return Relation("", "rocky_preview", table)


def versions(database: DuckDB) -> list[tuple[object, ...]]:
    return database.query("SELECT version FROM rocky_preview.layouts")


def test_opening_twice_keeps_what_is_there(records: WarehouseRecords, database: DuckDB) -> None:
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    again = open_records(records.warehouse)
    assert isinstance(again, WarehouseRecords)
    assert len(again.leases()) == 1
    assert versions(database) == [(LAYOUT,)]


def test_what_is_there_is_not_made_again(records: WarehouseRecords) -> None:
    if isinstance(records.warehouse, Spoken):
        records.warehouse.said.clear()
        open_records(records.warehouse)
        assert [sql for sql in records.warehouse.said if not sql.startswith("SELECT")] == []


def test_tables_of_an_older_version_get_the_columns_they_have_not(warehouse: DuckDB, database: DuckDB) -> None:
    make_old(database)
    again = open_records(warehouse)
    assert isinstance(again, WarehouseRecords)
    assert again.history({"a": "same"}) == {}, "nobody knows of which SQL it was"
    with pytest.raises(WarehouseError, match="another version"):
        again.newest("x")
    again.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    again.record("x", execution("run-2", rebuilt("a")), comparison=COMPARISON, when=NOW)
    assert len(again.history({"a": "same"})["a"]) == 1
    newest = again.newest("x")
    assert newest is not None
    assert newest.execution.run_id == "run-2"
    assert [lease.name for lease in again.leases()] == ["x"]
    assert versions(database) == [(LAYOUT,)]


def test_tables_of_an_older_version_are_read_as_they_are(warehouse: DuckDB, database: DuckDB) -> None:
    make_old(database)
    records = read_records(warehouse)
    assert isinstance(records, WarehouseRecords)
    assert (records.history({"a": "same"}), records.observed_runs(NOW)) == ({}, None)
    with pytest.raises(WarehouseError, match="another version"):
        records.newest("x")
    assert [lease.name for lease in records.leases()] == ["x"]
    records.release("x")
    assert records.leases() == ()
    assert database.columns(state("layouts")) is None, "reading makes nothing"


def test_a_single_lost_column_is_added(records: WarehouseRecords, database: DuckDB) -> None:
    database.execute(["ALTER TABLE rocky_preview.model_runs DROP COLUMN credits"])
    assert isinstance(open_records(records.warehouse), WarehouseRecords)
    records.record("x", execution("run-1", rebuilt("a", Usage(credits=0.5))), comparison=COMPARISON, when=NOW)
    assert (0.5,) in database.query("SELECT credits FROM rocky_preview.model_runs")


def test_a_version_that_was_not_written_down_is(records: WarehouseRecords, database: DuckDB) -> None:
    """As when a run is killed between two statements of a warehouse that has no transactions for them."""
    database.execute(["DELETE FROM rocky_preview.layouts"])
    assert isinstance(open_records(records.warehouse), WarehouseRecords)
    assert versions(database) == [(LAYOUT,)]


def test_tables_of_a_newer_version_are_left_alone(records: WarehouseRecords, database: DuckDB) -> None:
    newer = LAYOUT + 1
    database.execute(
        [
            f"INSERT INTO rocky_preview.layouts VALUES ({newer}, TIMESTAMP '2030-01-01')",
            "ALTER TABLE rocky_preview.runs DROP COLUMN origin",
        ]
    )
    opened = open_records(records.warehouse)
    assert isinstance(opened, NoRecords)
    for part in (f"its layout is {newer}", f"knows {LAYOUT}", "Update rocky-preview"):
        assert part in opened.reason
    assert "origin" not in {column.name for column in database.columns(state("runs")) or ()}
    with pytest.raises(WarehouseError, match=f"layout is {newer}.* knows {LAYOUT}") as caught:
        read_records(records.warehouse)
    assert "Update rocky-preview" in caught.value.advice


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
    assert (records.history({"a": "same"}), records.observed_runs(NOW)) == ({}, None)
    database.close()


# Two at the same moment


def together(count: int, work: Callable[[int], object]) -> list[Exception]:
    """Runs the same on several threads at once; returns what they raised."""
    barrier, raised = threading.Barrier(count), list[Exception]()

    def one(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as err:  # noqa: BLE001  whatever it is, the test shows it
            raised.append(err)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("attempt", range(3))
def test_two_runs_that_migrate_at_the_same_moment(database: DuckDB, attempt: int, *, old: bool) -> None:
    if old:
        make_old(database)
    opened: list[object] = []
    assert together(4, lambda _: opened.append(open_records(database))) == []
    assert [type(one) for one in opened] == [WarehouseRecords] * 4
    assert {*versions(database)} == {(LAYOUT,)}


def test_writers_do_not_lose_each_others_records(records: WarehouseRecords, database: DuckDB) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            name = f"run-{number}-{turn}"
            records.lease(name, SCHEMAS, comparison=COMPARISON, until=NOW)
            records.record(name, execution(name, rebuilt("a")), comparison=COMPARISON, when=NOW)
            records.record_production(produced(f"p-{number}-{turn}", NOW, "a"))

    assert together(4, work) == []
    assert len(records.leases()) == 20
    assert database.query("SELECT count(*), count(DISTINCT run_id) FROM rocky_preview.runs") == [(40, 40)]
    assert database.query("SELECT count(*) FROM rocky_preview.model_runs WHERE side = 'base'") == [(40,)]


def test_two_processes_migrate_one_after_the_other(tmp_path: Path) -> None:
    """DuckDB lets one process in at a time: the second finds what the first has made."""
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE SCHEMA raw")
    database = open_duckdb(path)
    make_old(database)
    database.close()
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom rocky_action.errors import WarehouseError\n"
        "from rocky_action.state import WarehouseRecords, open_records\n"
        "from rocky_action.warehouses.duckdb import open_duckdb\n"
        "for _ in range(200):\n"
        "    try:\n        database = open_duckdb(Path(sys.argv[1]))\n        break\n"
        "    except WarehouseError:\n        time.sleep(0.05)\n"
        "assert isinstance(open_records(database), WarehouseRecords)\ndatabase.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    database = open_duckdb(path, OpenOptions(read_only=True))
    assert versions(database) == [(LAYOUT,)]
    database.close()


@dataclass(frozen=True)
class Refusing(DuckDB):
    """Refuses a write for each of ``refusals``, as BigQuery, Databricks and Snowflake do what another run has met."""

    refusals: list[WarehouseError] = field(default_factory=list)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        if self.refusals:
            raise self.refusals.pop()
        return super().execute(statements, timeout=timeout, model=model)


@pytest.mark.parametrize(("times", "opened"), [(3, WarehouseRecords), (99, NoRecords)])
def test_what_another_writer_was_in_the_way_of_is_tried_again(database: DuckDB, times: int, opened: type) -> None:
    changed = WarehouseError("another transaction has changed the table", advice="")
    warehouse = Refusing(database.connection, database.catalog, database.file, refusals=[changed] * times)
    assert isinstance(open_records(warehouse), opened)


def test_what_took_too_long_is_not_tried_again(database: DuckDB) -> None:
    open_records(database)
    slow = [StatementTimeoutError("too long", advice="")] * 2
    warehouse = Refusing(database.connection, database.catalog, database.file, refusals=[*slow])
    with pytest.raises(StatementTimeoutError):
        WarehouseRecords(warehouse).lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    assert len(warehouse.refusals) == 1
