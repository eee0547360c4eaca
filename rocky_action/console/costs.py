"""The ledger on standard output: each model on both sides, the total, and what the preview itself cost."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from rocky_action.console.layout import safe, table
from rocky_action.domain.cost import CostDelta, CostSource, Fate, Figures, Ledger, ModelCost, Movement
from rocky_action.domain.limit_words import all_undecided_words, breach_words, gate_words
from rocky_action.domain.prices import Basis
from rocky_action.domain.text import listed
from rocky_action.rendering.figures import duration, money, percent


def show_cost(cost: CostDelta) -> None:
    """What both sides cost."""
    console = Console()
    shown = table("Model", "Base", "Head", "Delta", "%", "Base time", "Head time", title="Cost per run, US dollars")
    for one in cost.models:
        shown.add_row(safe(one.model), *_sides(one), *_times(one))
    if cost.models:
        total = "total of what is known" if cost.unknown else "total"
        shown.add_row(
            total, money(cost.base_usd), money(cost.head_usd), money(cost.delta_usd, signed=True), _share(cost.percent)
        )
    console.print(shown)
    for line in _lines(cost):
        console.print(safe(f"  {line}"), highlight=False)


def show_limits(cost: CostDelta) -> None:
    """What became of budgets and gates, where no caveat tells it."""
    console = Console()
    for breach in cost.breaches:
        word = (
            "[red]error[/red]" if breach.fails else "[yellow]warning[/yellow]" if breach.matters else "[dim]note[/dim]"
        )
        about = f"{breach.model}: " if breach.model else ""
        console.print(f"{word} {safe(about + breach_words(breach))}")
    for over in cost.gates:
        console.print(f"[red]error[/red] {safe(gate_words(over, cost.cadence))}")
    for words in all_undecided_words(cost.undecided):
        console.print(f"[yellow]warning[/yellow] {safe(words)}")


def _sides(one: ModelCost) -> tuple[str, str, str, str]:
    base, head = _of(one.base), _of(one.head)
    match one.fate:
        case Fate.NEW:
            return "none", head, money(one.delta_usd, signed=True), "new"
        case Fate.REMOVED:
            return base, "removed", money(one.delta_usd, signed=True), _share(one.percent)
        case Fate.COPIED:
            return base, "not run", "unknown" if one.base is None or one.base.usd is None else "saved", ""
        case Fate.RUN:
            delta = money(one.delta_usd, signed=True)
            said = f"{delta} (noise)" if one.movement is Movement.NOISE else delta
            return base, head, said, _share(one.percent)


def _times(one: ModelCost) -> tuple[str, str]:
    base = "" if one.fate is Fate.NEW else _time(one.base)
    return base, "" if one.fate in (Fate.REMOVED, Fate.COPIED) else _time(one.head)


def _of(figures: Figures | None) -> str:
    if figures is None or figures.usd is None:
        return "unknown"
    measured = figures.source is CostSource.MEASURED
    return f"{money(figures.usd)}{'' if measured else f' ({figures.source.value})'}"


def _lines(cost: CostDelta) -> Iterator[str]:
    if cost.unknown:
        yield f"not in the totals: {listed(cost.unknown)}"
    for run in cost.recorded[:1]:
        more = f", and {len(cost.recorded) - 1:,} earlier" if len(cost.recorded) > 1 else ""
        yield f"recorded: {'production, ' if run.production else ''}{run.run_id} of {run.finished_at}{more}"
    if cost.mixed:
        yield f"of mixed sources, so other data or another day counts too: {listed(cost.mixed)}"
    if cost.tariff and cost.tariff.basis is Basis.FREE:
        yield f"prices: {cost.tariff.terms} ({cost.tariff.origin})"
        return
    if cost.monthly_usd and cost.cadence:
        low, high = cost.monthly_usd
        amount = (
            money(low, signed=True)
            if low == high
            else f"between {money(low, signed=True)} and {money(high, signed=True)}"
        )
        yield f"per month: {amount}, because {cost.cadence.because}"
    if cost.ledger and cost.ledger.spent:
        yield _paid_off(cost.ledger)
    if cost.tariff:
        yield f"prices: {cost.tariff.terms} ({cost.tariff.origin})"


def _paid_off(ledger: Ledger) -> str:
    parts = ", ".join(f"{part.work.value} {money(part.figures.usd)}" for part in ledger.spent)
    unknown = f" without {ledger.full_unknown:,} unknown" if ledger.full_unknown else ""
    return (
        f"this preview: {money(ledger.preview_usd)} ({parts}); every model once: {money(ledger.full_usd)}{unknown};"
        f" net saving: {money(ledger.net_usd)}"
    )


def _time(figures: Figures | None) -> str:
    return duration(figures.duration_ms if figures else None)


def _share(change: float | None) -> str:
    return "" if change is None else percent(change).replace("\N{NO-BREAK SPACE}", " ")
