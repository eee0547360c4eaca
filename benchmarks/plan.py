"""What planning costs as a project grows, and what it saves against tools that know models only.

Projects of 100, 1,000 and 10,000 models are generated into git repositories with three pull requests each: a condition
more in one model that some 30 others read, a comment more in the same model, and another default for all models. Each
plan is a fresh process, cold but for the file cache, timed from start to end; on a machine that does other things too,
what it spent on its cores says more. The floor is what no planner could do without, in the same run: start an
interpreter, ask git for the difference, read every file once.

    python benchmarks/plan.py [ROUNDS [COUNT ...]]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from _generated import Generated, commit, generate

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (100, 1_000, 10_000)
PLAN = ["-m", "rocky_action", "plan", "--quiet", "--output", "json"]
FLOOR = """
import os, subprocess
subprocess.run(["git", "diff", "--raw", "-z", "main", "--"], check=True, stdout=subprocess.DEVNULL)
for folder, _, names in os.walk("."):
    if ".git" not in folder.split(os.sep):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                file.read()
"""
STEPS = """
import json, os, sys, time
marks = [time.perf_counter()]
lap = lambda: marks.append(time.perf_counter())
from datetime import UTC, datetime
from pathlib import Path
from rocky_action.assembly import assemble
from rocky_action.place import Place, read_project_file
from rocky_action.domain.project import Projects
from rocky_action.settings import parse
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.wire.document import to_json
from rocky_action.wire.plan import plan_document
lap()
here = Path.cwd()
place = Place(here, os.environ, datetime.now(UTC), lambda message: None)
settings = parse({}, project_file=read_project_file(here, "rocky.toml"))
world, options = assemble(settings, place, pull_request=None)
lap()
head = world.loader.load(world.head_tree)
base = world.loader.load(world.base_tree)
lap()
projects = Projects(base, head)
changes = detect_changes(projects, world.comparison.changed_paths)
lap()
plan = make_plan(projects, changes, copy=options.run.copy)
lap()
to_json(plan_document(world.comparison, plan, changes=changes))
lap()
print(json.dumps([after - before for before, after in zip(marks, marks[1:])]))
"""
STEP_NAMES = ("import", "git", "load", "detect", "plan", "output")
MOST_MEGABYTES = 400


@dataclass(frozen=True)
class Case:
    """One pull request: its files, what a tool that knows files and models would run, and the target in seconds."""

    name: str
    files: Mapping[str, str]
    model_level: int
    target: float | None


def cases(project: Generated) -> list[Case]:
    count = len(project.reads)
    model = project.model_with_downstream(30)
    reached = len(project.downstream(model))
    path = f"models/{model}.sql"
    commented = {**project.files, path: f"{project.files[path]}-- reviewed\n"}
    one = {100: 0.6, 10_000: 2.0}.get(count)
    return [
        Case("one model", project.edited(model), reached, one),
        Case("a comment", commented, reached, one),
        Case("_defaults", project.with_strategy("view"), count, 30.0 if count == 10_000 else None),
    ]


@dataclass(frozen=True)
class Measured:
    """One process: seconds from start to end and on cores (children too), megabytes at the peak, what it printed."""

    seconds: float
    processor: float
    megabytes: float
    output: str


def measured(arguments: list[str], folder: Path) -> Measured:
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments} ended with {process.returncode} in {folder}")
        output.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        processor = usage.ru_utime + usage.ru_stime
        return Measured(seconds, processor, usage.ru_maxrss * unit / 1e6, output.read().decode())


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    counts = [int(count) for count in sys.argv[2:]] or COUNTS
    header = f"{'models':>7}  {'change':<10}{'min s':>7}{'cpu s':>7}{'MB':>6}{'floor s':>9}{'x':>6}"
    print(f"{header}{'runs':>8}{'by model':>10}  " + "".join(f"{name:>8}" for name in STEP_NAMES) + "  target")
    for count in counts:
        project = generate(count)
        for case in cases(project):
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary) / "project"
                commit(folder, [project.files, case.files])
                plans, floors, steps = [], [], []
                for _ in range(rounds):  # in turns, so that a slow moment of the machine meets all of them
                    floors.append(measured(["-c", FLOOR], folder))
                    plans.append(measured(PLAN, folder))
                    steps.append(json.loads(measured(["-c", STEPS], folder).output))
            show(case, count, plans=plans, floors=floors, steps=min(steps, key=sum))


def show(case: Case, count: int, *, plans: list[Measured], floors: list[Measured], steps: list[float]) -> None:
    best = min(one.seconds for one in plans)
    processor = min(one.processor for one in plans)
    floor = min(one.seconds for one in floors)
    runs = len(json.loads(plans[0].output)["prune_set"])
    megabytes = max(one.megabytes for one in plans)
    judged = "" if case.target is None else _judged(case.target, best, megabytes=megabytes)
    print(
        f"{count:>7,}  {case.name:<10}{best:>7.2f}{processor:>7.2f}{megabytes:>6.0f}{floor:>9.2f}{best / floor:>6.1f}"
        f"{runs:>8,}{case.model_level:>10,}  "
        + "".join(f"{step / sum(steps):>8.0%}" for step in steps)
        + f"  {judged}",
        flush=True,
    )


def _judged(target: float, seconds: float, *, megabytes: float) -> str:
    met = seconds <= target and megabytes <= MOST_MEGABYTES
    return f"<= {target} s, {MOST_MEGABYTES} MB: {'met' if met else 'MISSED'}"


if __name__ == "__main__":
    main()
