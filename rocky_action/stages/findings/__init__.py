"""What the change means for whoever relies on the models: seen in the files first, then in the real columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.findings import USUAL_IMPACT, Finding, FindingKind
from rocky_action.domain.project import Projects
from rocky_action.sql.equality import same_meaning
from rocky_action.stages.findings.columns import Columns, inferred_columns, is_measured, measured_columns
from rocky_action.stages.findings.placing import Anchor, Found, Places, placed
from rocky_action.stages.findings.settings import changed_masks, changed_settings


def find_in_files(projects: Projects, changes: ChangeSet, *, places: Places) -> tuple[Finding, ...]:
    """What the files of both sides say; no warehouse is asked. The worst first."""
    renamed, columns = _renamed(changes), Columns.of(projects)
    found = [one for change in changes.changes for one in _of_change(change, projects, columns=columns)]
    found += changed_masks(projects, [change.model for change in changes.changes], renamed=renamed)
    return _sorted(placed(found, places, projects=projects, renamed=renamed))


def find_in_data(
    known: Iterable[Finding], projects: Projects, *, changes: ChangeSet, diffs: Iterable[ModelDiff], places: Places
) -> tuple[Finding, ...]:
    """``known`` together with what the real columns say, which counts for more wherever both sides were read."""
    measured = [diff for diff in diffs if is_measured(diff)]
    names, renamed, columns = {diff.model for diff in measured}, _renamed(changes), Columns.of(projects)
    kept = [finding for finding in known if not (finding.model in names and finding.kind.is_of_a_column)]
    found = [one for diff in measured for one in measured_columns(diff, projects, columns=columns, changes=changes)]
    return _sorted([*kept, *placed(found, places, projects=projects, renamed=renamed)])


def _of_change(change: ModelChange, projects: Projects, *, columns: Columns) -> Iterator[Found]:
    head = projects.head.models.get(change.model)
    base = projects.base.models.get(change.renamed_from or change.model)
    if head is None:
        yield _plain(FindingKind.MODEL_REMOVED, change.model, message="it is removed", path=change.path), Anchor()
    elif base is None or change.kind is ChangeKind.ADDED:
        yield _plain(FindingKind.MODEL_ADDED, change.model, message="it is new", path=head.path), Anchor()
    else:
        yield from changed_settings(base, head)
        keyed = base.surrogate_keys != head.surrogate_keys
        edited = base.sql != head.sql and not same_meaning(base, head, dialect=projects.head.dialect)
        if edited or keyed:
            yield from inferred_columns(base, head, columns=columns, change=change)
        if edited:
            anchor = Anchor(head_line=head.first_line)
            yield _plain(FindingKind.SQL_BODY_CHANGED, head.name, message="its SQL changed", path=head.path), anchor


def _plain(kind: FindingKind, model: str, *, message: str, path: str) -> Finding:
    return Finding(model, kind, USUAL_IMPACT[kind], message, path)


def _renamed(changes: ChangeSet) -> dict[str, str]:
    """The old name of each renamed model, by its new one. Paired so, a model's target can be seen to move."""
    return {change.model: change.renamed_from for change in changes.changes if change.renamed_from is not None}


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.weight))
