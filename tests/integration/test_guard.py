"""The guard in a whole preview, on real repositories and a real DuckDB: what runs, what does not, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from rocky_action.assembly import assemble
from rocky_action.domain.diff import NotCompared
from rocky_action.domain.execution import NotRun, RunOutcome, Succeeded
from rocky_action.domain.report import Report
from rocky_action.errors import SqlError
from rocky_action.pipeline import preview
from rocky_action.place import Place, read_project_file
from rocky_action.rowdiff.spoken import condition_in
from rocky_action.settings import parse
from rocky_action.warehouses.duckdb import open_duckdb
from tests.support import five_models
from tests.support.previews import make_database, production
from tests.support.projects import project_files
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.statement_checker import stray, stray_tree, watched

IGNORE = {".gitignore": "*.duckdb*\n.rocky-preview*\n"}
FILE = "rocky-preview.yml"
TABLES = ("CREATE SCHEMA raw", "CREATE TABLE raw.src AS SELECT range AS a FROM range(10)", "CREATE SCHEMA hr")
MACRO = ("CREATE MACRO twice(x) AS x * 2", "CREATE TABLE hr.pay AS SELECT 1 AS a, 100 AS euros")


@dataclass(frozen=True)
class Desk:
    """A repository with a pull request in it, beside a production."""

    repository: GitRepository

    @property
    def database(self) -> Path:
        return self.repository.path / "shop.duckdb"

    def preview(self, **values: str) -> Report:
        """As the command does it: the project file is the work tree's."""
        folder = self.repository.path
        settings = parse({"branch_name": "x", **values}, project_file=read_project_file(folder, "rocky.toml"))
        place = Place(folder, self.repository.environ, datetime(2026, 3, 1, tzinfo=UTC), lambda _: None)
        world, options = assemble(settings, place, pull_request=None)
        return preview(world, options)


def desk(folder: Path, base: Mapping[str, str], head: Mapping[str, str]) -> Desk:
    repository = GitRepository.new(folder / "shop", isolated_environ(folder / "home"))
    repository.commit({**base, **IGNORE})
    repository.branch("change")
    repository.commit(head)
    made = Desk(repository)
    make_database(made.database, *TABLES, *MACRO)
    return made


def head_of(report: Report, model: str) -> RunOutcome:
    run = report.execution.head_run(model)
    assert run is not None
    return run.outcome


BASE = project_files({"m": "SELECT a FROM raw.src"})
CHANGED = {"models/m.sql": "SELECT a,\n  twice(a) AS b\nFROM raw.src"}


def test_a_function_of_the_warehouses_own_is_refused_with_the_way_to_allow_it(tmp_path: Path) -> None:
    report = desk(tmp_path, BASE, CHANGED).preview()
    assert head_of(report, "m") == NotRun(
        "models/m.sql, line 2: twice() is not known to be one of DuckDB's own functions, so nobody can say what it"
        " does. To allow it: `allow_functions: [twice]` in rocky-preview.yml, on the base branch."
    )
    (diff,) = report.diffs
    assert isinstance(diff.coverage, NotCompared)


def test_what_base_allows_runs(tmp_path: Path) -> None:
    report = desk(tmp_path, BASE | {FILE: "allow_functions: [Twice]\n"}, CHANGED).preview()
    assert isinstance(head_of(report, "m"), Succeeded)


def test_what_the_pull_request_itself_allows_does_not_and_is_told(tmp_path: Path) -> None:
    report = desk(tmp_path, BASE, {**CHANGED, FILE: "allow_functions: twice\n"}).preview()
    outcome = head_of(report, "m")
    assert isinstance(outcome, NotRun)
    assert outcome.because.endswith("rocky-preview.yml of this pull request allows it, which counts once it is merged.")
    said = [caveat for caveat in report.caveats if "allow_functions" in caveat.message]
    assert [(one.message, one.path) for one in said if one.path] == [
        ("This pull request adds twice to `allow_functions`, which counts once it is merged.", FILE)
    ]


def test_an_input_allows_at_once(tmp_path: Path) -> None:
    made = desk(tmp_path, BASE, CHANGED)
    assert isinstance(head_of(made.preview(allow_functions="other, TWICE"), "m"), Succeeded)
    assert isinstance(head_of(made.preview(allow_functions="other"), "m"), NotRun)


def test_a_project_file_of_base_that_cannot_be_read_allows_nothing_and_can_be_mended(tmp_path: Path) -> None:
    report = desk(tmp_path, BASE | {FILE: "allow_functions: [twice\n"}, {**CHANGED, FILE: "max_samples: 1\n"}).preview()
    assert isinstance(head_of(report, "m"), NotRun)


STRANGE = {"models/m.sql": "SELECT a, (SELECT max(euros) FROM hr.pay) AS most FROM raw.src"}


def test_with_strict_sources_a_new_source_is_not_read(tmp_path: Path) -> None:
    made = desk(tmp_path, BASE | {FILE: "strict_sources: true\n"}, STRANGE)
    outcome = head_of(made.preview(), "m")
    assert outcome == NotRun(
        "models/m.sql, line 1: hr.pay is neither a model nor a source that base declares or reads, and `strict_sources`"
        " is on. Declare it under [[sources]] of a sidecar, on the base branch."
    )


def test_a_pull_request_can_switch_strict_sources_on_and_not_off(tmp_path: Path) -> None:
    made = desk(tmp_path, BASE | {FILE: "strict_sources: true\n"}, {**STRANGE, FILE: "strict_sources: false\n"})
    assert isinstance(head_of(made.preview(), "m"), NotRun)
    assert isinstance(head_of(made.preview(strict_sources="false"), "m"), NotRun)
    other = desk(tmp_path / "other", BASE, {**STRANGE, FILE: "strict_sources: true\n"})
    assert isinstance(head_of(other.preview(), "m"), NotRun)
    last = desk(tmp_path / "last", BASE, STRANGE)
    assert isinstance(head_of(last.preview(), "m"), Succeeded)
    assert isinstance(head_of(last.preview(strict_sources="true"), "m"), NotRun)


def test_what_only_the_pull_request_declares_is_no_source(tmp_path: Path) -> None:
    declared = '[[sources]]\ncatalog = "shop"\nschema = "hr"\ntable = "pay"\n'
    strict = BASE | {FILE: "strict_sources: true\n"}
    made = desk(tmp_path, strict, {**STRANGE, "models/m.toml": declared})
    assert isinstance(head_of(made.preview(), "m"), NotRun)
    later = desk(tmp_path / "later", strict | {"models/m.toml": declared}, STRANGE)
    assert isinstance(head_of(later.preview(), "m"), Succeeded)


def test_hostile_models_leave_production_as_it_was(tmp_path: Path) -> None:
    hostile = {
        "copy": "COPY raw.src TO 'stolen.csv'",
        "file": "SELECT * FROM read_text('/etc/passwd')",
        "path": "SELECT * FROM 'models/m.sql'",
        "home": "SELECT getenv('HOME') AS home",
        "gone": "WITH x AS (DELETE FROM raw.src RETURNING *) SELECT * FROM x",
        "more": "SELECT 1 AS a; DROP TABLE raw.src",
        "text": "SELECT * FROM query('DELETE FROM raw.src')",
        "unread": "SELECT try(1), read_text('/etc/passwd') FROM [1]",
    }
    files = {
        f"models/{name}.{kind}": sql if kind == "sql" else ""
        for name, sql in hostile.items()
        for kind in ("sql", "toml")
    }
    made = desk(tmp_path, BASE, files)
    with duckdb.connect(str(made.database)) as connection:
        before = production(connection, identity=False)
    report = made.preview()
    for name in hostile:
        assert not isinstance(head_of(report, name), Succeeded), name
    with duckdb.connect(str(made.database)) as connection:
        assert production(connection, identity=False) == before
        built = connection.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema LIKE 'branch%'")
        assert built.fetchall() == [(0,)]
    assert not list(tmp_path.rglob("stolen.csv"))


def test_every_statement_of_the_five_model_preview_writes_what_is_ours(tmp_path: Path) -> None:
    made = desk(tmp_path, five_models.base(), five_models.pull_request())
    made.database.unlink()
    with watched() as executed:
        report = made.preview()
    assert report.plan.prune_names == five_models.PRUNE_SET
    assert len(executed) > 10
    for statement in executed:
        assert stray(statement, "duckdb") is None, statement
        assert stray_tree(statement, "duckdb") is None, statement


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("own(a) = 1", "own() is not known to be one of DuckDB's own functions"),
        ("getenv('HOME') = 'x'", "getenv() tells how this machine"),
        ("a IN (SELECT a FROM read_csv('x'))", "read_csv() reads files"),
        ("a IN (SELECT a FROM 'x.csv')", "x.csv is no table"),
    ],
)
def test_a_condition_calls_and_reads_no_more_than_a_model_may(where: str, said: str) -> None:
    database = open_duckdb(None)
    with pytest.raises(SqlError) as caught:
        condition_in(database, where)
    assert said in caught.value.message
    assert condition_in(database, "upper(b) = 'X' AND a > 1") == "upper(b) = 'X' AND a > 1"
    database.close()
