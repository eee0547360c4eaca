"""What a model would take by a dry run: of every kind of model, and nothing where nobody can say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rocky_action.domain.cost import CostSource, Figures
from rocky_action.domain.plan import Plan, PlannedModel, PruneReason
from rocky_action.domain.project import (
    Adapter,
    DeleteInsert,
    Ephemeral,
    Incremental,
    Merge,
    Model,
    Project,
    Projects,
    Relation,
    Strategy,
    TimeInterval,
    View,
)
from rocky_action.estimating import Estimator
from rocky_action.sql.references import ReadsOf
from tests.support import bigquery_ground, duckdb_ground
from tests.support.ground import Ground
from tests.support.sql_models import model as model_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BILLED = 10 * 2**20
"""The least that BigQuery bills for a table."""


@pytest.fixture(scope="module")
def query() -> Iterator[Ground]:
    with bigquery_ground.open_ground() as ground:
        columns = {"id": "INTEGER", "day": "VARCHAR"}
        ground.make(ground.at("orders"), columns, [("1", "'2026-11-21'"), ("2", "'2026-11-20'")])
        ground.make(ground.at("built"), columns, [("1", "'2026-11-21'")])
        yield ground


def one(ground: Ground, sql: str, strategy: Strategy | None = None, name: str = "m") -> Model:
    found = replace(model_of(name, sql), target=ground.at(name))
    return found if strategy is None else replace(found, strategy=strategy)


def project(ground: Ground, *models: Model) -> Project:
    named, dialect = {model.name: model for model in models}, ground.adapter.dialect
    return Project(".", dialect, Adapter("default", ground.name), named, ReadsOf(named, dialect))


def estimator(ground: Ground) -> Estimator:
    def exists(relation: Relation) -> bool:
        return ground.adapter.columns(relation) is not None

    return Estimator(ground.adapter, NOW, exists)


def of(ground: Ground, model: Model, *others: Model) -> Figures | None:
    return estimator(ground).of_base(project(ground, model, *others), [model.name]).get(model.name)


def orders(ground: Ground) -> str:
    return f"SELECT id, day FROM {ground.named(ground.at('orders'))}"


def test_a_table_takes_what_its_query_reads(query: Ground) -> None:
    found = of(query, one(query, orders(query)))
    assert found == Figures(bytes_scanned=40, source=CostSource.ESTIMATED, bytes_billed=BILLED)


def test_a_view_reads_nothing_when_it_is_made(query: Ground) -> None:
    assert of(query, one(query, orders(query), View())) == Figures(bytes_scanned=0, source=CostSource.ESTIMATED)


def test_an_upstream_is_read_where_production_has_it(query: Ground) -> None:
    upstream, reader = one(query, orders(query), name="built"), one(query, "SELECT id FROM built")
    found = of(query, reader, upstream)
    assert found is not None
    assert found.bytes_scanned == 8


def test_an_ephemeral_upstream_is_read_through(query: Ground) -> None:
    upstream, reader = one(query, orders(query), Ephemeral(), name="e"), one(query, "SELECT id FROM e")
    found = of(query, reader, upstream)
    assert found is not None
    assert found.bytes_scanned
    assert of(query, upstream) is None


@pytest.mark.parametrize(
    ("strategy", "there", "gone"),
    [
        (Incremental("day"), True, True),
        (Merge(("id",)), False, False),
        (DeleteInsert(("day",)), False, True),
        (TimeInterval("day", "day"), False, True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_stateful_model_if_its_statements_read_no_more_than_its_query(
    query: Ground, strategy: Strategy, *, there: bool, gone: bool
) -> None:
    assert (of(query, one(query, orders(query), strategy, name="built")) is not None) is there
    assert (of(query, one(query, orders(query), strategy, name="first_run")) is not None) is gone


@pytest.mark.parametrize("sql", ["SELECT id FROM not_there", "SELECT nothing FROM built", "SELEC 1", "SELECT ( FROM"])
def test_what_the_warehouse_refuses_is_unknown_and_no_failure(query: Ground, sql: str) -> None:
    assert of(query, one(query, sql), one(query, orders(query), name="built")) is None


def planned(name: str, base: str | None) -> PlannedModel:
    return PlannedModel(name, PruneReason.CHANGED, "", base_model=base)


def test_head_is_estimated_over_what_production_has(query: Ground) -> None:
    """The column that only head's upstream has is not there to be read yet; neither is a new upstream."""
    base = project(query, one(query, orders(query), name="built"), one(query, "SELECT id FROM built", name="reader"))
    head = project(
        query,
        one(query, f"SELECT id, day, 1 AS extra FROM {query.named(query.at('orders'))}", name="built"),
        one(query, "SELECT id, day FROM built", name="reader"),
        one(query, "SELECT extra FROM built", name="curious"),
        one(query, "SELECT id FROM curious", name="late"),
    )
    plan = Plan(tuple(planned(name, name if name in base.models else None) for name in head.models))
    found = estimator(query).of_head(Projects(base, head), plan)
    assert {name: figures.bytes_scanned for name, figures in found.items()} == {"built": 40, "reader": 20}


def test_a_renamed_upstream_is_read_under_its_former_name(query: Ground) -> None:
    base = project(query, one(query, orders(query), name="built"))
    head = project(
        query, one(query, orders(query), name="renamed"), one(query, "SELECT id FROM renamed", name="reader")
    )
    plan = Plan((planned("renamed", "built"), planned("reader", None)))
    assert estimator(query).of_head(Projects(base, head), plan)["reader"].bytes_scanned == 8


def test_a_warehouse_that_says_nothing_is_not_spoken_for() -> None:
    with duckdb_ground.open_ground() as ground:
        ground.make(ground.at("orders"), {"id": "INTEGER", "day": "VARCHAR"}, [("1", "'x'")])
        assert of(ground, one(ground, orders(ground))) is None
        assert of(ground, one(ground, orders(ground), View())) is None
