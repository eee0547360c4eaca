"""Inputs about what the comment remembers."""

from __future__ import annotations

from rocky_action.settings.described import Input

SHORTEST_KEY = 16

MEMORY_INPUTS = (
    Input(
        "history",
        "Whether the comment says what has changed since the last preview. For that it keeps a hidden digest, and the"
        " models that ran are read once more.",
        default="true",
        choices=("true", "false"),
    ),
    Input(
        "history_key",
        "Secret of at least 16 characters that seals the digest. Without one, data whose values are not shown are"
        " compared with the last preview by their counts alone.",
        unset="none",
    ),
)
