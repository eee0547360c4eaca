"""Which way rows are compared: what the data allows, what was asked for, and what it may take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from rocky_action.domain.diff import Key, Proof, RowDiff, Sampled
from rocky_action.domain.options import Algorithm, SampleOrder
from rocky_action.errors import StatementTimeoutError, UnsteadyError
from rocky_action.rowdiff.answers import Answer, Question, nothing
from rocky_action.rowdiff.bisection import bisect
from rocky_action.rowdiff.by_key import KeyColumns, diff_by_key, diff_with_duplicates, not_unique
from rocky_action.rowdiff.by_value import diff_by_value
from rocky_action.rowdiff.inference import infer_candidates
from rocky_action.rowdiff.keys import distinct, occurrences, probe_key
from rocky_action.rowdiff.sample import detectable_share, first_keys, random_keys


@dataclass(frozen=True)
class Search:
    """Candidates whose columns both sides have, in order of preference, and what was said of the others."""

    found: tuple[KeyColumns, ...]
    notes: tuple[str, ...] = ()


def answer(question: Question) -> Answer:
    """Compares rows. Raises WarehouseError when the warehouse refuses."""
    search = _candidates(question)
    found = _asked(question, search)
    return replace(found, notes=search.notes + found.notes)


def _asked(question: Question, search: Search) -> Answer:
    if because := question.request.sampled_because:
        return _over_budget(question, search, why=because)
    match question.request.algorithm:
        case Algorithm.SAMPLED:
            return _sampled(question, search, why="a sample was asked for")
        case Algorithm.BISECTION:
            return _bisected(question, search, why="bisection was asked for")
        case Algorithm.EXHAUSTIVE:
            return _everything(question, search)
        case Algorithm.AUTO:
            return _within_budget(question, search)
        case _ as impossible:
            assert_never(impossible)


def _candidates(question: Question) -> Search:
    """Declared keys; without any that both sides have, those that the data suggests."""
    request = question.request
    if request.whole_rows:
        return Search(())
    found: list[KeyColumns] = []
    notes: list[str] = []
    for candidate in distinct(request.candidates):
        pairs = question.sides.pairs_named(candidate.columns)
        if pairs is None:
            listed = ", ".join(candidate.columns)
            notes.append(
                f"{candidate.origin} ({listed}) cannot be the key: base and head do not both have these columns"
            )
        else:
            found.append(KeyColumns(candidate, pairs))
    if found or not question.compared:
        return Search(tuple(found), tuple(notes))
    inferred = infer_candidates(question.sides, question.compared)
    for candidate in inferred.candidates:
        pairs = question.sides.pairs_named(candidate.columns)
        found += [KeyColumns(candidate, pairs)] if pairs else []
    return Search(tuple(found), (*notes, *inferred.notes))


def _within_budget(question: Question, search: Search) -> Answer:
    """All rows, or a sample when that would take more than is allowed."""
    allowed = question.request.allowance.bytes
    size = None if allowed is None else _bytes(question)
    if allowed is not None and size is not None and size > allowed:
        return _over_budget(question, search, why=f"reading all {size:,} bytes would exceed the {allowed:,} allowed")
    found = _in_time(question, search)
    if allowed is None or size is not None:
        return found
    unheld = f"how much there is to read is not known, so the limit of {allowed:,} bytes was not held to"
    return replace(found, notes=(*found.notes, unheld))


def _in_time(question: Question, search: Search) -> Answer:
    seconds = question.request.allowance.seconds
    if seconds is None:
        return _everything(question, search)
    seconds = min(seconds, question.sides.timeout or seconds)
    hurried = replace(question, sides=replace(question.sides, timeout=seconds))
    try:
        return _everything(hurried, search)
    except StatementTimeoutError:
        return _over_budget(question, search, why=f"comparing all rows took a statement of more than {seconds:g} s")


def _over_budget(question: Question, search: Search, *, why: str) -> Answer:
    """A sample; nothing if there is no key to draw by, as all rows are more than is allowed."""
    if not search.found:
        return nothing(
            RowDiff(question.rows_base, question.rows_head), f"{why}, and a sample needs a key", fixable=True
        )
    return _sampled(question, search, why=why)


def _everything(question: Question, search: Search) -> Answer:
    """All rows: by the first key that is unique, else by the first that is declared, else as whole rows."""
    repeated: list[tuple[KeyColumns, Key]] = []
    for key in search.found:
        found = diff_by_key(question, key)
        if isinstance(found, Answer):
            return replace(
                found, notes=tuple(not_unique(known, of_all=question.of_all) for _, known in repeated) + found.notes
            )
        if key.candidate.is_declared:
            repeated.append((key, found))
    if repeated:
        key, known = repeated[0]
        found = diff_with_duplicates(question, key, known=known)
        return replace(
            found, notes=found.notes + tuple(not_unique(known, of_all=question.of_all) for _, known in repeated[1:])
        )
    if not question.compared:
        why = (
            "every column that both sides have is ignored"
            if question.sides.pairs
            else "the sides have no column in common"
        )
        return nothing(RowDiff(question.rows_base, question.rows_head), why, fixable=True)
    return diff_by_value(question)


def _sampled(question: Question, search: Search, *, why: str) -> Answer:
    """Some keys; everything if the tables are no larger than the sample, or if no key is there to draw by."""
    request = question.request
    if not search.found:
        answer = _everything(question, search)
        return replace(answer, notes=("a sample needs a key: all rows were compared instead", *answer.notes))
    size, key = request.sample_size, search.found[0]
    if question.longer <= size and request.sample_order is SampleOrder.RANDOM:
        return _everything(question, search)
    part = (
        first_keys(question.sides, key.pairs, size=size)
        if request.sample_order is SampleOrder.FIRST
        else random_keys(question.sides, key.pairs, size=size, rows=question.longer)
    )
    few = replace(question.of(part), of_all=False)
    if (few.rows_base, few.rows_head) == (question.rows_base, question.rows_head):
        return _everything(question, search)
    found = _everything(few, replace(search, found=(key,)))
    looked_at = few.rows_base + (found.rows.added or 0)
    is_random = request.sample_order is SampleOrder.RANDOM
    coverage = Sampled(
        looked_at,
        question.longer if looked_at < question.longer else question.rows_base + question.rows_head,
        tuple(pair.name for pair in key.pairs),
        "random" if is_random else "first",
        detectable_share(looked_at) if is_random and _occur_once(few, key, known=found.key) else None,
    )
    rows = replace(found.rows, rows_base=question.rows_base, rows_head=question.rows_head)
    return replace(found, rows=rows, coverage=coverage, proof=replace(found.proof, why=why))


def _occur_once(question: Question, key: KeyColumns, *, known: Key | None) -> bool:
    """Whether each key is one row of a side, counted where nothing else depended on it."""
    if known is None or not known.is_proven:
        return False
    if known.unique_base and known.unique_head:
        return True
    return not any(side.duplicates for side in occurrences(question.sides, key.pairs))


def _bisected(question: Question, search: Search, *, why: str) -> Answer:
    """Checksums of chunks of keys, and rows of those that differ."""
    if not search.found:
        answer = _everything(question, search)
        return replace(answer, notes=("bisection needs a key: all rows were compared as whole rows", *answer.notes))
    key = search.found[0]
    rounds = question.sides.warehouse.checksum_rounds
    found = bisect(question.sides, key.pairs, compared=question.beside(key.pairs), rounds=rounds)
    if (found.rows_base, found.rows_head) != (question.rows_base, question.rows_head):
        raise UnsteadyError
    leaves = replace(question.of(found.leaves), of_all=False)
    answer = _everything(leaves, Search((key,)))
    rows = replace(answer.rows, rows_base=question.rows_base, rows_head=question.rows_head)
    base, head = probe_key(question.sides, key.pairs)
    known = answer.key and replace(
        answer.key,
        unique_base=None if answer.key.unique_base else answer.key.unique_base,
        unique_head=None if answer.key.unique_head else answer.key.unique_head,
        null_rows_base=base.null_rows,
        null_rows_head=head.null_rows,
    )
    proof = Proof("bisection", why, found.odds + answer.proof.odds, found.stats)
    return replace(answer, rows=rows, proof=proof, key=known)


def _bytes(question: Question) -> int | None:
    """What reading both sides takes, None if the warehouse cannot say."""
    relations = question.sides.relations
    if relations is None:
        return None
    sizes = [question.sides.warehouse.size(relation).bytes for relation in (relations.base, relations.head)]
    return None if None in sizes else sum(size or 0 for size in sizes)
