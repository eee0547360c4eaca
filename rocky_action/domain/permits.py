"""What models may do besides reading tables and computing, as those say who answer for production."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Permits:
    """``functions`` may be called though nobody here knows what they do: names as they are called, in lower case.

    ``proposed`` are those that only head's project file has: they count once they are merged, or anybody's pull request
    could allow what it calls. With ``strict_sources`` only models and the sources that base knows may be read.
    """

    functions: frozenset[str] = frozenset()
    proposed: frozenset[str] = frozenset()
    strict_sources: bool = False

    @staticmethod
    def of(allowed: Iterable[str], *, proposed: Iterable[str] = (), strict: bool = False) -> Permits:
        """By names as they were given; what is allowed is not proposed any more."""
        functions = frozenset(name.lower() for name in allowed)
        return Permits(functions, frozenset(name.lower() for name in proposed) - functions, strict_sources=strict)
