"""DuckDB locked down: what it runs is a stranger's SQL, in a process that has this machine's files and its secrets.

Before anything of a project is run, the database is closed to files, to the network and to extensions, and its
configuration is locked, so that no statement can open it again. What a project needs beside that is said by whoever
starts the preview, and by nothing that a pull request could change.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rocky_action.errors import ProjectError, WarehouseError
from rocky_action.sql.quoting import quote, text_literal

Config = dict[str, str | bool | int | float | list[str]]

_DIALECT = "duckdb"
CLOSED: Config = {
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,  # those of whoever's home folder this is
    "allow_unsigned_extensions": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # or a name that is no table's could be one of our own variables
}
"""What a database is opened with; all but the first few statements of ours find it locked."""
HELD: Config = {name: CLOSED[name] for name in ("allow_community_extensions", "python_enable_replacements")}
"""What a connection to MotherDuck is opened with; its extension is fetched then, and may keep secrets of its own."""
_STILL_SET = ("enable_profiling", "profiling_coverage")
"""What may still be changed: how a statement is measured. Where the measurements would be written is not among it."""
_SMALLEST_SPILL = 64 * 2**20
_ADDRESS = re.compile(r"\w+://")
_SEED_ADVICE = "A seed makes tables, and fills them from files of this project."
_REFUSED_IN_SEEDS = frozenset({"ATTACH", "DETACH", "EXPORT", "LOAD"})
_COPIES_WITHIN = re.compile(r"\(\s*COPY\b", re.IGNORECASE)
"""A CTE may be a COPY, whatever kind of statement it is part of."""
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Allowed:
    """What a locked database may still do: load these extensions, and read these files, folders and addresses."""

    extensions: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def also(self, places: Iterable[Path]) -> Allowed:
        """With more files and folders to read."""
        return Allowed(self.extensions, (*self.places, *map(str, places)))


def lock(connection: duckdb.DuckDBPyConnection, allowed: Allowed) -> None:
    """Closes the database for the rest of its life; what is attached to it stays open. Raises WarehouseError.

    Links are followed by DuckDB before it decides, so one that leads out of a folder leads nowhere. Its temporary
    folder gets half of the free disk at most. A file that this process has open already is locked: as whoever was first
    has asked.
    """
    if _is_locked(connection):
        return
    for name in allowed.extensions:
        _load(connection, name)
    files, folders = _sorted(allowed.places)
    spill = max(shutil.disk_usage(tempfile.gettempdir()).free // 2, _SMALLEST_SPILL)
    for name, value in (
        ("max_temp_directory_size", text_literal(f"{spill}B", _DIALECT)),
        ("allowed_paths", _listed(files)),
        ("allowed_directories", _listed(folders)),
        ("allowed_configs", _listed(_STILL_SET)),
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
    ):
        connection.execute(f"SET {name} = {value}")


def lock_session(connection: duckdb.DuckDBPyConnection) -> None:
    """Locks a session with MotherDuck as far as it still works: no more extensions, and its settings as they are."""
    if _is_locked(connection):
        return
    for name, value in (
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("lock_configuration", "true"),
    ):
        connection.execute(f"SET {name} = {value}")


def _is_locked(connection: duckdb.DuckDBPyConnection) -> bool:
    return connection.execute("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]


def check_seed(connection: duckdb.DuckDBPyConnection, script: str) -> None:
    """Raises ProjectError for a seed that would reach for another database, for code, or write a file."""
    for statement in connection.extract_statements(script):
        if (what := _refused(statement)) is not None:
            raise ProjectError(
                f"a seed is refused: it contains {what}: {' '.join(statement.query.split())[:120]}",
                advice=f"{_SEED_ADVICE} Extensions are listed in the input duckdb_extensions.",
            )


def _refused(statement: duckdb.Statement) -> str | None:
    try:
        kind = statement.type.name
    except ValueError:  # one that DuckDB's own client does not know yet
        return "a statement that is not known here"
    if kind in _REFUSED_IN_SEEDS:
        return f"{'an' if kind[0] in 'AE' else 'a'} {kind} statement"
    plain = _QUOTED.sub(" ", statement.query)
    if (kind == "COPY" or _COPIES_WITHIN.search(plain)) and re.search(r"\bTO\b", plain, re.IGNORECASE):
        return "a COPY to a file"
    return None


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Loads an extension of DuckDB's own repository, and fetches it first where it is not here yet."""
    named = quote(name, _DIALECT)
    try:
        connection.execute(f"LOAD {named}")
    except duckdb.Error:
        try:
            connection.execute(f"INSTALL {named}")
            connection.execute(f"LOAD {named}")
        except duckdb.Error as err:
            raise WarehouseError(
                f"DuckDB's extension {name} cannot be loaded: {str(err).strip().splitlines()[0]}",
                advice="Check the input duckdb_extensions; it takes extensions of DuckDB's own, and this machine must"
                " reach extensions.duckdb.org where one is not installed yet.",
            ) from err


def _sorted(places: Iterable[str]) -> tuple[list[str], list[str]]:
    """Files, and folders or beginnings of addresses; a place that is not there is a folder in the making."""
    files: list[str] = []
    folders: list[str] = []
    for place in places:
        if _ADDRESS.match(place):
            folders.append(place)
        elif (path := Path(place).resolve()).is_file():
            files.append(str(path))
        else:
            folders.append(os.path.join(path, ""))  # noqa: PTH118  a Path would lose the slash at the end
    return files, folders


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(text_literal(text, _DIALECT) for text in texts)}]"


def allowed_by(extensions: tuple[str, ...], files: Iterable[str], *, folder: Path) -> Allowed:
    """What whoever starts the preview allows. Raises ProjectError for what a pull request could turn into another.

    A place relative to ``folder`` is what the pull request has there, and that may be a link by now, to anywhere.
    """
    places = []
    for place in files:
        path = folder / place
        if _ADDRESS.match(place):
            places.append(place)
            continue
        if not Path(place).is_absolute() and path.resolve() != Path(os.path.normpath(folder.resolve() / place)):
            raise ProjectError(f"duckdb_files: {place} is a link, or lies behind one", advice="Name what it leads to.")
        if (path / ".git").exists() or ".git" in path.parts:
            raise ProjectError(
                f"duckdb_files: {place} holds a git repository, and with it what git logs in with",
                advice="Name a folder inside of it.",
            )
        places.append(str(path))
    return Allowed(extensions, tuple(places))
