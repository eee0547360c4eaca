"""``preview-compare``: the diff of any two relations. A document of our own; Rocky has none like it."""

from __future__ import annotations

from typing import Literal

from rocky_action.domain.diff import (
    Coverage,
    MaskedColumn,
    ModelDiff,
    Profile,
    Proof,
)
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

    Without a key a changed row is one removed and one added, and ``rows_changed`` is null or, where some rows belong
    together without any doubt, just these ``rows_paired``. ``rows_unchanged`` is null unless every row was compared.
    """

    command: Literal["preview-compare"] = "preview-compare"
    coverage: Coverage
    rows_base: int | None
    rows_head: int | None
    rows_added: int | None
    rows_removed: int | None
    rows_changed: int | None
    rows_unchanged: int | None
    rows_paired: int
    columns: tuple[ChangedColumn, ...]
    structural: Structural
    key: Key | None
    samples: tuple[Example, ...]
    compared_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    notes: tuple[str, ...]
    proof: Proof
    profile: Profile | None
    masked_columns: tuple[MaskedColumn, ...]


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
        rows_unchanged=diff.rows_unchanged,
        rows_paired=rows.paired,
        columns=changed_columns(diff),
        structural=structural(diff.schema),
        key=key_of(diff.key),
        samples=examples(diff),
        compared_columns=diff.compared_columns,
        ignored_columns=diff.ignored_columns,
        notes=diff.notes,
        proof=diff.proof,
        profile=diff.profile,
        masked_columns=diff.masked_columns,
    )
