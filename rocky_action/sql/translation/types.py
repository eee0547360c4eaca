"""A column's type in the words that the row diff compares by."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

NESTED = "NESTED("
"""How the names of types begin that are compared by their JSON: arrays, structs, maps, JSON and what is like it."""

_WORDS = {
    exp.DType.TINYINT: "BIGINT",
    exp.DType.SMALLINT: "BIGINT",
    exp.DType.INT: "BIGINT",
    exp.DType.BIGINT: "BIGINT",
    exp.DType.FLOAT: "FLOAT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIME: "TIME",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP",
    exp.DType.DATETIME: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMPTZ",
    exp.DType.BINARY: "BYTES",
    exp.DType.VARBINARY: "BYTES",
}
_TEXTS = {exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.NVARCHAR, exp.DType.NCHAR}
_DECIMAL_ALONE = {"bigquery": (38, 9), "databricks": (10, 0), "snowflake": (38, 0)}
"""Digits, and those behind the point, of a decimal that names neither."""


def common_type(native: str, dialect: str) -> str:
    """BIGINT, DECIMAL(p,s), FLOAT, DOUBLE, BOOLEAN, VARCHAR, BYTES, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, or NESTED(…).

    Everything that is none of the others is NESTED: it is compared as the JSON that the warehouse makes of it.
    """
    try:
        type_ = exp.DataType.build(native, dialect=dialect)
    except SqlglotError:
        return f"{NESTED}{native})"
    if type_.this in _TEXTS:
        return "VARCHAR"
    if type_.this is exp.DType.DECIMAL:
        digits, places = _decimal([int(one.name) for one in type_.expressions], dialect)
        return f"DECIMAL({digits},{places})"
    if type_.this is exp.DType.FLOAT and dialect == "snowflake":
        return "DOUBLE"  # REAL and FLOAT4 are other names of it there
    return _WORDS.get(type_.this, f"{NESTED}{native})")


def _decimal(named: list[int], dialect: str) -> tuple[int, int]:
    match named:
        case [digits, places]:
            return digits, places
        case [digits]:
            return digits, 0
        case _:
            return _DECIMAL_ALONE[dialect]
