"""What later runs find among the records: what base's models took, how often production runs, nothing that is old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from rocky_action.domain.cost import CostSource, Figures, RecordedIn
from rocky_action.domain.execution import Failed, ModelRun, Side, Succeeded
from rocky_action.domain.production import ObservedRuns
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.ports import Row
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.warehouses.duckdb import DuckDB
from tests.support.records import COMPARISON, NOW, SCHEMAS, execution, produced, rebuilt

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def record(records: WarehouseRecords, run_id: str, *runs: ModelRun, minutes: float = 0, name: str = "x") -> None:
    when = NOW + minutes * MINUTE
    records.record(name, execution(run_id, *runs), comparison=COMPARISON, when=when, pull_request=None)


def found(records: WarehouseRecords, **models: str) -> dict[str, list[str]]:
    """The runs that figures come from, by model."""
    history = records.history(models)
    return {model: [one.recorded.run_id for one in runs if one.recorded] for model, runs in history.items()}


# What models took


def test_records_come_newest_first_and_say_where_they_are_from(records: WarehouseRecords) -> None:
    assert records.history({}) == {}
    assert records.history({"a": "same"}) == {}
    record(records, "run-1", rebuilt("a", Usage(1, 9, 10)), rebuilt("b", Usage(2)))
    record(records, "run-2", rebuilt("a", Usage(3, 9, 30, 40, 50, 0.5)), minutes=1, name="y")
    record(records, "run-0", rebuilt("c"), minutes=-1)
    assert records.history({"a": "same", "b": "same", "nowhere": "same"}) == {
        "a": (
            Figures(
                *(3, 30, None, CostSource.RECORDED, 40, 50),
                recorded=RecordedIn("run-2", "2026-03-01T12:01:00+00:00"),
            ),
            Figures(1, 10, None, CostSource.RECORDED, recorded=RecordedIn("run-1", "2026-03-01T12:00:00+00:00")),
        ),
        "b": (Figures(2, source=CostSource.RECORDED, recorded=RecordedIn("run-1", "2026-03-01T12:00:00+00:00")),),
    }


def test_rebuilds_count_for_the_same_sql_only(records: WarehouseRecords) -> None:
    record(records, "run-1", rebuilt("a", sql_hash="one"), rebuilt("b", sql_hash="two"))
    record(records, "run-2", rebuilt("a", sql_hash="two"), rebuilt("b", sql_hash=None), minutes=1)
    assert found(records, a="one", b="two") == {"a": ["run-1"], "b": ["run-1"]}, "two was a's SQL, too, once"
    assert found(records, a="two") == {"a": ["run-2"]}
    assert found(records, a="", b="") == {}


def test_productions_runs_count_whatever_they_were_of(records: WarehouseRecords) -> None:
    record(records, "run-1", rebuilt("a", sql_hash="one"))
    assert records.record_production(produced("p-1", NOW - DAY, "a", "b", usage=Usage(7, 1, 2, 3, 4, 0.5)))
    history = records.history({"a": "one", "b": "one"})
    (rebuild, production), (alone,) = history["a"], history["b"]
    assert rebuild.recorded == RecordedIn("run-1", "2026-03-01T12:00:00+00:00")
    assert production == alone
    assert production.recorded == RecordedIn("p-1", "2026-02-28T12:00:00+00:00", production=True)
    assert (production.usage, production.usd) == (Usage(7, None, 2, 3, 4), None)


def test_what_did_not_succeed_or_is_heads_is_no_figure_of_base(records: WarehouseRecords) -> None:
    head = ModelRun("h", Side.HEAD, Succeeded(Relation("shop", "branch__x", "h"), Usage(1)), "same", "view")
    record(records, "run-1", ModelRun("bad", Side.BASE, Failed("no"), "same", "view"), head)
    assert found(records, bad="same", h="same") == {}


def test_of_many_runs_the_newest_twenty_of_each_kind_are_found(records: WarehouseRecords) -> None:
    for number in range(23):
        record(records, f"run-{number:02}", rebuilt("a"), rebuilt("b", sql_hash=f"{number}"), minutes=number)
        records.record_production(produced(f"p-{number:02}", NOW - (30 - number) * DAY, "a"))
    a = found(records, a="same", b="2")["a"]
    assert a == [f"{kind}-{number:02}" for kind in ("run", "p") for number in range(22, 2, -1)]
    assert found(records, a="same", b="2")["b"] == ["run-02"], "however old it is"


def test_where_enough_is_new_nobody_looks_for_what_is_old(records: WarehouseRecords) -> None:
    now = datetime.now(UTC)
    for model, days in (("five", (1, 2, 3, 28, 29)), ("four", (1, 2, 3, 29)), ("none", ())):
        for age in (*days, 31, 400):
            run = execution(f"{model}-{age}", rebuilt(model))
            records.record("x", run, comparison=COMPARISON, when=now - age * DAY)
    assert found(records, five="same", four="same", none="same") == {
        "five": [f"five-{age}" for age in (1, 2, 3, 28, 29)],
        "four": [f"four-{age}" for age in (1, 2, 3, 29, 31, 400)],
        "none": ["none-31", "none-400"],
    }


@dataclass(frozen=True)
class Heard(DuckDB):
    """``heard`` are the statements of which several may run at the same time."""

    heard: list[str] = field(default_factory=list)

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        self.heard.extend(statements)
        return super().query_many(statements, timeout=timeout)


def test_a_project_of_ten_thousand_models_is_asked_for_in_parts(database: DuckDB) -> None:
    warehouse = Heard(database.connection, database.catalog, database.file)
    records = open_records(warehouse)
    assert isinstance(records, WarehouseRecords)
    names = [f"a_model_of_a_project_with_rather_long_names_{number:05}" for number in range(2_003)]
    record(records, "run-1", *(rebuilt(name, Usage(number)) for number, name in enumerate(names)))
    history = records.history(dict.fromkeys([*names, *(f"none_{number}" for number in range(8_000))], "same"))
    assert [history[name][0].duration_ms for name in names] == [*range(2_003)]
    assert len(history) == 2_003
    assert len(warehouse.heard) == 22, "once for the last month, once for what is not in it"
    assert max(map(len, warehouse.heard)) < 100_000


# Production's runs


def test_a_run_of_production_is_stored_once(records: WarehouseRecords, database: DuckDB) -> None:
    run = produced("p-1", NOW, "a", "b")
    assert records.record_production(run)
    assert not records.record_production(run)
    assert database.query("SELECT count(*) FROM rocky_preview.runs") == [(1,)]
    columns = "model, side, git_commit, duration_ms, rows_affected, sql_hash, method, pull_request, origin"
    rows = database.query(f"SELECT {columns} FROM rocky_preview.model_runs ORDER BY model")
    assert rows == [(model, "base", "c" * 40, 7, None, "other", "merge", None, "production") for model in "ab"]


def test_a_run_that_two_writers_have_stored_is_one(records: WarehouseRecords, database: DuckDB) -> None:
    records.record_production(produced("p-1", NOW, "a"))
    database.execute(
        [f"INSERT INTO rocky_preview.{table} FROM rocky_preview.{table}" for table in ("runs", "model_runs")]
    )
    assert found(records, a="same") == {"a": ["p-1"]}
    for days in (1, 2):
        records.record_production(produced(f"p-{days + 1}", NOW + days * DAY, "a"))
    assert records.observed_runs(NOW + 2 * DAY) == ObservedRuns(3, 2.0)


def test_a_run_of_production_is_no_previews_newest(records: WarehouseRecords) -> None:
    records.lease("production", SCHEMAS, comparison=COMPARISON, until=NOW)
    record(records, "run-1", name="production")
    records.record_production(produced("p-1", NOW + DAY, "a"))
    newest = records.newest("production")
    assert newest is not None
    assert newest.execution.run_id == "run-1"


@pytest.mark.parametrize(
    ("days_ago", "seen"),
    [
        ((), None),
        ((0, 1), None),
        ((0, 0.5, 0.9), None),
        ((0, 0.5, 1), ObservedRuns(3, 1.0)),
        ((89, 60, 31, 1), ObservedRuns(4, 88.0)),
        ((91, 2, 1, 0.5), ObservedRuns(3, 1.5)),
        ((91, 2, 1), None),
    ],
)
def test_how_often_production_ran_of_late(
    records: WarehouseRecords, days_ago: tuple[float, ...], seen: ObservedRuns | None
) -> None:
    for minutes in range(9):
        record(records, f"run-{minutes}", rebuilt("a"), minutes=-1440 * minutes)
    for number, days in enumerate(days_ago):
        records.record_production(produced(f"p-{number}", NOW - days * DAY, "a"))
    assert records.observed_runs(NOW) == seen


def test_the_interval_is_between_runs() -> None:
    assert ObservedRuns(3, 2.0).per_day == 1.0


# Age


def test_what_is_old_is_deleted_and_leases_are_not(records: WarehouseRecords, database: DuckDB) -> None:
    for days in (10, 20, 30):
        record(records, f"run-{days}", rebuilt("a"), minutes=-1440 * days)
        records.record_production(produced(f"p-{days}", NOW - days * DAY, "a"))
    records.lease("elsewhere", SCHEMAS, comparison=COMPARISON, until=NOW - 99 * DAY)
    assert records.prune(NOW - 20 * DAY) == 2, "what is exactly as old stays"
    for table in ("runs", "model_runs"):
        left = database.query(f"SELECT DISTINCT run_id FROM rocky_preview.{table} ORDER BY run_id")
        assert left == [("p-10",), ("p-20",), ("run-10",), ("run-20",)]
    assert [lease.name for lease in records.leases()] == ["elsewhere"]
    assert records.prune(NOW - 20 * DAY) == 0


def test_a_leased_preview_keeps_its_newest_run(records: WarehouseRecords, database: DuckDB) -> None:
    for name in ("leased", "gone"):
        for days in (40, 30):
            record(records, f"{name}-{days}", rebuilt("a"), minutes=-1440 * days, name=name)
    records.lease("leased", SCHEMAS, comparison=COMPARISON, until=NOW - 29 * DAY)
    assert records.prune(NOW - 7 * DAY) == 3
    newest = records.newest("leased")
    assert newest is not None
    assert newest.execution.run_id == "leased-30"
    assert {*database.query("SELECT run_id FROM rocky_preview.model_runs")} == {("leased-30",)}
    assert records.newest("gone") is None
    records.release("leased")
    assert records.prune(NOW - 7 * DAY) == 1
