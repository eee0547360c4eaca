"""Planners that are wrong on purpose, each by one belief that somebody could hold; the oracle has to catch them all.

They prune by columns as a person in a hurry would write it: by the names that stand in a reader's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.lineage import ModelRead
from rocky_action.domain.plan import LeftModel, Plan
from rocky_action.domain.project import Model, Projects
from tests.support.random_projects.properties import Planned, Planner, SourceColumns, product

ALL = frozenset({"*"})


@dataclass(frozen=True)
class ByName:
    """A column pruner; every field is a trap that it minds, and False is the belief that it need not."""

    stars: bool = True
    new_columns: bool = True
    order: bool = True
    types: bool = True
    conditions: bool = True
    row_sets: bool = True
    spelling: bool = True

    def __call__(self, projects: Projects, columns: SourceColumns) -> Planned:
        """The product's plan, without the models that seem not to use what changed."""
        changes, plan = product(projects, columns)
        effects: dict[str, frozenset[str]] = {}
        for change in changes.changes:
            if change.affects_data and change.model in projects.head.models:
                effects[change.model] = self._effect(projects, change)
        for planned in plan.prune_set:
            if planned.model not in effects:
                effects[planned.model] = self._reached(projects, planned.model, effects=effects)
        return _without(plan, changes, models={name for name, effect in effects.items() if not effect})

    def _effect(self, projects: Projects, change: ModelChange) -> frozenset[str]:
        base, head = projects.base.models.get(change.model), projects.head.models[change.model]
        if change.kind is not ChangeKind.ROWS or base is None or base.sql == head.sql:
            return ALL
        one, two = _tree(base), _tree(head)
        if not isinstance(one, exp.Select) or not isinstance(two, exp.Select):
            return ALL
        if not self.spelling and sorted(one.sql().split()) == sorted(two.sql().split()):
            return frozenset()
        if self.row_sets and (one.args.get("distinct") or two.args.get("distinct")):
            return ALL
        before, after = _projections(one), _projections(two)
        if _rest(one) != _rest(two) or "*" in {*before, *after}:
            return ALL
        if not self.types:
            before, after = _untyped(before), _untyped(after)
        names = before.keys() | after.keys()
        if not self.new_columns:
            names &= before.keys()
        changed = frozenset(name for name in names if before.get(name) != after.get(name))
        common = [[name for name in side if name in before and name in after] for side in (before, after)]
        return ALL if self.order and common[0] != common[1] else changed

    def _reached(self, projects: Projects, name: str, *, effects: dict[str, frozenset[str]]) -> frozenset[str]:
        upstreams = [ref.model for ref in projects.head.reads[name] if isinstance(ref, ModelRead)]
        changed: frozenset[str] = frozenset().union(*(effects.get(one, frozenset()) for one in upstreams))
        tree = _tree(projects.head.models[name])
        if not changed or changed == ALL or "*" in changed or tree is None:
            return ALL if changed else frozenset()
        if self.stars and tree.find(exp.Star):
            return ALL
        inside = tree.expressions if not self.conditions and isinstance(tree, exp.Select) else [tree]
        used = {column.name.lower() for one in inside for column in one.find_all(exp.Column)}
        return ALL if used & changed else frozenset()


def _tree(model: Model) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(model.sql, read="duckdb")
    except ParseError:
        return None


def _projections(select: exp.Select) -> dict[str, str]:
    return {one.alias_or_name.lower() or "*": one.sql() for one in select.expressions}


def _untyped(projections: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, text in projections.items():
        tree = sqlglot.parse_one(text)
        inner = tree.this if isinstance(tree, exp.Alias) else tree
        found[name] = inner.this.sql() if isinstance(inner, exp.Cast) else inner.sql()
    return found


def _rest(select: exp.Select) -> str:
    bare = select.copy()
    bare.set("expressions", [])
    return bare.sql()


def _without(plan: Plan, changes: ChangeSet, *, models: Iterable[str]) -> Planned:
    left = set(models)
    prune = tuple(one for one in plan.prune_set if one.model not in left)
    gone = tuple(LeftModel(one.model, "") for one in plan.prune_set if one.model in left)
    return changes, replace(plan, prune_set=prune, skipped=(*plan.skipped, *gone))


def leaves_out_the_last(projects: Projects, columns: SourceColumns) -> Planned:
    """A model that reads what changed does not run."""
    changes, plan = product(projects, columns)
    return _without(plan, changes, models=[one.model for one in plan.prune_set[1:]][-1:])


def names_too_few_columns(projects: Projects, columns: SourceColumns) -> Planned:
    """Says of every model that only a column called ``id`` can differ."""
    changes, plan = product(projects, columns)
    return changes, replace(plan, prune_set=tuple(replace(one, changed_columns=("id",)) for one in plan.prune_set))


def takes_changes_for_cosmetic(projects: Projects, columns: SourceColumns) -> Planned:
    """Calls every edit cosmetic, and runs what it reaches all the same."""
    changes, plan = product(projects, columns)
    return ChangeSet(
        tuple(replace(one, kind=ChangeKind.COSMETIC) if one.kind is ChangeKind.ROWS else one for one in changes.changes)
    ), plan


def forgets_the_removed(projects: Projects, columns: SourceColumns) -> Planned:
    """Does not tell what head has no longer."""
    changes, plan = product(projects, columns)
    return changes, replace(plan, removed=())


UNSOUND: dict[str, Planner] = {
    "names are enough": ByName(),
    "a star reads nothing by name": ByName(stars=False),
    "nobody can read a column that was not there": ByName(new_columns=False),
    "the order of columns does not matter": ByName(order=False),
    "a cast is the same column": ByName(types=False),
    "only what is projected is used": ByName(conditions=False),
    "a column of a DISTINCT is a column": ByName(row_sets=False),
    "the same words are the same query": ByName(spelling=False),
    "one reader less": leaves_out_the_last,
    "too few columns": names_too_few_columns,
    "everything is cosmetic": takes_changes_for_cosmetic,
    "what is gone is forgotten": forgets_the_removed,
}
"""By the belief that is wrong."""
