"""Figures, odds, shares and profiles: no rounding to a claim that is not exact, no estimate called exact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.diff import (
    BisectionStats,
    CategoryChange,
    ColumnChange,
    Exhaustive,
    Histogram,
    ModelDiff,
    NotCompared,
    Numbers,
    NumericChange,
    Profile,
    Proof,
    RowDiff,
    Sampled,
    Slice,
    Unstable,
    Value,
    ValueMove,
)
from rocky_action.domain.report import Verdict
from rocky_action.rendering import render_comment
from rocky_action.rendering.figures import MINUS, at_least, fraction
from rocky_action.rendering.numbers import bars, bound, figure_change, relative_change
from rocky_action.rendering.profile import distinct_change, histogram_lines, null_change, profile_view, slice_sentence
from rocky_action.rendering.proof import how_note, odds_words
from tests.support.reports import numbers_of, profile, report_of, same

SAME = same("m", 100)
CHANGED = replace(SAME, rows=RowDiff(100, 100, 0, 0, 9))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("base", "head", "shown"),
    [
        ("5", "5.0", "same"),
        (None, None, ""),
        ("abc", "abc", "same"),
        ("1204500.00", "1187220.25", "1,204,500.00 → 1,187,220.25"),
        ("184.50", "139", "184.5 → 139.0"),
        ("40.0343314", "39.0198675", "40.03 → 39.02"),
        ("41.23444", "41.23445", "41.23444 → 41.23445"),
        ("0.000012", "0", "0.000012 → 0"),
        ("-5", "5", f"{MINUS}5 → 5"),
        ("0", "-0.00", "same"),
        (None, "3", "*NULL* → 3"),
        ("nan", "1", "`nan` → 1"),
        ("1e300", "2", "`1e300` → 2"),
        ("1e-30", "0", "`1e-30` → 0"),
        ("1.00000000000000000001", "1", "`1.00000000000000000001` → `1`"),
        ("", "@all", "*empty* → `@\N{ZERO WIDTH SPACE}all`"),
    ],
)
def test_two_figures_that_differ_never_look_the_same(base: Value, head: Value, shown: str) -> None:
    assert figure_change(base, head) == shown


@pytest.mark.parametrize(
    ("base", "head", "shown"),
    [
        ("100", "98.6", f"{MINUS}1.4 %"),
        ("100", "100.01", "+<0.1 %"),
        ("100", "0", f"{MINUS}100 %"),
        ("100", "200", "+100 %"),
        ("1000000", "1", ""),
        ("-10", "-20", f"{MINUS}100 %"),
        ("1", "200", ""),
        ("0", "5", ""),
        ("7", "7", ""),
        (None, "7", ""),
    ],
)
def test_a_relative_change_is_given_where_it_says_something(base: Value, head: Value, shown: str) -> None:
    assert relative_change(base, head) == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0004, "<0.1 %"),
        (0.99999, ">99.9 %"),
        (0.0951, "9.5 %"),
        (0.9195, "92 %"),
        (0.996, "99.6 %"),
    ],
)
def test_a_fraction_is_all_or_nothing_only_if_that_is_exact(part: float, shown: str) -> None:
    assert plain(fraction(part)) == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0.002991, "0.30 %"),
        (0.003, "0.30 %"),
        (0.003001, "0.31 %"),
        (0.0581, "5.9 %"),
        (0.95, "95 %"),
        (0.9991, ">99.9 %"),
        (1, "100 %"),
    ],
)
def test_what_a_sample_would_have_shown_is_rounded_up(part: float, shown: str) -> None:
    assert plain(at_least(part)) == shown


@pytest.mark.parametrize(
    ("odds", "shown"),
    [
        (1e-12, "1 in 10¹²"),
        (9.9e-12, "1 in 10¹¹"),
        (5.4e-20, "1 in 10¹⁹"),
        (3e-5, "1 in 10,000"),
        (0.4, "1 in 1"),
        (3, "1 in 1"),
    ],
)
def test_odds_are_an_upper_bound(odds: float, shown: str) -> None:
    assert odds_words(odds) == shown


def test_every_way_has_words_and_only_chance_has_odds() -> None:
    stats = BisectionStats(129, 1, 2, depth_capped=True, split="int_range")
    said = {
        proof.way: how_note(replace(SAME, proof=proof))
        for proof in (
            Proof("positions", "`a` is in order."),
            Proof("checksums", odds=1e-12),
            Proof("groups"),
            Proof("bisection", "", 1e-9, stats),
            Proof("join"),
        )
    }
    texts = [text for text in said.values() if text]
    assert len({text.partition(".")[0] for text in texts}) == len(said)
    assert str(said["positions"]).endswith("in place. `a` is in order.")
    assert [way for way, text in said.items() if text and "at most 1 in" in text] == ["checksums", "bisection"]
    assert "(129 examined, 1 that differ compared row by row; it went no deeper, and read those as a whole)" in str(
        said["bisection"]
    )
    assert how_note(replace(SAME, proof=Proof("nothing", "because"))) is None
    assert "checksums by part of the tables." in str(how_note(replace(SAME, proof=Proof("bisection"))))


def test_equal_by_checksum_says_what_is_left_to_chance_though_it_has_no_section() -> None:
    by_sum = replace(SAME, proof=Proof("checksums", "", 1e-12))
    lines = render_comment(report_of(by_sum, same("n", 5), verdict=Verdict.UNCHANGED), marker="").splitlines()
    (line,) = [line for line in lines if line.startswith("Compared in full")]
    assert line.endswith("the chance that this hides a difference is at most 1 in 10¹².")
    exact = render_comment(report_of(SAME, verdict=Verdict.UNCHANGED), marker="")
    assert "chance" not in exact


def test_a_share_of_null_moves_only_if_it_does() -> None:
    def moved(base: tuple[int, int], head: tuple[int, int]) -> str:
        sides = [Numbers(rows, nulls, 1, None, None, None, None) for nulls, rows in (base, head)]
        return plain(null_change(*sides))

    assert moved((0, 100), (0, 50)) == "same"
    assert moved((10, 100), (5, 50)) == "same"
    assert moved((0, 100), (3, 100)) == "0 % → 3.0 %"
    assert moved((1, 100_000), (2, 100_000)) == "1 → 2 rows"
    assert moved((2, 100_000), (1, 100_000)) == "2 → 1 row"
    assert moved((100, 100), (0, 0)) == "same"
    assert moved((7, 100), (1, 100)) == "7.0 % → 1.0 %"


def test_an_estimate_is_marked() -> None:
    exact = Numbers(9, 0, 3, None, None, None, None, distinct_exact=True)
    assert distinct_change(exact, replace(exact, distinct=4)) == "3 → 4"
    assert distinct_change(exact, replace(exact, distinct_exact=False)) == "3 → ≈3"
    assert distinct_change(exact, exact) == "same"
    for base, head in ((None, None), (3, None), (None, 3)):
        said = distinct_change(replace(exact, distinct=base), replace(exact, distinct=head))
        assert said == "not counted"


def test_a_masked_column_has_no_figures_that_could_be_the_same() -> None:
    base = Numbers(9, 0, None, None, None, None, None)
    masked = NumericChange("secret", base, replace(base, nulls=9))
    other = NumericChange("open", numbers_of(9, "1", "1", "1", "1"), numbers_of(9, "2", "1", "1", "1"))
    lines = view_lines(replace(CHANGED, profile=Profile(numbers=(masked, other))))
    assert plain(lines).splitlines()[1:] == [
        "| Base → head | Sum | *NULL* |",
        "|:--|--:|--:|",
        "| `secret` |  | 0 % → 100 % |",
        "| `open` | 1 → 2 | same |",
    ]
    assert profile_view(replace(CHANGED, profile=Profile(numbers=(replace(masked, head=base),)))) is None


def test_bars_show_whatever_is_there() -> None:
    assert bars((0, 1, 50, 100, 0), 100) == "  ▁▁▄▄██"
    assert [bound(number) for number in (-0.5, 1e9, 200.0, 1e-20)] == [f"{MINUS}0.5", "1,000,000,000", "200", "`1e-20`"]
    empty = NumericChange("a", numbers_of(1, "1", "1", "1", "1"), numbers_of(1, "1", "1", "1", "1"))
    assert list(histogram_lines(empty, "rows")) == []
    assert list(histogram_lines(replace(empty, histogram=Histogram(0, 1, (1, 2), (1, 2))), "rows")) == []
    shown = list(histogram_lines(replace(empty, histogram=Histogram(0, 8, (8, 0), (0, 1))), "the added rows"))
    assert shown == ["a in the added rows, from 0 to 8", "  base ██", "  head   ▁▁"]


def test_a_slice_says_how_much_more_than_by_chance_only_if_it_is_more() -> None:
    assert slice_sentence(Slice("c", "DE", 9, 0.9, 0.1), "the changed rows") == (
        "90\N{NO-BREAK SPACE}% of the changed rows have `c` = `DE`, which is 10\N{NO-BREAK SPACE}% of the table: "
        "9.0 times as many as by chance."
    )
    for share_of_table in (0.9, 0.0):
        sentence = slice_sentence(Slice("c", None, 9, 0.9, share_of_table), "the added rows")
        assert sentence.startswith("90\N{NO-BREAK SPACE}% of the added rows have *NULL* in `c`, which is ")
        assert "by chance" not in sentence


def view_lines(diff: ModelDiff) -> str:
    view = profile_view(diff)
    assert view
    return "\n".join([view.where_title, *view.where, str(view.numbers and view.numbers.lines)])


def test_it_is_said_when_only_some_of_the_rows_were_looked_at() -> None:
    slices = (Slice("c", "DE", 9, 0.9, 0.1),)
    some = replace(CHANGED, profile=Profile(3, 9, slices=slices))
    assert "**Where the change is**, from a sample of 3 of the 9 changed rows" in view_lines(some)
    assert "of these 3 rows have `c` = `DE`" in view_lines(some)
    assert "of the one that was looked at have" in view_lines(replace(CHANGED, profile=Profile(1, 9, slices=slices)))
    drawn = replace(CHANGED, coverage=Sampled(50, 900, ("id",)), profile=Profile(9, 9, slices=slices))
    assert "of the changed rows of the sample have" in view_lines(drawn)
    every = replace(CHANGED, rows=RowDiff(100, 100, 1, 1, 7), profile=Profile(9, 9, slices=slices))
    assert "**Where the change is**\n" in view_lines(every)
    assert "of the differing rows have" in view_lines(every)


def test_values_stand_beside_a_column_only_if_all_of_its_rows_were_looked_at() -> None:
    rows = RowDiff(100, 100, 0, 0, 9, (ColumnChange("s", 9),))
    category = CategoryChange("s", (ValueMove("a", 9, 0), ValueMove(None, 0, 9)))
    every = replace(CHANGED, rows=rows, profile=Profile(9, 9, categories=(category,)))
    lines = render_comment(report_of(every, verdict=Verdict.CHANGED), marker="")
    assert "| `s` | 9 | 9.0 % | in these rows `a` 9 → 0, *NULL* 0 → 9 |" in plain(lines)
    some = replace(every, profile=Profile(8, 9, categories=(category,)))
    lines = render_comment(report_of(some, verdict=Verdict.CHANGED), marker="")
    assert "| `s` | 9 | 9.0 % |\n" in plain(lines)
    assert "- `s` in these 8 rows: `a` 9 → 0" in lines


def test_figures_that_did_not_move_are_not_shown() -> None:
    still, moved = numbers_of(9, "9", "1", "1", "1"), numbers_of(9, "10", "1.1", "1", "2")
    changes = (NumericChange("still", still, still), NumericChange("moved", still, moved))
    lines = view_lines(replace(CHANGED, profile=Profile(numbers=changes)))
    assert "| Base → head | Sum | Mean | Max |" in lines
    assert "| `moved` | 9 → 10 | 1.0 → 1.1 | 1 → 2 |" in lines
    assert "still" not in lines
    assert profile_view(replace(CHANGED, profile=Profile(numbers=changes[:1]))) is None


def test_long_lists_end_in_a_count() -> None:
    still, moved = numbers_of(9, "9", "1", "1", "1"), numbers_of(9, "10", "1.1", "1", "2")
    values = tuple(ValueMove(str(number), number, 0) for number in range(9))
    many = Profile(
        numbers=tuple(NumericChange(f"c{number:02}", still, moved) for number in range(20)),
        categories=(CategoryChange("s", values),),
    )
    lines = view_lines(replace(CHANGED, profile=many))
    assert "… and 8 more columns" in lines
    assert "`3` 3 → 0 and 5 more values." in lines


def test_many_changed_columns_end_in_a_count() -> None:
    columns = tuple(ColumnChange(f"c{number:02}", 30 - number) for number in range(25))
    text = render_comment(
        report_of(replace(CHANGED, rows=RowDiff(100, 100, 0, 0, 30, columns)), verdict=Verdict.CHANGED), marker=""
    )
    assert "| `c19` | 11 | 11.0 % |\n| … and 5 more columns |  |  |\n" in plain(text)


def test_profiles_go_before_whole_models_do_and_the_page_says_so() -> None:
    one = profile().diffs[0]
    report = report_of(*(replace(one, model=f"m{number}") for number in range(5)), verdict=Verdict.CHANGED)
    full = render_comment(report, marker="")
    seen = []
    for limit in (len(full), len(full) - 1, len(full) - 2_500, len(full) - 5_500):
        text = render_comment(report, marker="", limit=limit)
        assert len(text) <= limit
        seen.append((text.count("**Changed rows**"), text.count("**Where the change is**"), text.count("matched by")))
        assert ("what the differences look like" in text) == (seen[-1][1] == 0)
    assert seen[:3] == [(5, 5, 5), (0, 5, 5), (0, 0, 5)]
    assert seen[3][2] < 5


def values_cell(diff: ModelDiff) -> str:
    text = render_comment(report_of(diff, verdict=Verdict.CHANGED), marker="")
    return next(line for line in text.splitlines() if line.startswith("| 🟡"))


def test_only_what_no_build_repeats_is_an_excuse() -> None:
    by_column = next(diff for diff in profile().diffs)
    changed = tuple(column.name for column in by_column.rows.columns)
    every = tuple(Unstable(name.upper(), "random()") for name in changed)
    assert "only in **unstable columns**" in values_cell(replace(by_column, unstable=every))
    for unstable in (every[:-1], (*every[:-1], replace(every[-1], rows_differing=0)), ()):
        assert "unstable" not in values_cell(replace(by_column, unstable=unstable))
    moved = replace(by_column, rows=replace(by_column.rows, rows_head=120_401, added=1), unstable=every)
    assert "unstable" not in values_cell(moved)
    rows = replace(moved, unstable=(Unstable(None, "LIMIT"),))
    assert "only in **unstable columns**" in values_cell(rows)


def test_what_is_not_stable_is_no_news_where_nothing_differs() -> None:
    equal = replace(SAME, notes=("only rows of 2026",), unstable=(Unstable("at", "now()"),))
    text = render_comment(report_of(equal, verdict=Verdict.UNCHANGED), marker="")
    assert "only rows of 2026" in text
    assert "every build" not in text


def test_a_share_of_a_sample_is_one_of_the_rows_that_both_sides_have() -> None:
    rows = RowDiff(10_000, 10_000, 300, 300, 100, (ColumnChange("a", 100),))
    diff = replace(SAME, rows=rows, coverage=Sampled(1_000, 10_000, ("id",)))
    assert "| `a` | 100 | 25.0 % |" in plain(render_comment(report_of(diff, verdict=Verdict.INCOMPLETE), marker=""))


def test_the_size_of_a_table_is_judged_by_counts_alone() -> None:
    def of(base: int | None, head: int | None) -> str | None:
        return RowDiff(base, head).size_change

    assert [of(10, 0), of(10, 4), of(10, 5), of(10, 19), of(10, 20), of(1, 3)] == [
        "emptied", "halved", None, None, "doubled", "doubled",
    ]  # fmt: skip
    assert [of(0, 5), of(None, 5), of(5, None), of(0, 0)] == [None] * 4


def test_growth_is_named_and_what_was_not_compared_stays_named() -> None:
    grown = replace(SAME, model="m", rows=RowDiff(1_000, 2_990), coverage=Exhaustive("multiset"))
    text = render_comment(report_of(grown, verdict=Verdict.CHANGED), marker="")
    assert "### 🚨 `m` grows 2.9-fold: 1,000 → 2,990 rows" in text
    unknown = replace(grown, coverage=NotCompared("the warehouse refused"))
    text = render_comment(report_of(unknown, verdict=Verdict.INCOMPLETE), marker="")
    assert "### 🚨 `m` grows 2.9-fold: 1,000 → 2,990 rows; `m` was not compared" in text
    assert "> `m` was **not compared** because the warehouse refused" in text
    two = report_of(grown, replace(grown, model="n"), verdict=Verdict.CHANGED)
    assert "### 🚨 `m` and `n` at least double" in render_comment(two, marker="")
    fewer = replace(grown, rows=RowDiff(9, 4))
    less = report_of(fewer, replace(fewer, model="n"), verdict=Verdict.CHANGED)
    assert "### 🚨 `m` and `n` lose more than half of their rows" in render_comment(less, marker="")
