"""The self-test carried out: differences planted in a copy of some rows of one compared table, and looked for.

The copy and what is planted in it are tables in the preview schema, which are dropped again. They are compared by the
same code and with the same options as the table itself, except that no example is read: no value leaves the warehouse.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from rocky_action.domain.diff import Column, Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import Execution, Succeeded
from rocky_action.domain.masking import masks_of
from rocky_action.domain.options import Allowance, ModelOptions, PreviewOptions
from rocky_action.domain.project import Projects, Relation, View
from rocky_action.domain.self_test import SelfTest, SelfTestFailed, SelfTestNotDone, SelfTestPassed
from rocky_action.errors import StatementTimeoutError, UnsteadyError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rowdiff.common_types import TEXT, is_number, precision, scale
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.rowdiff.sides import numbers
from rocky_action.rowdiff.spoken import Spoken, spoken
from rocky_action.sql import planting
from rocky_action.sql.planting import Bed, Family, Field, Plant, Planted
from rocky_action.stages.diff import request_for

_LEAST_SECONDS = 1.0
_SHARE = 0.02
"""What it may take: the longer of a second and this share of the run so far."""
_MOST_ROWS = 2_000
_GOOD_ROWS = 16
"""Rows that are copied at most, and rows that there is room in for every planted difference."""
_WHOLE = 1_000_000
"""Rows of the largest table that is copied from where a LIMIT does not keep the warehouse from reading all of it."""
_READS_ALL = frozenset({"bigquery"})
_ASKED = 3
"""Tables whose columns are looked at before none is found good enough."""
_MOMENTS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"})
_ORIGIN = "the key of the comparison"
_FAMILIES: tuple[Family, ...] = ("number", "text", "moment", "truth")


@dataclass(frozen=True)
class _Choice:
    """A compared table with rows to copy, how copies of it are compared, and where they are."""

    diff: ModelDiff
    relation: Relation
    request: DiffRequest
    bed: Bed

    @property
    def key(self) -> tuple[str, ...]:
        return self.diff.key.columns if self.diff.key else ()

    @property
    def copies(self) -> tuple[Relation, Relation]:
        """The tables that stand for base and head."""
        name = self.bed.relation.name
        return replace(self.bed.relation, name=f"{name}_base"), replace(self.bed.relation, name=f"{name}_head")

    @property
    def stands(self) -> bool:
        """True where rows were compared by key where they stand, which a repeated row would rule out."""
        return self.diff.key is not None and self.diff.proof.way == "positions"


class _Clock:
    """How many seconds are left. ``started`` is when the whole run began, by ``time.monotonic``."""

    def __init__(self, started: float) -> None:
        now = time.monotonic()
        self.allowed = max(_LEAST_SECONDS, _SHARE * (now - started))
        self._end = now + self.allowed

    def left(self) -> float:
        """Raises StatementTimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise StatementTimeoutError("the time for the self-test is over", advice="")
        return left


@dataclass(frozen=True)
class _Ground:
    """What a self-test works with."""

    projects: Projects
    warehouse: WarehouseAdapter
    options: PreviewOptions
    masks: Mapping[str, str]
    clock: _Clock


def self_test(
    diffs: Sequence[ModelDiff],
    execution: Execution,
    *,
    projects: Projects,
    warehouse: WarehouseAdapter,
    options: PreviewOptions,
    started: float,
) -> SelfTest:
    """Whether this run's diff finds what is planted; ``started`` is when the run began, by ``time.monotonic``."""
    if because := options.restraint.spare():
        return SelfTestNotDone(because)
    clock = _Clock(started)
    ground = _Ground(projects, warehouse, options, masks_of(projects, options.diff), clock)
    try:
        choice = _choice(diffs, execution, ground=ground)
        return choice if isinstance(choice, SelfTestNotDone) else _carried_out(choice, ground)
    except StatementTimeoutError:
        return SelfTestNotDone(f"it would have taken more than {clock.allowed:.3g} s")
    except WarehouseError as err:
        return SelfTestNotDone(f"the warehouse refused: {err.told(hides_values=True).strip().splitlines()[0]}")


def _carried_out(choice: _Choice, ground: _Ground) -> SelfTest:
    """Plants, compares and drops; ``choice.bed`` and two tables beside it are all that is written."""
    bed, warehouse = choice.bed, ground.warehouse
    try:
        prepare = planting.prepare(bed, choice.relation, key=choice.key, most=_MOST_ROWS)
        warehouse.execute([prepare], timeout=ground.clock.left())
        rows = numbers(warehouse.query(planting.count(bed), timeout=ground.clock.left())[0])[0]
        plants = _plants(choice, rows)
        if not plants:
            return SelfTestNotDone(f"`{choice.diff.model}` has too few rows for it")
        singly = tuple(plant for plant in plants if plant.kind != "repeated")
        if choice.stands and singly != plants:
            found = _round(choice, ground, plants=singly, rows=rows)
            if not isinstance(found, SelfTestPassed):
                return found
        return _round(choice, ground, plants=plants, rows=rows)
    finally:
        with suppress(WarehouseError):  # what is left goes with the preview schema, which is leased
            warehouse.execute(planting.drop([bed.relation, *choice.copies], bed.dialect))


def _round(choice: _Choice, ground: _Ground, *, plants: Sequence[Plant], rows: int) -> SelfTest:
    """The two copies, and what the diff says of them; ``rows`` were there to plant in."""
    bed, (base, head) = choice.bed, choice.copies
    copies = [planting.base_copy(bed, base, plants=plants), planting.head_copy(bed, head, plants=plants)]
    ground.warehouse.execute(copies, timeout=ground.clock.left())
    request = replace(choice.request, timeout=ground.clock.left())
    diff = diff_relations(ground.warehouse, request, base=base, head=head)
    return _judged(choice, plants, diff=diff, rows=rows)


def _choice(diffs: Sequence[ModelDiff], execution: Execution, *, ground: _Ground) -> _Choice | SelfTestNotDone:
    """The smallest compared table with enough rows; a view is none, as reading it may take anything."""
    compared = [diff for diff in diffs if not (diff.new or isinstance(diff.coverage, NotCompared))]
    if not compared:
        return SelfTestNotDone("no table was compared")
    models = ground.projects.head.models
    tables = [diff for diff in compared if not isinstance(models[diff.model].strategy, View)]
    if not tables:
        return SelfTestNotDone("only views were compared")
    within = [diff for diff in tables if ground.warehouse.dialect not in _READS_ALL or _rows(diff) <= _WHOLE]
    if not within:
        return SelfTestNotDone(f"no table that was compared is known to have at most {_WHOLE:,} rows")
    for diff in sorted(within, key=_preference)[:_ASKED]:
        run = execution.head_run(diff.model)
        if run is not None and isinstance(run.outcome, Succeeded):
            choice = _prepared(diff, run.outcome.relation, ground=ground)
            if choice is not None:
                return choice
    return SelfTestNotDone("no table that was compared has rows and columns in which differences can be planted")


def _rows(diff: ModelDiff) -> float:
    """How many rows head's table has; infinitely many where nobody has counted them."""
    if isinstance(diff.coverage, Sampled):
        return diff.coverage.rows_total
    return math.inf if diff.rows.rows_head is None else diff.rows.rows_head


def _preference(diff: ModelDiff) -> tuple[bool, bool, float]:
    """Compared in full before sampled, room for everything before too little, small before large."""
    rows = _rows(diff)
    few = rows < _GOOD_ROWS
    return not isinstance(diff.coverage, Exhaustive), few, -rows if few else rows


def _prepared(diff: ModelDiff, relation: Relation, *, ground: _Ground) -> _Choice | None:
    """What to copy and how to compare it; None where nothing can be planted without a doubt."""
    model = ground.projects.head.models[diff.model]
    request = request_for(model, ground.options, masks=ground.masks)
    key = {name.lower() for name in diff.key.columns} if diff.key else set()
    if key & _loose(request.options):
        return None  # keys that differ may count as the same one
    fields = _fields(ground.warehouse, relation, names=key | {name.lower() for name in diff.compared_columns})
    marked = None if key else next((field for field in fields if field.family not in (None, "truth")), None)
    if not fields or not (key or marked):
        return None
    taken = {one.target.name.lower() for one in ground.projects.head.models.values()}
    name = "rocky_self_test"
    while any(own.startswith(name) for own in taken):
        name += "_"
    request = replace(
        request,
        candidates=(KeyCandidate(diff.key.columns, _ORIGIN),) if diff.key else (),
        options=replace(request.options, key=request.options.key if key else (), where=None),
        sample_size=max(request.sample_size, 2 * _MOST_ROWS),
        max_samples=0,
        allowance=Allowance(),
        few_rows=request.few_rows if _rows(diff) <= request.few_rows else 0,
    )
    return _Choice(diff, relation, request, Bed(replace(relation, name=name), fields, ground.warehouse.dialect, marked))


def _loose(options: ModelOptions) -> set[str]:
    """Columns whose values may be equal without being the same text, in lower case."""
    lists = (options.ignore_case, options.ignore_trailing_blanks, options.json_columns)
    return {name.lower() for names in lists for name in names}


def _fields(warehouse: WarehouseAdapter, relation: Relation, *, names: set[str]) -> tuple[Field, ...]:
    columns = [column for column in warehouse.columns(relation) or () if column.name.lower() in names]
    told = spoken(warehouse)
    common = told.in_common_types(columns) if isinstance(told, Spoken) else columns
    return tuple(Field(column, _family(one)) for column, one in zip(columns, common, strict=True))


def _family(column: Column) -> Family | None:
    """What can be planted in a column, by its type in the words of comparisons."""
    if column.type == TEXT:
        return "text"
    if column.type in _MOMENTS:
        return "moment"
    if column.type == "BOOLEAN":
        return "truth"
    places = scale(column.type)
    has_room = places is None or precision(column.type) > places
    return "number" if is_number(column.type) and has_room else None


def _plants(choice: _Choice, rows: int) -> tuple[Plant, ...]:
    """A row lost, one more, one twice, and values of each family; in the order of importance where rows are few."""
    wanted: list[tuple[Planted, Field | None]] = []
    tolerant = {name.lower() for name, _ in choice.request.options.tolerances} if choice.key else set()
    key = {name.lower() for name in choice.key}
    marked = choice.bed.marked
    free = [field for field in choice.bed.fields if field.family and field.column.name.lower() not in key]
    nullable = [field for field in free if field != marked]
    exact = [field for field in nullable if field.column.name.lower() not in tolerant]
    by_family = {family: next((field for field in exact if field.family == family), None) for family in _FAMILIES}
    values = [field for field in by_family.values() if field] or ([marked] if marked else [])
    wanted += [("value", field) for field in values[:2]]
    wanted += [("to_null", field) for field in nullable[:1]] + [("from_null", field) for field in nullable[-1:]]
    wanted += [("repeated", None), *(("value", field) for field in values[2:])]
    inner = rows - 2
    if inner < 1:
        return ()
    wanted = wanted[:inner]
    step = inner / len(wanted)
    inside = (Plant(kind, 2 + int(at * step), field) for at, (kind, field) in enumerate(wanted))
    return (Plant("removed", 1), Plant("added", rows), *inside)


def _judged(choice: _Choice, plants: Sequence[Plant], *, diff: ModelDiff, rows: int) -> SelfTest:
    """The diff of the copies against what was planted in them."""
    model, planted = choice.diff.model, len(plants)
    if isinstance(diff.coverage, NotCompared):
        unsteady = UnsteadyError().message
        if unsteady in diff.coverage.reason:  # nobody else writes to the copies
            return SelfTestFailed(model, planted, (f"it says of two tables that stay the same: {unsteady}",))
        return SelfTestNotDone(diff.coverage.reason)
    wrong = tuple(_wrong(choice, plants, diff=diff, rows=rows))
    return SelfTestFailed(model, planted, wrong) if wrong else SelfTestPassed(model, planted)


def _wrong(choice: _Choice, plants: Sequence[Plant], *, diff: ModelDiff, rows: int) -> Iterator[str]:
    """What was not found, or found without being there, in words. Without a key a changed row is one lost, one more."""
    repeated, changed = (sum(plant.kind in kinds for plant in plants) for kinds in (("repeated",), _VALUES))
    found, lost = diff.rows, 0 if choice.key else changed
    if not choice.key:
        paired = found.changed or 0
        found = replace(found, added=(found.added or 0) + paired, removed=(found.removed or 0) + paired, changed=0)
    expected = {
        "rows in base": (rows - 1, found.rows_base),
        "rows in head": (rows - 1 + repeated, found.rows_head),
        "added rows": (1 + repeated + lost, found.added),
        "removed rows": (1 + lost, found.removed),
        "changed rows": (changed - lost, found.changed),
    }
    if choice.key:
        by_column = {change.name: change.rows_changed for change in found.columns}
        for field in choice.bed.fields:
            name = field.column.name
            own = sum(plant.field == field for plant in plants)
            expected[f"changed values in `{name}`"] = (own, by_column.pop(name, 0))
        expected |= {f"changed values in `{name}`": (0, number) for name, number in by_column.items()}
    for what, (there, seen) in expected.items():
        if there != seen:
            verb = "is" if there == 1 else "are"
            yield f"{what}: {there:,} {verb} there, {'none' if seen is None else f'{seen:,}'} found"


_VALUES = ("value", "to_null", "from_null")
