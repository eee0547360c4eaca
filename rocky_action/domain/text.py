"""Text that somebody else wrote, made fit to be shown."""

from __future__ import annotations

from collections.abc import Iterable


def printable(text: str, *, keep: str = "") -> str:
    """The text with every character escaped that a terminal would act on, but for those in ``keep``."""
    return "".join(char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text)


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first few of some names, and how many more there are."""
    found = list(names)
    shown = ", ".join(found[:most])
    return shown if len(found) <= most else f"{shown} and {len(found) - most} more"


def named(names: Iterable[str], most: int = 3) -> str:
    """The first few of some models or columns, each marked as a name, and how many more there are."""
    return listed((f"`{name}`" for name in names), most)


def with_advice(message: str, advice: str) -> str:
    """What happened, and what to do about it, as one text."""
    return f"{message.rstrip('.')}. {advice}" if advice else message
