"""A query taken apart: each CTE and the query behind them, or the branches of a UNION ALL, as queries of their own.

A CTE is then like a model: it has a name, it reads others, and an edit of it is followed through those that read it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.errors import SqlError
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.tokens import spelled


@dataclass(frozen=True, eq=False)
class Parts:
    """CTEs by folded name, in order, and the query that stands behind them."""

    ctes: Mapping[str, Query]
    body: Query

    def before(self, cte: str) -> tuple[str, ...]:
        """The CTEs that one CTE can read."""
        names = tuple(self.ctes)
        return names[: names.index(cte)]


def take_apart(query: Query) -> Parts | None:
    """The parts of a query; None where they do not tell everything.

    That is so for WITH RECURSIVE, for a CTE that names its columns or says how it is to be materialized, for two CTEs
    of one name or of one whose letters have no case that everybody agrees on, and where the text and the tree disagree
    about the parts.
    """
    clause = query.tree.args.get("with_")
    if clause is None:
        return Parts({}, query)
    if not isinstance(clause, exp.With) or clause.recursive or not _is_plain(clause):
        return None
    names = [cte.alias.lower() for cte in clause.expressions]
    spans = _spans(query.tokens, count=len(names))
    if spans is None or len(set(names)) != len(names) or not "".join(names).isascii():
        return None
    *ctes, body = (query.tokens[start:end] for start, end in spans)
    try:
        read = [parse_query(spelled(query.sql, tokens), query.dialect) for tokens in (*ctes, body)]
    except SqlError:
        return None
    return Parts(dict(zip(names, read[:-1], strict=True)), read[-1])


def branches(query: Query) -> tuple[Query, ...] | None:
    """The branches of a query that is nothing but a UNION ALL by position, None for any other."""
    steps, unions = [query.tree], 0
    while steps:
        node = steps.pop()
        if isinstance(node, exp.SetOperation):
            plain = isinstance(node, exp.Union) and not node.args.get("distinct")
            if not plain or any(node.args.get(key) for key in (*exp.QUERY_MODIFIERS, "by_name", "side", "kind", "on")):
                return None
            unions += 1
            steps += [node.this, node.expression]
    starts = _unions(query.tokens)
    if not unions or len(starts) != unions:
        return None
    edges = [-2, *starts, len(query.tokens)]
    try:
        return tuple(
            parse_query(spelled(query.sql, query.tokens[start + 2 : end]), query.dialect)
            for start, end in itertools.pairwise(edges)
        )
    except SqlError:
        return None


def _unions(tokens: Sequence[Token]) -> list[int]:
    """Where UNION ALL stands outside of all parentheses."""
    found, depth = [], 0
    for index, token in enumerate(tokens[:-1]):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.UNION and tokens[index + 1].token_type is TokenType.ALL:
            found.append(index)
    return found


def _is_plain(clause: exp.With) -> bool:
    """Whether every CTE is ``name AS (query)`` and no more."""
    for cte in clause.expressions:
        said = {key for key, value in cte.args.items() if value not in (None, [], False)}
        alias = cte.args.get("alias")
        if said != {"this", "alias"} or not isinstance(alias, exp.TableAlias) or alias.args.get("columns"):
            return False
    return True


def _spans(tokens: Sequence[Token], *, count: int) -> list[tuple[int, int]] | None:
    """Where each CTE's query and the last one stand among the tokens, as (first, behind the last)."""
    if not tokens or tokens[0].token_type is not TokenType.WITH:
        return None
    spans: list[tuple[int, int]] = []
    at = 1
    while len(spans) < count:
        # name AS ( ... )
        opening = at + 2
        if opening >= len(tokens) or tokens[at + 1].token_type is not TokenType.ALIAS:
            return None
        closing = _closing(tokens, opening)
        if closing is None:
            return None
        spans.append((opening + 1, closing))
        at = closing + 1
        if at < len(tokens) and tokens[at].token_type is TokenType.COMMA:
            at += 1
    return [*spans, (at, len(tokens))]


def _closing(tokens: Sequence[Token], opening: int) -> int | None:
    """The index of the parenthesis that closes the one at ``opening``."""
    if tokens[opening].token_type is not TokenType.L_PAREN:
        return None
    depth = 0
    for index in range(opening, len(tokens)):
        kind = tokens[index].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return index
    return None
