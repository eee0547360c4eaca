"""The form in which two columns are compared, for every pair of types that DuckDB has.

The common form holds every value of both types without merging two of them. Where there is none, values are the same
if they read the same as text, and the report says that this was the yardstick.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

TEXT = "VARCHAR"
_SMALL = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10}
_UNSIGNED = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_SIGNED_DIGITS = {**_SMALL, "UBIGINT": 20, "HUGEINT": 39}
_DIGITS = {**_SIGNED_DIGITS, "UHUGEINT": 39}
_FLOATS = {"FLOAT", "DOUBLE"}
_CLOCKS = {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP"}
ZONED = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}
_MOMENTS = _CLOCKS | ZONED | {"DATE", "TIMESTAMP_NS"}
_TIMES = {"TIME", "TIME_NS", "TIME WITH TIME ZONE"}
_EMPTY = '"NULL"'
"""The type of a view's column that is NULL and nothing else."""
_WIDEST_DECIMAL = 38
_EXACT_IN_DOUBLE = 15
_IN_64_BITS = 18

_PLAIN_TEXT = "CAST({v} AS VARCHAR)"
# A column declared COLLATE NOCASE would make DuckDB take 'a' for 'A'; this collation compares bytes.
_BYTEWISE = "({v} COLLATE posix)"
_TAGGED = "CAST(to_json({v}) AS VARCHAR)"
"""A UNION's member by its name, a VARIANT's text in quotes and its number not: their own texts have neither."""
_ZONED_MOMENT = "timezone('UTC', TRY_CAST({v} AS TIMESTAMP WITH TIME ZONE))"
_ZONED_MOMENT_NS = "timezone('UTC', TRY_CAST({v} AS TIMESTAMPTZ_NS))"
# Which branch it is, the planner finds out; all of them must be possible for all of these types.
_MOMENT = (
    "CASE typeof({v})"
    f" WHEN 'TIMESTAMP WITH TIME ZONE' THEN CAST({_ZONED_MOMENT} AS VARCHAR)"
    f" WHEN 'TIMESTAMPTZ_NS' THEN CAST({_ZONED_MOMENT_NS} AS VARCHAR)"
    " WHEN 'DATE' THEN CAST({v} AS VARCHAR) || CASE WHEN isfinite(TRY_CAST({v} AS DATE)) THEN ' 00:00:00' ELSE '' END"
    " ELSE CAST({v} AS VARCHAR) END"
)
_READABLE = (
    "CASE typeof({v})"
    f" WHEN 'TIMESTAMP WITH TIME ZONE' THEN CAST({_ZONED_MOMENT} AS VARCHAR)"
    " || CASE WHEN isfinite(TRY_CAST({v} AS TIMESTAMP WITH TIME ZONE)) THEN '+00' ELSE '' END"
    f" WHEN 'TIMESTAMPTZ_NS' THEN CAST({_ZONED_MOMENT_NS} AS VARCHAR)"
    " || CASE WHEN CAST({v} AS VARCHAR) LIKE '%infinity' THEN '' ELSE '+00' END"
    " ELSE CAST({v} AS VARCHAR) END"
)
_EXACT_NUMBER = r"regexp_replace(CAST({v} AS VARCHAR), '\.0+$|(\.[0-9]*[1-9])0+$', '\1')"
_UUID = "coalesce(CAST(TRY_CAST(CAST({v} AS VARCHAR) AS UUID) AS VARCHAR), CAST({v} AS VARCHAR))"
_TIME_IN_UTC = "regexp_replace(CAST({v} AS VARCHAR), '[+]00$', '')"


@dataclass(frozen=True)
class Comparable:
    """How a column is compared: as ``type``, which ``form`` makes of a value; ``{v}`` stands for it.

    ``hashed`` makes of that what a checksum hashes. ``caveat`` is what the reader must know if this is not equality
    of the values themselves. ``textual`` columns hold text that people wrote: case and blanks may be left aside.
    """

    type: str
    form: str = "{v}"
    caveat: str | None = None
    hashed: str = "{v}"
    textual: bool = False


def comparable(base_type: str, head_type: str) -> Comparable:
    """How values of two types are compared, equal types included."""
    types = {base_type, head_type}
    if len(types) == 1:
        return _alike(base_type)
    if _EMPTY in types:
        (other,) = types - {_EMPTY}
        return _cast_first(other)
    if all(_is_text(type_) for type_ in types):
        return _text(textual=True)
    found = _numbers(base_type, head_type) or _lists(base_type, head_type)
    if found is not None:
        return found
    if types <= _CLOCKS:
        return _cast_first("TIMESTAMP")
    if types <= _MOMENTS:
        utc = "compared in UTC" if len(types & ZONED) == 1 else None
        return _text(_MOMENT, utc and f"{base_type} and {head_type} were {utc}")
    if types <= _TIMES:
        zoned = "TIME WITH TIME ZONE" in types
        caveat = f"{base_type} and {head_type} were compared as text, a time without zone being one of UTC"
        return _text(_TIME_IN_UTC, caveat if zoned else None)
    if types == {"BLOB", TEXT}:
        return _text("hex({v})", f"{base_type} and {head_type} were compared byte by byte")
    if types == {"UUID", TEXT}:
        return _text(_UUID, f"{base_type} and {head_type} were compared as UUID where the text is one")
    return _text(_READABLE, f"{_short(base_type)} and {_short(head_type)} were compared as text")


def readable(value: str) -> str:
    """A value as a person reads it, as SQL; moments with a zone in UTC, whatever the session's zone."""
    return _READABLE.format(v=value)


def is_number(type_: str) -> bool:
    """True for types that can be subtracted from one another."""
    return type_ in _DIGITS or type_ in _FLOATS or _decimal(type_) is not None


def is_integer(type_: str) -> bool:
    """True for whole numbers."""
    return type_ in _DIGITS


def is_whole(type_: str) -> bool:
    """True for whole numbers, whether they are called so or are decimals without a digit behind the point."""
    return scale(type_) == 0


def is_short(type_: str) -> bool:
    """True for values of a fixed and small number of bytes."""
    return is_number(type_) or type_ in _MOMENTS or type_ in _TIMES or type_ in {"BOOLEAN", "UUID"}


def scale(type_: str) -> int | None:
    """Digits behind the point of an exact number, None for anything else."""
    if type_ in _DIGITS:
        return 0
    decimal = _decimal(type_)
    return decimal[1] if decimal else None


def widest(type_: str) -> str:
    """The type of an exact number's kind that has most room for a difference of two."""
    if type_ == "UHUGEINT" or not scale(type_):
        return type_ if type_ == "UHUGEINT" else "HUGEINT"
    return f"DECIMAL({_WIDEST_DECIMAL},{scale(type_)})"


def _alike(type_: str) -> Comparable:
    """Two columns of one type."""
    if _is_text(type_):
        return Comparable(type_, textual=True) if type_.startswith("ENUM(") else _text(textual=True)
    # DuckDB finds a VARIANT's 1 and 1.0 equal, and groups and joins them as if they were not.
    if "UNION" in type_ or "VARIANT" in type_:
        in_json = "a VARIANT was compared as JSON, in which a date is the same as its text"
        return _text(_TAGGED, in_json if "VARIANT" in type_ else None)
    # DuckDB takes 30 days for equal to 1 month, alone and inside a list; their texts differ.
    if "INTERVAL" in type_:
        return _text()
    if _is_nested(type_):
        # A collation that was declared somewhere is not seen in a nested type, and counts there.
        if any(inner in type_ for inner in (TEXT, "JSON")):
            return _text()
        # DuckDB hashes [] and [NULL] and NULL alike.
        return Comparable(type_, hashed=_PLAIN_TEXT)
    if _is_wide(type_):
        return Comparable(type_, hashed="row({v}, CAST({v} AS DOUBLE))")
    if type_ == "UUID":
        return Comparable(type_, hashed="CAST({v} AS BLOB)")  # two halves, as above, that a test may well make alike
    return Comparable(type_)


def _is_wide(type_: str) -> bool:
    """True for numbers of 128 bits.

    DuckDB hashes them as hash(upper half) XOR hash(lower half), which is 0 for 0 and for -1; a DOUBLE beside it tells
    them apart, and all others of up to 35 digits. Beyond that it takes equal halves, and equality in 53 bits.
    """
    decimal = _decimal(type_)
    return decimal[0] > _IN_64_BITS if decimal else type_ in {"HUGEINT", "UHUGEINT"}


def _cast_first(type_: str, caveat: str | None = None) -> Comparable:
    alike = _alike(type_)
    form = alike.form.format(v=f"CAST({{v}} AS {type_.replace('{', '{{').replace('}', '}}')})")
    return replace(alike, form=form, caveat=caveat)


def _text(form: str = _PLAIN_TEXT, caveat: str | None = None, *, textual: bool = False) -> Comparable:
    return Comparable(TEXT, _BYTEWISE.format(v=form), caveat, textual=textual)


def _numbers(base_type: str, head_type: str) -> Comparable | None:
    numeric = ["TINYINT" if type_ == "BOOLEAN" else type_ for type_ in (base_type, head_type)]
    if not all(is_number(type_) or type_ == "BIGNUM" for type_ in numeric):
        return None
    if "BOOLEAN" in (base_type, head_type):
        common = None if "BIGNUM" in numeric else "DOUBLE" if set(numeric) & _FLOATS else common_exact(*numeric)
        caveat = f"{base_type} and {head_type} were compared as numbers, TRUE being 1"
        return _cast_first(common, caveat) if common else None
    if set(numeric) & _FLOATS:
        if "BIGNUM" in numeric:  # need not fit into a DOUBLE
            return None
        rounded = max(precision(base_type), precision(head_type)) > _EXACT_IN_DOUBLE
        caveat = f"{base_type} and {head_type} were compared as DOUBLE, beyond 15 digits rounded"
        return _cast_first("DOUBLE", caveat if rounded else None)
    common = None if "BIGNUM" in numeric else common_exact(base_type, head_type)
    return _cast_first(common) if common else _text(_EXACT_NUMBER)


def common_exact(base_type: str, head_type: str) -> str | None:
    """The narrowest type of exact numbers that holds both of two such types, None if there is none."""
    types = {base_type, head_type}
    if types <= _SMALL.keys():
        return "BIGINT"
    if types <= _SIGNED_DIGITS.keys():
        return "HUGEINT"
    if types <= _UNSIGNED:
        return "UHUGEINT"
    (base_whole, base_scale), (head_whole, head_scale) = _places(base_type), _places(head_type)
    places = max(base_scale, head_scale)
    precision = max(base_whole, head_whole) + places
    fits = precision <= _WIDEST_DECIMAL and not types <= _DIGITS.keys()
    return f"DECIMAL({precision},{places})" if fits else None


def _lists(base_type: str, head_type: str) -> Comparable | None:
    """Lists and arrays by what is in them, where a cast of the elements is enough."""
    base, head = (re.fullmatch(r"(.*)\[\d*\]", type_) for type_ in (base_type, head_type))
    if base is None or head is None:
        return None
    if base[1] == head[1]:
        return _cast_first(f"{base[1]}[]")
    inner = comparable(base[1], head[1])
    if not inner.form.startswith(f"CAST({{v}} AS {inner.type}"):
        return None
    return _cast_first(f"{inner.type}[]", inner.caveat and f"in a list, {inner.caveat}")


def _is_text(type_: str) -> bool:
    return type_ in {TEXT, "JSON"} or (type_.startswith("ENUM(") and type_.endswith(")"))


def _is_nested(type_: str) -> bool:
    return type_.endswith("]") or type_.startswith(("STRUCT(", "MAP("))


def _short(type_: str) -> str:
    return type_ if len(type_) <= 80 else f"{type_[:80]}…"


def _decimal(type_: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_)
    return (int(match[1]), int(match[2])) if match else None


def _places(type_: str) -> tuple[int, int]:
    """Digits before and after the decimal point."""
    decimal = _decimal(type_)
    return (_DIGITS.get(type_, 0), 0) if decimal is None else (decimal[0] - decimal[1], decimal[1])


def precision(type_: str) -> int:
    """Digits of an exact number's type, 0 for any other."""
    return sum(_places(type_))
