"""Names and text as SQL: the one place where a string from outside becomes part of a statement."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from rocky_action.domain.project import Relation


@lru_cache(maxsize=8192)
def quote(name: str, dialect: str) -> str:
    """An identifier, always quoted, in the dialect's own quotes."""
    return exp.to_identifier(name, quoted=True).sql(dialect)


def relation(rel: Relation, dialect: str) -> str:
    """A relation's quoted name, as many parts as it has."""
    return ".".join(quote(part, dialect) for part in (rel.catalog, rel.schema, rel.name) if part)


def text_literal(value: str, dialect: str) -> str:
    """A string literal."""
    return exp.Literal.string(value).sql(dialect)
