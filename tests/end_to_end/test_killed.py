"""A run killed at one of its statements: production stays, half a preview is not taken for one, nothing is left.

The five models, in a database that production has been built in, with a finished preview of an earlier run in it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support import five_models
from tests.support.checkout import Checkout
from tests.support.killing import Ended, Killer
from tests.support.previews import make_database, production

RUN = ("run", "--name", "x", "--baseline", "rebuild", "--threads", "1", "--quiet")
DIFF = ("diff", "--name", "x", "--output", "json", "--threads", "1", "--quiet")
SWEEP = ("cleanup", "--expired", "--quiet")
VOLATILE = {"run_id", "started_at", "markdown"}
A_DAY = 86_400
LEFTOVERS = (
    "DROP SCHEMA branch__x CASCADE",
    "CREATE SCHEMA branch__x",
    "CREATE SCHEMA IF NOT EXISTS branch__x__twice",
    "CREATE TABLE branch__x.stg_orders AS SELECT 1 AS order_id",
    "CREATE VIEW branch__x.fct_revenue AS SELECT 1 AS customer_id",
    "CREATE TABLE branch__x.gone AS SELECT 1 AS a",
    "CREATE OR REPLACE TABLE branch__x__base.fct_revenue AS SELECT * FROM main.fct_revenue LIMIT 1",
    "CREATE TABLE branch__x__twice.fct_revenue AS SELECT 1 AS a",
)
"""A preview as no run leaves it: tables for views and the other way round, a model that is no more, half of base."""


def plain(value: object) -> object:
    """A document without what is never the same twice: times, and pages on which times stand."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in VOLATILE and not key.endswith("_ms")}
    return [plain(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Grave:
    """The checkout and its database, which can be as it was in the beginning again."""

    checkout: Checkout
    killer: Killer
    before: Mapping[str, object]
    report: object
    comparison: object
    points: int

    @property
    def path(self) -> Path:
        return self.checkout.folder / five_models.DATABASE

    def again(self) -> None:
        """The database as it was in the beginning."""
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        shutil.copyfile(self.checkout.folder.parent / "start", self.path)

    def command(self, *arguments: str, die_at: int | None = None) -> Ended:
        return self.killer.run(self.checkout.folder, *arguments, die_at=die_at)

    def sql(self, *statements: str) -> None:
        with duckdb.connect(self.path) as connection:
            for statement in statements:
                connection.execute(statement)

    def production_is_as_it_was(self) -> None:
        with duckdb.connect(self.path, read_only=True) as connection:
            assert production(connection, identity=False) == self.before

    def nobody_takes_the_half_for_the_whole(self) -> None:
        """What was there before the run, if the run has not begun; else nothing until it is there as a whole."""
        looked = self.command(*DIFF)
        if looked.code == 0:
            assert plain(json.loads(looked.out)) == self.comparison
        else:
            assert (looked.code, "half-built" in looked.err) == (2, True), looked.err

    def the_next_run_is_undisturbed(self) -> None:
        ended = self.command(*RUN)
        assert ended.code == 0, ended.err
        assert report_in(self.checkout.folder) == self.report

    def nothing_is_left_after_a_sweep(self, *, die_at: int | None = None) -> None:
        self.sql("UPDATE rocky_preview.leases SET expires_at = TIMESTAMP '2000-01-01'")
        swept = self.command(*SWEEP, die_at=die_at)
        if die_at is not None:
            assert swept.killed
            swept = self.command(*SWEEP)
        assert swept.code == 0, swept.err
        with duckdb.connect(self.path, read_only=True) as connection:
            found = "SELECT schema_name FROM duckdb_schemas() WHERE starts_with(schema_name, 'branch__')"
            assert connection.execute(found).fetchall() == []
            assert connection.execute("SELECT name FROM rocky_preview.leases").fetchall() == []
        assert files(self.checkout.folder) == {five_models.DATABASE}
        self.production_is_as_it_was()

    def survives(self, point: int) -> None:
        """All of it, for a run that is killed at a point."""
        self.again()
        assert self.command(*RUN, die_at=point).killed
        self.production_is_as_it_was()
        self.nobody_takes_the_half_for_the_whole()
        self.the_next_run_is_undisturbed()
        self.production_is_as_it_was()
        self.nothing_is_left_after_a_sweep()


def report_in(folder: Path) -> object:
    return plain(json.loads((folder / ".rocky-preview" / "report.json").read_text()))


def files(folder: Path) -> set[str]:
    """What stands beside the project's own files."""
    return (
        {path.name for path in folder.iterdir()}
        - {".git", ".gitignore", ".rocky-preview"}
        - {name.partition("/")[0] for name in five_models.base()}
    )


@pytest.fixture(scope="module")
def grave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grave]:
    folder = tmp_path_factory.mktemp("grave")
    checkout = Checkout.new(folder)
    path = checkout.folder / five_models.DATABASE
    built = ("raw_orders", "raw_customers", "stg_orders", "dim_customers", "fct_revenue")
    models = {name: five_models.base()[f"models/{name}.sql"] for name in built}
    make_database(path, five_models.base()["data/seed.sql"])
    make_database(path, *(f"CREATE TABLE main.{name} AS {sql}" for name, sql in models.items()))
    with duckdb.connect(path, read_only=True) as connection:
        before = production(connection, identity=False)
    with Killer(checkout.repository.environ) as killer:
        assert killer.run(checkout.folder, *RUN).code == 0
        ended = killer.run(checkout.folder, *RUN)
        assert ended.code == 0, ended.err
        shutil.copyfile(path, folder / "start")
        report = report_in(checkout.folder)
        compared = killer.run(checkout.folder, *DIFF)
        assert compared.code == 0, compared.err
        yield Grave(checkout, killer, before, report, plain(json.loads(compared.out)), ended.points)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.97])
def test_a_run_is_killed(grave: Grave, part: float) -> None:
    grave.survives(int(grave.points * part))


@pytest.mark.slow
def test_a_run_is_killed_at_each_of_its_statements(grave: Grave) -> None:
    """Before the first and after each: what is after one is before the next."""
    assert grave.points > 200
    for point in (0, *range(1, grave.points, 2)):
        grave.survives(point)


@pytest.mark.slow
def test_a_killed_run_is_swept_whatever_it_has_left(grave: Grave) -> None:
    for point in range(1, grave.points, 4):
        grave.again()
        assert grave.command(*RUN, die_at=point).killed
        grave.nothing_is_left_after_a_sweep()


@pytest.mark.slow
def test_a_sweep_is_killed_at_each_of_its_statements(grave: Grave) -> None:
    grave.again()
    grave.sql("UPDATE rocky_preview.leases SET expires_at = TIMESTAMP '2000-01-01'")
    points = grave.command(*SWEEP).points
    for point in (0, *range(1, points, 2)):
        grave.again()
        grave.nothing_is_left_after_a_sweep(die_at=point)


def test_a_sweep_is_killed(grave: Grave) -> None:
    grave.again()
    grave.nothing_is_left_after_a_sweep(die_at=41)


def test_nothing_is_read_that_another_run_has_left(grave: Grave) -> None:
    grave.again()
    grave.sql(*LEFTOVERS)
    grave.the_next_run_is_undisturbed()
    with duckdb.connect(grave.path, read_only=True) as connection:
        found = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'branch__x' ORDER BY ALL"
        names = [name for (name,) in connection.execute(found).fetchall()]
    assert names == ["dim_customers", "fct_revenue", "stg_orders"]
    grave.nothing_is_left_after_a_sweep()


@pytest.mark.slow
@pytest.mark.parametrize("point", range(14))
def test_a_run_is_killed_while_it_makes_the_database(grave: Grave, tmp_path: Path, point: int) -> None:
    """What it has left of the file is removed, once nobody can be at work on it any more."""
    checkout = Checkout.new(tmp_path)
    folder = checkout.folder
    assert grave.killer.run(folder, *RUN, die_at=point).killed
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in [one for left in folder.glob(".rocky-preview-*") for one in (left, *left.rglob("*"))]:
        os.utime(path, (long_ago, long_ago))
    ended = grave.killer.run(folder, *RUN)
    assert ended.code == 0, ended.err
    assert files(folder) == {five_models.DATABASE}
    assert grave.killer.run(folder, "cleanup", "--name", "x").code == 0
    assert checkout.schemas() == ["raw", "rocky_preview"]
    assert checkout.query("SELECT count(*) FROM raw.orders") == [(len(five_models.ORDERS),)]
