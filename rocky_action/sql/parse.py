"""Text to tree, once per text, with errors that point."""

from __future__ import annotations

import logging
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from rocky_action.domain.project import Model, TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql import guard, intervals

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings go to standard error as if they were ours

Query = exp.Query
"""A tree of one reading query, for those who hand it on without looking inside."""

_ADVICE = "A model is a single SELECT, with or without CTEs and set operations."


def parse_model(model: Model, dialect: str) -> exp.Query:
    """The tree of a model's query; a time_interval model's window is filled with its widest literals.

    The tree is shared by everybody who asks: copy it before changing it. Raises SqlError.
    """
    if isinstance(model.strategy, TimeInterval):
        return parse_query(intervals.bind(model.sql, intervals.EMPTY_WINDOW), dialect)
    return parse_query(model.sql, dialect)


@lru_cache(maxsize=4096)
def parse_query(sql: str, dialect: str) -> exp.Query:
    """The tree of one reading query. Shared: copy it before changing it. Raises SqlError with line and column."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except ParseError as err:
        raise SqlError(_pointed(err), advice=_ADVICE) from err
    except TokenError as err:
        raise SqlError(f"the text ends inside a string, a comment or a quoted name ({err})", advice=_ADVICE) from err
    except RecursionError as err:
        raise SqlError("the query is nested too deeply to be read", advice="Split it into CTEs or models.") from err
    problem = guard.not_a_query(tree)
    if problem is not None:
        raise SqlError(problem, advice=_ADVICE)
    assert isinstance(tree, exp.Query)  # noqa: S101  the guard has just established it; this tells the type checker
    return tree


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
