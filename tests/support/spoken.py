"""DuckDB spoken to in another warehouse's dialect: statements are translated by the dialect's own parser, then run.

What such a warehouse would refuse is not refused here; what its parser reads otherwise than we meant is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlglot

from rocky_action.domain.diff import Column
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.ports import Row
from rocky_action.sql.quoting import quote
from rocky_action.warehouses.duckdb import DuckDB

_ZONED = "TIMESTAMP WITH TIME ZONE"


def _read(text: object) -> datetime | None:
    return None if text is None else datetime.fromisoformat(str(text))


@dataclass(frozen=True)
class Spoken(DuckDB):
    """``said`` is every statement as it was handed in."""

    said: list[str] = field(default_factory=list)

    @property
    def plain(self) -> DuckDB:
        """The same database, in its own dialect."""
        return DuckDB(self.connection, self.catalog, self.file)

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        translated = self._translated(sql)
        columns = self.plain.describe(translated)
        zoned = [column.type == _ZONED for column in columns]
        if not any(zoned):
            return self.plain.query(translated, timeout=timeout)
        # DuckDB needs a library for these that is not here; as a driver would, this gives them with their zone.
        names = [quote(column.name, "duckdb") for column in columns if column.type == _ZONED]
        replaced = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in names)
        texts = self.plain.query(f"SELECT * REPLACE ({replaced}) FROM ({translated})", timeout=timeout)
        return [
            tuple(_read(value) if is_zoned else value for value, is_zoned in zip(row, zoned, strict=True))
            for row in texts
        ]

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        return self.plain.execute([self._translated(sql) for sql in statements], timeout=timeout, model=model)

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        return self.plain.columns(relation)

    def create_schema(self, catalog: str, schema: str) -> None:
        self.plain.create_schema(catalog, schema)

    def _translated(self, sql: str) -> str:
        self.said.append(sql)
        (tree,) = sqlglot.parse(sql, read=self.dialect)
        assert tree is not None
        return tree.sql("duckdb")
