"""The documented grants are no news to the look at a role's rights; whatever goes beyond them is. On fakesnow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import pytest

from rocky_action.domain.project import Relation
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from tests.support.ground import Missing, required
from tests.support.snowflake_ground import SETTINGS, grants, open_production, request

Production = tuple[Callable[[str], None], Mapping[str, str]]
ORDERS = Relation("SHOP", "PRODUCTION", "ORDERS")


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    try:
        with open_production() as opened:
            opened[0]("CREATE TABLE SHOP.PRODUCTION.ORDERS AS SELECT 1 AS id")
            yield opened
    except Missing as why:
        if required():
            raise
        pytest.skip(f"NOT TESTED on snowflake: {why}")


def powers(production: Production, *more: str, preview: bool = False) -> str | None:
    owner, environ = production
    owner("CREATE OR REPLACE ROLE PREVIEWER")
    for grant in (*grants(), *(f"GRANT {one} TO ROLE PREVIEWER" for one in more)):
        owner(grant)
    opened = open_warehouse(replace(request(SETTINGS, environ), production=(ORDERS,)))
    with closing(opened.warehouse) as warehouse:
        if preview:
            warehouse.create_schema("SHOP", "branch__rights")
            warehouse.clone(ORDERS, ORDERS.in_schema("branch__rights"), writable=True)
    return opened.powers


def test_the_documented_grants_are_no_news_nor_is_what_a_preview_makes(production: Production) -> None:
    assert powers(production, preview=True) is None
    assert powers(production) is None


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ("INSERT ON TABLE SHOP.PRODUCTION.ORDERS", "the role PREVIEWER may change tables in SHOP.PRODUCTION"),
        ("OWNERSHIP ON SCHEMA SHOP.PRODUCTION", "the role PREVIEWER owns SHOP.PRODUCTION"),
        ("CREATE TABLE ON SCHEMA SHOP.PRODUCTION", "the role PREVIEWER may make tables in SHOP.PRODUCTION"),
        ("OWNERSHIP ON DATABASE SHOP", "the role PREVIEWER owns the database SHOP"),
    ],
)
def test_more_than_these_is_told(production: Production, grant: str, told: str) -> None:
    assert powers(production, grant) == told
