"""What is asked of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from rocky_action.domain.options import Algorithm, ModelOptions


@dataclass(frozen=True)
class KeyCandidate:
    """Columns that may identify a row, and who says so; they are trusted only once both sides prove it."""

    columns: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class DiffRequest:
    """How two relations are to be compared. ``candidates`` are in order of preference."""

    model: str
    candidates: tuple[KeyCandidate, ...] = ()
    options: ModelOptions = ModelOptions()
    algorithm: Algorithm = Algorithm.AUTO
    sample_size: int = 1000
    max_samples: int = 5
