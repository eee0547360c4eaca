"""The spend cap: what a preview would take, and what it leaves out, in a stated order, to take no more than it may.

The order: comparisons by sample instead of all rows; rebuilds of base, the largest first; runs of head, the largest
first; all of it. Each step is taken only if it makes less of what the plan has too much of. What nobody can estimate is
no part of the sums, and listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from rocky_action.domain.cost import CapReport, CostSource, Cut, CutWhat, Figures
from rocky_action.domain.options import Cap
from rocky_action.domain.report import Caveat, Severity
from rocky_action.domain.text import named
from rocky_action.domain.usage import Usage
from rocky_action.rebuilding import Rebuild

EXCEEDED = "the preview's cap would be exceeded"
REACHED = "the preview's cap is reached"
HALF = "half of the preview's cap is taken, and the rest is kept for head"
"""Why something is not done: by the plan, and while running."""


@dataclass(frozen=True)
class Build:
    """One of head's runs, with what it would take. ``after`` are the runs that it waits for.

    One that is ``inlined`` is part of those that read it.
    """

    model: str
    figures: Figures
    after: tuple[str, ...] = ()
    inlined: bool = False


@dataclass(frozen=True)
class Rebuilding:
    """One rebuild of base, with what it would take, as often as it is made."""

    rebuild: Rebuild
    figures: Figures


@dataclass(frozen=True)
class Comparing:
    """The comparison of one of head's models with base."""

    model: str
    figures: Figures


@dataclass(frozen=True)
class Spending:
    """Everything that a preview is about to do and that can be expected to cost; ``runs`` are in run order.

    ``charged_by_time`` is where a sample is cheaper than all rows: it reads as many bytes, and does less with them.
    """

    runs: tuple[Build, ...] = ()
    rebuilds: tuple[Rebuilding, ...] = ()
    comparisons: tuple[Comparing, ...] = ()
    charged_by_time: bool = False


@dataclass(frozen=True)
class CapPlan:
    """What of a spending is left out. ``report`` says so; with ``plan_only`` nothing is done at all."""

    report: CapReport
    sampled: bool = False
    not_rebuilt: frozenset[str] = frozenset()
    not_run: frozenset[str] = frozenset()
    plan_only: bool = False


@dataclass(frozen=True)
class _Choice:
    """What has been left out so far."""

    sampled: bool = False
    base: frozenset[str] = frozenset()
    head: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Total:
    """Sums of what is known in each measure, and the models of which something is not.

    ``known`` is false for a measure in which something is planned and nothing is known.
    """

    usd: float = 0.0
    bytes: int = 0
    known: tuple[bool, bool] = (True, True)
    unknown: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()

    def over(self, cap: Cap) -> tuple[bool, bool]:
        """Whether it is over the cap in US dollars, and in bytes."""
        return cap.usd is not None and self.usd > cap.usd, cap.bytes is not None and self.bytes > cap.bytes

    def figures(self, cap: Cap) -> Figures:
        """The sums of what is capped, as one estimate."""
        return Figures(
            bytes_scanned=None if cap.bytes is None or not self.known[1] else self.bytes,
            usd=None if cap.usd is None or not self.known[0] else self.usd,
            source=CostSource.ESTIMATED,
        )


def keep_within(spending: Spending, cap: Cap) -> CapPlan:
    """What is left out so that the known part of the plan takes no more than the cap; a larger cap leaves out less."""
    planned = total = _total(spending, _Choice(), cap=cap)
    chosen, cuts = _Choice(), list[Cut]()
    for further, cut in _cuts(spending):
        over = total.over(cap)
        if not any(over):
            break
        tried = _with(chosen, further)
        left = _total(spending, tried, cap=cap)
        dollars = over[0] and (left.usd < total.usd or further.sampled)
        if dollars or (over[1] and left.bytes < total.bytes):
            chosen, total = tried, left
            cuts = _with_cut(cuts, cut)
    built = {one.model for one in spending.runs if not one.inlined}
    plan_only = any(total.over(cap)) or bool(built and built.isdisjoint(_made(spending, chosen)))
    if plan_only:
        cuts, total = [*cuts, Cut("plan_only")], _Total()
    report = CapReport(
        cap.usd,
        cap.bytes,
        planned.figures(cap),
        tuple(sorted(planned.unknown)),
        tuple(cuts),
        total.figures(cap),
        tuple(sorted(planned.recorded)),
    )
    return CapPlan(report, chosen.sampled, chosen.base, chosen.head, plan_only)


def with_stopped(report: CapReport, stopped: Collection[tuple[CutWhat, str]]) -> CapReport:
    """The report once all is done: with what was not started because the cap was reached, by its kind and model."""
    found: list[Cut] = []
    kinds: tuple[CutWhat, ...] = ("not_rebuilt", "not_run", "not_compared", "not_measured", "not_audited")
    for what in kinds:
        models = tuple(sorted(model for kind, model in stopped if kind == what))
        found += [Cut(what, models, reached=True)] if models else []
    return replace(report, cuts=(*report.cuts, *found))


def caveats(report: CapReport) -> Iterator[Caveat]:
    """What was left out, as one thing that could change the reviewer's decision; a plan that stayed one says more."""
    told = [_told(cut) for cut in report.cuts if cut.what != "plan_only"]
    if told and len(told) == len(report.cuts):
        message = f"Because of the preview's cap, {'; '.join(told)}. {raising(report)}"
        yield Caveat(Severity.WARNING, message)


def raising(report: CapReport) -> str:
    """How to have all of it."""
    names = (("max_preview_usd", report.max_usd), ("max_preview_bytes", report.max_bytes))
    return f"Raise {' and '.join(f'`{name}`' for name, limit in names if limit is not None)} to have all of it."


def _told(cut: Cut) -> str:
    models, verb = named(cut.models), "was" if len(cut.models) == 1 else "were"
    match cut.what:
        case "sampled":
            return "only samples of rows were compared"
        case "not_rebuilt":
            return f"base of {models} was not rebuilt"
        case "not_run":
            return f"{models} {verb} not run"
        case "not_compared":
            return f"{models} {verb} not compared"
        case "not_measured":
            return f"base of {models} was not built twice"
        case "not_audited":
            return f"{models} {verb} not audited"
        case "plan_only":
            return "nothing was run"
        case _ as never:
            assert_never(never)


def _cuts(spending: Spending) -> Iterator[tuple[_Choice, Cut]]:
    """Everything that may be left out, in the order in which it is."""
    if spending.comparisons and spending.charged_by_time:
        yield _Choice(sampled=True), Cut("sampled")
    replaceable = (one for one in spending.rebuilds if not one.rebuild.needed)
    for name in _largest((one.rebuild.model, one.figures) for one in replaceable):
        yield _Choice(base=frozenset({name})), Cut("not_rebuilt", (name,))
    for name in _largest((one.model, one.figures) for one in spending.runs if not one.inlined):
        yield _Choice(head=frozenset({name})), Cut("not_run", (name,))


def _largest(found: Iterable[tuple[str, Figures]]) -> list[str]:
    """Names, the dearest first; where that is the same or unknown, the one that reads most."""
    return [name for name, one in sorted(found, key=lambda pair: (-(pair[1].usd or 0), -(read(pair[1]) or 0), pair[0]))]


def _with(chosen: _Choice, further: _Choice) -> _Choice:
    return _Choice(chosen.sampled or further.sampled, chosen.base | further.base, chosen.head | further.head)


def _with_cut(cuts: list[Cut], cut: Cut) -> list[Cut]:
    """One cut of a kind names all of its models, in the order in which they were left out."""
    if cuts and cuts[-1].what == cut.what:
        return [*cuts[:-1], replace(cut, models=cuts[-1].models + cut.models)]
    return [*cuts, cut]


def read(figures: Figures | Usage) -> int | None:
    """The bytes that count: those billed, where somebody says which those are."""
    return figures.bytes_scanned if figures.bytes_billed is None else figures.bytes_billed


def _made(spending: Spending, chosen: _Choice) -> frozenset[str]:
    """Head's models that run."""
    stopped: set[str] = set()
    for one in spending.runs:
        if one.model in chosen.head or not stopped.isdisjoint(one.after):
            stopped.add(one.model)
    return frozenset(one.model for one in spending.runs) - stopped


def _total(spending: Spending, chosen: _Choice, *, cap: Cap) -> _Total:
    made = _made(spending, chosen)
    rebuilt = _rebuilt(spending, chosen, made=made)
    parts = [(one.model, one.figures) for one in spending.runs if one.model in made and not one.inlined]
    parts += [(one.rebuild.model, one.figures) for one in spending.rebuilds if one.rebuild.model in rebuilt]
    parts += [(one.model, one.figures) for one in spending.comparisons if one.model in made]
    return _Total(
        sum(one.usd or 0.0 for _, one in parts),
        sum(read(one) or 0 for _, one in parts),
        (
            not parts or any(one.usd is not None for _, one in parts),
            not parts or any(read(one) is not None for _, one in parts),
        ),
        frozenset(name for name, one in parts if is_unknown(one, cap)),
        frozenset(name for name, one in parts if one.source is CostSource.RECORDED),
    )


def is_unknown(figures: Figures, cap: Cap) -> bool:
    """Whether something that is capped is not known."""
    return (cap.usd is not None and figures.usd is None) or (cap.bytes is not None and read(figures) is None)


def _rebuilt(spending: Spending, chosen: _Choice, *, made: frozenset[str]) -> frozenset[str]:
    """Base's models that are rebuilt: what runs is compared with, what head needs, and what those read."""
    known = {one.rebuild.model: one.rebuild for one in spending.rebuilds}
    open_ends = [one.model for one in known.values() if one.needed or not made.isdisjoint(one.compared_with)]
    found: set[str] = set()
    while open_ends:
        name = open_ends.pop()
        if name not in found and name not in chosen.base:
            found.add(name)
            open_ends += known[name].reads
    lost = {name for name in chosen.base if name in known and not known[name].in_production}
    while blocked := {name for name in found - lost if not lost.isdisjoint(known[name].reads)}:
        lost |= blocked
    return frozenset(found - lost)
