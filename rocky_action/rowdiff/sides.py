"""The two sides as SQL in which only names of ours appear, so that nothing a user calls a column can get in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rocky_action.domain.project import Relation
from rocky_action.errors import PreviewError
from rocky_action.ports import Row, WarehouseAdapter
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.sql.guard import condition
from rocky_action.sql.quoting import quote, relation


@dataclass(frozen=True)
class Sides:
    """Base and head as subqueries with a column ``present``, always true, and a column ``c<position>`` a pair."""

    warehouse: WarehouseAdapter
    base: str
    head: str
    pairs: tuple[ColumnPair, ...]

    def pairs_named(self, names: Iterable[str]) -> tuple[ColumnPair, ...] | None:
        """The pairs of these names, None if there is not one for each."""
        by_name = {name.lower(): pair for pair in self.pairs for name in (pair.base.name, pair.head.name)}
        found = [by_name.get(name.lower()) for name in names]
        return tuple(pair for pair in found if pair is not None) if all(found) else None

    def count(self) -> tuple[int, int]:
        """Rows of base and head."""
        counts = f"(SELECT count(*) FROM {self.base} AS b), (SELECT count(*) FROM {self.head} AS h)"
        base, head = numbers(self.warehouse.query(f"SELECT {counts}")[0])
        return base, head


@dataclass(frozen=True)
class SideRelations:
    """Where base and head are; ``where`` keeps rows of both, as SQL of the user's."""

    base: Relation
    head: Relation
    where: str | None = None


def sides_of(warehouse: WarehouseAdapter, relations: SideRelations, *, pairs: tuple[ColumnPair, ...]) -> Sides:
    """The two relations as sides of a comparison. Raises SqlError for a ``where`` that is not a condition."""
    where = relations.where and condition(relations.where, warehouse.dialect)
    base = [quote(pair.base.name, warehouse.dialect) for pair in pairs]
    head = [quote(pair.head.name, warehouse.dialect) for pair in pairs]
    return Sides(
        warehouse,
        _projection(relation(relations.base, warehouse.dialect), base, where=where),
        _projection(relation(relations.head, warehouse.dialect), head, where=where),
        pairs,
    )


def _projection(source: str, columns: Sequence[str], *, where: str | None) -> str:
    # The filter stands in a scope of its own, where it sees the user's names only.
    rows = f"(SELECT * FROM {source} WHERE ({where}))" if where else source
    named = ["TRUE AS present", *(f"t.{column} AS c{position}" for position, column in enumerate(columns))]
    return f"(SELECT {', '.join(named)} FROM {rows} AS t)"


def count_rows(warehouse: WarehouseAdapter, source: Relation, *, where: str | None = None) -> int:
    """Rows of one relation, those that ``where`` keeps. Raises SqlError for a ``where`` that is not a condition."""
    kept = where and condition(where, warehouse.dialect)
    rows = _projection(relation(source, warehouse.dialect), (), where=kept)
    return numbers(warehouse.query(f"SELECT count(*) FROM {rows} AS r")[0])[0]


def count_where(condition: str) -> str:
    """An aggregate: how many rows meet a condition."""
    return f"count(CASE WHEN {condition} THEN 1 END)"


def ordered(expressions: Iterable[str]) -> str:
    """An ORDER BY list that puts NULL first in every warehouse."""
    return ", ".join(f"{expression} NULLS FIRST" for expression in expressions)


def numbers(row: Row) -> list[int]:
    """A row of counts; NULL, the sum of nothing, is 0."""
    counts = [0 if value is None else value for value in row]
    whole = [value for value in counts if isinstance(value, int)]
    if len(whole) != len(counts):
        raise PreviewError(f"a count came back as {row!r}", advice="Please report this: it is a bug in this program.")
    return whole


def values(row: Row) -> list[str | None]:
    """A row of texts and NULLs."""
    return [None if value is None else str(value) for value in row]
