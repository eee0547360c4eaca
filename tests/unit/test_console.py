"""What a person sees on a terminal: every outcome has words of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.console import tables as console
from rocky_action.console.comparison import BAR, bar, show_comparison
from rocky_action.console.costs import show_limits
from rocky_action.console.progress import progress
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import (
    CellChange,
    Column,
    ColumnChange,
    Exhaustive,
    Key,
    ModelDiff,
    NotCompared,
    Profile,
    RowDiff,
    RowExample,
    Sampled,
    SchemaDiff,
    TypeChange,
    Unstable,
)
from rocky_action.domain.execution import NotCloned
from rocky_action.domain.limits import Blame, BudgetBreach
from rocky_action.domain.options import CopyMode
from rocky_action.domain.project import Projects
from rocky_action.domain.text import printable
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.study import Study
from tests.support import reports
from tests.support.golden import check_golden
from tests.support.sql_models import model, project

SCENARIOS = sorted(reports.SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_report_ends_with_its_verdict(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = reports.SCENARIOS[name]()
    console.show_report(report)
    console.show_runs(report)
    last = capsys.readouterr().out
    assert f"\n{report.verdict.value} (" in f"\n{last}"
    for diff in report.diffs[:3]:
        assert printable(diff.model)[:15] in last
    assert not [char for char in last if not char.isprintable() and char != "\n"], "nothing that a terminal acts on"


def test_what_could_not_be_copied_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    report = reports.rows_changed()
    execution = replace(report.execution, clones=(NotCloned("stg_orders", "it does not exist"),))
    console.show_report(replace(report, execution=execution))
    assert f" built, 0 copied, {len(report.plan.skipped)} skipped" in capsys.readouterr().out


def test_what_base_exceeds_as_much_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    now, before = (BudgetBreach("max_duration_ms", 1, 9, blame=Blame.BASE, before=before) for before in (8, 9))
    for breach, word in ((now, "warning"), (before, "note")):
        show_limits(CostDelta(breaches=(breach,)))
        assert capsys.readouterr().out.startswith(f"{word} The project's budget is exceeded")


def shown(diff: ModelDiff, capsys: pytest.CaptureFixture[str]) -> str:
    show_comparison(diff, base="a.parquet", head="b.parquet")
    text = capsys.readouterr().out
    assert not [char for char in text if not char.isprintable() and char != "\n"], "nothing that a terminal acts on"
    return " ".join(text.split())


def test_a_comparison_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    schema = SchemaDiff((Column("a", "INT"),), (Column("b", "INT"),), (TypeChange("c", "INT", "BIGINT"),), True)
    rows = RowDiff(
        10,
        9,
        1,
        2,
        3,
        (ColumnChange("x", 3), ColumnChange("y", 0)),
        (
            RowExample(
                "changed", (("id", "1"),), (CellChange("x", None, ""), CellChange("s", None, None, masked=True))
            ),
            RowExample("added", (("id", "2"),), (CellChange("x", None, "[red]NULL[/red]"),)),
            RowExample("removed", (("id", "3"),), (CellChange("x", "NULL", None),)),
        ),
    )
    key = Key(("id",), "--key", unique_base=True, unique_head=True)
    text = shown(ModelDiff("m", schema, rows, Exhaustive("keyed"), key, notes=("a note",)), capsys)
    assert text.startswith(
        "● 2 rows removed, 3 changed, 1 added, +1 column, \N{MINUS SIGN}1 column, 1 type changed, columns reo"
    )
    assert "base a.parquet, head b.parquet All rows compared, 10 in base and 9 in head, matched by id." in text
    assert "Unchanged ─" in text
    assert "─ 10 9 1 2 3 5 " in text
    assert "a absent INT b INT absent c INT BIGINT" in text
    assert "x 3 37.5 % ██████ " in text
    assert "• a note" in text
    assert "~ id=1 x=NULL → '' s=masked, differs" in text
    assert "+ id=2 x=[red]NULL[/red]" in text, "data is never markup"
    assert "- id=3 x='NULL'" in text


def test_three_coverages_three_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = RowDiff(None, None)
    said = [
        shown(ModelDiff("m", SchemaDiff(), nothing, coverage), capsys)
        for coverage in (Exhaustive("multiset"), Sampled(5, 1000, ("id",)), NotCompared("it is Sunday"))
    ]
    assert said[0].startswith("● Equal: both without rows, compared in 0 columns")
    assert said[1].startswith("● No difference found in a sample of 5 keys; whether the rest is equal is not known")
    assert "only the first 5 keys of 1,000 rows compared" in said[1]
    assert said[2].startswith("● Not compared")
    assert "Not compared because it is Sunday." in said[2]
    assert not any("Unchanged" in text for text in said), "nothing was counted"


@pytest.mark.parametrize(
    ("diff", "answer"),
    [
        (replace(reports.same("m", 9), rows=RowDiff(9, 0, 0, 9, 0)), "Empty, all 9 rows gone"),
        (replace(reports.same("m", 9), rows=RowDiff(9, 18, 9, 0, 0)), "9 → 18 rows, 9 rows added base"),
        (replace(reports.sampled().diffs[1], rows=RowDiff(9, 18, 9, 0, 0)), "9 → 18 rows; compared in part only"),
        (replace(reports.not_compared().diffs[0], rows=RowDiff(9, 1)), "9 → 1 row; not compared"),
        (reports.sampled().diffs[1], "At least 17 rows changed, 2 added in the sample"),
        (
            replace(reports.sampled().diffs[0], schema=SchemaDiff((Column("a", "INT"),))),
            "+1 column, no row differs in the sample",
        ),
        (
            replace(reports.sampled().diffs[0], rows=RowDiff(9, 10, 0, 0, 0)),
            "9 → 10 rows, no row differs in the sample",
        ),
        (replace(reports.same("m", 9), rows=RowDiff(9, 20)), "9 → 20 rows base"),
        (replace(reports.same("m", 9), notes=("a where",)), "Equal: all 9 rows compared in 0 columns, see the notes"),
        (
            replace(reports.not_compared().diffs[0], rows=RowDiff(10, 11), schema=SchemaDiff(reordered=True)),
            "10 → 11 rows, columns reordered, not compared",
        ),
        (
            replace(reports.same("m", 9), schema=SchemaDiff(reordered=True)),
            "columns reordered; all rows equal in the columns that were comp",
        ),
        (
            replace(reports.same("m", 9), ignored_columns=("a",)),
            "Equal: all 9 rows compared in 0 columns, 1 column ign",
        ),
        (reports.unstable().diffs[0], "1,000 rows changed, only in what need not be the same on every build"),
        (reports.not_compared().diffs[0], "Not compared"),
    ],
)
def test_the_answer_comes_first(diff: ModelDiff, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(diff, capsys).startswith(f"● {answer}")


def test_what_a_difference_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(reports.profile().diffs[0], capsys)
    assert "revenue 31,204 25.9 % ████▏ sum 4,820,133.50 → 4,655,310.25 (\N{MINUS SIGN}3.4 %)" in text
    assert "• status in these 10,000 rows: paid 132 → 0, refunded 0 → 120, NULL 0 → 12." in text
    assert "Where the change is, from a sample of 10,000 of the 31,204 changed rows" in text
    assert "• 92 % of these 10,000 rows have country = DE, which is 11 % of the table: 8.4 times as many as by" in text
    assert "12 % of these 10,000 rows have NULL in channel" in text
    assert "≈48,112 →" in text
    assert (
        "revenue in 10,000 of the 31,204 changed rows, from 0 to 200 base ▂▂▄▄▇▇██▇▇▅▅▃▃▂▂▁▁▁▁ head ▅▅▆▆▇▇▇▇▅▅▃▃▂▂▁▁▁▁ "
        in text
    )
    assert "~ customer_id=1007 revenue=184.50 → 139.50 orders=4 → 3" in text
    assert "How: row by row, in place." in text


@pytest.mark.parametrize("name", ["rows_changed", "profile", "sampled_random", "not_compared"])
def test_a_comparison_on_paper(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    show_comparison(reports.SCENARIOS[name]().diffs[0], base="main.fct_revenue", head="head.parquet")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    check_golden(f"compare_{name}.txt", "\n".join([*lines, ""]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_comparison_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for diff in reports.SCENARIOS[name]().diffs[:4]:
        assert shown(diff, capsys).startswith("● ")


def test_long_lists_say_what_they_leave_out(capsys: pytest.CaptureFixture[str]) -> None:
    columns = tuple(ColumnChange(f"c{number:02}", number) for number in range(24))
    cells = tuple(CellChange(f"c{number:02}", None, "1") for number in range(11))
    rows = RowDiff(99, 99, 1, 1, 23, columns, (RowExample("added", (), cells, 3),))
    text = shown(replace(reports.same("m", 99), rows=rows, unstable=(Unstable("C23", "now()"),)), capsys)
    assert "c23 not stable 23 23.5 %" in text
    assert "… and 3 more columns" in text
    assert "… and 3 more cells (3 times)" in text


def test_a_part_that_has_nothing_to_say_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    found = reports.profile().diffs[0]
    assert found.profile
    still = replace(found.profile.numbers[0], histogram=None)
    figures = shown(replace(found, profile=Profile(numbers=(still,))), capsys)
    assert ("Where the change is" in figures, "Mean" in figures, " to 200" in figures) == (False, True, False)
    where = shown(replace(found, profile=Profile(slices=found.profile.slices)), capsys)
    assert ("Where the change is" in where, "Mean" in where) == (True, False)
    drawn = replace(found.profile.numbers[2], histogram=found.profile.numbers[0].histogram)
    lines = shown(replace(found, profile=Profile(numbers=(drawn,))), capsys)
    assert ("Where the change is" in lines, "Mean" in lines, " to 200" in lines) == (False, False, True)


def test_a_bar_is_full_only_if_it_is_all() -> None:
    assert [bar(0, 9), bar(9, 0), bar(10, 9)] == ["", "", ""]
    assert bar(9, 9) == "█" * BAR
    assert bar(10**9 - 1, 10**9) == "█" * (BAR - 1) + "▉"
    assert bar(1, 10**9) == "▏"


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    show_comparison(reports.profile().diffs[0], base="a", head="b")
    text = capsys.readouterr().out
    assert "\x1b[31m184.50\x1b[0m → \x1b[32m139.50\x1b[0m" in text
    assert "\x1b[1;33m● 31,204 rows changed\x1b[0m" in text


def test_progress_is_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False) as tell:
        tell("head: [model]")
    with progress(quiet=True) as tell:
        tell("nothing of this")
    captured = capsys.readouterr()
    assert captured.err == "rocky-preview: head: [model]\n"
    assert captured.out == ""


def test_a_plan_says_what_happens_to_which_columns_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    base = [
        model("stg", "SELECT a, b FROM raw"),
        model("fct", "SELECT SUM(a) AS s FROM stg"),
        model("ids", "SELECT b FROM stg"),
    ]
    far = [model(f"far_{number:02}") for number in range(console.MOST_FAR + 3)]
    projects = Projects(
        project([*base, *far]), project([model("stg", "SELECT a + 1 AS a, b FROM raw"), *base[1:], *far])
    )
    changes = detect_changes(projects, ())
    console.show_study(Study(projects, changes, make_plan(projects, changes, copy=CopyMode.NEEDED)))
    text = " ".join(capsys.readouterr().out.split())
    assert "stg columns a column `a` is computed differently" in text
    assert "fct runs s uses `stg.a` in SUM" in text
    assert "ids skipped reads `stg`, but not its changed column `a`" in text
    assert "skipped, reads nothing that changed: far_00, far_01" in text
    assert text.endswith("far_19 and 3 more")
