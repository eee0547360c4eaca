"""BigQuery to test on: the product's adapter and Google's client, against the fake on the loopback.

The account that the adapter logs in with has the rights that docs/warehouses/bigquery.md asks for, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rocky_action.domain.project import Adapter
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.request import OpenRequest
from tests.support.bigquery_roles import PREVIEWER, READER, Account
from tests.support.bigquery_server import Server, serving
from tests.support.bigquery_shelf import Dataset
from tests.support.ground import Ground

PROJECT = "shop-analytics"
DATASET = "production"
LOCATION = "EU"
TOKEN = "ya29.a0-planted-secret-token"
LABELS = {"repository": "Acme/Shop", "pull_request": "12", "preview": "new_total_pr12"}
SETTINGS: Mapping[str, str] = {"project_id": PROJECT, "location": LOCATION, "oauth_token": TOKEN}


@dataclass(frozen=True)
class BigQueryGround:
    """The ground, and the server behind it for tests that look into it."""

    ground: Ground
    server: Server


def request(
    settings: Mapping[str, str], environ: Mapping[str, str], *, catalogs: Mapping[str, str] | None = None
) -> OpenRequest:
    """What the product opens BigQuery with."""
    return OpenRequest(
        Adapter("default", "bigquery", settings),
        Path(),
        lambda: (),
        catalogs=catalogs or {PROJECT: "orders"},
        environ=environ,
        labels=LABELS,
    )


@contextmanager
def open_bigquery() -> Iterator[BigQueryGround]:
    """A server with one project and one production dataset, and the adapter on it."""
    account = Account("preview@example.com", {PROJECT: PREVIEWER}, {(PROJECT, DATASET): READER})
    with serving({TOKEN: account}, {PROJECT}) as server:
        server.shelf.add_dataset(Dataset(PROJECT, DATASET, LOCATION))
        environ = {"BIGQUERY_EMULATOR_HOST": server.url}
        opened = open_warehouse(request(SETTINGS, environ))

        def production(sql: str) -> None:
            server.run(sql, project=PROJECT, location=LOCATION)

        ground = Ground("bigquery", opened.warehouse, production, PROJECT, DATASET, SETTINGS, environ)
        try:
            yield BigQueryGround(ground, server)
        finally:
            opened.warehouse.close()


@contextmanager
def open_ground() -> Iterator[Ground]:
    """The same for tests that run on every warehouse."""
    with open_bigquery() as opened:
        yield opened.ground
