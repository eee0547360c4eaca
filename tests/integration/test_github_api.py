"""The client and the sticky comment over real sockets, against a server that behaves as GitHub does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from rocky_action.domain.pull_request import PullRequest
from rocky_action.errors import ForgeError, InputError
from rocky_action.forges.comments import CommentResult, NotPosted, Posted, upsert_comment
from rocky_action.forges.github_actions import Event
from rocky_action.forges.github_api import GitHub, route
from rocky_action.forges.patience import Patience
from rocky_action.forges.pull_requests import (
    find_pull_request,
    pull_request,
    refuse_strangers_sql,
    resolve_pull_request,
)
from rocky_action.forges.refusals import BadCredentialsError, RateLimitedError
from tests.support.forge_bench import (
    BODY,
    BOT,
    COMMENTS,
    LISTING,
    MARKER,
    POSTING,
    SHA,
    Bench,
    Clock,
    bench_of,
)
from tests.support.github_server import Fault, GitHubServer
from tests.support.github_state import Pull


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


def refused(result: CommentResult) -> NotPosted:
    assert isinstance(result, NotPosted)
    return result


# One comment


def test_the_first_run_creates_and_the_second_updates(bench: Bench) -> None:
    first = bench.upsert()
    second = bench.upsert(f"{MARKER}\nlater")
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert (first.created, second.created) == (True, False)
    assert first.url == second.url
    assert bench.bodies == [f"{MARKER}\nlater"]


def test_a_quiet_update_takes_three_requests(bench: Bench) -> None:
    mine = bench.state.add_comment(7, BOT, f"{MARKER}\nold")
    bench.upsert()
    assert bench.server.log == [LISTING, "POST GRAPHQL", f"PATCH /repos/acme/shop/issues/comments/{mine.id}"]


def test_a_body_without_marker_gets_it(bench: Bench) -> None:
    bench.upsert("just text")
    bench.upsert("just text")
    assert bench.bodies == [f"{MARKER}\njust text"]


def test_all_pages_are_walked(bench: Bench) -> None:
    for number in range(250):
        bench.state.add_comment(7, "mona", f"comment {number}")
    mine = bench.state.add_comment(7, BOT, MARKER)
    bench.upsert()
    assert bench.state.comments[mine.id].body == BODY
    assert len(bench.bodies) == 251
    assert bench.server.log[:3] == [LISTING, *["GET /repositories/1296269/issues/7/comments"] * 2]


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("mona", BODY),
        ("my-app[bot]", BODY),
        (None, BODY),
        (BOT, f"> {MARKER}\nquoted"),
        (BOT, f"text\n{MARKER}\n"),
        (BOT, f"{MARKER} and more on the line"),
        (BOT, "<!-- rocky-preview:staging -->\nanother instance"),
        (BOT, ""),
    ],
)
def test_a_comment_that_is_not_ours_is_left_alone(bench: Bench, author: str | None, body: str) -> None:
    bench.state.add_comment(7, author, body)
    result = bench.upsert(f"{MARKER}\nnew")
    assert isinstance(result, Posted)
    assert result.created
    assert bench.bodies == [body, f"{MARKER}\nnew"]


@pytest.mark.parametrize("body", [MARKER, f"{MARKER}\nold", f"{MARKER}\r\nold"])
def test_the_marker_may_end_its_line_in_any_way(bench: Bench, body: str) -> None:
    bench.state.add_comment(7, BOT, body)
    bench.upsert()
    assert bench.bodies == [BODY]


def test_duplicates_of_ours_are_deleted_and_the_lowest_stays(bench: Bench) -> None:
    first = bench.state.add_comment(7, BOT, f"{MARKER}\none")
    bench.state.add_comment(7, "mona", f"{MARKER}\nquoted by mona")
    bench.state.add_comment(7, BOT, f"{MARKER}\ntwo")
    bench.state.add_comment(7, BOT, f"{MARKER}\nthree")
    bench.upsert()
    assert bench.bodies == [BODY, f"{MARKER}\nquoted by mona"]
    assert bench.state.comments[first.id].body == BODY
    assert bench.clock.waits == pytest.approx([1.0, 1.0]), "a second between writes"


def test_a_duplicate_that_cannot_be_deleted_does_not_unpost_the_comment(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("DELETE", "/comments/", status=403, body='{"message": "no"}'))
    assert isinstance(bench.upsert(), Posted)


def test_an_outage_while_cleaning_up_does_not_unpost_the_comment(bench: Bench) -> None:
    for _ in range(3):
        bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("DELETE", "/comments/", status=502), times=5)
    assert isinstance(bench.upsert(), Posted)
    assert len(bench.bodies) == 3


# Identity


@pytest.mark.parametrize(
    ("token", "login"), [("actions-token", BOT), ("app-token", "my-app[bot]"), ("user-token", "mona")]
)
def test_graphql_knows_every_kind_of_token(bench: Bench, token: str, login: str) -> None:
    github = bench.github(token)
    assert github.login == login
    assert github.login == login
    assert bench.server.log == ["POST GRAPHQL"]


@pytest.mark.parametrize(("token", "login"), [("actions-token", BOT), ("user-token", "mona")])
def test_without_graphql_the_user_is_asked_and_then_actions_assumed(bench: Bench, token: str, login: str) -> None:
    bench.server.fault(Fault("POST", "GRAPHQL", status=404))
    assert bench.github(token).login == login
    assert bench.server.log == ["POST GRAPHQL", "GET /user"]


def test_an_unknown_author_creates_nothing_when_github_is_down(bench: Bench) -> None:
    bench.state.add_comment(7, "mona", MARKER)
    bench.server.fault(Fault("POST", "GRAPHQL", status=404))
    bench.server.fault(Fault("GET", "/user", status=502), times=5)
    assert "no usable answer" in refused(bench.upsert(token="user-token")).reason
    assert bench.bodies == [MARKER]


# An answer that never came


@pytest.mark.parametrize("cut", ["lost", "truncated"])
def test_a_post_that_was_carried_out_without_an_answer_is_not_repeated(bench: Bench, cut: str) -> None:
    bench.server.fault(Fault("POST", COMMENTS, perform=True, cut="lost" if cut == "lost" else "truncated"))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created
    assert bench.bodies == [BODY]
    assert bench.server.log.count(POSTING) == 1
    assert 2 <= bench.clock.waits[0] <= 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", COMMENTS, status=502, body="<html>unicorn</html>"),
        Fault("POST", COMMENTS, status=500, perform=True),
        Fault("POST", COMMENTS, cut="lost"),
        Fault("POST", COMMENTS, status=201, body="{}", perform=True),
        Fault("POST", COMMENTS, status=201, body="<html>", perform=True),
    ],
)
def test_an_ambiguous_post_ends_in_one_comment(bench: Bench, fault: Fault) -> None:
    bench.server.fault(fault)
    assert isinstance(bench.upsert(), Posted)
    assert bench.bodies == [BODY]
    assert bench.server.log.count(POSTING) == (1 if fault.perform else 2)


def test_a_comment_that_a_replica_hides_is_merged_with_its_double(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, perform=True, cut="lost"))
    bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault("GET", COMMENTS, status=200, body="[]"))
    assert isinstance(bench.upsert(), Posted)
    assert bench.server.log.count(POSTING) == 2
    assert bench.bodies == [BODY]


def test_posts_are_not_tried_for_ever(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=502), times=50)
    assert "no usable answer" in refused(bench.upsert()).reason
    assert bench.server.log.count(POSTING) <= 4


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, "<html>unicorn</html>"),
        (200, "<html>unicorn</html>"),
        (200, '[{"id": 1'),
        (200, '{"message": "not a list"}'),
        (503, ""),
    ],
)
def test_a_list_is_asked_for_again_until_it_is_one(bench: Bench, status: int, body: str) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("GET", COMMENTS, status=status, body=body), times=2)
    assert isinstance(bench.upsert(), Posted)
    assert bench.bodies == [BODY]
    assert bench.server.log.count(LISTING) == 3
    assert 0.5 <= bench.clock.waits[0] <= 1 <= bench.clock.waits[1] <= 2


@pytest.mark.parametrize("body", ["<html>", '["no comment"]', '[{"id": "7"}]', '{"message": "no list"}'])
def test_nothing_is_created_on_a_list_that_is_no_answer(bench: Bench, body: str) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=200, body=body), times=50)
    assert "no usable answer" in refused(bench.upsert()).reason
    assert bench.bodies == []
    assert bench.server.log.count(LISTING) <= 5


def test_a_list_that_breaks_off_on_a_later_page_creates_nothing(bench: Bench) -> None:
    for _ in range(150):
        bench.state.add_comment(7, "mona", "text")
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("GET", "/repositories/", cut="truncated", status=200, body="[]" * 100), times=5)
    refused(bench.upsert())
    assert len(bench.bodies) == 151


def test_an_update_is_repeated_after_an_outage(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", status=502))
    bench.server.fault(Fault("PATCH", "/comments/", perform=True, cut="lost"))
    assert isinstance(bench.upsert(), Posted)
    assert bench.bodies == [BODY]


def test_all_waiting_stays_within_the_budget(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=502), times=50)
    bench.upsert(seconds=3.0)
    assert sum(bench.clock.waits) <= 3.0


def test_the_time_that_failing_requests_take_counts(bench: Bench) -> None:
    def slow() -> None:
        bench.clock.now += 25.0

    bench.server.fault(Fault("GET", COMMENTS, status=502, meanwhile=slow), times=50)
    refused(bench.upsert(seconds=60.0))
    assert bench.server.log.count(LISTING) == 3


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        clock = Clock()
        github = GitHub(
            "secret-token",
            api_url=address,
            graphql_url=f"{address}/graphql",
            client=httpx.Client(trust_env=False),
            patience=Patience(sleep=clock.sleep, clock=clock),
        )
        result = upsert_comment(github, owner="acme", repository="shop", number=7, marker=MARKER, body=lambda _: BODY)
        github.close()
    assert "ConnectError" in refused(result).reason
    assert len(clock.waits) == 4


# Races


def test_two_runs_that_create_at_once_keep_the_lowest(bench: Bench) -> None:
    def other_run() -> None:
        bench.state.add_comment(7, BOT, f"{MARKER}\nthe other run's")

    bench.server.fault(Fault("POST", COMMENTS, meanwhile=other_run))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert not result.created
    assert bench.bodies == [BODY]


def test_the_run_that_came_first_deletes_the_later_one(bench: Bench) -> None:
    def other_run() -> None:
        bench.state.add_comment(7, BOT, f"{MARKER}\nthe other run's")

    bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault("GET", COMMENTS, meanwhile=other_run))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created
    assert bench.bodies == [BODY]


def test_a_created_comment_without_an_author_is_looked_for(bench: Bench) -> None:
    answer = '{"id": 1001, "html_url": "https://github.com/c"}'
    bench.server.fault(Fault("POST", COMMENTS, status=201, body=answer, perform=True))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created
    assert result.url.endswith("/pull/7#issuecomment-1001")
    assert bench.server.log == [LISTING, POSTING, LISTING, "POST GRAPHQL"]


def test_the_list_after_a_create_is_short(bench: Bench) -> None:
    bench.upsert()
    assert bench.server.log == [LISTING, POSTING, LISTING]
    assert "since" in bench.server.requests[2].query


def test_a_create_counts_even_if_the_list_after_it_fails(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault("GET", COMMENTS, status=502), times=5)
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created


def test_both_runs_may_clean_up(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    double = bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("DELETE", "/comments/", meanwhile=lambda: bench.state.remove(double)))
    assert isinstance(bench.upsert(), Posted)
    assert bench.bodies == [BODY]


def test_a_comment_that_was_deleted_meanwhile_is_created_again(bench: Bench) -> None:
    mine = bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=lambda: bench.state.remove(mine)))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created
    assert bench.bodies == [BODY]


def test_after_a_deletion_another_of_ours_is_taken(bench: Bench) -> None:
    first = bench.state.add_comment(7, BOT, MARKER)
    second = bench.state.add_comment(7, BOT, f"{MARKER}\nsecond")
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=lambda: bench.state.remove(first)))
    assert isinstance(bench.upsert(), Posted)
    assert bench.state.comments[second.id].body == BODY
    assert len(bench.bodies) == 1


def test_a_ghost_in_a_lagging_list_is_not_chased(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", status=404, body='{"message": "Not Found"}'))
    result = bench.upsert()
    assert isinstance(result, Posted)
    assert result.created


def test_a_comment_that_always_vanishes_is_given_up(bench: Bench) -> None:
    def vanish() -> None:
        for comment in list(bench.state.comments.values()):
            bench.state.remove(comment)
        bench.state.add_comment(7, BOT, f"{MARKER}\nanother run's")

    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=vanish), times=50)
    assert "vanishes" in refused(bench.upsert()).reason


# Refusals


@pytest.mark.parametrize("exists", [True, False])
def test_a_read_only_token_is_told_what_to_add(bench: Bench, exists: bool) -> None:
    if exists:
        bench.state.add_comment(7, BOT, MARKER)
    result = refused(bench.upsert(token="read-token"))
    assert "Resource not accessible by integration" in result.reason
    assert "permissions:\n  contents: read\n  pull-requests: write\n" in result.advice
    assert "forks" in result.advice
    assert bench.clock.waits == []


def test_the_permissions_block_follows_the_header(bench: Bench) -> None:
    headers = {"x-accepted-github-permissions": "issues=write,contents=write; organization_plan=read"}
    body = '{"message": "Resource not accessible by personal access token"}'
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body, headers=headers))
    advice = refused(bench.upsert()).advice
    assert "permissions:\n  contents: write\n  issues: write\n  pull-requests: write\n" in advice


@pytest.mark.parametrize("token", ["wrong", "ghs_expired"])
def test_a_wrong_token_is_an_error_at_once(bench: Bench, token: str) -> None:
    with pytest.raises(BadCredentialsError, match="Bad credentials") as caught:
        bench.upsert(token=token)
    assert isinstance(caught.value, ForgeError)
    assert caught.value.exit_code == 3
    assert token not in str(caught.value)
    assert len(bench.server.log) == 1


def test_a_locked_conversation_is_said_so(bench: Bench) -> None:
    bench.state.locked.add(7)
    result = refused(bench.upsert())
    assert "locked" in result.reason
    assert "Unlock" in result.advice
    assert bench.server.log.count(POSTING) == 1


def test_a_deleted_issue_is_said_so(bench: Bench) -> None:
    bench.state.deleted.add(7)
    assert "410" in refused(bench.upsert()).reason


def test_a_pull_request_that_the_token_cannot_see_is_said_so(bench: Bench) -> None:
    result = refused(bench.upsert(token="blind-token"))
    assert "404" in result.reason
    assert "cannot see" in result.advice


def test_a_body_that_is_too_long_is_said_so_and_the_old_one_stays(bench: Bench) -> None:
    bench.upsert()
    result = refused(bench.upsert(BODY + "x" * 65_536))
    assert "too long" in result.reason
    assert bench.bodies == [BODY]


def test_the_longest_body_in_emoji_fits(bench: Bench) -> None:
    assert isinstance(bench.upsert(f"{MARKER}\n".ljust(65_536, "🪨")), Posted)


def test_a_refusal_never_shows_the_token(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=400, body="Bad header\r\nAuthorization: Bearer actions-token"))
    reason = refused(bench.upsert()).reason
    assert "Bad header" in reason
    assert "actions-token" not in reason
    assert "\n" not in reason
    assert "actions-token" not in repr(bench.github())


# Rate limits


def test_retry_after_is_obeyed(bench: Bench) -> None:
    headers = {"retry-after": "7"}
    bench.server.fault(Fault("POST", COMMENTS, status=429, body='{"message": "slow down"}', headers=headers))
    assert isinstance(bench.upsert(), Posted)
    assert bench.clock.waits[0] == 7.0
    assert bench.bodies == [BODY]


@pytest.mark.parametrize(("offset", "wait"), [(20.0, 20.0), (-500.0, 1.0)])
def test_a_used_up_limit_is_waited_for(bench: Bench, offset: float, wait: float) -> None:
    reset = str(int(bench.clock.now + offset))
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    bench.server.fault(Fault("GET", COMMENTS, status=403, body='{"message": "API rate limit"}', headers=headers))
    assert isinstance(bench.upsert(), Posted)
    assert bench.clock.waits[0] == wait


def test_a_limit_beyond_the_budget_is_given_up_at_once(bench: Bench) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + 1_800))}
    bench.server.fault(Fault("GET", COMMENTS, status=403, headers=headers))
    result = refused(bench.upsert())
    assert "rate limit" in result.reason
    assert "08:30:00 UTC" in result.reason
    assert bench.clock.waits == []


@pytest.mark.parametrize(
    "body",
    [
        '{"message": "You have exceeded a secondary rate limit."}',
        '{"message": "Wait", "documentation_url": "https://docs.github.com/rest#about-secondary-rate-limits"}',
    ],
)
def test_a_secondary_limit_is_never_retried_soon(bench: Bench, body: str) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=403, body=body))
    assert isinstance(bench.upsert(seconds=120.0), Posted)
    assert bench.clock.waits[0] >= 60
    bench.server.fault(Fault("GET", COMMENTS, status=403, body=body))
    assert "rate limit" in refused(bench.upsert(seconds=59.0)).reason


def test_a_missing_permission_is_no_rate_limit(bench: Bench) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(bench.clock.now + 5))}
    body = '{"message": "Resource not accessible by integration"}'
    bench.server.fault(Fault("GET", COMMENTS, status=403, body=body, headers=headers))
    refused(bench.upsert())
    assert bench.clock.waits == []


# Addresses


def test_a_renamed_repository_is_followed_with_the_method_kept(bench: Bench) -> None:
    bench.state.repository = "acme/store"
    bench.state.old_names.add("acme/shop")
    assert isinstance(bench.upsert(), Posted)
    assert isinstance(bench.upsert(f"{MARKER}\nlater"), Posted)
    assert bench.bodies == [f"{MARKER}\nlater"]
    assert "POST /repositories/1296269/issues/7/comments" in bench.server.log


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_every_redirect_keeps_the_method_and_the_body(bench: Bench, status: int) -> None:
    location = {"Location": "/repositories/1296269/issues/7/comments"}
    bench.server.fault(Fault("POST", COMMENTS, status=status, headers=location))
    assert isinstance(bench.upsert(), Posted)
    assert bench.bodies == [BODY]


def test_a_redirect_to_another_host_does_not_get_the_token(bench: Bench) -> None:
    with GitHubServer() as stranger:
        location = {"Location": f"{stranger.url}{COMMENTS}"}
        bench.server.fault(Fault("GET", COMMENTS, status=301, headers=location))
        assert "the token stays here" in refused(bench.upsert()).reason
        assert stranger.requests == []


def test_a_next_page_on_another_host_does_not_get_the_token(bench: Bench) -> None:
    with GitHubServer() as stranger:
        link = {"Link": f'<{stranger.url}{COMMENTS}?page=2>; rel="next"'}
        bench.server.fault(Fault("GET", COMMENTS, status=200, body="[]", headers=link))
        assert "the token stays here" in refused(bench.upsert()).reason
        assert stranger.requests == []
    assert bench.bodies == []


def test_a_redirect_to_nowhere_is_no_answer(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=301, headers={"Location": "http://a:b:c"}))
    assert isinstance(bench.upsert(), Posted)


def test_a_removed_user_agent_is_suspected(bench: Bench) -> None:
    said = "Request forbidden by administrative rules."
    bench.server.fault(Fault("GET", COMMENTS, status=403, body=said))
    assert "User-Agent" in refused(bench.upsert()).advice


def test_redirects_in_a_circle_end(bench: Bench) -> None:
    location = {"Location": COMMENTS}
    bench.server.fault(Fault("GET", COMMENTS, status=301, headers=location), times=50)
    assert "redirects" in refused(bench.upsert()).reason
    assert len(bench.server.log) == 6


def test_a_chain_of_pages_in_a_circle_ends(bench: Bench) -> None:
    link = {"Link": f'<{bench.server.url}{COMMENTS}?page=2>; rel="next"'}
    bench.server.fault(Fault("GET", COMMENTS, status=200, body="[]", headers=link), times=400)
    assert "pages" in refused(bench.upsert()).reason
    assert bench.bodies == []


def test_the_base_path_of_an_enterprise_server_is_never_lost() -> None:
    for bench in bench_of("/api/v3"):
        for _ in range(150):
            bench.state.add_comment(7, "mona", "text")
        assert isinstance(bench.upsert(), Posted)
        assert isinstance(bench.upsert(f"{MARKER}\nlater"), Posted)
        assert bench.bodies[-1] == f"{MARKER}\nlater"
        assert len(bench.bodies) == 151
        assert not [line for line in bench.server.log if "/outside" in line]


def test_every_request_says_who_asks_and_how(bench: Bench) -> None:
    bench.upsert()
    for request in bench.server.requests:
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["user-agent"].startswith("rocky-preview/")
        assert request.headers["authorization"] == "Bearer actions-token"


def test_parts_of_an_address_may_hold_anything() -> None:
    assert route("repos", "a/b", "c?d", 7) == "repos/a%2Fb/c%3Fd/7"


@pytest.mark.parametrize("token", ["", "  ", "to\nken", "tökén"])
def test_a_token_that_cannot_be_one_is_the_callers_mistake(token: str) -> None:
    with pytest.raises(InputError) as caught:
        GitHub(token, client=httpx.Client())
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize("address", ["", "api.github.com", "ftp://example.org", "http://", "http://a:b:c"])
def test_an_address_that_is_none_is_the_callers_mistake(address: str) -> None:
    with pytest.raises(InputError, match="GITHUB_API_URL"):
        GitHub("token", api_url=address, client=httpx.Client())


# Pull requests

FEATURE = PullRequest("acme", "shop", 7, "feature", SHA, "main")


def find(bench: Bench, branch: str = "feature", *, head_owner: str = "acme", sha: str | None = None) -> int | None:
    found = find_pull_request(
        bench.github(), owner="acme", repository="shop", head_owner=head_owner, branch=branch, sha=sha
    )
    return found.number if found else None


def test_a_pull_request_by_number(bench: Bench) -> None:
    assert pull_request(bench.github(), owner="acme", repository="shop", number=7) == FEATURE
    with pytest.raises(ForgeError, match="no pull request #8 in acme/shop"):
        pull_request(bench.github(), owner="acme", repository="shop", number=8)


def test_an_answer_that_describes_no_pull_request_is_an_error(bench: Bench) -> None:
    bench.server.fault(Fault("GET", "/pulls/7", status=200, body='{"number": 7}'))
    with pytest.raises(ForgeError, match="does not describe"):
        pull_request(bench.github(), owner="acme", repository="shop", number=7)


def test_a_pull_request_by_branch(bench: Bench) -> None:
    bench.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="stranger", fork=True))
    bench.state.add_pull(9, "", "", pull=Pull(9, "feature", SHA, head_owner="acme", state="closed"))
    bench.state.add_pull(10, "other", SHA)
    assert find(bench) == 7
    assert find(bench, head_owner="stranger") == 8
    assert find(bench, "nothing") is None
    assert find(bench, sha=SHA) == 7
    assert find(bench, sha="c" * 40) is None


def test_of_several_bases_the_newest_pull_request_is_taken(bench: Bench) -> None:
    bench.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, base="release", head_owner="acme"))
    assert find(bench) == 8


def test_a_filter_that_is_ignored_does_not_reach_a_strangers_pull_request(bench: Bench) -> None:
    state = bench.state
    state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="stranger", fork=True))
    state.add_pull(9, "", "", pull=Pull(9, "feature", SHA))  # its fork was deleted
    state.add_pull(10, "", "", pull=Pull(10, "feature", SHA, head_owner="acme", state="closed"))
    state.add_pull(11, "", "", pull=Pull(11, "feature", SHA, head_owner="other", fork=True))
    everyone = httpx.Response(200, json=[state.pull_json(pull) for pull in state.pulls.values()]).text
    bench.server.fault(Fault("GET", "/pulls$", status=200, body=everyone), times=3)
    assert find(bench) == 7
    assert find(bench, head_owner="Stranger") == 8
    assert find(bench, "renamed") is None


def test_a_fork_in_the_same_organisation_is_a_fork(bench: Bench) -> None:
    bench.state.pulls.clear()
    bench.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="acme", fork=True))
    assert find(bench) is None
    assert pull_request(bench.github(), owner="acme", repository="shop", number=8).from_fork


EVENT = Event("workflow_dispatch", "acme", "shop", SHA, "feature", "acme")


@pytest.mark.parametrize(
    ("event", "number"),
    [
        (EVENT, 7),
        (replace(EVENT, sha="c" * 40), 7),
        (replace(EVENT, branch=None), None),
        (replace(EVENT, name="push"), 7),
        (replace(EVENT, name="push", sha="c" * 40), None),
        (replace(EVENT, name="push", branch="main"), None),
        (replace(EVENT, name="push", branch=None), None),
        (replace(EVENT, name="workflow_run", head_owner="stranger"), 8),
        (replace(EVENT, name="workflow_run", head_owner="stranger", sha="c" * 40), None),
        (replace(EVENT, name="merge_group"), None),
        (replace(EVENT, name="schedule"), None),
        (replace(EVENT, name="pull_request", pull_request=FEATURE), 7),
    ],
)
def test_which_pull_request_a_run_is_about(bench: Bench, event: Event, number: int | None) -> None:
    bench.state.add_pull(8, "", "", pull=Pull(8, "feature", SHA, head_owner="stranger", fork=True))
    found = resolve_pull_request(event, bench.github(), number=None)
    assert (found.number if found else None) == number


def test_a_number_that_was_asked_for_wins(bench: Bench) -> None:
    bench.state.add_pull(12, "twelve", SHA)
    found = resolve_pull_request(EVENT, bench.github(), number=12)
    assert found is not None
    assert found.head_ref == "twelve"


def test_pull_request_target_is_refused_with_the_reason(bench: Bench) -> None:
    event = replace(EVENT, name="pull_request_target", pull_request=FEATURE)
    for builds in (True, False):
        with pytest.raises(InputError, match="stranger's SQL"):
            refuse_strangers_sql(event, builds=builds)


def test_a_limit_while_resolving_is_an_error_with_advice(bench: Bench) -> None:
    bench.server.fault(Fault("GET", "/pulls/7", status=429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitedError, match="rate limit"):
        pull_request(bench.github(), owner="acme", repository="shop", number=7)
