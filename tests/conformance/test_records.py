"""The state schema on every warehouse: its statements are understood, and what was written comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.domain.production import ObservedRuns
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.ports import Holder
from rocky_action.state import NoRecords, WarehouseRecords, open_records, read_records
from rocky_action.state.layout import LAYOUT
from rocky_action.state.values import TYPES, Kind
from tests.support.ground import Ground
from tests.support.records import COMPARISON, NOW, SCHEMAS, execution, produced, rebuilt

DAY = timedelta(days=1)
OLD_RUNS = ("run_id", "name", "merge_base", "head_commit", "finished_at", "execution")
OLD_LEASES = ("name", "schemas", "head_commit", "written_at", "expires_at")
OLD_MODEL_RUNS = ("run_id", "model", "side", "git_commit", "finished_at", "duration_ms", "bytes_scanned")
"""What the first version had."""


@pytest.fixture
def state(ground: Ground) -> Iterator[Ground]:
    """No state schema, before and after."""
    ground.adapter.drop_schema(ground.adapter.catalog, STATE_SCHEMA)
    yield ground
    ground.adapter.drop_schema(ground.adapter.catalog, STATE_SCHEMA)


def named(ground: Ground, table: str) -> str:
    return ground.named(Relation(ground.adapter.catalog, STATE_SCHEMA, table))


def opened(ground: Ground) -> WarehouseRecords:
    records = open_records(ground.adapter)
    assert isinstance(records, WarehouseRecords), records
    return records


@pytest.mark.slow_on("bigquery")
def test_what_is_recorded_is_found_until_it_is_old(state: Ground) -> None:
    records = opened(state)
    stored = execution("run-1", rebuilt("a", Usage(1, 2, 3, 4, 5, 0.25)), rebuilt("b", Usage(), sql_hash="other"))
    records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    records.record("x", stored, comparison=COMPARISON, when=NOW, pull_request=7)
    for days in range(3):
        run = produced(f"p-{days}", NOW - (days + 1) * DAY, "a", usage=Usage(days))
        assert records.record_production(run)
        assert not records.record_production(run)
    newest = records.newest("x")
    assert newest is not None
    assert newest.execution == stored
    history = records.history({"a": "same", "b": "same", "c": "same"})
    assert [(one.duration_ms, one.bytes_scanned, one.bytes_billed, one.slot_ms) for one in history["a"]] == [
        (1, 3, 4, 5),
        *((days, None, None, None) for days in range(3)),
    ]
    assert [(one.recorded.run_id, one.recorded.finished_at) for one in history["a"] if one.recorded][:2] == [
        ("run-1", "2026-03-01T12:00:00+00:00"),
        ("p-0", "2026-02-28T12:00:00+00:00"),
    ]
    assert history.keys() == {"a"}
    assert records.observed_runs(NOW) == ObservedRuns(3, 2.0)
    assert records.prune(NOW + DAY) == 3
    assert [one.recorded.run_id for one in records.history({"a": "same"})["a"] if one.recorded] == ["run-1"]
    records.release("x")
    assert records.prune(NOW + DAY) == 1
    assert (records.newest("x"), records.history({"a": "same"}), records.observed_runs(NOW)) == (None, {}, None)


def test_a_preview_is_whose_lease_is_the_newest(state: Ground) -> None:
    one, other = opened(state), opened(state)
    assert one.holder("x") is Holder.NOBODYS
    one.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    (seen,) = one.leases()
    assert one.is_newest(seen)
    other.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)
    assert (one.holder("x"), other.holder("x"), one.is_newest(seen)) == (Holder.ANOTHERS, Holder.OURS, False)
    one.release("x", until=seen.written_at)
    assert other.holder("x") is Holder.OURS
    one.release("x")
    assert other.holder("x") is Holder.NOBODYS


def test_tables_of_the_first_version_are_read_and_then_extended(state: Ground) -> None:
    types = TYPES[state.adapter.dialect]
    kinds = {"finished_at": Kind.MOMENT, "written_at": Kind.MOMENT, "expires_at": Kind.MOMENT}
    kinds |= {"duration_ms": Kind.COUNT, "bytes_scanned": Kind.COUNT}
    state.adapter.create_schema(state.adapter.catalog, STATE_SCHEMA)
    for table, columns in (("leases", OLD_LEASES), ("runs", OLD_RUNS), ("model_runs", OLD_MODEL_RUNS)):
        typed = ", ".join(f"{column} {types[kinds.get(column, Kind.TEXT)]}" for column in columns)
        state.adapter.execute([f"CREATE TABLE {named(state, table)} ({typed})"])
    old = read_records(state.adapter)
    assert old is not None
    assert (old.history({"a": "same"}), old.observed_runs(NOW), old.leases()) == ({}, None, ())
    records = opened(state)
    records.record("x", execution("run-1", rebuilt("a")), comparison=COMPARISON, when=NOW)
    assert len(records.history({"a": "same"})["a"]) == 1
    assert state.adapter.query(f"SELECT version FROM {named(state, 'layouts')}") == [(LAYOUT,)]


def test_tables_of_a_newer_version_are_left_alone(state: Ground) -> None:
    opened(state)
    state.adapter.execute([f"UPDATE {named(state, 'layouts')} SET version = {LAYOUT + 1} WHERE version = {LAYOUT}"])
    assert isinstance(open_records(state.adapter), NoRecords)
