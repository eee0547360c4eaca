"""A warehouse of another dialect that is DuckDB in truth: what it is told in its own words is kept, and not run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from rocky_action.domain.diff import Column
from rocky_action.domain.project import Relation
from rocky_action.ports import Row, Size
from rocky_action.sql import translation
from rocky_action.warehouses.duckdb import DuckDB

_HASHES = {"bigquery": "FARM_FINGERPRINT", "databricks": "xxhash64", "snowflake": "HASH"}
_TYPES = {"bigquery": {"VARCHAR": "STRING", "DOUBLE": "FLOAT64", "BLOB": "BYTES"}}


@dataclass(frozen=True)
class Foreign:
    """Satisfies WarehouseReader."""

    database: DuckDB
    dialect: str
    checksum_rounds: int = 1
    heard: list[str] = field(default_factory=list)

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        return self.database.query(sql, timeout=timeout)

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        return [self.query(sql, timeout=timeout) for sql in statements]

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        return self.database.columns(relation)

    def positions(self, relation: Relation) -> int | None:
        raise AssertionError(f"{relation} has no places")

    @contextmanager
    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> Iterator[Relation]:
        del timeout
        yield relation

    def size(self, relation: Relation) -> Size:
        del relation
        return Size()

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        del relation
        return ()

    def row_hash(self, expressions: Sequence[str]) -> str:
        return f"{_HASHES[self.dialect]}({', '.join(expressions)})"


@contextmanager
def listening(foreign: Foreign) -> Iterator[list[str]]:
    """The statements that the warehouse is told, in its own words; DuckDB answers them."""
    real = translation.in_words_of

    def heard(dialect: str, sql: str, *, row_hash: translation.RowHash) -> str:
        foreign.heard.append(real(dialect, sql, row_hash=row_hash))
        hashed = sql.replace("rocky_row_hash(", "hash(").replace("rocky_nested(", "to_json(")
        return hashed.replace("rocky_bytes(", "hex(")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translation, "in_words_of", heard)
        yield foreign.heard
