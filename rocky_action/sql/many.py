"""What many queries name, found out on all cores: a project-wide change has every model read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

_WORTH_IT = 1_000
"""Queries that take as long to read as other processes take to start."""
_MOST_PROCESSES = 8

Work = TypeVar("Work")
Found = TypeVar("Found")


def side_by_side(find: Callable[[Work], Found], given: Sequence[Work]) -> Iterator[tuple[Work, Found]]:
    """Each with what was found for it; as far as they are few, or other processes cannot be had, none at all.

    What is missing is left to whoever asks for it, one after the other.
    """
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if len(given) < _WORTH_IT or processes < 2:
        return
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            yield from zip(given, pool.map(find, given, chunksize=50), strict=True)
    except (BrokenExecutor, OSError):  # no shared memory, or no way to start this program again
        return
