"""Queries followed from the inside out: CTEs, then FROM, then everything that is computed from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from rocky_action.domain.lineage import Lineage, OutputColumn
from rocky_action.sql.lineage import functions
from rocky_action.sql.lineage.expressions import Unfollowed, folded, is_star, spreads
from rocky_action.sql.lineage.reading import Gathered, Place, Reader
from rocky_action.sql.lineage.relations import Sources, every_column_under, known_arguments, named_columns
from rocky_action.sql.lineage.scopes import InScope, Scope
from rocky_action.sql.lineage.setops import combined
from rocky_action.sql.lineage.shapes import UNTOLD, Output, Shape
from rocky_action.sql.lineage.stars import star_outputs

_ENDING = frozenset({"order", "limit", "offset", "sample"})
_SELECT = _ENDING | {
    "with_",
    "expressions",
    "distinct",
    "from_",
    "joins",
    "laterals",
    "where",
    "group",
    "having",
    "qualify",
    "windows",
    "hint",
}
_SET = _ENDING | {"with_", "this", "expression", "distinct", "by_name"}
_SUBQUERY = _ENDING | {"with_", "this", "alias", "joins", "laterals", "pivots"}
_GROUP = frozenset({"expressions", "grouping_sets", "cube", "rollup", "all"})
_CTE = frozenset({"this", "alias", "materialized"})
_WITH = frozenset({"expressions", "recursive"})


def follow(node: exp.Expr, place: Place) -> Lineage:
    """The lineage of a query where it stands; its outputs are never None."""
    inner, gathered = _after_with(node, place)
    match node:
        case exp.Select():
            known_arguments(node, _SELECT)
            return _Block(node, inner, gathered).lineage()
        case exp.SetOperation():
            outputs = _operands(node, inner, gathered=gathered)
        case exp.Subquery():
            known_arguments(node, _SUBQUERY)
            part = follow(node.this, inner)
            gathered.include(part)
            if node.args.get("order") is not None:  # it can also name columns that the query inside only reads
                gathered.include(every_column_under(node, inner, where="ORDER BY"))
            outputs = part.outputs or ()
        case _:
            raise Unfollowed(node.key.upper())
    # What orders and limits the whole can only name its columns.
    shape = Shape(outputs, inner.exact)
    reader = Reader(inner, Scope((InScope("", shape),), inner.outer), gathered)
    _end(node, reader, outputs=outputs)
    return gathered.lineage(outputs)


def _after_with(node: exp.Expr, place: Place) -> tuple[Place, Gathered]:
    """The place of a query that begins with WITH, and what its CTEs can fail of."""
    gathered = Gathered()
    clause = node.args.get("with_")
    if clause is None:
        return place, gathered
    known_arguments(clause, _WITH)
    ctes = dict(place.ctes)
    for cte in clause.expressions:
        known_arguments(cte, _CTE)
        name = cte.alias.lower()
        here = replace(place, ctes=dict(ctes))
        if clause.recursive and any(_own_tables(cte.this, name)):
            # The first part of the UNION does not see the CTE yet: there the name is that of a table.
            second = cte.this.expression if isinstance(cte.this, exp.SetOperation) else exp.Tuple()
            itself = frozenset(id(table) for table in _own_tables(second, name))
            lineage = every_column_under(cte.this, here, where="a recursive CTE", itself=itself)
        else:
            lineage = follow(cte.this, here)
        lineage = named_columns(lineage, cte.args.get("alias"), exact=place.exact)
        gathered.touch(lineage)
        gathered.mention(lineage.rows)
        ctes[name] = replace(lineage, mentions=())  # they are with this query now
    return replace(place, ctes=ctes), gathered


def _own_tables(node: exp.Expr, name: str) -> Iterator[exp.Table]:
    return (table for table in node.find_all(exp.Table) if not table.args.get("db") and table.name.lower() == name)


def _operands(node: exp.SetOperation, place: Place, *, gathered: Gathered) -> tuple[Output, ...]:
    """The outputs of UNION, EXCEPT or INTERSECT; a long chain leans to the left and is walked, not descended."""
    chain: list[exp.SetOperation] = []
    first: exp.Expr = node
    while isinstance(first, exp.SetOperation):
        plain = first is node or not any(first.args.get(key) for key in (*_ENDING, "with_"))
        if not plain:
            break
        known_arguments(first, _SET)
        chain.append(first)
        first = first.this
    sides = [follow(first, place)]
    sides.extend(follow(operation.expression, place) for operation in reversed(chain))
    for side in sides:
        gathered.include(side)
    return combined(list(reversed(chain)), [side.outputs or () for side in sides], gathered=gathered)


def _end(node: exp.Expr, reader: Reader, *, outputs: tuple[Output, ...]) -> None:
    """ORDER BY, LIMIT and the like: which rows there are, and in which order."""
    order = node.args.get("order")
    for ordered in order.expressions if order is not None else ():
        key = ordered.this if isinstance(ordered, exp.Ordered) else ordered
        _by(key, reader, outputs=outputs, where="ORDER BY")
    for clause in (node.args.get("limit"), node.args.get("offset")):
        for child in clause.iter_expressions() if clause is not None else ():
            if not isinstance(child, exp.LimitOptions):
                reader.condition(child, "LIMIT")
    if order is None and (node.args.get("limit") or node.args.get("offset")):
        _unordered(reader, "LIMIT without ORDER BY")
    sample = node.args.get("sample")
    if sample is not None:
        _unordered(reader, "a sample")
    if sample is not None and (sample.args.get("bucket_field") or sample.expressions):
        raise Unfollowed("TABLESAMPLE")


def _unordered(reader: Reader, where: str) -> None:
    """Which rows are taken is decided by the order they happen to lie in: any change can have moved them."""
    reader.gathered.decide_rows(reader.scope.everything(), where)


def _by(key: exp.Expr, reader: Reader, *, outputs: tuple[Output, ...], where: str) -> None:
    """A key of GROUP BY or ORDER BY: an expression, an alias, a position, or ALL."""
    if isinstance(key, exp.Star) or (isinstance(key, (exp.Var, exp.Column)) and key.name.upper() == "ALL"):
        reader.gathered.decide_rows(Shape(outputs).everything(), where)
    for number in _positions(key):
        before = outputs[:number]
        if len(before) == number and all(isinstance(output, OutputColumn) for output in before):
            reader.gathered.decide_rows(Shape(before[-1:]).everything(), where)
        else:
            reader.gathered.decide_rows(Shape(outputs).everything(), where)
    if not isinstance(key, exp.Star):
        reader.condition(key, where)


def _positions(key: exp.Expr) -> Iterator[int]:
    """Numbers that can be positions of columns, at the top of a key or in a list of keys."""
    steps = [key]
    while steps:
        node = steps.pop()
        if isinstance(node, exp.Literal) and not node.is_string:
            yield max(1, int(node.name)) if node.name.isdigit() else 1
        elif isinstance(node, (exp.Paren, exp.Tuple, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Group)):
            steps.extend(node.iter_expressions())


@dataclass(frozen=True)
class _Block:
    """One SELECT."""

    select: exp.Select
    place: Place
    gathered: Gathered
    outputs: list[Output] = field(default_factory=list)

    def lineage(self) -> Lineage:
        """FROM first, then the projections, then everything that may name both."""
        sources = Sources(self.place, self.gathered)
        if self.select.args.get("from_") is not None:
            sources.add_all(self.select)
        reader = Reader(self.place, sources.scope, self.gathered, tuple(self.select.args.get("windows") or ()))
        self._project(reader)
        for window in reader.windows:
            for child in window.iter_expressions():
                if child is not window.this and child is not window.args.get("alias"):
                    self.gathered.mention(reader.reads(child))
        outputs = tuple(self.outputs)
        self._conditions(reader, outputs)
        _end(self.select, reader, outputs=outputs)
        if any(spreads(projection) for projection in self.select.expressions if not is_star(projection)):
            self.gathered.decide_rows(reader.scope.everything(), "columns that cannot be told")
            outputs = UNTOLD
        sources.settle()
        return self.gathered.lineage(outputs)

    def _project(self, reader: Reader) -> None:
        named: list[tuple[str, OutputColumn]] = []
        for projection in self.select.expressions:
            if is_star(projection):
                self.outputs.extend(star_outputs(projection, reader))
                continue
            if isinstance(projection, exp.Aliases):
                raise Unfollowed("AS (...)")
            reads = reader.reads(projection)
            if functions.makes_rows(projection, self.place.dialect):
                # Its arguments decide which rows there are, and a struct becomes as many columns as it has fields.
                self.gathered.decide_rows(reads, "UNNEST")
                self.outputs.extend(UNTOLD)
                continue
            column = OutputColumn(_output_name(projection), reads)
            self.outputs.append(column)
            if column.name is not None:
                named.append((column.name, column))
                earlier = reader.scope.aliases.get(column.name, ())
                reader.scope.aliases[column.name] = tuple(dict.fromkeys((*earlier, *reads)))
        if self.place.dialect not in ("duckdb", "databricks"):
            self._see_later_aliases(named)

    def _see_later_aliases(self, named: list[tuple[str, OutputColumn]]) -> None:
        """Where an alias can be used before it is given, nobody can tell which of them uses which."""
        later = {name for name, _ in named}
        early: set[str] = set()
        for projection in self.select.expressions:
            names = {column.name.lower() for column in projection.find_all(exp.Column) if not column.table}
            own = projection.alias_or_name.lower()
            early |= {name for name in names if name in later and name != own}
            later.discard(own)
        if early:
            every = tuple(dict.fromkeys(read for _, column in named for read in column.reads))
            self.outputs[:] = [
                replace(output, reads=tuple(dict.fromkeys((*output.reads, *every))))
                if isinstance(output, OutputColumn)
                else output
                for output in self.outputs
            ]

    def _conditions(self, reader: Reader, outputs: tuple[Output, ...]) -> None:
        args = self.select.args
        for clause, word in (("where", "a filter"), ("having", "HAVING"), ("qualify", "QUALIFY")):
            if args.get(clause) is not None:
                reader.condition(args[clause].this, word)
        if args.get("group") is not None:
            self._group(args["group"], reader, outputs=outputs)
        distinct = args.get("distinct")
        if isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None:
            on = distinct.args["on"]
            for key in on.expressions if isinstance(on, exp.Tuple) else [on]:
                _by(key, reader, outputs=outputs, where="DISTINCT ON")
            if args.get("order") is None:
                _unordered(reader, "DISTINCT ON without ORDER BY")
        elif distinct:
            self.gathered.decide_rows(Shape(outputs).everything(), "DISTINCT")

    def _group(self, group: exp.Group, reader: Reader, *, outputs: tuple[Output, ...]) -> None:
        known_arguments(group, _GROUP)
        if group.args.get("all"):
            self.gathered.decide_rows(Shape(outputs).everything_but_aggregates(), "GROUP BY")
        for clause in ("expressions", "grouping_sets", "cube", "rollup"):
            value = group.args.get(clause) or ()
            for key in value if isinstance(value, (list, tuple)) else ():
                _by(key, reader, outputs=outputs, where="GROUP BY")


def _output_name(projection: exp.Expr) -> str | None:
    """What a column is called; None for what only the warehouse names."""
    if isinstance(projection, exp.Alias):
        return projection.alias.lower()
    if isinstance(projection, exp.Column):
        return folded(projection.this)
    if isinstance(projection, exp.Dot) and isinstance(projection.expression, exp.Identifier):
        return folded(projection.expression)
    return None
