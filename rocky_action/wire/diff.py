"""``preview-diff``: what differs, model by model, and which rows were looked at.

The contract knows two algorithms. "bisection" promises that every row was compared, so every exhaustive diff stands
under it, whatever compared the rows; our ``coverage.method`` names that. Everything else stands under "sampled".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from rocky_action.domain.audit import Audit
from rocky_action.domain.diff import (
    Coverage,
    Exhaustive,
    MaskedColumn,
    ModelDiff,
    NotCompared,
    Profile,
    Proof,
    RowExample,
    Sampled,
    Unstable,
    Value,
)
from rocky_action.domain.findings import Finding
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.self_test import SelfTest
from rocky_action.wire.audit import AuditSummary, audit_summary
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
from rocky_action.wire.document import Document, Part
from rocky_action.wire.findings import FoundIn
from rocky_action.wire.self_test import SelfTestEntry, self_test_entry

NULL = "NULL"
"""What stands for SQL's NULL where the contract demands text; ``examples`` tells it from the word."""

MASKED = "(masked)"


class SampleChange(Part):
    """One changed cell, as text."""

    column: str
    base_value: str
    branch_value: str


class Sample(Part):
    """One changed row. Added and removed rows, NULL as null and composite keys in parts are in ``examples``."""

    primary_key: str
    changes: tuple[SampleChange, ...]


class BisectionRows(Part):
    """Counts over all rows. ``rows_changed`` is 0 where our ``rows_changed_known`` is false."""

    rows_added: int
    rows_removed: int
    rows_changed: int
    samples: tuple[Sample, ...]


class BisectionStats(Part):
    """What a bisection looked at.

    Where rows were brought together otherwise (our ``proof.way`` names it) nothing was cut up: the whole table is one
    chunk, compared without descending. Its rows meet by key, so ``split_strategy`` is "composite" for a key of several
    columns and "hash_bucket" otherwise.
    """

    chunks_examined: int = 1
    leaves_materialized: int = 1
    depth_max: int = 0
    depth_capped: bool = False
    split_strategy: Literal["int_range", "composite", "hash_bucket", "first_column"]
    null_pk_rows_base: int
    null_pk_rows_branch: int


class BisectionAlgorithm(Part):
    """Every row was compared."""

    kind: Literal["bisection"] = "bisection"
    diff: BisectionRows
    bisection_stats: BisectionStats


class SampledRows(Part):
    """Counts over the rows that were looked at, null when none were."""

    rows_added: int | None
    rows_removed: int | None
    rows_changed: int
    samples: tuple[Sample, ...]


class SamplingWindow(Part):
    """Which rows were looked at: the first ``limit`` ones by key, or by its hash for a random sample."""

    ordered_by: str
    limit: int
    coverage: Literal["first_n_by_order", "not_yet_sampled"]
    coverage_warning: bool


class SampledAlgorithm(Part):
    """Not every row was compared, or none was."""

    kind: Literal["sampled"] = "sampled"
    sampled: SampledRows
    sampling_window: SamplingWindow


class ModelDiffEntry(Part):
    """One model. Ours: everything from ``coverage`` on.

    ``rows_changed_known`` is false without a key that is unique: there a changed row counts as one removed and one
    added, except for ``rows_paired`` of them.
    """

    model_name: str
    structural: Structural
    algorithm: BisectionAlgorithm | SampledAlgorithm
    coverage: Coverage
    not_compared_reason: str | None
    rows_base: int | None
    rows_head: int | None
    rows_changed_known: bool
    rows_paired: int
    columns: tuple[ChangedColumn, ...]
    key: Key | None
    compared_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    examples: tuple[Example, ...]
    notes: tuple[str, ...]
    new: bool
    proof: Proof
    profile: Profile | None
    unstable: tuple[Unstable, ...]
    masked_columns: tuple[MaskedColumn, ...]


class DiffSummary(Part):
    """Totals over what is known.

    A model without a finding is unchanged only if all its rows were compared; otherwise it is unknown.
    ``any_coverage_warning`` is true when any model was not compared row for row, because it was sampled, could not be
    compared or was not built. A new model whose rows were counted does not raise it: they are all added, and nothing
    can hide behind that. An inlined model is not among the models: it has no rows, and its readers show its effect.
    Ours: ``rows_changed_known`` is false if it is for any model.
    """

    models_with_changes: int
    models_unchanged: int
    models_unknown: int
    total_rows_added: int
    total_rows_removed: int
    total_rows_changed: int
    any_coverage_warning: bool
    rows_changed_known: bool


class DiffDocument(Document):
    """Rocky's ``PreviewDiffOutput``. Ours: everything from ``merge_base`` on."""

    command: Literal["preview-diff"] = "preview-diff"
    branch_name: str
    base_ref: str
    summary: DiffSummary
    models: tuple[ModelDiffEntry, ...]
    markdown: str
    merge_base: str
    head_ref: str
    head_commit: str
    audit: AuditSummary | None
    findings: tuple[FoundIn, ...]
    self_test: SelfTestEntry | None


@dataclass(frozen=True)
class Told:
    """What is known besides the diffs."""

    audit: Audit | None = None
    findings: Iterable[Finding] = ()
    self_test: SelfTest | None = None


def diff_document(
    comparison: Comparison,
    diffs: Sequence[ModelDiff],
    *,
    name: str,
    markdown: str,
    told: Told = Told(),
) -> DiffDocument:
    """What differs, in the order of ``diffs``."""
    return DiffDocument(
        branch_name=name,
        base_ref=comparison.base_ref,
        summary=_summary(diffs),
        models=tuple(_entry(diff) for diff in diffs),
        markdown=markdown,
        merge_base=comparison.merge_base,
        head_ref=comparison.head_ref,
        head_commit=comparison.head_commit,
        audit=None if told.audit is None else audit_summary(told.audit),
        findings=tuple(FoundIn.of(finding) for finding in told.findings),
        self_test=None if told.self_test is None else self_test_entry(told.self_test),
    )


def _summary(diffs: Sequence[ModelDiff]) -> DiffSummary:
    found = [diff for diff in diffs if _found(diff)]
    clean = [diff for diff in diffs if not _found(diff) and _is_complete(diff)]
    return DiffSummary(
        models_with_changes=len(found),
        models_unchanged=len(clean),
        models_unknown=len(diffs) - len(found) - len(clean),
        total_rows_added=sum(_added(diff) or 0 for diff in diffs),
        total_rows_removed=sum(_removed(diff) or 0 for diff in diffs),
        total_rows_changed=sum(diff.rows.changed or 0 for diff in diffs),
        any_coverage_warning=not all(_is_complete(diff) for diff in diffs),
        rows_changed_known=all(_changed_known(diff) for diff in diffs),
    )


def _found(diff: ModelDiff) -> bool:
    """True when a difference is known: in the columns, in the rows, or in their number."""
    rows = diff.rows
    counted = rows.rows_base is not None and rows.rows_head is not None and rows.rows_base != rows.rows_head
    return diff.new or not diff.schema.is_empty or bool(rows.added or rows.removed or rows.changed) or counted


def _is_complete(diff: ModelDiff) -> bool:
    """True when no difference in rows can have been missed."""
    if _added(diff) is None or _removed(diff) is None:
        return False
    match diff.coverage:
        case Exhaustive():
            return True
        case Sampled() | NotCompared():
            return diff.new
        case _:
            assert_never(diff.coverage)


def _added(diff: ModelDiff) -> int | None:
    """Rows added; all of a new model's are, however many were looked at."""
    return diff.rows.rows_head if diff.new else diff.rows.added


def _removed(diff: ModelDiff) -> int | None:
    return 0 if diff.new else diff.rows.removed


def _changed_known(diff: ModelDiff) -> bool:
    """True when the number of changed rows is all of them."""
    by_key = diff.coverage != Exhaustive("multiset") and (diff.key is None or diff.key.is_proven)
    return diff.new or (diff.rows.changed is not None and by_key)


def _entry(diff: ModelDiff) -> ModelDiffEntry:
    return ModelDiffEntry(
        model_name=diff.model,
        structural=structural(diff.schema),
        algorithm=_algorithm(diff),
        coverage=diff.coverage,
        not_compared_reason=diff.coverage.reason if isinstance(diff.coverage, NotCompared) else None,
        rows_base=diff.rows.rows_base,
        rows_head=diff.rows.rows_head,
        rows_changed_known=_changed_known(diff),
        rows_paired=diff.rows.paired,
        columns=changed_columns(diff),
        key=key_of(diff.key),
        compared_columns=diff.compared_columns,
        ignored_columns=diff.ignored_columns,
        examples=examples(diff),
        notes=diff.notes,
        new=diff.new,
        proof=diff.proof,
        profile=diff.profile,
        unstable=diff.unstable,
        masked_columns=diff.masked_columns,
    )


def _algorithm(diff: ModelDiff) -> BisectionAlgorithm | SampledAlgorithm:
    added, removed = _added(diff), _removed(diff)
    match diff.coverage:
        case Exhaustive() if added is not None and removed is not None:
            rows = BisectionRows(
                rows_added=added,
                rows_removed=removed,
                rows_changed=diff.rows.changed or 0,
                samples=_samples(diff),
            )
            return BisectionAlgorithm(diff=rows, bisection_stats=_stats(diff))
        case Sampled():
            return _sampled(diff, ordered_by=_order(diff.coverage), limit=diff.coverage.rows_compared)
        case Exhaustive() | NotCompared():
            # Only the sampled form can say that a count is unknown.
            return _sampled(diff)
        case _:
            assert_never(diff.coverage)


def _order(coverage: Sampled) -> str:
    """What a sample's rows are the first ones by."""
    columns = ", ".join(coverage.ordered_by)
    match coverage.order:
        case "first":
            return columns
        case "random":
            return f"hash({columns})"
        case _:
            assert_never(coverage.order)


def _stats(diff: ModelDiff) -> BisectionStats:
    nulls = (diff.key.null_rows_base, diff.key.null_rows_head) if diff.key else (0, 0)
    if found := diff.proof.bisection:
        return BisectionStats(
            chunks_examined=found.chunks_examined,
            leaves_materialized=found.leaves_materialized,
            depth_max=found.depth_max,
            depth_capped=found.depth_capped,
            split_strategy=found.split,
            null_pk_rows_base=nulls[0],
            null_pk_rows_branch=nulls[1],
        )
    return BisectionStats(
        split_strategy="composite" if diff.key and len(diff.key.columns) > 1 else "hash_bucket",
        null_pk_rows_base=nulls[0],
        null_pk_rows_branch=nulls[1],
    )


def _sampled(diff: ModelDiff, *, ordered_by: str = "", limit: int | None = None) -> SampledAlgorithm:
    """Rows of a sample; without a ``limit`` no row was looked at."""
    return SampledAlgorithm(
        sampled=SampledRows(
            rows_added=_added(diff),
            rows_removed=_removed(diff),
            rows_changed=diff.rows.changed or 0,
            samples=_samples(diff),
        ),
        sampling_window=SamplingWindow(
            ordered_by=ordered_by,
            limit=limit or 0,
            coverage="not_yet_sampled" if limit is None else "first_n_by_order",
            coverage_warning=not _is_complete(diff),
        ),
    )


def _samples(diff: ModelDiff) -> tuple[Sample, ...]:
    return tuple(_sample(example) for example in diff.rows.examples if example.kind == "changed")


def _sample(example: RowExample) -> Sample:
    named = [(column, _text(value)) for column, value in example.key]
    composite = ", ".join(f"{column}={value}" for column, value in named)
    return Sample(
        primary_key=named[0][1] if len(named) == 1 else composite,
        changes=tuple(
            SampleChange(
                column=cell.column,
                base_value=MASKED if cell.masked else _text(cell.base),
                branch_value=MASKED if cell.masked else _text(cell.head),
            )
            for cell in example.cells
        ),
    )


def _text(value: Value) -> str:
    return NULL if value is None else value
