"""The data that fills an embedded database, loaded by a real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from rocky_action.errors import InputError, ProjectError
from rocky_action.projects.seeds import seed_files, seed_statements
from tests.support.trees import tree

PATHS = ("data/more.sql", "data/seed.sql", "seeds/a.csv", "seeds/a.toml", "seeds/b.tsv", "seeds/deep/c.csv", "x.csv")


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ((), ("data/seed.sql", "seeds/a.csv", "seeds/b.tsv")),
        (("x.csv", "data/seed.sql"), ("x.csv", "data/seed.sql")),
        (("seeds/**", "seeds/a.csv"), ("seeds/a.csv", "seeds/b.tsv", "seeds/deep/c.csv")),
        (("./data/*.sql",), ("data/more.sql", "data/seed.sql")),
    ],
)
def test_which_files_are_seeds(given: tuple[str, ...], files: tuple[str, ...]) -> None:
    assert seed_files(PATHS, given) == files


def test_a_project_without_seeds() -> None:
    assert seed_files(("models/a.sql", "seeds.csv"), ()) == ()


def test_seeds_that_are_not_there_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        seed_files(PATHS, ["x.csv", "data/sede.sql", "../up.sql", "seeds/z.csv"])
    assert caught.value.message.splitlines() == [
        'seed: there is no file data/sede.sql. Did you mean "data/seed.sql"?',
        "seed: the pattern '../up.sql' leaves the project's folder",
        'seed: there is no file seeds/z.csv. Did you mean "seeds/a.csv"?',
    ]


def database(files: Mapping[str, str], root: Path) -> duckdb.DuckDBPyConnection:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    connection = duckdb.connect()
    seeds = tree(files)
    for statement in seed_statements(seeds, root, files=seed_files(seeds.paths(), ())):
        connection.execute(statement)
    return connection


def test_sql_and_tables_are_loaded(tmp_path: Path) -> None:
    files = {
        "data/seed.sql": "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS id; INSERT INTO raw.t VALUES (2);",
        "seeds/it's.csv": 'id,name,at,day,share,ok\n1,"a, b",2024-01-01 10:00:00,2024-01-02,0.5,true\n2,,,,,\n',
        "seeds/tabs.tsv": "id\tname\n1\tx,y\n",
    }
    with database(files, tmp_path / "o'brien") as connection:
        assert connection.sql("SELECT count(*) FROM raw.t").fetchall() == [(2,)]
        relation = connection.sql('SELECT * FROM seeds."it\'s"')
        assert [str(kind) for kind in relation.types] == [
            "BIGINT",
            "VARCHAR",
            "TIMESTAMP",
            "TIMESTAMP",
            "DOUBLE",
            "BOOLEAN",
        ]
        assert relation.fetchall()[1] == (2, None, None, None, None, None)
        assert connection.sql("SELECT * FROM seeds.tabs").fetchall() == [(1, "x,y")]


def test_a_sidecar_names_and_types_a_table(tmp_path: Path) -> None:
    files = {
        "seeds/people.csv": "zip,n\n01234,1\n",
        "seeds/people.toml": 'name = "p"\n'
        'pre_hook = ["CREATE TABLE log (x INT)"]\npost_hook = ["INSERT INTO log VALUES (1)"]\n'
        '[target]\nschema = "My Raw"\ntable = "select"\n[column_types]\nzip = "VARCHAR"\n',
    }
    with database(files, tmp_path) as connection:
        assert connection.sql('SELECT * FROM "My Raw"."select"').fetchall() == [("01234", 1)]
        assert connection.sql("SELECT * FROM log").fetchall() == [(1,)]


def test_types_are_found_in_the_whole_file(tmp_path: Path) -> None:
    rows = "".join(f"{number}\n" for number in range(50_000))
    with database({"seeds/a.csv": f"id\n{rows}last\n"}, tmp_path) as connection:
        assert connection.sql("SELECT max(id) FROM seeds.a").fetchall() == [("last",)]


def test_loading_again_replaces(tmp_path: Path) -> None:
    files = {"seeds/a.csv": "id\n1\n"}
    with database(files, tmp_path) as connection:
        for statement in seed_statements(tree(files), tmp_path, files=["seeds/a.csv"]):
            connection.execute(statement)
        assert connection.sql("SELECT * FROM seeds.a").fetchall() == [(1,)]


def test_wrong_seeds_are_all_named(tmp_path: Path) -> None:
    files = {
        "seeds/a.csv": "id\n1\n",
        "seeds/a.toml": "nmae = 'x'\n[target]\nschema = 1\n",
        "seeds/b.csv": "",
        "seeds/b.toml": "[",
        "b.sql": "",
    }
    with pytest.raises(ProjectError) as caught:
        seed_statements(tree(files), tmp_path, files=["seeds/a.csv", "seeds/b.csv", "gone.sql"])
    assert caught.value.message.splitlines()[1:] == [
        "- gone.sql: there is no such file.",
        '- seeds/a.toml:1: unknown key "nmae". Did you mean "name"?',
        '- seeds/a.toml:3: "target.schema" must be a string, found an integer. Write schema = "…"',
        (
            "- seeds/b.toml:1: this is not valid TOML: Invalid initial character for a key part. "
            'Expected [table] headers and key = value lines, with text in "quotes".'
        ),
    ]


def test_environment_is_not_filled_in_a_seeds_sidecar(tmp_path: Path) -> None:
    files = {"seeds/a.csv": "id\n1\n", "seeds/a.toml": '[target]\ntable = "${X}"\n'}
    with database(files, tmp_path) as connection:
        assert connection.sql('SELECT * FROM seeds."${X}"').fetchall() == [(1,)]
