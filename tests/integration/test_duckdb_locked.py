"""A preview's DuckDB is closed: no file, network, extension or setting; and seeds read below the project only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from rocky_action.domain.project import Adapter, Relation
from rocky_action.errors import InputError, ProjectError, StatementTimeoutError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.project_file import load_project_file
from rocky_action.settings import parse
from rocky_action.warehouses import duckdb as adapter
from rocky_action.warehouses.duckdb import DuckDB, open_files
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.previews import make_database

OUTSIDE = (
    "FROM read_csv('{outside}')",
    "FROM '{outside}'",
    "FROM read_text('/proc/self/environ')",
    "FROM read_blob('/etc/passwd')",
    "FROM glob('/etc/*')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM read_text('.git/config')",
    "FROM read_text('link.txt')",
    "FROM 'https://example.com/x.csv'",
    "FROM 's3://bucket/x.parquet'",
    "FROM read_csv('file://{outside}')",
)
STATEMENTS = (
    "COPY raw.t TO '{outside}.copy'",
    "EXPORT DATABASE '{outside}.folder'",
    "ATTACH '{outside}.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE SECRET s (TYPE s3)",
    "CREATE PERSISTENT SECRET s (TYPE s3)",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "SET memory_limit = '1TB'",
    "SET temp_directory = '{outside}.tmp'",
    "SET max_temp_directory_size = '1TB'",
    "SET allowed_directories = ['/']",
    "SET allowed_configs = ['enable_external_access']",
    "SET allow_unsigned_extensions = true",
    "SET allow_community_extensions = true",
    "SET autoload_known_extensions = true",
    "SET autoinstall_known_extensions = true",
    "SET profiling_output = '{outside}.json'",
    "CALL enable_logging()",
    "PRAGMA threads = 99",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a production in it, a link out of it, and what git logs in with."""
    make_database(
        tmp_path / "shop.duckdb", "CREATE SCHEMA raw", "CREATE TABLE raw.t AS SELECT range AS id FROM range(9)"
    )
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("AUTHORIZATION: basic secret")
    for name in ("data", "more"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("a\n1\n2\n")
    (tmp_path / "link.txt").symlink_to("/proc/self/environ")
    (tmp_path / "data/link.csv").symlink_to(tmp_path / "more/x.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def request(folder: Path, path: str = "shop.duckdb", *seeds: str, **more: object) -> OpenRequest:
    adapter = Adapter("default", "duckdb", {"path": path} if path else {})
    return OpenRequest(adapter, folder, seeds=lambda: seeds, **more)  # type: ignore[arg-type]


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("outside") / "secret.csv"
    found.write_text("a\n1\n")
    return found


@pytest.fixture(params=["file", "read only", "seeded", "memory", "compared"])
def warehouse(request: pytest.FixtureRequest, folder: Path) -> Iterator[WarehouseAdapter]:
    """Every way in which the product opens a DuckDB."""
    seed = "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS id FROM range(9)"
    if request.param == "compared":
        found: WarehouseAdapter = open_files({"base": folder / "data/x.csv"}, folder / "shop.duckdb")
    else:
        asked = {
            "file": lambda: ask(folder),
            "read only": lambda: ask(folder, read_only=True),
            "seeded": lambda: ask(folder, "new.duckdb", seed),
            "memory": lambda: ask(folder, "", seed),
        }[request.param]()
        found = open_warehouse(asked).warehouse
    with closing(found):
        yield found


ask = request


def connection_of(warehouse: WarehouseAdapter) -> duckdb.DuckDBPyConnection:
    inner = getattr(warehouse, "adapter", warehouse)
    assert isinstance(inner, DuckDB)
    return inner.connection.cursor()


def test_nothing_outside_can_be_reached(warehouse: WarehouseAdapter, outside: Path) -> None:
    """By a query, through the adapter's own door; and by any statement at all, if one ever came through."""
    for sql in OUTSIDE:
        with pytest.raises(WarehouseError, match="disabled by configuration") as refused:
            warehouse.query(sql.format(outside=outside))
        assert "duckdb_files" in refused.value.advice, sql
    before = sorted(outside.parent.iterdir())
    with closing(connection_of(warehouse)) as cursor:
        for sql in STATEMENTS:
            with pytest.raises(duckdb.Error):
                cursor.execute(sql.format(outside=outside))
    assert sorted(outside.parent.iterdir()) == before


def test_what_previews_do_works_in_it(folder: Path) -> None:
    """Writing and measuring, copies of views, several statements at a time."""
    with closing(open_warehouse(request(folder)).warehouse) as warehouse:
        warehouse.create_schema("shop", "branch__x")
        usage = warehouse.execute(['CREATE OR REPLACE TABLE "shop"."branch__x"."m" AS SELECT id FROM raw.t'])
        assert (usage.rows, usage.bytes_scanned) == (9, 72), "the profiler is heard"
        warehouse.clone(Relation("shop", "raw", "t"), Relation("shop", "branch__x", "t"), writable=False)
        with warehouse.snapshot(Relation("shop", "branch__x", "t")) as copy:
            assert warehouse.query(f'SELECT count(*) FROM "{copy.catalog}".main.t') == [(9,)]
        assert warehouse.query_many(["SELECT 1", "SELECT 2"]) == [[(1,)], [(2,)]]
        assert warehouse.query("SELECT TIMESTAMPTZ '2024-01-01 00:00+00' AT TIME ZONE 'Europe/Berlin' IS NOT NULL")
        warehouse.drop_schema("shop", "branch__x")


def test_spilling_is_bounded_and_in_the_temporary_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder / "data"))
    with closing(open_warehouse(request(folder, memory_limit="40MB")).warehouse) as warehouse:
        ((spills, size, memory),) = warehouse.query(
            "SELECT current_setting('temp_directory'), current_setting('max_temp_directory_size'),"
            " current_setting('memory_limit')"
        )
        assert spills == str(folder / f"data/rocky-preview-{os.getpid()}")
        assert str(size).endswith("iB"), "a size, and no share of the disk"
        assert memory == "38.1 MiB"
        with pytest.raises(WarehouseError, match="Out of Memory"):
            warehouse.query("SELECT list(range || repeat('x', 1000)) FROM range(1000000)")


def test_a_statement_that_never_ends_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an hour, which is shorter here; the hour itself is in the documents."""
    assert adapter._LONGEST == 3600
    monkeypatch.setattr(adapter, "_LONGEST", 0.3)
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT sum(i) AS s FROM n"
    with closing(open_warehouse(request(folder)).warehouse) as warehouse:
        warehouse.create_schema("shop", "branch__x")
        began = time.monotonic()
        with pytest.raises(StatementTimeoutError, match=r"after 0\.3 s"):
            warehouse.query(endless)
        with pytest.raises(StatementTimeoutError, match=r"after 0\.3 s"):
            warehouse.execute([f'CREATE OR REPLACE TABLE "shop"."branch__x"."m" AS {endless}'])
        assert time.monotonic() - began < 30
        assert warehouse.query("SELECT 1") == [(1,)]


# What whoever starts the preview allows


def test_named_files_and_folders_can_be_read_and_no_others(folder: Path, outside: Path) -> None:
    asked = request(folder, files=("data/", str(outside), "https://data.example.com/"))
    with closing(open_warehouse(asked).warehouse) as warehouse:
        assert warehouse.query("FROM 'data/x.csv'") == [(1,), (2,)]
        assert warehouse.query(f"FROM '{outside}'") == [(1,)]
        for other in ("more/x.csv", "data/link.csv", "data/../more/x.csv", f"{outside}.other"):
            with pytest.raises(WarehouseError, match="disabled by configuration"):
                warehouse.query(f"FROM read_csv('{other}')")


@pytest.mark.parametrize(
    ("place", "made", "says"),
    [
        ("data", ".git", "is a link"),
        ("data", "..", "is a link"),
        ("more/deep", "../data", "is a link"),
        (".", None, "holds a git repository"),
        (".git", None, "holds a git repository"),
    ],
)
def test_a_place_that_a_pull_request_turned_into_a_link_is_refused(
    folder: Path, place: str, made: str | None, says: str
) -> None:
    if made is not None:
        if (folder / place).exists():
            (folder / place).rename(folder / "before")
        (folder / place).symlink_to(made)
    with pytest.raises(ProjectError, match=says):
        open_warehouse(request(folder, files=(place,)))


def test_extensions_are_loaded_where_they_are_named_and_only_there(folder: Path) -> None:
    with closing(open_warehouse(request(folder, extensions=("icu",))).warehouse) as warehouse:
        with pytest.raises(WarehouseError, match="spatial") as refused:
            warehouse.query("SELECT st_point(1, 2)")
        assert "duckdb_extensions" in refused.value.advice
    with pytest.raises(WarehouseError, match="no_such_thing cannot be loaded") as refused:
        open_warehouse(request(folder, extensions=("no_such_thing",)))
    assert "extensions.duckdb.org" in refused.value.advice


def test_only_whoever_starts_the_preview_can_allow_anything() -> None:
    settings = parse({"duckdb_extensions": "spatial, excel", "duckdb_files": "data/\nhttps://data.example.com/a,b"})
    assert settings.duckdb_extensions == ("spatial", "excel")
    assert settings.duckdb_files == ("data/", "https://data.example.com/a,b")
    with pytest.raises(InputError, match="is not the name of an extension"):
        parse({"duckdb_extensions": "x'; LOAD y"})
    for key in ("duckdb_extensions", "duckdb_files"):
        with pytest.raises(InputError, match=key):
            load_project_file(f"{key}: [data/]".encode(), "rocky-preview.yml")


def test_compared_files_are_the_only_ones(folder: Path) -> None:
    with closing(open_files({"base": folder / "data/x.csv"}, None)) as opened:
        assert opened.query("FROM base") == [(1,), (2,)]
        with pytest.raises(WarehouseError, match="disabled by configuration"):
            opened.query("FROM 'more/x.csv'")


# Seeds, which come from the pull request too


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE x AS FROM read_text('/proc/self/environ')",
        "CREATE TABLE x AS FROM read_text('.git/config')",
        "CREATE TABLE x AS FROM read_text('link.txt')",
        "CREATE TABLE x AS FROM 'more/x.csv'",
        "CREATE TABLE x AS FROM 'https://example.com/x.csv'",
        "CREATE TABLE x AS SELECT 1; ATTACH 'shop.duckdb' AS production",
        "ATTACH ':memory:' AS m",
        "INSTALL httpfs; LOAD httpfs",
        "CREATE TABLE x AS SELECT 1 AS a; COPY x TO 'data/x.csv'",
        "COPY (SELECT 1) TO 'data/y.csv'",
        "WITH x AS (COPY (SELECT 1) TO 'data/z.csv') SELECT 1",
        "EXPORT DATABASE 'data'",
        "SET enable_external_access = true",
        "UPDATE EXTENSIONS",
    ],
)
@pytest.mark.parametrize("path", ["new.duckdb", ""])
def test_a_seed_that_reaches_out_is_refused(folder: Path, script: str, path: str) -> None:
    files = sorted(folder.rglob("*"))
    with pytest.raises((ProjectError, WarehouseError), match="seed"):
        open_warehouse(request(folder, path, script, seed_places=lambda: (folder / "data",)))
    assert sorted(folder.rglob("*")) == files
    assert (folder / "data/x.csv").read_text() == "a\n1\n2\n"


@pytest.mark.parametrize("path", ["new.duckdb", ""])
def test_a_seed_does_what_seeds_are_for(folder: Path, path: str) -> None:
    script = (
        "CREATE SCHEMA raw; CREATE TABLE raw.a (a INTEGER); COPY raw.a FROM 'data/x.csv' (HEADER);"
        " CREATE TYPE kind AS ENUM ('to'); CREATE VIEW raw.v AS SELECT 'COPY x TO y' AS \"to\" FROM raw.a;"
        " INSERT INTO raw.a SELECT a + 2 FROM read_csv('data/x.csv'); DELETE FROM raw.a WHERE a = 1"
    )
    asked = request(folder, path, script, seed_places=lambda: (folder / "data/x.csv",))
    with closing(open_warehouse(asked).warehouse) as warehouse:
        assert warehouse.query("SELECT a FROM raw.a ORDER BY a") == [(2,), (3,), (4,)]
        assert warehouse.query('SELECT DISTINCT "to" FROM raw.v') == [("COPY x TO y",)]
