"""Rewritten queries: the same answer from other places, judged by DuckDB."""

from __future__ import annotations

import pytest

from rocky_action.domain.project import Ephemeral, Model, Relation, SurrogateKey, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.references import Targets
from rocky_action.sql.rewrite import Place, inlinable, rewrite, with_surrogate_keys
from tests.support.sql_models import database, model, queries, run, standing

MODELS = [
    model("orders"),
    model("customers"),
    model("archived", target="memory.archive.customers"),
    model("prices"),
    model("monthly"),
    model("weird", target="memory.main.Weird Näme"),
]
TARGETS = Targets.of({one.name: one for one in MODELS})
# Other schema, other names, and where one model's table was, another's is now.
ELSEWHERE = {
    "orders": "branch__x.orders",
    "customers": "branch__x.the_customers",
    "archived": "branch__x.customers",
    "prices": "branch__x.p",
    "monthly": "branch__x.monthly",
    "weird": 'branch__x."we""ird"',
}
PLACES: dict[str, Place] = {
    name: Relation("memory", "branch__x", place.split(".")[1].strip('"').replace('""', '"'))
    for name, place in ELSEWHERE.items()
}


def pointed(sql: str, places: dict[str, Place] | None = None, *others: Model, reader: str = "reader") -> str:
    targets = Targets.of({one.name: one for one in (*MODELS, *others)})
    query = parse_query(sql, "duckdb")
    return rewrite(query, reader=reader, targets=targets, places=PLACES if places is None else places).text


@pytest.mark.parametrize("sql", queries())
def test_the_answer_is_the_same_from_other_places(sql: str) -> None:
    """Columns, their names and their types included: a column without an alias is called after its text."""
    rewritten = pointed(sql)
    with standing() as here, standing(ELSEWHERE) as there:
        assert run(there, rewritten) == run(here, sql)


@pytest.mark.parametrize("sql", queries())
def test_what_is_in_no_other_place_is_read_where_it_is(sql: str) -> None:
    with standing() as here:
        assert run(here, pointed(sql, {})) == run(here, sql)


def test_a_source_stays_as_it_is_written() -> None:
    assert pointed("SELECT id FROM raw JOIN orders USING (id)").startswith("SELECT id FROM raw JOIN")


def test_an_alias_is_kept_and_no_other_is_added() -> None:
    assert pointed("SELECT o.id FROM orders AS o") == 'SELECT o.id FROM "memory"."branch__x"."orders" AS o'


def test_a_name_becomes_the_alias() -> None:
    assert (
        pointed("SELECT 1 FROM main.customers") == 'SELECT 1 FROM "memory"."branch__x"."the_customers" AS "customers"'
    )


def test_only_names_of_tables_are_touched() -> None:
    text = pointed("SELECT 'orders', orders.id AS orders, \"orders\" /* orders */ FROM orders -- orders")
    assert text == 'SELECT \'orders\', orders.id AS orders, "orders" FROM "memory"."branch__x"."orders" AS "orders"'


def test_a_model_reads_its_own_place() -> None:
    own = {"orders": Relation("", "branch__x", "orders")}
    assert pointed("SELECT max(id) FROM orders", dict(own), reader="orders") == (
        'SELECT max(id) FROM "branch__x"."orders" AS "orders"'
    )


def test_a_column_called_like_a_model_is_no_table() -> None:
    """`x IN name` looks into a list; no version of DuckDB that is supported takes the name for a table's."""
    with database() as connection:
        connection.execute("CREATE TABLE lists AS SELECT 1 AS x, [1, 2] AS orders")
        assert run(connection, pointed("SELECT x FROM lists WHERE x IN orders"))[1] == ["(1,)"]


def test_time_travel_is_refused() -> None:
    with pytest.raises(SqlError, match="orders is read as it was at another time"):
        pointed("SELECT * FROM orders AT (VERSION => 1)")


class TestEphemeral:
    """Inlined queries."""

    eph = model("eph", "SELECT id, name FROM customers WHERE region = 'eu'", strategy=Ephemeral())

    def inlined(self, reader: str, query: str | None = None) -> str:
        tree = parse_query(reader, "duckdb")
        inner = pointed(query or self.eph.sql)
        place: Query = inlinable(parse_query(inner, "duckdb"), reader=tree)
        return pointed(reader, {**PLACES, "eph": place}, self.eph)

    @pytest.mark.parametrize(
        "reader",
        [
            "SELECT eph.name FROM eph",
            "SELECT e.name FROM eph AS e JOIN eph AS f USING (id)",
            "SELECT eph.name FROM main.eph WHERE main.eph.id > 0",
            "SELECT name FROM orders JOIN eph ON eph.id = orders.customer_id",
            "WITH x AS (SELECT * FROM eph) SELECT name FROM x",
            "WITH eph AS (SELECT * FROM eph) SELECT name FROM eph",
            "SELECT name FROM eph TABLESAMPLE 100%",
            "SELECT id FROM orders WHERE customer_id IN (SELECT id FROM eph)",
            "SELECT * FROM (PIVOT eph ON id USING count(*) GROUP BY name)",
            "TABLE eph",
            "FROM eph",
            "SELECT * FROM eph AS e(a, b)",
        ],
    )
    def test_reads_as_a_table_would(self, reader: str) -> None:
        with database() as here, database(ELSEWHERE) as there:
            here.execute(f"CREATE VIEW eph AS {self.eph.sql}")
            assert run(there, self.inlined(reader)) == run(here, reader)

    def test_a_cte_of_the_reader_does_not_capture_what_it_reads(self) -> None:
        reader = "WITH raw AS (SELECT 99 AS id) SELECT eph.id, raw.id AS other FROM eph, raw"
        with database() as connection:
            inner = "SELECT raw.id FROM raw"
            assert run(connection, self.inlined(reader, inner))[1] == ["(1, 99)"]

    def test_a_cte_of_its_own_stays_its_own(self) -> None:
        reader = "WITH x AS (SELECT 99 AS id) SELECT eph.id, x.id AS other FROM eph, x"
        with database() as connection:
            assert run(connection, self.inlined(reader, "WITH x AS (SELECT 1 AS id) SELECT id FROM x"))[1] == [
                "(1, 99)"
            ]

    def test_a_comment_at_its_end_swallows_nothing(self) -> None:
        with database(ELSEWHERE) as there:
            assert len(run(there, self.inlined("SELECT id FROM eph", f"{self.eph.sql} -- only these;"))[1]) == 4

    def test_nested(self) -> None:
        big = model("big", "SELECT id FROM eph WHERE id > 0", strategy=Ephemeral())
        middle = parse_query(self.inlined(big.sql), "duckdb")
        text = pointed("SELECT count(*) AS n FROM big", {"big": middle}, self.eph, big)
        with database(ELSEWHERE) as there:
            assert run(there, text)[1] == ["(3,)"]


class TestSurrogateKeys:
    """FORMAT 2.8."""

    def test_one_column_more_with_dbt_utils_own_bytes(self) -> None:
        keyed = model("m", "SELECT id, region FROM customers ORDER BY id LIMIT 2 -- two")
        keyed = Model(**{**vars(keyed), "surrogate_keys": (SurrogateKey("key", ("id", "region")),)})
        query = with_surrogate_keys(parse_query(keyed.sql, "duckdb"), keyed)
        with database() as connection:
            expected = (
                "SELECT id, region, md5(concat(id::VARCHAR, '-', coalesce(region, '_dbt_utils_surrogate_key_null_')))"
            )
            columns, rows = run(connection, query.text)
            assert [name for name, _ in columns] == ["id", "region", "key"]
            assert rows == run(connection, f"{expected} AS key FROM customers ORDER BY id LIMIT 2")[1]

    def test_none_without_a_declaration_and_for_time_intervals(self) -> None:
        query = parse_query("SELECT 1 AS id", "duckdb")
        assert with_surrogate_keys(query, model("m")) is query
        keys = {"surrogate_keys": (SurrogateKey("key", ("id",)),), "strategy": TimeInterval("ts", "day")}
        assert with_surrogate_keys(query, Model(**{**vars(model("m")), **keys})) is query
