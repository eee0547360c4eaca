"""What a preview builds and compares if it is told to leave something out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rocky_action.domain.cost import CutWhat
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import BaselineKind, BaseSide, Failed, NotRun, Succeeded
from rocky_action.domain.options import Baseline, CopyMode, PreviewOptions, Restraint
from rocky_action.domain.project import Project, Projects
from rocky_action.domain.usage import Usage
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.diff import diff_models
from rocky_action.stages.execution import execute
from rocky_action.stages.plan import make_plan
from tests.support.previews import NAME, NOW, Lab, Ran, Spec, open_lab, options, project_of

BASE: dict[str, Spec] = {
    "a": "SELECT i AS id, i % 7 AS v FROM shop.main.raw",
    "b": "SELECT id, v + 1 AS w FROM a",
    "c": "SELECT id, w FROM b",
}
HEAD: dict[str, Spec] = {**BASE, "a": "SELECT i AS id, i % 8 AS v FROM shop.main.raw"}
LEFT = "the preview's cap would be exceeded"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, "CREATE TABLE raw AS SELECT range AS i FROM range(3000)") as found:
        yield found


@dataclass(frozen=True)
class Made:
    """One execution and what its comparison has found."""

    ran: Ran
    diffs: dict[str, ModelDiff]

    def side(self, model: str) -> BaseSide:
        side = self.ran.execution.base_side(model)
        assert side is not None
        return side


def made(
    lab: Lab,
    restraint: Restraint,
    *,
    base: Project | None = None,
    head: Project | None = None,
    baseline: Baseline = Baseline.AUTO,
    copy: CopyMode = CopyMode.NEEDED,
) -> Made:
    projects = Projects(base or project_of(BASE), head or project_of(HEAD))
    plan = make_plan(projects, detect_changes(projects, ()), copy=copy)
    asked = PreviewOptions(NAME, options(baseline, copy=copy, threads=1), restraint=restraint)
    execution = execute(plan, projects, warehouse=lab.database, options=asked, now=NOW, progress=lab.progress.append)
    found = diff_models(execution, plan, head=projects.head, base=projects.base, warehouse=lab.database, options=asked)
    return Made(Ran(execution, plan), {diff.model: diff for diff in found})


def production(lab: Lab, *names: str) -> None:
    for name in names:
        sql = str(BASE[name]).replace("FROM a", "FROM main.a").replace("FROM b", "FROM main.b")
        lab.sql(f"CREATE TABLE main.{name} AS {sql}")


def test_without_restraint_all_is_built_and_compared(lab: Lab) -> None:
    found = made(lab, Restraint())
    found.ran.succeeded()
    assert {type(diff.coverage) for diff in found.diffs.values()} == {Exhaustive}


def test_base_that_production_lacks_is_not_built_nor_what_reads_it(lab: Lab) -> None:
    found = made(lab, Restraint(base={"b": LEFT}))
    assert found.ran.base("b") == NotRun(LEFT)
    assert found.ran.base("c") == NotRun("b, which it reads, was not run")
    assert [found.side(name).kind for name in "abc"] == [BaselineKind.REBUILT, BaselineKind.NONE, BaselineKind.NONE]
    assert isinstance(found.diffs["a"].coverage, Exhaustive)
    assert isinstance(found.diffs["b"].coverage, NotCompared)
    assert LEFT in (found.side("b").note or "")
    assert all(isinstance(found.ran.head(name), Succeeded) for name in "abc"), "head reads head's"


def test_base_that_production_has_is_taken_from_there(lab: Lab) -> None:
    production(lab, "a", "b", "c")
    found = made(lab, Restraint(base={"b": LEFT}), baseline=Baseline.REBUILD)
    assert [run.model for run in found.ran.execution.base_runs] == ["a", "c"]
    assert (found.side("b").kind, str(found.side("b").relation)) == (BaselineKind.EXISTING, "shop.main.b")
    assert LEFT in found.diffs["b"].notes[0]
    assert isinstance(found.diffs["b"].coverage, Exhaustive)
    found.ran.succeeded()


def test_head_that_is_left_out_takes_its_readers_and_its_base_with_it(lab: Lab) -> None:
    found = made(lab, Restraint(head={"b": LEFT}))
    assert found.ran.head("b") == NotRun(LEFT)
    assert found.ran.head("c") == NotRun("b, which it reads, was not run")
    assert [run.model for run in found.ran.execution.base_runs] == ["a"]
    assert isinstance(found.diffs["a"].coverage, Exhaustive)


def test_head_does_not_fail_for_want_of_what_was_not_built(lab: Lab) -> None:
    """Without copies head reads base's rebuild of what production lacks: that is not there, so head is not run."""
    head = project_of({**BASE, "c": "SELECT id, w + 1 AS w FROM b"})
    halted = Restraint(halt=lambda what, model: LEFT if (what, model) == ("not_rebuilt", "b") else None)
    outcome = made(lab, halted, head=head, copy=CopyMode.NONE).ran.head("c")
    assert outcome == NotRun(f"b, which it reads, is not there and was not built: {LEFT}")
    assert not isinstance(made(lab, Restraint(), head=head, copy=CopyMode.NONE).ran.head("c"), (NotRun, Failed))


def test_each_build_and_each_comparison_is_asked_about_and_told(lab: Lab) -> None:
    asked: list[tuple[CutWhat, str]] = []
    told: list[Usage] = []

    def halt(what: CutWhat, model: str) -> str | None:
        asked.append((what, model))
        return "enough" if (what, model) == ("not_compared", "b") else None

    found = made(lab, Restraint(halt=halt, took=told.append))
    builds = [("not_rebuilt", name) for name in "abc"] + [("not_run", name) for name in "abc"]
    assert asked == builds + [("not_compared", name) for name in "abc"]
    assert len(told) == 6
    assert all(usage.bytes_scanned for usage in told)
    assert found.diffs["b"].coverage == NotCompared("enough")
    assert isinstance(found.diffs["c"].coverage, Exhaustive)


def test_samples_are_taken_whatever_else_was_asked_for(lab: Lab) -> None:
    found = made(lab, Restraint(sampled="comparing all rows would exceed the preview's cap"))
    coverage = found.diffs["a"].coverage
    assert isinstance(coverage, Sampled)
    assert coverage.rows_compared < 3_000


def test_where_no_sample_can_be_drawn_nothing_is_compared(lab: Lab) -> None:
    base = project_of({"a": "SELECT i % 7 AS v FROM shop.main.raw"})
    head = project_of({"a": "SELECT i % 8 AS v FROM shop.main.raw"})
    found = made(lab, Restraint(sampled="it would cost too much"), base=base, head=head)
    coverage = found.diffs["a"].coverage
    assert isinstance(coverage, NotCompared)
    assert coverage.reason == "it would cost too much, and a sample needs a key"
