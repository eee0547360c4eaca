"""Dropping previews: one by name, or every one whose lease has expired."""

from __future__ import annotations

from collections.abc import Iterable

from rocky_action.assembly import Place, project_folder, project_loader
from rocky_action.domain.naming import SCHEMA_PREFIX, is_preview_name, preview_name
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.project import Adapter, Projects
from rocky_action.domain.pull_request import PullRequest
from rocky_action.git.repository import open_repository
from rocky_action.git.trees import WorkTree
from rocky_action.ports import WarehouseAdapter
from rocky_action.settings import Settings
from rocky_action.stages.execution import refuse_reserved_schemas
from rocky_action.state import WarehouseRecords, read_records
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import OpenRequest


def cleanup_previews(
    settings: Settings, place: Place, *, pull_request: PullRequest | None, expired: bool = False
) -> tuple[str, ...]:
    """Drops schemas and releases leases; returns what was dropped. Needs no merge base and makes no database."""
    repository = open_repository(
        project_folder(settings, place), environ=place.environ, token=settings.github_token, server_url=place.server_url
    )
    project = project_loader(settings, place).load(WorkTree(repository))
    refuse_reserved_schemas(Projects(project, project))
    adapter = project.adapter
    if not _has_data(adapter, place):
        return ()
    head_ref = pull_request.head_ref if pull_request else repository.branch_name or repository.head_commit[:7]
    number = pull_request.number if pull_request else settings.pr_number
    name = settings.branch_name or preview_name(head_ref, number)
    opened = open_warehouse(OpenRequest(adapter, place.folder, seeds=tuple, memory_limit=settings.memory_limit))
    try:
        records = read_records(opened.warehouse)
        if expired:
            return tuple(_drop_expired(opened.warehouse, records, place=place))
        options = settings.preview_options(name)
        dropped = _drop(opened.warehouse, (options.schema, options.base_schema))
        if records is not None:
            records.release(name)
        return dropped
    finally:
        opened.warehouse.close()


def _has_data(adapter: Adapter, place: Place) -> bool:
    """False for an embedded database whose file is not there: on a fresh runner there is nothing to drop."""
    if adapter.type != "duckdb":
        return True
    path = adapter.settings.get("path", "")
    return path not in ("", ":memory:") and (place.folder / path).exists()


def _drop_expired(warehouse: WarehouseAdapter, records: WarehouseRecords | None, *, place: Place) -> Iterable[str]:
    for lease in records.leases() if records else ():
        if records is not None and lease.expires_at <= place.now:
            options = PreviewOptions(lease.name)
            # Whatever else its row says: a lease drops what a preview of its name has made.
            own = {options.schema, options.base_schema} if is_preview_name(lease.name) else set[str]()
            yield from _drop(warehouse, own.intersection(schema for _, schema in lease.schemas))
            records.release(lease.name)


def _drop(warehouse: WarehouseAdapter, wanted: Iterable[str]) -> tuple[str, ...]:
    """Drops schemas in every catalog that has them; nothing but a preview's own can be among them."""
    names = set(wanted)
    found = [(catalog, schema) for catalog, schema in warehouse.schemas(SCHEMA_PREFIX) if schema in names]
    for catalog, schema in found:
        warehouse.drop_schema(catalog, schema)
    return tuple(f"{catalog}.{schema}" for catalog, schema in found)
