"""What a seed may do: fill the database that it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rocky_action.errors import ProjectError
from rocky_action.projects.seeds import seed_files, seed_statements
from rocky_action.sql.seed_guard import refused_in_seed
from tests.support.trees import tree

REFUSED = [
    ("ATTACH 'other.duckdb' AS p", "ATTACH"),
    ("CREATE TABLE a (b INT);\nATTACH 'x';", "ATTACH"),
    ("DETACH p", "DETACH"),
    ("COPY (SELECT 1) TO 'x.csv'", "COPY"),
    ("COPY t TO '/tmp/x.csv'", "COPY"),
    ("COPY (SELECT 1 FROM t) TO 'x.csv'", "COPY"),
    ("COPY FROM DATABASE a TO b", "COPY"),
    ("WITH x AS (COPY (SELECT 1) TO 'x.csv') SELECT 1", "COPY inside of another statement"),
    ("WITH x AS ( copy t TO 'x.csv' RETURNING *) INSERT INTO t FROM x", "COPY inside of another statement"),
    ("EXPORT DATABASE 'x'", "EXPORT"),
    ("IMPORT DATABASE 'x'", "IMPORT"),
    ("INSTALL httpfs", "INSTALL"),
    ("LOAD httpfs", "LOAD"),
    ("SET memory_limit = '1TB'", "SET"),
    ("RESET memory_limit", "RESET"),
    ("PRAGMA enable_logging", "PRAGMA"),
    ("CALL enable_logging()", "CALL"),
    ("CREATE SECRET s (TYPE s3)", "CREATE SECRET"),
    ("CREATE OR REPLACE PERSISTENT SECRET s (TYPE s3)", "CREATE SECRET"),
    ("CHECKPOINT", "CHECKPOINT"),
    ("EXECUTE x", "EXECUTE"),
    (".shell rm", "."),
]
FILLING = [
    "",
    "-- nothing; ATTACH 'x'",
    "CREATE SCHEMA IF NOT EXISTS raw; CREATE OR REPLACE TABLE raw.t AS SELECT 'ATTACH; COPY' AS a;",
    "CREATE TABLE secret (a INT); INSERT INTO secret VALUES (1);;",
    'CREATE TABLE "attach" (a INT)',
    "CREATE VIEW v AS FROM t; CREATE SEQUENCE s; CREATE TYPE k AS ENUM ('a'); CREATE MACRO m(x) AS x + 1",
    "BEGIN; UPDATE t SET a = 1; DELETE FROM t WHERE a = 2; ALTER TABLE t ADD COLUMN b INT; COMMIT",
    "WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT * FROM x",
    "COPY t FROM 'data/x.csv' (HEADER)",
    "DROP TABLE IF EXISTS t; COMMENT ON TABLE u IS 'x'; FROM u",
    "CREATE SCHEMA shop.raw; USE shop.raw",
    "CREATE TABLE t (copy INT, b INT); INSERT INTO t (copy, b) SELECT copy, b FROM u WHERE (copy > 1)",
]


@pytest.mark.parametrize(("sql", "words"), REFUSED)
def test_what_does_more_than_fill_a_database_is_refused(sql: str, words: str) -> None:
    found = refused_in_seed(f"SELECT 1;\n{sql}")
    assert found is not None
    assert found[1] == words
    assert found[0] == 2 + sql[: sql.upper().find(words.split(maxsplit=1)[0])].count("\n")


@pytest.mark.parametrize("sql", FILLING)
def test_what_fills_a_database_is_not(sql: str) -> None:
    assert refused_in_seed(sql) is None


def test_the_example_s_seed_is_one() -> None:
    seed = Path(__file__).parents[2] / "examples" / "shop" / "data" / "seed.sql"
    assert refused_in_seed(seed.read_text(encoding="utf-8")) is None


def test_a_refusal_names_file_line_and_statement(tmp_path: Path) -> None:
    files = tree(
        {
            "data/seed.sql": "CREATE TABLE a (b INT);\n\nATTACH 'production.duckdb' AS p;\nDROP TABLE p.main.orders;\n",
            "seeds/a.csv": "x\n1\n",
            "seeds/a.toml": "post_hook = [\"COPY seeds.a TO 'x'\"]\n",
        }
    )
    with pytest.raises(ProjectError) as caught:
        seed_statements(files, tmp_path, files=seed_files(files.paths(), ()))
    assert "data/seed.sql" in caught.value.message
    assert "line 3" in caught.value.message or ":3" in caught.value.message
    assert "a seed may not ATTACH" in caught.value.message
    assert "post_hook: a seed may not COPY" in caught.value.message
