"""The fake refuses what BigQuery refuses, so that no statement of ours passes here and fails there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.bigquery_ground import DATASET, PROJECT, BigQueryGround, open_bigquery
from tests.support.bigquery_refusal import Refused


@pytest.fixture(scope="module")
def opened() -> Iterator[BigQueryGround]:
    with open_bigquery() as found:
        for sql in (
            (
                "CREATE TABLE production.t AS SELECT 1 AS id, 'a' AS s, [1] AS l, STRUCT(1 AS a) AS r, 1.5 AS f,"
                " PARSE_JSON('{}') AS j"
            ),
            "CREATE VIEW production.v AS SELECT id FROM production.t",
            "CREATE TABLE production.parts PARTITION BY d AS SELECT DATE '2026-01-01' AS d",
        ):
            found.ground.production(sql)
        yield found


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM production.t AS a FULL JOIN production.t AS b ON a.id < b.id", "FULL OUTER JOIN cannot be"),
        (
            "SELECT * FROM production.t AS a LEFT JOIN production.t AS b ON a.id = b.id OR TRUE",
            "LEFT OUTER JOIN cannot",
        ),
        ("SELECT * FROM production.t AS a FULL JOIN production.t AS b ON a.id IS NOT DISTINCT FROM b.id", "FULL OUTER"),
        ("SELECT [[1]] AS x", "nested arrays"),
        ("SELECT ARRAY_AGG(l) AS x FROM production.t", "nested arrays"),
        ("SELECT ARRAY_AGG(x) AS y FROM UNNEST([1, NULL]) AS x", "cannot have a null element"),
        ("SELECT * FROM production.v TABLESAMPLE SYSTEM (10 PERCENT)", "only be applied directly to tables"),
        ("SELECT * FROM (SELECT 1 AS x) TABLESAMPLE SYSTEM (10 PERCENT)", "only be applied directly to tables"),
        ("SELECT l, COUNT(*) FROM production.t GROUP BY l", "type ARRAY is not allowed"),
        ("SELECT r, COUNT(*) FROM production.t GROUP BY 1", "type STRUCT is not allowed"),
        ("WITH c AS (SELECT j FROM production.t) SELECT j FROM c GROUP BY j", "type JSON is not allowed"),
        ("SELECT DISTINCT j FROM production.t", "type JSON cannot be used in SELECT DISTINCT"),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY CAST(f AS FLOAT64)) FROM production.t", "type FLOAT64 is not allowed"),
        ("SELECT * FROM t", "must be qualified with a dataset"),
        ('SELECT * FROM "production"."t"', "Syntax error"),
        ("SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x", "integer overflow"),
        ("SELECT SUM(x) OVER () FROM UNNEST([9223372036854775807, 1]) AS x", "integer overflow"),
        ("WITH c AS MATERIALIZED (SELECT 1 AS x) SELECT * FROM c", "MATERIALIZED"),
        (
            "BEGIN TRANSACTION; CREATE TABLE production.n AS SELECT 1 AS x; COMMIT TRANSACTION",
            "not supported in a trans",
        ),
        ("BEGIN TRANSACTION", "only in scripts"),
        ("COMMIT TRANSACTION; SELECT 1", "Transaction control"),
        ("SELECT 1 AS x UNION SELECT 2", "Expected DISTINCT or ALL"),
        ("SELECT id::INT64 FROM production.t", "Syntax error"),
        ("SELECT CAST(id AS VARCHAR) FROM production.t", "Type not found: VARCHAR"),
        ("CREATE TABLE production.n (x VARCHAR)", "Type not found: VARCHAR"),
        ("SELECT hash(id) FROM production.t", "Function not found: hash"),
        ("SELECT COUNT(*) FILTER (WHERE TRUE) FROM production.t", "FILTER"),
        ("SELECT * FROM (VALUES (1)) AS v", "VALUES"),
        ("SELECT 1 AS x, 2 AS x", "Duplicate column names"),
        ("CREATE TABLE production.n AS SELECT 1", "must be named"),
        ("CREATE OR REPLACE TABLE production.v AS SELECT 1 AS x", "because it is currently a VIEW"),
        ("CREATE OR REPLACE VIEW production.t AS SELECT 1 AS x", "because it is currently a TABLE"),
        ("CREATE OR REPLACE TABLE production.parts AS SELECT 1 AS x", "different partitioning spec"),
        ("CREATE TABLE production.t AS SELECT 1 AS x", "Already Exists"),
        ("CREATE TABLE production.n CLONE production.v", "only tables can be cloned"),
        ("DROP TABLE production.v", "Cannot drop"),
        ("DROP TABLE production.nothing", "Not found"),
        ("DELETE FROM production.t", "must have a WHERE clause"),
        ("UPDATE production.t SET id = 2", "must have a WHERE clause"),
        ("INSERT INTO production.t SELECT 1", "wrong column count"),
        ("DELETE FROM production.v WHERE TRUE", "Cannot modify"),
        (
            (
                "MERGE INTO production.parts AS target USING"
                " (SELECT d FROM UNNEST([DATE '2026-01-01', DATE '2026-01-01'])"
                " AS d) AS source ON target.d = source.d WHEN MATCHED THEN UPDATE SET d = source.d"
            ),
            "at most one source row",
        ),
        ("SELECT CAST(1 AS NUMERIC(38, 0))", "P must be between"),
        ("SELECT 1 / 0", "(?i)division by zero"),
        ("SELECT FROM WHERE", "Syntax error"),
        ("", "Unexpected end"),
    ],
)
def test_it_is_refused(opened: BigQueryGround, sql: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        opened.ground.production(sql)


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SELECT COUNT(*) FROM production.t AS a FULL JOIN production.t AS b ON a.id = b.id AND a.s < b.s", "2"),
        ("SELECT COUNT(*) FROM production.t AS a LEFT JOIN production.t AS b USING (id)", "1"),
        ("SELECT COUNT(*) FROM production.t TABLESAMPLE SYSTEM (100 PERCENT)", "1"),
        ("SELECT COUNT(*) FROM `shop-analytics.production.t`", "1"),
        ("SELECT s FROM production.t GROUP BY s", "a"),
        ('SELECT s FROM production.t WHERE s = "a"', "a"),
        ("SELECT DIV(NUMERIC '7', 2)", "3"),
        ("SELECT TO_JSON_STRING(STRUCT(1 AS a, NULL AS b, 'x' AS c))", '{"a":1,"b":null,"c":"x"}'),
        ("SELECT SUM(x) FROM UNNEST([9223372036854775806, 1]) AS x", "9223372036854775807"),
        ("SELECT 1 AS x UNION ALL SELECT 1", "1"),
    ],
)
def test_and_what_is_like_it_is_not(opened: BigQueryGround, sql: str, first: str) -> None:
    found = opened.server.run(sql, project=PROJECT, location="EU")
    assert found[0]["f"][0]["v"] == first


def test_a_merge_inserts_whole_rows(opened: BigQueryGround) -> None:
    for sql in (
        f"CREATE OR REPLACE TABLE {DATASET}.m AS SELECT 1 AS id, 'a' AS v",
        (
            f"MERGE INTO {DATASET}.m AS target USING (SELECT 2 AS id, 'b' AS v UNION ALL SELECT 1, 'c') AS source"
            " ON target.id = source.id WHEN MATCHED THEN UPDATE SET v = source.v WHEN NOT MATCHED THEN INSERT ROW"
        ),
        f"ALTER TABLE {DATASET}.m ADD COLUMN n INT64",
        f"UPDATE {DATASET}.m SET n = 7 WHERE id = 2",
    ):
        opened.ground.production(sql)
    found = opened.server.run(f"SELECT * FROM {DATASET}.m ORDER BY id", project=PROJECT, location="EU")
    assert [[cell["v"] for cell in row["f"]] for row in found] == [["1", "c", None], ["2", "b", "7"]]


def test_a_transaction_that_fails_is_rolled_back(opened: BigQueryGround) -> None:
    opened.ground.production(f"CREATE OR REPLACE TABLE {DATASET}.k AS SELECT 1 AS id")
    with pytest.raises(Refused):
        opened.ground.production(
            f"BEGIN TRANSACTION; DELETE FROM {DATASET}.k WHERE TRUE; SELECT ERROR('no'); COMMIT TRANSACTION"
        )
    assert opened.server.run(f"SELECT COUNT(*) FROM {DATASET}.k", project=PROJECT, location="EU") == [
        {"f": [{"v": "1"}]}
    ]
