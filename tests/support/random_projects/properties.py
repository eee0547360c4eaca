"""What must hold for a case, whatever the product's planner is like inside: its word against DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Projects
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.random_projects.cases import Case
from tests.support.random_projects.oracle import Broken, Built, Database, Outcome, differing, same

SourceColumns = Mapping[str, tuple[str, ...]]
"""The columns of each source by schema.table, for a planner that looks them up."""
Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True)
class Executed:
    """A case and the truth about it: both sides as the product loads them, and built from scratch without it."""

    case: Case
    projects: Projects
    base: Outcomes
    head: Outcomes
    columns: SourceColumns

    @property
    def differs(self) -> frozenset[str]:
        """The models of both sides whose outcome is not the same."""
        return differing(self.base, self.head)


Planned = tuple[ChangeSet, Plan]
Planner = Callable[[Projects, SourceColumns], Planned]


def product(projects: Projects, columns: SourceColumns) -> Planned:
    """The product's own planner. The only place that has to follow its signature."""
    changes = detect_changes(projects, ())
    return changes, make_plan(projects, changes, copy=CopyMode.NEEDED)


@dataclass(frozen=True)
class Violation:
    """A promise that was broken for one model."""

    promise: str
    model: str
    detail: str


def execute(case: Case, database: Database) -> Executed:
    """Both sides from scratch."""
    projects = case.projects()

    def build_base() -> tuple[SourceColumns, Outcomes]:
        database.begin(case.sources)
        columns = {table: tuple(one.name for one in found) for table, found in database.source_columns().items()}
        return columns, database.run(projects.base)

    columns, base = database.once(("base", (case.sources, case.base)), build_base)
    database.begin(case.sources)
    head = database.run(projects.head)
    return Executed(case, projects, base, head, columns)


def violations(executed: Executed, planned: Planned, *, database: Database) -> tuple[Violation, ...]:
    """Every promise that a planner broke for a case."""
    rules = (_wrong_sets, _missed, _undeclared_columns)
    found = [violation for rule in rules for violation in rule(executed, planned)]
    return (*found, *_wrong_kinds(executed, planned[0], database=database))


def in_vain(executed: Executed, planned: Planned) -> frozenset[str]:
    """The models that run and come out the same: what a tighter planner could perhaps have left out."""
    built = {name for name, outcome in executed.base.items() if isinstance(outcome, Built)} & executed.head.keys()
    return frozenset(planned[1].prune_names) & built - executed.differs


def _wrong_sets(executed: Executed, planned: Planned) -> Iterator[Violation]:
    changes, plan = planned
    base, head = executed.projects.base.models, executed.projects.head.models
    sets = [*plan.prune_names, *plan.copy_names, *(left.model for left in plan.skipped)]
    if sorted(sets) != sorted(head):
        yield Violation("the sets are disjoint and exactly head's models", "", f"{sorted(sets)} and {sorted(head)}")
    gone = base.keys() - head.keys() - {change.renamed_from for change in changes.changes}
    if {left.model for left in plan.removed} != gone:
        yield Violation("removed is what base has and head has not", "", f"{plan.removed} and {sorted(gone)}")


def _missed(executed: Executed, planned: Planned) -> Iterator[Violation]:
    prune = set(planned[1].prune_names)
    for name, head in executed.head.items():
        base = executed.base.get(name)
        if name in prune or (base is not None and same(base, head)):
            continue
        if any(_excused(name, side, prune=prune) for side in (executed.base, executed.head)):
            continue
        yield Violation("what differs runs", name, "it is new" if base is None else _against(base, head))


def _excused(model: str, outcomes: Outcomes, *, prune: set[str]) -> bool:
    """Not run for the failure of a model further up, which the reader is told about as that one runs."""
    outcome = outcomes.get(model)
    because = outcome.because if isinstance(outcome, Broken) else frozenset()
    return any(name in prune or _excused(name, outcomes, prune=prune) for name in because)


def _undeclared_columns(executed: Executed, planned: Planned) -> Iterator[Violation]:
    """Where only some columns are said to change, the others are the same: names, order, types and rows."""
    changes, plan = planned
    named = {one.model: one.changed_columns for one in plan.prune_set}
    for one in plan.prune_set:
        base = executed.base.get(one.base_model or one.model)
        if one.changed_columns and base is not None:
            yield from _others(one.model, (base, executed.head[one.model]), columns=one.changed_columns)
    for change in changes.changes:
        if named.get(change.model) and not set(change.columns) <= set(named[change.model]):
            yield Violation("the plan names the columns of the change", change.model, f"{change.columns}")


def _others(model: str, sides: tuple[Outcome, Outcome], *, columns: tuple[str, ...]) -> Iterator[Violation]:
    """A name that is taken already stands for its numbered spelling too: the second column called id becomes id_1."""
    base, head = sides
    folded = frozenset(column.lower() for column in columns)
    built = [side for side in sides if isinstance(side, Built)]
    folded |= {name for side in built for name, _ in side.columns if re.sub(r"(_\d+)+$", "", name.lower()) in folded}
    if isinstance(base, Built) and isinstance(head, Built) and base.without(folded) != head.without(folded):
        detail = f"only {sorted(folded)} should differ; {_against(base, head)}"
        yield Violation("a column that is not named does not change", model, detail)


def _wrong_kinds(executed: Executed, changes: ChangeSet, *, database: Database) -> Iterator[Violation]:
    """Each change said to be cosmetic, or of some columns, made alone."""
    for change in changes.changes:
        if change.kind not in (ChangeKind.COSMETIC, ChangeKind.COLUMNS):
            continue
        head = executed.head if len(changes.changes) == 1 else _alone(executed, change, database=database)
        before, after = executed.base[change.model], head[change.model]
        if change.kind is ChangeKind.COLUMNS:
            yield from _others(change.model, (before, after), columns=change.columns)
        for name in differing(executed.base, head) if change.kind is ChangeKind.COSMETIC else ():
            yield Violation("a cosmetic edit changes nothing", name, _against(executed.base[name], head[name]))


def _alone(executed: Executed, change: ModelChange, *, database: Database) -> Outcomes:
    database.begin(executed.case.sources)
    return database.run(executed.case.with_only(change.model).projects().head)


def _against(base: Outcome, head: Outcome) -> str:
    return f"base {described(base)}; head {described(head)}"


def described(outcome: Outcome) -> str:
    """An outcome in a line."""
    if isinstance(outcome, Broken):
        reason = f"because of {sorted(outcome.because)}" if outcome.because else outcome.message.split("\n")[0]
        return f"fails: {reason}"
    rows = sorted(", ".join(row) for row in outcome.rows)
    return f"{list(outcome.columns)} with {len(rows)} rows {rows[:6]}"
