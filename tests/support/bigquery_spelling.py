"""BigQuery's meanings in DuckDB's words: names of columns, widths of decimals, JSON, sums, arrays."""

from __future__ import annotations

from sqlglot import exp

from tests.support.bigquery_refusal import Refused


def respelled(tree: exp.Expr) -> exp.Expr:
    """Names for unnamed columns, decimals as wide as BigQuery's, JSON and sums as BigQuery makes them."""
    for select in list(tree.find_all(exp.Select)):
        named = [
            exp.alias_(column.copy(), f"f{index}_") if nameless(column) else column
            for index, column in enumerate(select.expressions)
        ]
        select.set("expressions", named)
    for kind in list(tree.find_all(exp.DataType)):
        wide = kind.this in (exp.DType.DECIMAL, exp.DType.BIGDECIMAL)
        _refuse_digits(kind)
        if wide and (not kind.expressions or kind.this is exp.DType.BIGDECIMAL):
            kind.replace(exp.DataType.build("DECIMAL(38, 9)"))
    for node in reversed(
        list(tree.find_all(exp.JSONFormat, exp.Sum, exp.ArrayAgg, exp.IntDiv, exp.Div))
    ):  # what is inside comes first
        if isinstance(node, exp.JSONFormat):
            node.replace(_json(node.this))
            continue
        if isinstance(node, exp.Div):
            node.set("expression", exp.Anonymous(this="rocky_nonzero", expressions=[node.expression.copy()]))
            continue
        if isinstance(node, exp.IntDiv):
            node.replace(_whole(node))
            continue
        if isinstance(node, exp.ArrayAgg):
            outer = node.parent if isinstance(node.parent, exp.IgnoreNulls) else node
            outer.replace(_array(node, nulls=outer is node))
            continue
        whole = node.parent if isinstance(node.parent, exp.Window) else node
        whole.replace(exp.Anonymous(this="rocky_int64", expressions=[whole.copy()]))
    return tree


def _json(value: exp.Expr) -> exp.Expr:
    if not isinstance(value, exp.Struct):
        return exp.Anonymous(this="rocky_json", expressions=[value])
    parts: list[exp.Expr] = []
    for index, part in enumerate(value.expressions):
        name = part.alias_or_name if isinstance(part, exp.Alias) else part.name if isinstance(part, exp.Column) else ""
        inner = part.this if isinstance(part, exp.Alias) else part
        if isinstance(part, exp.PropertyEQ):
            name, inner = part.name, part.expression
        parts += [exp.Literal.string(f'{"," if index else "{"}"{name}":'), _json(inner)]
    text: exp.Expr = exp.Literal.string("")
    for part in (*parts, exp.Literal.string("}" if parts else "{}")):
        text = exp.DPipe(this=text, expression=part)
    return exp.Paren(this=text)


def nameless(column: exp.Expr) -> bool:
    """Whether a column of a query has no name but what BigQuery makes up."""
    return not column.is_star and not isinstance(column, (exp.Alias, exp.Column, exp.Dot))


def _refuse_digits(kind: exp.DataType) -> None:
    """NUMERIC has 9 digits behind its point and 29 before it, however few are asked for on the other side."""
    if kind.this is exp.DType.DECIMAL and kind.expressions:
        precision, scale = [int(part.name) for part in kind.expressions] + [0] * (2 - len(kind.expressions))
        if scale > 9 or precision > scale + 29:
            raise Refused(
                f"In NUMERIC(P, {scale}), P must be between {max(1, scale)} and {scale + 29}, not {precision}"
            )


def _whole(node: exp.IntDiv) -> exp.Expr:
    """DIV, which leaves no fraction of decimals either; DuckDB's does."""
    left, right = exp.Paren(this=node.this.copy()), exp.Paren(this=node.expression.copy())
    if all(cast.to.this is not exp.DType.DECIMAL for cast in node.find_all(exp.Cast)):
        return exp.IntDiv(this=left, expression=right)
    rest = exp.Mod(this=left.copy(), expression=right.copy())
    even = exp.Paren(this=exp.Sub(this=left, expression=rest))
    quotient = exp.Trunc(this=exp.Div(this=even, expression=right))
    return exp.cast(quotient, exp.DataType.build("DECIMAL(38, 9)"))


def _array(node: exp.ArrayAgg, *, nulls: bool) -> exp.Expr:
    """ARRAY_AGG without NULLs, or of the first few only, which DuckDB says in other ways."""
    inner, limit = node.this, None
    if isinstance(inner, exp.Limit):
        inner, limit = inner.this, inner.expression
    value = inner.this if isinstance(inner, exp.Order) else inner
    value = value.expressions[0] if isinstance(value, exp.Distinct) else value
    made: exp.Expr = exp.ArrayAgg(this=inner.copy())
    if not nulls:
        there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
        made = exp.Filter(this=made, expression=exp.Where(this=there))
    if limit is None:
        return made
    return exp.Anonymous(this="list_slice", expressions=[made, exp.Literal.number(1), limit.copy()])
