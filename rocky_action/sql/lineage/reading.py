"""Expressions read in their scope: which columns they are computed from, and what else they touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from rocky_action.domain.lineage import ColumnRead, Lineage, Reference, Use
from rocky_action.sql.lineage.expressions import Found, Name, Nested, Setting, Unfollowed, Whole, found_in
from rocky_action.sql.lineage.scopes import Scope
from rocky_action.sql.lineage.shapes import Output, Shape, as_conditions, used

_MOST_READS = 400_000
_DUPLICATES_BY_CASE = frozenset({"snowflake"})
"""Dialects in which a relation can have columns whose names differ in case only."""


_AS_VALUE = {Use.DIRECT: Use.EXPRESSION, Use.CONDITION: Use.EXPRESSION}
"""What decides the rows of a query inside an expression is part of how a value is computed."""


@dataclass(frozen=True)
class Surroundings:
    """What a query stands in: what its table names mean, and the columns of that as far as they are known.

    A table's columns are all it has at base, or all it has at head: what the sides do not share is in its effect. What
    is known in part only is not known.
    """

    resolve: Callable[[exp.Table], Reference]
    columns: Callable[[Reference], tuple[str, ...] | None]

    def shape(self, reference: Reference, *, exact: bool) -> Shape:
        """The columns of a relation, with their names folded."""
        columns = self.columns(reference)
        known = None if columns is None else tuple(dict.fromkeys(column.lower() for column in columns))
        return Shape.of(reference, known, exact=exact)


@dataclass(frozen=True)
class Place:
    """Where a query stands: its dialect, the CTEs and the enclosing queries it sees, and how a query is followed."""

    dialect: str
    surroundings: Surroundings
    follow: Callable[[exp.Expr, Place], Lineage]
    ctes: Mapping[str, Lineage] = field(default_factory=dict)
    outer: Scope | None = None
    spent: list[int] = field(default_factory=lambda: [0])

    @property
    def exact(self) -> bool:
        """Whether a name can be told from another one by more than its case."""
        return self.dialect not in _DUPLICATES_BY_CASE

    def within(self, scope: Scope | None) -> Place:
        """The place of a query inside another one."""
        return replace(self, outer=scope)

    def spend(self, reads: int) -> None:
        """Counts what was found; what cannot be written down in a reasonable size is not followed."""
        self.spent[0] += reads
        if self.spent[0] > _MOST_READS:
            raise Unfollowed("too many columns")


@dataclass(frozen=True)
class Gathered:
    """What one query was found to read so far, apart from its outputs."""

    rows: dict[ColumnRead, None] = field(default_factory=dict)
    mentions: dict[ColumnRead, None] = field(default_factory=dict)
    relations: dict[Reference, None] = field(default_factory=dict)

    def decide_rows(self, reads: Iterable[ColumnRead], where: str) -> None:
        """Columns that decide which rows there are."""
        self.rows.update(dict.fromkeys(as_conditions(reads, where)))

    def include(self, lineage: Lineage) -> None:
        """A relation of the FROM clause: its rows are this query's rows."""
        self.rows.update(dict.fromkeys(lineage.rows))
        self.touch(lineage)

    def touch(self, lineage: Lineage) -> None:
        """What a part of the query can fail of, whatever comes of it."""
        self.mentions.update(dict.fromkeys(lineage.mentions))
        self.mention(Shape(lineage.outputs or ()).named_reads())
        self.relations.update(dict.fromkeys(lineage.relations))

    def lineage(self, outputs: tuple[Output, ...]) -> Lineage:
        """The whole, with the outputs that were found."""
        return Lineage(outputs, tuple(self.rows), tuple(self.mentions), tuple(self.relations))

    def mention(self, reads: Iterable[ColumnRead]) -> None:
        """Columns that are named and need not be used."""
        self.mentions.update(dict.fromkeys(ColumnRead(read.reference, read.column, Use.MENTION) for read in reads))


@dataclass(frozen=True)
class Reader:
    """Reads expressions in one scope; what decides rows or is only touched goes to ``gathered``."""

    place: Place
    scope: Scope
    gathered: Gathered
    windows: tuple[exp.Expr, ...] = ()

    def reads(self, node: exp.Expr) -> tuple[ColumnRead, ...]:
        """The columns that a projection is computed from."""
        return self._reads(node, use=Use.DIRECT, where="", alias_first=False)

    def condition(self, node: exp.Expr, where: str) -> None:
        """Takes note of a condition, or of anything else that decides which rows there are or in which order."""
        self.gathered.decide_rows(self._reads(node, use=Use.CONDITION, where=where, alias_first=True), where)

    def _reads(self, node: exp.Expr, *, use: Use, where: str, alias_first: bool) -> tuple[ColumnRead, ...]:
        setting = Setting(self.place.dialect, self.windows)
        reads: dict[ColumnRead, None] = {}
        for found in found_in(node, setting, use=use, where=where):
            before = len(reads)
            reads.update(dict.fromkeys(self._one(found, alias_first=alias_first)))
            self.place.spend(len(reads) - before)
        return tuple(reads)

    def _one(self, found: Found, *, alias_first: bool) -> Iterable[ColumnRead]:
        match found.what:
            case Name(parts, bound):
                meant = self.scope.meant(parts, alias_first=alias_first)
                if meant is None:  # a lambda's parameter, or a name we do not understand
                    meant = () if bound else tuple(self.scope.everything())
            case Whole(()):
                meant = tuple(self.scope.everything())
            case Whole(parts):
                meant = self.scope.meant((parts[-1],), alias_first=alias_first)
                meant = tuple(self.scope.everything()) if meant is None else meant
            case Nested(query):
                meant = self._nested(query)
            case _:  # a function that nobody knows can also decide rows
                self.gathered.decide_rows(self.scope.everything(), f"{found.what.name}, a function that is not known")
                meant = ()
        return [used(read, found.use, where=found.where) for read in meant]

    def _nested(self, query: exp.Query) -> tuple[ColumnRead, ...]:
        """A query inside an expression: its rows and its columns are one value of the query around it."""
        lineage = self.place.follow(query, self.place.within(self.scope))
        self.gathered.touch(lineage)
        values = (*Shape(lineage.outputs or ()).everything(), *lineage.rows)
        return tuple(
            dict.fromkeys(
                ColumnRead(read.reference, read.column, _AS_VALUE.get(read.use, read.use), read.where or "a subquery")
                for read in values
            )
        )
