"""The type in which two columns are compared, for every pair of types that DuckDB has.

A common type holds every value of both without merging two of them. Where there is none, values are the same if they
read the same as text, and the report says that this was the yardstick.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT = "VARCHAR"
_SMALL = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10}
_DIGITS = {**_SMALL, "UBIGINT": 20, "HUGEINT": 39}
_FLOATS = {"FLOAT", "DOUBLE"}
_MOMENTS = {"DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP"}
_WIDEST_DECIMAL = 38
_EXACT_IN_DOUBLE = 15


@dataclass(frozen=True)
class Comparable:
    """How a column is compared: cast to ``cast`` (None: as it is), being of ``type`` then.

    ``caveat`` is what the reader must know if this is not equality of the values themselves.
    """

    type: str
    cast: str | None = None
    caveat: str | None = None


def comparable(base_type: str, head_type: str) -> Comparable:
    """How values of two types are compared, equal types included."""
    if base_type == head_type:
        # DuckDB takes 30 days for equal to 1 month, alone and inside a list; their texts differ.
        return Comparable(TEXT, TEXT) if "INTERVAL" in base_type else Comparable(base_type)
    common = _common_number(base_type, head_type)
    if common is None and {base_type, head_type} <= _MOMENTS:
        common = "TIMESTAMP"
    if common is None:
        return Comparable(TEXT, TEXT, f"{base_type} and {head_type} were compared as text")
    rounded = common == "DOUBLE" and max(_precision(base_type), _precision(head_type)) > _EXACT_IN_DOUBLE
    caveat = f"{base_type} and {head_type} were compared as DOUBLE, beyond 15 digits rounded" if rounded else None
    return Comparable(common, common, caveat)


def is_number(type_: str) -> bool:
    """True for types that can be subtracted from one another."""
    return type_ in _DIGITS or type_ in _FLOATS or _decimal(type_) is not None


def is_integer(type_: str) -> bool:
    """True for whole numbers that fit into HUGEINT."""
    return type_ in _DIGITS


def _common_number(base_type: str, head_type: str) -> str | None:
    if not (is_number(base_type) and is_number(head_type)):
        return None
    if {base_type, head_type} & _FLOATS:
        return "DOUBLE"
    if base_type in _DIGITS and head_type in _DIGITS:
        return "BIGINT" if base_type in _SMALL and head_type in _SMALL else "HUGEINT"
    (base_whole, base_scale), (head_whole, head_scale) = _places(base_type), _places(head_type)
    scale = max(base_scale, head_scale)
    precision = max(base_whole, head_whole) + scale
    return f"DECIMAL({precision},{scale})" if precision <= _WIDEST_DECIMAL else None


def _decimal(type_: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_)
    return (int(match[1]), int(match[2])) if match else None


def _places(type_: str) -> tuple[int, int]:
    """Digits before and after the decimal point."""
    decimal = _decimal(type_)
    return (_DIGITS.get(type_, 0), 0) if decimal is None else (decimal[0] - decimal[1], decimal[1])


def _precision(type_: str) -> int:
    return sum(_places(type_))
