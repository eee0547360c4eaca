"""``preview-compare``: the diff of any two relations. A document of our own; Rocky has none like it."""

from __future__ import annotations

from typing import Literal, assert_never

from rocky_action.domain.diff import Coverage, Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled
from rocky_action.wire.differences import (
    ChangedColumn,
    Example,
    Key,
    Structural,
    changed_columns,
    examples,
    key_of,
    structural,
)
from rocky_action.wire.document import Document


class CompareDocument(Document):
    """Counts are of the rows that ``coverage`` names, and null where there is nothing to say.

    ``rows_changed`` is null without a key: a changed row is then one removed and one added. ``rows_unchanged`` is null
    unless every row was compared.
    """

    command: Literal["preview-compare"] = "preview-compare"
    coverage: Coverage
    rows_base: int | None
    rows_head: int | None
    rows_added: int | None
    rows_removed: int | None
    rows_changed: int | None
    rows_unchanged: int | None
    columns: tuple[ChangedColumn, ...]
    structural: Structural
    key: Key | None
    samples: tuple[Example, ...]
    compared_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    notes: tuple[str, ...]


def compare_document(diff: ModelDiff) -> CompareDocument:
    """The diff of two relations."""
    rows = diff.rows
    return CompareDocument(
        coverage=diff.coverage,
        rows_base=rows.rows_base,
        rows_head=rows.rows_head,
        rows_added=rows.added,
        rows_removed=rows.removed,
        rows_changed=rows.changed,
        rows_unchanged=_unchanged(rows, diff.coverage),
        columns=changed_columns(diff),
        structural=structural(diff.schema),
        key=key_of(diff.key),
        samples=examples(diff),
        compared_columns=diff.compared_columns,
        ignored_columns=diff.ignored_columns,
        notes=diff.notes,
    )


def _unchanged(rows: RowDiff, coverage: Coverage) -> int | None:
    match coverage:
        case Exhaustive():
            if rows.rows_base is None or rows.removed is None:
                return None
            return rows.rows_base - rows.removed - (rows.changed or 0)
        case Sampled() | NotCompared():
            return None
        case _:
            assert_never(coverage)
