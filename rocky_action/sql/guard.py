"""What a model may be: one query that writes nothing.

Everything this program runs for a model is a statement of its own around such a query, so a pull request cannot bring
a statement of its own into the warehouse.
"""

from __future__ import annotations

from sqlglot import exp

_WRITES = (
    exp.Alter,
    exp.Attach,
    exp.Command,
    exp.Commit,
    exp.Copy,
    exp.Create,
    exp.Delete,
    exp.Detach,
    exp.Drop,
    exp.Insert,
    exp.Into,
    exp.Kill,
    exp.Merge,
    exp.Pragma,
    exp.Rollback,
    exp.Set,
    exp.Transaction,
    exp.TruncateTable,
    exp.Update,
    exp.Use,
)
_HIDDEN_SQL = frozenset({"query", "query_table"})
"""DuckDB's table functions that run SQL given as a string."""


def not_a_query(tree: exp.Expr) -> str | None:
    """What is wrong with a tree that should be a single reading query, None if it is one."""
    if isinstance(tree, exp.Block):
        return "a model is one query, and this is several statements"
    if not isinstance(tree, exp.Query):
        return f"a model is one query, and this is {_called(tree)}"
    writer = tree.find(*_WRITES)
    return f"a model only reads, and this contains {_called(writer)}" if writer is not None else None


def hides_sql(tree: exp.Expr) -> str | None:
    """The name of a function that runs SQL nobody can see before it runs, None if there is none."""
    for function in tree.find_all(exp.Anonymous):
        if str(function.this).lower() in _HIDDEN_SQL:
            return str(function.this).lower()
    return None


def _called(node: exp.Expr) -> str:
    name = str(node.this).split()[0] if isinstance(node, exp.Command) else node.key
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name.upper()}"
