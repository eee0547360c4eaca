"""`compare`: any two relations or files. Imports only the way of printing that was asked for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import assert_never

from rocky_action.commands.calls import called
from rocky_action.comparing import asked_of, compare_any
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.errors import OutsideError, UserError


def compare(namespace: argparse.Namespace) -> int:
    """Diff any two relations or files; the exit code says whether they differ."""
    asked = asked_of(namespace)
    with called(namespace, Path.cwd()) as call:
        found = compare_any(call.settings, call.place, asked=asked)
    match namespace.output:
        case "json":
            from rocky_action.wire.compare import compare_document
            from rocky_action.wire.document import to_json

            sys.stdout.write(to_json(compare_document(found)))
        case "markdown":
            from rocky_action.rendering import render_comparison

            sys.stdout.write(render_comparison(found, base=asked.base, head=asked.head))
        case _:
            from rocky_action.console.comparison import show_comparison

            show_comparison(found, base=asked.base, head=asked.head)
    return _exit_code(found)


def _exit_code(diff: ModelDiff) -> int:
    """0 when no difference was found, in all rows or in a sample; 1 when one was.

    What could not be compared is 2 where asking otherwise helps, and 3 where the warehouse refused.
    """
    match diff.coverage:
        case NotCompared(fixable=fixable):
            return UserError.exit_code if fixable else OutsideError.exit_code
        case Exhaustive() | Sampled():
            return int(not diff.is_empty)
        case _:
            assert_never(diff.coverage)
