"""The five models in a repository with a pull request, and the command line at work in it."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rocky_action.cli import main
from tests.support import five_models
from tests.support.forge_bench import as_found
from tests.support.repositories import GitRepository, isolated_environ

ROOT = Path(__file__).parents[2]
BRANCH = "no-refunds"


@dataclass(frozen=True)
class Ended:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


@dataclass(frozen=True)
class Checkout:
    """A clone on somebody's laptop, on the pull request's branch."""

    repository: GitRepository

    @classmethod
    def new(
        cls, folder: Path, files: Mapping[str, str] | None = None, *, base: Mapping[str, str] | None = None
    ) -> Checkout:
        """``main`` has the base, the branch what ``files`` change (by default the filter in fct_revenue)."""
        repository = GitRepository.new(folder / "project", isolated_environ(folder / "home"))
        repository.commit(dict(base or five_models.base()) | {".gitignore": "*.duckdb*\n.rocky-preview/\n"})
        repository.branch(BRANCH)
        repository.commit(five_models.pull_request() if files is None else files)
        return cls(repository)

    @property
    def folder(self) -> Path:
        return self.repository.path

    def run(self, *arguments: str, **environ: str) -> Ended:
        """``rocky-preview ARGUMENTS`` in the project's folder, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with (
            as_found(),
            contextlib.chdir(self.folder),
            surrounded({**self.repository.environ, "COLUMNS": "120", **environ}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = main(arguments)
            except SystemExit as end:  # argparse's way
                code = int(end.code or 0)
            finally:
                gc.unfreeze()  # what a process that ends leaves to the system
        return Ended(code, out.getvalue(), err.getvalue())

    def command(self, *arguments: str, **environ: str) -> Ended:
        """The same as a process of its own."""
        return self.python("-m", "rocky_action", *arguments, **environ)

    def python(self, *arguments: str, **environ: str) -> Ended:
        """Another program in its place."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**self.repository.environ, **coverage_environ(), "PYTHONPATH": str(ROOT), "COLUMNS": "120", **environ},
            capture_output=True,
            check=False,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """What another client of the database sees."""
        with duckdb.connect(self.folder / five_models.DATABASE, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def schemas(self) -> list[str]:
        """Every schema that is not DuckDB's own, sorted."""
        rows = self.query("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal ORDER BY ALL")
        return [str(name) for (name,) in rows]


@contextlib.contextmanager
def surrounded(environ: Mapping[str, str]) -> Iterator[None]:
    """This process with another environment for a while."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def coverage_environ() -> dict[str, str]:
    """What a child process needs to be measured as well, where this one is."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
