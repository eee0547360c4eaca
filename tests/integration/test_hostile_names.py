"""Names are data: tables, columns and keys that are called like SQL are found, and nothing else is touched."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Succeeded
from rocky_action.domain.project import Relation
from rocky_action.errors import WarehouseError
from rocky_action.sql.quoting import quote, relation, text_literal
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.previews import open_lab, options, project_of

HOSTILE = [
    'a"b',
    "a'b",
    'x"; DROP TABLE main.kept; --',
    "x'; DROP TABLE main.kept; --",
    '"',
    '""',
    "'",
    ";",
    "--",
    "/*",
    "*/",
    "a\nb",
    "a\tb",
    "\\",
    '\\"',
    "$$",
    "${x}",
    "{0}",
    "%s",
    "?",
    "a.b",
    "select",
    "Ünïcode ☃",
    "\u202eevil",
    "\u200b",
    " lead",
    "trail ",
    "x.csv",
    "/etc/passwd",
    "long" * 500,
]
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
)


def named(*parts: str) -> str:
    """A name by a rule of its own: doubled quotes, as the standard has it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@pytest.fixture(scope="module")
def database() -> DuckDB:
    return open_duckdb(None)


@settings(max_examples=20)
@given(schema=NAMES, table=NAMES, column=NAMES, value=NAMES)
@example(schema='s"', table='x"; DROP TABLE main.kept; --', column="a'b", value="'); DROP TABLE main.kept; --")
def test_a_table_of_any_name_is_found_and_nothing_beside_it(
    database: DuckDB, schema: str, table: str, column: str, value: str
) -> None:
    connection = database.connection
    connection.execute("CREATE OR REPLACE TABLE main.kept AS SELECT 1 AS one")
    try:
        connection.execute(f"CREATE SCHEMA {named(schema)}")
        connection.execute(f"CREATE TABLE {named(schema, table)} ({named(column)} VARCHAR)")
    except duckdb.Error:  # such as a schema that is there already, main for one
        return
    try:
        connection.execute(f"INSERT INTO {named(schema, table)} VALUES (?)", [value])
        there = Relation(database.catalog, schema, table)
        assert database.columns(there) == (Column(column, "VARCHAR"),)
        cell, wanted = quote(column, "duckdb"), text_literal(value, "duckdb")
        found = database.query(f"SELECT {cell} FROM {relation(there, 'duckdb')} WHERE {cell} = {wanted}")
        assert found == [(value,)]
        copy = Relation(database.catalog, schema, f"{table} copy")
        database.clone(there, copy, writable=True)
        assert database.query(f"SELECT count(*) FROM {relation(copy, 'duckdb')}") == [(1,)]
        assert ("x", schema) not in database.schemas("branch__")
        assert connection.execute("SELECT one FROM main.kept").fetchall() == [(1,)]
    finally:
        connection.execute(f"DROP SCHEMA {named(schema)} CASCADE")


@pytest.mark.parametrize("name", ["a\0b", "\0", 'x\0"; DROP TABLE main.kept; --'])
def test_a_name_with_a_nul_in_it_is_nobody_s(database: DuckDB, name: str) -> None:
    database.connection.execute("CREATE OR REPLACE TABLE main.kept AS SELECT 1 AS one")
    try:
        assert database.columns(Relation(database.catalog, "main", name)) is None
        with pytest.raises(WarehouseError):
            database.query(f"SELECT * FROM {quote(name, 'duckdb')}")
    except WarehouseError:
        pass
    assert database.connection.execute("SELECT one FROM main.kept").fetchall() == [(1,)]


@given(schema=NAMES, table=NAMES, key=NAMES, other=NAMES)
@settings(max_examples=4)
@example(schema='s"', table='t"; DROP TABLE main.kept; --', key='k"--', other="o'; DELETE FROM main.kept; --")
def test_a_preview_over_such_names_builds_what_is_asked_and_leaves_production_alone(
    schema: str, table: str, key: str, other: str
) -> None:
    if len({key.lower(), other.lower()}) == 1:
        return
    source, row = named(schema, table), f"{named(key)}, {named(other)}"
    sidecar = f'[strategy]\ntype = "merge"\nunique_key = [{toml(key)}]\n'
    base = project_of({"m": (f"SELECT {row} FROM {source}", sidecar)})
    head = project_of({"m": (f"SELECT {row} FROM {source} WHERE TRUE", sidecar)})
    statements = [
        "CREATE TABLE main.kept AS SELECT 1 AS one",
        f"CREATE SCHEMA {named(schema)}",
        f"CREATE TABLE {source} ({named(key)} INTEGER, {named(other)} VARCHAR)",
        f"INSERT INTO {source} VALUES (1, 'a'), (2, 'b')",
    ]
    if not possible(statements):
        return
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder), *statements) as lab:
        outcome = lab.preview(base, head, run=options()).head("m")  # which compares production before and after
        assert isinstance(outcome, Succeeded), outcome
        assert lab.rows("branch__x.m") == [(1, "a"), (2, "b")]


def possible(statements: Sequence[str]) -> bool:
    """Whether DuckDB can have tables of such names at all: a schema may be there already, for one."""
    with duckdb.connect() as connection:
        try:
            for statement in statements:
                connection.execute(statement)
        except duckdb.Error:
            return False
    return True


def toml(text: str) -> str:
    """A basic string of TOML."""
    escaped = "".join(char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08X}" for char in text)
    return f'"{escaped}"'
