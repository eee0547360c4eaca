"""The row diff's SQL, which is spelled as DuckDB spells it, in the words of another warehouse.

sqlglot knows most of them. What it does not know, or not well enough for a comparison to rest on, is in ``phrases``,
one for each dialect. What no dialect has a common word for, the row diff says by functions of this module's own:
``rocky_row_hash(…)``, ``rocky_nested(value)``, the JSON of a nested value, ``rocky_bytes(value)``, its hexadecimal
digits, and ``rocky_native('…')``, a condition of the user's, which is in the warehouse's own dialect already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import ErrorLevel, exp, parse_one
from sqlglot.errors import SqlglotError

from rocky_action.errors import PreviewError
from rocky_action.sql.translation.phrases import PHRASES, Phrases, raw
from rocky_action.sql.translation.types import common_type

__all__ = ["common_type", "in_words_of"]

RowHash = Callable[[Sequence[str]], str]
_HASH = "_hash"
"""How the names of columns end that hold row hashes."""


def in_words_of(dialect: str, sql: str, *, row_hash: RowHash) -> str:
    """One statement of the row diff in a warehouse's own dialect; ``row_hash`` is the warehouse's own."""
    phrases = PHRASES[dialect]
    try:
        tree = parse_one(sql, read="duckdb")
        for node in reversed(list(tree.walk())):  # what is inside comes first
            said = _said(node, phrases, row_hash=row_hash)
            if said is not node:
                node.replace(said)
        return tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as err:
        raise PreviewError(f"a comparison cannot be said in {dialect}: {err}", advice="Please report it.") from err


def _said(node: exp.Expr, phrases: Phrases, *, row_hash: RowHash) -> exp.Expr | None:
    """What stands for a node, itself or another; None for nothing at all."""
    match node:
        case exp.Anonymous():
            return _own_word(node, phrases, row_hash=row_hash)
        case exp.Sum(this=summed) if _is_hash(summed):
            return exp.Sum(this=exp.cast(summed.copy(), phrases.whole_number, dialect=phrases.dialect))
        case exp.DataType(this=exp.DType.INT128):
            return exp.DataType.build(phrases.whole_number, dialect=phrases.dialect)
        case exp.Min() if node.args.get("count"):
            return phrases.smallest(node)
        case exp.CTE():
            node.set("materialized", None)
        case exp.Collate():
            return raw(phrases.bytewise, node.this, dialect=phrases.dialect)
        case exp.Try(this=exp.Expr() as inner):
            return inner
        case exp.IntDiv():
            return phrases.divided(node)
        case exp.NullSafeEQ():
            return phrases.same(node)
        case exp.TableSample():
            return phrases.sampled(node)
        case _:
            pass
    return node


def _is_hash(summed: exp.Expr) -> bool:
    """True for a row hash, or a column that holds one: a few of them add up to more than 64 bits."""
    return summed.meta.get("row_hash") is True or (isinstance(summed, exp.Column) and summed.name.endswith(_HASH))


def _own_word(node: exp.Anonymous, phrases: Phrases, *, row_hash: RowHash) -> exp.Expr:
    """What a function that only DuckDB has, or none at all, stands for."""
    arguments = node.expressions
    match node.name.lower():
        case "rocky_row_hash":
            own = exp.Paren(this=exp.var(row_hash([one.sql(phrases.dialect) for one in arguments])))
            own.meta["row_hash"] = True
            return own
        case "rocky_native":
            return exp.Paren(this=exp.var(arguments[0].name))
        case "rocky_nested":
            return _unless_null(arguments[0], phrases.nested, dialect=phrases.dialect)
        case "rocky_bytes":
            return raw(phrases.hexadecimal, arguments[0], dialect=phrases.dialect)
        case "json_normalize":
            return raw(phrases.json, arguments[0], dialect=phrases.dialect)
        case "isfinite":  # NaN is greater than anything, or not comparable
            infinity = exp.cast(exp.Literal.string("inf"), "DOUBLE")
            return exp.Paren(this=exp.LT(this=exp.Abs(this=arguments[0].copy()), expression=infinity))
        case _:
            return node


def _unless_null(value: exp.Expr, words: str, *, dialect: str) -> exp.Expr:
    return exp.case().when(value.copy().is_(exp.null()), exp.null()).else_(raw(words, value, dialect=dialect))
