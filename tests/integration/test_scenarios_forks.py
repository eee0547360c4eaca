"""Scenarios: what a pull request's own run has reported, posted by a run that may write."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED

import httpx
import pytest
import yaml

from rocky_action.domain.diff import Exhaustive
from rocky_action.domain.report import Verdict
from rocky_action.errors import UnusableReportError
from rocky_action.forges.artifacts import unpacked
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.refusals import RefusedError
from rocky_action.rendering import render_comment
from rocky_action.wire.report import parse_report
from rocky_action.wire.strangers import LONGEST_TEXT, MOST_BYTES, MOST_ITEMS, read_strangers_report
from tests.support import five_models, reports
from tests.support.archives import hostile, packed, streamed
from tests.support.dead import assert_dead
from tests.support.file_host import FileHost, Served
from tests.support.forge_bench import BOT, MARKER, SHA, Action
from tests.support.fork import NUMBER, RUN, Fork, said_by_a_fork
from tests.support.github_server import Fault, GitHubServer
from tests.support.github_state import Account, Pull
from tests.support.pull_request import PullRequest
from tests.support.runner import ROOT

OWN_MARKER = "<!-- rocky-preview (the pull request's own run) -->"
EVIL = "https://evil.example/actions/runs/1"
HOSTILE = hostile(said_by_a_fork(), most=MOST_BYTES)
UNTOUCHED = "what a checked preview said"

Document = dict[str, Any]


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def fork(tmp_path: Path, github: GitHubServer) -> Iterator[Fork]:
    with FileHost() as files:
        yield Fork(tmp_path, github, files)


def document() -> Document:
    found = json.loads(said_by_a_fork())
    assert isinstance(found, dict)
    return found


def steps_of(recipe: str) -> list[dict[str, Any]]:
    """The steps of a recipe's only job."""
    text = (ROOT / ".github" / "workflow-examples" / recipe).read_text(encoding="utf-8")
    ((_, job),) = yaml.safe_load(text)["jobs"].items()
    return list(job["steps"])


def assert_nothing(fork: Fork, said: str, *, code: int = 0, level: str = "warning", **inputs: str) -> None:
    """A run that posts nothing, touches nothing that is there, and says why."""
    earlier = fork.github.state.add_comment(NUMBER, BOT, f"{OWN_MARKER}\nan earlier run's")
    step = fork.relay(**inputs)
    assert (step.exit_code, fork.posted) == (code, {NUMBER: earlier.body}), step.log
    assert f"::{level}" in step.log
    assert said in step.log
    assert step.outputs.get("verdict") in {None, "not_checked"}
    assert step.summary == ""


# What is posted, and where


def test_a_fork_has_reported(fork: Fork) -> None:
    fork.reports()
    step = fork.relay()
    assert step.exit_code == 0, step.log
    assert [*fork.posted] == [NUMBER]
    body = fork.posted[NUMBER]
    marker, heading, _, alert, first, *_ = body.split("\n")
    assert (marker, alert) == (OWN_MARKER, "> [!WARNING]")
    assert heading == f"### 🔒 Not checked: what the pull request's own run says of `{SHA[:7]}`"
    assert "Nobody has checked this report." in first
    assert "`fct_revenue`" in body
    assert_dead(body, marker=OWN_MARKER, run_url=fork.url_of(RUN), more_urls={fork.url_of(4242)})
    assert step.outputs == {"verdict": "not_checked", "comment_url": step.outputs["comment_url"]}
    assert step.summary == body.partition("\n")[2]
    assert len(fork.github.log) == 6


def test_it_reports_again(fork: Fork) -> None:
    fork.github.state.add_comment(NUMBER, BOT, f"{OWN_MARKER}\nan earlier run's")
    fork.reports()
    assert fork.relay().exit_code == 0
    assert len(fork.github.state.comments) == 1
    assert len(fork.github.log) == 6
    assert "`fct_revenue`" in fork.posted[NUMBER]


def test_a_checked_preview_was_there_before(fork: Fork) -> None:
    """Somebody who may has built it: a stranger's word does not take its place."""
    checked = fork.github.state.add_comment(NUMBER, BOT, f"{MARKER}\n{UNTOUCHED}")
    fork.reports()
    assert fork.relay().exit_code == 0
    bodies = fork.github.state.bodies(NUMBER)
    assert bodies[0] == checked.body
    assert [body.partition("\n")[0] for body in bodies] == [MARKER, OWN_MARKER]


def test_dependabot_has_reported(fork: Fork) -> None:
    """Its branch is the repository's own, and its run has no secrets all the same."""
    fork.reports()
    step = fork.relay(fork.event(owner="acme"))
    assert (step.exit_code, [*fork.posted]) == (0, [7]), step.log
    assert "Nobody has checked this report." in fork.posted[7]


def test_another_step_has_downloaded_it(fork: Fork) -> None:
    """That does not make it anybody else's."""
    (fork.workspace / "report.json").write_bytes(said_by_a_fork())
    step = fork.relay(artifact="", report="report.json")
    assert step.exit_code == 0, step.log
    assert fork.posted[NUMBER].startswith(f"{OWN_MARKER}\n### 🔒 Not checked")
    assert step.outputs["verdict"] == "not_checked"


def test_another_step_has_downloaded_nothing(fork: Fork) -> None:
    assert_nothing(fork, "report.json cannot be read", artifact="", report="report.json")


def test_it_claims_that_all_is_well(fork: Fork) -> None:
    """It may say so, and nobody else does."""
    best = reports.report_of(reports.same("fct_revenue", 12), verdict=Verdict.UNCHANGED)
    assert isinstance(best.diffs[0].coverage, Exhaustive)
    fork.reports(said_by_a_fork(best))
    step = fork.relay(fail_on="changed")
    body = fork.posted[NUMBER]
    assert step.outputs["verdict"] == "not_checked"
    assert "**It says:** No data changes" in body
    assert body.count("No data changes") == 1
    assert "✅" not in body + step.log + step.summary


def test_it_names_another_run(fork: Fork) -> None:
    found = document()
    found["provenance"]["run_url"] = EVIL
    fork.reports(json.dumps(found).encode())
    assert fork.relay().exit_code == 0
    assert "evil" not in fork.posted[NUMBER]


def test_it_says_whatever_hurts(fork: Fork) -> None:
    whole = reports.hostile()
    fork.reports(said_by_a_fork(replace(whole, diffs=whole.diffs[:1], findings=whole.findings[:9])))
    step = fork.relay()
    assert step.exit_code == 0, step.log
    assert "evil.example" in fork.posted[NUMBER], "it arrived"
    assert_dead(fork.posted[NUMBER], marker=OWN_MARKER, run_url=fork.url_of(RUN), more_urls={fork.url_of(4242)})


def test_a_run_was_repeated(fork: Fork) -> None:
    """Each attempt has left one."""
    fork.uploads(b"of the first attempt", hours_ago=3)
    fork.reports()
    assert fork.relay().exit_code == 0
    assert "`fct_revenue`" in fork.posted[NUMBER]


def test_only_what_failed_of_a_run_was_repeated(fork: Fork) -> None:
    fork.uploads(streamed(said_by_a_fork()), hours_ago=3)
    assert fork.relay().exit_code == 0
    assert "`fct_revenue`" in fork.posted[NUMBER]


def test_a_fork_is_previewed_and_its_report_posted(tmp_path: Path, github: GitHubServer, fork: Fork) -> None:
    """By the recipe: the one run may read and has no secrets, the other never sees the pull request's files."""
    checkout, preview, upload = steps_of("fork-producer.yml")
    (post,) = steps_of("fork-commenter.yml")
    assert "actions/checkout" in checkout["uses"]
    project = PullRequest(tmp_path / "producer", github)
    project.push(five_models.pull_request())
    head = github.state.pulls[7].sha
    github.state.add_pull(7, "", "", pull=Pull(7, "feature", head, head_owner="stranger", fork=True))
    environ = {**project.workspace.environ, "GITHUB_SHA": project.merge, "GITHUB_REF": "refs/pull/7/merge"}
    producer = Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=environ)
    step = producer.run(producer.pull_event(), token="read-token", inputs=preview["with"])
    assert (step.exit_code, step.outputs["report_json"]) == (0, upload["with"]["path"]), step.log
    made = (project.workspace.path / upload["with"]["path"]).read_bytes()
    fork.uploads(streamed(made), name=upload["with"]["name"])
    github.state.pulls.pop(NUMBER)
    assert fork.action.run(fork.event(head), name="workflow_run", inputs=post["with"]).exit_code == 0
    assert f"{five_models.ROWS_REMOVED} rows removed" in fork.posted[7]


# What is not


def test_its_pull_request_is_closed(fork: Fork) -> None:
    fork.github.state.pulls[NUMBER] = replace(fork.github.state.pulls[NUMBER], state="closed")
    fork.reports()
    assert_nothing(fork, "No open pull request has", level="notice")


def test_its_branch_has_moved_on(fork: Fork) -> None:
    fork.github.state.pulls[NUMBER] = replace(fork.github.state.pulls[NUMBER], sha="c" * 40)
    fork.reports()
    assert_nothing(fork, "a newer commit was pushed", level="notice")


def test_it_is_about_another_commit(fork: Fork) -> None:
    fork.reports(said_by_a_fork(commit="c" * 40))
    assert_nothing(fork, "is about commit ccccccc, and the pull request's head is aaaaaaa")


def test_the_workflow_names_the_pull_request(fork: Fork) -> None:
    """It can only have that from the artifact."""
    fork.reports()
    assert_nothing(fork, "pr_number is given", code=2, level="error", pr_number="7")


def test_there_is_no_other_run(fork: Fork) -> None:
    fork.reports()
    step = fork.relay(fork.action.pull_event(7), name="pull_request")
    assert (step.exit_code, fork.posted) == (2, {}), step.log
    assert "on: workflow_run" in step.log


def test_it_has_uploaded_nothing(fork: Fork) -> None:
    assert_nothing(fork, "`rocky-preview-report` is not there")


def test_the_filter_for_the_name_is_ignored(fork: Fork) -> None:
    fork.uploads(streamed(said_by_a_fork()), name="another")
    listed = fork.github.state.answer("GET", f"/repos/acme/shop/actions/runs/{RUN}/artifacts", {}, None, Account(BOT))
    fork.github.fault(Fault("GET", "/artifacts$", status=200, body=json.dumps(listed.content)))
    assert_nothing(fork, "`rocky-preview-report` is not there")


def test_what_it_uploaded_has_expired(fork: Fork) -> None:
    fork.uploads(streamed(said_by_a_fork()), expired=True)
    assert_nothing(fork, "`rocky-preview-report` has expired")


def test_it_has_uploaded_several(fork: Fork) -> None:
    fork.reports()
    fork.reports()
    assert_nothing(fork, "has 2 artifacts called `rocky-preview-report`")


@pytest.mark.parametrize("status", [404, 410])
def test_what_it_uploaded_is_deleted_meanwhile(fork: Fork, status: int) -> None:
    fork.reports()
    fork.github.fault(Fault("GET", "/zip$", status=status, body='{"message": "Gone"}'))
    assert_nothing(fork, f"cannot be had: GitHub refused ({status})")


# On the way


def test_the_file_is_elsewhere(fork: Fork) -> None:
    """The token is for GitHub, and not for where it keeps its files."""
    fork.reports()
    assert fork.relay().exit_code == 0
    (headers,) = fork.files.asked
    assert "authorization" not in headers
    assert "actions-token" not in str(headers)
    assert headers["accept-encoding"] == "identity"
    assert fork.github.requests[-1].headers["authorization"] == "Bearer actions-token"


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_the_host_of_the_file_refuses(fork: Fork, status: int) -> None:
    """That says nothing about the token, and it leads nowhere else."""
    elsewhere = fork.files.keep("elsewhere", Served(streamed(said_by_a_fork())))
    fork.keeps(Served(b"<Error/>", status, {"Location": elsewhere}))
    assert_nothing(fork, f"answers with status {status}")
    assert len(fork.files.asked) == 1


def test_the_host_of_the_file_is_down(fork: Fork) -> None:
    """Nobody knows what it would have said: another run may."""
    fork.keeps(Served(b"<Error/>", 503))
    assert_nothing(fork, "no usable answer", code=3, level="error")


def test_the_file_does_not_end(fork: Fork) -> None:
    fork.keeps(Served(b" " * 1_000_000, times=50))
    assert_nothing(fork, f"has more than {MOST_BYTES:,} bytes")
    assert fork.files.sent < 40_000_000


def test_the_file_is_compressed_on_the_way(fork: Fork) -> None:
    """Whoever uploads a file may have a say in that, and then its size on the way is not its size."""
    plain = packed(("report.json", said_by_a_fork()), method=ZIP_STORED)
    fork.keeps(Served(gzip.compress(plain), headers={"Content-Encoding": "gzip"}))
    assert_nothing(fork, "is not an archive")


def test_the_file_is_not_fetched_by_https() -> None:
    asked: list[httpx.URL] = []

    class Wire(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return httpx.Response(302, headers={"Location": "http://files.example/a"}, stream=httpx.ByteStream(b""))

    client = GitHub("token", client=httpx.Client(transport=Wire()))
    with pytest.raises(RefusedError, match=r"http://files\.example, and not by https"):
        client.download("repos/acme/shop/actions/artifacts/1/zip", most=10)
    client.close()
    assert [url.host for url in asked] == ["api.github.com"]


def test_the_token_may_not_read_artifacts(fork: Fork) -> None:
    """That is the workflow's fault, and no stranger's."""
    headers = {"x-accepted-github-permissions": "actions=read"}
    said = '{"message": "Resource not accessible by integration"}'
    fork.github.fault(Fault("GET", "/artifacts$", status=403, body=said, headers=headers))
    fork.reports()
    assert_nothing(fork, "%0A  actions: read%0A  pull-requests: write%0A", code=3, level="error")


# In the archive


@pytest.mark.parametrize("how", HOSTILE)
def test_the_archive_is_not_as_it_should_be(how: str) -> None:
    content, said = HOSTILE[how]
    with pytest.raises(UnusableReportError, match=re.escape(said)):
        unpacked(content, file="report.json", most=MOST_BYTES)


@pytest.mark.parametrize("how", ["no archive", "a symbolic link", "above", "a bomb"])
def test_such_an_archive_is_uploaded(fork: Fork, how: str) -> None:
    content, said = HOSTILE[how]
    fork.uploads(content)
    assert_nothing(fork, said)


def test_the_archive_was_made_by_hand(fork: Fork) -> None:
    fork.uploads(packed(("report.json", said_by_a_fork())))
    assert fork.relay().exit_code == 0
    assert "`fct_revenue`" in fork.posted[NUMBER]


# In the report


def but(change: Callable[[Document], object]) -> bytes:
    found = document()
    change(found)
    return json.dumps(found).encode()


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is not JSON"),
    "much of nothing": (lambda: b" " * (MOST_BYTES + 1), "has 4,000,001 bytes"),
    "no JSON": (lambda: b"### All is well", "is not JSON"),
    "no UTF-8": (lambda: said_by_a_fork().replace(b"fct_revenue", b"fct_\xffevenue"), "is not UTF-8"),
    "UTF-16": (lambda: said_by_a_fork().decode().encode("utf-16"), "is not UTF-8"),
    "deep": (lambda: b"[" * 500_000, "has too many levels"),
    "rather deep": (lambda: b'{"verdict": ' * 31 + b"1" + b"}" * 31, "has more than 30 levels"),
    "an infinite number": (lambda: b'{"verdict": 1e999}', "a number that is too large"),
    "no number": (lambda: b'{"verdict": NaN}', "NaN is no number"),
    "a number of many digits": (lambda: b'{"verdict": ' + b"9" * 4_000 + b"}", "a number that is too large"),
    "a number of too many": (lambda: b'{"verdict": ' + b"9" * 400_000 + b"}", "is not JSON"),
    "a negative count": (lambda: but(lambda found: found["execution"].update(duration_ms=-5)), "a negative count"),
    "a count with a point": (lambda: but(lambda found: found["execution"].update(duration_ms=5.0)), "says what no"),
    "a long text": (lambda: json.dumps(["x" * (LONGEST_TEXT + 1)]).encode(), "a text of 100,001 characters"),
    "a long name": (lambda: json.dumps({"x" * (LONGEST_TEXT + 1): 1}).encode(), "a text of 100,001 characters"),
    "a long list": (lambda: json.dumps([1] * (MOST_ITEMS + 1)).encode(), "a list of 5,001"),
    "a name twice": (lambda: b'{"verdict": 1, "verdict": 2}', "a name occurs twice"),
    "another form": (lambda: b"[]", "has another form"),
    "an unknown field": (lambda: but(lambda found: found.update(note="x")), "says what no report says"),
    "an unknown field inside": (lambda: but(lambda found: found["plan"].update(note="x")), "says what no report says"),
    "a missing field": (lambda: but(lambda found: found.pop("caveats")), "says what no report says"),
    "another spelling": (lambda: but(lambda found: found["execution"].update(duration_ms="12")), "says what no"),
    "another verdict": (lambda: but(lambda found: found.update(verdict="excellent")), "verdict: Input should be"),
    "half a character": (lambda: but(lambda found: found["provenance"].update(warehouse="\ud800")), "another form"),
    "a later version's": (
        lambda: but(lambda found: (found["provenance"].update(tool_version="9.9"), found.update(later=1))),
        "written by version 9.9, and this is",
    ),
}


@pytest.mark.parametrize("how", WRONG)
def test_the_report_is_not_as_it_should_be(how: str) -> None:
    made, said = WRONG[how]
    with pytest.raises(UnusableReportError, match=re.escape(said)):
        read_strangers_report(made())


@pytest.mark.parametrize("how", ["no JSON", "deep", "an unknown field", "a number of many digits"])
def test_such_a_report_is_uploaded(fork: Fork, how: str) -> None:
    made, said = WRONG[how]
    fork.uploads(packed(("report.json", made()), method=ZIP_STORED))
    assert_nothing(fork, said)


def test_a_report_cannot_be_shown(fork: Fork) -> None:
    """It has the form of one, and no run of ours would have said that."""
    run = {"run_id": "x", "finished_at": "yesterday", "production": True}
    fork.reports(but(lambda found: found["cost"].update(recorded=[run])))
    assert_nothing(fork, "cannot be shown: ValueError")


# A report of one's own


def test_a_report_is_rendered_by_a_later_step(fork: Fork) -> None:
    """Of the same run, so that it is nobody else's."""
    raw = said_by_a_fork()
    (fork.workspace / "report.json").write_bytes(raw)
    step = fork.relay(fork.action.pull_event(7), name="pull_request", artifact="", report="report.json")
    assert step.exit_code == 0, step.log
    report = parse_report(raw.decode())
    ours = replace(report, provenance=replace(report.provenance, run_url=fork.url_of(4242)))
    assert fork.posted == {7: render_comment(ours, marker=MARKER)}


def test_a_report_of_ones_own_is_about_another_commit(fork: Fork) -> None:
    (fork.workspace / "Report.JSON").write_bytes(said_by_a_fork(commit="c" * 40))
    step = fork.relay(fork.action.pull_event(7), name="pull_request", artifact="", report="Report.JSON")
    assert (step.exit_code, fork.posted) == (2, {}), step.log
    assert "is about commit ccccccc" in step.log


def test_a_report_is_more_than_would_be_posted(tmp_path: Path, github: GitHubServer) -> None:
    """Who writes it says so, for there nobody reads the other run's log."""
    project = PullRequest(tmp_path, github)
    project.push(five_models.pull_request() | {"models/dim_customers.sql": "SELECT error(repeat('x', 200000)) AS y\n"})
    environ = {**project.workspace.environ, "GITHUB_SHA": project.merge, "GITHUB_REF": "refs/pull/7/merge"}
    action = Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=environ)
    step = action.run(action.pull_event(), inputs={"max_samples": "1"})
    assert "::notice::report.json has a text of 200" in step.log
    assert "in another run would not post it" in step.log
