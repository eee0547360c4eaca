"""DuckDB, in this process: one database, one cursor a statement, its own profiler for usage."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import ProjectError, WarehouseError
from rocky_action.ports import Row, Size
from rocky_action.sql.quoting import quote, relation, text_literal
from rocky_action.warehouses.duckdb_drafts import draft_of, spill_folder, sweep
from rocky_action.warehouses.duckdb_lock import CLOSED, Allowed, Config, allowed_by, check_seed, lock
from rocky_action.warehouses.duckdb_statements import (
    OUR_BUG,
    advice_for,
    interrupt,
    interrupted_after,
    profiled,
    signals_kept,
    translated,
)
from rocky_action.warehouses.metering import Meter
from rocky_action.warehouses.request import Opened, OpenRequest

_DIALECT = "duckdb"
_SCRATCH = "rocky_preview_scratch"
_SNAPSHOTS = itertools.count()
_LONGEST = 3600.0
"""Seconds that a statement may take where nobody says otherwise: one that never ends would end with the whole job."""


@dataclass(frozen=True)
class OpenOptions:
    """``memory_limit`` as DuckDB spells it ("2GB"), for the whole process: DuckDB has none per statement.

    ``allowed`` is what a locked database may do beside; None leaves it open, for who locks it later.
    """

    memory_limit: str | None = None
    threads: int | None = None
    read_only: bool = False
    allowed: Allowed | None = Allowed()


@dataclass(frozen=True)
class DuckDB:
    """An open database; satisfies WarehouseAdapter."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    catalog: str
    file: str
    dialect: str = _DIALECT
    _cursors: set[duckdb.DuckDBPyConnection] = field(default_factory=set, init=False, repr=False, compare=False)
    _door: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False, repr=False, compare=False)
    _meter: Meter = field(default_factory=Meter, init=False, repr=False, compare=False)

    @property
    def description(self) -> str:
        """The engine's version and the file's name."""
        return f"DuckDB {duckdb.__version__}, {self.file}"

    @property
    def concurrency(self) -> int:
        """As many as somebody asks for: they share the threads that this process has."""
        return sys.maxsize

    @property
    def checksum_rounds(self) -> int:
        """Eight: nothing is billed, and blocks outside a range of keys are not read."""
        return 8

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one statement, which must be one that reads; it is interrupted after an hour at the latest."""
        timeout = timeout or _LONGEST
        with translated(sql), self._cursor() as cursor, interrupted_after(cursor, timeout):
            kinds = [statement.type for statement in cursor.extract_statements(sql)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise WarehouseError(f"refused, as it is not one reading statement: {sql[:200]}", advice=OUR_BUG)
            cursor.execute("BEGIN TRANSACTION READ ONLY")  # a SELECT may have an INSERT among its CTEs
            return cursor.execute(sql).fetchall()

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """Each statement on a thread of its own: DuckDB gives a POSITIONAL JOIN one thread only."""
        threads = self.query("SELECT current_setting('threads')")[0][0]
        with ThreadPoolExecutor(threads if isinstance(threads, int) else 1) as pool:
            return list(pool.map(lambda sql: self.query(sql, timeout=timeout), statements))

    def positions(self, relation: Relation) -> int | None:
        """Rows of a table from which none was ever deleted, or all row ids of which are in use again."""
        place = self._named(relation)
        tables = f"SELECT count(*) FROM duckdb_tables() WHERE {place}"
        hiding = f"SELECT count(*) FROM duckdb_columns() WHERE {place} AND lower(column_name) = 'rowid'"
        if self.query(f"SELECT ({tables}), ({hiding})") != [(1, 0)]:
            return None  # a view, or a table with a column that hides the place
        ends = f"SELECT count(*), coalesce(max(rowid) + 1, 0) FROM {_named(relation)}"
        rows, places = self.query(ends)[0]
        return rows if isinstance(rows, int) and rows == places else None

    @contextmanager
    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> Iterator[Relation]:
        """A table is its own; a view is copied into a database in memory, which spills to the temporary folder.

        Such a database takes writes even where this one does not, and is gone with its only table.
        """
        if self.query(f"SELECT 1 FROM duckdb_tables() WHERE {self._named(relation)}"):
            yield relation
            return
        copy = Relation(f"{_SCRATCH}_{next(_SNAPSHOTS)}", "main", relation.name)
        scratch = quote(copy.catalog, _DIALECT)
        with translated(scratch), self._cursor() as cursor:
            cursor.execute(f"ATTACH ':memory:' AS {scratch} (READ_WRITE)")
        try:
            self.execute([f"CREATE TABLE {_named(copy)} AS FROM {_named(relation)}"], timeout=timeout)
            yield copy
        finally:
            with translated(scratch), self._cursor() as cursor:
                cursor.execute(f"DETACH {scratch}")

    def rows(self, relation: Relation) -> int | None:
        """Rows of a table, from the catalog; None for a view."""
        found = self.query(f"SELECT estimated_size FROM duckdb_tables() WHERE {self._named(relation)}")
        return found[0][0] if found and isinstance(found[0][0], int) else None

    def size(self, relation: Relation) -> Size:
        """From the storage's own list of blocks; a view says nothing, and a table in memory has no blocks."""
        rows = self.rows(relation)
        if rows is None:
            return Size()
        stored = f"pragma_storage_info({text_literal(_named(relation), _DIALECT)})"
        blocks = f"SELECT count(DISTINCT block_id) FROM {stored} WHERE block_id >= 0"
        size = "SELECT block_size FROM pragma_database_size() LIMIT 1"
        count, block = self.query(f"SELECT ({blocks}), ({size})")[0]
        held = count * block if isinstance(count, int) and isinstance(block, int) else 0
        return Size(rows, held or None)

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """Statements in one transaction, profiled. Rows are those written or deleted, bytes those that scans read.

        Each is interrupted after an hour at the latest, where nobody says otherwise.
        """
        del model  # nobody is sent a bill
        timeout = timeout or _LONGEST
        usage = NO_USAGE
        with translated("COMMIT"), self._cursor() as cursor:
            cursor.execute("SET enable_profiling = 'no_output'; SET profiling_coverage = 'ALL'")
            cursor.begin()
            for statement in statements:
                usage = usage.plus(profiled(cursor, statement, timeout=timeout))
            cursor.commit()
        return usage

    def estimate(self, sql: str) -> Usage | None:
        """None: DuckDB reckons rows and not bytes."""
        del sql
        return None

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """From DuckDB's own catalog."""
        named = self._named(relation)
        rows = self.query(f"SELECT column_name, data_type FROM duckdb_columns() WHERE {named} ORDER BY column_index")
        return tuple(Column(str(name), str(kind)) for name, kind in rows) or None

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query by DESCRIBE, which plans it and reads nothing."""
        return tuple(Column(str(row[0]), str(row[1])) for row in self.query(f"DESCRIBE {sql}"))

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """From DuckDB's catalog: PRIMARY KEY, then UNIQUE as written. A unique index is no constraint."""
        rows = self.query(
            f"SELECT constraint_column_names FROM duckdb_constraints() WHERE {self._named(relation)}"
            " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_type, constraint_index"
        )
        return tuple(tuple(names) for (names,) in rows if isinstance(names, list))

    def row_hash(self, expressions: Sequence[str]) -> str:
        """DuckDB's own hash, twice: it ends with an XOR by the last value's hash, so once tells that one apart.

        Without its last bit it is a BIGINT, which is summed and listed with less ado than a UBIGINT.
        """
        return f"CAST(hash(hash({', '.join(expressions)})) >> 1 AS BIGINT)"

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """A view where nobody will write to it, which copies no data; a table of its own otherwise."""
        kind = "TABLE" if writable else "VIEW"
        self.execute(
            [f"CREATE OR REPLACE {kind} {relation(target, _DIALECT)} AS FROM {relation(source, _DIALECT)}"],
        )
        return Clone(CloneMethod.CTAS if writable else CloneMethod.VIEW)

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

    def spent(self) -> Usage:
        """Time by our own clock; bytes are unknown, because queries are not profiled. Seeds are not counted."""
        return self._meter.spent()

    def close(self) -> None:
        """Interrupts what other threads still run, closes the database and lets go of its lock."""
        with self._door:
            self._closed.set()
        while self._cursors:  # DuckDB refuses to close under a running statement
            for cursor in tuple(self._cursors):
                interrupt(cursor)
            time.sleep(0.01)
        with translated("close"):
            self.connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own for one thread; closing it rolls back what it has not committed."""
        with self._door:  # or a thread that comes late would hold the database open, and run on in it
            if self._closed.is_set():
                raise WarehouseError("the database is closed", advice="")
            cursor = self.connection.cursor()
            self._cursors.add(cursor)
        try:
            with self._meter.clocked():
                yield cursor
        finally:
            cursor.close()
            self._cursors.discard(cursor)

    def _named(self, relation: Relation) -> str:
        """A condition on DuckDB's catalog: the table is this one, names matched without case as DuckDB does."""
        wanted = (relation.catalog or self.catalog, relation.schema, relation.name)
        names = ("database_name", "schema_name", "table_name")
        return " AND ".join(
            f"lower({name}) = lower({text_literal(value, _DIALECT)})" for name, value in zip(names, wanted, strict=True)
        )

    def _schema(self, catalog: str, schema: str) -> str:
        return f"{quote(catalog or self.catalog, _DIALECT)}.{quote(schema, _DIALECT)}"


def _named(rel: Relation) -> str:
    return relation(rel, _DIALECT)


def open_adapter(request: OpenRequest) -> Opened:
    """The database that the adapter's ``path`` names; a file that does not exist is made from seeds, if there are any.

    Without a path the database is in memory and lives for this process only. Raises ProjectError for models whose
    catalog is not the database's.
    """
    allowed = allowed_by(request.extensions, request.files, folder=request.folder)
    options = OpenOptions(request.memory_limit, read_only=request.read_only, allowed=allowed)
    named = request.adapter.settings.get("path", "")
    if named in ("", ":memory:"):  # it cannot be locked in between: models may read what its seeds may
        scripts = request.seeds()
        places = request.seed_places() if scripts else ()
        database = _of(request, open_duckdb(None, replace(options, allowed=allowed.also(places))))
        seed(database, scripts)
        return Opened(database, seeded=bool(scripts))
    path = request.folder / named
    if not request.read_only:
        sweep(path.parent, spill_folder().parent)
    if path.exists() or request.read_only:
        return Opened(_of(request, open_duckdb(path, options)))
    scripts = request.seeds()
    if not scripts:
        return Opened(open_duckdb(path, options))
    with draft_of(path) as draft:
        seeding = replace(options, allowed=allowed.also(request.seed_places()))
        database = _of(request, open_duckdb(draft, seeding))
        with closing(database):
            seed(database, scripts)
            with translated("CHECKPOINT"):  # said aloud: closing would keep a failure to itself
                database.connection.execute("CHECKPOINT")
    return Opened(open_duckdb(path, options), created=path, seeded=True)


def _of(request: OpenRequest, database: DuckDB) -> DuckDB:
    """The database, once it is known to be the one that the project's models are built in."""
    for catalog, model in request.catalogs.items():
        if catalog and catalog.lower() != database.catalog.lower():
            database.close()
            raise ProjectError(
                f"{model} is built in the catalog {catalog}, and the database {database.file} has only"
                f" {database.catalog}",
                advice=f'Write catalog = "{database.catalog}" under [target], or change `path` of'
                f" [adapter.{request.adapter.name}]: DuckDB calls its catalog after the file.",
            )
    return database


def config_of(options: OpenOptions) -> Config:
    """DuckDB's own words for what was asked of this machine."""
    config: Config = {"temp_directory": str(spill_folder())}
    if options.memory_limit is not None:
        config["memory_limit"] = options.memory_limit
    if options.threads is not None:
        config["threads"] = options.threads
    return config


def open_duckdb(path: Path | None, options: OpenOptions = OpenOptions()) -> DuckDB:
    """Opens an existing file, or a fresh database in memory for None, and locks it.

    Raises WarehouseError with advice.
    """
    if path is not None and not path.exists():
        raise WarehouseError(
            f"the DuckDB file {path} does not exist",
            advice="Check `path` in rocky.toml, or give seeds (data/seed.sql) to create it from.",
        )
    try:
        connection = duckdb.connect(
            ":memory:" if path is None else str(path),
            read_only=options.read_only and path is not None,
            config=config_of(options) | CLOSED,
        )
    except duckdb.Error as err:
        message = str(err).strip().splitlines()[0]
        advice = advice_for(str(err)) or "Check `path` in rocky.toml."
        raise WarehouseError(f"DuckDB cannot open {path or 'a database in memory'}: {message}", advice=advice) from err
    ((name,),) = connection.execute("SELECT current_database()").fetchall()  # not the stem: DuckDB keeps main
    opened = DuckDB(connection, str(name), path.name if path is not None else "in memory")
    if options.allowed is not None:
        try:
            _lock(opened, options.allowed)
        except WarehouseError:
            opened.close()
            raise
    return opened


def _lock(database: DuckDB, allowed: Allowed) -> None:
    with translated("SET lock_configuration"):
        lock(database.connection, allowed)


def open_files(files: Mapping[str, Path], database: Path | None, *, allowed: Allowed | None = None) -> DuckDB:
    """A database in memory with a view over each file, by the names given, and another file's database to read.

    The catalog it goes by is that of the other file, if there is one. Other files stay closed.
    """
    opened = open_duckdb(None, OpenOptions(allowed=None))
    try:
        for name, path in files.items():
            reader = "read_parquet" if path.suffix.lower() == ".parquet" else "read_csv"
            source = f"{reader}({text_literal(str(path), _DIALECT)})"
            with translated(source, advice="Check that the file is what its name says."):
                opened.connection.execute(f"CREATE VIEW {quote(name, _DIALECT)} AS FROM {source}")
        if database is None:
            _lock(opened, (allowed or Allowed()).also(files.values()))
            return opened
        with closing(open_duckdb(database, OpenOptions(read_only=True))) as other:
            catalog = other.catalog  # opened on its own for its errors too: they name the file and a way out
        attach = f"ATTACH {text_literal(str(database), _DIALECT)} AS {quote(catalog, _DIALECT)} (READ_ONLY)"
        with translated(attach):
            opened.connection.execute(attach)
        _lock(opened, (allowed or Allowed()).also(files.values()))
    except WarehouseError:
        opened.close()
        raise
    return replace(opened, catalog=catalog, file=database.name)


def seed(database: DuckDB, statements: Sequence[str]) -> None:
    """Runs seed scripts, each of which may be several statements. Raises ProjectError for one that is wrong."""
    for script in statements:
        try:
            with signals_kept():
                check_seed(database.connection, script)
                database.connection.execute(script)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as err:
            raise WarehouseError(f"a seed could not be loaded: {err}", advice=advice_for(str(err))) from err
        except duckdb.Error as err:
            advice = advice_for(str(err)) or "Correct the seed; nothing was created."
            raise ProjectError(f"a seed is wrong: {err}", advice=advice) from err
