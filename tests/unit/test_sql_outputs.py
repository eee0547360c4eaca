"""Columns that a query's text names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.project import Problem, SurrogateKey
from rocky_action.sql.outputs import Output, output_columns
from tests.support.sql_models import model


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT a, b AS c, sum(d) AS "E", t.f FROM t', ["a", "c", "E", "f"]),
        ("SELECT a, count(*) AS n FROM t GROUP BY 1", ["a", "n"]),
        ("SELECT a FROM t UNION ALL SELECT b FROM u", ["a"]),
        ("(SELECT a FROM t)", ["a"]),
        ("WITH x AS (SELECT 1 AS q) SELECT q FROM x", ["q"]),
        ("SELECT DISTINCT ON (a) a, b FROM t", ["a", "b"]),
    ],
)
def test_named(sql: str, names: list[str]) -> None:
    found = output_columns(model("m", sql), "duckdb")
    assert found is not None
    assert [column.name for column in found] == names


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT t.* FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "FROM t",
        "SELECT a, count(*) FROM t GROUP BY 1",
        "SELECT COLUMNS('x') FROM t",
        "SELECT max(COLUMNS(*)) AS m FROM t",
        "SELECT unnest(s) AS x FROM t",
        "SELECT a FROM t UNION ALL BY NAME SELECT b FROM u",
        "SELECT a, A FROM t",
        "SELECT s.a.b.c.d.e FROM t",
        "VALUES (1)",
        "SELECT a FROM (",
    ],
)
def test_left_open(sql: str) -> None:
    assert output_columns(model("m", sql), "duckdb") is None


def test_other_dialects_have_other_ways_to_leave_them_open() -> None:
    assert output_columns(model("m", "SELECT AS STRUCT a FROM t"), "bigquery") is None
    assert output_columns(model("m", "SELECT explode(a) AS x FROM t"), "databricks") is None


def test_what_is_not_understood() -> None:
    assert output_columns(model("m", "SELECT a FROM t", problem=Problem("odd")), "duckdb") is None


def test_lines_are_the_files_own_and_keys_have_none() -> None:
    plain = model("m", "SELECT\n  a,\n  b AS c\nFROM t")
    made = replace(plain, first_line=5, surrogate_keys=(SurrogateKey("k", ("a",)),))
    assert output_columns(made, "duckdb") == (Output("a", 6), Output("c", 7), Output("k"))
