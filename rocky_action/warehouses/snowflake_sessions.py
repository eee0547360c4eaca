"""Sessions of one login: one that all threads share, and some for transactions, which belong to a session whole."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import snowflake.connector
from snowflake.connector import SnowflakeConnection, errors
from snowflake.connector.cursor import ResultMetadata, SnowflakeCursor

from rocky_action.errors import WarehouseError
from rocky_action.ports import Row
from rocky_action.warehouses.metering import Meter
from rocky_action.warehouses.snowflake_errors import is_expired, translated
from rocky_action.warehouses.snowflake_login import Login

logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)  # it raises what it logs; only here is it scrubbed
_PATIENCE = 10.0
"""Seconds that closing waits for cancelled statements to end."""
_LONGEST_LABEL = 300
"""Characters: Snowflake takes tags of 2,000, and JSON may double some."""


@dataclass(frozen=True)
class Session:
    """One session of Snowflake's: a connection, and the number that Snowflake knows it by."""

    connection: SnowflakeConnection = field(repr=False)
    number: int


@dataclass(frozen=True)
class Done:
    """A statement that has run. ``written`` is how many rows it says it has written or deleted, None if nothing."""

    query_id: str
    columns: tuple[ResultMetadata, ...]
    rows: list[Row]
    written: int | None
    seconds: float


class Sessions:
    """Safe to use from several threads. After ``close`` nothing more is run."""

    def __init__(self, login: Login, tag: Mapping[str, str]) -> None:
        self._login, self._tag = login, tag
        self._secrets = set(login.secrets)
        self.meter = Meter()
        self._door = threading.Condition()
        self._running: dict[Session, int] = {}
        self._idle: list[Session] = []
        self._closed = False
        self._shared = self._opened()

    @property
    def connection(self) -> SnowflakeConnection:
        """The connection that all threads share."""
        return self._shared.connection

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be shown, tokens that were fetched on the way among it."""
        return frozenset(self._secrets)

    @contextmanager
    def shared(self) -> Iterator[Session]:
        """The session of all threads, for statements that are one each: Snowflake runs several of them at a time."""
        with self._used(self._shared) as session:
            yield session

    @contextmanager
    def own(self) -> Iterator[Session]:
        """A session that nobody else uses meanwhile.

        A transaction holds for a session: in a shared one the others' statements would be part of it, and their DDL
        would commit it.
        """
        with self._door:
            session = self._idle.pop() if self._idle else None
        session, whole = session or self._opened(), False
        try:
            with self._used(session):
                yield session
            whole = True
        finally:
            if whole:
                with self._door:
                    self._idle.append(session)
            else:  # what state it is in, nobody knows; its transaction goes with it
                self._end(session)

    def read(self, sql: str, *, timeout: float | None = None) -> Done:
        """Runs a reading statement, a second time in a new session where the first had expired."""
        with self.shared() as session:
            try:
                return self._run(session, sql, timeout=timeout)
            except errors.Error as err:
                if not is_expired(err):
                    raise
        self._renew(session)
        with self.shared() as session:
            return self._run(session, sql, timeout=timeout)

    def run(self, session: Session, sql: str, *, timeout: float | None = None, model: str | None = None) -> Done:
        """Runs one statement, once: it may have begun before its session expired, so it is not for us to repeat it."""
        try:
            return self._run(session, sql, timeout=timeout, model=model)
        except errors.Error as err:
            if is_expired(err):
                self._renew(session)
            raise

    def describe(self, sql: str) -> tuple[ResultMetadata, ...]:
        """The columns of a query, which Snowflake compiles and does not run."""
        with self.shared() as session, session.connection.cursor() as cursor:
            return tuple(cursor.describe(sql) or ())

    def close(self) -> None:
        """Cancels what runs in any of the sessions, and ends them."""
        with self._door:
            if self._closed:
                return
            self._closed = True
        until = time.monotonic() + _PATIENCE
        while (busy := self._busy()) and time.monotonic() < until:  # again, for what had only been about to start
            for session in busy:
                with suppress(errors.Error):  # the session is gone then, with all that ran in it
                    self._cancel(session)
            with self._door:
                self._door.wait_for(lambda: not any(self._running.values()), timeout=0.5)
        with self._door:  # threads whose statements were cancelled end their sessions meanwhile
            left = {*self._running, self._shared}
        for session in left:
            self._end(session)

    def _run(self, session: Session, sql: str, *, timeout: float | None, model: str | None = None) -> Done:
        limit = timeout if timeout is not None else self._login.timeout
        started = time.monotonic()
        with session.connection.cursor() as cursor, self.meter.clocked():
            cursor.set_statement_parameter("QUERY_TAG", self._tagged(model))
            cursor.set_statement_parameter("MULTI_STATEMENT_COUNT", 1)  # whatever the account or the user has set
            if limit is not None:  # whole seconds, and 0 would mean as long as it likes
                cursor.set_statement_parameter("STATEMENT_TIMEOUT_IN_SECONDS", max(1, math.ceil(limit)))
            cursor.execute(sql)
            rows = cursor.fetchall()
            seconds = time.monotonic() - started
            columns = tuple(cursor.description or ())
            return Done(str(cursor.sfqid or ""), columns, rows, _written(cursor, columns, rows=rows), seconds)

    def _tagged(self, model: str | None) -> str:
        """What the bill is to name, by the statement's own parameter: the session is not changed, so nothing races."""
        labels = {**self._tag, **({"model": model} if model else {})}
        short = {name: value[:_LONGEST_LABEL] for name, value in labels.items()}
        return json.dumps({"rocky_preview": short}, ensure_ascii=False)

    @contextmanager
    def _used(self, session: Session) -> Iterator[Session]:
        with self._door:
            if self._closed:
                raise WarehouseError("the connection to Snowflake is closed", advice="")
            self._running[session] = self._running.get(session, 0) + 1
        try:
            yield session
        except KeyboardInterrupt:
            with suppress(errors.Error):
                self._cancel(session)  # what the signal has kept us from waiting for
            raise
        finally:
            with self._door:
                if session in self._running:
                    self._running[session] -= 1
                self._door.notify_all()

    def _renew(self, worn: Session) -> None:
        """A new shared session for one that has expired, by whichever thread is first."""
        with self._door:
            if self._shared is worn:
                self._shared = self._opened()

    def _opened(self) -> Session:
        login = self._login.fresh()
        self._secrets |= login.secrets
        with translated(self._secrets, role=str(login.options.get("role", ""))):
            connection = snowflake.connector.connect(
                **login.options,
                application="rocky_preview",
                autocommit=True,
                timezone="UTC",
                client_session_keep_alive=True,
                client_store_temporary_credential=False,  # or it leaves them in the home folder
                server_session_keep_alive=False,
                enable_server_session_keep_alive_auto_detection=False,
                serialize_session_operations=False,
                session_parameters={"CLIENT_TELEMETRY_ENABLED": False},
            )
            return Session(connection, connection.session_id)

    def _busy(self) -> list[Session]:
        with self._door:
            return [session for session, statements in self._running.items() if statements]

    def _end(self, session: Session) -> None:
        with self._door:
            self._running.pop(session, None)
        with suppress(errors.Error):  # Snowflake ends it by itself when nobody asks for anything any more
            session.connection.close()

    def _cancel(self, session: Session) -> None:
        with session.connection.cursor() as cursor:
            cursor.execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({session.number})")


def _written(cursor: SnowflakeCursor, columns: Sequence[ResultMetadata], *, rows: Sequence[Row]) -> int | None:
    """Rows inserted, updated and deleted, from the statement's own counts; the driver's row count is 1 for all DDL."""
    stats = cursor.stats
    counts = (stats.num_rows_inserted, stats.num_rows_updated, stats.num_rows_deleted)
    known = [count for count in counts if count is not None]
    if known:
        return sum(known)
    if columns and all(column.name.startswith("number of ") for column in columns) and len(rows) == 1:
        return sum(
            int(str(value))
            for column, value in zip(columns, rows[0], strict=True)
            if column.name.startswith("number of rows ") and value  # multi-joined ones are among them
        )
    return None
