"""What each command does: settings from the command line, one or more stages, something printed, an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Command = Callable[[argparse.Namespace], int]


def command_called(name: str) -> Command:
    """The function of a command; what it needs is imported now, and plan and compare wait for nothing else."""
    if name == "plan":
        from rocky_action.commands.planning import plan

        return plan
    if name == "compare":
        from rocky_action.commands.comparison import compare

        return compare
    if name == "record":
        from rocky_action.commands.recording import record

        return record
    from rocky_action.commands.previews import COMMANDS

    return COMMANDS[name]
