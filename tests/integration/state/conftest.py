"""A state schema in a real DuckDB file, spoken to in every warehouse's dialect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rocky_action.state import WarehouseRecords, open_records
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.previews import make_database, untouched
from tests.support.spoken import Spoken

DIALECTS = (
    "duckdb",
    "bigquery",
    pytest.param("databricks", marks=pytest.mark.slow),
    pytest.param("snowflake", marks=pytest.mark.slow),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDB]:
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS a")
    opened = open_duckdb(path)
    with untouched(opened.connection):
        yield opened
    opened.close()


@pytest.fixture(params=DIALECTS)
def warehouse(database: DuckDB, request: pytest.FixtureRequest) -> DuckDB:
    """In each dialect, whose own parser reads what DuckDB then runs."""
    dialect = str(request.param)
    return database if dialect == "duckdb" else Spoken(database.connection, database.catalog, database.file, dialect)


@pytest.fixture
def records(warehouse: DuckDB) -> WarehouseRecords:
    opened = open_records(warehouse)
    assert isinstance(opened, WarehouseRecords)
    return opened
