"""The command line killed at any one of its statements, as by SIGKILL: a process that forks one for each command.

Everything is imported before it forks, and no database was ever open in it. In a test::

    with Killer(environ) as killer:
        points = killer.run(folder, "run", "--name", "x").points
        killer.run(folder, "run", "--name", "x", die_at=points // 2)

A point is the moment before or after one statement, a BEGIN and a COMMIT among them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from tests.support.checkout import ROOT

MOST_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """``code`` is minus the signal's number for a process that was killed; ``points`` are those that it has passed."""

    code: int
    points: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Killer:
    """Starts on entering."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {**environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.support.killing"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=MOST_SECONDS)

    def run(self, folder: Path, *arguments: str, die_at: int | None = None) -> Ended:
        """``rocky-preview ARGUMENTS`` in a folder, to its end or to a point."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"folder": str(folder), "arguments": arguments, "die_at": die_at}) + "\n")
        stdin.flush()
        return Ended(**json.loads(stdout.readline()))


class Points:
    """Counts, and kills this process at one of them."""

    def __init__(self, die_at: int | None) -> None:
        self.passed = 0
        self._die_at = die_at
        self._door = threading.Lock()

    def passing(self) -> None:
        with self._door:
            if self.passed == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.passed += 1


class Mortal:
    """A connection or a cursor of DuckDB's that passes a point before and after each statement."""

    def __init__(self, inner: duckdb.DuckDBPyConnection, points: Points) -> None:
        self._inner = inner
        self._points = points

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in {"execute", "begin", "commit", "rollback"}:
            return found

        def passing(*arguments: object) -> object:
            self._points.passing()
            answer = found(*arguments)
            self._points.passing()
            return answer

        return passing

    def cursor(self) -> Mortal:
        return Mortal(self._inner.cursor(), self._points)


def _child(request: Mapping[str, Any], out: Path, err: Path, told: Path) -> None:
    """Runs one command and says how many points it has passed; never returns."""
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(request["folder"])
    points, connect = Points(request["die_at"]), duckdb.connect

    def mortal(*arguments: Any, **options: Any) -> Mortal:
        return Mortal(connect(*arguments, **options), points)

    duckdb.connect = mortal  # type: ignore[assignment]
    from rocky_action.cli import main as command_line

    code = command_line(request["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    told.write_text(str(points.passed))
    os._exit(code)


def _serve(folder: Path) -> None:
    """A child for each line, one after the other."""
    out, err, told = (folder / name for name in ("out", "err", "told"))
    for line in sys.stdin:
        told.write_text("0")
        child = os.fork()
        if child == 0:
            _child(json.loads(line), out, err, told)
        _, status = os.waitpid(child, 0)
        ended = Ended(os.waitstatus_to_exitcode(status), int(told.read_text()), out.read_text(), err.read_text())
        sys.stdout.write(json.dumps(vars(ended)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    import tempfile

    # What a command would import and set up is there once and for all, as long as it starts no thread.
    from importlib import import_module

    import sqlglot

    from rocky_action.documents import all_documents
    from tests.support.reports import breaking

    for module in ("commands.previews", "state", "warehouses.duckdb"):
        import_module(f"rocky_action.{module}")
    sqlglot.parse_one("SELECT a FROM b", read="duckdb").sql("duckdb")
    all_documents(breaking(), marker="")

    with tempfile.TemporaryDirectory() as place:
        _serve(Path(place))
