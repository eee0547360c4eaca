"""What everything that went through one connection took so far, added up as it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rocky_action.domain.usage import NO_USAGE, Usage

_NS_PER_MS = 1_000_000


class Meter:
    """Safe to use from several threads. Statements that ran at the same time count each for itself."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._told = NO_USAGE
        self._clocked_ns: int | None = None

    def add(self, usage: Usage) -> None:
        """Counts what a statement took, as the warehouse says."""
        with self._door:
            self._told = self._told.plus(usage)

    @contextmanager
    def clocked(self) -> Iterator[Callable[[], None]]:
        """Counts the time that a statement takes by our own clock, whatever becomes of it; all else is unknown.

        To be called as long as the statement only waits to be run: that time does not count.
        """
        started = time.monotonic_ns()

        def waits() -> None:
            nonlocal started
            started = time.monotonic_ns()

        try:
            yield waits
        finally:
            with self._door:
                self._clocked_ns = (self._clocked_ns or 0) + time.monotonic_ns() - started

    def spent(self) -> Usage:
        """All of it together; parts of a millisecond are rounded once, in the sum."""
        with self._door:
            if self._clocked_ns is None:
                return self._told
            return self._told.plus(Usage(round(self._clocked_ns / _NS_PER_MS)))
