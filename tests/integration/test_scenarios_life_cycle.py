"""Scenarios: a pull request from its first push to its end, when runs are stopped, overtake each other or are lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rocky_action import cancelling
from rocky_action.domain.options import PreviewOptions
from rocky_action.errors import SupersededError
from rocky_action.forges.comments import CommentResult, OfRun, Outdated, Posted, upsert_comment
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.stamps import Stamp, read_stamp
from rocky_action.job import LAST_WORDS
from tests.support import five_models
from tests.support.forge_bench import BOT, LISTING, MARKER, QUIET_REQUESTS, SHA, WHOAMI, Action, Bench, bench_of
from tests.support.github_server import Fault, GitHubServer
from tests.support.pull_request import NUMBER, PullRequest
from tests.support.repositories import isolated_environ

EARLIER, LATER = "b" * 40, "c" * 40
PULL = "GET /repos/acme/shop/pulls/7"
DIGEST = "<!-- something of ours,\nsigned -->"


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


def said_by(run: int, commit: str, text: str = "report") -> str:
    return f"{MARKER}\n<!-- rocky-preview run: {run} {commit} -->\n{text} of {commit[:7]}"


def post(bench: Bench, run: int, commit: str) -> CommentResult:
    """The report of a run, which is the 7th pull request's."""
    return upsert_comment(
        bench.github(),
        owner="acme",
        repository="shop",
        number=7,
        marker=MARKER,
        body=OfRun(lambda _: f"report of {commit[:7]}", Stamp(run, commit)),
    )


# A report that arrives late


def test_a_later_push_has_its_report(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, said_by(41, EARLIER))
    assert isinstance(post(bench, 42, SHA), Posted)
    assert bench.bodies == [said_by(42, SHA)]
    assert len(bench.log) == QUIET_REQUESTS


def test_a_slow_run_ends_after_a_later_one(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, said_by(42, SHA))
    assert post(bench, 41, EARLIER) == Outdated("https://github.com/acme/shop/pull/7#issuecomment-1001", SHA)
    assert bench.bodies == [said_by(42, SHA)]
    assert bench.log == [LISTING, WHOAMI, PULL]


def test_an_earlier_commit_is_pushed_once_more(bench: Bench) -> None:
    """What the head is cannot be outdated, whatever its run's number."""
    bench.state.add_comment(7, BOT, said_by(42, LATER))
    assert isinstance(post(bench, 41, SHA), Posted)
    assert bench.bodies == [said_by(41, SHA)]


@pytest.mark.parametrize("status", [404, 502])
def test_github_does_not_say_what_the_head_is(bench: Bench, status: int) -> None:
    bench.state.add_comment(7, BOT, said_by(42, LATER))
    bench.server.fault(Fault("GET", "/pulls/7", status=status), times=5)
    assert isinstance(post(bench, 41, SHA), Outdated)
    assert bench.bodies == [said_by(42, LATER)]


def test_a_job_is_run_again_after_a_rerun_by_comment(bench: Bench) -> None:
    """It keeps its number, and both are about one commit."""
    bench.state.add_comment(7, BOT, said_by(42, SHA, "failure"))
    assert isinstance(post(bench, 41, SHA), Posted)
    assert bench.bodies == [said_by(41, SHA)]
    assert PULL not in bench.log


@pytest.mark.parametrize("first", ["GET", "POST"])
def test_two_commits_runs_create_at_once(bench: Bench, first: str) -> None:

    def later() -> None:
        post(bench, 42, SHA)

    bench.server.fault(Fault(first, "/comments$", meanwhile=later))
    assert isinstance(post(bench, 41, EARLIER), Outdated)
    assert bench.bodies == [said_by(42, SHA)]
    assert [*bench.state.comments] == [1001]


def test_a_later_runs_double_is_not_lost(bench: Bench) -> None:
    """The one that stays is the first; what it says is the later run's."""
    bench.state.add_comment(7, BOT, said_by(40, LATER))
    bench.state.add_comment(7, BOT, said_by(42, SHA))
    assert isinstance(post(bench, 41, EARLIER), Outdated)
    assert bench.bodies == [said_by(42, SHA)]
    assert [*bench.state.comments] == [1001]


@pytest.mark.parametrize(
    "line", ["", "<!-- rocky-preview run: 99 -->", f"<!-- rocky-preview run: x {LATER} -->", "run 9"]
)
def test_the_comment_does_not_say_which_run_it_is_of(bench: Bench, line: str) -> None:
    bench.state.add_comment(7, BOT, f"{MARKER}\n{line}\nolder than this line")
    assert isinstance(post(bench, 41, EARLIER), Posted)
    assert bench.bodies == [said_by(41, EARLIER)]


def test_somebody_else_claims_to_be_later(bench: Bench) -> None:
    bench.state.add_comment(7, "mona", said_by(99, LATER))
    assert isinstance(post(bench, 41, EARLIER), Posted)
    assert bench.bodies == [said_by(99, LATER), said_by(41, EARLIER)]


def test_a_report_claims_to_be_of_a_later_run(bench: Bench) -> None:
    bench.posted(said_by(99, LATER))
    (body,) = bench.bodies
    assert read_stamp(body) is None
    assert isinstance(post(bench, 41, SHA), Posted)


# The whole action, on a pull request whose preview does not matter


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def stopped(tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> Action:
    """A step that is told to stop while it previews, by a real signal."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    github.state.add_pull(7, "feature", SHA)

    def preview(world: object, options: object) -> None:
        del world, options
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr("rocky_action.main.assemble", lambda *_, **__: (None, PreviewOptions("x")))
    monkeypatch.setattr("rocky_action.main.preview", preview)
    monkeypatch.setattr(cancelling, "_RECEIVED", [])
    return Action(tmp_path, github, workspace=workspace, environ=isolated_environ(tmp_path / "home"))


def the_comment(github: GitHubServer) -> str:
    (comment,) = github.state.comments.values()
    return comment.body


def moved_on(action: Action, github: GitHubServer, to: str = LATER) -> object:
    """The event of a push, after which somebody has pushed again."""
    event = action.pull_event()
    github.state.add_pull(7, "feature", to)
    return event


def test_a_second_push_cancels_the_first(stopped: Action, github: GitHubServer) -> None:
    github.state.add_comment(7, BOT, f"{said_by(40, EARLIER)}\n{DIGEST}\n")
    step = stopped.run(moved_on(stopped, github))
    assert step.exit_code == 143, step.log
    body = the_comment(github)
    assert read_stamp(body) == Stamp(4242, SHA)
    assert f"No preview of commit `{SHA[:7]}`: superseded by `{LATER[:7]}`" in body
    assert "report of" not in body
    assert body.endswith(f"\n{DIGEST}\n")
    assert [line.partition(" ")[0] for line in github.log] == ["GET", "GET", "POST", "PATCH"]


def test_a_person_cancels_the_run(stopped: Action, github: GitHubServer) -> None:
    github.state.add_comment(7, BOT, said_by(40, EARLIER))
    step = stopped.run(stopped.pull_event())
    assert step.exit_code == 143, step.log
    assert f"No preview of commit `{SHA[:7]}`: the run was cancelled" in the_comment(github)
    assert "Run the job again" in the_comment(github)


@pytest.mark.parametrize(
    "body",
    [said_by(40, SHA), said_by(5000, LATER), f"{MARKER}\nof an older version", "> a person's"],
    ids=["this commit's", "a later run's", "of no run", "no report"],
)
def test_a_cancelled_run_leaves_what_is_not_older(stopped: Action, github: GitHubServer, body: str) -> None:
    github.state.add_comment(7, BOT, body)
    assert stopped.run(moved_on(stopped, github)).exit_code == 143
    assert the_comment(github) == body


def test_a_cancelled_run_leaves_what_is_not_ours(stopped: Action, github: GitHubServer) -> None:
    github.state.add_comment(7, "mona", said_by(40, EARLIER))
    assert stopped.run(moved_on(stopped, github)).exit_code == 143
    assert the_comment(github) == said_by(40, EARLIER)


def test_a_cancelled_run_makes_no_comment(stopped: Action, github: GitHubServer) -> None:
    assert stopped.run(moved_on(stopped, github)).exit_code == 143
    assert github.state.comments == {}


def test_a_later_runs_double_keeps_its_place(stopped: Action, github: GitHubServer) -> None:
    for body in (said_by(40, EARLIER), said_by(5000, LATER)):
        github.state.add_comment(7, BOT, body)
    assert stopped.run(moved_on(stopped, github)).exit_code == 143
    assert github.state.bodies(7) == [said_by(40, EARLIER), said_by(5000, LATER)]


def test_there_is_an_outage_when_a_run_is_cancelled(stopped: Action, github: GitHubServer) -> None:
    github.state.add_comment(7, BOT, said_by(40, EARLIER))
    github.fault(Fault("GET", "/comments$", status=503), times=20)
    step = stopped.run(moved_on(stopped, github))
    assert step.exit_code == 143, step.log
    assert "is not known: GitHub gave no usable answer" in step.log
    assert sum(stopped.clock.waits) <= 4
    assert the_comment(github) == said_by(40, EARLIER)


def test_github_hangs_when_a_run_is_cancelled(
    stopped: Action, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner kills what has not ended by then, and not all that may hang has a limit of its own."""
    monkeypatch.setattr("rocky_action.job._SECONDS_AT_THE_END", 0.2)
    in_haste = GitHub.in_haste
    monkeypatch.setattr(GitHub, "in_haste", lambda client, _: in_haste(client, 60.0))
    github.state.add_comment(7, BOT, said_by(40, EARLIER))
    answers = threading.Event()
    github.fault(Fault("GET", "/pulls/7", meanwhile=lambda: answer_at_last(answers)))
    assert stopped.run(moved_on(stopped, github)).exit_code == 143
    assert not answers.is_set()
    answers.set()
    for thread in threading.enumerate():
        if thread.name == LAST_WORDS:
            thread.join()  # with a process it would have ended


def test_a_run_without_a_number_is_cancelled(stopped: Action, github: GitHubServer) -> None:
    github.state.add_comment(7, BOT, said_by(40, EARLIER))
    assert stopped.run(moved_on(stopped, github), inputs={"GITHUB_RUN_ID": ""}).exit_code == 143
    assert github.log == []


def answer_at_last(answers: threading.Event) -> None:
    """GitHub answers when it is asked to, or when the step has waited too long for it."""
    if not answers.wait(5):
        answers.set()


@pytest.mark.parametrize("forgiven", [True, False])
def test_another_run_takes_the_preview_over(
    stopped: Action, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, *, forgiven: bool
) -> None:
    def preview(world: object, options: object) -> None:
        raise SupersededError("superseded by another run", advice="Its report counts.")

    monkeypatch.setattr("rocky_action.main.preview", preview)
    github.state.add_comment(7, BOT, said_by(40, EARLIER))
    inputs = {"fail_on_preview_error": "false"} if forgiven else {}
    step = stopped.run(stopped.pull_event(), inputs=inputs)
    assert step.exit_code == (0 if forgiven else 3), step.log
    assert f"No preview of commit `{SHA[:7]}`: superseded by another run" in the_comment(github)
    assert "superseded by another run" in step.summary
    assert step.outputs["verdict"] == "failed"


def test_another_run_of_the_same_commit_takes_the_preview_over(
    stopped: Action, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report stays, though it was there first."""

    def preview(world: object, options: object) -> None:
        github.state.add_comment(7, BOT, said_by(4241, SHA))
        raise SupersededError("superseded by another run", advice="Its report counts.")

    monkeypatch.setattr("rocky_action.main.preview", preview)
    step = stopped.run(stopped.pull_event())
    assert step.exit_code == 3, step.log
    assert the_comment(github) == said_by(4241, SHA)


# The whole action, with a preview


@pytest.fixture
def project(tmp_path: Path, github: GitHubServer) -> PullRequest:
    made = PullRequest(tmp_path, github)
    made.push(five_models.pull_request())
    return made


@pytest.fixture
def previewer(tmp_path: Path, github: GitHubServer, project: PullRequest) -> Action:
    environ = {**project.workspace.environ, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": project.merge}
    return Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=environ)


def test_a_late_report_is_in_the_summary(previewer: Action, github: GitHubServer) -> None:
    github.state.add_comment(NUMBER, BOT, said_by(5000, LATER))
    event = moved_on(previewer, github)
    step = previewer.run(event, inputs={"fail_on": "changed"})
    assert step.exit_code == 1, step.log
    assert the_comment(github) == said_by(5000, LATER)
    assert f"The comment is about {LATER[:7]}, which is later" in step.log
    assert "rows removed" in step.summary
    assert "comment_url" not in step.outputs


def test_a_pull_request_is_closed_and_opened_again(
    previewer: Action, github: GitHubServer, project: PullRequest
) -> None:
    assert previewer.run(previewer.pull_event(action="opened")).exit_code == 0
    reported = the_comment(github)
    dropped = previewer.run(previewer.pull_event(action="closed"), inputs={"mode": "cleanup"})
    assert dropped.exit_code == 0, dropped.log
    assert project.preview_schemas() == []
    assert project.leases() == []
    assert the_comment(github) == reported, "what was found out stays true"
    again = previewer.run(previewer.pull_event(action="reopened"))
    assert again.exit_code == 0, again.log
    assert f"{five_models.ROWS_REMOVED} rows removed" in the_comment(github)
    assert project.preview_schemas() == ["branch__no_refunds_pr7", "branch__no_refunds_pr7__base"]
    assert project.leases() == ["no_refunds_pr7"]


def test_nobody_has_cleaned_up(previewer: Action, github: GitHubServer, project: PullRequest) -> None:
    """The sweep drops what has expired, and only that."""
    project.leave("kept", "no_refunds_pr7")
    early = previewer.run({}, name="schedule", inputs={"mode": "cleanup"})
    assert (early.exit_code, len(project.preview_schemas())) == (0, 4), early.log
    assert "no preview whose lease has expired" in early.summary
    project.expire("no_refunds_pr7")
    swept = previewer.run({}, name="schedule", inputs={"mode": "cleanup"})
    assert swept.exit_code == 0, swept.log
    assert project.preview_schemas() == ["branch__kept", "branch__kept__base"]
    assert project.leases() == ["kept"]
    assert "Previews were dropped whose leases have expired" in swept.summary
    assert "branch__no_refunds_pr7" in swept.summary
    assert github.log == []


@pytest.mark.parametrize(
    ("inputs", "left"),
    [
        ({}, ["kept", "no_refunds_pr7"]),
        ({"pr_number": str(NUMBER)}, ["kept", "old"]),
        ({"branch_name": "kept"}, ["no_refunds_pr7", "old"]),
    ],
    ids=["nothing", "a pull request", "a preview"],
)
def test_a_person_cleans_up(previewer: Action, project: PullRequest, inputs: dict[str, str], left: list[str]) -> None:
    """What a person names is dropped, else what has expired."""
    project.leave("kept", "old", "no_refunds_pr7")
    project.expire("old")
    step = previewer.run({}, name="workflow_dispatch", inputs={"mode": "cleanup", **inputs})
    assert step.exit_code == 0, step.log
    assert project.leases() == left


def test_a_sweep_has_no_credentials(tmp_path: Path, github: GitHubServer) -> None:
    """Nobody would ever hear of what it has left."""
    project = PullRequest(tmp_path, github)
    toml = five_models.base()["rocky.toml"].replace(
        'type = "duckdb"', 'type = "snowflake"\naccount = "a"\nwarehouse = "w"'
    )
    project.push({"rocky.toml": toml})
    action = Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=project.workspace.environ)
    step = action.run({}, name="schedule", inputs={"mode": "cleanup"})
    assert step.exit_code == 3, step.log
