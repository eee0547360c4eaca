"""Whole previews of random pull requests, from git to the report, against both sides built in plain DuckDB.

What a report calls equal or not affected is so, what it calls different differs, and by as many rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action.assembly import assemble
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared
from rocky_action.domain.execution import Failed, NotRun
from rocky_action.domain.project import Ephemeral
from rocky_action.domain.report import Report, Verdict
from rocky_action.pipeline import preview
from rocky_action.place import Place
from rocky_action.settings import parse
from tests.support.projects import DEFAULTS, ROCKY_TOML
from tests.support.random_projects.cases import Case, random_case
from tests.support.random_projects.oracle import Broken, Built, Database, Outcome, TooLargeError, open_database, same
from tests.support.repositories import GitRepository, isolated_environ

FEW = (7003, 7007, 7015, 7018)
MANY = tuple(seed for seed in range(7000, 7030) if seed not in FEW)
COMMON = {"rocky.toml": ROCKY_TOML, "models/_defaults.toml": DEFAULTS, ".gitignore": "*.duckdb*\n"}


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with open_database() as opened:
        yield opened


@pytest.mark.parametrize("seed", [*FEW, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MANY)])
def test_the_report_is_what_duckdb_says(seed: int, database: Database, tmp_path: Path) -> None:
    case = random_case(seed, database)
    try:
        base, head = _built(case, database)
    except TooLargeError:
        pytest.skip("a model has more rows than a case should take")
    report = _report(case, tmp_path)
    assert [*_wrong(report, base, head=head)] == []


def _built(case: Case, database: Database) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """Every relation of both sides; an ephemeral model is none."""
    projects = case.projects()
    found = []
    for project in (projects.base, projects.head):
        database.begin(case.sources)
        outcomes = database.run(project)
        tables = (name for name, model in project.models.items() if not isinstance(model.strategy, Ephemeral))
        found.append({name: outcomes[name] for name in tables})
    return found[0], found[1]


def _report(case: Case, folder: Path) -> Report:
    repository = GitRepository.new(folder / "shop", isolated_environ(folder / "home"))
    repository.commit({**COMMON, "data/seed.sql": f"CREATE SCHEMA raw;\n{case.sources}", **case.base})
    repository.branch("change")
    for gone in case.base.keys() - case.head.keys():
        (repository.path / gone).unlink()
    repository.commit({path: text for path, text in case.head.items() if case.base.get(path) != text} | {"readme": "x"})
    place = Place(repository.path, repository.environ, datetime(2026, 3, 1, tzinfo=UTC), lambda _: None)
    return preview(*assemble(parse({"branch_name": "x"}), place, pull_request=None))


def _wrong(report: Report, base: dict[str, Outcome], *, head: dict[str, Outcome]) -> Iterator[str]:
    runs = {run.model: run.outcome for run in report.execution.head_runs}
    unknown = {name for name, run in runs.items() if isinstance(run, (Failed, NotRun))}
    unknown |= {left.model for left in report.plan.removed}
    changes = bool(report.plan.removed or unknown) or any(one.former for one in report.plan.prune_set)
    for name, after in head.items():
        before = base.get(name)
        if isinstance(after, Broken) or isinstance(before, Broken) or name in unknown:
            continue
        diff = report.diff_of(name)
        if before is None:
            changes = True
            if diff is None or not (diff.new or isinstance(diff.coverage, NotCompared)):
                yield f"{name} is new, and that is not said"
            continue
        differs = not same(before, after)
        changes |= differs
        if diff is None and differs:
            yield f"{name} differs, and was left alone: {runs.get(name)}"
        if diff is not None:
            yield from _wrong_diff(diff, before, after=after)
    if report.verdict is Verdict.UNCHANGED and changes:
        yield "the verdict is unchanged"


def _wrong_diff(diff: ModelDiff, before: Built, *, after: Built) -> Iterator[str]:
    if not isinstance(diff.coverage, Exhaustive) or diff.unstable:
        return
    if diff.is_empty is not same(before, after):
        yield f"{diff.model} is called {'equal' if diff.is_empty else 'different'}"
    if before.columns == after.columns:
        gone, more = (Counter(one.rows) - Counter(other.rows) for one, other in ((before, after), (after, before)))
        rows, changed = diff.rows, diff.rows.changed or 0
        said = ((rows.removed or 0) + changed, (rows.added or 0) + changed)
        if said != (gone.total(), more.total()):
            yield f"{diff.model} has {gone.total()} rows less and {more.total()} more, said are {said}"
