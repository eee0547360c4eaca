"""Text to tree, once per text, with errors that point."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.project import Model, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql import guard, intervals
from rocky_action.sql.tokens import parse, spelled, tokenize

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
    statements = parse(sql, tokens, dialect=dialect)
    problem = guard.not_one_query(statements)
    if problem is not None:
        raise SqlError(problem, advice=_ADVICE)
    (tree,) = statements
    assert isinstance(tree, exp.Query)  # noqa: S101  the guard has just established it; this tells the type checker
    return Query(sql, dialect, tuple(token for token in tokens if token.token_type is not TokenType.SEMICOLON), tree)
