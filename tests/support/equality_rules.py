"""Every rule by its name: what says in its docstring why two spellings are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rocky_action.sql.equality import clause_rules
from rocky_action.sql.equality.clauses import Reader
from rocky_action.sql.equality.rules import RULES, commuted_sums
from rocky_action.sql.equality.scopes import Scope, fold
from rocky_action.sql.equality.words import lexemes

_ON_NODES: tuple[Callable[..., Any], ...] = (
    *RULES,
    commuted_sums,
    clause_rules.without_as,
    clause_rules.trailing_comma,
    clause_rules.join_kind,
    clause_rules.using_as_condition,
    clause_rules.positional_groups,
    clause_rules.positional_order,
    clause_rules.unread_and_renamed_ctes,
)

CATALOGUE: Mapping[str, Callable[..., Any]] = {
    "layout": lexemes,
    "from_first": Reader.from_first,
    "identifier_case": fold,
    "table_aliases": Scope.column,
    **{rule.__name__: rule for rule in _ON_NODES},
}
"""Each has a file of this name in tests/equality, with pairs that are the same and pairs that only look so."""
