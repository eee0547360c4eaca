"""The statements that build a model, in every dialect: golden SQL, and what the dialect's own parser makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from rocky_action.domain.diff import Column
from rocky_action.domain.project import DeleteInsert, Merge, Model, Relation, SurrogateKey
from rocky_action.sql import statements
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.quoting import folded, quote, relation, text_literal
from rocky_action.sql.references import Targets
from rocky_action.sql.rewrite import rewrite, with_surrogate_keys
from tests.support.golden import check_golden

DIALECTS = ("bigquery", "databricks", "duckdb", "snowflake")
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)
at = datetime.fromisoformat
TARGET = Relation("shop-prod", "branch__feature_7", "orders")
WINDOW = Window(at("2026-03-01"), at("2026-03-02"))
NOW = at("2026-03-01T12:30:00")
COLUMNS = ("id", "placed_at", "amount")
SQL = "SELECT id, placed_at, amount FROM raw.new"
TIMES = {
    "bigquery": ("TIMESTAMP", "DATETIME", "DATE", "STRING"),
    "databricks": ("timestamp", "timestamp_ntz", "date", "string"),
    "duckdb": ("TIMESTAMP", "DATE", "VARCHAR"),
    "snowflake": ("TIMESTAMP_NTZ(9)", "TIMESTAMP_LTZ(9)", "TIMESTAMP_TZ(3)", "DATE", "VARCHAR(16777216)"),
}
Labelled = tuple[str, list[str]]


def built(target: Relation, query: Query, *, columns: tuple[str, ...], time: str) -> Iterator[Labelled]:
    """Every statement there is, over columns of these names."""
    dialect, (first, second, *_) = query.dialect, columns
    yield "full_refresh", [statements.create_table(target, query.text, dialect=dialect)]
    yield "view", [statements.create_view(target, query.text, dialect=dialect)]
    yield "incremental, microbatch", [statements.append(target, query)]
    for label, strategy in (
        ("merge", Merge((first,))),
        ("merge by two, updating one", Merge((first, second), columns[-1:])),
    ):
        yield label, [statements.merge(target, query, strategy=strategy, columns=columns)]
    yield "delete_insert", statements.delete_insert(target, query, strategy=DeleteInsert((first,)))
    yield "delete_insert by two", statements.delete_insert(target, query, strategy=DeleteInsert((first, second)))
    for kind in TIMES[dialect]:
        column = Column(time, kind)
        yield f"time_interval on {kind}", statements.replace_window(target, query, column=column, window=WINDOW)


@each_dialect
def test_golden_sql(dialect: str) -> None:
    query = parse_query(SQL, dialect)
    shown = dict(built(TARGET, query, columns=COLUMNS, time="placed_at"))
    for kind in TIMES[dialect]:
        newest = statements.newest(TARGET, Column("placed_at", kind), now=NOW, dialect=dialect)
        shown[f"time_interval on {kind}, newest partition of base"] = [newest]
    keyed = Model("m", "m.sql", SQL, TARGET, surrogate_keys=(SurrogateKey("key", ("id", "amount")),))
    shown["surrogate key"] = [with_surrogate_keys(query, keyed).text]
    texts = (f"-- {label}\n" + "".join(f"{sql};\n" for sql in sqls) for label, sqls in shown.items())
    check_golden(f"statements_{dialect}.sql", "\n".join(texts))


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="."), min_size=1, max_size=8)
"""Without dots, at which BigQuery takes a quoted name apart."""


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(DIALECTS), st.tuples(NAMES, NAMES, NAMES), st.lists(NAMES, min_size=3, max_size=4, unique=True))
def test_each_statement_is_one_statement_that_writes_its_target_and_nothing_else(
    dialect: str, names: tuple[str, str, str], columns: list[str]
) -> None:
    target, query = Relation(*names), parse_query(SQL, dialect)
    for _, sqls in built(target, query, columns=tuple(columns), time=columns[0]):
        for sql in sqls:
            (tree,) = sqlglot.parse(sql, read=dialect)
            assert isinstance(tree, exp.Create | exp.Insert | exp.Delete | exp.Merge), sql
            written = tree.this
            assert isinstance(written, exp.Table), sql
            assert (written.catalog, written.db, written.name) == names
            assert len(list(tree.find_all(exp.Create, exp.Insert, exp.Delete, exp.Merge))) <= 2  # MERGE has an INSERT
            others = {table.name for table in tree.find_all(exp.Table) if table is not written}
            assert others <= {"new"}, sql


def test_a_new_row_gets_every_column_where_there_is_no_short_form() -> None:
    query = parse_query(SQL, "snowflake")
    merged = statements.merge(TARGET, query, strategy=Merge(("id",), ("amount",)), columns=COLUMNS)
    assert 'INSERT ("id", "placed_at", "amount") VALUES (s."id", s."placed_at", s."amount")' in merged


# Names and text


HOSTILE = (
    "it's",
    'q"q',
    "a\\b",
    "a\\'b",
    "\\",
    "l1\nl2\r\tx",
    "${env:HOME}",
    "ü✂🙂",
    "a''b",
    "\\n",
    "\\u0041",
    "`x`",
    "%s",
)


def decoded(literal: str, dialect: str) -> str:
    """What the dialect's parser reads; sqlglot's leaves the escapes that only Spark has as they are."""
    (found,) = sqlglot.parse_one(f"SELECT {literal}", read=dialect).expressions
    assert found.is_string
    spark = dialect == "databricks"
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), found.this) if spark else found.this


@each_dialect
@pytest.mark.parametrize("text", [text for text in HOSTILE if "\\u" not in text])
def test_hostile_text_comes_back(dialect: str, text: str) -> None:
    literal = text_literal(text, dialect)
    assert decoded(literal, dialect) == text
    if dialect != "duckdb":
        assert "\n" not in literal


@given(st.sampled_from(DIALECTS), st.text())
def test_any_text_comes_back(dialect: str, text: str) -> None:
    if "\\u" not in text and "\0" not in text:
        assert decoded(text_literal(text, dialect), dialect) == text


def test_spark_fills_nothing_in() -> None:
    assert text_literal("${env:HOME} $x ${", "databricks") == "'\\u0024{env:HOME} $x \\u0024{'"
    assert text_literal("a\x0012", "databricks") == r"'a\u000012'", "a zero byte's short escape would swallow digits"
    assert text_literal("\\u0041", "databricks") == r"'\\u0041'"


@each_dialect
@pytest.mark.parametrize("name", ["a", 'a"b', "a`b", "select", "Ünï", "a'b;--", "a\\b", "a b"])
def test_hostile_names_come_back(dialect: str, name: str) -> None:
    (column,) = sqlglot.parse_one(f"SELECT {quote(name, dialect)}", read=dialect).expressions
    assert column.name == name
    table = sqlglot.parse_one(f"SELECT * FROM {relation(Relation('c', name, 't'), dialect)}", read=dialect).find(
        exp.Table
    )
    assert table is not None
    assert (table.catalog, table.db, table.name) == ("c", name, "t")


def test_only_snowflake_reads_a_name_without_quotes_as_another() -> None:
    assert [folded("order_id", dialect) for dialect in DIALECTS] == ["order_id", "order_id", "order_id", "ORDER_ID"]


@pytest.mark.parametrize(
    ("dialect", "written", "alias"),
    [
        ("snowflake", "orders", '"ORDERS"'),
        ("snowflake", '"orders"', '"orders"'),
        ("bigquery", "`shop-prod.main.orders`", "`orders`"),
        ("databricks", "main.orders", "`orders`"),
        ("duckdb", "Orders", '"Orders"'),
    ],
)
def test_a_table_that_is_read_elsewhere_keeps_the_name_that_its_columns_have(
    dialect: str, written: str, alias: str
) -> None:
    """On Snowflake, ``orders.id`` is ``"ORDERS"."ID"``."""
    model = Model("orders", "models/orders.sql", "SELECT 1", Relation("shop-prod", "main", "orders"))
    query = parse_query(f"SELECT orders.id FROM {written}", dialect)
    pointed = rewrite(query, reader="m", targets=Targets.of({"orders": model}), places={"orders": TARGET})
    assert pointed.text == f"SELECT orders.id FROM {relation(TARGET, dialect)} AS {alias}"
