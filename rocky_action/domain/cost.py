"""What base and head cost, and what is unknown about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rocky_action.domain.limits import BudgetBreach, GateBreach, Lifted, Undecided
from rocky_action.domain.prices import Tariff
from rocky_action.domain.usage import Usage


class CostSource(StrEnum):
    """Where a figure comes from; figures of different sources are never mixed silently.

    ``measured`` in this preview, ``recorded`` of an earlier run, ``estimated`` by the warehouse without running.
    """

    MEASURED = "measured"
    RECORDED = "recorded"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PriceList:
    """Rocky's ``[cost]`` section; the defaults are Rocky's own."""

    storage_cost_per_gb_month: float = 0.023
    compute_cost_per_dbu: float = 0.40
    warehouse_size: str = "Medium"


@dataclass(frozen=True)
class RecordedIn:
    """The run that a recorded figure comes from: production's own, or a preview's rebuild of base.

    ``finished_at`` is ISO 8601 in UTC.
    """

    run_id: str
    finished_at: str
    production: bool = False


@dataclass(frozen=True)
class Figures:
    """Time, bytes and money of one run; each is None when unknown. ``usd`` is US dollars.

    ``bytes_billed`` and ``slot_ms`` are BigQuery's. ``recorded`` is there for figures of that source only.
    """

    duration_ms: int | None = None
    bytes_scanned: int | None = None
    usd: float | None = None
    source: CostSource = CostSource.UNKNOWN
    bytes_billed: int | None = None
    slot_ms: int | None = None
    recorded: RecordedIn | None = None

    @property
    def usage(self) -> Usage:
        """What a tariff prices."""
        return Usage(
            self.duration_ms, bytes_scanned=self.bytes_scanned, bytes_billed=self.bytes_billed, slot_ms=self.slot_ms
        )


NOTHING = Figures(0, 0, 0.0, CostSource.MEASURED, 0, 0)
"""What a side costs that does not have the model: a fact, not something unknown."""


class Fate(StrEnum):
    """What the pull request does to a model, as far as its bill is concerned.

    ``run``: both sides have it, and it runs. ``new`` and ``removed``: one side has it. ``copied``: head need not run
    it, so what it costs is what is saved.
    """

    RUN = "run"
    NEW = "new"
    REMOVED = "removed"
    COPIED = "copied"


class Movement(StrEnum):
    """Which way a model's cost went; ``noise`` is within what repeated runs of the same SQL differ by."""

    DEARER = "dearer"
    CHEAPER = "cheaper"
    SAME = "same"
    NOISE = "noise"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ModelCost:
    """One model on both sides; a side that did not run and was never recorded is None.

    A side that does not have the model has NOTHING. ``band_usd`` is by how much runs of base's SQL differ from each
    other, in US dollars to either side; None where there are too few records to say.
    """

    model: str
    base: Figures | None
    head: Figures | None
    fate: Fate = Fate.RUN
    band_usd: float | None = None

    @property
    def left_alone(self) -> bool:
        """Whether head need not run it."""
        return self.fate is Fate.COPIED

    @property
    def delta_usd(self) -> float | None:
        """Head minus base in US dollars, None when either is unknown."""
        if self.left_alone or self.base is None or self.head is None:
            return None
        if self.base.usd is None or self.head.usd is None:
            return None
        return self.head.usd - self.base.usd

    @property
    def percent(self) -> float | None:
        """The delta in per cent of base, never of head; None where it is unknown, and of a base that costs nothing."""
        return _percent(self.delta_usd, self.base.usd if self.base else None)

    @property
    def mixed(self) -> bool:
        """Whether the delta is one of figures that were not come by in the same way."""
        if self.delta_usd is None or self.fate is not Fate.RUN or self.base is None or self.head is None:
            return False
        return self.base.source is not self.head.source

    @property
    def movement(self) -> Movement:
        """Which way it went."""
        delta = self.delta_usd
        if delta is None:
            return Movement.UNKNOWN
        if delta == 0:
            return Movement.SAME
        if self.fate is Fate.RUN and self.band_usd is not None and abs(delta) <= self.band_usd:
            return Movement.NOISE
        return Movement.DEARER if delta > 0 else Movement.CHEAPER


def _percent(delta: float | None, base: float | None) -> float | None:
    """A share of base, None of nothing, and of so little that the share is no number any more."""
    share = delta / base * 100 if delta is not None and base else None
    return share if share is not None and math.isfinite(share) else None


@dataclass(frozen=True)
class Cadence:
    """How often production runs in a month (30.44 days): exactly, or between two guesses.

    ``because`` completes the sentence "… runs a month, because …".
    """

    lowest: float
    highest: float
    because: str

    @property
    def is_range(self) -> bool:
        """Whether nobody knows exactly."""
        return self.lowest != self.highest


@dataclass(frozen=True)
class Schedule:
    """When Rocky's own scheduler runs the pipeline.

    ``runs_per_month`` is the average over a month of 30.44 days, above 0; ``said`` quotes rocky.toml.
    """

    runs_per_month: float
    said: str


class Work(StrEnum):
    """What a preview spends on."""

    BUILDING = "building"
    COMPARING = "comparing"
    AUDITING = "auditing"


@dataclass(frozen=True)
class Spent:
    """What one part of a preview took: clones, runs of head and base, state; the comparisons; or an audit."""

    work: Work
    figures: Figures


@dataclass(frozen=True)
class Ledger:
    """Whether the preview was worth it: what building every model once would have cost, and what it has cost instead.

    ``full_usd`` is the sum over head's models whose cost is known (measured, else recorded), ``full_unknown`` counts
    the others. ``preview_usd`` is None where a part of ``spent`` has no price.
    """

    full_usd: float | None
    full_unknown: int
    spent: tuple[Spent, ...] = ()
    preview_usd: float | None = None

    @property
    def net_usd(self) -> float | None:
        """What the preview saved after its own cost, in US dollars: at least this where some models are unknown."""
        if self.full_usd is None or self.preview_usd is None:
            return None
        return self.full_usd - self.preview_usd


CutWhat = Literal["sampled", "not_rebuilt", "not_run", "plan_only", "not_compared", "not_measured", "not_audited"]


@dataclass(frozen=True)
class Cut:
    """One thing that a preview left out to stay within its cap, and for which models; none stands for all.

    ``reached`` when the preview had already taken what it may, and false when the plan was over the cap.
    """

    what: CutWhat
    models: tuple[str, ...] = ()
    reached: bool = False


@dataclass(frozen=True)
class CapReport:
    """What became of ``max_preview_usd`` and ``max_preview_bytes``.

    ``planned`` is what the preview would have taken by estimate, of all models but the ``unestimated``; ``kept`` is the
    same after the cuts. ``recorded`` are models of which not the warehouse's estimate but an earlier run was counted.
    ``cuts`` are in the order in which they were made, none if the cap was not reached.
    """

    max_usd: float | None = None
    max_bytes: int | None = None
    planned: Figures = Figures()
    unestimated: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    kept: Figures = Figures()
    recorded: tuple[str, ...] = ()


@dataclass(frozen=True)
class CostDelta:
    """Per model and in total. A total is the sum of what is known; ``unknown`` names the models it leaves out.

    ``delta_usd`` sums only models with both sides known, ``matched_base_usd`` is base's part in those. ``recorded``
    are the runs that recorded figures come from, newest first. ``head_duration_ms`` adds up head's models, and is what
    ``max_duration_ms`` of the project's budget is held against: the wall clock of a preview is not that of a run.
    """

    models: tuple[ModelCost, ...] = ()
    base_usd: float | None = None
    head_usd: float | None = None
    delta_usd: float | None = None
    matched_base_usd: float | None = None
    savings_usd: float | None = None
    head_bytes_scanned: int | None = None
    head_duration_ms: int | None = None
    unknown: tuple[str, ...] = ()
    breaches: tuple[BudgetBreach, ...] = ()
    lifted: tuple[Lifted, ...] = ()
    gates: tuple[GateBreach, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    recorded: tuple[RecordedIn, ...] = ()
    preview_duration_ms: int | None = None
    tariff: Tariff | None = None
    cadence: Cadence | None = None
    ledger: Ledger | None = None
    cap: CapReport | None = None

    @property
    def fails(self) -> bool:
        """Whether a budget or a gate is exceeded that may fail the pull request."""
        return bool(self.gates) or any(breach.fails for breach in self.breaches)

    @property
    def mixed(self) -> tuple[str, ...]:
        """The models whose delta is one of figures of different sources."""
        return tuple(one.model for one in self.models if one.mixed)

    @property
    def percent(self) -> float | None:
        """The total delta in per cent of what the same models cost in base; None where that is nothing or unknown."""
        return _percent(self.delta_usd, self.matched_base_usd)

    @property
    def monthly_usd(self) -> tuple[float, float] | None:
        """The delta per month in US dollars, from the lowest to the highest; None where anything of it is unknown."""
        if self.delta_usd is None or self.cadence is None:
            return None
        low, high = self.delta_usd * self.cadence.lowest, self.delta_usd * self.cadence.highest
        return min(low, high), max(low, high)
