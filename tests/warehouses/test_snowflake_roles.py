"""README.md's grants are enough for a preview, each of them is needed, and none of them lets anybody touch production.

On fakesnow with the roles of tests/support/snowflake_roles.py in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.errors import WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql.quoting import relation
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from tests.support.ground import Missing, required
from tests.support.snowflake_ground import SETTINGS, grants, open_production, request

PREVIEW = "branch__roles"
EARLY, LATE = ("early", "early_view"), ("late", "late_view")
Production = tuple[Callable[[str], None], Mapping[str, str]]

DATABASE = (r"the database SHOP .* the role \S* may not use it", "GRANT USAGE ON DATABASE SHOP TO ROLE")
WAREHOUSE = (r"the warehouse PREVIEW_WH .* the role \S* may not use it", "GRANT USAGE ON WAREHOUSE PREVIEW_WH TO ROLE")
SCHEMA = (
    r"Schema 'SHOP\.PRODUCTION' does not exist or not authorized",
    "GRANT USAGE ON SCHEMA SHOP.PRODUCTION TO ROLE",
)
NO_SCHEMA = (r"Insufficient privileges to operate on database 'SHOP' \(Snowflake 003001\)", "snowflake.md lists")


def unseen(name: str) -> tuple[str, str]:
    found = rf"Object 'SHOP\.PRODUCTION\.\"{name}\"' does not exist or not authorized\. \(Snowflake 002003\)"
    return found, f'GRANT SELECT ON TABLE SHOP.PRODUCTION."{name}" TO ROLE'


NEEDED = {
    "USAGE ON WAREHOUSE PREVIEW_WH": WAREHOUSE,
    "USAGE ON DATABASE SHOP": DATABASE,
    "CREATE SCHEMA ON DATABASE SHOP": NO_SCHEMA,
    "USAGE ON SCHEMA SHOP.PRODUCTION": SCHEMA,
    "SELECT ON ALL TABLES IN SCHEMA SHOP.PRODUCTION": unseen("early"),
    "SELECT ON ALL VIEWS IN SCHEMA SHOP.PRODUCTION": unseen("early_view"),
    "SELECT ON FUTURE TABLES IN SCHEMA SHOP.PRODUCTION": unseen("late"),
    "SELECT ON FUTURE VIEWS IN SCHEMA SHOP.PRODUCTION": unseen("late_view"),
}
"""What is refused without each grant, and what is advised."""


def single() -> tuple[str, ...]:
    """README.md's grants, one privilege each."""
    parts = [grant.removeprefix("GRANT ").removesuffix(" TO ROLE PREVIEWER;").split(" ON ", 1) for grant in grants()]
    return tuple(f"{one.strip()} ON {what}" for privileges, what in parts for one in privileges.split(","))


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    try:
        with open_production() as opened:
            yield opened
    except Missing as why:
        if required():
            raise
        pytest.skip(f"NOT TESTED on snowflake: {why}")


def at(name: str, schema: str = "PRODUCTION") -> Relation:
    return Relation("SHOP", schema, name)


def named(name: str, schema: str = "PRODUCTION") -> str:
    return relation(at(name, schema), "snowflake")


def granted(production: Production, some: Iterable[str]) -> None:
    """A role without a past, and production's relations: two from before the grants, two from after them."""
    owner, _ = production
    owner("CREATE OR REPLACE ROLE PREVIEWER")
    for schema in (PREVIEW, STATE_SCHEMA):
        owner(f'DROP SCHEMA IF EXISTS "SHOP"."{schema}" CASCADE')
    made(owner, *EARLY)
    for grant in some:
        owner(f"GRANT {grant} TO ROLE PREVIEWER")
    made(owner, *LATE)


def made(owner: Callable[[str], None], table: str, view: str) -> None:
    owner(f"CREATE OR REPLACE TABLE {named(table)} AS SELECT 1 AS id")
    owner(f"CREATE OR REPLACE VIEW {named(view)} AS SELECT id FROM {named(table)}")


def opened(production: Production) -> WarehouseAdapter:
    return open_warehouse(request(SETTINGS, production[1])).warehouse


def previews(adapter: WarehouseAdapter) -> None:
    """All that a preview asks of a warehouse."""
    adapter.create_schema("SHOP", PREVIEW)
    for name in (*EARLY, *LATE):
        adapter.clone(at(name), at(name, PREVIEW), writable=name in ("early", "late"))
        assert adapter.columns(at(name)) == adapter.columns(at(name, PREVIEW)) != None  # noqa: E711  neither is None
        assert adapter.query(f"SELECT * FROM {named(name, PREVIEW)}") == adapter.query(f"SELECT * FROM {named(name)}")
    model = named("model", PREVIEW)
    adapter.execute(
        [
            f"CREATE OR REPLACE TABLE {model} AS SELECT id FROM {named('early', PREVIEW)}",
            f"INSERT INTO {model} SELECT id + 1 FROM {named('late_view')}",
            f"DELETE FROM {model} WHERE id = 1",
        ],
        model="model",
    )
    assert adapter.query(f"SELECT id FROM {model}") == [(2,)]
    records = open_records(adapter)
    assert isinstance(records, WarehouseRecords), records
    until = datetime(2030, 1, 1, tzinfo=UTC)
    records.lease("roles", [("SHOP", PREVIEW)], comparison=Comparison("main", "a" * 40, "roles", "b" * 40), until=until)
    assert [lease.name for lease in records.leases()] == ["roles"]
    records.release("roles")
    assert ("SHOP", PREVIEW) in adapter.schemas("branch__")
    adapter.drop_schema("SHOP", PREVIEW)
    assert ("SHOP", PREVIEW) not in adapter.schemas("branch__")


def test_the_grants_are_enough(production: Production) -> None:
    granted(production, single())
    with closing(opened(production)) as adapter:
        previews(adapter)


def test_the_grants_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "warehouses" / "snowflake.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith("GRANT ") and " ON " in line]
    assert tuple(lines) == grants()
    assert set(single()) == set(NEEDED)


@pytest.mark.parametrize("grant", NEEDED)
def test_each_grant_is_needed(production: Production, grant: str) -> None:
    refused, advised = NEEDED[grant]
    granted(production, [one for one in single() if one != grant])
    with pytest.raises(WarehouseError, match=refused) as caught, closing(opened(production)) as adapter:
        previews(adapter)
    assert advised in caught.value.advice


def test_what_may_not_be_seen_is_taken_for_missing(production: Production) -> None:
    granted(production, [one for one in single() if not one.startswith("SELECT")])
    with closing(opened(production)) as adapter:
        assert adapter.columns(at("early")) is None


@pytest.mark.parametrize(
    "verb", ["INSERT", "DELETE", "UPDATE", "TRUNCATE", "ALTER", "DROP", "REPLACE", "CREATE", "SCHEMA"]
)
def test_production_cannot_be_written_to(production: Production, verb: str) -> None:
    granted(production, single())
    orders = named("early")
    statement = {
        "INSERT": f"INSERT INTO {orders} SELECT 2",
        "DELETE": f"DELETE FROM {orders}",
        "UPDATE": f"UPDATE {orders} SET id = 2",
        "TRUNCATE": f"TRUNCATE TABLE {orders}",
        "ALTER": f"ALTER TABLE {orders} ADD COLUMN x INT",
        "DROP": f"DROP TABLE IF EXISTS {orders}",
        "REPLACE": f"CREATE OR REPLACE TABLE {orders} AS SELECT 2 AS id",
        "CREATE": f"CREATE VIEW {named('new')} AS SELECT 2 AS id",
        "SCHEMA": 'DROP SCHEMA "SHOP"."PRODUCTION" CASCADE',
    }[verb]
    with closing(opened(production)) as adapter:
        with pytest.raises(WarehouseError, match=r"Insufficient privileges to operate on .*Snowflake 003001") as caught:
            adapter.execute([statement])
        assert "Grant the role what it lacks" in caught.value.advice
        assert adapter.query(f"SELECT * FROM {orders}") == [(1,)]


def test_without_a_schema_of_its_own_there_are_no_records(production: Production) -> None:
    granted(production, [one for one in single() if not one.startswith("CREATE SCHEMA")])
    with closing(opened(production)) as adapter:
        assert "Insufficient privileges to operate on database 'SHOP'" in getattr(open_records(adapter), "reason", "")
