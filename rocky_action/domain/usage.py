"""What statements took, as their warehouse says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Usage:
    """What the warehouse says a run took. None means that it does not say; it is never 0 for unknown.

    ``bytes_billed`` and ``slot_ms`` are BigQuery's, ``credits`` Snowflake's.
    """

    duration_ms: int | None = None
    rows: int | None = None
    bytes_scanned: int | None = None
    bytes_billed: int | None = None
    slot_ms: int | None = None
    credits: float | None = None

    def plus(self, other: Usage) -> Usage:
        """The usage of two statements together; unknown plus anything is unknown."""
        return Usage(
            _sum(self.duration_ms, other.duration_ms),
            _sum(self.rows, other.rows),
            _sum(self.bytes_scanned, other.bytes_scanned),
            _sum(self.bytes_billed, other.bytes_billed),
            _sum(self.slot_ms, other.slot_ms),
            _sum(self.credits, other.credits),
        )

    def since(self, earlier: Usage) -> Usage:
        """What came after an earlier reading of the same meter; unknown less anything is unknown."""
        return Usage(
            _difference(self.duration_ms, earlier.duration_ms),
            _difference(self.rows, earlier.rows),
            _difference(self.bytes_scanned, earlier.bytes_scanned),
            _difference(self.bytes_billed, earlier.bytes_billed),
            _difference(self.slot_ms, earlier.slot_ms),
            _difference(self.credits, earlier.credits),
        )


NO_USAGE = Usage(0, 0, 0, 0, 0, 0.0)
"""What no statement at all took: where sums begin."""

_Number = TypeVar("_Number", int, float)


def _difference(now: _Number | None, then: _Number | None) -> _Number | None:
    return None if now is None or then is None else now - then


def _sum(left: _Number | None, right: _Number | None) -> _Number | None:
    return None if left is None or right is None else left + right
