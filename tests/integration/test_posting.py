"""``rocky-preview comment``: a ready report from a laptop, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rocky_action.errors import UnusableReportError
from rocky_action.place import Place
from rocky_action.posting import post_report
from rocky_action.settings import parse
from tests.support.checkout import Checkout
from tests.support.forge_bench import as_found
from tests.support.fork import said_by_a_fork
from tests.support.github_server import GitHubServer


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        server.state.add_pull(7, "no-refunds", "0" * 40)
        yield server


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path)


def test_the_comment_is_written_and_then_rewritten(checkout: Checkout, github: GitHubServer) -> None:
    for text in ("First", "Second"):
        checkout.repository.write({"ready.md": f"{text}\n"})
        ended = checkout.run(
            "comment", "--body", "ready.md", "--pr-number", "7", GITHUB_TOKEN="user-token", **github.environ
        )
        assert ended.code == 0, ended.err
        assert ended.out.strip().endswith("#issuecomment-1001")
        assert github.state.bodies(7) == [f"<!-- rocky-preview -->\n{text}\n"]


def test_what_stands_in_the_way_is_said(checkout: Checkout, github: GitHubServer) -> None:
    checkout.repository.write({"ready.md": "Hello\n", "latin.md": b"\xff\xfe"})
    asked = ("comment", "--pr-number", "7", "--body")
    refused = checkout.run(*asked, "ready.md", GITHUB_TOKEN="read-token", **github.environ)
    assert (refused.code, "pull-requests: write" in refused.err) == (3, True), refused.err
    for name in ("missing.md", "latin.md"):
        unreadable = checkout.run(*asked, name, GITHUB_TOKEN="user-token", **github.environ)
        assert (unreadable.code, f"{name} cannot be read as Markdown" in unreadable.err) == (2, True), unreadable.err
    assert github.state.bodies(7) == []


def test_a_report_that_is_too_long_is_cut(checkout: Checkout, github: GitHubServer) -> None:
    checkout.repository.write({"ready.md": "## Title\n\n" + "```\n" + "line\n" * 20_000 + "```\n"})
    asked = ("comment", "--pr-number", "7", "--body", "ready.md")
    ended = checkout.run(*asked, GITHUB_TOKEN="user-token", **github.environ)
    assert ended.code == 0, ended.err
    (body,) = github.state.bodies(7)
    assert 60_000 < len(body) <= 65_000
    assert body.endswith("line\n```\n\n*Cut here: the whole text is too long for a comment.*\n")


def test_a_report_is_rendered_for_its_pull_request(tmp_path: Path, github: GitHubServer) -> None:
    github.state.add_pull(9, "another", "1" * 40)
    (tmp_path / "report.json").write_bytes(said_by_a_fork(commit="0" * 40))
    place = Place(tmp_path, github.environ, datetime.now(UTC), print)

    def post(number: str) -> str:
        given = {"report": "report.json", "pr_number": number, "github_token": "user-token"}
        with as_found():
            return post_report(parse(given), place)

    assert post("7").endswith("#issuecomment-1001")
    assert "`fct_revenue`" in github.state.bodies(7)[0]
    with pytest.raises(UnusableReportError, match="the pull request's head is 1111111"):
        post("9")
    assert github.state.bodies(9) == []
