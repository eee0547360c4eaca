"""What sqlglot leaves out of a tree, or takes for something else: none of it is run, rewritten or followed unseen."""

from __future__ import annotations

import pytest
from sqlglot import Dialect, exp

from rocky_action.domain.execution import NotRun, Succeeded
from rocky_action.errors import SqlError
from rocky_action.sql.parse import parse_query
from rocky_action.sql.permitted import Asked, refusal_of
from rocky_action.sql.references import tables
from tests.unit.test_sql_guard_corpus import DIALECTS, sent

MARK = "strangers_function(1)"

LOST = [
    ("databricks", "SELECT date_trunc(strangers_function(1), a) FROM t"),
    ("databricks", "SELECT date_trunc(b, a) FROM t"),
    ("databricks", "SELECT date_trunc((SELECT max(b) FROM u), a) FROM t"),
    ("databricks", "SELECT named_struct(strangers_function(1), 1)"),
    ("databricks", "SELECT percentile(a, 0.5, b) FROM t"),
    ("databricks", "SELECT first(a, b) FROM t"),
    ("snowflake", "SELECT try_parse_json(a, b) FROM t"),
    ("bigquery", "SELECT json_strip_nulls(a, b, TRUE) FROM t"),
    ("duckdb", "SELECT uuid(getenv('HOME'))"),
]
MISREAD = [
    ("databricks", "SELECT * FROM (TABLE orders)"),
    ("databricks", "WITH x AS (TABLE orders) SELECT * FROM x"),
    ("databricks", "SELECT * FROM own(TABLE(orders))"),
    ("databricks", "SELECT * FROM own(data => TABLE(c.s.orders))"),
    ("snowflake", "SELECT * FROM (TABLE orders)"),
]
KEPT = [
    ("bigquery", "SELECT date_trunc(a, MONTH), date_trunc(a, WEEK(MONDAY)), date_diff(a, b, ISOWEEK) FROM t", ["t"]),
    ("bigquery", "SELECT * FROM VECTOR_SEARCH(TABLE d.t, 'e', TABLE `p.d.q`, top_k => 3)", ["d.t", "p.d.q"]),
    ("databricks", "SELECT date_trunc('MONTH', a), named_struct('b', c), percentile(DISTINCT a, 0.5) FROM t", ["t"]),
    ("databricks", "SELECT table, (table), table.a FROM t AS table", ["t"]),
    ("duckdb", "WITH x AS (TABLE s.t) SELECT * FROM x", ["s.t"]),
    ("snowflake", "SELECT dateadd(day, 1, a), date_trunc(week, b), try_parse_json(c, 'd') FROM t", ["t"]),
    ("snowflake", "SELECT * FROM t, TABLE(FLATTEN(t.a)), TABLE(db.s.f(1))", ["t"]),
]


@pytest.mark.parametrize(("dialect", "sql"), LOST)
def test_a_call_that_would_lose_an_argument_is_not_understood(dialect: str, sql: str) -> None:
    with pytest.raises(SqlError, match=r"argument"):
        parse_query(sql, dialect)


@pytest.mark.parametrize(("dialect", "sql"), MISREAD)
def test_a_table_that_would_be_taken_for_something_else_is_not_understood(dialect: str, sql: str) -> None:
    with pytest.raises(SqlError, match="is not understood here"):
        parse_query(sql, dialect)


@pytest.mark.parametrize(("dialect", "sql", "read"), KEPT)
def test_what_is_all_there_is_understood(dialect: str, sql: str, read: list[str]) -> None:
    query = parse_query(sql, dialect)
    assert [".".join(part.name for part in table.parts) for table in tables(query)] == read


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_function_that_is_known_hides_a_call_in_one_of_its_arguments(dialect: str) -> None:
    parser = Dialect.get_or_raise(dialect).parser_class
    names = {*parser.FUNCTIONS, *parser.FUNCTION_PARSERS, *(n for one in exp.ALL_FUNCTIONS for n in one.sql_names())}
    hidden = []
    for name in sorted(names):
        for at, count in ((0, 1), (0, 2), (1, 2), (2, 3)):
            given = ["a"] * count
            given[at] = MARK
            try:
                query = parse_query.__wrapped__(f"SELECT {name}({', '.join(given)}) FROM t", dialect)
            except SqlError:
                continue
            if refusal_of(query, Asked()) is None:
                hidden.append((name, at))
    assert hidden == []


HIDDEN = [
    ("databricks", "SELECT percentile(a, 0.5, strangers_function(1)) FROM t"),
    ("databricks", "SELECT named_struct(secret('a', 'b'), 1)"),
    ("databricks", "SELECT regr_sxx(a, b, strangers_function(1)) FROM t"),
    ("bigquery", "SELECT CAST('x' AS DATE FORMAT 'YYYY' AT TIME ZONE strangers_function(1))"),
    ("databricks", "FROM t REDUCE a USING 'cat'"),
    ("databricks", "FROM t MAP a USING r'cat' AS b"),
    ("databricks", "SELECT a not readable FROM t, csv.`/x`"),
    ("databricks", "SELECT a not readable FROM t, other.`/x`"),
    ("databricks", "SELECT * FROM image.`/x`"),
    ("databricks", "SELECT * FROM other.`s3://x`"),
    ("databricks", "SELECT * FROM `org.apache.spark.sql.parquet`.x"),
    ("snowflake", "SELECT a not readable FROM t, @s"),
    ("snowflake", "SELECT a not readable FROM t, '@s/x'"),
    ("snowflake", "SELECT a not readable FROM $$@s$$"),
    ("duckdb", "FROM (SUMMARIZE 'x.csv')"),
    ("duckdb", "FROM (SUMMARIZE TABLE 'x.csv')"),
]
SHOWN = [
    ("databricks", "SELECT /*+ REPARTITION(3), BROADCAST(u) */ t.a FROM t JOIN u ON t.a = u.a"),
    ("databricks", "SELECT * FROM sch.`table-name`"),
    ("databricks", "SELECT a, sum(b) FROM t GROUP BY a GROUPING SETS ((a), ())"),
    ("databricks", "SELECT * FROM t TABLESAMPLE (10 ROWS) REPEATABLE (5)"),
    ("snowflake", "SELECT * FROM t TABLESAMPLE BERNOULLI (10) SEED (5)"),
    ("snowflake", "SELECT * FROM t ASOF JOIN u MATCH_CONDITION (t.a >= u.a) ON t.b = u.b"),
    (
        "snowflake",
        "SELECT * FROM t MATCH_RECOGNIZE (ORDER BY a MEASURES MATCH_NUMBER() AS n PATTERN (x y+) DEFINE y AS b > 1)",
    ),
    ("snowflake", "SELECT SYS_CONNECT_BY_PATH(a, '/') FROM t START WITH b IS NULL CONNECT BY PRIOR a = b"),
    ("snowflake", "SELECT a::NUMBER(10, 2), CAST(b AS VECTOR(FLOAT, 3)) FROM t AT (OFFSET => -60)"),
    ("bigquery", "SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT)"),
    (
        "bigquery",
        "SELECT * FROM t MATCH_RECOGNIZE (ORDER BY b MEASURES FIRST(x.b) AS f PATTERN (x y+) DEFINE y AS c > 2)",
    ),
    ("duckdb", "SELECT * FROM t USING SAMPLE reservoir(50 ROWS) REPEATABLE (100)"),
    ("duckdb", "WITH RECURSIVE x(n) USING KEY (n) AS (SELECT 1 UNION SELECT n + 1 FROM x WHERE n < 9) FROM x"),
]


@pytest.mark.parametrize(("dialect", "sql"), HIDDEN)
def test_what_a_tree_does_not_show_is_not_run_either(dialect: str, sql: str) -> None:
    outcome, recorder = sent(sql, dialect)
    assert isinstance(outcome, NotRun), outcome
    assert recorder.executed == recorder.asked == []


@pytest.mark.parametrize(("dialect", "sql"), SHOWN)
def test_words_that_only_look_like_calls_hold_nothing_back(dialect: str, sql: str) -> None:
    outcome, _ = sent(sql, dialect)
    assert isinstance(outcome, Succeeded), outcome
