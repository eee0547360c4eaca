"""Windows of time_interval models: which partitions a run rebuilds, and how they get into the SQL.

See docs/rocky-format.md, 3.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from rocky_action.domain.project import Granularity, TimeInterval

_PLACEHOLDER = re.compile(r"'@(start_date|end_date)'|@(start_date|end_date)\b")
_FORMATS: dict[Granularity, str] = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


@dataclass(frozen=True)
class Window:
    """Half open: ``start`` is in, ``end`` is not. Both are naive and mean UTC."""

    start: datetime
    end: datetime


EMPTY_WINDOW = Window(datetime(1900, 1, 1), datetime(1900, 1, 1))  # noqa: DTZ001  a partition boundary has no zone
"""What Rocky fills in to create an empty table: 1900-01-01 for both ends."""


def bind(sql: str, window: Window) -> str:
    """The SQL with both placeholders, quoted or bare, replaced by timestamp literals."""
    ends = {"start_date": window.start, "end_date": window.end}
    return _PLACEHOLDER.sub(lambda match: f"'{ends[match[1] or match[2]]:%Y-%m-%d %H:%M:%S}'", sql)


def partition_of(moment: datetime, granularity: Granularity) -> Window:
    """The partition a moment falls into."""
    start = moment.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    if granularity != "hour":
        start = start.replace(hour=0)
    if granularity in ("month", "year"):
        start = start.replace(day=1)
    if granularity == "year":
        start = start.replace(month=1)
    return Window(start, _next(start, granularity))


def label(window: Window, granularity: Granularity) -> str:
    """A partition's key as Rocky spells it."""
    return window.start.strftime(_FORMATS[granularity])


def latest_windows(strategy: TimeInterval, now: datetime, *, newest: datetime | None) -> tuple[Window, ...]:
    """What a run rebuilds: the current partition with its lookback, and the newest one that base holds, if another.

    Rocky runs the current partition only. A preview of older data would then look at nothing, so base's newest
    partition is rebuilt as well; each window is one partition, oldest first.
    """
    windows = {*_with_lookback(strategy, now)}
    if newest is not None:
        windows |= {*_with_lookback(strategy, newest)}
    return tuple(sorted(windows, key=lambda window: window.start))


def whole_window(strategy: TimeInterval, now: datetime) -> Window:
    """Everything from the first partition to the current one, as a table in production has it by now."""
    start = EMPTY_WINDOW.start
    if strategy.first_partition is not None:
        start = datetime.strptime(strategy.first_partition, _FORMATS[strategy.granularity])  # noqa: DTZ007  see above
    return Window(start, partition_of(now, strategy.granularity).end)


def _with_lookback(strategy: TimeInterval, moment: datetime) -> list[Window]:
    windows = [partition_of(moment, strategy.granularity)]
    for _ in range(strategy.lookback):
        windows.append(partition_of(windows[-1].start - timedelta(seconds=1), strategy.granularity))
    return windows


def _next(start: datetime, granularity: Granularity) -> datetime:
    if granularity == "hour":
        return start + timedelta(hours=1)
    if granularity == "day":
        return start + timedelta(days=1)
    if granularity == "year" or start.month == 12:
        return start.replace(year=start.year + 1, month=1)
    return start.replace(month=start.month + 1)
