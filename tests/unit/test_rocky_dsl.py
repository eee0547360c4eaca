"""The ``.rocky`` language: the pairs of its description, each of its oddities, and errors that point."""

# ruff: noqa: E501  the tables of this file have a case a line

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from rocky_action.errors import RockyError
from rocky_action.rocky_dsl import lower
from rocky_action.rocky_dsl.words import KEYWORDS
from tests.support.rocky_pairs import Pair, pairs, shipments

PAIRS = pairs()
LOWERED = [pair for pair in PAIRS if pair.error is None]


def sql(text: str, dialect: str = "duckdb") -> str:
    return lower(text, dialect=dialect).sql


def expression(text: str) -> str:
    """An expression's SQL, as a derived column has it."""
    return sql(f"from t derive {{ x: {text} }}").removeprefix("SELECT *, ").removesuffix(" AS x\nFROM t")


def warned(text: str, dialect: str = "duckdb") -> list[tuple[int, str, bool]]:
    return [(one.line, one.message, one.differs) for one in lower(text, dialect=dialect).warnings]


def refused(text: str, dialect: str = "duckdb") -> str:
    with pytest.raises(RockyError) as caught:
        lower(text, dialect=dialect)
    message, advice = caught.value.message, caught.value.advice
    return message if advice.startswith("docs/") else f"{message}. {advice}".rstrip(".")


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = shipments()
    yield connection
    connection.close()


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], list[str]]:
    """Names and rows, in an order that does not depend on how they were found."""
    result = connection.execute(query)
    return [column[0] for column in result.description or []], sorted(map(repr, result.fetchall()))


class TestPairs:
    def test_all_of_them_are_here(self) -> None:
        assert [pair.number for pair in PAIRS] == list(range(1, 46))

    @pytest.mark.parametrize("pair", LOWERED, ids=lambda pair: str(pair.number))
    def test_lowers_to_exactly_this(self, pair: Pair) -> None:
        assert sql(pair.dsl) == pair.sql

    @pytest.mark.parametrize("pair", LOWERED, ids=lambda pair: str(pair.number))
    def test_whatever_is_not_rockys_sql_has_a_reason_and_whatever_differs_a_warning(self, pair: Pair) -> None:
        assert (pair.ours is None) == (pair.reason is None)
        assert lower(pair.dsl, dialect="duckdb").differs == (pair.ours is not None and not pair.same)

    @pytest.mark.parametrize("pair", [pair for pair in LOWERED if pair.binds], ids=lambda pair: str(pair.number))
    def test_runs_on_duckdb(self, pair: Pair, database: duckdb.DuckDBPyConnection) -> None:
        names, found = rows(database, pair.sql.replace("@start_date", "2026-02-26").replace("@end_date", "2026-03-01"))
        assert names
        assert found or pair.number == 33  # = NULL is never true

    @pytest.mark.parametrize("pair", [pair for pair in LOWERED if pair.same], ids=lambda pair: str(pair.number))
    def test_what_is_said_to_be_the_same_is(self, pair: Pair, database: duckdb.DuckDBPyConnection) -> None:
        assert rows(database, pair.sql) == rows(database, pair.rocky)

    @pytest.mark.parametrize(
        "pair",
        [pair for pair in LOWERED if pair.ours and not pair.same and pair.number != 31],
        ids=lambda pair: str(pair.number),
    )
    def test_what_differs_does(self, pair: Pair, database: duckdb.DuckDBPyConnection) -> None:
        # In pair 31, (NOT a) = b and NOT (a = b) are the same for booleans, and not for numbers other than 0 and 1.
        assert rows(database, pair.sql) != rows(database, pair.rocky)

    @pytest.mark.parametrize(
        "pair", [pair for pair in PAIRS if pair.error is not None], ids=lambda pair: str(pair.number)
    )
    def test_is_refused_with_its_place(self, pair: Pair) -> None:
        assert refused(pair.dsl) == pair.error

    @pytest.mark.parametrize("number", [36, 37, 38, 40, 41, 44])
    def test_what_is_refused_does_not_run_in_rocky(self, number: int, database: duckdb.DuckDBPyConnection) -> None:
        with pytest.raises(duckdb.Error):
            database.execute(PAIRS[number - 1].rocky)


KEPT = "the parentheses of ({}) are kept; Rocky's SQL has none there and can mean something else"


@pytest.mark.parametrize(
    ("text", "expected", "lost"),
    [
        ("a - b - c", "a - b - c", None),
        ("(a - b) - c", "a - b - c", None),
        ("a - (b - c)", "a - (b - c)", None),
        ("a - (b + c)", "a - (b + c)", "b + c"),
        ("a + (b + c)", "a + (b + c)", "b + c"),
        ("a + (b * c)", "a + b * c", None),
        ("a / (b * c)", "a / (b * c)", "b * c"),
        ("a % (b * c)", "a % (b * c)", "b * c"),
        ("a and (b and c)", "a AND b AND c", None),
        ("a or (b or c)", "a OR b OR c", None),
        ("(a or b) and c", "(a OR b) AND c", None),
        ("a and (b or c)", "a AND (b OR c)", None),
        ("(a == b) == c", "(a = b) = c", "a = b"),
        ("a == (b == c)", "a = (b = c)", None),
        ("(a or b) is null", "(a OR b) IS NULL", "a OR b"),
        ("(a == b) is not null", "(a = b) IS NOT NULL", "a = b"),
        ("(a is null) is null", "(a IS NULL) IS NULL", "a IS NULL"),
        ("a + b is null", "a + b IS NULL", None),
        ("(a is null) == b", "(a IS NULL) = b", "a IS NULL"),
        ("a == (b is null)", "a = (b IS NULL)", "b IS NULL"),
        ("-(-a)", "-(-a)", "-a"),
        ("- -a", "-(-a)", "-a"),
        ("-(a + b)", "-(a + b)", None),
        ("-(a is null)", "-(a IS NULL)", "a IS NULL"),
        ("a - -b", "a - -b", None),
        ("not a == b", "NOT (a = b)", None),
        ("not (a == b)", "NOT (a = b)", None),
        ("(not a) == b", "(NOT a) = b", "NOT a"),
        ("a == not b", "a = (NOT b)", "NOT b"),
        ("not a is null", "NOT a IS NULL", None),
        ("(not a) is null", "(NOT a) IS NULL", "NOT a"),
        ("not not a", "NOT NOT a", None),
        ("not a and b", "NOT a AND b", None),
        ("a and not b or c", "a AND NOT b OR c", None),
        ("match (a or b) { c => 1 }", "CASE WHEN (a OR b) = c THEN 1 END", "a OR b"),
        ("match a + b { 1 => 2 }", "CASE WHEN a + b = 1 THEN 2 END", None),
        ("match a { (b == c) => 1 }", "CASE WHEN a = (b = c) THEN 1 END", "b = c"),
        ("f(a - b, -c, not d) + 1", "F(a - b, -c, NOT d) + 1", None),
        ("count()", "COUNT(*)", None),
        ("count() over ()", "COUNT(*) OVER ()", None),
        ("count(a b)", "COUNT(a, b)", None),
    ],
)
def test_parentheses_are_kept_and_it_is_said_where_rocky_has_none(text: str, expected: str, lost: str | None) -> None:
    assert expression(text) == expected
    expected_warnings = [] if lost is None else [(1, KEPT.format(lost), True)]
    assert warned(f"from t derive {{ x: {text} }}") == expected_warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from s select { }", "SELECT *\nFROM s"),
        ("from s derive { v: 1 } select { *, v }", "SELECT *, 1 AS v\nFROM s"),
        ("from s derive { v: 1, w: 2 } select { w, *, * }", "SELECT 2 AS w, *, 1 AS v, *\nFROM s"),
        ("from s select { a } derive { u: a } select { u }", "SELECT a AS u\nFROM s"),
        ("from s derive { d: 1 } select { a } derive { u: d }", "SELECT a, 1 AS u\nFROM s"),
        ("from s where d > 1 derive { d: a } where d > 2", "SELECT *, a AS d\nFROM s\nWHERE (d > 1) AND (a > 2)"),
        ("from s derive { d: a } where s.d > 2", "SELECT *, a AS d\nFROM s\nWHERE s.d > 2"),
        ("from s group k {}", "SELECT k\nFROM s\nGROUP BY k"),
        ("from s group k { n: count() } select { k }", "SELECT k\nFROM s\nGROUP BY k"),
        ("from s select { k } group k { n: count() }", "SELECT k, k, COUNT(*) AS n\nFROM s\nGROUP BY k"),
        ("from s derive { d: k } group k {} select { k, d }", "SELECT k, k AS d\nFROM s\nGROUP BY k"),
        ("from s derive { d: x } group k { n: 1 } derive { m: sum(d) }", "SELECT k, 1 AS n, SUM(x) AS m\nFROM s\nGROUP BY k"),
        ("from s group k {} where a or b where c", "SELECT k\nFROM s\nGROUP BY k\nHAVING (a OR b) AND (c)"),
        ("where a from s", "SELECT *\nFROM s\nWHERE a"),
        ("| from s || where a |", "SELECT *\nFROM s\nWHERE a"),
        ("from a.b.c join m on k", "SELECT *\nFROM a.b.c\nJOIN m AS m ON a.b.c.k = m.k"),
        ("from s sort left_ left_join m on k", "SELECT *\nFROM s\nLEFT JOIN m AS m ON s.k = m.k\nORDER BY left_"),
        ("from s sort a left join m on k", "SELECT *\nFROM s\nLEFT JOIN m AS m ON s.k = m.k\nORDER BY a"),
        ("from s right_join m on k full_join n on k", "SELECT *\nFROM s\nRIGHT JOIN m AS m ON s.k = m.k\nFULL JOIN n AS n ON s.k = n.k"),
        ("from left cross_join right", "SELECT *\nFROM left\nCROSS JOIN right AS right"),
        ("let a = where x from s from a", "WITH a AS (SELECT *\nFROM s\nWHERE x)\nSELECT *\nFROM a"),
        ("let a = from s replicate from a", "WITH a AS (SELECT * FROM s)\nSELECT *\nFROM a"),
        ("from s take 0_10", "SELECT *\nFROM s\nLIMIT 10"),
        ('from s -- ; # " @\nwhere a--b\n== c', "SELECT *\nFROM s\nWHERE a = c"),
        ('from s where a == "two\nlines ; -- # @start_date"', "SELECT *\nFROM s\nWHERE a = 'two\nlines ; -- # @start_date'"),
        ("from s derive { d: a } sort d", "SELECT *, a AS d\nFROM s\nORDER BY d"),
        ("from s sort d derive { d: a } select { b }", "SELECT b\nFROM s\nORDER BY d"),
        (
            "from s derive { r: lag(a, 1) over (partition b, sort -c, d, range 2..unbounded) }",
            "SELECT *, LAG(a, 1) OVER (PARTITION BY b ORDER BY c DESC, d RANGE BETWEEN 2 PRECEDING AND UNBOUNDED FOLLOWING) AS r\nFROM s",
        ),
    ],
)  # fmt: skip
def test_lowers_to(text: str, expected: str) -> None:
    assert sql(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from s\nwhere a or b\nwhere c", [(2, "this `where` holds on its own; in Rocky's SQL, without parentheses, its `or` takes in the others", True)]),
        ("from s where a where b", []),
        ("from s derive { v: 1 }\nselect { * }", [(2, "`*` takes in what was derived (`v`); Rocky leaves it out without a word", True)]),
        ("from s select { a }\nderive { u: b }", [(2, "`u`, derived after select, is in the output; Rocky leaves it out without a word", True)]),
        ("from s\ntake 5\nwhere a", [(2, "`take` limits the result of all steps, also that of line 3 (`where`), here as in Rocky", False)]),
        ("from s\nwhere a\nsort b\ntake 5", []),
        ("from s\ndistinct\nselect { a }", [(2, "`distinct` is about the result of all steps, also that of line 3 (`select`), here as in Rocky", False)]),
        ("from s\nwhere a\nfull join m on k", [(2, "this `where` also filters the rows that the join adds, also that of line 3 (`join`), here as in Rocky", False)]),
        ("from s\nwhere a\nleft join m on k", []),
        ("from s\nfrom t", [(2, "this `from` replaces the one of line 1, here as in Rocky", False)]),
        ("from s sort", [(1, "this `sort` names no column, so it does nothing", False)]),
        ("from s derive { a: 1,\na: 2 }", [(2, "`a` is derived twice: later steps use the first, and both are columns, as in Rocky", False)]),
    ],
)  # fmt: skip
def test_warns(text: str, expected: list[tuple[int, str, bool]]) -> None:
    assert warned(text) == expected


def test_lines_are_those_of_the_file() -> None:
    lowered = lower("from s\nwhere a == null", dialect="duckdb", first_line=11)
    assert [one.line for one in lowered.warnings] == [12]
    with pytest.raises(RockyError, match=r"^line 12, column 7: "):
        lower("from s\nwhere ;", dialect="duckdb", first_line=11)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: expected `from` and the name of a model or table: nothing is read here"),
        ("let a = from s", "line 1, column 15: expected `from` and the name of a model or table"),
        ("where a", "line 1, column 1: expected `from`"),
        ("from s\nwher a", "line 2, column 1: expected a step (from, where, group, derive, select, join, sort, take, distinct, replicate), found `wher`; did you mean `where`?"),
        ("from s\nleftjoin m on k", "line 2, column 1: expected a step"),
        ("from s where a = 1", "line 1, column 16: expected an operator, found `=`; did you mean `==`?"),
        ("from s where a <> 1", "line 1, column 16: expected an operator, found `<>`; did you mean `!=`?"),
        ("from s where a in", "line 1, column 16: expected an operator, found `in`; `in` does not exist"),
        ("from s where a ! b", "line 1, column 16: the character `!` means nothing here; write `!=`"),
        ("from s where a == b == c", "line 1, column 21: expected the end of the comparison, found `==`; comparisons do not chain"),
        ("from s where (a", "line 1, column 16: expected `)` for the parenthesis of line 1, found the end of the file"),
        ("from s where", "line 1, column 13: expected an expression, found the end of the file"),
        ("from s where a || b", "line 1, column 19: expected a step"),
        ("from s where a == ||", "line 1, column 19: expected an expression, found `|`; write `or`"),
        ("from s /* x */", "line 1, column 8: expected a step"),
        ("from s derive { a: 1", "line 1, column 21: expected `}`: the brace of line 1 is never closed"),
        ("from s derive { a = 1 }", "line 1, column 19: expected `:` after `a`, found `=`; did you mean `:`?"),
        ("from s derive a: 1", "line 1, column 15: expected `{` before the columns of derive, found `a`"),
        ("from s derive {}", "line 1, column 8: this derive names no column"),
        ("from s group {}", "line 1, column 8: this group has neither keys nor columns"),
        ("from s group s.k {}", "line 1, column 14: expected a column without a qualifier to group by, found `s.`"),
        ("from s select { order }", "line 1, column 17: expected a column, or `}`, found `order`, which is a keyword and cannot be a name"),
        ("from s select { a: 1 }", "line 1, column 18: expected `,` or `}`, found `:`; select only names columns"),
        ("from s as c select { c.* }", "line 1, column 24: expected a column after `c.`, found `*`; only a bare `*` exists"),
        ("from s group k { n: count(*) }", "line 1, column 27: expected an expression, found `*`; write count() to count rows"),
        ("from s join m", "line 1, column 14: expected `on` and the columns that `m` shares with the first table"),
        ("from s join m on k == j", "line 1, column 20: expected `,` or the next step, found `==`; a join names columns"),
        ("from s cross join m on k", "line 1, column 21: expected `{ keep ... }` or the next step, found `on`; a cross join"),
        ("from s join a.m on k", "line 1, column 13: expected a bare name to join, found `a.`"),
        ("join m on k from s", "line 1, column 1: a join needs a `from` before it"),
        ("from s join m on k from t", "line 1, column 20: `from` has to stand before the joins"),
        ("from s take 1.5", "line 1, column 13: expected a whole number of rows after `take`, found `1.5`"),
        ("from s take -1", "line 1, column 13: expected a whole number"),
        ("from s take 18446744073709551616", "line 1, column 13: expected a whole number"),
        ("from s sort -a", "line 1, column 13: expected a column, found `-`; write `desc` after the column"),
        ("from s derive { x: f(a) over (sort a desc) }", "line 1, column 38: expected `,` or `)`, found `desc`; inside over() write -a"),
        ("from s derive { x: f(1e5) }", "line 1, column 22: `1e5` is neither a number nor a name"),
        ("from s where a > @2026-03-01T08:30", "line 1, column 18: `@2026-03-01T08` is neither a number nor a name; a date is"),
        ("from s where a > @today", "line 1, column 18: `@today` is not a date"),
        ('from s where a == "x', 'line 1, column 19: the text that begins with " here has no end'),
        ("from s\u00a0where a", "line 1, column 7: the character U+00A0 means nothing here"),
        ("from s where match a { _ => 1 }", "line 1, column 20: match needs a case with a value, and this has only `_`"),
        ("from s where match a { }", "line 1, column 20: match needs a case with a value, and this has none"),
        ("from s where match a { _ => 1, 2 => 3 }", "line 1, column 32: `_` takes everything, so nothing can follow it"),
        ("from s where match a { 1 }", "line 1, column 26: expected `=>` and the result of this case, found `}`"),
        ("from s let a = from t", "line 1, column 8: expected a step"),
        ("let a = from s let A = from s from a", "line 1, column 16: there are two lets called `A`"),
        ("from s derive { k: a } group k {}", "line 1, column 30: `k` is derived, and Rocky groups by the column of that name"),
        ("from s derive { d: a } select { b } sort d", "line 1, column 42: `d` is derived and not in the output"),
        ("from s derive { n: a } group k { n: sum(a) } where n > 1", "line 1, column 52: `n` is a column of the group"),
        ("from s join m on k group k {}", "line 1, column 26: `k` is joined on, so both tables have it"),
        ("from s select { x } group k {}", "line 1, column 21: `x` is in the output and not a key of the group"),
        ("from s select { * } group k {}", "line 1, column 21: `*` is in the output and not a key of the group"),
        ("from s group k {} join m on j { keep m.x }", "line 1, column 19: `m.x` is in the output and not a key"),
        ("from s group k {} select { * }", "line 1, column 19: `select` of everything cannot follow `group`"),
        ("from s group k {} group j {}", "line 1, column 19: there is a group already, in line 1"),
        ("from s where rank() over () > 1", "line 1, column 8: a window function cannot be filtered by in the same SELECT"),
        ("from s group k {} where 1 + rank() over () > 1", "line 1, column 19: a window function cannot be filtered by"),
    ],
)  # fmt: skip
def test_is_refused_where_it_is_wrong(text: str, message: str) -> None:
    assert refused(text).startswith(message)


@pytest.mark.parametrize("dialect", ["snowflake", "databricks", "bigquery"])
def test_a_backslash_may_not_leave_a_text_open(dialect: str) -> None:
    assert "leaves this text open" in refused('from s where a == "x\\"', dialect)
    assert "leaves this text open" in refused('from s where a == "x\\\\\\\'y"', dialect)
    assert sql('from s where a == "\\d\\\\"', dialect).endswith("a = '\\d\\\\'")
    assert sql('from s where a == "x\\"').endswith("a = 'x\\'")


def test_count_without_an_argument_is_valid_everywhere_and_said_to_differ_from_rocky() -> None:
    assert sql("from s group k { n: count() }", "snowflake") == "SELECT k, COUNT(*) AS n\nFROM s\nGROUP BY k"
    assert (
        "Rocky writes COUNT(), which snowflake may refuse" in warned("from s group k { n: count() }", "snowflake")[0][1]
    )


@pytest.mark.parametrize(
    "nested", ["(", "- ", "not ", "f(", "match a { 1 => ", "not (a + ", "1 * (", "a or (b and not c == 1 + (2 * "]
)
@pytest.mark.parametrize("depth", [300, 20_000])
def test_too_deep_is_an_error_with_a_place(nested: str, depth: int) -> None:
    assert refused(f"from s where {nested * depth}a").endswith(("nested too deeply", "with derive, or use a let"))


@pytest.mark.parametrize("nested", ["({}) * b + c == d and e or f", "(({}))", "-({} + 1)", "f({}) is null"])
def test_what_a_person_nests_is_not_too_deep(nested: str) -> None:
    text = "a"
    for _ in range(30):
        text = nested.format(text)
    assert sql(f"from s where {text}")


HUGE = {
    "terms": "from s where " + " + ".join(["a"] * 150_000) + " > 1",
    "conditions": "from s " + "where a or b " * 60_000,
    "columns": "from s select { " + ", ".join(f"c{i}" for i in range(90_000)) + " }",
    "derived": "from s derive { " + ", ".join(f"c{i}: a + {i}" for i in range(50_000)) + " }",
    "arms": "from s derive { x: match a { " + ", ".join(f"{i} => {i}" for i in range(60_000)) + " } }",
    "takes": "from s " + "take 5 " * 100_000,
    "text": 'from s where a == "' + "x" * 1_000_000 + '"',
    "lets": "\n".join(f"let l{i} = from s | where a" for i in range(30_000)) + "\nfrom s",
    "unclosed": "from s where " + "\"a' " * 200_000,
    "spaces": "from s" + " " * 1_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_a_megabyte_takes_a_moment(name: str) -> None:
    began = time.process_time()
    if name == "unclosed":
        refused(HUGE[name])
    else:
        assert sql(HUGE[name])
    assert time.process_time() - began < 15


def test_derived_columns_do_not_explode() -> None:
    doubled = ", ".join(["a0: x", *(f"a{i}: a{i - 1} + a{i - 1}" for i in range(1, 60))])
    assert "expand to more than 4,000,000 characters" in refused(f"from s derive {{ {doubled} }}")
    nested = "x"
    for _ in range(20):
        nested = f"(match {nested} {{ 1 => 1, 2 => 2, 3 => 3 }})"
    assert "expand to more than" in refused(f"from s where {nested} == 1")


def documented(table: str) -> list[list[str]]:
    """The rows of one table of docs/rocky-language.md, their first cell as a text of the language."""
    page = (Path(__file__).parents[2] / "docs" / "rocky-language.md").read_text(encoding="utf-8")
    lines = page.split(f"<!-- {table} -->")[1].split(f"<!-- /{table} -->")[0].strip().splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [[row[0].strip("`").replace(" / ", "\n"), *row[1:]] for row in rows]


@pytest.mark.parametrize("row", documented("differs"), ids=lambda row: str(row[0]))
def test_the_page_says_where_our_sql_is_another(row: list[str]) -> None:
    lowered = lower(row[0], dialect="duckdb")
    assert row[2].strip("`") in lowered.sql.replace("\n", " ")
    assert row[1].strip("`") not in lowered.sql.replace("\n", " ") or "*" in row[1] or "SELECT a" in row[1]
    assert lowered.differs


@pytest.mark.parametrize("row", documented("surprises"), ids=lambda row: str(row[0]))
def test_the_page_says_what_is_not_as_it_seems(row: list[str]) -> None:
    lowered = lower(row[0], dialect="duckdb")
    assert lowered.warnings
    assert not lowered.differs


@pytest.mark.parametrize("row", documented("errors"), ids=lambda row: str(row[0]))
def test_the_page_says_what_is_an_error(row: list[str]) -> None:
    assert refused(row[0])


def test_the_example_of_the_page_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rocky-language.md").read_text(encoding="utf-8")
    lowered = lower(page.split("```")[1], dialect="duckdb")
    assert not lowered.warnings
    assert "LEFT JOIN carriers AS c ON d.carrier = c.carrier\nWHERE d.weight * d.rate > 9" in lowered.sql


def test_the_page_lists_every_keyword() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "rocky-language.md").read_text(encoding="utf-8").split())
    assert set(page.split("cannot be names: `")[1].split("`")[0].split()) == KEYWORDS
