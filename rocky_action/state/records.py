"""Leases and run records in one warehouse.

A lease is written before anything is built, so what a killed run leaves can always be found and dropped. It has
its run's token, and so has its run's record: a preview is whose lease is the newest, and only that run's record says
what stands in its schemas. It is what ``diff`` and ``cost`` look at. Records are only ever added, until they are old;
rebuilds of base and production's own runs are where later runs find what a model costs. Prices are not among what is
recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from rocky_action.domain.cost import CostSource, Figures, RecordedIn
from rocky_action.domain.execution import Execution, Side, Succeeded
from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.domain.production import ObservedRuns, ProductionRun
from rocky_action.domain.pull_request import Comparison
from rocky_action.domain.usage import Usage
from rocky_action.errors import InputError, StatementTimeoutError, WarehouseError
from rocky_action.ports import Holder, Row, WarehouseAdapter
from rocky_action.sql.quoting import text_literal
from rocky_action.state.layout import LAYOUT, named, patiently
from rocky_action.state.values import Value, count, insert, literal, moment

_EXECUTION = TypeAdapter(Execution)
_SCHEMAS = TypeAdapter(tuple[tuple[str, str], ...])
_MOST_ROWS = 500
"""Rows of one INSERT: few statements, none of them longer than a warehouse takes."""
_MOST_MODELS = 1000
"""Models that one statement asks for; with names of 100 characters it is still shorter than any warehouse takes."""
_NEWEST = 20
"""Runs of one model and origin that are looked at: enough to tell by how much they differ."""
_RECENT_DAYS, _ENOUGH = 30, 5
"""Where so many runs of a model are recorded in so many days, older ones are not looked for."""
_PREVIEW, _PRODUCTION = "preview", "production"
_OBSERVED_DAYS, _FEWEST_RUNS = 90, 3
_WITH_HASHES, _WITH_TOKENS = 2, 3
"""The layouts from which on a record says of which SQL it is, and of which lease."""
_DAMAGED = (
    "If somebody else has changed its tables, drop the one that is meant: the next run makes it again. What was leased"
    " in it is then cleaned up by name only."
)


@contextmanager
def _of_the_state() -> Iterator[None]:
    """Says of a refusal that it is about our own tables, and what to do if they are not what they were."""
    try:
        yield
    except StatementTimeoutError:
        raise
    except WarehouseError as err:
        message = f"the tables of the schema {STATE_SCHEMA} cannot be used: {err.message}"
        raise WarehouseError(message, advice=err.advice or _DAMAGED) from err


@dataclass(frozen=True)
class Lease:
    """Which schemas belong to a preview, and until when (UTC)."""

    name: str
    schemas: tuple[tuple[str, str], ...]
    expires_at: datetime
    written_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), compare=False)


@dataclass(frozen=True)
class RecordedRun:
    """A finished execution, the two commits it compared, and the token of the lease that it was built under."""

    execution: Execution
    merge_base: str
    head_commit: str
    token: str


@dataclass(frozen=True)
class WarehouseRecords:
    """Leases and records in one warehouse, whose tables are those of ``layout``; satisfies Records.

    ``token`` is the run's that works with them, and no other's.
    """

    warehouse: WarehouseAdapter
    layout: int = LAYOUT
    token: str = field(default_factory=lambda: uuid4().hex, compare=False)

    @_of_the_state()
    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Adds a lease, the newest of which holds: nothing is ever gone that a killed run would need."""
        row: dict[str, Value] = {"name": name, "schemas": json.dumps(list(schemas))}
        row |= {"head_commit": comparison.head_commit, "written_at": datetime.now(UTC), "expires_at": until}
        self._append({"leases": [row | {"run_token": self.token}]})

    @_of_the_state()
    def holder(self, name: str) -> Holder:
        """By the newest lease, in one small query."""
        found = self._newest_lease(name, "run_token")
        return Holder.NOBODYS if found is None else Holder.OURS if found == (self.token,) else Holder.ANOTHERS

    @_of_the_state()
    def record(
        self,
        name: str,
        execution: Execution,
        *,
        comparison: Comparison,
        when: datetime,
        pull_request: int | None = None,
    ) -> None:
        """Adds the execution, and a row for each model that was built."""
        about: dict[str, Value] = {
            "run_id": execution.run_id,
            "finished_at": when,
            "pull_request": pull_request,
            "origin": _PREVIEW,
        }
        run = about | {
            "name": name,
            "merge_base": comparison.merge_base,
            "head_commit": comparison.head_commit,
            "execution": _EXECUTION.dump_json(execution).decode(),
            "run_token": self.token,
        }
        built = [
            about
            | {"model": one.model, "side": one.side.value, "sql_hash": one.sql_hash, "method": one.method}
            | {"git_commit": comparison.merge_base if one.side is Side.BASE else comparison.head_commit}
            | _measured(one.outcome.usage)
            for one in (*execution.base_runs, *execution.head_runs)
            if isinstance(one.outcome, Succeeded)
        ]
        self._append({"runs": [run], "model_runs": built})

    def record_production(self, run: ProductionRun) -> bool:
        """Adds a run of production, and says whether it was not there before.

        Two writers of the same run at the same moment may both add it; whoever reads takes it for one.
        """
        runs = named(self.warehouse, "runs")
        if self.warehouse.query(f"SELECT 1 FROM {runs} WHERE run_id = {self._text(run.run_id)} LIMIT 1"):
            return False
        about: dict[str, Value] = {"run_id": run.run_id, "finished_at": run.finished_at, "origin": _PRODUCTION}
        built = [
            about
            | {"model": one.model, "side": Side.BASE.value, "sql_hash": one.sql_hash, "method": one.method}
            | {"git_commit": run.commit}
            | _measured(one.usage)
            for one in run.models
        ]
        self._append({"runs": [about | {"merge_base": run.commit, "head_commit": run.commit}], "model_runs": built})
        return True

    @_of_the_state()
    def history(self, models: Mapping[str, str]) -> Mapping[str, tuple[Figures, ...]]:
        """The newest recorded runs of each of base's models, newest first, whichever preview they were made for.

        Some of production's and some of previews', up to 20 of each; the latter of the same SQL. Those of the last
        month will do where there are five, so that what is asked of a long history costs no more than of a short one.
        """
        if self.layout < _WITH_HASHES:
            return {}  # nothing says of which SQL its records are
        recent = self._history(models, since=datetime.now(UTC) - timedelta(days=_RECENT_DAYS))
        few = {name: sql_hash for name, sql_hash in models.items() if len(recent.get(name, ())) < _ENOUGH}
        return recent | self._history(few, since=None)

    @_of_the_state()
    def observed_runs(self, now: datetime) -> ObservedRuns | None:
        """Production's runs that were recorded in the last 90 days; None for fewer than three or less than a day."""
        if self.layout < _WITH_HASHES:
            return None
        since = literal(now - timedelta(days=_OBSERVED_DAYS), self.warehouse.dialect)
        ((runs, first, last),) = self.warehouse.query(
            f"SELECT count(DISTINCT run_id), min(finished_at), max(finished_at) FROM {named(self.warehouse, 'runs')}"
            f" WHERE origin = {self._text(_PRODUCTION)} AND finished_at >= {since}"
        )
        number = count(runs) or 0
        if number < _FEWEST_RUNS:
            return None
        days = (moment(last) - moment(first)) / timedelta(days=1)
        return ObservedRuns(number, days) if days >= 1 else None

    def newest(self, name: str) -> RecordedRun | None:
        """The run that one preview's newest lease is of, None if there is no such preview, or not any more.

        Raises InputError where that run is still at work, or was stopped: what an earlier one has recorded is not
        about what stands in the schemas now. Raises WarehouseError for a record that cannot be read.
        """
        again = "Run `rocky-preview create` again."
        version = f"the newest run of preview {name} was recorded by another version of this program"
        found = self._newest_lease(name, "run_token" if self.layout >= _WITH_TOKENS else "name")
        if found is None:
            return None
        if self.layout < _WITH_TOKENS or found == (None,):
            raise WarehouseError(version, advice=again)
        token = str(found[0])
        rows = self.warehouse.query(
            f"SELECT execution, merge_base, head_commit FROM {named(self.warehouse, 'runs')}"
            f" WHERE run_token = {self._text(token)} AND name = {self._text(name)}"
            " ORDER BY finished_at DESC, run_id DESC LIMIT 1"
        )
        if not rows:
            raise InputError(
                f"the preview called {name} is half-built: its newest run has not finished, or was stopped",
                advice=again,
            )
        text, merge_base, head_commit = rows[0]
        try:
            return RecordedRun(_EXECUTION.validate_json(str(text)), str(merge_base), str(head_commit), token)
        except ValidationError as err:
            raise WarehouseError(version, advice=again) from err

    @_of_the_state()
    def leases(self) -> tuple[Lease, ...]:
        """The newest lease of each preview, by name."""
        rows = self.warehouse.query(
            "SELECT name, schemas, expires_at, written_at FROM ("
            " SELECT *, row_number() OVER (PARTITION BY name ORDER BY written_at DESC, expires_at DESC) AS age"
            f" FROM {named(self.warehouse, 'leases')}"
            ") AS ranked WHERE age = 1 ORDER BY name"
        )
        return tuple(map(_lease, rows))

    def leased(self, name: str) -> frozenset[tuple[str, str]]:
        """Every catalog and schema that a lease of this preview has named, also one that was renewed since."""
        leases = named(self.warehouse, "leases")
        rows = self.warehouse.query(f"SELECT DISTINCT schemas FROM {leases} WHERE name = {self._text(name)}")
        with _of_a_lease(name):
            return frozenset(pair for (schemas,) in rows for pair in _SCHEMAS.validate_json(str(schemas)))

    def is_newest(self, lease: Lease) -> bool:
        """Whether no run has leased the preview since."""
        found = self._newest_lease(lease.name, "written_at")
        return found is not None and moment(found[0]) == lease.written_at

    def release(self, name: str, *, until: datetime | None = None) -> None:
        """Forgets a preview's leases, once its schemas are gone; only those that were written ``until`` then."""
        table, older = named(self.warehouse, "leases"), ""
        if until is not None:
            older = f" AND written_at <= {literal(until, self.warehouse.dialect)}"
        self.warehouse.execute([f"DELETE FROM {table} WHERE name = {self._text(name)}{older}"])

    def prune(self, before: datetime) -> int:
        """Deletes the records of runs that finished before then, and says how many runs these were.

        A preview that is still leased keeps its newest run. No lease is touched.
        """
        runs, models = named(self.warehouse, "runs"), named(self.warehouse, "model_runs")
        leased = f"SELECT name FROM {named(self.warehouse, 'leases')}"
        newest = (
            "SELECT run_id, finished_at,"
            " row_number() OVER (PARTITION BY name ORDER BY finished_at DESC, run_id DESC) AS age"
            f" FROM {runs} WHERE name IN ({leased})"
        )
        old = f"finished_at < {literal(before, self.warehouse.dialect)}"
        kept = self.warehouse.query(f"SELECT run_id FROM ({newest}) AS ranked WHERE age = 1 AND {old}")
        if kept:
            old += f" AND run_id NOT IN ({', '.join(self._text(str(run_id)) for (run_id,) in kept)})"
        ((number,),) = self.warehouse.query(f"SELECT count(*) FROM {runs} WHERE {old}")
        if number:
            self.warehouse.execute([f"DELETE FROM {models} WHERE {old}", f"DELETE FROM {runs} WHERE {old}"])
        return count(number) or 0

    def _newest_lease(self, name: str, column: str) -> Row | None:
        """What a preview's newest lease says in one column, None if there is no lease."""
        rows = self.warehouse.query(
            f"SELECT {column} FROM {named(self.warehouse, 'leases')} WHERE name = {self._text(name)}"
            " AND written_at IS NOT NULL ORDER BY written_at DESC, expires_at DESC LIMIT 1"
        )
        return rows[0] if rows else None

    def _text(self, value: str) -> str:
        return text_literal(value, self.warehouse.dialect)

    def _append(self, tables: Mapping[str, Sequence[Mapping[str, Value]]]) -> None:
        statements = [
            insert(named(self.warehouse, table), rows[start : start + _MOST_ROWS], dialect=self.warehouse.dialect)
            for table, rows in tables.items()
            for start in range(0, len(rows), _MOST_ROWS)
        ]
        patiently(lambda: self.warehouse.execute(statements))

    def _history(self, models: Mapping[str, str], *, since: datetime | None) -> dict[str, tuple[Figures, ...]]:
        asked = list(models)
        parts = [asked[start : start + _MOST_MODELS] for start in range(0, len(asked), _MOST_MODELS)]
        statements = [self._history_of({name: models[name] for name in part}, since=since) for part in parts]
        found: dict[str, dict[RecordedIn, Figures]] = {}
        for rows in self.warehouse.query_many(statements) if statements else ():
            for model, figures in _figures(rows, models):
                if figures.recorded is not None:
                    found.setdefault(model, {})[figures.recorded] = figures
        return {model: tuple(runs.values()) for model, runs in found.items()}

    def _history_of(self, models: Mapping[str, str], *, since: datetime | None) -> str:
        names = ", ".join(self._text(name) for name in models)
        hashes = ", ".join(self._text(sql_hash) for sql_hash in dict.fromkeys(models.values()))
        production = f"origin = {self._text(_PRODUCTION)}"
        recent = "" if since is None else f" AND finished_at >= {literal(since, self.warehouse.dialect)}"
        columns = "model, sql_hash, origin, run_id, finished_at, duration_ms, bytes_scanned, bytes_billed, slot_ms"
        return (
            f"SELECT {columns} FROM ("
            f" SELECT {columns},"
            # Which of two that finished in one moment is the twentieth is left open: DuckDB would sort all rows for it.
            " row_number() OVER (PARTITION BY model, origin ORDER BY finished_at DESC) AS age"
            f" FROM {named(self.warehouse, 'model_runs')}"
            f" WHERE side = 'base' AND model IN ({names}) AND ({production} OR sql_hash IN ({hashes})){recent}"
            f") AS ranked WHERE age <= {_NEWEST} ORDER BY model, finished_at DESC, run_id DESC"
        )


@dataclass(frozen=True)
class NoRecords:
    """Satisfies Records where the state schema may not be written; ``reason`` goes into the report."""

    reason: str

    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Nothing can be written; the schemas' prefix is all that a sweeper has."""

    def holder(self, name: str) -> Holder:
        """Nothing says that it is another's."""
        del name
        return Holder.OURS

    def record(
        self,
        name: str,
        execution: Execution,
        *,
        comparison: Comparison,
        when: datetime,
        pull_request: int | None = None,
    ) -> None:
        """Nothing can be written."""

    def history(self, models: Mapping[str, str]) -> Mapping[str, tuple[Figures, ...]]:
        """Nothing was ever written."""
        del models
        return {}

    def observed_runs(self, now: datetime) -> ObservedRuns | None:
        """Nothing was ever written."""
        del now
        return None


def _measured(usage: Usage) -> dict[str, Value]:
    return {
        "duration_ms": usage.duration_ms,
        "rows_affected": usage.rows,
        "bytes_scanned": usage.bytes_scanned,
        "bytes_billed": usage.bytes_billed,
        "slot_ms": usage.slot_ms,
        "credits": usage.credits,
    }


def _figures(rows: Sequence[Row], models: Mapping[str, str]) -> Iterator[tuple[str, Figures]]:
    """What rows of ``history`` say, without those of another model's SQL that one has had in the past."""
    for model, sql_hash, origin, run_id, finished_at, *figures in rows:
        production = origin == _PRODUCTION
        if production or sql_hash == models[str(model)]:
            recorded = RecordedIn(str(run_id), moment(finished_at).isoformat(timespec="seconds"), production)
            duration, scanned, billed, slots = map(count, figures)
            yield str(model), Figures(duration, scanned, None, CostSource.RECORDED, billed, slots, recorded)


def _lease(row: Row) -> Lease:
    name, text, until, written = row
    with _of_a_lease(name):
        return Lease(str(name), _SCHEMAS.validate_json(str(text)), moment(until), moment(written))


@contextmanager
def _of_a_lease(name: object) -> Iterator[None]:
    try:
        yield
    except ValidationError as err:
        raise WarehouseError(
            f"the lease of {name} cannot be read", advice="Correct or delete its row in rocky_preview.leases."
        ) from err
