"""Scenarios: what the comment remembers of the last preview, and when it had better not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rocky_action.domain.diff import Column, ModelDiff, RowDiff, SchemaDiff
from rocky_action.domain.history import Content, Counts, Digest, Earlier, ModelDigest
from rocky_action.domain.pull_request import PullRequest
from rocky_action.domain.report import Report, Unchecked, Verdict
from rocky_action.forges.comments import Continued, Posted, upsert_comment
from rocky_action.remembering import Memory
from rocky_action.rendering.cutting import cut
from rocky_action.wire.digest import Seal, digest_line, line_in
from tests.support import five_models
from tests.support.forge_bench import (
    ACTIONS,
    BOT,
    LISTING,
    MARKER,
    MOST_REQUESTS,
    POSTING,
    QUIET_REQUESTS,
    WHOAMI,
    Action,
    Bench,
    bench_of,
)
from tests.support.github_server import Fault, GitHubServer
from tests.support.github_state import Comment, Review
from tests.support.pull_request import NUMBER
from tests.support.pull_request import PullRequest as Checkout
from tests.support.reports import CUSTOMER_KEY, EXHAUSTIVE, no_change, report_of, sixty_models

A, B, C = "a" * 40, "b" * 40, "c" * 40
KEY = "a secret of the repository"
SINCE = "**Since the last preview** (`{}`): "
REVIEWS = "GET /repos/acme/shop/pulls/7/reviews"
FAILED = f"{MARKER}\n### No preview"


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_of()


def report(checksum: int | None = 1, *, rows: int = 1_720, verdict: Verdict = Verdict.CHANGED) -> Report:
    """One model that differs from base; the checksum stands for what it holds."""
    diff = ModelDiff(
        "fct_revenue", SchemaDiff(), RowDiff(1_840, rows, 0, 1_840 - rows, 312), EXHAUSTIVE, key=CUSTOMER_KEY
    )
    content = Content("fct_revenue", (), (Column("revenue", "DOUBLE"),), rows, checksum)
    return replace(report_of(diff, verdict=verdict), contents=(content,))


def memory(bench: Bench, head: str, *, key: str | None = None, token: str = ACTIONS, number: int = 7) -> Memory:
    return Memory(bench.github(token), PullRequest("acme", "shop", number, "feature", head, "main"), MARKER, key)


def posted(mind: Memory, body: Continued) -> Posted:
    result = upsert_comment(
        mind.github, owner="acme", repository="shop", number=mind.pull_request.number, marker=MARKER, body=body
    )
    assert isinstance(result, Posted), result
    return result


def pushed(
    bench: Bench, head: str, said: Report, *, key: str | None = None, token: str = ACTIONS, number: int = 7
) -> str:
    """The comment after a push."""
    before = len(bench.log)
    mind = memory(bench, head, key=key, token=token, number=number)
    posted(mind, mind.comment_on(said))
    assert len(bench.log) - before <= MOST_REQUESTS
    return ours(bench, number).body


def ours(bench: Bench, number: int = 7) -> Comment:
    return next(one for one in bench.state.comments.values() if one.issue == number and one.author != "mona")


def since(body: str) -> str:
    """What the comment says of the one before, empty if it says nothing."""
    found = [line for line in body.split("\n") if line.startswith(("**Since", "**Run again", "**Approved"))]
    return "\n".join(found)


# Pushes


def test_the_first_preview_keeps_a_digest_and_says_nothing_of_it(bench: Bench) -> None:
    body = pushed(bench, A, report())
    assert body.startswith(f"{MARKER}\n###")
    assert line_in(body) == body.rstrip("\n").split("\n")[-1] != ""
    assert since(body) == ""
    assert bench.log == [LISTING, POSTING, LISTING]


def test_a_push_changes_the_data(bench: Bench) -> None:
    pushed(bench, A, report())
    body = pushed(bench, B, report(2, rows=1_700))
    told = "1 model holds other data (`fct_revenue` 1,720 → 1,700 rows)."
    assert since(body) == SINCE.format(A[:7]) + told
    assert bench.log[3:] == [LISTING, WHOAMI, REVIEWS, f"PATCH /repos/acme/shop/issues/comments/{ours(bench).id}"]
    assert since(pushed(bench, C, report(2, rows=1_700))).startswith(
        SINCE.format(B[:7]) + "the one model holds the same"
    )


def test_a_push_changes_nothing_and_takes_three_requests(bench: Bench) -> None:
    pushed(bench, A, report())
    body = pushed(bench, B, report())
    assert since(body) == f"{SINCE.format(A[:7])}the one model holds the same data."
    assert len(bench.log[3:]) == QUIET_REQUESTS


def test_what_nobody_compared_is_not_called_the_same(bench: Bench) -> None:
    pushed(bench, A, report(None))
    body = pushed(bench, B, report(None))
    assert "the same counts for `fct_revenue` (whether the values are the same is not known)" in since(body)
    assert "the same data" not in body
    assert "other counts" not in since(pushed(bench, C, report(5))), "it may hold the same now"


def test_the_same_commit_runs_again(bench: Bench) -> None:
    pushed(bench, A, report())
    assert since(pushed(bench, A, report())) == ""
    assert since(pushed(bench, A, report(2))).startswith("**Run again** on `aaaaaaa`: 1 model holds other data")


def test_a_failed_run_and_one_without_credentials_keep_what_is_known(bench: Bench) -> None:
    pushed(bench, A, report())
    mind = memory(bench, B)
    posted(mind, mind.instead(lambda limit: cut(FAILED, limit)))
    assert ours(bench).body.startswith(FAILED)
    unchecked = replace(no_change(), unchecked=Unchecked("there are no credentials", ""))
    assert since(pushed(bench, C, unchecked)) == ""
    assert SINCE.format(A[:7]) in pushed(bench, C, report(2))


def test_the_digest_survives_a_comment_that_github_finds_too_long(bench: Bench) -> None:
    bench.state.longest = 9_000
    sixty = sixty_models()
    long = replace(sixty, contents=tuple(Content(diff.model, (), (), 1, 1) for diff in sixty.diffs))
    assert len(pushed(bench, A, long)) <= 9_000
    told = "what differs from base holds the same data; there were too many models to keep each one's."
    assert since(pushed(bench, B, long)) == SINCE.format(A[:7]) + told
    bench.state.longest = 65_536
    assert "all 60 models hold the same data" in (pushed(bench, C, long), pushed(bench, A, long))[1]


# Who has written the comment


def forged(head: str = A) -> str:
    """A comment that anybody could write who has read how it is done."""
    seal = Seal("acme/shop", 7, MARKER)
    models = (ModelDigest("fct_revenue", Counts(0, 0, 0, 0, 0), "forged"),)
    taken_by = seal.fingerprint("DuckDB 2.0.0, shop.duckdb", 6)
    digest = Digest(head, B, "changed", taken_by, models, "forged", "", (Earlier(head, "forged"),))
    line = digest_line(digest, seal)
    return f"{MARKER}\n### Fine\n\n{line}\n"


def test_a_forged_digest_is_in_a_strangers_comment(bench: Bench) -> None:
    bench.state.add_comment(7, "mona", forged())
    assert since(pushed(bench, A, report())) == ""
    bench.state.add_comment(7, "mona", forged(C))
    assert since(pushed(bench, B, report())).startswith(SINCE.format(A[:7]) + "the one model holds the same")


def test_a_forged_digest_would_be_believed_of_ourselves(bench: Bench) -> None:
    """What shows that the other scenarios refuse it for its author, and for nothing else."""
    bench.state.add_comment(7, BOT, forged())
    assert "1 model holds other data (`fct_revenue` 0 → 1,720 rows)" in since(pushed(bench, B, report()))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("editor", ["mona", "github-actions", "other-app[bot]", None])
def test_somebody_has_edited_our_comment(bench: Bench, editor: str | None, key: str | None) -> None:
    first = pushed(bench, A, report(), key=key)
    pushed(bench, B, report(2), key=key)
    bench.state.edit(ours(bench), editor, first)  # an older digest of this very comment, put back
    assert since(pushed(bench, C, report(2), key=key)) == ""
    assert SINCE.format(C[:7]) in pushed(bench, A, report(), key=key), "our own edit is to be relied on again"


@pytest.mark.parametrize("token", ["app-token", "user-token"])
def test_an_app_and_a_person_have_a_memory_too(bench: Bench, token: str) -> None:
    for head, said in ((A, report()), (B, report(2)), (C, report(3))):
        mind = memory(bench, head, token=token)
        posted(mind, mind.comment_on(said))
    (body,) = bench.bodies
    assert SINCE.format(B[:7]) in body, "what it has edited itself it believes"


def test_graphql_is_down(bench: Bench) -> None:
    pushed(bench, A, report())
    bench.server.fault(Fault("POST", "GRAPHQL", status=502), times=5)
    assert since(pushed(bench, B, report(2))) == ""
    assert len(bench.bodies) == 1
    assert SINCE.format(B[:7]) in pushed(bench, C, report())


@pytest.mark.parametrize("body", ['{"errors": [{"message": "no"}]}', '{"data": null}', '{"data": {"nodes": []}}'])
def test_graphql_takes_offence_at_the_question(bench: Bench, body: str) -> None:
    pushed(bench, A, report(), token="app-token")
    bench.server.fault(Fault("POST", "GRAPHQL", status=200, body=body))
    assert since(pushed(bench, B, report(2), token="app-token")) == ""
    update = f"PATCH /repos/acme/shop/issues/comments/{ours(bench).id}"
    assert bench.log[3:] == [LISTING, WHOAMI, WHOAMI, update], "who we are was asked again, without the rest"


@pytest.mark.parametrize("node", ["null", '{"id": "IC_1001"}', "[]"])
def test_graphql_says_nothing_of_the_comment(bench: Bench, node: str) -> None:
    pushed(bench, A, report())
    body = f'{{"data": {{"viewer": {{"login": "{BOT}"}}, "nodes": [{node}]}}}}'
    bench.server.fault(Fault("POST", "GRAPHQL", status=200, body=body))
    assert since(pushed(bench, B, report(2))) == ""
    assert len(bench.log[3:]) == QUIET_REQUESTS


# What the digest belongs to


@pytest.mark.parametrize(("then", "now"), [(KEY, f"{KEY}, another"), (None, KEY), (KEY, None)])
def test_the_key_is_another_one(bench: Bench, then: str | None, now: str | None) -> None:
    pushed(bench, A, report(), key=then)
    assert since(pushed(bench, B, report(2), key=now)) == ""
    assert SINCE.format(B[:7]) in pushed(bench, C, report(), key=now)


@pytest.mark.parametrize("key", [None, KEY])
def test_the_digest_is_of_another_pull_request(bench: Bench, key: str | None) -> None:
    bench.state.add_pull(8, "other", B)
    other = pushed(bench, A, report(), key=key, number=8)
    bench.state.add_comment(7, BOT, other)
    assert since(pushed(bench, B, report(2), key=key)) == ""


@pytest.mark.parametrize("broken", ["cut", "more behind it", "a letter"])
def test_the_digest_is_not_whole(bench: Bench, broken: str) -> None:
    body = pushed(bench, A, report(), key=KEY)
    line = line_in(body)
    letter = "B" if line[60] == "A" else "A"
    damaged = {
        "cut": body[:-60],
        "more behind it": f"{body}\nmore",
        "a letter": body.replace(line, f"{line[:60]}{letter}{line[61:]}"),
    }[broken]
    bench.state.edit(ours(bench), BOT, damaged)
    assert since(pushed(bench, B, report(2), key=KEY)) == ""


# Approvals


def test_somebody_has_approved_other_data(bench: Bench) -> None:
    pushed(bench, A, report())
    bench.state.reviews[7] = [
        Review("mona", "APPROVED", A),
        Review("mona", "COMMENTED", A),
        Review(None, "APPROVED", A),
    ]
    pushed(bench, B, report(2))
    body = pushed(bench, C, report(3))
    assert "**Approved when the data were others**: `mona` at `aaaaaaa`." in since(body)
    assert "@mona" not in body
    assert "Approved" not in pushed(bench, "d" * 40, report(1)), "the data are those again that were approved"


@pytest.mark.parametrize(
    "reviews",
    [
        [Review("mona", "APPROVED", C)],
        [Review("mona", "APPROVED", A), Review("mona", "APPROVED", C)],
        [Review("mona", "DISMISSED", A)],
        [Review("mona", "APPROVED", A), Review("mona", "CHANGES_REQUESTED", A)],
        [Review("mona", "COMMENTED", A)],
        [Review("mona", "APPROVED", "e" * 40)],
        [Review("mona", "APPROVED", None)],
        [Review("mona", "APPROVED", B)],
    ],
)
def test_no_approval_is_of_other_data(bench: Bench, reviews: list[Review]) -> None:
    """At B the data were those of head, at E nobody knows."""
    pushed(bench, A, report())
    pushed(bench, B, report(2))
    bench.state.reviews[7] = reviews
    body = pushed(bench, C, report(2))
    assert bench.log[-2] == REVIEWS
    assert "Approved" not in body


@pytest.mark.parametrize(("status", "times"), [(403, 1), (404, 1), (502, 5)])
def test_the_reviews_cannot_be_read(bench: Bench, status: int, times: int) -> None:
    pushed(bench, A, report())
    bench.state.reviews[7] = [Review("mona", "APPROVED", A)]
    bench.server.fault(Fault("GET", "/reviews$", status=status), times=times)
    body = pushed(bench, B, report(2))
    assert SINCE.format(A[:7]) in body
    assert "Approved" not in body


def test_one_commit_had_different_data_in_two_runs(bench: Bench) -> None:
    pushed(bench, A, report(1))
    pushed(bench, A, report(2))
    bench.state.reviews[7] = [Review("mona", "APPROVED", A)]
    assert "Approved" not in pushed(bench, B, report(1)), "nobody knows which run the approval followed"
    assert "Approved" in pushed(bench, C, report(3))


# The whole action


def test_the_action_remembers_from_push_to_push(tmp_path: Path) -> None:
    with GitHubServer() as github:
        project = Checkout(tmp_path, github)
        project.push(five_models.pull_request())
        environ = {**project.workspace.environ, "GITHUB_REF": "refs/heads/main"}
        action = Action(tmp_path / "steps", github, workspace=project.workspace.path, environ=environ)
        action.run(project.event("synchronize"))
        first = github.state.pulls[NUMBER].sha
        github.state.reviews[NUMBER] = [Review("mona", "APPROVED", first)]
        filtered = five_models.pull_request()["models/fct_revenue.sql"]
        project.push({"models/fct_revenue.sql": filtered.replace(five_models.FILTER, "WHERE o.amount > 20")})
        step = action.run(project.event("synchronize"))
        (body,) = github.state.bodies(NUMBER)
        assert f"{SINCE.format(first[:7])}1 model holds other data (`fct_revenue`" in body, step.log
        assert f"**Approved when the data were others**: `mona` at `{first[:7]}`." in body
        assert "Since the last preview" not in step.summary
        written = (project.workspace.path / ".rocky-preview" / "comment.md").read_text()
        assert "digest" not in written
        assert "Since" not in written
        # without a key nothing is published of data that are not shown, and history can be done without
        action.run(project.event("synchronize"), inputs={"max_samples": "0"})
        (body,) = github.state.bodies(NUMBER)
        assert "whether the values are the same is not known" not in body, "the same commit"
        step = action.run(project.event("synchronize"), inputs={"history": "false", "history_key": KEY})
        assert f"::add-mask::{KEY}" in step.log
        (body,) = github.state.bodies(NUMBER)
        assert line_in(body) == ""
