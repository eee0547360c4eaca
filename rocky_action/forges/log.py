"""Both streams of a job, on which nobody but the runner's own ``Runner`` can print a workflow command.

Drivers, warnings, tracebacks and argument parsers print without asking, and quote names and values while they do.
"""

from __future__ import annotations

import atexit
import io
import sys
from threading import RLock
from typing import TextIO

from rocky_action.domain.text import plain


class PlainLines(io.TextIOBase):
    """A stream that hands on whole lines only, each of them made plain: what is a command shows in the whole line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = ""
        self._lock = RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """The encoding of the stream beneath."""
        return self._stream.encoding

    def fileno(self) -> int:
        """The descriptor beneath, for whoever replaces it."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Prints the lines that are whole with this text, and keeps the rest."""
        with self._lock:
            whole, end, rest = text.rpartition("\n")
            if end:
                whole, self._begun = f"{self._begun}{whole}\n", ""
                self._stream.write(encodable(plain(whole)))
                self._stream.flush()
            self._begun += rest
        return len(text)

    def flush(self) -> None:
        """Nothing: a line is printed as soon as it is whole."""

    def finish(self) -> None:
        """Prints what nobody has ended."""
        if self._begun:
            self.write("\n")


def guard_streams() -> TextIO:
    """Puts both streams behind ``PlainLines`` for the rest of the process; returns standard output as it was."""
    raw = sys.stdout
    guarded = PlainLines(sys.stdout), PlainLines(sys.stderr)
    sys.stdout, sys.stderr = guarded
    for stream in guarded:
        atexit.register(stream.finish)
    return raw


def encodable(text: str) -> str:
    """The text without lone surrogates, which have no UTF-8."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
