"""Text that somebody else wrote, made fit to be shown."""

from __future__ import annotations


def printable(text: str, *, keep: str = "") -> str:
    """The text with every character escaped that a terminal would act on, but for those in ``keep``."""
    return "".join(char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text)
