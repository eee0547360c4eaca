"""Text to tree, once per text, with errors that point."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.project import Model, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.rocky_dsl import Lowered, LoweringWarning, lower, same_words
from rocky_action.sql import grammar, guard, intervals
from rocky_action.sql.tokens import parse, spelled, tokenize

gc.set_threshold(10_000, 20, 20)  # trees are many small objects; looking for garbage among them took half of the time
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


def parse_model(model: Model, dialect: str, *, window: intervals.Window = _PLACEHOLDERS) -> Query:
    """A model's query, lowered if it is written in the ``.rocky`` language. Raises SqlError.

    A time_interval model's placeholders are filled with a window, or else with moments of their own.
    """
    sql = model.sql if model.language == "sql" else _lowered(model.sql, dialect, first_line=model.first_line).sql
    bound = intervals.bind(sql, window) if isinstance(model.strategy, TimeInterval) else sql
    try:
        return parse_query(bound, dialect)
    except SqlError as err:
        if model.language == "sql":
            raise
        raise SqlError(f"the SQL that this file stands for cannot be read: {err.message}", advice=err.advice) from err


def warnings_of(model: Model, dialect: str) -> tuple[LoweringWarning, ...]:
    """Where a ``.rocky`` model means something else than its text or than Rocky's SQL; none for what cannot be read."""
    if model.language == "sql" or model.problem is not None:
        return ()
    try:
        return _lowered(model.sql, dialect, first_line=model.first_line).warnings
    except SqlError:
        return ()  # building the model says why


def rocky_agrees(base: Model, head: Model, *, dialect: str) -> bool:
    """Whether two models whose SQL means the same here do so in Rocky too. Raises SqlError.

    Rocky's SQL for a ``.rocky`` file is not ours where a warning says that it differs. Then only the same words in the
    same order are known to mean the same there.
    """
    rocky = [model for model in (base, head) if model.language == "rocky"]
    if not any(_lowered(model.sql, dialect, first_line=model.first_line).differs for model in rocky):
        return True
    return len(rocky) == 2 and same_words(base.sql, head.sql)


@lru_cache(maxsize=4096)
def _lowered(text: str, dialect: str, *, first_line: int) -> Lowered:
    return lower(text, dialect=dialect, first_line=first_line)


@lru_cache(maxsize=256)  # a tree is some hundred times as large as its text
def parse_query(sql: str, dialect: str) -> Query:
    """One reading query. Raises SqlError with line and column."""
    tokens = tokenize(sql, dialect)
    statements = parse(sql, tokens, dialect=dialect)
    problem = guard.not_one_query(statements)
    if problem is not None:
        raise SqlError(problem, advice=_ADVICE)
    (tree,) = statements
    assert isinstance(tree, exp.Query)  # noqa: S101  the guard has just established it; this tells the type checker
    grammar.refuse_misread(tree, tokens)
    return Query(sql, dialect, tuple(token for token in tokens if token.token_type is not TokenType.SEMICOLON), tree)


def forget_queries() -> None:
    """Gives back the memory of all trees; whoever asks for one again waits for it again."""
    parse_query.cache_clear()
