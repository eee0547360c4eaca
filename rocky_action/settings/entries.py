"""Text that holds several values, and text as a message quotes it."""

from __future__ import annotations

import re


def entries(text: str, separator: str = ",") -> list[str]:
    """One entry per line; a text of one line is split at its commas."""
    parts = text.split("\n") if "\n" in text else re.split(separator, text)
    return [part.strip() for part in parts if part.strip()]


def shown(text: str) -> str:
    """In quotes, and not all of it if it is long."""
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
