"""Dropping previews: one by name, or every one whose lease has expired."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from datetime import timedelta

from rocky_action.assembly import labels_of, project_loader
from rocky_action.cancelling import closing
from rocky_action.domain.naming import SCHEMA_PREFIX, is_preview_name, preview_name
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.project import Adapter, Project, Projects
from rocky_action.domain.pull_request import PullRequest
from rocky_action.git.history import find_commit, find_merge_base
from rocky_action.git.repository import Repository, open_repository
from rocky_action.git.trees import CommitTree, WorkTree
from rocky_action.place import Place, project_folder
from rocky_action.ports import WarehouseAdapter
from rocky_action.projects.adapters import read_adapter
from rocky_action.projects.rocky import RockyLoader
from rocky_action.settings import Settings
from rocky_action.stages.plan import refuse_reserved_schemas
from rocky_action.state import WarehouseRecords, read_records
from rocky_action.warehouses.destinations import has_destination, refuse_another_destination
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import OpenRequest


def cleanup_previews(
    settings: Settings, place: Place, *, pull_request: PullRequest | None, expired: bool = False
) -> tuple[str, ...]:
    """Drops schemas and releases leases, and with ``expired`` deletes old records; returns what was dropped.

    Needs no merge base and, where previews could be leased, no models that load, which may be why the pull request was
    closed. Makes no database.
    """
    repository = open_repository(
        project_folder(settings, place), environ=place.environ, token=settings.github_token, server_url=place.server_url
    )
    loader, tree = project_loader(settings, place), WorkTree(repository)
    adapter = read_adapter(tree, posixpath.basename(settings.config), environ=place.environ, pipeline=settings.pipeline)
    place.mask_all(adapter.settings)
    if pull_request:
        _refuse_another_destination(adapter, repository, loader=loader, pull_request=pull_request)
    if not _has_data(adapter, place):
        return ()
    head_ref = pull_request.head_ref if pull_request else repository.branch_name or repository.head_commit[:7]
    number = pull_request.number if pull_request else settings.pr_number
    name = settings.branch_name or preview_name(head_ref, number, folder=repository.prefix)
    opened = open_warehouse(
        OpenRequest(
            adapter,
            place.folder,
            seeds=tuple,
            memory_limit=settings.memory_limit,
            environ=place.environ,
            labels=labels_of(place, number=number, name=None if expired else name),
        )
    )
    with closing(opened.warehouse):
        records = read_records(opened.warehouse)
        if records is None:
            return () if expired else tuple(_drop_unleased(opened.warehouse, name, project=loader.load(tree)))
        due = [
            lease for lease in records.leases() if (lease.expires_at <= place.now if expired else lease.name == name)
        ]
        dropped: list[str] = []
        for lease in due:
            if expired and not records.is_newest(lease):
                continue  # a run has taken it up since the list was made
            dropped += _drop_leased(opened.warehouse, lease.name, leased=records.leased(lease.name))
            records.release(lease.name, until=lease.written_at)
        if expired:
            _prune(records, settings, place=place)
        return tuple(dropped)


def _refuse_another_destination(
    adapter: Adapter, repository: Repository, *, loader: RockyLoader, pull_request: PullRequest
) -> None:
    """Raises MissingCredentialsError where the login would go to where only this pull request has it go."""
    if not has_destination(adapter):
        return
    reviewed = find_commit(repository, pull_request.base_ref)
    base = CommitTree(repository, find_merge_base(repository, base=reviewed, head=repository.head_commit))
    if loader.holds(base):
        known = read_adapter(base, loader.config_path, environ=loader.environ, pipeline=loader.pipeline)
        refuse_another_destination(adapter, known)


def _prune(records: WarehouseRecords, settings: Settings, *, place: Place) -> None:
    days = settings.keep_records_days
    number = records.prune(place.now - timedelta(days=days))
    if number:
        place.progress(f"deleted the records of {number:,} {'run' if number == 1 else 'runs'} older than {days:,} days")


def _has_data(adapter: Adapter, place: Place) -> bool:
    """False for an embedded database whose file is not there: on a fresh runner there is nothing to drop."""
    if adapter.type != "duckdb" or adapter.is_motherduck:
        return True
    path = adapter.settings.get("path", "")
    return path not in ("", ":memory:") and (place.folder / path).exists()


def _drop_leased(warehouse: WarehouseAdapter, name: str, *, leased: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Drops what a preview's leases name, in the catalogs that they name.

    Whatever else their rows say, leases drop only what a preview of their name makes; and what no lease names is not
    known to be a preview's, whatever it is called: in another catalog it may be another project's.
    """
    own = _own_schemas(name)
    named = {((catalog or warehouse.catalog).casefold(), schema) for catalog, schema in leased if schema in own}
    return _drop(warehouse, lambda catalog, schema: not named.isdisjoint({(catalog.casefold(), schema), ("", schema)}))


def _drop_unleased(warehouse: WarehouseAdapter, name: str, *, project: Project) -> Iterable[str]:
    """Drops a preview that could not be leased, where production is known not to have its name. Raises PlanError."""
    refuse_reserved_schemas(Projects(project, project))
    own, projects, default = _own_schemas(name), Projects(project, project), warehouse.catalog
    return _drop(warehouse, lambda catalog, schema: schema in own and projects.build_in(catalog, default=default))


def _own_schemas(name: str) -> frozenset[str]:
    return frozenset(PreviewOptions(name).schemas) if is_preview_name(name) else frozenset()


def _drop(warehouse: WarehouseAdapter, is_ours: Callable[[str, str], bool]) -> Iterable[str]:
    """Drops those schemas that are ours, by catalog and schema."""
    for catalog, schema in warehouse.schemas(SCHEMA_PREFIX):
        if is_ours(catalog, schema):
            warehouse.drop_schema(catalog, schema)
            yield f"{catalog}.{schema}"
