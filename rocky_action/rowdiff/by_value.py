"""Every row, without a key: equal rows cancel, and a changed row is told from a lost one where there is no doubt."""

from __future__ import annotations

from dataclasses import replace

from rocky_action.domain.diff import Exhaustive, Proof, RowDiff
from rocky_action.rowdiff.answers import Answer, Question
from rocky_action.rowdiff.by_key import steady
from rocky_action.rowdiff.multiset import DRAWN, Leftovers, Multisets, cancel, match_hashes
from rocky_action.rowdiff.pairing import pair_rows
from rocky_action.rowdiff.positions import align, cancel_partners

_STRANGERS = 0.05
"""The share of rows that may differ from those at their place before grouping them costs more than it saves."""
_IN_PLACE = (
    "most rows of both tables stand in the same order, so equal ones cancel where they stand, the others as groups"
)
_GROUPED = "there is no key to match rows by"
_HASHED = "there is no key and rows stand in different orders, so a join of their hashes cancels equal rows"


def diff_by_value(question: Question) -> Answer:
    """All rows as a multiset of their compared columns, exactly: what is near to several rows is equal to none."""
    exact = tuple(replace(pair, tolerance=None) for pair in question.compared)
    multisets = Multisets(question.sides, exact, question.masked)
    draw = DRAWN if question.request.max_samples else 0
    found, why = _leftovers(question, multisets, draw=draw)
    rows = RowDiff(question.rows_base, question.rows_head, found.added, found.removed)
    pairing = pair_rows(found.differing)
    pairs = len(pairing.changed)
    differing = replace(found.differing, rows=pairing.changed + pairing.rest, total=found.differing.total - pairs)
    proof = Proof("positions" if why is _IN_PLACE else "groups", why, found.odds)
    notes = (pairing.reason,) if pairing.reason and found.differing.rows else ()
    counted = pairing.counted(rows, question.compared)
    return steady(Answer(counted, proof, lambda: differing, Exhaustive("multiset"), notes=notes))


def _leftovers(question: Question, multisets: Multisets, *, draw: int) -> tuple[Leftovers, str]:
    if question.is_small:
        return cancel(multisets, draw=draw), _GROUPED
    alignment = align(question.sides, multisets.compared, strangers=_STRANGERS)
    if alignment is not None:
        return cancel_partners(alignment, multisets, draw=draw), _IN_PLACE
    hashed = match_hashes(multisets, draw=min(draw, question.draw))
    return (cancel(multisets, draw=draw), _GROUPED) if hashed is None else (hashed, _HASHED)
