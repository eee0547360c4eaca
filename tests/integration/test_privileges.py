"""What a login may do beyond what a preview needs is told in one line; what is not known is not called fine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import responses

from rocky_action.assembly import connect
from rocky_action.domain.project import Adapter, Projects, Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.report import Severity
from rocky_action.place import Place
from rocky_action.settings import parse
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import Opened, OpenRequest
from tests.support.bigquery_ground import DATASET, LOCATION, PROJECT, TOKEN
from tests.support.bigquery_ground import SETTINGS as BIGQUERY
from tests.support.bigquery_ground import request as bigquery_request
from tests.support.bigquery_roles import PREVIEWER, READER, Account
from tests.support.bigquery_server import Server, serving
from tests.support.bigquery_shelf import Dataset
from tests.support.projects import ROCKY_TOML, load, project_files
from tests.support.snowflake_server import Answer, Asked, Refusal, Table
from tests.support.snowflake_server import serving as serving_snowflake
from tests.support.trees import tree

_TEXT: Mapping[str, int] = {"length": 100, "byteLength": 400}
GRANTS = ("privilege", "granted_on", "name", "granted_to", "grantee_name")
PRODUCTION = (Relation("SHOP", "PRODUCTION", "ORDERS"), Relation("", "MARTS", "FCT"))
ENOUGH = (
    ("USAGE", "WAREHOUSE", "PREVIEW_WH"),
    ("USAGE", "DATABASE", "SHOP"),
    ("CREATE SCHEMA", "DATABASE", "SHOP"),
    ("USAGE", "SCHEMA", "SHOP.PRODUCTION"),
    ("SELECT", "TABLE", "SHOP.PRODUCTION.ORDERS"),
    ("SELECT", "VIEW", 'SHOP.PRODUCTION."v.1"'),
    ("OWNERSHIP", "SCHEMA", 'SHOP."branch__x"'),
    ("OWNERSHIP", "TABLE", 'SHOP."branch__x"."m"'),
    ("INSERT", "TABLE", "SHOP.SANDBOX.T"),
    ("USAGE", "ROLE", "READER"),
)
"""What docs/warehouses/snowflake.md grants, what the role owns after a preview, and what is nobody's business."""


# Snowflake


def snowflake(grants: Sequence[tuple[str, str, str]] | Refusal, *, role: str = "PREVIEWER") -> tuple[Opened, list[str]]:
    """Snowflake, opened, and what it was asked."""

    def answer(asked: Asked) -> Answer:
        if isinstance(grants, Refusal):
            return grants
        return Table([(name, "text", _TEXT) for name in GRANTS], [[*one, "ROLE", role] for one in grants])

    with serving_snowflake(answer) as account:
        account.session = {**account.session, "roleName": role}
        environ = {
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": str(account.port),
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_PASSWORD": "p",
        }
        settings = {"account": "a", "username": "u", "database": "SHOP", "warehouse": "PREVIEW_WH"}
        adapter = Adapter("default", "snowflake", settings)
        asked = OpenRequest(adapter, Path(), tuple, environ=environ, production=PRODUCTION)
        opened = open_warehouse(asked)
        opened.warehouse.close()
        return opened, account.statements


def test_snowflake_is_asked_once_and_enough_is_no_news() -> None:
    opened, asked = snowflake(ENOUGH)
    assert opened.powers is None
    assert asked == ['SHOW GRANTS TO ROLE "PREVIEWER"']


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        (("INSERT", "TABLE", "SHOP.PRODUCTION.ORDERS"), "may change tables in SHOP.PRODUCTION"),
        (("DELETE", "TABLE", 'SHOP.MARTS."a.b"'), "may change tables in SHOP.MARTS"),
        (("TRUNCATE", "TABLE", "SHOP.PRODUCTION.ORDERS"), "may change tables in SHOP.PRODUCTION"),
        (("UPDATE", "TABLE", "shop.production.orders"), "may change tables in SHOP.PRODUCTION"),
        (("OWNERSHIP", "TABLE", "SHOP.PRODUCTION.ORDERS"), "owns tables in SHOP.PRODUCTION"),
        (("OWNERSHIP", "SCHEMA", "SHOP.PRODUCTION"), "owns SHOP.PRODUCTION"),
        (("CREATE TABLE", "SCHEMA", "SHOP.PRODUCTION"), "may make tables in SHOP.PRODUCTION"),
        (("OWNERSHIP", "DATABASE", "SHOP"), "owns the database SHOP"),
        (("USAGE", "ROLE", "SYSADMIN"), "inherits from SYSADMIN"),
        (("MANAGE GRANTS", "ACCOUNT", "MYACCOUNT"), "may grant itself anything"),
    ],
)
def test_snowflake_tells_what_is_more(grant: tuple[str, str, str], told: str) -> None:
    assert snowflake((*ENOUGH, grant))[0].powers == f"the role PREVIEWER {told}"


def test_a_role_of_snowflakes_own_needs_no_question() -> None:
    opened, asked = snowflake(ENOUGH, role="ACCOUNTADMIN")
    assert opened.powers == "ACCOUNTADMIN is a role of Snowflake's own that may do nearly anything"
    assert asked == []


def test_much_more_is_still_one_line() -> None:
    more = [
        (kind, "TABLE", f"SHOP.{schema}.T") for kind in ("INSERT", "OWNERSHIP") for schema in ("PRODUCTION", "MARTS")
    ]
    powers = snowflake([*more, ("USAGE", "ROLE", "SYSADMIN")])[0].powers
    assert powers is not None
    assert powers.endswith(" and 2 more")
    assert "\n" not in powers


def test_what_snowflake_does_not_say_is_not_told() -> None:
    assert snowflake(Refusal("003001", "Insufficient privileges"))[0].powers is None


# BigQuery


@pytest.fixture
def google() -> Iterator[Server]:
    with serving({}, {PROJECT}) as server:
        server.shelf.add_dataset(Dataset(PROJECT, DATASET, LOCATION))
        server.run(f"CREATE TABLE `{PROJECT}`.{DATASET}.orders (id INT64)", project=PROJECT, location=LOCATION)
        yield server


def bigquery(server: Server, rights: frozenset[str], *production: Relation) -> str | None:
    server.access.accounts = {TOKEN: Account("preview@example.com", {PROJECT: PREVIEWER}, {(PROJECT, DATASET): rights})}
    asked = bigquery_request(BIGQUERY, {"BIGQUERY_EMULATOR_HOST": server.url})
    opened = open_warehouse(replace(asked, production=production))
    opened.warehouse.close()
    return opened.powers


ORDERS = Relation("", DATASET, "orders")


def test_bigquery_is_asked_once_for_a_dataset_and_enough_is_no_news(google: Server) -> None:
    assert bigquery(google, READER, ORDERS, Relation(PROJECT, DATASET, "lines")) is None
    (asked,) = google.seen
    assert asked[:2] == (
        "POST",
        f"/bigquery/v2/projects/{PROJECT}/datasets/{DATASET}/tables/orders:testIamPermissions",
    )


def test_bigquery_tells_what_is_more(google: Server) -> None:
    editor = READER | {"bigquery.tables.updateData", "bigquery.tables.delete", "bigquery.tables.list"}
    assert bigquery(google, editor, ORDERS) == (
        "the account that logs in has bigquery.tables.delete in shop-analytics.production,"
        " bigquery.tables.updateData in shop-analytics.production"
    )


def test_what_bigquery_does_not_say_is_not_told(google: Server) -> None:
    """A table that is not there, a dataset that may not be seen, a login that is refused, nothing to ask about."""
    editor = READER | {"bigquery.tables.updateData"}
    assert bigquery(google, editor, Relation("", DATASET, "nowhere")) is None
    assert bigquery(google, frozenset(), Relation("", "other", "orders")) is None
    google.seen.clear()
    assert bigquery(google, editor) is None
    assert google.seen == []
    google.access.accounts = {}
    asked = bigquery_request(BIGQUERY, {"BIGQUERY_EMULATOR_HOST": google.url})
    assert open_warehouse(replace(asked, production=(ORDERS,))).powers is None


# Databricks

HOST = "https://dbc-1.cloud.databricks.com"
STATEMENTS = f"{HOST}/api/2.0/sql/statements"


def databricks(*rows: list[str], refused: str | None = None) -> tuple[str | None, str]:
    """What is told, and what was asked."""

    def said(*found: list[str]) -> dict[str, object]:
        columns = [{"name": f"c{at}", "type_text": "STRING"} for at in range(len(found[0]) if found else 2)]
        manifest = {"schema": {"columns": columns}, "total_row_count": len(found), "truncated": False}
        state = {"state": "SUCCEEDED"}
        return {"statement_id": "s", "status": state, "manifest": manifest, "result": {"data_array": found}}

    with responses.RequestsMock() as api:
        api.get(f"{HOST}/.well-known/databricks-config", json={"workspace_id": "1"})
        api.post(STATEMENTS, json=said(["main"]))
        if refused is None:
            api.post(STATEMENTS, json=said(*rows))
        else:
            error = {"error_code": "BAD_REQUEST", "message": refused}
            api.post(STATEMENTS, json={"statement_id": "s", "status": {"state": "FAILED", "error": error}})
        settings = {"host": HOST, "http_path": "/sql/1.0/warehouses/abc123", "token": "dapi-x"}
        production = (Relation("", "shop", "a"), Relation("main", "Marts", "b"), Relation("other", "x", "c"))
        asked = OpenRequest(Adapter("default", "databricks", settings), Path(), tuple, production=production)
        opened = open_warehouse(asked)
        statements = [json.loads(str(call.request.body))["statement"] for call in api.calls if call.request.body]
        opened.warehouse.close()
        return opened.powers, statements[-1]


def test_databricks_is_asked_once_and_enough_is_no_news() -> None:
    told, asked = databricks(["shop", "USE SCHEMA"], ["shop", "SELECT"], ["shop", "USE_SCHEMA"])
    assert told is None
    assert asked == (
        "SELECT schema_name, privilege_type FROM `main`.information_schema.schema_privileges"
        " WHERE lower(schema_name) IN ('shop', 'marts')"
        " AND (grantee = current_user() OR is_account_group_member(grantee))"
        " UNION SELECT schema_name, 'OWNERSHIP' FROM `main`.information_schema.schemata"
        " WHERE lower(schema_name) IN ('shop', 'marts')"
        " AND (schema_owner = current_user() OR is_account_group_member(schema_owner))"
    )


@pytest.mark.parametrize(
    ("privilege", "told"),
    [
        ("MODIFY", "may change tables in main.shop"),
        ("ALL_PRIVILEGES", "may do anything in main.shop"),
        ("ALL PRIVILEGES", "may do anything in main.shop"),
        ("MANAGE", "may manage main.shop"),
        ("OWNERSHIP", "owns main.shop"),
    ],
)
def test_databricks_tells_what_is_more(privilege: str, told: str) -> None:
    assert databricks(["shop", "SELECT"], ["shop", privilege])[0] == f"the principal that logs in {told}"


def test_what_databricks_does_not_say_is_not_told() -> None:
    """No Unity Catalog, or no right to look."""
    assert databricks(refused="[TABLE_OR_VIEW_NOT_FOUND] information_schema")[0] is None


# In the report


def test_what_is_more_is_one_note_of_the_report(google: Server) -> None:
    editor = READER | {"bigquery.tables.updateData"}
    google.access.accounts = {TOKEN: Account("preview@example.com", {PROJECT: PREVIEWER}, {(PROJECT, DATASET): editor})}
    config = f'[adapter]\ntype = "bigquery"\nproject_id = "{PROJECT}"\nlocation = "{LOCATION}"\n'
    defaults = f'[target]\ncatalog = "{PROJECT}"\nschema = "{DATASET}"\n'
    rest = ROCKY_TOML[ROCKY_TOML.index("[pipeline") :]
    files = project_files({"orders": "SELECT 1 AS id"}, config + rest) | {"models/_defaults.toml": defaults}
    environ = {"BIGQUERY_EMULATOR_HOST": google.url, "BIGQUERY_TOKEN": TOKEN}
    project, masked = load(files), list[str]()
    place = Place(Path(), environ, datetime.now(UTC), lambda _: None, mask=masked.append)
    with connect(
        Projects(project, project),
        settings=parse({}),
        place=place,
        comparison=Comparison("main", "a" * 40, "x", "b" * 40),
        head_tree=tree(files),
        labels={},
    ) as connection:
        (caveat,) = connection.caveats
    assert caveat.severity is Severity.NOTE
    assert caveat.message == (
        "More than a preview needs: the account that logs in has bigquery.tables.updateData in"
        " shop-analytics.production. Nothing of it was used;"
        " docs/warehouses/bigquery.md of rocky-preview has the grants that are enough."
    )
