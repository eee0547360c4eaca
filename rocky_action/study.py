"""What can be known without a warehouse: both sides loaded, the change set, the plan. All that ``plan`` needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from rocky_action.domain.changes import ChangeSet
from rocky_action.domain.findings import Finding
from rocky_action.domain.options import PreviewOptions, ProjectFile
from rocky_action.domain.plan import Plan
from rocky_action.domain.project import Projects, without_models
from rocky_action.domain.pull_request import Comparison, Hunk
from rocky_action.domain.report import Caveat, Severity
from rocky_action.errors import ProjectError
from rocky_action.ports import ProjectLoader, Records, SourceTree, WarehouseAdapter
from rocky_action.stages.changes import detect_changes
from rocky_action.stages.cost import tariff_of
from rocky_action.stages.findings import find_in_files
from rocky_action.stages.findings.placing import Places
from rocky_action.stages.language import language_caveats
from rocky_action.stages.lost_columns import lost_columns
from rocky_action.stages.plan import make_plan, refuse_reserved_schemas


@dataclass(frozen=True)
class Connection:
    """An open warehouse with its records, and what the reader must know about how it was opened."""

    warehouse: WarehouseAdapter
    records: Records
    caveats: tuple[Caveat, ...] = ()


def _no_hunks(paths: Collection[str]) -> Mapping[str, tuple[Hunk, ...]]:
    return dict.fromkeys(paths, ())


def _no_seeds(projects: Projects) -> tuple[str, ...]:
    del projects
    return ()


@dataclass(frozen=True)
class World:
    """Everything outside, handed in: both trees, how to read them, how to reach the warehouse, the time, a listener.

    ``hunks`` says which lines of head's files are edited, ``changed_seeds`` which files that models' sources are filled
    from, ``base_file`` what base's rocky-preview.yml says, ``pull_request`` is the number of the one that this is for.
    """

    comparison: Comparison
    base_tree: SourceTree
    head_tree: SourceTree
    loader: ProjectLoader
    connect: Callable[[Projects], AbstractContextManager[Connection]]
    now: datetime
    progress: Callable[[str], None]
    run_url: str | None = None
    hunks: Callable[[Collection[str]], Mapping[str, tuple[Hunk, ...]]] = _no_hunks
    pull_request: int | None = None
    changed_seeds: Callable[[Projects], tuple[str, ...]] = _no_seeds
    base_file: ProjectFile = ProjectFile()
    caveats: tuple[Caveat, ...] = ()

    @property
    def places(self) -> Places:
        """Where findings are to be shown."""
        locate = self.loader.locate
        return Places(partial(locate, tree=self.base_tree), partial(locate, tree=self.head_tree), self.hunks)


@dataclass(frozen=True)
class Study:
    """What can be known without a warehouse."""

    projects: Projects
    changes: ChangeSet
    plan: Plan
    findings: tuple[Finding, ...] = ()
    changed_seeds: tuple[str, ...] = ()

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the models' texts do not say, and which of them are about to fail."""
        head = self.projects.head
        lost = lost_columns(self.plan, head, findings=self.findings)
        return (*language_caveats(self.plan, head), *lost, *self.seed_caveats)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Changed files whose effect on the data no comparison shows: base is read where head is, seeds included."""
        return (*self.changed_seeds, *(("rocky.toml",) if self.projects.moves_data else ()))

    @property
    def seed_caveats(self) -> tuple[Caveat, ...]:
        """What no preview shows, whether anything is built or not: both sides would read the same data."""
        message = "This pull request changes a seed, and what that does to the data is not shown."
        return tuple(Caveat(Severity.WARNING, message, path=path) for path in self.changed_seeds)

    @property
    def fingerprint(self) -> str:
        """Changes whenever what would be built changes."""
        head, base = self.projects.head.models, self.projects.base.models
        text = repr([(head[one.model], base.get(one.base_model or "")) for one in self.plan.prune_set])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def study(world: World, options: PreviewOptions) -> Study:
    """Load both projects, detect the change set, make the plan."""
    world.progress("reading both sides")
    head = world.loader.load(world.head_tree)
    base = world.loader.load(world.base_tree) if world.loader.holds(world.base_tree) else without_models(head)
    if not head.models and not base.models:
        raise ProjectError(
            "\n".join(["the project has no models", *head.warnings]), advice="Check `models` in rocky.toml."
        )
    tariff_of(head, options.prices)  # prices that mean nothing here are told before anything is built
    projects = Projects(base, head)
    refuse_reserved_schemas(projects)
    changes = detect_changes(projects, world.comparison.changed_paths)
    plan = make_plan(projects, changes, copy=options.run.copy)
    findings = find_in_files(projects, changes, places=world.places)
    return Study(projects, changes, plan, findings, world.changed_seeds(projects))
