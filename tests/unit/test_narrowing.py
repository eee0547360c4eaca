"""Which new types lose values, in the words of every warehouse."""

from __future__ import annotations

import pytest

from rocky_action.stages.findings.narrowing import narrows

NARROWER = {
    "Rocky's own list": [
        ("BIGINT", "INTEGER"), ("BIGINT", "FLOAT"), ("DOUBLE", "FLOAT"), ("DOUBLE", "INTEGER"), ("DOUBLE", "BIGINT"),
        ("DECIMAL(10,2)", "DECIMAL(8,2)"), ("DECIMAL(10,2)", "DECIMAL(10,1)"), ("VARCHAR", "INTEGER"),
        ("VARCHAR", "BOOLEAN"), ("VARCHAR", "DATE"), ("VARCHAR", "TIMESTAMP"), ("TIMESTAMP", "DATE"),
        ("INTEGER[]", "VARCHAR"), ("MAP(VARCHAR, INTEGER)", "VARCHAR"), ("VARIANT", "TEXT"),
        ("STRUCT(a INTEGER)", "STRUCT(a BIGINT)"),
    ],
    "DuckDB": [
        ("HUGEINT", "BIGINT"), ("BIGINT", "UBIGINT"), ("UBIGINT", "BIGINT"), ("TIMESTAMP_NS", "TIMESTAMP_MS"),
        ("DECIMAL(18,3)", "DECIMAL(18,4)"), ("DECIMAL(10,2)", "BIGINT"), ("DECIMAL(19,0)", "BIGINT"),
        ("BIGINT", "DECIMAL(18,0)"), ("ENUM('a', 'b')", "ENUM('a')"), ("VARCHAR", "ENUM('a')"), ("VARCHAR", "UUID"),
        ("BIGINT", "BOOLEAN"), ("DATE", "BOOLEAN"), ("BOOLEAN", "DATE"), ("DOUBLE", "DECIMAL(18,3)"),
    ],
    "Databricks": [("timestamp_ntz", "date"), ("array<int>", "array<bigint>"), ("string", "int"), ("bigint", "int")],
    "Snowflake": [
        ("NUMBER(38,0)", "NUMBER(10,0)"), ("VARCHAR(20)", "VARCHAR(10)"), ("TIMESTAMP_NTZ(9)", "TIMESTAMP_NTZ(3)"),
        ("OBJECT", "TEXT"),
    ],
    "BigQuery": [("INT64", "NUMERIC(5,0)"), ("STRING", "INT64"), ("BIGNUMERIC", "NUMERIC"), ("DATETIME", "DATE")],
}  # fmt: skip
NOT = {
    "wider": [
        ("INTEGER", "BIGINT"), ("FLOAT", "DOUBLE"), ("DECIMAL(8,2)", "DECIMAL(10,2)"), ("INTEGER", "DECIMAL(10,0)"),
        ("DATE", "TIMESTAMP"), ("ENUM('a')", "ENUM('a', 'b')"), ("VARCHAR(10)", "VARCHAR"), ("INT64", "NUMERIC"),
        ("UTINYINT", "SMALLINT"), ("DECIMAL(9,0)", "INTEGER"), ("BOOLEAN", "INTEGER"),
    ],
    "into what takes everything": [
        ("INTEGER", "VARCHAR"), ("ENUM('a')", "VARCHAR"), ("INTEGER[]", "JSON"), ("VARCHAR", "VARIANT"),
        ("STRING", "BYTES"),
    ],
    "as Rocky sees it": [
        ("INTEGER", "DOUBLE"), ("BIGINT", "DOUBLE"), ("INTEGER", "FLOAT"), ("NUMBER(38,0)", "FLOAT"),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"),
    ],
    "unknown": [('"NULL"', "INTEGER"), ("INTEGER", '"NULL"'), ("GEOGRAPHY", "STRING"), ("", "INTEGER"), ("((", "INT")],
}  # fmt: skip


@pytest.mark.parametrize(("base", "head"), [pair for pairs in NARROWER.values() for pair in pairs])
def test_narrower(base: str, head: str) -> None:
    assert narrows(base, head)


@pytest.mark.parametrize(("base", "head"), [pair for pairs in NOT.values() for pair in pairs])
def test_not_narrower(base: str, head: str) -> None:
    assert not narrows(base, head)


@pytest.mark.parametrize(
    "spelled", sorted({one for pairs in (*NARROWER.values(), *NOT.values()) for pair in pairs for one in pair})
)
def test_never_into_itself(spelled: str) -> None:
    assert not narrows(spelled, spelled)
