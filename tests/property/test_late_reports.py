"""Two runs about one pull request, whatever GitHub answers in between: one comment, and the later commit's report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.forges.comments import CommentResult, Continued, OfRun, Posted, upsert_comment
from rocky_action.forges.stamps import Stamp, read_stamp
from tests.support.forge_bench import BOT, MARKER, MOST_REQUESTS, SHA, Bench, bench_of
from tests.support.github_server import Fault

EARLIER = "b" * 40
STRANGER = f"{MARKER}\n<!-- rocky-preview run: 99 {'d' * 40} -->\na stranger's"


@dataclass(frozen=True)
class Trouble:
    """What becomes of one of the earlier run's requests, and whether the later run comes in before that."""

    method: str
    path: str
    status: int | None
    perform: bool
    lost: bool
    overtaken: bool

    def fault(self, later: object) -> Fault:
        def meanwhile() -> None:
            # the moment between GitHub's looking at an update and its carrying it out is nobody's to close
            if self.overtaken and not (self.method == "PATCH" and self.perform):
                assert callable(later)
                later()

        headers = {"retry-after": "20"} if self.status == 429 else {}
        return Fault(
            self.method,
            self.path,
            status=None if self.lost else self.status,
            headers=headers,
            perform=self.perform and self.status != 429,
            cut="lost" if self.lost else "",
            meanwhile=meanwhile,
        )


TROUBLE = st.builds(
    Trouble,
    st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    st.sampled_from(["", "comments", "GRAPHQL", "/pulls/7$"]),
    st.sampled_from([500, 502, 429]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def post(bench: Bench, run: int, commit: str, *, remembers: bool) -> CommentResult:
    text = f"report of {commit[:7]}"
    body = Continued(lambda _: text, lambda _: lambda _: text) if remembers else lambda _: text
    said = OfRun(body, Stamp(run, commit))
    return upsert_comment(bench.github(), owner="acme", repository="shop", number=7, marker=MARKER, body=said)


@settings(max_examples=60, deadline=None)
@given(st.lists(TROUBLE, max_size=4), st.integers(0, 2), st.booleans(), st.booleans())
def test_the_later_commits_report_stays(troubles: list[Trouble], ours: int, stranger: bool, remembers: bool) -> None:
    """The later run has no trouble of its own, so what it has posted is what a reader finds in the end."""
    with contextmanager(bench_of)() as bench:
        if stranger:
            bench.state.add_comment(7, "mona", STRANGER)
        for _ in range(ours):
            bench.state.add_comment(7, BOT, f"{MARKER}\n<!-- rocky-preview run: 40 {'e' * 40} -->\nold")
        results: list[CommentResult] = []

        def later() -> None:
            if not results:
                held, bench.server._faults[:] = bench.server._faults[:], []
                results.append(post(bench, 42, SHA, remembers=remembers))
                bench.server._faults[:] = held

        for trouble in troubles:
            bench.server.fault(trouble.fault(later))
        before = len(bench.log)
        post(bench, 41, EARLIER, remembers=remembers)
        if not results:
            assert len(bench.log) - before <= MOST_REQUESTS
        bench.server._faults.clear()
        later()
        mine = [one for one in bench.state.comments.values() if one.author == BOT]
        assert isinstance(results[0], Posted)
        stamp = read_stamp(min(mine, key=lambda one: one.id).body)
        assert stamp == Stamp(42, SHA), bench.log
        if stranger:
            assert STRANGER in bench.bodies
        assert isinstance(post(bench, 43, SHA, remembers=remembers), Posted)
        assert sum(one.author == BOT for one in bench.state.comments.values()) == 1
