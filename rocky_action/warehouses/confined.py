"""Any adapter, confined: whatever it is asked to write lies in a preview schema or in the state schema, or is refused.

The one place in front of all four warehouses through which everything goes that this program writes, and the last
before the driver. What is read passes through; that reading only reads is each adapter's own to see to.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import WarehouseError
from rocky_action.ports import Row, Size, WarehouseAdapter
from rocky_action.sql.writes import is_ours, stray_write

_ADVICE = "Nothing was written. Please report it: nothing in a project should be able to lead here."


@dataclass(frozen=True)
class Confined:
    """An adapter that writes to no schema but ours; satisfies WarehouseAdapter."""

    adapter: WarehouseAdapter

    @property
    def dialect(self) -> str:
        """The adapter's."""
        return self.adapter.dialect

    @property
    def description(self) -> str:
        """The adapter's."""
        return self.adapter.description

    @property
    def catalog(self) -> str:
        """The adapter's."""
        return self.adapter.catalog

    @property
    def concurrency(self) -> int:
        """The adapter's."""
        return self.adapter.concurrency

    @property
    def checksum_rounds(self) -> int:
        """The adapter's."""
        return self.adapter.checksum_rounds

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """As the adapter does it, which takes nothing that writes."""
        return self.adapter.query(sql, timeout=timeout)

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """As the adapter does it."""
        return self.adapter.query_many(statements, timeout=timeout)

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """As the adapter does it."""
        return self.adapter.columns(relation)

    def positions(self, relation: Relation) -> int | None:
        """As the adapter does it."""
        return self.adapter.positions(relation)

    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> AbstractContextManager[Relation]:
        """As the adapter does it; a copy, if it makes one, is in no database that anybody keeps."""
        return self.adapter.snapshot(relation, timeout=timeout)

    def size(self, relation: Relation) -> Size:
        """As the adapter does it."""
        return self.adapter.size(relation)

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """As the adapter does it."""
        return self.adapter.unique_keys(relation)

    def row_hash(self, expressions: Sequence[str]) -> str:
        """As the adapter does it."""
        return self.adapter.row_hash(expressions)

    def estimate(self, sql: str) -> Usage | None:
        """As the adapter does it."""
        return self.adapter.estimate(sql)

    def describe(self, sql: str) -> tuple[Column, ...]:
        """As the adapter does it."""
        return self.adapter.describe(sql)

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """As the adapter does it."""
        return self.adapter.schemas(prefix)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """As the adapter does it, once every statement is known to write to schemas of ours only."""
        for statement in statements:
            if (stray := stray_write(statement, self.dialect)) is not None:
                raise WarehouseError(
                    f"refused, as it is not a write into a preview's schema but would write {stray}", advice=_ADVICE
                )
        return self.adapter.execute(statements, timeout=timeout, model=model)

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """As the adapter does it, into schemas of ours only."""
        _check(target.schema)
        return self.adapter.clone(source, target, writable=writable)

    def create_schema(self, catalog: str, schema: str) -> None:
        """As the adapter does it, for schemas of ours only."""
        _check(schema)
        self.adapter.create_schema(catalog, schema)

    def drop_schema(self, catalog: str, schema: str) -> None:
        """As the adapter does it, for schemas of ours only."""
        _check(schema)
        self.adapter.drop_schema(catalog, schema)

    def spent(self) -> Usage:
        """The adapter's."""
        return self.adapter.spent()

    def close(self) -> None:
        """As the adapter does it."""
        self.adapter.close()


def _check(schema: str) -> None:
    if not is_ours(schema):
        raise WarehouseError(f"refused, as it is not a write into a preview's schema but into {schema}", advice=_ADVICE)
