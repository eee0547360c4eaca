"""Puts the real parts together: settings and a folder in, a World for the pipeline out."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from rocky_action.cancelling import closing
from rocky_action.domain.annotations import Annotation
from rocky_action.domain.execution import Execution
from rocky_action.domain.naming import preview_name
from rocky_action.domain.options import Baseline, PreviewOptions, ProjectFile
from rocky_action.domain.permits import Permits
from rocky_action.domain.project import Ephemeral, Projects, WarehouseOnly
from rocky_action.domain.pull_request import Comparison, PathStatus, PullRequest
from rocky_action.domain.report import Caveat, Report, Severity
from rocky_action.errors import InputError
from rocky_action.git.comparison import compare
from rocky_action.git.hunks import changed_hunks, lines_in
from rocky_action.git.repository import Repository, open_repository
from rocky_action.git.trees import trees
from rocky_action.holding import refuse
from rocky_action.place import PROJECT_FILE, Place, project_folder
from rocky_action.ports import SourceTree
from rocky_action.projects.rocky import RockyLoader
from rocky_action.projects.seeds import seed_files, seed_statements
from rocky_action.settings import Settings
from rocky_action.stages.leniency import GATING, gate_caveats
from rocky_action.study import Connection, Study, World
from rocky_action.warehouses.destinations import refuse_another_destination
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import Opened, OpenRequest

_WITHHELD = (
    "No value of the data is shown, and no error text that may quote one, because the event does not say that this"
    " repository is private: whoever reads it would read them. `max_samples: 5` shows values all the same."
)

_POWERFUL = (
    "More than a preview needs: {}. Nothing of it was used; docs/warehouses/{}.md of rocky-preview has the grants that"
    " are enough."
)


def labels_of(place: Place, *, number: int | None, name: str | None) -> Mapping[str, str]:
    """What a warehouse's bill is to name: whose statements these are, as far as it is known."""
    known = {
        "repository": place.environ.get("GITHUB_REPOSITORY"),
        "pull_request": None if number is None else str(number),
        "preview": name,
    }
    return {key: value for key, value in known.items() if value}


def project_loader(settings: Settings, place: Place) -> RockyLoader:
    """The loader for the project that the settings name."""
    return RockyLoader(
        environ=place.environ,
        config_path=posixpath.basename(settings.config),
        variables=settings.variables,
        pipeline=settings.pipeline,
        models=settings.models_dir,
    )


def assemble(settings: Settings, place: Place, *, pull_request: PullRequest | None) -> tuple[World, PreviewOptions]:
    """The world and the options of one preview. Finds the merge base; opens no warehouse."""
    repository = _repository(settings, place)
    comparison = compare(
        repository,
        base_ref=settings.base_ref or (pull_request.base_ref if pull_request else "main"),
        head=settings.head,
        head_ref=pull_request.head_ref if pull_request else None,
        pull_head=pull_request.head_commit if pull_request else None,
    )
    number = pull_request.number if pull_request else settings.pr_number
    options = settings.preview_options(
        settings.branch_name or preview_name(comparison.head_ref, number, folder=repository.prefix),
        private=place.private,
    )
    base_tree, head_tree = trees(repository, comparison)
    reviewed = base_file(base_tree)
    permits = _reviewed(options.run.permits, reviewed)
    options = replace(options, run=replace(options.run, permits=permits))
    world = World(
        comparison=comparison,
        base_tree=base_tree,
        head_tree=head_tree,
        loader=project_loader(settings, place),
        connect=partial(
            connect,
            settings=settings,
            place=place,
            comparison=comparison,
            head_tree=head_tree,
            labels=labels_of(place, number=number, name=options.name),
        ),
        now=place.now,
        progress=place.progress,
        run_url=place.run_url,
        hunks=lambda paths: changed_hunks(repository, comparison, paths=paths),
        pull_request=number,
        base_file=reviewed,
        caveats=tuple(_gate_caveats(settings, base=reviewed, head_tree=head_tree)),
        changed_seeds=partial(_changed_seeds, settings, comparison=comparison, head_tree=head_tree),
    )
    return world, options


def base_file(base_tree: SourceTree) -> ProjectFile:
    """``rocky-preview.yml`` as base has it; one that cannot be read says nothing: head may be about to mend it."""
    text = base_tree.read([PROJECT_FILE]).get(PROJECT_FILE)
    if text is None:
        return ProjectFile(PROJECT_FILE)
    from rocky_action.project_file import load_project_file  # YAML is only imported where there is some

    try:
        return load_project_file(text, PROJECT_FILE)
    except InputError:
        return ProjectFile(PROJECT_FILE)


def _gate_caveats(settings: Settings, *, base: ProjectFile, head_tree: SourceTree) -> Iterator[Caveat]:
    """What head's project file decides; an input of the workflow is nothing that a pull request's file can change."""
    decided = [key for key in GATING if settings.origins[key].startswith(("default", PROJECT_FILE))]
    return gate_caveats(base, base_file(head_tree), deciding=decided)


def _reviewed(permits: Permits, base: ProjectFile) -> Permits:
    """What may be done, by the inputs and by base's project file: head's may forbid more, and allow nothing."""
    strict = permits.strict_sources or base.inputs.get("strict_sources", "").lower() == "true"
    return Permits.of([*permits.functions, *base.allow_functions], proposed=permits.proposed, strict=strict)


def at_pull_head(
    annotations: Sequence[Annotation], settings: Settings, *, place: Place, report: Report, pull_head: str
) -> tuple[Annotation, ...]:
    """Annotations on the lines that a pull request's own head has them on, where a merge of it is checked out."""
    spots = {(one.path, one.line) for one in annotations if one.path is not None and one.line is not None}
    if not spots or not report.comparison.work_tree or report.comparison.head_commit == pull_head:
        return tuple(annotations)
    lines = lines_in(_repository(settings, place), pull_head, spots=spots)
    return tuple(
        replace(one, line=lines.get((one.path, one.line), one.line)) if one.path and one.line else one
        for one in annotations
    )


def _repository(settings: Settings, place: Place) -> Repository:
    return open_repository(
        project_folder(settings, place),
        environ=place.environ,
        token=settings.github_token,
        server_url=place.server_url,
    )


@contextmanager
def connect(
    projects: Projects,
    *,
    settings: Settings,
    place: Place,
    comparison: Comparison,
    head_tree: SourceTree,
    labels: Mapping[str, str],
) -> Iterator[Connection]:
    """The warehouse of head's adapter, open for writing, with its records; closed at the end."""
    from rocky_action.state import NoRecords, open_records  # a plan opens no warehouse, so it has no records

    place.mask_all(projects.head.adapter.settings)
    refuse_another_destination(projects.head.adapter, projects.base.adapter)
    files = seed_files(head_tree.paths(), settings.seeds)
    request = OpenRequest(
        projects.head.adapter,
        place.folder,
        seeds=partial(seed_statements, head_tree, project_folder(settings, place), files=files),
        seed_places=partial(_seed_places, head_tree, project_folder(settings, place)),
        memory_limit=settings.memory_limit,
        extensions=settings.duckdb_extensions,
        files=settings.duckdb_files,
        catalogs={
            model.target.catalog: model.name
            for model in projects.head.models.values()
            if not isinstance(model.strategy, (Ephemeral, WarehouseOnly))
        },
        production=tuple(
            model.target
            for model in projects.base.models.values()
            if not isinstance(model.strategy, (Ephemeral, WarehouseOnly))
        ),
        environ=place.environ,
        labels=labels,
    )
    opened = open_warehouse(request)
    with closing(opened.warehouse):
        records = open_records(opened.warehouse)
        seeds = _seeds_among(_changed(comparison), settings, head_tree=head_tree, projects=projects)
        if opened.seeded:
            seeds = _changed_seeds(settings, projects, comparison=comparison, head_tree=head_tree)
        caveats = [*_seed_caveats(opened, files, changed=seeds, baseline=settings.baseline)]
        if settings.max_samples is None and not place.private:
            caveats.append(Caveat(Severity.NOTE, _WITHHELD))
        if opened.powers:
            caveats.append(Caveat(Severity.NOTE, _POWERFUL.format(opened.powers, projects.head.adapter.type)))
        if isinstance(records, NoRecords):
            caveats.append(Caveat(Severity.NOTE, f"Nothing was recorded: {records.reason}"))
        yield Connection(opened.warehouse, records, tuple(caveats))


@dataclass(frozen=True)
class Newest:
    """The newest preview of a name: what it was built from, what was built, the warehouse it is in, and the time."""

    known: Study
    options: PreviewOptions
    connection: Connection
    execution: Execution
    now: datetime


@contextmanager
def open_newest(settings: Settings, place: Place, *, known: Study, options: PreviewOptions) -> Iterator[Newest]:
    """The newest preview of a name, with the warehouse open for reading only.

    Raises InputError when there is none, or when it was built from something else than what is here now.
    """
    from rocky_action.state import read_records  # as above

    again = f"Run `rocky-preview create --name {options.name}` first."
    refuse_another_destination(known.projects.head.adapter, known.projects.base.adapter)
    opened = open_warehouse(
        OpenRequest(
            known.projects.head.adapter,
            place.folder,
            seeds=tuple,
            memory_limit=settings.memory_limit,
            extensions=settings.duckdb_extensions,
            files=settings.duckdb_files,
            read_only=True,
            environ=place.environ,
            labels=labels_of(place, number=settings.pr_number, name=options.name),
        )
    )
    with closing(opened.warehouse):
        records = read_records(opened.warehouse)
        newest = records.newest(options.name) if records else None
        if records is None or newest is None:
            raise InputError(
                f"there is no preview called {options.name} in {opened.warehouse.description}", advice=again
            )
        if newest.execution.built_from != known.fingerprint:
            raise InputError(
                f"the newest preview called {options.name} was built from other models (head was then"
                f" {newest.head_commit[:7]})",
                advice=again,
            )
        of_its_run = Connection(opened.warehouse, replace(records, token=newest.token))
        yield Newest(known, options, of_its_run, newest.execution, place.now)
        refuse(of_its_run.records.holder(options.name), options.name)  # else what was read may be half of another's


def _changed_seeds(
    settings: Settings, projects: Projects, *, comparison: Comparison, head_tree: SourceTree
) -> tuple[str, ...]:
    """Seeds that base has too, as head's models are built on a new one, and base's read none of it."""
    new = {change.path for change in comparison.changed_paths if change.status is PathStatus.ADDED}
    tables = {posixpath.splitext(path)[0] for path in new if not path.endswith(".toml")}
    known = {path for path in _changed(comparison) if path not in new or path.endswith(".toml")}
    known = {path for path in known if posixpath.splitext(path)[0] not in tables}
    return _seeds_among(known, settings, head_tree=head_tree, projects=projects)


def _changed(comparison: Comparison) -> set[str]:
    return {path for change in comparison.changed_paths for path in (change.path, change.old_path) if path}


def _seeds_among(
    changed: Collection[str], settings: Settings, *, head_tree: SourceTree, projects: Projects
) -> tuple[str, ...]:
    """Those that are seeds of head's or were seeds of base's, and the sidecars of both.

    SQL fills embedded databases only; Rocky loads tables into any.
    """
    seeds = seed_files(sorted({*head_tree.paths(), *changed}), settings.seeds) if changed else ()
    found = {*changed} & {*seeds, *(f"{posixpath.splitext(path)[0]}.toml" for path in seeds)}
    embedded = projects.head.adapter.type == "duckdb"
    return tuple(sorted(path for path in found if embedded or not path.endswith(".sql")))


def _seed_places(tree: SourceTree, folder: Path) -> tuple[Path, ...]:
    """Where seeds may read: below the project, where git has something, and so never in its own folder.

    What else may lie in a workspace, such as the credentials of an earlier step, lies at its root.
    """
    tops = sorted({path.split("/", 1)[0] for path in tree.paths()})
    return tuple(folder / top for top in tops if not (folder / top).is_symlink())


def _seed_caveats(
    opened: Opened, files: tuple[str, ...], *, changed: Iterable[str], baseline: Baseline
) -> Iterator[Caveat]:
    if opened.seeded:
        name = f"The database {opened.created.name} did not exist" if opened.created else "The database is in memory"
        only = "nothing else is in it" if baseline is Baseline.EXISTING else "base was built from the merge base"
        yield Caveat(Severity.NOTE, f"{name}: it was filled from {', '.join(files)}, and {only}.")
    for path in changed:
        what = (
            "was read for both sides, so what its change does is not shown"
            if opened.seeded
            else ("was not read, because the database exists already")
        )
        yield Caveat(Severity.WARNING, f"This pull request changes a seed, which {what}.", path=path)
