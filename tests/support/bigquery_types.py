"""Types and values between DuckDB and BigQuery's REST API."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from tests.support.bigquery_refusal import Refused

_SCALAR = {
    "bigint": "INTEGER",
    "integer": "INTEGER",
    "smallint": "INTEGER",
    "tinyint": "INTEGER",
    "hugeint": "INTEGER",
    "ubigint": "INTEGER",
    "uinteger": "INTEGER",
    "double": "FLOAT",
    "float": "FLOAT",
    "decimal": "NUMERIC",
    "boolean": "BOOLEAN",
    "varchar": "STRING",
    "blob": "BYTES",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "DATETIME",
    "timestamp with time zone": "TIMESTAMP",
    "interval": "INTERVAL",
    "sqlnull": "INTEGER",
    '"null"': "INTEGER",
    "null": "INTEGER",
    "uuid": "STRING",
}
_DECLARED = {
    "BIGINT": "INTEGER",
    "INT": "INTEGER",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    "BOOLEAN": "BOOLEAN",
    "TEXT": "STRING",
    "VARCHAR": "STRING",
    "BINARY": "BYTES",
    "VARBINARY": "BYTES",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "DATETIME",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMPTZ": "TIMESTAMP",
    "TIMESTAMPLTZ": "TIMESTAMP",
    "JSON": "JSON",
    "INTERVAL": "INTERVAL",
}
_INT64 = 2**63
_WIDTHS = {"INTEGER": 8, "FLOAT": 8, "NUMERIC": 16, "BIGNUMERIC": 32, "BOOLEAN": 1, "INTERVAL": 16}


def field_of(name: str, kind: DuckDBPyType) -> dict[str, Any]:
    """A column of a result, as the REST API describes it."""
    if kind.id in ("list", "array"):
        inner = field_of(name, _inner(kind.children[0][1]))
        if inner["mode"] == "REPEATED":
            raise Refused(f"Cannot construct array with element type {inner['type']}: nested arrays are not supported")
        return {**inner, "mode": "REPEATED"}
    if kind.id == "struct":
        parts = [field_of(part, _inner(inner)) for part, inner in kind.children]
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": parts}
    if str(kind).upper() == "JSON":
        return {"name": name, "type": "JSON", "mode": "NULLABLE"}
    found = _SCALAR.get(kind.id) or _SCALAR.get(str(kind).lower())
    if found is None:
        raise Refused(f"the fake does not know DuckDB's type {kind} ({kind.id})")
    return {"name": name, "type": found, "mode": "NULLABLE"}


def _inner(kind: object) -> DuckDBPyType:
    assert isinstance(kind, DuckDBPyType)
    return kind


def declared_field(column: exp.ColumnDef) -> dict[str, Any]:
    """A column as CREATE TABLE declares it."""
    kind = column.args["kind"]
    required = any(isinstance(one.kind, exp.NotNullColumnConstraint) for one in column.args.get("constraints") or ())
    field = _declared(column.name, kind)
    return {**field, "mode": "REQUIRED"} if required and field["mode"] == "NULLABLE" else field


def _declared(name: str, kind: exp.DataType) -> dict[str, Any]:
    spelled = kind.this.name
    if spelled == "ARRAY":
        inner = _declared(name, kind.expressions[0])
        if inner["mode"] == "REPEATED":
            raise Refused("Array of array types are not supported")
        return {**inner, "mode": "REPEATED"}
    if spelled == "STRUCT":
        parts = [_declared(part.name, part.args["kind"]) for part in kind.expressions]
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": parts}
    if spelled not in _DECLARED:
        raise Refused(f"Type not found: {spelled}")
    found: dict[str, Any] = {"name": name, "type": _DECLARED[spelled], "mode": "NULLABLE"}
    numbers = [part.name for part in kind.expressions]
    if numbers and found["type"] in ("NUMERIC", "BIGNUMERIC"):
        found |= dict(zip(("precision", "scale"), numbers, strict=False))
    elif numbers:
        found["maxLength"] = numbers[0]
    return found


def cell(value: object, field: Mapping[str, Any], *, nested: bool = False) -> object:
    """One value of a result, as the REST API sends it."""
    if field["mode"] == "REPEATED" and not nested:
        items = list(value) if isinstance(value, (list, tuple)) else []
        if any(item is None for item in items):
            raise Refused(f"Array cannot have a null element; error in writing field {field['name']}")
        return [{"v": cell(item, field, nested=True)} for item in items]
    if value is None:
        return None
    if field["type"] == "RECORD" and isinstance(value, dict):
        parts = zip(field["fields"], value.values(), strict=True)
        return {"f": [{"v": cell(item, part)} for part, item in parts]}
    return _text(value, field["type"])


def _text(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if kind == "INTEGER" and not -_INT64 <= value < _INT64:
            raise Refused("integer overflow")
        return str(value)
    if isinstance(value, float):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN" if math.isnan(value) else repr(value))
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    return _moment(value, kind)


def _moment(value: object, kind: str) -> str:
    if isinstance(value, dt.datetime):
        if kind != "TIMESTAMP":
            return value.isoformat()
        delta = value.replace(tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return str((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)
    if isinstance(value, dt.timedelta):
        seconds, micros = value.seconds, value.microseconds
        clock = f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}" + (f".{micros:06d}" if micros else "")
        return f"0-0 {value.days} {clock}"
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def rows_of(rows: Sequence[Sequence[object]], schema: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A result's rows."""
    return [{"f": [{"v": cell(value, field)} for value, field in zip(row, schema, strict=True)]} for row in rows]


def width(values: Sequence[object], field: Mapping[str, Any]) -> int:
    """The bytes of a column, about as BigQuery counts them: fixed ones, and 2 more than a text's for a text."""
    fixed = _WIDTHS.get(field["type"], 8)
    if field["type"] in ("STRING", "BYTES", "JSON", "RECORD") or field["mode"] == "REPEATED":
        return sum(0 if value is None else 2 + len(json.dumps(value, default=str)) - 2 for value in values)
    return fixed * sum(value is not None for value in values)
