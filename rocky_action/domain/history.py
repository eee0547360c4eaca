"""What changed since an earlier preview of the same pull request, by the digest that its comment kept.

A digest holds fingerprints instead of data. Two that agree are the same data; without one, nothing is called the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Column, Exhaustive, ModelDiff, Sampled

MOST_EARLIER = 10
_MARK_BYTES = 6
"""Of a fingerprint that only says whether two were taken alike."""
_BYTES = 9
"""Of a fingerprint that says whether data are the same: an accident in 2^72, beside the checksum's own 2^63."""

Fingerprint = Callable[[object, int], str]
"""A short text for a value made of tuples, texts, numbers and None, of so many bytes' worth."""


@dataclass(frozen=True)
class Content:
    """What head's relation of a model holds: ``rows``, and the sum of a hash of each over ``columns``, in any order.

    ``checksum`` is None where nobody looked. ``left_out`` says what the content is without: columns that are ignored
    or never the same twice, and rows; empty if it is all there is.
    """

    model: str
    left_out: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    checksum: int | None = None


@dataclass(frozen=True)
class Counts:
    """Rows as the comment has them; None is unknown."""

    base: int | None
    head: int | None
    added: int | None
    removed: int | None
    changed: int | None

    def says_less_than(self, other: Counts) -> bool:
        """True if a count is known there and not here."""
        return any(mine is None and theirs is not None for mine, theirs in zip(self._all(), other._all(), strict=True))

    def differs_from(self, other: Counts) -> bool:
        """True if a count is known on both sides and another one."""
        return any(None not in pair and pair[0] != pair[1] for pair in zip(self._all(), other._all(), strict=True))

    def _all(self) -> tuple[int | None, ...]:
        return (self.base, self.head, self.added, self.removed, self.changed)


_UNCOUNTED = Counts(None, None, None, None, None)


@dataclass(frozen=True)
class ModelDigest:
    """One affected model. ``content`` is None where it is not known; ``left_out`` is empty if it is of everything.

    One that is ``inlined`` into its readers has no table that could be compared.
    """

    model: str
    counts: Counts
    content: str | None = None
    left_out: str = ""
    inlined: bool = False


@dataclass(frozen=True)
class Earlier:
    """What the pull request did to the data when it stood at a commit."""

    commit: str
    data: str


@dataclass(frozen=True)
class Digest:
    """One preview in short. ``commit`` is the pull request's head, ``taken_by`` how contents were fingerprinted.

    ``models`` are those that the change reaches, None if they were too many to list. ``data`` stands for the content
    of all those that are not known to be as in base, None unless each is known. ``left_out`` stands for what these
    contents are without. ``earlier`` are this and previous commits whose data are known and comparable, newest first.
    ``removed`` are the models that the pull request removes; none are listed where ``models`` are not.
    """

    commit: str
    merge_base: str
    verdict: str
    taken_by: str
    models: tuple[ModelDigest, ...] | None
    data: str | None = None
    left_out: str = ""
    earlier: tuple[Earlier, ...] = ()
    removed: tuple[str, ...] = ()

    def is_comparable_with(self, other: Digest) -> bool:
        """True if ``data`` of both were taken in the same way."""
        return self.taken_by == other.taken_by and self.left_out == other.left_out

    def after(self, previous: Digest | None) -> tuple[Earlier, ...]:
        """What to remember of commits: this one, then those that the previous digest remembers."""
        own = (Earlier(self.commit, self.data),) if self.data is not None else ()
        known = previous.earlier if previous is not None and self.is_comparable_with(previous) else ()
        return tuple(dict.fromkeys((*own, *known)))[:MOST_EARLIER]


@dataclass(frozen=True)
class Preview:
    """What of a preview goes into its digest.

    ``inlined`` are the affected models that have no table, ``removed`` those that the pull request removes.
    """

    commit: str
    merge_base: str
    verdict: str
    warehouse: str
    diffs: tuple[ModelDiff, ...]
    contents: tuple[Content, ...]
    inlined: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def digest_of(preview: Preview, fingerprint: Fingerprint) -> Digest:
    """The digest of a preview, which remembers no other yet."""
    contents = {content.model: content for content in preview.contents}
    models = tuple(
        _model(diff, contents.get(diff.model, Content(diff.model)), fingerprint=fingerprint) for diff in preview.diffs
    )
    parts = [model for model, diff in zip(models, preview.diffs, strict=True) if not _is_as_in_base(diff)]
    data = None
    if all(part.content is not None for part in parts):
        data = fingerprint((tuple((part.model, part.content) for part in _sorted(parts)), preview.removed), _BYTES)
    apart = tuple((part.model, part.left_out) for part in _sorted(parts) if part.left_out)
    return Digest(
        preview.commit,
        preview.merge_base,
        preview.verdict,
        fingerprint(preview.warehouse, _MARK_BYTES),
        (*models, *(ModelDigest(name, _UNCOUNTED, inlined=True) for name in preview.inlined)),
        data,
        fingerprint(apart, _MARK_BYTES) if apart else "",
        removed=preview.removed,
    )


def _is_as_in_base(diff: ModelDiff) -> bool:
    return isinstance(diff.coverage, Exhaustive) and diff.is_empty


def _sorted(models: Iterable[ModelDigest]) -> list[ModelDigest]:
    return sorted(models, key=lambda one: one.model)


def _model(diff: ModelDiff, content: Content, *, fingerprint: Fingerprint) -> ModelDigest:
    columns = tuple((column.name, column.type) for column in content.columns)
    taken = None
    if content.checksum is not None:
        taken = fingerprint((diff.model, columns, content.rows, content.checksum), _BYTES)
    return ModelDigest(
        diff.model,
        _counts(diff),
        taken,
        fingerprint(content.left_out, _MARK_BYTES) if content.left_out else "",
    )


def _counts(diff: ModelDiff) -> Counts:
    """None of a sample: another sample counts otherwise without any change."""
    rows = diff.rows
    if isinstance(diff.coverage, Sampled):
        return _UNCOUNTED
    return Counts(rows.rows_base, rows.rows_head, rows.added, rows.removed, rows.changed)


@dataclass(frozen=True)
class Same:
    """The model holds what it held then; ``in_part`` if some columns or rows were not looked at."""

    model: str
    in_part: bool = False


@dataclass(frozen=True)
class Other:
    """It holds something else, in ``rows_then`` and ``rows_now`` rows."""

    model: str
    rows_then: int | None
    rows_now: int | None


@dataclass(frozen=True)
class OtherCounts:
    """Its counts against base are others; whether it holds something else is not known."""

    model: str


@dataclass(frozen=True)
class SameCounts:
    """Its counts are the same; whether it holds something else is not known."""

    model: str


@dataclass(frozen=True)
class NotKnown:
    """Too little is known of it, then or now."""

    model: str


@dataclass(frozen=True)
class NewlyAffected:
    """The change did not reach it then."""

    model: str


@dataclass(frozen=True)
class NoLongerAffected:
    """The change does not reach it any more."""

    model: str


@dataclass(frozen=True)
class NewlyRemoved:
    """The pull request removes it, and did not then."""

    model: str


@dataclass(frozen=True)
class NoLongerRemoved:
    """The pull request removed it then, and leaves it alone now."""

    model: str


ModelSince = (
    Same
    | Other
    | OtherCounts
    | SameCounts
    | NotKnown
    | NewlyAffected
    | NoLongerAffected
    | NewlyRemoved
    | NoLongerRemoved
)


@dataclass(frozen=True)
class Since:
    """What changed since a previous digest. ``data_differ`` is None where it is not known.

    ``models`` are None if either digest does not list them. ``rerun`` is true if both are of one commit.
    """

    commit: str
    rerun: bool
    base_moved: bool
    verdict_then: str
    verdict_now: str
    models: tuple[ModelSince, ...] | None
    data_differ: bool | None


def since(previous: Digest, now: Digest) -> Since:
    """What changed from one digest to the other; nothing is called the same that was not compared."""
    comparable = previous.is_comparable_with(now) and None not in (previous.data, now.data)
    models: tuple[ModelSince, ...] | None = None
    if previous.models is not None and now.models is not None:
        alike = previous.taken_by == now.taken_by
        affected = _affected_since(previous.models, now.models, taken_alike=alike)
        models = (*affected, *_gone_since(previous, now))
    return Since(
        previous.commit,
        previous.commit == now.commit,
        previous.merge_base != now.merge_base,
        previous.verdict,
        now.verdict,
        models,
        previous.data != now.data if comparable else None,
    )


def _affected_since(
    then: Sequence[ModelDigest], now: Sequence[ModelDigest], *, taken_alike: bool
) -> Iterator[ModelSince]:
    before = {model.model: model for model in then}
    for model in now:
        if model.model not in before:
            yield NewlyAffected(model.model)
        elif not (before[model.model].inlined and model.inlined):  # what it does is in its readers
            yield _one_since(before[model.model], model, taken_alike=taken_alike)


def _gone_since(previous: Digest, now: Digest) -> Iterator[ModelSince]:
    here = {model.model for model in now.models or ()}
    yield from (NewlyRemoved(name) for name in now.removed if name not in previous.removed)
    yield from (NoLongerRemoved(name) for name in previous.removed if name not in {*now.removed, *here})
    for model in previous.models or ():
        if model.model not in {*now.removed, *here}:
            yield NoLongerAffected(model.model)


def _one_since(before: ModelDigest, now: ModelDigest, *, taken_alike: bool) -> ModelSince:
    if before.left_out != now.left_out:  # with other rows or columns left out, not even counts can be compared
        return NotKnown(now.model)
    rows = before.counts.head, now.counts.head
    if taken_alike and before.content is not None and now.content is not None:
        return Same(now.model, bool(now.left_out)) if before.content == now.content else Other(now.model, *rows)
    if None not in rows and rows[0] != rows[1]:
        return Other(now.model, *rows)
    if before.counts.differs_from(now.counts):
        return OtherCounts(now.model)
    if now.counts.head is None or before.counts.says_less_than(now.counts) or now.counts.says_less_than(before.counts):
        return NotKnown(now.model)
    return SameCounts(now.model)


@dataclass(frozen=True)
class Approval:
    """Somebody's approval that still counts, and the commit that it was given for."""

    login: str
    commit: str


def commits_of_other_data(previous: Digest, now: Digest) -> frozenset[str]:
    """The earlier commits at which the data are known to have been others than now, in every run there was of them."""
    if now.data is None or not previous.is_comparable_with(now):
        return frozenset()
    alike = {now.commit} | {one.commit for one in previous.earlier if one.data == now.data}
    return frozenset(one.commit for one in previous.earlier) - alike
