"""Names and text as SQL: the one place where a string from outside becomes part of a statement."""

from __future__ import annotations

from functools import lru_cache

from rocky_action.domain.project import Relation

_DOUBLING = frozenset({"duckdb"})
"""Dialects whose only escape is a doubled quote. That is done here, so that a comparison need not wait for sqlglot."""
_FOLDING = frozenset({"snowflake"})
"""Dialects that tell quoted names apart by case, and read one without quotes as upper case."""


@lru_cache(maxsize=8192)
def quote(name: str, dialect: str) -> str:
    """An identifier, always quoted, in the dialect's own quotes."""
    if dialect in _DOUBLING:
        return '"' + name.replace('"', '""') + '"'
    from sqlglot import exp  # noqa: PLC0415  slow to import, and only other dialects need it

    return exp.to_identifier(name, quoted=True).sql(dialect)


def relation(rel: Relation, dialect: str) -> str:
    """A relation's quoted name, as many parts as it has."""
    return ".".join(quote(part, dialect) for part in (rel.catalog, rel.schema, rel.name) if part)


def text_literal(value: str, dialect: str) -> str:
    """A string literal."""
    if dialect in _DOUBLING:
        return "'" + value.replace("'", "''") + "'"
    if dialect == "databricks":  # Spark fills in ${...} before it reads a statement, and reads digits after \0 with it
        escaped = "\\u0000".join(_escaped(part, dialect) for part in value.split("\0"))
        return "'" + escaped.replace("${", "\\u0024{") + "'"
    return f"'{_escaped(value, dialect)}'"


def folded(name: str, dialect: str) -> str:
    """What the warehouse takes a name for that somebody wrote without quotes."""
    return name.upper() if dialect in _FOLDING else name


def _escaped(value: str, dialect: str) -> str:
    from sqlglot import exp  # noqa: PLC0415  as above

    return exp.Literal.string(value).sql(dialect)[1:-1]
