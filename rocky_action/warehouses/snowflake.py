"""Snowflake, by its own connector: one session for all threads, zero-copy clones, usage from query history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from snowflake.connector import errors
from snowflake.connector.cursor import ResultMetadata

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import PreviewError, ProjectError, WarehouseError
from rocky_action.ports import Row, Size
from rocky_action.sql.quoting import quote, relation, text_literal
from rocky_action.warehouses.request import Opened, OpenRequest
from rocky_action.warehouses.snowflake_errors import OUR_BUG, is_interrupted, is_missing, told, translated
from rocky_action.warehouses.snowflake_login import login_from
from rocky_action.warehouses.snowflake_rights import powers
from rocky_action.warehouses.snowflake_sessions import Done, Session, Sessions
from rocky_action.warehouses.snowflake_usage import bytes_assigned, usage_of

_DIALECT = "snowflake"
_READS = re.compile(r"[\s(]*(SELECT|WITH|SHOW|DESCRIBE|EXPLAIN)\b", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:\\.|''|[^'\\])*'|\"(?:\"\"|[^\"])*\"", re.DOTALL)
_ARRAY = 10
_TYPES = {
    0: "NUMBER({precision},{scale})",
    1: "FLOAT",
    2: "VARCHAR({internal_size})",
    3: "DATE",
    4: "TIMESTAMP_NTZ({scale})",
    5: "VARIANT",
    6: "TIMESTAMP_LTZ({scale})",
    7: "TIMESTAMP_TZ({scale})",
    8: "TIMESTAMP_NTZ({scale})",
    9: "OBJECT",
    10: "ARRAY",
    11: "BINARY({internal_size})",
    12: "TIME({scale})",
    13: "BOOLEAN",
    14: "GEOGRAPHY",
    15: "GEOMETRY",
    16: "VECTOR",
}
"""The connector's numbers for types, as SQL."""
_UNCLONED = {
    "IS_DYNAMIC": "a dynamic table, whose clone would go on refreshing",
    "IS_HYBRID": "a hybrid table",
    "IS_ICEBERG": "an Iceberg table",
}


@dataclass(frozen=True)
class Snowflake:
    """An open account; satisfies WarehouseAdapter."""

    sessions: Sessions = field(repr=False)
    catalog: str
    warehouse: str
    role: str
    dialect: str = _DIALECT

    @property
    def description(self) -> str:
        """The database and the virtual warehouse."""
        return f"Snowflake, database {self.catalog}, warehouse {self.warehouse}"

    @property
    def concurrency(self) -> int:
        """Eight, a virtual warehouse's own limit (MAX_CONCURRENCY_LEVEL) where nobody has changed it."""
        return 8

    @property
    def checksum_rounds(self) -> int:
        """One: time is billed, and only a table that is clustered by its key would spare a later round a full scan."""
        return 1

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        """All rows of one reading statement; arrays as lists. Snowflake refuses a second statement by itself."""
        if not _READS.match(sql) or "->>" in _QUOTED.sub("", sql):  # which hands on to any other statement
            raise WarehouseError(f"refused, as it is not one reading statement: {sql[:200]}", advice=OUR_BUG)
        with self._translated():
            return _values(self.sessions.read(sql, timeout=timeout))

    def query_many(self, statements: Sequence[str], *, timeout: float | None = None) -> list[list[Row]]:
        """All at the same time: the warehouse runs (and bills) for as long as the longest takes."""
        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(lambda sql: self.query(sql, timeout=timeout), statements))

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        """Statements in one transaction. Rows are those written or deleted, where Snowflake counts them.

        DDL commits what came before it, and itself: that is Snowflake's rule. What is undone on failure is the DML
        since the last DDL.
        """
        if len(statements) == 1:  # a transaction by itself
            with self._translated(), self.sessions.shared() as session:
                done = [self.sessions.run(session, statements[0], timeout=timeout, model=model)]
                return usage_of(done, session, sessions=self.sessions, catalog=self.catalog, model=model)
        with self._translated(), self.sessions.own() as session:
            done = self._transaction(session, statements, timeout=timeout, model=model)
            return usage_of(done, session, sessions=self.sessions, catalog=self.catalog, model=model)

    def estimate(self, sql: str) -> Usage | None:
        """The bytes of the micro-partitions that the query would read, by EXPLAIN, which needs no warehouse."""
        with self._translated():
            rows = self.sessions.read(f"EXPLAIN USING JSON {sql}").rows
        size = bytes_assigned(rows[0][0]) if rows else None
        return None if size is None else Usage(bytes_scanned=size)

    def columns(self, relation: Relation) -> tuple[Column, ...] | None:
        """As a query of the relation would return them, which is not run.

        None also for a relation that the role may not see: Snowflake says the same of both.
        """
        with self._translated():
            try:
                return _columns(self.sessions.describe(f"SELECT * FROM {_named(relation)}"))
            except errors.ProgrammingError as err:
                if is_missing(err):
                    return None
                raise

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, which Snowflake compiles and does not run."""
        with self._translated():
            return _columns(self.sessions.describe(sql))

    def positions(self, relation: Relation) -> int | None:
        """None: a row has no place in Snowflake."""
        del relation
        return None

    def snapshot(self, relation: Relation, *, timeout: float | None = None) -> AbstractContextManager[Relation]:
        """The relation itself.

        A table changes only when somebody writes to it, which nobody does in a preview schema. A view is run again for
        each statement that reads it: one with a random value in it shows other rows each time, and rows that moved on
        in what it reads meanwhile as differences.
        """
        del timeout
        return nullcontext(relation)

    def size(self, relation: Relation) -> Size:
        """From INFORMATION_SCHEMA.TABLES; a view and an external table say nothing."""
        facts = self._facts(relation).get((relation.schema, relation.name), {})
        rows, size = facts.get("ROW_COUNT"), facts.get("BYTES")
        return Size(rows if isinstance(rows, int) else None, size if isinstance(size, int) else None)

    def unique_keys(self, relation: Relation) -> tuple[tuple[str, ...], ...]:
        """None at all: PRIMARY KEY and UNIQUE are hints in Snowflake, which takes duplicates without a word.

        Only hybrid tables hold to theirs, and those are not looked for.
        """
        del relation
        return ()

    def row_hash(self, expressions: Sequence[str]) -> str:
        """HASH of all expressions as text, hashed by MD5, of which 63 bits are kept.

        HASH is documented to be never NULL and to be the same for equal numbers whatever their precision and scale,
        and its examples to tell how many NULLs it was given; how it joins its arguments is not. MD5 over its result is
        why no argument's part in a sum can be told. Rows whose 64 bits of HASH agree are taken for equal: among a
        million different rows, two such are to be expected in one of some forty million tables.
        """
        return f"MOD(MD5_NUMBER_LOWER64(TO_VARCHAR(HASH({', '.join(expressions)}))), {2**63})"

    def clone(self, source: Relation, target: Relation, *, writable: bool) -> Clone:
        """CLONE, which copies no data, for tables; a view for a view that nobody writes to; CREATE TABLE AS otherwise.

        Clones are transient whatever the source is, so that they cost no Fail-safe. Also falls back, saying why, for
        what Snowflake does not clone (imported databases) and only says when it is asked to.
        """
        kinds = self._facts(source, target)
        facts = kinds.get((source.schema, source.name), {})
        is_view = facts.get("TABLE_TYPE") == "VIEW"
        replaced = kinds.get((target.schema, target.name), {}).get("TABLE_TYPE")
        with self._translated(about=f"{source} cannot be cloned"), self.sessions.shared() as session:
            self._make_room(session, target, replaced=replaced, view=is_view and not writable)
            if is_view and not writable:
                self.sessions.run(session, f"CREATE OR REPLACE VIEW {_named(target)} AS SELECT * FROM {_named(source)}")
                return Clone(CloneMethod.VIEW)
            create = f"CREATE OR REPLACE TRANSIENT TABLE {_named(target)}"
            because = _obstacle(facts)
            if because is None:
                try:
                    self.sessions.run(session, f"{create} CLONE {_named(source)}")
                    return Clone(CloneMethod.ZERO_COPY)
                except errors.ProgrammingError as err:
                    if is_missing(err) or is_interrupted(err):
                        raise
                    because = f"Snowflake does not clone it: {told(err, self.sessions.secrets)}"
            self.sessions.run(session, f"{create} AS SELECT * FROM {_named(source)}")
            return Clone(CloneMethod.CTAS, because)

    def create_schema(self, catalog: str, schema: str) -> None:
        """CREATE TRANSIENT SCHEMA without Time Travel: what is dropped or replaced in it is paid for no longer."""
        with self._translated(), self.sessions.shared() as session:
            made = self._schema(catalog, schema)
            self.sessions.run(session, f"CREATE TRANSIENT SCHEMA IF NOT EXISTS {made} DATA_RETENTION_TIME_IN_DAYS = 0")

    def drop_schema(self, catalog: str, schema: str) -> None:
        """DROP SCHEMA IF EXISTS, with all it holds."""
        with self._translated(), self.sessions.shared() as session:
            self.sessions.run(session, f"DROP SCHEMA IF EXISTS {self._schema(catalog, schema)} CASCADE")

    def schemas(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """By SHOW SCHEMAS, which needs no warehouse, in every database; at most 10,000, its own limit."""
        with self._translated():
            shown = self.sessions.read(f"SHOW TERSE SCHEMAS IN ACCOUNT STARTS WITH {text_literal(prefix, _DIALECT)}")
        found = [(str(row["database_name"]), str(row["name"])) for row in _records(shown)]
        return tuple(sorted(one for one in found if one[1].startswith(prefix)))

    def spent(self) -> Usage:
        """Time by our own clock, queueing among it: a warehouse is billed for the time that it is up."""
        return self.sessions.meter.spent()

    def close(self) -> None:
        """Cancels what any thread still runs, and logs out."""
        self.sessions.close()

    def _transaction(
        self, session: Session, statements: Sequence[str], *, timeout: float | None, model: str | None
    ) -> list[Done]:
        self.sessions.run(session, "BEGIN TRANSACTION")
        try:
            done = [self.sessions.run(session, one, timeout=timeout, model=model) for one in statements]
            self.sessions.run(session, "COMMIT")
        except errors.Error:
            with suppress(errors.Error):  # the session ends with the error, and what it has not committed with it
                self.sessions.run(session, "ROLLBACK")
            raise
        return done

    def _facts(self, *wanted: Relation) -> Mapping[tuple[str, str], Mapping[str, object]]:
        """What INFORMATION_SCHEMA.TABLES says about relations, by schema and name; those of one catalog at a time."""
        found: dict[tuple[str, str], Mapping[str, object]] = {}
        for catalog in dict.fromkeys(one.catalog or self.catalog for one in wanted):
            tables = relation(Relation(catalog, "INFORMATION_SCHEMA", "TABLES"), _DIALECT)
            places = " OR ".join(
                f"(TABLE_SCHEMA = {text_literal(one.schema, _DIALECT)}"
                f" AND TABLE_NAME = {text_literal(one.name, _DIALECT)})"
                for one in wanted
                if (one.catalog or self.catalog) == catalog
            )
            with self._translated():
                done = self.sessions.read(f"SELECT * FROM {tables} WHERE {places}")
            found |= {(str(row["TABLE_SCHEMA"]), str(row["TABLE_NAME"])): row for row in _records(done)}
        return found

    def _make_room(self, session: Session, target: Relation, *, replaced: object, view: bool) -> None:
        """Drops what stands in the target's place if it is of the other kind: OR REPLACE works within a kind only."""
        if replaced == "VIEW" and not view:
            self.sessions.run(session, f"DROP VIEW IF EXISTS {_named(target)}")
        elif replaced == "BASE TABLE" and view:
            self.sessions.run(session, f"DROP TABLE IF EXISTS {_named(target)}")

    def _schema(self, catalog: str, schema: str) -> str:
        return f"{quote(catalog or self.catalog, _DIALECT)}.{quote(schema, _DIALECT)}"

    @contextmanager
    def _translated(self, about: str = "") -> Iterator[None]:
        with translated(self.sessions.secrets, role=self.role, about=about):
            yield


def open_adapter(request: OpenRequest) -> Opened:
    """Logs in. Raises MissingCredentialsError when there is nothing to log in with, WarehouseError when it fails.

    The database is the adapter's, else the user's default one, else the only one that the project builds in.
    """
    login = login_from(request)
    sessions = Sessions(login, request.labels)
    role = sessions.connection.role or ""
    try:
        with translated(sessions.secrets, role=role):
            database, warehouse = sessions.read("SELECT CURRENT_DATABASE(), CURRENT_WAREHOUSE()").rows[0]
        for fact, found in (("database", database), ("warehouse", warehouse)):
            _check(request, fact, asked=login.options.get(fact), found=found, role=role)
        catalog = _catalog(request, database)
    except PreviewError:
        sessions.close()
        raise
    found = powers(sessions, role=role, catalog=catalog, production=asked) if (asked := request.production) else None
    return Opened(Snowflake(sessions, catalog, str(warehouse or "none"), role), powers=found)


def _check(request: OpenRequest, fact: str, *, asked: object, found: object, role: str) -> None:
    """Snowflake logs in to a place that does not exist without a word; the first statement that needs it fails."""
    if asked and not found:
        raise WarehouseError(
            f"the {fact} {asked} of [adapter.{request.adapter.name}] does not exist, or the role {role} may not use it",
            advice=f"If it exists: GRANT USAGE ON {fact.upper()} {asked} TO ROLE {role}.",
        )


def _catalog(request: OpenRequest, database: object) -> str:
    """The session's database by its true name (what is written without quotes, Snowflake reads in capitals)."""
    catalogs = [catalog for catalog in request.catalogs if catalog]
    catalog = database or (catalogs[0] if len(catalogs) == 1 else None)
    if catalog is None:
        raise ProjectError(
            f"[adapter.{request.adapter.name}] names no database, nor do the project's models name one and the same",
            advice=f"Write `database` under [adapter.{request.adapter.name}].",
        )
    return str(catalog)


def _obstacle(facts: Mapping[str, object]) -> str | None:
    """Why a relation cannot be cloned, None for a table that can; one that the catalog does not show is tried."""
    kind = str(facts.get("TABLE_TYPE", "BASE TABLE"))
    if kind != "BASE TABLE":
        article = "an" if kind[0] in "AEIOU" else "a"
        return f"it is {article} {kind.lower()}, which Snowflake does not clone"
    return next((f"it is {what}" for fact, what in _UNCLONED.items() if facts.get(fact) in ("YES", "Y", True)), None)


def _named(rel: Relation) -> str:
    return relation(rel, _DIALECT)


def _columns(described: Sequence[ResultMetadata]) -> tuple[Column, ...]:
    """Names and types as Snowflake writes them."""
    return tuple(
        Column(one.name, _TYPES.get(one.type_code, f"TYPE {one.type_code}").format(**one._asdict()))
        for one in described
    )


def _records(done: Done) -> list[dict[str, object]]:
    """Rows by column name: SHOW and the information schema gain columns over time."""
    names = [column.name for column in done.columns]
    return [dict(zip(names, row, strict=True)) for row in done.rows]


def _values(done: Done) -> list[Row]:
    """Rows as Python values: the connector hands arrays over as JSON text, and bytes that can be written to."""
    arrays = frozenset(place for place, column in enumerate(done.columns) if column.type_code == _ARRAY)
    return [tuple(_value(value, is_array=place in arrays) for place, value in enumerate(row)) for row in done.rows]


def _value(value: object, *, is_array: bool) -> object:
    if isinstance(value, bytearray):
        return bytes(value)
    if is_array and isinstance(value, str):
        with suppress(ValueError):  # NULL in an array is written `undefined`, which is no JSON
            return json.loads(value)
    return value
