"""What base and head cost per model and in total, what copying saved, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from rocky_action.domain.cost import BudgetBreach, CostDelta, CostSource, Fate, Figures, ModelCost
from rocky_action.domain.report import Report
from rocky_action.rendering.figures import UNKNOWN, duration, money, names, plural, size
from rocky_action.rendering.results import ModelResult
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, html_text

HEADER = tuple(map(Md, ("Model", "Base", "Head", "Difference", "Time", "Scanned")))
NUMERIC = frozenset(range(1, len(HEADER)))
NOTHING = Md("")


@dataclass(frozen=True)
class CostView:
    """``title`` is HTML for the fold; the lines below the table explain and qualify it."""

    title: Md
    table: Table | None
    lines: tuple[Md, ...]


def cost_view(report: Report, results: Sequence[ModelResult], *, rows: int, listed: int) -> CostView | None:
    """The cost of the prune set; None when nothing ran."""
    if not results:
        return None
    cost = report.cost
    costs = [result.cost for result in results if result.cost]
    body = [_row(model) for model in costs[:rows]]
    if body:
        body.append(_total(cost))
    total = money(cost.delta_usd, signed=True)
    head = "unknown" if total == UNKNOWN else f"{total} per run"
    took = cost.preview_duration_ms if cost.preview_duration_ms is not None else report.execution.duration_ms
    title = html_text(f"{head}; the preview took {duration(took)}")
    lines = list(_lines(cost, listed))
    if len(costs) > rows:
        lines.insert(0, Md(f"{plural(len(costs) - rows, 'model')} not listed; the total counts them."))
    return CostView(Md(f"<b>Cost</b>: {title}"), Table(HEADER, tuple(body), NUMERIC) if body else None, tuple(lines))


def _row(cost: ModelCost) -> tuple[Md, ...]:
    return (
        code(cost.model),
        Md("none, new") if cost.fate is Fate.NEW else _usd(cost.base),
        _usd(cost.head),
        money(cost.delta_usd, signed=True),
        _both(cost, duration(_ms(cost.base)), head=duration(_ms(cost.head))),
        _both(cost, size(_bytes(cost.base)), head=size(_bytes(cost.head))),
    )


def _usd(figures: Figures | None) -> Md:
    if figures is None or figures.usd is None:
        return UNKNOWN
    return Md(f"{money(figures.usd)}{' (recorded)' if figures.source is CostSource.RECORDED else ''}")


def _ms(figures: Figures | None) -> int | None:
    return figures.duration_ms if figures else None


def _bytes(figures: Figures | None) -> int | None:
    return figures.bytes_scanned if figures else None


def _both(cost: ModelCost, base: Md, *, head: Md) -> Md:
    return head if cost.fate is Fate.NEW or base == head else Md(f"{base} → {head}")


def _total(cost: CostDelta) -> tuple[Md, ...]:
    known = "Total of what is known" if cost.unknown else "Total"
    return (
        Md(f"**{known}**"),
        Md(f"**{money(cost.base_usd)}**"),
        Md(f"**{money(cost.head_usd)}**"),
        Md(f"**{money(cost.delta_usd, signed=True)}**"),
        NOTHING if cost.head_duration_ms is None else Md(f"{duration(cost.head_duration_ms)} in head"),
        NOTHING if cost.head_bytes_scanned is None else Md(f"{size(cost.head_bytes_scanned)} in head"),
    )


def _lines(cost: CostDelta, listed: int) -> Iterator[Md]:
    if cost.unknown:
        yield Md(f"Unknown for {names(cost.unknown, listed)}: not in the totals.")
    copied = sum(model.left_alone for model in cost.models)
    if copied and cost.savings_usd is None:
        yield Md(f"What it saved to copy {plural(copied, 'model')} instead of running is unknown.")
    elif copied:
        yield Md(f"Copying {plural(copied, 'model')} instead of running saved {money(cost.savings_usd)}.")
    if cost.recorded:
        yield Md(f"Recorded figures are of run {code(cost.recorded[0].run_id)}, not of this preview.")


def breach_sentence(breach: BudgetBreach) -> Md:
    """A budget and the figure that exceeds it."""
    whose = f"{code(breach.model)} exceeds its budget" if breach.model else "The project's budget is exceeded"
    return Md(f"{whose}: {_amount(breach, breach.actual)}, the limit is {_amount(breach, breach.limit)}.")


def _amount(breach: BudgetBreach, amount: float) -> Md:
    match breach.limit_type:
        case "max_usd":
            return Md(f"{money(amount)} per run")
        case "max_duration_ms":
            return duration(round(amount))
        case "max_bytes_scanned":
            return Md(f"{size(round(amount))} scanned")
        case _ as never:
            assert_never(never)
