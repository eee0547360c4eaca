"""Any warehouse, asked in the one dialect that comparisons are written in, which is DuckDB's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal

from rocky_action.domain.diff import Column
from rocky_action.domain.project import Relation
from rocky_action.ports import Row, Size, WarehouseReader
from rocky_action.rowdiff.common_types import Comparable, comparable
from rocky_action.rowdiff.portable_types import portable
from rocky_action.sql.quoting import text_literal

WRITTEN_IN = "duckdb"


@dataclass(frozen=True)
class Spoken:
    """A warehouse of another dialect; satisfies WarehouseReader."""

    warehouse: WarehouseReader
    dialect: str = WRITTEN_IN

    @property
    def checksum_rounds(self) -> int:
        """The warehouse's own."""
        return self.warehouse.checksum_rounds

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one statement, which the warehouse gets in its own words."""
        return [_plain(row) for row in self.warehouse.query(self._said(sql), timeout=timeout)]

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """All rows of each of several statements."""
        found = self.warehouse.query_many([self._said(sql) for sql in statements], timeout=timeout)
        return [[_plain(row) for row in rows] for rows in found]

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """The warehouse's own."""
        return self.warehouse.columns(relation)

    def in_common_types(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Columns with types that all warehouses share."""
        from rocky_action.sql.translation import common_type  # noqa: PLC0415  the parser is slow to import

        return tuple(replace(column, type=common_type(column.type, self.warehouse.dialect)) for column in columns)

    def positions(self, relation: Relation) -> int | None:
        """None: no other warehouse keeps rows in places that a condition can name."""
        del relation
        return None

    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> AbstractContextManager[Relation]:
        """The warehouse's own."""
        return self.warehouse.snapshot(relation, timeout=timeout)

    def size(self, relation: Relation) -> Size:
        """The warehouse's own."""
        return self.warehouse.size(relation)

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """The warehouse's own."""
        return self.warehouse.unique_keys(relation)

    def row_hash(self, expressions: Sequence[str]) -> str:
        """The warehouse's own, once the statement is said in its words."""
        return f"rocky_row_hash({', '.join(expressions)})"

    def _said(self, sql: str) -> str:
        from rocky_action.sql.translation import in_words_of  # noqa: PLC0415  as above

        return in_words_of(self.warehouse.dialect, sql, row_hash=self.warehouse.row_hash)


def spoken(warehouse: WarehouseReader) -> WarehouseReader:
    """A warehouse that takes what comparisons say: DuckDB itself, or any other behind a translator."""
    return warehouse if warehouse.dialect == WRITTEN_IN else Spoken(warehouse)


def forms_of(warehouse: WarehouseReader) -> Callable[[str, str], Comparable]:
    """How values of two types are compared there."""
    return portable if isinstance(warehouse, Spoken) else comparable


def condition_in(warehouse: WarehouseReader, where: str) -> str:
    """A condition of the user's, in the warehouse's own dialect, as one that cannot leave its parentheses.

    Raises SqlError.
    """
    from rocky_action.sql.permitted import permitted_condition  # noqa: PLC0415  as above

    if not isinstance(warehouse, Spoken):
        return permitted_condition(where, warehouse.dialect)
    checked = permitted_condition(where, warehouse.warehouse.dialect)
    return f"rocky_native({text_literal(checked, WRITTEN_IN)})"


def _plain(row: Row) -> Row:
    """Whole numbers as such, however wide the type was that they were added up in."""
    return tuple(int(value) if isinstance(value, Decimal) and not value % 1 else value for value in row)
