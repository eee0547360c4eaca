"""What base and head cost per model and in total, where each figure comes from, and whether the preview paid off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from rocky_action.domain.cost import (
    Cadence,
    CostDelta,
    CostSource,
    Fate,
    Figures,
    Ledger,
    ModelCost,
    Movement,
    RecordedIn,
    Work,
)
from rocky_action.domain.prices import Basis
from rocky_action.domain.report import Report
from rocky_action.rendering.cap import cap_lines
from rocky_action.rendering.figures import UNKNOWN, duration, money, names, percent, plural, size
from rocky_action.rendering.results import ModelResult
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, html_text, prose

HEADER = tuple(map(Md, ("Model", "Base", "Head", "Difference", "%", "Time", "Scanned")))
NUMERIC = frozenset(range(1, len(HEADER)))
NOTHING = Md("")
NONE = Md("none")
_SOURCES = {CostSource.RECORDED: " (recorded)", CostSource.ESTIMATED: " (estimated)"}
_WORKS = {Work.BUILDING: "building", Work.COMPARING: "comparing", Work.AUDITING: "auditing"}


@dataclass(frozen=True)
class CostView:
    """``title`` is HTML for the fold; the lines below the table explain and qualify it."""

    title: Md
    table: Table | None
    lines: tuple[Md, ...]


def cost_view(report: Report, results: Sequence[ModelResult], *, rows: int, listed: int) -> CostView | None:
    """The cost of what runs in head, and of what no longer does; None when there is neither."""
    cost = report.cost
    removed = [model for model in cost.models if model.fate is Fate.REMOVED]
    if not results and not removed:
        return None
    costs = [*(result.cost for result in results if result.cost), *removed]
    body = [_row(model) for model in costs[:rows]]
    if body:
        body.append(_total(cost))
    took = cost.preview_duration_ms if cost.preview_duration_ms is not None else report.execution.duration_ms
    title = html_text(f"{cost_words(cost)}; the preview took {duration(took)}")
    lines = list(_lines(cost, now=report.provenance.started_at, listed=listed))
    lines += cap_lines(cost.cap, listed) if cost.cap else ()
    if len(costs) > rows:
        lines.insert(0, Md(f"{plural(len(costs) - rows, 'model')} not listed; the total counts them."))
    return CostView(Md(f"<b>Cost</b>: {title}"), Table(HEADER, tuple(body), NUMERIC) if body else None, tuple(lines))


def cost_words(cost: CostDelta) -> Md:
    """The total in a few words: per run, per month where somebody has said how often it runs, and noise."""
    if cost.delta_usd is None:
        return UNKNOWN
    monthly = cost.monthly_usd
    month = ""
    if monthly and monthly[0] == monthly[1] and cost.delta_usd:
        month = f", {money(monthly[0], signed=True)} a month"
    noise = ", which is noise" if _is_noise(cost) else ""
    return Md(f"{money(cost.delta_usd, signed=True)} per run{month}{noise}{', of mixed sources' if cost.mixed else ''}")


def _is_noise(cost: CostDelta) -> bool:
    """Whether all that moved is within what repeated runs differ by."""
    movements = {model.movement for model in cost.models if not model.left_alone}
    return Movement.NOISE in movements and movements <= {Movement.NOISE, Movement.SAME}


def _row(cost: ModelCost) -> tuple[Md, ...]:
    return (
        code(cost.model),
        Md("none, new") if cost.fate is Fate.NEW else _usd(cost.base),
        Md("none, removed") if cost.fate is Fate.REMOVED else _usd(cost.head),
        _difference(cost),
        _percent(cost.percent, cost.delta_usd, base=cost.base.usd if cost.base else None),
        _both(cost, duration(_ms(cost.base)), head=duration(_ms(cost.head))),
        _both(cost, size(_bytes(cost.base)), head=size(_bytes(cost.head))),
    )


def _difference(cost: ModelCost) -> Md:
    """The delta; bold where it is known to be more than noise, and said so where it is noise or of mixed sources."""
    delta = money(cost.delta_usd, signed=True)
    mixed = ", mixed" if cost.mixed else ""
    match cost.movement:
        case Movement.UNKNOWN | Movement.SAME:
            return Md(f"{delta}{mixed}")
        case Movement.NOISE:
            return Md(f"{delta}{mixed} (noise, ±{money(cost.band_usd)})")
        case Movement.DEARER | Movement.CHEAPER:
            known = cost.band_usd is not None or cost.fate is not Fate.RUN
            return Md(f"**{delta}**{mixed}" if known else f"{delta}{mixed}")
        case _ as never:
            assert_never(never)


def _percent(change: float | None, delta: float | None, *, base: float | None) -> Md:
    """A share of base; of nothing there is none, so what base did not cost is new."""
    if delta == 0:
        return percent(0.0)
    return Md("new") if delta and base == 0 else percent(change)


def _usd(figures: Figures | None) -> Md:
    if figures is None or figures.usd is None:
        return UNKNOWN
    return Md(f"{money(figures.usd)}{_SOURCES.get(figures.source, '')}")


def _ms(figures: Figures | None) -> int | None:
    return figures.duration_ms if figures else None


def _bytes(figures: Figures | None) -> int | None:
    return figures.bytes_scanned if figures else None


def _both(cost: ModelCost, base: Md, *, head: Md) -> Md:
    match cost.fate:
        case Fate.NEW:
            return head
        case Fate.REMOVED:
            return Md(f"{base} → none")
        case Fate.RUN | Fate.COPIED:
            return head if base == head else Md(f"{base} → {head}")
        case _ as never:
            assert_never(never)


def _total(cost: CostDelta) -> tuple[Md, ...]:
    known = "Total of what is known" if cost.unknown else "Total"
    return (
        Md(f"**{known}**"),
        Md(f"**{money(cost.base_usd)}**"),
        Md(f"**{money(cost.head_usd)}**"),
        Md(f"**{money(cost.delta_usd, signed=True)}**{', mixed' if cost.mixed else ''}"),
        _percent(cost.percent, cost.delta_usd, base=cost.matched_base_usd),
        NOTHING if cost.head_duration_ms is None else Md(f"{duration(cost.head_duration_ms)} in head"),
        NOTHING if cost.head_bytes_scanned is None else Md(f"{size(cost.head_bytes_scanned)} in head"),
    )


def _lines(cost: CostDelta, *, now: str, listed: int) -> Iterator[Md]:
    yield from _sources(cost, now=now, listed=listed)
    if cost.unknown:
        yield Md(f"Unknown for {names(cost.unknown, listed)}: not in the totals.")
    if cost.tariff and cost.tariff.basis is Basis.FREE:
        yield Md(f"{prose(cost.tariff.terms)} ({prose(cost.tariff.origin)}).")
        return
    if cost.delta_usd and cost.cadence:
        yield _per_month(cost, cost.cadence)
    copied = sum(model.left_alone for model in cost.models)
    if copied and cost.savings_usd is None:
        yield Md(f"What it saved to copy {plural(copied, 'model')} instead of running is unknown.")
    elif copied:
        yield Md(f"Copying {plural(copied, 'model')} instead of running saved {money(cost.savings_usd)}.")
    if cost.ledger:
        yield from _paid_off(cost.ledger)
    if cost.tariff:
        yield Md(f"Prices: {prose(cost.tariff.terms)} ({prose(cost.tariff.origin)}).")


def _sources(cost: CostDelta, *, now: str, listed: int) -> Iterator[Md]:
    """Where the figures come from, unless both sides were measured in this preview."""
    if cost.recorded:
        newest, more = cost.recorded[0], len(cost.recorded) - 1
        others = f", and {plural(more, 'earlier run')}" if more else ""
        whom = names([one.model for one in cost.models if one.base and one.base.recorded], listed)
        yield Md(f"Recorded: base of {whom}, in {_whose(newest)} {code(newest.run_id)}, {_age(newest, now)}{others}.")
    estimated = [one.model for one in cost.models if one.base and one.base.source is CostSource.ESTIMATED]
    if estimated:
        yield Md(f"Estimated by the warehouse without running: base of {names(estimated, listed)}.")
    if cost.mixed:
        yield Md(
            f"Mixed for {names(cost.mixed, listed)}: head was measured in this preview and base was not, so part of the"
            " difference may be other data or another day. `baseline: rebuild` measures both."
        )


def _whose(run: RecordedIn) -> str:
    return "production's run" if run.production else "a rebuild of base by run"


def _age(run: RecordedIn, now: str) -> str:
    """How long before this preview a run ended."""
    minutes = (datetime.fromisoformat(now) - datetime.fromisoformat(run.finished_at)).total_seconds() / 60
    if minutes < 90:
        return f"{plural(max(round(minutes), 0), 'minute')} before this preview"
    hours = round(minutes / 60)
    return f"{plural(hours, 'hour') if hours < 48 else plural(round(hours / 24), 'day')} before this preview"


def _per_month(cost: CostDelta, cadence: Cadence) -> Md:
    low, high = cost.monthly_usd or (0.0, 0.0)
    because = prose(cadence.because)
    if not cadence.is_range:
        return Md(f"Per month: {money(low, signed=True)} at {cadence.lowest:,.4g} runs, because {because}.")
    return Md(
        f"Per month: between {money(low, signed=True)} and {money(high, signed=True)} at {cadence.lowest:,.4g} to"
        f" {cadence.highest:,.4g} runs, because {because}."
    )


def _paid_off(ledger: Ledger) -> Iterator[Md]:
    """What everything would have cost, what the preview did, and which is more."""
    if not ledger.spent:
        return
    parts = ", ".join(f"{_WORKS[part.work]} {money(part.figures.usd)}" for part in ledger.spent)
    preview = Md(f"This preview itself cost {money(ledger.preview_usd)} ({parts})")
    if ledger.full_usd is None or ledger.net_usd is None:
        yield Md(f"{preview}; what it saved is unknown.")
        return
    least = f" or more ({plural(ledger.full_unknown, 'model')} unknown)" if ledger.full_unknown else ""
    full = Md(f"building every model once costs {money(ledger.full_usd)}{least}")
    net = ledger.net_usd
    if net >= 0:
        outcome = f"it saved {money(net)}{' or more' if ledger.full_unknown else ''}"
    elif ledger.full_unknown:
        outcome = "whether that saved anything is unknown"
    else:
        outcome = f"that is {money(-net)} more than it saved"
    yield Md(f"{preview}; {full}; {outcome}.")
