"""One statement, one job: inserted under a name of ours, waited for, cancelled in time, read, and reckoned up."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import cast

from google.api_core.exceptions import ClientError, Conflict, Forbidden, GoogleAPICallError, GoogleAPIError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.cloud.bigquery.table import RowIterator
from requests.exceptions import RequestException

from rocky_action.domain.usage import Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import Row
from rocky_action.warehouses.bigquery_errors import INTERRUPTED, OUR_BUG, Voice, message_of, reason_of, translated
from rocky_action.warehouses.bigquery_values import labels_of, plain
from rocky_action.warehouses.metering import Meter

_PAGE = 10_000
_GRACE = 60.0
ANSWER = 120.0
"""Seconds that one request may take."""
_PASSING = frozenset(
    [
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
    ]
)
"""Reasons for which BigQuery asks for a second try."""
_LOST = (GoogleAPIError, GoogleAuthError, RequestException)
"""What the client raises where a request was refused, or not answered."""
_CANCEL = DEFAULT_RETRY.with_timeout(30.0)
_CROWDED = "due to concurrent update"
"""Part of what it says of a transaction, or a statement, that another one was faster than."""
_CHANGES = frozenset({"DELETE", "INSERT", "MERGE", "TRUNCATE_TABLE", "UPDATE"})


def changes_rows(statement_type: str | None) -> bool:
    """Whether statements of a type can share a transaction; those that make or drop tables cannot."""
    return statement_type in _CHANGES


@dataclass(frozen=True)
class Jobs:
    """Runs jobs in one location and knows which are under way. ``labels`` are in no form yet.

    Requests are repeated by Google's client, with its back-off; that is safe because every job has a name of ours, by
    which BigQuery knows a repeated insertion. A job that failed for a reason that passes is run again under a new
    name: it was one statement or one transaction, so it has left nothing.
    """

    client: bigquery.Client = field(repr=False)
    voice: Voice
    labels: Mapping[str, str]
    meter: Meter = field(default_factory=Meter, init=False, repr=False, compare=False)
    _running: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _door: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _closed: threading.Event = field(default_factory=threading.Event, init=False, repr=False, compare=False)

    def read(self, sql: str, *, timeout: float | None) -> list[Row]:
        """All rows of one query, once BigQuery itself has said that it is one and only reads."""
        if (kind := self.rehearsed(sql).statement_type) != "SELECT":
            raise WarehouseError(f"refused, as it is not one reading statement but {kind}: {sql[:200]}", advice=OUR_BUG)
        config = bigquery.QueryJobConfig(labels=labels_of(self.labels))
        with translated(self.voice):
            _, rows = self._run(sql, config, timeout=timeout)
            return [tuple(plain(value) for value in row.values()) for row in rows]

    def run(self, sql: str, *, timeout: float | None = None, model: str | None = None) -> bigquery.QueryJob:
        """Runs what must be one statement or one transaction, and hands its finished job back."""
        config = bigquery.QueryJobConfig(labels=labels_of(self.labels, model), use_query_cache=False)
        with translated(self.voice):
            job, _ = self._run(sql, config, timeout=timeout)
        return job

    def rehearsed(self, sql: str) -> bigquery.QueryJob:
        """The job that a text would be, by a dry run: its type, columns and bytes. Costs nothing, changes nothing."""
        config = bigquery.QueryJobConfig(labels=labels_of(self.labels), dry_run=True, use_query_cache=False)
        self._refuse_when_closed()
        with translated(self.voice):
            return self._inserted(sql, config, job_id=_new_id())

    def usage(self, job: bigquery.QueryJob) -> Usage:
        """What a finished job took, as far as BigQuery says; a script's own figures are the sums over its parts."""
        with translated(self.voice):
            rows = self._rows(job)
        return replace(_figures(job), rows=rows)

    def close(self) -> None:
        """Cancels what other threads still run, and waits for them to notice."""
        with self._door:
            self._closed.set()
        for job_id in tuple(self._running):
            self._cancel(job_id)
        until = time.monotonic() + _GRACE
        while self._running and time.monotonic() < until:
            time.sleep(0.05)

    def _cancel(self, job_id: str) -> None:
        """Asks for it: where that fails, the job has ended or was never there, or BigQuery cannot be reached."""
        with suppress(*_LOST):
            self.client.cancel_job(job_id, location=self.voice.location, retry=_CANCEL, timeout=ANSWER)

    def _rows(self, job: bigquery.QueryJob) -> int | None:
        """Rows written or deleted; None where nobody counts them, or where we may not see a script's parts."""
        if job.statement_type == "CREATE_TABLE_AS_SELECT" and job.ddl_target_table is not None:
            count = self.client.get_table(job.ddl_target_table, timeout=ANSWER).num_rows
            return count if isinstance(count, int) else None
        if job.statement_type != "SCRIPT":
            return job.num_dml_affected_rows
        try:
            parts = list(self.client.list_jobs(parent_job=job, timeout=ANSWER))
        except Forbidden:  # bigquery.jobs.list is not worth failing for
            return None
        counts = [part.num_dml_affected_rows for part in parts if changes_rows(getattr(part, "statement_type", None))]
        return None if not counts or None in counts else sum(count for count in counts if count is not None)

    def _run(
        self, sql: str, config: bigquery.QueryJobConfig, *, timeout: float | None
    ) -> tuple[bigquery.QueryJob, RowIterator]:
        if timeout is not None:
            config.job_timeout_ms = math.ceil(timeout * 1000)  # so that it ends even if this program is killed
        deadline = None if timeout is None else time.monotonic() + timeout

        def attempt() -> tuple[bigquery.QueryJob, RowIterator]:
            with self._named() as job_id:
                try:
                    job = self._inserted(sql, config, job_id=job_id)
                    try:
                        self._wait(job, deadline, timeout=timeout)
                    finally:
                        self.meter.add(spent_on(job))
                except (KeyboardInterrupt, *_LOST) as err:
                    if not isinstance(err, ClientError):  # then there is no such job
                        self._cancel(job_id)  # it may run on, and nobody would see its end
                    raise
                error = job.exception()  # type: ignore[no-untyped-call]
                if isinstance(error, GoogleAPICallError):
                    if timeout is not None and reason_of(error) == "stopped":
                        words = f"the statement was interrupted after {timeout:g} s"
                        raise StatementTimeoutError(words, advice=INTERRUPTED) from error
                    raise _with_job(error, job)
                return job, job.result(page_size=_PAGE, job_retry=None)

        return Retry(predicate=_may_pass, initial=1.0, maximum=30.0, timeout=300.0)(attempt)()

    def _inserted(self, sql: str, config: bigquery.QueryJobConfig, *, job_id: str) -> bigquery.QueryJob:
        location = self.voice.location
        try:
            job = self.client.query(
                sql, job_config=config, job_id=job_id, location=location, job_retry=None, timeout=ANSWER
            )
        except Conflict:  # the answer to an earlier try was lost, and the job was not
            job = cast("bigquery.QueryJob", self.client.get_job(job_id, location=location, timeout=ANSWER))
        if self._closed.is_set():  # it was not there yet when close cancelled it
            job.cancel()
        return job

    def _wait(self, job: bigquery.QueryJob, deadline: float | None, *, timeout: float | None) -> None:
        """Returns when the job has ended; cancels it at the deadline, and raises if it was not to be stopped."""
        pause, cancelled = 0.05, False
        while not job.done(retry=DEFAULT_RETRY):
            now = time.monotonic()
            if deadline is not None and now > deadline and not cancelled:
                job.cancel()
                cancelled = True
            if deadline is not None and now > deadline + _GRACE:
                raise StatementTimeoutError(
                    f"the statement was cancelled after {timeout:g} s, and job {job.job_id} has not stopped since",
                    advice=INTERRUPTED,
                )
            time.sleep(pause if deadline is None else max(0.01, min(pause, abs(deadline - now))))
            pause = min(pause * 1.5, 2.0)

    @contextmanager
    def _named(self) -> Iterator[str]:
        """A job's name, which ``close`` knows from before the job is there until it has ended."""
        job_id = _new_id()
        with self._door:
            self._refuse_when_closed()
            self._running.add(job_id)
        try:
            yield job_id
        finally:
            self._running.discard(job_id)

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise WarehouseError("the connection is closed", advice="")


def _figures(job: bigquery.QueryJob) -> Usage:
    lasted = None if job.started is None or job.ended is None else job.ended - job.started
    return Usage(
        duration_ms=None if lasted is None else math.ceil(lasted.total_seconds() * 1000),
        bytes_scanned=job.total_bytes_processed,
        bytes_billed=job.total_bytes_billed,
        slot_ms=job.slot_millis,
    )


def spent_on(job: bigquery.QueryJob) -> Usage:
    """As the bill will have it: an answer out of the cache is free, and bytes are if a job failed by itself."""
    figures = _figures(job)
    if job.cache_hit:
        return replace(figures, bytes_billed=0, slot_ms=0)  # and BigQuery says nothing of slots
    failed = job.error_result is not None and job.error_result.get("reason") != "stopped"
    return replace(figures, bytes_billed=0) if failed else figures


def _new_id() -> str:
    return f"rocky_preview_{uuid.uuid4().hex}"


def _with_job(error: GoogleAPICallError, job: bigquery.QueryJob) -> GoogleAPICallError:
    error.query_job = job  # type: ignore[attr-defined]  # as the client does it for errors of its own
    return error


def _may_pass(err: BaseException) -> bool:
    """Whether the job itself has failed, for a reason that may be gone in a moment."""
    job = getattr(err, "query_job", None)
    if not isinstance(err, GoogleAPICallError) or job is None or job.error_result is None:
        return False
    return reason_of(err) in _PASSING or _CROWDED in message_of(err)
