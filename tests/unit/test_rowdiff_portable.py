"""How values of two types are compared on warehouses other than DuckDB; DuckDB works the forms out here."""

from __future__ import annotations

import duckdb
import pytest

from rocky_action.rowdiff.portable_types import portable, text_of
from rocky_action.rowdiff.schema import text
from rocky_action.rowdiff.spoken import Spoken, forms_of, spoken
from rocky_action.warehouses.duckdb import open_duckdb
from tests.support.foreign import Foreign


def same(base_type: str, base: str, head_type: str, head: str) -> bool:
    """Whether two values of these types are the same in the common form."""
    found = portable(base_type, head_type)
    left, right = (found.form.format(v=f"CAST({v} AS {t})") for v, t in ((base, base_type), (head, head_type)))
    rows = duckdb.connect().execute(f"SELECT {left} IS NOT DISTINCT FROM {right}").fetchall()
    return bool(rows[0][0])


@pytest.mark.parametrize(
    ("base_type", "base", "head_type", "head", "equal"),
    [
        ("BIGINT", "1", "DECIMAL(10,2)", "1.00", True),
        ("BIGINT", "1", "DECIMAL(10,2)", "1.01", False),
        ("DECIMAL(10,2)", "1.50", "DECIMAL(12,4)", "1.5", True),
        ("DECIMAL(38,0)", "12", "DECIMAL(38,2)", "12.00", True),
        ("DECIMAL(38,0)", "120", "DECIMAL(38,2)", "120.00", True),
        ("DECIMAL(38,0)", "12", "DECIMAL(38,2)", "12.01", False),
        ("BIGINT", "1", "DOUBLE", "1.0", True),
        ("FLOAT", "0.5", "DOUBLE", "0.5", True),
        ("DATE", "'2024-01-01'", "TIMESTAMP", "'2024-01-01 00:00:00'", True),
        ("DATE", "'2024-01-01'", "TIMESTAMP", "'2024-01-01 00:00:01'", False),
        ("VARCHAR", "'1'", "BIGINT", "1", True),
        ("VARCHAR", "'01'", "BIGINT", "1", False),
        ("VARCHAR", "NULL", "BIGINT", "1", False),
        ("VARCHAR", "NULL", "BIGINT", "NULL", True),
    ],
)
def test_values_of_two_types(base_type: str, base: str, head_type: str, head: str, *, equal: bool) -> None:
    assert same(base_type, base, head_type, head) is equal
    assert same(head_type, head, base_type, base) is equal


@pytest.mark.parametrize(
    ("base_type", "head_type", "caveat"),
    [
        ("BIGINT", "BIGINT", None),
        ("BYTES", "BYTES", None),
        ("NESTED(ARRAY<INT64>)", "NESTED(ARRAY<INT64>)", None),
        ("NESTED(VARIANT)", "NESTED(VARIANT)", None),
        ("NESTED(GEOGRAPHY)", "NESTED(GEOGRAPHY)", "GEOGRAPHY was compared by the JSON that the warehouse makes of it"),
        ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP and TIMESTAMPTZ were compared in UTC"),
        ("DATE", "TIMESTAMP", None),
        ("VARCHAR", "DATE", "VARCHAR and DATE were compared as text"),
        ("BIGINT", "DOUBLE", "BIGINT and DOUBLE were compared as DOUBLE, beyond 15 digits rounded"),
        ("FLOAT", "DOUBLE", None),
        ("BIGINT", "DECIMAL(10,2)", None),
    ],
)
def test_what_the_reader_must_know(base_type: str, head_type: str, caveat: str | None) -> None:
    assert portable(base_type, head_type).caveat == caveat


def test_a_value_is_shown_as_text() -> None:
    assert text_of("v", "NESTED(JSON)") == text("v", "NESTED(JSON)") == "rocky_nested(v)"
    assert text_of("v", "BYTES") == "rocky_bytes(v)"
    assert text_of("v", "BIGINT") is None


def test_duckdb_is_spoken_to_as_it_is() -> None:
    database = open_duckdb(None)
    try:
        assert spoken(database) is database
        other = spoken(Foreign(database, "snowflake"))
        assert isinstance(other, Spoken)
        assert (other.dialect, other.checksum_rounds) == ("duckdb", 1)
        assert forms_of(other) is portable
    finally:
        database.close()
