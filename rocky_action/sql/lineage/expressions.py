"""What an expression is made of: the names, queries and functions in it that lineage has to follow.

Every kind of node is looked at from an allow-list; one that nobody has thought about raises Unfollowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.domain.lineage import Use
from rocky_action.sql.lineage import functions

AN_EXPRESSION = "an expression"
A_WINDOW = "a window"

_LEAVES = (
    exp.BitString,
    exp.Boolean,
    exp.ByteString,
    exp.DataType,
    exp.HexString,
    exp.JSONPath,
    exp.Literal,
    exp.Null,
    exp.RawString,
    exp.Var,
)
_PLAIN = (
    exp.Alias,
    exp.AtTimeZone,
    exp.Between,
    exp.Binary,
    exp.Bracket,
    exp.Comprehension,
    exp.Distinct,
    exp.Filter,
    exp.FromTimeZone,
    exp.Func,
    exp.HavingMax,
    exp.IgnoreNulls,
    exp.In,
    exp.Interval,
    exp.IntervalSpan,
    exp.JSONKeyValue,
    exp.Kwarg,
    exp.Lambda,
    exp.Limit,
    exp.Order,
    exp.Ordered,
    exp.Paren,
    exp.PropertyEQ,
    exp.RespectNulls,
    exp.Slice,
    exp.SubqueryPredicate,
    exp.Tuple,
    exp.Unary,
    exp.Where,
    exp.WindowSpec,
    exp.WithinGroup,
)
"""Nodes that compute something of their children and of nothing else."""
_GROUPING = (exp.Cube, exp.Group, exp.GroupingSets, exp.Rollup)
_SILENT = (
    exp.Alias,
    exp.Distinct,
    exp.Filter,
    exp.IgnoreNulls,
    exp.Lambda,
    exp.Order,
    exp.Ordered,
    exp.Paren,
    exp.RespectNulls,
    exp.Where,
    exp.WithinGroup,
)
"""Nodes that are no use of their own that a reader would want to hear of."""
_FIELDS = (exp.Kwarg, exp.PropertyEQ)
_NAMES = (exp.Column, exp.Identifier)
_RANK = {use: rank for rank, use in enumerate(Use)}


class Unfollowed(Exception):  # noqa: N818  it is an answer, not an error
    """Lineage cannot be told; the message says because of what."""


@dataclass(frozen=True)
class Name:
    """A name, its parts folded to lower case. ``bound`` if it can also be the parameter of a lambda around it."""

    parts: tuple[str, ...]
    bound: bool = False


@dataclass(frozen=True)
class Whole:
    """Every column of a relation, as in ``COUNT(orders.*)``; of all relations if it has no name."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Nested:
    """A query inside the expression."""

    query: exp.Query


@dataclass(frozen=True)
class Unknown:
    """A function that could look at anything in sight and return anything."""

    name: str


@dataclass(frozen=True)
class Found:
    """One thing that an expression is computed from, and what it is used in."""

    what: Name | Whole | Nested | Unknown
    use: Use
    where: str


@dataclass(frozen=True)
class Setting:
    """What an expression stands in: the dialect, and the windows that are defined beside it."""

    dialect: str
    windows: Sequence[exp.Expr] = ()


@dataclass(frozen=True)
class _Step:
    """A node that is still to be looked at, and what it was found in."""

    node: exp.Expr
    use: Use
    where: str
    bound: bool = False

    def found(self, what: Name | Whole | Nested | Unknown, *, where: str = "") -> Found:
        """What the node is, in its use."""
        return Found(what, self.use, self.where or where)

    def into(self, child: exp.Expr, key: str) -> _Step:
        """The step to a child."""
        use, where = self._within_window(key) if isinstance(self.node, exp.Window) else self._within(key)
        return _Step(child, use, where, self.bound or isinstance(self.node, (exp.Lambda, exp.Comprehension)))

    def _within(self, key: str) -> tuple[Use, str]:
        """The outermost function that has a name is what a reader should hear of."""
        node, vague = self.node, self.where in ("", AN_EXPRESSION)
        while isinstance(node, (exp.Filter, exp.WithinGroup)) and key == "expression":
            node = node.this  # FILTER and WITHIN GROUP belong to the aggregate in front of them
        if isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc)):
            raised = stronger(self.use, Use.AGGREGATE)
            return raised, _called(node) if raised is not self.use or vague else self.where
        if isinstance(node, _SILENT):
            return self.use, self.where
        has_name = isinstance(node, exp.Func) and not isinstance(node, exp.Binary)
        where = _called(node) if has_name and vague else self.where or AN_EXPRESSION
        return stronger(self.use, Use.EXPRESSION), where

    def _within_window(self, key: str) -> tuple[Use, str]:
        return stronger(self.use, Use.WINDOW), self.where or ("" if key == "this" else A_WINDOW)


def found_in(root: exp.Expr, setting: Setting, *, use: Use = Use.DIRECT, where: str = "") -> Iterator[Found]:
    """Everything that an expression is computed from; without recursion, because expressions can be very deep."""
    steps = [_Step(root, use, where)]
    named_windows = False
    while steps:
        step = steps.pop()
        node = step.node
        if isinstance(node, _LEAVES):
            continue
        if isinstance(node, exp.Query):
            yield Found(Nested(node), stronger(step.use, Use.EXPRESSION), step.where or "a subquery")
            continue
        if isinstance(node, _NAMES):
            yield step.found(_named(node, bound=step.bound))
            continue
        if isinstance(node, exp.Columns):
            yield step.found(Whole(()), where=AN_EXPRESSION)
            continue
        if isinstance(node, exp.Star):
            if type(node.parent) is not exp.Count or any(node.args.values()):
                yield step.found(Whole(()), where=AN_EXPRESSION)
            continue
        if functions.is_unknown(node, setting.dialect) or functions.is_method(node):
            yield step.found(Unknown(_called(node)))
        elif not isinstance(node, (*_PLAIN, *_GROUPING, exp.Window)):
            raise Unfollowed(node.key.upper())
        if isinstance(node, exp.Window) and not named_windows and node.args.get("alias"):
            named_windows = True
            for window in setting.windows:
                steps.extend(_children(_Step(window, step.use, step.where, step.bound)))
        steps.extend(_children(step))


def is_star(projection: exp.Expr) -> bool:
    """True for ``*`` and ``orders.*`` as a whole projection."""
    return isinstance(projection, exp.Star) or (
        isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star)
    )


def spreads(root: exp.Expr) -> bool:
    """True for a projection that stands for columns nobody can tell, such as ``COLUMNS('a.*')``."""
    steps = [root]
    while steps:
        node = steps.pop()
        if isinstance(node, exp.Columns):
            return True
        if isinstance(node, exp.Star) and not isinstance(node.parent, (exp.Count, exp.Column)):
            return True
        if not isinstance(node, exp.Query):
            steps.extend(node.iter_expressions())
    return False


def folded(identifier: exp.Expr) -> str:
    """A name in lower case.

    Two names that a warehouse keeps apart by case become one here, which only ever adds reads: the safe side.
    """
    return identifier.name.lower()


def parts_of(column: exp.Expr) -> tuple[str, ...]:
    """The dotted parts of a column, outermost first."""
    if isinstance(column, exp.Column):
        return tuple(folded(part) for part in column.parts)
    return (folded(column),)


def _named(node: exp.Expr, *, bound: bool) -> Name | Whole:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return Whole(parts_of(node)[:-1])
    return Name(parts_of(node), bound)


def _children(step: _Step) -> Iterator[_Step]:
    """The children of a node that are worth a look."""
    for key, value in step.node.args.items():
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expr) and not _only_a_name(step.node, key):
                yield step.into(child, key)


def _only_a_name(node: exp.Expr, key: str) -> bool:
    """Names that are given, not read: of a field, an alias, a window."""
    match node:
        case exp.Window():
            return key == "alias" or (key == "this" and isinstance(node.this, exp.Identifier))
        case exp.Dot():
            return key == "expression" and isinstance(node.expression, exp.Identifier)
        case exp.Alias():
            return key == "alias"
        case _:
            return key == "this" and isinstance(node, _FIELDS)


def stronger(use: Use, other: Use) -> Use:
    """The one of two uses that says more."""
    return max(use, other, key=_RANK.__getitem__)


def _called(node: exp.Expr) -> str:
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        return node.name.upper()
    if isinstance(node, exp.GroupConcat):
        return "STRING_AGG"
    return node.sql_name() if isinstance(node, exp.Func) else AN_EXPRESSION
