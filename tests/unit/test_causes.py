"""Which line is behind what a preview has found, and what is said there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.annotations import MOST_MESSAGES, annotations_of
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import ColumnChange, Exhaustive, ModelDiff, RowDiff, Sampled, SchemaDiff, Unstable
from rocky_action.domain.execution import Execution, Failed, ModelRun, NotRun, Side
from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.limit_words import breach_words
from rocky_action.domain.limits import Blame, BudgetBreach
from rocky_action.domain.plan import LeftModel, PlannedModel, PruneReason
from rocky_action.domain.project import Model, Projects, Relation
from rocky_action.domain.pull_request import Hunk
from rocky_action.domain.report import Caveat, Edge, Remark, Report, Severity
from rocky_action.git.hunks import _line_before
from rocky_action.projects.rocky import RockyLoader
from rocky_action.rendering import render_comment
from rocky_action.sql.origins import column_spans, name_lines
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.findings.causes import explained
from rocky_action.stages.findings.placing import Places
from rocky_action.stages.report import _limit_caveats
from tests.support import reports
from tests.support.projects import load, project_files
from tests.support.trees import tree

SQL = """\
WITH cleaned AS (
    SELECT
        id,
        CASE
            WHEN amount > 0
            THEN amount
        END AS amount
    FROM shop.main.source
)

SELECT
    id,
    amount,
    1 AS one
FROM cleaned
WHERE id > 0
"""
BASE = project_files({"orders": SQL, "report": "SELECT id, amount FROM orders", "other": "SELECT 1 AS one"})
ORDERS = "models/orders.sql"
EDGES = (Edge("orders", "report"),)


def explain(
    head: Mapping[str, str],
    *hunks: Hunk,
    path: str = ORDERS,
    base: Mapping[str, str] = BASE,
    **parts: Any,
) -> Report:
    """A report about these files; git says that these lines of ``path`` are edited."""
    projects = Projects(load(base), load(head))
    locate = RockyLoader(environ={}).locate
    places = Places(partial(locate, tree=tree(base)), partial(locate, tree=tree(head)), lambda _: {path: hunks})
    report = replace(reports.no_change(), changes=detect_changes(projects, ()), edges=EDGES, caveats=())
    return explained(replace(report, **parts), projects, places=places)


def edited(old: str, new: str) -> dict[str, str]:
    assert old in SQL
    return BASE | {ORDERS: SQL.replace(old, new, 1)}


def differing(model: str = "orders", *columns: str, added: int = 0, removed: int = 0, base: int = 9) -> ModelDiff:
    changed = tuple(ColumnChange(name, 3) for name in columns)
    rows = RowDiff(base, base + added - removed, added, removed, 3 if columns else 0, changed)
    return ModelDiff(model, SchemaDiff(), rows, Exhaustive("keyed"))


def remarks(report: Report) -> list[tuple[str, int, str]]:
    return [(one.path, one.line, f"{one.model}: {one.message}") for one in report.remarks]


class TestChangedData:
    def test_on_the_edited_line_of_the_cte_that_a_column_comes_from(self) -> None:
        report = explain(
            edited("amount > 0", "amount > 1"),
            Hunk(1, 1, 1, 1),
            Hunk(5, 1, 5, 1),
            diffs=(differing("orders", "amount"), differing("report", "amount")),
        )
        assert remarks(report) == [
            (ORDERS, 5, "orders: other values in `amount` of 3 rows; further down, `report` changes by it")
        ]

    def test_on_the_projection_itself_where_that_was_edited(self) -> None:
        head = edited("    amount,\n", "    amount * 2 AS amount,\n")
        report = explain(head, Hunk(5, 1, 5, 1), Hunk(13, 1, 13, 1), diffs=(differing("orders", "amount"),))
        assert [line for _, line, _ in remarks(report)] == [13]

    def test_where_lines_inside_of_it_are_gone(self) -> None:
        base = edited("THEN amount\n", "THEN amount\n            + 0\n")
        hunks = (Hunk(1, 0, 0, 0), Hunk(7, 1, 6, 0))
        report = explain(BASE, *hunks, base=base, diffs=(differing("orders", "amount"),))
        assert [line for _, line, _ in remarks(report)] == [6]

    def test_not_above_it_where_more_was_edited(self) -> None:
        head = edited("amount > 0", "amount > 1")
        report = explain(head, Hunk(1, 6, 1, 6), diffs=(differing("orders", "amount"),))
        ((first, _),) = column_spans(load(head).models["orders"], "duckdb", column="amount")[1:]
        assert [line for _, line, _ in remarks(report)] == [first]
        assert first in {4, 5}

    def test_rows_on_the_first_edited_line(self) -> None:
        report = explain(edited("id > 0", "id > 5"), Hunk(16, 1, 16, 1), diffs=(differing(added=1, removed=2),))
        assert remarks(report) == [(ORDERS, 16, "orders: 2 rows gone, 1 row new")]

    def test_not_on_an_edit_that_cannot_have_done_it(self) -> None:
        """Only ``one`` is computed differently, so ``amount`` comes from further up."""
        base = BASE | {"models/orders.sql": SQL.replace("shop.main.source", "other")}
        head = base | {ORDERS: base[ORDERS].replace("1 AS one", "2 AS one"), "models/other.sql": "SELECT 2 AS one"}
        report = explain(
            head,
            Hunk(14, 1, 14, 1),
            base=base,
            edges=(*EDGES, Edge("other", "orders")),
            diffs=(differing("orders", "amount", "one"),),
        )
        assert remarks(report) == [(ORDERS, 14, "orders: other values in `one` of 3 rows")]

    def test_several_edits_may_be_behind_what_is_further_down(self) -> None:
        base = BASE | {"models/report.sql": "SELECT id, amount FROM orders, other"}
        head = base | edited("1 AS one", "2 AS one") | {"models/other.sql": "SELECT 2 AS one"}
        head |= {"models/report.sql": base["models/report.sql"]}
        edges = (*EDGES, Edge("other", "report"))
        report = explain(head, Hunk(14, 1, 14, 1), base=base, edges=edges, diffs=(differing("report", "amount"),))
        assert remarks(report) == [(ORDERS, 14, "orders: further down, `report` changes by this edit or another")]

    def test_an_edit_of_a_column_that_nobody_reads_is_behind_nothing(self) -> None:
        base = BASE | {"models/report.sql": "SELECT id, amount, two FROM orders, pairs"}
        base |= project_files({"pairs": "SELECT 2 AS two"})
        head = base | edited("1 AS one", "2 AS one") | {"models/report.sql": base["models/report.sql"]}
        head |= {"models/pairs.sql": "SELECT 3 AS two"}
        edges = (*EDGES, Edge("pairs", "report"))
        plan = replace(
            reports.no_change().plan,
            prune_set=tuple(PlannedModel(one, PruneReason.CHANGED, "") for one in ("orders", "pairs", "report")),
        )
        diffs = (differing("report", "two"),)
        report = explain(
            head, Hunk(1, 1, 1, 1), base=base, edges=edges, plan=plan, diffs=diffs, path="models/pairs.sql"
        )
        assert remarks(report) == [("models/pairs.sql", 1, "pairs: further down, `report` changes by it")]

    @pytest.mark.parametrize(
        "diff",
        [
            replace(differing("orders", "one"), new=True),
            replace(differing("orders", "one"), unstable=(Unstable("one", "now()"),)),
            differing(),
        ],
    )
    def test_nothing_is_said(self, diff: ModelDiff) -> None:
        assert remarks(explain(edited("1 AS", "2 AS"), Hunk(14, 1, 14, 1), diffs=(diff,))) == []

    def test_nothing_of_rows_that_come_and_go_by_chance(self) -> None:
        diff = replace(differing(added=1), unstable=(Unstable(None, "LIMIT"),))
        assert remarks(explain(edited("id > 0", "id > 5"), Hunk(16, 1, 16, 1), diffs=(diff,))) == []

    def test_a_sample_says_so(self) -> None:
        diff = replace(differing("orders", "one"), coverage=Sampled(1000, 5000, ("id",)))
        ((_, _, said),) = remarks(explain(edited("1 AS", "2 AS"), Hunk(14, 1, 14, 1), diffs=(diff,)))
        assert said == "orders: other values in `one` of 3 rows of the 1,000 that were compared"

    def test_an_edit_of_a_sidecar(self) -> None:
        head = BASE | {"models/orders.toml": '[strategy]\ntype = "incremental"\ntimestamp_column = "id"\n'}
        diff = differing(added=2)
        report = explain(head, Hunk(0, 0, 1, 3), path="models/orders.toml", diffs=(diff,))
        assert remarks(report) == [("models/orders.toml", 1, "orders: 2 rows new")]

    def test_a_size_that_nobody_expects_is_said_once(self) -> None:
        diff = differing(removed=8)
        message = "it lost more than half of its rows: 9 rows in base, 1 in head"
        caveats = (Caveat(Severity.WARNING, message, "orders"),)
        diffs = (diff, differing("report", added=1))
        report = explain(edited("id > 0", "id > 5"), Hunk(16, 1, 16, 1), diffs=diffs, caveats=caveats)
        (told,) = annotations_of(report)
        assert (told.severity, told.path, told.line) == (Severity.WARNING, ORDERS, 16)
        assert told.message == f"orders: {message}; further down, `report` changes by it"


def failed(model: str, message: str, *others: ModelRun) -> dict[str, Any]:
    run = ModelRun(model, Side.HEAD, Failed(message))
    caveat = Caveat(Severity.ERROR, f"it failed: {message}", model, f"models/{model}.sql")
    return {"execution": Execution("", "s", head_runs=(run, *others)), "caveats": (caveat,)}


def places(report: Report) -> list[tuple[str | None, int | None]]:
    return [(caveat.path, caveat.line) for caveat in report.caveats]


class TestFailures:
    @pytest.mark.parametrize(
        ("message", "line"),
        [
            ("line 14, column 5: something is wrong", 14),
            ("line 99, column 5: nowhere", 2),
            ('Binder Error: column "one" must appear', 14),
            ("Referenced column `source` not found", 8),
            ("invalid identifier 'CLEANED.AMOUNT'", 13),
            ("out of memory", 2),
        ],
    )
    def test_the_line_that_the_error_names(self, message: str, line: int) -> None:
        """Of several that hold a name the edited one; where none can be told, the first edited line."""
        hunks = (Hunk(2, 1, 2, 1), Hunk(13, 1, 13, 1))
        report = explain(edited("    amount,\n", "    amount + 1 AS amount,\n"), *hunks, **failed("orders", message))
        assert places(report) == [(ORDERS, line)]

    def test_of_a_model_that_nobody_edited(self) -> None:
        head = edited("1 AS one", "2 AS one")
        assert places(explain(head, Hunk(14, 1, 14, 1), **failed("report", "no"))) == [(ORDERS, 14)]

    def test_in_base_as_well(self) -> None:
        parts = failed("report", "no")
        parts["execution"] = replace(parts["execution"], base_runs=(ModelRun("report", Side.BASE, Failed("no")),))
        report = explain(edited("1 AS one", "2 AS one"), Hunk(14, 1, 14, 1), **parts)
        assert places(report) == [("models/report.sql", None)]

    def test_and_what_was_not_run_because_of_it(self) -> None:
        because = "orders, which it reads, failed"
        parts = failed("orders", "line 14, column 5: no", ModelRun("report", Side.HEAD, NotRun(because)))
        waiting = Caveat(Severity.WARNING, f"it was not run: {because}", "report", "models/report.sql")
        parts["caveats"] = (*parts["caveats"], waiting)
        report = explain(edited("1 AS one", "2 AS one"), Hunk(14, 1, 14, 1), **parts)
        (told,) = annotations_of(report)
        assert (told.severity, told.line) == (Severity.ERROR, 14)
        assert told.message.splitlines()[1] == f"report: it was not run: {because}"


class TestLimits:
    @pytest.mark.parametrize(
        ("model", "path", "line"),
        [
            ("orders", "models/orders.toml", 2),
            ("report", "models/_defaults.toml", 5),
            ("other", "rocky.toml", None),
            (None, "rocky.toml", None),
        ],
    )
    def test_where_it_is_set(self, model: str | None, path: str, line: int | None) -> None:
        budget = "[budget]\nmax_usd = 1.0\n"
        head = dict(BASE) | {"models/orders.toml": budget, "models/sub/_defaults.toml": ""}
        head["rocky.toml"] += f"\n{budget}"
        line = head["rocky.toml"].split("\n").index("max_usd = 1.0") + 1 if path == "rocky.toml" else line
        if path.endswith("_defaults.toml"):
            head[path] = head.get(path, "") + f"\n{budget}"
            line = head[path].split("\n").index("max_usd = 1.0") + 1
        breach = BudgetBreach("max_usd", 1.0, 2.0, "error", model, path=path)
        caveat = Caveat(Severity.ERROR, breach_words(breach), model, path)
        report = explain(head, cost=CostDelta(breaches=(breach,)), caveats=(caveat,))
        assert places(report) == [(path, line)]

    def test_but_not_where_somebody_else_set_it(self) -> None:
        breach = BudgetBreach("max_usd", 1.0, 2.0, "error", "orders", path="elsewhere/rocky.toml")
        caveat = Caveat(Severity.ERROR, breach_words(breach), "orders", breach.path)
        head = dict(BASE) | {"models/orders.toml": "[budget]\nmax_usd = 1.0\n"}
        report = explain(head, cost=CostDelta(breaches=(breach,)), caveats=(caveat,))
        assert places(report) == [(breach.path, None)]

    @pytest.mark.parametrize(("before", "matters"), [(2.0, False), (3.0, False), (1.5, True), (None, True)])
    def test_what_base_exceeds_as_much_is_no_decision(self, before: float | None, matters: bool) -> None:
        assert BudgetBreach("max_usd", 1.0, 2.0, blame=Blame.BASE, before=before).matters is matters
        assert BudgetBreach("max_usd", 1.0, 2.0, blame=Blame.UNKNOWN, before=before).matters

    @pytest.mark.parametrize("before", [35_000.0, 30_000.0])
    def test_and_an_alert_only_where_there_is_a_decision(self, before: float) -> None:
        cost = CostDelta(breaches=(BudgetBreach("max_duration_ms", 1_000, 35_000, blame=Blame.BASE, before=before),))
        caveats = tuple(_limit_caveats(cost, Projects(load(BASE), load(BASE))))
        page = render_comment(replace(reports.no_change(), cost=cost, caveats=caveats), marker="")
        assert "Base exceeds it already" in page
        assert ("[!WARNING]" in page) is (before < 35_000)


class TestAnnotations:
    def test_a_removed_model_is_in_no_file(self) -> None:
        finding = Finding("gone", FindingKind.MODEL_REMOVED, Impact.BREAKING, "it is removed", "models/gone.sql")
        report = replace(reports.no_change(), findings=(finding,))
        assert [(one.message, one.path) for one in annotations_of(report)] == [("gone: it is removed", None)]
        plan = replace(report.plan, removed=(LeftModel("gone", "removed, but still read by `a`", ("a",)),))
        caveat = Caveat(Severity.WARNING, "it is removed, but still read by `a`", "gone", "models/gone.sql")
        report = replace(report, plan=plan, caveats=(caveat,))
        assert [(one.message, one.path) for one in annotations_of(report)] == [(f"gone: {caveat.message}", None)]

    def test_the_same_of_many_models_is_said_once(self) -> None:
        caveats = tuple(Caveat(Severity.WARNING, "it was not run: no", f"m{n}", f"m{n}.sql") for n in range(9))
        (told,) = annotations_of(replace(reports.no_change(), caveats=caveats))
        assert (told.message, told.path) == ("m0, m1, m2 and 6 more: it was not run: no", None)

    @given(
        st.lists(st.tuples(st.sampled_from(Impact), st.integers(0, 3)), max_size=8),
        st.lists(st.tuples(st.sampled_from(Severity), st.integers(0, 3)), max_size=8),
        st.lists(st.integers(1, 3), max_size=4),
    )
    def test_one_for_each_line_and_nothing_is_lost(
        self, found: Sequence[tuple[Impact, int]], known: Sequence[tuple[Severity, int]], said: Sequence[int]
    ) -> None:
        kind = FindingKind.TARGET_RENAMED
        findings = [
            Finding("m", kind, impact, f"f{n}.", "m.sql", line or None) for n, (impact, line) in enumerate(found)
        ]
        caveats = [Caveat(severity, f"c{n}.", "m", "m.sql", line or None) for n, (severity, line) in enumerate(known)]
        remarks = [Remark("m", f"r{n}.", "m.sql", line) for n, line in enumerate(said)]
        report = replace(reports.no_change(), findings=tuple(findings), caveats=tuple(caveats), remarks=tuple(remarks))
        told = annotations_of(report)
        spots = [(one.path, one.line) for one in told if one.line is not None]
        assert len(spots) == len(set(spots))
        order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
        assert [order.index(one.severity) for one in told] == sorted(order.index(one.severity) for one in told)
        for severity, message, line in (
            *((caveat.severity, caveat.message, caveat.line) for caveat in caveats if caveat.severity != Severity.NOTE),
            *((Severity.WARNING, one.message, one.line) for one in findings if one.severity is Impact.BREAKING),
            *((Severity.NOTE, one.message, one.line) for one in remarks),
        ):
            holding = [one for one in told if message in one.message] or [
                one for one in told if one.line == line and len(one.message.splitlines()) > MOST_MESSAGES
            ]
            assert any(order.index(one.severity) <= order.index(severity) for one in holding)


class TestLinesOfTheHead:
    @given(
        st.lists(st.integers(0, 9), max_size=8, unique=True),
        st.dictionaries(st.integers(0, 9), st.integers(1, 2), max_size=4),
        st.sets(st.integers(0, 9), max_size=3),
    )
    def test_a_line_that_both_have_is_the_same_line(
        self, lines: Sequence[int], put_in: Mapping[int, int], gone: frozenset[int]
    ) -> None:
        """``put_in`` are new lines before some others, ``gone`` are lines that a merge has taken away."""
        merged: list[object] = []
        hunks: list[Hunk] = []
        for at, line in enumerate(lines):
            new = put_in.get(line, 0)
            lost = int(line in gone)
            if new or lost:
                hunks.append(Hunk(at + lost, lost, len(merged) + bool(new), new))
            merged += [f"new {line} {number}" for number in range(new)] + ([] if lost else [line])
        for number, one in enumerate(merged, start=1):
            found = _line_before(number, hunks)
            assert 1 <= found <= max(len(lines), 1)
            if isinstance(one, int):
                assert lines[found - 1] == one


def model(sql: str, first_line: int = 1) -> Model:
    return Model("m", "models/m.sql", sql, Relation("", "main", "m"), first_line=first_line)


class TestOrigins:
    def test_a_union_meets_by_position(self) -> None:
        sql = "SELECT\n a,\n b\nFROM x\nUNION ALL\nSELECT\n b,\n c\nFROM y"
        assert column_spans(model(sql), "duckdb", column="B") == ((3, 3), (8, 8))

    def test_stars_and_subqueries_are_looked_into(self) -> None:
        sql = "SELECT *\nFROM (\n SELECT\n  a +\n  1 AS a\n FROM x\n) AS inner_one"
        assert column_spans(model(sql, 5), "duckdb", column="a") == ((8, 9),)

    def test_only_the_relation_that_is_named(self) -> None:
        sql = "WITH a AS (\n SELECT 1 AS x), b AS (\n SELECT 2 AS x)\nSELECT b.x\nFROM a, b"
        assert column_spans(model(sql), "duckdb", column="x") == ((4, 4), (3, 3))

    def test_what_reads_itself_ends(self) -> None:
        sql = "WITH RECURSIVE r AS (\n SELECT 1 AS n\n UNION ALL\n SELECT n + 1 FROM r)\nSELECT n FROM r"
        assert column_spans(model(sql), "duckdb", column="n") == ((5, 5), (2, 2), (4, 4))

    def test_what_cannot_be_read_has_no_lines(self) -> None:
        assert column_spans(model("SELECT ((("), "duckdb", column="n") == ()
        assert name_lines(model("SELECT ((("), "duckdb", name="n") == ()

    @given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(0, 4), st.integers(1, 4))
    def test_each_projection_of_a_chain_of_ctes(self, heights: Sequence[int], depth: int, first_line: int) -> None:
        """Columns of so many lines each, handed through so many CTEs: the lines are those that were written."""
        text, spans = "", dict[str, list[tuple[int, int]]]()
        for level in range(depth + 1):
            source = f"c{level - 1}" if level else "shop.main.source"
            head = f"{'WITH' if level == 0 else ','} c{level} AS (\n" if level < depth else "\n"
            columns = []
            line = first_line + (text + head + "SELECT\n").count("\n")
            for at, height in enumerate(heights):
                columns.append(f"k{at}" + "\n + 1" * (height - 1) + f" AS k{at}")
                spans.setdefault(f"k{at}", []).insert(0, (line, line + height - 1))
                line += height
            text += head + "SELECT\n" + ",\n".join(columns) + f"\nFROM {source}" + (")\n" if level < depth else "\n")
        for column, expected in spans.items():
            assert list(column_spans(model(text, first_line), "duckdb", column=column)) == expected
