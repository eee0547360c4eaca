"""What one comparison has found, in a few plain words: numbers only, nothing that a stranger wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rocky_action.domain.diff import Coverage, Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled
from rocky_action.rendering.figures import MINUS, count, plural
from rocky_action.rendering.results import State, compared_state, counts_differ


def brief(diff: ModelDiff, state: State) -> str:
    """The difference, and how it is to be taken."""
    rows = diff.rows
    match state:
        case State.EMPTIED:
            return f"empty, {gone_words(rows)}"
        case State.DOUBLED | State.HALVED:
            found = [f", {words}" for words in _row_words(diff)] if isinstance(diff.coverage, Exhaustive) else []
            counts = f"{count(rows.rows_base)} → {plural(rows.rows_head or 0, 'row')}"
            return f"{counts}{''.join(found)}{_extent(diff.coverage)}"
        case State.NEW:
            return "new" if rows.rows_head is None else f"new, {plural(rows.rows_head, 'row')}"
        case State.SAME:
            return "equal"
        case _:
            return ", ".join(_difference_words(diff))


def gone_words(rows: RowDiff) -> str:
    """What became of base's rows where head has none."""
    return "its only row is gone" if rows.rows_base == 1 else f"all {plural(rows.rows_base or 0, 'row')} gone"


def _all_rows(number: int) -> str:
    return f"all {plural(number, 'row')}" if number > 1 else "the only row" if number else "both without rows,"


def _extent(coverage: Coverage) -> str:
    match coverage:
        case Exhaustive():
            return ""
        case Sampled():
            return "; compared in part only"
        case NotCompared():
            return "; not compared"
        case _ as never:
            assert_never(never)


def answer(diff: ModelDiff) -> str:
    """What was asked when two things were compared: are they equal?"""
    state = compared_state(diff)
    words = brief(diff, state)
    match state:
        case State.SAME:
            columns = str(plural(len(diff.compared_columns), "column"))
            columns += f", {plural(len(diff.ignored_columns), 'column')} ignored" if diff.ignored_columns else ""
            columns += ", see the notes" if diff.notes else ""
            return f"Equal: {_all_rows(diff.rows.rows_head or 0)} compared in {columns}"
        case State.SAMPLED if isinstance(diff.coverage, Sampled):
            keys = plural(diff.coverage.rows_compared, "key")
            return f"No difference found in a sample of {keys}; whether the rest is equal is not known"
        case State.CHANGED if isinstance(diff.coverage, Sampled) and list(_row_words(diff)):
            return f"At least {words}"
        case State.CHANGED if isinstance(diff.coverage, Exhaustive) and not diff.rows.differs:
            return f"{words}; all rows equal in the columns that were compared"
        case _:
            return f"{words[:1].upper()}{words[1:]}"


def _difference_words(diff: ModelDiff) -> Iterator[str]:
    """What differs in rows, with what it was found in, and then in columns."""
    rows = list(_row_words(diff))
    if not rows and counts_differ(diff.rows):
        yield f"{count(diff.rows.rows_base)} → {count(diff.rows.rows_head)} rows"
    if rows:
        yield f"{', '.join(rows)}{' in the sample' if isinstance(diff.coverage, Sampled) else ''}"
    yield from _schema_words(diff)
    match diff.coverage:
        case Sampled():
            if not rows:
                yield "nothing found in the sample" if diff.is_empty else "no row differs in the sample"
        case Exhaustive():
            if diff.differs_by_chance:
                yield "only in what need not be the same on every build"
        case NotCompared():
            yield "not compared"
        case _ as never:
            assert_never(never)


def _row_words(diff: ModelDiff) -> Iterator[str]:
    rows = diff.rows
    found = [(rows.removed, "removed"), (rows.changed, "changed"), (rows.added, "added")]
    for at, (number, word) in enumerate((number, word) for number, word in found if number):
        yield f"{number:,} {word}" if at else f"{plural(number, 'row')} {word}"


def _schema_words(diff: ModelDiff) -> Iterator[str]:
    schema = diff.schema
    if schema.added:
        yield f"+{plural(len(schema.added), 'column')}"
    if schema.removed:
        yield f"{MINUS}{plural(len(schema.removed), 'column')}"
    if schema.type_changes:
        yield f"{plural(len(schema.type_changes), 'type')} changed"
    if schema.reordered:
        yield "columns reordered"
