"""What both sides cost, and what nobody knows about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from rocky_action.domain.cost import Budget, CostDelta, CostSource, Figures, PriceList
from rocky_action.domain.execution import (
    Cloned,
    CloneMethod,
    Execution,
    Failed,
    Inlined,
    ModelRun,
    NotRun,
    RunOutcome,
    Side,
    Succeeded,
)
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import Adapter, Project, Relation
from rocky_action.domain.usage import Usage
from rocky_action.stages.cost import price, usd
from tests.support.sql_models import model, project

HOUR = 3_600_000
SOMEWHERE = Relation("c", "s", "t")
FAILED = Failed("no")


def ran(duration_ms: int | None, bytes_scanned: int | None = None) -> Succeeded:
    return Succeeded(SOMEWHERE, Usage(duration_ms, 1, bytes_scanned))


def on(adapter: str, *names: str, budget: Budget | None = None, **budgets: Budget) -> Project:
    models = [replace(model(name), budget=budgets.get(name, Budget())) for name in (*names, *budgets)]
    return replace(project(models), adapter=Adapter("default", adapter), budget=budget or Budget())


def cost(
    head: Project,
    runs: Mapping[str, RunOutcome],
    *,
    base: Mapping[str, RunOutcome] | None = None,
    recorded: Mapping[str, Figures] | None = None,
    copied: tuple[str, ...] = (),
    new: tuple[str, ...] = (),
) -> CostDelta:
    plan = Plan(
        tuple(PlannedModel(name, PruneReason.CHANGED, "", base_model=None if name in new else name) for name in runs)
    )
    execution = Execution(
        "run-1",
        "branch__x",
        tuple(ModelRun(name, Side.HEAD, outcome) for name, outcome in runs.items()),
        tuple(ModelRun(name, Side.BASE, outcome) for name, outcome in (base or {}).items()),
        tuple(Cloned(name, SOMEWHERE, SOMEWHERE, CloneMethod.VIEW) for name in copied),
        duration_ms=99,
    )
    return price(plan, execution, head=head, recorded=("run-0", recorded or {}))


class TestUsd:
    """FORMAT 6.3."""

    @pytest.mark.parametrize("size", ["Medium", "medium", "unheard-of", ""])
    def test_an_hour_of_medium(self, size: str) -> None:
        assert usd(Figures(HOUR), "databricks", prices=PriceList(warehouse_size=size)) == pytest.approx(9.60)
        assert usd(Figures(HOUR), "snowflake", prices=PriceList(warehouse_size=size)) == pytest.approx(9.60)

    @pytest.mark.parametrize(
        ("size", "units"),
        [
            ("2x-small", 4),
            ("2XSMALL", 4),
            ("x-small", 6),
            ("Small", 12),
            ("Large", 40),
            ("X-Large", 80),
            ("2X-Large", 144),
            ("3xlarge", 272),
            ("4X-LARGE", 528),
        ],
    )
    def test_sizes(self, size: str, units: float) -> None:
        assert usd(Figures(HOUR), "databricks", prices=PriceList(0.0, 0.5, size)) == pytest.approx(units * 0.5)

    def test_bigquery_by_decimal_terabytes(self) -> None:
        assert usd(Figures(HOUR, 2 * 10**12), "bigquery", prices=PriceList()) == pytest.approx(12.5)

    def test_duckdb_is_free_and_known_to_be(self) -> None:
        assert usd(Figures(), "duckdb", prices=PriceList()) == 0.0

    @pytest.mark.parametrize("adapter", ["databricks", "snowflake", "bigquery", "trino"])
    def test_unknown_is_none(self, adapter: str) -> None:
        assert usd(Figures(), adapter, prices=PriceList()) is None

    def test_time_prices_no_bigquery_and_nothing_prices_trino(self) -> None:
        assert usd(Figures(HOUR), "bigquery", prices=PriceList()) is None
        assert usd(Figures(HOUR, 10**12), "trino", prices=PriceList()) is None


def test_both_sides_measured() -> None:
    found = cost(on("snowflake", "a", "b"), {"a": ran(HOUR), "b": ran(2 * HOUR)}, base={"a": ran(HOUR), "b": ran(HOUR)})
    assert (found.base_usd, found.head_usd, found.delta_usd) == pytest.approx((19.2, 28.8, 9.6))
    assert (found.head_duration_ms, found.unknown, found.base_run_id) == (3 * HOUR, (), None)
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


def test_nothing_known_is_none_and_not_zero() -> None:
    found = cost(on("snowflake", "a"), {"a": ran(None)})
    totals = (found.base_usd, found.head_usd, found.delta_usd, found.head_duration_ms, found.head_bytes_scanned)
    assert totals == (None,) * 5
    assert found.savings_usd is None
    assert found.unknown == ("a",)


def test_a_new_model_costs_nothing_in_base() -> None:
    found = cost(on("snowflake", "a"), {"a": ran(HOUR)}, new=("a",))
    assert found.delta_usd == pytest.approx(9.6)
    assert found.models[0].base is None
    assert found.unknown == ()


def test_a_recorded_run_where_base_was_not_rebuilt() -> None:
    recorded = {"a": Figures(HOUR, 5, 123.0, CostSource.RECORDED)}
    found = cost(on("snowflake", "a"), {"a": ran(HOUR)}, recorded=recorded)
    assert (found.delta_usd, found.base_run_id) == (0.0, "run-0")
    base = found.models[0].base
    assert base is not None
    assert (base.duration_ms, base.bytes_scanned, base.source) == (HOUR, 5, CostSource.RECORDED)
    assert base.usd == pytest.approx(9.6)  # priced as head's project says, so that both sides are


def test_what_was_measured_comes_before_what_was_recorded() -> None:
    recorded = {"a": Figures(5 * HOUR, source=CostSource.RECORDED)}
    head = on("snowflake", "a")
    measured = cost(head, {"a": ran(HOUR)}, base={"a": ran(HOUR)}, recorded=recorded)
    assert (measured.delta_usd, measured.base_run_id) == (0.0, None)
    assert cost(head, {"a": ran(HOUR)}, base={"a": FAILED}, recorded=recorded).base_run_id == "run-0"


def test_copying_saves_what_base_took() -> None:
    recorded = {"b": Figures(HOUR, source=CostSource.RECORDED)}
    head = on("snowflake", "a", "b", "c")
    found = cost(head, {"a": ran(HOUR)}, base={"a": ran(3 * HOUR)}, recorded=recorded, copied=("b", "c"))
    assert found.savings_usd == pytest.approx(9.6)
    assert [(one.model, one.copied, one.delta_usd) for one in found.models[1:]] == [
        ("b", True, None),
        ("c", True, None),
    ]
    assert found.unknown == ()
    assert found.base_usd == pytest.approx(28.8)


def test_an_ephemeral_model_is_part_of_its_readers() -> None:
    found = cost(on("duckdb", "a", "b"), {"a": Inlined(), "b": ran(5)}, base={"b": ran(5)})
    assert [one.model for one in found.models] == ["b"]


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

    def test_what_is_not_known_breaches_nothing(self) -> None:
        limits = Budget(max_usd=0.0, max_duration_ms=0, max_bytes_scanned=0)
        assert cost(on("snowflake", "a", budget=limits), {"a": ran(None)}).breaches == ()

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

    def test_what_base_breaches_too_is_only_a_warning(self) -> None:
        head = on("duckdb", a=Budget(max_duration_ms=5, on_breach="error"))
        (breach,) = cost(head, {"a": ran(10)}, base={"a": ran(9)}).breaches
        assert breach.on_breach == "warn"
        (breach,) = cost(head, {"a": ran(10)}, base={"a": ran(5)}).breaches
        assert breach.on_breach == "error"
