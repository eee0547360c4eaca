"""The columns that models have by their SQL, and the lines that name them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.project import Model, Problem, SurrogateKey
from rocky_action.sql.outputs import Output, Outputs
from tests.support.sql_models import PLACES, TABLES, model, project, queries, standing

ORDERS = model("orders", "SELECT id, amount AS Total, note FROM raw")
BUILT = [model(name, TABLES[name], target=f"memory.{place}".replace('"', "")) for name, place in PLACES.items()]


def columns(sql: str, *others: Model) -> list[str] | None:
    found = Outputs(project([model("m", sql), *others])).of("m")
    return None if found is None else [column.name for column in found]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT a, b AS c, sum(d) AS "E", t.f FROM t', ["a", "c", "E", "f"]),
        ("SELECT a, count(*) AS n FROM t GROUP BY 1", ["a", "n"]),
        ("SELECT a FROM t UNION ALL SELECT b FROM u", ["a"]),
        ("(SELECT a FROM t)", ["a"]),
        ("WITH x AS (SELECT 1 AS q) SELECT q FROM x", ["q"]),
        ("SELECT DISTINCT ON (a) a, b FROM t", ["a", "b"]),
        ("WITH x AS (SELECT a AS B, c FROM t) SELECT * FROM x", ["B", "c"]),
        ("WITH x AS (SELECT a, b FROM t), y AS (SELECT * FROM x) SELECT * EXCLUDE (a) FROM y", ["b"]),
        ("SELECT * FROM (SELECT a AS B FROM t)", ["B"]),
        ("SELECT * FROM orders", ["id", "total", "note"]),
        ("SELECT o.*, 1 AS more FROM orders AS o", ["id", "total", "note", "more"]),
        ("SELECT * EXCLUDE (note) FROM orders", ["id", "total"]),
        ("SELECT * REPLACE (1 AS note) FROM orders", ["id", "total", "note"]),
        ("SELECT id FROM orders UNION ALL BY NAME SELECT note FROM orders", ["id", "note"]),
        ("SELECT s.a.b.c.d.e FROM t", ["e"]),
        ("FROM orders", ["id", "total", "note"]),
    ],
)
def test_told(sql: str, names: list[str]) -> None:
    assert columns(sql, ORDERS) == names


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT t.* FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "FROM t",
        "SELECT a, count(*) FROM t GROUP BY 1",
        "SELECT *, count(*) FROM orders GROUP BY ALL",
        "SELECT COLUMNS('x') FROM t",
        "SELECT max(COLUMNS(*)) AS m FROM t",
        "SELECT a, A FROM t",
        "SELECT *, id FROM orders",
        "VALUES (1)",
        "SELECT a FROM (",
    ],
)
def test_left_open(sql: str) -> None:
    assert columns(sql, ORDERS) is None


def test_other_dialects_have_other_ways_to_leave_them_open() -> None:
    for dialect, sql in (("bigquery", "SELECT AS STRUCT a FROM t"), ("databricks", "SELECT explode(a) AS x FROM t")):
        assert Outputs(replace(project([model("m", sql)]), dialect=dialect)).of("m") is None


@pytest.mark.parametrize("sql", queries())
def test_what_is_told_is_what_duckdb_says(sql: str) -> None:
    told = columns(sql, *BUILT)
    if told is not None:
        answer = standing().execute(sql).description or ()
        assert [name.lower() for name in told] == [str(column[0]).lower() for column in answer]


def test_most_of_these_are_told() -> None:
    told = [columns(sql, *BUILT) for sql in queries()]
    assert len([one for one in told if one is not None]) > len(told) / 2


def test_what_is_not_understood() -> None:
    assert Outputs(project([model("m", "SELECT a FROM t", problem=Problem("odd"))])).of("m") is None


def test_lines_are_the_files_own_and_keys_have_none() -> None:
    plain = model("m", "SELECT\n  a,\n  b AS c\nFROM t")
    made = replace(plain, first_line=5, surrogate_keys=(SurrogateKey("k", ("a",)),))
    assert Outputs(project([made])).of("m") == (Output("a", 6), Output("c", 7), Output("k"))


def test_lines_of_what_a_cte_hands_on() -> None:
    made = model("m", "WITH x AS (\n  SELECT\n    a,\n    b\n  FROM t\n)\nSELECT\n  *,\n  1 AS a2\nFROM x")
    assert Outputs(project([made])).of("m") == (Output("a", 3), Output("b", 4), Output("a2", 9))


ROCKY = """---toml
name = "m"
---
let paid = from raw
    select { id, amount }
from paid
derive {
    total: amount * 2,
}
select {
    id,
    total,
}
"""


def test_lines_of_a_rocky_file_are_those_of_the_file_and_not_of_its_sql() -> None:
    made = replace(model("m", ROCKY.split("---\n")[1]), language="rocky", first_line=4)
    assert Outputs(project([made])).of("m") == (Output("id", 11), Output("total", 8))


def test_a_star_over_a_star_over_a_star_and_no_stack_to_overflow() -> None:
    chain = [model(f"m{at}", f"SELECT *, {at} AS c{at} FROM m{at - 1}") for at in range(1, 2_000)]
    outputs = Outputs(project([model("m0", "SELECT a FROM raw"), *chain[:60]]))
    assert [one.name for one in outputs.of("m60") or ()] == ["a", *(f"c{at}" for at in range(1, 61))]
    assert Outputs(project([model("m0", "SELECT * FROM m1999"), *chain])).of("m1999") is None, "a circle of stars"


class Asked(dict[str, Model]):
    """Models that remember which of them were asked for by name."""

    def __init__(self, *models: Model) -> None:
        super().__init__({one.name: one for one in models})
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Model:
        self.names.add(name)
        return super().__getitem__(name)


def test_only_what_a_model_cannot_be_told_without_is_looked_at() -> None:
    asked = Asked(ORDERS, model("m", "SELECT id FROM orders"), model("s", "SELECT * FROM orders"))
    outputs = Outputs(replace(project(()), models=asked))
    outputs.of("m")
    assert asked.names == {"m"}
    outputs.of("s")
    assert asked.names == {"m", "orders", "s"}
