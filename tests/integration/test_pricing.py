"""Prices and cadence on their way through a whole preview on a real DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rocky_action.domain.cost import Cadence, CostDelta
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.prices import Basis, PriceChoice
from rocky_action.domain.project import Projects
from rocky_action.domain.pull_request import ChangedPath, Comparison, PathStatus
from rocky_action.errors import InputError
from rocky_action.pipeline import preview
from rocky_action.projects.rocky import RockyLoader
from rocky_action.state import open_records
from rocky_action.study import Connection, World
from tests.support.previews import NOW, Lab, open_lab
from tests.support.projects import ROCKY_TOML, project_files
from tests.support.trees import tree

NIGHTLY = f'{ROCKY_TOML}[pipeline.shop.schedule]\ncron = "0 3 * * *"\n'
BASE = "SELECT i AS id FROM range(200000) AS t(i)"
HEAD = "SELECT i * 2 AS id FROM range(200000) AS t(i)"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, f"CREATE TABLE main.orders AS {BASE}") as made:
        yield made


def previewed(lab: Lab, *, config: str = ROCKY_TOML, head_config: str | None = None, **chosen: object) -> CostDelta:
    @contextmanager
    def connect(_: Projects) -> Iterator[Connection]:
        lab.progress.append("opened")
        yield Connection(lab.database, open_records(lab.database))

    path = "models/orders.sql"
    comparison = Comparison("main", "1" * 40, "topic", "2" * 40, (ChangedPath(PathStatus.MODIFIED, path),))
    base = tree(project_files({"orders": BASE}, config))
    head = tree(project_files({"orders": HEAD}, head_config or config))
    world = World(comparison, base, head, RockyLoader(environ={}), connect, NOW, progress=lab.progress.append)
    return preview(world, PreviewOptions("x", **chosen)).cost  # type: ignore[arg-type]


def test_as_rocky_reckons_and_guessed(lab: Lab) -> None:
    cost = previewed(lab)
    assert cost.tariff is not None
    assert (cost.tariff.basis, cost.tariff.origin) == (Basis.FREE, "Rocky's default")
    assert cost.head_usd == 0.0
    assert cost.cadence is not None
    assert cost.cadence.is_range


def test_the_price_that_was_chosen_is_the_price_of_every_run(lab: Lab) -> None:
    cost = previewed(lab, prices=PriceChoice(("usd_per_runner_minute", 60.0), place="--price"))
    (model,) = cost.models
    assert model.head is not None
    assert model.head.duration_ms
    assert model.head.usd == pytest.approx(model.head.duration_ms / 1000)
    assert cost.tariff is not None
    assert cost.tariff.origin == "your own price (--price)"


def test_the_schedule_of_head_counts(lab: Lab) -> None:
    cost = previewed(lab, head_config=NIGHTLY)
    assert cost.cadence == Cadence(30.4375, 30.4375, 'rocky.toml schedules the pipeline: "0 3 * * *" (UTC)')


def test_what_a_person_says_counts_more(lab: Lab) -> None:
    cost = previewed(lab, config=NIGHTLY, runs_per_month=(60.0, 90.0))
    assert cost.cadence == Cadence(60.0, 90.0, "runs_per_month says so")


def test_a_price_that_means_nothing_here_is_told_before_anything_is_built(lab: Lab) -> None:
    with pytest.raises(InputError, match="edition means nothing on duckdb"):
        previewed(lab, prices=PriceChoice(words=(("edition", "enterprise"),)))
    assert "opened" not in lab.progress
