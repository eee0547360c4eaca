"""Cold start: how long a person, or a job, waits before and beside the work itself.

Each command is a fresh process, timed from start to end, several times; the floor is an interpreter that does nothing,
in the same run. For the preview of the example the floor is a process that only imports what the preview needs.

    python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import duckdb, httpx, jinja2, networkx, pydantic, sqlglot, yaml"
TARGET_SECONDS = {"rocky-preview --version": 0.25, "rocky-preview run, the example": 3.0}


def example(folder: Path) -> Path:
    """The example with its pull request, as the demo makes it."""
    shop = folder / "shop"
    shutil.copytree(ROOT / "examples" / "shop", shop, ignore=shutil.ignore_patterns("*.duckdb*", ".rocky-preview"))
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from rocky_action.git.scratch import commit_pull_request as c;"
        "f = Path(sys.argv[1]); c(f, f / 'pull_request.patch', branch='pr', environ=os.environ)"
    )
    subprocess.run([sys.executable, "-c", script, str(shop), str(ROOT)], check=True)
    return shop


def seconds(arguments: list[str], folder: Path, prepare: Callable[[], None]) -> float:
    prepare()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as temporary:
        shop = example(Path(temporary))

        def fresh() -> None:
            for path in shop.glob("shop.duckdb*"):
                path.unlink()

        def nothing() -> None:
            return

        rows = [
            ("python, nothing", ["-c", "pass"], None, nothing),
            ("rocky-preview --version", ["-m", "rocky_action", "--version"], "python, nothing", nothing),
            ("python, imports only", ["-c", IMPORTS], None, nothing),
            (
                "rocky-preview plan, the example",
                ["-m", "rocky_action", "plan", "--quiet"],
                "python, imports only",
                fresh,
            ),
            ("rocky-preview run, the example", ["-m", "rocky_action", "run", "--quiet"], "python, imports only", fresh),
        ]
        taken: dict[str, list[float]] = {name: [] for name, *_ in rows}
        for _ in range(rounds):  # in turns, so that a slow moment of the machine meets all of them
            for name, arguments, _, prepare in rows:
                taken[name].append(seconds(arguments, shop, prepare))
    print(f"{'command':<34}{'min s':>8}{'median s':>10}{'x floor':>9}  target")
    for name, _, floor, _ in rows:
        low, middle = min(taken[name]), statistics.median(taken[name])
        ratio = f"{middle / statistics.median(taken[floor]):.1f}" if floor else "1.0"
        target = TARGET_SECONDS.get(name)
        judged = "" if target is None else f"<= {target} s: {'met' if middle <= target else 'MISSED'}"
        print(f"{name:<34}{low:>8.3f}{middle:>10.3f}{ratio:>9}  {judged}")


if __name__ == "__main__":
    main()
