"""The two sides as SQL in which only names of ours appear, so that nothing a user calls a column can get in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.project import Relation
from rocky_action.errors import PreviewError
from rocky_action.ports import Row, WarehouseReader
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.spoken import condition_in
from rocky_action.sql.quoting import quote, relation


@dataclass(frozen=True)
class SideRelations:
    """Where base and head are; ``where`` keeps rows of both, as SQL of the user's."""

    base: Relation
    head: Relation
    where: str | None = None


@dataclass(frozen=True)
class Sides:
    """Base and head as subqueries with a column ``present``, always true, and a column ``c<position>`` a pair.

    ``relations`` are what they read, while that is all they are: not for sides that only some rows are left of.
    ``timeout`` is in seconds, for each statement.
    """

    warehouse: WarehouseReader
    base: str
    head: str
    pairs: tuple[ColumnPair, ...]
    relations: SideRelations | None = None
    timeout: float | None = None

    def query(self, sql: str) -> list[Row]:
        """All rows of a statement."""
        return self.warehouse.query(sql, timeout=self.timeout)

    def query_many(self, statements: Sequence[str]) -> list[list[Row]]:
        """All rows of each of several statements."""
        return self.warehouse.query_many(statements, timeout=self.timeout)

    def pairs_named(self, names: Iterable[str]) -> tuple[ColumnPair, ...] | None:
        """The pairs of these names, None if there is not one for each."""
        by_name = {name.lower(): pair for pair in self.pairs for name in (pair.base.name, pair.head.name)}
        found = [by_name.get(name.lower()) for name in names]
        return tuple(pair for pair in found if pair is not None) if all(found) else None

    def count(self) -> tuple[int, int]:
        """Rows of base and head."""
        counts = f"(SELECT count(*) FROM {self.base} AS b), (SELECT count(*) FROM {self.head} AS h)"
        base, head = numbers(self.query(f"SELECT {counts}")[0])
        return base, head

    def kept(self, condition: str) -> Sides:
        """The rows of both sides that meet a condition on a row called ``s``."""
        return replace(
            self,
            base=f"(SELECT * FROM {self.base} AS s WHERE {condition})",
            head=f"(SELECT * FROM {self.head} AS s WHERE {condition})",
            relations=None,
        )

    def places(self, base: Sequence[range], head: Sequence[range]) -> Sides:
        """The rows of two tables that stand at these places. Only for sides with ``relations``."""
        places = []
        for side, found, ranges in zip(self._sources(), self._columns(), (base, head), strict=True):
            inside = " OR ".join(f"rowid >= {part.start} AND rowid < {part.stop}" for part in ranges if part)
            places.append(_projection(side, found, where=inside or "FALSE"))
        return replace(self, base=places[0], head=places[1], relations=None)

    def part(self, side: str, place: range, *, pairs: Sequence[ColumnPair]) -> str:
        """A table's rows from one place to another, with ``c<position>`` for these pairs.

        Nothing is computed here, so that a warehouse may read both parts of a positional join in step.
        """
        of_base = side == "base"
        listed = ", ".join(
            f"{quote((pair.base if of_base else pair.head).name, self.warehouse.dialect)} AS c{pair.position}"
            for pair in pairs
        )
        source = self._sources()[0 if of_base else 1]
        return f"(SELECT {listed} FROM {source} WHERE rowid >= {place.start} AND rowid < {place.stop})"

    def place_of_first(self, own: str, other: str, *, pairs: Sequence[ColumnPair]) -> str:
        """SQL: the first place in the other table of a row that is like a table's first in these columns."""
        first = self.part(own, range(1), pairs=pairs)
        source, columns = self._sources()[other == "head"], self._columns()[other == "head"]
        both = [
            (pair.comparand(f"s.{columns[pair.position]}"), pair.comparand(f"f.c{pair.position}")) for pair in pairs
        ]
        same = " AND ".join(f"{there} IS NOT DISTINCT FROM {here}" for there, here in both)
        return f"SELECT min(s.rowid) FROM {source} AS s JOIN {first} AS f ON {same}"

    def _sources(self) -> tuple[str, str]:
        if self.relations is None:
            raise PreviewError("rows of a part have no places", advice="Please report this: it is a bug.")
        dialect = self.warehouse.dialect
        return relation(self.relations.base, dialect), relation(self.relations.head, dialect)

    def _columns(self) -> tuple[list[str], list[str]]:
        dialect = self.warehouse.dialect
        return (
            [quote(pair.base.name, dialect) for pair in self.pairs],
            [quote(pair.head.name, dialect) for pair in self.pairs],
        )


def sides_of(warehouse: WarehouseReader, relations: SideRelations, *, pairs: tuple[ColumnPair, ...]) -> Sides:
    """The two relations as sides of a comparison. Raises SqlError for a ``where`` that is not a condition."""
    where = condition_in(warehouse, relations.where) if relations.where else None
    base = [quote(pair.base.name, warehouse.dialect) for pair in pairs]
    head = [quote(pair.head.name, warehouse.dialect) for pair in pairs]
    return Sides(
        warehouse,
        _projection(relation(relations.base, warehouse.dialect), base, where=where),
        _projection(relation(relations.head, warehouse.dialect), head, where=where),
        pairs,
        None if where else relations,
    )


def _projection(source: str, columns: Sequence[str], *, where: str | None) -> str:
    # The filter stands in a scope of its own, where it sees the user's names only.
    rows = f"(SELECT * FROM {source} WHERE ({where}))" if where else source
    named = ["TRUE AS present", *(f"t.{column} AS c{position}" for position, column in enumerate(columns))]
    return f"(SELECT {', '.join(named)} FROM {rows} AS t)"


def count_rows(
    warehouse: WarehouseReader, source: Relation, *, where: str | None = None, timeout: float | None = None
) -> int:
    """Rows of one relation, those that ``where`` keeps. Raises SqlError for a ``where`` that is not a condition."""
    kept = condition_in(warehouse, where) if where else None
    rows = _projection(relation(source, warehouse.dialect), (), where=kept)
    return numbers(warehouse.query(f"SELECT count(*) FROM {rows} AS r", timeout=timeout)[0])[0]


def count_where(condition: str) -> str:
    """An aggregate: how many rows meet a condition."""
    return f"count(CASE WHEN {condition} THEN 1 END)"


def smallest(expression: str, *, where: str, most: int) -> str:
    """An aggregate: the smallest values of the rows that meet a condition, as a list; NULL if there are none."""
    return f"min(CASE WHEN {where} THEN {expression} END, {most})"


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
