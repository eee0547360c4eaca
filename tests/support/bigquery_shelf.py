"""What is in the fake: projects, datasets in their locations, and tables, whose rows are in DuckDB."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.bigquery_refusal import Refused, not_found

Path = tuple[str, str, str]


@dataclass(frozen=True)
class Stored:
    """A table, or what looks like one. ``storage`` is its rows' name in DuckDB, ``query`` a view's text."""

    path: Path
    kind: str
    schema: tuple[Mapping[str, Any], ...]
    storage: str = ""
    query: str = ""
    partitioning: Mapping[str, Any] = field(default_factory=dict)
    clustering: tuple[str, ...] = ()
    base: Path | None = None
    expires: int | None = None
    streaming: bool = False

    @property
    def label(self) -> str:
        return f"Table {self.path[0]}:{self.path[1]}.{self.path[2]}"


@dataclass
class Dataset:
    """A dataset's resource and its tables by name."""

    project: str
    name: str
    location: str
    labels: Mapping[str, str] = field(default_factory=dict)
    default_expiration: int | None = None
    tables: dict[str, Stored] = field(default_factory=dict)

    def resource(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "kind": "bigquery#dataset",
            "id": f"{self.project}:{self.name}",
            "datasetReference": {"projectId": self.project, "datasetId": self.name},
            "location": self.location,
            "labels": dict(self.labels),
        }
        if self.default_expiration is not None:
            found["defaultTableExpirationMs"] = str(self.default_expiration)
        return found


@dataclass
class Shelf:
    """All datasets by project and name. Changed under its lock only."""

    datasets: dict[tuple[str, str], Dataset] = field(default_factory=dict)
    projects: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)
    count: int = 0

    def storage(self) -> str:
        """A name in DuckDB that nothing has yet."""
        with self.lock:
            self.count += 1
            return f"rocky_storage_{self.count}"

    def add_dataset(self, dataset: Dataset) -> None:
        with self.lock:
            key = (dataset.project, dataset.name)
            if dataset.project not in self.projects:
                raise not_found(f"Project {dataset.project}")
            if key in self.datasets:
                raise Refused(f"Already Exists: Dataset {dataset.project}:{dataset.name}", "duplicate")
            self.datasets[key] = dataset

    def dataset(self, project: str, name: str, *, location: str | None = None) -> Dataset:
        """A dataset; for a statement, only one in the statement's location."""
        found = self.datasets.get((project, name))
        if found is None or (location is not None and found.location.lower() != location.lower()):
            where = "" if location is None else f" was not found in location {location}"
            raise not_found(f"Dataset {project}:{name}{where}")
        return found

    def table(self, path: Path, *, location: str | None = None) -> Stored:
        found = self.dataset(path[0], path[1], location=location).tables.get(path[2])
        if found is None or (found.expires is not None and found.expires < time.time() * 1000):
            where = "" if location is None else f" was not found in location {location}"
            raise not_found(f"Table {path[0]}:{path[1]}.{path[2]}{where}")
        return found

    def put(self, stored: Stored, *, location: str | None) -> None:
        """Puts a table into its dataset, with the expiry that the dataset gives to new ones."""
        with self.lock:
            dataset = self.dataset(stored.path[0], stored.path[1], location=location)
            if dataset.default_expiration is not None:
                stored = replace(stored, expires=int(time.time() * 1000) + dataset.default_expiration)
            dataset.tables[stored.path[2]] = stored

    def all_tables(self) -> Iterator[Stored]:
        for dataset in self.datasets.values():
            yield from dataset.tables.values()
