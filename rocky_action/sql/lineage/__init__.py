"""Column-level lineage: what every output column of a query is computed from, and what decides its rows.

Sound before tight: whatever could make a difference is a read. What is not understood reads every column there is.
"""

from __future__ import annotations

from sqlglot import exp

from rocky_action.domain.lineage import ColumnRead, Lineage, OutputColumn, Use
from rocky_action.sql.lineage.expressions import Unfollowed
from rocky_action.sql.lineage.propagation import Propagated, propagate
from rocky_action.sql.lineage.queries import follow
from rocky_action.sql.lineage.reading import Place, Surroundings
from rocky_action.sql.lineage.traits import opaque_reasons
from rocky_action.sql.parse import Query

__all__ = [
    "Propagated",
    "Surroundings",
    "lineage_of",
    "opaque_reasons",
    "output_names",
    "propagate",
    "tree_lineage",
]


def lineage_of(query: Query, surroundings: Surroundings) -> Lineage:
    """The lineage of a query; every column of everything it mentions where that cannot be told."""
    return tree_lineage(query.tree, query.dialect, surroundings=surroundings)


def tree_lineage(tree: exp.Expr, dialect: str, *, surroundings: Surroundings) -> Lineage:
    """The same for a tree that need not be that of a text."""
    try:
        return follow(tree, Place(dialect, surroundings, follow))
    except Unfollowed as reason:
        return _every_column(tree, surroundings, because=str(reason))
    except RecursionError:
        return _every_column(tree, surroundings, because="a query nested too deeply")


def output_names(lineage: Lineage) -> tuple[str, ...] | None:
    """The names of a query's columns in order, None if they cannot be told or are not distinct."""
    names: list[str | None] = []
    for output in lineage.outputs if lineage.outputs is not None else (None,):
        if isinstance(output, OutputColumn):
            names.append(output.name)
        elif output is None or output.columns is None:
            return None
        else:
            names.extend(output.columns)
    known = tuple(name for name in names if name is not None)
    return known if len(set(known)) == len(names) else None


def _every_column(tree: exp.Expr, surroundings: Surroundings, *, because: str) -> Lineage:
    """CTE names count as tables here: that can only add to what is read."""
    tables = (table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier))
    relations = tuple(dict.fromkeys(surroundings.resolve(table) for table in tables))
    return Lineage(None, tuple(ColumnRead(one, None, Use.CONDITION, because) for one in relations), (), relations)
