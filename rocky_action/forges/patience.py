"""How much one run may ask of GitHub: seconds and requests, for everything it does there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 90.0
"""Enough to sit out one secondary limit, which is a minute."""

REQUESTS = 12


class _Left:
    """Requests that may still be made, by all budgets of one run together."""

    def __init__(self, requests: int) -> None:
        self.requests = requests


class Patience:
    """The budget of a run. ``seconds`` are those spent waiting for GitHub, whether for an answer or before a try.

    What the run does in between, such as building models, takes nothing away.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        *,
        requests: int = REQUESTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._seconds = seconds
        self._left = _Left(requests)
        self._sleep = sleep
        self.clock = clock

    def for_another(self, seconds: float) -> Patience:
        """Seconds of its own, by the same clock; its requests are this one's too."""
        other = Patience(seconds, sleep=self._sleep, clock=self.clock)
        other._left = self._left
        return other

    @property
    def seconds_left(self) -> float:
        """Never negative."""
        return max(0.0, self._seconds)

    @property
    def is_used_up(self) -> bool:
        """True once nothing more may be asked."""
        return self._seconds <= 0 or self._left.requests <= 0

    def wait(self, seconds: float) -> bool:
        """Waits, unless that is longer than what is left; then it returns False at once."""
        if seconds > self._seconds:
            return False
        self._seconds -= seconds
        self._sleep(seconds)
        return True

    @contextmanager
    def asking(self) -> Iterator[float]:
        """One request: counts it and its time, and says when it began. A clock that was set back gives nothing."""
        started = self.clock()
        self._left.requests -= 1
        try:
            yield started
        finally:
            self._seconds -= max(0.0, self.clock() - started)

    def allow_another(self) -> None:
        """One request more, for a list that has another page: nobody knows beforehand how long a list is."""
        self._left.requests += 1
