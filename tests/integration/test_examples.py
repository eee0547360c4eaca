"""The example's figures and the five-model project's are what a bare DuckDB says, without any code of the product.

Everything else may then be judged by them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.support import five_models

SHOP = Path(__file__).parents[2] / "examples" / "shop"
SHOP_TABLES = (
    "staging.raw_orders",
    "staging.raw_customers",
    "staging.stg_orders",
    "staging.stg_customers",
    "marts.dim_customers",
    "marts.fct_revenue",
    "marts.fct_orders_daily",
    "marts.orders_by_category",
    "marts.customer_revenue",
    "marts.customer_lifetime_value",
    "marts.revenue_by_country",
)


def build(connection: duckdb.DuckDBPyConnection, queries: Mapping[str, str], seed: str) -> None:
    connection.execute(seed)
    for relation, query in queries.items():
        schema = relation.rpartition(".")[0] or "main"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE TABLE {relation} AS {query}")


def shop_queries(folder: Path) -> dict[str, str]:
    queries = {}
    for relation in SHOP_TABLES:
        schema, name = relation.split(".")
        text = (folder / "models" / schema / f"{name}.sql").read_text("utf-8")
        query = re.sub(r"\A---toml.*?\n---\n", "", text, flags=re.DOTALL)
        # The ephemeral model is read by its bare name; a table will do here.
        queries[relation] = query.replace("JOIN customer_revenue", "JOIN marts.customer_revenue")
    return queries


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS base")
        opened.execute("ATTACH ':memory:' AS head")
        yield opened


def differences(
    connection: duckdb.DuckDBPyConnection, relation: str, key: Sequence[str], columns: Sequence[str]
) -> tuple[int, int, int]:
    """Rows added, removed and changed between the databases ``base`` and ``head``."""
    keys, values = ", ".join(key), ", ".join(columns)
    sides = [
        {tuple(row[: len(key)]): row[len(key) :] for row in rows}
        for rows in (
            connection.execute(f"SELECT {keys}, {values} FROM {side}.{relation}").fetchall()
            for side in ("base", "head")
        )
    ]
    base, head = sides
    changed = sum(head[both] != base[both] for both in base.keys() & head.keys())
    return len(head.keys() - base.keys()), len(base.keys() - head.keys()), changed


def test_the_five_models_are_what_python_says(connection: duckdb.DuckDBPyConnection) -> None:
    order = ("raw_orders", "raw_customers", "stg_orders", "dim_customers", "fct_revenue")
    for side, files in (("base", five_models.base()), ("head", five_models.pull_request())):
        connection.execute(f"USE {side}")
        build(connection, {name: files[f"models/{name}.sql"] for name in order}, files["data/seed.sql"])
    for side, expected in (("base", five_models.REVENUE_BASE), ("head", five_models.REVENUE_HEAD)):
        rows = connection.execute(f"SELECT customer_id, orders, revenue FROM {side}.main.fct_revenue").fetchall()
        assert {row[0]: tuple(row[1:]) for row in rows} == expected
    expected_rows = (five_models.ROWS_ADDED, five_models.ROWS_REMOVED, five_models.ROWS_CHANGED)
    assert differences(connection, "main.fct_revenue", five_models.KEY, ("orders", "revenue")) == expected_rows
    assert five_models.ROWS_REMOVED > 0
    assert five_models.ROWS_CHANGED > 0
    assert five_models.ROWS_CHANGED < five_models.ROWS_HEAD


def test_the_pull_request_of_five_models_touches_one_file() -> None:
    base, head = five_models.base(), five_models.pull_request()
    assert {path for path in base | head if base.get(path) != head.get(path)} == {"models/fct_revenue.sql"}


@pytest.fixture
def shop(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    seed = (SHOP / "data" / "seed.sql").read_text("utf-8")
    copy = shutil.copytree(SHOP, tmp_path / "shop")
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "apply", "--whitespace=error", "pull_request.patch"], cwd=copy, check=True)
    for side, folder in (("base", SHOP), ("head", copy)):
        connection.execute(f"USE {side}")
        build(connection, shop_queries(folder), seed)
    return connection


def test_every_model_of_the_shop_is_listed_here() -> None:
    names = {f"{path.parent.name}.{path.stem}" for path in (SHOP / "models").glob("*/*.sql")}
    assert names == set(SHOP_TABLES)


@pytest.mark.parametrize(
    ("relation", "key", "columns", "expected"),
    [
        ("marts.fct_revenue", ["customer_id", "order_month"], ["orders", "revenue"], (0, 123, 365)),
        ("marts.fct_revenue", ["customer_id", "order_month"], ["marketplace_orders"], (0, 123, 172)),
        ("marts.customer_lifetime_value", ["customer_id"], ["lifetime_value", "tier"], (0, 0, 235)),
        ("marts.revenue_by_country", ["order_month", "country"], ["customers", "revenue"], (0, 0, 42)),
        ("marts.dim_customers", ["customer_id"], ["full_name", "email", "country", "signed_up_on"], (0, 0, 0)),
        ("staging.stg_customers", ["customer_id"], ["full_name", "email", "country", "signed_up_on"], (0, 0, 0)),
        ("marts.fct_orders_daily", ["order_date"], ["orders", "refunds", "ordered_amount"], (0, 0, 0)),
    ],
)
def test_the_shop_changes_as_its_readme_says(
    shop: duckdb.DuckDBPyConnection,
    relation: str,
    key: list[str],
    columns: list[str],
    expected: tuple[int, int, int],
) -> None:
    assert differences(shop, relation, key, columns) == expected
    readme = (SHOP / "README.md").read_text("utf-8")
    assert all(f"{count:,}" in readme for count in expected)


def test_the_story_of_the_shop_holds(shop: duckdb.DuckDBPyConnection) -> None:
    lost = "SELECT count(*), sum(amount) FROM base.staging.stg_orders WHERE status"
    assert shop.execute(f"{lost} = 'refunded'").fetchall() == [(373, Decimal("28472.53"))]
    assert shop.execute(f"{lost} IS NULL").fetchall() == [(239, Decimal("8926.29"))]
    assert shop.execute("SELECT sum(marketplace_orders) FROM head.marts.fct_revenue").fetchall() == [(0,)]
    assert shop.execute("SELECT count(*), count(signup_cohort) FROM head.marts.dim_customers").fetchall() == [
        (360, 360)
    ]
