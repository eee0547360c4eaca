"""What an edit of a query does to its result; each promise is kept to by DuckDB, on nasty tables."""

from __future__ import annotations

import pytest

from rocky_action.domain.changes import AllRows, SomeColumns, Untouched
from rocky_action.domain.project import Model, SurrogateKey, TimeInterval
from rocky_action.sql.edits import ANYTHING, NOTHING, Edit, edit_of, edit_of_model
from rocky_action.sql.parse import parse_query
from tests.support.edit_oracle import EditOracle
from tests.support.sql_models import model


@pytest.fixture(scope="module")
def oracle() -> EditOracle:
    return EditOracle()


def edit(base: str, head: str) -> Edit:
    return edit_of(parse_query(base, "duckdb"), parse_query(head, "duckdb"))


COLUMNS = {
    "an expression": ("SELECT a, b FROM t", "SELECT a, -b AS b FROM t", "b"),
    "a type": ("SELECT a, b FROM t", "SELECT a, b::VARCHAR AS b FROM t", "b"),
    "a new one in front": ("SELECT a, b FROM t", "SELECT 1 AS n, a, b FROM t", "n"),
    "a new one beside a star": ("SELECT * FROM t", "SELECT *, 1 AS n FROM t", "n"),
    "a new one called like a star's": ("SELECT * FROM u", "SELECT *, 1 AS a FROM u", "a"),
    "a new one in front of a star's": ("SELECT * FROM u", "SELECT 1 AS a, * FROM u", "a"),
    "what a star leaves out": ("SELECT * FROM u", "SELECT * EXCLUDE (a) FROM u", "a"),
    "what a star leaves out is computed": ("SELECT * FROM u", "SELECT * EXCLUDE (A), k AS a FROM u", "a"),
    "another one is left out": ("SELECT * EXCLUDE (a), 1 AS z FROM u", "SELECT * EXCLUDE (k), 1 AS z FROM u", "a k"),
    "one of two stars": ("SELECT t.*, u.* FROM t, u", "SELECT t.* EXCLUDE (a), u.* FROM t, u", "a"),
    "a column that both relations have": ("SELECT * FROM t, u", "SELECT * EXCLUDE (a) FROM t, u", "a"),
    "a join's key": ("SELECT * FROM t JOIN u USING (a)", "SELECT * EXCLUDE (a) FROM t JOIN u USING (a)", "a"),
    "through an alias": ("SELECT a AS x, x + 1 AS y, b FROM t", "SELECT b AS x, x + 1 AS y, b FROM t", "x y"),
    "an alias captures": ("SELECT a, k + 1 AS y FROM u", "SELECT a, 1 AS k, k + 1 AS y FROM u", "k y"),
    "the case of a name": ("SELECT a AS x, b FROM t", "SELECT a AS X, b FROM t", "x"),
    "a window": (
        "SELECT a, count(*) OVER (PARTITION BY a) AS n FROM t",
        "SELECT a, count(*) OVER (PARTITION BY b) AS n FROM t",
        "n",
    ),
    "an aggregate among others": ("SELECT max(a) AS m, 1 AS k FROM t", "SELECT max(a) AS m, min(b) AS k FROM t", "k"),
    "an aggregate of a group": (
        "SELECT a, max(b) AS m FROM t GROUP BY a",
        "SELECT a, min(b) AS m FROM t GROUP BY a",
        "m",
    ),
    "a column of a CTE": (
        "WITH q AS (SELECT a, b FROM t) SELECT a, b + 1 AS y FROM q",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT a, b + 1 AS y FROM q",
        "y",
    ),
    "a column of a CTE and of the body": (
        "WITH q AS (SELECT a, b FROM t) SELECT a, b AS y, 1 AS z FROM q",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT a, b AS y, 2 AS z FROM q",
        "y z",
    ),
    "a column of a CTE of a CTE": (
        "WITH q AS (SELECT a, b FROM t), r AS (SELECT *, 1 AS z FROM q) SELECT * FROM r",
        "WITH q AS (SELECT a, -b AS b FROM t), r AS (SELECT *, 1 AS z FROM q) SELECT * FROM r",
        "b",
    ),
    "a column of a CTE that is new": (
        "WITH q AS (SELECT a FROM t) SELECT a FROM q",
        "WITH q AS (SELECT a, b FROM t) SELECT a, b FROM q",
        "b",
    ),
    "a CTE in a projection": (
        "WITH q AS (SELECT a, b FROM t) SELECT a, (SELECT max(b) FROM q) AS m FROM u",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT a, (SELECT max(b) FROM q) AS m FROM u",
        "m",
    ),
    "a CTE in other letters": (
        "WITH Q AS (SELECT a, b FROM t) SELECT a, b FROM q",
        'WITH "q" AS (SELECT a, -b AS b FROM t) SELECT a, b FROM Q',
        "b",
    ),
    "a CTE that another one stands before": (
        "WITH q AS (SELECT a, b FROM t) SELECT a, b FROM q",
        "WITH r AS (SELECT 1 AS z), q AS (SELECT a, -b AS b FROM t) SELECT a, b FROM q",
        "b",
    ),
    "a CTE called like a table, not read": (
        "WITH w AS (SELECT 1 AS z) SELECT a, b FROM t",
        "WITH w AS (SELECT 2 AS z) SELECT a, -b AS b FROM t",
        "b",
    ),
    "a qualified name is no CTE": (
        "SELECT a, k FROM main.u",
        "WITH u AS (SELECT 1 AS k) SELECT a, -k AS k FROM main.u",
        "k",
    ),
    "a column of a branch": (
        "SELECT a, b FROM t UNION ALL SELECT a, k FROM u",
        "SELECT a, b FROM t UNION ALL SELECT a, -k AS k FROM u",
        "b",
    ),
    "the type of a branch is that of all": (
        "SELECT a, b FROM t UNION ALL SELECT a, k FROM u",
        "SELECT a, b FROM t UNION ALL SELECT a, k::VARCHAR AS k FROM u",
        "b",
    ),
    "a column more in each branch": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u",
        "SELECT a, c, b FROM t UNION ALL SELECT id, 'none' AS d, k FROM u",
        "c",
    ),
    "a column less in each branch": (
        "SELECT a, c, b FROM t UNION ALL SELECT id, 'none' AS d, k FROM u",
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u",
        "c",
    ),
    "a name of the first branch": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u UNION ALL SELECT id, a FROM u",
        "SELECT a, b AS n FROM t UNION ALL SELECT id, k AS n FROM u UNION ALL SELECT id, a AS n FROM u",
        "b n",
    ),
    "a CTE in a branch": (
        "WITH q AS (SELECT id, k FROM u) SELECT a, b FROM t UNION ALL SELECT id, k FROM q",
        "WITH q AS (SELECT id, -k AS k FROM u) SELECT a, b FROM t UNION ALL SELECT id, k FROM q",
        "b",
    ),
    "branches of a CTE": (
        "WITH q AS (SELECT a, b FROM t UNION ALL SELECT id, k FROM u) SELECT a, b AS y FROM q",
        "WITH q AS (SELECT a, b FROM t UNION ALL SELECT id, -k AS k FROM u) SELECT a, b AS y FROM q",
        "y",
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_an_edit_of_columns(name: str, oracle: EditOracle) -> None:
    base, head, columns = COLUMNS[name]
    for one, other in ((base, head), (head, base)):
        assert oracle.run(one) is not None
        assert oracle.judge(one, other) == columns


NOT_SEEN = {
    "a CTE's column that nobody reads": (
        "WITH q AS (SELECT a, b FROM t) SELECT a FROM q",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT a FROM q",
    ),
    "a CTE's column that a star leaves out": (
        "WITH q AS (SELECT a, b FROM t) SELECT * EXCLUDE (b) FROM q",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT * EXCLUDE (b) FROM q",
    ),
}


@pytest.mark.parametrize("name", NOT_SEEN)
def test_an_edit_that_does_not_reach_the_result(name: str, oracle: EditOracle) -> None:
    assert oracle.judge(*NOT_SEEN[name]) == "no column"


def test_an_edit_that_does_not_reach_the_result_can_still_fail(oracle: EditOracle) -> None:
    base = "WITH q AS (SELECT a, max(b) AS m FROM t GROUP BY a) SELECT a FROM q"
    head = "WITH q AS (SELECT a, max(b) + b AS m FROM t GROUP BY a) SELECT a FROM q"
    assert oracle.run(base) is not None
    assert oracle.run(head) is None
    assert edit(base, head) == Edit(SomeColumns(frozenset()))


ROWS = {
    "CTEs the other way round": (
        "WITH b AS (SELECT a FROM t), t AS (SELECT a + 1 AS a FROM u) SELECT b.a, t.a AS c FROM b, t",
        "WITH t AS (SELECT a + 1 AS a FROM u), b AS (SELECT a FROM t) SELECT b.a, t.a AS c FROM b, t",
    ),
    "a CTE shadows a table": (
        "SELECT a, 1 AS k FROM t",
        "WITH t AS (SELECT a + 1 AS a FROM u) SELECT a, 2 AS k FROM t",
    ),
    "a CTE shadows a table in other letters": (
        "SELECT a, 1 AS k FROM t",
        'WITH "T" AS (SELECT a + 1 AS a FROM u) SELECT a, 2 AS k FROM t',
    ),
    "a CTE that shadowed a table is called otherwise": (
        "WITH t AS (SELECT a + 1 AS a FROM u) SELECT a, 1 AS k FROM t",
        "WITH v AS (SELECT a + 1 AS a FROM u) SELECT a, 2 AS k FROM t",
    ),
    "a CTE shadows a table in a projection": (
        "SELECT (SELECT max(a) FROM t) AS m, 1 AS k FROM u",
        "WITH t AS (SELECT a + 1 AS a FROM u) SELECT (SELECT max(a) FROM t) AS m, 2 AS k FROM u",
    ),
    "a CTE shadows a table that another one reads": (
        "WITH q AS (SELECT a FROM t) SELECT a, 1 AS k FROM q",
        "WITH t AS (SELECT a + 1 AS a FROM u), q AS (SELECT a FROM t) SELECT a, 2 AS k FROM q",
    ),
    "a CTE inside of a CTE": (
        "WITH x AS (WITH n AS (SELECT a FROM t) SELECT a, 1 AS k FROM n) SELECT * FROM x",
        "WITH x AS (WITH n AS (SELECT a + 1 AS a FROM t) SELECT a, 2 AS k FROM n) SELECT * FROM x",
    ),
    "letters without a case for everybody": (
        'WITH "É" AS (SELECT a FROM t) SELECT a, 1 AS k FROM "É"',
        'WITH "é" AS (SELECT a FROM t) SELECT a, 2 AS k FROM "É"',
    ),
    "the first aggregate, beside one in a query of its own": (
        "SELECT (SELECT max(a) FROM u) AS m, 1 AS x FROM t",
        "SELECT (SELECT max(a) FROM u) AS m, sum(a) AS x FROM t",
    ),
    "the first aggregate, beside a function nobody knows": (
        "SELECT list_value(1) AS m, 1 AS x FROM t",
        "SELECT list_value(1) AS m, sum(a) AS x FROM t",
    ),
    "the first aggregate, beside a window": (
        "SELECT count(*) OVER () AS m, 1 AS x FROM t",
        "SELECT count(*) OVER () AS m, sum(a) AS x FROM t",
    ),
    "the last aggregate": ("SELECT 1 AS k, max(a) AS m FROM t", "SELECT 1 AS k FROM t"),
    "an alias captures a name in a query": (
        "SELECT a, (SELECT k) AS y FROM u",
        "SELECT a, 1 AS k, (SELECT k) AS y FROM u",
    ),
    "a list that is unfolded by its alias": (
        "SELECT l AS k, unnest(k) AS x, a FROM t",
        "SELECT [1, 2] AS k, unnest(k) AS x, a FROM t",
    ),
    "a position behind a star": (
        "SELECT *, k AS y, 1 AS z, 2 AS w FROM u ORDER BY 4 LIMIT 1",
        "SELECT *, -k AS y, 1 AS z, 2 AS w FROM u ORDER BY 4 LIMIT 1",
    ),
    "a position behind a new column": (
        "SELECT a, b FROM t ORDER BY 2, 1 LIMIT 2",
        "SELECT a, c, b FROM t ORDER BY 2, 1 LIMIT 2",
    ),
    "a second spelling moves on": (
        "SELECT *, k AS a FROM u",
        "SELECT *, 1 AS a_1, k AS a FROM u",
    ),
    "a condition": ("SELECT a, b FROM t WHERE a > 1", "SELECT a, -b AS b FROM t WHERE a > 2"),
    "a filter by an alias": ("SELECT a AS x, b FROM t WHERE x > 1", "SELECT a + 1 AS x, b FROM t WHERE x > 1"),
    "a limit by an alias": (
        "SELECT a, b AS y FROM t ORDER BY y, a LIMIT 2",
        "SELECT a, -b AS y FROM t ORDER BY y, a LIMIT 2",
    ),
    "a qualifying alias": (
        "SELECT a, row_number() OVER (ORDER BY a, b, c) AS r FROM t QUALIFY r < 3",
        "SELECT a, row_number() OVER (ORDER BY b, a, c) AS r FROM t QUALIFY r < 3",
    ),
    "distinct": ("SELECT DISTINCT a, b FROM t", "SELECT DISTINCT a, c AS b FROM t"),
    "grouped by all": (
        "SELECT a % 2 AS x, count(*) AS n FROM t GROUP BY ALL",
        "SELECT a % 3 AS x, count(*) AS n FROM t GROUP BY ALL",
    ),
    "the first of each, in no order": (
        "WITH q AS (SELECT DISTINCT ON (a) a, b FROM t) SELECT a, b, 1 AS k FROM q",
        "WITH q AS (SELECT DISTINCT ON (a) a, b FROM t) SELECT a, b, 2 AS k FROM q",
    ),
    "some rows, in no order": (
        "WITH q AS (SELECT a, b FROM t LIMIT 2) SELECT a, b, 1 AS k FROM q",
        "WITH q AS (SELECT a, b FROM t LIMIT 2) SELECT a, b, 2 AS k FROM q",
    ),
    "all but some rows, in no order": (
        "WITH q AS (SELECT a, b FROM t OFFSET 2) SELECT a, b, 1 AS k FROM q",
        "WITH q AS (SELECT a, b FROM t OFFSET 2) SELECT a, b, 2 AS k FROM q",
    ),
    "a sample": (
        "WITH q AS (SELECT a, b FROM t USING SAMPLE 2 ROWS) SELECT a, b, 1 AS k FROM q",
        "WITH q AS (SELECT a, b FROM t USING SAMPLE 2 ROWS) SELECT a, b, 2 AS k FROM q",
    ),
    "chance": ("SELECT random() AS r, 1 AS k FROM t", "SELECT random() AS r, 2 AS k FROM t"),
    "chance that is gone": ("SELECT random() AS r, a FROM t", "SELECT 1 AS r, a FROM t"),
    "a function of somebody's": ("SELECT mine(a) AS r, 1 AS k FROM t", "SELECT mine(a) AS r, 2 AS k FROM t"),
    "a column more in one branch": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u",
        "SELECT a, b, c FROM t UNION ALL SELECT id, k FROM u",
    ),
    "a column more in another place of each branch": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u",
        "SELECT a, c, b FROM t UNION ALL SELECT id, k, 'x' AS d FROM u",
    ),
    "a star in a branch": (
        "SELECT *, 1 AS z FROM u UNION ALL SELECT *, 1 AS z FROM u",
        "SELECT * EXCLUDE (k), 1 AS z FROM u UNION ALL SELECT * EXCLUDE (id), 1 AS z FROM u",
    ),
    "one branch more": ("SELECT a FROM t", "SELECT a FROM t UNION ALL SELECT id FROM u"),
    "a union without duplicates": (
        "SELECT a, b FROM t UNION SELECT id, k FROM u",
        "SELECT a, b FROM t UNION SELECT id, a AS k FROM u",
    ),
    "a union by name": (
        "SELECT a, b FROM t UNION ALL BY NAME SELECT a, k FROM u",
        "SELECT a, b FROM t UNION ALL BY NAME SELECT a, k AS b FROM u",
    ),
    "a union in parentheses": (
        "(SELECT a, b FROM t UNION SELECT a, k FROM u) UNION ALL SELECT id, k FROM u",
        "(SELECT a, b FROM t UNION SELECT a, id AS k FROM u) UNION ALL SELECT id, k FROM u",
    ),
    "a union that is cut off": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u ORDER BY b, a LIMIT 2",
        "SELECT a, b FROM t UNION ALL SELECT id, -k AS k FROM u ORDER BY b, a LIMIT 2",
    ),
    "branches whose columns have changed places": (
        "SELECT a, b FROM t UNION ALL SELECT id, k FROM u",
        "SELECT a, b FROM t UNION ALL SELECT k, id FROM u",
    ),
    "columns that have changed places": ("SELECT a, b FROM t", "SELECT b, a FROM t"),
    "stars that have changed places": ("SELECT t.*, u.* FROM t, u", "SELECT u.*, t.* FROM t, u"),
    "a star more": ("SELECT *, 1 AS z FROM u", "SELECT *, *, 1 AS z FROM u"),
    "two columns of one name": ("SELECT a AS x, b AS x FROM t", "SELECT a AS x, c AS x FROM t"),
    "a CTE that decides rows": (
        "WITH q AS (SELECT a, b FROM t) SELECT a FROM u WHERE a IN (SELECT b FROM q)",
        "WITH q AS (SELECT a, -b AS b FROM t) SELECT a FROM u WHERE a IN (SELECT b FROM q)",
    ),
    "a recursive CTE": (
        "WITH RECURSIVE q AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM q WHERE n < 3) SELECT n, 1 AS k FROM q",
        "WITH RECURSIVE q AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM q WHERE n < 4) SELECT n, 2 AS k FROM q",
    ),
    "the columns of a CTE by its name": (
        "WITH q(x, y) AS (SELECT a, b FROM t) SELECT x, y, 1 AS k FROM q",
        "WITH q(y, x) AS (SELECT a, b FROM t) SELECT x, y, 2 AS k FROM q",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_edit_that_may_reach_every_row(name: str) -> None:
    base, head = ROWS[name]
    assert edit(base, head) == ANYTHING
    assert edit(head, base) == ANYTHING


def test_these_rows_do_differ(oracle: EditOracle) -> None:
    """Most of them, that is: what only may do so is in the list as well."""
    surely = [name for name in ROWS if oracle.verdict(*ROWS[name], edit=NOTHING).startswith("WRONG")]
    assert len(surely) > len(ROWS) * 0.8


def test_the_same_query_is_untouched() -> None:
    assert edit("SELECT a FROM t", "select (a) from t") == NOTHING == Edit(Untouched())


def test_what_became_of_each_column() -> None:
    found = edit(
        "SELECT a, b AS Old, c AS gone, 1 AS z FROM t",
        "SELECT a, b AS New, a || c AS Fresh, 2 AS z FROM t",
    )
    assert found == Edit(
        SomeColumns(frozenset({"old", "new", "gone", "fresh", "z"})),
        changed=("z",),
        added=("Fresh",),
        removed=("gone",),
        renamed=(("Old", "New"),),
    )


def test_two_columns_of_one_expression_are_not_told_apart() -> None:
    found = edit("SELECT a AS x, 1 AS z FROM t", "SELECT a AS y, a AS w, 1 AS z FROM t")
    assert (found.added, found.removed, found.renamed) == (("y", "w"), ("x",), ())


def test_a_column_that_only_a_star_has_is_told_too() -> None:
    found = edit("SELECT * FROM t", "SELECT * EXCLUDE (b, A) FROM t")
    assert found == Edit(SomeColumns(frozenset({"a", "b"})), removed=("a", "b"))


class TestModels:
    """Surrogate keys, the .rocky language, and what cannot be read."""

    KEY = SurrogateKey("key", ("a",))

    def of(self, base: Model, head: Model) -> Edit:
        """What the edit does to the relation."""
        return edit_of_model(base, head, dialect="duckdb")

    def keyed(self, sql: str, *keys: SurrogateKey) -> Model:
        return Model(**{**vars(model("m", sql)), "surrogate_keys": keys})

    def test_a_key_follows_its_columns(self) -> None:
        base, head = (self.keyed(f"SELECT {a} AS a, {b} AS b FROM t", self.KEY) for a, b in (("a", "b"), ("-a", "b")))
        assert self.of(base, head) == Edit(SomeColumns(frozenset({"a", "key"})), changed=("a", "key"))

    def test_a_key_of_other_columns_stays(self) -> None:
        base, head = (self.keyed(f"SELECT a, {b} AS b FROM t", self.KEY) for b in ("b", "-b"))
        assert self.of(base, head) == Edit(SomeColumns(frozenset({"b"})), changed=("b",))

    def test_a_column_called_like_a_key(self) -> None:
        base, head = (self.keyed(sql, self.KEY) for sql in ("SELECT a FROM t", 'SELECT a, b AS "Key" FROM t'))
        assert isinstance(self.of(base, head).effect, AllRows)

    def test_other_keys_are_other_columns(self) -> None:
        base = self.keyed("SELECT a, b FROM t", self.KEY)
        head = self.keyed("SELECT a, -b AS b FROM t", SurrogateKey("key", ("b",)))
        assert self.of(base, head) == ANYTHING

    def test_what_cannot_be_read(self) -> None:
        whole, broken = model("m", "SELECT a FROM t"), model("m", "SELECT a FROM (")
        assert self.of(whole, broken) == self.of(broken, whole) == ANYTHING

    def test_a_rocky_model_that_rocky_reads_otherwise(self) -> None:
        """Rocky leaves parentheses out: then only the same words are known to mean the same there."""

        def rocky(where: str, x: int) -> Model:
            text = f"from t\nwhere {where}\nderive {{ x: {x} }}\nselect {{ a, x }}"
            return Model(**{**vars(model("m", text)), "language": "rocky"})

        assert self.of(rocky("a and b", 1), rocky("a and b", 2)).effect == SomeColumns(frozenset({"x"}))
        assert self.of(rocky("a or b\nwhere c", 1), rocky("(a or b) and c", 2)) == ANYTHING

    def test_placeholders_are_moments_of_their_own(self) -> None:
        sql = "SELECT a, b FROM t WHERE a >= @start_date AND a < @end_date"
        base = model("m", sql, strategy=TimeInterval("a", "day"))
        head = model("m", sql.replace("b FROM", "-b AS b FROM"), strategy=TimeInterval("a", "day"))
        other_way = "SELECT a, -b AS b FROM t WHERE a >= @end_date AND a < @start_date"
        swapped = model("m", other_way, strategy=base.strategy)
        assert self.of(base, head).effect == SomeColumns(frozenset({"b"}))
        assert self.of(base, swapped) == ANYTHING
