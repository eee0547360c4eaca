"""Why an edit of a query cannot be judged by its columns, and what is known about functions."""

from __future__ import annotations

import hashlib
import re

import duckdb
import pytest
from sqlglot import exp

from rocky_action.errors import SqlError
from rocky_action.sql.lineage import opaque_reasons
from rocky_action.sql.lineage.functions import is_unknown, is_volatile, makes_rows
from rocky_action.sql.parse import parse_query

SAMPLES = [
    "SELECT a FROM t USING SAMPLE 5",
    "SELECT a FROM t USING SAMPLE 10% (bernoulli, 1)",
    "SELECT a FROM t TABLESAMPLE 10%",
    "SELECT a FROM t AS u TABLESAMPLE reservoir(20%)",
    "SELECT a FROM (SELECT a FROM t) AS u TABLESAMPLE 5 ROWS",
    "SELECT t.a FROM t JOIN u TABLESAMPLE 5 ROWS ON t.a = u.a",
    "WITH q AS (SELECT a FROM t USING SAMPLE 5) SELECT a FROM q",
    "SELECT a FROM t WHERE a IN (SELECT a FROM u TABLESAMPLE 10%)",
]
"""Every place where a sample can be asked for."""
REASONS = [
    ("SELECT a FROM t WHERE b > 1", ()),
    ("SELECT a FROM t, range(3) AS r(i), unnest(t.l) AS e(j)", ()),
    ("SELECT a FROM t WHERE b > current_timestamp", ("current_timestamp() may answer differently each time",)),
    ("SELECT my_udf(a), my_udf(b) FROM t", ("my_udf() is not known",)),
    ("SELECT * FROM my_macro(1)", ("my_macro() is a table function",)),
    ("SELECT * FROM read_csv('x.csv')", ("read_csv() is a table function",)),
    ("SELECT a FROM t, LATERAL my_macro(1)", ("my_macro() is not known",)),
    ("SELECT a.my_udf() FROM t", ("DOT is not known", "my_udf() is not known")),
    ("SELECT my_schema.lower(a) FROM t", ("DOT is not known", "lower() is not known")),
    ("SELECT my_db.my_schema.mad(a) FROM t", ("DOT is not known",)),
    ("SELECT random() FROM t", ("rand() may answer differently each time",)),
    ("SELECT nextval('s')", ("nextval() may answer differently each time",)),
    ("SELECT CAST('today' AS DATE)", ("'today' may answer differently each time",)),
    ("SELECT (SELECT uuid()) FROM t", ("uuid() may answer differently each time",)),
    *[(sql, ("TABLESAMPLE may answer differently each time",)) for sql in SAMPLES],
]


@pytest.mark.parametrize(("sql", "reasons"), REASONS)
def test_the_reasons_are_told(sql: str, reasons: tuple[str, ...]) -> None:
    assert opaque_reasons(parse_query(sql, "duckdb")) == reasons


ROWS = [
    ("a + 1", "duckdb", False),
    ("unnest(a)", "duckdb", True),
    ("1 + unnest(a)", "duckdb", True),
    ("(SELECT unnest(x) FROM u)", "duckdb", False),
    ("generate_series(1, 3)", "duckdb", False),
    ("generate_series(1, 3)", "postgres", True),
]


@pytest.mark.parametrize(("projection", "dialect", "several"), ROWS)
def test_a_projection_makes_rows_by_a_function_of_its_own(projection: str, dialect: str, several: bool) -> None:
    assert makes_rows(parse_query(f"SELECT {projection} AS o FROM t", dialect).tree.selects[0], dialect) == several


def duckdb_functions(condition: str) -> list[str]:
    sql = f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE {condition} ORDER BY ALL"
    names = duckdb.connect().execute(sql).fetchall()
    return [name for (name,) in names if re.fullmatch(r"[a-z]\w*", name)]


def call(name: str) -> exp.Expr | None:
    for arguments in ("a, b", "a", ""):
        try:
            return parse_query(f"SELECT {name}({arguments}) FROM t", "duckdb").tree.selects[0]
        except SqlError:
            continue
    return None


def test_every_function_of_duckdb_that_is_not_constant_is_known_as_volatile() -> None:
    for name in duckdb_functions("stability <> 'CONSISTENT'"):
        node = call(name)
        if node is not None and not is_unknown(node, "duckdb"):
            assert is_volatile(node) or name in ("current_schemas", "current_database", "current_schema"), name


def test_every_macro_of_duckdb_that_makes_rows_is_known_as_one() -> None:
    names = duckdb_functions("function_type = 'macro' AND macro_definition ILIKE '%unnest%'")
    assert "regexp_split_to_table" in names
    for name in names:
        node = call(name)
        assert node is None or is_unknown(node, "duckdb") or makes_rows(node, "duckdb"), name


def test_no_function_of_sqlglot_is_new() -> None:
    """Look at what is new, decide in ``sql/lineage/functions.py`` what it is, then change the numbers here."""
    names = sorted(one.__name__ for one in vars(exp).values() if isinstance(one, type) and issubclass(one, exp.Func))
    assert (len(names), hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]) == (571, "81c3fe2d9263")
