"""Scenarios: everything that GitHub may answer instead of what was asked for, and how long a run puts up with it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from rocky_action.forges.comments import NotPosted
from rocky_action.forges.refusals import BadCredentialsError
from tests.support.forge_bench import ACTIONS, BLOCK, BODY, BOT, COMMENTS, LISTING, MARKER, POSTING, Bench, bench_of
from tests.support.github_server import Fault, GitHubServer

SECONDARY = '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
NAMED_IN_ADDRESS = '{"message": "Wait", "documentation_url": "https://docs.github.com/#about-secondary-rate-limits"}'
NO_ACCESS = '{"message": "Resource not accessible by integration"}'


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


# Outages


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_passes(bench: Bench, status: int) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("GET", COMMENTS, status=status, body="<html>unicorn</html>"), times=2)
    bench.posted()
    assert bench.bodies == [BODY]
    assert bench.log.count(LISTING) == 3
    assert 0.5 <= bench.clock.waits[0] <= 1 <= bench.clock.waits[1] <= 2, "longer each time, never in step with others"


def test_an_outage_lasts(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=503), times=99)
    assert "503" in bench.refused().reason
    assert bench.log.count(LISTING) == 5


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", COMMENTS, status=200, body="<html>unicorn</html>"),
        Fault("GET", COMMENTS, cut="lost"),
        Fault("GET", COMMENTS, status=200, body="[]", cut="truncated"),
        Fault("GET", COMMENTS, status=200, body='[{"id": 1, "html_'),
    ],
    ids=["HTML", "reset", "truncated", "broken JSON"],
)
def test_an_answer_is_broken_once(bench: Bench, fault: Fault) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(fault)
    bench.posted()
    assert bench.bodies == [BODY]


def test_an_update_is_carried_out_without_an_answer(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", status=502))
    bench.server.fault(Fault("PATCH", "/comments/", perform=True, cut="lost"))
    bench.posted()
    assert bench.bodies == [BODY]


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        for bench in bench_of():
            bench.server.api_url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            assert "ConnectError" in bench.refused().reason
            assert len(bench.clock.waits) == 4


# A run's patience


def test_an_answer_comes_byte_by_byte(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    pauses = iter([5.0] * 7)
    slowly = Fault("GET", COMMENTS, cut="trickled", between=lambda: bench.clock.pass_by(next(pauses, 0.0)))
    bench.server.fault(slowly)
    bench.posted()
    assert bench.log.count(LISTING) == 2


def test_every_answer_is_slow(bench: Bench) -> None:
    for _ in range(900):
        bench.state.add_comment(7, "mona", "text", hours_ago=2)
    slow = Fault("GET", "comments", meanwhile=lambda: bench.clock.pass_by(29.0))
    bench.server.fault(slow, times=99)
    began = bench.clock.now
    assert "no usable answer" in bench.refused().reason
    assert bench.clock.now - began < 90 + 30, "what was begun may end"
    assert len(bench.log) == 4


def test_an_outage_is_slow(bench: Bench) -> None:
    slow = Fault("GET", COMMENTS, status=502, meanwhile=lambda: bench.clock.pass_by(25.0))
    bench.server.fault(slow, times=99)
    bench.refused()
    assert bench.log.count(LISTING) == 4


def test_everything_needs_several_tries(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    for method, path in (("GET", COMMENTS), ("POST", "GRAPHQL"), ("GET", "/user"), ("PATCH", "/comments/")):
        bench.server.fault(Fault(method, path, status=502), times=4)
    bench.upsert()
    assert len(bench.log) <= 12
    assert bench.bodies in ([MARKER], [BODY])


# Rates


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_says_for_how_long(bench: Bench, status: int) -> None:
    body = '{"message": "slow down"}'
    bench.server.fault(Fault("POST", COMMENTS, status=status, body=body, headers={"retry-after": "7"}))
    bench.posted()
    assert bench.clock.waits[0] == 7.0
    assert bench.bodies == [BODY]


@pytest.mark.parametrize(("offset", "wait"), [(20.0, 20.0), (-500.0, 1.0)], ids=["ahead", "in the past"])
def test_a_limit_says_until_when(bench: Bench, offset: float, wait: float) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + offset))}
    body = '{"message": "API rate limit exceeded"}'
    bench.server.fault(Fault("GET", COMMENTS, status=403, body=body, headers=headers))
    bench.posted()
    assert bench.clock.waits[0] == wait


@pytest.mark.parametrize("token", ["actions-token", "user-token"])
def test_a_limit_lasts_longer_than_a_run_waits(bench: Bench, token: str) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + 1_800))}
    bench.server.fault(Fault("GET", COMMENTS, status=403, headers=headers), times=9)
    result = bench.refused(token=token)
    assert "rate limit" in result.reason
    assert "08:30:00 UTC" in result.reason
    assert (bench.clock.waits, len(bench.log)) == ([], 1)


@pytest.mark.parametrize("body", [SECONDARY, NAMED_IN_ADDRESS])
def test_a_secondary_limit_says_nothing(bench: Bench, body: str) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body))
    bench.posted()
    assert bench.clock.waits[0] >= 60, "never at once"
    assert bench.bodies == [BODY]


def test_a_secondary_limit_comes_twice(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=SECONDARY), times=2)
    assert "rate limit" in bench.refused().reason
    assert bench.log.count(POSTING) == 2


def test_too_many_requests_and_nothing_else(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=429, body="too many"))
    bench.posted()
    assert bench.clock.waits[0] >= 60


def test_writes_are_a_second_apart(bench: Bench) -> None:
    for _ in range(3):
        bench.state.add_comment(7, BOT, MARKER)
    bench.posted()
    assert bench.clock.waits == pytest.approx([1.0, 1.0])


# Refusals


@pytest.mark.parametrize("exists", [True, False])
def test_the_token_may_only_read(bench: Bench, exists: bool) -> None:
    if exists:
        bench.state.add_comment(7, BOT, MARKER)
    result = bench.refused(token="read-token")
    assert "Resource not accessible by integration" in result.reason
    assert BLOCK in result.advice
    assert "forks" in result.advice
    assert bench.clock.waits == []


def test_the_token_needs_more_than_usual(bench: Bench) -> None:
    headers = {"x-accepted-github-permissions": "issues=write,contents=write; organization_plan=read"}
    body = '{"message": "Resource not accessible by personal access token"}'
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body, headers=headers))
    assert "  contents: write\n  issues: write\n  pull-requests: write\n" in bench.refused().advice


def test_a_missing_permission_is_not_waited_for(bench: Bench) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + 5))}
    bench.server.fault(Fault("GET", COMMENTS, status=403, body=NO_ACCESS, headers=headers))
    assert BLOCK in bench.refused().advice
    assert bench.clock.waits == []


def test_the_token_is_wrong(bench: Bench) -> None:
    with pytest.raises(BadCredentialsError, match="Bad credentials"):
        bench.upsert(token="ghs_expired")
    assert len(bench.log) == 1


def test_the_conversation_is_locked(bench: Bench) -> None:
    bench.state.locked.add(7)
    result = bench.refused()
    assert "locked" in result.reason
    assert "Unlock" in result.advice
    assert (bench.log.count(POSTING), bench.clock.waits) == (1, [])


def test_the_conversation_is_locked_and_ours_is_there(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.state.locked.add(7)
    bench.posted()
    assert bench.bodies == [BODY]


def test_the_issue_became_a_discussion(bench: Bench) -> None:
    """GitHub locks it, and takes no comment even when it is unlocked."""
    body = '{"message": "Unable to create comment because issue is locked."}'
    used_up = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + 5))}
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body, headers=used_up))
    assert "locked" in bench.refused().reason
    assert bench.log.count(POSTING) == 1


def test_the_issue_is_deleted(bench: Bench) -> None:
    bench.state.deleted.add(7)
    result = bench.refused()
    assert "410" in result.reason
    assert "nowhere left" in result.advice
    assert len(bench.log) == 1


def test_the_token_cannot_see_the_repository(bench: Bench) -> None:
    result = bench.refused(token="blind-token")
    assert "404" in result.reason
    assert "cannot see" in result.advice


def test_the_body_is_refused_for_another_reason(bench: Bench) -> None:
    body = '{"message": "Validation Failed", "errors": [{"resource": "IssueComment", "code": "custom"}]}'
    bench.server.fault(Fault("POST", COMMENTS, status=422, body=body), times=9)
    assert "422" in bench.refused(f"{MARKER}\n".ljust(20_000, "x")).reason
    assert bench.log.count(POSTING) == 1


def test_a_proxy_removes_the_user_agent(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=403, body="Request forbidden by administrative rules."))
    assert "User-Agent" in bench.refused().advice


def test_the_refusal_quotes_the_token(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=400, body=f"Bad header\r\nAuthorization: Bearer {ACTIONS}"))
    result = bench.refused()
    assert "Bad header" in result.reason
    assert ACTIONS not in str(result)
    assert "\n" not in result.reason


# Elsewhere


def test_the_repository_is_renamed(bench: Bench) -> None:
    bench.state.repository = "acme/store"
    bench.state.old_names.add("acme/shop")
    bench.posted()
    bench.posted(f"{MARKER}\nlater")
    assert bench.bodies == [f"{MARKER}\nlater"]
    assert "POST /repositories/1296269/issues/7/comments" in bench.log
    assert any(line.startswith("PATCH /repositories/1296269/") for line in bench.log)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_write_is_redirected(bench: Bench, status: int) -> None:
    location = {"Location": "/repositories/1296269/issues/7/comments"}
    bench.server.fault(Fault("POST", COMMENTS, status=status, headers=location))
    bench.posted()
    assert bench.bodies == [BODY]


def test_the_issue_is_transferred_out_of_sight(bench: Bench) -> None:
    bench.state.moved[7] = "/repositories/4242/issues/1"
    result = bench.refused()
    assert "404" in result.reason
    assert bench.bodies == []


def test_a_redirect_leads_to_another_host(bench: Bench) -> None:
    with GitHubServer() as stranger:
        location = {"Location": f"{stranger.url}{COMMENTS}"}
        bench.server.fault(Fault("GET", COMMENTS, status=301, headers=location))
        assert "the token stays here" in bench.refused().reason
        assert stranger.requests == []


def test_the_next_page_is_on_another_host(bench: Bench) -> None:
    with GitHubServer() as stranger:
        link = {"Link": f'<{stranger.url}{COMMENTS}?page=2>; rel="next"'}
        bench.server.fault(Fault("GET", COMMENTS, status=200, body="[]", headers=link))
        assert "the token stays here" in bench.refused().reason
        assert stranger.requests == []
    assert bench.bodies == []


def test_redirects_go_in_a_circle(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=301, headers={"Location": COMMENTS}), times=99)
    assert "redirects" in bench.refused().reason
    assert len(bench.log) == 6


def test_the_server_is_an_enterprise_server() -> None:
    for bench in bench_of("/api/v3"):
        for _ in range(150):
            bench.state.add_comment(7, "mona", "text", hours_ago=2)
        bench.posted()
        bench.posted(f"{MARKER}\nlater")
        assert bench.bodies[150:] == [f"{MARKER}\nlater"]


def test_every_request_says_who_asks_and_how(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.posted()
    for request in bench.server.requests:
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["user-agent"].startswith("rocky-preview/")
        assert request.headers["authorization"] == f"Bearer {ACTIONS}"


def test_a_refusal_is_a_value(bench: Bench) -> None:
    """Whatever GitHub says, only a token that it does not know is an error."""
    for status in (400, 402, 403, 404, 405, 406, 409, 410, 415, 418, 422, 429, 451, 500, 503):
        bench.server.fault(Fault("GET", COMMENTS, status=status, body="{}"), times=5)
        assert isinstance(bench.upsert(seconds=1.0), NotPosted)
        bench.server._faults.clear()
