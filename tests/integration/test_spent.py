"""What a preview itself took, by part, and whether it was worth it: the example, from its files to the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rocky_action.assembly import open_newest
from rocky_action.domain.cost import Figures, Ledger, Work
from rocky_action.domain.execution import Execution, Succeeded
from rocky_action.domain.prices import Basis, Tariff
from rocky_action.domain.project import Projects
from rocky_action.domain.report import Report
from rocky_action.pipeline import carry_out, cost_of
from rocky_action.ports import WarehouseAdapter
from rocky_action.stages.cost import Terms, price
from rocky_action.study import Connection, Study, study
from rocky_action.warehouses.confined import Confined
from tests.support.shop import Shop

RUNNER = Tariff(Basis.HOUR, 0.48, "0.008 USD a minute", "a runner of two cores")
HOUR = 3_600_000


def ledger_of(report: Report) -> Ledger:
    assert report.cost.ledger is not None
    return report.cost.ledger


def parts(ledger: Ledger) -> dict[Work, Figures]:
    return {one.work: one.figures for one in ledger.spent}


def milliseconds(figures: Figures) -> int:
    assert figures.duration_ms is not None
    return figures.duration_ms


def test_the_ledger_of_the_example_adds_up(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path)
    known = study(shop.world, shop.options)
    report = carry_out(shop.world, shop.options, known=known)
    spent = parts(ledger_of(report))
    assert set(spent) == {Work.BUILDING, Work.COMPARING}
    runs = [run.outcome for run in (*report.execution.head_runs, *report.execution.base_runs)]
    models = sum(run.usage.duration_ms or 0 for run in runs if isinstance(run, Succeeded))
    built = milliseconds(spent[Work.BUILDING])
    assert models < built + len(runs), "each model's own time is rounded up"
    assert milliseconds(spent[Work.COMPARING]) > 0
    assert spent[Work.BUILDING].bytes_scanned is None, "queries are not profiled"
    delta = price(
        known.plan,
        report.execution,
        projects=known.projects,
        history={name: (Figures(HOUR),) for name in known.projects.base.models},
        terms=Terms(RUNNER),
        spent={work: figures.usage for work, figures in spent.items()},
    )
    assert delta.ledger is not None
    took = sum(milliseconds(figures) for figures in spent.values())
    assert delta.ledger.preview_usd == pytest.approx(took / HOUR * 0.48)
    assert delta.ledger.full_usd is not None
    assert delta.ledger.net_usd == pytest.approx(delta.ledger.full_usd - took / HOUR * 0.48)


def test_an_audit_is_a_part_of_its_own(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path, audit="2")
    used: list[WarehouseAdapter] = []

    @contextmanager
    def connect(projects: Projects) -> Iterator[Connection]:
        with shop.world.connect(projects) as connection:
            used.append(connection.warehouse)
            yield connection

    report = carry_out(replace(shop.world, connect=connect), shop.options, known=study(shop.world, shop.options))
    spent = parts(ledger_of(report))
    assert list(spent) == [Work.BUILDING, Work.COMPARING, Work.AUDITING]
    took = [milliseconds(figures) for figures in spent.values()]
    assert min(took) > 0
    assert sum(took) <= (used[0].spent().duration_ms or 0) + len(took), "nothing counts twice; each part is rounded"


def looked_at(shop: Shop, known: Study) -> tuple[Execution, Ledger]:
    """As the command ``cost`` sees it."""
    with open_newest(shop.settings, shop.place, known=known, options=shop.options) as newest:
        spent = {Work.BUILDING: newest.execution.spent}
        found = cost_of(
            known,
            newest.options,
            connection=newest.connection,
            execution=newest.execution,
            spent=spent,
            now=shop.place.now,
        )
    assert found.ledger is not None
    return newest.execution, found.ledger


def test_a_later_look_knows_what_building_took_and_does_not_count_it_twice(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path)
    known = study(shop.world, shop.options)
    report = carry_out(shop.world, shop.options, known=known)
    _, ledger = looked_at(shop, known)
    ((work, figures),) = parts(ledger).items()
    assert work is Work.BUILDING
    assert 0 < milliseconds(figures) <= milliseconds(parts(ledger_of(report))[Work.BUILDING])


def test_a_record_of_an_older_version_is_read_and_says_nothing_of_it(tmp_path: Path) -> None:
    shop = Shop.new(tmp_path)
    known = study(shop.world, shop.options)
    carry_out(shop.world, shop.options, known=known)
    with shop.world.connect(known.projects) as connection:
        ((text,),) = connection.warehouse.query("SELECT execution FROM rocky_preview.runs")
        older = json.loads(str(text))
        assert older.pop("spent")["duration_ms"] > 0
        older = json.dumps(older).replace("'", "''")
        assert isinstance(connection.warehouse, Confined)
        connection.warehouse.adapter.execute([f"UPDATE rocky_preview.runs SET execution = '{older}'"])
    execution, ledger = looked_at(shop, known)
    assert execution.spent is None
    assert parts(ledger) == {Work.BUILDING: Figures()}
    assert ledger.preview_usd is None
