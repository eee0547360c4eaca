"""Databases made from seeds, in real repositories: all or nothing, and honest about what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from rocky_action.assembly import assemble
from rocky_action.domain.diff import Exhaustive
from rocky_action.domain.execution import BaselineKind
from rocky_action.domain.report import Caveat, Report, Severity, Verdict
from rocky_action.errors import PreviewError, ProjectError, WarehouseError
from rocky_action.pipeline import preview
from rocky_action.place import Place
from rocky_action.rendering import render_comment
from rocky_action.settings import parse
from tests.support import five_models
from tests.support.previews import make_database, production
from tests.support.projects import project_files
from tests.support.repositories import GitRepository, isolated_environ

SEED = "CREATE SCHEMA raw; CREATE TABLE raw.src AS SELECT range AS a FROM range(10);"
MODELS = {"m": "SELECT a FROM raw.src"}
CHANGED = {"models/m.sql": "SELECT a FROM raw.src WHERE a > 3"}
SAME = {"models/m.sql": "SELECT a FROM raw.src WHERE a >= 0"}
IGNORE = {".gitignore": "*.duckdb*\n.rocky-preview*\n"}


@dataclass
class Desk:
    """A repository with a change in it, and previews of that change."""

    repository: GitRepository
    said: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.repository.path / "shop.duckdb"

    def preview(self, **values: str) -> Report:
        place = Place(self.repository.path, self.repository.environ, datetime(2026, 3, 1, tzinfo=UTC), self.said.append)
        world, options = assemble(parse({"branch_name": "x", **values}), place, pull_request=None)
        return preview(world, options)

    def refused(self, **values: str) -> PreviewError:
        with pytest.raises(PreviewError) as caught:
            self.preview(**values)
        return caught.value

    def left(self) -> set[str]:
        """What a preview has put into the folder."""
        return set(self.repository.git("ls-files", "--others", "--ignored", "--exclude-standard").splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def desk(folder: Path, base: Mapping[str, str], head: Mapping[str, str]) -> Desk:
    repository = GitRepository.new(folder / "shop", isolated_environ(folder / "home"))
    repository.commit({**base, **IGNORE})
    repository.branch("change")
    for gone in base.keys() - head.keys() if head.keys() >= {"rocky.toml"} else ():
        (repository.path / gone).unlink()
    repository.commit(head)
    return Desk(repository)


def plain(seeds: Mapping[str, str] | None = None) -> dict[str, str]:
    return project_files(MODELS) | dict({"data/seed.sql": SEED} if seeds is None else seeds)


def only(report: Report) -> tuple[int | None, int | None]:
    (diff,) = report.diffs
    assert isinstance(diff.coverage, Exhaustive), diff
    return diff.rows.rows_base, diff.rows.rows_head


def caveats(report: Report) -> list[Caveat]:
    return [caveat for caveat in report.caveats if "seed" in caveat.message or "filled" in caveat.message]


def test_the_five_models_on_a_bare_runner(folder: Path) -> None:
    made = desk(folder, five_models.base(), five_models.pull_request())
    report = made.preview()
    assert report.plan.prune_names == five_models.PRUNE_SET
    assert report.plan.copy_names == five_models.COPY_SET
    (diff,) = report.diffs
    assert (diff.rows.rows_base, diff.rows.rows_head) == (five_models.ROWS_BASE, five_models.ROWS_HEAD)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (
        five_models.ROWS_ADDED,
        five_models.ROWS_REMOVED,
        five_models.ROWS_CHANGED,
    )
    connection = duckdb.connect(str(made.repository.path / five_models.DATABASE), read_only=True)
    schemas = connection.execute("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal ORDER BY 1").fetchall()
    models = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
    connection.close()
    assert schemas == [("branch__x",), ("branch__x__base",), ("raw",), ("rocky_preview",)]
    assert models == [(0,)], "production is not ours to build"


def test_seeds_fill_a_file_that_is_missing_and_no_other(folder: Path) -> None:
    made = desk(folder, plain(), CHANGED)
    first = made.preview()
    assert only(first) == (10, 6)
    assert [caveat.severity for caveat in caveats(first)] == [Severity.NOTE]
    assert "shop.duckdb did not exist: it was filled from data/seed.sql" in caveats(first)[0].message
    connection = duckdb.connect(str(made.path))
    connection.execute("INSERT INTO raw.src VALUES (100)")
    connection.close()
    second = made.preview()
    assert only(second) == (11, 7)
    assert caveats(second) == []
    assert made.left() == {"shop.duckdb"}


def test_a_base_that_nobody_built_is_not_said_to_be(folder: Path) -> None:
    report = desk(folder, plain(), CHANGED).preview(baseline="existing")
    assert [caveat.message for caveat in caveats(report)] == [
        "The database shop.duckdb did not exist: it was filled from data/seed.sql, and nothing else is in it."
    ]


def test_production_is_read_when_it_is_there(folder: Path) -> None:
    made = desk(folder, plain(), CHANGED)
    make_database(made.path, SEED, "CREATE TABLE main.m AS SELECT 7 AS a UNION ALL SELECT 8")
    report = made.preview()
    assert only(report) == (2, 6)
    assert [one.kind for one in report.execution.base_sides] == [BaselineKind.EXISTING]
    assert only(made.preview(baseline="rebuild")) == (10, 6)
    connection = duckdb.connect(str(made.path), read_only=True)
    assert set(production(connection)) >= {'tables "main"."m"', 'tables "raw"."src"'}
    connection.close()


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ("CREATE SCHEMA raw; CREATE TABLE raw.src AS SELECT nothing", "nothing"),
        ("CREATE SCHEMA raw; CREATE TABLE raw.src (a INTEGER); INSERT INTO raw.src VALUES ('x')", "x"),
        ("CREATE SCHEMA raw;;; SELEKT 1", "SELEKT"),
        ("BEGIN; CREATE SCHEMA raw", "transaction"),
    ],
)
def test_a_failing_seed_leaves_nothing_behind(folder: Path, seed: str, message: str) -> None:
    made = desk(folder, plain({"data/seed.sql": seed}), CHANGED)
    error = made.refused()
    assert message in error.message
    assert made.left() == set()
    assert sorted(path.name for path in made.repository.path.iterdir()) == [
        ".git",
        ".gitignore",
        "data",
        "models",
        "rocky.toml",
    ]


def test_a_failing_seed_is_the_authors_and_points_at_the_line(folder: Path) -> None:
    error = desk(folder, plain({"data/seed.sql": "CREATE SCHEMA raw;\nSELECT\n  nothing"}), CHANGED).refused()
    assert isinstance(error, ProjectError)
    assert "LINE 2" in error.message or "LINE 3" in error.message or "nothing" in error.message
    assert "seed" in error.advice


def test_without_seeds_a_missing_database_is_an_error(folder: Path) -> None:
    made = desk(folder, plain({}), CHANGED)
    error = made.refused()
    assert isinstance(error, WarehouseError)
    assert "shop.duckdb does not exist" in error.message
    assert "seed" in error.advice
    assert made.left() == set()


def test_seeds_may_use_the_catalogs_name(folder: Path) -> None:
    seed = "CREATE SCHEMA shop.raw; CREATE TABLE shop.raw.src AS SELECT range AS a FROM range(10); USE shop.raw;"
    assert only(desk(folder, plain({"data/seed.sql": seed}), CHANGED).preview()) == (10, 6)


def test_seeds_as_csv(folder: Path) -> None:
    seeds = {"seeds/src.csv": "a,it's\n1,x\n5,\n6,z\n", "seeds/src.toml": '[target]\nschema = "raw"\n'}
    report = desk(folder, plain(seeds), CHANGED).preview()
    assert only(report) == (3, 2)
    assert "filled from seeds/src.csv" in caveats(report)[0].message


def test_given_seeds_replace_the_usual_ones(folder: Path) -> None:
    seeds = {"data/seed.sql": "SELEKT", "data/other.sql": SEED}
    made = desk(folder, plain(seeds), CHANGED)
    assert only(made.preview(seeds="data/other.sql")) == (10, 6)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"data/seed.sql": SEED.replace("10", "20")}, "data/seed.sql"),
        ({"seeds/kept.toml": '[target]\nschema = "other"\n'}, "seeds/kept.toml"),
    ],
)
def test_a_changed_seed_is_told(folder: Path, change: dict[str, str], path: str) -> None:
    base = plain() | {"seeds/kept.csv": "a\n1\n", "seeds/kept.toml": ""}
    made = desk(folder, base, CHANGED | change)
    warned = [caveat for caveat in caveats(made.preview()) if caveat.severity is Severity.WARNING]
    assert [caveat.path for caveat in warned] == [path]
    assert "was read for both sides" in warned[0].message
    again = [caveat for caveat in caveats(made.preview()) if caveat.severity is Severity.WARNING]
    assert "was not read, because the database exists already" in again[0].message


def test_a_changed_seed_is_never_called_unchanged_though_nothing_has_to_run(folder: Path) -> None:
    base = plain() | {"seeds/kept.csv": "a\n1\n"}
    for number, change in enumerate(({"data/seed.sql": SEED.replace("10", "20")}, {"seeds/kept.csv": "a\n2\n"})):
        made = desk(folder / str(number), base, change)
        report = made.preview()
        assert (report.plan.prune_set, report.verdict) == ((), Verdict.INCOMPLETE)
        assert report.unseen == tuple(change)
        [warned] = caveats(report)
        assert (warned.severity, warned.path) == (Severity.WARNING, *change)
        assert made.left() == set()
        assert "what the change of" in render_comment(report, marker="<!-- x -->").splitlines()[1].lower()


def test_a_changed_seed_is_no_detail_beside_models_that_are_equal(folder: Path) -> None:
    report = desk(folder, plain(), SAME | {"data/seed.sql": SEED.replace("10", "20")}).preview()
    assert [diff.is_empty for diff in report.diffs] == [True]
    assert report.verdict is Verdict.INCOMPLETE


def test_a_new_seed_hides_nothing_where_head_is_built_on_it(folder: Path) -> None:
    new = {"seeds/more.csv": "a\n1\n", "seeds/more.toml": ""}
    made = desk(folder, plain(), SAME | new)
    report = made.preview()
    assert (report.verdict, report.unseen) == (Verdict.UNCHANGED, ())
    assert [caveat.severity for caveat in caveats(report)] == [Severity.NOTE]
    again = [caveat.path for caveat in caveats(made.preview()) if "not read" in caveat.message]
    assert again == [*new]


def test_a_removed_seed_is_told(folder: Path) -> None:
    base = plain() | {"seeds/gone.csv": "a\n1\n"}
    made = desk(folder, base, {name: text for name, text in base.items() if name != "seeds/gone.csv"} | CHANGED)
    warned = [caveat for caveat in caveats(made.preview()) if caveat.severity is Severity.WARNING]
    assert [caveat.path for caveat in warned] == ["seeds/gone.csv"]


def test_an_unchanged_seed_is_not_mentioned(folder: Path) -> None:
    made = desk(folder, plain() | {"seeds/kept.csv": "a\n1\n"}, CHANGED | {"data/readme.md": "hello"})
    assert [caveat.severity for caveat in caveats(made.preview())] == [Severity.NOTE]


def test_a_database_in_a_folder_of_its_own(folder: Path) -> None:
    config = project_files({})["rocky.toml"].replace("shop.duckdb", "var/db/shop.duckdb")
    made = desk(folder, plain() | {"rocky.toml": config}, CHANGED)
    assert only(made.preview()) == (10, 6)
    assert made.left() == {"var/db/shop.duckdb"}


def test_a_path_starts_at_the_working_folder_and_not_at_the_project(folder: Path) -> None:
    files = {f"project/{name}": text for name, text in plain().items()}
    changed = {f"project/{name}": text for name, text in CHANGED.items()}
    made = desk(folder, files, changed)
    assert only(made.preview(config="project/rocky.toml")) == (10, 6)
    assert made.left() == {"shop.duckdb"}


def test_an_absolute_path_is_taken_as_it_is(folder: Path) -> None:
    config = project_files({})["rocky.toml"].replace("shop.duckdb", "${DATABASE}")
    made = desk(folder, plain() | {"rocky.toml": config}, CHANGED)
    made.repository.environ = {**made.repository.environ, "DATABASE": str(folder / "elsewhere" / "shop.duckdb")}
    assert only(made.preview()) == (10, 6)
    assert made.left() == set()
    assert (folder / "elsewhere" / "shop.duckdb").exists()


def test_a_folder_that_cannot_be_made_is_an_error(folder: Path) -> None:
    config = project_files({})["rocky.toml"].replace("shop.duckdb", "rocky.toml/shop.duckdb")
    error = desk(folder, plain() | {"rocky.toml": config}, CHANGED).refused()
    assert isinstance(error, WarehouseError)
    assert "cannot be created" in error.message


@pytest.mark.parametrize("exists", [True, False])
def test_a_catalog_that_is_not_the_databases_is_a_clear_error(folder: Path, exists: bool) -> None:
    made = desk(folder, plain() | {"models/_defaults.toml": '[target]\ncatalog = "prod"\nschema = "main"\n'}, CHANGED)
    if exists:
        make_database(made.path, SEED)
    error = made.refused()
    assert isinstance(error, ProjectError)
    assert error.message == "m is built in the catalog prod, and the database shop.duckdb has only shop"
    assert made.left() == ({"shop.duckdb"} if exists else set())


def test_a_pull_request_that_corrects_the_catalog_can_be_previewed(folder: Path) -> None:
    base = plain() | {"models/_defaults.toml": '[target]\ncatalog = "prod"\nschema = "main"\n'}
    head = {"models/_defaults.toml": '[target]\ncatalog = "shop"\nschema = "main"\n'}
    report = desk(folder, base, head).preview()
    assert [type(run.outcome).__name__ for run in report.execution.head_runs] == ["Succeeded"]


def test_a_preview_that_has_nothing_to_run_opens_nothing(folder: Path) -> None:
    made = desk(folder, plain(), {"readme.md": "hello"})
    report = made.preview()
    assert report.plan.prune_set == ()
    assert made.left() == set()


def test_two_seedings_at_once_do_not_take_each_others_file(folder: Path) -> None:
    """The one that ends last finds a file, and must not put its own in the place of one that is open."""
    from rocky_action.domain.project import Adapter
    from rocky_action.warehouses.registry import open_unconfined as open_warehouse
    from rocky_action.warehouses.request import OpenRequest

    path = folder / "shop.duckdb"

    def seeds() -> tuple[str, ...]:
        make_database(path, "CREATE TABLE main.first AS SELECT 1 AS a")  # meanwhile, in another process
        return ("CREATE TABLE main.second AS SELECT 2 AS a",)

    opened = open_warehouse(OpenRequest(Adapter("default", "duckdb", {"path": "shop.duckdb"}), folder, seeds=seeds))
    assert opened.warehouse.query("SELECT table_name FROM duckdb_tables()") == [("first",)]
    opened.warehouse.close()
    assert list(folder.iterdir()) == [path]
