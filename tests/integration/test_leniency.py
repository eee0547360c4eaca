"""A pull request that makes its own comparison overlook something, or its own gate let it pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action.assembly import assemble
from rocky_action.domain.report import Report, Severity
from rocky_action.pipeline import preview
from rocky_action.place import Place, read_project_file
from rocky_action.settings import parse
from tests.support.projects import project_files
from tests.support.repositories import GitRepository, isolated_environ

FILE = "rocky-preview.yml"
SEED = "CREATE TABLE src AS SELECT range AS id, range % 3 AS k, 'n' || range AS name FROM range(9);"
BASE = project_files({"m": "SELECT id, k, name FROM src", "r": "SELECT k, count(*) AS n FROM m GROUP BY k"})
EDIT = {"models/m.sql": "SELECT id, k, upper(name) AS name FROM src"}


def warnings(folder: Path, base: Mapping[str, str], head: Mapping[str, str], **given: str) -> list[str]:
    report = report_of(folder, base, head, **given)
    return [one.message for one in report.caveats if one.severity is Severity.WARNING]


def report_of(folder: Path, base: Mapping[str, str], head: Mapping[str, str], **given: str) -> Report:
    repository = GitRepository.new(folder / "shop", isolated_environ(folder / "home"))
    repository.commit({**BASE, "data/seed.sql": SEED, ".gitignore": "*.duckdb*\n", **base})
    repository.branch("change")
    repository.commit(head)
    place = Place(repository.path, repository.environ, datetime(2026, 3, 1, tzinfo=UTC), lambda _: None)
    settings = parse({"branch_name": "x", **given}, project_file=read_project_file(repository.path, "rocky.toml"))
    world, options = assemble(settings, place, pull_request=None)
    return preview(world, options)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("ignore_columns: [NAME]", "`NAME` not compared"),
        ("ignore_case: [name]", "upper and lower case of `name` taken for equal"),
        ("ignore_trailing_blanks: [name]", "blanks at the end of `name` left aside"),
        ("json_columns: [name]", "`name` compared as JSON"),
        ("tolerances: {id: 2}", "the tolerance of `id` is another one"),
        ("where: id > 100", "only rows with `id > 100`"),
    ],
)
def test_what_is_compared_less_strictly_is_told(tmp_path: Path, setting: str, words: str) -> None:
    head = {**EDIT, FILE: f"models:\n  m:\n    {setting}\n"}
    assert warnings(tmp_path, {}, head) == [f"This pull request also makes the comparison of `m` less strict: {words}."]


def test_by_a_sidecar_too_and_for_all_models_at_once(tmp_path: Path) -> None:
    sidecar = {"models/m.toml": '[preview]\nignore_columns = ["name"]\n'}
    [told] = warnings(tmp_path / "sidecar", {}, {**EDIT, **sidecar})
    assert told.endswith("of `m` less strict: `name` not compared.")
    both = {"models/m.sql": "SELECT id, k + 1 AS k, name FROM src", FILE: "ignore_columns: [k]\n"}
    [told] = warnings(tmp_path / "all", {}, both)
    assert told.endswith("of `m`, `r` less strict: `k` not compared.")


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({FILE: "ignore_columns: [name]\n"}, {}),
        ({FILE: "models:\n  m:\n    ignore_columns: [name]\n"}, {FILE: "models:\n  m:\n    mask_columns: [name]\n"}),
        ({FILE: "models:\n  m:\n    where: id > 5\n"}, {FILE: "models: {}\n"}),
        ({FILE: "ignore_columns: [name]\n"}, {FILE: "models:\n  m:\n    ignore_columns: [NAME]\n"}),
    ],
)
def test_what_was_so_before_or_is_stricter_now_is_not(
    tmp_path: Path, base: Mapping[str, str], head: Mapping[str, str]
) -> None:
    assert warnings(tmp_path, base, {**EDIT, **head}) == []


def test_a_new_model_is_compared_with_nothing(tmp_path: Path) -> None:
    new = {"models/new.sql": "SELECT 1 AS one", "models/new.toml": '[preview]\nignore_columns = ["one"]\n'}
    assert warnings(tmp_path, {}, new) == []


class TestTheGate:
    BASE, HEAD = "fail_on: changed\ngates: {usd: 1}\n", "gates: {usd: 900}\nfail_on: never\n"
    TOLD = "This pull request changes `fail_on` and `gates` in rocky-preview.yml, and with that what fails this run."

    def test_it_is_told_though_no_model_changes(self, tmp_path: Path) -> None:
        report = report_of(tmp_path, {FILE: self.BASE}, {FILE: self.HEAD})
        [caveat] = report.caveats
        assert (caveat.message, caveat.path, caveat.line) == (self.TOLD, FILE, 2)

    def test_a_file_that_comes_or_goes_counts(self, tmp_path: Path) -> None:
        assert warnings(tmp_path / "comes", {}, {FILE: self.HEAD}) == [self.TOLD]
        assert warnings(tmp_path / "goes", {FILE: self.BASE}, {FILE: "{}\n"}) == [self.TOLD]

    def test_what_the_workflow_says_cannot_be_changed_so(self, tmp_path: Path) -> None:
        assert warnings(tmp_path, {FILE: self.BASE}, {FILE: self.HEAD}, fail_on="failed", gate="usd=1") == []
