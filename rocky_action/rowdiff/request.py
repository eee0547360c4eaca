"""What is asked of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from rocky_action.domain.options import Algorithm, Budget, ModelOptions, SampleOrder

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
    """

    model: str
    candidates: tuple[KeyCandidate, ...] = ()
    options: ModelOptions = ModelOptions()
    algorithm: Algorithm = Algorithm.AUTO
    sample_size: int = 1000
    max_samples: int = 5
    sample_order: SampleOrder = SampleOrder.RANDOM
    budget: Budget = Budget()
    few_rows: int = 100_000
    sampled_because: str | None = None

    @property
    def whole_rows(self) -> bool:
        """True when rows are to be compared without a key."""
        return self.options.key == ()
