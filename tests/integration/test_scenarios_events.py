"""Scenarios: the whole action, for every event that GitHub may start it with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rocky_action.forges.stamps import stamped
from tests.support import five_models
from tests.support.forge_bench import BLOCK, BOT, MARKER, SHA, Action, said
from tests.support.github_server import Fault, GitHubServer
from tests.support.github_state import Pull
from tests.support.pull_request import NUMBER, PullRequest
from tests.support.repositories import isolated_environ

READY = f"{MARKER}\nready\n"
COMMENT_MODE = {"mode": "comment", "report": "ready.md"}
RERUN = "/rocky-preview rerun"
PERMISSION = "GET /repos/acme/shop/collaborators/{}/permission"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def poster(tmp_path: Path, github: GitHubServer) -> Action:
    """A step that posts a ready report: which pull request it finds is all that there is to see."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "ready.md").write_text("ready\n")
    github.state.add_pull(7, "feature", SHA)
    branch = {"GITHUB_REF": "refs/heads/feature", "GITHUB_SHA": SHA}
    return Action(tmp_path, github, workspace=workspace, environ=isolated_environ(tmp_path / "home") | branch)


@pytest.fixture
def project(tmp_path: Path, github: GitHubServer) -> PullRequest:
    made = PullRequest(tmp_path, github)
    made.push(five_models.pull_request())
    return made


@pytest.fixture
def previewer(tmp_path: Path, github: GitHubServer, project: PullRequest) -> Action:
    """A step that previews the five models."""
    environ = {**project.workspace.environ, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": project.merge}
    return Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=environ)


def on(github: GitHubServer) -> dict[int, str]:
    """The comments by the pull request that they are on, without the line that says which run they are of."""
    return {comment.issue: stamped(comment.body, None) for comment in github.state.comments.values()}


# Events that carry their pull request


def test_a_pull_request_is_pushed_to(previewer: Action, github: GitHubServer) -> None:
    github.state.add_comment(NUMBER, BOT, f"{MARKER}\nan earlier run's")
    step = previewer.run(previewer.pull_event())
    assert step.exit_code == 0, step.log
    assert f"{five_models.ROWS_REMOVED} rows removed" in on(github)[NUMBER]
    assert step.outputs["comment_url"].endswith("#issuecomment-1001")
    assert len(github.log) == 3, "a quiet update"


def test_a_pull_request_is_closed(poster: Action, github: GitHubServer) -> None:
    step = poster.run(poster.pull_event(action="closed"))
    assert step.exit_code == 0
    assert "mode: cleanup" in step.log
    assert github.log == []


def test_a_pull_request_comes_from_a_fork(previewer: Action, github: GitHubServer) -> None:
    """Its token may only read."""
    step = previewer.run(previewer.pull_event(), token="read-token")
    assert step.exit_code == 0, step.log
    assert "::warning::The comment was not posted" in step.log
    assert BLOCK.replace("\n", "%0A") in step.log
    assert "rows removed" in step.summary
    assert github.state.comments == {}


@pytest.mark.parametrize("mode", ["preview", "comment"])
def test_a_strangers_pull_request_comes_with_secrets(poster: Action, github: GitHubServer, mode: str) -> None:
    step = poster.run(poster.pull_event(), name="pull_request_target", inputs=COMMENT_MODE | {"mode": mode})
    assert step.exit_code == 2
    assert "a stranger's SQL" in step.log
    assert github.log == []


# Events whose pull request is looked up


@pytest.mark.parametrize("name", ["push", "workflow_dispatch"])
def test_a_branch_has_a_pull_request(poster: Action, github: GitHubServer, name: str) -> None:
    step = poster.run({}, name=name, inputs=COMMENT_MODE)
    assert step.exit_code == 0, step.log
    assert on(github) == {7: READY}
    assert github.requests[0].query["head"] == "acme:feature"


def test_the_filter_for_the_branch_is_ignored(poster: Action, github: GitHubServer) -> None:
    """Then GitHub lists everybody's."""
    state = github.state
    for number, pull in enumerate(
        (
            Pull(8, "feature", SHA, head_owner="stranger", fork=True),
            Pull(9, "feature", SHA),
            Pull(10, "feature", SHA, head_owner="acme", state="closed"),
            Pull(11, "another", SHA, head_owner="acme"),
        ),
        start=8,
    ):
        state.add_pull(number, "", "", pull=pull)
    everyone = json.dumps([state.pull_json(pull) for pull in state.pulls.values()])
    github.fault(Fault("GET", "/pulls$", status=200, body=everyone))
    step = poster.run({}, name="workflow_dispatch", inputs=COMMENT_MODE)
    assert step.exit_code == 0, step.log
    assert on(github) == {7: READY}


def test_the_branch_has_moved_on_since_the_push(poster: Action, github: GitHubServer) -> None:
    step = poster.run({}, name="push", inputs=COMMENT_MODE | {"GITHUB_SHA": "c" * 40})
    assert (step.exit_code, on(github)) == (0, {}), step.log
    assert "no pull request" in step.log


def test_the_default_branch_is_pushed_to(poster: Action, github: GitHubServer) -> None:
    """With a commit that is some pull request's head as well."""
    everyone = json.dumps([github.state.pull_json(pull) for pull in github.state.pulls.values()])
    github.fault(Fault("GET", "/pulls$", status=200, body=everyone))
    step = poster.run({}, name="push", inputs=COMMENT_MODE | {"GITHUB_REF": "refs/heads/main"})
    assert (step.exit_code, on(github)) == (0, {}), step.log


def test_a_person_names_the_pull_request(poster: Action, github: GitHubServer) -> None:
    github.state.add_pull(9, "another", SHA)
    step = poster.run({"inputs": {}}, name="workflow_dispatch", inputs=COMMENT_MODE | {"pr_number": "9"})
    assert step.exit_code == 0, step.log
    assert on(github) == {9: READY}


def test_a_person_names_a_pull_request_that_is_not_there(poster: Action, github: GitHubServer) -> None:
    step = poster.run({}, name="workflow_dispatch", inputs=COMMENT_MODE | {"pr_number": "99"})
    assert step.exit_code == 3
    assert "no pull request #99" in step.log


def test_a_person_starts_it_with_something_else_checked_out(
    previewer: Action, github: GitHubServer, project: PullRequest
) -> None:
    """The default branch says nothing about the pull request, and least of all that nothing changes."""
    project.workspace.git("checkout", "--quiet", "--force", "origin/main")
    step = previewer.run({}, name="workflow_dispatch", inputs={"pr_number": str(NUMBER)})
    assert step.exit_code == 2
    assert "does not hold the pull request" in step.log
    assert "refs/pull/NUMBER/merge" in step.log
    assert "✅" not in on(github)[NUMBER] + step.summary


def test_a_fork_was_deleted(poster: Action, github: GitHubServer) -> None:
    github.state.add_pull(9, "", "", pull=Pull(9, "feature", SHA))
    step = poster.run(poster.pull_event(9), inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {9: READY}), step.log


# Another workflow's end


def workflow_run(owner: str, sha: str = SHA, branch: str = "feature", *, head: int | None = 2) -> dict[str, object]:
    run: dict[str, object] = {"head_branch": branch, "head_sha": sha, "pull_requests": []}
    run["head_repository"] = {"id": head, "owner": {"login": owner}} if head else None
    run["repository"] = {"id": 1} if head else None
    return {"action": "completed", "workflow_run": run}


def test_another_workflow_ends_for_a_fork(poster: Action, github: GitHubServer) -> None:
    github.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="stranger", fork=True))
    step = poster.run(workflow_run("stranger"), name="workflow_run", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {8: READY}), step.log


def test_another_workflow_ends_for_a_commit_that_is_past(poster: Action, github: GitHubServer) -> None:
    github.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="stranger", fork=True))
    step = poster.run(workflow_run("stranger", "c" * 40), name="workflow_run", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {}), step.log


@pytest.mark.parametrize("head", [2, None], ids=["there", "deleted"])
def test_another_workflow_ends_and_a_fork_is_to_be_built(
    poster: Action, github: GitHubServer, head: int | None
) -> None:
    step = poster.run(workflow_run("stranger", head=head), name="workflow_run")
    assert step.exit_code == 2
    assert "a stranger's SQL" in step.log
    assert github.log == []


# Events without a pull request


def test_nobody_asked(poster: Action, github: GitHubServer) -> None:
    step = poster.run({"schedule": "17 3 * * 1"}, name="schedule", inputs=COMMENT_MODE)
    assert (step.exit_code, github.log) == (0, []), step.log


def test_a_merge_queue_asks_about_one_of_several(previewer: Action, github: GitHubServer, project: PullRequest) -> None:
    """What was queued before is base: it is not this group's doing."""
    origin, state = project.origin, github.state
    origin.switch("main")
    origin.branch("gh-readonly-queue/main/pr-6-x")
    before = origin.commit({"models/stg_orders.sql": "SELECT * FROM raw_orders WHERE order_id > 60\n"})
    origin.branch("gh-readonly-queue/main/pr-7-x")
    group = origin.commit({"models/dim_customers.sql": "SELECT customer_id, full_name  FROM raw_customers\n"})
    project.workspace.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    project.workspace.git("checkout", "--quiet", "-B", "gh-readonly-queue/main/pr-7-x", group)
    payload = {"action": "checks_requested", "merge_group": {"base_sha": before, "base_ref": "refs/heads/main"}}
    queue = {"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-x", "GITHUB_SHA": group, "fail_on": "changed"}
    step = previewer.run(payload, name="merge_group", inputs=queue)
    assert step.exit_code == 0, step.log
    assert step.outputs["verdict"] == "unchanged"
    assert (state.comments, github.log) == ({}, [])


# A command in a comment


def test_somebody_with_write_access_asks_again(previewer: Action, github: GitHubServer) -> None:
    step = previewer.run(said("mona", f"{RERUN}\n\nthe seed was wrong"), name="issue_comment")
    assert step.exit_code == 0, step.log
    assert "rows removed" in on(github)[NUMBER]
    assert step.outputs["branch_schema"] == "branch__no_refunds_pr7"
    assert github.log[:2] == [PERMISSION.format("mona"), f"GET /repos/acme/shop/pulls/{NUMBER}"]


@pytest.mark.parametrize("held", ["admin", "maintain", "write"])
def test_each_of_those_may_ask(poster: Action, github: GitHubServer, held: str) -> None:
    github.state.permissions["boss"] = held
    step = poster.run(said("boss", RERUN), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {7: READY}), step.log


@pytest.mark.parametrize("held", ["read", "triage", "none", "write-ish", ""])
def test_none_of_those_may_ask(poster: Action, github: GitHubServer, held: str) -> None:
    github.state.permissions["stranger"] = held
    step = poster.run(said("stranger", RERUN), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {}), step.log
    assert "::warning::`/rocky-preview rerun` is for people with write access" in step.log
    assert github.log == [PERMISSION.format("stranger")]


def test_nobody_of_that_name_may_ask(poster: Action, github: GitHubServer) -> None:
    step = poster.run(said("a/../b", RERUN), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {}), step.log
    assert len(github.log) == 1


def test_github_does_not_say_who_may_ask(poster: Action, github: GitHubServer) -> None:
    github.fault(Fault("GET", "/permission$", status=502), times=5)
    step = poster.run(said("mona", RERUN), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (3, {}), step.log


def test_a_strangers_sql_is_not_run_again(previewer: Action, github: GitHubServer, project: PullRequest) -> None:
    pull = github.state.pulls[NUMBER]
    github.state.pulls[NUMBER] = replace(pull, head_owner="stranger", fork=True)
    step = previewer.run(said("boss", RERUN), name="issue_comment")
    assert (step.exit_code, on(github)) == (0, {}), step.log
    assert "comes from a fork" in step.log
    assert "workflow_dispatch" in step.log
    assert not (project.workspace.path / five_models.DATABASE).exists()


def test_a_closed_pull_request_is_not_run_again(poster: Action, github: GitHubServer) -> None:
    github.state.pulls[7] = replace(github.state.pulls[7], state="closed")
    step = poster.run(said("mona", RERUN), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, on(github)) == (0, {}), step.log
    assert "is not open" in step.log


def test_an_issue_is_not_run_at_all(poster: Action, github: GitHubServer) -> None:
    comment = said("mona", RERUN, on_pull_request=False)
    step = poster.run(comment, name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, github.log) == (0, []), step.log


@pytest.mark.parametrize("text", ["", "please /rocky-preview rerun", f"> {RERUN}", f"{RERUN} --all", "/rocky-preview"])
def test_a_comment_is_only_a_comment(poster: Action, github: GitHubServer, text: str) -> None:
    step = poster.run(said("mona", text), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, github.log) == (0, []), step.log
    assert "::warning" not in step.log


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_a_comment_is_edited(poster: Action, github: GitHubServer, action: str) -> None:
    step = poster.run(said("mona", RERUN, action=action), name="issue_comment", inputs=COMMENT_MODE)
    assert (step.exit_code, github.log) == (0, []), step.log


def test_a_comment_asks_with_wrong_inputs(poster: Action, github: GitHubServer) -> None:
    """A stranger must not be able to put anything into the comment by that."""
    step = poster.run(said("stranger", RERUN), name="issue_comment", inputs={"baseline": "rebiuld"})
    assert (step.exit_code, on(github)) == (0, {}), step.log


def test_a_comment_asks_about_another_pull_request(poster: Action, github: GitHubServer) -> None:
    step = poster.run(said("mona", RERUN), name="issue_comment", inputs=COMMENT_MODE | {"pr_number": "9"})
    assert (step.exit_code, github.log) == (2, []), step.log


def test_a_comment_asks_with_something_else_checked_out(
    previewer: Action, github: GitHubServer, project: PullRequest
) -> None:
    """The event's own checkout is the default branch."""
    project.workspace.git("checkout", "--quiet", "--force", "origin/main")
    step = previewer.run(said("mona", RERUN), name="issue_comment")
    assert step.exit_code == 2
    assert "does not hold the pull request" in step.log
    assert "✅" not in on(github)[NUMBER] + step.summary


# The exit code is the data's


@pytest.mark.parametrize(
    ("trouble", "fail_on"), [("outage", "failed"), ("locked", "changed"), ("limit", "failed"), ("slow", "changed")]
)
def test_the_comment_fails_and_the_verdict_stands(
    previewer: Action, github: GitHubServer, trouble: str, fail_on: str
) -> None:
    match trouble:
        case "locked":
            github.state.locked.add(NUMBER)
        case "outage":
            github.fault(Fault("GET", "/comments$", status=503), times=99)
        case "limit":
            github.fault(Fault("GET", "/comments$", status=429, headers={"retry-after": "3600"}), times=99)
        case _:
            slow = Fault("GET", "/comments$", status=502, meanwhile=lambda: previewer.clock.pass_by(29.0))
            github.fault(slow, times=99)
    step = previewer.run(previewer.pull_event(), inputs={"fail_on": fail_on})
    assert step.exit_code == int(fail_on == "changed"), step.log
    assert step.outputs["verdict"] == "changed"
    assert "::warning::The comment was not posted" in step.log
    assert "rows removed" in step.summary
    assert "comment_url" not in step.outputs


def test_the_token_is_wrong_and_the_report_stands(previewer: Action, github: GitHubServer) -> None:
    step = previewer.run(previewer.pull_event(), token="ghs_expired_token")
    assert step.exit_code == 3
    assert "::error" in step.log
    assert step.outputs["verdict"] == "changed"
    assert "rows removed" in step.summary
    assert "nothing is known" not in step.summary
    assert step.log.count("ghs_expired_token") == step.log.count("::add-mask::ghs_expired_token")


def test_a_refusal_quotes_the_token_in_a_run(poster: Action, github: GitHubServer) -> None:
    quoted = '{"message": "no: Authorization: Bearer actions-token"}'
    github.fault(Fault("GET", "/comments$", status=400, body=quoted))
    step = poster.run(poster.pull_event(), inputs=COMMENT_MODE)
    assert step.exit_code == 0, step.log
    assert step.log.count("actions-token") == step.log.count("::add-mask::actions-token") == 1
