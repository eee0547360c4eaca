"""DuckDB, in this process: one database, one cursor a statement, its own profiler for usage."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import CloneMethod, Usage
from rocky_action.domain.project import Relation
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import Row
from rocky_action.sql.quoting import quote, relation, text_literal
from rocky_action.warehouses.request import Opened, OpenRequest

_DIALECT = "duckdb"
_OUR_BUG = "Please report it: nothing in a project should be able to lead here."
_FILE_ADVICE = {
    "lock": "Another process has the database open for writing; wait for it to end or close it.",
    "not a valid DuckDB": "Check `path` in rocky.toml: the file is not a DuckDB database, or it is damaged.",
    "version number": "The file was written by a newer DuckDB; use a release of rocky-preview that ships that version.",
    "No space left": "Free some space, or point `path` and the temporary folder at a larger disk.",
}


@dataclass(frozen=True)
class OpenOptions:
    """``memory_limit`` as DuckDB spells it ("2GB"), for the whole process: DuckDB has none per statement."""

    memory_limit: str | None = None
    threads: int | None = None
    read_only: bool = False


@dataclass(frozen=True)
class DuckDB:
    """An open database; satisfies WarehouseAdapter."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    catalog: str
    file: str
    dialect: str = _DIALECT

    @property
    def description(self) -> str:
        """The engine's version and the file's name."""
        return f"DuckDB {duckdb.__version__}, {self.file}"

    def query(self, sql: str) -> list[Row]:
        """All rows of one statement, which must be one that reads."""
        with _translated(sql):
            cursor = self.connection.cursor()
            kinds = [statement.type for statement in cursor.extract_statements(sql)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise WarehouseError(f"refused, as it is not one reading statement: {sql[:200]}", advice=_OUR_BUG)
            return cursor.execute(sql).fetchall()

    def execute(self, statements: Sequence[str], *, timeout: float | None = None) -> Usage:
        """Statements in one transaction, profiled. Rows are those written or deleted, bytes those that scans read."""
        cursor = self.connection.cursor()
        cursor.execute("SET enable_profiling = 'no_output'; SET profiling_coverage = 'ALL'")
        usage = Usage(0, 0, 0)
        cursor.begin()
        try:
            for statement in statements:
                usage = usage.plus(_profiled(cursor, statement, timeout))
            with _translated("COMMIT"):
                cursor.commit()
        except WarehouseError:
            _roll_back(cursor)
            raise
        return usage

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """From DuckDB's own catalog, names matched without case as DuckDB does."""
        wanted = (relation.catalog or self.catalog, relation.schema, relation.name)
        names = ("database_name", "schema_name", "table_name")
        matches = " AND ".join(
            f"lower({name}) = lower({text_literal(value, _DIALECT)})" for name, value in zip(names, wanted, strict=True)
        )
        rows = self.query(f"SELECT column_name, data_type FROM duckdb_columns() WHERE {matches} ORDER BY column_index")
        return tuple(Column(str(name), str(kind)) for name, kind in rows) or None

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query by DESCRIBE, which plans it and reads nothing."""
        return tuple(Column(str(row[0]), str(row[1])) for row in self.query(f"DESCRIBE {sql}"))

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> CloneMethod:
        """A view where nobody will write to it, which copies no data; a table of its own otherwise."""
        kind = "TABLE" if writable else "VIEW"
        self.execute(
            [f"CREATE OR REPLACE {kind} {relation(target, _DIALECT)} AS FROM {relation(source, _DIALECT)}"],
        )
        return CloneMethod.CTAS if writable else CloneMethod.VIEW

    def create_schema(self, catalog: str, schema: str) -> None:
        """CREATE SCHEMA IF NOT EXISTS."""
        self.execute([f"CREATE SCHEMA IF NOT EXISTS {self._schema(catalog, schema)}"])

    def drop_schema(self, catalog: str, schema: str) -> None:
        """DROP SCHEMA IF EXISTS, with all it holds."""
        self.execute([f"DROP SCHEMA IF EXISTS {self._schema(catalog, schema)} CASCADE"])

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """Catalog and schema by prefix, in every attached database that is not DuckDB's own."""
        rows = self.query(
            "SELECT database_name, schema_name FROM duckdb_schemas() WHERE NOT internal"
            f" AND starts_with(schema_name, {text_literal(prefix, _DIALECT)}) ORDER BY ALL"
        )
        return tuple((str(catalog), str(schema)) for catalog, schema in rows)

    def close(self) -> None:
        """Closes the database and lets go of its lock."""
        self.connection.close()

    def _schema(self, catalog: str, schema: str) -> str:
        return f"{quote(catalog or self.catalog, _DIALECT)}.{quote(schema, _DIALECT)}"


def open_adapter(request: OpenRequest) -> Opened:
    """The database that the adapter's ``path`` names; a file that does not exist is made from seeds, if there are any.

    Without a path the database is in memory and lives for this process only.
    """
    options = OpenOptions(memory_limit=request.memory_limit, read_only=request.read_only)
    named = request.adapter.settings.get("path", "")
    if named in ("", ":memory:"):
        database = open_duckdb(None, options)
        scripts = request.seeds()
        seed(database, scripts)
        return Opened(database, seeded=bool(scripts))
    path = request.folder / named
    if path.exists() or request.read_only:
        return Opened(open_duckdb(path, options))
    scripts = request.seeds()
    if scripts:
        create_seeded(path, scripts, options)
    return Opened(open_duckdb(path, options), created=path, seeded=True)


def open_duckdb(path: Path | None, options: OpenOptions = OpenOptions()) -> DuckDB:
    """Opens an existing file, or a fresh database in memory for None. Raises WarehouseError with advice."""
    config: dict[str, str | bool | int | float | list[str]] = {}
    if options.memory_limit is not None:
        config["memory_limit"] = options.memory_limit
    if options.threads is not None:
        config["threads"] = options.threads
    if path is not None and not path.exists():
        raise WarehouseError(
            f"the DuckDB file {path} does not exist",
            advice="Check `path` in rocky.toml, or give seeds (data/seed.sql) to create it from.",
        )
    try:
        connection = duckdb.connect(
            ":memory:" if path is None else str(path), read_only=options.read_only and path is not None, config=config
        )
    except duckdb.Error as err:
        message = str(err).strip().splitlines()[0]
        advice = _advice(message) or "Check `path` in rocky.toml."
        raise WarehouseError(f"DuckDB cannot open {path or 'a database in memory'}: {message}", advice=advice) from err
    row = connection.execute("SELECT current_database()").fetchone()
    return DuckDB(connection, str(row[0]) if row else "memory", path.name if path is not None else "in memory")


def open_files(files: Mapping[str, Path], database: Path | None) -> DuckDB:
    """A database in memory with a view over each file, by the names given, and another file's database to read."""
    opened = open_duckdb(None)
    for name, path in files.items():
        reader = "read_parquet" if path.suffix.lower() == ".parquet" else "read_csv"
        source = f"{reader}({text_literal(str(path), _DIALECT)})"
        with _translated(source, advice="Check that the file is what its name says."):
            opened.connection.execute(f"CREATE VIEW {quote(name, _DIALECT)} AS FROM {source}")
    if database is not None:
        open_duckdb(database, OpenOptions(read_only=True)).close()  # for its errors, which name the file and a way out
        attach = f"ATTACH {text_literal(str(database), _DIALECT)} AS {quote(database.stem, _DIALECT)} (READ_ONLY)"
        with _translated(attach):
            opened.connection.execute(attach)
    return opened


def create_seeded(path: Path, statements: Sequence[str], options: OpenOptions = OpenOptions()) -> None:
    """Makes a database file out of seed scripts, all or nothing: it is moved into place when it is complete.

    It is built under its own name, because DuckDB calls the catalog after the file and the scripts may use that name.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".rocky-preview-seed-", dir=path.parent))
    except OSError as err:
        raise WarehouseError(f"{path} cannot be created: {err.strerror}", advice="Check `path` in rocky.toml.") from err
    try:
        draft = folder / path.name
        duckdb.connect(str(draft)).close()
        database = open_duckdb(draft, options)
        try:
            seed(database, statements)
            with _translated("CHECKPOINT"):
                database.connection.execute("CHECKPOINT")
        finally:
            database.close()
        draft.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seed(database: DuckDB, statements: Sequence[str]) -> None:
    """Runs seed scripts, each of which may be several statements."""
    for script in statements:
        with _translated(script, advice="Correct the seed files; nothing was created."):
            database.connection.execute(script)


def _profiled(cursor: duckdb.DuckDBPyConnection, statement: str, timeout: float | None) -> Usage:
    with _translated(statement, timeout=timeout), _interrupted_after(cursor, timeout):
        if len(cursor.extract_statements(statement)) != 1:
            raise WarehouseError(f"refused, as it is not one statement: {statement[:200]}", advice=_OUR_BUG)
        result = cursor.execute(statement).fetchall()
    profile = json.loads(cursor.get_profiling_information(format="json"))
    seconds = profile.get("query", {}).get("total_time")
    counts = [row[0] for row in result if len(row) == 1 and isinstance(row[0], int)]
    return Usage(
        duration_ms=None if seconds is None else math.ceil(seconds * 1000),
        rows=sum(counts),
        bytes_scanned=sum(_scanned(operator) for operator in profile.get("operator", [])),
    )


def _scanned(operator: dict[str, object]) -> int:
    """Bytes that table scans handed on, after DuckDB left out columns and row groups that it does not need."""
    children = operator.get("children")
    below = sum(_scanned(child) for child in children) if isinstance(children, list) else 0
    size = operator.get("intermediate_size_bytes")
    return below + (size if isinstance(size, int) and str(operator.get("type")).endswith("SCAN") else 0)


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.rollback()
    except duckdb.TransactionException:
        return  # DuckDB has already given the transaction up, as it does after an interrupt


@contextmanager
def _interrupted_after(cursor: duckdb.DuckDBPyConnection, timeout: float | None) -> Iterator[None]:
    if timeout is None:
        yield
        return
    timer = threading.Timer(timeout, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _translated(sql: str, *, timeout: float | None = None, advice: str = "") -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException as err:
        raise StatementTimeoutError(
            f"the statement was interrupted after {timeout:g} s" if timeout else "the statement was interrupted",
            advice="Raise --timeout, or make the model cheaper.",
        ) from err
    except duckdb.Error as err:
        raise WarehouseError(_message(err, sql), advice=advice or _advice(str(err))) from err


def _advice(message: str) -> str:
    return next((advice for sign, advice in _FILE_ADVICE.items() if sign in message), "")


def _message(err: duckdb.Error, sql: str) -> str:
    """DuckDB's own words without the statement it repeats, which is ours and not the author's."""
    text = str(err).strip().split("\n\nLINE ")[0]
    return text.split("\nLINE ")[0].strip() or f"DuckDB refused: {sql[:80]}"
