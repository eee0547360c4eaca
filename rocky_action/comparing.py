"""``compare``: any two relations or files, by the same code that compares models."""

from __future__ import annotations

import argparse
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rocky_action.cancelling import closing
from rocky_action.domain.diff import ModelDiff
from rocky_action.domain.options import TOLERANCE_TEXTS, Allowance, ModelOptions, Tolerance, tolerance_of
from rocky_action.domain.project import Relation
from rocky_action.errors import InputError
from rocky_action.place import Place, project_folder
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.settings import Settings
from rocky_action.sql.quoting import relation

if TYPE_CHECKING:
    from rocky_action.warehouses.duckdb import DuckDB

_FILES = (".parquet", ".csv", ".tsv")
NO_KEY = "none"
"""Stands for the key where whole rows are to be compared."""


@dataclass(frozen=True)
class Asked:
    """Two things to compare, and how."""

    base: str
    head: str
    options: ModelOptions


def asked_of(namespace: argparse.Namespace) -> Asked:
    """What the command line asks for. Raises InputError listing every mistake."""
    mistakes: list[str] = []
    tolerances: list[tuple[str, Tolerance]] = []
    for entry in namespace.tolerance:
        column, _, text = entry.rpartition("=")
        tolerance = tolerance_of(text)
        if column and tolerance is not None:
            tolerances.append((column, tolerance))
        else:
            mistakes.append(f"--tolerance {entry!r} is not column=tolerance; a tolerance is {TOLERANCE_TEXTS}")
    key = tuple(part.strip() for part in namespace.key.split(",") if part.strip())
    if len(key) > 1 and NO_KEY in key:
        mistakes.append(f"--key {namespace.key!r} names columns and says {NO_KEY}, which is for whole rows")
    if mistakes:
        raise InputError("\n".join(mistakes), advice="rocky-preview compare --help lists the options.")
    options = ModelOptions(
        key=() if key == (NO_KEY,) else key or None,
        ignore_columns=tuple(namespace.ignore),
        mask_columns=tuple(namespace.mask),
        tolerances=tuple(tolerances),
        where=namespace.where,
        ignore_case=tuple(namespace.ignore_case),
        ignore_trailing_blanks=tuple(namespace.ignore_trailing_blanks),
        json_columns=tuple(namespace.json_column),
    )
    return Asked(namespace.base, namespace.other, options)


def compare_any(settings: Settings, place: Place, *, asked: Asked) -> ModelDiff:
    """The diff of two files, two relations of the project's database, or one of each; nothing is written."""
    from rocky_action.warehouses.duckdb import open_files  # noqa: PLC0415  a driver is imported where it is used
    from rocky_action.warehouses.duckdb_lock import allowed_by  # noqa: PLC0415  as above

    sides = {"base": asked.base, "head": asked.head}
    files = {name: place.folder / text for name, text in sides.items() if Path(text).suffix.lower() in _FILES}
    missing = [sides[name] for name, path in files.items() if not path.is_file()]
    if missing:
        raise InputError(f"there is no file {' and no file '.join(missing)}", advice=f"Looked in {place.folder}.")
    database = None if len(files) == 2 else _database(settings, place)
    allowed = allowed_by(settings.duckdb_extensions, settings.duckdb_files, folder=place.folder)
    warehouse = open_files(files, database, allowed=allowed)
    with closing(warehouse):
        relations = {
            name: Relation("memory", "main", name) if name in files else _relation(text, warehouse.catalog)
            for name, text in sides.items()
        }
        for name, named in relations.items():
            if warehouse.columns(named) is None:
                raise InputError(
                    f"{sides[name]} is neither a file nor a relation of {database.name if database else 'a database'}",
                    advice=f"Files end in {', '.join(_FILES)}; a relation is schema.name.",
                )
        sizes = {name: _rows(warehouse, named, file=files.get(name)) for name, named in relations.items()}
        place.progress(f"comparing {asked.base}{sizes['base']} with {asked.head}{sizes['head']}")
        candidates = (KeyCandidate(asked.options.key, "--key"),) if asked.options.key else ()
        request = DiffRequest(
            model=f"{asked.base} and {asked.head}",
            candidates=candidates,
            options=asked.options,
            algorithm=settings.algorithm,
            sample_size=settings.sample_size,
            max_samples=settings.shown_samples(),
            sample_order=settings.sample_order,
            allowance=Allowance(settings.diff_seconds, settings.diff_bytes),
        )
        return diff_relations(warehouse, request, base=relations["base"], head=relations["head"])


def _database(settings: Settings, place: Place) -> Path:
    """The file of the project's DuckDB database."""
    from rocky_action.git.repository import open_repository  # noqa: PLC0415  two files are compared without any project
    from rocky_action.git.trees import WorkTree  # noqa: PLC0415  as above
    from rocky_action.projects.adapters import read_adapter  # noqa: PLC0415  as above

    tree = WorkTree(open_repository(project_folder(settings, place), environ=place.environ))
    adapter = read_adapter(tree, posixpath.basename(settings.config), environ=place.environ, pipeline=settings.pipeline)
    path = adapter.settings.get("path", "")
    if adapter.type != "duckdb" or adapter.is_motherduck or path in ("", ":memory:"):
        raise InputError(
            f"[adapter.{adapter.name}] is no DuckDB file, so it has no relations that this version can compare",
            advice="Compare two files, or give the adapter the path of one.",
        )
    return place.folder / path


def _relation(text: str, catalog: str) -> Relation:
    parts = text.split(".")
    if len(parts) > 3 or not all(parts):
        raise InputError(f"{text!r} is not a relation", advice="Write schema.name or catalog.schema.name.")
    name, schema, own = (*reversed(parts), *("main", catalog)[len(parts) - 1 :])
    return Relation(own, schema, name)


def _rows(warehouse: DuckDB, named: Relation, *, file: Path | None) -> str:
    """How many rows there are to wait for, where that can be told without reading them."""
    if file is None:
        number = warehouse.rows(named)
    elif file.suffix.lower() == ".parquet":
        ((counted,),) = warehouse.query(f"SELECT count(*) FROM {relation(named, warehouse.dialect)}")
        number = counted if isinstance(counted, int) else None
    else:
        return ""
    return "" if number is None else f" ({number:,} row{'' if number == 1 else 's'})"
