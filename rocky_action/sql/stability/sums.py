"""Columns that are nothing but a sum: what such a column is made of can be told by the type that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

_AROUND = (exp.Filter, exp.Paren, exp.Window)


def plain_sums(query: exp.Expr, ctes: Mapping[str, exp.Expr]) -> frozenset[str]:
    """The names of such columns, handed on as they are from CTE to CTE; ``ctes`` are queries by folded name."""
    chain: list[exp.Select] = []
    node: exp.Expr | None = query
    while node is not None:
        while isinstance(node, exp.Subquery):
            node = node.this
        if not isinstance(node, exp.Select) or node in chain:
            break
        chain.append(node)
        node = _only_source(node, ctes)
    found: frozenset[str] = frozenset()
    for select in reversed(chain):
        found = frozenset(_sums(select, found))
    return found


def _only_source(select: exp.Select, ctes: Mapping[str, exp.Expr]) -> exp.Expr | None:
    """The query that a SELECT reads, if that is all it reads."""
    first = select.args.get("from_")
    if first is None or select.args.get("joins") or select.args.get("laterals"):
        return None
    source = first.this
    if source.args.get("pivots") or ((alias := source.args.get("alias")) is not None and alias.args.get("columns")):
        return None
    if isinstance(source, exp.Table) and not source.db:
        return ctes.get(source.name.lower())
    return source.this if isinstance(source, exp.Subquery) else None


def _sums(select: exp.Select, inside: frozenset[str]) -> Iterator[str]:
    for projection in select.expressions:
        star = projection.this if isinstance(projection, exp.Column) else projection
        if isinstance(star, exp.Star):
            yield from () if any(star.args.values()) else inside
            continue
        node = projection.unalias()
        handed_on = isinstance(node, exp.Column) and node.name.lower() in inside
        while isinstance(node, _AROUND):
            node = node.this
        if handed_on or isinstance(node, exp.Sum):
            yield projection.alias_or_name.lower()
