"""A preview kept within its cap: its plan is priced and cut before anything runs, and what it takes is watched.

A cap that cannot be kept, as nobody knows what anything costs, is no cap: then nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from threading import Lock

from rocky_action.dag import walk
from rocky_action.domain.cost import NOTHING, CapReport, CostSource, Cut, CutWhat, Figures
from rocky_action.domain.options import Cap, PreviewOptions, Restraint
from rocky_action.domain.plan import PlannedModel
from rocky_action.domain.prices import Basis, Tariff
from rocky_action.domain.project import Ephemeral, Relation
from rocky_action.domain.report import Unchecked
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import WarehouseError
from rocky_action.estimating import Estimator
from rocky_action.rebuilding import rebuilds
from rocky_action.stages.cap import (
    EXCEEDED,
    HALF,
    REACHED,
    Build,
    CapPlan,
    Comparing,
    Rebuilding,
    Spending,
    is_unknown,
    keep_within,
    raising,
    read,
    with_stopped,
)
from rocky_action.stages.cost import tariff_of
from rocky_action.study import Connection, Study

_SAMPLED = "comparing all rows would exceed the preview's cap"
_BLIND = "what the preview has taken so far is not known here, so {} cannot be kept"


class Guard:
    """Stops what would start once the cap is reached, and remembers what that was. Safe to ask from several threads.

    What the warehouse says was taken counts. Where it does not say, what the builds have used counts, and what
    comparisons are ``expected`` to take, by model, from when they begin.

    Base is built first, and may take half: without head there would be nothing to compare it with. Models of base that
    are ``needed`` for head to run at all may take the rest, too.
    """

    def __init__(
        self,
        cap: Cap,
        *,
        tariff: Tariff | None,
        spent: Callable[[], Usage],
        expected: Mapping[str, Figures],
        needed: Collection[str],
    ) -> None:
        self._cap, self._tariff, self._spent, self._expected, self._needed = cap, tariff, spent, expected, needed
        self._door = Lock()
        self._used = NO_USAGE
        self.stopped: set[tuple[CutWhat, str]] = set()

    def took(self, usage: Usage) -> None:
        """Counts what one build has used."""
        with self._door:
            self._used = self._used.plus(usage)

    def halt(self, what: CutWhat, model: str) -> str | None:
        """Why a model must not be built, compared or audited now, None if it may be."""
        with self._door:
            spares = what == "not_measured" or (what == "not_rebuilt" and model not in self._needed)
            because = self._because(0.5 if spares else 1.0)
            if because is not None:
                self.stopped.add((what, model))
            elif what == "not_compared" and model in self._expected:
                self._used = self._used.plus(_at_least(self._expected[model]))
            return because

    def spare(self) -> str | None:
        """Why nothing should begin now that nobody would miss, None if it may; it is no part of what was stopped."""
        with self._door:
            return self._because(1.0)

    def _because(self, share: float) -> str | None:
        spent = self._spent()
        usd = (None if self._tariff is None else self._tariff.price(one) for one in (spent, self._used))
        size = (read(one) for one in (spent, self._used))
        pairs = (("max_preview_usd", usd, self._cap.usd), ("max_preview_bytes", size, self._cap.bytes))
        for name, figures, limit in pairs:
            taken = next((one for one in figures if one is not None), None)
            if limit is not None and taken is None:
                return _BLIND.format(name)
            if limit is not None and taken is not None and taken >= share * limit:
                return HALF if taken < limit else REACHED
        return None


def _at_least(figures: Figures) -> Usage:
    """What is known of a comparison before it begins; what is not, was said to be no part of the plan."""
    size = read(figures) or 0
    return Usage(0, 0, size, size, 0, 0.0)


@dataclass(frozen=True)
class Capped:
    """What became of the cap: the options to follow, or the ``refusal`` to do anything at all."""

    options: PreviewOptions
    plan: CapPlan | None = None
    guard: Guard | None = None
    refusal: Unchecked | None = None

    @property
    def report(self) -> CapReport | None:
        """What was left out so far, None without a cap."""
        if self.plan is None:
            return None
        return with_stopped(self.plan.report, self.guard.stopped) if self.guard else self.plan.report


def keep_to_cap(known: Study, connection: Connection, *, options: PreviewOptions, now: datetime) -> Capped:
    """Looks at the plan before it is carried out; asks for estimates only if there is a cap."""
    cap, tariff = options.cap, _tariff(known, options)
    if not cap:
        return Capped(options)
    if cap.usd is not None and tariff is None:
        return _refused(options, known.projects.head.adapter.type)
    spending = _Asking(known, connection, options, now, tariff).spending()
    plan = keep_within(spending, cap)
    if plan.plan_only:
        refusal = Unchecked(f"{EXCEEDED}: {_amounts(plan.report)}", raising(plan.report), kind="capped")
        return Capped(options, plan, refusal=refusal)
    return _watched(connection, options, plan=plan, tariff=tariff, spending=spending)


def keep_watch(known: Study, connection: Connection, *, options: PreviewOptions, now: datetime) -> Capped:
    """For what is compared without being built: nothing is planned, and nothing starts once the cap is reached."""
    cap, tariff = options.cap, _tariff(known, options)
    if not cap:
        return Capped(options)
    if cap.usd is not None and tariff is None:
        return _refused(options, known.projects.head.adapter.type)
    spending = Spending(comparisons=tuple(_Asking(known, connection, options, now, tariff).comparisons()))
    blind = tuple(sorted(one.model for one in spending.comparisons if is_unknown(one.figures, cap)))
    plan = CapPlan(CapReport(cap.usd, cap.bytes, unestimated=blind))
    return _watched(connection, options, plan=plan, tariff=tariff, spending=spending)


def _tariff(known: Study, options: PreviewOptions) -> Tariff | None:
    return tariff_of(known.projects.head, options.prices)


def _watched(
    connection: Connection,
    options: PreviewOptions,
    *,
    plan: CapPlan,
    tariff: Tariff | None,
    spending: Spending,
) -> Capped:
    guard = Guard(
        options.cap,
        tariff=tariff,
        spent=connection.warehouse.spent,
        expected={one.model: one.figures for one in spending.comparisons},
        needed={one.rebuild.model for one in spending.rebuilds if one.rebuild.needed},
    )
    restraint = Restraint(
        base=dict.fromkeys(sorted(plan.not_rebuilt), EXCEEDED),
        head=dict.fromkeys(sorted(plan.not_run), EXCEEDED),
        sampled=_SAMPLED if plan.sampled else None,
        halt=guard.halt,
        took=guard.took,
        spare=guard.spare,
    )
    return Capped(replace(options, restraint=restraint), plan, guard)


def _refused(options: PreviewOptions, adapter_type: str) -> Capped:
    report = CapReport(options.cap.usd, options.cap.bytes, cuts=(Cut("plan_only"),))
    because = f"max_preview_usd cannot be kept, as there is no price for what {adapter_type} charges"
    advice = "Say what it charges, or set max_preview_bytes instead of max_preview_usd."
    return Capped(options, CapPlan(report, plan_only=True), refusal=Unchecked(because, advice, kind="capped"))


def _amounts(report: CapReport) -> str:
    parts: list[str] = []
    if report.max_usd is not None:
        planned = _dollars(report.planned.usd or 0)
        parts.append(f"{planned} US dollars by estimate, and {_dollars(report.max_usd)} are allowed")
    if report.max_bytes is not None:
        size = report.planned.bytes_scanned or 0
        parts.append(f"{size:,} bytes by estimate, and {report.max_bytes:,} are allowed")
    return "; ".join(parts)


def _dollars(usd: float) -> str:
    return f"{usd:,.2f}" if usd >= 0.01 else f"{usd:.2g}"


@dataclass(frozen=True)
class _Asking:
    """What is known, and whom to ask for the rest."""

    known: Study
    connection: Connection
    options: PreviewOptions
    now: datetime
    tariff: Tariff | None

    def spending(self) -> Spending:
        """Everything that the preview is about to do, with what it would take."""
        warehouse, plan, projects = self.connection.warehouse, self.known.plan, self.known.projects

        @cache
        def exists(relation: Relation) -> bool:
            return warehouse.columns(relation) is not None

        rebuilt = rebuilds(plan, projects, options=self.options, exists=exists)
        estimator = Estimator(warehouse, self.now, exists, self.options.run.permits)
        head, base = estimator.of_head(projects, plan), estimator.of_base(projects.base, [*rebuilt])
        models = projects.base.models.values()
        history = self.connection.records.history({model.name: model.fingerprint for model in models})
        times = 2 if self.options.run.stability else 1
        return Spending(
            tuple(
                Build(one.model, NOTHING, one.after, inlined=True)
                if self._is_inlined(one)
                else Build(
                    one.model, self._known(head.get(one.model), history.get(one.base_model or "", ())), one.after
                )
                for one in plan.prune_set
            ),
            tuple(
                Rebuilding(one, _times(times, self._known(base.get(one.model), history.get(one.model, ()))))
                for one in rebuilt.values()
            ),
            tuple(self.comparisons()),
            self.tariff is not None and self.tariff.basis in (Basis.HOUR, Basis.SLOT_HOUR),
        )

    def _is_inlined(self, one: PlannedModel) -> bool:
        return isinstance(self.known.projects.head.models[one.model].strategy, Ephemeral)

    def comparisons(self) -> Iterator[Comparing]:
        """Each side is read about once, and head's is taken to be as large as what production has of base."""
        base = self.known.projects.base.models
        compared = {
            one.model: base[one.base_model].target
            for one in self.known.plan.prune_set
            if one.base_model is not None
            and not isinstance(base[one.base_model].strategy, Ephemeral)
            and not self._is_inlined(one)
        }
        sizes: dict[str, int | None] = {}

        def work(name: str) -> None:
            try:
                sizes[name] = self.connection.warehouse.size(compared[name]).bytes
            except WarehouseError:
                sizes[name] = None

        walk(dict.fromkeys(compared, ()), work, threads=min(len(compared), self.connection.warehouse.concurrency))
        for name in compared:
            size = sizes[name]
            both = Figures(source=CostSource.ESTIMATED, bytes_scanned=None if size is None else 2 * size)
            yield Comparing(name, self._priced(both))

    def _priced(self, figures: Figures) -> Figures:
        return replace(figures, usd=None if self.tariff is None else self.tariff.price(figures.usage))

    def _known(self, estimate: Figures | None, recorded: Sequence[Figures]) -> Figures:
        """The estimate; what it does not say, as the newest recorded run had it."""
        own = self._priced(estimate or Figures())
        newest = self._priced(next(iter(recorded), Figures()))
        usd, size = newest.usd if own.usd is None else own.usd, read(newest) if read(own) is None else read(own)
        if (usd, size) == (own.usd, read(own)):
            return replace(own, source=own.source if estimate else CostSource.UNKNOWN)
        return Figures(usd=usd, bytes_scanned=size, source=CostSource.RECORDED)


def _times(number: int, figures: Figures) -> Figures:
    size = read(figures)
    return replace(
        figures,
        usd=None if figures.usd is None else number * figures.usd,
        bytes_scanned=None if size is None else number * size,
        bytes_billed=None,
    )
