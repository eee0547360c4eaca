"""One input as somebody gave it: its text, where it came from, and what that place calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rocky_action.domain.options import ProjectFile
from rocky_action.settings.described import Input

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Given:
    """A value as text, where it came from, and what to call it in a message."""

    text: str = field(repr=False)
    origin: str
    label: str


def given_as(known: Input, values: Mapping[str, str], *, project_file: ProjectFile, origin: str) -> Given:
    """The text that counts: what was given, else what the project's file says, else the default."""
    label = known.flag if origin == COMMAND_LINE and known.flag else known.name
    if values.get(known.name, "").strip():
        return Given(values[known.name], f"{origin} {label}", label)
    if known.name in project_file.inputs:
        place = f"{project_file.path}, line {project_file.lines.get(known.name, 1)}"
        return Given(project_file.inputs[known.name], place, f"{place}: {known.name}")
    return Given(known.default, "default", label)
