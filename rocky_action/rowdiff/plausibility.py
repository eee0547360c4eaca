"""How likely it is that a column, by its name and its type, is meant to identify rows."""

from __future__ import annotations

import re
from enum import IntEnum

from rocky_action.rowdiff.common_types import is_whole
from rocky_action.rowdiff.schema import ColumnPair

_TEXT = frozenset({"VARCHAR", "UUID", "BLOB"})
_PART_ONLY = frozenset({"BOOLEAN", "TIME"})
_IDENTITY_WORDS = """
    id ids uid key sk pk uuid guid code no nr num number hash sku slug email isin iban line seq sequence
"""
_IDENTITIES = frozenset(_IDENTITY_WORDS.split())
_IDENTITY_ENDINGS = ("id", "key", "number", "code")
_NO_IDENTITIES = frozenset({"paid", "unpaid", "prepaid", "valid", "invalid", "void", "bid", "grid", "hybrid"})
_PERIODS = frozenset({"hour", "day", "week", "month", "quarter", "year", "date", "period"})
_MEASURE_WORDS = """
    amount amt total sum price cost revenue qty quantity count cnt balance rate avg average mean min max score value
    val pct percent ratio share margin discount tax profit units duration seconds minutes hours bytes size weight
    height width length age latitude longitude lat lon rank rnd random
"""
_MEASURES = frozenset(_MEASURE_WORDS.split())
"""Words of names of columns whose values are counted or measured, and identify nothing."""


class Plausibility(IntEnum):
    """The better, the smaller. A ``PART`` identifies rows together with other columns only."""

    NAMED = 0
    PLAIN = 1
    MOMENT = 2
    PART = 3


def plausibility(pair: ColumnPair) -> Plausibility | None:
    """What a column can be of a key; None for floats, decimals, nested types and what is called like a measure."""
    if pair.tolerance is not None or pair.rules.as_json:
        return None
    kinds = [_of_type(column.type) for column in (pair.base, pair.head)]
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds):
        return None
    words = _words(pair.name)
    last = words[-1] if words else ""
    if max(known) is Plausibility.PLAIN and _is_identity(last):
        return Plausibility.NAMED
    if Plausibility.MOMENT not in known and not _MEASURES.isdisjoint(words):
        return None
    return max(known)


def is_period(pair: ColumnPair) -> bool:
    """True for a column called like a stretch of time, "month" or "order_day": reports have one row for each."""
    words = _words(pair.name)
    return bool(words) and words[-1] in _PERIODS and (len(words) == 1 or words[-1] != "date")


def is_whole_number(pair: ColumnPair) -> bool:
    """True when both sides hold whole numbers, which can be subtracted."""
    return all(is_whole(column.type) for column in (pair.base, pair.head))


def _of_type(type_: str) -> Plausibility | None:
    if is_whole(type_) or type_ in _TEXT:
        return Plausibility.PLAIN
    if type_ == "DATE" or (type_.startswith("TIMESTAMP") and not type_.endswith("]")):
        return Plausibility.MOMENT
    enumerated = type_.startswith("ENUM(") and type_.endswith(")")
    return Plausibility.PART if type_ in _PART_ONLY or enumerated else None


def _is_identity(word: str) -> bool:
    return word in _IDENTITIES or (word.endswith(_IDENTITY_ENDINGS) and word not in _NO_IDENTITIES)


def _words(name: str) -> list[str]:
    """Order_id, OrderID and orderId are all the words "order" and "id"."""
    return [word.lower() for word in re.findall(r"[^\W\d_]+", _spaced(name))]


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
