"""Every strategy on every warehouse: what a run after the merge leaves in the table, beside what it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from rocky_action.building import Prior, Site, build
from rocky_action.domain.execution import Succeeded
from rocky_action.domain.project import (
    Adapter,
    DeleteInsert,
    FullRefresh,
    Incremental,
    Merge,
    Microbatch,
    Model,
    Project,
    Relation,
    Strategy,
    TimeInterval,
    View,
)
from rocky_action.sql.references import ReadsOf, Targets
from tests.support.ground import Ground

SLOW_ON_SPARK = pytest.mark.slow_on("databricks")
PREVIEW = "branch__strategies"
NOW = datetime(2024, 2, 1, 6, 15, tzinfo=UTC)
BASE = {1: ("a", 1), 2: ("b", 2), 3: (None, 3)}
NEW = {2: ("b", 20), 4: ("d", 40), 5: ("e", 51)}
"""The rows of production, and those of the query: id to part and v. An even v is of January, an odd one of February."""


@pytest.fixture
def preview(ground: Ground) -> Iterator[str]:
    ground.adapter.drop_schema(ground.catalog, PREVIEW)
    ground.adapter.create_schema(ground.catalog, PREVIEW)
    yield PREVIEW
    ground.adapter.drop_schema(ground.catalog, PREVIEW)


def table(ground: Ground, name: str, rows: Mapping[int, tuple[str | None, int]]) -> Relation:
    """A table of production's; each row has a moment by its v."""
    cells = [
        (
            str(id_),
            "NULL" if part is None else f"'{part}'",
            str(v),
            f"TIMESTAMP '2024-{1 + v % 2:02d}-01 0{v % 6}:00:00'",
        )
        for id_, (part, v) in rows.items()
    ]
    folded = str.upper if ground.name == "snowflake" else str
    columns = {"id": "BIGINT", "part": "VARCHAR", "v": "BIGINT", "ts": "TIMESTAMP"}
    return ground.make(ground.at(name), {folded(name): type_ for name, type_ in columns.items()}, cells)


def built(ground: Ground, strategy: Strategy, *, prior: bool, where: str = "") -> list[tuple[object, ...]]:
    """Runs a model of this strategy over NEW, on a clone of BASE or as a first run; id and v of what it leaves."""
    source = ground.named(table(ground, "strategy_new", NEW))
    base = table(ground, "strategy_base", BASE)
    sql = f"SELECT id, part, v, ts FROM {source}{where}"
    model = Model("m", "models/m.sql", sql, ground.at("m"), strategy)
    project = Project(
        root=".",
        dialect=ground.adapter.dialect,
        adapter=Adapter("default", ground.name),
        models={"m": model},
        reads=ReadsOf({"m": model}, ground.adapter.dialect),
    )
    target = ground.at("m", PREVIEW)
    site = Site(ground.adapter, project, PREVIEW, {"m": target}, NOW, Targets.of(project.models))
    before: Prior = base if prior else None
    outcome = build(site, model, prior=before)
    assert isinstance(outcome, Succeeded), outcome
    assert outcome.relation == target
    return ground.rows(f"SELECT id, v FROM {ground.named(target)}")


def rows(**values: int) -> list[tuple[object, ...]]:
    return sorted(((int(name[1:]), v) for name, v in values.items()), key=repr)


APPENDED = sorted([(1, 1), (2, 2), (3, 3), (2, 20), (4, 40), (5, 51)], key=repr)


@SLOW_ON_SPARK
def test_a_full_refresh_and_a_view_replace(ground: Ground, preview: str) -> None:
    del preview
    assert built(ground, FullRefresh(), prior=True) == rows(_2=20, _4=40, _5=51)
    assert built(ground, FullRefresh(), prior=True) == rows(_2=20, _4=40, _5=51)


@SLOW_ON_SPARK
def test_a_view_shows_the_query(ground: Ground, preview: str) -> None:
    del preview
    assert built(ground, View(), prior=True) == rows(_2=20, _4=40, _5=51)
    assert built(ground, View(), prior=True) == rows(_2=20, _4=40, _5=51)


@pytest.mark.parametrize("strategy", [Incremental("ts"), Microbatch("ts", "hour")])
def test_appending_appends_to_a_clone_of_base(ground: Ground, preview: str, strategy: Strategy) -> None:
    del preview
    assert built(ground, strategy, prior=False) == rows(_2=20, _4=40, _5=51)
    assert built(ground, strategy, prior=True) == APPENDED


@pytest.mark.parametrize("keys", [("id",), pytest.param(("id", "part"), marks=SLOW_ON_SPARK)])
@pytest.mark.parametrize("updated", [None, pytest.param(("v",), marks=SLOW_ON_SPARK)])
def test_merging_updates_and_inserts_whole_rows(
    ground: Ground, preview: str, keys: tuple[str, ...], updated: tuple[str, ...] | None
) -> None:
    del preview
    assert built(ground, Merge(keys, updated), prior=True) == rows(_1=1, _2=20, _3=3, _4=40, _5=51)
    assert ground.rows(f"SELECT id, part FROM {ground.named(ground.at('m', PREVIEW))} WHERE id = 4") == [(4, "d")]


@pytest.mark.notimpl("snowflake", reason="fakesnow breaks off in a MERGE right after CREATE TABLE in one transaction")
def test_a_first_merge_creates_the_table(ground: Ground, preview: str) -> None:
    del preview
    assert built(ground, Merge(("id",)), prior=False) == rows(_2=20, _4=40, _5=51)


@pytest.mark.parametrize("keys", [("part",), pytest.param(("part", "id"), marks=SLOW_ON_SPARK)])
def test_deleting_and_inserting_replaces_partitions(ground: Ground, preview: str, keys: tuple[str, ...]) -> None:
    del preview
    assert built(ground, DeleteInsert(keys), prior=True) == rows(_1=1, _2=20, _3=3, _4=40, _5=51)


@SLOW_ON_SPARK
def test_a_window_of_time_is_replaced(ground: Ground, preview: str) -> None:
    """February is what runs: what base has of it goes, and what the query has of January stays out."""
    del preview
    windowed = " WHERE ts >= @start_date AND ts < @end_date"
    assert built(ground, TimeInterval("ts", "month"), prior=True, where=windowed) == rows(_2=2, _5=51)
