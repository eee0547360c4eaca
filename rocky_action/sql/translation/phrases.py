"""What sqlglot cannot say for us in each dialect, or says in a way that a comparison cannot rest on.

Templates are in the dialect; ``{v}`` stands for a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp


@dataclass(frozen=True)
class Phrases:
    """One dialect's.

    ``whole_number`` is a type for 38 digits. ``nested`` makes text of a value of any type, ``hexadecimal`` of bytes,
    ``bytewise`` compares text byte by byte whatever a column was declared with, ``json`` is JSON text by value.
    ``smallest`` says DuckDB's ``min(value, n)``, ``divided`` divides whole numbers exactly, ``same`` is null-safe
    equality that can be joined by, and ``sampled`` some of the rows of a subquery.
    """

    dialect: str
    whole_number: str
    nested: str
    hexadecimal: str
    bytewise: str
    json: str
    smallest: Callable[[exp.Min], exp.Expr]
    divided: Callable[[exp.IntDiv], exp.Expr]
    same: Callable[[exp.NullSafeEQ], exp.Expr]
    sampled: Callable[[exp.TableSample], exp.Expr | None]


def raw(words: str, value: exp.Expr, *, dialect: str) -> exp.Expr:
    """A template as it stands, about a value."""
    return exp.var(words.format(v=value.sql(dialect)))


def _as_it_is(node: exp.Expr) -> exp.Expr:
    return node


def _in_list(words: str, dialect: str) -> Callable[[exp.Min], exp.Expr]:
    """An aggregate with a limit of its own; ``{n}`` is how many."""

    def said(node: exp.Min) -> exp.Expr:
        return exp.var(words.format(v=node.this.sql(dialect), n=node.args["count"].sql(dialect)))

    return said


def _apart(node: exp.Min) -> exp.Expr:
    """Spark has no such aggregate but unlimited ones, so the smallest are sorted out in a subquery of the same rows."""
    reader = _reader(node)
    rows = exp.select(exp.alias_(node.this.copy(), "drawn_hash"))
    for part in ("from_", "joins"):
        rows.set(part, _copied(reader.args.get(part)))
    kept = exp.select("drawn_hash").from_(rows.subquery("r")).where("drawn_hash IS NOT NULL")
    some = kept.order_by("drawn_hash").limit(node.args["count"].copy())
    return exp.select(exp.func("collect_list", exp.column("drawn_hash"))).from_(some.subquery("d")).subquery()


def _reader(node: exp.Expr) -> exp.Select:
    """The query that a phrase stands in."""
    reader = node.find_ancestor(exp.Select)
    if reader is None:
        raise TypeError(f"{node.sql()} stands in no query")
    return reader


def _copied(part: exp.Expr | list[exp.Expr] | None) -> exp.Expr | list[exp.Expr] | None:
    if isinstance(part, list):
        return [one.copy() for one in part]
    return part.copy() if part is not None else None


def _without_rest(node: exp.IntDiv) -> exp.Expr:
    """Snowflake rounds a quotient to six digits, so what is divided must not leave a rest."""
    value, by = node.this.copy(), node.expression.copy()
    rest = exp.Mod(this=exp.Paren(this=value), expression=by)
    even = exp.Div(this=exp.Paren(this=exp.Sub(this=value.copy(), expression=rest)), expression=by.copy())
    return exp.cast(even, "DECIMAL(38, 0)")


def _same_json(node: exp.NullSafeEQ) -> exp.Expr:
    """BigQuery joins by equality only, and takes no other condition for an outer join."""
    left, right = (exp.var(f"TO_JSON_STRING({one.sql('bigquery')})") for one in (node.this, node.expression))
    return exp.EQ(this=left, expression=right)


def _by_chance(node: exp.TableSample) -> None:
    """BigQuery samples blocks of tables and nothing else, so a row of a subquery is taken by chance."""
    share = float(node.args["percent"].name) / 100
    reader = _reader(node)
    reader.where(f"rand() < {share!r}", copy=False)


def _row_by_row(node: exp.TableSample) -> exp.Expr:
    """Snowflake samples blocks of tables only, and repeatably tables only."""
    return exp.TableSample(method=exp.var("BERNOULLI"), percent=node.args["percent"].copy())


def _in_percent(node: exp.TableSample) -> exp.Expr:
    node.set("method", None)
    return node


_WRAPPED = "to_json(named_struct('v', {v}), map('ignoreNullFields', 'false'))"
_SPARK_JSON = f"substr({_WRAPPED}, 6, length({_WRAPPED}) - 6)"
"""Spark makes JSON of structs, and of what is in them; ``{{"v":`` and ``}}`` are taken off again."""

PHRASES: Mapping[str, Phrases] = MappingProxyType(
    {
        "bigquery": Phrases(
            dialect="bigquery",
            whole_number="BIGNUMERIC",
            nested="TO_JSON_STRING({v})",
            hexadecimal="TO_HEX({v})",
            bytewise="COLLATE({v}, '')",
            json="TO_JSON_STRING(SAFE.PARSE_JSON({v}))",
            smallest=_in_list("ARRAY_AGG({v} IGNORE NULLS ORDER BY {v} LIMIT {n})", "bigquery"),
            divided=_as_it_is,
            same=_same_json,
            sampled=_by_chance,
        ),
        "databricks": Phrases(
            dialect="databricks",
            whole_number="DECIMAL(38, 0)",
            nested=_SPARK_JSON,
            hexadecimal="hex({v})",
            bytewise="{v}",
            json="to_json(try_parse_json({v}))",
            smallest=_apart,
            divided=_as_it_is,
            same=_as_it_is,
            sampled=_in_percent,
        ),
        "snowflake": Phrases(
            dialect="snowflake",
            whole_number="DECIMAL(38, 0)",
            nested="TO_JSON(TO_VARIANT({v}))",
            hexadecimal="HEX_ENCODE({v})",
            bytewise="COLLATE({v}, '')",
            json="TO_JSON(TRY_PARSE_JSON({v}))",
            smallest=_in_list("MIN_BY({v}, {v}, {n})", "snowflake"),
            divided=_without_rest,
            same=_as_it_is,
            sampled=_row_by_row,
        ),
    }
)
