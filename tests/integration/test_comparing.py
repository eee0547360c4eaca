"""``compare``: files and relations, one of each, and what is missing."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from rocky_action.comparing import Asked, asked_of, compare_any
from rocky_action.domain.diff import Exhaustive, ModelDiff
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.errors import InputError, PreviewError, WarehouseError
from rocky_action.place import Place
from rocky_action.settings import parse
from tests.support.previews import make_database
from tests.support.projects import project_files
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.rowdiff_tables import counts

KEY = ModelOptions(key=("id",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a database, and files beside it: id 1 is the same, 2 differs, 3 and 4 are on one side only."""
    made = GitRepository.new(tmp_path / "shop", isolated_environ(tmp_path / "home"))
    made.commit(project_files({"m": "SELECT 1 AS id"}))
    base, head = (
        "(VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS t(id, v)",
        "(VALUES (1, 'a'), (2, 'B'), (4, 'd')) AS t(id, v)",
    )
    make_database(
        made.path / "shop.duckdb",
        "CREATE SCHEMA raw",
        f"CREATE TABLE raw.base AS FROM {base}",
        f"CREATE VIEW main.head AS SELECT * FROM {head}",
        "CREATE VIEW main.through AS SELECT * FROM shop.raw.base",
        "CREATE VIEW main.bare AS SELECT * FROM head",
    )
    connection = duckdb.connect()
    for name, rows in (("base", base), ("head", head)):
        for kind in ("csv", "parquet"):
            connection.execute(f"COPY (FROM {rows}) TO '{made.path / f'{name}.{kind}'}'")
        connection.execute(f"COPY (FROM {rows}) TO '{made.path / f'{name}.tsv'}' (DELIMITER '\t')")
    connection.close()
    return made.path


def compare(folder: Path, base: str, head: str, *, options: ModelOptions = KEY, **values: str) -> ModelDiff:
    environ = isolated_environ(folder.parent / "home")
    place = Place(folder, environ, datetime(2026, 3, 1, tzinfo=UTC), lambda _: None)
    return compare_any(parse(values), place, asked=Asked(base, head, options))


def refused(folder: Path, base: str, head: str) -> PreviewError:
    with pytest.raises(PreviewError) as caught:
        compare(folder, base, head)
    return caught.value


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("base.csv", "head.csv"),
        ("base.parquet", "head.parquet"),
        ("base.tsv", "head.parquet"),
        ("raw.base", "head"),
        ("shop.raw.base", "main.head"),
        ("RAW.BASE", "Shop.Main.Head"),
        ("through", "bare"),
        ("base.parquet", "head"),
        ("raw.base", "head.csv"),
    ],
)
def test_any_two_things_are_compared(folder: Path, base: str, head: str) -> None:
    before = (folder / "shop.duckdb").read_bytes()
    diff = compare(folder, base, head)
    assert diff.coverage == Exhaustive("keyed")
    assert counts(diff) == (1, 1, 1)
    assert (diff.rows.rows_base, diff.rows.rows_head) == (3, 3)
    assert (folder / "shop.duckdb").read_bytes() == before
    assert sorted(path.name for path in folder.glob("shop.duckdb*")) == ["shop.duckdb"]


def test_without_a_key_rows_are_compared_as_a_multiset(folder: Path) -> None:
    diff = compare(folder, "base.csv", "head.csv", options=ModelOptions(key=()))
    assert diff.coverage == Exhaustive("multiset")
    assert (diff.rows.added, diff.rows.removed, diff.rows.paired) == (1, 1, 1)


def test_a_thing_equals_itself(folder: Path) -> None:
    assert compare(folder, "raw.base", "raw.base").is_empty
    assert compare(folder, "base.csv", "base.csv").is_empty


def test_two_files_need_no_project(tmp_path: Path, folder: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("base.csv", "head [1] *'.csv"):
        (plain / name).write_bytes((folder / f"{name[:4]}.csv").read_bytes())
    assert counts(compare(plain, "base.csv", "head [1] *'.csv")) == (1, 1, 1)
    assert counts(compare(plain, str(folder / "base.parquet"), "head [1] *'.csv")) == (1, 1, 1)


@pytest.mark.parametrize("missing", ["nowhere.csv", "gone/base.parquet"])
def test_a_missing_file_is_called_a_file(folder: Path, tmp_path: Path, missing: str) -> None:
    for place in (folder, tmp_path):
        error = refused(place, missing, str(folder / "head.csv"))
        assert isinstance(error, InputError)
        assert error.message == f"there is no file {missing}"


@pytest.mark.parametrize("missing", ["raw.nothing", "nothing", "other.raw.base", "raw.BASE2"])
def test_a_missing_relation_is_named_with_where_it_was_looked_for(folder: Path, missing: str) -> None:
    error = refused(folder, "raw.base", missing)
    assert isinstance(error, InputError)
    assert error.message == f"{missing} is neither a file nor a relation of shop.duckdb"
    assert "schema.name" in error.advice


@pytest.mark.parametrize("wrong", ["a.b.c.d", "raw.", ".base", ""])
def test_what_is_no_name(folder: Path, wrong: str) -> None:
    assert "is not a relation" in refused(folder, wrong, "raw.base").message


def test_a_file_that_is_not_what_its_name_says(folder: Path) -> None:
    (folder / "wrong.parquet").write_text("id,v\n1,a\n")
    error = refused(folder, "base.parquet", "wrong.parquet")
    assert isinstance(error, WarehouseError)
    assert "what its name says" in error.advice


def test_a_missing_database_is_named(folder: Path) -> None:
    (folder / "shop.duckdb").unlink()
    error = refused(folder, "raw.base", "head.csv")
    assert "shop.duckdb does not exist" in error.message
    assert not (folder / "shop.duckdb").exists()


def test_a_database_in_memory_has_no_relations(folder: Path) -> None:
    (folder / "rocky.toml").write_text((folder / "rocky.toml").read_text().replace("shop.duckdb", ":memory:"))
    assert "is no DuckDB file" in refused(folder, "raw.base", "head.csv").message


@pytest.mark.parametrize("file", ["my.shop.duckdb", "main.duckdb", "temp.duckdb", "Shop-2.db"])
def test_views_work_whatever_the_file_is_called(folder: Path, file: str) -> None:
    catalog = {"my.shop.duckdb": "my", "main.duckdb": "main_db", "temp.duckdb": "temp_db", "Shop-2.db": '"Shop-2"'}[
        file
    ]
    make_database(
        folder / file,
        "CREATE SCHEMA raw",
        "CREATE TABLE raw.base AS SELECT 1 AS id",
        f"CREATE VIEW main.full_name AS SELECT id FROM {catalog}.raw.base",
    )
    (folder / "rocky.toml").write_text((folder / "rocky.toml").read_text().replace("shop.duckdb", file))
    assert compare(folder, "raw.base", "full_name").is_empty


def namespace(**values: object) -> argparse.Namespace:
    given: dict[str, object] = {"base": "a", "other": "b", "key": "", "ignore": [], "tolerance": [], "where": None}
    given |= {name: [] for name in ("mask", "ignore_case", "ignore_trailing_blanks", "json_column")}
    return argparse.Namespace(**{**given, **values})


def test_what_is_asked_is_read_from_the_command_line() -> None:
    asked = asked_of(namespace(key=" id , part,", ignore=["x"], tolerance=["v=0.5", "a=b=1e-9"], where="id > 1"))
    options = ModelOptions(("id", "part"), ("x",), (), (("v", Tolerance(0.5)), ("a=b", Tolerance(1e-9))), "id > 1")
    assert asked == Asked("a", "b", options)
    assert asked_of(namespace()).options == ModelOptions()
    assert asked_of(namespace(key=" none ")).options == ModelOptions(key=())
    columns = namespace(mask=["m"], ignore_case=["c"], ignore_trailing_blanks=["b"], json_column=["j", "k"])
    assert asked_of(columns).options == ModelOptions(
        mask_columns=("m",), ignore_case=("c",), ignore_trailing_blanks=("b",), json_columns=("j", "k")
    )
    shares = asked_of(namespace(tolerance=["a=0.1%", "b=1 + 2%"])).options.tolerances
    assert shares == (("a", Tolerance(relative=0.001)), ("b", Tolerance(1, 0.02)))


def test_everything_wrong_is_told_at_once() -> None:
    wrong = ["v", "=1", "v=", "v=x", "v=-1", "v=nan", "v=inf", "v=1%+1%", "id,none"]
    with pytest.raises(InputError) as caught:
        asked_of(namespace(tolerance=[*wrong[:-1], "fine=0"], key=wrong[-1]))
    assert [line.split("'")[1] for line in caught.value.message.splitlines()] == wrong
