"""Which columns identify a row, where a query stands: from declared keys, GROUP BY, DISTINCT and joins by key.

Only what can be shown counts: a key that is not found costs a doubt too many, never one too few. Declared keys are
believed, as a comparison of rows believes them until the data says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from rocky_action.sql.lineage import functions

Key = frozenset[str]
"""Names in lower case: of columns, behind their relation's name (``orders.id``) where a FROM clause is looked at."""
Declared = Callable[[exp.Table], tuple[Key, ...]]
"""The keys that a table is declared to have."""

_KEPT_SIDE = ("SEMI", "ANTI")


@dataclass(frozen=True)
class Uniqueness:
    """What is known about the rows of one statement's queries."""

    dialect: str
    declared: Declared
    ctes: Mapping[str, exp.Expr]
    _known: dict[int, tuple[Key, ...]] = field(default_factory=dict)

    @staticmethod
    def of(tree: exp.Expr, dialect: str, *, declared: Declared) -> Uniqueness:
        """For every query in a tree. A name that two CTEs have, or that a recursive one has, says nothing."""
        found: dict[str, exp.Expr] = {}
        for clause in tree.find_all(exp.With):
            for cte in clause.expressions:
                name = cte.alias.lower()
                plain = name not in found and not clause.recursive and not cte.args["alias"].args.get("columns")
                found[name] = cte.this if plain else exp.Null()
        return Uniqueness(dialect, declared, found)

    def identifies(self, select: exp.Select, by: Iterable[exp.Expr]) -> bool:
        """Whether no two rows of a SELECT, after its GROUP BY, have the same in all of these expressions."""
        keys = self._groups(select)
        return _covered(self._rows(select) if keys is None else keys, [written(select, one) for one in by])

    def identifies_source(self, select: exp.Select, by: Iterable[exp.Expr]) -> bool:
        """Whether no two rows of what a SELECT reads have the same in all of these expressions."""
        return _covered(self._rows(select), [written(select, one) for one in by])

    def decides(self, select: exp.Select, by: Iterable[exp.Expr], *, value: exp.Expr) -> bool:
        """Whether all rows of what a SELECT reads with the same in ``by`` have the same value, too.

        That is so for an attribute of what is grouped by: ``any_value(c.name)`` with GROUP BY ``c.id``, the key of c.
        """
        told = [written(select, one) for one in by]
        if written(select, value) in told or self.identifies_source(select, by):
            return True
        columns = list(value.find_all(exp.Column))
        owners = {column.table.lower() for column in columns}
        relations = {_name(item): item for item in _items(select)}
        if value.find(exp.Query) or len(owners) != 1 or not owners <= relations.keys():
            return False
        (owner,) = owners
        return _covered(_prefixed(owner, self._relation(relations[owner])), told)

    def matches_one(self, join: exp.Join) -> bool:
        """Whether no two rows of what is joined have the same in all the columns that it is joined by."""
        name, on = _name(join.this), join.args.get("on")
        named = on.find_all(exp.Column) if on is not None else ()
        own = {column.name.lower() for column in named if column.table.lower() in ("", name)}
        own |= {using.name.lower() for using in join.args.get("using") or ()}
        return any(key <= own for key in self._relation(join.this))

    def _relation(self, item: exp.Expr) -> tuple[Key, ...]:
        """The keys of one item of a FROM clause, by the names of its columns."""
        if any(item.args.get(key) for key in ("pivots", "joins", "laterals")):
            return ()
        alias = item.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.args.get("columns"):
            return ()
        if isinstance(item, exp.Subquery):
            return self._query(item.this)
        if not isinstance(item, exp.Table) or not isinstance(item.this, exp.Identifier):
            return ()
        if not item.db and item.name.lower() in self.ctes:
            return self._query(self.ctes[item.name.lower()])
        return tuple(frozenset(name.lower() for name in key) for key in self.declared(item))

    def _query(self, query: exp.Expr) -> tuple[Key, ...]:
        """The keys of a query's result, by the names of its columns."""
        if not isinstance(query, exp.Select):
            return self._query(query.this) if isinstance(query, exp.Subquery) and not query.args.get("alias") else ()
        if id(query) not in self._known:
            self._known[id(query)] = ()  # while it is being worked out
            self._known[id(query)] = tuple(self._results(query))
        return self._known[id(query)]

    def _results(self, select: exp.Select) -> Iterator[Key]:
        if any(functions.makes_rows(projection, self.dialect) for projection in select.expressions):
            return
        named = {written(select, one.unalias()): one.alias_or_name.lower() for one in select.expressions}
        groups = self._groups(select)
        inside = (*(self._rows(select) if groups is None else groups), *_picked(select))
        for key in inside:
            names = [named.get(part) or _through_star(select, part) for part in key]
            if all(names):
                yield frozenset(name for name in names if name)
        for one in select.expressions:
            if _numbers_rows(inner := one.unalias()):
                by = [written(select, one) for one in inner.args.get("partition_by") or ()]
                parts = [named.get(part) or _through_star(select, part) for part in by]
                if all(parts):
                    yield frozenset((*(name for name in parts if name), one.alias_or_name.lower()))
        if _is_distinct(select) and all(name and name != "*" for name in named.values()):
            yield frozenset(named.values())

    def _groups(self, select: exp.Select) -> tuple[Key, ...] | None:
        """The key that GROUP BY makes, None where nothing is grouped."""
        group = select.args.get("group")
        if group is None:
            return (frozenset(),) if _is_one_row(select) else None
        if any(value for key, value in group.args.items() if key != "expressions"):
            return ()
        return (frozenset(written(select, ordered_by(select, key)) for key in group.expressions),)

    def _rows(self, select: exp.Select) -> tuple[Key, ...]:
        """The keys of what a SELECT reads, before anything is grouped."""
        first = select.args.get("from_")
        if first is None:
            return (frozenset(),)
        if select.args.get("laterals"):
            return ()
        joins = select.args.get("joins") or ()
        if joins and not all(map(_name, _items(select))):
            return ()
        keys = _prefixed(_name(first.this), self._relation(first.this))
        for join in joins:
            keys = self._joined(keys, join)
        fixed = frozenset(_fixed(select))
        return tuple(key - fixed for key in keys)

    def _joined(self, keys: tuple[Key, ...], join: exp.Join) -> tuple[Key, ...]:
        method, side, kind = (str(join.args.get(key) or "").upper() for key in ("method", "side", "kind"))
        if kind in _KEPT_SIDE or method == "ASOF":  # at most one match for each row
            return keys if side in ("", "LEFT") else ()
        if method not in ("", "HASH", "LOOP", "MERGE") or side not in ("", "LEFT"):
            return ()
        name = _name(join.this)
        right = _prefixed(name, self._relation(join.this))
        equal = _equated(join, name)
        kept = list(keys) if any(key <= equal.keys() for key in right) else []
        if not side and any(key <= {*equal.values()} for key in keys):
            kept += [frozenset(equal.get(part, part) for part in key) for key in right] + list(right)
        return tuple(kept) or tuple(one | another for one in keys for another in right)


def written(select: exp.Select, node: exp.Expr) -> str:
    """What is the same for two expressions that are surely the same there; a column is behind its relation's name."""
    node = node.this if isinstance(node, exp.Paren) else node
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return repr(node).lower()
    items = list(_items(select))
    table = node.table.lower() or (_name(items[0]) if len(items) == 1 else "")
    return f"{table}.{node.name.lower()}"


def ordered_by(select: exp.Select, key: exp.Expr) -> exp.Expr:
    """What a key of ORDER BY or GROUP BY stands for: a position and an alias are a projection."""
    if isinstance(key, exp.Literal) and not key.is_string and key.name.isdigit():
        before = select.expressions[: int(key.name)]
        starred = any(one.is_star for one in before)
        return before[-1].unalias() if len(before) == int(key.name) and before and not starred else key
    if isinstance(key, exp.Column) and not key.table:
        for one in select.expressions:
            if isinstance(one, exp.Alias) and one.alias.lower() == key.name.lower():
                return one.unalias()
    return key


def _covered(keys: Iterable[Key], told: Iterable[str]) -> bool:
    """A column without its relation's name is that of the only relation that has it, or the query fails."""
    known = frozenset(told)
    return any(all(part in known or f".{part.partition('.')[2]}" in known for part in key) for key in keys)


def _items(select: exp.Select) -> Iterator[exp.Expr]:
    first = select.args.get("from_")
    if first is not None:
        yield first.this
    for join in select.args.get("joins") or ():
        yield join.this


def _name(item: exp.Expr) -> str:
    return item.alias_or_name.lower()


def _prefixed(name: str, keys: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(frozenset(f"{name}.{column}" for column in key) for key in keys)


def _equated(join: exp.Join, name: str) -> dict[str, str]:
    """The columns of the joined relation that equal one before it, and which one that is."""
    equal = {f"{name}.{using.name.lower()}": f".{using.name.lower()}" for using in join.args.get("using") or ()}
    for part in _conjuncts(join.args.get("on")):
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if len(sides) != 2 or not all(isinstance(side, exp.Column) and side.table for side in sides):
            continue
        for left, right in (sides, sides[::-1]):
            if right.table.lower() == name != left.table.lower():
                equal[f"{name}.{right.name.lower()}"] = f"{left.table.lower()}.{left.name.lower()}"
    return equal


def _fixed(select: exp.Select) -> Iterator[str]:
    """The columns that a filter holds to one value, as in ``WHERE rn = 1``."""
    where = select.args.get("where")
    for part in _conjuncts(where.this if where is not None else None):
        if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Literal):
            yield written(select, part.this)


def _conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from condition.flatten()
    elif condition is not None:
        yield condition


def _numbers_rows(node: exp.Expr) -> bool:
    return isinstance(node, exp.Window) and isinstance(node.this, exp.RowNumber) and not node.args.get("alias")


def _is_distinct(select: exp.Select) -> bool:
    distinct = select.args.get("distinct")
    return isinstance(distinct, exp.Distinct) and distinct.args.get("on") is None


def _is_one_row(select: exp.Select) -> bool:
    """Whether everything is put together to one row."""
    return any(_aggregates(one) for one in select.expressions)


def _aggregates(projection: exp.Expr) -> bool:
    steps = [projection]
    while steps:
        node = steps.pop()
        if isinstance(node, (exp.Window, exp.Query)):
            continue
        if functions.is_aggregate(node):
            return True
        steps.extend(node.iter_expressions())
    return False


def _picked(select: exp.Select) -> Iterator[Key]:
    """DISTINCT ON and QUALIFY row_number() = 1 leave one row of each group."""
    distinct = select.args.get("distinct")
    on = distinct.args.get("on") if isinstance(distinct, exp.Distinct) else None
    if on is not None:
        keys = on.expressions if isinstance(on, exp.Tuple) else [on]
        yield frozenset(written(select, ordered_by(select, key)) for key in keys)
    qualify = select.args.get("qualify")
    for part in _conjuncts(qualify.this if qualify is not None else None):
        if isinstance(part, exp.EQ) and part.expression == exp.Literal.number(1) and _numbers_rows(part.this):
            yield frozenset(written(select, one) for one in part.this.args.get("partition_by") or ())


def _through_star(select: exp.Select, part: str) -> str | None:
    """The name under which a star hands on a column of what is read."""
    owner, dot, column = part.partition(".")
    for one in select.expressions:
        star = one.this if isinstance(one, exp.Column) else one
        if not isinstance(star, exp.Star) or any(star.args.values()) or not dot:
            continue
        if isinstance(one, exp.Star) or one.table.lower() == owner:
            return column
    return None
