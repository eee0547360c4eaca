"""How many examples a property is tried on: a seventh of what is written on every change, twice in a night."""

from __future__ import annotations

import os

_SHARE = {"house": 0.15, "thorough": 2.0}[os.environ.get("HYPOTHESIS_PROFILE", "house")]


def examples(number: int) -> int:
    """The number for the profile that is in use."""
    return max(1, round(number * _SHARE))
