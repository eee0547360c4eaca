"""Whether a column's new type has no place for values that the old one has, for the type names of all warehouses.

Rocky's list (docs/rocky-format.md, 7.4) knows few widths. It is carried over to the others by its own idea: a type is
narrower when some value may be lost. As in that list, every number fits into a 64-bit float, and a list, a map or a
struct fits into nothing but a type that takes everything. A type that nobody has heard of is not called narrower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_BITS = {
    **dict.fromkeys(("TINYINT", "BYTEINT", "BYTE"), 8),
    **dict.fromkeys(("SMALLINT", "SHORT"), 16),
    **dict.fromkeys(("INTEGER", "INT", "INT32"), 32),
    **dict.fromkeys(("BIGINT", "LONG", "INT64"), 64),
    "HUGEINT": 128,
}
_FLOATS = {
    **dict.fromkeys(("FLOAT", "REAL", "FLOAT4"), 32),
    **dict.fromkeys(("DOUBLE", "DOUBLE PRECISION", "FLOAT64"), 64),
}
_DECIMALS = {
    **dict.fromkeys(("DECIMAL", "NUMBER", "DEC"), (18, 3)),
    "NUMERIC": (38, 9),
    "BIGNUMERIC": (76, 38),
}
"""What a decimal without digits can hold: it is BigQuery's NUMERIC, the others always come with digits."""
_MOMENTS = {
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"), 6),
    **dict.fromkeys(("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"), 6),
    "TIMESTAMP_S": 0,
    "TIMESTAMP_MS": 3,
    "TIMESTAMP_NS": 9,
}
_TEXTS = ("VARCHAR", "STRING", "TEXT", "CHAR", "BPCHAR", "NVARCHAR")
_BINARIES = ("BLOB", "BINARY", "VARBINARY", "BYTEA", "BYTES")
_NESTED = ("ARRAY", "MAP", "STRUCT", "RECORD", "OBJECT", "UNION", "LIST", "VECTOR")
_OPEN = ("VARIANT", "JSON")
_LONE = ("BOOLEAN", "DATE", "TIME", "INTERVAL", "UUID", "BIT")
_SPELLED = re.compile(r"(?P<name>[A-Z_0-9]+)\s*(?:\((?P<inner>.*)\))?(?P<rest>[A-Z ]*)", re.DOTALL)


class _Family(Enum):
    WHOLE = auto()
    DECIMAL = auto()
    FLOAT = auto()
    TEXT = auto()
    BINARY = auto()
    MOMENT = auto()
    NESTED = auto()
    OPEN = auto()
    ENUM = auto()
    LONE = auto()


@dataclass(frozen=True)
class _Type:
    """A type's family and extent: bits, digits before and after the point, length, labels, by family."""

    family: _Family
    name: str
    low: int = 0
    high: int = 0
    labels: frozenset[str] = frozenset()


def narrows(base: str, head: str) -> bool:
    """True if values of type ``base`` may be lost in ``head``; both as a warehouse spells them."""
    old, new = _read(base), _read(head)
    if old is None or new is None or base == head or new.family is _Family.OPEN:
        return False
    if old.family in {_Family.NESTED, _Family.OPEN}:
        return True
    if old.family is not new.family:
        return _crosses(old, new)
    match old.family:
        case _Family.WHOLE | _Family.DECIMAL:
            return new.low < old.low or new.high < old.high
        case _Family.ENUM:
            return not old.labels <= new.labels
        case _Family.FLOAT | _Family.TEXT | _Family.MOMENT:
            return new.high < old.high
        case _:
            return old.name != new.name


def _crosses(old: _Type, new: _Type) -> bool:
    match old.family, new.family:
        case (_, _Family.TEXT) | (_Family.TEXT, _Family.BINARY):
            return False
        case _Family.WHOLE, _Family.DECIMAL:
            return len(str(max(old.high, old.low))) > new.low
        case _Family.WHOLE, _Family.FLOAT:
            return new.high == 32 and old.high >= 2**32
        case _Family.DECIMAL, _Family.FLOAT:
            return False
        case _Family.LONE, _Family.MOMENT:
            return old.name != "DATE"
        case _Family.LONE, _Family.WHOLE | _Family.DECIMAL | _Family.FLOAT:
            return old.name != "BOOLEAN"
        case _Family.DECIMAL, _Family.WHOLE:
            return old.high > 0 or old.low >= len(str(new.high))
        case _:
            return True


def _read(spelled: str) -> _Type | None:
    """A type; None for one that is not known, such as that of a bare NULL."""
    text = spelled.strip()
    upper = text.upper()
    if upper.endswith("]") or re.match(rf"({'|'.join(_NESTED)})\b", upper):
        return _Type(_Family.NESTED, upper)
    if upper.startswith("ENUM"):
        labels = frozenset(re.findall(r"'((?:[^']|'')*)'", text))
        return _Type(_Family.ENUM, upper, labels=labels)
    match = _SPELLED.fullmatch(upper)
    return None if match is None else _plain((match["name"] + match["rest"]).strip(), match["inner"] or "")


def _plain(name: str, inner: str) -> _Type | None:
    numbers = [int(part) for part in re.findall(r"\d+", inner)]
    unsigned = name.startswith("U") and name[1:] in _BITS
    if name in _BITS or unsigned:
        bits = _BITS[name[1:] if unsigned else name]
        return _Type(_Family.WHOLE, name, 0 if unsigned else 2 ** (bits - 1), 2 ** (bits - (not unsigned)) - 1)
    if name in _DECIMALS:
        precision, scale = (*numbers, 0)[:2] if numbers else _DECIMALS[name]
        return _Type(_Family.DECIMAL, name, precision - scale, scale)
    if name in _FLOATS:
        return _Type(_Family.FLOAT, name, high=_FLOATS[name])
    if name in _MOMENTS:
        return _Type(_Family.MOMENT, name, high=numbers[0] if numbers else _MOMENTS[name])
    if name in _TEXTS:
        return _Type(_Family.TEXT, name, high=numbers[0] if numbers else 2**63)
    families = ((_BINARIES, _Family.BINARY), (_OPEN, _Family.OPEN), (_LONE, _Family.LONE))
    own = "BOOLEAN" if name == "BOOL" else name
    found = next((family for names, family in families if own in names), None)
    return None if found is None else _Type(found, "BINARY" if found is _Family.BINARY else own)
