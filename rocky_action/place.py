"""Where and when a command runs, and what `rocky-preview.yml` says there; loads nothing else of a project."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rocky_action.domain.options import ProjectFile
from rocky_action.errors import InputError
from rocky_action.secrecy import secrets_of
from rocky_action.settings import Settings

PROJECT_FILE = "rocky-preview.yml"


def _unmasked(secret: str) -> None:
    del secret  # a person's terminal masks nothing


@dataclass(frozen=True)
class Place:
    """Where and when a command runs: the folder it was started in, the environment, the time (UTC), a listener.

    ``private`` is False where everybody may read what is published, or nobody knows. ``mask`` keeps a secret out of the
    log of a job.
    """

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    now: datetime
    progress: Callable[[str], None]
    server_url: str = "https://github.com"
    run_url: str | None = None
    private: bool = True
    mask: Callable[[str], None] = _unmasked

    def mask_all(self, settings: Mapping[str, str]) -> None:
        """Keeps out of the log what an adapter's settings hold that is secret, whatever variable it came from."""
        for secret in secrets_of(settings):
            self.mask(secret)


def read_project_file(folder: Path, config: str) -> ProjectFile:
    """``rocky-preview.yml`` beside rocky.toml, empty if there is none. Raises InputError."""
    path = folder / posixpath.dirname(config) / PROJECT_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ProjectFile(PROJECT_FILE)
    except OSError as err:
        raise InputError(f"{path} cannot be read: {err.strerror}", advice="Check its permissions.") from err
    from rocky_action.project_file import load_project_file  # noqa: PLC0415  YAML is only imported where there is some

    return load_project_file(text, PROJECT_FILE)


def project_folder(settings: Settings, place: Place) -> Path:
    """The folder that holds rocky.toml."""
    return place.folder / posixpath.dirname(settings.config)
