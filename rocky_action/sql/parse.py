"""Text to tree, once per text, with errors that point."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.project import Model, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql import guard, intervals
from rocky_action.sql.tokens import spelled, tokenize

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings go to standard error as if they were ours

_ADVICE = "A model is a single SELECT, with or without CTEs and set operations."
# Two moments that no query names itself: a literal must not pass for a placeholder, nor one placeholder for the other.
_PLACEHOLDERS = intervals.Window(datetime(1583, 10, 15, 4, 5, 6), datetime(1583, 10, 15, 4, 5, 7))  # noqa: DTZ001  UTC


@dataclass(frozen=True, eq=False)
class Query:
    """One reading query: its text, the text's tokens, and their tree, which nobody changes.

    What is changed is the text, at places found in the tree, and then read again: so text and tree always agree.
    """

    sql: str
    dialect: str
    tokens: tuple[Token, ...]
    tree: exp.Query

    @property
    def text(self) -> str:
        """The query on its own: without comments, and without the semicolon that may end it."""
        return spelled(self.sql, self.tokens)


def parse_model(model: Model, dialect: str) -> Query:
    """A model's query; a time_interval model's placeholders are filled with moments of their own. Raises SqlError."""
    if isinstance(model.strategy, TimeInterval):
        return parse_query(intervals.bind(model.sql, _PLACEHOLDERS), dialect)
    return parse_query(model.sql, dialect)


@lru_cache(maxsize=4096)
def parse_query(sql: str, dialect: str) -> Query:
    """One reading query. Raises SqlError with line and column."""
    tokens = tokenize(sql, dialect)
    try:
        trees = Dialect.get_or_raise(dialect).parser().parse(list(tokens), sql)
    except ParseError as err:
        raise SqlError(_pointed(err), advice=_ADVICE) from err
    except RecursionError as err:
        raise SqlError("the query is nested too deeply to be read", advice="Split it into CTEs or models.") from err
    statements = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    problem = guard.not_one_query(statements)
    if problem is not None:
        raise SqlError(problem, advice=_ADVICE)
    (tree,) = statements
    assert isinstance(tree, exp.Query)  # noqa: S101  the guard has just established it; this tells the type checker
    return Query(sql, dialect, tuple(token for token in tokens if token.token_type is not TokenType.SEMICOLON), tree)


def _pointed(err: ParseError) -> str:
    detail = err.errors[0] if err.errors else {}
    place = f"line {detail.get('line')}, column {detail.get('col')}: " if detail.get("line") else ""
    wrong = str(detail.get("highlight") or "")
    what = str(detail.get("description") or err).split(" but got <Token")[0].rstrip(".")
    if wrong:
        excerpt = f"{detail.get('start_context') or ''}{wrong}{detail.get('end_context') or ''}"
        line = next((text for text in excerpt.splitlines() if wrong.splitlines()[0] in text), wrong)
        return f"{place}{what}, at {wrong!r} in: {line.strip()}"
    return f"{place}{what}"
