"""Which columns are dropped, added, of another type or in another order: inferred from the SQL, or measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.changes import ChangeSet, ModelChange
from rocky_action.domain.diff import ModelDiff, NotCompared
from rocky_action.domain.findings import USUAL_IMPACT, Finding, FindingKind, Impact
from rocky_action.domain.project import Model, Projects
from rocky_action.sql.outputs import Output, Outputs
from rocky_action.stages.findings.narrowing import narrows
from rocky_action.stages.findings.placing import Anchor, Found

_REORDERED = "its columns are in another order, which matters to whoever reads them by position"


def is_measured(diff: ModelDiff) -> bool:
    """True when the columns of both sides were read."""
    return not diff.new and not (diff.schema.is_empty and isinstance(diff.coverage, NotCompared))


@dataclass(frozen=True)
class Columns:
    """What both sides' SQL says about the columns of models; each model is looked at when it is asked about."""

    base: Outputs
    head: Outputs

    @staticmethod
    def of(projects: Projects) -> Columns:
        """Nothing is looked at yet."""
        return Columns(Outputs(projects.base), Outputs(projects.head))


def inferred_columns(base: Model, head: Model, *, columns: Columns, change: ModelChange) -> Iterator[Found]:
    """Differences that the two texts show; nothing where either leaves its columns open."""
    old, new = columns.base.of(base.name), columns.head.of(head.name)
    if old is None or new is None:
        return
    before, after = _by_name(old), _by_name(new)
    renames = _Renames.of(change)
    for name, column in before.items():
        if name not in after:
            message = f"column `{column.name}` {renames.fate(name)}"
            yield _found(FindingKind.COLUMN_DROPPED, head, message=message, before=column)
    for name, column in after.items():
        if name not in before:
            message = f"column `{column.name}` {renames.origin(name)}"
            yield _found(FindingKind.COLUMN_ADDED, head, message=message, after=column)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield _found(FindingKind.COLUMN_REORDERED, head, message=_REORDERED)


def measured_columns(diff: ModelDiff, projects: Projects, *, columns: Columns, changes: ChangeSet) -> Iterator[Found]:
    """Differences between the columns that the warehouse has on both sides.

    Rocky compares each column's place in the whole list, so one column more moves all that follow it. Here only those
    that both sides have are put side by side.
    """
    schema, head = diff.schema, projects.head.models[diff.model]
    if schema.is_empty:
        return
    change = changes.of(diff.model)
    old = change.renamed_from if change and change.renamed_from else diff.model
    before = columns.base.written(old) if old in projects.base.models else {}
    after, renames = columns.head.written(diff.model), _Renames.seen(diff, changes)
    for column in schema.removed:
        message = f"column `{column.name}` ({column.type}) {renames.fate(column.name)}"
        own = before.get(column.name.lower())
        yield _found(FindingKind.COLUMN_DROPPED, head, message=message, before=own, column=column.name)
    for column in schema.added:
        message = f"column `{column.name}` ({column.type}) {renames.origin(column.name)}"
        own = after.get(column.name.lower())
        yield _found(FindingKind.COLUMN_ADDED, head, message=message, after=own, column=column.name)
    for retyped in schema.type_changes:
        narrower = narrows(retyped.base_type, retyped.head_type)
        verb = "narrows" if narrower else "changes"
        message = f"column `{retyped.name}` {verb} from {retyped.base_type} to {retyped.head_type}"
        own = after.get(retyped.name.lower())
        kind = FindingKind.COLUMN_TYPE_CHANGED
        finding, anchor = _found(kind, head, message=message, after=own, column=retyped.name)
        yield (finding if narrower else replace(finding, severity=Impact.INFO)), anchor
    if schema.reordered:
        yield _found(FindingKind.COLUMN_REORDERED, head, message=_REORDERED)


@dataclass(frozen=True)
class _Renames:
    """Columns that are computed as before and called otherwise. Rocky's kinds know only columns that come and go."""

    old: Mapping[str, str]
    new: Mapping[str, str]

    @staticmethod
    def of(change: ModelChange | None) -> _Renames:
        pairs = () if change is None else change.renamed_columns
        return _Renames({new.lower(): old for old, new in pairs}, {old.lower(): new for old, new in pairs})

    @staticmethod
    def seen(diff: ModelDiff, changes: ChangeSet) -> _Renames:
        """A model that nobody edited has another name for a column only because what it reads has."""
        change = changes.of(diff.model)
        if change is not None:
            return _Renames.of(change)
        gone, come = ({one.name.lower() for one in side} for side in (diff.schema.removed, diff.schema.added))
        passed_on = [
            (old, new)
            for upstream in changes.changes
            for old, new in upstream.renamed_columns
            if old.lower() in gone and new.lower() in come
        ]
        return _Renames({new.lower(): old for old, new in passed_on}, {old.lower(): new for old, new in passed_on})

    def fate(self, column: str) -> str:
        """What became of a column that base has and head has not."""
        new = self.new.get(column.lower())
        return "is dropped" if new is None else f"is called `{new}` now"

    def origin(self, column: str) -> str:
        """Where a column comes from that head has and base has not."""
        old = self.old.get(column.lower())
        return "is added" if old is None else f"was called `{old}`"


def _found(
    kind: FindingKind,
    head: Model,
    *,
    message: str,
    before: Output | None = None,
    after: Output | None = None,
    column: str | None = None,
) -> Found:
    about = before or after
    name = column or (about.name if about else None)
    finding = Finding(head.name, kind, USUAL_IMPACT[kind], message, head.path, column=name)
    return finding, Anchor(base_line=before.line if before else None, head_line=after.line if after else None)


def _by_name(columns: Sequence[Output]) -> dict[str, Output]:
    return {column.name.lower(): column for column in columns}
