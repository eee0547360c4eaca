"""Which edits are cosmetic, and which only look so."""

from __future__ import annotations

import pytest

from rocky_action.domain.project import Problem, TimeInterval
from rocky_action.sql.equality import same_meaning
from tests.support.sql_models import database, model, queries, run

SAME = [
    ("SELECT a FROM t", "select a\n\nfrom t -- the same"),
    ("SELECT a FROM t", "SELECT /* FROM u */ a FROM t;"),
    ("SELECT sum(a) FROM t", "SELECT SUM(a) FROM t"),
    ("SELECT a + b * c FROM t", "SELECT (a + (b * c)) FROM t"),
    ("SELECT a FROM t WHERE a = 1 AND b = 2 OR c", "SELECT a FROM t WHERE ((a = 1) AND (b = 2)) OR (c)"),
    ("SELECT a FROM t JOIN u ON t.a = u.a", "SELECT a FROM t INNER JOIN u ON (t.a = u.a)"),
    ("SELECT a x FROM t y", "SELECT a AS x FROM t AS y"),
    ("SELECT a FROM t WHERE NOT (a AND b)", "SELECT a FROM t\nWHERE  not ( a and b )"),
    ("SELECT CASE WHEN a > 1 THEN 2 END FROM t", "SELECT case when (a > 1) then 2 end FROM t"),
    ("SELECT a FROM t GROUP BY a ORDER BY a DESC", "SELECT a FROM t GROUP BY (a) ORDER BY (a) DESC"),
    ("SELECT date_trunc('month', a)::date AS d FROM t", "SELECT DATE_TRUNC('month', a)::DATE AS d FROM t"),
    ("SELECT a - b - c FROM t", "SELECT (a - b) - c FROM t"),
    ("SELECT INTERVAL '1' day AS d", "SELECT interval '1' DAY AS d"),
]
NOT_SAME = [
    # literals, and how they are written
    ("SELECT 'a'", "SELECT 'A'"),
    ("SELECT a FROM t WHERE b = 'Paid'", "SELECT a FROM t WHERE b = 'paid'"),
    ("SELECT 'a\\n'", "SELECT E'a\\n'"),
    ("SELECT E'a'", "SELECT E'A'"),
    ("SELECT $$a b$$", "SELECT $$a  b$$"),
    ("SELECT 'a b'", "SELECT 'a  b'"),
    ("SELECT '--x'", "SELECT '--y'"),
    ("SELECT ''", "SELECT NULL"),
    ("SELECT 1.0", "SELECT 1.00"),
    ("SELECT .5", "SELECT 0.5"),
    ("SELECT 1", "SELECT 1.0"),
    ("SELECT 1", "SELECT '1'"),
    ("SELECT TRUE", "SELECT FALSE"),
    # JSON: the parser takes a key with a dot in it and a path for the same
    ("SELECT j -> 'a.b' FROM t", "SELECT j -> '$.a.b' FROM t"),
    ("SELECT j ->> 'a' FROM t", "SELECT j -> 'a' FROM t"),
    # one function by two names gives the column two names, and now and then two types
    ("SELECT mod(a, 3) FROM t", "SELECT a % 3 FROM t"),
    ("SELECT date_add(a, 3) AS x FROM t", "SELECT a + INTERVAL 3 DAY AS x FROM t"),
    ("SELECT string_agg(a, ',') FROM t", "SELECT listagg(a, ',') FROM t"),
    ("SELECT CAST(a AS TEXT) FROM t", "SELECT a::VARCHAR FROM t"),
    # grouping
    ("SELECT a - (b - c) FROM t", "SELECT a - b - c FROM t"),
    ("SELECT a / (b * c) FROM t", "SELECT a / b * c FROM t"),
    ("SELECT (a + b) * c FROM t", "SELECT a + b * c FROM t"),
    ("SELECT (a || b) + c FROM t", "SELECT a || b + c FROM t"),
    ("SELECT a || (b + c) FROM t", "SELECT a || b + c FROM t"),
    ("SELECT (-a) ** 2 FROM t", "SELECT -a ** 2 FROM t"),
    ("SELECT NOT (a IS NULL) FROM t", "SELECT (NOT a) IS NULL FROM t"),
    ("SELECT NOT (a AND b) FROM t", "SELECT NOT a AND b FROM t"),
    ("SELECT (a OR b) AND c FROM t", "SELECT a OR b AND c FROM t"),
    ("SELECT (a::INT) + b FROM t", "SELECT (a + b)::INT FROM t"),
    ("SELECT (a = b) IN (c) FROM t", "SELECT a = b IN (c) FROM t"),
    ("SELECT (a, b) FROM t", "SELECT a, b FROM t"),
    ("SELECT count(DISTINCT (a, b)) FROM t", "SELECT count(DISTINCT a, b) FROM t"),
    ("SELECT (s).a FROM t", "SELECT s.a FROM t"),
    ("SELECT a FROM t ORDER BY 1", "SELECT a FROM t ORDER BY (1)"),
    ("SELECT a FROM t GROUP BY (a, b)", "SELECT a FROM t GROUP BY a, b"),
    ("SELECT a FROM t WHERE a IN (b)", "SELECT a FROM t WHERE a IN b"),
    ("SELECT a FROM t WHERE a IN ((SELECT b FROM u))", "SELECT a FROM t WHERE a IN (SELECT b FROM u)"),
    ("SELECT f() FROM t", "SELECT f FROM t"),
    ("SELECT current_date()", "SELECT current_date"),
    ("SELECT * EXCLUDE (a), b FROM t", "SELECT * EXCLUDE (a, b) FROM t"),
    ("SELECT * REPLACE (a AS b) FROM t", "SELECT * REPLACE ((a AS) b) FROM t"),
    ("SELECT TRUE AS x", "SELECT (TRUE AS) x"),
    ("SELECT * REPLACE (a + 1 AS b) FROM t", "SELECT * REPLACE (a + 1 b) FROM t"),
    ("SELECT * RENAME (a AS b) FROM t", "SELECT * RENAME ((a) AS b) FROM t"),
    ("SELECT a << b FROM t", "SELECT a < < b FROM t"),
    ("SELECT .5 FROM t", "SELECT . 5 FROM t"),
    # the same to a person, and not proven here: the parser forgets what was written
    ("SELECT sum(a) OVER (w) FROM t WINDOW w AS ()", "SELECT sum(a) OVER w FROM t WINDOW w AS ()"),
    ("SELECT date_trunc('month', a) FROM t", "SELECT date_trunc('MONTH', a) FROM t"),
    # the shape of the result
    ("SELECT a FROM t", "SELECT a AS b FROM t"),
    ("SELECT a AS x FROM t", "SELECT a AS X FROM t"),
    ("SELECT a FROM t", 'SELECT "A" FROM t'),
    ("SELECT a, b FROM t", "SELECT b, a FROM t"),
    ("SELECT a FROM t", "SELECT DISTINCT a FROM t"),
    ("SELECT DISTINCT a, b FROM t", "SELECT DISTINCT ON (a) a, b FROM t"),
    ("SELECT a FROM t", "SELECT a FROM t LIMIT 10"),
    ("SELECT a FROM t LIMIT 10", "SELECT a FROM t LIMIT 10 OFFSET 1"),
    ("SELECT a FROM t LIMIT 10", "SELECT a FROM t LIMIT 10%"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a NULLS FIRST"),
    ("SELECT * FROM t", "SELECT * EXCLUDE a FROM t"),
    ("SELECT {'a': 1}", "SELECT {'A': 1}"),
    # where rows come from
    ("SELECT a FROM t", "SELECT a FROM s.t"),
    ("SELECT a FROM t", "SELECT a FROM u"),
    ("SELECT 1 FROM t JOIN u USING (a)", "SELECT 1 FROM t LEFT JOIN u USING (a)"),
    ("SELECT 1 FROM t JOIN u USING (a)", "SELECT 1 FROM t NATURAL JOIN u"),
    ("SELECT 1 FROM t JOIN u USING (a)", "SELECT 1 FROM t SEMI JOIN u USING (a)"),
    ("SELECT 1 FROM t, u", "SELECT 1 FROM t POSITIONAL JOIN u"),
    ("SELECT 1 FROM t JOIN u ON t.a >= u.a", "SELECT 1 FROM t ASOF JOIN u ON t.a >= u.a"),
    ("SELECT 1 FROM a, b JOIN c ON TRUE", "SELECT 1 FROM (a, b) JOIN c ON TRUE"),
    ("SELECT a FROM t LEFT JOIN u ON t.a = u.a AND u.b", "SELECT a FROM t LEFT JOIN u ON t.a = u.a WHERE u.b"),
    ("SELECT a FROM t TABLESAMPLE 10%", "SELECT a FROM t TABLESAMPLE 20%"),
    ("SELECT a FROM t TABLESAMPLE 10% (bernoulli, 1)", "SELECT a FROM t TABLESAMPLE 10% (bernoulli, 2)"),
    ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION ALL SELECT a FROM u"),
    ("SELECT a FROM t UNION ALL SELECT a FROM u", "SELECT a FROM t UNION ALL BY NAME SELECT a FROM u"),
    ("SELECT a FROM t EXCEPT SELECT a FROM u", "SELECT a FROM u EXCEPT SELECT a FROM t"),
    (
        "SELECT 1 EXCEPT (SELECT 2 EXCEPT SELECT 1)",
        "SELECT 1 EXCEPT SELECT 2 EXCEPT SELECT 1",
    ),
    ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", "WITH RECURSIVE x AS (SELECT 1 AS a) SELECT a FROM x"),
    # which rows
    ("SELECT a FROM t WHERE a > 1", "SELECT a FROM t WHERE a >= 1"),
    ("SELECT a FROM t WHERE a > 1 AND b", "SELECT a FROM t WHERE a > 1 OR b"),
    ("SELECT a FROM t WHERE a IN (1)", "SELECT a FROM t WHERE a NOT IN (1)"),
    ("SELECT a FROM t WHERE a = NULL", "SELECT a FROM t WHERE a IS NULL"),
    ("SELECT a FROM t WHERE a LIKE 'x'", "SELECT a FROM t WHERE a ILIKE 'x'"),
    ("SELECT a FROM t WHERE a = 1", "SELECT a FROM t WHERE a IS NOT DISTINCT FROM 1"),
    ("SELECT sum(a) FILTER (WHERE b) FROM t", "SELECT sum(a) FROM t WHERE b"),
    ("SELECT a FROM t QUALIFY rank() OVER (ORDER BY a) = 1", "SELECT a FROM t QUALIFY rank() OVER (ORDER BY b) = 1"),
    # windows, casts, time
    (
        "SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t",
        "SELECT sum(a) OVER (ORDER BY b RANGE 1 PRECEDING) FROM t",
    ),
    ("SELECT sum(a) OVER (PARTITION BY b) FROM t", "SELECT sum(a) OVER (ORDER BY b) FROM t"),
    (
        "SELECT first_value(a IGNORE NULLS) OVER w FROM t WINDOW w AS ()",
        "SELECT first_value(a) OVER w FROM t WINDOW w AS ()",
    ),
    ("SELECT a::INT FROM t", "SELECT a::BIGINT FROM t"),
    ("SELECT CAST(a AS INT) FROM t", "SELECT TRY_CAST(a AS INT) FROM t"),
    ("SELECT a::DECIMAL(10, 2) FROM t", "SELECT a::DECIMAL(10, 3) FROM t"),
    ("SELECT INTERVAL 1 DAY", "SELECT INTERVAL 1 HOUR"),
    ("SELECT INTERVAL '1' day", "SELECT INTERVAL '1' AS day"),
    ("SELECT a // 2 FROM t", "SELECT a / 2 FROM t"),
    ("SELECT count(a) FROM t", "SELECT count(*) FROM t"),
    ("SELECT count(a) FROM t", "SELECT count(DISTINCT a) FROM t"),
    ("SELECT list(a ORDER BY a) FROM t", "SELECT list(a) FROM t"),
    # a comment that ends where a carriage return does
    ("SELECT 1 -- x\r, 2", "SELECT 1 -- x"),
    # what DuckDB takes for a space and the parser for a letter
    ("SELECT a FROM t", "SELECT a\u200bFROM t"),
]


def same(base: str, head: str) -> bool:
    return same_meaning(model("m", base), model("m", head), dialect="duckdb")


@pytest.mark.parametrize(("base", "head"), SAME)
def test_is_cosmetic(base: str, head: str) -> None:
    assert same(base, head)
    assert same(head, base)


@pytest.mark.parametrize(("base", "head"), NOT_SAME)
def test_is_a_change(base: str, head: str) -> None:
    assert not same(base, head)
    assert not same(head, base)


@pytest.mark.parametrize("sql", queries())
def test_each_query_survives_a_formatter(sql: str) -> None:
    """Comments before and after each line: the same meaning, and the same answer."""
    formatted = "-- start\n" + "\n".join(f"{line} -- end of line" for line in sql.splitlines()) + "\n/* end */"
    assert same(sql, formatted)
    with database() as connection:
        assert run(connection, sql) == run(connection, formatted)


def test_the_same_text_is_the_same_even_if_nobody_understands_it() -> None:
    lost = Problem("not understood")
    assert same_meaning(
        model("m", "from a |> b", problem=lost), model("m", "from a |> b", problem=lost), dialect="duckdb"
    )


def test_a_query_that_is_not_understood_is_never_the_same_as_another() -> None:
    lost = Problem("not understood")
    assert not same_meaning(
        model("m", "SELECT 1", problem=lost), model("m", "SELECT  1", problem=lost), dialect="duckdb"
    )
    assert not same("SELECT (", "SELECT  (")


class TestTimeInterval:
    strategy = TimeInterval("ts", "day")

    def same(self, base: str, head: str) -> bool:
        one, other = (model("m", sql, strategy=self.strategy) for sql in (base, head))
        return same_meaning(one, other, dialect="duckdb")

    def test_quotes_around_a_placeholder_say_nothing(self) -> None:
        assert self.same("SELECT ts FROM t WHERE ts >= @start_date", "SELECT ts FROM t WHERE ts >= '@start_date'")

    def test_the_two_placeholders_are_told_apart(self) -> None:
        assert not self.same("SELECT ts FROM t WHERE ts < @end_date", "SELECT ts FROM t WHERE ts < @start_date")

    def test_a_literal_is_no_placeholder(self) -> None:
        assert not self.same(
            "SELECT ts FROM t WHERE ts >= @start_date", "SELECT ts FROM t WHERE ts >= '1900-01-01 00:00:00'"
        )


def test_a_query_too_deep_to_read_is_a_change() -> None:
    deep = "SELECT " + "(" * 3000 + "1" + ")" * 3000
    assert not same(deep, deep + " -- x")
