"""Whether a statement that was executed writes a preview's schema or the state schema, and nothing else.

It shares no code with the product: what is there reads heads of texts, this reads tokens and, where asked, sqlglot's
tree of the whole statement.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import FrameType
from typing import cast

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.ports import Row, WarehouseAdapter
from rocky_action.warehouses.duckdb import DuckDB

_HEADS = (
    "CREATE OR REPLACE TABLE",
    "CREATE OR REPLACE TRANSIENT TABLE",
    "CREATE OR REPLACE VIEW",
    "CREATE TABLE IF NOT EXISTS",
    "CREATE SCHEMA IF NOT EXISTS",
    "CREATE TABLE",
    "DROP TABLE IF EXISTS",
    "DROP VIEW IF EXISTS",
    "DROP SCHEMA IF EXISTS",
    "ALTER TABLE",
    "INSERT INTO",
    "MERGE INTO",
    "DELETE FROM",
    "UPDATE",
)
_VERBS = """
    ALTER ATTACH CALL CHECKPOINT COPY CREATE DELETE DETACH DROP EXECUTE EXPORT GRANT IMPORT INSERT INSTALL LOAD MERGE
    PRAGMA REVOKE TRUNCATE UPDATE VACUUM
"""
_WRITING = frozenset(_VERBS.split())
_READING = ("SELECT", "WITH", "FROM", "(", "VALUES", "DESCRIBE")


def ours(schema: str, catalog: str = "") -> bool:
    """A schema that this program makes; a view is copied into a database in memory of its own to be compared."""
    return schema.startswith("branch__") or schema == "rocky_preview" or catalog.startswith("rocky_preview_scratch_")


@lru_cache(maxsize=50_000)
def stray(statement: str, dialect: str) -> str | None:
    """What is wrong with one executed statement, None if it writes what is ours only, or reads."""
    tokens = sqlglot.tokenize(statement, read=dialect)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        return "nothing at all"
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        return "more than one statement"
    words = " ".join(token.text.upper() for token in tokens[:6])
    head = next((head for head in _HEADS if words.startswith(f"{head} ")), None)
    if head is None:
        return None if words.startswith(_READING) and not _writes(tokens) else f"no known shape: {words}"
    at = len(head.split())
    parts = [tokens[at]]
    while len(tokens) > at + 2 and tokens[at + 1].token_type is TokenType.DOT:
        at += 2
        parts.append(tokens[at])
    names = [part.text for part in parts]
    if dialect == "bigquery":
        names = ".".join(names).split(".")
    schema_at = -1 if " SCHEMA" in head else -2
    if len(names) < -schema_at or not ours(names[schema_at], names[0]):
        return f"{head} {'.'.join(names)}"
    rest = tokens[at + 1 :]
    if head.startswith("MERGE"):
        rest = [token for token, before in zip(rest, [None, *rest[:-1]], strict=True) if not _clause(before)]
    found = _writes(rest)
    return f"{head} with {found} inside" if found and not head.startswith("ALTER") else None


def _clause(before: Token | None) -> bool:
    """Whether a word follows THEN, which is where MERGE says what it does."""
    return before is not None and before.token_type is TokenType.THEN


def _writes(tokens: Sequence[Token]) -> str | None:
    """A word that begins a statement that writes, where one could begin: behind a parenthesis, or the first AS."""
    for index, token in enumerate(tokens):
        before = tokens[index - 1].token_type if index else None
        begins = before in (None, TokenType.L_PAREN) or (index == 1 and before is TokenType.ALIAS)
        if begins and token.token_type is not TokenType.IDENTIFIER and token.text.upper() in _WRITING:
            return token.text.upper()
    return None


def stray_tree(statement: str, dialect: str) -> str | None:
    """The same by the tree of the whole statement: what is written is ours, and everything else in it only reads."""
    trees = sqlglot.parse(statement, read=dialect)
    if len(trees) != 1 or trees[0] is None:
        return "not one statement"
    tree = trees[0]
    if isinstance(tree, exp.Query):
        writers = list(tree.find_all(exp.DML, exp.DDL, exp.Command))
        return f"{writers[0].key} in a query" if [one for one in writers if not isinstance(one, exp.Query)] else None
    if not isinstance(tree, (exp.Create, exp.Insert, exp.Merge, exp.Delete, exp.Update, exp.Drop, exp.Alter)):
        return f"a {tree.key}"
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if isinstance(tree, exp.Drop) and len(tree.args.get("tables") or ()) == 1:
        (target,) = tree.args["tables"]
    if not isinstance(target, exp.Table):
        return f"{tree.key} of {target!r}"
    schema = target.db if tree.args.get("kind") != "SCHEMA" else target.db or target.name
    if not ours(schema, target.catalog):
        return f"{tree.key} {target.sql(dialect)}"
    kinds = (exp.Insert, exp.Merge, exp.Delete, exp.Update, exp.Create, exp.Drop, exp.Command)
    inside = [one for one in tree.find_all(*kinds) if one is not tree and one.find_ancestor(exp.When) is None]
    return f"{inside[0].key} inside a {tree.key}" if inside else None


@dataclass
class Recorder:
    """A warehouse that only writes down what it is told to run, and says that all of it worked."""

    dialect: str
    catalog: str = "shop"
    tables: frozenset[str] = frozenset()
    executed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    concurrency = 1

    @property
    def adapter(self) -> WarehouseAdapter:
        """Itself, as what building takes: it has all that building asks for."""
        return cast("WarehouseAdapter", self)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        del timeout, model
        self.executed += statements
        return Usage(1)

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        del timeout
        self.asked.append(sql)
        return []

    def describe(self, sql: str) -> tuple[Column, ...]:
        self.asked.append(sql)
        return (Column("id", "BIGINT"),)

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        return (Column("id", "BIGINT"),) if str(relation).lower() in self.tables else None

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        del source, writable
        self.executed.append(f'CREATE TABLE "{target.schema}"."{target.name}" AS SELECT 1')
        return Clone(CloneMethod.CTAS)


def _asked_by_the_product(frame: FrameType | None) -> bool:
    """Whether the product asks the adapter for something, and not a test."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module != "contextlib" and not module.startswith(("rocky_action.warehouses", "tests.support.statement")):
            return module.startswith("rocky_action")
        frame = frame.f_back
    return False


@contextmanager
def watched(record: list[str] | None = None) -> Iterator[list[str]]:
    """Whatever the product executes on any DuckDB meanwhile is checked at once, and written down.

    What a test executes itself is its own affair: it makes the production that must stay as it is.
    """
    found = [] if record is None else record
    plain: Callable[..., Usage] = DuckDB.execute

    def execute(
        self: DuckDB, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None
    ) -> Usage:
        if _asked_by_the_product(sys._getframe(1)):
            for statement in statements:
                problem = stray(statement, "duckdb")
                assert problem is None, f"{problem}: {statement}"
            found.extend(statements)
        return plain(self, statements, timeout=timeout, model=model)

    DuckDB.execute = execute  # type: ignore[method-assign]
    try:
        yield found
    finally:
        DuckDB.execute = plain  # type: ignore[method-assign]
