"""Values as SQL and back: text, whole and other numbers, points in time, in each warehouse's own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType

from pydantic import TypeAdapter

from rocky_action.sql.quoting import text_literal

Value = str | int | float | datetime | None
_MOMENT = TypeAdapter(datetime)


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    MOMENT = "moment"
    COUNT = "count"
    AMOUNT = "amount"


TYPES: Mapping[str, Mapping[Kind, str]] = MappingProxyType(
    {
        dialect: dict(zip(Kind, types, strict=True))
        for dialect, types in {
            "bigquery": ("STRING", "TIMESTAMP", "INT64", "FLOAT64"),
            "databricks": ("STRING", "TIMESTAMP", "BIGINT", "DOUBLE"),
            "duckdb": ("VARCHAR", "TIMESTAMP", "BIGINT", "DOUBLE"),
            "snowflake": ("VARCHAR", "TIMESTAMP_NTZ", "BIGINT", "DOUBLE"),
        }.items()
    }
)
_WITH_ZONE = frozenset({"bigquery", "databricks"})
"""Dialects whose TIMESTAMP is a point in time; in the others it is what a clock shows, in UTC here."""


def insert(table: str, rows: Sequence[Mapping[str, Value]], *, dialect: str) -> str:
    """One INSERT of all rows, which have the same columns; ``table`` is SQL already. At least one row."""
    values = ", ".join(f"({', '.join(literal(value, dialect) for value in row.values())})" for row in rows)
    return f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES {values}"


def literal(value: Value, dialect: str) -> str:
    """A value as SQL."""
    match value:
        case None:
            return "NULL"
        case datetime():
            return _moment(value.astimezone(UTC), dialect)
        case str():
            return text_literal(value, dialect)
        case _:
            return repr(value)


def _moment(value: datetime, dialect: str) -> str:
    """A point in time; ``value`` is in UTC."""
    text = f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if dialect in _WITH_ZONE:
        return f"TIMESTAMP {text_literal(f'{text}+00:00', dialect)}"
    return f"CAST({text_literal(text, dialect)} AS {TYPES[dialect][Kind.MOMENT]})"


def count(value: object) -> int | None:
    """A whole number as a driver gives it, None for NULL."""
    return value if isinstance(value, int) else None


def moment(value: object) -> datetime:
    """A point in time as a driver gives it, in UTC. Raises ValueError."""
    found = _MOMENT.validate_python(value)
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
