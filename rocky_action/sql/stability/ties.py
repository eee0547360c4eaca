"""Orders that may tie: where several rows are equal in what they are ordered by, any of them may come first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.text import named
from rocky_action.sql.lineage.functions import is_aggregate
from rocky_action.sql.stability.hazards import Doubt, Rule, Setting, Why, called, called_so, shown
from rocky_action.sql.stability.unique import ordered_by

_IN_FRONT = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_COLLECTS = (
    exp.ArrayAgg,
    exp.ArrayConcatAgg,
    exp.GroupConcat,
    exp.JSONArrayAgg,
    exp.JSONBObjectAgg,
    exp.JSONObjectAgg,
    exp.ObjectAgg,
)
_COLLECTS_NAMES = frozenset({"json_group_array", "json_group_object", "variant_group_array", "variant_group_object"})
_TAKES_ONE = (exp.AnyValue, exp.First, exp.Last)
_TAKES_ONE_NAMES = frozenset({"arbitrary"})
_EXTREMES = (exp.ArgMax, exp.ArgMin)
_EXTREMES_NAMES = frozenset({"arg_max_null", "arg_max_nulls_last", "arg_min_null", "arg_min_nulls_last"})
_IN_ORDER = (exp.ArraySort, exp.ArraySize, exp.ArrayContains, exp.Length)
_IN_ORDER_NAMES = frozenset(
    {"array_reverse_sort", "array_sort", "cardinality", "list_contains", "list_reverse_sort", "list_sort"}
)
_BY_PLACE = (exp.Lag, exp.Lead, exp.Ntile, exp.RowNumber)
_BY_PLACE_ONE = (exp.AnyValue, exp.First, exp.FirstValue, exp.Last, exp.LastValue, exp.NthValue)


def collected(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``list``, ``string_agg`` and the like keep the order in which values arrive, unless they have an ORDER BY.

    Verified for all of them. Fine are an order that contains the value itself, since equal values can change places
    unseen, or a key; and a list that is sorted afterwards or only counted.
    """
    if not (isinstance(node, _COLLECTS) or called_so(node, _COLLECTS_NAMES)) or _in_window(node):
        return None
    outer = _whole(node).parent
    if isinstance(outer, _IN_ORDER) or (isinstance(outer, exp.Expr) and called_so(outer, _IN_ORDER_NAMES)):
        return None
    order = _own_order(node)
    if _settled(node, order, setting=setting, values=_values(node)):
        return None
    if not order:
        return Doubt.may(f"{called(node, setting)} takes values in any order")
    return Doubt.may(f"{called(node, setting)} takes values that are equal in {_by(order, setting)} in any order")


def one_of_many(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``any_value``, ``first`` and ``last`` take whichever of a group's values comes: verified.

    Fine is a value that the whole group shares, as far as declared keys tell.
    """
    if not (isinstance(node, _TAKES_ONE) or called_so(node, _TAKES_ONE_NAMES)) or _in_window(node):
        return None
    order = _own_order(node)
    if _settled(node, order, setting=setting, values=_values(node)):
        return None
    if order:
        return Doubt.may(f"{called(node, setting)} takes any of the values that are equal in {_by(order, setting)}")
    return Doubt.may(f"{called(node, setting)} takes any of a group's values")


def extremes(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``arg_max(value, key)`` takes the value of any row with the largest key: verified for ties."""
    if not (isinstance(node, _EXTREMES) or called_so(node, _EXTREMES_NAMES)) or _in_window(node):
        return None
    arguments = list(node.iter_expressions())
    if len(arguments) < 2 or _settled(node, arguments[1:2], setting=setting, values=arguments[:1]):
        return None
    return Doubt.may(f"{called(node, setting)} takes any of the rows with the same {_by(arguments[1:2], setting)}")


def most_frequent(node: exp.Expr, setting: Setting) -> Doubt | None:
    """``mode`` takes any of the values that are equally frequent: verified."""
    if not isinstance(node, exp.Mode):
        return None
    return Doubt.may(f"{called(node, setting)} takes any of the values that are most frequent")


def windows(node: exp.Expr, setting: Setting) -> Doubt | None:
    """Window functions that look at places: rows that are equal in PARTITION BY and ORDER BY can change theirs.

    ``rank`` and the like give such rows the same, and so do sums with the usual frame; one with ROWS does not.
    """
    select = node.find_ancestor(exp.Select) if isinstance(node, exp.Window) else None
    if not isinstance(select, exp.Select) or isinstance(node.this, exp.Identifier):
        return None
    function = _function_of(node)
    over = _Over.of(node, select)
    if not _looks_at_places(function, over):
        return None
    by, order = [*over.partition, *over.order], list(over.order)
    if setting.uniqueness.identifies(select, by):
        return None
    takes_a_value = isinstance(function, (*_BY_PLACE_ONE, *_COLLECTS)) and not over.has_edges
    if takes_a_value and all(one in by for one in _values(function)):
        return None
    if not order:
        return Doubt.may(f"{called(function, setting)} has no ORDER BY to go by")
    return Doubt.may(f"{called(function, setting)} takes rows that are equal in {_by(order, setting)} in any order")


VALUES: tuple[Rule, ...] = (collected, one_of_many, extremes, most_frequent, windows)
"""The rules about what rows around a value it depends on."""


def limits(node: exp.Expr, setting: Setting) -> Doubt | None:
    """LIMIT and OFFSET without an order, or with one that may tie at the edge, take any of several rows.

    Fine is an order by a key or by every column of the result, and EXISTS, which does not care which row there is.
    """
    if not isinstance(node, exp.Query) or not (node.args.get("limit") or node.args.get("offset")):
        return None
    limit = node.args.get("limit")
    count = (limit.args.get("expression") or limit.args.get("count")) if limit is not None else None
    ties = limit is not None and (limit.args.get("limit_options") or exp.LimitOptions()).args.get("with_ties")
    if isinstance(node.parent, exp.Exists) or (isinstance(count, exp.Literal) and count.name == "0"):
        return None
    keys = _ordered(node.args.get("order"))
    if not keys:
        one_row = isinstance(node, exp.Select) and setting.uniqueness.identifies(node, ())
        return None if one_row else _rows("LIMIT without ORDER BY takes any rows")
    if ties or _is_all(keys[0]):
        return None
    select = _first(node)
    by = [ordered_by(select, key) for key in keys] if select is not None else []
    if select is not None and _names_every_column(select, by):
        return None
    if isinstance(node, exp.Select) and setting.uniqueness.identifies(node, by):
        return None
    return _rows(f"LIMIT takes any of the rows that are equal in {_by(keys, setting)}")


def firsts(node: exp.Expr, setting: Setting) -> Doubt | None:
    """DISTINCT ON takes the first row of each group: any of them without an order, or with one that may tie."""
    distinct = node.args.get("distinct") if isinstance(node, exp.Select) else None
    on = distinct.args.get("on") if isinstance(distinct, exp.Distinct) else None
    if on is None or not isinstance(node, exp.Select):
        return None
    keys = on.expressions if isinstance(on, exp.Tuple) else [on]
    order = _ordered(node.args.get("order"))
    by = [ordered_by(node, key) for key in (*keys, *order)]
    if setting.uniqueness.identifies(node, by) or _names_every_column(node, by) or (order and _is_all(order[0])):
        return None
    if not order:
        return _rows("DISTINCT ON without ORDER BY takes any row of a group")
    return _rows(f"DISTINCT ON takes any of the rows that are equal in {_by(order, setting)}")


def samples(node: exp.Expr, _: Setting) -> Doubt | None:
    """TABLESAMPLE draws other rows each time; with a seed it may draw the same, if rows come in the same order."""
    if not isinstance(node, exp.TableSample):
        return None
    if node.args.get("seed") is not None:
        return _rows("TABLESAMPLE has a seed, but rows can come in another order")
    why = Why(True, "TABLESAMPLE draws other rows")
    return Doubt(why, why)


def positions(node: exp.Expr, _: Setting) -> Doubt | None:
    """POSITIONAL JOIN puts rows together by where they happen to stand."""
    found = isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "POSITIONAL"
    return _rows("POSITIONAL JOIN pairs rows by where they stand") if found else None


def nearest(node: exp.Expr, setting: Setting) -> Doubt | None:
    """ASOF JOIN takes the nearest row, and any of those that are equally near: verified.

    Fine is a relation with a key among the columns that it is joined by.
    """
    if not isinstance(node, exp.Join) or str(node.args.get("method") or "").upper() != "ASOF":
        return None
    if setting.uniqueness.matches_one(node):
        return None
    return _rows(f"ASOF JOIN takes any of the rows of {named([node.this.alias_or_name])} that are equally near")


ROWS: tuple[Rule, ...] = (limits, firsts, samples, positions, nearest)
"""The rules about which rows a query takes."""


def _rows(because: str) -> Doubt:
    return Doubt(Why(False, because), Why(False, because))


def _looks_at_places(function: exp.Expr, over: _Over) -> bool:
    if isinstance(function, (*_BY_PLACE, *_BY_PLACE_ONE, *_COLLECTS)):
        return True
    return is_aggregate(function) and over.has_edges


def _settled(node: exp.Expr, order: list[exp.Expr], *, setting: Setting, values: list[exp.Expr]) -> bool:
    """Whether rows of one group that are equal in an order are equal in the values, too."""
    select = node.find_ancestor(exp.Select)
    if not isinstance(select, exp.Select) or not values:
        return False
    if all(value in order for value in values):
        return True
    group = select.args.get("group")
    keys = [ordered_by(select, key) for key in group.expressions] if group is not None else []
    return all(setting.uniqueness.decides(select, [*keys, *order], value=value) for value in values)


def _values(node: exp.Expr) -> list[exp.Expr]:
    """What a function takes of each row; literals such as a separator are the same for all."""
    found: list[exp.Expr] = []
    for child in node.iter_expressions():
        inner = child.this if isinstance(child, exp.Order) else child
        inner = inner.this if isinstance(inner, exp.HavingMax) else inner
        found += inner.expressions if isinstance(inner, exp.Distinct) else [inner]
    return [one for one in found if not isinstance(one, (exp.Literal, exp.Boolean))]


def _own_order(node: exp.Expr) -> list[exp.Expr]:
    """What an aggregate is ordered by, in its parentheses or in WITHIN GROUP."""
    inside = [key for child in node.iter_expressions() for key in _ordered(child)]
    whole = node
    while isinstance(whole.parent, _IN_FRONT):
        whole = whole.parent
        if isinstance(whole, exp.WithinGroup):
            inside += _ordered(whole.expression)
    return inside


def _ordered(order: object) -> list[exp.Expr]:
    """The keys of an ORDER BY, without their directions."""
    keys = order.expressions if isinstance(order, exp.Order) else ()
    return [key.this if isinstance(key, exp.Ordered) else key for key in keys]


def _by(order: list[exp.Expr], setting: Setting) -> str:
    return shown(order, setting)


def _whole(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, _IN_FRONT) and node.parent.this is node:
        node = node.parent
    return node


def _in_window(node: exp.Expr) -> bool:
    whole = _whole(node)
    return isinstance(whole.parent, exp.Window) and whole.parent.this is whole


def _function_of(window: exp.Expr) -> exp.Expr:
    node: exp.Expr = window.this
    while isinstance(node, _IN_FRONT):
        node = node.this
    return node


@dataclass(frozen=True)
class _Over:
    """What stands in the parentheses of OVER, completed by the window of the WINDOW clause that it names."""

    partition: tuple[exp.Expr, ...]
    order: tuple[exp.Expr, ...]
    spec: exp.Expr | None

    @staticmethod
    def of(window: exp.Expr, select: exp.Select) -> _Over:
        """The definition of a window where it is used."""
        args = window.args
        own = _Over(tuple(args.get("partition_by") or ()), tuple(_ordered(args.get("order"))), args.get("spec"))
        alias = args.get("alias")
        for one in select.args.get("windows") or ():
            if alias is not None and one is not window and one.this.name.lower() == alias.name.lower():
                base = _Over.of(one, select)
                return _Over(own.partition or base.partition, own.order or base.order, own.spec or base.spec)
        return own

    @property
    def has_edges(self) -> bool:
        """Whether the frame begins or ends at a certain row."""
        if self.spec is None or str(self.spec.args.get("kind") or "").upper() != "ROWS":
            return False
        return {str(self.spec.args.get(edge) or "").upper() for edge in ("start", "end")} != {"UNBOUNDED"}


def _first(query: exp.Expr) -> exp.Select | None:
    """The SELECT whose columns a query's ORDER BY names."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    return query if isinstance(query, exp.Select) else None


def _names_every_column(select: exp.Select, by: list[exp.Expr]) -> bool:
    """Whether rows that are equal in all of these are the same rows for everybody."""
    return all(not one.is_star and one.unalias() in by for one in select.expressions)


def _is_all(key: exp.Expr) -> bool:
    return isinstance(key, exp.Star) or (isinstance(key, (exp.Column, exp.Var)) and key.name.upper() == "ALL")


def unnecessary_orders(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Queries whose ORDER BY decides nothing about which rows they have."""
    for query in tree.find_all(exp.Query):
        distinct = query.args.get("distinct")
        picks = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
        if query.args.get("order") and not (picks or query.args.get("limit") or query.args.get("offset")):
            yield query
