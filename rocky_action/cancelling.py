"""What the process does when it is told to stop: it leaves in good order, so that nothing runs on in a warehouse."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import FrameType
from typing import Protocol

from rocky_action.errors import WarehouseError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_RECEIVED: list[int] = []
"""The signals that have come. What is raised for one can get lost: DuckDB makes an exception of its own of it."""
_OPEN: list[Callable[[], None]] = []
_DOOR = threading.Lock()


class _Closes(Protocol):
    def close(self) -> None:
        """Cancels what runs, on any thread; may be called more than once."""


def heed_signals() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt in the main thread; process 1 would ignore the second.

    Only the first does. GitHub sends one of each, seconds apart, and statements are being cancelled by then; a second
    SIGINT is a person who will not wait.
    """
    _RECEIVED.clear()
    _watch()
    for number in _SIGNALS:
        signal.signal(number, _stop)


def exit_code() -> int:
    """What a shell calls the end of a process by the first signal: 130 for SIGINT, 143 for SIGTERM."""
    return 128 + (_RECEIVED[0] if _RECEIVED else signal.SIGINT)


@contextmanager
def closing(opened: _Closes) -> Iterator[None]:
    """Closes something at the end, or as soon as a signal comes: the main thread may hear of that only much later.

    Python runs a handler between two of its own steps, and a driver may be in the middle of one for hours. After a
    signal it ends with KeyboardInterrupt, whatever was made of the one that the handler has raised.
    """
    _OPEN.append(opened.close)
    try:
        yield
    finally:
        with _DOOR:
            _OPEN.remove(opened.close)
            opened.close()
        if _RECEIVED:
            raise KeyboardInterrupt


@cache
def _watch() -> None:
    """A thread that learns of a signal while the main thread is busy elsewhere."""
    told, teller = os.pipe()
    os.set_blocking(teller, False)
    signal.set_wakeup_fd(teller, warn_on_full_buffer=False)
    threading.Thread(target=_close_when_told, args=(told,), daemon=True).start()


def _close_when_told(told: int) -> None:
    while number := os.read(told, 1):
        if number[0] in _SIGNALS:
            with _DOOR:  # the process must not end while this is in a driver
                for close in _OPEN:
                    with suppress(WarehouseError):  # the main thread closes it once more, and hears the same
                        close()


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    _RECEIVED.append(number)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    raise KeyboardInterrupt
