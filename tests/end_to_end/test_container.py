"""The action as its users get it: the image, run the way GitHub's runner runs it, against a local GitHub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import rocky_action
from tests.support import five_models
from tests.support.forge_bench import MARKER
from tests.support.github_server import GitHubServer
from tests.support.pull_request import PullRequest
from tests.support.recipe_scene import example, open_scene
from tests.support.runner import (
    RUNNER_UID,
    WORKSPACE,
    ContainerRunner,
    Step,
    give_away,
    parse_file_command,
    run_in,
    run_python,
)
from tests.support.workflow_runner import Doing, Failed

pytestmark = pytest.mark.container


@pytest.fixture
def runner(image: str, tmp_path: Path, project: PullRequest) -> ContainerRunner:
    return ContainerRunner(image, tmp_path / "runner", project.workspace.path, project.environ())


def assert_done(step: Step) -> None:
    assert step.exit_code == 0, step.log


def test_the_image_starts(image: str) -> None:
    code, log = run_python(image, "-I", "-m", "rocky_action", "--version")
    assert code == 0, log
    assert rocky_action.__version__ in log


def test_the_first_run_writes_the_comment(runner: ContainerRunner, project: PullRequest, github: GitHubServer) -> None:
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


def test_the_files_are_where_the_outputs_say(runner: ContainerRunner, project: PullRequest) -> None:
    step = runner.run({}, project.event("opened"))
    for output in ("body_path", "report_json"):
        place = Path(step.outputs[output])
        inside = place.relative_to("/github/workspace") if place.is_absolute() else place
        assert (runner.workspace / inside).is_file(), step.log


def test_the_workspace_still_belongs_to_its_owner(runner: ContainerRunner, project: PullRequest) -> None:
    assert_done(runner.run({}, project.event("opened")))
    assert runner.not_given_back() == []


def test_a_second_push_updates_the_same_comment(
    runner: ContainerRunner, project: PullRequest, github: GitHubServer
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


def test_first_use_as_its_recipe_says_it(image: str, tmp_path: Path) -> None:
    """The workflow that people copy, with the image: the workspace is somebody else's, and one commit deep."""
    recipe = example("first.yml")
    owners: list[int] = []
    refusals: list[str] = []

    def in_a_container(doing: Doing) -> None:
        given = {name: value for name, value in doing.environ.items() if name.startswith("GITHUB_")}
        runner = ContainerRunner(image, tmp_path / "containers", doing.job.workspace, given)
        give_away(runner.workspace)
        owners.append(runner.workspace.stat().st_uid)
        mount = f"--volume={runner.workspace}:{WORKSPACE}"
        refusals.append(run_in(image, "git", "-C", WORKSPACE, "status", options=("--network=none", mount))[1])
        step = runner.run(doing.inputs, dict(doing.job.in_run.event.payload))
        doing.step.log = step.log
        doing.step.outputs |= step.outputs
        if step.exit_code or runner.not_given_back():
            raise Failed(f"exit code {step.exit_code}, not given back: {runner.not_given_back()}")

    with open_scene(tmp_path) as scene:
        scene.forge.ours = in_a_container
        scene.start(five_models.base(), five_models.pull_request())
        first = scene.forge.run(recipe, scene.pull_request("opened"))
        assert first.results == {"preview": "success"}, first.jobs[0].log
        (before,) = scene.server.state.comments.values()
        assert before.body.startswith(f"{MARKER}\n")
        assert f"{five_models.ROWS_REMOVED} rows removed" in before.body

        scene.push({"models/fct_revenue.sql": five_models.base()["models/fct_revenue.sql"]})
        second = scene.forge.run(recipe, scene.pull_request("synchronize"))
        assert second.results == {"preview": "success"}, second.jobs[0].log
        assert second.job("preview").ours.outputs["verdict"] == "unchanged"
        (after,) = scene.server.state.comments.values()
        assert (after.id, after.body == before.body) == (before.id, False)
    if os.geteuid() == 0:
        assert owners == [RUNNER_UID, RUNNER_UID]
        assert all("dubious ownership" in said for said in refusals), "git itself would refuse such a workspace"


def test_closing_drops_the_schema(runner: ContainerRunner, project: PullRequest) -> None:
    assert_done(runner.run({}, project.event("opened")))
    assert project.preview_schemas()
    assert_done(runner.run({"mode": "cleanup"}, project.event("closed")))
    assert project.preview_schemas() == []


def test_a_wrong_input_ends_with_2_and_says_so(runner: ContainerRunner, project: PullRequest) -> None:
    step = runner.run({"baseline": "exsiting"}, project.event("opened"))
    assert step.exit_code == 2, step.log
    assert "existing" in step.log


def test_python_files_of_the_workspace_are_not_run(runner: ContainerRunner, project: PullRequest) -> None:
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
