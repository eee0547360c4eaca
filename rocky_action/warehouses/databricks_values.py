"""Values as the Statement Execution API sends them, all of them text, as Python's own by the types of the manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

_WHOLE = r"(?:BIGINT|INT|SMALLINT|TINYINT|DECIMAL\(\d+, ?0\))"
_NUMBERS = re.compile(rf"ARRAY<{_WHOLE}>")


def reader(type_text: str) -> Callable[[str], object]:
    """How to read a column's values, by its full SQL type; what Python has no value for stays text.

    Whole numbers, decimals of scale 0 among them, are int, other decimals Decimal; TIMESTAMP is a moment in UTC,
    TIMESTAMP_NTZ has no zone; an array of whole numbers is a list of int. Binary values come as base64.
    """
    kind = type_text.upper()
    if re.fullmatch(_WHOLE, kind):
        return int
    if _NUMBERS.fullmatch(kind):
        return _numbers
    return _READERS.get(kind.split("(")[0], str)


def _numbers(text: str) -> list[int | None]:
    """The elements come as JSON's numbers or as text."""
    return [None if one is None else int(one) for one in json.loads(text)]


def _moment(text: str) -> object:
    """In UTC; a year beyond Python's stays text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _local(text: str) -> object:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text


def _day(text: str) -> object:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _truth(text: str) -> bool:
    return text.lower() == "true"


_READERS: dict[str, Callable[[str], object]] = {
    "BOOLEAN": _truth,
    "DATE": _day,
    "DECIMAL": Decimal,
    "DOUBLE": float,
    "FLOAT": float,
    "TIMESTAMP": _moment,
    "TIMESTAMP_NTZ": _local,
}
