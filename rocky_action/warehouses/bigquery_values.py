"""Types as BigQuery spells them in SQL, values as Python has them, labels as BigQuery allows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]  # what Google's client makes of it
from google.cloud.bigquery import QueryJob, SchemaField

from rocky_action.domain.diff import Column
from rocky_action.sql.quoting import quote

_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
"""The REST API's names for types, and SQL's for the same."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL_LENGTH = 63


def columns_of(schema: Sequence[SchemaField]) -> tuple[Column, ...]:
    """A schema's columns, in order, with their whole types."""
    return tuple(Column(field.name, spelled_type(field)) for field in schema)


def spelled_type(field: SchemaField) -> str:
    """A column's type as SQL spells it: ``ARRAY<STRUCT<a INT64, b NUMERIC(10, 2)>>``."""
    kind = _STANDARD.get(field.field_type, field.field_type)
    if kind == "STRUCT":
        inner = ", ".join(f"{_named(part.name)} {spelled_type(part)}" for part in field.fields)
        kind = f"STRUCT<{inner}>"
    elif kind == "RANGE" and field.range_element_type is not None:
        kind = f"RANGE<{field.range_element_type.element_type}>"
    elif field.precision is not None:
        kind = f"{kind}({field.precision}, {field.scale})" if field.scale else f"{kind}({field.precision})"
    elif field.max_length is not None:
        kind = f"{kind}({field.max_length})"
    return f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind


def _named(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote(name, "bigquery")


def plain(value: object) -> object:
    """A cell as Python has it; a whole NUMERIC is an int, since BigQuery does not say what scale a result has."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, relativedelta):
        return _interval(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _interval(value: relativedelta) -> str:
    """An INTERVAL in BigQuery's own canonical form, ``Y-M D H:M:S``."""
    span = value.normalized()
    months = span.years * 12 + span.months
    micros = ((span.hours * 60 + span.minutes) * 60 + span.seconds) * 1_000_000 + span.microseconds
    seconds, fraction = divmod(abs(micros), 1_000_000)
    clock = f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}" + (f".{fraction:06d}" if fraction else "")
    calendar = f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
    return f"{calendar} {value.days} {'-' if micros < 0 else ''}{clock}"


def billed_for(processed: int, *, tables: int) -> int:
    """The bytes that are billed on demand: whole MB (of 2^20), and at least 10 of them for each table."""
    return max(10 * max(tables, 1), -(-processed // 2**20)) * 2**20 if processed else 0


def is_upper_bound(rehearsed: QueryJob) -> bool:
    """Whether a query will process no more bytes than its dry run says: of an external table that may say 0."""
    query = rehearsed._properties.get("statistics", {}).get("query", {})  # noqa: SLF001  the client has no name for it
    return query.get("totalBytesProcessedAccuracy", "PRECISE") in ("PRECISE", "UPPER_BOUND")


def labels_of(facts: Mapping[str, str], model: str | None = None) -> dict[str, str]:
    """Labels by which a bill can be traced back: lower-case letters, digits, ``_`` and ``-``, at most 63 of them."""
    known = dict(facts) if model is None else {**facts, "model": model}
    return {f"rocky_preview_{_slug(key)}": _slug(value)[:_LABEL_LENGTH] for key, value in known.items() if value}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())
