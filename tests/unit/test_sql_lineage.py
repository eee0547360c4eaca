"""Column-level lineage, construct by construct: exactly which columns reach what, and how."""

from __future__ import annotations

import pytest

from rocky_action.domain.changes import AllRows, Effect, SomeColumns, Untouched
from rocky_action.domain.lineage import ColumnRead, Lineage, OutputColumn, SourceRead
from rocky_action.sql.lineage import Surroundings, lineage_of, output_names, propagate
from rocky_action.sql.parse import parse_query

COLUMNS = {"t": ("a", "b", "c", "l", "s"), "u": ("id", "x", "y"), "v": ("id", "z")}
SURROUNDINGS = Surroundings(
    lambda table: SourceRead(table.name.lower()),
    lambda reference: COLUMNS.get(reference.name) if isinstance(reference, SourceRead) else None,
)


def lineage(sql: str, dialect: str = "duckdb") -> Lineage:
    return lineage_of(parse_query(sql, dialect), SURROUNDINGS)


def spelled(read: ColumnRead) -> str:
    """``t.a AGGREGATE SUM``: a read in one line."""
    assert isinstance(read.reference, SourceRead)
    words = (f"{read.reference.name}.{read.column or '*'}", "" if read.use == "direct" else read.use, read.where)
    return " ".join(word for word in words if word)


def told(sql: str, dialect: str = "duckdb") -> tuple[dict[str, list[str]], list[str]]:
    """Outputs by name, with what they are computed from, and what decides rows."""
    found = lineage(sql, dialect)
    outputs: dict[str, list[str]] = {}
    for output in found.outputs if found.outputs is not None else ():
        if isinstance(output, OutputColumn):
            outputs[output.name or "?"] = sorted(spelled(read) for read in output.reads)
        else:
            name = output.reference.name if isinstance(output.reference, SourceRead) else "?"
            outputs[f"{name}.*"] = sorted(f"-{column}" for column in output.excluded)
    if found.outputs is None:
        outputs["untold"] = []
    return outputs, sorted(spelled(read) for read in found.rows)


PROJECTIONS: list[tuple[str, list[str]]] = [
    ("a", ["t.a"]),
    ("t.a", ["t.a"]),
    ("main.t.a", ["t.a", "t.main"]),
    ("A", ["t.a"]),
    ('"A"', ["t.a"]),
    ("(a)", ["t.a"]),
    ("a + b", ["t.a expression an expression", "t.b expression an expression"]),
    ("CAST(a AS INTEGER)", ["t.a expression CAST"]),
    ("coalesce(a, b + 1)", ["t.a expression COALESCE", "t.b expression COALESCE"]),
    ("a + coalesce(b, 0)", ["t.a expression an expression", "t.b expression COALESCE"]),
    ("CASE WHEN a THEN b ELSE c END", ["t.a expression CASE", "t.b expression CASE", "t.c expression CASE"]),
    ("SUM(a)", ["t.a aggregate SUM"]),
    ("SUM(coalesce(a, 0))", ["t.a aggregate SUM"]),
    ("round(SUM(a), 2)", ["t.a aggregate SUM"]),
    ("SUM(a) FILTER (WHERE b > 1)", ["t.a aggregate SUM", "t.b aggregate SUM"]),
    ("list(a ORDER BY b)", ["t.a aggregate ARRAY_AGG", "t.b aggregate ARRAY_AGG"]),
    ("string_agg(DISTINCT a, ',')", ["t.a aggregate STRING_AGG"]),
    ("quantile_cont(0.5) WITHIN GROUP (ORDER BY a)", ["t.a aggregate PERCENTILE_CONT"]),
    ("COUNT(*)", []),
    ("COUNT(a)", ["t.a aggregate COUNT"]),
    ("COUNT(t)", ["t.* aggregate COUNT", "t.t aggregate COUNT"]),
    ("COUNT(t.*)", ["t.* aggregate COUNT", "t.t aggregate COUNT"]),
    ("t", ["t.*", "t.t"]),
    ("row(t)", ["t.* expression ROW", "t.t expression ROW"]),
    ("SUM(a) OVER (PARTITION BY b ORDER BY c)", ["t.a window SUM", "t.b window a window", "t.c window a window"]),
    ("row_number() OVER (ORDER BY a)", ["t.a window a window"]),
    ("SUM(a) OVER w", ["t.a window SUM", "t.b window a window", "t.c window a window"]),
    (
        "first(a IGNORE NULLS) OVER (w ROWS 1 PRECEDING)",
        ["t.a window FIRST", "t.b window a window", "t.c window a window"],
    ),
    ("s.f", ["t.s"]),
    ("t.s.f", ["t.s"]),
    ("s['f']", ["t.s expression an expression"]),
    ("(s).f", ["t.s expression an expression"]),
    ("a[1:2]", ["t.a expression an expression"]),
    (
        "list_transform(l, lambda p: p + a)",
        ["t.a expression TRANSFORM", "t.l expression TRANSFORM", "t.p expression TRANSFORM"],
    ),
    ("{'f': a}", ["t.a expression STRUCT"]),
    ("a COLLATE NOCASE", ["t.a expression an expression"]),
    ("(SELECT max(x) FROM u)", ["u.x aggregate MAX"]),
    (
        "(SELECT max(x) FROM u WHERE u.id = t.a)",
        ["t.a expression a filter", "u.id expression a filter", "u.t expression a filter", "u.x aggregate MAX"],
    ),
    (
        "EXISTS (SELECT 1 FROM u WHERE u.id = a)",
        ["t.a expression a filter", "u.a expression a filter", "u.id expression a filter"],
    ),
    ("b IN (SELECT id FROM u)", ["t.b expression an expression", "u.id expression a subquery"]),
    ("1", []),
]


@pytest.mark.parametrize(("projection", "reads"), PROJECTIONS, ids=[one for one, _ in PROJECTIONS])
def test_a_projection_reads_exactly_this_and_decides_no_rows(projection: str, reads: list[str]) -> None:
    outputs, rows = told(f"SELECT {projection} AS o FROM t WINDOW w AS (PARTITION BY b ORDER BY c)")
    assert outputs == {"o": reads}
    assert rows == []


ROWS: list[tuple[str, list[str]]] = [
    ("SELECT 1 AS o FROM t WHERE a > 1 AND b", ["t.a condition a filter", "t.b condition a filter"]),
    ("SELECT 1 AS o FROM t JOIN u ON t.a = u.id", ["t.a condition a join", "u.id condition a join"]),
    ("SELECT 1 AS o FROM u JOIN v USING (id)", ["u.id condition a join", "v.id condition a join"]),
    ("SELECT 1 AS o FROM u FULL JOIN v USING (id)", ["u.id condition a join", "v.id condition a join"]),
    ("SELECT 1 AS o FROM u SEMI JOIN v USING (id)", ["u.id condition a join", "v.id condition a join"]),
    ("SELECT 1 AS o FROM u ANTI JOIN v ON u.x = v.z", ["u.x condition a join", "v.z condition a join"]),
    ("SELECT 1 AS o FROM u ASOF JOIN v ON u.x >= v.z", ["u.x condition a join", "v.z condition a join"]),
    ("SELECT 1 AS o FROM u NATURAL JOIN v", ["u.* condition a NATURAL join", "v.* condition a NATURAL join"]),
    ("SELECT 1 AS o FROM u POSITIONAL JOIN v", ["u.* condition a POSITIONAL join", "v.* condition a POSITIONAL join"]),
    ("SELECT 1 AS o FROM u, v", []),
    (
        "SELECT 1 AS o FROM (t JOIN u ON a = id) JOIN v ON v.id = u.id",
        [
            "t.a condition a join",
            "t.id condition a join",
            "u.a condition a join",
            "u.id condition a join",
            "v.id condition a join",
        ],
    ),
    ("SELECT COUNT(*) AS o FROM t GROUP BY a", ["t.a condition GROUP BY"]),
    ("SELECT COUNT(*) AS o FROM t GROUP BY ROLLUP (a, b)", ["t.a condition GROUP BY", "t.b condition GROUP BY"]),
    ("SELECT COUNT(*) AS o FROM t GROUP BY CUBE (a)", ["t.a condition GROUP BY"]),
    ("SELECT COUNT(*) AS o FROM t GROUP BY GROUPING SETS ((a), ())", ["t.a condition GROUP BY"]),
    ("SELECT b, a AS g, SUM(c) AS o FROM t GROUP BY 2, 1", ["t.a condition GROUP BY", "t.b condition GROUP BY"]),
    (
        "SELECT b + a AS g, SUM(c) AS o FROM t GROUP BY g",
        ["t.a condition GROUP BY", "t.b condition GROUP BY", "t.g condition GROUP BY"],
    ),
    ("SELECT b, a + 1 AS g, SUM(c) AS o FROM t GROUP BY ALL", ["t.a condition GROUP BY", "t.b condition GROUP BY"]),
    ("SELECT SUM(a) AS o FROM t HAVING SUM(b) > 1", ["t.b condition HAVING"]),
    ("SELECT SUM(a) AS o FROM t HAVING o > 1", ["t.a condition HAVING", "t.o condition HAVING"]),
    ("SELECT a AS o FROM t WHERE o > 1", ["t.a condition a filter", "t.o condition a filter"]),
    (
        "SELECT a AS o FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
        ["t.b condition QUALIFY", "t.c condition QUALIFY"],
    ),
    (
        "SELECT a AS o, row_number() OVER (ORDER BY b) AS n FROM t QUALIFY n = 1",
        ["t.b condition QUALIFY", "t.n condition QUALIFY"],
    ),
    (
        "SELECT a AS o FROM t QUALIFY SUM(b) OVER w > 1 WINDOW w AS (ORDER BY c)",
        ["t.b condition QUALIFY", "t.c condition QUALIFY"],
    ),
    ("SELECT DISTINCT a AS o, b FROM t", ["t.a condition DISTINCT", "t.b condition DISTINCT"]),
    ("SELECT DISTINCT ON (b) a AS o FROM t ORDER BY c", ["t.b condition DISTINCT ON", "t.c condition ORDER BY"]),
    (
        "SELECT DISTINCT ON (b) a AS o FROM t",
        ["t.* condition DISTINCT ON without ORDER BY", "t.b condition DISTINCT ON"],
    ),
    ("SELECT a AS o FROM t ORDER BY b LIMIT 1", ["t.b condition ORDER BY"]),
    ("SELECT a AS o, b FROM t ORDER BY 2", ["t.b condition ORDER BY"]),
    ("SELECT a AS o, b FROM t ORDER BY ALL", ["t.a condition ORDER BY", "t.b condition ORDER BY"]),
    ("SELECT a AS b, c FROM t ORDER BY b", ["t.a condition ORDER BY", "t.b condition ORDER BY"]),
    ("SELECT a AS o FROM t LIMIT 1", ["t.* condition LIMIT without ORDER BY"]),
    ("SELECT a AS o FROM t ORDER BY b LIMIT (SELECT max(x) FROM u)", ["t.b condition ORDER BY", "u.x condition LIMIT"]),
    ("SELECT a AS o FROM t USING SAMPLE 5", ["t.* condition a sample"]),
    ("SELECT a AS o FROM t TABLESAMPLE 5%", ["t.* condition a sample"]),
    (
        "SELECT 1 AS o FROM t WHERE EXISTS (SELECT x FROM u WHERE u.id = t.a)",
        ["t.a condition a filter", "u.id condition a filter", "u.t condition a filter", "u.x condition a filter"],
    ),
    (
        "SELECT 1 AS o FROM t WHERE a IN (SELECT x FROM u WHERE y = 1)",
        ["t.a condition a filter", "u.x condition a filter", "u.y condition a filter"],
    ),
    ("SELECT 1 AS o FROM t, unnest(t.l) AS e(i)", ["t.l condition UNNEST"]),
    ("SELECT 1 AS o FROM t, range(t.a) AS e(i)", ["t.a condition a table function"]),
    (
        "SELECT 1 AS o FROM t, LATERAL (SELECT x FROM u WHERE id = t.a)",
        ["t.a condition a filter", "u.id condition a filter", "u.t condition a filter"],
    ),
    ("SELECT 1 AS o FROM t, (SELECT t.a AS k) AS e WHERE k", ["t.a condition a filter", "t.k condition a filter"]),
    ("SELECT 1 AS o FROM (VALUES (1)) AS e(i)", []),
    ("SELECT unnest(l) AS o FROM t", ["t.l condition UNNEST"]),
    ("SELECT my_udf(a) AS o FROM t", ["t.* condition MY_UDF, a function that is not known"]),
    ("SELECT 1 AS o FROM t PIVOT (SUM(a) FOR b IN (1))", ["t.* condition PIVOT"]),
    ("SELECT 1 AS o FROM (PIVOT t ON b USING SUM(a))", ["t.* condition PIVOT"]),
    ("SELECT 1 AS o FROM t UNPIVOT (p FOR q IN (a, b))", ["t.* condition UNPIVOT"]),
    ("SELECT 1 AS o FROM t AS e(i, j)", ["t.* condition column names by position"]),
    ("SELECT COLUMNS('a|b') FROM t", ["t.* condition columns that cannot be told"]),
    ("SELECT MIN(COLUMNS(*)) FROM t", ["t.* condition columns that cannot be told"]),
    ("SELECT * LIKE 'a%' FROM t", ["t.* condition columns that cannot be told"]),
    ("SELECT * ILIKE 'a%' FROM t", ["t.* condition columns that cannot be told"]),
    ("SELECT s.* FROM t", ["t.* condition columns that cannot be told"]),
    ("SELECT a FROM t UNION ALL SELECT x FROM u", []),
    ("SELECT a FROM t UNION SELECT x FROM u", ["t.a condition UNION", "u.x condition UNION"]),
    ("SELECT a FROM t EXCEPT SELECT x FROM u", ["t.a condition EXCEPT", "u.x condition EXCEPT"]),
    ("SELECT a FROM t INTERSECT ALL SELECT x FROM u", ["t.a condition INTERSECT", "u.x condition INTERSECT"]),
    ("SELECT * FROM t UNION ALL SELECT * FROM u", ["t.* condition UNION", "u.* condition UNION"]),
    ("SELECT * FROM t UNION ALL BY NAME SELECT * FROM u", ["t.* condition UNION", "u.* condition UNION"]),
    (
        "SELECT a, b FROM t UNION ALL SELECT x, y FROM u ORDER BY 2",
        ["t.b condition ORDER BY", "u.y condition ORDER BY"],
    ),
    (
        "WITH RECURSIVE r AS (SELECT a FROM t UNION ALL SELECT r.a FROM r, u) SELECT a FROM r",
        ["t.* condition a recursive CTE", "u.* condition a recursive CTE"],
    ),
    ("WITH q AS (SELECT a FROM t WHERE b), p AS (SELECT x FROM u WHERE y) SELECT a FROM q", ["t.b condition a filter"]),
    # u has no a and t has no x at this moment; a column that it gains makes the name ambiguous.
    (
        "SELECT 1 AS o FROM t LEFT JOIN u ON a = x",
        ["t.a condition a join", "t.x condition a join", "u.a condition a join", "u.x condition a join"],
    ),
]


@pytest.mark.parametrize(("sql", "rows"), ROWS, ids=[one for one, _ in ROWS])
def test_rows_are_decided_by_exactly_this(sql: str, rows: list[str]) -> None:
    assert told(sql)[1] == rows


OUTPUTS: list[tuple[str, dict[str, list[str]]]] = [
    ("SELECT * FROM t", {"t.*": []}),
    ("FROM t", {"t.*": []}),
    ("FROM t SELECT a", {"a": ["t.a"]}),
    ("TABLE t", {"t.*": []}),
    ("(SELECT a FROM t)", {"a": ["t.a"]}),
    ("SELECT * FROM t, u", {"t.*": [], "u.*": []}),
    ("SELECT u.* FROM t, u", {"u.*": []}),
    ("SELECT * FROM u JOIN v USING (id)", {"u.*": [], "v.*": ["-id"]}),
    ("SELECT * FROM u NATURAL JOIN v", {"u.*": [], "v.*": ["-id"]}),
    ("SELECT * FROM u SEMI JOIN v USING (id)", {"u.*": []}),
    ("SELECT * EXCLUDE (a, b) FROM t", {"t.*": ["-a", "-b"]}),
    ("SELECT * EXCEPT (a) FROM t", {"t.*": ["-a"]}),
    (
        "SELECT * REPLACE (x + 1 AS x) FROM u",
        {"id": ["u.id"], "x": ["u.x expression an expression"], "y": ["u.y"], "u.*": ["-id", "-x", "-y"]},
    ),
    ("SELECT * RENAME (x AS n) FROM u", {"id": ["u.id"], "n": ["u.x"], "y": ["u.y"], "u.*": ["-id", "-x", "-y"]}),
    ("SELECT * REPLACE (g + 1 AS g) FROM w", {"g": ["w.g expression an expression"], "w.*": ["-g"]}),
    ("WITH q AS (SELECT * FROM t) SELECT a, b + 1 AS n FROM q", {"a": ["t.a"], "n": ["t.b expression an expression"]}),
    ("WITH q AS (SELECT SUM(a) AS n FROM t) SELECT n FROM q", {"n": ["t.a aggregate SUM"]}),
    ("WITH q AS (SELECT SUM(a) AS n FROM t) SELECT n + 1 AS m FROM q", {"m": ["t.a aggregate SUM"]}),
    ("WITH q(k) AS (SELECT a FROM t) SELECT k FROM q", {"k": ["t.a"]}),
    ("WITH t AS (SELECT x AS a FROM u) SELECT a FROM t", {"a": ["u.x"]}),
    ("WITH t AS (SELECT a FROM t) SELECT a FROM t", {"a": ["t.a"]}),
    ("SELECT a FROM (SELECT b AS a FROM t) AS q", {"a": ["t.b"]}),
    ("SELECT n FROM (SELECT b FROM t) AS q(n)", {"n": ["t.b"]}),
    ("SELECT i FROM t, unnest(l) AS e(i)", {"i": ["t.i"]}),
    (
        "SELECT t.a AS n, n + b AS m FROM t",
        {
            "n": ["t.a"],
            "m": ["t.a expression an expression", "t.b expression an expression", "t.n expression an expression"],
        },
    ),
    # t has a b, and no alias takes that name away from it.
    ("SELECT a AS b, b + 1 AS m FROM t", {"b": ["t.a"], "m": ["t.b expression an expression"]}),
    # Nothing is known of w: b is its column, or else the alias.
    (
        "SELECT g AS b, b + 1 AS m FROM w",
        {"b": ["w.g"], "m": ["w.b expression an expression", "w.g expression an expression"]},
    ),
    # x is a column of u, or of w, whose columns nobody knows.
    ("SELECT x FROM u, w", {"x": ["u.x", "w.x"]}),
    ("SELECT g FROM u, w", {"g": ["u.g", "w.g"]}),
    # An inner relation that is known to have it keeps the name to itself.
    ("SELECT (SELECT x FROM u) AS n FROM w", {"n": ["u.x expression a subquery"]}),
    ("SELECT (SELECT x FROM w) AS n FROM u", {"n": ["u.x expression a subquery", "w.x expression a subquery"]}),
    # Outside of its condition, a SEMI JOIN does not show what is on its right.
    (
        "SELECT (SELECT MAX(x) FROM v SEMI JOIN u USING (id)) AS n FROM w",
        {
            "n": [
                "u.id expression a join",
                "u.x aggregate MAX",
                "v.id expression a join",
                "v.x aggregate MAX",
                "w.x aggregate MAX",
            ]
        },
    ),
    ("SELECT x FROM u UNION ALL BY NAME SELECT z AS x FROM v", {"x": ["u.x", "v.z"]}),
    ("SELECT x, y FROM u UNION ALL BY NAME SELECT y, id FROM v", {"x": ["u.x"], "y": ["u.y", "v.y"], "id": ["v.id"]}),
    ("SELECT * FROM u UNION ALL SELECT a, b, c FROM t", {"id": [], "x": [], "y": [], "?.*": []}),
    ("SELECT count(*), a + 1 FROM t", {"?": ["t.a expression an expression"]}),
]


@pytest.mark.parametrize(("sql", "outputs"), OUTPUTS, ids=[one for one, _ in OUTPUTS])
def test_outputs_are_exactly_these(sql: str, outputs: dict[str, list[str]]) -> None:
    assert told(sql)[0] == outputs


UNFOLLOWED = [
    "SELECT a FROM t AT (VERSION => 3)",
    "SELECT $1 AS o FROM t",
    "SELECT #1 AS o FROM t",
    "SELECT t.a FROM t WHERE EXISTS (SELECT #1 FROM u)",
]


@pytest.mark.parametrize("sql", UNFOLLOWED)
def test_what_nobody_thought_about_reads_every_column_of_everything(sql: str) -> None:
    found = lineage(sql)
    assert found.outputs is None
    assert {(read.reference, read.column) for read in found.rows} == {(one, None) for one in found.relations}
    assert propagate(found, {SourceRead("t"): SomeColumns(frozenset({"never"}))}).effect == AllRows()


NAMES = [
    ("SELECT a, b AS n FROM t", ("a", "n")),
    ("SELECT * FROM u", ("id", "x", "y")),
    ("SELECT * EXCLUDE (x) FROM u", ("id", "y")),
    ("SELECT * RENAME (x AS n) FROM u", ("id", "n", "y")),
    ("SELECT * FROM u JOIN v USING (id)", ("id", "x", "y", "z")),
    ("SELECT * FROM u UNION ALL SELECT * FROM u", ("id", "x", "y")),
    ("SELECT * FROM u, v", None),  # two columns called id
    ("SELECT * FROM w", None),
    ("SELECT a + 1 FROM t", None),
    ("SELECT COLUMNS('a') FROM t", None),
]


@pytest.mark.parametrize(("sql", "names"), NAMES)
def test_names_are_told_when_they_are_known_and_distinct(sql: str, names: tuple[str, ...] | None) -> None:
    assert output_names(lineage(sql)) == names


def some(*columns: str) -> Effect:
    return SomeColumns(frozenset(columns))


NOTHING, EVERYTHING = Untouched(), AllRows()
PROPAGATED: list[tuple[str, str, Effect]] = [
    ("SELECT a FROM t", "b", NOTHING),
    ("SELECT a, b FROM t", "b", some("b")),
    ("SELECT a, b AS n, b + c AS m FROM t", "b", some("n", "m")),
    ("SELECT * FROM t", "b", some("b")),
    ("SELECT * FROM t", "gained", some("gained")),
    ("SELECT * EXCLUDE (b) FROM t", "b", some()),  # what is gone cannot be left out
    ("SELECT a FROM t WHERE b", "b", EVERYTHING),
    ("SELECT COUNT(*) AS n FROM t", "b", NOTHING),
    ("SELECT a, SUM(b) AS n FROM t GROUP BY a", "b", some("n")),
    ("SELECT a, SUM(b) AS n FROM t GROUP BY a", "a", EVERYTHING),
    ("SELECT DISTINCT a FROM t", "a", EVERYTHING),
    ("SELECT a, (SELECT MAX(b) FROM t) AS n FROM t", "b", some("n")),
    ("SELECT a FROM (SELECT a, b FROM t) AS q", "b", some()),  # it can fail
    ("SELECT a FROM (SELECT * FROM t) AS q", "b", NOTHING),
    ("SELECT a FROM t UNION ALL SELECT x FROM u", "a", some("a")),
    ("SELECT * FROM t UNION ALL SELECT * FROM u", "a", EVERYTHING),
    ("SELECT * FROM u JOIN t ON u.id = t.a", "b", some("b")),
    ("SELECT * FROM u JOIN t ON u.id = t.a", "x", EVERYTHING),  # two columns called x
    ("SELECT u.x FROM u JOIN t ON u.id = t.a", "x", NOTHING),
    ("SELECT x FROM u JOIN t ON u.id = t.a", "x", some("x")),  # ambiguous now
    ("SELECT *, b + 1 AS n FROM t", "b", some("b", "n")),
    ("SELECT *, b + 1 AS n FROM t", "n", EVERYTHING),
    ("SELECT a, b + 1 FROM t", "b", EVERYTHING),  # a column without a name that we know
    ("SELECT a, a FROM t", "a", EVERYTHING),  # a and a_1
    ("SELECT a AS id_1, b, u.id, v.id FROM t, u, v", "a", EVERYTHING),
    ("SELECT (SELECT x FROM u WHERE u.id = 1) AS n FROM t", "x", NOTHING),
    ("SELECT (SELECT q FROM u WHERE u.id = 1) AS n FROM t", "q", some("n")),
    ("SELECT a AS n, n + 1 AS m FROM t", "n", some("m")),
    ("SELECT q.z AS n FROM w AS q, t", "q", EVERYTHING),  # w may have no z, and q be a struct of t
    ("SELECT a, (c) FROM t", "a", EVERYTHING),  # the other column may be called a as well
    ("SELECT id_1 AS n FROM (SELECT * FROM t, u) AS q", "id", some("n")),
]


@pytest.mark.parametrize(("sql", "column", "effect"), PROPAGATED)
def test_a_changed_column_of_t_does_this(sql: str, column: str, effect: Effect) -> None:
    assert propagate(lineage(sql), {SourceRead("t"): some(column)}).effect == effect


def test_rows_of_anything_that_is_read_are_everything() -> None:
    for sql in (
        "SELECT COUNT(*) AS n FROM t",
        "SELECT 1 AS n FROM u WHERE EXISTS (FROM t)",
        "WITH q AS (FROM t) FROM u",
    ):
        assert propagate(lineage(sql), {SourceRead("t"): AllRows()}).effect == AllRows(), sql
        assert propagate(lineage(sql), {SourceRead("elsewhere"): AllRows()}).effect == Untouched(), sql


def test_the_uses_say_why() -> None:
    found = propagate(lineage("SELECT a, SUM(b) AS n FROM t GROUP BY a"), {SourceRead("t"): some("b")})
    assert [spelled(read) for read in found.uses] == ["t.b aggregate SUM"]
    found = propagate(lineage("SELECT a FROM t WHERE b > 1"), {SourceRead("t"): some("b")})
    assert [spelled(read) for read in found.uses] == ["t.b condition a filter"]
    found = propagate(lineage("SELECT * FROM t"), {SourceRead("t"): some("b")})
    assert [spelled(read) for read in found.uses] == ["t.b"]


def test_other_dialects_are_read_by_the_same_rules() -> None:
    assert told("SELECT a FROM t LATERAL VIEW explode(l) e AS i", "databricks")[1] == ["t.l condition a table function"]
    assert told("SELECT a FROM t, UNNEST(t.l) AS i", "bigquery")[1] == ["t.l condition UNNEST"]
    assert told("SELECT a FROM t, t.l AS i", "bigquery")[1] == ["t.l condition UNNEST"]
    assert lineage("SELECT AS STRUCT a FROM t", "bigquery").outputs is None
    # Snowflake can have a column "a" beside A: then nothing is certain, and the enclosing query is read too.
    outputs, _ = told("SELECT (SELECT x FROM u) AS n FROM t", "snowflake")
    assert outputs == {"n": ["t.x expression a subquery", "u.x expression a subquery"]}


HUGE = [
    "SELECT " + " + ".join(f"c{index}" for index in range(10_000)) + " AS n FROM t",
    "SELECT a FROM t WHERE " + " AND ".join(f"c{index} = 1" for index in range(10_000)),
    "SELECT " + ", ".join(f"c{index} + 1 AS d{index}" for index in range(5_000)) + " FROM t",
    " UNION ALL ".join(f"SELECT a{index} AS a FROM t" for index in range(2_000)),
    "WITH q AS (SELECT "
    + " + ".join(f"c{index}" for index in range(2_000))
    + " AS n FROM t) SELECT "
    + ", ".join(f"n AS n{index}" for index in range(2_000))
    + " FROM q",
    "SELECT a FROM " + "(SELECT a FROM " * 150 + "t" + ")" * 150,
]


@pytest.mark.parametrize("sql", HUGE, ids=range(len(HUGE)))
def test_a_huge_query_neither_crashes_nor_hangs(sql: str) -> None:
    effect = propagate(lineage(sql), {SourceRead("t"): some("a", "c7", "a7")}).effect
    assert effect != Untouched()
