"""Which run a comment's text is of: a hidden line below the marker, so that a late report never covers a newer one's.

GitHub numbers a repository's runs in the order of their events, and a job that is run again keeps its run's number. So
the number tells which of two commits is the later one, and nothing about two runs of the same commit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BEGIN = "<!-- rocky-preview run:"
_LINE = re.compile(rf"{_BEGIN} ([0-9]{{1,20}}) ([0-9a-f]{{7,64}}) -->")
_LAST_HIDDEN = re.compile(r"\n(<!--(?:(?!-->).)*-->)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Stamp:
    """A workflow run's number, and the pull request's commit that it is about."""

    run: int
    commit: str

    def __str__(self) -> str:
        return f"{_BEGIN} {self.run} {self.commit} -->"

    def is_before(self, other: Stamp | None) -> bool:
        """Whether the other one is about a commit that came later."""
        return other is not None and other.commit != self.commit and other.run > self.run


def stamp_of(run: str | None, commit: str) -> Stamp | None:
    """The stamp of a run, None where it has no number, as outside of GitHub, or no commit."""
    return read_stamp(f"\n{_BEGIN} {run} {commit} -->")


def read_stamp(body: str) -> Stamp | None:
    """The stamp of a comment with a marker, None for one without."""
    found = _LINE.fullmatch(_second(body))
    return Stamp(int(found[1]), found[2]) if found else None


def stamped(body: str, stamp: Stamp | None) -> str:
    """A text that begins with a marker, with this stamp below it and no other."""
    marker, newline, rest = body.partition("\n")
    while rest.lstrip().startswith(_BEGIN):
        rest = rest.lstrip().partition("\n")[2]
    return f"{marker}\n{stamp}\n{rest}" if stamp else f"{marker}{newline}{rest}"


def last_hidden(body: str) -> str:
    """The HTML comment that a comment ends with, for who writes another text above it; empty if there is none."""
    found = _LAST_HIDDEN.search(stamped(body, None))
    return found[1] if found else ""


def without_last_hidden(body: str) -> str:
    """A comment's text without that."""
    hidden = last_hidden(body)
    return f"{body.rstrip().removesuffix(hidden).rstrip()}\n" if hidden else body


def _second(body: str) -> str:
    return body.partition("\n")[2].partition("\n")[0].strip()
