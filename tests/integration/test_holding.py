"""Two runs at work on one preview, on a warehouse that lets them: the one that has leased it last is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action import holding
from rocky_action.assembly import Newest, assemble, open_newest
from rocky_action.domain.options import AuditOptions, PreviewOptions
from rocky_action.domain.project import Projects
from rocky_action.errors import SupersededError
from rocky_action.pipeline import create, preview
from rocky_action.place import Place
from rocky_action.ports import Holder
from rocky_action.projects.rocky import RockyLoader
from rocky_action.settings import parse
from rocky_action.state import WarehouseRecords, open_records
from rocky_action.study import Connection, World, study
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import Opened, OpenRequest
from tests.support.checkout import Checkout
from tests.support.previews import make_database, untouched
from tests.support.projects import project_files
from tests.support.records import COMPARISON, NOW, SCHEMAS
from tests.support.trees import tree

CHAIN = {"m1": "SELECT a FROM raw.src", "m2": "SELECT a FROM m1", "m3": "SELECT a FROM m2"}
OTHER = {"m4": "SELECT a FROM raw.src"}
EVERYTHING = AuditOptions(100, percent=True, seed="s")


@dataclass
class Run:
    """A run in a database that it shares with another; ``interrupt`` is what happens when its progress says ``at``."""

    database: DuckDB
    other: WarehouseRecords
    at: str = ""
    interrupt: Callable[[], None] = lambda: None
    said: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        head = CHAIN | OTHER | {"m1": "SELECT a + 1 AS a FROM raw.src"}
        trees = (tree(project_files(CHAIN | OTHER)), tree(project_files(head)))
        return World(COMPARISON, *trees, RockyLoader(environ={}), self.connect, NOW, self.hear)

    def connect(self, projects: Projects) -> AbstractContextManager[Connection]:
        del projects
        return nullcontext(self.connection)

    @property
    def connection(self) -> Connection:
        return Connection(self.database, WarehouseRecords(self.database))

    def hear(self, what: str) -> None:
        self.said.append(what)
        if self.at and what == self.at:
            self.interrupt()

    def preview(self, audit: AuditOptions | None = None) -> None:
        preview(self.world, PreviewOptions("x", audit=audit or AuditOptions()))

    def recorded(self) -> int:
        ((count,),) = self.database.query("SELECT count(*) FROM rocky_preview.runs")
        assert isinstance(count, int)
        return count


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    path = tmp_path / "shop.duckdb"
    make_database(path, "CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT 1 AS a")
    database = open_duckdb(path)
    with untouched(database.connection):
        other = open_records(database)
        assert isinstance(other, WarehouseRecords)
        yield Run(database, other, interrupt=lambda: other.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW))
    database.close()


def test_a_run_that_is_alone_is_left_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "SECONDS_BETWEEN_LOOKS", 0.0)
    run.preview()
    run.preview(EVERYTHING)
    assert run.recorded() == 2


def test_another_run_begins_while_this_one_builds(run: Run) -> None:
    run.at = "head: m2"
    with pytest.raises(SupersededError, match="superseded by another run") as caught:
        run.preview()
    assert caught.value.exit_code == 3
    assert run.recorded() == 0
    assert run.other.holder("x") is Holder.OURS
    assert "comparing rows" not in run.said


def test_nothing_more_is_built_once_another_run_has_begun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "SECONDS_BETWEEN_LOOKS", 0.0)
    run.at = "head: m1"
    known = study(run.world, PreviewOptions("x"))
    with pytest.raises(SupersededError):
        create(run.world, PreviewOptions("x"), known=known, connection=run.connection)
    assert "head: m2" not in run.said
    assert run.database.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'branch__x'") == []


def test_a_look_in_a_while_is_enough(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "SECONDS_BETWEEN_LOOKS", 3_600.0)
    run.at = "head: m1"
    with pytest.raises(SupersededError):
        run.preview()
    assert "head: m3" in run.said


def test_another_run_begins_while_this_one_compares(run: Run) -> None:
    """Half of the tables that it has read may be the other one's."""
    run.at = "comparing rows"
    with pytest.raises(SupersededError, match="superseded by another run"):
        run.preview()


def test_another_run_begins_while_this_one_audits(run: Run) -> None:
    run.at = "audit: head: m4"
    with pytest.raises(SupersededError, match="superseded by another run"):
        run.preview(EVERYTHING)


def test_the_preview_is_dropped_while_a_run_builds_it(run: Run) -> None:
    """What it has built since is the next sweep's."""
    run.at, run.interrupt = "head: m3", lambda: run.other.release("x")
    with pytest.raises(SupersededError, match="was dropped"):
        run.preview()
    (lease,) = run.other.leases()
    assert (lease.name, lease.expires_at) == ("x", NOW)
    assert {schema for _, schema in lease.schemas} == {*PreviewOptions("x").schemas}


@contextmanager
def newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newest]:
    """A finished preview of the five models, looked at through a connection that may write."""
    checkout = Checkout.new(tmp_path)
    settings = parse({"branch_name": "x"})
    place = Place(checkout.folder, checkout.repository.environ, datetime.now(UTC), lambda _: None)
    world, options = assemble(settings, place, pull_request=None)
    preview(world, options)

    def writable(request: OpenRequest) -> Opened:
        return open_warehouse(replace(request, read_only=False))

    monkeypatch.setattr("rocky_action.assembly.open_warehouse", writable)
    with open_newest(settings, place, known=study(world, options), options=options) as found:
        yield found


@pytest.mark.parametrize(("what", "says"), [("leased", "superseded by another run"), ("dropped", "was dropped")])
def test_another_run_begins_while_somebody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, says: str
) -> None:
    def interrupt(records: WarehouseRecords) -> None:
        if what == "dropped":
            records.release("x")
        else:
            records.lease("x", SCHEMAS, comparison=COMPARISON, until=NOW)

    with pytest.raises(SupersededError, match=says), newest(tmp_path, monkeypatch) as found:
        interrupt(WarehouseRecords(found.connection.warehouse))


def test_nobody_interferes_while_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with newest(tmp_path, monkeypatch) as found:
        assert found.execution.head_runs
