"""The data that fills an embedded database before the first run (docs/rocky-format.md, 2.12)."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from rocky_action.domain.project import Relation
from rocky_action.errors import InputError, SqlError
from rocky_action.ports import SourceTree
from rocky_action.projects.files import Files
from rocky_action.projects.globs import PatternError, matching
from rocky_action.projects.mistakes import Mistakes, nearest
from rocky_action.projects.toml import Table
from rocky_action.sql import quoting
from rocky_action.sql.seed_guard import refused_in_seed

_SQL = ".sql"
_TABLES = {".csv": ",", ".tsv": "\t"}
"""What stands between the cells, by kind of file."""
_USUAL_SQL = "data/seed.sql"
_USUAL_FOLDER = "seeds"
_TYPES = ("BOOLEAN", "BIGINT", "DOUBLE", "TIMESTAMP", "VARCHAR")
"""The types that Rocky infers for a seed's columns; DuckDB alone would also find DATE and others."""
_DIALECT = "duckdb"


def seed_files(tree_paths: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The files that fill an embedded database, in order: those given, or else those in the usual places.

    ``given`` are paths or patterns relative to the root. Raises InputError for those that match nothing.
    """
    if not given:
        usual = [_USUAL_SQL] if _USUAL_SQL in tree_paths else []
        return (*usual, *sorted(path for path in tree_paths if _is_seed_table(path)))
    found: dict[str, None] = {}
    wrong: list[str] = []
    for pattern in given:
        try:
            matched = [path for path in matching(pattern, tree_paths) if _extension(path) in (_SQL, *_TABLES)]
        except PatternError as err:
            wrong.append(f"seed: the pattern {err}")
            continue
        if not matched:
            known = [path for path in tree_paths if _extension(path) in (_SQL, *_TABLES)]
            wrong.append(f"seed: there is no file {pattern}. {nearest(pattern, known[:20])}")
        found |= dict.fromkeys(matched)
    if wrong:
        raise InputError(
            "\n".join(wrong), advice="Seeds are .sql, .csv or .tsv files, relative to the project's folder."
        )
    return tuple(found)


def seed_statements(tree: SourceTree, root: Path, *, files: Sequence[str]) -> tuple[str, ...]:
    """DuckDB's statements that load the files, in order; a SQL file is one entry, whole.

    ``root`` is where the tree's files lie on disk, because DuckDB reads tables by itself. Raises ProjectError.
    """
    present = set(tree.paths())
    sidecars = {path: f"{posixpath.splitext(path)[0]}.toml" for path in files if _extension(path) in _TABLES}
    wanted = [path for path in files if _extension(path) == _SQL]
    mistakes = Mistakes()
    read = Files(tree.read([*wanted, *(sidecar for sidecar in sidecars.values() if sidecar in present)]), mistakes)
    statements: list[str] = []
    for path in files:
        if path not in present:
            mistakes.note(path, "there is no such file")
        elif path in sidecars:
            sidecar = _sidecar(sidecars[path], read)
            for key in ("pre_hook", "post_hook"):
                for hook in sidecar.texts(key) or ():
                    _check(hook, sidecars[path], mistakes=mistakes, where=f"{key}: ")
            statements += _load(path, root, sidecar=sidecar)
        elif path in read:
            text = read.text(path) or ""
            _check(text, path, mistakes=mistakes)
            statements.append(text)
    if mistakes.found:
        raise mistakes.error(tree.label)
    return tuple(statements)


def _check(sql: str, path: str, *, mistakes: Mistakes, where: str = "") -> None:
    """Notes what a seed may not do: it fills a new database, and leaves all else alone."""
    try:
        refused = refused_in_seed(sql)
    except SqlError as err:
        mistakes.note(path, f"{where}{err.message}")
        return
    if refused is not None:
        line, words = refused
        advice = "A seed creates and fills tables. Load what it needs into them, or make the database beforehand."
        mistakes.note(path, f"{where}a seed may not {words}", line=0 if where else line, advice=advice)


def _sidecar(path: str, files: Files) -> Table:
    table = files.table(path) if path in files else None
    if table is None:
        return files.empty(path)
    table.unknown(("name", "target", "strategy", "column_types", "pre_hook", "post_hook"), verdict="mistake")
    return table


def _load(path: str, root: Path, *, sidecar: Table) -> tuple[str, ...]:
    name = sidecar.text("name") or posixpath.splitext(posixpath.basename(path))[0]
    target = sidecar.table("target") or Table({}, sidecar.document)
    schema = target.text("schema") or "seeds"
    relation = Relation(target.text("catalog") or "", schema, target.text("table") or name)
    types = sidecar.string_map("column_types")
    options = [
        f"read_csv({_literal(str(root / path))}",
        "header = true",
        f"delim = {_literal(_TABLES[_extension(path)])}",
        "sample_size = -1",
        f"auto_type_candidates = [{', '.join(map(_literal, _TYPES))}]",
    ]
    if types:
        listed = ", ".join(f"{_literal(column)}: {_literal(type_)}" for column, type_ in types.items())
        options.append(f"types = {{{listed}}}")
    schema_name = quoting.relation(Relation("", relation.catalog, schema), _DIALECT)
    return (
        *(sidecar.texts("pre_hook") or ()),
        f"CREATE SCHEMA IF NOT EXISTS {schema_name}",
        f"CREATE OR REPLACE TABLE {quoting.relation(relation, _DIALECT)} AS SELECT * FROM {', '.join(options)})",
        *(sidecar.texts("post_hook") or ()),
    )


def _literal(text: str) -> str:
    return quoting.text_literal(text, _DIALECT)


def _extension(path: str) -> str:
    return posixpath.splitext(path)[1]


def _is_seed_table(path: str) -> bool:
    return posixpath.dirname(path) == _USUAL_FOLDER and _extension(path) in _TABLES
