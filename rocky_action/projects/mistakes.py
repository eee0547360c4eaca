"""Everything that is wrong with a project's files, collected so that all of it is told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from rocky_action.errors import ProjectError


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing to correct. ``line`` is 0 where no line can be named."""

    path: str
    line: int
    message: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class Mistakes:
    """Mistakes, which stop the loading once all files are read, and warnings, which do not."""

    def __init__(self) -> None:
        self._mistakes: set[Mistake] = set()
        self._warnings: set[Mistake] = set()

    def note(self, path: str, message: str, *, line: int = 0, advice: str = "") -> None:
        """Notes something that must be corrected before the project can be loaded."""
        self._mistakes.add(Mistake(path, line, message, advice))

    def warn(self, path: str, message: str, *, line: int = 0) -> None:
        """Notes something that Rocky ignores silently and a person would want to know."""
        self._warnings.add(Mistake(path, line, message))

    def include(self, other: Mistakes) -> None:
        """Notes all that others are."""
        self._mistakes |= other._mistakes
        self._warnings |= other._warnings

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings by file and line."""
        return tuple(str(warning) for warning in sorted(self._warnings))

    @property
    def found(self) -> bool:
        """True if the project cannot be loaded."""
        return bool(self._mistakes)

    def error(self, label: str) -> ProjectError:
        """One error that lists every mistake; ``label`` says in which tree."""
        mistakes = sorted(self._mistakes)
        if len(mistakes) == 1:
            advice = mistakes[0].advice or "Correct the file and run again."
            return ProjectError(f"{mistakes[0]} (in {label})", advice=advice)
        listed = "\n".join(f"- {mistake}. {mistake.advice}".rstrip() for mistake in mistakes)
        return ProjectError(
            f"{len(mistakes)} mistakes in the project's files (in {label}):\n{listed}",
            advice="Correct all of them and run again.",
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice for a misspelt word: the likeliest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Known: {', '.join(names)}." if names else "There are none."
