"""Scenarios: one comment, whatever is there already and whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.forge_bench import (
    BODY,
    BOT,
    COMMENTS,
    LISTING,
    MARKER,
    MOST_REQUESTS,
    POSTING,
    QUIET_REQUESTS,
    WHOAMI,
    Bench,
    bench_of,
)
from tests.support.github_server import Fault

LATER = f"{MARKER}\nlater"


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


def chat(bench: Bench, comments: int) -> None:
    """What other people have written before."""
    for number in range(comments):
        bench.state.add_comment(7, "mona", f"comment {number}", hours_ago=2)


# What is there already


def test_nothing_is_there(bench: Bench) -> None:
    assert bench.posted().created
    assert bench.bodies == [BODY]
    assert bench.log == [LISTING, POSTING, LISTING]


def test_ours_is_there(bench: Bench) -> None:
    mine = bench.state.add_comment(7, BOT, f"{MARKER}\nold")
    assert not bench.posted().created
    assert bench.state.comments[mine.id].body == BODY
    assert bench.log == [LISTING, WHOAMI, f"PATCH /repos/acme/shop/issues/comments/{mine.id}"]
    assert len(bench.log) == QUIET_REQUESTS


@pytest.mark.parametrize(("before", "pages"), [(30, 1), (100, 2), (300, 4), (1_300, 14)])
def test_ours_is_the_31st_or_far_down(bench: Bench, before: int, pages: int) -> None:
    chat(bench, before)
    mine = bench.state.add_comment(7, BOT, MARKER)
    bench.posted()
    assert bench.state.comments[mine.id].body == BODY
    assert len(bench.bodies) == before + 1
    assert len(bench.log) == pages + 2


@pytest.mark.parametrize("author", ["mona", "my-app[bot]", "dependabot[bot]", None])
def test_somebody_elses_comment_begins_with_the_marker(bench: Bench, author: str | None) -> None:
    bench.state.add_comment(7, author, MARKER)
    bench.posted()
    bench.posted(LATER)
    assert bench.bodies == [MARKER, LATER]


@pytest.mark.parametrize("body", [f"> {MARKER}\nquoted", f"text\n{MARKER}", f" {MARKER}", f"{MARKER} more"])
def test_our_marker_is_not_the_first_line(bench: Bench, body: str) -> None:
    bench.state.add_comment(7, BOT, body)
    bench.posted()
    assert bench.bodies == [body, BODY]


@pytest.mark.parametrize("other", ["<!-- rocky-preview:staging -->", "<!-- rocky-preview -->:x", "<!-- rocky-previe"])
def test_another_marker_has_a_common_beginning(bench: Bench, other: str) -> None:
    bench.state.add_comment(7, BOT, f"{other}\nanother instance")
    bench.posted()
    assert bench.bodies == [f"{other}\nanother instance", BODY]


@pytest.mark.parametrize("body", [f"{MARKER}\r\nwritten on Windows", MARKER])
def test_the_markers_line_ends_otherwise(bench: Bench, body: str) -> None:
    bench.state.add_comment(7, BOT, body)
    bench.posted()
    assert bench.bodies == [BODY]


def test_ours_is_hidden_and_stays_so(bench: Bench) -> None:
    mine = bench.state.add_comment(7, BOT, MARKER)
    bench.state.hide(mine)
    bench.posted()
    assert bench.state.comments[mine.id].hidden
    assert bench.bodies == [BODY]


def test_the_body_has_no_marker(bench: Bench) -> None:
    bench.posted("ready Markdown")
    bench.posted("ready Markdown")
    assert bench.bodies == [f"{MARKER}\nready Markdown"]


# Doubles


def test_there_are_doubles(bench: Bench) -> None:
    for number in range(3):
        bench.state.add_comment(7, BOT, f"{MARKER}\n{number}")
    bench.state.add_comment(7, "mona", f"{MARKER}\nmine")
    bench.posted()
    assert bench.bodies == [BODY, f"{MARKER}\nmine"]


def test_there_are_more_doubles_than_one_run_may_delete(bench: Bench) -> None:
    for number in range(15):
        bench.state.add_comment(7, BOT, f"{MARKER}\n{number}")
    bench.posted()
    assert len(bench.log) == MOST_REQUESTS
    assert 1 < len(bench.bodies) < 15
    bench.posted(LATER)
    assert bench.bodies == [LATER]


def test_somebody_else_deletes_the_double_too(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    double = bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("DELETE", "/comments/", meanwhile=lambda: bench.state.remove(double)))
    bench.posted()
    assert bench.bodies == [BODY]


def test_doubles_cannot_be_deleted(bench: Bench) -> None:
    for _ in range(3):
        bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("DELETE", "/comments/", status=502), times=9)
    bench.posted()
    assert bench.bodies[0] == BODY


# What happens on the way


def test_ours_is_deleted_before_it_is_written(bench: Bench) -> None:
    chat(bench, 250)
    mine = bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=lambda: bench.state.remove(mine)))
    assert bench.posted().created
    assert bench.bodies[250:] == [BODY]
    assert sum("/comments" in line and line.startswith("GET") for line in bench.log) == 5, "the second list is short"


def test_ours_is_deleted_and_a_double_is_there(bench: Bench) -> None:
    first = bench.state.add_comment(7, BOT, MARKER)
    second = bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=lambda: bench.state.remove(first)))
    bench.posted()
    assert bench.bodies == [BODY]
    assert bench.state.comments[second.id].body == BODY


def test_a_replica_still_lists_a_deleted_comment(bench: Bench) -> None:
    bench.state.add_comment(7, BOT, MARKER)
    gone = Fault("PATCH", "/comments/1001", status=404, body='{"message": "Not Found"}')
    bench.server.fault(gone, times=3)
    assert bench.posted().created
    assert bench.log.count("PATCH /repos/acme/shop/issues/comments/1001") == 1


def test_ours_vanishes_again_and_again(bench: Bench) -> None:
    def vanish() -> None:
        bench.state.comments.clear()
        bench.state.add_comment(7, BOT, f"{MARKER}\nanother run's")

    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("PATCH", "/comments/", meanwhile=vanish), times=50)
    assert "vanishes" in bench.refused().reason


# A create without an answer


@pytest.mark.parametrize("cut", ["lost", "truncated"])
def test_the_answer_is_lost_and_the_comment_is_there(bench: Bench, cut: str) -> None:
    chat(bench, 250)
    bench.server.fault(Fault("POST", COMMENTS, perform=True, cut="lost" if cut == "lost" else "truncated"))
    assert bench.posted().created
    assert bench.bodies[250:] == [BODY]
    assert bench.log.count(POSTING) == 1
    assert 2 <= bench.clock.waits[0] <= 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_the_create_fails_and_the_comment_is_there(bench: Bench, status: int) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=status, perform=True))
    bench.posted()
    assert bench.bodies == [BODY]
    assert bench.log.count(POSTING) == 1


def test_the_create_fails_and_the_comment_is_not_there(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=502, body="<html>unicorn</html>"))
    assert bench.posted().created
    assert bench.bodies == [BODY]
    assert bench.log.count(POSTING) == 2


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"id": 1001, "html_url": "https://github.com/c"}'])
def test_the_answer_to_the_create_is_none(bench: Bench, body: str) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=201, body=body, perform=True))
    bench.posted()
    assert bench.bodies == [BODY]
    assert bench.log.count(POSTING) == 1


def test_a_replica_does_not_list_what_was_created(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, perform=True, cut="lost"))
    bench.state.hidden_lists = 1
    bench.posted()
    assert bench.log.count(POSTING) == 2
    assert bench.bodies == [BODY], "the double is merged in the same run"


def test_the_create_never_succeeds(bench: Bench) -> None:
    bench.server.fault(Fault("POST", COMMENTS, status=502), times=50)
    assert "no usable answer" in bench.refused().reason
    assert bench.log.count(POSTING) <= 4


def test_the_list_after_a_create_fails(bench: Bench) -> None:
    bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault("GET", COMMENTS, status=502), times=5)
    assert bench.posted().created


# Two runs at once


@pytest.mark.parametrize("at", ["GET", "POST", "second GET"])
def test_two_runs_create_at_once(bench: Bench, at: str) -> None:
    def other() -> None:
        bench.upsert(LATER)

    if at == "second GET":
        bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault(at[-4:].strip(), COMMENTS, meanwhile=other))
    bench.posted()
    (body,) = bench.bodies
    assert body in {BODY, LATER}
    bench.posted()
    assert bench.bodies == [BODY]


@pytest.mark.parametrize("at", ["GET", "PATCH"])
def test_two_runs_update_at_once(bench: Bench, at: str) -> None:
    mine = bench.state.add_comment(7, BOT, MARKER)

    def other() -> None:
        bench.upsert(LATER)

    bench.server.fault(Fault(at, "/comments", meanwhile=other))
    bench.posted()
    assert bench.bodies == [BODY]
    assert [*bench.state.comments] == [mine.id]


def test_another_run_creates_first(bench: Bench) -> None:
    def other() -> None:
        bench.state.add_comment(7, BOT, f"{MARKER}\nthe other run's")

    bench.server.fault(Fault("POST", COMMENTS, meanwhile=other))
    assert not bench.posted().created
    assert [*bench.state.comments] == [1001], "the lowest id stays"
    assert bench.bodies == [BODY]


def test_another_run_creates_second(bench: Bench) -> None:
    def other() -> None:
        bench.state.add_comment(7, BOT, f"{MARKER}\nthe other run's")

    bench.server.fault(Fault("GET", COMMENTS))
    bench.server.fault(Fault("GET", COMMENTS, meanwhile=other))
    assert bench.posted().created
    assert [*bench.state.comments] == [1001]
    assert bench.bodies == [BODY]


# Who we are


@pytest.mark.parametrize(
    ("token", "login"), [("actions-token", BOT), ("app-token", "my-app[bot]"), ("user-token", "mona")]
)
def test_each_kind_of_token_finds_its_own(bench: Bench, token: str, login: str) -> None:
    for author in (BOT, "my-app[bot]", "mona"):
        bench.state.add_comment(7, author, f"{MARKER}\n{author}")
    bench.posted(token=token)
    mine = [comment.author for comment in bench.state.comments.values() if comment.body == BODY]
    assert mine == [login]
    assert len(bench.bodies) == 3


@pytest.mark.parametrize(("token", "login"), [("user-token", "mona"), ("actions-token", BOT)])
def test_there_is_no_graphql(bench: Bench, token: str, login: str) -> None:
    mine = bench.state.add_comment(7, login, MARKER)
    bench.server.fault(Fault("POST", "GRAPHQL", status=404))
    bench.posted(token=token)
    assert bench.state.comments[mine.id].body == BODY
    assert len(bench.bodies) == 1


def test_an_app_learns_who_it_is_from_its_own_comment(bench: Bench) -> None:
    mine = bench.state.add_comment(7, "my-app[bot]", MARKER)
    bench.server.fault(Fault("POST", "GRAPHQL", status=404))
    bench.posted(token="app-token")
    assert bench.state.comments[mine.id].body == BODY
    assert len(bench.bodies) == 1


def test_nobody_says_who_we_are(bench: Bench) -> None:
    bench.state.add_comment(7, "mona", MARKER)
    bench.server.fault(Fault("POST", "GRAPHQL", status=404))
    bench.server.fault(Fault("GET", "/user", status=502), times=5)
    assert "no usable answer" in bench.refused(token="user-token").reason
    assert bench.bodies == [MARKER]


# A list that is no answer


@pytest.mark.parametrize("body", ["<html>unicorn</html>", '[{"id": 1', '{"message": "?"}', '["?"]', '[{"id": "7"}]'])
def test_the_list_is_none(bench: Bench, body: str) -> None:
    bench.server.fault(Fault("GET", COMMENTS, status=200, body=body), times=9)
    assert "no usable answer" in bench.refused().reason
    assert bench.bodies == []


def test_the_list_breaks_off_on_a_later_page(bench: Bench) -> None:
    chat(bench, 150)
    bench.state.add_comment(7, BOT, MARKER)
    bench.server.fault(Fault("GET", "/repositories/", cut="truncated", status=200, body="[]" * 100), times=9)
    bench.refused()
    assert len(bench.bodies) == 151


def test_the_pages_of_the_list_go_in_a_circle(bench: Bench) -> None:
    chat(bench, 3)
    link = {"Link": f'<{bench.server.url}{COMMENTS}?page=2>; rel="next"'}
    page = '[{"id": 1, "html_url": "x", "body": "", "user": null}]'
    bench.server.fault(Fault("GET", COMMENTS, status=200, body=page, headers=link), times=99)
    assert "circle" in bench.refused().reason
    assert len(bench.log) <= 3
