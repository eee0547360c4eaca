"""Dropping previews: the right ones, and nothing else whatever a lease says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rocky_action.cleaning import cleanup_previews
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import Comparison, PullRequest
from rocky_action.errors import PlanError, ProjectError, WarehouseError
from rocky_action.place import Place
from rocky_action.settings import parse
from rocky_action.state import Lease, WarehouseRecords, open_records
from rocky_action.warehouses.duckdb import DuckDB, open_duckdb
from tests.support.previews import make_database, untouched
from tests.support.projects import project_files
from tests.support.records import execution
from tests.support.repositories import GitRepository, isolated_environ

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMPARISON = Comparison("main", "b" * 40, "feature", "h" * 40)
HOUR = timedelta(hours=1)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.new(tmp_path / "shop", isolated_environ(tmp_path / "home"))
    made.commit(project_files({"m": "SELECT 1 AS a"}))
    make_database(made.path / "shop.duckdb", "CREATE TABLE main.m AS SELECT 1 AS a", "CREATE SCHEMA branchless")
    return made


def schemas(*names: str) -> list[tuple[str, str]]:
    return [("shop", f"branch__{name}{suffix}") for name in names for suffix in ("", "__base")]


@contextmanager
def opened(repository: GitRepository) -> Iterator[Warehouse]:
    """The database while it is open here; a clean-up opens it for itself."""
    database = open_duckdb(repository.path / "shop.duckdb")
    try:
        yield Warehouse(database)
    finally:
        database.close()


@dataclass(frozen=True)
class Warehouse:
    database: DuckDB

    def records(self) -> WarehouseRecords:
        records = open_records(self.database)
        assert isinstance(records, WarehouseRecords)
        return records

    def make(self, *names: str, expires: datetime | None = None) -> None:
        for catalog, schema in schemas(*names):
            self.database.create_schema(catalog, schema)
            self.database.execute([f"CREATE TABLE {schema}.t AS SELECT 1 AS a"])
            self.database.execute([f"CREATE VIEW {schema}.v AS FROM main.m"])
        for name in names if expires else ():
            self.records().lease(name, schemas(name), comparison=COMPARISON, until=expires or NOW)

    def left(self) -> list[tuple[str, str]]:
        return list(self.database.schemas("branch__"))

    def leases(self) -> list[str]:
        return [lease.name for lease in self.records().leases()]


def cleanup(
    repository: GitRepository,
    *,
    expired: bool = False,
    pull_request: PullRequest | None = None,
    progress: Callable[[str], None] = lambda _: None,
    **values: str,
) -> tuple[str, ...]:
    place = Place(repository.path, repository.environ, NOW, progress)
    return cleanup_previews(parse(values), place, pull_request=pull_request, expired=expired)


def test_what_an_audit_or_a_second_build_has_left_is_dropped_with_the_preview(repository: GitRepository) -> None:
    everything = [("shop", schema) for schema in PreviewOptions("x").schemas]
    with opened(repository) as warehouse:
        warehouse.records().lease("x", everything, comparison=COMPARISON, until=NOW)
        for catalog, schema in everything:
            warehouse.database.create_schema(catalog, schema)
    assert {*cleanup(repository, branch_name="x")} == {f"shop.{schema}" for _, schema in everything}
    assert len(everything) == 8
    with opened(repository) as warehouse:
        assert warehouse.left() == []


def test_one_preview_is_dropped_by_name(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("one", "two", expires=NOW - HOUR)
    dropped = cleanup(repository, branch_name="one")
    assert dropped == ("shop.branch__one", "shop.branch__one__base")
    with opened(repository) as warehouse, untouched(warehouse.database.connection):
        assert warehouse.left() == schemas("two")
        assert warehouse.leases() == ["two"]
        assert warehouse.database.columns(Relation("", "main", "m")) is not None
    assert cleanup(repository, branch_name="one") == ()


def test_the_name_is_found_as_a_preview_finds_it(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("fix_it_pr7", "main", "main_pr7", "x", expires=NOW + HOUR)
    pull_request = PullRequest("o", "r", 7, "fix/it", "h" * 40, "main")
    assert cleanup(repository, pull_request=pull_request)[0] == "shop.branch__fix_it_pr7"
    assert cleanup(repository, pr_number="7")[0] == "shop.branch__main_pr7"
    assert cleanup(repository)[0] == "shop.branch__main"
    with opened(repository) as warehouse:
        assert warehouse.left() == schemas("x")


def test_only_what_has_expired_is_swept(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("old", expires=NOW - HOUR)
        warehouse.make("just", expires=NOW)
        warehouse.make("young", expires=NOW + timedelta(seconds=1))
        warehouse.make("unleased")
    assert set(cleanup(repository, expired=True)) == {
        f"{catalog}.{schema}" for catalog, schema in schemas("old", "just")
    }
    with opened(repository) as warehouse:
        assert warehouse.left() == schemas("unleased", "young")
        assert warehouse.leases() == ["young"]
    assert cleanup(repository, expired=True) == ()


def test_what_a_run_takes_up_again_meanwhile_is_not_swept(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As warehouses allow where a DuckDB file does not: the list was made before, the drop comes after."""
    with opened(repository) as warehouse:
        warehouse.make("gone", "taken_up", expires=NOW - HOUR)
    listed = WarehouseRecords.leases

    def leases(records: WarehouseRecords) -> tuple[Lease, ...]:
        found = listed(records)
        another = WarehouseRecords(records.warehouse)
        another.lease("taken_up", schemas("taken_up"), comparison=COMPARISON, until=NOW + HOUR)
        return found

    monkeypatch.setattr(WarehouseRecords, "leases", leases)
    assert set(cleanup(repository, expired=True)) == {f"{catalog}.{schema}" for catalog, schema in schemas("gone")}
    monkeypatch.undo()
    with opened(repository) as warehouse:
        assert warehouse.left() == schemas("taken_up")
        assert warehouse.leases() == ["taken_up"]


def test_what_a_run_leases_while_a_preview_is_dropped_is_left_to_the_sweep(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pull request was closed while it ran: whatever it has still built, a lease names."""
    with opened(repository) as warehouse:
        warehouse.make("x", expires=NOW + HOUR)
    dropped = DuckDB.drop_schema

    def drop_schema(database: DuckDB, catalog: str, schema: str) -> None:
        dropped(database, catalog, schema)
        WarehouseRecords(database).lease("x", schemas("x"), comparison=COMPARISON, until=NOW + HOUR)

    monkeypatch.setattr(DuckDB, "drop_schema", drop_schema)
    assert len(cleanup(repository, branch_name="x")) == 2
    monkeypatch.undo()
    with opened(repository) as warehouse:
        assert warehouse.leases() == ["x"]


def test_an_expired_lease_without_schemas_is_forgotten(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.records().lease("gone", schemas("gone"), comparison=COMPARISON, until=NOW - HOUR)
    assert cleanup(repository, expired=True) == ()
    with opened(repository) as warehouse:
        assert warehouse.leases() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x", "main"),
        ("x", "branchless"),
        ("x", "branch__../main"),
        ("x", "rocky_preview"),
        ("x", "branch__alive"),
        ("../main", "main"),
        ("alive__base", "branch__alive__base"),
    ],
)
def test_a_lease_drops_its_own_previews_schemas_and_no_others(repository: GitRepository, name: str, said: str) -> None:
    with opened(repository) as warehouse:
        warehouse.make("alive", expires=NOW + HOUR)
        warehouse.records().lease(name, [("shop", said), ("main", said)], comparison=COMPARISON, until=NOW - HOUR)
        known = {schema for _, schema in warehouse.database.schemas("")}
    dropped = cleanup(repository, expired=True)
    with opened(repository) as warehouse:
        assert {schema for _, schema in warehouse.database.schemas("")} == known
        assert warehouse.database.query("SELECT a FROM main.m") == [(1,)]
    assert dropped == ()


@dataclass(frozen=True)
class Held:
    """A warehouse that stays open after a clean-up."""

    warehouse: DuckDB

    def close(self) -> None:
        pass


@contextmanager
def beside_another(repository: GitRepository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The database with another project's beside it, as a warehouse has many; that one has a preview of this name."""
    with opened(repository) as warehouse:
        warehouse.database.connection.execute("ATTACH ':memory:' AS elsewhere")
        for name in ("x", "x__base"):
            warehouse.database.connection.execute(f"CREATE SCHEMA elsewhere.branch__{name}")
        monkeypatch.setattr("rocky_action.cleaning.open_warehouse", lambda _: Held(warehouse.database))
        monkeypatch.setattr("rocky_action.cleaning.closing", lambda _: nullcontext())
        yield warehouse


ELSEWHERE = [("elsewhere", "branch__x"), ("elsewhere", "branch__x__base")]


def test_another_projects_preview_has_the_same_name(repository: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    with beside_another(repository, monkeypatch) as warehouse:
        warehouse.make("x", expires=NOW - HOUR)
        assert len(cleanup(repository, expired=True)) == 2
        assert warehouse.left() == ELSEWHERE


def test_another_projects_preview_has_the_name_of_one_that_was_never_leased(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with beside_another(repository, monkeypatch) as warehouse:
        warehouse.make("x")
        assert len(cleanup(repository, branch_name="x")) == 2
        assert warehouse.left() == ELSEWHERE


def test_a_lease_of_the_databases_own_catalog(repository: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    with beside_another(repository, monkeypatch) as warehouse:
        warehouse.make("x")
        named = [("", "branch__x"), ("", "branch__x__base")]
        warehouse.records().lease("x", named, comparison=COMPARISON, until=NOW - HOUR)
        assert len(cleanup(repository, expired=True)) == 2
        assert warehouse.left() == ELSEWHERE


def test_what_an_earlier_lease_has_named_is_dropped_too(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later push may have taken the models out of a catalog; a warehouse may spell it in another case."""
    with beside_another(repository, monkeypatch) as warehouse:
        warehouse.make("x")
        for hours, catalog in ((3, "ELSEWHERE"), (2, "shop")):
            named = [(catalog, "branch__x"), (catalog, "branch__x__base")]
            warehouse.records().lease("x", named, comparison=COMPARISON, until=NOW - hours * HOUR)
        assert len(cleanup(repository, expired=True)) == 4
        assert warehouse.left() == []


def test_a_project_whose_production_looks_like_a_preview_is_not_cleaned(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("x")
    repository.commit({"models/m.toml": '[target]\nschema = "branch__x"\n'})
    with pytest.raises(PlanError, match="branch__x"):
        cleanup(repository, branch_name="x")
    with opened(repository) as warehouse:
        assert warehouse.left() == schemas("x")


@pytest.mark.parametrize("path", ['path = "shop.duckdb"', 'path = ":memory:"', ""])
def test_where_there_is_no_database_there_is_nothing_to_drop(tmp_path: Path, path: str) -> None:
    made = GitRepository.new(tmp_path / "bare", isolated_environ(tmp_path / "home"))
    files = project_files({"m": "SELECT 1 AS a"})
    files["rocky.toml"] = files["rocky.toml"].replace('path = "shop.duckdb"', path)
    made.commit(files | {"data/seed.sql": "CREATE SCHEMA raw"})
    assert cleanup(made, branch_name="x") == cleanup(made, expired=True) == ()
    assert not list(made.path.glob("*.duckdb*"))


def test_what_no_lease_names_is_left_alone(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("x", expires=NOW + HOUR)
        warehouse.make("unleased")
    assert cleanup(repository, branch_name="unleased") == ()
    with opened(repository) as warehouse:
        assert set(warehouse.left()) == {*schemas("unleased"), *schemas("x")}


def test_models_that_do_not_load_do_not_keep_their_preview(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("x", expires=NOW + HOUR)
    repository.commit({"models/m.toml": "[strategy\n"})
    assert len(cleanup(repository, branch_name="x")) == 2
    with opened(repository) as warehouse:
        assert warehouse.left() == []


def test_a_configuration_that_names_no_database_is_an_error(repository: GitRepository) -> None:
    repository.commit({"rocky.toml": "[adapter\n"})
    with pytest.raises(ProjectError, match=r"rocky\.toml"):
        cleanup(repository, branch_name="x")


def test_a_database_without_state_is_cleaned_by_name(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("x")
    assert cleanup(repository, expired=True) == ()
    assert len(cleanup(repository, branch_name="x")) == 2
    with opened(repository) as warehouse:
        assert {schema for _, schema in warehouse.database.schemas("")} == {"branchless"}


def record(warehouse: Warehouse, *days: int, name: str = "x") -> None:
    for age in days:
        finished = NOW - timedelta(days=age)
        warehouse.records().record(name, execution(f"{name}-{age}"), comparison=COMPARISON, when=finished)


def recorded(repository: GitRepository) -> list[object]:
    with opened(repository) as warehouse:
        rows = warehouse.database.query("SELECT DISTINCT run_id FROM rocky_preview.model_runs ORDER BY run_id")
    return [run_id for (run_id,) in rows]


def test_a_sweep_deletes_old_records_and_says_so(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        record(warehouse, 399, 401, 500)
    said: list[str] = []
    assert cleanup(repository, branch_name="x", progress=said.append) == ()
    assert recorded(repository) == ["x-399", "x-401", "x-500"], "only a sweep does it"
    assert cleanup(repository, expired=True, progress=said.append) == ()
    assert recorded(repository) == ["x-399"]
    assert said == ["deleted the records of 2 runs older than 400 days"]
    cleanup(repository, expired=True, progress=said.append)
    assert len(said) == 1
    cleanup(repository, expired=True, keep_records_days="30", progress=said.append)
    assert recorded(repository) == []
    assert said[1:] == ["deleted the records of 1 run older than 30 days"]


def test_a_sweep_keeps_the_newest_run_of_a_preview_that_is_still_leased(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        for name, expires in (("alive", NOW + HOUR), ("dead", NOW - HOUR)):
            record(warehouse, 500, 600, name=name)
            warehouse.make(name, expires=expires)
    assert len(cleanup(repository, expired=True)) == 2
    assert recorded(repository) == ["alive-500"]


def test_a_state_of_a_newer_version_is_not_swept(repository: GitRepository) -> None:
    with opened(repository) as warehouse:
        warehouse.make("x", expires=NOW - HOUR)
        warehouse.database.execute(["INSERT INTO rocky_preview.layouts VALUES (99, TIMESTAMP '2030-01-01')"])
    for how in ({"expired": True}, {"branch_name": "x"}):
        with pytest.raises(WarehouseError, match="layout is 99"):
            cleanup(repository, **how)
    with opened(repository) as warehouse:
        assert warehouse.left() == schemas("x")
