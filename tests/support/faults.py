"""What goes wrong around a run: a warehouse that is cut off or in which others write, and the run's outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.project import Projects
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.report import Report
from rocky_action.domain.usage import Usage
from rocky_action.errors import OutsideError, PreviewError
from rocky_action.pipeline import carry_out
from rocky_action.ports import Row
from rocky_action.projects.rocky import RockyLoader
from rocky_action.rendering import render_comment, render_failure
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.state import open_records
from rocky_action.study import Connection, Study, World
from rocky_action.warehouses.duckdb import DuckDB
from tests.support.previews import NOW, Lab, Spec, options, project_of
from tests.support.trees import tree

MARKER = "<!-- rocky-preview -->"
PLAIN = PreviewOptions("x", options(threads=1))


@dataclass(frozen=True)
class Outcome:
    """What a run ended with: a report, or an error with a way out; anything else is a failure of the test."""

    page: str
    report: Report | None = None
    error: PreviewError | None = None

    @property
    def shown(self) -> str:
        """The page without what is folded, and without what is never the same twice."""
        text = re.sub(r"<details( open)?>.*?</details>\n*", "", self.page, flags=re.DOTALL)
        text = re.sub(r"`\"?/[^`\"]*/shop.duckdb\"?`", "`shop.duckdb`", text)
        text = re.sub(r"\d[\d.]* (`?)(KiB|MiB)/\d[\d.]*", r"N \1\2/N", text)
        text = re.sub(r"\d[\d.]* (`?)(KiB|MiB)", r"N \1\2", text)
        text = re.sub(r" · self-test: [^·]*", "", text)  # which a busy machine may have no time for
        text = re.sub(r"DuckDB [\d.]+", "DuckDB X", text)
        return re.sub(r"rocky-preview [\d.]+", "rocky-preview X", text)


@dataclass(frozen=True)
class Watched(DuckDB):
    """A DuckDB whose every statement is told to somebody first, who may refuse it."""

    before: Callable[[str], None] = field(default=lambda _: None)

    @classmethod
    def of(cls, database: DuckDB, before: Callable[[str], None]) -> Watched:
        return cls(database.connection, database.catalog, database.file, before=before)

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        self.before(sql)
        return super().query(sql, timeout=timeout)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        for sql in statements:
            self.before(sql)
        return super().execute(statements, timeout=timeout, model=model)


def run(
    lab: Lab,
    base: Mapping[str, Spec],
    head: Mapping[str, Spec],
    *,
    warehouse: DuckDB | None = None,
    asked: PreviewOptions = PLAIN,
    now: datetime = NOW,
) -> Outcome:
    """One preview as the pipeline makes it, and what is then posted."""
    projects = Projects(project_of(base), project_of(head))
    changes = detect_changes(projects, ())
    known = Study(projects, changes, make_plan(projects, changes, copy=asked.run.copy))
    database = warehouse or lab.database

    @contextmanager
    def connect(_: Projects) -> Iterator[Connection]:
        yield Connection(database, open_records(database))

    comparison = Comparison("main", "1" * 40, "topic", "2" * 40)
    world = World(comparison, tree({}), tree({}), RockyLoader(environ={}), connect, now, progress=lab.progress.append)
    try:
        report = carry_out(world, asked, known=known)
    except OutsideError as err:
        return Outcome(render_failure(err, marker=MARKER, commit="2" * 40), error=err)
    return Outcome(render_comment(report, marker=MARKER), report=report)
