"""Budgets and gates: who is to blame for a breach, what may fail a pull request, and what the message says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocky_sdk.types_generated.preview_cost_schema import PreviewCostOutput

from rocky_action.domain.cost import Cadence, CostDelta, CostSource, Figures
from rocky_action.domain.execution import (
    Execution,
    ModelRun,
    RunOutcome,
    Side,
)
from rocky_action.domain.limit_words import (
    HOW_TO_KNOW,
    all_undecided_words,
    breach_words,
    gate_words,
    lifted_words,
    undecided_words,
)
from rocky_action.domain.limits import Blame, Budget, Gate, GateBreach, Measure, Undecided
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.prices import PriceChoice
from rocky_action.domain.project import Adapter, Project, Projects
from rocky_action.stages.cost import Terms, price, tariff_of
from rocky_action.wire.cost import cost_document
from rocky_action.wire.document import to_json
from tests.support.ran import FAILED, carried_out, planned, ran
from tests.support.sql_models import model, project

HOUR = 3_600_000
DAILY = Cadence(30.0, 30.0, "rocky-preview.yml says so")
GUESSED = Cadence(30.0, 720.0, "nobody said how often")


def recorded(duration_ms: int, bytes_scanned: int | None = None) -> tuple[Figures, ...]:
    return (Figures(duration_ms, bytes_scanned, source=CostSource.RECORDED),)


def on(adapter: str, *names: str, budget: Budget | None = None, **budgets: Budget) -> Project:
    models = [replace(model(name), budget=budgets.get(name, Budget())) for name in (*names, *budgets)]
    return replace(project(models), adapter=Adapter("default", adapter), budget=budget or Budget())


def cost(
    head: Project,
    runs: Mapping[str, RunOutcome],
    *,
    base: Mapping[str, RunOutcome] | None = None,
    before: Project | None = None,
    history: Mapping[str, tuple[Figures, ...]] | None = None,
    gates: tuple[Gate, ...] = (),
    cadence: Cadence | None = None,
    new: tuple[str, ...] = (),
    removed: tuple[str, ...] = (),
) -> CostDelta:
    """What ``price`` finds; models of ``history`` that do not run are copied or, if named so, removed."""
    copied = [name for name in history or {} if name not in {*runs, *removed}]
    plan = planned(runs, new=new, removed=removed)
    execution = carried_out(runs, base=base, copied=copied)
    return price(
        plan,
        execution,
        projects=Projects(before or replace(head, models={**head.models, **{r: model(r) for r in removed}}), head),
        history=history or {},
        terms=Terms(tariff_of(head, PriceChoice()), cadence, gates),
        spent={},
    )


class TestBudgets:
    """FORMAT 6.4."""

    def test_only_more_than_the_limit_is_a_breach(self) -> None:
        runs = {"a": ran(1000)}
        assert cost(on("duckdb", "a", budget=Budget(max_duration_ms=1000)), runs).breaches == ()
        (breach,) = cost(on("duckdb", "a", budget=Budget(max_duration_ms=999)), runs).breaches
        assert (breach.limit_type, breach.limit, breach.actual, breach.on_breach, breach.model) == (
            "max_duration_ms",
            999,
            1000,
            "warn",
            None,
        )

    def test_what_only_rounding_makes_greater_is_no_breach(self) -> None:
        """0.1 + 0.2 is more than 0.3."""
        runs = {"a": ran(HOUR // 96), "b": ran(HOUR // 48)}
        assert 0.1 + 0.2 > 0.3
        assert cost(on("snowflake", *runs, budget=Budget(max_usd=0.3)), runs).breaches == ()
        assert cost(on("snowflake", *runs, budget=Budget(max_usd=0.2999999)), runs).breaches

    def test_a_byte_of_many_counts(self) -> None:
        head = on("bigquery", "a", budget=Budget(max_bytes_scanned=10**14))
        assert cost(head, {"a": ran(1, 10**14)}).breaches == ()
        assert len(cost(head, {"a": ran(1, 10**14 + 1)}).breaches) == 1

    def test_what_is_not_known_breaches_nothing(self) -> None:
        limits = Budget(max_usd=0.0, max_duration_ms=0, max_bytes_scanned=0)
        assert cost(on("snowflake", "a", budget=limits), {"a": ran(None)}).breaches == ()
        assert cost(on("snowflake", "a", budget=limits), {"a": FAILED}).breaches == ()

    def test_each_limit(self) -> None:
        limits = Budget(max_usd=0.1, max_duration_ms=1, max_bytes_scanned=1, on_breach="error")
        found = cost(on("snowflake", "a", budget=limits), {"a": ran(HOUR, 5)}).breaches
        assert [breach.limit_type for breach in found] == ["max_usd", "max_duration_ms", "max_bytes_scanned"]
        assert {breach.on_breach for breach in found} == {"error"}

    def test_a_models_own_budget_falls_back_to_the_projects(self) -> None:
        own = Budget(max_duration_ms=5)
        head = on("duckdb", a=own, b=Budget(), budget=Budget(max_duration_ms=100, on_breach="error"))
        found = cost(head, {"a": ran(10), "b": ran(10)}).breaches
        assert [(breach.model, breach.limit, breach.on_breach) for breach in found] == [("a", 5, "error")]

    def test_the_file_is_the_one_that_sets_the_limit(self) -> None:
        head = on("snowflake", a=Budget(max_duration_ms=5), budget=Budget(max_usd=1.0))
        beside = {"a": replace(head.models["a"], sidecar_path="models/a.toml")}
        for models, path in ((head.models, "models/a.sql"), (beside, "models/a.toml")):
            found = cost(replace(head, models=models), {"a": ran(HOUR)}).breaches
            assert [(one.model, one.limit_type, one.path) for one in found] == [
                (None, "max_usd", "rocky.toml"),
                ("a", "max_usd", "rocky.toml"),
                ("a", "max_duration_ms", path),
            ]

    def test_who_adds_most_and_else_who_takes_most(self) -> None:
        head = on("duckdb", "a", "b", "c", budget=Budget(max_duration_ms=5))
        runs = {"a": ran(50), "b": ran(20), "c": ran(30)}
        (breach,) = cost(head, runs, base={"a": ran(50), "b": ran(5), "c": ran(20)}).breaches
        assert breach.most is not None
        assert (breach.most.model, breach.most.amount, breach.most.added) == ("b", 15, True)
        (breach,) = cost(head, runs, base={"a": ran(50), "b": ran(20)}).breaches
        assert breach.most is not None
        assert (breach.most.model, breach.most.amount, breach.most.added) == ("a", 50, False)


LIMIT = Budget(max_duration_ms=10, on_breach="error")


def blamed(found: CostDelta) -> tuple[Blame, float | None]:
    (breach,) = found.breaches
    assert breach.fails is (breach.blame is Blame.CHANGE)
    assert found.fails is breach.fails
    return breach.blame, breach.before


class TestBlame:
    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            ({"a": ran(10)}, (Blame.CHANGE, 10)),
            ({"a": ran(11)}, (Blame.BASE, 11)),
            ({"a": ran(None)}, (Blame.UNKNOWN, None)),
            ({"a": FAILED}, (Blame.UNKNOWN, None)),
            ({}, (Blame.UNKNOWN, None)),
        ],
    )
    def test_of_a_model_and_of_the_project(
        self, base: dict[str, RunOutcome], expected: tuple[Blame, float | None]
    ) -> None:
        assert blamed(cost(on("duckdb", a=LIMIT), {"a": ran(20)}, base=base)) == expected
        assert blamed(cost(on("duckdb", "a", budget=LIMIT), {"a": ran(20)}, base=base)) == expected

    def test_a_new_model_is_this_changes(self) -> None:
        assert blamed(cost(on("duckdb", a=LIMIT), {"a": ran(20)}, new=("a",))) == (Blame.CHANGE, 0)
        found = cost(on("duckdb", "a", "b", budget=LIMIT), {"a": ran(9), "b": ran(9)}, base={"b": ran(9)}, new=("a",))
        assert blamed(found) == (Blame.CHANGE, 9)

    def test_base_known_of_fewer_models_is_unknown_unless_it_is_over_already(self) -> None:
        head, runs = on("duckdb", "a", "b", budget=LIMIT), {"a": ran(20), "b": ran(20)}
        assert blamed(cost(head, runs, base={"a": ran(9)})) == (Blame.UNKNOWN, None)
        assert blamed(cost(head, runs, base={"a": ran(12)})) == (Blame.BASE, 12)

    def test_what_of_head_is_unknown_is_not_asked_of_base(self) -> None:
        head = on("duckdb", "a", "b", budget=LIMIT)
        runs: dict[str, RunOutcome] = {"a": ran(20), "b": FAILED}
        assert blamed(cost(head, runs, base={"a": ran(9)})) == (Blame.CHANGE, 9)

    def test_all_that_is_known_of_base_says_that_it_was_over(self) -> None:
        """Also models that head has no longer, or need not run: base's run had them."""
        head, runs = on("duckdb", "a", budget=LIMIT), {"a": ran(20)}
        assert blamed(cost(head, runs, base={"a": ran(5)}, history={"b": recorded(6)})) == (Blame.BASE, 11)
        assert blamed(cost(head, runs, base={"a": ran(5)}, history={"b": recorded(6)}, removed=("b",))) == (
            Blame.BASE,
            11,
        )
        assert blamed(cost(head, runs, base={"a": ran(5)}, history={"b": recorded(5)})) == (Blame.CHANGE, 5)

    def test_lowering_a_limit_below_base_excuses_nothing(self) -> None:
        """Base is held against its own, higher limit where head exceeds that one, too."""
        for lower, higher in ((Budget(max_duration_ms=5, on_breach="error"), LIMIT),):
            for head, before in (
                (on("duckdb", "a", budget=lower), on("duckdb", "a", budget=higher)),
                (on("duckdb", a=lower), on("duckdb", a=higher)),
            ):
                over_both = cost(head, {"a": ran(12)}, base={"a": ran(8)}, before=before)
                assert blamed(over_both) == (Blame.CHANGE, 8)
                over_the_new_one = cost(head, {"a": ran(9)}, base={"a": ran(8)}, before=before)
                assert blamed(over_the_new_one) == (Blame.BASE, 8)

    def test_a_renamed_model_keeps_its_former_limit(self) -> None:
        head, before = on("duckdb", b=Budget(max_duration_ms=50)), on("duckdb", a=LIMIT)
        plan = Plan((PlannedModel("b", PruneReason.CHANGED, "", base_model="a"),))
        execution = Execution("r", "s", (ModelRun("b", Side.HEAD, ran(20)),), (ModelRun("a", Side.BASE, ran(5)),))
        found = price(plan, execution, projects=Projects(before, head), history={}, terms=Terms(), spent={})
        assert [(one.former.model, one.former.limit, one.limit) for one in found.lifted] == [("b", 10, 50)]


class TestLifted:
    RUNS: ClassVar[Mapping[str, RunOutcome]] = {"a": ran(20)}
    BASE: ClassVar[Mapping[str, RunOutcome]] = {"a": ran(5)}

    @pytest.mark.parametrize(
        ("now", "limit"),
        [
            (Budget(max_duration_ms=20, on_breach="error"), 20),
            (Budget(on_breach="error"), None),
            (Budget(), None),
            (replace(LIMIT, on_breach="warn"), 10),
            (replace(LIMIT, on_breach=None), 10),
        ],
    )
    @pytest.mark.parametrize("of_model", [True, False])
    def test_what_would_be_exceeded_is_told(self, now: Budget, limit: float | None, *, of_model: bool) -> None:
        head = on("duckdb", a=now) if of_model else on("duckdb", "a", budget=now)
        before = on("duckdb", a=LIMIT) if of_model else on("duckdb", "a", budget=LIMIT)
        found = cost(head, self.RUNS, base=self.BASE, before=before)
        assert not found.fails
        (one,) = found.lifted
        assert (one.former.model, one.former.limit, one.former.actual) == ("a" if of_model else None, 10, 20)
        assert (one.former.blame, one.limit) == (Blame.CHANGE, limit)

    def test_what_is_still_exceeded_or_never_was_is_not(self) -> None:
        before = on("duckdb", "a", budget=LIMIT)
        still = on("duckdb", "a", budget=Budget(max_duration_ms=15, on_breach="error"))
        assert cost(still, self.RUNS, base=self.BASE, before=before).lifted == ()
        for harmless in (before, on("duckdb", "a", budget=Budget(max_duration_ms=99)), on("duckdb", "a")):
            assert cost(harmless, {"a": ran(10)}, base=self.BASE, before=before).lifted == ()
        assert cost(before, self.RUNS, base=self.BASE, before=on("duckdb", "a")).lifted == ()


USD, PERCENT, BYTES, SECONDS = (Gate(measure, 0) for measure in Measure)


def judged(
    gate: Gate,
    limit: float,
    runs: Mapping[str, RunOutcome],
    base: Mapping[str, RunOutcome],
    *,
    history: Mapping[str, tuple[Figures, ...]] | None = None,
    cadence: Cadence | None = None,
    new: tuple[str, ...] = (),
    removed: tuple[str, ...] = (),
) -> GateBreach | Undecided | None:
    """What becomes of one gate on a warehouse where an hour costs 9.60 US dollars."""
    found = cost(
        on("snowflake", *{*runs, *(history or {})}.difference(removed)),
        runs,
        base=base,
        history=history,
        gates=(replace(gate, limit=limit),),
        cadence=cadence,
        new=new,
        removed=removed,
    )
    assert len(found.gates) + len(found.undecided) <= 1
    assert found.fails is bool(found.gates)
    return found.gates[0] if found.gates else found.undecided[0] if found.undecided else None


class TestGates:
    @pytest.mark.parametrize(
        ("gate", "added"), [(USD, 9.6), (PERCENT, 100.0), (BYTES, 500), (SECONDS, 3600.0)], ids=str
    )
    def test_only_more_than_the_limit_is_a_breach(self, gate: Gate, added: float) -> None:
        runs, base = {"a": ran(2 * HOUR, 700), "b": ran(0, 0)}, {"a": ran(HOUR, 200), "b": ran(0, 0)}
        assert judged(gate, added, runs, base) is None
        found = judged(gate, added * 0.99, runs, base)
        assert isinstance(found, GateBreach)
        assert found.actual == found.highest == pytest.approx(added)
        assert found.most is not None
        assert found.most.model == "a"
        assert found.most.amount == pytest.approx(added)
        assert found.unknown == ()

    def test_the_sum_of_all_models_counts_and_not_one_of_them(self) -> None:
        dearer, cheaper = {"a": ran(5000), "b": ran(1000)}, {"a": ran(1000), "b": ran(4000)}
        assert judged(SECONDS, 1, dearer, cheaper) is None
        assert isinstance(judged(SECONDS, 0.999, dearer, cheaper), GateBreach)

    def test_a_new_model_counts_in_full_and_a_removed_one_subtracts(self) -> None:
        runs: dict[str, RunOutcome] = {"a": ran(5000)}
        assert isinstance(judged(SECONDS, 4.999, runs, {}, new=("a",)), GateBreach)
        assert judged(SECONDS, 5, runs, {}, new=("a",)) is None
        gone = {"old": recorded(4000)}
        assert judged(SECONDS, 1, runs, {}, new=("a",), removed=("old",), history=gone) is None
        found = judged(SECONDS, 0.9, runs, {}, new=("a",), removed=("old",), history=gone)
        assert isinstance(found, GateBreach)
        assert found.actual == pytest.approx(1)

    def test_what_is_copied_is_not_added(self) -> None:
        assert judged(SECONDS, 0, {"a": ran(5)}, {"a": ran(5)}, history={"b": recorded(9000)}) is None

    def test_nothing_added_is_never_too_much(self) -> None:
        for gate in (USD, PERCENT, BYTES, SECONDS, Gate(Measure.USD, 0, per_month=True)):
            assert judged(gate, 0, {"a": ran(5, 5)}, {"a": ran(5, 5)}) is None

    def test_what_stays_below_even_if_base_took_nothing_holds(self) -> None:
        assert judged(SECONDS, 5, {"a": ran(5000)}, {}) is None
        assert judged(SECONDS, 5, {"a": ran(4000), "b": ran(2000)}, {"a": ran(3000)}) is None

    @pytest.mark.parametrize(
        ("runs", "base", "because"),
        [
            (
                {"a": ran(5001)},
                {},
                f"what `a` would add is unknown; {HOW_TO_KNOW}",
            ),
            (
                {"a": ran(9000), "b": ran(4500)},
                {"a": ran(8000)},
                f"this pull request adds 1.0 s by what is known, and what `b` would add is unknown; {HOW_TO_KNOW}",
            ),
            (
                {"a": ran(7000), "b": FAILED},
                {"a": ran(8000), "b": ran(1)},
                "this pull request saves 1.0 s by what is known, and what `b` would add is unknown",
            ),
            ({"a": ran(None)}, {"a": ran(1)}, "what `a` would add is unknown"),
        ],
    )
    def test_what_nobody_knows_is_undecided(
        self, runs: dict[str, RunOutcome], base: dict[str, RunOutcome], because: str
    ) -> None:
        found = judged(SECONDS, 5, runs, base)
        assert isinstance(found, Undecided)
        assert found.because == because

    def test_a_removed_model_of_which_nothing_is_known_cannot_add(self) -> None:
        assert judged(SECONDS, 5, {"a": ran(6000)}, {"a": ran(1000)}, removed=("old",)) is None

    def test_what_is_known_to_be_too_much_names_what_is_not_counted(self) -> None:
        found = judged(SECONDS, 5, {"a": ran(9000), "b": ran(1)}, {"a": ran(1000)})
        assert isinstance(found, GateBreach)
        assert (found.actual, found.unknown) == (8, ("b",))

    def test_of_nothing_there_is_no_percentage(self) -> None:
        found = judged(PERCENT, 10, {"a": ran(HOUR)}, {}, new=("a",))
        assert isinstance(found, Undecided)
        assert "no percentage" in found.because
        missing = judged(PERCENT, 10, {"a": ran(HOUR)}, {})
        assert isinstance(missing, Undecided)
        assert "`a` would add is unknown" in missing.because

    def test_per_cent_are_of_the_models_that_are_known_on_both_sides(self) -> None:
        found = judged(PERCENT, 10, {"a": ran(3 * HOUR), "b": ran(HOUR)}, {"a": ran(2 * HOUR)})
        assert isinstance(found, GateBreach)
        assert found.actual == pytest.approx(50)
        assert judged(PERCENT, 100, {"a": ran(3 * HOUR), "b": ran(HOUR)}, {"a": ran(2 * HOUR)}) is None

    def test_a_month_is_so_many_runs(self) -> None:
        gate, runs, base = replace(SECONDS, per_month=True), {"a": ran(3000)}, {"a": ran(1000)}
        assert judged(gate, 60, runs, base, cadence=DAILY) is None
        found = judged(gate, 59, runs, base, cadence=DAILY)
        assert isinstance(found, GateBreach)
        assert (found.actual, found.highest) == (60, 60)
        assert found.most is not None
        assert found.most.amount == 60

    def test_of_a_range_the_lower_end_decides_and_the_upper_end_is_told(self) -> None:
        gate, runs, base = replace(SECONDS, per_month=True), {"a": ran(3000)}, {"a": ran(1000)}
        found = judged(gate, 59, runs, base, cadence=GUESSED)
        assert isinstance(found, GateBreach)
        assert (found.actual, found.highest) == (60, 1440)
        unsure = judged(gate, 60, runs, base, cadence=GUESSED)
        assert isinstance(unsure, Undecided)
        assert unsure.because == (
            "this pull request adds 1 min to 24 min a month, depending on how often production runs: nobody said how"
            " often"
        )
        assert judged(gate, 1440, runs, base, cadence=GUESSED) is None
        assert judged(gate, 0, base, runs, cadence=GUESSED) is None

    def test_without_a_cadence_nobody_knows_a_month(self) -> None:
        found = judged(replace(USD, per_month=True), 1e9, {"a": ran(HOUR)}, {"a": ran(1)})
        assert isinstance(found, Undecided)
        assert found.because == "nobody knows how often production runs"


class TestWords:
    def test_a_breach_by_this_change(self) -> None:
        head = on("snowflake", "a", "b", budget=Budget(max_usd=10, on_breach="error"))
        (breach,) = cost(
            head, {"a": ran(HOUR), "b": ran(HOUR)}, base={"a": ran(HOUR // 2), "b": ran(HOUR // 4)}
        ).breaches
        assert breach_words(breach) == (
            "The project's budget is exceeded by $9.20: the models that ran here cost $19.20 together, `max_usd` is"
            " $10.00. In base it was $7.20. `b` adds most: $7.20. Make it cheaper, or raise `max_usd` in [budget] of"
            " rocky.toml."
        )

    def test_a_breach_by_base(self) -> None:
        (breach,) = cost(on("duckdb", a=LIMIT), {"a": ran(20)}, base={"a": ran(11)}).breaches
        assert breach_words(breach) == (
            "it exceeds its budget by 10 ms: it takes 20 ms, `max_duration_ms` is 10 ms. Base exceeds it already:"
            " 11 ms, so this fails nothing. Make it cheaper, or raise `max_duration_ms` in [budget] of models/a.sql."
        )
        assert "fails nothing" not in breach_words(replace(breach, on_breach="warn"))

    def test_a_breach_by_nobody_knows_whom(self) -> None:
        head = on("bigquery", a=Budget(max_usd=5), budget=Budget(max_bytes_scanned=10**9, on_breach="error"))
        words = breach_words(cost(head, {"a": ran(1, 3 * 10**9)}).breaches[1])
        assert words == (
            "it exceeds its budget by 2.0 GB: it scans 3.0 GB, `max_bytes_scanned` is 1.0 GB. Nobody knows whether base"
            " exceeds it already, so this fails nothing: `baseline: rebuild` or recorded runs of production would tell."
            " Make it cheaper, raise `max_bytes_scanned` in [budget] of rocky.toml, or give the model a limit of its"
            " own."
        )

    def test_two_figures_that_differ_never_look_the_same(self) -> None:
        head = on("bigquery", a=Budget(max_bytes_scanned=5 * 10**9, max_duration_ms=3_600_000))
        large, long = reversed(cost(head, {"a": ran(3_600_001, 5 * 10**9 + 1)}).breaches)
        assert "by 1 B: it scans 5,000,000,001 B, `max_bytes_scanned` is 5,000,000,000 B." in breach_words(large)
        assert "by 1 ms: it takes 3,600,001 ms, `max_duration_ms` is 3,600,000 ms." in breach_words(long)

    @pytest.mark.parametrize(
        ("now", "words"),
        [
            (
                Budget(max_duration_ms=50, on_breach="error"),
                "raises `max_duration_ms` of the project's budget from 10 ms to 50 ms",
            ),
            (Budget(), "removes `max_duration_ms` (10 ms) from the project's budget"),
            (
                replace(LIMIT, on_breach="warn"),
                "makes the project's budget only warn (`on_breach`), whose `max_duration_ms` was 10 ms",
            ),
        ],
    )
    def test_what_was_lifted(self, now: Budget, words: str) -> None:
        before = on("duckdb", "a", budget=LIMIT)
        found = cost(on("duckdb", "a", budget=now), {"a": ran(20)}, base={"a": ran(5)}, before=before)
        assert lifted_words(found.lifted[0]) == (
            f"This pull request {words}: the models that ran here take 20 ms, which exceeds the former limit."
        )
        found = cost(on("duckdb", "a", budget=now), {"a": ran(20)}, base={"a": ran(15)}, before=before)
        assert not found.lifted or "as base does already" in lifted_words(found.lifted[0])

    def test_a_gate_of_a_run(self) -> None:
        gate = Gate(Measure.SECONDS, 0.000001, origin="command line --gate")
        found = cost(on("duckdb", "a"), {"a": ran(20)}, base={"a": ran(5)}, gates=(gate,))
        assert gate_words(found.gates[0], None) == (
            "The gate `seconds` is exceeded by 15 ms: this pull request adds 15 ms a run, at most 0.001 ms is allowed."
            " `a` adds most: 15 ms. Make it cheaper, or raise the gate: command line --gate."
        )

    def test_a_gate_of_a_month_that_is_a_range(self) -> None:
        gate = Gate(Measure.USD, 10, per_month=True, origin="rocky-preview.yml, line 3")
        head = on("snowflake", "a", "b")
        runs = {"a": ran(2 * HOUR), "b": ran(1)}
        found = cost(head, runs, base={"a": ran(HOUR)}, gates=(gate,), cadence=GUESSED)
        assert gate_words(found.gates[0], GUESSED) == (
            "The gate `usd_per_month` is exceeded by at least $278.00: this pull request adds $288.00 to $6,912.00 a"
            " month, at most $10.00 is allowed. That is of 30 to 720 runs a month, because nobody said how often. What"
            " `b` would add is unknown and not counted. `a` adds most: $288.00. Make it cheaper, or raise the gate:"
            " rocky-preview.yml, line 3."
        )

    def test_a_gate_in_per_cent(self) -> None:
        gate = Gate(Measure.PERCENT, 10)
        found = cost(on("snowflake", "a"), {"a": ran(1125)}, base={"a": ran(1000)}, gates=(gate,))
        assert gate_words(found.gates[0], None).startswith(
            "The gate `percent` is exceeded by 2.5%: this pull request adds 12.5% to what the same models cost in base,"
            " at most 10% is allowed."
        )

    def test_a_gate_of_which_nobody_knows(self) -> None:
        words = undecided_words(Undecided(Gate(Measure.BYTES, 5e9), "what `a` would add is unknown"))
        assert words == "Nobody knows whether the gate `bytes` (at most 5.0 GB) holds: what `a` would add is unknown."

    def test_gates_of_which_nobody_knows_for_one_reason_are_one_sentence(self) -> None:
        same = [Undecided(Gate(measure, 5), "of no run") for measure in (Measure.USD, Measure.BYTES, Measure.PERCENT)]
        other = Undecided(Gate(Measure.SECONDS, 5), "of another")
        listed = "`usd` (at most $5.00), `bytes` (at most 5 B) and `percent` (at most 5%)"
        assert list(all_undecided_words([same[0], other, *same[1:]])) == [
            f"Nobody knows whether the gates {listed} hold: of no run.",
            undecided_words(other),
        ]


class TestDocument:
    def test_cost_json_says_all_of_it(self) -> None:
        head = on("snowflake", "b", a=LIMIT, budget=Budget(max_usd=1))
        gates = (Gate(Measure.SECONDS, 1, origin="here"), Gate(Measure.BYTES, 1), Gate(Measure.USD, 1e6))
        found = cost(head, {"a": ran(HOUR), "b": ran(HOUR)}, base={"a": ran(9), "b": ran(9)}, gates=gates)
        document = cost_document(found, Execution("r", "s"), name="n", markdown="")
        raw = json.loads(to_json(document))
        (whole,) = raw["projected_budget_breaches"]
        assert (whole["limit_type"], whole["on_breach"], whole["blame"]) == ("max_usd", "warn", "change")
        usd, time = raw["projected_per_model_budget_breaches"]
        assert time == {
            "model_name": "a",
            "limit_type": "max_duration_ms",
            "limit": 10,
            "actual": HOUR,
            "on_breach": "error",
            "blame": "change",
            "before": 9,
            "message": breach_words(found.breaches[2]),
        }
        assert (usd["limit"], usd["on_breach"]) == (1, "error")
        assert raw["gate_breaches"] == [
            {
                "gate": "seconds",
                "limit": 1,
                "added": pytest.approx(7199.982),
                "added_at_most": pytest.approx(7199.982),
                "origin": "here",
                "message": gate_words(found.gates[0], None),
            }
        ]
        assert [(one["gate"], one["added"]) for one in raw["gates_undecided"]] == [("bytes", None)]
        assert raw["gates_undecided"][0]["message"] == undecided_words(found.undecided[0])
        assert PreviewCostOutput.model_validate(raw).projected_per_model_budget_breaches


SIDES = st.none() | st.integers(0, 30)
LIMITS = st.none() | st.integers(0, 30)
BUDGETS = st.builds(Budget, LIMITS, LIMITS, LIMITS, st.sampled_from(("warn", "error", None)) | st.none())
COSTS = st.fixed_dictionaries({name: st.tuples(SIDES, SIDES) for name in "abc"})


def found_with(
    sides: Mapping[str, tuple[int | None, int | None]], budget: Budget, own: Budget, *gates: Gate
) -> CostDelta:
    """Three models, of which the first has a budget of its own; time and bytes are the same number."""
    runs = {name: ran(head, head) for name, (_, head) in sides.items()}
    base = {name: ran(before, before) for name, (before, _) in sides.items() if before is not None}
    return cost(on("snowflake", "b", "c", a=own, budget=budget), runs, base=base, gates=gates, cadence=GUESSED)


class TestProperties:
    @given(COSTS, BUDGETS, BUDGETS)
    def test_every_breach_is_of_a_known_figure_that_is_greater(
        self, sides: dict[str, tuple[int | None, int | None]], budget: Budget, own: Budget
    ) -> None:
        found = found_with(sides, budget, own)
        for breach in found.breaches:
            assert breach.actual > breach.limit
            assert breach.fails is (breach.on_breach == "error" and breach.blame is Blame.CHANGE)
            if breach.blame is Blame.BASE:
                assert breach.before is not None
                assert breach.before > breach.limit
            assert (breach.before is None) is (breach.blame is Blame.UNKNOWN)
            assert breach_words(breach)
        heads = [head for _, head in sides.values() if head is not None]
        limit = budget.max_duration_ms
        over = bool(heads) and limit is not None and sum(heads) > limit
        assert over is any(one.model is None and one.limit_type == "max_duration_ms" for one in found.breaches)

    @given(COSTS, BUDGETS, BUDGETS, st.integers(0, 20))
    def test_raising_a_limit_never_adds_a_breach(
        self, sides: dict[str, tuple[int | None, int | None]], budget: Budget, own: Budget, more: int
    ) -> None:
        def raised(one: Budget) -> Budget:
            usd, time, scanned = (
                None if limit is None else limit + more
                for limit in (one.max_usd, one.max_duration_ms, one.max_bytes_scanned)
            )
            return Budget(usd, time, scanned, one.on_breach)  # type: ignore[arg-type]

        def kinds(found: CostDelta, *, failing: bool) -> set[tuple[str | None, str]]:
            return {(one.model, one.limit_type) for one in found.breaches if one.fails or not failing}

        before, after = found_with(sides, budget, own), found_with(sides, raised(budget), raised(own))
        assert kinds(after, failing=False) <= kinds(before, failing=False)

    @given(st.dictionaries(st.sampled_from("abc"), SIDES, min_size=1), BUDGETS, BUDGETS, st.sampled_from(Measure))
    def test_without_base_nothing_fails(
        self, heads: dict[str, int | None], budget: Budget, own: Budget, measure: Measure
    ) -> None:
        found = found_with({name: (None, head) for name, head in heads.items()}, budget, own, Gate(measure, 0))
        assert not found.fails

    @given(COSTS, st.sampled_from(Measure), st.booleans(), st.integers(0, 40), st.integers(0, 40))
    def test_a_gate_that_holds_holds_when_it_is_raised(
        self,
        sides: dict[str, tuple[int | None, int | None]],
        measure: Measure,
        per_month: bool,
        limit: int,
        more: int,
    ) -> None:
        def state(limit: int) -> int:
            found = found_with(sides, Budget(), Budget(), Gate(measure, limit, per_month))
            return 2 if found.gates else 1 if found.undecided else 0

        assert state(limit + more) <= state(limit)

    @given(COSTS, st.integers(0, 40))
    def test_a_gate_that_holds_holds_for_whatever_base_took(
        self, sides: dict[str, tuple[int | None, int | None]], limit: int
    ) -> None:
        """Never passed where somebody who knew more would say that it is exceeded."""
        gate = Gate(Measure.BYTES, limit)
        found = found_with(sides, Budget(), Budget(), gate)
        if not found.gates and not found.undecided:
            for unknown in (0, 5, 30):
                full = {name: (unknown if base is None else base, head) for name, (base, head) in sides.items()}
                assert found_with(full, Budget(), Budget(), gate).gates == ()

    @given(COSTS, BUDGETS, BUDGETS)
    def test_what_the_change_leaves_alone_is_not_lifted(
        self, sides: dict[str, tuple[int | None, int | None]], budget: Budget, own: Budget
    ) -> None:
        assert found_with(sides, budget, own).lifted == ()
