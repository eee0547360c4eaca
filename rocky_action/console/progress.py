"""Progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rocky_action.domain.text import printable


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A listener for the pipeline: a spinner on a terminal, plain lines elsewhere, silence if that was asked for."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        with _spinner() as show:
            yield show
    else:
        yield _line


@contextmanager
def _spinner() -> Iterator[Callable[[str], None]]:
    from rich.console import Console  # noqa: PLC0415  only a spinner needs it
    from rich.markup import escape  # noqa: PLC0415  as above

    with Console(stderr=True).status("starting") as status:
        yield lambda message: status.update(escape(printable(message)))


def _line(message: str) -> None:
    sys.stderr.write(f"rocky-preview: {printable(message)}\n")


def _nothing(message: str) -> None:
    del message
