"""What is asked of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rocky_action.domain.diff import NAMED
from rocky_action.domain.options import Algorithm, Allowance, ModelOptions, SampleOrder

INFERRED = "inferred"


@dataclass(frozen=True)
class KeyCandidate:
    """Columns that may identify a row, and who says so; they are trusted only once both sides prove it."""

    columns: tuple[str, ...]
    origin: str

    @property
    def is_declared(self) -> bool:
        """True when somebody says so: a person, a test or a constraint, and not only the look of the data."""
        return self.origin != INFERRED


@dataclass(frozen=True)
class DiffRequest:
    """How two relations are to be compared. ``candidates`` are in order of preference.

    ``sampled_because`` is why no more than a sample may be compared, whatever ``algorithm`` says.
    ``few_rows`` are rows of a side up to which it is as fast to compare everything as to ask first what can differ.
    ``masks`` says why columns are masked that ``options`` does not name, by their names in lower case.
    ``timeout`` is in seconds, for each statement that reads rows: unlike the budget's, no sample is taken after it.
    """

    model: str
    candidates: tuple[KeyCandidate, ...] = ()
    options: ModelOptions = ModelOptions()
    algorithm: Algorithm = Algorithm.AUTO
    sample_size: int = 1000
    max_samples: int = 5
    sample_order: SampleOrder = SampleOrder.RANDOM
    allowance: Allowance = Allowance()
    few_rows: int = 100_000
    sampled_because: str | None = None
    masks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    timeout: float | None = None

    @property
    def masked(self) -> Mapping[str, str]:
        """Why values of a column are not shown, by its name in lower case."""
        return {**dict.fromkeys(map(str.lower, self.options.mask_columns), NAMED), **self.masks}

    @property
    def patience(self) -> float | None:
        """Seconds for a statement that no sample can take the place of."""
        allowed = self.allowance.seconds if self.algorithm is Algorithm.AUTO else None
        return min((seconds for seconds in (self.timeout, allowed) if seconds is not None), default=None)

    @property
    def whole_rows(self) -> bool:
        """True when rows are to be compared without a key."""
        return self.options.key == ()
