"""Which columns are dropped, added, of another type or in another order: inferred from the SQL, or measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rocky_action.domain.diff import ModelDiff, NotCompared
from rocky_action.domain.findings import USUAL_IMPACT, Finding, FindingKind, Impact
from rocky_action.domain.project import Model, Projects
from rocky_action.sql.outputs import Output, output_columns
from rocky_action.stages.findings.narrowing import narrows
from rocky_action.stages.findings.placing import Anchor, Found

_REORDERED = "its columns are in another order, which matters to whoever reads them by position"


def is_measured(diff: ModelDiff) -> bool:
    """True when the columns of both sides were read."""
    return not diff.new and not (diff.schema.is_empty and isinstance(diff.coverage, NotCompared))


def inferred_columns(base: Model, head: Model, *, projects: Projects) -> Iterator[Found]:
    """Differences that the two texts show; nothing where either leaves its columns open."""
    old, new = output_columns(base, projects.base.dialect), output_columns(head, projects.head.dialect)
    if old is None or new is None:
        return
    before, after = _by_name(old), _by_name(new)
    for name, column in before.items():
        if name not in after:
            yield _found(FindingKind.COLUMN_DROPPED, head, message=f"column `{column.name}` is dropped", before=column)
    for name, column in after.items():
        if name not in before:
            yield _found(FindingKind.COLUMN_ADDED, head, message=f"column `{column.name}` is added", after=column)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield _found(FindingKind.COLUMN_REORDERED, head, message=_REORDERED)


def measured_columns(diff: ModelDiff, projects: Projects, *, renamed: Mapping[str, str]) -> Iterator[Found]:
    """Differences between the columns that the warehouse has on both sides.

    Rocky compares each column's place in the whole list, so one column more moves all that follow it. Here only those
    that both sides have are put side by side.
    """
    schema, head = diff.schema, projects.head.models[diff.model]
    if schema.is_empty:
        return
    base = projects.base.models.get(renamed.get(diff.model, diff.model))
    before = _by_name(output_columns(base, projects.base.dialect) or () if base else ())
    after = _by_name(output_columns(head, projects.head.dialect) or ())
    for column in schema.removed:
        message = f"column `{column.name}` ({column.type}) is dropped"
        own = before.get(column.name.lower(), Output(column.name))
        yield _found(FindingKind.COLUMN_DROPPED, head, message=message, before=own)
    for column in schema.added:
        message = f"column `{column.name}` ({column.type}) is added"
        own = after.get(column.name.lower(), Output(column.name))
        yield _found(FindingKind.COLUMN_ADDED, head, message=message, after=own)
    for change in schema.type_changes:
        narrower = narrows(change.base_type, change.head_type)
        verb = "narrows" if narrower else "changes"
        message = f"column `{change.name}` {verb} from {change.base_type} to {change.head_type}"
        own = after.get(change.name.lower(), Output(change.name))
        finding, anchor = _found(FindingKind.COLUMN_TYPE_CHANGED, head, message=message, after=own)
        yield (finding if narrower else replace(finding, severity=Impact.INFO)), anchor
    if schema.reordered:
        yield _found(FindingKind.COLUMN_REORDERED, head, message=_REORDERED)


def _found(
    kind: FindingKind, head: Model, *, message: str, before: Output | None = None, after: Output | None = None
) -> Found:
    about = before or after
    finding = Finding(
        head.name, kind, USUAL_IMPACT[kind], message, head.path, column=None if about is None else about.name
    )
    return finding, Anchor(base_line=before.line if before else None, head_line=after.line if after else None)


def _by_name(columns: Sequence[Output]) -> dict[str, Output]:
    return {column.name.lower(): column for column in columns}
