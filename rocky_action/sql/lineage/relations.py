"""What stands in a FROM clause: tables, CTEs, queries, functions and joins of them, and what each hands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from rocky_action.domain.lineage import ColumnRead, Lineage, OutputColumn, Use
from rocky_action.sql.lineage.expressions import Unfollowed, folded
from rocky_action.sql.lineage.reading import Gathered, Place, Reader
from rocky_action.sql.lineage.scopes import InScope, Scope
from rocky_action.sql.lineage.shapes import UNTOLD, Shape, as_conditions, sealed

_TABLE = frozenset({"this", "db", "catalog", "alias", "joins", "laterals", "pivots", "sample"})
_SUBQUERY = frozenset({"this", "alias", "joins", "laterals", "pivots", "sample", "with_"})
_JOIN = frozenset({"this", "on", "side", "kind", "using", "method"})
_LATERAL = frozenset({"this", "alias", "view", "outer", "cross_apply", "ordinality"})
_UNNEST = frozenset({"expressions", "alias", "offset", "explode_array"})
_VALUES = frozenset({"expressions", "alias", "pivots"})
_KEPT_SIDE = ("SEMI", "ANTI")


def known_arguments(node: exp.Expr, known: frozenset[str]) -> None:
    """Raises Unfollowed for a clause that nobody has thought about."""
    for key, value in node.args.items():
        if value and key not in known:
            raise Unfollowed(key.strip("_").upper())


def every_column_under(node: exp.Expr, place: Place, *, where: str, itself: frozenset[int] = frozenset()) -> Lineage:
    """A part of a query that is not followed: every column of every table in it and of the queries around it.

    ``itself`` are the names, by their id, with which a recursive CTE reads what it has so far.
    """
    reads: dict[ColumnRead, None] = {}
    gathered = Gathered()
    for table in node.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or id(table) in itself:
            continue
        cte = None if table.args.get("db") else place.ctes.get(folded(table.this))
        if cte is not None:
            gathered.include(cte)
            reads.update(dict.fromkeys(Shape(cte.outputs or ()).everything()))
            continue
        # The name of a CTE in there is no table; taking it for one as well only adds to what is read.
        reference = place.surroundings.resolve(table)
        gathered.relations[reference] = None
        reads[ColumnRead(reference, None, Use.DIRECT)] = None
    if place.outer is not None:
        reads.update(dict.fromkeys(place.outer.everything()))
    rows = (*gathered.rows, *as_conditions(reads, where))
    return Lineage(UNTOLD, rows, tuple(gathered.mentions), tuple(gathered.relations))


@dataclass(frozen=True)
class Sources:
    """The FROM clause of one query, read from left to right."""

    place: Place
    gathered: Gathered
    found: list[InScope] = field(default_factory=list)
    qualifiers: dict[str, None] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """What can be named so far. A query or a function in FROM sees what stands before it."""
        return Scope(tuple(self.found), self.place.outer, qualifiers=self.qualifiers)

    def settle(self) -> None:
        """What can be said when all names have been read."""
        self.place.spend(len(self.qualifiers) * len(self.found))
        self.gathered.decide_rows(self.scope.as_structs(), "a field of a struct")

    def add_all(self, node: exp.Expr) -> None:
        """FROM, JOIN and LATERAL VIEW of a SELECT, or of a join in parentheses."""
        first = node.args.get("from_") or node
        self.add(first.this)
        for join in node.args.get("joins") or ():
            self._join(join)
        for lateral in node.args.get("laterals") or ():
            self.add(lateral)

    def add(self, node: exp.Expr) -> None:
        """One item of a FROM clause, with what is joined to it inside of it."""
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and not _is_named(node):
            known_arguments(node, _SUBQUERY)
            self._in_parentheses(node)
        else:
            lineage, name = self._relation(node)
            self.place.spend(len(lineage.outputs or ()) + len(lineage.mentions))
            self.gathered.include(lineage)
            self.found.append(InScope(name, Shape(lineage.outputs or (), self.place.exact)))
        for join in node.args.get("joins") or ():
            self._join(join)
        for lateral in node.args.get("laterals") or ():
            self.add(lateral)

    def _in_parentheses(self, node: exp.Expr) -> None:
        """``(a JOIN b ON ...)``: both can be named as if they stood outside."""
        self.add(node.this)

    def _relation(self, node: exp.Expr) -> tuple[Lineage, str]:
        """What one item hands on, and its name."""
        match node:
            case exp.Table():
                known_arguments(node, _TABLE)
                lineage = self._table(node)
            case exp.Subquery():
                known_arguments(node, _SUBQUERY)
                lineage = self._subquery(node)
            case exp.Lateral():
                known_arguments(node, _LATERAL)
                query = isinstance(node.this, exp.Subquery)
                lineage = self._subquery(node.this) if query else self._function(node.this, "a table function")
            case exp.Unnest():
                known_arguments(node, _UNNEST)
                lineage = self._function(node, "UNNEST")
            case exp.Values():
                known_arguments(node, _VALUES)
                lineage = self._function(node, "VALUES")
            case _:
                raise Unfollowed(node.key.upper())
        if node.args.get("sample") is not None:
            if node.args["sample"].args.get("bucket_field") or node.args["sample"].expressions:
                raise Unfollowed("TABLESAMPLE")
            every = as_conditions(Shape(lineage.outputs or ()).everything(), "a sample")
            lineage = replace(lineage, rows=(*lineage.rows, *every))
        name = folded(node.args["alias"]) if node.args.get("alias") else _own_name(node)
        lineage, name = self._pivoted(node, lineage, name=name)
        return self._with_column_names(node.args.get("alias"), lineage), name

    def _table(self, node: exp.Table) -> Lineage:
        if not isinstance(node.this, exp.Identifier):
            return self._function(node.this, "a table function")
        name = folded(node.this)
        if not node.args.get("db"):
            cte = self.place.ctes.get(name)
            if cte is not None:
                return cte
        else:
            self._path(tuple(folded(part) for part in node.parts))
        reference = self.place.surroundings.resolve(node)
        shape = self.place.surroundings.shape(reference, exact=self.place.exact)
        return Lineage(shape.outputs, (), (), (reference,))

    def _path(self, parts: tuple[str, ...]) -> None:
        """``FROM orders, orders.items``: in some warehouses that is a column of the table before it."""
        level: Scope | None = self.scope
        while level is not None:
            if level.called(parts[0]):
                self.gathered.decide_rows(level.meant(parts) or (), "UNNEST")
            level = level.outer

    def _subquery(self, node: exp.Subquery) -> Lineage:
        """A query in FROM, which can name what stands before it; or a PIVOT, or a join in parentheses with a name."""
        inner = node.this
        if isinstance(inner, exp.Pivot):
            return every_column_under(inner, self.place.within(self.scope), where=_pivot_word(inner))
        if isinstance(inner, exp.Table):
            joined = Sources(self.place.within(self.scope), Gathered())
            joined.add(inner)
            joined.settle()
            outputs = tuple(output for one in joined.found for output in one.in_bare_star.outputs)
            return joined.gathered.lineage(outputs)
        return self.place.follow(node, self.place.within(self.scope))

    def _function(self, node: exp.Expr, where: str) -> Lineage:
        """A table function: which rows it makes depends on its arguments, and its columns on nothing else."""
        gathered = Gathered()
        reader = Reader(self.place, self.scope, gathered)
        unnamed = exp.Unnest | exp.Values
        for child in node.args["expressions"] if isinstance(node, unnamed) else node.iter_expressions():
            reader.condition(child, where)
        return gathered.lineage(UNTOLD)

    def _pivoted(self, node: exp.Expr, lineage: Lineage, *, name: str) -> tuple[Lineage, str]:
        for pivot in node.args.get("pivots") or ():
            lineage = sealed(lineage, UNTOLD, where=_pivot_word(pivot))
            inside = every_column_under(pivot, self.place.within(self.scope), where=_pivot_word(pivot))
            gathered = Gathered()
            gathered.include(lineage)
            gathered.include(inside)
            lineage = gathered.lineage(UNTOLD)
            name = folded(pivot.args["alias"]) if pivot.args.get("alias") else name
        return lineage, name

    def _with_column_names(self, alias: exp.Expr | None, lineage: Lineage) -> Lineage:
        return named_columns(lineage, alias, exact=self.place.exact)

    def _join(self, join: exp.Join) -> None:
        known_arguments(join, _JOIN)
        left = len(self.found)
        self.add(join.this)
        method = str(join.args.get("method") or "").upper()
        if method in ("NATURAL", "POSITIONAL"):
            word = f"a {method} join"
            self.gathered.decide_rows((read for one in self.found for read in one.shape.everything()), word)
        elif method not in ("", "ASOF", "HASH", "LOOP", "MERGE"):
            raise Unfollowed(method)
        if method == "NATURAL":
            self._hide(left, tuple(_shared(self.found[:left], self.found[left:])))
        if join.args.get("on") is not None:
            Reader(self.place, self.scope, self.gathered).condition(join.args["on"], "a join")
        keys = tuple(folded(key) for key in join.args.get("using") or ())
        for key in keys:
            for one in self.found:
                self.gathered.decide_rows(one.shape.reads_of(key), "a join")
        self._hide(left, keys)
        if str(join.args.get("kind") or "").upper() in _KEPT_SIDE:
            self.found[left:] = [replace(one, in_star=False) for one in self.found[left:]]

    def _hide(self, left: int, names: tuple[str, ...]) -> None:
        self.found[left:] = [replace(one, hidden=(*one.hidden, *names)) for one in self.found[left:]]


def named_columns(lineage: Lineage, alias: exp.Expr | None, *, exact: bool) -> Lineage:
    """A relation under the column names that its alias gives."""
    columns = () if alias is None else alias.args.get("columns") or ()
    names = [folded(column.this if isinstance(column, exp.ColumnDef) else column) for column in columns]
    if not names:
        return lineage
    shape, rows = Shape(lineage.outputs or (), exact).renamed(names)
    return replace(lineage, outputs=shape.outputs, rows=(*lineage.rows, *rows))


def _is_named(node: exp.Expr) -> bool:
    return bool(node.args.get("alias") or node.args.get("pivots"))


def _own_name(node: exp.Expr) -> str:
    """What an item without an alias is called."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Expr):
        return node.this.name.lower() if isinstance(node.this, (exp.Identifier, exp.Anonymous)) else node.this.key
    return "unnest" if isinstance(node, exp.Unnest) else ""


def _pivot_word(pivot: exp.Expr) -> str:
    return "UNPIVOT" if pivot.args.get("unpivot") else "PIVOT"


def _shared(left: list[InScope], right: list[InScope]) -> Iterator[str]:
    """The columns that a NATURAL join is known to show once; about the others nothing has to be known."""
    for one in right:
        for output in one.shape.outputs:
            names = (output.name,) if isinstance(output, OutputColumn) else output.columns or ()
            for name in names:
                if name is not None and any(other.shape.certainly_has(name) for other in left):
                    yield name
