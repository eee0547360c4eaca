"""What a preview leaves out to stay within its cap: the stated order, never over it, a larger cap never less."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.cost import CapReport, CostSource, Cut, Figures
from rocky_action.domain.options import Cap
from rocky_action.rebuilding import Rebuild
from rocky_action.stages.cap import (
    Build,
    CapPlan,
    Comparing,
    Rebuilding,
    Spending,
    caveats,
    keep_within,
    raising,
    with_stopped,
)
from tests.support.examples import examples

UNKNOWN = Figures()


def reads(size: int | None, usd: float | None = None, source: CostSource = CostSource.ESTIMATED) -> Figures:
    return Figures(bytes_scanned=size, usd=usd, source=source)


def rebuilding(name: str, figures: Figures, **facts: object) -> Rebuilding:
    return Rebuilding(Rebuild(name, compared_with=(name,), **facts), figures)  # type: ignore[arg-type]


def shop(**more: object) -> Spending:
    """Two models, each rebuilt, run and compared: 1,000 bytes by plan."""
    spending = Spending(
        runs=(Build("a", reads(100)), Build("b", reads(200), after=("a",))),
        rebuilds=(rebuilding("a", reads(100), in_production=True), rebuilding("b", reads(200), in_production=True)),
        comparisons=(Comparing("a", reads(150)), Comparing("b", reads(250))),
    )
    return replace(spending, **more)  # type: ignore[arg-type]


def cuts(plan: CapPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(cut.what, cut.models) for cut in plan.report.cuts]


class TestOrder:
    def test_what_fits_is_left_alone(self) -> None:
        plan = keep_within(shop(), Cap(bytes=1_000))
        assert (plan.report.cuts, plan.plan_only, plan.sampled) == ((), False, False)
        assert plan.report.planned.bytes_scanned == plan.report.kept.bytes_scanned == 1_000

    def test_the_largest_rebuild_goes_first_and_only_as_many_as_it_takes(self) -> None:
        plan = keep_within(shop(), Cap(bytes=800))
        assert cuts(plan) == [("not_rebuilt", ("b",))]
        assert (plan.not_rebuilt, plan.report.kept.bytes_scanned) == (frozenset({"b"}), 800)

    def test_then_the_largest_run_with_what_reads_it_and_its_comparison(self) -> None:
        plan = keep_within(shop(), Cap(bytes=699))
        assert cuts(plan) == [("not_rebuilt", ("b", "a")), ("not_run", ("b",))]
        assert plan.report.kept.bytes_scanned == 250
        assert plan.report.planned.bytes_scanned == 1_000

    def test_in_the_end_there_is_only_the_plan(self) -> None:
        plan = keep_within(shop(), Cap(bytes=99))
        assert plan.plan_only
        assert cuts(plan)[-1] == ("plan_only", ())
        assert plan.report.kept.bytes_scanned == 0

    def test_a_sample_comes_first_where_time_is_charged(self) -> None:
        """It reads as many bytes as all rows do; so it helps where dollars are asked for, and time is what they buy."""
        paid = shop(
            runs=(Build("a", reads(100, 1.0)), Build("b", reads(200, 2.0), after=("a",))),
            rebuilds=(rebuilding("b", reads(200, 2.0), in_production=True),),
            charged_by_time=True,
        )
        plan = keep_within(paid, Cap(usd=3.5))
        assert cuts(plan) == [("sampled", ()), ("not_rebuilt", ("b",))]
        assert plan.sampled
        assert not keep_within(paid, Cap(bytes=800)).sampled
        assert not keep_within(replace(paid, charged_by_time=False), Cap(usd=3.5)).sampled

    def test_what_reads_a_model_goes_with_it(self) -> None:
        runs = (Build("a", reads(300)), Build("b", reads(10), after=("a",)), Build("c", reads(5)))
        plan = keep_within(Spending(runs), Cap(bytes=8))
        assert (cuts(plan), plan.report.kept.bytes_scanned) == ([("not_run", ("a",))], 5)

    def test_what_head_cannot_do_without_is_rebuilt(self) -> None:
        rebuilds = (rebuilding("x", reads(500), needed=True), rebuilding("a", reads(100), in_production=True))
        plan = keep_within(shop(rebuilds=rebuilds), Cap(bytes=1_200))
        assert cuts(plan) == [("not_rebuilt", ("a",))]

    def test_without_what_production_lacks_its_readers_are_not_rebuilt_either(self) -> None:
        rebuilds = (rebuilding("a", reads(600)), rebuilding("b", reads(10), reads=("a",)))
        plan = keep_within(shop(rebuilds=rebuilds), Cap(bytes=700))
        assert cuts(plan) == [("not_rebuilt", ("a",))]
        assert plan.report.kept.bytes_scanned == 700, "b's 10 bytes are not read: a, which it reads, is not there"
        there = (replace(rebuilds[0], rebuild=replace(rebuilds[0].rebuild, in_production=True)), rebuilds[1])
        assert keep_within(shop(rebuilds=there), Cap(bytes=710)).report.kept.bytes_scanned == 710

    def test_an_inlined_model_is_not_worth_leaving_out_and_hands_on_what_is(self) -> None:
        runs = (Build("a", reads(100)), Build("e", reads(0), ("a",), inlined=True), Build("b", reads(900), ("e",)))
        plan = keep_within(Spending(runs), Cap(bytes=50))
        assert plan.plan_only
        assert keep_within(Spending(runs), Cap(bytes=100)).not_run == {"b"}


class TestUnknown:
    def test_is_listed_and_never_cut_for_nothing(self) -> None:
        spending = shop(runs=(Build("a", UNKNOWN), Build("b", reads(200), ("a",))))
        report = keep_within(spending, Cap(bytes=1_000)).report
        assert report.unestimated == ("a",)
        assert report.planned.bytes_scanned == 900
        plan = keep_within(spending, Cap(bytes=650))
        assert cuts(plan) == [("not_rebuilt", ("b", "a"))], "650 is enough for all that is known but base"

    def test_of_the_measure_that_is_capped_only(self) -> None:
        assert keep_within(shop(), Cap(bytes=1_000)).report.unestimated == ()
        assert keep_within(shop(), Cap(usd=1.0)).report.unestimated == ("a", "b")

    def test_a_plan_of_which_nothing_is_known_has_no_sum(self) -> None:
        report = keep_within(Spending((Build("a", UNKNOWN),)), Cap(bytes=10)).report
        assert report.planned.bytes_scanned is None
        inlined = Build("e", reads(0), inlined=True)
        assert keep_within(Spending((Build("a", UNKNOWN), inlined)), Cap(bytes=10)).report.planned.bytes_scanned is None
        assert keep_within(Spending(), Cap(bytes=10)).report.planned.bytes_scanned == 0

    def test_what_an_earlier_run_took_is_said_to_be_that(self) -> None:
        spending = Spending((Build("a", reads(5, source=CostSource.RECORDED)), Build("b", reads(5))))
        assert keep_within(spending, Cap(bytes=10)).report.recorded == ("a",)


class TestCaveats:
    REPORT = CapReport(1.0, 5, cuts=(Cut("not_rebuilt", ("a",)), Cut("not_run", ("a", "b"))))

    def test_one_sentence_and_how_to_raise_the_cap(self) -> None:
        (caveat,) = caveats(self.REPORT)
        assert caveat.message == (
            "Because of the preview's cap, base of `a` was not rebuilt; `a`, `b` were not run."
            " Raise `max_preview_usd` and `max_preview_bytes` to have all of it."
        )

    def test_nothing_left_out_is_nothing_said(self) -> None:
        assert not list(caveats(CapReport(1.0)))

    def test_a_plan_that_stayed_one_is_told_by_the_report(self) -> None:
        assert not list(caveats(CapReport(1.0, cuts=(Cut("not_run", ("a",)), Cut("plan_only")))))

    def test_what_was_stopped_while_running_comes_after_the_plans_cuts(self) -> None:
        stopped = {("not_compared", "b"), ("not_compared", "a"), ("not_run", "c")}
        report = with_stopped(self.REPORT, stopped)  # type: ignore[arg-type]
        assert report.cuts[2:] == (Cut("not_run", ("c",), True), Cut("not_compared", ("a", "b"), True))
        assert with_stopped(self.REPORT, ()) == self.REPORT

    def test_only_a_cap_that_was_set_can_be_raised(self) -> None:
        assert raising(CapReport(max_bytes=5)) == "Raise `max_preview_bytes` to have all of it."


FIGURES = st.builds(
    reads,
    st.none() | st.integers(0, 1_000),
    st.none() | st.integers(0, 1_000).map(float),
    st.sampled_from((CostSource.ESTIMATED, CostSource.RECORDED)),
)


@st.composite
def spendings(draw: st.DrawFn) -> Spending:
    names = [f"m{number}" for number in range(draw(st.integers(0, 6)))]

    def some(of: list[str]) -> tuple[str, ...]:
        return tuple(name for name in of if draw(st.booleans()))

    runs = tuple(Build(name, draw(FIGURES), some(names[:place])) for place, name in enumerate(names))
    rebuilt = some(names)
    rebuilds = tuple(
        Rebuilding(
            Rebuild(
                name,
                tuple(one for one in some(names[: names.index(name)]) if one in rebuilt),
                (name,),
                needed=draw(st.booleans()),
                in_production=draw(st.booleans()),
            ),
            draw(FIGURES),
        )
        for name in rebuilt
    )
    comparisons = tuple(Comparing(name, draw(FIGURES)) for name in names)
    return Spending(runs, rebuilds, comparisons, draw(st.booleans()))


CAPS = st.builds(Cap, st.none() | st.integers(1, 9_000).map(float), st.none() | st.integers(1, 9_000)).filter(bool)
ORDER = ("sampled", "not_rebuilt", "not_run", "plan_only")


@settings(max_examples=examples(400), deadline=None)
@given(spendings(), CAPS)
def test_it_is_never_over_the_cap_by_estimate_and_cuts_in_the_stated_order(spending: Spending, cap: Cap) -> None:
    plan = keep_within(spending, cap)
    assert cap.usd is None or (plan.report.kept.usd or 0) <= cap.usd
    assert cap.bytes is None or (plan.report.kept.bytes_scanned or 0) <= cap.bytes
    kinds = [ORDER.index(cut.what) for cut in plan.report.cuts]
    assert all(one < other for one, other in pairwise(kinds)), "each kind once, in the order that is documented"
    for cut in plan.report.cuts:
        found = {one.model: one.figures for one in spending.runs}
        if cut.what == "not_rebuilt":
            found = {one.rebuild.model: one.figures for one in spending.rebuilds}
        sizes = [(found[name].usd or 0, found[name].bytes_scanned or 0) for name in cut.models]
        assert sizes == sorted(sizes, reverse=True), "the largest first"


@settings(max_examples=examples(400), deadline=None)
@given(spendings(), CAPS, st.integers(0, 9_000), st.integers(0, 9_000))
def test_a_larger_cap_never_leaves_out_more(spending: Spending, cap: Cap, usd: int, size: int) -> None:
    larger = Cap(None if cap.usd is None else cap.usd + usd, None if cap.bytes is None else cap.bytes + size)
    less, more = keep_within(spending, cap), keep_within(spending, larger)
    if not less.plan_only:
        assert not more.plan_only
        assert more.not_rebuilt <= less.not_rebuilt
        assert more.not_run <= less.not_run
        assert more.sampled <= less.sampled


@settings(max_examples=examples(400), deadline=None)
@given(spendings(), CAPS)
def test_what_nobody_knows_is_listed_and_no_part_of_the_sum(spending: Spending, cap: Cap) -> None:
    report = keep_within(spending, cap).report
    parts = [(one.model, one.figures) for one in spending.runs]
    parts += [(one.model, one.figures) for one in spending.comparisons]
    blind = {
        name
        for name, one in parts
        if (cap.usd is not None and one.usd is None) or (cap.bytes is not None and one.bytes_scanned is None)
    }
    assert blind <= {*report.unestimated}


@settings(max_examples=examples(200), deadline=None)
@given(spendings(), CAPS)
def test_the_same_plan_is_always_cut_in_the_same_way(spending: Spending, cap: Cap) -> None:
    assert keep_within(spending, cap) == keep_within(spending, cap)


@pytest.mark.parametrize("name", ["usd", "bytes"])
def test_a_cap_is_one_if_anything_is_limited(name: str) -> None:
    assert Cap(**{name: 1})
    assert not Cap()
