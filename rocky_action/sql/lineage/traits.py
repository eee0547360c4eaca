"""What kinds of things an expression or a query does, for whoever judges an edit of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from rocky_action.sql.lineage import functions
from rocky_action.sql.parse import Query

_PLAIN_TABLE_FUNCTIONS = (exp.GenerateSeries, exp.Unnest)
_INSIDE_WINDOW = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)


@dataclass(frozen=True)
class Traits:
    """What an expression contains, queries inside of it included."""

    aggregate: bool = False
    window: bool = False
    set_returning: bool = False
    subquery: bool = False
    unknown_function: bool = False
    volatile: bool = False


def projection_traits(projection: exp.Expr, dialect: str) -> Traits:
    """What a projection contains.

    ``aggregate`` and ``set_returning`` are about the projection's own query: they change how many rows it has. A
    function over a window is no aggregate.
    """
    own = list(_own(projection))
    windowed = {id(_function_of(node)) for node in own if isinstance(node, exp.Window)}
    everything = list(projection.walk())
    return Traits(
        aggregate=any(functions.is_aggregate(node) and id(node) not in windowed for node in own),
        window=any(isinstance(node, exp.Window) for node in own),
        set_returning=any(functions.returns_rows(node, dialect) for node in own),
        subquery=any(isinstance(node, exp.Query) for node in everything),
        unknown_function=any(_does_anything(node, dialect) for node in everything),
        volatile=any(functions.is_volatile(node) for node in everything),
    )


def is_volatile(query: Query) -> bool:
    """True if the same query over the same data may give another result the next time."""
    return any(functions.is_volatile(node) for node in query.tree.walk())


def opaque_reasons(query: Query) -> tuple[str, ...]:
    """Why an edit of this query cannot be judged by its columns; empty if it can."""
    return tuple(dict.fromkeys(_reasons(query)))


def _reasons(query: Query) -> Iterator[str]:
    for node in query.tree.walk():
        called = functions.spelled(node)
        if functions.is_volatile(node):
            yield f"{called} may answer differently each time"
        elif isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
            if not isinstance(node.this, _PLAIN_TABLE_FUNCTIONS):
                yield f"{functions.spelled(node.this)} is a table function"
        elif _does_anything(node, query.dialect) and not isinstance(node.parent, exp.Table):
            yield f"{called} is not known"


def _own(projection: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of an expression without those of queries inside of it."""
    steps = [projection]
    while steps:
        node = steps.pop()
        yield node
        if not isinstance(node, exp.Query):
            steps.extend(node.iter_expressions())


def _function_of(window: exp.Window) -> exp.Expr:
    node: exp.Expr = window.this
    while isinstance(node, _INSIDE_WINDOW):
        node = node.this
    return node


def _does_anything(node: exp.Expr, dialect: str) -> bool:
    return functions.is_unknown(node, dialect) or functions.is_method(node)
