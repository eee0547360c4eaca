"""Whatever a digest holds: it comes back as it was or not at all; nothing is called the same that was not compared."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rocky_action.domain.diff import Column, Coverage, Exhaustive, ModelDiff, NotCompared, RowDiff, SchemaDiff
from rocky_action.domain.history import (
    Content,
    Counts,
    Digest,
    Earlier,
    ModelDigest,
    NotKnown,
    Preview,
    Same,
    SameCounts,
    commits_of_other_data,
    digest_of,
    since,
)
from rocky_action.wire.digest import MOST, Seal, digest_line, line_in, read_digest

SEAL = Seal("acme/shop", 7, "<!-- rocky-preview -->", "a secret of the repository")
SEALS = st.builds(
    Seal,
    st.sampled_from(["acme/shop", "acme/shop2", "acme2/shop"]),
    st.integers(1, 12),
    st.sampled_from(["<!-- a -->", "<!-- b -->"]),
    st.sampled_from([None, "a secret of the repository", "another secret of it"]),
)

some = st.none() | st.integers(0, 3) | st.integers(0, 2**63)
words = st.sampled_from(["", "aa", "bb"])
counts = st.builds(Counts, some, some, some, some, some)
names = st.sampled_from(["a", "b", "c", "d"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8
)
models = st.builds(ModelDigest, names, counts, st.none() | words, words, st.booleans())
commits = st.sampled_from(["1" * 40, "2" * 40, "3" * 40])
digests = st.builds(
    Digest,
    commits,
    commits,
    st.sampled_from(["changed", "failed"]),
    words,
    st.none() | st.lists(models, max_size=6, unique_by=lambda one: one.model).map(tuple),
    st.none() | words,
    words,
    st.lists(st.builds(Earlier, commits, words), max_size=4).map(tuple),
    st.lists(names, max_size=2, unique=True).map(tuple),
)


@given(digests, SEALS)
def test_a_digest_comes_back_as_it_was(digest: Digest, seal: Seal) -> None:
    line = digest_line(digest, seal)
    assert len(line) <= MOST
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert line_in(f"anything\n{line}\n") == line
    assert read_digest(line, seal) == digest


@given(digests, SEALS, SEALS)
def test_a_digest_is_for_one_comment_and_one_key_only(digest: Digest, one: Seal, other: Seal) -> None:
    assert (read_digest(digest_line(digest, one), other) == digest) is (one == other)


@given(digests, st.data())
def test_a_digest_with_another_letter_is_none(digest: Digest, data: st.DataObject) -> None:
    line = digest_line(digest, SEAL)
    place = data.draw(st.integers(0, len(line) - 1))
    letter = data.draw(st.sampled_from("ABab01+/= ->v").filter(lambda new: new != line[place]))
    assert read_digest(f"{line[:place]}{letter}{line[place + 1 :]}", SEAL) is None
    assert read_digest(line[:place], SEAL) is None


@given(digests, st.integers(0, 2_000))
def test_where_there_is_no_room_less_is_known_and_nothing_else(digest: Digest, limit: int) -> None:
    line = digest_line(digest, SEAL, limit=limit)
    assert len(line) <= limit
    found = read_digest(line, SEAL)
    bare = tuple(replace(model, content=None) for model in digest.models or ())
    assert found in (None, digest, replace(digest, models=bare), replace(digest, models=None, removed=()))


@given(digests)
def test_nothing_has_changed_since_oneself(digest: Digest) -> None:
    found = since(digest, digest)
    assert found.rerun
    assert not found.data_differ
    assert all(isinstance(one, Same | SameCounts | NotKnown) for one in found.models or ())
    assert digest.commit not in commits_of_other_data(digest, digest)


@given(digests, digests)
def test_only_what_was_compared_is_the_same(then: Digest, now: Digest) -> None:
    before = {one.model: one for one in then.models or ()}
    after = {one.model: one for one in now.models or ()}
    for one in since(then, now).models or ():
        old, new = before.get(one.model), after.get(one.model)
        if isinstance(one, Same):
            assert old is not None
            assert new is not None
            assert old.content == new.content is not None
            assert (then.taken_by, old.left_out) == (now.taken_by, new.left_out)
        if isinstance(one, SameCounts):
            assert old is not None
            assert new is not None
            assert old.counts == new.counts


coverages: st.SearchStrategy[Coverage] = st.just(Exhaustive("keyed")) | st.just(NotCompared("of a reason"))
sums = st.none() | st.integers(0, 3)


@st.composite
def previews(draw: st.DrawFn) -> Preview:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    diffs, contents = [], []
    for name in names:
        changed = draw(st.sampled_from([0, 0, 5]))
        coverage = draw(coverages)
        diffs.append(ModelDiff(name, SchemaDiff(), RowDiff(9, 9, 0, 0, changed), coverage))
        contents.append(Content(name, (), (Column("x", "INT"),), 9, draw(sums)))
    return Preview(draw(commits), "b" * 40, "changed", "DuckDB", tuple(diffs), tuple(contents))


@given(previews(), previews())
def test_equal_data_are_known_by_their_fingerprints_and_others_too(one: Preview, other: Preview) -> None:
    first, second = (digest_of(preview, SEAL.fingerprint) for preview in (one, other))
    known = [preview for preview in (one, other) if all(content.checksum is not None for content in preview.contents)]
    found = since(first, second)
    if len(known) == 2:
        held = [_differing(preview) for preview in (one, other)]
        assert found.data_differ is (held[0] != held[1])
        assert commits_of_other_data(replace(first, earlier=first.after(None)), second) == (
            {one.commit} if found.data_differ and one.commit != other.commit else frozenset()
        )
    sums = [{content.model: content.checksum for content in preview.contents} for preview in (one, other)]
    for model in found.models or ():
        if isinstance(model, Same):
            assert sums[0][model.model] == sums[1][model.model] is not None


def _differing(preview: Preview) -> dict[str, int | None]:
    """What the models hold that are not as in base."""
    held = {content.model: content.checksum for content in preview.contents}
    return {
        diff.model: held[diff.model]
        for diff in preview.diffs
        if not (isinstance(diff.coverage, Exhaustive) and not diff.rows.changed)
    }


@given(previews())
def test_who_has_no_key_cannot_tell_what_a_fingerprint_is_of(preview: Preview) -> None:
    keyed, keyless = (digest_of(preview, seal.fingerprint) for seal in (SEAL, replace(SEAL, key=None)))
    for with_key, without in zip(keyed.models or (), keyless.models or (), strict=True):
        assert with_key.content is None or with_key.content != without.content
