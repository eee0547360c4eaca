"""The line that says which run a comment is of: read as it was written, and never somebody else's text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.forges.stamps import Stamp, last_hidden, read_stamp, stamp_of, stamped

MARKER = "<!-- rocky-preview -->"
stamps = st.builds(Stamp, st.integers(0, 10**20 - 1), st.text("0123456789abcdef", min_size=7, max_size=64))
lines = st.sampled_from(
    ["<!-- rocky-preview run: 9 abcdef0 -->", "<!-- rocky-preview run:", "-->", "", "x", "\r", "### a"]
)
bodies = st.lists(lines | st.text(max_size=9), max_size=5).map("\n".join)


@settings(max_examples=150)
@given(body=bodies, one=stamps, other=stamps)
def test_a_stamp_is_read_as_it_was_written(body: str, one: Stamp, other: Stamp) -> None:
    plain = stamped(f"{MARKER}\n{body}", None)
    assert read_stamp(stamped(plain, one)) == one
    assert read_stamp(stamped(stamped(plain, one), other)) == other, "there is never more than one"
    assert stamped(stamped(plain, one), None) == plain
    assert stamped(plain, one).startswith(f"{MARKER}\n")


@settings(max_examples=150)
@given(run=st.none() | st.text(max_size=9) | st.integers(0).map(str), commit=st.text(max_size=9))
def test_what_is_no_number_or_no_commit_makes_no_stamp(run: str | None, commit: str) -> None:
    found = stamp_of(run, commit)
    assert found is None or (str(found.run) == str(int(run or "")) and found.commit == commit)


@settings(max_examples=150)
@given(one=stamps, other=stamps)
def test_of_two_runs_at_most_one_is_late(one: Stamp, other: Stamp) -> None:
    assert not (one.is_before(other) and other.is_before(one))
    assert not one.is_before(one)
    assert not one.is_before(None)


@settings(max_examples=100)
@given(body=bodies, hidden=st.text("abc\n", max_size=9), stamp=stamps)
def test_what_is_hidden_at_the_end_is_found(body: str, hidden: str, stamp: Stamp) -> None:
    comment = f"<!--{hidden}-->"
    assert last_hidden(f"{MARKER}\n{body}\n{comment}\n").endswith(comment) or last_hidden(f"{MARKER}\n{body}") != ""
    assert last_hidden(stamped(MARKER, stamp)) == ""
