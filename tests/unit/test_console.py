"""What a person sees on a terminal: every outcome has words of its own."""

from __future__ import annotations

import pytest

from rocky_action.console import tables as console
from rocky_action.console.progress import progress
from rocky_action.domain.diff import (
    CellChange,
    Column,
    ColumnChange,
    Exhaustive,
    Key,
    ModelDiff,
    NotCompared,
    RowDiff,
    RowExample,
    Sampled,
    SchemaDiff,
    TypeChange,
)
from rocky_action.domain.options import CopyMode
from rocky_action.domain.project import Projects
from rocky_action.domain.text import printable
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.plan import make_plan
from rocky_action.study import Study
from tests.support import reports
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


def shown(diff: ModelDiff, capsys: pytest.CaptureFixture[str]) -> str:
    console.show_diff(diff)
    return " ".join(capsys.readouterr().out.split())


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
    assert "Schema: +a, -b, c: INT -> BIGINT, reordered. Rows: all, by id." in text
    assert "- a note" in text
    assert "changed id=1 x NULL ''" in text
    assert "masked masked" in text
    assert "added id=2 x [red]NULL[/red]" in text, "data is never markup"
    assert "removed id=3 x 'NULL'" in text


def test_three_coverages_three_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = RowDiff(None, None)
    said = [
        shown(ModelDiff("m", SchemaDiff(), nothing, coverage), capsys)
        for coverage in (Exhaustive("multiset"), Sampled(5, 1000, ("id",)), NotCompared("it is Sunday"))
    ]
    assert "all, as whole rows" in said[0]
    assert "only 5 of 1,000 keys compared" in said[1]
    assert "not compared: it is Sunday" in said[2]
    assert all("unknown unknown" in text for text in said)


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
