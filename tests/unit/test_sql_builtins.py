"""The lists of functions against what is installed: DuckDB's own catalog, and sqlglot's classes."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb
import pytest
from sqlglot import Dialect, exp
from sqlglot.parser import Parser

from rocky_action.domain.permits import Permits
from rocky_action.errors import SqlError
from rocky_action.sql.builtins import builtins_of, nodes
from rocky_action.sql.guard import does_more
from rocky_action.sql.parse import parse_query
from rocky_action.sql.permitted import Asked, call_refusal, refusal_of

DIALECTS = ("bigquery", "databricks", "duckdb", "snowflake")
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def installed(*kinds: str) -> set[str]:
    """Functions of the installed DuckDB that are called by a name."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ({listed})"
        ).fetchall()
    return {str(name).lower() for (name,) in rows if re.fullmatch(r"\w+", str(name))}


EVERY = installed("scalar", "aggregate", "window", "macro", "table", "table_macro")


def test_every_function_of_the_installed_duckdb_has_been_looked_at() -> None:
    lists = builtins_of("duckdb")
    unlisted = {name for name in EVERY if not (lists.has(name) or lists.refusal(name) or does_more(name))}
    assert unlisted == set(), "say in rocky_action/sql/builtins/duckdb.toml whether models may call them"


def test_no_function_is_on_both_lists() -> None:
    for dialect in DIALECTS:
        lists = builtins_of(dialect)
        doubtful = {name for name in lists.known if does_more(name)}
        doubtful |= {name for name in lists.known for pattern, _ in lists.refused if fnmatchcase(name, pattern)}
        assert doubtful <= {"system$typeof"}, dialect


def test_whatever_duckdb_reads_from_outside_is_refused() -> None:
    outside = {name for name in installed("table", "table_macro") if re.search("read_|scan|parquet|glob|sniff", name)}
    outside |= {name for name in EVERY if re.search("secret|setting|_log|profiling|resource", name)}
    assert len(outside) > 40
    for name in sorted(outside):
        assert call_refusal(name, Permits(), dialect="duckdb") is not None, name
        assert call_refusal(f"system.main.{name}", Permits(), dialect="duckdb") is not None, name


def test_what_a_tree_is_made_of_is_known_by_names_that_sqlglot_has() -> None:
    every, found = set(), [exp.Expr]
    while found:
        found = [below for kind in found for below in kind.__subclasses__()]
        every |= {kind.__name__ for kind in found}
    lists = nodes()
    assert lists.parts | lists.functions | lists.refused.keys() <= every
    assert not lists.parts & lists.functions
    assert not lists.refused.keys() & (lists.parts | lists.functions)


def test_every_function_of_sqlglots_has_been_looked_at() -> None:
    unlisted = {kind.__name__ for kind in exp.ALL_FUNCTIONS} - nodes().functions - nodes().refused.keys()
    assert unlisted == set(), "say in rocky_action/sql/builtins/sqlglot.toml whether models may call them"


def test_no_node_that_writes_is_part_of_a_reading_query() -> None:
    writing = {exp.DML, exp.DDL, exp.Command, exp.Set, exp.Pragma, exp.Attach, exp.Detach, exp.Use, exp.Kill, exp.Into}
    writing |= {exp.Copy, exp.Lock, exp.QueryTransform, exp.Block, exp.Transaction, exp.Commit, exp.Rollback}
    writing |= {exp.Export, exp.Put, exp.Get, exp.Grant, exp.Execute, exp.Refresh, exp.Cache, exp.LoadData, exp.Declare}
    reading = {exp.Select, exp.SetOperation, exp.Subquery, exp.Table, exp.Values, exp.Query}
    named = {getattr(exp, name) for name in nodes().parts | nodes().functions if hasattr(exp, name)}
    assert len(named) > 600
    for kind in named:
        if not issubclass(kind, tuple(reading)):
            assert not issubclass(kind, tuple(writing)), kind


@each_dialect
def test_a_list_holds_plain_names_in_lower_case(dialect: str) -> None:
    lists = builtins_of(dialect)
    for name in (*lists.known, *lists.families, *(pattern for pattern, _ in lists.refused)):
        assert re.fullmatch(r"[a-z_0-9*$.]+", name), name
        assert name.strip("*.") != "", name


def test_the_lists_are_part_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["package-data"]["rocky_action.sql.builtins"] == ["*.toml"]


HELD_BACK = {
    "duckdb": {"WEIGHT_STRING"},
    "snowflake": {"DIRECTORY", "IDENTIFIER", "SEMANTIC_VIEW", "TRY_TO_FILE", "WEIGHT_STRING"},
    "bigquery": {name for name in Dialect.get_or_raise("bigquery").parser_class.FUNCTION_PARSERS if "GENERATE" in name}
    | {"EMBED", "FEATURES_AT_TIME", "FORECAST", "GENERATE", "PREDICT", "SIMILARITY", "WEIGHT_STRING"},
    "databricks": {"BROADCAST", "BROADCASTJOIN", "MAPJOIN", "MERGE", "MERGEJOIN", "SHUFFLEMERGE", "SHUFFLE_HASH"}
    | {"SHUFFLE_REPLICATE_NL", "WEIGHT_STRING"},
}
"""What sqlglot has a way to read for a warehouse and that does more than compute, is another's, or is a hint."""


@each_dialect
def test_what_sqlglot_knows_of_a_warehouse_is_not_held_back(dialect: str) -> None:
    parser = Dialect.get_or_raise(dialect).parser_class
    refused = set()
    for name in sorted(set(parser.FUNCTIONS) - set(Parser.FUNCTIONS) | set(parser.FUNCTION_PARSERS)):
        for arguments in ("()", "(a)", "(a, b)", "(a, b, c)", "('x')"):
            try:
                query = parse_query(f"SELECT {name}{arguments} AS x FROM t", dialect)
            except SqlError:
                continue
            if refusal_of(query, Asked()) is not None:
                refused.add(name)
    assert refused == HELD_BACK[dialect]


@each_dialect
def test_what_somebody_allows_is_allowed_and_nothing_beside_it(dialect: str) -> None:
    permits = Permits(frozenset({"my_udf", "analytics.to_eur"}))
    assert call_refusal("My_UDF", permits, dialect=dialect) is None
    assert call_refusal("analytics.to_eur", permits, dialect=dialect) is None
    for other in ("my_udf2", "to_eur", "other.my_udf", "x.analytics.to_eur"):
        assert call_refusal(other, permits, dialect=dialect) is not None


@pytest.mark.parametrize("name", ["query", "reflect", "postgres_execute", "nextval", "system$abort_session"])
def test_nobody_can_allow_what_hides_sql_or_acts(name: str) -> None:
    found = call_refusal(name, Permits(frozenset({name})), dialect="duckdb")
    assert found is not None
    assert found[1] == ""
