"""One measurement in a process of its own: the floor, or a comparison of ours, without imports and opening the file.

    python benchmarks/_once.py '{"what": "floor", "file": "data.duckdb", "base": "base", "head": "p01", ...}'

prints one JSON object: seconds, seconds of processor, megabytes at the peak of the whole process, what was found.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
THREADS = 2


def floor(asked: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Every value of both tables read and hashed once: what no comparison of all values can do without."""
    import duckdb  # noqa: PLC0415  each way is charged with its own imports only

    config: dict[str, str | bool | int | float | list[str]] = {"threads": THREADS}
    if asked["memory"]:
        config["memory_limit"] = asked["memory"]
    connection = duckdb.connect(asked["file"], read_only=True, config=config)

    scans = []
    for table in (asked["base"], asked["head"]):
        names = connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
        ).fetchall()
        columns = ", ".join(name for (name,) in names)
        scans.append(f"SELECT count(*), bit_xor(hash({columns})) FROM {table}")

    def work() -> dict[str, Any]:
        for scan in scans:
            connection.execute(scan).fetchall()
        return {}

    return work


def ours(asked: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """``diff_relations``, as the pipeline calls it for one model; ``bare`` asks for counts only."""
    from rocky_action.domain.diff import NotCompared  # noqa: PLC0415  as above
    from rocky_action.domain.options import ModelOptions  # noqa: PLC0415  as above
    from rocky_action.domain.project import Relation  # noqa: PLC0415  as above
    from rocky_action.rowdiff.compare import diff_relations  # noqa: PLC0415  as above
    from rocky_action.rowdiff.request import DiffRequest, KeyCandidate  # noqa: PLC0415  as above
    from rocky_action.warehouses.duckdb import OpenOptions, open_duckdb  # noqa: PLC0415  as above

    key = tuple(asked["key"])
    options = OpenOptions(memory_limit=asked["memory"], threads=THREADS, read_only=True)
    warehouse = open_duckdb(Path(asked["file"]), options)
    counts_only: dict[str, Any] = {"max_samples": 0, "profile": False} if asked["bare"] else {}
    known = {one.name for one in fields(DiffRequest)}
    request = DiffRequest(
        model="benchmark",
        candidates=(KeyCandidate(key, "declared"),) if key else (),
        options=ModelOptions(key=key or None),
        **{name: value for name, value in counts_only.items() if name in known},
    )
    base, head = (Relation(warehouse.catalog, "main", asked[side]) for side in ("base", "head"))

    def work() -> dict[str, Any]:
        diff = diff_relations(warehouse, request, base=base, head=head)
        return {
            "coverage": diff.coverage.kind,
            "how": diff.coverage.reason if isinstance(diff.coverage, NotCompared) else diff.proof.way,
            "added": diff.rows.added,
            "removed": diff.rows.removed,
            "changed": diff.rows.changed,
            "columns": {column.name: column.rows_changed for column in diff.rows.columns if column.rows_changed},
        }

    return work


def processor() -> float:
    """Seconds that this process and its threads have spent on cores."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_megabytes() -> float:
    """The most memory this process has held; from /proc where there is one, as Linux inherits the other figure."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    asked = json.loads(sys.argv[1])
    work = {"floor": floor, "ours": ours}[asked["what"]](asked)
    began, spent = time.perf_counter(), processor()
    found = work()
    seconds, spent = time.perf_counter() - began, processor() - spent
    print(json.dumps({"seconds": seconds, "processor": spent, "megabytes": peak_megabytes(), "found": found}))


if __name__ == "__main__":
    main()
