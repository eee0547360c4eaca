"""The action as its users get it: the image, run the way GitHub's runner runs it, against a local GitHub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import rocky_action
from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.runner import ContainerRunner, Step, build_image, engine_is_there, parse_file_command, run_python

pytestmark = pytest.mark.container

TAG = "rocky-preview:test"
NUMBER = 7
BRANCH = "no-refunds"


@pytest.fixture(scope="module")
def image() -> str:
    if not engine_is_there():
        reason = "NO CONTAINER ENGINE: the image was neither built nor run"
        if os.environ.get("REQUIRE_ENGINE") == "1":
            pytest.fail(f"{reason}, and REQUIRE_ENGINE=1 says that it must be")
        pytest.skip(reason)
    build_image(TAG)
    return TAG


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


class Project:
    """The five models in a repository with a pull request, checked out as with ``fetch-depth: 0``."""

    def __init__(self, folder: Path, github: GitHubServer) -> None:
        self._github = github
        self._origin = GitRepository.new(folder / "origin", isolated_environ(folder / "home"))
        self._origin.commit(five_models.base())
        self._origin.branch(BRANCH)
        self.workspace = GitRepository.new(folder / "workspace", self._origin.environ)
        self.workspace.git("remote", "add", "origin", self._origin.path.as_uri())

    def push(self, files: dict[str, str]) -> str:
        """Commits to the pull request; the forge merges it and the workspace checks the merge commit out. Its name."""
        self._origin.switch(BRANCH)
        head = self._origin.commit(files)
        self._github.state.add_pull(NUMBER, BRANCH, head)
        self._origin.switch("main")
        self._origin.git("checkout", "--quiet", "--detach")
        merge = self._origin.merge(BRANCH)
        self._origin.git("update-ref", f"refs/pull/{NUMBER}/merge", merge)
        safe = ("-c", f"safe.directory={self.workspace.path}")
        refs = ("+refs/heads/*:refs/remotes/origin/*", f"+refs/pull/{NUMBER}/merge:refs/remotes/pull/{NUMBER}/merge")
        self.workspace.git(*safe, "fetch", "--quiet", "origin", *refs)
        self.workspace.git(*safe, "checkout", "--quiet", "--force", f"refs/remotes/pull/{NUMBER}/merge")
        return merge

    def event(self, action: str) -> dict[str, object]:
        pull = self._github.state.pulls[NUMBER]
        if action == "closed":
            pull = replace(pull, state="closed")
        return {"action": action, "number": NUMBER, "pull_request": self._github.state.pull_json(pull)}

    def preview_schemas(self) -> list[str]:
        """The preview schemas in the database, as another client sees them."""
        with duckdb.connect(self.workspace.path / five_models.DATABASE, read_only=True) as connection:
            rows = connection.execute(
                "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'branch\\_\\_%' ESCAPE '\\'"
            ).fetchall()
        return sorted(name for (name,) in rows)


@pytest.fixture
def project(tmp_path: Path, github: GitHubServer) -> Project:
    made = Project(tmp_path, github)
    made.push(five_models.pull_request())
    return made


@pytest.fixture
def runner(image: str, tmp_path: Path, project: Project, github: GitHubServer) -> ContainerRunner:
    environ = github.environ | {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
        "GITHUB_HEAD_REF": BRANCH,
        "GITHUB_BASE_REF": "main",
        "GITHUB_SHA": project.workspace.sha(),
        "GITHUB_RUN_ID": "4242",
    }
    return ContainerRunner(image, tmp_path / "runner", project.workspace.path, environ)


def assert_done(step: Step) -> None:
    assert step.exit_code == 0, step.log


def test_the_image_starts(image: str) -> None:
    code, log = run_python(image, "-I", "-m", "rocky_action", "--version")
    assert code == 0, log
    assert rocky_action.__version__ in log


def test_the_first_run_writes_the_comment(runner: ContainerRunner, project: Project, github: GitHubServer) -> None:
    step = runner.run({}, project.event("opened"))
    assert_done(step)
    assert step.outputs["verdict"] == "changed"
    assert step.outputs["prune_set_size"] == "1"
    assert step.outputs["rows_added"] == str(five_models.ROWS_ADDED)
    assert step.outputs["rows_removed"] == str(five_models.ROWS_REMOVED)
    assert step.outputs["rows_changed"] == str(five_models.ROWS_CHANGED)
    assert step.outputs["branch_schema"] in project.preview_schemas()

    (comment,) = github.state.comments.values()
    assert comment.author == "github-actions[bot]"
    assert comment.body.startswith("<!-- rocky-preview -->\n")
    assert "fct_revenue" in comment.body
    assert step.outputs["comment_url"].endswith(f"#issuecomment-{comment.id}")
    assert "fct_revenue" in step.summary
    assert runner.token not in step.log.replace(f"::add-mask::{runner.token}", "")


def test_the_files_are_where_the_outputs_say(runner: ContainerRunner, project: Project) -> None:
    step = runner.run({}, project.event("opened"))
    for output in ("body_path", "report_json"):
        place = Path(step.outputs[output])
        inside = place.relative_to("/github/workspace") if place.is_absolute() else place
        assert (runner.workspace / inside).is_file(), step.log


def test_the_workspace_still_belongs_to_its_owner(runner: ContainerRunner, project: Project) -> None:
    assert_done(runner.run({}, project.event("opened")))
    assert runner.not_given_back() == []


def test_a_second_push_updates_the_same_comment(
    runner: ContainerRunner, project: Project, github: GitHubServer
) -> None:
    assert_done(runner.run({}, project.event("opened")))
    (before,) = github.state.comments.values()
    schemas = project.preview_schemas()

    filtered = five_models.pull_request()["models/fct_revenue.sql"]
    merge = project.push({"models/fct_revenue.sql": filtered.replace("'refunded'", "'delivered'")})
    step = runner.run({}, project.event("synchronize"), GITHUB_SHA=merge)
    assert_done(step)
    (after,) = github.state.comments.values()
    assert after.id == before.id
    assert after.body != before.body
    assert project.preview_schemas() == schemas


def test_closing_drops_the_schema(runner: ContainerRunner, project: Project) -> None:
    assert_done(runner.run({}, project.event("opened")))
    assert project.preview_schemas()
    assert_done(runner.run({"mode": "cleanup"}, project.event("closed")))
    assert project.preview_schemas() == []


def test_a_wrong_input_ends_with_2_and_says_so(runner: ContainerRunner, project: Project) -> None:
    step = runner.run({"baseline": "exsiting"}, project.event("opened"))
    assert step.exit_code == 2, step.log
    assert "existing" in step.log


def test_python_files_of_the_workspace_are_not_run(runner: ContainerRunner, project: Project) -> None:
    hostile = "import os\nos.write(1, b'HIJACKED')\nos._exit(99)\n"
    names = ("json.py", "os.py", "sitecustomize.py", "rocky_action/__init__.py", "duckdb.py")
    project.workspace.write(dict.fromkeys(names, hostile))
    step = runner.run({}, project.event("opened"), PYTHONPATH="/github/workspace", PYTHONSTARTUP="os.py")
    assert "HIJACKED" not in step.log
    assert step.exit_code != 99


@pytest.mark.parametrize("text", ["name", "name<<EOF\nvalue", "name<<EOF\nvalue\nEOF2\n"])
def test_the_emulated_runner_refuses_what_the_real_one_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid format|delimiter not found"):
        list(parse_file_command(text))


def test_the_emulated_runner_reads_outputs_as_the_real_one_does() -> None:
    text = "a=1\n\nb<<X=\nline\n\nc=2\nX=\nc=x<<y\n"
    assert dict(parse_file_command(text)) == {"a": "1", "b": "line\n\nc=2", "c": "x<<y"}
