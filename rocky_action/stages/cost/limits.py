"""Budgets: which limits head exceeds, whether base exceeded them already, and which the pull request lifted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rocky_action.domain.cost import Fate, Figures, ModelCost
from rocky_action.domain.limits import Blame, Budget, BudgetBreach, Lifted, LimitType, Most
from rocky_action.domain.project import Model, Projects
from rocky_action.stages.cost.sums import known_sum

_PROJECT = "rocky.toml"
_Limit = tuple[str | None, LimitType]
"""A limit by the model whose it is, None for the project's."""


def exceeds(actual: float, limit: float) -> bool:
    """Strictly greater; of fractions what only rounding in a sum makes greater does not count."""
    if isinstance(actual, int) and isinstance(limit, int):
        return actual > limit
    return actual > limit and not math.isclose(actual, limit, rel_tol=1e-12)


def budget_breaches(
    models: Sequence[ModelCost], projects: Projects, *, former: Mapping[str, str]
) -> list[BudgetBreach]:
    """By head's budgets: the project's against the sum of what ran, each model's own against that model.

    ``former`` gives base's name of a model that both sides have (docs/rocky-format.md, 6.4).
    """
    head, base = projects.head, projects.base
    found = list(_of_project(models, head.budget, old=base.budget))
    for one in _that_run(models):
        model, before = head.models[one.model], base.models.get(former.get(one.model, ""))
        if model.budget != Budget():
            old = before.budget.within(base.budget) if before and before.budget != Budget() else Budget()
            found += _of_model(one, model, budget=model.budget.within(head.budget), old=old)
    return found


def lifted(
    models: Sequence[ModelCost], projects: Projects, *, former: Mapping[str, str], breaches: Iterable[BudgetBreach]
) -> Iterator[Lifted]:
    """By base's budgets: what head would exceed, had the pull request left them as they were."""
    head, base = projects.head, projects.base
    now = {(breach.model, breach.limit_type): breach for breach in breaches}
    then = list(_of_project(models, base.budget, old=base.budget))
    limits: dict[_Limit, float | None] = {(None, kind): limit for kind, limit in _limits(head.budget)}
    for one in _that_run(models):
        before = base.models.get(former.get(one.model, ""))
        if before and before.budget != Budget():
            model, old = head.models[one.model], before.budget.within(base.budget)
            then += _of_model(one, model, budget=old, old=old)
            own = Budget() if model.budget == Budget() else model.budget.within(head.budget)
            limits |= {(one.model, kind): limit for kind, limit in _limits(own)}
    for breach in then:
        same = now.get((breach.model, breach.limit_type))
        if same is None or (breach.on_breach == "error" and same.on_breach == "warn"):
            yield Lifted(breach, limits[breach.model, breach.limit_type])


def most_added(models: Iterable[ModelCost], kind: LimitType) -> Most | None:
    """The model that is known to add most, None if none is known to add anything."""
    parts = [(_delta(one, kind), one.model) for one in models if not one.left_alone]
    known = [(part, model) for part, model in parts if part is not None and part > 0]
    return Most(max(known)[1], max(known)[0]) if known else None


def figure(figures: Figures | None, kind: LimitType) -> float | None:
    """What such a limit is about, in the limit's unit."""
    if figures is None:
        return None
    return {
        "max_usd": figures.usd,
        "max_duration_ms": figures.duration_ms,
        "max_bytes_scanned": figures.bytes_scanned,
    }[kind]


def _that_run(models: Iterable[ModelCost]) -> list[ModelCost]:
    return [one for one in models if one.fate in {Fate.RUN, Fate.NEW}]


def _delta(one: ModelCost, kind: LimitType) -> float | None:
    base, head = figure(one.base, kind), figure(one.head, kind)
    return None if base is None or head is None else head - base


def _limits(budget: Budget) -> tuple[tuple[LimitType, float | None], ...]:
    return (
        ("max_usd", budget.max_usd),
        ("max_duration_ms", budget.max_duration_ms),
        ("max_bytes_scanned", budget.max_bytes_scanned),
    )


def _of_project(models: Sequence[ModelCost], budget: Budget, *, old: Budget) -> Iterator[BudgetBreach]:
    """The sum is of what ran here: that it exceeds a limit is certain, that it stays below says nothing."""
    former = dict(_limits(old))
    for kind, limit in _limits(budget):
        counted = [one for one in _that_run(models) if figure(one.head, kind) is not None]
        actual = known_sum(figure(one.head, kind) for one in counted)
        if limit is None or actual is None or not exceeds(actual, limit):
            continue
        same = [figure(one.base, kind) for one in counted]
        anywhere = known_sum(figure(one.base, kind) for one in models)
        blame, before = _blame(_judged(actual, limit, former=former[kind]), same, anywhere=anywhere)
        most = most_added(counted, kind) or _takes_most(counted, kind)
        yield BudgetBreach(kind, limit, actual, budget.on_breach or "warn", None, blame, before, _PROJECT, most)


def _of_model(one: ModelCost, model: Model, *, budget: Budget, old: Budget) -> Iterator[BudgetBreach]:
    own, former = dict(_limits(model.budget)), dict(_limits(old))
    for kind, limit in _limits(budget):
        actual, base = figure(one.head, kind), figure(one.base, kind)
        if limit is None or actual is None or not exceeds(actual, limit):
            continue
        blame, before = _blame(_judged(actual, limit, former=former[kind]), [base], anywhere=base)
        path = _PROJECT if own[kind] is None else model.sidecar_path or model.path
        yield BudgetBreach(kind, limit, actual, budget.on_breach or "warn", one.model, blame, before, path)


def _judged(actual: float, limit: float, *, former: float | None) -> float:
    """The limit that base is held against: its own, if head lowered one that it would exceed anyway.

    Otherwise a pull request could lower a limit below what base takes, and exceed both with impunity.
    """
    return former if former is not None and former > limit and exceeds(actual, former) else limit


def _blame(limit: float, same: Sequence[float | None], *, anywhere: float | None) -> tuple[Blame, float | None]:
    """Whether base exceeds the limit: over the ``same`` models as head, or over all of which anything is known."""
    alike = known_sum(same)
    for known in (alike, anywhere):
        if known is not None and exceeds(known, limit):
            return Blame.BASE, known
    return (Blame.UNKNOWN, None) if None in same else (Blame.CHANGE, alike)


def _takes_most(models: Iterable[ModelCost], kind: LimitType) -> Most | None:
    known = [(part, one.model) for one in models if (part := figure(one.head, kind)) is not None]
    return Most(max(known)[1], max(known)[0], added=False) if known else None
