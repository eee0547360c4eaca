"""Models as values, and a DuckDB with the tables that the queries of the tests read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from rocky_action.domain.lineage import Reference
from rocky_action.domain.project import Adapter, FullRefresh, Model, Problem, Project, Relation, Strategy
from rocky_action.sql.references import ReadsOf

CATALOG = "memory"


def model(
    name: str,
    sql: str = "SELECT 1 AS id",
    *,
    target: str | None = None,
    strategy: Strategy | None = None,
    depends_on: tuple[str, ...] = (),
    problem: Problem | None = None,
) -> Model:
    """A model built at ``target`` (catalog.schema.table, by default memory.main.NAME)."""
    catalog, schema, table = (target or f"{CATALOG}.main.{name}").split(".")
    return Model(
        name=name,
        path=f"models/{name}.sql",
        sql=sql,
        target=Relation(catalog, schema, table),
        strategy=strategy or FullRefresh(),
        depends_on=depends_on,
        problem=problem,
    )


def project(models: Iterable[Model]) -> Project:
    """A project on DuckDB, its references read as the loader reads them."""
    by_name = {one.name: one for one in models}
    return Project(".", "duckdb", Adapter("default", "duckdb"), by_name, ReadsOf(by_name, "duckdb"))


def reads_of(sql: str, *others: Model, reader: str = "reader", target: str | None = None) -> tuple[Reference, ...]:
    """What a model of this SQL reads in a project with these others."""
    return project([model(reader, sql, target=target), *others]).reads[reader]


TABLES = {
    "orders": """SELECT i::INTEGER AS id, (i % 5)::INTEGER AS customer_id, (i * 1.5)::DECIMAL(10, 2) AS amount,
        CASE i % 3 WHEN 0 THEN 'paid' WHEN 1 THEN 'PAID' END AS status,
        TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR AS ts, {a: i, b: {c: i * 2}} AS s, [i, i + 1, i + 2] AS l
        FROM range(20) AS t(i)""",
    "customers": """SELECT i::INTEGER AS id, 'c' || i AS name, CASE WHEN i % 2 = 0 THEN 'eu' END AS region
        FROM range(7) AS t(i)""",
    "archived": "SELECT i::INTEGER + 2 AS id, 'old' || i AS name, 'us' AS region FROM range(4) AS t(i)",
    "prices": """SELECT TIMESTAMP '2024-01-01' + INTERVAL (i * 3) HOUR AS ts, i::INTEGER AS price
        FROM range(5) AS t(i)""",
    "monthly": "SELECT 1 AS id, 10 AS jan, 20 AS feb UNION ALL SELECT 2, 30, 40",
    "weird": 'SELECT 1 AS id, 2 AS "sel""ect", 3 AS "Ünï"',
}
PLACES = {
    "orders": "main.orders",
    "customers": "main.customers",
    "archived": "archive.customers",
    "prices": "main.prices",
    "monthly": "main.monthly",
    "weird": 'main."Weird Näme"',
}
"""The tables of the tests by the model that builds each."""


def database(places: dict[str, str] | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory with the tables, where ``places`` says (by default where their models build them)."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA archive; CREATE SCHEMA branch__x; CREATE TABLE raw AS SELECT 1 AS id")
    for name, place in (places or PLACES).items():
        connection.execute(f"CREATE TABLE {place} AS {TABLES[name]}")
    return connection


@cache
def _standing(places: tuple[tuple[str, str], ...]) -> duckdb.DuckDBPyConnection:
    return database(dict(places))


def standing(places: dict[str, str] | None = None) -> duckdb.DuckDBPyConnection:
    """The same database, made once for whoever only reads."""
    return _standing(tuple((places or PLACES).items())).cursor()


Result = tuple[list[tuple[str, str]], list[str]]


def run(connection: duckdb.DuckDBPyConnection, sql: str, *, ordered: bool = False) -> Result:
    """The columns of a query, by name and type, and its rows as text, sorted unless ``ordered``."""
    answer = connection.execute(sql)
    columns = [(str(column[0]), str(column[1])) for column in answer.description or ()]
    rows = [repr(row) for row in answer.fetchall()]
    return columns, rows if ordered else sorted(rows)


def queries() -> list[str]:
    """Queries over the tables, of all the forms that DuckDB has; each gives the same answer whenever it is run."""
    text = (Path(__file__).parent / "queries.sql").read_text(encoding="utf-8")
    return [query.strip() for query in text.split("\n;;\n")]
