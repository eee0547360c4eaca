"""How much of what people write is read with certainty."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from rocky_action.errors import SqlError
from rocky_action.sql.equality import canonical_of
from rocky_action.sql.parse import parse_query
from tests.support.grammar_texts import duckdb_tree

_TEXT = (Path(__file__).parents[1] / "support" / "usual_models.sql").read_text(encoding="utf-8")
MODELS = [text.strip() for text in re.sub(r"(?m)^--.*$", "", _TEXT).split(";\n") if text.strip()]


def _is_read(sql: str) -> bool:
    try:
        return canonical_of(parse_query(sql, "duckdb")) is not None
    except SqlError:
        return False


def test_duckdb_reads_them_all() -> None:
    with duckdb.connect() as connection:
        assert [sql for sql in MODELS if duckdb_tree(connection, sql) is None] == []


def test_most_of_the_usual_models_are_read_with_certainty() -> None:
    unread = [sql for sql in MODELS if not _is_read(sql)]
    assert len(unread) <= len(MODELS) * 0.15, unread
