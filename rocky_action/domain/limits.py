"""What a pull request's cost is held against: Rocky's budgets and our gates, and what came of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

OnBreach = Literal["warn", "error"]


@dataclass(frozen=True)
class Budget:
    """Rocky's ``[budget]``: a limit is breached when the observation is strictly greater; None means no limit."""

    max_usd: float | None = None
    max_duration_ms: int | None = None
    max_bytes_scanned: int | None = None
    on_breach: OnBreach | None = None

    def within(self, project: Budget) -> Budget:
        """This model's budget with the project's values where it has none of its own."""
        return Budget(
            project.max_usd if self.max_usd is None else self.max_usd,
            project.max_duration_ms if self.max_duration_ms is None else self.max_duration_ms,
            project.max_bytes_scanned if self.max_bytes_scanned is None else self.max_bytes_scanned,
            self.on_breach or project.on_breach,
        )


LimitType = Literal["max_usd", "max_duration_ms", "max_bytes_scanned"]


class Blame(StrEnum):
    """Whether a limit was exceeded before this pull request; ``unknown`` where base's figure is."""

    CHANGE = "change"
    BASE = "base"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Most:
    """The model with the largest part in a figure, in that figure's measure.

    ``added`` is false where nothing is known to be added: then it is the part in all that head takes.
    """

    model: str
    amount: float
    added: bool = True


@dataclass(frozen=True)
class BudgetBreach:
    """A limit that the observed figure exceeds; ``model`` is None for the project's own budget.

    ``before`` is base's figure, None when it is unknown. ``path`` is the file that sets the limit, for a model
    rocky.toml where the limit is inherited.
    """

    limit_type: LimitType
    limit: float
    actual: float
    on_breach: OnBreach = "warn"
    model: str | None = None
    blame: Blame = Blame.CHANGE
    before: float | None = None
    path: str = "rocky.toml"
    most: Most | None = None

    @property
    def fails(self) -> bool:
        """Whether it may fail a pull request: only what base is known not to have breached already."""
        return self.on_breach == "error" and self.blame is Blame.CHANGE

    @property
    def matters(self) -> bool:
        """Whether a decision depends on it: not on what base exceeds by as much already."""
        return not (self.blame is Blame.BASE and self.before is not None and self.actual <= self.before)


@dataclass(frozen=True)
class Lifted:
    """A limit that head's figure would exceed, had the pull request not raised it, removed it or made it only warn.

    ``limit`` is head's, None if there is none any more.
    """

    former: BudgetBreach
    limit: float | None = None


class Measure(StrEnum):
    """What a gate bounds: US dollars, per cent of what base costs, bytes scanned, seconds."""

    USD = "usd"
    PERCENT = "percent"
    BYTES = "bytes"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Gate:
    """The most that a pull request may add to what its models take, per run or per month.

    ``origin`` is where a person set it, in words.
    """

    measure: Measure
    limit: float
    per_month: bool = False
    origin: str = "the gate's input"

    @property
    def name(self) -> str:
        """What it is called where it is set."""
        return f"{self.measure.value}_per_month" if self.per_month else self.measure.value


@dataclass(frozen=True)
class GateBreach:
    """A gate and what the pull request adds, in the gate's measure; of a range per month its lower end.

    ``highest`` is the upper end, the same where there is no range. ``unknown`` are models that are not in it.
    """

    gate: Gate
    actual: float
    highest: float | None = None
    unknown: tuple[str, ...] = ()
    most: Most | None = None


@dataclass(frozen=True)
class Undecided:
    """A gate of which nobody can say that it holds, and why: ``because`` is a sentence without its full stop.

    ``known`` is what the pull request adds by what is known, in the gate's measure.
    """

    gate: Gate
    because: str
    known: float | None = None
