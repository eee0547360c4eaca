"""The form in which two columns of a warehouse other than DuckDB are compared, by the types that all of them share.

Types are those of ``sql.translation.common_type``, forms are spelled as DuckDB spells them. The rules are fewer and
stricter than those of ``common_types``, which knows DuckDB by heart: whatever is not a plain value of one type on both
sides is compared as text, and said to be.
"""

from __future__ import annotations

from rocky_action.rowdiff.common_types import TEXT, Comparable, common_exact, is_number, precision

NESTED, BYTES = "NESTED(", "BYTES"
"""What binary columns and nested ones are called; DuckDB's own types never are."""
_FAITHFUL = ("ARRAY", "LIST", "MAP", "OBJECT", "STRUCT", "JSON", "VARIANT")
_PLAIN = {"BIGINT", "FLOAT", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"}
_FLOATS = {"FLOAT", "DOUBLE"}
_MOMENTS = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}
_EXACT_IN_DOUBLE = 15
_BYTEWISE = "({v} COLLATE posix)"
_AS_TEXT = "CAST({v} AS VARCHAR)"
# 1.50 of one scale is 1.5 of another
_PLAIN_NUMBER = f"CASE WHEN {_AS_TEXT} LIKE '%.%' THEN regexp_replace({_AS_TEXT}, '[.]?0*$', '') ELSE {_AS_TEXT} END"


def portable(base_type: str, head_type: str) -> Comparable:
    """How values of two types are compared, equal types included."""
    types = {base_type, head_type}
    if len(types) == 1:
        return _alike(base_type)
    if all(type_.startswith("DECIMAL") or type_ in _FLOATS | {"BIGINT"} for type_ in types):
        return _numbers(base_type, head_type)
    if types <= _MOMENTS:
        utc = "TIMESTAMPTZ" in types
        caveat = f"{base_type} and {head_type} were compared in UTC"
        return Comparable("TIMESTAMP", "CAST({v} AS TIMESTAMP)", caveat if utc else None)
    return Comparable(TEXT, _AS_TEXT, f"{base_type} and {head_type} were compared as text")


def text_of(value: str, type_: str) -> str | None:
    """A value of a type as a person reads it, as SQL; None for types that DuckDB has too."""
    if type_.startswith(NESTED):
        return f"rocky_nested({value})"
    return f"rocky_bytes({value})" if type_ == BYTES else None


def _alike(type_: str) -> Comparable:
    if type_ == TEXT:
        return Comparable(TEXT, _BYTEWISE, textual=True)
    if type_ in _PLAIN or is_number(type_) or type_ == BYTES:
        return Comparable(type_)
    inside = type_.removeprefix(NESTED).removesuffix(")")
    caveat = f"{inside} was compared by the JSON that the warehouse makes of it"
    return Comparable(TEXT, "rocky_nested({v})", None if inside.upper().startswith(_FAITHFUL) else caveat)


def _numbers(base_type: str, head_type: str) -> Comparable:
    if {base_type, head_type} & _FLOATS:
        rounded = max(precision(base_type), precision(head_type)) > _EXACT_IN_DOUBLE
        caveat = f"{base_type} and {head_type} were compared as DOUBLE, beyond 15 digits rounded"
        return Comparable("DOUBLE", "CAST({v} AS DOUBLE)", caveat if rounded else None)
    common = common_exact(base_type, head_type)
    return Comparable(common, f"CAST({{v}} AS {common})") if common else Comparable(TEXT, _PLAIN_NUMBER)
