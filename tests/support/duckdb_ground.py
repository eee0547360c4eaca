"""DuckDB to test on: a file in a temporary folder, opened as the product opens it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rocky_action.domain.project import Adapter
from rocky_action.warehouses.duckdb import DuckDB
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.ground import Ground


@contextmanager
def open_ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {"path": "shop.duckdb"}
        request = OpenRequest(
            Adapter("default", "duckdb", settings), Path(folder), seeds=lambda: ("CREATE SCHEMA production",)
        )
        adapter = open_warehouse(request).warehouse
        assert isinstance(adapter, DuckDB)

        def production(sql: str) -> None:
            adapter.execute([sql])

        try:
            yield Ground(
                "duckdb",
                adapter,
                production,
                "shop",
                "production",
                settings,
                folder=Path(folder),
            )
        finally:
            adapter.close()
