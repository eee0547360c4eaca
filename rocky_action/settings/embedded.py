"""Inputs of an embedded database: what it may take of this machine. None of them is read from the project's file.

A pull request could change that file, and with it what its own models may reach.
"""

from __future__ import annotations

from rocky_action.settings.described import Input

EMBEDDED: tuple[Input, ...] = (
    Input(
        "memory_limit",
        "Memory that an embedded database may use, such as 2GB or 512MiB.",
        flag="--memory-limit",
        metavar="SIZE",
        unset="the database's own",
    ),
    Input(
        "duckdb_extensions",
        "Extensions of DuckDB's own that models need, such as spatial; no other is loaded. In the action: one per line,"
        " or on one line with commas; on the command line: repeat the option.",
        flag="--duckdb-extensions",
        metavar="NAME",
        unset="none",
        repeatable=True,
    ),
    Input(
        "duckdb_files",
        "Files, folders and beginnings of addresses that models on DuckDB may read; all others are closed to them. In"
        " the action: one per line, or on one line with commas; on the command line: repeat the option.",
        flag="--duckdb-files",
        metavar="PATH",
        unset="none",
        repeatable=True,
    ),
)
