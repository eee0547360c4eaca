"""What the reviewer reads: every scenario as a golden file, and the sentences that must never be wrong."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rocky_action.domain.audit import Audit, AuditedModel, Confirmed, NotAudited
from rocky_action.domain.cost import CostDelta, CostSource, Figures, RecordedIn
from rocky_action.domain.diff import Exhaustive, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.execution import Inlined, NotCloned
from rocky_action.domain.limits import BudgetBreach
from rocky_action.domain.plan import NOTHING_CHANGED, LeftModel
from rocky_action.domain.report import Caveat, Report, Severity, Verdict
from rocky_action.errors import InputError, PreviewError, WarehouseError
from rocky_action.rendering import (
    render_cleanup,
    render_comment,
    render_comparison,
    render_cost_markdown,
    render_diff_markdown,
    render_failure,
    render_summary,
)
from tests.support.cap_reports import CAP_SCENARIOS
from tests.support.cost_reports import COST_SCENARIOS
from tests.support.golden import check_golden
from tests.support.reports import (
    RUN_URL,
    added_removed_renamed,
    budget_breached,
    cosmetic,
    emptied,
    failed,
    multiset_and_duplicates,
    no_change,
    not_compared,
    report_of,
    rows_changed,
    run,
    same,
    sampled,
    sixty_models,
)
from tests.support.reports import (
    SCENARIOS as REPORTS,
)
from tests.support.self_test_reports import SELF_TEST_SCENARIOS

MARKER = "<!-- rocky-preview -->"
SCENARIOS = {**REPORTS, **COST_SCENARIOS, **CAP_SCENARIOS, **SELF_TEST_SCENARIOS}


def comment(name: str) -> str:
    return render_comment(SCENARIOS[name](), marker=MARKER)


def heading(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("### "))


@pytest.mark.parametrize("name", SCENARIOS)
def test_comment(name: str) -> None:
    check_golden(f"comment_{name}.md", comment(name))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert comment(name) == comment(name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_marker_is_the_first_line(name: str) -> None:
    assert comment(name).split("\n")[0] == MARKER


def test_summary() -> None:
    check_golden("summary_rows_changed.md", render_summary(rows_changed()))


def test_wire_markdown() -> None:
    check_golden("diff_rows_changed.md", render_diff_markdown(rows_changed()))
    check_golden("cost_rows_changed.md", render_cost_markdown(rows_changed()))


@pytest.mark.parametrize("name", ["profile", "sampled_random", "doubled"])
def test_comparison(name: str) -> None:
    text = render_comparison(SCENARIOS[name]().diffs[-1], base="a.parquet", head="main.orders")
    check_golden(f"comparison_{name}.md", text)


def test_a_comparison_that_was_none_says_so_first() -> None:
    nothing = replace(not_compared().diffs[0], rows=RowDiff(None, None))
    text = render_comparison(nothing, base="@a", head="`b`")
    assert text.startswith(
        "### ❌ Not compared\n\nBase is `@\u200ba`, head is `` `b` ``. **Not compared** because base"
    )
    assert "|" not in text


def test_failure() -> None:
    error = WarehouseError(
        "DuckDB cannot open shop.duckdb:\nIO Error: Could not set lock on file, held by @alice | pid 12",
        advice="Close the other connection, or set `database` to a copy.",
    )
    text = render_failure(error, marker=MARKER, commit="b81e90d7c2f34a6e5d10987654321fedcba98765", run_url=RUN_URL)
    check_golden("failure.md", text)


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        (InputError("base is unknown", advice=""), "author"),
        (WarehouseError("no connection", advice=""), "outside the pull request"),
        (PreviewError("oops", advice=""), "bug in rocky-preview"),
    ],
)
def test_a_failure_says_whose_it_is_and_that_nothing_is_known(error: PreviewError, whose: str) -> None:
    text = render_failure(error, marker=MARKER)
    assert whose in text
    assert "nothing is known about this commit" in text
    assert error.message in text
    assert "What to do" not in text


def test_cleanup_names_what_was_dropped() -> None:
    assert "The preview was dropped: `branch__refunds_pr42`" in render_cleanup(["branch__refunds_pr42"])
    assert "no preview left to drop" in render_cleanup([])


def audit_sentence(audit: Audit) -> str:
    text = render_comment(replace(same_report(), audit=audit), marker=MARKER)
    (line,) = [line for line in text.splitlines() if line.startswith("**Audit**")]
    return line


def same_report() -> Report:
    return report_of(same("fct_revenue", 3), verdict=Verdict.UNCHANGED)


def test_an_audit_says_what_it_has_not_shown() -> None:
    equal, unknown = Confirmed(same("m", 3)), NotAudited("it is volatile")
    assert "**Audit**" not in render_comment(same_report(), marker=MARKER)
    assert "there was nothing to audit" in audit_sentence(Audit("s", 0))
    one = audit_sentence(Audit("s", 7, (AuditedModel("m", equal),)))
    assert "1 of 7 models that did not run, drawn with seed `s`, was rebuilt" in one
    assert one.endswith("Every row was compared and none differs. Escape rate **0 of 1**.")
    some = audit_sentence(Audit("s", 7, (AuditedModel("m", equal), AuditedModel("n", unknown))))
    assert "Every row" not in some
    assert some.endswith("1 model could not be audited: `n`. Escape rate **0 of 1**.")
    none = audit_sentence(Audit("s", 7, (AuditedModel("n", unknown),)))
    assert "differ" not in none
    assert none.endswith("The escape rate is **unknown**.")


# ── never false reassurance ─────────────────────────────────────────────────────────────────────────────────────────


def test_three_coverages_are_three_sentences() -> None:
    base = same("m", 500)
    ways = [
        base,
        replace(base, coverage=Sampled(10, 500, ("id",))),
        replace(base, coverage=NotCompared("the warehouse refused")),
    ]
    texts = [render_comment(report_of(diff, verdict=Verdict.UNCHANGED), marker=MARKER) for diff in ways]
    assert "Compared in full, no difference: `m` (500 rows)" in texts[0]
    assert (
        "only the first 10 keys of 500 rows compared, in the order of `id`; rows beyond were not looked at" in texts[1]
    )
    assert "**Not compared** because the warehouse refused" in texts[2]
    for text in texts[1:]:
        assert "Compared in full" not in text
        assert "No data changes" not in text
        assert "| equal" not in text
        assert "compared in full" not in text


def test_a_table_that_became_empty_is_the_first_thing_said() -> None:
    report = failed()
    diff = replace(emptied().diffs[0], model="rpt_weekly")
    runs = (*report.execution.head_runs[:2], run("rpt_weekly"))
    report = replace(
        report,
        diffs=(*report.diffs[:2], diff),
        execution=replace(report.execution, head_runs=runs),
        caveats=(),
    )
    text = render_comment(report, marker=MARKER)
    assert heading(text).startswith("### 🚨 `rpt_weekly` becomes empty: all 12,402 rows gone; `fct_revenue` failed")


def test_unknown_cost_is_unknown_and_never_zero() -> None:
    report = report_of(same("m", 5), verdict=Verdict.UNCHANGED, cost=CostDelta())
    text = render_comment(report, marker=MARKER)
    assert "cost **unknown**" in text
    assert "$0" not in text
    row = next(line for line in text.splitlines() if line.startswith("| 🟢"))
    assert row.endswith("| unknown |")


def test_an_incomplete_verdict_is_never_dressed_as_no_change() -> None:
    text = render_comment(report_of(same("m", 5), verdict=Verdict.INCOMPLETE), marker=MARKER)
    assert "⚠️" in heading(text)
    assert "No data changes" not in heading(text)


def test_schema_of_a_model_without_a_base_is_not_called_the_same() -> None:
    row = next(line for line in comment("not_compared").splitlines() if "| 🟠" in line)
    assert row.split("|")[3].strip() == "unknown"


def test_equal_with_reservations_says_so() -> None:
    diff = replace(same("m", 5), ignored_columns=("loaded_at",))
    text = render_comment(report_of(diff, verdict=Verdict.UNCHANGED), marker=MARKER)
    assert "No data changes in what was compared" in heading(text)
    assert "equal, 1 column ignored" in text
    noted = replace(same("m", 5), notes=("only rows of 2026 were looked at",))
    text = render_comment(report_of(noted, verdict=Verdict.UNCHANGED), marker=MARKER)
    assert "equal, see notes" in text
    assert "- only rows of 2026 were looked at" in text


def test_a_failed_model_is_not_said_to_have_changed() -> None:
    text = comment("failed")
    assert "change" not in heading(text)
    assert text.count("Binder Error") == 2  # one line in the alert, all of it in the section
    assert "Candidate bindings" in text
    assert "`rpt_top_customers`, `rpt_weekly` were not run because `fct_revenue` failed" in text


def test_duplicate_keys_new_in_head_are_an_alert() -> None:
    text = render_comment(multiset_and_duplicates(), marker=MARKER)
    alert = text[text.index("> [!WARNING]") : text.index("| Model")]
    assert "Duplicate keys (`order_id`): 0 in base, 12 in head" in alert
    assert "Rows with NULL in the key (`order_id`): 1 in base, 3 in head" in alert
    assert "raw_events_clean" not in alert


def test_only_counts_known_is_a_change_of_counts() -> None:
    diff = replace(same("m", 5), rows=RowDiff(5, 9), coverage=NotCompared("it has no columns"))
    text = render_comment(report_of(diff, verdict=Verdict.INCOMPLETE), marker=MARKER)
    assert "1 model changes: another number of rows; `m` was not compared" in heading(text)


def test_reordered_columns_are_named() -> None:
    diff = replace(same("m", 5), schema=SchemaDiff(reordered=True))
    text = render_comment(report_of(diff, verdict=Verdict.CHANGED), marker=MARKER)
    assert "1 model changes: columns reordered, rows equal" in heading(text)


def test_a_model_without_a_diff_was_not_compared() -> None:
    report = replace(report_of(same("m", 5), verdict=Verdict.INCOMPLETE), diffs=())
    text = render_comment(report, marker=MARKER)
    assert "`m` was not compared" in heading(text)
    assert "> `m` was not compared." in text


def test_an_ephemeral_model_has_no_table() -> None:
    report = report_of(same("m", 5), verdict=Verdict.UNCHANGED)
    runs = (run("m", Inlined()),)
    text = render_comment(replace(report, diffs=(), execution=replace(report.execution, head_runs=runs)), marker=MARKER)
    assert "part of its readers" in text


# ── what is said once, and what is said at all ──────────────────────────────────────────────────────────────────────


def test_caveats_that_repeat_the_report_are_said_once() -> None:
    assert comment("budget_breached").count("exceeds its budget") == 1
    assert comment("budget_breached").count("The project's budget is exceeded") == 1
    assert comment("gate_exceeded").count("adds most") == 2
    assert comment("gate_exceeded").count("Nobody knows whether") == 2
    assert "it became empty" not in comment("emptied")
    assert comment("not_compared").count("raw_events") == 2  # the alert and the section
    assert comment("added_removed_renamed").count("still read by") == 1


def test_a_caveat_names_its_model_though_another_ones_name_ends_like_it() -> None:
    caveats = (Caveat(Severity.WARNING, "it is removed, but still read by rpt_m", "m"),)
    text = render_comment(report_of(same("m", 5), verdict=Verdict.CHANGED, caveats=caveats), marker=MARKER)
    assert "> `m`: it is removed, but still read by `rpt_m`" in text


def test_other_caveats_stand_where_their_severity_puts_them() -> None:
    caveats = (
        Caveat(Severity.ERROR, "the first", "m"),
        Caveat(Severity.WARNING, "the second", path="rocky.toml"),
        Caveat(Severity.NOTE, "m says the third", "m"),
    )
    text = render_comment(report_of(same("m", 5), verdict=Verdict.FAILED, caveats=caveats), marker=MARKER)
    assert "> [!CAUTION]\n> `m`: the first\n" in text
    assert "> [!WARNING]\n> `rocky.toml`: the second\n" in text
    assert "- m says the third" in text.partition("<b>1 note</b>")[2]


def test_alerts_stand_at_top_level_only() -> None:
    for name in SCENARIOS:
        depth = 0
        for line in comment(name).splitlines():
            depth += line.count("<details") - line.count("</details>") if line.startswith("<") else 0
            assert depth == 0 or not line.startswith("> [!")


def test_cosmetic_edits_are_told_from_no_edits() -> None:
    assert heading(render_comment(no_change(), marker=MARKER)) == "### ✅ No model changes"
    assert "every edit means the same" in heading(render_comment(cosmetic(), marker=MARKER))
    assert "**Edited without effect**, only comments and layout changed: `stg_orders`" in comment("cosmetic")


def test_the_footer_tells_the_work_tree_from_a_commit() -> None:
    report = rows_changed()
    tree = replace(report, comparison=replace(report.comparison, work_tree=True))
    assert "head `b81e90d`" in comment("rows_changed")
    assert "head the work tree at `b81e90d`" in render_comment(tree, marker=MARKER)


def test_only_a_plain_address_becomes_a_link() -> None:
    report = rows_changed()
    for url in ("javascript:alert(1)", "https://x.example/) [y](https://z.example", "https://x.example/\n", None):
        other = replace(report, provenance=replace(report.provenance, run_url=url))
        assert "](" not in render_comment(other, marker=MARKER)


def test_removed_models_and_new_ones_are_counted_in_the_heading() -> None:
    assert "1 new model; 2 models removed" in heading(render_comment(added_removed_renamed(), marker=MARKER))
    assert "renamed from `dim_customers`" in comment("added_removed_renamed")


def test_a_breach_that_fails_the_gate_is_in_the_heading() -> None:
    assert heading(render_comment(budget_breached(), marker=MARKER)).startswith("### ❌ Over budget; 1 model changes")
    assert heading(comment("gate_exceeded")).startswith("### ❌ Over the gates `percent`, `usd_per_month`; 1 model")
    assert heading(comment("budget_breached_before")).startswith("### 🔶 1 model changes")


def test_a_sample_that_found_something_says_at_least() -> None:
    text = render_comment(sampled(), marker=MARKER)
    assert "at least 17 rows changed" in heading(text)
    assert "| none found in **1,000 keys of 2,400,000 rows** |" in text


# ── the size ladder ─────────────────────────────────────────────────────────────────────────────────────────────────


def whole(text: str) -> None:
    """Nothing is cut in the middle: folds and fences are closed, tables keep their width."""
    assert text.count("<details") == text.count("</details>")
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0
    assert text.endswith("</sub>\n")


def test_the_ladder_drops_examples_then_sections_then_rows_and_says_so() -> None:
    report = sixty_models()
    full = render_comment(report, marker=MARKER)
    assert "Left out" not in full
    seen = []
    for limit in (len(full) - 1, 16_000, 9_000, 5_000, 3_000, 1_500):
        text = render_comment(report, marker=MARKER, limit=limit)
        assert len(text) <= limit
        whole(text)
        assert "Left out to stay within the size limit" in text
        assert f"]({RUN_URL})" in text
        assert heading(text) == heading(full)
        seen.append((text.count("**Changed rows**"), text.count("matched by"), text.count("| 🟡"), "mermaid" in text))
    assert seen == sorted(seen, reverse=True)
    assert seen[0][0] > 0
    assert seen[1][0] == 0 < seen[1][1]
    assert seen[3][1] == 0 < seen[3][2]


def test_the_weightiest_models_stay_longest() -> None:
    text = render_comment(sixty_models(), marker=MARKER, limit=5_000)
    rows = [line for line in text.splitlines() if line.startswith("| 🟡")]
    assert "mart_57" in rows[0]
    assert "Not in the table" in text


def test_a_limit_that_nothing_fits_still_gives_the_marker() -> None:
    assert render_comment(sixty_models(), marker=MARKER, limit=100) == f"{MARKER}\nThe report does not fit here.\n"


def test_the_comment_is_counted_in_code_points_and_the_summary_in_bytes() -> None:
    wide = replace(not_compared().diffs[0], coverage=NotCompared("\N{CJK UNIFIED IDEOGRAPH-4E00}" * 390))
    reports = report_of(
        *(replace(wide, model=f"m{number}") for number in range(40)), verdict=Verdict.INCOMPLETE, cost=CostDelta()
    )
    text = render_comment(reports, marker=MARKER)
    assert len(text) < 65_000 < len(text.encode())
    assert "Left out" not in text
    small = render_summary(reports, limit=65_000)
    assert len(small.encode()) <= 65_000
    assert "Left out" in small


@pytest.mark.slow
def test_a_report_of_thousands_of_models_fits() -> None:
    diffs = tuple(
        replace(same(f"model_{number}", 10), rows=RowDiff(10, 10, 0, 0, 1), coverage=Exhaustive("keyed"))
        for number in range(2_000)
    )
    report = report_of(*diffs, verdict=Verdict.CHANGED)
    text = render_comment(report, marker=MARKER)
    assert len(text) <= 65_000
    whole(text)
    assert len(render_summary(report).encode()) <= 1_000_000


# ── cost and what was left alone ────────────────────────────────────────────────────────────────────────────────────


def test_unknown_savings_and_recorded_figures_are_named() -> None:
    report = rows_changed()
    first = report.cost.models[0]
    run = RecordedIn("run-0", "2026-11-18T10:04:31+00:00", production=True)
    recorded = replace(first, base=Figures(1, 1, 0.42, CostSource.RECORDED, recorded=run))
    models = (recorded, *report.cost.models[1:])
    cost = replace(report.cost, savings_usd=None, recorded=(run,), models=models, unknown=())
    text = render_comment(replace(report, cost=cost), marker=MARKER)
    assert "What it saved to copy 2 models instead of running is unknown." in text
    assert "| $0.42 (recorded) |" in text
    assert "Recorded: base of `fct_revenue`, in production's run `run-0`, 3 days before this preview." in text


@pytest.mark.parametrize(
    ("breach", "sentence"),
    [
        (BudgetBreach("max_usd", 0.5, 1.25), "cost $1.25 together, `max_usd` is $0.50."),
        (
            BudgetBreach("max_duration_ms", 1_000, 61_000),
            "take 1 min 1 s one after the other, `max_duration_ms` is 1.0 s.",
        ),
        (BudgetBreach("max_bytes_scanned", 10**9, 5 * 10**9), "scan 5.0 GB together, `max_bytes_scanned` is 1.0 GB."),
    ],
)
def test_a_breach_names_figure_and_limit(breach: BudgetBreach, sentence: str) -> None:
    report = budget_breached()
    text = render_comment(replace(report, cost=replace(report.cost, breaches=(breach,))), marker=MARKER)
    assert sentence in text


def test_a_model_that_was_not_copied_is_named_with_the_reason() -> None:
    report = rows_changed()
    clones = (NotCloned("stg_orders", "the table is locked"),)
    execution = replace(report.execution, clones=clones)
    text = render_comment(replace(report, execution=execution), marker=MARKER)
    assert "- **Not copied**, as the table is locked: `stg_orders`\n" in text
    assert "built, 1 copied ·" in text
    assert "<b>Not affected</b>: 1 copied, 1 not copied, 5 skipped" in text


def test_what_could_have_noticed_comes_before_what_is_far_away() -> None:
    near = [LeftModel(f"z{number}", f"reads `m{number}`, but not its changed column `a`") for number in range(9)]
    far = [LeftModel("a1", NOTHING_CHANGED), LeftModel("a2", NOTHING_CHANGED)]
    report = no_change()
    text = render_comment(replace(report, plan=replace(report.plan, skipped=(*far, *near))), marker=MARKER)
    lines = [line for line in text.splitlines() if line.startswith("- **Skipped**")]
    assert lines[0] == "- **Skipped**, reads `m0`, but not its changed column `a`: `z0`"
    assert lines[-2:] == [
        "- **Skipped** for other reasons: `z8`",
        "- **Skipped**, reads nothing that changed: `a1`, `a2`",
    ]


def test_many_reasons_end_in_a_count() -> None:
    skipped = tuple(LeftModel(f"m{number}", f"reason {'x' * number}") for number in range(12))
    report = no_change()
    text = render_comment(replace(report, plan=replace(report.plan, skipped=skipped)), marker=MARKER)
    assert "**Skipped** for other reasons: `m8`, `m9`, `m10`, `m11`" in text
