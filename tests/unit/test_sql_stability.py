"""What need not be the same twice: every rule with queries where it speaks and queries where it must not."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from rocky_action.domain.lineage import Reference, SourceRead
from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Surroundings, functions
from rocky_action.sql.parse import parse_query
from rocky_action.sql.stability import UNNAMED, Known, doubts_of, hazards, ties
from rocky_action.sql.stability.hazards import Setting
from rocky_action.sql.stability.sums import plain_sums
from rocky_action.sql.stability.unique import Uniqueness
from tests.support import sql_models

KEYS: dict[str, tuple[frozenset[str], ...]] = {
    "t": (frozenset({"id"}),),
    "c": (frozenset({"cid"}),),
    "lines": (frozenset({"order_id", "line"}),),
}
"""Declared keys; ``raw`` has none."""


def found(sql: str, dialect: str = "duckdb") -> dict[str | None, str]:
    """What is doubted in words, by column; None stands for the rows."""

    def keys(reference: Reference) -> tuple[frozenset[str], ...]:
        return KEYS.get(reference.name, ()) if isinstance(reference, SourceRead) else ()

    known = Known(Surroundings(lambda table: SourceRead(table.name.lower()), lambda _: None), {}, keys)
    doubts = doubts_of(parse_query(sql, dialect), known)
    rows: dict[str | None, str] = {None: "; ".join(map(str, doubts.rows))} if doubts.rows else {}
    return rows | {name: "; ".join(map(str, whys)) for name, whys in doubts.columns.items()}


SPEAKS: list[tuple[str, str, dict[str | None, str]]] = [
    ("by_chance", "SELECT id, random() AS r FROM t", {"r": "differs each time: random()"}),
    ("by_chance", "SELECT id, uuid() AS u FROM t", {"u": "differs each time: uuid()"}),
    ("by_chance", "SELECT reservoir_quantile(a, 0.5) AS q FROM t", {"q": "differs each time: reservoir_quantile()"}),
    (
        "by_chance",
        "SELECT id FROM t WHERE random() < 0.1",
        {None: "differs each time: random() decides which rows there are"},
    ),
    ("counters", "SELECT nextval('s') AS n FROM t", {"n": "differs each time: nextval() counts on"}),
    ("clocks", "SELECT *, now() AS loaded_at FROM t", {"loaded_at": "differs each time: now()"}),
    ("clocks", "SELECT a, now()::TIMESTAMP AS n FROM t", {"n": "differs each time: now()"}),
    ("clocks", "SELECT now()::DATE AS d FROM t", {"d": "may differ: now() is the day of the run"}),
    ("clocks", "SELECT ts > now() AS late FROM t", {"late": "may differ: now() is the time of the run"}),
    ("clocks", "SELECT a FROM t WHERE ts > now()", {None: "may differ: now() decides which rows there are"}),
    ("clocks", "SELECT a FROM t UNION SELECT now() FROM t", {None: "differs each time: now()"}),
    ("days", "SELECT current_date AS d FROM t", {"d": "may differ: current_date is the day of the run"}),
    ("days", "SELECT age(ts) AS d FROM t", {"d": "may differ: age() is the day of the run"}),
    (
        "sessions",
        "SELECT current_user AS u FROM t",
        {"u": "may differ: current_user depends on who runs it, and where"},
    ),
    (
        "floating_sums",
        "SELECT sum(DISTINCT (a / 3)) AS s, avg(b::DOUBLE * 2) AS m FROM t",
        {
            "s": "may differ: sum() takes numbers in any order, which shows in the last digits",
            "m": "may differ: avg() takes numbers in any order, which shows in the last digits",
        },
    ),
    (
        "floating_sums",
        "SELECT stddev(a) AS s FROM t",
        {"s": "may differ: stddev() takes numbers in any order, which shows in the last digits"},
    ),
    (
        "floating_sums",
        "SELECT product(a) AS p, mean(a::FLOAT) AS m FROM t",
        {
            "p": "may differ: product() takes numbers in any order, which shows in the last digits",
            "m": "may differ: mean() takes numbers in any order, which shows in the last digits",
        },
    ),
    (
        "estimates",
        "SELECT approx_quantile(a, 0.5) AS q FROM t",
        {"q": "may differ: approx_quantile() is an estimate that depends on the order of rows"},
    ),
    ("collected", "SELECT list(a) AS l FROM t", {"l": "may differ: list() takes values in any order"}),
    (
        "collected",
        "SELECT g, string_agg(a, ',') FILTER (WHERE a > 'b') AS s FROM t GROUP BY g",
        {"s": "may differ: string_agg() takes values in any order"},
    ),
    (
        "collected",
        "SELECT json_group_array(a) AS j FROM t",
        {"j": "may differ: json_group_array() takes values in any order"},
    ),
    (
        "collected",
        "SELECT list(a ORDER BY day, b) AS l FROM t",
        {"l": "may differ: list() takes values that are equal in `day`, `b` in any order"},
    ),
    ("one_of_many", "SELECT any_value(a) AS x FROM t", {"x": "may differ: any_value() takes any of a group's values"}),
    (
        "one_of_many",
        "SELECT g, first(a ORDER BY day) AS x FROM t GROUP BY g",
        {"x": "may differ: first() takes any of the values that are equal in `day`"},
    ),
    (
        "one_of_many",
        "SELECT any_value(o.name) AS x FROM raw AS o JOIN c USING (cid) GROUP BY c.cid",
        {"x": "may differ: any_value() takes any of a group's values"},
    ),
    (
        "extremes",
        "SELECT arg_max(a, day) AS x FROM t",
        {"x": "may differ: arg_max() takes any of the rows with the same `day`"},
    ),
    (
        "most_frequent",
        "SELECT mode(a) AS x FROM t",
        {"x": "may differ: mode() takes any of the values that are most frequent"},
    ),
    (
        "windows",
        "SELECT row_number() OVER (PARTITION BY g ORDER BY day) AS rn FROM t",
        {"rn": "may differ: row_number() takes rows that are equal in `day` in any order"},
    ),
    (
        "windows",
        "SELECT row_number() OVER () AS rn FROM t",
        {"rn": "may differ: row_number() has no ORDER BY to go by"},
    ),
    (
        "windows",
        "SELECT lag(a) OVER w AS x FROM t WINDOW w AS (ORDER BY day)",
        {"x": "may differ: lag() takes rows that are equal in `day` in any order"},
    ),
    (
        "windows",
        "SELECT sum(a) OVER (ORDER BY day ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS x FROM t",
        {"x": "may differ: sum() takes rows that are equal in `day` in any order"},
    ),
    (
        "windows",
        "SELECT first_value(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS x FROM t",
        {"x": "may differ: first_value() takes rows that are equal in `a` in any order"},
    ),
    (
        "windows",
        (
            "WITH r AS (SELECT *, row_number() OVER (PARTITION BY g ORDER BY day DESC) AS rn FROM t)"
            " SELECT id FROM r WHERE rn = 1"
        ),
        {
            None: "may differ: row_number() takes rows that are equal in `day` in any order,"
            " and that decides which rows there are"
        },
    ),
    ("limits", "SELECT a FROM t LIMIT 10", {None: "may differ: LIMIT without ORDER BY takes any rows"}),
    (
        "limits",
        "SELECT a FROM t ORDER BY day LIMIT 10",
        {None: "may differ: LIMIT takes any of the rows that are equal in `day`"},
    ),
    (
        "limits",
        "SELECT g, count(*) AS n FROM t GROUP BY g ORDER BY n DESC LIMIT 5",
        {None: "may differ: LIMIT takes any of the rows that are equal in `n`"},
    ),
    ("limits", "SELECT a FROM t OFFSET 3", {None: "may differ: LIMIT without ORDER BY takes any rows"}),
    (
        "limits",
        "SELECT id, (SELECT a FROM raw LIMIT 1) AS x FROM t",
        {"x": "may differ: LIMIT without ORDER BY takes any rows"},
    ),
    (
        "limits",
        "(SELECT a, b FROM t UNION ALL SELECT a, b FROM c) ORDER BY a LIMIT 3",
        {None: "may differ: LIMIT takes any of the rows that are equal in `a`"},
    ),
    (
        "limits",
        "SELECT a FROM t ORDER BY random() LIMIT 3",
        {None: "differs each time: random() decides which rows there are"},
    ),
    (
        "firsts",
        "SELECT DISTINCT ON (g) g, a FROM t ORDER BY g, day",
        {None: "may differ: DISTINCT ON takes any of the rows that are equal in `g`, `day`"},
    ),
    (
        "firsts",
        "SELECT DISTINCT ON (g) g, a FROM t",
        {None: "may differ: DISTINCT ON without ORDER BY takes any row of a group"},
    ),
    ("samples", "SELECT a FROM t USING SAMPLE 10%", {None: "differs each time: TABLESAMPLE draws other rows"}),
    (
        "samples",
        "SELECT a FROM t TABLESAMPLE (10 PERCENT) REPEATABLE (3)",
        {None: "may differ: TABLESAMPLE has a seed, but rows can come in another order"},
    ),
    (
        "positions",
        "SELECT a FROM t POSITIONAL JOIN c",
        {None: "may differ: POSITIONAL JOIN pairs rows by where they stand"},
    ),
    (
        "limits",
        "SELECT a FROM t WHERE b IN (SELECT b FROM c LIMIT 2)",
        {None: "may differ: LIMIT without ORDER BY takes any rows"},
    ),
    (
        "collected",
        "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY lower(day), day + 1, 1) AS s FROM t",
        {"s": "may differ: string_agg() takes values that are equal in `lower(day)`, `day …`, `1` in any order"},
    ),
    (
        "windows",
        (
            "SELECT first_value(a IGNORE NULLS) OVER (x ORDER BY day) AS v, lag(a) OVER y AS w FROM t"
            " WINDOW z AS (ORDER BY id), x AS (PARTITION BY g), y AS (PARTITION BY g ORDER BY day)"
        ),
        {
            "v": "may differ: first_value() takes rows that are equal in `day` in any order",
            "w": "may differ: lag() takes rows that are equal in `day` in any order",
        },
    ),
    (
        "nearest",
        "SELECT a FROM t ASOF JOIN raw AS p ON t.day >= p.day",
        {None: "may differ: ASOF JOIN takes any of the rows of `p` that are equally near"},
    ),
]
QUIET: list[tuple[str, str]] = [
    ("by_chance", "SELECT id, md5(a) AS r FROM t"),
    ("by_chance", "SELECT id FROM t ORDER BY random()"),
    ("by_chance", "SELECT id FROM (SELECT *, random() AS r FROM t)"),
    ("by_chance", "SELECT id, hash(r) FROM (SELECT id, a AS r FROM t)"),
    ("counters", "SELECT id + 1 AS n FROM t"),
    ("clocks", "SELECT id, loaded_at FROM t WHERE a = 'now'"),
    ("clocks", "SELECT id FROM (SELECT *, now() AS n FROM t)"),
    ("clocks", "SELECT my_udf(id) AS x FROM (SELECT *, now() AS n FROM t)"),
    ("days", "SELECT age(a, b) AS d, DATE '2024-01-01' AS e FROM t"),
    ("sessions", 'SELECT user_id, "user" FROM t'),
    ("floating_sums", "SELECT sum(a) AS s, avg(a) AS m, count(a / 3) AS n, max(a / 3) AS x FROM t"),
    ("floating_sums", "SELECT sum(a::my_type) AS s, sum(CAST(a AS INTERVAL DAY)) AS i, now FROM t"),
    ("floating_sums", "SELECT sum(a::DECIMAL(10, 2)) AS s, fsum(a::DOUBLE) AS f FROM t"),
    ("estimates", "SELECT approx_count_distinct(a) AS n, median(a) AS m, quantile_cont(a, 0.5) AS q FROM t"),
    ("collected", "SELECT list(a ORDER BY a) AS l, string_agg(DISTINCT a, ',' ORDER BY a) AS s FROM t"),
    ("collected", "SELECT g, string_agg(a, ',' ORDER BY day, id) AS s FROM t GROUP BY g"),
    ("collected", "SELECT list_sort(list(a)) AS l, len(list(a)) AS n FROM t"),
    ("collected", "SELECT order_id, list(product ORDER BY line) AS l FROM lines GROUP BY order_id"),
    ("one_of_many", "SELECT g, any_value(g) AS x FROM t GROUP BY g"),
    ("one_of_many", "SELECT any_value(c.name) AS x FROM raw AS o JOIN c ON o.cid = c.cid GROUP BY c.cid"),
    ("one_of_many", "SELECT id, first(a) AS x FROM t GROUP BY id"),
    ("one_of_many", "SELECT g, first(a ORDER BY id) AS x FROM t GROUP BY g"),
    ("extremes", "SELECT g, arg_max(a, id) AS x, arg_max(day, day) AS y, max(a) AS z FROM t GROUP BY g"),
    ("most_frequent", "SELECT median(a) AS x FROM t"),
    ("windows", "SELECT row_number() OVER (ORDER BY id) AS rn FROM t"),
    ("windows", "SELECT row_number() OVER (PARTITION BY g ORDER BY day, id DESC) AS rn FROM t"),
    ("windows", "SELECT rank() OVER (ORDER BY day) AS r, sum(a) OVER (ORDER BY day) AS s FROM t"),
    ("windows", "SELECT count(*) OVER (PARTITION BY g) AS n, first_value(a) OVER (ORDER BY a) AS x FROM t"),
    (
        "windows",
        "SELECT sum(a) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS s FROM t",
    ),
    ("windows", "SELECT g, row_number() OVER (ORDER BY count(*), g) AS rn FROM t GROUP BY g"),
    ("windows", "SELECT a, row_number() OVER (ORDER BY a) AS rn FROM (SELECT DISTINCT a FROM t)"),
    ("windows", "SELECT o.id, row_number() OVER (ORDER BY o.id) AS rn FROM t AS o LEFT JOIN c ON c.cid = o.cid"),
    (
        "windows",
        "SELECT o.id, row_number() OVER (ORDER BY o.id, l.line) AS rn FROM t AS o JOIN lines AS l ON l.order_id = o.id",
    ),
    (
        "windows",
        (
            "WITH r AS (SELECT *, row_number() OVER (PARTITION BY k ORDER BY id) AS rn FROM t),"
            " d AS (SELECT * FROM r WHERE rn = 1) SELECT *, row_number() OVER (ORDER BY k) AS n FROM d"
        ),
    ),
    ("limits", "SELECT a FROM t ORDER BY id LIMIT 10"),
    ("limits", "SELECT a, b FROM t ORDER BY b, a LIMIT 10"),
    ("limits", "SELECT * FROM t ORDER BY ALL LIMIT 10"),
    ("limits", "SELECT g, count(*) AS n FROM t GROUP BY 1 ORDER BY n DESC, 1 LIMIT 5"),
    ("limits", "SELECT max(a) AS m FROM t LIMIT 1"),
    ("limits", "SELECT a FROM t LIMIT 0"),
    ("limits", "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM c LIMIT 1)"),
    ("limits", "(SELECT a FROM t UNION ALL SELECT b FROM c) ORDER BY 1 LIMIT 3"),
    ("firsts", "SELECT DISTINCT ON (g) g, a FROM t ORDER BY g, id"),
    ("firsts", "SELECT DISTINCT ON (g) g FROM t"),
    ("firsts", "SELECT DISTINCT g FROM t"),
    ("samples", "SELECT sample FROM t"),
    ("positions", "SELECT a FROM t JOIN c USING (cid)"),
    ("nearest", "SELECT a FROM raw AS r ASOF JOIN t ON r.day >= t.id"),
]
RULES = {rule.__name__: rule for rule in (*hazards.VALUES, *ties.VALUES, *ties.ROWS)}


@pytest.mark.parametrize(("rule", "sql", "expected"), SPEAKS, ids=lambda one: one if isinstance(one, str) else "")
def test_it_speaks(rule: str, sql: str, expected: dict[str | None, str]) -> None:
    assert rule in RULES
    assert found(sql) == expected


@pytest.mark.parametrize(("rule", "sql"), QUIET)
def test_it_is_quiet(rule: str, sql: str) -> None:
    assert rule in RULES
    assert found(sql) == {}


def test_every_rule_has_a_reason_and_queries_of_both_kinds() -> None:
    spoken, quiet = {rule for rule, _, _ in SPEAKS}, {rule for rule, _ in QUIET}
    # Spark's are not in DuckDB: test_other_dialects has them.
    assert spoken | {"places"} == quiet | {"places"} == RULES.keys()
    assert all(rule.__doc__ for rule in RULES.values())


@pytest.mark.parametrize(
    ("sql", "dialect", "expected"),
    [
        ("SELECT CAST('now' AS TIMESTAMP) AS n FROM t", "postgres", {"n": "differs each time: 'now'"}),
        ("SELECT CAST('now' AS TIMESTAMP) AS n FROM t", "duckdb", {}),
        ("SELECT 'now' AS n FROM t", "postgres", {}),
        (
            "SELECT monotonically_increasing_id() AS n FROM t",
            "databricks",
            {"n": "may differ: monotonically_increasing_id() depends on where rows lie"},
        ),
        (
            "SELECT rand(42) AS r FROM t",
            "databricks",
            {"r": "may differ: rand() has a seed, but rows take its numbers in any order"},
        ),
        ("SELECT array_agg(a) AS l FROM t", "snowflake", {"l": "may differ: array_agg() takes values in any order"}),
        ("SELECT sum(a / 3) AS s FROM t", "snowflake", {}),
        ("SELECT sum(a / b::DOUBLE) AS s FROM t", "snowflake", {
            "s": "may differ: sum() takes numbers in any order, which shows in the last digits"
        }),
    ],
)  # fmt: skip
def test_other_dialects(sql: str, dialect: str, expected: dict[str | None, str]) -> None:
    assert found(sql, dialect) == expected


class TestWhatFollows:
    def test_columns_computed_of_it(self) -> None:
        sql = "WITH a AS (SELECT id, random() AS r FROM t) SELECT id, r, r + 1 AS s, upper('x') AS u FROM a"
        assert found(sql) == {"r": "differs each time: random()", "s": "differs each time: random()"}

    def test_through_a_join_and_a_star(self) -> None:
        sql = "SELECT * EXCLUDE (id) FROM (SELECT id, now() AS n FROM t) AS a JOIN c ON c.cid = a.id"
        assert found(sql) == {"n": "differs each time: now()"}

    def test_a_value_that_is_the_same_in_all_rows_makes_no_two_equal(self) -> None:
        only = {"n": "differs each time: now()"}
        assert found("SELECT DISTINCT a, now() AS n FROM t") == only
        assert found("SELECT a, now() AS n, count(*) AS c FROM t GROUP BY ALL") == only
        assert found("SELECT DISTINCT a, n FROM (SELECT a, now() AS n FROM t)") == only

    def test_one_that_is_not_does(self) -> None:
        assert None in found("SELECT DISTINCT ts > now() AS late FROM t")
        assert None in found("SELECT DISTINCT random() AS r FROM t")

    def test_rows_that_are_taken_as_they_lie_are_not_taken_by_what_is_in_them(self) -> None:
        assert found("SELECT id, n FROM (SELECT id, now() AS n FROM t) LIMIT 5") == {
            None: "may differ: LIMIT without ORDER BY takes any rows",
            "n": "differs each time: now()",
        }

    def test_what_certainly_differs_is_not_watered_down(self) -> None:
        assert found("SELECT list(random()) AS l FROM t") == {"l": "differs each time: random()"}

    def test_a_column_without_a_name_is_told_by_its_place(self) -> None:
        assert found("SELECT id, list(a) FROM t") == {f"{UNNAMED}2": "may differ: list() takes values in any order"}
        assert [*found("SELECT *, list(a) OVER () FROM t")] == [UNNAMED]

    def test_what_is_not_followed_is_told_of_the_rows(self) -> None:
        sql = "WITH RECURSIVE r AS (SELECT 1 AS n, random() AS x UNION ALL SELECT n + 1, x FROM r WHERE n < 3) FROM r"
        assert found(sql) == {None: "differs each time: random() decides which rows there are"}

    def test_a_query_nested_too_deeply(self) -> None:
        deep = f"SELECT {'(' * 3}a + {' + '.join(['1'] * 30)}{')' * 3} AS x, now() AS n FROM t"
        assert found(deep) == {"n": "differs each time: now()"}


class TestKeys:
    """Where rows are known to be different: each query numbers its rows by what must be a key."""

    @pytest.mark.parametrize(
        "sql",
        [
            "FROM t",
            "FROM (SELECT id, a FROM t WHERE a > 1) AS q",
            "FROM (SELECT id, count(*) AS n FROM raw GROUP BY id) AS q",
            "FROM (SELECT DISTINCT ON (id) id, a FROM raw ORDER BY id, a, b) AS q",
            "FROM (SELECT * FROM raw QUALIFY row_number() OVER (PARTITION BY id ORDER BY a, b) = 1) AS q",
            "FROM (SELECT t.id FROM t SEMI JOIN raw ON raw.id = t.id) AS q",
            "FROM (SELECT t.id FROM t ASOF JOIN c ON t.day >= c.cid) AS q",
            "FROM (SELECT l.order_id AS id FROM lines AS l WHERE l.line = 1 AND l.product > 'a') AS q",
            "FROM (SELECT t.id FROM t JOIN c ON c.cid = t.c AND t.a > 1) AS q",
            "FROM ((SELECT id FROM t)) AS q",
            "FROM (SELECT max(a) AS id FROM raw) AS q",
            "FROM (SELECT 1 AS id) AS q",
            "FROM (SELECT t.*, c.name FROM t LEFT JOIN c USING (cid)) AS q",
        ],
    )
    def test_are_found(self, sql: str) -> None:
        assert "n" not in found(f"SELECT id, row_number() OVER (ORDER BY id) AS n {sql}")

    @pytest.mark.parametrize(
        "sql",
        [
            "FROM raw",
            "FROM t AS q(a, id)",
            "FROM (SELECT a AS id FROM t) AS q",
            "FROM (SELECT id, unnest(l) AS x FROM t) AS q",
            "FROM (SELECT t.id FROM t JOIN raw ON raw.x = t.x) AS q",
            "FROM (SELECT t.id FROM t RIGHT JOIN c ON c.cid = t.x) AS q",
            "FROM (SELECT t.id FROM t, UNNEST(t.l)) AS q",
            "FROM (SELECT id FROM t LATERAL VIEW explode(l) AS x) AS q",
            "FROM (SELECT c.* FROM t, c) AS q",
            "FROM (SELECT id FROM t), (SELECT x FROM t)",
            "FROM (PIVOT t ON g USING sum(a) GROUP BY id) AS q",
            "FROM range(10) AS q(id)",
            "FROM (SELECT t.id FROM t NATURAL JOIN c) AS q",
            "FROM (SELECT id FROM raw WHERE id = 1 OR a = 2) AS q",
            "FROM (SELECT id FROM t UNION ALL SELECT id FROM t) AS q",
            "FROM (SELECT id FROM raw GROUP BY ROLLUP (id)) AS q",
            "FROM (SELECT t.id FROM t POSITIONAL JOIN c) AS q",
            "FROM (SELECT * EXCLUDE (id), a AS id FROM t) AS q",
            "FROM (SELECT * FROM raw QUALIFY row_number() OVER (PARTITION BY a ORDER BY id) = 1) AS q",
        ],
    )
    def test_are_not_made_up(self, sql: str) -> None:
        assert "n" in found(f"SELECT id, row_number() OVER (ORDER BY id) AS n {sql}")

    def test_an_outer_join_makes_rows_without_a_key(self) -> None:
        joined = "JOIN lines AS l ON l.order_id = t.id"
        number = "SELECT row_number() OVER (ORDER BY l.order_id, l.line) AS n FROM t"
        assert found(f"{number} {joined}") == {}
        assert "n" in found(f"{number} LEFT {joined}")

    def test_a_name_that_two_ctes_have_says_nothing(self) -> None:
        inside = "(WITH q AS (SELECT DISTINCT id FROM raw) SELECT max(id) AS m FROM q) AS x"
        outside = "WITH q AS (SELECT id FROM raw) SELECT row_number() OVER (ORDER BY q.id) AS n FROM q"
        assert "n" in found(f"{outside}, {inside}")
        assert found(outside.replace("SELECT id", "SELECT DISTINCT id")) == {}


HARMLESS = frozenset({"error", "setseed", "sleep_ms", "stats", "vector_type", "write_log", "age", "unix_timestamp"})
"""Volatile to whoever judges an edit, and no reason to expect another result; or volatile with certain arguments."""


def test_every_volatile_function_has_a_rule() -> None:
    setting = Setting("duckdb", Uniqueness.of(exp.Select(), "duckdb", declared=lambda _: ()))
    names = [exp.Anonymous(this=name) for name in functions._VOLATILE_NAMES - HARMLESS]
    classes = [one() for one in functions._VOLATILE if one is not exp.TableSample]
    for node in (*names, *classes):
        assert any(rule(node, setting) for rule in hazards.VALUES), node


def test_every_aggregate_of_duckdb_is_known_as_one() -> None:
    rows = duckdb.connect().execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
    )
    for (name,) in rows.fetchall():
        try:
            node = parse_query(f"SELECT {name}(a)", "duckdb").tree.expressions[0]
        except SqlError:
            continue
        if not functions.is_unknown(node, "duckdb"):
            assert functions.is_aggregate(node) or functions.is_aggregate(node.this), name


BY_TYPE = frozenset({"avg", "mean", "regr_avgx", "regr_avgy", "sum"})
"""Exact over whole numbers and not over floating-point ones, and a column's type is not known to the text."""


def test_no_aggregate_that_depends_on_the_order_of_rows_is_missing() -> None:
    """Every aggregate of DuckDB over numbers, floating-point numbers and text, as they lie and shuffled."""
    connection = duckdb.connect(config={"threads": "1"})
    connection.execute(
        "CREATE TABLE t AS SELECT hash(i) % 100 AS g, (hash(i * 7) % 100003)::DOUBLE / 7 AS f,"
        " (hash(i) % 50)::VARCHAR AS s FROM range(20000) AS r(i); CREATE TABLE turned AS FROM t ORDER BY hash(f + g)"
    )
    names = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate' ORDER BY 1"
    ).fetchall()
    compared = 0
    for name, arguments in itertools.product((row[0] for row in names), ("f", "g", "s", "f, g", "g, 3")):
        sql = f"SELECT {name}({arguments}) AS x FROM"
        try:
            results = [repr(connection.execute(f"{sql} {relation}").fetchall()) for relation in ("t", "turned")]
        except duckdb.Error:
            continue
        compared += 1
        assert results[0] == results[1] or found(f"{sql} t") or name in BY_TYPE, sql
    assert compared > 120


def test_models_as_people_write_them() -> None:
    """In each a sentence of its own, and in most of them none."""
    text = (Path(sql_models.__file__).parent / "usual_models.sql").read_text(encoding="utf-8")
    doubted: dict[str, dict[str | None, str]] = {}
    queries = [line for line in text.splitlines() if line and not line.startswith("--")]
    for sql in queries:
        try:
            doubted[sql] = found(sql)
        except SqlError:
            continue
    spoken = {sql: one for sql, one in doubted.items() if one}
    assert len(doubted) > 60
    assert 0 < len(spoken) < len(doubted) / 3, "noise"


def test_queries_that_give_the_same_whenever_they_run() -> None:
    """None of them is said to differ each time, but those that sample."""
    for sql in sql_models.queries():
        try:
            sentences = found(sql).values()
        except SqlError:
            continue
        certain = [one for one in sentences if one.startswith("differs") and "TABLESAMPLE" not in one]
        assert not certain or any(one in sql.lower() for one in ("now()", "random()", "uuid()")), sql


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT k, sum(a) AS s, sum(a) FILTER (WHERE b) AS t, (sum(a) OVER ()) AS u, sum(a) + 1 AS v FROM x", "stu"),
        ("WITH c AS (SELECT sum(a) AS s FROM x), d AS (FROM c) SELECT * FROM d", "s"),
        ("WITH c AS (SELECT sum(a) AS s, 1 AS o FROM x) SELECT s AS t, o FROM (SELECT * FROM c) AS q", "t"),
        ("SELECT * EXCLUDE (s) FROM (SELECT sum(a) AS s FROM x) AS q", ""),
        ("SELECT * FROM (SELECT sum(a) AS s FROM x) AS q(z)", ""),
        ("SELECT q.s FROM (SELECT sum(a) AS s FROM x) AS q, x", ""),
        ("WITH x AS (SELECT * FROM x) SELECT * FROM x", ""),
        ("SELECT sum(a) AS s FROM x UNION ALL SELECT 1", ""),
        ("SELECT sum(1) AS s", "s"),
    ],
)
def test_columns_that_are_nothing_but_a_sum(sql: str, expected: str) -> None:
    tree = parse_query(sql, "duckdb").tree
    uniqueness = Uniqueness.of(tree, "duckdb", declared=lambda _: ())
    assert plain_sums(tree, uniqueness.ctes) == {*expected}
