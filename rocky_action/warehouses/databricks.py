"""Databricks: one SQL warehouse, by the official SDK's Statement Execution and Query History APIs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import WarehouseError
from rocky_action.ports import Row, Size
from rocky_action.sql.quoting import quote, relation
from rocky_action.warehouses.databricks_errors import MISSING, RefusedError
from rocky_action.warehouses.databricks_login import sign_in
from rocky_action.warehouses.databricks_rights import powers
from rocky_action.warehouses.databricks_statements import Result, Statements
from rocky_action.warehouses.request import Opened, OpenRequest

_DIALECT = "databricks"
_CONCURRENCY = 8
"""A cluster of a SQL warehouse runs ten queries at a time and queues the rest; some are left to other people."""
_OUR_BUG = "Please report it: nothing in a project should be able to lead here."
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = frozenset({"SELECT", "WITH", "VALUES", "DESCRIBE", "SHOW"})
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_SHORTENED = re.compile(r"\.\.\. \d+ more fields")
_ANY_NAMES = "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
"""Lets a Delta table have columns with blanks and commas in their names, as views and other formats do."""
_DETAILS = "# Detailed Table Information"


@dataclass(frozen=True)
class _Kind:
    """What a relation is, by DESCRIBE TABLE EXTENDED; both words in capitals, empty if it does not say."""

    type: str
    provider: str

    @property
    def is_view(self) -> bool:
        """A plain view, which holds no rows of its own."""
        return self.type == "VIEW"

    def not_clonable(self) -> str | None:
        """Why SHALLOW CLONE is not even tried, None if it is."""
        if self.is_view:
            return "it is a view"
        if self.type in ("STREAMING_TABLE", "MATERIALIZED_VIEW", "METRIC_VIEW", "FOREIGN"):
            return f"it is a {self.type.lower().replace('_', ' ')}{' table' if self.type == 'FOREIGN' else ''}"
        if self.provider not in ("", "DELTA"):
            return f"its format is {self.provider.lower()}, and only Delta tables are shallow-cloned"
        return None


@dataclass(frozen=True)
class Databricks:
    """An open SQL warehouse; satisfies WarehouseAdapter. ``catalogs`` are the project's, empty if not known.

    There is no session: each statement runs by itself, in the time zone that the warehouse is configured with, UTC
    unless an administrator says otherwise (the API cannot set it). CAST(timestamp AS STRING) and every reading of a
    text as a TIMESTAMP follow that zone; timestamps in results are moments in UTC whatever it is.
    """

    statements: Statements = field(repr=False)
    catalog: str
    catalogs: frozenset[str]
    timeout: float | None = None
    dialect: str = _DIALECT

    @property
    def description(self) -> str:
        """The SQL warehouse's id; the workspace's address stays out of comments."""
        return f"Databricks SQL, warehouse {self.statements.login.warehouse_id}"

    @property
    def concurrency(self) -> int:
        """Eight; see above."""
        return _CONCURRENCY

    @property
    def checksum_rounds(self) -> int:
        """One: time is billed, and a condition on a key skips whole files only, in a table clustered by that key."""
        return 1

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one statement, which must be one that reads; at most 25 MiB of them, Databricks' own limit."""
        plain = _QUOTED.sub(" ", sql).lstrip(" \t\r\n(")
        word = re.match(r"\w*", plain)
        if word is None or word[0].upper() not in _READS or _WRITES.search(plain):
            raise WarehouseError(f"refused, as it is not one reading statement: {sql[:200]}", advice=_OUR_BUG)
        return self._read(sql, timeout=timeout).rows

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """Each statement on a thread of its own, as many at a time as ``concurrency`` says."""
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            return list(pool.map(lambda sql: self.query(sql, timeout=timeout), statements))

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """Statements one after the other, in no transaction: Databricks has none over several statements.

        What was done before one that fails stays done; it is in a schema of the preview's own. Rows are those that the
        statements say they have written, changed or deleted; duration and bytes read are the query history's.
        """
        results = [self._write(statement, timeout=timeout, model=model) for statement in statements]
        return self.statements.usage(results)

    def estimate(self, sql: str) -> Usage | None:
        """None: EXPLAIN COST knows whole tables only, before files and columns are left out: often tenfold too many."""
        del sql
        return None

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """From DESCRIBE TABLE, types in full."""
        try:
            rows = self._read(f"DESCRIBE TABLE {_named(relation)}").rows
        except RefusedError as err:
            if err.error_class in MISSING:
                return None
            raise
        return self._in_full(rows, f"SELECT * FROM {_named(relation)}")

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query by DESCRIBE QUERY, which plans it and reads nothing; types in full."""
        return self._in_full(self._read(f"DESCRIBE QUERY {sql}").rows, sql)

    def positions(self, relation: Relation) -> int | None:
        """None: rows have no places."""
        del relation
        return None

    @contextmanager
    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> Iterator[Relation]:
        """The relation itself: each statement reads a table's newest version, and a view whatever it gives by then.

        A version could be named in SQL, but neither for views nor for tables that are not Delta. What writes to
        production between two statements of one comparison is noticed where counts no longer agree, and not prevented.
        """
        del timeout
        yield relation

    def size(self, relation: Relation) -> Size:
        """Bytes from DESCRIBE DETAIL, which only tables have; rows are nowhere to be had without reading."""
        try:
            result = self._read(f"DESCRIBE DETAIL {_named(relation)}")
        except RefusedError:  # a view, or a table that has no such detail
            return Size()
        names = [column.name for column in result.columns]
        found = result.rows[0][names.index("sizeInBytes")] if result.rows and "sizeInBytes" in names else None
        return Size(None, found if isinstance(found, int) else None)

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """None at all: Databricks enforces neither primary nor unique keys."""
        del relation
        return ()

    def row_hash(self, expressions: Sequence[str]) -> str:
        """Spark's xxhash64 over each value and whether it is NULL, without its last bit.

        Each value is hashed with the hash so far as its seed and scrambled to the end, so no value's part can be told
        from the sum. A NULL is skipped, hence the flags: by itself (NULL, 1) would be (1, NULL). Kept apart: an INT and
        a BIGINT of equal value, FLOAT and DOUBLE, NULL and an empty text. Merged: 0.0 and -0.0, all NaNs; a text and
        its bytes, decimals of up to 18 digits that differ in their scale only, a date and an INT, a boolean and an INT,
        which two columns of one type cannot hold. An array hashes like its elements without NULLs and nesting.
        """
        parts = ", ".join(f"isnull({one}), {one}" for one in expressions)
        return f"shiftrightunsigned(xxhash64({parts}), 1)"

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """SHALLOW CLONE of a Delta table, a view of a view that nobody writes to, else CREATE TABLE AS with the reason.

        A shallow clone copies the table's metadata and refers to its files: writes to either are not seen in the other.
        Files that VACUUM removes from a source are missing in its clone where Unity Catalog does not manage both. A
        table made by CREATE TABLE AS has the source's columns and rows, but not its partitions and properties.
        """
        kind = self._kind(source)
        of, to = _named(source), _named(target)
        if kind is not None and kind.is_view and not writable:
            self._replace(f"CREATE OR REPLACE VIEW {to} AS SELECT * FROM {of}", target)
            return Clone(CloneMethod.VIEW)
        because = kind.not_clonable() if kind is not None else None
        if because is None:
            try:
                self._replace(f"CREATE OR REPLACE TABLE {to} SHALLOW CLONE {of}", target)
            except RefusedError as err:
                because = f"Databricks refused a shallow clone: {err.message}"
            else:
                return Clone(CloneMethod.SHALLOW_CLONE)
        self._replace(f"CREATE OR REPLACE TABLE {to} {_ANY_NAMES} AS SELECT * FROM {of}", target)
        return Clone(CloneMethod.CTAS, because)

    def create_schema(self, catalog: str, schema: str) -> None:
        """CREATE SCHEMA IF NOT EXISTS."""
        self._write(f"CREATE SCHEMA IF NOT EXISTS {self._schema(catalog, schema)}")

    def drop_schema(self, catalog: str, schema: str) -> None:
        """DROP SCHEMA IF EXISTS, with all it holds."""
        self._write(f"DROP SCHEMA IF EXISTS {self._schema(catalog, schema)} CASCADE")

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """Of the catalogs that the project builds in; where it is not known, of all that the principal may look into.

        No pattern is sent: SHOW SCHEMAS LIKE reads it in a language of its own.
        """
        listed = self.catalogs or {str(row[0]) for row in self._read("SHOW CATALOGS").rows}
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            names = list(pool.map(self._schemas_in, sorted(listed)))
        pairs = zip(sorted(listed), names, strict=True)
        return tuple((catalog, name) for catalog, found in pairs for name in sorted(found) if name.startswith(prefix))

    def spent(self) -> Usage:
        """Time by our own clock, from when each statement ran: neither the warehouse's start nor its queue."""
        return self.statements.meter.spent()

    def close(self) -> None:
        """Cancels what other threads still run. There is no session to end; the warehouse stops by its own rule."""
        self.statements.close()

    def _read(self, sql: str, *, timeout: float | None = None) -> Result:
        return self.statements.run(sql, timeout=timeout or self.timeout, reads=True)

    def _write(self, sql: str, *, timeout: float | None = None, model: str | None = None) -> Result:
        return self.statements.run(sql, timeout=timeout or self.timeout, reads=False, model=model)

    def _replace(self, statement: str, target: Relation) -> None:
        """Runs a CREATE OR REPLACE; what is there already goes first if it is in the way, as a view is in a table's."""
        try:
            self._write(statement)
        except RefusedError:
            there = self._kind(target)
            if there is None:
                raise
            self._write(f"DROP {'VIEW' if there.is_view else 'TABLE'} {_named(target)}")
            self._write(statement)

    def _schemas_in(self, catalog: str) -> set[str]:
        try:
            return {str(row[0]) for row in self._read(f"SHOW SCHEMAS IN {quote(catalog, _DIALECT)}").rows}
        except RefusedError:
            if self.catalogs:
                raise
            return set()  # SHOW CATALOGS lists more than may be looked into; no schema of ours can be there

    def _kind(self, relation: Relation) -> _Kind | None:
        """What a relation is, None if it does not exist. The right to read it is all that this takes."""
        try:
            rows = self._read(f"DESCRIBE TABLE EXTENDED {_named(relation)}").rows
        except RefusedError as err:
            if err.error_class in MISSING:
                return None
            raise
        names = [str(row[0]) for row in rows]
        begin = len(names) - 1 - names[::-1].index(_DETAILS) if _DETAILS in names else len(names)
        details = {str(row[0]): str(row[1]).upper() for row in rows[begin:]}
        return _Kind(details.get("Type", ""), details.get("Provider", ""))

    def _in_full(self, rows: Sequence[Row], sql: str) -> tuple[Column, ...]:
        """The columns of a DESCRIBE; a type that it cuts short is asked for again, by a query for no rows."""
        listed = []
        for name, kind, *_ in rows:
            if not kind:  # then come partitions and the like, under a heading
                break
            listed.append(Column(str(name), str(kind)))
        if any(_SHORTENED.search(column.type) for column in listed):
            full = [column.type_text or "" for column in self._read(f"SELECT * FROM (\n{sql}\n) LIMIT 0").columns]
            pairs = zip(listed, full, strict=True)
            return tuple(Column(one.name, kind) if _SHORTENED.search(one.type) else one for one, kind in pairs)
        return tuple(listed)

    def _schema(self, catalog: str, schema: str) -> str:
        return f"{quote(catalog or self.catalog, _DIALECT)}.{quote(schema, _DIALECT)}"


def _named(rel: Relation) -> str:
    return relation(rel, _DIALECT)


def _seconds(settings: Mapping[str, str]) -> float | None:
    """The adapter's ``timeout_secs``, for statements that nobody gives another time."""
    said = settings.get("timeout_secs", "")
    return float(said) if said.isdigit() and int(said) > 0 else None


def open_adapter(request: OpenRequest) -> Opened:
    """Logs in and asks for the default catalog, which starts the SQL warehouse if it is stopped.

    Raises MissingCredentialsError, ProjectError for an ``http_path`` of no SQL warehouse, WarehouseError otherwise.
    """
    statements = Statements(sign_in(request), request.labels)
    catalog = str(statements.run("SELECT current_catalog()", timeout=None, reads=True).rows[0][0])
    catalogs = frozenset(name or catalog for name in request.catalogs)
    found = powers(statements, catalog=catalog, production=request.production) if request.production else None
    return Opened(Databricks(statements, catalog, catalogs, _seconds(request.adapter.settings)), powers=found)
