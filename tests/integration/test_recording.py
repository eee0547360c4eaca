"""A run of production stored by ``record``: whose models it was, and everything that is not stored."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from rocky_action.errors import InputError, ProjectError, WarehouseError
from rocky_action.place import Place
from rocky_action.recording import Recorded, read_printed, record_run
from rocky_action.settings import parse
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.state.layout import LAYOUT
from rocky_action.warehouses.duckdb import open_duckdb
from tests.support.previews import make_database
from tests.support.projects import load, project_files
from tests.support.records import NOW
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.rocky_runs import materialized, printed, run_of

TARGETS = {"models/b.toml": '[target]\nschema = "marts"\ntable = "B_Table"\n'}
FILES = project_files({"a": "SELECT 1 AS a", "b": "SELECT 2 AS a"}) | TARGETS


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.new(tmp_path / "shop", isolated_environ(tmp_path / "home"))
    made.commit(FILES)
    make_database(made.path / "shop.duckdb", "CREATE SCHEMA marts", "CREATE TABLE main.a AS SELECT 1 AS a")
    return made


def record(repository: GitRepository, document: dict[str, Any], *, commit: str | None = None) -> Recorded:
    place = Place(repository.path, repository.environ, NOW, lambda _: None)
    return record_run(parse({}), place, printed=printed(document), commit=commit)


def stored(repository: GitRepository, columns: str = "model") -> list[tuple[object, ...]]:
    database = open_duckdb(repository.path / "shop.duckdb")
    try:
        return database.query(f"SELECT {columns} FROM rocky_preview.model_runs ORDER BY ALL")
    finally:
        database.close()


def test_models_are_found_by_the_tables_that_they_are_built_in(repository: GitRepository) -> None:
    run = run_of(materialized("SHOP.Marts.b_table", duration_ms=7, bytes_scanned=9), materialized("shop.main.a"))
    recorded = record(repository, run)
    assert (recorded.models, recorded.not_stored, recorded.new) == (("b", "a"), (), True)
    assert recorded.told == f"recorded {recorded.run_id} at {repository.sha()[:7]}: b, a"
    rows = stored(repository, "model, side, origin, git_commit, duration_ms, bytes_scanned, method")
    assert rows == [
        ("a", "base", "production", repository.sha(), 1000, None, "full_refresh"),
        ("b", "base", "production", repository.sha(), 7, 9, "full_refresh"),
    ]


def test_the_same_run_is_stored_once(repository: GitRepository) -> None:
    run = run_of(materialized("shop.main.a"))
    first, second = record(repository, run), record(repository, run | {"version": "9"})
    assert (first.new, second.new) == (True, False)
    assert second.told == f"{first.run_id} was recorded before"
    assert stored(repository) == [("a",)]


def test_the_next_preview_finds_it(repository: GitRepository) -> None:
    recorded = record(repository, run_of(materialized("shop.main.a", duration_ms=7)))
    database = open_duckdb(repository.path / "shop.duckdb")
    records = open_records(database)
    assert isinstance(records, WarehouseRecords)
    (figures,) = records.history({"a": "whatever", "b": "whatever"})["a"]
    database.close()
    assert figures.duration_ms == 7
    assert figures.recorded is not None
    assert (figures.recorded.run_id, figures.recorded.production) == (recorded.run_id, True)
    assert figures.recorded.finished_at == "2026-11-20T02:00:00+00:00"


def test_the_models_are_those_of_the_commit_that_ran(repository: GitRepository) -> None:
    before = repository.sha()
    changes = {"models/a.sql": "SELECT 3 AS a", "models/b.toml": '[target]\nschema = "elsewhere"\n'}
    after = repository.commit(changes)
    run = run_of(materialized("shop.main.a"), materialized("shop.marts.b_table"))
    assert record(repository, run, commit=before).models == ("a", "b")
    assert record(repository, run_of(materialized("shop.main.a", duration_ms=2))).commit == after
    old, new = load(FILES).models, load(FILES | changes).models
    assert stored(repository, "model, git_commit, sql_hash, duration_ms") == sorted(
        [
            ("a", before, old["a"].fingerprint, 1000),
            ("b", before, old["b"].fingerprint, 1000),
            ("a", after, new["a"].fingerprint, 2),
        ]
    )
    assert old["a"].fingerprint != new["a"].fingerprint


def test_what_is_not_stored_is_told_by_name(repository: GitRepository) -> None:
    recorded = record(
        repository,
        run_of(
            materialized("shop.main.a"),
            materialized("shop.raw.orders"),
            materialized("shop.marts.b_table"),
            errors=[{"asset_key": ["shop", "main", "late"], "error": "no"}],
            model_decisions=[{"model": "b", "decision": "reused", "reason": "unchanged"}],
        ),
    )
    assert stored(repository) == [("a",)]
    assert recorded.told.splitlines()[1:] == [
        "not stored: shop.main.late, which failed",
        "not stored: shop.raw.orders, where no model of this project is built",
        "not stored: b, which was not run, or not all of it",
    ]


def test_a_run_that_built_nothing_stores_nothing(repository: GitRepository) -> None:
    failed = [{"asset_key": ["shop", "main", "a"], "error": "no"}]
    partly = run_of(materialized("shop.main.a"), errors=failed)
    for run in (run_of(status="SkippedIdempotent"), run_of(errors=failed), partly):
        recorded = record(repository, run)
        assert recorded.models == ()
        assert recorded.told.startswith("nothing to record")
    database = open_duckdb(repository.path / "shop.duckdb")
    assert ("shop", "rocky_preview") not in database.schemas("")
    database.close()


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (run_of(materialized("other.main.a"), materialized("shop.raw.b")), "other.main.a, shop.raw.b"),
        (run_of(materialized("shop.main.a"), shadow=True), "beside production"),
    ],
)
def test_a_run_of_something_else_is_refused(repository: GitRepository, run: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        record(repository, run)


def test_a_commit_that_is_not_there_is_refused(repository: GitRepository) -> None:
    with pytest.raises(InputError, match="no commit nowhere"):
        record(repository, run_of(materialized("shop.main.a")), commit="nowhere")


def test_a_project_that_does_not_load_is_an_error(repository: GitRepository) -> None:
    repository.commit({"models/a.toml": "[strategy\n"})
    with pytest.raises(ProjectError, match=r"a\.toml"):
        record(repository, run_of(materialized("shop.main.a")))


def test_a_database_in_memory_would_forget_it(repository: GitRepository) -> None:
    repository.commit({"rocky.toml": FILES["rocky.toml"].replace('path = "shop.duckdb"', "")})
    with pytest.raises(InputError, match="in memory"):
        record(repository, run_of(materialized("shop.main.a")))


def test_where_it_may_not_be_stored_it_fails(repository: GitRepository) -> None:
    record(repository, run_of(materialized("shop.main.a")))
    database = open_duckdb(repository.path / "shop.duckdb")
    database.execute([f"INSERT INTO rocky_preview.layouts VALUES ({LAYOUT + 1}, TIMESTAMP '2030-01-01')"])
    database.close()
    with pytest.raises(WarehouseError, match=f"layout is {LAYOUT + 1}"):
        record(repository, run_of(materialized("shop.main.a", duration_ms=2)))
    assert stored(repository) == [("a",)]


def test_only_the_state_schema_is_written(repository: GitRepository) -> None:
    database = open_duckdb(repository.path / "shop.duckdb")
    before = database.schemas("")
    database.close()
    record(repository, run_of(materialized("shop.main.a")))
    database = open_duckdb(repository.path / "shop.duckdb")
    assert {*database.schemas("")} == {*before, ("shop", "rocky_preview")}
    assert database.query("SELECT * FROM main.a") == [(1,)]
    database.close()


def test_what_is_read_is_text(tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf{}")
    assert read_printed(tmp_path / "bom.json") == "{}"
    assert read_printed(io.BytesIO(b"{}")) == "{}"
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe{")
    for name in ("bad.json", "none"):
        with pytest.raises(InputError, match=f"{name} cannot be read"):
            read_printed(tmp_path / name)
    with pytest.raises(InputError, match="standard input cannot be read"):
        read_printed(io.BytesIO(b"\xff"))
