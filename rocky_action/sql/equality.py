"""When two queries mean the same: the rules that make an edit cosmetic.

Each rule keeps meaning for every input, in SQL's three-valued logic. What no rule covers is a change; guessing is not
allowed here, because a model wrongly taken for unchanged is not built and nobody sees what happens to its data.

Two things must agree. The spelling: the same tokens in the same order, but for the case of words, parentheses and
words that say nothing; so nothing that the parser here takes for the same, and a warehouse may not, gets through. And
the tree, which tells what the spelling leaves open: how the tokens group, and the exact case of names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.sql.parse import Query, parse_model

_SILENT = frozenset({TokenType.ALIAS, TokenType.INNER})
"""AS, and the INNER of a join; where they do say something, the trees differ."""
_VERBATIM = frozenset({TokenType.STRING, TokenType.IDENTIFIER, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING})

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_SUMS, _PRODUCTS = (exp.Add, exp.Sub), (exp.Mul, exp.Div)
_ATOMS = (exp.Column, exp.Case)
_SLOTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Alias: frozenset({"this"}),
    exp.Anonymous: frozenset({"expressions"}),
    exp.Group: frozenset({"expressions"}),
    exp.Having: frozenset({"this"}),
    exp.If: frozenset({"this", "true"}),
    exp.Join: frozenset({"on"}),
    exp.Ordered: frozenset({"this"}),
    exp.Paren: frozenset({"this"}),
    exp.Qualify: frozenset({"this"}),
    exp.Select: frozenset({"expressions"}),
    exp.Where: frozenset({"this"}),
}
"""Places with a keyword or a comma on both sides: parentheses around the whole of what stands there say nothing."""
_LEFT: tuple[tuple[tuple[type[exp.Expr], ...], tuple[type[exp.Expr], ...]], ...] = (
    ((exp.Or,), (exp.Or, exp.And, *_COMPARISONS, *_SUMS, *_PRODUCTS, *_ATOMS)),
    ((exp.And,), (exp.And, *_COMPARISONS, *_SUMS, *_PRODUCTS, *_ATOMS)),
    (_COMPARISONS, (*_SUMS, *_PRODUCTS, *_ATOMS)),
    (_SUMS, (*_SUMS, *_PRODUCTS, *_ATOMS)),
    (_PRODUCTS, (*_PRODUCTS, *_ATOMS)),
)
_RIGHT: tuple[tuple[tuple[type[exp.Expr], ...], tuple[type[exp.Expr], ...]], ...] = (
    ((exp.Or,), (exp.And, *_COMPARISONS, *_SUMS, *_PRODUCTS, *_ATOMS)),
    ((exp.And,), (*_COMPARISONS, *_SUMS, *_PRODUCTS, *_ATOMS)),
    (_COMPARISONS, (*_SUMS, *_PRODUCTS, *_ATOMS)),
    (_SUMS, (*_PRODUCTS, *_ATOMS)),
    (_PRODUCTS, _ATOMS),
)
"""Operators, and what binds tighter than they do in every dialect; about all others opinions differ."""


def same_meaning(base: Model, head: Model, dialect: str) -> bool:
    """True if it is certain that both queries return the same; False if not, or if it cannot be told."""
    if base.sql == head.sql:
        return True
    if base.problem is not None or head.problem is not None:
        return False
    try:
        left, right = parse_model(base, dialect), parse_model(head, dialect)
        return list(_spelling(left)) == list(_spelling(right)) and canonical(left.tree) == canonical(right.tree)
    except (SqlError, RecursionError):
        return False  # too deep to compare, hence not known to be the same


def canonical(node: exp.Expr) -> Hashable:
    """A tree as nested tuples: its kinds of nodes, their parts and every text, exactly.

    sqlglot's own equality is not used: it folds the case of some literals.
    """
    parts = ((key, _canonical_part(value, node, key)) for key, value in sorted(node.args.items()))
    return type(node).__name__, tuple(part for part in parts if part[1] not in (None, False, ()))


def _spelling(query: Query) -> Iterator[tuple[TokenType, str]]:
    before = None
    for token in query.tokens:
        text = query.sql[token.start : token.end + 1]
        empty = token.token_type is TokenType.R_PAREN and before is TokenType.L_PAREN
        before = token.token_type
        if empty:
            yield token.token_type, "()"  # a call without arguments, or an empty group
        elif token.token_type not in (TokenType.L_PAREN, TokenType.R_PAREN) and token.token_type not in _SILENT:
            yield token.token_type, text if token.token_type in _VERBATIM else text.upper()


def _canonical_part(value: object, parent: exp.Expr, key: str) -> Hashable:
    if isinstance(value, exp.Join):
        value = _plain_join(value)
    if isinstance(value, exp.Expr):
        node = value
        while isinstance(node, exp.Paren) and _says_nothing(node, parent, key):
            node = node.this
        return canonical(node)
    if isinstance(value, list):
        return tuple(_canonical_part(item, parent, key) for item in value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else repr(value)


def _says_nothing(paren: exp.Paren, parent: exp.Expr, key: str) -> bool:
    """Whether parentheses could go, and the warehouse would group the rest in the same way.

    Around a bare literal they stay: ``ORDER BY 1`` is a position, and no dialect need agree that ``(1)`` is one.
    """
    inner = paren.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if isinstance(inner, exp.Literal):
        return False
    if key in _SLOTS.get(type(parent), ()):
        return True
    sides = {"this": _LEFT, "expression": _RIGHT}.get(key, ())
    return any(type(parent) in operators and type(inner) in tighter for operators, tighter in sides)


def _plain_join(join: exp.Join) -> exp.Join:
    """JOIN and INNER JOIN are two spellings of one join."""
    if str(join.args.get("kind") or "").upper() != "INNER":
        return join
    plain = join.copy()
    plain.set("kind", None)
    return plain
