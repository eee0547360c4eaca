"""Text that somebody else wrote, made fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

# GitHub's runner compares by the rules of a language, for which invisible characters do not count; so neither do they
# here.
_COMMAND = re.compile(r"^(?=[^\x21-\x7e\n]*:[^\x20-\x7e\n]*:)", re.MULTILINE)
OLD_COMMAND = re.compile(r"(#[^\x20-\x7e\n]*#[^\x20-\x7e\n]*)\[")
"""``##[`` begins a workflow command of the old kind anywhere in a line; the group is all of it but the bracket."""
_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """The text with those characters written out that a terminal acts on, or that change the direction of a line."""
    return _ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", text.replace("\r\n", "\n"))


def plain(text: str) -> str:
    """The text for a log, so that no line of it is a workflow command and no character of it acts on a terminal."""
    return _COMMAND.sub("| ", OLD_COMMAND.sub(r"\1 [", escaped(text)))


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
