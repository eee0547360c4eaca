"""When two queries mean the same: the rules that make an edit cosmetic.

Each rule keeps meaning for every input, in SQL's three-valued logic. What no rule covers is a change; guessing is not
allowed here, because a model wrongly taken for unchanged is not built and nobody sees what happens to its data.

A query is read a second time here, by a grammar that accepts only what groups in one way for everybody, and that keeps
every word of it: the parser used elsewhere takes some things for the same that a warehouse does not. What this grammar
does not accept is compared word by word and tree by tree instead, and so is every query of another dialect than
DuckDB's: there an edit of anything but layout, parentheses and AS is an edit of all rows.
"""

from __future__ import annotations

from rocky_action.domain.project import Model
from rocky_action.errors import SqlError
from rocky_action.sql.equality.strict import same_text_and_tree
from rocky_action.sql.equality.view import CanonicalQuery, CanonicalSelect, canonical_of, changed_outputs, whole_of
from rocky_action.sql.parse import Query, parse_model, rocky_agrees

__all__ = [
    "CanonicalQuery",
    "CanonicalSelect",
    "canonical_of",
    "changed_outputs",
    "same_meaning",
    "same_query",
]


def same_meaning(base: Model, head: Model, *, dialect: str) -> bool:
    """True if it is certain that both queries return the same; False if not, or if it cannot be told."""
    if (base.sql, base.language) == (head.sql, head.language):
        return True
    if base.problem is not None or head.problem is not None:
        return False
    try:
        same = same_query(parse_model(base, dialect), parse_model(head, dialect))
        return same and rocky_agrees(base, head, dialect=dialect)
    except (SqlError, RecursionError):
        return False


def same_query(base: Query, head: Query) -> bool:
    """True if it is certain that both queries return the same: column names, types, and rows."""
    if base.dialect != head.dialect:
        return False
    one, other = whole_of(base), whole_of(head)
    if one is not None or other is not None:
        return one == other
    try:
        return same_text_and_tree(base, head)
    except RecursionError:
        return False  # too deep to compare, hence not known to be the same
