"""Types that all warehouses share, and what the translator does with what no dialect has a word for."""

from __future__ import annotations

import pytest

from rocky_action.errors import PreviewError
from rocky_action.sql.translation import common_type, in_words_of

TYPES = {
    "bigquery": {
        "INT64": "BIGINT",
        "NUMERIC": "DECIMAL(38,9)",
        "NUMERIC(10)": "DECIMAL(10,0)",
        "NUMERIC(10, 2)": "DECIMAL(10,2)",
        "FLOAT64": "DOUBLE",
        "BOOL": "BOOLEAN",
        "STRING": "VARCHAR",
        "STRING(10)": "VARCHAR",
        "BYTES": "BYTES",
        "DATE": "DATE",
        "DATETIME": "TIMESTAMP",
        "TIMESTAMP": "TIMESTAMPTZ",
        "TIME": "TIME",
        "BIGNUMERIC": "NESTED(BIGNUMERIC)",
        "JSON": "NESTED(JSON)",
        "GEOGRAPHY": "NESTED(GEOGRAPHY)",
        "ARRAY<INT64>": "NESTED(ARRAY<INT64>)",
        "STRUCT<a INT64, b STRING>": "NESTED(STRUCT<a INT64, b STRING>)",
    },
    "databricks": {
        "tinyint": "BIGINT",
        "bigint": "BIGINT",
        "decimal(10,2)": "DECIMAL(10,2)",
        "float": "FLOAT",
        "double": "DOUBLE",
        "string": "VARCHAR",
        "char(3)": "VARCHAR",
        "binary": "BYTES",
        "timestamp": "TIMESTAMPTZ",
        "timestamp_ntz": "TIMESTAMP",
        "array<int>": "NESTED(array<int>)",
        "interval day to second": "NESTED(interval day to second)",
        "void": "NESTED(void)",
    },
    "snowflake": {
        "NUMBER(38,0)": "DECIMAL(38,0)",
        "NUMBER": "DECIMAL(38,0)",
        "FLOAT": "DOUBLE",
        "REAL": "DOUBLE",
        "TEXT": "VARCHAR",
        "VARCHAR(16777216)": "VARCHAR",
        "BINARY(8388608)": "BYTES",
        "TIME(9)": "TIME",
        "TIMESTAMP_NTZ(9)": "TIMESTAMP",
        "TIMESTAMP_LTZ(9)": "TIMESTAMPTZ",
        "TIMESTAMP_TZ(9)": "TIMESTAMPTZ",
        "VARIANT": "NESTED(VARIANT)",
        "no such ( type": "NESTED(no such ( type)",
    },
}


@pytest.mark.parametrize(
    ("dialect", "native", "common"), [(d, n, c) for d, types in TYPES.items() for n, c in types.items()]
)
def test_a_type_has_one_name_everywhere(dialect: str, native: str, common: str) -> None:
    assert common_type(native, dialect) == common


def said(dialect: str, sql: str) -> str:
    return in_words_of(dialect, sql, row_hash=lambda expressions: f"H({', '.join(expressions)})")


def test_sums_of_hashes_have_room_and_other_sums_stay_as_they_are() -> None:
    sql = "SELECT sum(rocky_row_hash(a, b)), sum(key_hash), sum(n) FROM t"
    assert said("bigquery", sql) == (
        "SELECT SUM(CAST((H(a, b)) AS BIGNUMERIC)), SUM(CAST(key_hash AS BIGNUMERIC)), SUM(n) FROM t"
    )
    assert said("databricks", sql).count("AS DECIMAL(38, 0)") == 2


def test_whole_numbers_are_divided_without_rounding() -> None:
    """7,000,000 into 6,999,999 is 0.9999999 of six digits, which is 1."""
    assert said("snowflake", "SELECT a // 7000000 FROM t") == (
        "SELECT CAST((a - (a) % 7000000) / 7000000 AS DECIMAL(38, 0)) FROM t"
    )


def test_the_smallest_are_found_without_a_list_of_all() -> None:
    sql = (
        "SELECT count(*), min(CASE WHEN b.x THEN b.h END, 3) FROM (SELECT 1 AS x, 2 AS h) AS b JOIN c AS d ON b.h = d.h"
    )
    assert "LIMIT 3)" in said("bigquery", sql)
    assert "MIN_BY(" in said("snowflake", sql)
    spark = said("databricks", sql)
    assert "ORDER BY drawn_hash LIMIT 3" in spark.replace(" NULLS LAST", "")
    assert spark.count("JOIN c AS d ON b.h = d.h") == 2


def test_what_cannot_be_said_is_our_mistake_and_no_guess() -> None:
    with pytest.raises(PreviewError, match="cannot be said in bigquery"):
        said("bigquery", "SELECT a FROM t WHERE (")
    with pytest.raises(TypeError, match="stands in no query"):
        said("databricks", "min(a, 3)")
