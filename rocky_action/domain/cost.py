"""What base and head cost, what is unknown about it, and which budgets would be breached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class CostSource(StrEnum):
    """Where a figure comes from; figures of different sources are never mixed silently."""

    MEASURED = "measured"
    RECORDED = "recorded"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PriceList:
    """Rocky's ``[cost]`` section; the defaults are Rocky's own."""

    storage_cost_per_gb_month: float = 0.023
    compute_cost_per_dbu: float = 0.40
    warehouse_size: str = "Medium"


@dataclass(frozen=True)
class Budget:
    """Rocky's ``[budget]``: a limit is breached when the observation is strictly greater; None means no limit."""

    max_usd: float | None = None
    max_duration_ms: int | None = None
    max_bytes_scanned: int | None = None
    on_breach: Literal["warn", "error"] | None = None

    def within(self, project: Budget) -> Budget:
        """This model's budget with the project's values where it has none of its own."""
        return Budget(
            project.max_usd if self.max_usd is None else self.max_usd,
            project.max_duration_ms if self.max_duration_ms is None else self.max_duration_ms,
            project.max_bytes_scanned if self.max_bytes_scanned is None else self.max_bytes_scanned,
            self.on_breach or project.on_breach,
        )


@dataclass(frozen=True)
class Figures:
    """Time, bytes and money of one run; each is None when unknown. ``usd`` is US dollars."""

    duration_ms: int | None = None
    bytes_scanned: int | None = None
    usd: float | None = None
    source: CostSource = CostSource.UNKNOWN


@dataclass(frozen=True)
class ModelCost:
    """One model on both sides; a side that did not run and was never recorded is None.

    ``copied`` is true for the copy set: head did not run it, so base's figures are what copying saved. ``new`` is true
    for a model that base does not have, which costs nothing there.
    """

    model: str
    base: Figures | None
    head: Figures | None
    copied: bool = False
    new: bool = False

    @property
    def delta_usd(self) -> float | None:
        """Head minus base in US dollars, None when either is unknown."""
        if self.new and self.head is not None:
            return self.head.usd
        if self.copied or self.base is None or self.head is None:
            return None
        if self.base.usd is None or self.head.usd is None:
            return None
        return self.head.usd - self.base.usd


@dataclass(frozen=True)
class BudgetBreach:
    """A limit that the observed figure exceeds; ``model`` is None for the project's own budget."""

    limit_type: Literal["max_usd", "max_duration_ms", "max_bytes_scanned"]
    limit: float
    actual: float
    on_breach: Literal["warn", "error"] = "warn"
    model: str | None = None


@dataclass(frozen=True)
class CostDelta:
    """Per model and in total. A total is the sum of what is known; ``unknown`` names the models it leaves out.

    ``delta_usd`` sums only models with both sides known. ``base_run_id`` names the recorded run that base's figures
    come from, where they were not measured in this preview. ``head_duration_ms`` adds up head's models, and is what
    ``max_duration_ms`` of the project's budget is held against: the wall clock of a preview is not that of a run.
    """

    models: tuple[ModelCost, ...] = ()
    base_usd: float | None = None
    head_usd: float | None = None
    delta_usd: float | None = None
    savings_usd: float | None = None
    head_bytes_scanned: int | None = None
    head_duration_ms: int | None = None
    unknown: tuple[str, ...] = ()
    breaches: tuple[BudgetBreach, ...] = ()
    base_run_id: str | None = None
    preview_duration_ms: int | None = None
