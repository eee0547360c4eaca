"""When two queries mean the same: the rules that make an edit cosmetic.

Each rule keeps meaning for every input, in SQL's three-valued logic. What no rule covers is a change; guessing is not
allowed here, because a model wrongly taken for unchanged is not built and nobody sees what happens to its data.
"""

from __future__ import annotations

from collections.abc import Hashable

from sqlglot import exp

from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.sql.parse import parse_model


def same_meaning(base: Model, head: Model, dialect: str) -> bool:
    """True if it is certain that both queries return the same; False if not, or if it cannot be told."""
    if base.sql == head.sql:
        return True
    if base.problem is not None or head.problem is not None:
        return False
    try:
        return canonical(parse_model(base, dialect)) == canonical(parse_model(head, dialect))
    except (SqlError, RecursionError):
        return False  # too deep to compare, hence not known to be the same


def canonical(node: exp.Expr) -> Hashable:
    """A tree as nested tuples: its kinds of nodes, their parts and every text, exactly.

    Comments, layout and the case of keywords and function names are not in the tree to begin with. sqlglot's own
    equality is not used: it folds the case of some literals.
    """
    node = _without_parentheses(node)
    parts = ((key, _canonical_part(value)) for key, value in sorted(node.args.items()))
    return type(node).__name__, tuple(part for part in parts if part[1] not in (None, False, ()))


def _canonical_part(value: object) -> Hashable:
    if isinstance(value, exp.Expr):
        if isinstance(value, exp.Join):
            return canonical(_plain_join(value))
        return canonical(value)
    if isinstance(value, list):
        return tuple(_canonical_part(item) for item in value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else repr(value)


def _without_parentheses(node: exp.Expr) -> exp.Expr:
    """Parentheses only group, and a tree is grouped already: ``a * (b + c)`` stays a product of a sum.

    Around a bare literal they stay: ``ORDER BY 1`` is a position, and no dialect need agree that ``(1)`` is one.
    """
    while isinstance(node, exp.Paren) and not isinstance(node.this, exp.Literal):
        node = node.this
    return node


def _plain_join(join: exp.Join) -> exp.Join:
    """JOIN and INNER JOIN are two spellings of one join."""
    if str(join.args.get("kind") or "").upper() != "INNER":
        return join
    plain = join.copy()
    plain.set("kind", None)
    return plain
