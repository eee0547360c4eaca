"""The ledger: each model on both sides, totals, and whether the preview was worth it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.cost import (
    NOTHING,
    Cadence,
    CapReport,
    CostDelta,
    CostSource,
    Fate,
    Figures,
    Ledger,
    ModelCost,
    RecordedIn,
    Spent,
    Work,
)
from rocky_action.domain.execution import Cloned, Execution, Inlined, ModelRun, Succeeded
from rocky_action.domain.limits import Gate, GateBreach, Undecided
from rocky_action.domain.plan import Plan
from rocky_action.domain.prices import Tariff
from rocky_action.domain.project import Ephemeral, Project, Projects
from rocky_action.domain.usage import Usage
from rocky_action.stages.cost.bands import band_usd
from rocky_action.stages.cost.gates import judge
from rocky_action.stages.cost.limits import budget_breaches, lifted
from rocky_action.stages.cost.sums import known_sum

History = Mapping[str, Sequence[Figures]]
"""What is known of base's models from elsewhere: recorded runs, newest first, or an estimate."""


@dataclass(frozen=True)
class Terms:
    """By what the ledger reckons: what a unit costs, how often production runs, which gates there are, the cap."""

    tariff: Tariff | None = None
    cadence: Cadence | None = None
    gates: tuple[Gate, ...] = ()
    cap: CapReport | None = None


def price(
    plan: Plan,
    execution: Execution,
    *,
    projects: Projects,
    history: History,
    terms: Terms,
    spent: Mapping[Work, Usage | None],
) -> CostDelta:
    """The cost delta of a preview. ``spent`` is what each part of it took, None for one that nobody measured."""
    priced = {name: tuple(_priced(one, terms.tariff) for one in runs) for name, runs in history.items()}
    costs = (
        *_prune_costs(plan, execution, history=priced, tariff=terms.tariff),
        *_removed_costs(plan, projects.base, history=priced),
        *_copy_costs(execution, history=priced, tariff=terms.tariff),
    )
    totals = replace(
        totals_of(costs),
        recorded=_recorded(costs),
        preview_duration_ms=execution.duration_ms,
        tariff=terms.tariff,
        cadence=terms.cadence,
        ledger=_ledger(costs, projects.head, history=priced, spent=spent, tariff=terms.tariff),
        cap=terms.cap,
    )
    return _held(totals, plan, projects=projects, gates=terms.gates)


def _held(totals: CostDelta, plan: Plan, *, projects: Projects, gates: Sequence[Gate]) -> CostDelta:
    """The totals with what became of budgets and gates."""
    former = {one.model: one.base_model for one in plan.prune_set if one.base_model is not None}
    breaches = budget_breaches(totals.models, projects, former=former)
    judged = tuple(judge(totals.models, gates, cadence=totals.cadence))
    return replace(
        totals,
        breaches=tuple(breaches),
        lifted=tuple(lifted(totals.models, projects, former=former, breaches=breaches)),
        gates=tuple(one for one in judged if isinstance(one, GateBreach)),
        undecided=tuple(one for one in judged if isinstance(one, Undecided)),
    )


def totals_of(costs: tuple[ModelCost, ...]) -> CostDelta:
    """Sums of what is known, and which models they leave out."""
    counted = [cost for cost in costs if not cost.left_alone]
    return CostDelta(
        models=costs,
        base_usd=known_sum(cost.base.usd for cost in counted if cost.base),
        head_usd=known_sum(cost.head.usd for cost in counted if cost.head),
        delta_usd=known_sum(cost.delta_usd for cost in counted),
        matched_base_usd=known_sum(cost.base.usd for cost in counted if cost.base and cost.delta_usd is not None),
        savings_usd=known_sum(cost.base.usd for cost in costs if cost.left_alone and cost.base),
        head_bytes_scanned=known_sum(cost.head.bytes_scanned for cost in counted if cost.head),
        head_duration_ms=known_sum(cost.head.duration_ms for cost in counted if cost.head),
        unknown=tuple(cost.model for cost in counted if cost.delta_usd is None),
    )


def _prune_costs(plan: Plan, execution: Execution, *, history: History, tariff: Tariff | None) -> Iterable[ModelCost]:
    for planned in plan.prune_set:
        run = execution.head_run(planned.model)
        if run is not None and isinstance(run.outcome, Inlined):
            continue  # its work is part of its readers' runs
        head = _measured(run, tariff)
        if planned.base_model is None:
            yield ModelCost(planned.model, NOTHING, head, Fate.NEW)
            continue
        known = history.get(planned.base_model, ())
        base = _measured(execution.base_run(planned.base_model), tariff) or next(iter(known), None)
        yield ModelCost(planned.model, base, head, band_usd=band_usd(known))


def _removed_costs(plan: Plan, base: Project, *, history: History) -> Iterable[ModelCost]:
    for left in plan.removed:
        if not isinstance(base.models[left.model].strategy, Ephemeral):
            yield ModelCost(left.model, next(iter(history.get(left.model, ())), None), NOTHING, Fate.REMOVED)


def _copy_costs(execution: Execution, *, history: History, tariff: Tariff | None) -> Iterable[ModelCost]:
    for clone in execution.clones:
        if isinstance(clone, Cloned):
            known = next(iter(history.get(clone.model, ())), None)
            base = _measured(execution.base_run(clone.model), tariff) or known
            yield ModelCost(clone.model, base, None, Fate.COPIED)


def _measured(run: ModelRun | None, tariff: Tariff | None) -> Figures | None:
    if run is None or not isinstance(run.outcome, Succeeded):
        return None
    return _of_usage(run.outcome.usage, tariff)


def _of_usage(usage: Usage, tariff: Tariff | None) -> Figures:
    measured = Figures(
        usage.duration_ms,
        usage.bytes_scanned,
        source=CostSource.MEASURED,
        bytes_billed=usage.bytes_billed,
        slot_ms=usage.slot_ms,
    )
    return _priced(measured, tariff)


def _priced(figures: Figures, tariff: Tariff | None) -> Figures:
    return replace(figures, usd=None if tariff is None else tariff.price(figures.usage))


def _recorded(costs: Iterable[ModelCost]) -> tuple[RecordedIn, ...]:
    found = {cost.base.recorded for cost in costs if cost.base and cost.base.recorded}
    return tuple(sorted(found, key=lambda run: (run.finished_at, run.run_id), reverse=True))


def _ledger(
    costs: Sequence[ModelCost],
    head: Project,
    *,
    history: History,
    spent: Mapping[Work, Usage | None],
    tariff: Tariff | None,
) -> Ledger:
    ran = {cost.model: cost.head for cost in costs if cost.fate in (Fate.RUN, Fate.NEW)}
    copied = {cost.model: cost.base for cost in costs if cost.left_alone}
    each: list[float | None] = []
    for name, model in head.models.items():
        if isinstance(model.strategy, Ephemeral):
            continue
        left = copied.get(name) or next(iter(history.get(name, ())), None)
        figures = ran.get(name, left)
        each.append(None if figures is None else figures.usd)
    parts = tuple(
        Spent(work, Figures() if usage is None else _of_usage(usage, tariff)) for work, usage in spent.items()
    )
    prices = [part.figures.usd for part in parts]
    return Ledger(
        full_usd=known_sum(each),
        full_unknown=sum(one is None for one in each),
        spent=parts,
        preview_usd=None if None in prices else known_sum(prices),
    )
