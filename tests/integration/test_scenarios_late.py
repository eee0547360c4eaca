"""Scenarios: what comes late, waits long or is left half-way must not stand for what is known by then."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rocky_action import cancelling
from rocky_action import job as job_module
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.pull_request import PullRequest
from rocky_action.errors import InputError, SupersededError
from rocky_action.forges.comments import (
    Body,
    CommentResult,
    Continued,
    NotPosted,
    OfRun,
    Outdated,
    Posted,
    upsert_comment,
    withdraw_report,
)
from rocky_action.forges.stamps import Stamp, read_stamp
from rocky_action.wire.digest import line_in
from tests.support import five_models, reports
from tests.support.forge_bench import (
    BOT,
    COMMENTS,
    MARKER,
    MOST_REQUESTS,
    SHA,
    WHOAMI,
    Action,
    Bench,
    bench_of,
    said,
)
from tests.support.github_server import Fault, GitHubServer
from tests.support.pull_request import PullRequest as Checkout
from tests.support.recipe_scene import in_folder
from tests.support.repositories import isolated_environ

EARLIER, LATER = "b" * 40, "c" * 40
PULL = "GET /repos/acme/shop/pulls/7"
RERUN = "/rocky-preview rerun"
LABELS = {"labels": "true", "check_run": "true"}
MINE = f"{MARKER}\n<!-- rocky-preview run: 40 {EARLIER} -->\nreport of {EARLIER[:7]}"
THEIRS = f"{MARKER}\n<!-- rocky-preview run: 42 {SHA} -->\nreport of {SHA[:7]}"
BLOCKED = (
    '{"message": "You have exceeded a secondary rate limit and have been temporarily blocked from content creation.'
    ' Please retry your request again later.", "documentation_url": "https://docs.github.com/rest/secondary-rate-limits"}'
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


def post(bench: Bench, run: int, commit: str, *, remembers: bool = False) -> CommentResult:
    """The report of a run, in a comment that may take up what it has said before."""
    before, nested = len(bench.log), len(bench.clients)
    text = f"report of {commit[:7]}"
    body = Continued(lambda _: text, lambda _: lambda _: text) if remembers else lambda _: text
    said_by = OfRun(body, Stamp(run, commit))
    done = upsert_comment(bench.github(), owner="acme", repository="shop", number=7, marker=MARKER, body=said_by)
    if len(bench.clients) == nested + 1:
        assert len(bench.log) - before <= MOST_REQUESTS
    return done


def later(bench: Bench) -> None:
    """Another run, about the commit that was pushed last."""
    post(bench, 42, SHA)


# A later run writes while this one waits


LIMIT = Fault("PATCH", "/comments/", status=403, headers={"retry-after": "60"}, body='{"message": "rate limit"}')
OUTAGE = Fault("PATCH", "/comments/", status=502)
SLOW = Fault("POST", "^GRAPHQL$", status=502)


@pytest.mark.parametrize("fault", [LIMIT, OUTAGE], ids=["a limit", "an outage"])
@pytest.mark.parametrize("remembers", [True, False])
def test_a_later_run_writes_while_an_update_waits(bench: Bench, fault: Fault, *, remembers: bool) -> None:
    bench.state.add_comment(7, BOT, MINE)
    bench.server.fault(replace(fault, meanwhile=lambda: later(bench)))
    assert isinstance(post(bench, 41, LATER, remembers=remembers), Outdated)
    assert bench.bodies == [THEIRS]


def test_nobody_writes_while_an_update_waits(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MINE)
    bench.server.fault(OUTAGE, times=4)
    assert isinstance(post(bench, 42, SHA), Posted)
    assert bench.bodies == [THEIRS]


def test_a_later_run_writes_while_this_one_asks_who_it_is(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MINE)
    """GraphQL is down, so nothing says what the comment says by now."""
    bench.server.fault(SLOW, times=4)
    bench.server.fault(replace(SLOW, meanwhile=lambda: later(bench)))
    assert isinstance(post(bench, 41, LATER), Outdated)
    assert bench.bodies == [THEIRS]


def test_a_later_run_writes_while_this_one_asks_who_has_approved(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MINE)

    def after(before: str) -> Body:
        assert "report of" in before
        bench.clock.pass_by(10.0)
        later(bench)
        return lambda _: "ours"

    said_by = OfRun(Continued(lambda _: "ours", after), Stamp(41, LATER))
    done = upsert_comment(bench.github(), owner="acme", repository="shop", number=7, marker=MARKER, body=said_by)
    assert isinstance(done, Outdated)
    assert bench.bodies == [THEIRS]


def test_a_later_run_writes_between_the_list_and_the_update(bench: Bench) -> None:
    """Who we are and what the comment says now are asked at once, so the list need not be believed."""
    bench.state.add_comment(7, BOT, MINE)
    bench.server.fault(Fault("POST", "^GRAPHQL$", meanwhile=lambda: later(bench)))
    assert isinstance(post(bench, 41, LATER, remembers=True), Outdated)
    assert bench.bodies == [THEIRS]


def test_every_answer_is_slow_and_the_comment_is_written_all_the_same(bench: Bench) -> None:
    """Also where the head has to be asked for, after which each look is long ago."""
    bench.state.add_comment(7, BOT, f"{MARKER}\n<!-- rocky-preview run: 43 {EARLIER} -->\nreport")
    for method in ("GET", "POST", "PATCH"):
        bench.server.fault(Fault(method, "", meanwhile=lambda: bench.clock.pass_by(6.0)), times=9)
    assert isinstance(post(bench, 42, SHA, remembers=True), Posted)
    assert bench.bodies == [THEIRS]


def test_the_head_moves_on_while_an_update_waits(bench: Bench) -> None:
    """What was the head a minute ago need not be it any more."""
    bench.state.add_pull(7, "feature", LATER)
    bench.state.add_comment(7, BOT, f"{MARKER}\n<!-- rocky-preview run: 43 {EARLIER} -->\nreport of {EARLIER[:7]}")

    def pushed() -> None:
        bench.state.add_pull(7, "feature", SHA)
        post(bench, 44, SHA)

    bench.server.fault(replace(LIMIT, meanwhile=pushed))
    assert isinstance(post(bench, 41, LATER), Outdated)
    assert bench.bodies[0].endswith(f"report of {SHA[:7]}")


# What GitHub answers


@pytest.mark.parametrize(
    "body",
    [
        BLOCKED,
        '{"message": "You have been temporarily blocked from content creation."}',
        '{"message": "You have triggered an abuse detection mechanism."}',
    ],
)
def test_a_secondary_limit_says_blocked(bench: Bench, body: str) -> None:
    """GitHub's own words for it, in which somebody may read that the conversation is locked."""
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body))
    assert bench.posted().created
    assert bench.clock.waits == [60.0]


def test_a_secondary_limit_says_blocked_and_for_how_long(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=BLOCKED, headers={"retry-after": "600"}))
    refused = bench.refused()
    assert "rate limit" in refused.reason
    assert "Unlock" not in refused.advice


@pytest.mark.parametrize("location", ["mailto:x@y", "ftp://127.0.0.1/", "file:///etc/passwd", "//"])
def test_a_redirect_leads_to_no_web_address(bench: Bench, location: str) -> None:
    """That is no mistake in anybody's inputs, so it must not take the report's place."""
    bench.server.fault(Fault("GET", "/comments$", status=302, headers={"location": location}), times=9)
    assert isinstance(bench.upsert(), NotPosted)


def test_there_is_nothing_left_to_ask_with(bench: Bench) -> None:
    """That is not GitHub's doing, so nobody is sent to look whether GitHub is down."""
    refused = bench.refused(seconds=0.0)
    assert "used that up" in refused.reason
    assert "Run the job again" in refused.advice
    assert "githubstatus" not in refused.advice
    assert bench.log == []


# A command that is only shown


@pytest.mark.parametrize(
    "text", [f"    {RERUN}", f"\t{RERUN}", f"\n\n  \t{RERUN}", f"```\n{RERUN}\n```", f"<!--\n{RERUN}"]
)
def test_a_comment_shows_the_command(tmp_path: Path, github: GitHubServer, text: str) -> None:
    step = poster(tmp_path, github).run(said("mona", text), name="issue_comment")
    assert (step.exit_code, github.log) == (0, []), step.log


# The whole action


def poster(folder: Path, github: GitHubServer) -> Action:
    (folder / "workspace").mkdir(exist_ok=True)
    github.state.add_pull(7, "feature", SHA)
    environ = isolated_environ(folder / "home") | {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": LATER}
    return Action(folder, github, workspace=folder / "workspace", environ=environ)


def previews(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    """What comes of the preview itself: a report, an error, or a signal."""

    def preview(world: object, options: object) -> object:
        del world, options
        if isinstance(found, Exception):
            raise found
        if isinstance(found, signal.Signals):
            os.kill(os.getpid(), found)
        return found

    monkeypatch.setattr("rocky_action.main.assemble", lambda *_, **__: (None, PreviewOptions("x")))
    monkeypatch.setattr("rocky_action.main.preview", preview)
    monkeypatch.setattr(cancelling, "_RECEIVED", [])


def test_a_late_report_has_no_labels(tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label says of no commit, so it is the last one's; the check is this commit's own."""
    action = poster(tmp_path, github)
    event = action.pull_event()
    github.state.add_pull(7, "feature", LATER)
    github.state.add_comment(7, BOT, f"{MARKER}\n<!-- rocky-preview run: 5000 {LATER} -->\nlater")
    github.state.looks.labels[7] = ["rocky: breaking"]
    previews(monkeypatch, reports.no_change())
    assert action.run(event, inputs=LABELS).exit_code == 0
    assert github.state.looks.labels[7] == ["rocky: breaking"]
    assert github.state.looks.newest().head_sha == SHA
    previews(monkeypatch, InputError("no", advice=""))
    assert action.run(event, inputs=LABELS).exit_code == 2
    assert github.state.looks.labels[7] == ["rocky: breaking"]


def test_a_superseded_run_leaves_check_and_labels_to_the_other(
    tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = poster(tmp_path, github)
    previews(monkeypatch, reports.no_change())
    assert action.run(action.pull_event(), inputs=LABELS).exit_code == 0
    github.state.looks.labels[7] = ["rocky: breaking"]
    before, conclusion = ["rocky: breaking"], github.state.looks.newest().conclusion
    previews(monkeypatch, SupersededError("superseded by another run", advice=""))
    assert action.run(action.pull_event(), inputs=LABELS).exit_code == 3
    assert (github.state.looks.labels[7], github.state.looks.newest().conclusion) == (before, conclusion)


@pytest.mark.parametrize("event", ["issue_comment", "workflow_dispatch"])
def test_a_failure_names_the_pull_requests_commit(
    tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """And not the default branch's, which is what started the run."""
    action = poster(tmp_path, github)
    previews(monkeypatch, InputError("no", advice=""))
    payload = said("mona", RERUN) if event == "issue_comment" else {}
    inputs = {"baseline": "rebiuld"} if event == "issue_comment" else {"pr_number": "7"}
    step = action.run(payload, name=event, inputs=inputs)
    assert step.exit_code == 2
    (body,) = github.state.bodies(7)
    for text in (body, step.summary):
        assert f"nothing is known about commit `{SHA[:7]}`" in text
    assert read_stamp(body) == Stamp(4242, SHA)


@pytest.mark.parametrize("place", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "output_dir"])
def test_a_failure_is_told_where_it_can_be(tmp_path: Path, github: GitHubServer, place: str) -> None:
    """A disk that is full must not keep an earlier commit's report in the comment."""
    action = poster(tmp_path, github)
    github.state.add_comment(7, BOT, MINE)
    (tmp_path / "workspace" / "a file").touch()
    inputs = {place: "a file/x" if place == "output_dir" else str(tmp_path / "workspace" / "a file" / "x")}
    step = action.run(action.pull_event(), inputs=inputs | {"baseline": "rebiuld"})
    assert step.exit_code == 2
    (body,) = github.state.bodies(7)
    assert f"nothing is known about commit `{SHA[:7]}`" in body


def test_a_cancelled_run_asks_no_more_than_others(
    tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it asks in its last seconds is among its twelve requests; the bench counts them."""
    action = poster(tmp_path, github)
    github.state.add_comment(7, BOT, MINE)
    previews(monkeypatch, signal.SIGTERM)
    monkeypatch.setattr("rocky_action.forges.github_api.random.uniform", lambda *_: 0.0)
    monkeypatch.setattr(job_module, "_SECONDS_AT_THE_END", 30.0)
    github.fault(Fault("GET", "/pulls/7$", status=502), times=4)
    github.fault(Fault("GET", "/comments$", status=502), times=4)
    github.fault(Fault("POST", "GRAPHQL", status=502), times=9)
    step = action.run({}, name="workflow_dispatch", inputs={"pr_number": "7", **LABELS})
    assert step.exit_code == 143, step.log
    assert len(github.log) == MOST_REQUESTS


# A digest that somebody else has put there


def edited_comment(bench: Bench) -> None:
    mine = bench.state.add_comment(7, BOT, MINE)
    bench.state.edit(mine, "mona", f"{MINE}\n<!-- rocky-preview digest: v1 Zm9y Z2Vk -->")


def test_a_withdrawn_report_vouches_for_nobodys_edit(bench: Bench) -> None:
    """Rewritten by us, the comment would look as if the digest were ours."""
    edited_comment(bench)
    where = PullRequest("acme", "shop", 7, "feature", SHA, "main")
    url = withdraw_report(bench.github(), where, marker=MARKER, stamp=Stamp(42, SHA), body=lambda _: "withdrawn")
    assert url is not None
    (body,) = bench.bodies
    assert "withdrawn" in body
    assert line_in(body) == ""
    assert "digest" not in body
    assert WHOAMI in bench.log


def test_a_double_that_somebody_has_edited_is_not_vouched_for(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MINE)
    double = bench.state.add_comment(7, BOT, THEIRS)
    bench.state.edit(double, "mona", f"{THEIRS}\n<!-- rocky-preview digest: v1 Zm9y Z2Vk -->")
    assert isinstance(post(bench, 41, LATER), Outdated)
    (body,) = bench.bodies
    assert body.rstrip() == THEIRS


# A project in a folder


def test_a_project_in_a_folder_is_previewed_and_cleaned_up(tmp_path: Path, github: GitHubServer) -> None:
    """By a name of its own, which the other step must find too."""
    project = Checkout(tmp_path, github)
    project.push(in_folder("projects/finance", five_models.pull_request()))
    action = Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=project.workspace.environ)
    there = {"working_directory": "projects/finance"}
    step = action.run(action.pull_event(), inputs=there)
    assert step.exit_code == 0, step.log
    at_the_root = action.run(action.pull_event())
    assert at_the_root.outputs["branch_schema"] == "branch__no_refunds_pr7" != step.outputs["branch_schema"]
    step = action.run(action.pull_event(action="closed"), inputs=there | {"mode": "cleanup"})
    assert step.exit_code == 0, step.log
    with duckdb.connect(project.workspace.path / "projects/finance" / five_models.DATABASE, read_only=True) as found:
        schemas = found.execute("SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'branch%'").fetchall()
    assert schemas == []
