"""What need not be the same when the same query runs twice over the same data: which columns, and why.

This is advice to a reader, no proof: what is not listed is not known to be stable, because of functions that nobody
knows here. What is listed has a reason that can be looked up in the query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from rocky_action.domain.lineage import ColumnRead, Lineage, ModelRead, OutputColumn, Reference, SourceRead, Use
from rocky_action.sql.lineage import Surroundings, tree_lineage
from rocky_action.sql.parse import Query
from rocky_action.sql.stability.hazards import ADDED_UP, Setting, Why
from rocky_action.sql.stability.marking import COLUMN, Marked, marked
from rocky_action.sql.stability.sums import plain_sums
from rocky_action.sql.stability.unique import Uniqueness

__all__ = ["UNNAMED", "Doubts", "Known", "Why", "doubts_of"]

UNNAMED = "#"
"""What stands for the name of a column that only the warehouse names; its position follows, if that is known."""

_UNKNOWN_FUNCTION = "a function that is not known"
_MAKES_EQUAL = frozenset({"DISTINCT", "GROUP BY"})
_AS_THEY_LIE = frozenset({"DISTINCT ON without ORDER BY", "LIMIT without ORDER BY", "a sample"})
"""Uses of everything by which lineage says that rows can have moved; here they are a doubt of their own."""
_SET_OPERATIONS = frozenset({"EXCEPT", "INTERSECT", "UNION"})
_HANDED_ON = (Use.DIRECT, Use.MENTION)


@dataclass(frozen=True)
class Doubts:
    """Why the set of rows need not be the same again, and why the values of columns need not, by folded name."""

    rows: tuple[Why, ...] = ()
    columns: Mapping[str, tuple[Why, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.columns)


@dataclass(frozen=True)
class Known:
    """What is known about what a query reads: its names and columns, its own doubts, and its declared keys.

    ``floating`` says whether a column of the query's own result holds floating-point numbers.
    """

    surroundings: Surroundings
    doubts: Mapping[Reference, Doubts] = field(default_factory=dict)
    keys: Callable[[Reference], tuple[frozenset[str], ...]] = lambda _: ()
    floating: Callable[[str], bool] = lambda _: False


def doubts_of(query: Query, known: Known) -> Doubts:
    """What of a query's result need not be the same again."""
    surroundings = known.surroundings

    def resolve(table: exp.Table) -> Reference:
        return SourceRead(table.name) if table.name.startswith(COLUMN) else surroundings.resolve(table)

    def columns(reference: Reference) -> tuple[str, ...] | None:
        own = isinstance(reference, SourceRead) and reference.name.startswith(COLUMN)
        return (COLUMN,) if own else surroundings.columns(reference)

    try:
        uniqueness = Uniqueness.of(
            query.tree, query.dialect, declared=lambda table: known.keys(surroundings.resolve(table))
        )
        found = marked(query.tree, Setting(query.dialect, uniqueness))
    except RecursionError:
        return Doubts()
    result = Doubts()
    if found.doubts or any(known.doubts.values()):
        lineage = tree_lineage(found.tree, query.dialect, surroundings=Surroundings(resolve, columns))
        result = _Follower(lineage, found, known).doubts()
    sums = plain_sums(query.tree, uniqueness.ctes) - result.columns.keys()
    floating = {name: (ADDED_UP,) for name in sorted(sums) if known.floating(name)}
    return replace(result, columns={**result.columns, **floating}) if floating else result


@dataclass(frozen=True)
class _Follower:
    """Takes doubts along a lineage."""

    lineage: Lineage
    marked: Marked
    known: Known

    def doubts(self) -> Doubts:
        rows = dict[Why, None]()
        for relation in self.lineage.relations:
            inherited = self.known.doubts.get(relation)
            rows.update(dict.fromkeys(_from(relation, why) for why in (inherited.rows if inherited else ())))
        for read in self.lineage.rows:
            rows.update(dict.fromkeys(self._of_rows(read)))
        columns: dict[str, dict[Why, None]] = {}
        for name, why in self._of_columns():
            columns.setdefault(name, {})[why] = None
        return Doubts(_strongest(rows), {name: _strongest(whys) for name, whys in columns.items()})

    def _of_rows(self, read: ColumnRead) -> Iterator[Why]:
        if read.where in _AS_THEY_LIE or read.where.endswith(_UNKNOWN_FUNCTION):  # that seldom looks at all in sight
            return
        doubt = self.marked.doubt_of(read.reference)
        if doubt is not None:
            if doubt.column.steady and read.where in _SET_OPERATIONS:  # it can only be one of the columns
                yield doubt.column
            elif not (doubt.column.steady and read.where in _MAKES_EQUAL):
                yield doubt.rows
            return
        for name, why in self._inherited(read):
            if not (why.steady and read.where in _MAKES_EQUAL):
                yield replace(_from(read.reference, why, column=name), each_time=False)

    def _of_columns(self) -> Iterator[tuple[str, Why]]:
        starred = False
        for at, output in enumerate(self.lineage.outputs or (), start=1):
            starred = starred or not isinstance(output, OutputColumn)
            if not isinstance(output, OutputColumn):
                for name, whys in self._columns_of(output.reference).items():
                    if name not in output.excluded:
                        yield from ((name, _from(output.reference, why, column=name)) for why in whys)
                continue
            name = output.name or (UNNAMED if starred else f"{UNNAMED}{at}")
            for read in output.reads:
                doubt = self.marked.doubt_of(read.reference)
                if doubt is not None:
                    yield name, doubt.column
                    continue
                for inherited, why in self._inherited(read):
                    there = _from(read.reference, why, column=inherited)
                    yield name, there if read.use in _HANDED_ON else replace(there, each_time=False, steady=False)

    def _inherited(self, read: ColumnRead) -> Iterator[tuple[str, Why]]:
        for name, whys in self._columns_of(read.reference).items():
            if read.column in (None, name):
                yield from ((name, why) for why in whys)

    def _columns_of(self, reference: Reference | None) -> Mapping[str, tuple[Why, ...]]:
        found = None if reference is None else self.known.doubts.get(reference)
        return {} if found is None else found.columns


def _strongest(whys: Iterable[Why]) -> tuple[Why, ...]:
    """To what differs each time, what may differ adds nothing."""
    found = tuple(whys)
    return tuple(why for why in found if why.each_time) or found


def _from(relation: Reference | None, why: Why, *, column: str | None = None) -> Why:
    """The same with where it comes from, unless it is said already."""
    if why.where or not isinstance(relation, ModelRead):
        return why
    return replace(why, where=relation.model if column is None else f"{relation.model}.{column}")
