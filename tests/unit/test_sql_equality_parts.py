"""Which columns an edit changed, and when it may have changed more than columns."""

from __future__ import annotations

import pytest

from rocky_action.sql.equality import CanonicalQuery, canonical_of, changed_outputs, same_query
from rocky_action.sql.parse import parse_query

COLUMNS = [
    ("SELECT a AS x, b AS y FROM t", "SELECT a AS x, b + 1 AS y FROM t", {"y"}),
    ("SELECT o.a AS x, o.b AS y FROM t o WHERE o.c > 1", "SELECT q.a AS x, -q.b AS y FROM t q WHERE 1 < q.c", {"y"}),
    ("SELECT a, b FROM t", "SELECT a, b, c FROM t", {"c"}),
    ("SELECT a, b FROM t", "SELECT b FROM t", {"a"}),
    ("SELECT a AS x, x + 1 AS y, b FROM t", "SELECT a + 1 AS x, x + 1 AS y, b FROM t", {"x", "y"}),
    ("SELECT a, sum(b) AS s FROM t GROUP BY a", "SELECT a, avg(b) AS s FROM t GROUP BY a", {"s"}),
    ("SELECT a, rank() OVER (ORDER BY a) AS r FROM t", "SELECT a, rank() OVER (ORDER BY b) AS r FROM t", {"r"}),
    ("SELECT a, b FROM t ORDER BY 1 LIMIT 3", "SELECT a, b + 1 AS b FROM t ORDER BY 1 LIMIT 3", {"b"}),
    ("SELECT a AS x FROM t", "SELECT a AS X FROM t", {"x", "X"}),
    ("SELECT a, b FROM t", "SELECT a, b FROM t", set()),
    ("SELECT * FROM t", "SELECT * FROM t", set()),
    (
        "SELECT a, string_agg(k, ',' ORDER BY k) AS s FROM t GROUP BY 1",
        "SELECT a, string_agg(k, ';' ORDER BY k) AS s FROM t GROUP BY 1",
        {"s"},
    ),
    ("SELECT a, {'x': b} AS s FROM t", "SELECT a, {'x': -b} AS s FROM t", {"s"}),
    ("SELECT a, (j ->> 'x') AS s FROM t", "SELECT a, (j ->> 'y') AS s FROM t", {"s"}),
    ("SELECT a AS y, b AS x, * FROM t", "SELECT -a AS y, b AS x, * FROM t", {"y"}),
    ("SELECT * REPLACE (1 AS c), a AS x FROM t", "SELECT * REPLACE (1 AS c), a AS x FROM t", set()),
]
ROWS = [
    ("SELECT c, a, b FROM t ORDER BY 2 LIMIT 1", "SELECT a, b FROM t ORDER BY 2 LIMIT 1"),
    ("SELECT *, a AS y, b AS x FROM t ORDER BY 3 LIMIT 2", "SELECT *, -a AS y, b AS x FROM t ORDER BY 3 LIMIT 2"),
    (
        "SELECT unnest(s), a AS y, b AS x FROM t ORDER BY 3 LIMIT 2",
        "SELECT unnest(s), -a AS y, b AS x FROM t ORDER BY 3 LIMIT 2",
    ),
    ("SELECT * REPLACE (1 AS c), a FROM t", "SELECT * REPLACE (2 AS c), a FROM t"),
    ("SELECT * REPLACE (x + 1 AS c), a AS x FROM t", "SELECT * REPLACE (x + 1 AS c), -a AS x FROM t"),
    ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a", "SELECT DISTINCT ON (a) a, -b AS b FROM t ORDER BY a"),
    ("SELECT a, b, count(*) AS n FROM t GROUP BY ROLLUP (1)", "SELECT a, b, sum(b) AS n FROM t GROUP BY ROLLUP (1)"),
    ("SELECT a, b FROM t, unnest([x]) AS g", "SELECT a, b FROM t, unnest([y]) AS g"),
    ("SELECT a AS x, i FROM t, unnest([x]) AS g(i)", "SELECT -a AS x, i FROM t, unnest([x]) AS g(i)"),
    ("SELECT a AS x FROM t WHERE b > 1", "SELECT a AS x FROM t WHERE b > 2"),
    ("SELECT a AS x, b AS y FROM t ORDER BY y LIMIT 1", "SELECT a AS x, b + 1 AS y FROM t ORDER BY y LIMIT 1"),
    ("SELECT a, b FROM t ORDER BY 2 LIMIT 1", "SELECT a, c, b FROM t ORDER BY 2 LIMIT 1"),
    ("SELECT a AS x FROM t WHERE x > 1", "SELECT a + 1 AS x FROM t WHERE x > 1"),
    ("SELECT a, b FROM t WHERE c > 1", "SELECT a, b, b AS c FROM t WHERE c > 1"),
    ("SELECT DISTINCT a, b FROM t", "SELECT DISTINCT a, b + 1 AS b FROM t"),
    ("SELECT a, sum(b) AS s FROM t GROUP BY ALL", "SELECT a + 1 AS a, sum(b) AS s FROM t GROUP BY ALL"),
    ("SELECT a % 2 AS x, sum(b) AS s FROM t GROUP BY 1", "SELECT a % 3 AS x, sum(b) AS s FROM t GROUP BY 1"),
    ("SELECT a AS x FROM t", "SELECT sum(a) AS x FROM t"),
    ("SELECT a, b AS x FROM t", "SELECT a, unnest(b) AS x FROM t"),
    ("SELECT a, b AS x FROM t", "SELECT a, own_function(b) AS x FROM t"),
    ("SELECT a, b FROM t", "SELECT b, a FROM t"),
    ("SELECT a, b AS x FROM t", "SELECT a, b AS x, * FROM t"),
    ("SELECT a + 1 FROM t", "SELECT a + 2 FROM t"),
    ("SELECT a AS x, a AS x FROM t", "SELECT a AS x, b AS x FROM t"),
    ("SELECT a FROM t ORDER BY ALL LIMIT 1", "SELECT a + 1 AS a FROM t ORDER BY ALL LIMIT 1"),
    (
        "SELECT a, b FROM (WITH c AS (SELECT 1 AS a, b) FROM c)",
        "SELECT a, b FROM (WITH c AS (SELECT 2 AS a, b) FROM c)",
    ),
]


def parts(sql: str) -> CanonicalQuery | None:
    return canonical_of(parse_query(sql, "duckdb"))


@pytest.mark.parametrize(("base", "head", "columns"), COLUMNS)
def test_an_edit_of_columns(base: str, head: str, columns: set[str]) -> None:
    one, other = parts(base), parts(head)
    assert one is not None
    assert other is not None
    assert one.select is not None
    assert other.select is not None
    assert changed_outputs(one.select, other.select) == frozenset(columns)
    assert changed_outputs(other.select, one.select) == frozenset(columns)


@pytest.mark.parametrize(("base", "head"), ROWS)
def test_an_edit_that_may_reach_every_row(base: str, head: str) -> None:
    one, other = parts(base), parts(head)
    if one is None or other is None or one.select is None or other.select is None:
        assert not same_query(parse_query(base, "duckdb"), parse_query(head, "duckdb"))
        return
    assert changed_outputs(one.select, other.select) is None
    assert changed_outputs(other.select, one.select) is None


def test_the_parts_of_a_query_with_ctes() -> None:
    base = parts("WITH c AS (SELECT a AS x, b AS y FROM t), d AS (SELECT 1 AS z) SELECT x, y FROM c")
    head = parts("WITH c AS (SELECT a AS x, -b AS y FROM t), d AS (SELECT 1 AS z) SELECT x, y FROM c")
    assert base is not None
    assert head is not None
    assert base.whole != head.whole
    assert [name for name, _ in base.ctes] == ["c", "d"]
    assert base.select == head.select
    assert base.ctes[0][1] is not None
    assert head.ctes[0][1] is not None
    assert changed_outputs(base.ctes[0][1], head.ctes[0][1]) == frozenset({"y"})
    assert base.ctes[1] == head.ctes[1]


def test_a_cte_inside_a_part_is_in_its_frame() -> None:
    one, other = (parts(f"SELECT x.a FROM (WITH c AS (SELECT {n} AS a) SELECT c.a FROM c) AS x") for n in (1, 2))
    assert one is not None
    assert other is not None
    assert one.select is not None
    assert other.select is not None
    assert one.select.frame != other.select.frame


@pytest.mark.parametrize(
    "sql", ["SELECT a FROM t TABLESAMPLE 10%", "SELECT a FROM t POSITIONAL JOIN u", "SELECT l -> 'a' = b FROM t"]
)
def test_what_is_not_read_with_certainty_has_no_parts(sql: str) -> None:
    assert parts(sql) is None


@pytest.mark.slow
def test_large_queries_are_compared() -> None:
    conditions = [f"t.c{at % 50} > {at}" for at in range(10_000)]
    base = f"SELECT {', '.join(f't.c{at} AS c{at}' for at in range(5_000))} FROM t WHERE {' AND '.join(conditions)}"
    backwards = " and ".join(conditions[::-1]).replace("t.c", "x.c")
    head = f"SELECT {', '.join(f'x.c{at} c{at}' for at in range(5_000))} FROM t x WHERE {backwards}"
    assert same_query(parse_query(base, "duckdb"), parse_query(head, "duckdb"))
    total = " + ".join(f"c{at}" for at in range(800))
    one, other = (parse_query(f"SELECT {total} {word} x FROM t", "duckdb") for word in ("AS", ""))
    assert same_query(one, other)


def test_a_deep_query_is_compared_or_a_change() -> None:
    flat, deep, deeper = (f"SELECT 1 FROM t WHERE {'(' * depth}a = 1{')' * depth}" for depth in (0, 20, 250))
    assert parts(deep) == parts(flat)
    assert parts(deeper) == parts(flat)
    sums = f"SELECT {'(1 + ' * 300}a{')' * 300} AS x FROM t"
    assert parts(sums) is None
