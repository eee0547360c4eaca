"""What is refused as a model or as a condition, and what only looks like it should be."""

from __future__ import annotations

import pytest

from rocky_action.errors import SqlError
from rocky_action.sql.guard import condition
from rocky_action.sql.parse import parse_query
from rocky_action.sql.references import problem_of
from rocky_action.sql.verbatim import verbatim
from tests.support.sql_models import database, model, run

REFUSED = [
    ("INSERT INTO t SELECT 1", "INSERT"),
    ("INSERT INTO t BY NAME SELECT 1", "INSERT"),
    ("FROM t INSERT INTO u", "INSERT"),
    ("UPDATE t SET a = 1", "UPDATE"),
    ("DELETE FROM t", "DELETE"),
    ("TRUNCATE t", "TRUNCATE"),
    ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "MERGE"),
    ("CREATE TABLE t AS SELECT 1", "CREATE"),
    ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE"),
    ("CREATE SECRET x (TYPE s3)", "CREATE"),
    ("DROP TABLE t", "DROP"),
    ("ALTER TABLE t ADD COLUMN a INT", "ALTER"),
    ("COMMENT ON TABLE t IS 'x'", "COMMENT"),
    ("GRANT SELECT ON t TO x", "GRANT"),
    ("COPY t TO 'x.csv'", "COPY"),
    ("COPY (SELECT 1) TO 'x.csv'", "COPY"),
    ("ATTACH 'x.duckdb'", "ATTACH"),
    ("DETACH x", "DETACH"),
    ("INSTALL httpfs", "INSTALL"),
    ("LOAD httpfs", "LOAD"),
    ("PRAGMA database_list", "PRAGMA"),
    ("SET memory_limit = '1GB'", "SET"),
    ("SET VARIABLE x = 1", "SET"),
    ("RESET memory_limit", "RESET"),
    ("USE other", "USE"),
    ("CALL pragma_version()", "CALL"),
    ("EXECUTE x", "EXECUTE"),
    ("PREPARE x AS SELECT 1", "PREPARE"),
    ("EXPLAIN SELECT 1", "EXPLAIN"),
    ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
    ("ANALYZE", "ANALYZE"),
    ("VACUUM", "VACUUM"),
    ("BEGIN", "TRANSACTION"),
    ("COMMIT", "COMMIT"),
    ("ROLLBACK", "ROLLBACK"),
    ("DESCRIBE t", "DESCRIBE"),
    ("SHOW TABLES", "SHOW"),
    ("PIVOT t ON a USING count(*)", "PIVOT"),
    ("CHECKPOINT", "no SELECT"),
    ("SELECT 1; DROP TABLE t", "2 statements"),
    ("SELECT 1; SELECT 2", "2 statements"),
    ("SELECT 1 /* ; */ ; /* x */ DELETE FROM t", "2 statements"),
    ("SELECT * INTO t FROM u", "SELECT INTO"),
    ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "DELETE"),
    ("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x", "INSERT"),
    ("WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", "UPDATE"),
    ("SELECT * FROM (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x)", "DELETE"),
    ("WITH x AS (SELECT 1) DELETE FROM t", "DELETE"),
    ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT"),
    ("", "there is none"),
    ("-- nothing here", "there is none"),
    (";", "there is none"),
]
HARMLESS = [
    'SELECT 1 AS "drop", 2 AS "delete"',
    "SELECT 'DELETE FROM t; DROP TABLE t' AS text",
    "SELECT $$; DROP TABLE t;$$ AS text",
    "SELECT 1 -- ; DROP TABLE t",
    "SELECT /* INSERT INTO t */ 1",
    "WITH update_x AS (SELECT 1 AS a) SELECT a FROM update_x",
    'WITH "insert" AS (SELECT 1 AS a) SELECT a FROM "insert"',
    "SELECT replace('a', 'b', 'c'), 1 AS set, 2 AS copy, 3 AS call",
    "SELECT * REPLACE (id + 1 AS id) FROM customers",
    "SELECT 1;",
    "SELECT 1;; -- done",
    "SELECT created, updated, deleted FROM (SELECT 1 AS created, 2 AS updated, 3 AS deleted)",
    "FROM customers",
    "TABLE customers",
    "SELECT 1 UNION ALL SELECT 2",
    "(SELECT 1)",
    "SELECT * FROM (PIVOT customers ON region USING count(*))",
]


@pytest.mark.parametrize(("sql", "construct"), REFUSED)
def test_what_is_no_reading_query_is_refused_by_name(sql: str, construct: str) -> None:
    with pytest.raises(SqlError, match=construct):
        parse_query(sql, "duckdb")


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_only_looks_like_writing_is_not_refused(sql: str) -> None:
    query = parse_query(sql, "duckdb")
    with database() as connection:
        assert run(connection, query.text) == run(connection, sql)


CHAINED = [
    "SELECT 1 ->> DELETE FROM prod.orders",
    "SELECT a FROM t ->> TRUNCATE TABLE prod.orders",
    "SELECT 1 -- '\n ->> DELETE FROM prod.orders -- '",
]


@pytest.mark.parametrize("sql", CHAINED)
def test_a_statement_that_snowflake_would_run_after_a_query_is_refused(sql: str) -> None:
    with pytest.raises(SqlError, match="->> begins a second statement"):
        parse_query(sql, "snowflake")
    with pytest.raises(SqlError, match="->> begins a second statement"):
        condition(f"a > 1 {sql}", "snowflake")
    with pytest.raises(SqlError, match="->> begins a second statement"):
        verbatim(model("m", sql), "snowflake")


def test_an_arrow_is_json_elsewhere_and_text_in_snowflake_too() -> None:
    assert parse_query("SELECT j ->> '$.a' AS a FROM t", "duckdb").text == "SELECT j ->> '$.a' AS a FROM t"
    assert parse_query("SELECT '->>' AS a", "snowflake").text == "SELECT '->>' AS a"


OUT_OF_SIGHT = [
    ("snowflake", "SELECT SYSTEM$ABORT_SESSION(1)", "may do more than read"),
    ("snowflake", "SELECT \"SYSTEM$TASK_DEPENDENTS_ENABLE\"('t')", "may do more than read"),
    ("snowflake", "SELECT * FROM TABLE(system$cancel_all_queries(1))", "may do more than read"),
    ("snowflake", "SELECT IDENTIFIER('SYSTEM$ABORT_SESSION')(1)", "takes a name from a string"),
    ("snowflake", "SELECT * FROM IDENTIFIER('prod.orders')", "takes a name from a string"),
    ("snowflake", "SELECT * FROM TABLE('prod.orders')", "takes a name from a string"),
    ("snowflake", "SELECT * FROM TABLE(/* x */ $name)", "takes a name from a string"),
    ("databricks", "SELECT * FROM IDENTIFIER('prod.orders')", "takes a name from a string"),
    ("databricks", "SELECT http_request(conn => 'c', method => 'POST', path => '/')", "may do more than read"),
    ("databricks", "SELECT * FROM remote_query('c', query => 'SELECT 1')", "hidden in a string"),
    ("databricks", "SELECT reflect('java.lang.System', 'exit', 1)", "hidden in a string"),
    ("bigquery", "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", "hidden in a string"),
    ("duckdb", "SELECT nextval('s')", "moves a sequence on"),
    ("duckdb", "SELECT 1 FROM t WHERE \"NextVal\"('s') > 1", "moves a sequence on"),
    ("snowflake", "SELECT id, s.nextval FROM t", "moves a sequence on"),
    ("snowflake", "SELECT db.sch.S.NEXTVAL", "moves a sequence on"),
    ("duckdb", "SELECT * FROM postgres_execute('db', 'DELETE FROM t')", "may do more than read"),
]


@pytest.mark.parametrize(("dialect", "sql", "why"), OUT_OF_SIGHT)
def test_a_function_that_does_or_reads_more_than_can_be_seen_is_told(dialect: str, sql: str, why: str) -> None:
    problem = problem_of(model("m", sql), dialect)
    assert problem is not None
    assert problem.unsupported
    assert why in problem.message


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("snowflake", "SELECT SYSTEM$TYPEOF(a) FROM t"),
        ("snowflake", "SELECT identifier, query FROM t, TABLE(FLATTEN(input => t.b))"),
        ("snowflake", "SELECT * FROM TABLE(GENERATOR(ROWCOUNT => 3))"),
        ("databricks", "SELECT identifier FROM t"),
        ("snowflake", "SELECT t.nextval, u.nextval AS n FROM t JOIN (SELECT 1 AS nextval) AS u"),
        ("bigquery", "SELECT s.nextval, nextval FROM t"),
        ("duckdb", "SELECT currval('s')"),
    ],
)
def test_what_only_sounds_like_it_is_read(dialect: str, sql: str) -> None:
    assert problem_of(model("m", sql), dialect) is None


@pytest.mark.parametrize("call", ["SYSTEM$ABORT_SESSION(1)", '"SYSTEM$ABORT_SESSION"(1)', "IDENTIFIER('f')(1)"])
def test_a_query_that_only_snowflake_reads_may_call_none_of_them_either(call: str) -> None:
    with pytest.raises(SqlError, match="might make it do more than read"):
        verbatim(model("m", f"SELECT x'41' not readable, {call}"), "snowflake")


CONDITIONS = [
    "id > 3",
    "region = 'eu' OR name IS NULL",
    "(id = 1) AND (region = 'eu')",
    "id IN (SELECT customer_id FROM orders)",
    "EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = customers.id)",
    "name NOT LIKE 'c%'",
    "CASE WHEN id > 3 THEN TRUE ELSE region = 'eu' END",
    "region = ')' OR name = '--'",
    "TRUE",
    "id BETWEEN 1 AND 3",
    "(SELECT count(*) > 1 FROM orders)",
    "NOT (id = 1)",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_keeps_its_meaning(text: str) -> None:
    checked = condition(f"{text} -- because", "duckdb")
    assert "because" not in checked
    with database() as connection:
        ids = "SELECT id FROM customers WHERE ({}) AND id >= 0 ORDER BY id"
        assert run(connection, ids.format(checked)) == run(connection, ids.format(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("-- only this", "empty"),
        ("1=1) UNION SELECT 1 --", "not open"),
        ("1=1) OR (1=1", "not open"),
        ("1=1) --", "not open"),
        ("1=1) /*", "cannot be read"),
        ("(1=1", "never closed"),
        ("1=1; DROP TABLE t", "semicolon"),
        ("1=1;", "semicolon"),
        ("SELECT 1", "query"),
        ("FROM orders", "query"),
        ("DROP TABLE t", "cannot be"),
        ("DELETE FROM t", "cannot be"),
        ("id = 1 GROUP BY id", "cannot be read"),
        ("id = 1 ORDER BY id", "cannot be read"),
        ("id = 1 LIMIT 1", "cannot be read"),
        ("id = 1 UNION SELECT 2", "cannot be"),
        ("id = 1, id = 2", "one expression"),
        ("id AS x", "one expression"),
        ("*", "one expression"),
        ("customers.*", "one expression"),
        ("x := 1", "one expression"),
        ("id = 1 id = 2", "cannot be read"),
        ("id =", "cannot be read"),
        ("'unclosed", "cannot be read"),
        ('"unclosed', "cannot be read"),
        ("$$unclosed", "cannot be read"),
        ("id = 1 /* unclosed", "cannot be read"),
        ("id IN (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x)", "DELETE"),
        ("id IN (SELECT id FROM query('DELETE FROM t'))", "hidden in a string"),
        ("id\u200b= 1", "invisible"),
        ("(" * 3000 + "1" + ")" * 3000, "deep"),
    ],
)
def test_what_is_not_one_condition_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SqlError, match=problem):
        condition(text, "duckdb")
