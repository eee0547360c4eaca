"""What it takes to open a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rocky_action.domain.project import Adapter, Relation
from rocky_action.ports import WarehouseAdapter


@dataclass(frozen=True)
class OpenRequest:
    """``folder`` is where a relative path of the adapter starts. ``seeds`` gives scripts that fill a new database.

    ``memory_limit`` is as the warehouse spells it and holds for the whole process. ``catalogs`` are those that the
    project builds in, each with a model that does, for a warehouse that can tell at once whether it has them.
    ``extensions`` and ``files`` (also beginnings of addresses) are what an embedded database may load and read beside
    its own, ``seed_places`` where its seeds may read; nothing of this may come from the pull request.
    ``production`` are the tables that models are built as, for a warehouse that can tell what the login may do to them.
    ``environ`` is where a driver's own variables are, secrets among them. ``labels`` are what each statement's bill is
    to name (repository, pull_request, preview), as far as they are known.
    """

    adapter: Adapter
    folder: Path
    seeds: Callable[[], tuple[str, ...]]
    memory_limit: str | None = None
    read_only: bool = False
    catalogs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extensions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    production: tuple[Relation, ...] = ()
    seed_places: Callable[[], tuple[Path, ...]] = tuple


@dataclass(frozen=True)
class Opened:
    """An open warehouse. ``created`` is the file that had to be made from seeds, None if the data was there.

    ``powers`` is what the login may do to production that no preview needs, as the warehouse says, in words. None is no
    promise: it was not asked, or did not say.
    """

    warehouse: WarehouseAdapter
    created: Path | None = None
    seeded: bool = False
    powers: str | None = None
