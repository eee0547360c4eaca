"""What is recorded is read back as it was, for any names and figures; what was unknown is still unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.domain.cost import CostSource, Figures
from rocky_action.domain.execution import Execution, Failed, ModelRun, NotRun, Side, Succeeded
from rocky_action.domain.production import BuiltModel, ProductionRun
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.examples import examples
from tests.support.records import COMPARISON

TABLES = ("leases", "runs", "model_runs")
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
counts = st.none() | st.integers(0, 2**62)
usages = st.builds(Usage, counts, counts, counts, counts, counts, st.none() | st.floats(0, 1e12))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
outcomes = (
    st.builds(Succeeded, st.builds(Relation, words, words, words), usages, st.none() | words)
    | st.builds(Failed, words)
    | st.builds(NotRun, words)
)
runs = st.builds(ModelRun, words, st.sampled_from(Side), outcomes, st.none() | words, st.none() | words)
built = st.builds(BuiltModel, words, usages, st.none() | words, st.none() | words)


@pytest.fixture(scope="module")
def database() -> Iterator[DuckDB]:
    opened = open_duckdb(None)
    yield opened
    opened.close()


def empty(database: DuckDB) -> WarehouseRecords:
    records = open_records(database)
    assert isinstance(records, WarehouseRecords)
    database.execute([f"DELETE FROM rocky_preview.{table}" for table in TABLES])
    return records


def known(usage: Usage) -> Figures:
    figures = (usage.duration_ms, usage.bytes_scanned, None, CostSource.RECORDED, usage.bytes_billed, usage.slot_ms)
    return Figures(*figures)


@settings(max_examples=examples(60), deadline=None)
@given(
    name=words, run_id=words, when=moments, ran=st.lists(runs, max_size=5, unique_by=lambda run: (run.model, run.side))
)
def test_a_preview(database: DuckDB, name: str, run_id: str, when: datetime, ran: list[ModelRun]) -> None:
    records = empty(database)
    sides = {side: tuple(run for run in ran if run.side is side) for side in Side}
    execution = Execution(run_id, "schema", sides[Side.HEAD], sides[Side.BASE], built_from=name)
    records.lease(name, (), comparison=COMPARISON, until=when)
    records.record(name, execution, comparison=COMPARISON, when=when, pull_request=len(ran) or None)
    newest = records.newest(name)
    assert newest is not None
    assert newest.execution == execution
    asked = {run.model: run.sql_hash or "" for run in sides[Side.BASE]}
    history = records.history(asked)
    for run in sides[Side.BASE]:
        found = history.get(run.model, ())
        if isinstance(run.outcome, Succeeded) and run.sql_hash is not None:
            (one,) = found
            assert replace(one, recorded=None) == known(run.outcome.usage)
            assert one.recorded is not None
            assert (one.recorded.run_id, one.recorded.production) == (run_id, False)
            assert one.recorded.finished_at == when.isoformat(timespec="seconds")
        else:
            assert found == ()
    records.release(name)
    assert records.prune(when) == 0
    assert records.prune(when + timedelta(seconds=1)) == 1
    assert (records.newest(name), records.history(asked)) == (None, {})


@settings(max_examples=examples(60), deadline=None)
@given(run_id=words, when=moments, models=st.lists(built, max_size=5, unique_by=lambda one: one.model))
def test_a_run_of_production(database: DuckDB, run_id: str, when: datetime, models: list[BuiltModel]) -> None:
    records = empty(database)
    assert records.record_production(ProductionRun(run_id, "c" * 40, when, tuple(models)))
    history = records.history({one.model: "another" for one in models})
    assert {name: replace(one, recorded=None) for name, (one,) in history.items()} == {
        one.model: known(one.usage) for one in models
    }
    assert {(one.recorded.run_id, one.recorded.production) for (one,) in history.values() if one.recorded} <= {
        (run_id, True)
    }
    columns = "model, rows_affected, credits, sql_hash, method"
    assert sorted(database.query(f"SELECT {columns} FROM rocky_preview.model_runs"), key=repr) == sorted(
        ((one.model, one.usage.rows, one.usage.credits, one.sql_hash, one.method) for one in models), key=repr
    )
