"""The gate: how bad a verdict must be for the run to end with exit code 1."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # settings are read before anything else is known, and must not pay for the whole report
    from rocky_action.domain.report import Verdict


class FailOn(StrEnum):
    """The best verdict that still fails; the words are the verdicts' own, and ``never`` lets all of them pass."""

    NEVER = "never"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    CHANGED = "changed"

    def fails(self, verdict: Verdict) -> bool:
        """True when the verdict is as bad as this, or worse.

        What nobody could check fails no gate: whoever opened such a pull request has no way to mend it.
        """
        if self is FailOn.NEVER or verdict.value == "not_checked":
            return False
        return verdict.rank >= type(verdict)(self.value).rank
