"""What an input is: its name, its option, its default, and what is said of it where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What the action does in this step; on the command line a sub-command says it."""

    PREVIEW = "preview"
    CLEANUP = "cleanup"
    COMMENT = "comment"
    RECORD = "record"


@dataclass(frozen=True)
class Input:
    """One input. ``flag`` is its option, None where only the action has it; ``repeatable`` holds one value per line.

    ``unset`` says in words what happens without a value, where ``default`` cannot.
    """

    name: str
    description: str
    default: str = ""
    flag: str | None = None
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    unset: str = ""
    repeatable: bool = False

    @property
    def otherwise(self) -> str:
        """What is done without a value, as Markdown."""
        return self.unset or f"`{self.default}`"

    @property
    def help(self) -> str:
        """What the command line tells, where the choices are shown beside it."""
        return f"{self.description} Default: {self.otherwise}."

    @property
    def explanation(self) -> str:
        """What a table tells, where the default has a column of its own."""
        choices = f" One of: {', '.join(f'`{choice}`' for choice in self.choices)}." if self.choices else ""
        return self.description + choices

    @property
    def metadata(self) -> str:
        """What ``action.yml`` tells, where nothing stands beside it."""
        return f"{self.explanation} Default: {self.otherwise}."
