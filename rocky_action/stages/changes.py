"""Detect the change set: what every model of base and head has become."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rocky_action.domain.changes import ChangeKind, ChangeSet, ModelChange, SomeColumns, Untouched
from rocky_action.domain.lineage import ModelRead, Reference
from rocky_action.domain.project import Ephemeral, FullRefresh, Model, Projects, TimeInterval, View
from rocky_action.domain.pull_request import ChangedPath, PathStatus
from rocky_action.domain.text import named
from rocky_action.sql.edits import ANYTHING, Edit, edit_of_model
from rocky_action.sql.equality import same_meaning
from rocky_action.sql.references import problem_of
from rocky_action.sql.renames import renamed_by_content


def detect_changes(projects: Projects, changed_paths: Iterable[ChangedPath]) -> ChangeSet:
    """Models are compared after defaults, groups and variables are merged in, whichever file an edit was made in.

    A renamed model is told from one that was removed and another that was added by git, else by what its query says.
    """
    base, head = projects.base.models, projects.head.models
    renames = _all_renames(projects, changed_paths)
    names = _Names.of(projects)
    for project in (projects.base, projects.head):
        project.reads.foresee((names.unsettled | names.edited) & project.models.keys())
    changes: list[ModelChange] = []
    for name, model in head.items():
        if name in base:
            change = _compared(base[name], model, projects=projects, names=names)
        elif name in renames:
            change = _renamed(base[renames[name]], model, projects=projects)
        else:
            change = ModelChange(name, ChangeKind.ADDED, model.path, "new in this pull request")
        if change is not None:
            changes.append(change)
    gone = base.keys() - head.keys() - set(renames.values())
    changes += [ModelChange(name, ChangeKind.REMOVED, base[name].path, "removed") for name in gone]
    return ChangeSet(tuple(sorted(changes, key=lambda change: change.model)))


@dataclass(frozen=True)
class _Names:
    """Head's models whose names for tables may mean something else than base's.

    Those ``unsettled`` mention a name that came, went or moved: the same words can mean another model there. The
    ``edited`` ones have other words.
    """

    unsettled: frozenset[str]
    edited: frozenset[str]

    @staticmethod
    def of(projects: Projects) -> _Names:
        """What a name means depends on the dialect, and on the names and targets of all models."""
        base, head = projects.base, projects.head
        if base.dialect != head.dialect:
            return _Names(frozenset(head.models), frozenset())
        moved = [
            model
            for project, other in ((base, head), (head, base))
            for name, model in project.models.items()
            if (there := other.models.get(name)) is not model and (there is None or there.target != model.target)
        ]
        both = base.models.keys() & head.models.keys()
        edited = (name for name in both if not _reads_alike(base.models[name], head.models[name]))
        return _Names(head.reads.could_read(moved), frozenset(edited))

    def may_differ(self, model: str) -> bool:
        """Whether what a model reads has to be looked at."""
        return model in self.unsettled or model in self.edited


def _all_renames(projects: Projects, changed_paths: Iterable[ChangedPath]) -> dict[str, str]:
    """Head's new names with base's old ones; git goes first, because it also knows files that were edited."""
    by_git = dict(_renames(projects, changed_paths))
    base, head = projects.base.models, projects.head.models
    removed, added = base.keys() - head.keys() - set(by_git.values()), head.keys() - base.keys() - by_git.keys()
    return by_git | (renamed_by_content(projects, removed=removed, added=added) if removed and added else {})


def _renames(projects: Projects, changed_paths: Iterable[ChangedPath]) -> Iterable[tuple[str, str]]:
    """Pairs of head's new name and base's old one, for model files that git says were renamed."""
    base = {model.path: name for name, model in projects.base.models.items()}
    head = {model.path: name for name, model in projects.head.models.items()}
    for change in changed_paths:
        if change.status is not PathStatus.RENAMED:
            continue
        old, new = base.get(change.old_path or ""), head.get(change.path)
        if old is not None and new is not None and old not in projects.head.models and new not in projects.base.models:
            yield new, old


def _renamed(base: Model, head: Model, *, projects: Projects) -> ModelChange:
    edited = _compared(base, head, projects=projects, names=_Names(frozenset([head.name]), frozenset()))
    also = f"; {edited.why}" if edited is not None and edited.affects_data else ""
    return ModelChange(
        head.name, ChangeKind.RENAMED, head.path, f"renamed from `{base.name}`{also}", renamed_from=base.name
    )


def _compared(base: Model, head: Model, *, projects: Projects, names: _Names) -> ModelChange | None:
    if (base is head or base == head) and not names.may_differ(head.name):
        return None
    reasons = list(_config_reasons(base, head, projects=projects))
    text_differs = (base.sql, base.language) != (head.sql, head.language)
    if text_differs and not _same_meaning(base, head, projects=projects):
        edit = ANYTHING if reasons or head.name in names.unsettled else _edit(base, head, projects=projects)
        if isinstance(edit.effect, SomeColumns) and edit.effect.columns:
            return _of_columns(head, edit)
        problem = problem_of(head, projects.head.dialect)
        what = "its SQL changed" if problem is None else f"its text changed and cannot be read: {problem.message}"
        return ModelChange(head.name, ChangeKind.ROWS, head.path, "; ".join([what, *reasons]))
    resolution = None
    if names.may_differ(head.name):
        resolution = _resolution_change(projects.base.reads[base.name], projects.head.reads[head.name])
    if resolution is not None:
        return ModelChange(head.name, ChangeKind.ROWS, head.path, "; ".join([resolution, *reasons]))
    if reasons:
        return ModelChange(head.name, ChangeKind.CONFIG, head.sidecar_path or head.path, "; ".join(reasons))
    if text_differs:
        why = "its SQL is written differently and means the same"
        return ModelChange(head.name, ChangeKind.COSMETIC, head.path, why, effect=Untouched())
    if _harmless(base) != _harmless(head):
        path = head.sidecar_path or head.path
        why = "only settings changed that cannot change data (tests, tags, budget, description and the like)"
        return ModelChange(head.name, ChangeKind.COSMETIC, path, why, effect=Untouched())
    return None


def _edit(base: Model, head: Model, *, projects: Projects) -> Edit:
    """What the edit of a query does to the relation; earlier runs have left other columns in one that is continued."""
    if isinstance(head.strategy, (FullRefresh, View, Ephemeral)):
        return edit_of_model(base, head, dialect=projects.head.dialect)
    return ANYTHING


def _of_columns(head: Model, edit: Edit) -> ModelChange:
    renamed = tuple(column for pair in edit.renamed for column in pair)
    parts = [
        f"{_columns(edit.changed)} computed differently" if edit.changed else "",
        f"{_columns(edit.added)} new" if edit.added else "",
        f"{_columns(edit.removed)} gone" if edit.removed else "",
        f"{_columns(edit.untold)} not the same" if edit.untold else "",
        *(f"column `{old}` is called `{new}` now" for old, new in edit.renamed),
    ]
    return ModelChange(
        head.name,
        ChangeKind.COLUMNS,
        head.path,
        "; ".join(part for part in parts if part),
        (*edit.changed, *edit.added, *edit.removed, *renamed, *edit.untold),
        renamed_columns=edit.renamed,
        effect=edit.effect,
    )


def _columns(names: tuple[str, ...]) -> str:
    return f"column {named(names)} is" if len(names) == 1 else f"columns {named(names)} are"


def _same_meaning(base: Model, head: Model, *, projects: Projects) -> bool:
    """Nothing is known about what is not understood, such as SQL that is hidden in a string."""
    sides = ((base, projects.base.dialect), (head, projects.head.dialect))
    understood = all(problem_of(model, dialect) is None for model, dialect in sides)
    return understood and same_meaning(base, head, dialect=projects.head.dialect)


def _config_reasons(base: Model, head: Model, *, projects: Projects) -> Iterable[str]:
    if base.strategy != head.strategy:
        if base.strategy.kind != head.strategy.kind:
            yield f"its strategy changed from `{base.strategy.kind}` to `{head.strategy.kind}`"
        else:
            yield f"its {head.strategy.kind} settings changed"
    if base.target != head.target and not _only_follows_the_name(base, head):
        yield f"its target moved from {base.target} to {head.target}"
    if base.surrogate_keys != head.surrogate_keys:
        yield "its surrogate keys changed"
    if projects.base.dialect != projects.head.dialect:
        yield f"the project moved from {projects.base.dialect} to {projects.head.dialect}"


def _only_follows_the_name(base: Model, head: Model) -> bool:
    """Whether a renamed model's table is another one for no other reason."""
    named_alike = (base.target.name, head.target.name) == (base.name, head.name)
    return base.name != head.name and named_alike and replace(base.target, name=head.name) == head.target


def _resolution_change(base: tuple[Reference, ...], head: tuple[Reference, ...]) -> str | None:
    """The same text can read something else: a name that used to be a source is a model now, or the other way."""
    gone = [ref for ref in base if ref not in head and not (isinstance(ref, ModelRead) and ref.declared)]
    new = [ref for ref in head if ref not in base and not (isinstance(ref, ModelRead) and ref.declared)]
    if not gone and not new:
        return None
    return f"what it reads changed: {_named(gone)} became {_named(new)}"


def _named(references: list[Reference]) -> str:
    names = (ref.model if isinstance(ref, ModelRead) else f"the table {ref.name}" for ref in references)
    return ", ".join(names) or "nothing"


def _reads_alike(base: Model, head: Model) -> bool:
    """Whether two models read the same, if names mean the same; most models are one value on both sides."""
    return base is head or _read_by(base) == _read_by(head)


def _read_by(model: Model) -> tuple[object, ...]:
    """What decides which models one reads, besides what names mean; only one strategy has placeholders to fill."""
    filled = isinstance(model.strategy, TimeInterval)
    return model.sql, model.language, filled, model.target, model.problem


def _harmless(model: Model) -> tuple[object, ...]:
    return model.metadata, model.tests, model.budget, model.options, model.depends_on, model.path
