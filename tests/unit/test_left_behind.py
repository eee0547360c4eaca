"""What a reader must not take for something else: tables that moved, are gone or without rows, and what doubled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.diff import Exhaustive, Key, RowDiff
from rocky_action.domain.execution import APPENDED, Inlined, NotRun, Succeeded
from rocky_action.domain.options import CopyMode
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Projects, Relation
from rocky_action.domain.report import Report, Verdict
from rocky_action.domain.usage import NO_USAGE
from rocky_action.rendering import render_comment
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from tests.support.projects import load, project_files
from tests.support.reports import planned, report_of, run, same

SQL = "SELECT 1 AS id"
BUILT = Succeeded(Relation("shop", "branch__x", "a"), NO_USAGE)
EPHEMERAL = '[strategy]\ntype = "ephemeral"\n'


def formers(base: str, head: str, *, name: str = "a") -> dict[str, str | None]:
    """What is left behind when the model ``a`` goes from one sidecar to another, and to another name."""
    models = [
        load(project_files({model: SQL}) | {f"models/{model}.toml": sidecar})
        for model, sidecar in (("a", base), (name, head))
    ]
    projects = Projects(*models)
    plan = make_plan(projects, detect_changes(projects, ()), copy=CopyMode.NEEDED)
    return {one.model: one.former for one in plan.prune_set}


@pytest.mark.parametrize(
    ("base", "head", "left"),
    [
        ("", '[target]\nschema = "mart"\n', "shop.main.a"),
        ("", '[target]\ntable = "other"\n', "shop.main.a"),
        ("", EPHEMERAL, "shop.main.a"),
        (EPHEMERAL, "", None),
        ("", '[strategy]\ntype = "view"\n', None),
    ],
)
def test_what_the_plan_leaves_behind(base: str, head: str, left: str | None) -> None:
    assert formers(base, head) == {"a": left}


def test_a_renamed_model_leaves_its_table_behind_unless_it_keeps_it() -> None:
    assert formers("", "", name="b") == {"b": "shop.main.a"}
    assert formers("", '[target]\ntable = "a"\n', name="b") == {"b": None}


def page(report: Report) -> str:
    return render_comment(report, marker="<!-- x -->")


def heading(report: Report) -> str:
    return page(report).splitlines()[1]


def moved(*names: str, equal: bool = True) -> Report:
    rows = RowDiff(5, 5, 0, 0, 0) if equal else RowDiff(5, 6, 1, 0, 0)
    report = report_of(*(replace(same(name, 5), rows=rows) for name in names), verdict=Verdict.CHANGED)
    return replace(report, plan=Plan(tuple(replace(planned(name), former=f"shop.old.{name}") for name in names)))


def inlined(*, former: str | None, verdict: Verdict) -> Report:
    report = report_of(same("b", 5), verdict=verdict)
    runs = (run("a", Inlined()), run("b"))
    plan = Plan((replace(planned("a"), former=former), planned("b")))
    return replace(report, plan=plan, execution=replace(report.execution, head_runs=runs))


def test_the_heading_says_what_moved() -> None:
    assert heading(moved("a")) == "### 🔶 `a` moves from `shop.old.a`; no data changes"
    assert heading(moved("a", "b")) == "### 🔶 `a` and `b` move to another place; no data changes"
    assert heading(moved("a", equal=False)) == "### 🔶 1 model changes: 1 row added; `a` moves from `shop.old.a`"


def test_what_was_not_run_has_not_moved() -> None:
    report = moved("a")
    runs = (run("a", NotRun("no")),)
    report = replace(report, verdict=Verdict.INCOMPLETE, execution=replace(report.execution, head_runs=runs))
    assert heading(report) == "### ⚠️ `a` was not run"


def test_a_table_that_becomes_ephemeral_is_gone() -> None:
    found = inlined(former="shop.main.a", verdict=Verdict.CHANGED)
    assert heading(found) == "### 🔶 `a` is no table any more; no data changes"


def test_an_edit_of_what_nobody_reads_is_not_called_the_same() -> None:
    report = inlined(former=None, verdict=Verdict.UNCHANGED)
    alone = replace(report, diffs=(), plan=Plan(report.plan.prune_set[:1]))
    assert heading(alone) == "### ✅ No data changes: no table uses what was edited"
    assert heading(report) == "### ✅ No data changes"


class TestWithoutRows:
    def test_equal_is_not_said_of_nothing(self) -> None:
        report = report_of(same("a", 0), verdict=Verdict.UNCHANGED)
        assert heading(report) == "### ✅ No data changes: there was no row to compare"
        assert "Without a row to compare on either side: `a`." in page(report)
        assert "no difference" not in page(report)
        assert "| same | 0 | no row to compare |" in page(report)

    def test_beside_tables_with_rows(self) -> None:
        text = page(report_of(same("a", 0), same("b", 3), verdict=Verdict.UNCHANGED))
        assert "### ✅ No data changes\n" in text
        assert "Compared in full, no difference: `b` (3 rows). Without a row to compare on either side: `a`." in text

    def test_in_a_section(self) -> None:
        diff = replace(same("a", 0), coverage=Exhaustive("multiset"), key=None, notes=("only rows of 2026",))
        text = page(report_of(diff, verdict=Verdict.UNCHANGED))
        assert "There was no row to compare on either side, only the columns." in text


@pytest.mark.parametrize(("rows", "words"), [(1, "its only row is gone"), (7, "all 7 rows gone")])
def test_an_only_row_is_not_all_one_row(rows: int, words: str) -> None:
    diff = replace(same("a", rows), rows=RowDiff(rows, 0, 0, rows, 0))
    assert words in heading(report_of(diff, verdict=Verdict.CHANGED))


def test_one_row_on_both_sides() -> None:
    diff = replace(same("a", 1), notes=("only rows of 2026",))
    text = page(report_of(diff, verdict=Verdict.UNCHANGED))
    assert "The only row compared, matched by" in text


class TestAlerts:
    def test_what_appends_is_not_blamed_on_a_join(self) -> None:
        doubled = replace(same("a", 5), rows=RowDiff(5, 10, 5, 0, 0))
        report = report_of(doubled, verdict=Verdict.CHANGED)
        assert "`a` doubles: a join that finds more than one partner does that." in page(report)
        appended = run("a", replace(BUILT, note=APPENDED))
        report = replace(report, execution=replace(report.execution, head_runs=(appended,)))
        assert "`a` doubles: each run appends all that its query returns to what is there." in page(report)

    def test_only_what_has_become_worse_about_a_key(self) -> None:
        key = Key(("id",), "unique_key", False, False, 51, 52, 4, 4)
        text = page(report_of(replace(same("a", 60), key=key), verdict=Verdict.UNCHANGED))
        alert = text[text.index("[!WARNING]") : text.index("| Model")]
        assert "Rows with NULL in the key (`id`): 51 in base, 52 in head." in alert
        assert "Duplicate keys" not in alert
        assert "- Duplicate keys (`id`): 4 in base, 4 in head." in text
