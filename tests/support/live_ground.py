"""A real warehouse to test on: opened from the environment, in a schema of its own that is dropped at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rocky_action.domain.project import Adapter
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.ground import Ground

SCHEMA = "rocky_conformance"


@contextmanager
def open_ground(name: str) -> Iterator[Ground]:
    """Production's schema is made in the catalog that LIVE_CATALOG names; logins are the adapter's own variables."""
    catalog, environ = os.environ["LIVE_CATALOG"], dict(os.environ)
    settings = {"project_id": catalog} if name == "bigquery" else {}
    request = OpenRequest(
        Adapter("live", name, settings), Path(), seeds=tuple, catalogs={catalog: "m"}, environ=environ
    )
    with closing(open_warehouse(request).warehouse) as adapter:
        adapter.drop_schema(catalog, SCHEMA)
        adapter.create_schema(catalog, SCHEMA)

        def production(sql: str) -> None:
            adapter.execute([sql])

        try:
            yield Ground(name, adapter, production, catalog, SCHEMA, settings, environ=environ)
        finally:
            adapter.drop_schema(catalog, SCHEMA)
