"""What a preview asks of its records, of 100,000 runs of a project with 20 models: 2,000,000 rows.

Three questions: what base's models took (``history``), how often production runs (``observed_runs``), and what the
newest run of this preview was (``newest``). A fifth of the runs are production's own, the others are previews that
rebuilt base for half of their rows; for one model more that is asked for nothing is recorded. Each measurement is a
fresh process that has opened the file and imported what it needs. The floor, in the same run, reads and hashes the
columns that the first question is about once, as no answer without an index can do without.

    python benchmarks/ledger.py [ROUNDS [RUNS]]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import duckdb
from _measure import BUILD, Sample, in_turns, machine, middle, pin, run_ours, table

from rocky_action.domain.execution import Execution, ModelRun, Side, Succeeded
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.usage import Usage
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.warehouses.duckdb import DuckDB, OpenOptions, open_duckdb

MODELS = 20
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
TARGET_SECONDS = 0.2
QUESTIONS = ("history", "observed_runs", "newest")
COLUMNS = "run_id, model, side, origin, sql_hash, finished_at, duration_ms"
FLOOR = f"SELECT bit_xor(hash({COLUMNS})) FROM rocky_preview.model_runs"


def make(path: Path, runs: int) -> None:
    """The history, one run every six minutes; the newest run of a preview was written by the program itself."""
    path.unlink(missing_ok=True)  # "of late" is meant from now
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.connect(str(path)).close()
    database = open_duckdb(path)
    records = open_records(database)
    if not isinstance(records, WarehouseRecords):
        raise SystemExit(records.reason)
    outcome = Succeeded(Relation("shop", "branch__x__base", "m"), Usage(1234, 1, 2, 3, 4, 5.0))
    built = tuple(
        ModelRun(f"model_{number}", Side.BASE, outcome, f"{number:016x}", "merge") for number in range(0, MODELS, 2)
    )
    heads = tuple(ModelRun(one.model, Side.HEAD, outcome, "0" * 16, "merge") for one in built)
    execution = Execution("run-newest", "branch__x", heads, built)
    records.record("x", execution, comparison=Comparison("main", "b" * 40, "x", "h" * 40), when=END, pull_request=7)
    start = f"TIMESTAMP '{END - runs * timedelta(minutes=6):%Y-%m-%d %H:%M:%S}'"
    origin, when = "CASE WHEN r % 5 = 0 THEN 'production' ELSE 'preview' END", f"{start} + to_minutes(6 * r)"
    text = "(SELECT replace(execution, '1234', CAST(r AS VARCHAR)) FROM rocky_preview.runs WHERE name = 'x')"
    some_runs = f"""
        INSERT INTO rocky_preview.runs BY NAME
        SELECT 'run-' || r AS run_id, CASE WHEN r % 5 > 0 THEN 'preview_' || r // 20 END AS name,
            md5(CAST(r AS VARCHAR)) AS merge_base, md5(CAST(r AS VARCHAR)) AS head_commit, {when} AS finished_at,
            CASE WHEN r % 5 > 0 THEN {text} END AS execution, r // 20 AS pull_request, {origin} AS origin
        FROM range({runs}) AS t(r)"""
    some_models = f"""
        INSERT INTO rocky_preview.model_runs BY NAME
        SELECT 'run-' || r AS run_id, 'model_' || m AS model,
            CASE WHEN r % 5 = 0 OR m % 2 = 0 THEN 'base' ELSE 'head' END AS side,
            md5(CAST(r AS VARCHAR)) AS git_commit, {when} AS finished_at, CAST(random() * 1e5 AS BIGINT) AS duration_ms,
            CAST(random() * 1e6 AS BIGINT) AS rows_affected, CAST(random() * 1e9 AS BIGINT) AS bytes_scanned,
            r // 20 AS pull_request, format('{{:016x}}', m) AS sql_hash, 'merge' AS method, {origin} AS origin
        FROM range({runs}) AS t(r), range({MODELS}) AS u(m)"""
    database.execute([some_runs, some_models])
    database.close()


def asked(database: DuckDB, question: str) -> Callable[[], object]:
    records = WarehouseRecords(database)
    models = {f"model_{number}": f"{number:016x}" for number in range(MODELS)} | {"a_new_one": "0"}
    works: dict[str, Callable[[], object]] = {
        "floor": lambda: database.query(FLOOR),
        "history": lambda: {model: len(found) for model, found in records.history(models).items()},
        "observed_runs": lambda: records.observed_runs(END),
        "newest": lambda: records.newest("x"),
    }
    if question in works:
        return works[question]
    return lambda: [works[one]() for one in QUESTIONS]


def once(path: Path, question: str) -> None:
    """One measurement, in a process of its own."""
    work = asked(open_duckdb(path, OpenOptions(threads=2, read_only=True)), question)
    began, spent = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    found = work()
    seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    processor = now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime
    print(json.dumps({"seconds": seconds, "processor": processor, "found": {"answer": found}}, default=repr))


def judged(taken: dict[str, list[Sample]]) -> list[list[str]]:
    floor = middle(taken["floor"], "seconds")
    rows: list[list[str]] = []
    for name, samples in taken.items():
        seconds = middle(samples, "seconds")
        low, high = min(one.seconds for one in samples), max(one.seconds for one in samples)
        bar = f"<= {TARGET_SECONDS} s: {'met' if seconds <= TARGET_SECONDS else '**missed**'}" if name == "all" else ""
        rows.append([name, f"{seconds:.3f} ({low:.3f} to {high:.3f})", f"{seconds / floor:.2f}", bar])
    return rows


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    pin()
    path = BUILD / f"ledger_{runs}.duckdb"
    make(path, runs)
    program = [str(Path(__file__).resolve()), "--once", str(path)]
    names = ("floor", *QUESTIONS, "all")
    taken, failed = in_turns(rounds, {name: partial(run_ours, [*program, name], folder=BUILD) for name in names})
    if failed:
        raise SystemExit(f"{failed}")
    right = {f"model_{number}": 20 if number % 2 else 40 for number in range(MODELS)}
    if taken["history"][0].found["answer"] != right:  # rebuilds of each second model, and production's of all
        raise SystemExit(f"the answer is wrong: {taken['history'][0].found}")
    print(f"{machine()}\n{runs:,} runs of {MODELS} models, {path.stat().st_size / 1e6:,.0f} MB.\n")
    print(table(["question", "seconds", "x floor", "bar"], judged(taken)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        once(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
