"""What both sides cost, where each figure is from, and what nobody knows about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.cost import (
    NOTHING,
    Cadence,
    CostDelta,
    CostSource,
    Fate,
    Figures,
    ModelCost,
    Movement,
    RecordedIn,
    Work,
)
from rocky_action.domain.execution import (
    Execution,
    Inlined,
    NotRun,
    RunOutcome,
)
from rocky_action.domain.plan import LeftModel, Plan
from rocky_action.domain.prices import Basis, PriceChoice, Tariff
from rocky_action.domain.project import Adapter, Ephemeral, Project, Projects
from rocky_action.domain.usage import Usage
from rocky_action.stages.cost import Terms, price, tariff_of
from tests.support.ran import FAILED, carried_out, planned, ran
from tests.support.sql_models import model, project

HOUR = 3_600_000


def recorded(*hours: float, production: bool = True, run: str = "run") -> tuple[Figures, ...]:
    """Runs of so many hours, newest first."""
    return tuple(
        Figures(
            round(each * HOUR),
            source=CostSource.RECORDED,
            recorded=RecordedIn(f"{run}-{age}", f"2026-11-{20 - age:02d}T03:00:00+00:00", production),
        )
        for age, each in enumerate(hours)
    )


def on(adapter: str, *names: str) -> Project:
    return replace(project([model(name) for name in names]), adapter=Adapter("default", adapter))


def cost(
    head: Project,
    runs: Mapping[str, RunOutcome],
    *,
    base: Mapping[str, RunOutcome] | None = None,
    history: Mapping[str, Sequence[Figures]] | None = None,
    copied: tuple[str, ...] = (),
    **more: object,
) -> CostDelta:
    """``more``: new and removed (names), spent, terms."""
    new, removed = more.get("new", ()), more.get("removed", ())
    assert isinstance(new, tuple)
    assert isinstance(removed, tuple)
    plan = planned(runs, new=new, removed=removed)
    execution = carried_out(runs, base=base, copied=copied, duration_ms=99)
    before = replace(head, models={**head.models, **{name: model(name) for name in removed}})
    return price(
        plan,
        execution,
        projects=Projects(before, head),
        history=history or {},
        terms=more.get("terms") or Terms(tariff_of(head, PriceChoice())),  # type: ignore[arg-type]
        spent=more.get("spent") or {},  # type: ignore[arg-type]
    )


def test_both_sides_measured() -> None:
    found = cost(on("snowflake", "a", "b"), {"a": ran(HOUR), "b": ran(2 * HOUR)}, base={"a": ran(HOUR), "b": ran(HOUR)})
    assert (found.base_usd, found.head_usd, found.delta_usd) == pytest.approx((19.2, 28.8, 9.6))
    assert found.percent == pytest.approx(50)
    assert (found.head_duration_ms, found.unknown, found.recorded, found.mixed) == (3 * HOUR, (), (), ())
    assert found.preview_duration_ms == 99
    sides = [side for one in found.models for side in (one.base, one.head) if side is not None]
    assert {side.source for side in sides} == {CostSource.MEASURED}


def test_the_total_is_of_what_is_known_and_names_the_rest() -> None:
    runs: dict[str, RunOutcome] = {"a": ran(HOUR), "b": ran(None), "c": FAILED, "d": NotRun("no"), "e": ran(HOUR)}
    found = cost(
        on("snowflake", *runs), runs, base={"a": ran(2 * HOUR), "b": ran(HOUR), "c": ran(HOUR), "d": ran(HOUR)}
    )
    assert found.unknown == ("b", "c", "d", "e")
    assert found.delta_usd == pytest.approx(-9.6)
    assert found.head_usd == pytest.approx(19.2)
    assert found.base_usd == pytest.approx(9.6 * 5)
    assert found.percent == pytest.approx(-50), "of what the same models cost, not of all that is known of base"


def test_nothing_known_is_none_and_not_zero() -> None:
    found = cost(on("snowflake", "a"), {"a": ran(None)}, spent={Work.BUILDING: None})
    totals = (found.base_usd, found.head_usd, found.delta_usd, found.head_duration_ms, found.head_bytes_scanned)
    assert totals == (None,) * 5
    assert (found.savings_usd, found.percent, found.monthly_usd) == (None, None, None)
    assert found.unknown == ("a",)
    assert found.ledger is not None
    assert (found.ledger.full_usd, found.ledger.full_unknown, found.ledger.preview_usd, found.ledger.net_usd) == (
        None,
        1,
        None,
        None,
    )


def test_an_adapter_without_a_price_leaves_time_and_bytes() -> None:
    found = cost(on("trino", "a"), {"a": ran(HOUR, 7)}, base={"a": ran(2 * HOUR)})
    assert (found.delta_usd, found.tariff) == (None, None)
    assert (found.head_duration_ms, found.head_bytes_scanned) == (HOUR, 7)


def test_a_new_model_costs_nothing_in_base() -> None:
    found = cost(on("snowflake", "a"), {"a": ran(HOUR)}, new=("a",))
    (one,) = found.models
    assert (one.fate, one.base) == (Fate.NEW, NOTHING)
    assert one.delta_usd == pytest.approx(9.6)
    assert (one.percent, found.percent, one.mixed) == (None, None, False), "there is no share of nothing"
    assert found.unknown == ()


def test_a_removed_model_costs_nothing_in_head() -> None:
    found = cost(on("snowflake", "a"), {}, removed=("gone", "never_run"), history={"gone": recorded(2)})
    gone, never = found.models
    assert (gone.fate, gone.head, gone.mixed) == (Fate.REMOVED, NOTHING, False)
    assert (gone.delta_usd, gone.percent) == pytest.approx((-19.2, -100))
    assert (never.delta_usd, found.unknown) == (None, ("never_run",))
    assert found.delta_usd == pytest.approx(-19.2)


def test_a_removed_ephemeral_model_never_cost_anything_of_its_own() -> None:
    head = on("snowflake", "a")
    base = replace(head, models={**head.models, "gone": model("gone", strategy=Ephemeral())})
    plan = Plan(removed=(LeftModel("gone", "removed"),))
    found = price(
        plan,
        Execution("", "s"),
        projects=Projects(base, head),
        history={},
        terms=Terms(tariff_of(head, PriceChoice())),
        spent={},
    )
    assert found.models == ()


def test_a_recorded_run_where_base_was_not_rebuilt() -> None:
    found = cost(on("snowflake", "a"), {"a": ran(HOUR)}, history={"a": recorded(1, 5)})
    assert found.delta_usd == 0.0
    assert [run.run_id for run in found.recorded] == ["run-0"]
    base = found.models[0].base
    assert base is not None
    assert (base.duration_ms, base.source) == (HOUR, CostSource.RECORDED)
    assert base.usd == pytest.approx(9.6)  # priced as head's project says, so that both sides are
    assert found.mixed == ("a",)


def test_what_was_measured_comes_before_what_was_recorded() -> None:
    head, history = on("snowflake", "a"), {"a": recorded(5)}
    measured = cost(head, {"a": ran(HOUR)}, base={"a": ran(HOUR)}, history=history)
    assert (measured.delta_usd, measured.recorded, measured.mixed) == (0.0, (), ())
    failed = cost(head, {"a": ran(HOUR)}, base={"a": FAILED}, history=history)
    assert [run.run_id for run in failed.recorded] == ["run-0"]


def test_an_estimate_is_told_from_a_measurement() -> None:
    history = {"a": (Figures(bytes_scanned=10**12, source=CostSource.ESTIMATED),)}
    found = cost(on("bigquery", "a"), {"a": ran(HOUR, 2 * 10**12)}, history=history)
    assert found.delta_usd == pytest.approx(6.25)
    assert (found.mixed, found.recorded, found.models[0].band_usd) == (("a",), (), None)


def test_the_runs_that_recorded_figures_are_of_newest_first() -> None:
    history = {"a": recorded(1, run="old")[0:1], "b": recorded(1, run="same"), "c": recorded(1, run="same")}
    history["a"] = (
        replace(history["a"][0], recorded=RecordedIn("old-0", "2026-10-01T00:00:00+00:00", production=True)),
    )
    found = cost(on("snowflake", "a", "b", "c"), {name: ran(HOUR) for name in "abc"}, history=history)
    assert [run.run_id for run in found.recorded] == ["same-0", "old-0"]


def test_copying_saves_what_base_took() -> None:
    head = on("snowflake", "a", "b", "c")
    found = cost(head, {"a": ran(HOUR)}, base={"a": ran(3 * HOUR)}, history={"b": recorded(1)}, copied=("b", "c"))
    assert found.savings_usd == pytest.approx(9.6)
    assert [(one.model, one.left_alone, one.delta_usd) for one in found.models[1:]] == [
        ("b", True, None),
        ("c", True, None),
    ]
    assert found.unknown == ()
    assert found.base_usd == pytest.approx(28.8)


def test_an_ephemeral_model_is_part_of_its_readers() -> None:
    found = cost(on("duckdb", "a", "b"), {"a": Inlined(), "b": ran(5)}, base={"b": ran(5)})
    assert [one.model for one in found.models] == ["b"]


class TestBand:
    """What differs by no more than repeated runs of the same SQL is no news."""

    def moved(self, head_hours: float, *history: float) -> ModelCost:
        runs = {"a": ran(round(head_hours * HOUR))}
        (found,) = cost(on("snowflake", "a"), runs, base={"a": ran(HOUR)}, history={"a": recorded(*history)}).models
        return found

    def test_three_standard_deviations(self) -> None:
        found = self.moved(1.1, 1.0, 1.2, 0.8, 1.1, 0.9)
        assert found.band_usd == pytest.approx(3 * 0.158113883 * 9.6)
        assert found.movement is Movement.NOISE

    def test_only_what_leaves_the_band_is_news(self) -> None:
        assert self.moved(1.5, 1.0, 1.2, 0.8, 1.1, 0.9).movement is Movement.DEARER
        assert self.moved(0.5, 1.0, 1.2, 0.8, 1.1, 0.9).movement is Movement.CHEAPER
        assert self.moved(1.0, 1.0, 1.2, 0.8, 1.1, 0.9).movement is Movement.SAME

    def test_too_few_runs_say_nothing(self) -> None:
        found = self.moved(1.1, 1.0, 1.2, 0.8, 1.1)
        assert (found.band_usd, found.movement) == (None, Movement.DEARER)

    def test_runs_that_were_always_the_same_allow_no_difference(self) -> None:
        found = self.moved(1.001, 1.0, 1.0, 1.0, 1.0, 1.0)
        assert (found.band_usd, found.movement) == (0.0, Movement.DEARER)

    def test_runs_of_another_kind_do_not_count(self) -> None:
        history = (*recorded(1, 1.1, 0.9, 1.2), *recorded(0.8, 0.7, production=False))
        (found,) = cost(on("snowflake", "a"), {"a": ran(HOUR)}, history={"a": history}).models
        assert found.band_usd is None

    def test_a_new_model_is_news_whatever_it_costs(self) -> None:
        (found,) = cost(
            on("snowflake", "a"), {"a": ran(1)}, new=("a",), history={"a": recorded(*[1.0, 2.0] * 5)}
        ).models
        assert found.movement is Movement.DEARER

    def test_unknown_moves_nowhere(self) -> None:
        (found,) = cost(on("snowflake", "a"), {"a": FAILED}, base={"a": ran(HOUR)}).models
        assert found.movement is Movement.UNKNOWN


class TestLedger:
    HISTORY = {"b": recorded(2), "c": recorded(3)}  # noqa: RUF012

    def test_everything_once_less_what_the_preview_took(self) -> None:
        head = on("snowflake", "a", "b", "c")
        spent = {Work.BUILDING: Usage(HOUR), Work.COMPARING: Usage(HOUR // 2)}
        found = cost(head, {"a": ran(HOUR)}, history=self.HISTORY, copied=("b",), spent=spent).ledger
        assert found is not None
        assert (found.full_usd, found.full_unknown) == pytest.approx((6 * 9.6, 0))
        assert [part.work for part in found.spent] == [Work.BUILDING, Work.COMPARING]
        assert [part.figures.usd for part in found.spent] == pytest.approx([9.6, 4.8])
        assert (found.preview_usd, found.net_usd) == pytest.approx((14.4, 43.2))

    def test_what_is_unknown_is_counted(self) -> None:
        head = on("snowflake", "a", "b", "c", "d")
        found = cost(head, {"a": FAILED}, history=self.HISTORY, spent={Work.BUILDING: Usage(HOUR)}).ledger
        assert found is not None
        assert (found.full_usd, found.full_unknown) == pytest.approx((5 * 9.6, 2))

    def test_a_part_without_a_price_leaves_the_whole_unknown(self) -> None:
        spent = {Work.BUILDING: Usage(HOUR), Work.COMPARING: None}
        found = cost(on("snowflake", "a"), {"a": ran(HOUR)}, spent=spent).ledger
        assert found is not None
        assert found.full_usd == pytest.approx(9.6)
        assert (found.preview_usd, found.net_usd) == (None, None)

    def test_ephemeral_models_are_no_runs(self) -> None:
        head = on("snowflake", "a")
        head = replace(head, models={**head.models, "e": model("e", strategy=Ephemeral())})
        found = cost(head, {"a": ran(HOUR)}).ledger
        assert found is not None
        assert found.full_unknown == 0


class TestPerMonth:
    def monthly(self, head_hours: int, cadence: Cadence) -> tuple[float, float] | None:
        terms = Terms(tariff_of(on("snowflake"), PriceChoice()), cadence)
        runs = {"a": ran(head_hours * HOUR)}
        return cost(on("snowflake", "a"), runs, base={"a": ran(2 * HOUR)}, terms=terms).monthly_usd

    def test_exactly_or_between_two_guesses(self) -> None:
        assert self.monthly(3, Cadence(30, 30, "so")) == pytest.approx((288, 288))
        assert self.monthly(3, Cadence(30, 730, "who knows")) == pytest.approx((288, 7008))

    def test_the_lowest_first_also_where_it_got_cheaper(self) -> None:
        assert self.monthly(1, Cadence(30, 730, "who knows")) == pytest.approx((-7008, -288))


PRICES = st.none() | st.floats(0, 1e6, allow_nan=False)


class TestPromises:
    @given(PRICES, PRICES)
    def test_swapping_the_sides_negates_the_delta(self, base: float | None, head: float | None) -> None:
        one, other = (Figures(usd=usd, source=CostSource.MEASURED) for usd in (base, head))
        forth, back = ModelCost("a", one, other).delta_usd, ModelCost("a", other, one).delta_usd
        assert forth == (None if back is None else -back)
        new, removed = ModelCost("a", NOTHING, one, Fate.NEW), ModelCost("a", one, NOTHING, Fate.REMOVED)
        assert new.delta_usd == (None if removed.delta_usd is None else -removed.delta_usd)

    @given(st.lists(st.tuples(PRICES, PRICES), max_size=8))
    def test_totals_are_the_sums_of_what_is_known(self, sides: list[tuple[float | None, float | None]]) -> None:
        """A price of 1 USD an hour, so that hours are dollars."""
        tariff = Tariff(Basis.HOUR, 1.0, "an hour", "a test")
        hours = [tuple(None if usd is None else round(usd * HOUR) for usd in side) for side in sides]
        head = on("snowflake", *(f"m{at}" for at in range(len(sides))))
        found = cost(
            head,
            {f"m{at}": ran(side[1]) for at, side in enumerate(hours)},
            base={f"m{at}": ran(side[0]) for at, side in enumerate(hours)},
            terms=Terms(tariff),
        )
        known = [(base, head) for base, head in hours if base is not None and head is not None]
        assert found.delta_usd == (pytest.approx(sum(b[1] - b[0] for b in known) / HOUR, abs=1e-6) if known else None)
        assert len(found.unknown) == len(sides) - len(known)
        bases = [base for base, _ in hours if base is not None]
        assert found.base_usd == (pytest.approx(sum(bases) / HOUR) if bases else None)
        matched = sum(base for base, _ in known)
        assert (found.percent is None) == (not matched)

    @given(PRICES, PRICES)
    def test_a_share_is_of_base_and_never_of_nothing(self, base: float | None, head: float | None) -> None:
        one = ModelCost("a", Figures(usd=base), Figures(usd=head))
        share = (head - base) / base * 100 if base and head is not None else math.inf
        if math.isfinite(share):
            assert one.percent == pytest.approx(share)
        else:
            assert one.percent is None
