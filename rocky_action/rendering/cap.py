"""What became of the preview's own cap: what it is, what was planned, what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rocky_action.domain.cost import CapReport, Cut, Figures
from rocky_action.rendering.figures import listing, money, names, plural, size
from rocky_action.rendering.text import Md, code, join


def cap_lines(cap: CapReport, listed: int) -> Iterator[Md]:
    """One line of what was planned against what is allowed, one of what nobody could plan, one for each cut."""
    planned = cap.planned.usd is not None or cap.planned.bytes_scanned is not None
    estimate = f" By estimate it would take {_amounts(cap, cap.planned)}{_left(cap)}." if planned else ""
    yield Md(f"The preview may take {_allowed(cap)}.{estimate}")
    if cap.recorded:
        yield Md(f"The estimate counts {names(cap.recorded, listed)} as an earlier run took it.")
    if cap.unestimated:
        blind = f"{plural(len(cap.unestimated), 'model')} ({names(cap.unestimated, listed)})"
        rest = " and is no part of that" if planned else ""
        yield Md(
            f"Something of {blind} cannot be estimated{rest}. What is really taken is watched: nothing starts once it"
            " is as much as is allowed, and no rebuild of base that head can do without once it is half of that."
        )
    for cut in cap.cuts:
        why = "once the cap was reached" if cut.reached else "to stay within the cap by estimate"
        yield Md(f"{_cut(cut, listed)}, {why}.")
    if cap.cuts:
        raised = [code(name) for name, limit in _limits(cap) if limit is not None]
        yield Md(f"Raise {join(' and ', raised)} to have all of it.")


def _limits(cap: CapReport) -> tuple[tuple[str, float | None], ...]:
    return ("max_preview_usd", cap.max_usd), ("max_preview_bytes", cap.max_bytes)


def _allowed(cap: CapReport) -> Md:
    parts = [] if cap.max_usd is None else [Md(f"{money(cap.max_usd)} ({code('max_preview_usd')})")]
    parts += [] if cap.max_bytes is None else [Md(f"{size(cap.max_bytes)} read ({code('max_preview_bytes')})")]
    return join(" and ", parts)


def _amounts(cap: CapReport, figures: Figures) -> Md:
    parts = [] if cap.max_usd is None else [money(figures.usd)]
    parts += [] if cap.max_bytes is None else [size(figures.bytes_scanned)]
    return join(" and ", parts)


def _left(cap: CapReport) -> str:
    planned = [cut for cut in cap.cuts if not cut.reached]
    return f", and {_amounts(cap, cap.kept)} without what was left out" if planned else ""


def _cut(cut: Cut, listed: int) -> Md:
    models = listing([code(name) for name in cut.models], listed)
    match cut.what:
        case "sampled":
            return Md("Only samples of rows were compared")
        case "not_rebuilt":
            return Md(f"Base was not rebuilt for {models}")
        case "not_run":
            return Md(f"Not run: {models}")
        case "not_compared":
            return Md(f"Built and not compared: {models}")
        case "not_measured":
            return Md(f"Not built a second time: {models}")
        case "not_audited":
            return Md(f"Not audited: {models}")
        case "plan_only":
            return Md("Nothing was run")
        case _ as never:
            assert_never(never)
