"""What an expression does besides reading columns, and what is known about functions."""

from __future__ import annotations

import hashlib
import re

import duckdb
import pytest
from sqlglot import exp

from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Traits, is_volatile, opaque_reasons, projection_traits
from rocky_action.sql.lineage.functions import is_aggregate, is_unknown, makes_rows
from rocky_action.sql.lineage.functions import is_volatile as function_is_volatile
from rocky_action.sql.parse import parse_query

TRAITS = [
    ("a + 1", Traits()),
    ("SUM(a)", Traits(aggregate=True)),
    ("1 + SUM(a) FILTER (WHERE b)", Traits(aggregate=True)),
    ("geomean(a)", Traits(aggregate=True)),
    ("SUM(a) OVER (PARTITION BY b)", Traits(window=True)),
    ("first(a IGNORE NULLS) OVER ()", Traits(window=True)),
    ("SUM(SUM(a)) OVER ()", Traits(aggregate=True, window=True)),
    ("row_number() OVER ()", Traits(window=True)),
    ("unnest(a)", Traits(set_returning=True)),
    ("(SELECT MAX(x) FROM u)", Traits(subquery=True)),
    ("(SELECT unnest(x) FROM u)", Traits(subquery=True)),
    ("EXISTS (FROM u)", Traits(subquery=True)),
    ("my_udf(a)", Traits(unknown_function=True)),
    ("a.my_udf()", Traits(unknown_function=True)),
    ("my_schema.lower(a)", Traits(unknown_function=True)),
    ("my_db.my_schema.lower(a)", Traits(unknown_function=True)),
    ("random()", Traits(volatile=True)),
    ("date_diff('day', a, current_date)", Traits(volatile=True)),
    ("a > now()", Traits(volatile=True)),
    ("CAST('today' AS DATE)", Traits(volatile=True)),
    ("nextval('s')", Traits(volatile=True)),
    ("(SELECT uuid())", Traits(subquery=True, volatile=True)),
]


@pytest.mark.parametrize(("projection", "traits"), TRAITS)
def test_a_projection_has_exactly_these_traits(projection: str, traits: Traits) -> None:
    query = parse_query(f"SELECT {projection} AS o FROM t", "duckdb")
    assert projection_traits(query.tree.selects[0], "duckdb") == traits


REASONS = [
    ("SELECT a FROM t WHERE b > 1", ()),
    ("SELECT a FROM t, range(3) AS r(i), unnest(t.l) AS e(j)", ()),
    ("SELECT a FROM t WHERE b > current_timestamp", ("current_timestamp() may answer differently each time",)),
    ("SELECT my_udf(a), my_udf(b) FROM t", ("my_udf() is not known",)),
    ("SELECT * FROM my_macro(1)", ("my_macro() is a table function",)),
    ("SELECT * FROM read_csv('x.csv')", ("read_csv() is a table function",)),
    ("SELECT a FROM t USING SAMPLE 5", ("TABLESAMPLE may answer differently each time",)),
]


@pytest.mark.parametrize(("sql", "reasons"), REASONS)
def test_the_reasons_are_told(sql: str, reasons: tuple[str, ...]) -> None:
    query = parse_query(sql, "duckdb")
    assert opaque_reasons(query) == reasons
    assert is_volatile(query) == any("each time" in reason for reason in reasons)


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


def test_every_aggregate_of_duckdb_is_known_as_one() -> None:
    for name in duckdb_functions("function_type = 'aggregate'"):
        node = call(name)
        if node is not None and not is_unknown(node, "duckdb"):
            assert is_aggregate(node) or is_aggregate(node.this), name


def test_every_function_of_duckdb_that_is_not_constant_is_known_as_volatile() -> None:
    for name in duckdb_functions("stability <> 'CONSISTENT'"):
        node = call(name)
        if node is not None and not is_unknown(node, "duckdb"):
            assert function_is_volatile(node) or name in ("current_schemas", "current_database", "current_schema"), name


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
