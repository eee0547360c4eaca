"""One comparison by another tool, in a process and a virtual environment of its own, as its documentation says.

    build/bench/venvs/reladiff/bin/python benchmarks/_peer_once.py \
        '{"tool": "reladiff-join", "file": "data.duckdb", "base": "base", "head": "p01", "key": "id", "rows": false}'

prints one JSON object last: seconds without imports, and the rows that the tool found added, removed and changed. With
``rows`` the tools that print a stream of rows are asked for it, because their summary hides what does not fit into it.
Nothing of this project is imported here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ClassVar


def reladiff(asked: dict[str, Any]) -> Callable[[], dict[str, int]]:
    """reladiff's own command, with its defaults; the fork of data-diff has the same one."""
    package, algorithm = {
        "reladiff-join": ("reladiff", "joindiff"),
        "reladiff-hash": ("reladiff", "hashdiff"),
        "data-diff-join": ("data_diff", "joindiff"),
        "data-diff-hash": ("data_diff", "hashdiff"),
    }[asked["tool"]]
    command = importlib.import_module(f"{package}.__main__").main
    arguments = [f"duckdb://{asked['file']}", f"main.{asked['base']}", f"main.{asked['head']}"]
    arguments += ["-k", asked["key"], "-c", "%", "-a", algorithm, "--json"]
    arguments += [] if asked["rows"] else ["--stats"]
    arguments += ["--no-tracking"] if package == "data_diff" else []

    def work() -> dict[str, int]:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            command.main(arguments, standalone_mode=False)
        if Complaints.heard:  # it logs what went wrong and exits with 0
            raise RuntimeError(Complaints.heard[0])
        lines = printed.getvalue().splitlines()
        if asked["rows"]:
            signs = [sign for line in lines for sign in ("+", "-") if line.startswith(f'["{sign}"')]
            return {"added": signs.count("+"), "removed": signs.count("-"), "changed": 0, "stream": len(signs)}
        found = json.loads("".join(lines))
        return {"added": found["exclusive_B"], "removed": found["exclusive_A"], "changed": found["updated"]}

    return work


def datadiffer(asked: dict[str, Any]) -> Callable[[], dict[str, int]]:
    """What its command ``diff`` calls; ``datadiffer-plain`` is its ``--no-attribution``."""
    api = importlib.import_module("datadiffer.api")
    attribution = "off" if asked["tool"] == "datadiffer-plain" else "auto"
    tables = [f"{asked['file']}:main.{asked[side]}" for side in ("base", "head")]

    def work() -> dict[str, int]:
        report = api.diff(*tables, keys=[asked["key"]], attribution=attribution)
        report.to_json()
        return {"added": report.rows.added, "removed": report.rows.removed, "changed": report.rows.modified}

    return work


def sqlmesh(asked: dict[str, Any]) -> Callable[[], dict[str, int | str]]:
    """The TableDiff behind its command ``table_diff``, with that command's defaults."""
    config = importlib.import_module("sqlmesh.core.config.connection")
    table_diff = importlib.import_module("sqlmesh.core.table_diff")
    adapter = config.DuckDBConnectionConfig(database=asked["file"]).create_engine_adapter()

    def work() -> dict[str, int | str]:
        diff = table_diff.TableDiff(adapter, f"main.{asked['base']}", f"main.{asked['head']}", on=[asked["key"]])
        diff.schema_diff()
        rows = diff.row_diff()
        stats = {name: int(value) for name, value in rows.stats.items()}
        grain = [stats[f"distinct_count_{side}"] != stats[f"{side}_count"] for side in ("s", "t")]
        changed = rows.join_count - rows.full_match_count
        found = {"added": stats["t_only_count"], "removed": stats["s_only_count"], "changed": changed}
        # As its command prints it above the counts.
        return {**found, "warns": "grain not unique or NULL"} if any(grain) or stats["null_grain_count"] else found

    return work


def datacompy(asked: dict[str, Any]) -> Callable[[], dict[str, int]]:
    """Its comparison of two Polars frames, read from the DuckDB file or from Parquet files of the same rows."""
    polars = importlib.import_module("polars")
    compare = importlib.import_module("datacompy").PolarsCompare
    duckdb = importlib.import_module("duckdb")

    def work() -> dict[str, int]:
        names = (asked["base"], asked["head"])
        if asked["tool"] == "datacompy":
            with duckdb.connect(asked["file"], read_only=True) as connection:
                frames = [connection.sql(f"FROM {name}").pl() for name in names]
        else:
            frames = [polars.read_parquet(f"{name}.parquet") for name in names]
        found = compare(*frames, join_columns=asked["key"])
        changed = len(found.intersect_rows) - found.count_matching_rows()
        return {"added": len(found.df2_unq_rows), "removed": len(found.df1_unq_rows), "changed": changed}

    return work


TOOLS: dict[str, Callable[[dict[str, Any]], Callable[[], Mapping[str, int | str]]]] = {
    "datadiffer-plain": datadiffer,
    "datadiffer": datadiffer,
    "reladiff-join": reladiff,
    "reladiff-hash": reladiff,
    "data-diff-join": reladiff,
    "data-diff-hash": reladiff,
    "sqlmesh": sqlmesh,
    "datacompy": datacompy,
    "datacompy-parquet": datacompy,
}


class Complaints(logging.Handler):
    """Errors that are logged and nothing else."""

    heard: ClassVar[list[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.heard.append(record.getMessage())


def first_of_all(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """An exception in one line: the first of those that led to each other, not what failed while it was handled."""
    while error.__context__ is not None and not error.__suppress_context__:
        error = error.__context__
        kind = type(error)
    said = str(error).strip().splitlines()
    print(f"{kind.__name__}: {said[0] if said else ''}", file=sys.stderr)


def main() -> None:
    sys.excepthook = first_of_all
    logging.getLogger().addHandler(Complaints())
    asked = json.loads(sys.argv[1])
    work = TOOLS[asked["tool"]](asked)
    began = time.perf_counter()
    found = work()
    print(json.dumps({"seconds": time.perf_counter() - began, "found": found}))


if __name__ == "__main__":
    main()
