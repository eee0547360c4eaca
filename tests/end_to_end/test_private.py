"""What a public repository, and a masked column, keep from those who read the comment."""

from __future__ import annotations

import pytest

from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.process_runner import ProcessRunner
from tests.support.pull_request import BRANCH, PullRequest
from tests.support.runner import Step

CUSTOMER = "Customer "
MASK = '\n[mask]\npii = "hash"\n'
TAG = '\n[classification]\nfull_name = "pii"\n'


def left_by(step: Step, runner: ProcessRunner, github: GitHubServer) -> str:
    """Everything that anybody could read afterwards."""
    folder = (runner.workspace / step.outputs["report_json"]).parent
    files = [path.read_text() for path in sorted(folder.iterdir())]
    assert len(files) == 6
    bodies = [comment.body for comment in github.state.comments.values()]
    return "\n".join((*files, *bodies, step.summary, step.log))


@pytest.mark.parametrize("repository", [{"private": False}, {"visibility": "public"}, None])
def test_a_public_repository_shows_no_value(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer, repository: object
) -> None:
    event = project.event("opened") | {"repository": repository}
    step = runner.run({}, event)
    assert step.exit_code == 0, step.log
    text = left_by(step, runner, github)
    assert CUSTOMER not in text
    assert "**Removed rows**" not in text
    assert step.outputs["rows_changed"] == str(five_models.ROWS_CHANGED)
    (comment,) = github.state.comments.values()
    assert "No value of the data is shown" in comment.body
    assert "`max_samples: 5` shows values all the same" in comment.body


@pytest.mark.parametrize("way", ["input", "project file", "private"])
def test_values_are_shown_where_somebody_asks_or_nobody_else_reads(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer, way: str
) -> None:
    event = project.event("opened") | {"repository": {"private": way == "private"}}
    if way == "project file":
        (runner.workspace / "rocky-preview.yml").write_text("max_samples: 2\n")
    step = runner.run({"max_samples": "3"} if way == "input" else {}, event)
    assert step.exit_code == 0, step.log
    (comment,) = github.state.comments.values()
    assert CUSTOMER in comment.body
    assert "No value of the data is shown" not in comment.body


def test_a_tagged_column_is_masked_downstream_and_stays_so(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    """The tag is upstream, and the pull request takes it away."""
    base = five_models.base()
    tagged = {
        "rocky.toml": base["rocky.toml"] + MASK,
        "models/raw_customers.toml": base["models/raw_customers.toml"] + TAG,
    }
    project.origin.switch("main")
    project.origin.commit(tagged)
    project.origin.git("branch", "--force", BRANCH, "main")
    names = "CAST(c.full_name AS INTEGER) AS full_name"
    fails = base["models/dim_customers.sql"].replace("full_name", names.replace("c.", ""))
    project.push(
        {
            "models/fct_revenue.sql": five_models.pull_request()["models/fct_revenue.sql"],
            "models/raw_customers.toml": base["models/raw_customers.toml"],
            "models/broken.toml": "",
            "models/broken.sql": fails,
        }
    )
    step = runner.run({"max_samples": "9", "fail_on": "never"}, project.event("opened"))
    assert step.exit_code == 0, step.log
    text = left_by(step, runner, github)
    assert CUSTOMER not in text
    (comment,) = github.state.comments.values()
    assert "Masked, so compared but never shown: `full_name` (tagged `pii` in `raw_customers`)." in comment.body
    assert "*masked*" in comment.body
    assert "Conversion Error, whose text is not shown as it may quote values" in text
