"""The fake's jobs: started on threads of their own, with statistics, children, time-outs and cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlglot import exp

from tests.support.bigquery_binding import Binding
from tests.support.bigquery_engine import Outcome, carry_out, kind_of
from tests.support.bigquery_functions import MACROS
from tests.support.bigquery_grammar import statements
from tests.support.bigquery_refusal import Refused, not_found
from tests.support.bigquery_roles import Access, Account
from tests.support.bigquery_shelf import Shelf

_CHANGES = frozenset({"DELETE", "INSERT", "MERGE", "TRUNCATE_TABLE", "UPDATE"})


@dataclass
class Job:
    """A job's resource, what it has found, and what it is doing."""

    project: str
    name: str
    location: str
    configuration: Mapping[str, Any]
    account: Account
    created: float = field(default_factory=time.time)
    ended: float | None = None
    outcome: Outcome | None = None
    kind: str = ""
    error: Refused | None = None
    children: list[Job] = field(default_factory=list)
    parent: str = ""
    stop: str = ""
    done: threading.Event = field(default_factory=threading.Event)
    cursor: duckdb.DuckDBPyConnection | None = None

    @property
    def text(self) -> str:
        return str(self.configuration["query"]["query"])

    @property
    def dry(self) -> bool:
        return bool(self.configuration.get("dryRun"))

    def cancel(self, why: str) -> None:
        """Stops what runs; a job that is over stays as it is."""
        if not self.done.is_set():
            self.stop = why
            threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        """Again and again: an interruption that comes just before the engine has begun does nothing."""
        while not self.done.wait(0.02):
            cursor = self.cursor
            if cursor is not None:
                with suppress(duckdb.Error):  # it may have come to its end, or been stopped, just now
                    cursor.interrupt()

    def end(self) -> None:
        self.ended = time.time()
        self.done.set()

    def resource(self) -> dict[str, Any]:
        over = self.done.is_set()
        status: dict[str, Any] = {"state": "DONE" if over else "RUNNING"}
        if over and self.error is not None:
            status |= {"errorResult": self.error.proto(), "errors": [self.error.proto()]}
        found = {
            "kind": "bigquery#job",
            "id": f"{self.project}:{self.location}.{self.name}",
            "jobReference": {"projectId": self.project, "jobId": self.name, "location": self.location},
            "configuration": {"jobType": "QUERY", **self.configuration},
            "status": status,
            "statistics": self._statistics(over=over),
            "user_email": self.account.name,
        }
        if self.dry:
            found["jobReference"] = {"projectId": self.project, "location": self.location}
        return found

    def _statistics(self, *, over: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"creationTime": _millis(self.created), "startTime": _millis(self.created)}
        if self.parent:
            found["parentJobId"] = self.parent
        if not over or self.ended is None:
            return found
        found |= {"endTime": _millis(self.ended)}  # "present whenever a job is in the DONE state", so of a failed one
        if self.error is not None:
            return found
        parts = [child.outcome for child in self.children if child.outcome is not None]
        parts = parts or ([self.outcome] if self.outcome is not None else [])
        processed, billed = sum(part.processed for part in parts), sum(part.billed for part in parts)
        query: dict[str, Any] = {"statementType": self.kind, "totalBytesProcessed": str(processed), "cacheHit": False}
        read = {path for part in parts for path in part.tables}
        names = ("projectId", "datasetId", "tableId")
        query["referencedTables"] = [dict(zip(names, path, strict=True)) for path in sorted(read)]
        found |= {"totalBytesProcessed": str(processed), "query": query}
        if self.dry:
            query |= {"schema": {"fields": list(parts[0].schema)}} if parts else {}
            return found
        slots = str(max(1, int((self.ended - self.created) * 1000)))
        found |= {"totalSlotMs": slots}
        query |= {"totalBytesBilled": str(billed), "totalSlotMs": slots}
        if self.children:
            found["numChildJobs"] = str(len(self.children))
        if self.outcome is not None and self.outcome.affected is not None:
            query["numDmlAffectedRows"] = str(self.outcome.affected)
        if self.outcome is not None and self.outcome.made is not None:
            query["ddlTargetTable"] = dict(zip(("projectId", "datasetId", "tableId"), self.outcome.made, strict=True))
        return found


@dataclass
class Works:
    """All jobs. ``failures`` are refusals that the next jobs end with, before they have done anything."""

    shelf: Shelf
    access: Access
    database: duckdb.DuckDBPyConnection
    jobs: dict[str, Job] = field(default_factory=dict)
    failures: list[Refused] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def opened(cls, shelf: Shelf, access: Access) -> Works:
        database = duckdb.connect(config={"error_on_division_by_zero": True})
        for setting in ("SET GLOBAL TimeZone = 'UTC'", *MACROS):
            database.execute(setting)
        return cls(shelf, access, database)

    def insert(self, job: Job) -> Job:
        """Starts a job, unless it is a dry run, which is over at once."""
        with self.lock:
            if job.name in self.jobs:
                raise Refused(f"Already Exists: Job {job.project}:{job.location}.{job.name}", "duplicate")
            if not job.dry:
                self.jobs[job.name] = job
        if job.dry:
            self._run(job)
            if job.error is not None:
                raise job.error
            return job
        limit = job.configuration.get("jobTimeoutMs")
        if limit is not None:
            words = f"Job timed out after {int(limit) // 1000}s"
            timer = threading.Timer(int(limit) / 1000, lambda: job.cancel(words))
            timer.daemon = True
            timer.start()
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def close(self) -> None:
        """Forgets every job, and closes the database."""
        self.jobs.clear()
        self.database.close()

    def find(self, name: str, *, location: str | None = None) -> Job:
        job = self.jobs.get(name)
        if job is None or (location is not None and job.location.lower() != location.lower()):
            raise not_found(f"Job {name}")
        return job

    def _run(self, job: Job) -> None:
        job.cursor, job.error = self.database.cursor(), Refused("the fake itself has failed", "invalid")
        try:
            with self.lock:
                planned = self.failures.pop(0) if self.failures and not job.dry else None
            if planned is not None:
                raise planned
            self._carry_out(job, statements(job.text))
            job.error = None
        except Refused as err:
            job.error = err
        except duckdb.InterruptException:
            job.error = Refused(f"Job execution was cancelled: {job.stop}", "stopped")
        except duckdb.Error as err:
            job.error = Refused(str(err).split("\n\nLINE ")[0])
        finally:
            job.cursor.close()
            job.cursor = None
            job.end()

    def _carry_out(self, job: Job, trees: Sequence[exp.Expr]) -> None:
        assert job.cursor is not None
        if len(trees) == 1:
            job.kind = kind_of(trees[0])
            if job.kind.endswith("_TRANSACTION"):
                raise Refused("Transaction control statements are supported only in scripts or sessions")
            job.outcome = carry_out(trees[0], self._binding(job), cursor=job.cursor, dry=job.dry)
            return
        job.kind = "SCRIPT"
        if not job.dry:
            self._script(job, trees)

    def _script(self, job: Job, trees: Sequence[exp.Expr]) -> None:
        assert job.cursor is not None
        inside = False
        try:
            for number, tree in enumerate(trees):
                kind = kind_of(tree)
                if kind.endswith("_TRANSACTION"):
                    if (kind == "BEGIN_TRANSACTION") is inside:
                        raise Refused("Transaction control: nested, or without a beginning")
                    job.cursor.execute(kind.split("_")[0])
                    inside = kind == "BEGIN_TRANSACTION"
                    continue
                if inside and kind != "SELECT" and kind not in _CHANGES:
                    raise Refused(f"DDL statement {kind} is not supported in a transaction.")
                if job.stop:
                    raise Refused(f"Job execution was cancelled: {job.stop}", "stopped")
                child = Job(
                    job.project, f"script_job_{job.name}_{number}", job.location, job.configuration, job.account
                )
                child.parent, child.kind = job.name, kind
                child.outcome = carry_out(tree, self._binding(job), cursor=job.cursor)
                child.end()
                job.children.append(child)
                job.outcome = child.outcome if kind == "SELECT" else None
        finally:
            if inside:
                job.cursor.execute("ROLLBACK")

    def _binding(self, job: Job) -> Binding:
        return Binding(self.shelf, self.access, job.account, job.project, job.location)


def _millis(moment: float) -> str:
    return str(int(moment * 1000))
