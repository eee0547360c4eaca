"""A query in which every doubt is a column that is read, so that lineage follows it like any other column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.lineage import SourceRead
from rocky_action.sql.stability.hazards import VALUES, Doubt, Setting
from rocky_action.sql.stability.ties import ROWS, unnecessary_orders
from rocky_action.sql.stability.ties import VALUES as TIES

COLUMN = " doubt"
"""The one column that a doubt has; like the relation that it stands in, no column of anybody's is called so."""
_AROUND = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Window, exp.WithinGroup)


@dataclass(frozen=True)
class Marked:
    """A tree, and the doubts that its marks stand for."""

    tree: exp.Expr
    doubts: tuple[Doubt, ...]

    def doubt_of(self, reference: object) -> Doubt | None:
        """What a relation that lineage has met stands for, None for one of somebody's."""
        if not isinstance(reference, SourceRead) or not reference.name.startswith(COLUMN):
            return None
        return self.doubts[int(reference.name.removeprefix(COLUMN))]


def marked(tree: exp.Expr, setting: Setting) -> Marked:
    """A copy of a tree with ``coalesce(…, (SELECT doubt))`` around every value that is doubted.

    Where rows are doubted, a condition reads the doubt. An ORDER BY that decides nothing is left out.
    """
    values = list(_values(tree, setting))
    rows = [(node, doubt) for node in tree.walk() for rule in ROWS if (doubt := rule(node, setting)) is not None]
    found = [*values, *rows]
    unnecessary = list(unnecessary_orders(tree))
    twins = _twins(tree)
    for at, (node, _) in enumerate(values):
        _mark_value(twins[id(node)], at)
    for at, (node, _) in enumerate(rows, start=len(values)):
        _mark_rows(twins[id(node)], at)
    for query in unnecessary:
        twins[id(query)].set("order", None)
    return Marked(twins[id(tree)], tuple(doubt for _, doubt in found))


def _values(tree: exp.Expr, setting: Setting) -> Iterator[tuple[exp.Expr, Doubt]]:
    for node in tree.walk():
        for rule in (*VALUES, *TIES):
            doubt = rule(node, setting)
            if doubt is not None:
                yield node, doubt
                break


def _twins(tree: exp.Expr) -> dict[int, exp.Expr]:
    """Every node's copy, by the node's id."""
    return {id(node): twin for node, twin in zip(tree.walk(), tree.copy().walk(), strict=True)}


def _mark_value(node: exp.Expr, at: int) -> None:
    top = node
    while isinstance(top.parent, _AROUND) and top.parent.this is top:
        top = top.parent
    around = exp.Coalesce(expressions=[_doubt(at)])
    top.replace(around)
    around.set("this", top)


def _mark_rows(node: exp.Expr, at: int) -> None:
    """In what a LIMIT counts to, which every query has that has no WHERE, or else in the WHERE."""
    limit = node.args.get("limit") or node.args.get("offset") if isinstance(node, exp.Query) else None
    if limit is not None:
        key = "expression" if limit.args.get("expression") is not None else "count"
        limit.set(key, exp.Coalesce(this=limit.args.get(key), expressions=[_doubt(at)]))
        return
    select = node if isinstance(node, exp.Select) else node.find_ancestor(exp.Select)
    if not isinstance(select, exp.Select):
        return
    where = select.args.get("where")
    condition = _doubt(at) if where is None else exp.And(this=exp.Paren(this=where.this), expression=_doubt(at))
    select.set("where", exp.Where(this=condition))


def _doubt(at: int) -> exp.Expr:
    column = exp.Column(this=exp.Identifier(this=COLUMN, quoted=True))
    table = exp.Table(this=exp.Identifier(this=f"{COLUMN}{at}", quoted=True))
    return exp.Subquery(this=exp.Select(expressions=[column], from_=exp.From(this=table)))
