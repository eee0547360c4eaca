"""How a statement runs on a SQL warehouse: sent, waited for, cancelled in time; its result and what it took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

import requests
from databricks.sdk.errors import DeadlineExceeded, InternalError, TemporarilyUnavailable
from databricks.sdk.service.sql import (
    ColumnInfo,
    Disposition,
    Format,
    QueryFilter,
    QueryHistoryAPI,
    QueryInfo,
    QueryTag,
    ResultData,
    ResultManifest,
    StatementExecutionAPI,
    StatementResponse,
    StatementState,
)

from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import Row
from rocky_action.warehouses.databricks_errors import FOREIGN
from rocky_action.warehouses.databricks_login import Login
from rocky_action.warehouses.databricks_values import reader
from rocky_action.warehouses.metering import Meter

_UNFINISHED = (StatementState.PENDING, StatementState.RUNNING)
_STARTING = 1200.0
"""Seconds that a warehouse may take to start, or a statement to wait in its queue."""
_PATIENCE = 300.0
"""Seconds for which a request is sent again, where that is safe."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_SETTLING = 10.0
"""Seconds that a cancelled statement is given to stop, so that what follows does not meet it."""
_HISTORY = 10.0
"""Seconds for which the query history is asked for figures that are not final yet."""
_ASKED_AT_ONCE = 50
_TAG_LENGTH = 128
_TIMEOUT_ADVICE = "Raise --timeout, or make the model cheaper."
_TRANSIENT = (requests.ConnectionError, requests.Timeout, InternalError, TemporarilyUnavailable, DeadlineExceeded)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Result:
    """A statement that succeeded."""

    statement_id: str
    columns: tuple[ColumnInfo, ...]
    rows: list[Row]

    def affected(self) -> int | None:
        """Rows that a statement has written, changed or deleted, None if it does not say."""
        names = [column.name for column in self.columns]
        if "num_affected_rows" not in names or len(self.rows) != 1:
            return None
        counted = self.rows[0][names.index("num_affected_rows")]
        return counted if isinstance(counted, int) else None


@dataclass(frozen=True)
class Statements:
    """The SQL warehouse's counter; safe to use from several threads."""

    login: Login
    labels: Mapping[str, str]
    meter: Meter = field(default_factory=Meter, init=False, repr=False, compare=False)
    _running: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _door: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False, repr=False, compare=False)

    @property
    def _api(self) -> StatementExecutionAPI:
        return StatementExecutionAPI(self.login.api)  # type: ignore[no-untyped-call]

    @property
    def _history(self) -> QueryHistoryAPI:
        return QueryHistoryAPI(self.login.api)  # type: ignore[no-untyped-call]

    def run(self, sql: str, *, timeout: float | None, reads: bool, model: str | None = None) -> Result:
        """Runs one statement to its end. ``timeout`` counts from when it runs, not from when it is sent.

        A stopped warehouse starts by itself, which is waited for. Only a statement that ``reads`` is sent again when it
        is not known whether it has arrived.
        """
        tags = [QueryTag(f"rocky_preview_{key}", value[:_TAG_LENGTH]) for key, value in self.labels.items()]
        if model is not None:
            tags.append(QueryTag("rocky_preview_model", model[:_TAG_LENGTH]))
        # With "0s" the id is known at once: a statement can be cancelled from the start, and the moment in which a
        # broken connection leaves open whether it was taken is as short as can be.
        sent = self._called(
            "the statement could not be sent",
            lambda: self._api.execute_statement(
                sql,
                self.login.warehouse_id,
                disposition=Disposition.INLINE,
                format=Format.JSON_ARRAY,
                query_tags=tags or None,
                wait_timeout="0s",
            ),
            repeatable=reads,
        )
        with self._tracked(str(sent.statement_id)) as statement_id:
            with self.meter.clocked() as waits:
                done = self._finished(statement_id, sent, timeout=timeout, waits=waits)
            return self._fetched(statement_id, done)

    def usage(self, results: Sequence[Result]) -> Usage:
        """What statements took together, from the query history; None for what it does not say in time.

        The duration is that of compiling and running: waiting for a warehouse to start, or in its queue, is no part of
        what a model costs.
        """
        ids = [result.statement_id for result in results]
        found = self._looked_up(ids)
        total = NO_USAGE
        for result in results:
            metrics = found[result.statement_id].metrics if result.statement_id in found else None
            compiling = metrics.compilation_time_ms if metrics else None
            running = metrics.execution_time_ms if metrics else None
            total = total.plus(
                Usage(
                    duration_ms=None if running is None else running + (compiling or 0),
                    rows=result.affected(),
                    bytes_scanned=metrics.read_bytes if metrics else None,
                )
            )
        return total

    def close(self) -> None:
        """Cancels what other threads still run; nothing can be sent any more."""
        with self._door:
            self._closed.set()
            running = tuple(self._running)
        for statement_id in running:
            self._cancel(statement_id)

    def _finished(
        self, statement_id: str, sent: StatementResponse, *, timeout: float | None, waits: Callable[[], None]
    ) -> StatementResponse:
        began = time.monotonic()
        deadline, response, pause = began + _STARTING, sent, _FIRST_PAUSE
        state, limit = _state(response), "while the warehouse was starting or busy"
        while state in _UNFINISHED:
            if state is StatementState.RUNNING and not limit.startswith("after"):
                deadline = float("inf") if timeout is None else time.monotonic() + timeout
                limit = f"after {timeout:g} s" if timeout is not None else "after all"
            if state is StatementState.PENDING:
                waits()
            left = deadline - time.monotonic()
            if left <= 0:
                self._stop(statement_id)
                raise StatementTimeoutError(f"the statement was cancelled {limit}", advice=_TIMEOUT_ADVICE)
            if self._closed.wait(min(pause, left)):
                self._cancel(statement_id)  # it was sent while ``close`` looked for what is to be cancelled
                raise StatementTimeoutError("the statement was cancelled, as the connection was closed", advice="")
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            try:
                response = self._called(
                    "the statement could not be followed",
                    lambda: self._api.get_statement(statement_id),
                    repeatable=True,
                )
            except WarehouseError:
                self._cancel(statement_id)  # it may run on, and nobody would see its end
                raise
            state = _state(response)
        if state is StatementState.SUCCEEDED:
            return response
        if state is StatementState.CANCELED:
            raise StatementTimeoutError("the statement was cancelled in the warehouse", advice=_TIMEOUT_ADVICE)
        error = response.status.error if response.status else None
        raise self.login.told.refused((error.message if error else None) or f"the statement ended as {state.value}")

    def _fetched(self, statement_id: str, done: StatementResponse) -> Result:
        """All chunks of the result; an incomplete one is an error."""
        manifest = done.manifest or ResultManifest()
        columns = tuple(manifest.schema.columns or ()) if manifest.schema else ()
        readers = [reader(column.type_text or "") for column in columns]
        rows: list[Row] = []
        for chunk in self._chunks(statement_id, done.result):
            with self.login.told.errors("a result is not what its manifest says"):
                rows += [
                    tuple(_value(text, read) for text, read in zip(values, readers, strict=True))
                    for values in chunk.data_array or ()
                ]
        promised = manifest.total_row_count or 0
        if promised != len(rows) or manifest.truncated:
            raise WarehouseError(
                f"Databricks sent {len(rows)} of {promised} rows of a result", advice="Run again; nothing was compared."
            )
        return Result(statement_id, columns, rows)

    def _chunks(self, statement_id: str, first: ResultData | None) -> Iterator[ResultData]:
        chunk = first
        while chunk is not None:
            yield chunk
            following = chunk.next_chunk_index
            if following is None:
                return
            chunk = self._called(
                "a part of the result could not be fetched",
                lambda index=following: self._api.get_statement_result_chunk_n(statement_id, index),  # type: ignore[misc]
                repeatable=True,
            )

    def _looked_up(self, ids: Sequence[str]) -> dict[str, QueryInfo]:
        """The history's entries that are final, as far as there are any in time."""
        found: dict[str, QueryInfo] = {}
        until, pause = time.monotonic() + _HISTORY, _FIRST_PAUSE
        while missing := [one for one in ids if one not in found]:
            for begin in range(0, len(missing), _ASKED_AT_ONCE):
                wanted = missing[begin : begin + _ASKED_AT_ONCE]
                try:
                    page = self._called(
                        "the query history could not be read",
                        lambda wanted=wanted: self._history.list(  # type: ignore[misc]
                            filter_by=QueryFilter(statement_ids=wanted), include_metrics=True, max_results=len(wanted)
                        ),
                        repeatable=True,
                    )
                except WarehouseError:  # the statements have run: what they took is unknown, and that is all
                    return found
                found |= {str(one.query_id): one for one in page.res or () if one.is_final}
            if time.monotonic() + pause > until or self._closed.wait(pause):
                break
            pause = min(pause * 2, _LONGEST_PAUSE)
        return found

    def _called(self, doing: str, call: Callable[[], _Answer], *, repeatable: bool) -> _Answer:
        """One request, sent again by the server's word, or where nothing can come of it."""
        until = time.monotonic() + _PATIENCE
        for attempt in count(1):
            if self._closed.is_set():
                break
            try:
                return call()
            except FOREIGN as err:
                cause = err.__cause__ if isinstance(err, TimeoutError) and err.__cause__ else err
                pause = _pause(cause, attempt, repeatable=repeatable)
                if pause is None or time.monotonic() + pause > until:
                    raise self.login.told.failed(doing, cause) from err
            self._closed.wait(pause)
        raise WarehouseError("the connection is closed", advice="")

    @contextmanager
    def _tracked(self, statement_id: str) -> Iterator[str]:
        """A statement that ``close`` cancels: one that is followed, and one that a signal keeps us from following."""
        with self._door:
            self._running.add(statement_id)
        interrupted = False
        try:
            yield statement_id
        except KeyboardInterrupt:
            interrupted = True
            raise
        finally:
            if not interrupted:
                with self._door:
                    self._running.discard(statement_id)

    def _cancel(self, statement_id: str) -> None:
        """Asks for it once: where that fails, the statement ends by itself, and the next one says what is wrong."""
        with suppress(*FOREIGN):
            self._api.cancel_execution(statement_id)

    def _stop(self, statement_id: str) -> None:
        """Cancels a statement and waits for its end."""
        self._cancel(statement_id)
        until, pause = time.monotonic() + _SETTLING, _FIRST_PAUSE
        with suppress(*FOREIGN):
            while time.monotonic() < until and _state(self._api.get_statement(statement_id)) in _UNFINISHED:
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)


def _value(text: str | None, read: Callable[[str], object]) -> object:
    return None if text is None else read(text)


def _state(response: StatementResponse) -> StatementState:
    state = response.status.state if response.status else None
    return state or StatementState.FAILED


def _pause(err: BaseException, attempt: int, *, repeatable: bool) -> float | None:
    """Seconds until a request is sent again, None if it must not be.

    Databricks has not begun a request that it answers with 429 or 503 and a time to come back.
    """
    waiting = getattr(err, "retry_after_secs", None)
    if isinstance(waiting, int):
        return float(waiting)
    transient = isinstance(err, _TRANSIENT)
    return min(2.0 ** (attempt - 1), 10.0) if repeatable and transient else None
