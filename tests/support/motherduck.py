"""MotherDuck's side of a connection, played by a local file: the database is called after it, as there after itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from rocky_action.domain.project import Adapter
from rocky_action.warehouses.duckdb_lock import Config
from rocky_action.warehouses.duckdb_motherduck import MotherDuck, open_adapter
from rocky_action.warehouses.request import OpenRequest

TOKEN = "eyJhbGciOi-planted"


@dataclass
class Account:
    """Databases are files in a folder; ``calls`` are the connection strings and configurations that came.

    ``attached`` are other databases of the workspace.
    """

    folder: Path
    calls: list[tuple[str, Config]] = field(default_factory=list)
    attached: tuple[str, ...] = ()

    def connect(self, place: str, config: Config) -> duckdb.DuckDBPyConnection:
        self.calls.append((place, dict(config)))
        name = place.partition(":")[2].partition("?")[0]
        if config.pop("motherduck_token") != TOKEN:
            raise duckdb.Error(f"Invalid MotherDuck token: {self.calls[-1][1]['motherduck_token']}")
        path = self.folder / f"{name}.duckdb"
        if not path.exists():
            raise duckdb.CatalogException(f"Catalog Error: no database/share named '{name}' found")
        connection = duckdb.connect(str(path), config=config)
        for other in self.attached:
            connection.execute(f"ATTACH '{self.folder / other}.duckdb'")
        return connection

    def make(self, name: str, script: str = "") -> None:
        """A database, filled by a script."""
        with duckdb.connect(str(self.folder / f"{name}.duckdb")) as connection:
            connection.execute(script or "SELECT 1")

    def opened(self, path: str = "md:shop", **more: Any) -> MotherDuck:
        """The adapter on one of the databases."""
        found = open_adapter(request(path, **more), connect=self.connect).warehouse
        assert isinstance(found, MotherDuck)
        return found


def request(path: str = "md:shop", *, environ: Mapping[str, str] | None = None, **more: Any) -> OpenRequest:
    """What the product opens MotherDuck with."""
    known = {"MOTHERDUCK_TOKEN": TOKEN} if environ is None else environ
    adapter = Adapter("default", "duckdb", {"path": path})
    return OpenRequest(adapter, Path(), seeds=tuple, environ=known, **more)
