"""Whatever this program writes passes the last look, and nothing that would write elsewhere does."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone
from rocky_action.domain.project import DeleteInsert, Merge, Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import WarehouseError
from rocky_action.sql import statements
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import parse_query
from rocky_action.sql.quoting import relation
from rocky_action.sql.writes import is_ours, stray_write
from rocky_action.state.layout import migrate
from rocky_action.state.records import WarehouseRecords
from rocky_action.state.values import TYPES, Kind, insert
from rocky_action.warehouses.confined import Confined
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb

DIALECTS = ("bigquery", "databricks", "duckdb", "snowflake")
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
OURS = st.sampled_from(["branch__x", "branch__x__base", "rocky_preview"])
DAY = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))


def every_statement(target: Relation, dialect: str) -> list[str]:
    """One of each kind that builds a model."""
    query = parse_query("SELECT 1 AS id, '(DELETE FROM x) -- /* ' AS part", dialect)
    return [
        statements.create_table(target, query.text, dialect=dialect),
        statements.create_view(target, query.text, dialect=dialect),
        statements.append(target, query),
        statements.merge(target, query, strategy=Merge(("id",)), columns=("id", "part")),
        *statements.delete_insert(target, query, strategy=DeleteInsert(("part",))),
        *statements.replace_window(target, query, column=Column("id", "DATE"), window=DAY),
        f"DROP TABLE IF EXISTS {relation(target, dialect)}",
        f"CREATE TABLE IF NOT EXISTS {relation(target, dialect)} (a {TYPES[dialect][Kind.MOMENT]})",
        *(f"ALTER TABLE {relation(target, dialect)} ADD COLUMN a {kind}" for kind in TYPES[dialect].values()),
        insert(relation(target, dialect), [{"a": "--'\\", "b": None}], dialect=dialect),
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(catalog=NAMES | st.just(""), schema=OURS, name=NAMES)
@example(catalog='shop"."prod', schema="branch__x", name='m" AS SELECT 1; DROP TABLE "x')
@example(catalog="shop`.`prod", schema="branch__x", name="m` AS SELECT 1; DROP TABLE `x")
def test_whatever_builds_a_model_passes_whatever_it_is_called(
    dialect: str, catalog: str, schema: str, name: str
) -> None:
    for statement in every_statement(Relation(catalog, schema, name), dialect):
        assert stray_write(statement, dialect) is None, statement


@pytest.mark.parametrize("dialect", DIALECTS)
@given(catalog=NAMES | st.just(""), schema=NAMES | st.just('branch__x".'), name=NAMES | OURS)
@example(catalog="", schema="raw", name="branch__x")
@example(catalog="branch__x", schema="raw", name="branch__x")
@example(catalog="", schema='raw"."branch__x', name="t")
@example(catalog="branch__x", schema='.branch__x"."raw', name="t")
@example(catalog="", schema="BRANCH__X", name="t")
@example(catalog="", schema="branch__", name="t")
@example(catalog="", schema="rocky_preview2", name="t")
def test_no_statement_passes_for_a_schema_that_is_not_ours(dialect: str, catalog: str, schema: str, name: str) -> None:
    for statement in every_statement(Relation(catalog, schema, name), dialect):
        assert (stray_write(statement, dialect) is None) == is_ours(schema), statement


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_not_one_of_these_statements_does_not_pass(dialect: str) -> None:
    here = relation(Relation("", "branch__x", "t"), dialect)
    for statement in (
        f"TRUNCATE TABLE {here}",
        f"UPDATE {here} SET a = 1",
        f"GRANT ALL ON {here} TO x",
        f"ALTER TABLE {here} RENAME TO production",
        f"ALTER TABLE {here} ADD COLUMN a INT; DROP TABLE raw.t",
        f"COPY {here} TO 'x'",
        f"ATTACH 'x' AS {here}",
        f"CALL {here}()",
        f"SET x = {here}",
        f"SELECT * FROM {here}",
        f"/* x */ DELETE FROM {here}",
        f"DELETE  FROM {here}",
        f"delete from {here}",
        f"DELETE FROM {here}, raw.t",
        f"DELETE FROM raw.t USING {here}",
        "DELETE FROM branch__x.t",
        "DROP SCHEMA branch__x CASCADE",
        "",
        "x" * 100_000,
    ):
        assert stray_write(statement, dialect) is not None, statement


BURIED = (
    "WITH x AS (INSERT INTO raw.t VALUES (1) RETURNING *) FROM x",
    "WITH x AS (\n\tinsert\ninto raw.t VALUES (1) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM raw.t RETURNING *) FROM x",
    "WITH x AS (UPDATE raw.t SET id = 1 RETURNING *) FROM x",
    "WITH x AS (MERGE INTO raw.t USING raw.t AS s ON true WHEN MATCHED THEN DELETE RETURNING *) FROM x",
    "WITH x AS (/* ' */ DELETE FROM raw.t RETURNING *) SELECT ' FROM x",
    "WITH x AS (--'\nDELETE FROM raw.t RETURNING *) SELECT ' FROM x",
    "WITH y AS (SELECT DATE'\\' AS d), x AS (DELETE FROM raw.t RETURNING *) SELECT '' FROM x",
    "WITH y AS (SELECT a$b$ AS d), x AS (DELETE FROM raw.t RETURNING *) SELECT 1 AS a$b$ FROM x",
    "WITH x AS (INSERT OR REPLACE INTO raw.t VALUES (1) RETURNING *) FROM x",
)


@pytest.mark.parametrize("query", BURIED)
def test_a_statement_inside_of_another_one_does_not_pass(query: str) -> None:
    """DuckDB 2.0 would run most of these, and change raw.t."""
    assert stray_write(f'CREATE OR REPLACE TABLE "branch__x"."m" AS {query}', "duckdb") is not None


def test_duckdb_does_run_what_is_refused() -> None:
    """So the look is needed; should it ever refuse them by itself, this says so."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.t (id INTEGER); CREATE SCHEMA branch__x")
        connection.execute(f'CREATE OR REPLACE TABLE "branch__x"."m" AS {BURIED[0]}')
        assert connection.execute("FROM raw.t").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'WITH x AS (DELETE FROM raw.t)' AS a",
        'SELECT "(DELETE FROM raw.t)" FROM x',
        "SELECT $$ (DELETE FROM raw.t) $$ AS a",
        "SELECT E'\\'(DELETE FROM raw.t)' AS a",
        "WITH update AS (SELECT 1 AS delete) SELECT CAST(delete AS INTEGER) AS insert, (delete) FROM update",
        "SELECT count(update ORDER BY merge), insert(delete, 1) FROM x",
        "SELECT (create AS x), drop FROM x WHERE delete IN (drop, copy)",
    ],
)
def test_what_only_looks_like_one_passes(query: str) -> None:
    assert stray_write(f'CREATE OR REPLACE TABLE "branch__x"."m" AS {query}', "duckdb") is None


@pytest.fixture
def database() -> DuckDB:
    opened = open_duckdb(None)
    opened.connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS id")
    return opened


def test_a_confined_adapter_writes_nowhere_else(database: DuckDB) -> None:
    confined, there, here = Confined(database), Relation("memory", "raw", "t"), Relation("memory", "branch__x", "t")
    for work in (
        lambda: confined.execute(["DELETE FROM raw.t"]),
        lambda: confined.execute([f"CREATE TABLE {relation(here, 'duckdb')} AS SELECT 1", 'DELETE FROM "raw"."t"']),
        lambda: confined.clone(here, there, writable=True),
        lambda: confined.create_schema("memory", "marts"),
        lambda: confined.drop_schema("memory", "raw"),
        lambda: confined.drop_schema("memory", "branch__"),
        lambda: confined.query("WITH x AS (DELETE FROM raw.t RETURNING *) FROM x"),
        lambda: confined.describe("SELECT 1; DELETE FROM raw.t"),
    ):
        with pytest.raises(WarehouseError):
            work()
    assert database.query("FROM raw.t") == [(1,)]
    assert database.schemas("") == (("memory", "raw"),), "nothing of a refused list was run"


def test_a_confined_adapter_does_all_that_a_preview_does(database: DuckDB) -> None:
    confined, there, here = Confined(database), Relation("memory", "raw", "t"), Relation("memory", "branch__x", "t")
    confined.create_schema("memory", "branch__x")
    assert isinstance(confined.clone(there, here, writable=True), Clone)
    assert isinstance(confined.execute([statements.create_table(here, "SELECT 2 AS id", dialect="duckdb")]), Usage)
    assert migrate(confined)
    assert WarehouseRecords(confined).leases() == ()
    WarehouseRecords(confined).release("x")
    assert confined.query('FROM "branch__x"."t"') == [(2,)]
    confined.drop_schema("memory", "branch__x")
    assert confined.schemas("branch__") == ()
