"""``record``: what Rocky printed about a run of production, stored among the run records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rocky_action.commands.calls import called
from rocky_action.recording import read_printed, record_run


def record(namespace: argparse.Namespace) -> int:
    """Store a run of production; what of it is not stored is told by name."""
    with called(namespace, Path.cwd()) as call:
        printed = read_printed(sys.stdin.buffer if namespace.file == "-" else call.place.folder / namespace.file)
        recorded = record_run(call.settings, call.place, printed=printed, commit=namespace.commit)
    sys.stdout.write(f"{recorded.told}\n")
    return 0
