"""Watching what is really taken: when the guard stops what, and what it refuses to begin with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from rocky_action.capping import Guard, keep_to_cap, keep_watch
from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.cost import CapReport, Cut, CutWhat, Figures
from rocky_action.domain.options import Cap, PreviewOptions
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.prices import Basis, Tariff
from rocky_action.domain.project import Adapter, Projects
from rocky_action.domain.report import Verdict
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.pipeline import refused
from rocky_action.stages.cap import HALF, REACHED
from rocky_action.stages.report import verdict
from rocky_action.state import NoRecords
from rocky_action.study import Connection, Study
from rocky_action.warehouses.duckdb import open_duckdb
from tests.support.sql_models import model, project

NOW = datetime(2026, 11, 21, tzinfo=UTC)

HOURLY = Tariff(Basis.HOUR, 3.6, "", "")
"""A tenth of a cent for each second."""


@dataclass
class Meter:
    """What a warehouse says that was taken."""

    usage: Usage = NO_USAGE

    def spent(self) -> Usage:
        return self.usage


@dataclass
class Watch:
    """A guard and its meter; base of ``needed`` is what head cannot do without, ``small`` compares in 10 bytes."""

    cap: Cap
    tariff: Tariff | None = HOURLY
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        expected = {"small": Figures(bytes_scanned=10), "unknown": Figures()}
        self.guard = Guard(self.cap, tariff=self.tariff, spent=self.meter.spent, expected=expected, needed=("needed",))

    def says(self, what: CutWhat, model: str = "m") -> str | None:
        return self.guard.halt(what, model)


def test_nothing_is_stopped_before_the_cap_is_reached() -> None:
    watch = Watch(Cap(bytes=100))
    watch.meter.usage = Usage(1, 1, 99)
    assert watch.says("not_run") is None
    assert not watch.guard.stopped
    watch.meter.usage = Usage(1, 1, 100)
    assert watch.says("not_run", "a") == REACHED
    assert watch.says("not_compared", "b") == REACHED
    assert watch.guard.stopped == {("not_run", "a"), ("not_compared", "b")}


def test_dollars_are_those_of_the_tariff() -> None:
    watch = Watch(Cap(usd=0.01))
    watch.meter.usage = Usage(9_000)
    assert watch.says("not_run") is None
    watch.meter.usage = Usage(10_000)
    assert watch.says("not_run") == REACHED


def test_billed_bytes_count_where_they_are_known() -> None:
    watch = Watch(Cap(bytes=100))
    watch.meter.usage = Usage(1, 1, 50, bytes_billed=1_000)
    assert watch.says("not_run") == REACHED


@pytest.mark.parametrize(("what", "model"), [("not_rebuilt", "m"), ("not_measured", "m")])
def test_base_may_take_half(what: CutWhat, model: str) -> None:
    watch = Watch(Cap(bytes=100))
    watch.meter.usage = Usage(1, 1, 49)
    assert watch.says(what, model) is None
    watch.meter.usage = Usage(1, 1, 50)
    assert watch.says(what, model) == HALF
    assert watch.says("not_rebuilt", "needed") is None
    assert watch.says("not_run", model) is None


def test_what_the_builds_have_used_counts_where_the_warehouse_counts_no_bytes() -> None:
    watch = Watch(Cap(bytes=100))
    watch.meter.usage = Usage(5)
    watch.guard.took(Usage(1, 1, 60))
    assert watch.says("not_run") is None
    watch.guard.took(Usage(1, 1, 40))
    assert watch.says("not_run") == REACHED


def test_a_comparison_counts_as_expected_from_when_it_begins() -> None:
    watch = Watch(Cap(bytes=20))
    watch.meter.usage = Usage(5)
    assert [watch.says("not_compared", "small") for _ in range(3)] == [None, None, REACHED]
    other = Watch(Cap(bytes=20))
    other.meter.usage = Usage(5)
    assert [other.says("not_compared", "unknown") for _ in range(3)] == [None, None, None]


@pytest.mark.parametrize(
    ("cap", "name"), [(Cap(usd=1.0), "max_preview_usd"), (Cap(bytes=1), "max_preview_bytes")], ids=["usd", "bytes"]
)
def test_a_cap_that_cannot_be_kept_stops_everything(cap: Cap, name: str) -> None:
    watch = Watch(cap)
    watch.meter.usage = Usage()
    watch.guard.took(Usage())
    assert watch.says("not_run") == f"what the preview has taken so far is not known here, so {name} cannot be kept"


def test_what_is_not_capped_need_not_be_known() -> None:
    watch = Watch(Cap(usd=1.0))
    watch.meter.usage = Usage(1)
    assert watch.says("not_run") is None


def test_without_a_price_a_cap_in_dollars_is_refused_and_one_in_bytes_is_not() -> None:
    head = replace(project([model("a")]), adapter=Adapter("default", "trino"))
    plan = Plan((PlannedModel("a", PruneReason.CHANGED, ""),))
    known = Study(Projects(replace(head, models={}), head), ChangeSet(), plan)
    database = open_duckdb(None)
    try:
        connection = Connection(database, NoRecords(""))
        for keep in (keep_to_cap, keep_watch):
            capped = keep(known, connection, options=PreviewOptions("x", cap=Cap(usd=1.0)), now=NOW)
            assert capped.refusal is not None
            assert (
                capped.refusal.because == "max_preview_usd cannot be kept, as there is no price for what trino charges"
            )
            assert "max_preview_bytes" in capped.refusal.advice
            assert capped.report == CapReport(1.0, cuts=(Cut("plan_only"),))
            evidence = refused(known, capped, refusal=capped.refusal)
            assert verdict(evidence) is Verdict.NOT_CHECKED
            assert keep(known, connection, options=PreviewOptions("x", cap=Cap(bytes=1)), now=NOW).refusal is None
            assert keep(known, connection, options=PreviewOptions("x"), now=NOW).report is None
    finally:
        database.close()
