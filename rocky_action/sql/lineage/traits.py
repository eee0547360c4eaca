"""What a query does besides computing columns from columns, for whoever judges an edit of it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from rocky_action.sql.lineage import functions
from rocky_action.sql.parse import Query

_PLAIN_TABLE_FUNCTIONS = (exp.GenerateSeries, exp.Unnest)


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


def _does_anything(node: exp.Expr, dialect: str) -> bool:
    return functions.is_unknown(node, dialect) or functions.is_method(node)
