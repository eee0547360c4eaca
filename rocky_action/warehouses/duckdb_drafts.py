"""A database file that is there whole or not at all, and what killed runs have left of such files and of spilling."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from rocky_action.errors import WarehouseError
from rocky_action.warehouses.duckdb_statements import translated

_DRAFT = ".rocky-preview-seed-"
_SPILL = "rocky-preview-"
_LEFT_BEHIND = re.compile(rf"{re.escape(_DRAFT)}\w+|{re.escape(_SPILL)}\d+")
_SECONDS = 86_400.0
"""What nobody has touched for a day is nobody's: while it is filled it is written to all the time."""


def spill_folder() -> Path:
    """Where this process spills to: beside the database would write where only reading was asked for."""
    return Path(tempfile.gettempdir()) / f"{_SPILL}{os.getpid()}"


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """An empty database that takes its place at ``path`` when all went well, and leaves nothing behind otherwise.

    It has its own folder and its final name, because DuckDB calls the catalog after the file and seeds may use that.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=path.parent))
    except OSError as err:
        raise WarehouseError(f"{path} cannot be created: {err.strerror}", advice="Check `path` in rocky.toml.") from err
    try:
        draft = folder / path.name
        with translated("a new database"):
            duckdb.connect(str(draft)).close()
        yield draft
        if not path.exists():  # another run may have been faster, and may have it open
            draft.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(*folders: Path) -> None:
    """Removes what runs have left in these folders that were killed, as far as it may be removed."""
    for folder in folders:
        with suppress(OSError):
            for left in [one for one in folder.iterdir() if _LEFT_BEHIND.fullmatch(one.name)]:
                if left.is_dir() and not left.is_symlink() and _touched(left) < time.time() - _SECONDS:
                    shutil.rmtree(left, ignore_errors=True)


def _touched(folder: Path) -> float:
    """When something was last written there, in seconds since 1970."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
