"""What is known about each model of the prune set, gathered from all parts of the report and put in order of weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import assert_never

from rocky_action.domain.changes import ModelChange
from rocky_action.domain.cost import ModelCost
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SizeChange
from rocky_action.domain.execution import BaseSide, Failed, Inlined, NotRun, RunOutcome, Succeeded
from rocky_action.domain.plan import PlannedModel
from rocky_action.domain.report import Report


class State(IntEnum):
    """What a reader must think of a model first; the lowest weighs most."""

    EMPTIED = 0
    DOUBLED = 1
    HALVED = 2
    FAILED = 3
    NOT_RUN = 4
    NOT_COMPARED = 5
    CHANGED = 6
    SAMPLED = 7
    NEW = 8
    SAME = 9
    INLINED = 10


ALARMING = (State.EMPTIED, State.DOUBLED, State.HALVED)
"""States of which the number of rows alone tells, however much of them was looked at; they are the first line."""


@dataclass(frozen=True)
class ModelResult:
    """One model of the prune set with everything the report says about it."""

    planned: PlannedModel
    state: State
    change: ModelChange | None = None
    outcome: RunOutcome | None = None
    diff: ModelDiff | None = None
    cost: ModelCost | None = None
    base: BaseSide | None = None

    @property
    def model(self) -> str:
        """The model's name."""
        return self.planned.model

    @property
    def differs(self) -> bool:
        """True when a difference between base and head was found; a new model has no base to differ from."""
        if self.diff is None or self.diff.new or self.state in {State.FAILED, State.NOT_RUN}:
            return False
        rows = self.diff.rows
        found = rows.added or rows.removed or rows.changed or not self.diff.schema.is_empty
        return bool(found) or counts_differ(rows)

    @property
    def has_reservations(self) -> bool:
        """True when "equal" needs a footnote: columns, rows or ways of comparing that the notes speak of."""
        return self.diff is not None and bool(self.diff.notes or self.diff.ignored_columns)

    @property
    def weight(self) -> tuple[int, int]:
        """Sorts the models a reviewer must see first to the top: by state, then by the number of rows affected."""
        rows = self.diff.rows if self.diff else None
        affected = sum(number or 0 for number in (rows.added, rows.removed, rows.changed)) if rows else 0
        return self.state, -affected


def gather(report: Report) -> tuple[ModelResult, ...]:
    """A result for every model of the prune set, the weightiest first, ties in run order."""
    changes = {change.model: change for change in report.changes.changes}
    runs = {run.model: run.outcome for run in report.execution.head_runs}
    diffs = {diff.model: diff for diff in report.diffs}
    costs = {cost.model: cost for cost in report.cost.models}
    bases = {side.model: side for side in report.execution.base_sides}
    results = [
        ModelResult(
            planned=planned,
            state=state_of(runs.get(planned.model), diffs.get(planned.model)),
            change=changes.get(planned.model),
            outcome=runs.get(planned.model),
            diff=diffs.get(planned.model),
            cost=costs.get(planned.model),
            base=bases.get(planned.model),
        )
        for planned in report.plan.prune_set
    ]
    return tuple(sorted(results, key=lambda result: result.weight))


def state_of(outcome: RunOutcome | None, diff: ModelDiff | None) -> State:
    """The state of one model; what was not looked at is never called the same."""
    match outcome:
        case Failed():
            return State.FAILED
        case Inlined():
            return State.INLINED
        case NotRun() | None:
            return State.NOT_RUN
        case Succeeded():
            return State.NOT_COMPARED if diff is None else compared_state(diff)
        case _ as never:
            assert_never(never)


_OF_SIZE: Mapping[SizeChange, State] = MappingProxyType(
    {"emptied": State.EMPTIED, "halved": State.HALVED, "doubled": State.DOUBLED}
)


def compared_state(diff: ModelDiff) -> State:
    """The state of two tables that are there."""
    if diff.new:
        return State.NEW
    if size := diff.rows.size_change:
        return _OF_SIZE[size]
    match diff.coverage:
        case NotCompared():
            return State.NOT_COMPARED
        case Sampled():
            return State.SAMPLED if diff.is_empty else State.CHANGED
        case Exhaustive():
            return State.SAME if diff.is_empty else State.CHANGED
        case _ as never:
            assert_never(never)


def is_without_rows(diff: ModelDiff | None) -> bool:
    """True when neither side has a row, or none that was to be looked at: they are equal, and that shows nothing."""
    return diff is not None and diff.rows.rows_base == diff.rows.rows_head == 0


def counts_differ(rows: RowDiff) -> bool:
    """True when both sides were counted and have another number of rows."""
    return rows.rows_base is not None and rows.rows_head is not None and rows.rows_base != rows.rows_head


def in_state(results: Iterable[ModelResult], *states: State) -> tuple[ModelResult, ...]:
    """The results in any of these states, order kept."""
    return tuple(result for result in results if result.state in states)
