"""Every row, paired by key: where the rows stand if they stand alike, else by a join that reads what can differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rocky_action.domain.diff import Key, Proof, RowDiff
from rocky_action.errors import UnsteadyError
from rocky_action.rowdiff.answers import Answer, Question, joined, summed
from rocky_action.rowdiff.checksums import check
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.duplicates import part_by_repetition
from rocky_action.rowdiff.keyed import JoinCounts, KeyedJoin, count_join, fetch_drawn
from rocky_action.rowdiff.keys import Occurrences, occurrences, probe_key
from rocky_action.rowdiff.multiset import Multisets, cancel
from rocky_action.rowdiff.positions import (
    Alignment,
    Compared,
    align,
    compare_partners,
    fetch_partners,
    is_increasing,
)
from rocky_action.rowdiff.request import KeyCandidate
from rocky_action.rowdiff.schema import ColumnPair

CROWDED = 1.5
"""Rows of one side that a row meets in a join, on average, from which on the key is taken for not unique."""
_IN_PLACE = "rows of both tables stand in the same order, so each was compared with its partner where it stands"
_JOINED = "both sides are small enough to join all columns by key"
_NARROWED = "rows stand in different orders, so checksums told which columns can differ, and a join by key read those"
_ALIKE = "rows stand in different orders, and checksums of keys, columns and whole rows are the same on both sides"


@dataclass(frozen=True)
class KeyColumns:
    """A candidate whose columns both sides have."""

    candidate: KeyCandidate
    pairs: tuple[ColumnPair, ...]

    def key(self, *, unique: bool | None, nulls: tuple[int, int] = (0, 0)) -> Key:
        """The key, as far as it was proved."""
        names = tuple(pair.name for pair in self.pairs)
        return Key(names, self.candidate.origin, unique, unique, *nulls)

    def counted(self, base: Occurrences, head: Occurrences) -> Key:
        """The key, with what counting its values has shown."""
        return Key(
            tuple(pair.name for pair in self.pairs),
            self.candidate.origin,
            not base.duplicates,
            not head.duplicates,
            base.nulls,
            head.nulls,
            base.duplicates,
            head.duplicates,
        )


def diff_by_key(question: Question, key: KeyColumns) -> Answer | Key:
    """All rows, if the key is unique on both sides; if not, the key with what is wrong with it."""
    if question.is_small:
        found = _counted(question, key)
        if not found.is_proven:
            return found
        return _in_place(question, key, proved=found) or _join_all(question, key, known=found)
    in_place = _in_place(question, key, proved=None)
    if in_place is not None:
        return in_place
    base, head = probe_key(question.sides, key.pairs)
    if base.most_pairs(head) > CROWDED * question.longer:
        found = _counted(question, key)
        if not found.is_proven:
            return found
    return _narrowed(question, key, nulls=(base.null_rows, head.null_rows))


def diff_with_duplicates(question: Question, key: KeyColumns, *, known: Key) -> Answer:
    """Keys that occur once by key; all rows of a key that occurs twice on either side as whole rows."""
    parted = part_by_repetition(question.sides, key.pairs)
    once = question.of(parted.unique)
    answer = (
        _join_all(once, key, known=known)
        if once.is_small
        else _narrowed(once, key, nulls=(known.null_rows_base, known.null_rows_head))
    )
    if isinstance(answer, Key):
        raise UnsteadyError
    shown = (*key.pairs, *question.beside(key.pairs))
    repeated = cancel(Multisets(parted.repeated, shown, question.masked), draw=question.draw)
    rows = answer.rows
    both = Answer(
        RowDiff(
            question.rows_base,
            question.rows_head,
            (rows.added or 0) + repeated.added,
            (rows.removed or 0) + repeated.removed,
            rows.changed,
            rows.columns,
        ),
        answer.proof,
        lambda: joined(shown, key_columns=len(key.pairs), parts=(answer.differing(), repeated.differing)),
        key=known,
        notes=(f"{not_unique(known, of_all=question.of_all)}; their rows were compared as whole rows",),
    )
    return steady(both)


def steady(answer: Answer) -> Answer:
    """The same. Raises UnsteadyError if rows do not add up, as a side was not the same each time it was read."""
    rows = answer.rows
    if (rows.rows_base or 0) + (rows.added or 0) - (rows.removed or 0) != rows.rows_head:
        raise UnsteadyError
    return answer


def _counted(question: Question, key: KeyColumns) -> Key:
    return key.counted(*occurrences(question.sides, key.pairs))


def _in_place(question: Question, key: KeyColumns, *, proved: Key | None) -> Answer | None:
    """All rows where they stand; None if they do not stand alike, or if it matters that the key is not unique."""
    alignment = align(question.sides, key.pairs)
    if alignment is None:
        return None
    compared = question.beside(key.pairs)
    found = compare_partners(alignment, compared)
    if found is None:
        return None
    rest = JoinCounts(0, 0, 0, 0, ())
    join = KeyedJoin(alignment.rest, key.pairs, compared) if alignment.has_rest else None
    if join is not None:
        rest = count_join(join, hashes=question.draw)
    # Rows without a partner may be paired with each other, more often than once if their key occurs twice.
    odd = bool(found.changed or rest.differing) or not rest.is_proof(*alignment.unpaired)
    known = proved or _proved_in_place(question, key, alignment=alignment, matters=odd)
    if not known.is_proven:
        return None
    return steady(
        Answer(
            RowDiff(
                question.rows_base,
                question.rows_head,
                rest.added,
                rest.removed,
                found.changed + rest.changed,
                summed(compared, found.columns, rest.columns),
            ),
            Proof("positions", _IN_PLACE),
            lambda: _fetch_in_place(question, alignment, found=found, join=join, rest=rest),
            key=known,
        )
    )


def _fetch_in_place(
    question: Question, alignment: Alignment, *, found: Compared, join: KeyedJoin | None, rest: JoinCounts
) -> Differing:
    compared = question.beside(alignment.by)
    partners = fetch_partners(alignment, found, compared=compared, masked=question.masked, limit=question.draw)
    if join is None:
        return partners
    rest_of_them = fetch_drawn(join, rest, masked=question.masked)
    shown = (*alignment.by, *compared)
    return joined(shown, key_columns=len(alignment.by), parts=(partners, rest_of_them))


def _join_all(question: Question, key: KeyColumns, *, known: Key) -> Answer:
    join = KeyedJoin(question.sides, key.pairs, question.beside(key.pairs))
    counts = count_join(join, hashes=question.draw)
    if not counts.is_proof(question.rows_base, question.rows_head):
        raise UnsteadyError
    return _answer(question, counts, join=join, proof=Proof("join", _JOINED), key=known)


def _narrowed(question: Question, key: KeyColumns, *, nulls: tuple[int, int]) -> Answer | Key:
    compared = question.beside(key.pairs)
    checked = check(question.sides, key.pairs, compared=compared)
    if (checked.rows_base, checked.rows_head) != (question.rows_base, question.rows_head):
        raise UnsteadyError
    if checked.is_same:
        same = JoinCounts(0, 0, checked.rows_base, 0, ())
        join = KeyedJoin(question.sides, key.pairs, compared)
        known = key.key(unique=None, nulls=nulls)
        return _answer(question, same, join=join, proof=Proof("checksums", _ALIKE, checked.odds), key=known)
    join = KeyedJoin(question.sides, key.pairs, checked.suspects)
    counts = count_join(join, hashes=question.draw)
    if not counts.is_proof(checked.rows_base, checked.rows_head):
        found = _counted(question, key)
        if found.is_proven:
            raise UnsteadyError
        return found
    known = key.key(unique=None if counts.added or counts.removed else True, nulls=nulls)
    proof = Proof("checksums", _NARROWED, checked.odds)
    return _answer(question, counts, join=replace(join, compared=compared), proof=proof, key=known)


def _answer(question: Question, counts: JoinCounts, *, join: KeyedJoin, proof: Proof, key: Key) -> Answer:
    rows = RowDiff(question.rows_base, question.rows_head, counts.added, counts.removed, counts.changed, counts.columns)
    return steady(Answer(rows, proof, lambda: fetch_drawn(join, counts, masked=question.masked), key=key))


def _proved_in_place(question: Question, key: KeyColumns, *, alignment: Alignment, matters: bool) -> Key:
    """The key of rows that stand alike: proved for little by their order, at some cost where that matters."""
    # Partners have the same keys, so that base speaks for head wherever no row is without a partner.
    if is_increasing(alignment, of_base=True) and (not alignment.has_rest or is_increasing(alignment, of_base=False)):
        return key.key(unique=True)
    if matters:
        return _counted(question, key)
    base, head = probe_key(question.sides, key.pairs)
    return key.key(unique=None, nulls=(base.null_rows, head.null_rows))


def not_unique(key: Key, *, of_all: bool) -> str:
    """What is wrong with a key, in words; ``of_all`` if all rows were looked at, and not only some of them."""
    least = "" if of_all else "at least "
    base, head = (
        f"{least}{count:,} value occurs" if count == 1 else f"{least}{count:,} values occur"
        for count in (key.duplicate_keys_base, key.duplicate_keys_head)
    )
    return f"{key.origin} ({', '.join(key.columns)}) is not unique: {base} more than once in base, {head} in head"
