"""The stability stage: which columns are never the same twice, by the models' SQL and, on request, by two builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import assert_never

from rocky_action.dag import walk
from rocky_action.domain.diff import Column, ModelDiff, NotCompared, Unstable
from rocky_action.domain.execution import BaselineKind, Execution, NotRun, Succeeded, said
from rocky_action.domain.options import Algorithm, PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.text import named
from rocky_action.errors import WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.sql.stability import UNNAMED, Doubts, Why
from rocky_action.sql.stability.models import Floating, ModelDoubts

_BETWEEN = "differs between two builds of base"
_MOST_REASONS = 2
_FLOATING = frozenset({"DOUBLE", "DOUBLE PRECISION", "FLOAT", "FLOAT4", "FLOAT64", "FLOAT8", "REAL"})
_Whys = dict[str | None, tuple[Why, ...]]
"""What is doubted, by folded column; None stands for the rows themselves."""


@dataclass(frozen=True)
class _Measured:
    """What two builds of base have shown: rows that differ by folded column, None standing for the rows themselves.

    Without a key only rows are known to differ; ``among`` are then the columns that they differ in alone, if that was
    found out.
    """

    differing: Mapping[str | None, int] = field(default_factory=dict)
    by_column: bool = True
    among: tuple[str, ...] = ()

    def rows_of(self, column: str | None) -> int | None:
        """How many rows differ in a column, None if that is not known."""
        return self.differing.get(column, 0 if self.by_column else None)


@dataclass(frozen=True)
class _NotMeasured:
    """``because`` completes the sentence "not measured because …"."""

    because: str


@dataclass(frozen=True)
class _Context:
    """What every model's look needs besides the model."""

    execution: Execution
    projects: Projects
    warehouse: WarehouseAdapter
    options: PreviewOptions


@dataclass(frozen=True)
class _Texts:
    """What is doubted by the text of a model, on head and on base."""

    head: Doubts
    base: Doubts


def mark_unstable(
    diffs: tuple[ModelDiff, ...],
    execution: Execution,
    *,
    plan: Plan,
    projects: Projects,
    warehouse: WarehouseAdapter,
    options: PreviewOptions,
) -> tuple[ModelDiff, ...]:
    """The diffs with what need not be the same marked: nothing is taken away from them."""
    context = _Context(execution, projects, warehouse, options)
    planned = {one.model: one for one in plan.prune_set}
    heads = {one.base_model: one.model for one in plan.prune_set if one.base_model is not None}
    of_head = ModelDoubts(projects.head, planned, floating=_floating(context, lambda name: _head(context, name)))
    of_base = ModelDoubts(
        projects.base, heads, floating=_floating(context, lambda name: _base(context, heads.get(name, name)))
    )
    texts: dict[str, _Texts] = {}
    for diff in diffs:  # one after the other: they share what they find
        base_model = planned[diff.model].base_model
        texts[diff.model] = _Texts(of_head.of(diff.model), Doubts() if base_model is None else of_base.of(base_model))
    found = {diff.model: diff for diff in diffs}

    def work(name: str) -> None:
        found[name] = _marked(context, planned[name], diff=found[name], texts=texts[name])

    walk(dict.fromkeys(found, ()), work, threads=min(options.run.threads, warehouse.concurrency))
    return tuple(found[diff.model] for diff in diffs)


def _marked(context: _Context, planned: PlannedModel, *, diff: ModelDiff, texts: _Texts) -> ModelDiff:
    asked = context.execution.again_runs is not None
    head, base = _spellings(context, planned.model) if asked or texts.head or texts.base else ((), ())
    doubts = _whys(texts.head, head), _whys(texts.base, base)
    measured = _measure(context, planned, diff=diff, doubted=tuple(name for name in doubts[1] if name is not None))
    notes: tuple[str, ...] = ()
    match measured:
        case _NotMeasured(because):
            notes = (f"whether two builds of base are the same was not measured because {because}",)
        case _Measured(differing):
            notes = () if differing else ("two builds of base are the same",)
        case None:
            pass
        case _:
            assert_never(measured)
    counts = measured if isinstance(measured, _Measured) else None
    names = {name.lower(): name for name in (*base, *head)}
    ignored = {name.lower() for name in diff.ignored_columns}
    unstable = tuple(
        replace(one, column=None if one.column is None else names.get(one.column, _shown(one.column)))
        for one in _unstable(*doubts, measured=counts)
        if one.column not in ignored
    )
    return replace(diff, unstable=unstable, notes=(*diff.notes, *notes))


def _unstable(head: _Whys, base: _Whys, *, measured: _Measured | None) -> Iterator[Unstable]:
    """The rows first, then columns in the order of the texts, then those that only two builds have shown."""
    doubted = dict.fromkeys((*head, *base))
    for column in doubted:
        why = _sentence(head[column]) if column in head else f"{_sentence(base[column])}, on base"
        # What only head computes so, two builds of base say nothing about.
        told = measured is not None and (column in base or column in measured.differing)
        yield Unstable(column, why, measured.rows_of(column) if measured and told else None)
    for column, rows in measured.differing.items() if measured else ():
        if measured and column not in doubted:
            alone = f", in nothing but {named(measured.among)}" if column is None and measured.among else ""
            yield Unstable(column, f"{_BETWEEN}{alone}", rows)


def _sentence(whys: tuple[Why, ...]) -> str:
    more = len(whys) - _MOST_REASONS
    text = "; ".join(str(why) for why in whys[:_MOST_REASONS])
    return f"{text}; and {more} more" if more > 0 else text


def _whys(doubts: Doubts, spelled: tuple[str, ...]) -> _Whys:
    """What is doubted by name in lower case; a column that only the warehouse names is found by its position."""
    found: _Whys = {None: doubts.rows} if doubts.rows else {}
    for name, whys in doubts.columns.items():
        at = name.removeprefix(UNNAMED)
        known = name.startswith(UNNAMED) and at.isdigit() and 0 < int(at) <= len(spelled)
        found[spelled[int(at) - 1].lower() if known else name] = whys
    return found


def _shown(name: str) -> str:
    """A column whose name nobody knows."""
    return f"column {name.removeprefix(UNNAMED)}".rstrip() if name.startswith(UNNAMED) else name


def _floating(context: _Context, relation_of: Callable[[str], Relation | None]) -> Floating:
    """By the types that the warehouse tells, asked once for each model."""

    @cache
    def columns(model: str) -> frozenset[str]:
        found = _columns(context, relation_of(model))
        return frozenset(column.name.lower() for column in found if column.type.upper() in _FLOATING)

    return lambda model, column: column in columns(model)


def _head(context: _Context, model: str) -> Relation | None:
    run = context.execution.head_run(model)
    return run.outcome.relation if run and isinstance(run.outcome, Succeeded) else None


def _base(context: _Context, model: str) -> Relation | None:
    side = context.execution.base_side(model)
    return side.relation if side else None


def _spellings(context: _Context, model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of head and of base as the warehouse spells them, none where it will not say."""
    head, base = _columns(context, _head(context, model)), _columns(context, _base(context, model))
    return tuple(column.name for column in head), tuple(column.name for column in base)


def _columns(context: _Context, relation: Relation | None) -> tuple[Column, ...]:
    if relation is None:
        return ()
    try:
        return context.warehouse.columns(relation) or ()
    except WarehouseError:
        return ()


def _measure(
    context: _Context, planned: PlannedModel, *, diff: ModelDiff, doubted: tuple[str, ...]
) -> _Measured | _NotMeasured | None:
    """What two builds of base show; None if nobody asked, or if base has no such model."""
    execution, side = context.execution, context.execution.base_side(planned.model)
    if execution.again_runs is None or side is None or planned.base_model is None:
        return None
    if side.kind is BaselineKind.EXISTING:
        return _NotMeasured(f"base was not rebuilt: {side.relation} exists, and is compared as it is")
    run = execution.again_run(planned.base_model)
    if side.relation is None or run is None:
        return _NotMeasured(side.note or "base was not built")
    if not isinstance(run.outcome, Succeeded):
        why = "was not made" if isinstance(run.outcome, NotRun) else "failed"
        return _NotMeasured(f"the second build {why}: {said(run.outcome)}")
    if because := context.options.restraint.halt("not_measured", planned.model):
        return _NotMeasured(because)
    return _differing(context, diff, builds=(side.relation, run.outcome.relation), doubted=doubted)


def _differing(
    context: _Context, diff: ModelDiff, *, builds: tuple[Relation, Relation], doubted: tuple[str, ...]
) -> _Measured | _NotMeasured:
    """Without a key, the columns that are doubted are left out once, to see whether it is them alone."""
    found = _compared(context, diff, builds=builds)
    if isinstance(found.coverage, NotCompared):
        return _NotMeasured(found.coverage.reason)
    differing: dict[str | None, int] = {one.name.lower(): one.rows_changed for one in found.rows.columns}
    other = max(found.rows.added or 0, found.rows.removed or 0)
    if not other:
        return _Measured(differing)
    differing[None] = other
    if found.key is not None:
        return _Measured(differing)
    rest = _compared(context, diff, builds=builds, ignoring=doubted) if doubted else found
    if isinstance(rest.coverage, NotCompared) or not rest.is_empty:
        return _Measured(differing, by_column=False)
    if len(doubted) == 1:
        return _Measured({doubted[0]: other})
    return _Measured(differing, by_column=False, among=doubted)


def _compared(
    context: _Context, diff: ModelDiff, *, builds: tuple[Relation, Relation], ignoring: tuple[str, ...] = ()
) -> ModelDiff:
    """Two builds of base, all rows, by the key that base and head are compared by."""
    options = context.options.diff
    own = options.for_model(diff.model, context.projects.head.models[diff.model].options)
    request = DiffRequest(
        model=diff.model,
        candidates=(KeyCandidate(diff.key.columns, diff.key.origin),) if diff.key is not None else (),
        options=replace(own, ignore_columns=(*own.ignore_columns, *ignoring)),
        algorithm=Algorithm.EXHAUSTIVE,
        sample_size=options.sample_size,
        max_samples=0,
    )
    return diff_relations(context.warehouse, request, base=builds[0], head=builds[1])
