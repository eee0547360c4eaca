"""When two queries are the same but for layout: for what is outside the grammar that is read with certainty.

Two things must agree. The spelling: the same tokens in the same order, but for the case of words, parentheses and
words that say nothing; so nothing that the parser here takes for the same, and a warehouse may not, gets through. And
the tree, which tells what the spelling leaves open: how the tokens group, and the exact case of names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.sql.equality.words import is_alias
from rocky_action.sql.parse import Query

_STRICT = frozenset({"REPLACE", "RENAME", "PIVOT", "UNPIVOT"})
"""Words whose own lists neither do without AS nor allow more parentheses: where they are, all of these must agree."""
_ENDS = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.NUMBER, TokenType.STRING})
"""What a thing ends with that AS gives a name to."""
_CLOSED = _ENDS | {
    TokenType.END,
    TokenType.FALSE,
    TokenType.NULL,
    TokenType.R_BRACE,
    TokenType.R_BRACKET,
    TokenType.TRUE,
}
"""What an expression ends with: the parser also accepts some texts that break off before a closing parenthesis."""
_SIGNS = frozenset("+-*/<>=~!@#%^&|?:$")
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


def same_text_and_tree(base: Query, head: Query) -> bool:
    """True if spelling and tree agree. Raises RecursionError for trees too deep to compare."""
    return _meaning(base) == _meaning(head)


def _meaning(query: Query) -> Hashable:
    """Spelling, tree, and how many parentheses are left: the parser also accepts some that no warehouse does."""
    strict = not _STRICT.isdisjoint(token.text.upper() for token in query.tokens)
    dropped: list[exp.Paren] = []
    tree = _canonical(query.tree, None if strict else dropped)
    opened = sum(token.token_type is TokenType.L_PAREN for token in query.tokens)
    return tuple(_spelling(query, strict=strict)), tree, opened - len(dropped)


def _canonical(node: exp.Expr, dropped: list[exp.Paren] | None) -> Hashable:
    """A tree as nested tuples: its kinds of nodes, their parts and every text, exactly.

    sqlglot's own equality is not used: it folds the case of some literals. Parentheses that say nothing are not in the
    result, but in ``dropped``; None keeps them all.
    """
    parts = ((key, _canonical_part(value, (node, key), dropped=dropped)) for key, value in sorted(node.args.items()))
    return type(node).__name__, tuple(part for part in parts if part[1] not in (None, False, ()))


def _spelling(query: Query, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Every token that says something, as (what is between it and the last one, its text)."""
    tokens = query.tokens
    for index, token in enumerate(tokens):
        last = tokens[index - 1] if index else None
        text = query.sql[token.start : token.end + 1]
        if strict or not _is_silent(tokens, index):
            apart = last is not None and last.end + 1 < token.start and _would_join(last, token)
            yield " " if apart else "", text if token.token_type in _VERBATIM else text.upper()


def _is_silent(tokens: Sequence[Token], index: int) -> bool:
    """Parentheses, unless there is nothing between them; the INNER of a join; AS between a thing and its name."""
    before = tokens[index - 1].token_type if index else None
    after = tokens[index + 1].token_type if index + 1 < len(tokens) else None
    match tokens[index].token_type:
        case TokenType.L_PAREN:
            return after is not TokenType.R_PAREN
        case TokenType.R_PAREN:
            return before in _CLOSED
        case TokenType.INNER:
            return after is TokenType.JOIN
        case TokenType.ALIAS:
            name = after is TokenType.VAR and is_alias(tokens[index + 1].text)
            return before in _ENDS and (name or after is TokenType.IDENTIFIER)
        case _:
            return False


def _would_join(last: Token, token: Token) -> bool:
    """Signs that touch can be one operator, a point and digits one number; with a space between they are two things."""
    number = last.token_type is TokenType.DOT and token.token_type is TokenType.NUMBER
    return number or all(one.token_type not in _VERBATIM and set(one.text) <= _SIGNS for one in (last, token))


def _canonical_part(value: object, place: tuple[exp.Expr, str], *, dropped: list[exp.Paren] | None) -> Hashable:
    if isinstance(value, exp.Join):
        value = _plain_join(value)
    if isinstance(value, exp.Expr):
        node = value
        while dropped is not None and isinstance(node, exp.Paren) and _says_nothing(node, place):
            dropped.append(node)
            node = node.this
        return _canonical(node, dropped)
    if isinstance(value, list):
        return tuple(_canonical_part(item, place, dropped=dropped) for item in value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else repr(value)


def _says_nothing(paren: exp.Paren, place: tuple[exp.Expr, str]) -> bool:
    """Whether parentheses could go, and the warehouse would group the rest in the same way.

    Around a bare literal they stay: ``ORDER BY 1`` is a position, and no dialect need agree that ``(1)`` is one.
    """
    parent, key = place
    inner = paren.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if isinstance(inner, (exp.Literal, exp.Alias)):
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
