"""Production's own runs, as far as a preview needs to know them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rocky_action.domain.usage import Usage


@dataclass(frozen=True)
class BuiltModel:
    """One model of a production run: what it took, its fingerprint and its strategy; None is what nobody knows."""

    model: str
    usage: Usage
    sql_hash: str | None = None
    method: str | None = None


@dataclass(frozen=True)
class ProductionRun:
    """A run of production at a commit, and the models that it built. ``finished_at`` is a point in time."""

    run_id: str
    commit: str
    finished_at: datetime
    models: tuple[BuiltModel, ...]


@dataclass(frozen=True)
class ObservedRuns:
    """How often production ran of late: ``runs`` of them, and ``days`` from the end of the first to that of the last.

    So that many days have one interval less than runs.
    """

    runs: int
    days: float

    @property
    def per_day(self) -> float:
        """Runs a day, by the mean interval between two."""
        return (self.runs - 1) / self.days
