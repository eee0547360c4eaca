"""The columns that a query returns, where its text alone says so."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.sql.parse import parse_model

_SPREADING = ("unnest", "explode", "explode_outer", "flatten", "inline", "posexplode", "posexplode_outer", "stack")
"""Functions that can become several columns, whatever they are called in the query."""


@dataclass(frozen=True)
class Output:
    """A column that a query returns; ``line`` is where its model's file names it, None where that is not known."""

    name: str
    line: int | None = None


def output_columns(model: Model, dialect: str) -> tuple[Output, ...] | None:
    """All columns in order; None where a star, an expression without a name or the like leaves any of them open."""
    if model.problem is not None:
        return None
    try:
        tree = parse_model(model, dialect).tree
    except SqlError:
        return None
    found = _columns(tree)
    if found is None:
        return None
    own = [Output(name, None if line is None else model.first_line - 1 + line) for name, line in found]
    own += [Output(key.name) for key in model.surrogate_keys]
    names = {output.name.lower() for output in own}
    return tuple(own) if len(names) == len(own) else None  # the warehouse would rename the second one


def _columns(tree: exp.Expr) -> list[tuple[str, int | None]] | None:
    while isinstance(tree, (exp.Subquery, exp.Paren, exp.SetOperation)):
        if isinstance(tree, exp.SetOperation) and tree.args.get("by_name"):
            return None
        if isinstance(tree, exp.Subquery) and tree.args.get("pivots"):
            return None
        tree = tree.this
    if not isinstance(tree, exp.Select) or tree.args.get("kind") or not tree.expressions:
        return None
    found = [_named(projection) for projection in tree.expressions]
    return None if None in found else [one for one in found if one is not None]


def _named(projection: exp.Expr) -> tuple[str, int | None] | None:
    if projection.is_star or _spreads(projection.unalias()):
        return None
    if isinstance(projection, exp.Alias):
        name = projection.args["alias"]
    elif isinstance(projection, exp.Column):
        name = projection.this
    else:
        return None
    return (name.name, name.meta.get("line")) if isinstance(name, exp.Identifier) and name.name else None


def _spreads(value: exp.Expr) -> bool:
    if value.find(exp.Columns):
        return True  # COLUMNS('...') makes a column of every match, also inside of an expression
    called = value.name if isinstance(value, exp.Anonymous) else value.sql_name() if isinstance(value, exp.Func) else ""
    return called.lower() in _SPREADING
