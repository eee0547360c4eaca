"""Price both sides of every model, from what was measured or recorded; what is unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from rocky_action.domain.cost import Budget, BudgetBreach, CostDelta, CostSource, Figures, ModelCost, PriceList
from rocky_action.domain.execution import Cloned, Execution, Inlined, ModelRun, Succeeded
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Project

_MS_PER_HOUR = 3_600_000
_BYTES_PER_TB = 1e12
_BIGQUERY_USD_PER_TB = 6.25
_UNITS_PER_HOUR = {
    "2xsmall": 4.0,
    "xsmall": 6.0,
    "small": 12.0,
    "medium": 24.0,
    "large": 40.0,
    "xlarge": 80.0,
    "2xlarge": 144.0,
    "3xlarge": 272.0,
    "4xlarge": 528.0,
}
"""DBU per hour by warehouse size (docs/rocky-format.md, 6.3); Rocky uses the same table on Snowflake."""


def price(
    plan: Plan, execution: Execution, *, head: Project, recorded: tuple[str | None, Mapping[str, Figures]]
) -> CostDelta:
    """The cost delta. ``recorded`` is the newest recorded base run: its id, and figures by base's model name."""
    run_id, figures = recorded
    costs = [
        *_prune_costs(plan, execution, head=head, recorded=figures),
        *_copy_costs(execution, head, recorded=figures),
    ]
    ran = [cost for cost in costs if not cost.copied]
    totals = CostDelta(
        models=tuple(costs),
        base_usd=_known_sum(cost.base.usd for cost in ran if cost.base),
        head_usd=_known_sum(cost.head.usd for cost in ran if cost.head),
        delta_usd=_known_sum(cost.delta_usd for cost in ran),
        savings_usd=_known_sum(cost.base.usd for cost in costs if cost.copied and cost.base),
        head_bytes_scanned=_known_count(cost.head.bytes_scanned for cost in ran if cost.head),
        head_duration_ms=_known_count(cost.head.duration_ms for cost in ran if cost.head),
        unknown=tuple(cost.model for cost in ran if cost.delta_usd is None),
        base_run_id=run_id if any(_is_recorded(cost) for cost in costs) else None,
        preview_duration_ms=execution.duration_ms,
    )
    return replace(totals, breaches=tuple(_breaches(totals, head)))


def usd(figures: Figures, adapter_type: str, *, prices: PriceList) -> float | None:
    """What a run of these figures costs in US dollars (docs/rocky-format.md, 6.3), None when it cannot be known."""
    if adapter_type == "duckdb":
        return 0.0
    if adapter_type in ("databricks", "snowflake"):
        if figures.duration_ms is None:
            return None
        size = prices.warehouse_size.lower().replace("-", "")
        return figures.duration_ms / _MS_PER_HOUR * _UNITS_PER_HOUR.get(size, 24.0) * prices.compute_cost_per_dbu
    if adapter_type == "bigquery" and figures.bytes_scanned is not None:
        return figures.bytes_scanned / _BYTES_PER_TB * _BIGQUERY_USD_PER_TB
    return None


def _prune_costs(
    plan: Plan, execution: Execution, *, head: Project, recorded: Mapping[str, Figures]
) -> Iterable[ModelCost]:
    for planned in plan.prune_set:
        run = execution.head_run(planned.model)
        if run is not None and isinstance(run.outcome, Inlined):
            continue  # its work is part of its readers' runs
        base = None if planned.base_model is None else _base_figures(planned.base_model, execution, recorded=recorded)
        yield ModelCost(
            planned.model,
            base=None if base is None else _priced(base, head),
            head=_measured(run, head),
            new=planned.base_model is None,
        )


def _copy_costs(execution: Execution, head: Project, *, recorded: Mapping[str, Figures]) -> Iterable[ModelCost]:
    for clone in execution.clones:
        if isinstance(clone, Cloned):
            base = _base_figures(clone.model, execution, recorded=recorded)
            yield ModelCost(clone.model, base=None if base is None else _priced(base, head), head=None, copied=True)


def _base_figures(model: str, execution: Execution, *, recorded: Mapping[str, Figures]) -> Figures | None:
    run = execution.base_run(model)
    if run is not None and isinstance(run.outcome, Succeeded):
        return _of_run(run.outcome)
    return recorded.get(model)


def _measured(run: ModelRun | None, head: Project) -> Figures | None:
    if run is None or not isinstance(run.outcome, Succeeded):
        return None
    return _priced(_of_run(run.outcome), head)


def _of_run(outcome: Succeeded) -> Figures:
    usage = outcome.usage
    return Figures(usage.duration_ms, usage.bytes_scanned, None, CostSource.MEASURED)


def _priced(figures: Figures, head: Project) -> Figures:
    return replace(figures, usd=usd(figures, head.adapter.type, prices=head.prices))


def _is_recorded(cost: ModelCost) -> bool:
    return cost.base is not None and cost.base.source is CostSource.RECORDED


def _known_sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _known_count(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _breaches(cost: CostDelta, head: Project) -> Iterable[BudgetBreach]:
    """Against head's totals, and against each model that has a budget of its own (docs/rocky-format.md, 6.4)."""
    totals = Figures(cost.head_duration_ms, cost.head_bytes_scanned, cost.head_usd)
    yield from _over(head.budget, totals)
    for one in cost.models:
        own = head.models[one.model].budget
        if one.head is not None and own != Budget():
            yield from _over(own.within(head.budget), one.head, base=one.base, model=one.model)


def _over(
    budget: Budget, head: Figures, *, base: Figures | None = None, model: str | None = None
) -> Iterable[BudgetBreach]:
    limits: tuple[tuple[Literal["max_usd", "max_duration_ms", "max_bytes_scanned"], float | None, str], ...] = (
        ("max_usd", budget.max_usd, "usd"),
        ("max_duration_ms", budget.max_duration_ms, "duration_ms"),
        ("max_bytes_scanned", budget.max_bytes_scanned, "bytes_scanned"),
    )
    for kind, limit, field in limits:
        actual = getattr(head, field)
        if limit is None or actual is None or not actual > limit:
            continue
        before = None if base is None else getattr(base, field)
        already = before is not None and before > limit  # what base breaches already, this change is not to blame for
        yield BudgetBreach(kind, limit, actual, "warn" if already else budget.on_breach or "warn", model)
