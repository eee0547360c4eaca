"""The DuckDB adapter against real files: what it opens, what it refuses, and what it says about both."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Adapter, Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import PreviewError, ProjectError, StatementTimeoutError, WarehouseError
from rocky_action.ports import Size
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb
from rocky_action.warehouses.duckdb_statements import interrupt
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.previews import make_database, production, read, untouched

SLOW = "SELECT count(*) AS n FROM range(1000000) AS a, range(1000000) AS b WHERE a.range % 7 = b.range % 11"
"""Takes hours."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    make_database(
        path,
        "CREATE SCHEMA raw",
        "CREATE TABLE raw.src AS SELECT range AS id, range % 3 AS k FROM range(1000)",
        'CREATE TABLE main."Mixed Case" ("Id" INTEGER, "the name" VARCHAR)',
        "CREATE VIEW main.seen AS SELECT k, count(*) AS n FROM raw.src GROUP BY k",
    )
    return path


@pytest.fixture
def database(path: Path) -> Iterator[DuckDB]:
    opened = open_duckdb(path)
    yield opened
    opened.close()


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Another process has the database open."""
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.communicate(timeout=10)


PLAIN = OpenOptions()


def refusal(path: Path, options: OpenOptions = PLAIN) -> PreviewError:
    with pytest.raises(WarehouseError) as caught:
        open_duckdb(path, options)
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message
    return caught.value


# Opening


def test_a_locked_file_names_the_lock(path: Path) -> None:
    with held_open(path):
        error = refusal(path)
        assert "lock" in error.message
        assert "PID" in error.message
        assert error.advice.startswith("Another process has the database open")
        assert refusal(path, OpenOptions(read_only=True)).advice == error.advice
    open_duckdb(path).close()


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    error = refusal(tmp_path / "shop.duckdb")
    assert "does not exist" in error.message
    assert "seed" in error.advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be looked into " * 200])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.duckdb"
    path.write_bytes(content)
    error = refusal(path)
    assert "not a valid DuckDB database file" in error.message
    assert "is not a DuckDB database" in error.advice
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "headers", "everything"])
def test_a_damaged_file_is_called_damaged(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:13000]
    else:
        start, end = (4096, 12288) if damage == "headers" else (12300, len(content))
        content[start:end] = b"x" * (end - start)
    path.write_bytes(content)
    assert "The file is damaged" in refusal(path).advice


def test_damage_that_shows_late_is_an_error_of_the_statement(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE TABLE t AS SELECT range AS i, md5(range::VARCHAR) AS m FROM range(100000)")
    content = bytearray(path.read_bytes())
    content[400_000:400_100] = b"x" * 100
    path.write_bytes(content)
    database = open_duckdb(path)
    with pytest.raises(WarehouseError, match="Corrupt database file") as caught:
        database.query("SELECT max(m), min(i) FROM t")
    assert "The file is damaged" in caught.value.advice
    database.close()


def checksum(block: bytes) -> int:
    """DuckDB's own, over whole words."""
    result = 5381
    for (word,) in struct.iter_unpack("<Q", block):
        result ^= (word * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    return result


@pytest.mark.parametrize(("version", "advice"), [(5000, "a release of rocky-preview that ships"), (1, "Export the")])
def test_a_file_of_another_storage_version(path: Path, version: int, advice: str) -> None:
    content = bytearray(path.read_bytes())
    assert content[8:12] == b"DUCK"
    content[12:20] = struct.pack("<Q", version)
    content[:8] = struct.pack("<Q", checksum(bytes(content[8:4096])))
    path.write_bytes(content)
    error = refusal(path)
    assert f"storage version number {version}" in error.message
    assert advice in error.advice


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "names a folder" in refusal(tmp_path).advice


def test_a_file_that_may_not_be_written(path: Path) -> None:
    if os.geteuid() == 0:  # root may write anything, unless the file system says no
        subprocess.run(["mount", "--bind", str(path.parent), str(path.parent)], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(path.parent)], check=True)
        try:
            error = refusal(path)
            with_reading = open_duckdb(path, OpenOptions(read_only=True))
            assert with_reading.query("SELECT count(*) FROM raw.src") == [(1000,)]
            with_reading.close()
        finally:
            subprocess.run(["umount", str(path.parent)], check=True)
        assert "disk that can be written" in error.advice
    else:
        path.chmod(0o444)
        assert "right to read and write" in refusal(path).advice


def test_a_database_opened_for_reading_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    database = open_duckdb(path, OpenOptions(read_only=True))
    with pytest.raises(WarehouseError, match="read-only"):
        database.execute(["CREATE TABLE t (a INTEGER)"])
    database.close()
    assert path.read_bytes() == before


def test_closing_lets_go_of_the_lock_even_after_errors(path: Path) -> None:
    database = open_duckdb(path)
    kept: list[WarehouseError] = []
    for statement in ("SELECT nothing", "CREATE TABLE raw.src (a INTEGER)"):
        with pytest.raises(WarehouseError) as caught:
            database.execute([statement])
        kept.append(caught.value)  # with its traceback, which holds on to every frame's variables
    with pytest.raises(WarehouseError) as caught:
        database.query("SELECT nothing")
    kept.append(caught.value)
    database.close()
    with held_open(path):
        refusal(path)


@pytest.mark.parametrize(
    ("file", "catalog"), [("my.shop.duckdb", "my"), ("main.duckdb", "main_db"), ("Shop.db", "Shop")]
)
def test_the_catalog_is_called_what_duckdb_calls_it(tmp_path: Path, file: str, catalog: str) -> None:
    make_database(tmp_path / file, "CREATE TABLE t AS SELECT 1 AS a")
    database = open_duckdb(tmp_path / file)
    assert database.catalog == catalog
    assert database.columns(Relation("", "main", "t")) == database.columns(Relation(catalog, "main", "t")) != None  # noqa: E711
    assert file in database.description
    database.close()


def test_a_memory_limit_holds(path: Path) -> None:
    database = open_duckdb(path, OpenOptions(memory_limit="20MB", threads=1))
    big = "CREATE TABLE t AS SELECT list(range) AS everything FROM range(10000000)"
    with pytest.raises(WarehouseError, match="Out of Memory") as caught:
        database.execute([big])
    assert "--memory-limit" in caught.value.advice
    assert database.query("SELECT count(*) FROM raw.src") == [(1000,)]
    database.close()


# Reading


def test_columns_are_found_whatever_the_case(database: DuckDB) -> None:
    expected = (Column("Id", "INTEGER"), Column("the name", "VARCHAR"))
    for relation in (
        Relation("shop", "main", "Mixed Case"),
        Relation("SHOP", "MAIN", "mixed case"),
        Relation("", "Main", "MIXED CASE"),
    ):
        assert database.columns(relation) == expected
    assert database.columns(Relation("shop", "main", "seen")) == (Column("k", "BIGINT"), Column("n", "BIGINT"))
    for nowhere in (Relation("other", "main", "seen"), Relation("shop", "raw", "seen"), Relation("", "main", "it's")):
        assert database.columns(nowhere) is None


def test_constraints_are_unique_keys_the_primary_key_first(path: Path, database: DuckDB) -> None:
    columns = '"Id" INTEGER, a INTEGER UNIQUE, b INTEGER CHECK (b > 0), c INTEGER NOT NULL'
    database.execute(
        [
            f'CREATE TABLE raw."of it\'s" ({columns}, UNIQUE (c, b), PRIMARY KEY ("Id", a))',
            "CREATE UNIQUE INDEX lonely ON raw.src (id)",
        ]
    )
    for schema in ("raw", "RAW"):
        assert database.unique_keys(Relation("", schema, "OF it's")) == (("Id", "a"), ("a",), ("c", "b"))
    for without in (("raw", "src"), ("main", "seen"), ("main", "of it's"), ("main", "nowhere")):
        assert database.unique_keys(Relation("shop", *without)) == ()


def test_a_row_hash_depends_on_every_value_on_their_order_and_on_null(database: DuckDB) -> None:
    rows = [("1", "2"), ("2", "1"), ("1", "NULL"), ("NULL", "1"), ("NULL", "NULL"), ("1",), ("NULL",), ("1", "2", "3")]
    found = [read_one(database, f"SELECT {database.row_hash(row)}") for row in rows]
    assert len(set(found)) == len(rows)
    assert all(isinstance(value, int) and 0 <= value < 2**64 for value in found)
    assert found[0] == read_one(database, f"SELECT {database.row_hash(['a', 'b'])} FROM (SELECT 1 AS a, 2 AS b)")


@pytest.mark.parametrize("aggregate", ["sum", "bit_xor"])
def test_sums_of_row_hashes_see_values_that_moved_to_other_rows(database: DuckDB, aggregate: str) -> None:
    """bit_xor of DuckDB's plain hash does not: its last step is an XOR by the hash of the last value."""

    def checksum(last: str) -> object:
        row = database.row_hash(["range", last])
        return read_one(database, f"SELECT {aggregate}({row}) FROM range(10000)")

    rotated, two_alike = "(range + 1) % 10000", "CASE WHEN range IN (1, 2) THEN -1 ELSE 7 END"
    assert checksum("range") != checksum(rotated)
    assert checksum("7") != checksum(two_alike)
    plain = "SELECT bit_xor(hash(range, {})) FROM range(10000)"
    assert read_one(database, plain.format("range")) == read_one(database, plain.format(rotated))


def read_one(database: DuckDB, sql: str) -> object:
    return database.query(sql)[0][0]


def test_a_query_is_described_and_not_run(database: DuckDB) -> None:
    started = time.monotonic()
    assert database.describe(SLOW) == (Column("n", "BIGINT"),)
    assert database.describe('SELECT 1 AS "a b", 2.5 AS c') == (Column("a b", "INTEGER"), Column("c", "DECIMAL(2,1)"))
    assert time.monotonic() - started < 5
    with pytest.raises(WarehouseError, match="nothing"):
        database.describe("SELECT nothing")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE raw.src",
        "DROP TABLE raw.src",
        "INSERT INTO raw.src VALUES (1, 1)",
        "DELETE FROM raw.src",
        "COPY raw.src TO 'stolen.csv'",
        "PRAGMA database_list",
        "SET memory_limit = '1GB'",
        "EXPLAIN ANALYZE SELECT 1",
        "ATTACH 'other.duckdb'",
        "",
    ],
)
def test_a_query_is_one_statement_that_reads(database: DuckDB, sql: str) -> None:
    with untouched(database.connection), pytest.raises(WarehouseError, match="refused, as it is not one reading"):
        database.query(sql)


def test_a_query_cannot_write_through_a_common_table_expression(database: DuckDB) -> None:
    sql = "WITH w AS (INSERT INTO raw.src VALUES (-1, 0) RETURNING id) SELECT * FROM w"
    with untouched(database.connection), pytest.raises(WarehouseError, match="read-only"):
        database.query(sql)
    with untouched(database.connection), pytest.raises(WarehouseError):
        database.describe(sql)


def test_schemas_are_found_by_prefix(database: DuckDB) -> None:
    for name in ("branch__b", "branch__a__base", "branchless", "Branch__c"):
        database.create_schema("", name)
    assert database.schemas("branch__") == (("shop", "branch__a__base"), ("shop", "branch__b"))
    assert database.schemas("no'such") == ()


# Writing


def test_a_transaction_is_all_or_nothing(database: DuckDB) -> None:
    with untouched(database.connection), pytest.raises(WarehouseError, match="nothing"):
        database.execute(
            [
                "CREATE SCHEMA half",
                "CREATE TABLE half.t AS SELECT 1 AS a",
                "DELETE FROM raw.src",
                "DROP VIEW main.seen",
                "SELECT nothing FROM raw.src",
            ]
        )
    database.execute(["CREATE SCHEMA half", "CREATE TABLE half.t AS SELECT 1 AS a"])
    assert read(database.connection, "half.t") == [(1,)]


def test_a_statement_is_one_statement(database: DuckDB) -> None:
    with untouched(database.connection), pytest.raises(WarehouseError, match="refused, as it is not one statement"):
        database.execute(["CREATE TABLE t AS SELECT 1 AS a; DROP TABLE raw.src"])


def test_an_error_says_what_duckdb_said_without_our_statement(database: DuckDB) -> None:
    with pytest.raises(WarehouseError) as caught:
        database.execute(['CREATE TABLE "branch__x"."t" AS SELECT idd FROM raw.src'])
    assert "LINE 1" not in caught.value.message
    assert "branch__x" in caught.value.message or '"idd" not found' in caught.value.message
    with pytest.raises(WarehouseError) as caught:
        database.query("SELECT block_id FROM raw.src")
    assert '"block_id" not found' in caught.value.message
    assert caught.value.advice == "", "a column called block is no locked database"


def test_clones(database: DuckDB) -> None:
    database.create_schema("", "branch__x")
    source, target = Relation("shop", "raw", "src"), Relation("shop", "branch__x", "src")
    for _ in range(2):  # replaces
        assert database.clone(source, target, writable=False) == Clone(CloneMethod.VIEW)
    assert database.query("SELECT view_name FROM duckdb_views() WHERE schema_name = 'branch__x'") == [("src",)]
    assert read(database.connection, "branch__x.src") == read(database.connection, "raw.src")
    copy = Relation("", "branch__x", "Weird \" 'name'")
    for _ in range(2):
        assert database.clone(source, copy, writable=True) == Clone(CloneMethod.CTAS)
    database.execute(['DELETE FROM branch__x."Weird "" \'name\'"'])
    assert len(read(database.connection, "raw.src")) == 1000
    with pytest.raises(WarehouseError, match="does not exist"):
        database.clone(Relation("", "raw", "gone"), target, writable=False)


def test_making_and_dropping_schemas_can_be_repeated(database: DuckDB) -> None:
    with untouched(database.connection):
        for _ in range(2):
            database.create_schema("shop", "branch__x")
        database.execute(["CREATE TABLE branch__x.t AS SELECT 1 AS a", "CREATE VIEW branch__x.v AS FROM raw.src"])
        for _ in range(2):
            database.drop_schema("", "branch__x")
    assert database.schemas("branch__") == ()


# Usage


def test_usage_is_measured(database: DuckDB) -> None:
    database.execute(["CREATE SCHEMA branch__x"])
    create = database.execute(["CREATE TABLE branch__x.t AS SELECT id, k FROM raw.src"])
    assert create.rows == 1000
    assert create.bytes_scanned == 16_000, "two columns of 8 bytes"
    assert create.duration_ms is not None
    assert create.duration_ms >= 1
    narrow = database.execute(["CREATE OR REPLACE TABLE branch__x.t AS SELECT id FROM raw.src"])
    assert narrow.bytes_scanned == 8_000
    twice = database.execute(
        ["INSERT INTO branch__x.t SELECT id FROM raw.src", "DELETE FROM branch__x.t WHERE id < 10"]
    )
    assert twice.rows == 1020
    upsert = "WHEN MATCHED THEN UPDATE SET id = s.id WHEN NOT MATCHED THEN INSERT *"
    source = "(VALUES (10), (5000)) AS s(id)"
    merged = database.execute([f"MERGE INTO branch__x.t AS t USING {source} ON t.id = s.id {upsert}"])
    assert merged.rows == 3


def test_what_a_query_holds_in_between_is_not_scanned(database: DuckDB) -> None:
    sql = "WITH m AS MATERIALIZED (SELECT id FROM raw.src) SELECT a.id FROM m AS a JOIN m AS b USING (id)"
    assert database.execute([f"CREATE TABLE t AS {sql}"]).bytes_scanned == 8_000


def test_a_view_takes_time_and_nothing_else(database: DuckDB) -> None:
    usage = database.execute(["CREATE VIEW v AS SELECT * FROM raw.src"])
    assert (usage.rows, usage.bytes_scanned) == (0, 0)
    assert usage.duration_ms is not None
    assert usage.duration_ms >= 1


def test_what_duckdb_does_not_tell_is_unknown(database: DuckDB) -> None:
    usage = database.execute(["CREATE TABLE t AS SELECT * FROM (PIVOT raw.src ON k USING count(*))"])
    assert usage == Usage(usage.duration_ms, None, None)
    assert usage.duration_ms is not None
    assert database.query("SELECT count(*) FROM t") == [(1000,)]


# Time and threads


def test_a_timeout_interrupts_one_statement_only(database: DuckDB) -> None:
    started = time.monotonic()
    outcome: list[Usage] = []
    other = threading.Thread(
        target=lambda: outcome.append(
            database.execute(["CREATE TABLE o AS SELECT count(*) AS n FROM range(30000) AS a, range(3000) AS b"])
        )
    )
    other.start()
    with pytest.raises(StatementTimeoutError) as caught:
        database.execute(["CREATE TABLE half (a INTEGER)", f"CREATE TABLE t AS {SLOW}"], timeout=0.2)
    other.join()
    assert time.monotonic() - started < 20
    assert caught.value.message == "the statement was interrupted after 0.2 s"
    assert "--timeout" in caught.value.advice
    assert [usage.rows for usage in outcome] == [1]
    assert database.columns(Relation("", "main", "half")) is None
    assert database.execute(["CREATE TABLE t AS SELECT 1 AS a"], timeout=0.2).rows == 1


def test_a_statement_that_is_fast_enough_is_not_interrupted(database: DuckDB) -> None:
    usage = database.execute(["CREATE TABLE t AS FROM raw.src", "DROP TABLE t"] * 20, timeout=30)
    assert usage.rows == 20_000


def test_closing_stops_what_other_threads_run(path: Path) -> None:
    database = open_duckdb(path)
    errors: list[WarehouseError] = []

    def work() -> None:
        try:
            database.execute(["CREATE TABLE half (a INTEGER)", f"CREATE TABLE t AS {SLOW}"])
        except WarehouseError as err:
            errors.append(err)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    database.close()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert [error.message for error in errors] == ["the statement was interrupted"]
    with held_open(path):
        refusal(path)
    again = open_duckdb(path)
    assert again.columns(Relation("", "main", "half")) is None
    again.close()


def test_many_threads_write_into_one_schema(database: DuckDB) -> None:
    """DuckDB refuses two transactions that make the same entry; different ones must not disturb each other."""
    source = Relation("", "raw", "src")
    with untouched(database.connection):
        for _ in range(5):
            database.drop_schema("", "branch__x")
            database.create_schema("", "branch__x")

            def work(number: int) -> None:
                target = Relation("", "branch__x", f"t{number}")
                if number % 3 == 0:
                    database.clone(source, target, writable=False)
                else:
                    database.clone(source, target, writable=True)
                    database.execute(
                        [
                            f"DELETE FROM branch__x.t{number} WHERE id IN (SELECT id FROM raw.src WHERE id < 5)",
                            f"INSERT INTO branch__x.t{number} FROM raw.src",
                        ]
                    )
                assert database.columns(target) is not None

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(work, range(40)))
            counts = {len(read(database.connection, f"branch__x.t{number}")) for number in range(40)}
            assert counts == {1000, 1995}


# A full disk


def test_a_full_disk_is_an_error_and_no_damage(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED: a full disk needs the right to mount a small one")
    try:
        path = disk / "shop.duckdb"
        make_database(path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT range AS id FROM range(1000)")
        database = open_duckdb(path)
        before = production(database.connection, identity=False)
        with pytest.raises(WarehouseError) as caught:
            database.execute(["CREATE SCHEMA branch__x", _BIG])
        assert "No space left" in caught.value.message
        assert "Free some space" in caught.value.advice
        database.close()
        database = open_duckdb(path)
        assert production(database.connection, identity=False) == before
        assert database.schemas("branch__") == ()
        database.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


_BIG = "CREATE TABLE branch__x.t AS SELECT md5(range::VARCHAR) AS m FROM range(1000000)"


# The registry


def test_a_type_without_a_driver_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is of type trino") as caught:
        open_warehouse(OpenRequest(Adapter("default", "trino"), tmp_path, seeds=tuple))
    assert "duckdb" in caught.value.advice


def test_a_catalog_that_the_database_has_not_is_told_at_once(path: Path) -> None:
    adapter = Adapter("default", "duckdb", {"path": "shop.duckdb"})
    before = path.read_bytes()
    request = OpenRequest(adapter, path.parent, seeds=tuple, catalogs={"SHOP": "good", "": "plain", "sohp": "orders"})
    with pytest.raises(ProjectError) as caught:
        open_warehouse(request)
    assert caught.value.exit_code == 2
    assert caught.value.message == "orders is built in the catalog sohp, and the database shop.duckdb has only shop"
    assert 'catalog = "shop" under [target]' in caught.value.advice
    assert "[adapter.default]" in caught.value.advice
    assert path.read_bytes() == before
    with held_open(path):  # it was closed again
        refusal(path)


def test_rows_of_a_table_have_places_until_one_is_deleted(database: DuckDB) -> None:
    src = Relation("", "raw", "src")
    assert database.positions(src) == 1000
    assert database.positions(Relation("", "main", "seen")) is None
    assert database.positions(Relation("", "main", "nowhere")) is None
    database.execute(["DELETE FROM raw.src WHERE id = 5"])
    assert database.positions(src) is None


def test_a_column_called_rowid_hides_the_places(database: DuckDB) -> None:
    database.execute(['CREATE TABLE raw.odd AS SELECT range AS "RowId" FROM range(3)'])
    assert database.positions(Relation("", "raw", "odd")) is None


def test_a_view_is_read_once_and_a_table_not_at_all(path: Path) -> None:
    with closing(open_duckdb(path, OpenOptions(read_only=True))) as reading:
        table, view = Relation("", "raw", "src"), Relation("", "main", "seen")
        with reading.snapshot(table) as same:
            assert same == table
        with reading.snapshot(view) as copy, reading.snapshot(view) as other:
            assert len({view, copy, other}) == 3
            assert reading.query(f'SELECT sum(n) FROM "{copy.catalog}".main."{copy.name}"') == [(1000,)]
        with pytest.raises(WarehouseError, match="does not exist"):
            reading.query(f'FROM "{copy.catalog}".main."{copy.name}"')
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name]


def test_a_copy_is_gone_even_if_its_reader_fails(database: DuckDB) -> None:
    with pytest.raises(ZeroDivisionError), database.snapshot(Relation("", "main", "seen")) as copy:
        raise ZeroDivisionError
    with pytest.raises(WarehouseError, match="does not exist"):
        database.query(f'FROM "{copy.catalog}".main."{copy.name}"')


def test_the_size_of_a_table_is_told_without_reading_it(path: Path) -> None:
    with closing(open_duckdb(path, OpenOptions(read_only=True))) as reading:
        size = reading.size(Relation("", "raw", "src"))
        assert size.rows == 1000
        assert size.bytes is not None
        assert size.bytes % 2**14 == 0
        assert size.bytes > 0
        assert reading.size(Relation("", "main", "seen")) == Size()


def test_many_statements_come_back_in_their_order(database: DuckDB) -> None:
    asked = [f"SELECT {number}, count(*) FROM raw.src WHERE k = {number}" for number in range(3)]
    assert database.query_many(asked) == [[(0, 334)], [(1, 333)], [(2, 333)]]
    with pytest.raises(WarehouseError, match="reading statement"):
        database.query_many([*asked, "DROP TABLE raw.src"])


def test_a_reading_statement_can_be_given_a_time(database: DuckDB) -> None:
    with pytest.raises(StatementTimeoutError, match=r"after 0\.2 s"):
        database.query(SLOW, timeout=0.2)


def test_what_its_own_thread_has_closed_is_not_interrupted() -> None:
    """Whoever is told to stop looks at what runs, and some of it ends in that moment."""
    with duckdb.connect() as connection:
        cursor = connection.cursor()
        cursor.close()
        with pytest.raises(duckdb.ConnectionException):
            cursor.interrupt()
        interrupt(cursor)
