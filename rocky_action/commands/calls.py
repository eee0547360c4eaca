"""A command as it was called: its settings, its place, and progress on standard error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rocky_action.console.progress import progress
from rocky_action.place import Place, read_project_file
from rocky_action.settings import Settings, given, parse

if TYPE_CHECKING:
    from rocky_action.domain.options import PreviewOptions
    from rocky_action.study import World


@dataclass(frozen=True)
class Call:
    """One command: what was asked, and the world it is asked of."""

    settings: Settings
    place: Place
    as_json: bool

    def assembled(self) -> tuple[World, PreviewOptions]:
        """The world and the options of one preview."""
        from rocky_action.assembly import assemble  # two files are compared without any project

        return assemble(self.settings, self.place, pull_request=None)


@contextmanager
def called(namespace: argparse.Namespace, folder: Path, **fixed: str) -> Iterator[Call]:
    """A command as it was called in a folder; ``fixed`` are inputs that the command line does not decide."""
    values = {"github_token": os.environ.get("GITHUB_TOKEN", ""), **given(namespace), **fixed}
    settings = parse(values, project_file=read_project_file(folder, values.get("config", "rocky.toml")))
    if namespace.verbose:
        for name, origin in sorted(settings.origins.items()):
            if hasattr(namespace, name):
                sys.stderr.write(f"rocky-preview: {name}: {origin}\n")
    with progress(quiet=namespace.quiet) as listener:
        place = Place(folder, os.environ, datetime.now(UTC), listener)
        yield Call(settings, place, getattr(namespace, "output", "") == "json")
