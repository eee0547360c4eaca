"""What a statement would write, read off its text: the last look at what was made here, before a warehouse sees it.

It trusts nobody, the rest of this program least: a statement passes if it begins exactly as those do that are made
here, and what it names first, in quotes, lies in a preview schema or in the state schema. Nothing else passes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

from rocky_action.domain.naming import SCHEMA_PREFIX, STATE_SCHEMA

_DOUBLE = r'"(?:[^"]|"")+"'
_QUOTED = MappingProxyType(
    {
        "bigquery": r"`(?:[^`\\]|\\.)+`",
        "databricks": "`(?:[^`]|``)+`",
        "duckdb": _DOUBLE,
        "snowflake": _DOUBLE,
    }
)
"""A quoted name, by dialect."""
_RELATION_HEADS = (
    r"CREATE (?:OR REPLACE )?(?:TRANSIENT )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?",
    r"(?:INSERT|MERGE) INTO ",
    r"DELETE FROM ",
    r"DROP (?:TABLE|VIEW) (?:IF EXISTS )?",
    r"ALTER TABLE ",
)
_SCHEMA_HEADS = (
    r"CREATE (?:TRANSIENT )?SCHEMA (?:IF NOT EXISTS )?",
    r"DROP SCHEMA (?:IF EXISTS )?",
)
_ADDS = re.compile(r" ADD COLUMN \w+ \w+$")
_NESTING = frozenset({"duckdb"})
"""Dialects in which a statement may hold another one that writes: ``WITH x AS (INSERT ... RETURNING ...)``."""
_HIDDEN = re.compile(
    r"(?<![\w\"])[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|(?<![\w$])\$((?:[^\W\d]\w*)?)\$.*?\$\1\$|" + _DOUBLE,
    re.DOTALL,
)
"""Texts and quoted names of such a dialect: what is in them says nothing."""
_COMMENT = re.compile(r"--|/\*")
_BURIED = re.compile(
    r"\(\s*(?:INSERT\s+(?:INTO|OR)\b|DELETE\s+FROM\b|MERGE\s+INTO\b|UPDATE\s[^()]*?\bSET\b|COPY\s|TRUNCATE\s"
    r"|(?:CREATE|DROP)\s+(?!AS\b)\w)",
    re.IGNORECASE,
)


def is_ours(schema: str) -> bool:
    """Whether a schema is a preview's, or the one that holds leases and records: the only ones ever written."""
    return schema == STATE_SCHEMA or (schema.startswith(SCHEMA_PREFIX) and schema != SCHEMA_PREFIX)


def stray_write(statement: str, dialect: str) -> str | None:
    """What a statement writes, or might, outside of the schemas that are ours; None if it certainly does not."""
    head = _heads(dialect).match(statement)
    if head is None:
        return "something that is not known to be a write into a preview's schema"
    parts = [_unquoted(part) for part in re.findall(_QUOTED[dialect], head["relation"] or head["schema"])]
    schema = parts[-1] if head["schema"] else (parts[-2] if len(parts) > 1 else "")
    if not is_ours(schema):
        return ".".join(parts)
    rest = statement[head.end() :]
    if statement.startswith("ALTER") and not _ADDS.match(rest):
        return f"{'.'.join(parts)} in a way that is not known here"
    return _nested(rest) if dialect in _NESTING else None


def _nested(rest: str) -> str | None:
    """What is said of a statement's rest that may write as well. Comments are nowhere in what is made here."""
    plain = _HIDDEN.sub(" q ", rest)
    if _COMMENT.search(plain):
        return "what a comment may hide"
    found = _BURIED.search(plain)
    return None if found is None else f"what another statement inside of it names: {' '.join(found[0].split())}"


@lru_cache(maxsize=8)
def _heads(dialect: str) -> re.Pattern[str]:
    name = _QUOTED[dialect]
    named = rf"{name}(?:\.{name}){{0,2}}"
    relation, schema = (
        rf"(?:{'|'.join(heads)})(?P<{group}>{named})"
        for group, heads in (("relation", _RELATION_HEADS), ("schema", _SCHEMA_HEADS))
    )
    return re.compile(rf"(?:{relation}|{schema})(?![^\s(])")


def _unquoted(part: str) -> str:
    return part[1:-1].replace(part[0] * 2, part[0])
