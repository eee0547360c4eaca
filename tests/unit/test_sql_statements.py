"""The statements that build a model, run by DuckDB."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from rocky_action.domain.diff import Column
from rocky_action.domain.project import DeleteInsert, Merge, Relation
from rocky_action.sql import statements
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.quoting import quote, relation, text_literal

at = datetime.fromisoformat
TARGET = Relation("memory", 'a "schema"', "select")
NAME = '"memory"."a ""schema"""."select"'


def query(sql: str) -> Query:
    return parse_query(f"{sql} -- the end;", "duckdb")


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "a ""schema"""')
    connection.execute(
        f"CREATE TABLE {NAME} AS FROM (VALUES (1, 'a', 10), (2, 'b', 20), (NULL, 'n', 30)) AS t(id, part, x)"
    )
    return connection


def rows(db: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return db.execute(f"FROM {NAME} ORDER BY ALL").fetchall()


def test_create_replaces(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(statements.create_table(TARGET, "SELECT 1 AS a", dialect="duckdb"))
    assert rows(db) == [(1,)]
    db.execute(f"DROP TABLE {NAME}")
    for value in (1, 2):
        db.execute(statements.create_view(TARGET, f"SELECT {value} AS a", dialect="duckdb"))
        assert rows(db) == [(value,)]


def test_append_is_by_position(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(statements.append(TARGET, query("SELECT 3 AS x, 'c' AS id, 30 AS part")))
    assert (3, "c", 30) in rows(db)
    assert len(rows(db)) == 4


def test_merge_updates_all_columns_and_inserts_the_rest(db: duckdb.DuckDBPyConnection) -> None:
    new = query("SELECT * FROM (VALUES (2, 'B', 21), (3, 'C', 31)) AS t(id, part, x)")
    db.execute(statements.merge(TARGET, new, strategy=Merge(("id",)), columns=("id", "part", "x")))
    assert rows(db) == [(1, "a", 10), (2, "B", 21), (3, "C", 31), (None, "n", 30)]


def test_merge_updates_only_the_columns_it_is_given(db: duckdb.DuckDBPyConnection) -> None:
    new = query("SELECT 2 AS id, 'B' AS part, 21 AS x")
    db.execute(statements.merge(TARGET, new, strategy=Merge(("id", "part"), ("x",)), columns=()))
    assert (2, "B", 21) in rows(db)  # another key, so another row
    db.execute(statements.merge(TARGET, new, strategy=Merge(("id",), ("x",)), columns=()))
    assert (2, "b", 21) in rows(db)


@pytest.mark.parametrize(("by", "left"), [(("part",), 1), (("id", "part"), 2), (("id",), 2)])
def test_delete_insert_replaces_the_partitions_it_returns(
    db: duckdb.DuckDBPyConnection, by: tuple[str, ...], left: int
) -> None:
    """Rows whose partition is NULL are never deleted, as with Rocky."""
    new = query("SELECT * FROM (VALUES (2, 'b', 99), (NULL, 'n', 99)) AS t(id, part, x)")
    for statement in statements.delete_insert(TARGET, new, strategy=DeleteInsert(by)):
        db.execute(statement)
    old = [row for row in rows(db) if row[2] != 99]
    assert len(old) == left
    assert (2, "b", 20) not in old


def test_a_window_is_half_open(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        f"CREATE OR REPLACE TABLE {NAME} AS SELECT TIMESTAMP '2024-01-01' + INTERVAL (i) DAY AS ts, 'old' AS v"
        " FROM range(4) AS t(i)"
    )
    window = Window(at("2024-01-02"), at("2024-01-03"))
    new = query("SELECT TIMESTAMP '2024-01-02' AS ts, 'new' AS v")
    for statement in statements.replace_window(TARGET, new, column=Column("ts", "TIMESTAMP"), window=window):
        db.execute(statement)
    assert [row[1] for row in rows(db)] == ["old", "new", "old", "old"]
    for now, expected in (("2999-01-01", "2024-01-04"), ("2024-01-02T12", "2024-01-02")):
        newest = statements.newest(TARGET, Column("ts", "TIMESTAMP"), now=at(now), dialect="duckdb")
        assert db.execute(newest).fetchone() == (at(expected),), "what lies in the future is not the newest"


@pytest.mark.parametrize("name", ["a", 'a"b', "A b", "select", "Ünï", "a'b;--", "a\\", "\\'", "a\nb", '""', "''", ""])
def test_names_and_text_are_quoted(name: str) -> None:
    assert duckdb.execute(f"SELECT {text_literal(name, 'duckdb')}").fetchone() == (name,)
    if name:
        description = duckdb.execute(f"SELECT 1 AS {quote(name, 'duckdb')}").description
        assert description is not None
        assert description[0][0] == name


@given(st.text(min_size=1))
def test_quoting_duckdb_by_hand_is_what_the_parser_library_does(text: str) -> None:
    assert quote(text, "duckdb") == exp.to_identifier(text, quoted=True).sql("duckdb")
    assert text_literal(text, "duckdb") == exp.Literal.string(text).sql("duckdb")


def test_a_relation_has_as_many_parts_as_it_has() -> None:
    assert relation(TARGET, "duckdb") == NAME
    assert relation(Relation("", "s", "t"), "duckdb") == '"s"."t"'
    assert relation(Relation("", "", "t"), "duckdb") == '"t"'
