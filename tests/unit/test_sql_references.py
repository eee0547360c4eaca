"""What a query reads, and as which model."""

from __future__ import annotations

import pytest

from rocky_action.domain.lineage import ModelRead, Reference, SourceRead
from rocky_action.domain.project import Ephemeral, NoReads, Problem
from rocky_action.sql.parse import parse_query
from rocky_action.sql.references import Targets, _find_tables, _find_tables_once, problem_of
from tests.support.sql_models import database, model, project, queries, reads_of

ORDERS = model("orders")
STG = model("stg", target="memory.staging.stg_table")
OTHERS = (ORDERS, STG)

READS_ORDERS = [
    "SELECT * FROM orders",
    "FROM orders",
    "TABLE orders",
    "SELECT * FROM 'orders'",
    "SELECT * FROM ORDERS",
    'SELECT * FROM "Orders"',
    "SELECT * FROM main.orders",
    "SELECT * FROM memory.orders",
    "SELECT * FROM memory.main.orders",
    'SELECT * FROM "memory"."MAIN"."orders" AS o',
    "SELECT * FROM raw, orders",
    "SELECT * FROM raw LEFT JOIN orders USING (id)",
    "SELECT * FROM raw ASOF JOIN orders ON raw.ts >= orders.ts",
    "SELECT * FROM raw POSITIONAL JOIN orders",
    "SELECT * FROM (raw JOIN orders ON TRUE)",
    "SELECT * FROM (orders)",
    "SELECT * FROM x: orders",
    "SELECT * FROM (SELECT * FROM orders)",
    "SELECT * FROM raw, LATERAL (SELECT * FROM orders WHERE orders.id = raw.id)",
    "SELECT 1 UNION ALL SELECT id FROM orders",
    "(SELECT 1) EXCEPT (SELECT id FROM orders)",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM orders)",
    "SELECT 1 WHERE 1 IN (SELECT id FROM orders)",
    "SELECT 1 WHERE 1 > ALL (SELECT id FROM orders)",
    "SELECT (SELECT max(id) FROM orders)",
    "SELECT CASE WHEN (SELECT count(*) FROM orders) > 1 THEN 1 END",
    "SELECT 1 AS a ORDER BY (SELECT max(id) FROM orders)",
    "SELECT 1 AS a LIMIT (SELECT max(id) FROM orders)",
    "SELECT 1 AS a QUALIFY row_number() OVER () < (SELECT max(id) FROM orders)",
    "WITH x AS (SELECT * FROM orders) SELECT * FROM x",
    "WITH x AS (SELECT * FROM orders), y AS (SELECT * FROM x) SELECT * FROM y",
    "SELECT * FROM (WITH x AS (SELECT * FROM orders) SELECT * FROM x)",
    "SELECT * FROM (PIVOT orders ON status USING count(*))",
    "SELECT * FROM orders PIVOT (count(*) FOR status IN ('paid'))",
    "SELECT * FROM (UNPIVOT orders ON a, b)",
    "SELECT [x + 1 for x in (SELECT list(id) FROM orders)]",
    "SELECT list_transform((SELECT list(id) FROM orders), lambda x: x + 1)",
    "SELECT ARRAY(SELECT id FROM orders)",
    # a CTE of the same name hides it only where the CTE can be seen
    "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
    "WITH orders AS (SELECT 1) SELECT * FROM main.orders",
    "WITH x AS (SELECT * FROM orders), orders AS (SELECT 1) SELECT * FROM x",
    "SELECT * FROM (WITH orders AS (SELECT 1) SELECT * FROM orders), orders",
    "WITH x AS (WITH orders AS (SELECT 1) SELECT * FROM orders) SELECT * FROM x, orders",
    "SELECT 1 WHERE 1 IN (WITH orders AS (SELECT 1 AS a) SELECT a FROM orders) AND EXISTS (FROM orders)",
]
DOES_NOT_READ_ORDERS = [
    "SELECT 'FROM orders' /* FROM orders */ -- FROM orders",
    "SELECT orders FROM raw",
    "SELECT orders.id FROM raw AS orders",
    "SELECT 1 FROM raw WHERE 1 IN orders",
    "SELECT * FROM orders()",
    "SELECT * FROM other.orders",
    "SELECT * FROM other.main.orders",
    "WITH orders AS (SELECT 1) SELECT * FROM orders",
    'WITH "Orders" AS (SELECT 1) SELECT * FROM orders',
    "WITH orders AS (SELECT 1), x AS (SELECT * FROM orders) SELECT * FROM x",
    "WITH orders AS (SELECT 1) SELECT * FROM (SELECT * FROM orders)",
    "WITH orders AS (SELECT 1 AS a) SELECT 1 WHERE 1 IN (SELECT a FROM orders)",
    "WITH orders AS (SELECT 1 AS a) SELECT * FROM orders UNION ALL SELECT * FROM orders",
    "WITH orders AS (SELECT 1 AS a) SELECT * FROM raw, LATERAL (SELECT * FROM orders)",
    "WITH orders AS (SELECT 1 AS a) SELECT * FROM (WITH x AS (SELECT * FROM orders) SELECT * FROM x)",
    "WITH RECURSIVE orders(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM orders WHERE n < 3) SELECT * FROM orders",
]


@pytest.mark.parametrize("sql", READS_ORDERS)
def test_reads(sql: str) -> None:
    assert ModelRead("orders") in reads_of(sql, *OTHERS)


@pytest.mark.parametrize("sql", DOES_NOT_READ_ORDERS)
def test_does_not_read(sql: str) -> None:
    assert ModelRead("orders") not in reads_of(sql, *OTHERS)


@pytest.mark.parametrize("sql", queries())
def test_nothing_that_is_read_is_missed(sql: str) -> None:
    """Without the tables of the models it is said to read, and only those, a query does not run; with them it does."""
    models = {name: model(name) for name in ("orders", "customers", "prices", "monthly")}
    models["archived"] = model("archived", target="memory.archive.customers")
    models["weird"] = model("weird", target="memory.main.Weird Näme")
    reads = {ref.model for ref in reads_of(sql, *models.values()) if isinstance(ref, ModelRead)}
    with database() as connection:
        for name, one in models.items():
            if name not in reads:
                connection.execute(f'DROP TABLE {one.target.schema}."{one.target.name}"')
        connection.execute(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM stg", [ModelRead("stg")]),
        ("SELECT * FROM stg_table", [ModelRead("stg")]),
        ("SELECT * FROM staging.stg_table", [ModelRead("stg")]),
        ("SELECT * FROM staging.stg", [SourceRead("staging.stg")]),
        ("SELECT * FROM main.stg_table", [SourceRead("main.stg_table")]),
        ("SELECT * FROM Raw.Events JOIN orders USING (id)", [SourceRead("Raw.Events"), ModelRead("orders")]),
        ("SELECT * FROM read_csv('x.csv')", []),
        ("SELECT * FROM 'x.csv'", [SourceRead("x.csv")]),
        ("SELECT 1", []),
    ],
)
def test_resolution(sql: str, expected: list[Reference]) -> None:
    assert list(reads_of(sql, *OTHERS)) == expected


class TestBareNames:
    """DuckDB looks in main; only what is not there can be meant by a model's name or its table in another schema."""

    def test_the_table_in_main_before_the_model_of_that_name(self) -> None:
        named = model("events", target="memory.staging.events")
        there = model("raw_events", target="memory.main.events")
        assert reads_of("SELECT * FROM events", named, there) == (ModelRead("raw_events"),)

    def test_a_model_by_its_name_in_any_schema(self) -> None:
        assert reads_of("FROM events", model("events", target="memory.staging.t")) == (ModelRead("events"),)

    def test_a_table_that_two_schemas_have_is_ambiguous(self) -> None:
        one, other = (model(name, target=f"memory.{name}.events") for name in ("a", "b"))
        assert reads_of("FROM events", one, other) == (SourceRead("events"),)
        assert reads_of("FROM b.events", one, other) == (ModelRead("b"),)

    def test_the_readers_own_catalog_where_two_have_the_table(self) -> None:
        one, other = (model(f"m_{name}", target=f"{name}.main.events") for name in ("one", "two"))
        assert reads_of("FROM events", one, other, target="two.main.reader") == (ModelRead("m_two"),)
        assert reads_of("FROM main.events", one, other, target="one.main.reader") == (ModelRead("m_one"),)

    def test_a_model_that_reads_its_own_target(self) -> None:
        assert reads_of("SELECT max(id) FROM inc", reader="inc") == (ModelRead("inc"),)
        assert reads_of("SELECT max(id) FROM main.inc", reader="inc") == (ModelRead("inc"),)

    def test_its_own_name_in_another_schema_is_the_table_in_main(self) -> None:
        assert reads_of("FROM orders", reader="orders", target="memory.staging.orders") == (SourceRead("orders"),)

    def test_its_own_name_where_its_table_is_called_otherwise(self) -> None:
        assert reads_of("FROM orders", reader="orders", target="memory.main.stg_orders") == (SourceRead("orders"),)


class TestNotUnderstood:
    """Text that cannot be read counts as reading every model that it mentions."""

    def test_sql_that_does_not_parse(self) -> None:
        found = project([model("m", "SELEC * FROM Orders, staging.stg_table WHERE"), *OTHERS])
        assert found.reads["m"] == (ModelRead("orders"), ModelRead("stg"))
        problem = problem_of(found.models["m"], "duckdb")
        assert problem is not None
        assert not problem.unsupported
        assert "line 1" in problem.message

    def test_a_problem_that_the_loader_found(self) -> None:
        odd = model("m", "SELECT * FROM orders", problem=Problem("not so", unsupported=True))
        found = project([odd, *OTHERS])
        assert found.reads["m"] == (ModelRead("orders"),)
        assert problem_of(found.models["m"], "duckdb") == odd.problem

    def test_a_name_of_several_words(self) -> None:
        odd = model("fct-revenue 2", target="memory.main.t")
        assert reads_of('SELEC FROM "FCT-revenue 2" (', odd) == (ModelRead("fct-revenue 2"),)

    def test_part_of_a_word_is_no_mention_and_neither_is_its_own_name(self) -> None:
        assert reads_of("SELEC FROM orders_old, reader (", *OTHERS) == ()

    def test_an_invisible_character_hides_no_table(self) -> None:
        found = project([model("m", "SELECT id\u200bFROM orders"), *OTHERS])
        assert found.reads["m"] == (ModelRead("orders"),)
        assert "U+200B" in str(problem_of(found.models["m"], "duckdb"))

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM query('SELECT * FROM orders')",
            "SELECT * FROM QUERY('SELECT * FROM orders')",
            "SELECT * FROM \"query\"('SELECT * FROM orders')",
            "SELECT * FROM main.query('FROM orders')",
            "SELECT * FROM query_table('orders')",
            "SELECT 1 WHERE 1 IN (SELECT id FROM query_table(['orders']))",
            "FROM json_execute_serialized_sql(json_serialize_sql('FROM orders'))",
        ],
    )
    def test_sql_hidden_in_a_string(self, sql: str) -> None:
        found = project([model("m", sql), *OTHERS])
        assert ModelRead("orders") in found.reads["m"]
        problem = problem_of(found.models["m"], "duckdb")
        assert problem is not None
        assert problem.unsupported
        assert "hidden in a string" in problem.message

    def test_a_column_called_query_hides_nothing(self) -> None:
        assert problem_of(model("m", "SELECT query, q.query_table FROM raw AS q"), "duckdb") is None


def test_depends_on_is_declared_where_the_sql_does_not_say_it() -> None:
    reads = project([model("m", "SELECT * FROM orders", depends_on=("orders", "stg")), *OTHERS]).reads["m"]
    assert reads == (ModelRead("orders"), ModelRead("stg", declared=True))


def test_ephemeral_models_are_read_like_others() -> None:
    assert reads_of("FROM eph", model("eph", strategy=Ephemeral())) == (ModelRead("eph"),)


def test_references_come_once_and_in_the_order_met() -> None:
    assert set(reads_of("SELECT * FROM stg, orders, stg AS s", *OTHERS)) == {ModelRead("stg"), ModelRead("orders")}
    assert len(reads_of("SELECT * FROM stg, orders, stg AS s", *OTHERS)) == 2


def test_every_model_has_an_entry() -> None:
    found = project(OTHERS)
    assert found.models.keys() == found.reads.keys() == {"orders", "stg"}
    assert Targets.of(found.models).by_table["stg_table"][0].name == "stg"


@pytest.mark.parametrize("sql", ["FROM orders JOIN staging.stg_table USING (id)", "SELEC orders ("])
def test_other_processes_find_the_same_and_keep_no_tree(sql: str) -> None:
    asked = model("m", sql)
    assert _find_tables_once(asked, "duckdb") == _find_tables(asked, "duckdb")
    _find_tables_once(asked, "duckdb")
    assert parse_query.cache_info().currsize == 0


class TestCouldRead:
    """The text search that decides what is parsed: it may name too many models, and never too few."""

    @pytest.mark.parametrize("sql", [*READS_ORDERS, "SELECT 'FROM orders' -- FROM Orders", "SELEC orders ("])
    def test_whatever_mentions_the_name(self, sql: str) -> None:
        assert project([model("m", sql), *OTHERS]).reads.could_read([ORDERS]) == {"m"}

    @pytest.mark.parametrize("sql", ["SELECT 1", "FROM orders_2", "FROM myorders", "FROM raw_orders AS o"])
    def test_part_of_a_word_is_no_mention(self, sql: str) -> None:
        assert project([model("m", sql), *OTHERS]).reads.could_read([ORDERS]) == frozenset()

    @pytest.mark.parametrize("name", ["orders", "Straße", "ΑΣ", "İd", "Weird Näme", "fct-revenue", 'a"b', "*"])
    @pytest.mark.parametrize("table", ["", "other"])
    def test_names_of_all_kinds_in_any_case(self, name: str, table: str) -> None:
        named = model(name, target=f"memory.main.{table or name}")
        for spelled in (name, name.upper(), name.lower()):
            quoted = spelled.replace('"', '""')
            for sql in (f'FROM "{quoted}"', f'FROM main."{quoted}"', f'SELECT "{quoted}".x FROM "{quoted}" -- é'):
                found = project([model("m", sql), named])
                reads = ModelRead(name) in found.reads["m"]
                assert not reads or found.reads.could_read([named]) >= {"m"}
                assert reads or table or spelled != name

    @pytest.mark.parametrize("sql", queries())
    def test_it_misses_no_read(self, sql: str) -> None:
        names = ("orders", "customers", "prices", "monthly", "archived")
        found = project([model("m", sql), *(model(name) for name in names)])
        for reference in found.reads["m"]:
            if isinstance(reference, ModelRead):
                assert "m" in found.reads.could_read([found.models[reference.model]])

    def test_what_depends_on_declares(self) -> None:
        found = project([model("m", "SELECT 1", depends_on=("stg",)), *OTHERS])
        assert found.reads.could_read([STG]) == {"m"}
        assert found.reads.could_read([ORDERS]) == frozenset()

    def test_models_of_another_project(self) -> None:
        found = project([model("m", "FROM staging.gone_table")])
        assert found.reads.could_read([model("gone", target="memory.staging.gone_table")]) == {"m"}
        assert found.reads.could_read([]) == frozenset()
        assert NoReads().could_read([ORDERS]) == frozenset()
