"""A run of production, as Rocky printed it, stored among the run records: later previews find there what base costs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rocky_action.assembly import labels_of, project_loader
from rocky_action.cancelling import closing
from rocky_action.domain.production import BuiltModel, ProductionRun
from rocky_action.domain.project import Adapter, Model
from rocky_action.errors import InputError, WarehouseError
from rocky_action.git.repository import open_repository
from rocky_action.git.trees import CommitTree
from rocky_action.place import Place, project_folder
from rocky_action.settings import Settings
from rocky_action.state import NoRecords, open_records
from rocky_action.warehouses.registry import open_warehouse
from rocky_action.warehouses.request import OpenRequest
from rocky_action.wire.run import BuiltTable, parse_run


@dataclass(frozen=True)
class Recorded:
    """What became of a run: whether it is ``new``, the models that are stored, and what is not, with the reason."""

    run_id: str
    commit: str
    models: tuple[str, ...]
    not_stored: tuple[tuple[str, str], ...]
    new: bool = True

    @property
    def told(self) -> str:
        """The same in words, a line for each thing that is not stored."""
        if not self.models:
            first = "nothing to record: the run built no model"
        elif self.new:
            first = f"recorded {self.run_id} at {self.commit[:7]}: {', '.join(self.models)}"
        else:
            first = f"{self.run_id} was recorded before"
        return "\n".join((first, *(f"not stored: {what}, {why}" for what, why in self.not_stored)))


def read_printed(source: Path | BinaryIO) -> str:
    """What Rocky printed, from a file or from standard input. Raises InputError."""
    try:
        return (source.read_bytes() if isinstance(source, Path) else source.read()).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(
            f"{source if isinstance(source, Path) else 'standard input'} cannot be read: {err}",
            advice="Give the file that `rocky run --output json` was written to, or - for standard input.",
        ) from err


def record_run(settings: Settings, place: Place, *, printed: str, commit: str | None = None) -> Recorded:
    """Stores what Rocky printed about a run of production at a commit, HEAD if none is named; writes nothing else.

    The models are those of that commit, found by the tables that they are built in. Raises InputError for what is not
    a run of this project's.
    """
    repository = open_repository(
        project_folder(settings, place), environ=place.environ, token=settings.github_token, server_url=place.server_url
    )
    found = repository.head_commit if commit is None else repository.resolve(commit)
    if found is None:
        raise InputError(f"there is no commit {commit} here", advice="Fetch it, or leave --commit out: HEAD is meant.")
    project = project_loader(settings, place).load(CommitTree(repository, found))
    run = parse_run(printed, bills_bytes=project.adapter.type == "bigquery")
    if run.shadow:
        raise InputError("this run wrote beside production (a shadow run)", advice="Record production's own runs only.")
    named = {f"{model.target}".lower(): model for model in project.models.values()}
    built = [(named.get(table.target), table) for table in run.built]
    models = [_model(model, table) for model, table in built if model and model.name not in run.left_out]
    not_stored = (
        *((table, "which failed") for table in run.failed),
        *_strangers((model, table) for model, table in built),
        *((name, "which was not run, or not all of it") for name in sorted(run.left_out)),
    )
    if run.built and not any(model for model, _ in built):
        raise InputError(
            f"no model of this project is built where the run built: {', '.join(table.target for table in run.built)}",
            advice="Name the project that the run was of: --config, --models, --pipeline, --commit.",
        )
    if run.finished_at is None or not models:
        return Recorded(run.run_id, found, (), not_stored)
    production = ProductionRun(run.run_id, found, run.finished_at, tuple(models))
    new = _store(production, settings, place=place, adapter=project.adapter)
    return Recorded(run.run_id, found, tuple(one.model for one in models), not_stored, new)


def _model(model: Model, table: BuiltTable) -> BuiltModel:
    return BuiltModel(model.name, table.usage, model.fingerprint, table.strategy)


def _strangers(built: Iterable[tuple[Model | None, BuiltTable]]) -> Iterable[tuple[str, str]]:
    return ((table.target, "where no model of this project is built") for model, table in built if model is None)


def _store(run: ProductionRun, settings: Settings, *, place: Place, adapter: Adapter) -> bool:
    """Raises WarehouseError where it cannot be stored, and InputError where it would be gone at once."""
    if adapter.type == "duckdb" and adapter.settings.get("path", "") in ("", ":memory:"):
        raise InputError(
            "the database of this project is in memory: nothing can be recorded there",
            advice=f"Give [adapter.{adapter.name}] of {posixpath.basename(settings.config)} a path.",
        )
    place.mask_all(adapter.settings)
    request = OpenRequest(
        adapter,
        place.folder,
        seeds=tuple,
        memory_limit=settings.memory_limit,
        environ=place.environ,
        labels=labels_of(place, number=None, name=None),
    )
    opened = open_warehouse(request)
    with closing(opened.warehouse):
        records = open_records(opened.warehouse)
        if isinstance(records, NoRecords):
            raise WarehouseError(f"nothing was recorded: {records.reason}", advice="")
        return records.record_production(run)
