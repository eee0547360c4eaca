"""Branch leases and run records, in the warehouse's own schema ``rocky_preview``.

A lease is written before anything is built, so what a killed run leaves can always be found and dropped. Records are
only ever added; the newest run of a preview is what ``diff`` and ``cost`` look at, and rebuilt bases are where later
runs find what a model costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from rocky_action.domain.cost import CostSource, Figures
from rocky_action.domain.execution import Execution, Succeeded
from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.domain.project import Relation
from rocky_action.domain.pull_request import Comparison
from rocky_action.errors import WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql.quoting import relation, text_literal

_EXECUTION = TypeAdapter(Execution)
_SCHEMAS = TypeAdapter(tuple[tuple[str, str], ...])
_MOMENT = TypeAdapter(datetime)
_TABLES = {
    "leases": "name VARCHAR, schemas VARCHAR, head_commit VARCHAR, written_at TIMESTAMP, expires_at TIMESTAMP",
    "runs": "run_id VARCHAR, name VARCHAR, merge_base VARCHAR, head_commit VARCHAR, finished_at TIMESTAMP,"
    " execution VARCHAR",
    "model_runs": "run_id VARCHAR, model VARCHAR, side VARCHAR, git_commit VARCHAR, finished_at TIMESTAMP,"
    " duration_ms BIGINT, rows_affected BIGINT, bytes_scanned BIGINT",
}


@dataclass(frozen=True)
class Lease:
    """Which schemas belong to a preview, and until when (UTC)."""

    name: str
    schemas: tuple[tuple[str, str], ...]
    expires_at: datetime


@dataclass(frozen=True)
class RecordedRun:
    """A finished execution and the two commits it compared."""

    execution: Execution
    merge_base: str
    head_commit: str


@dataclass(frozen=True)
class WarehouseRecords:
    """Leases and records in one warehouse; satisfies Records."""

    warehouse: WarehouseAdapter

    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Replaces the preview's lease."""
        values = (name, json.dumps(list(schemas)), comparison.head_commit, datetime.now(UTC), until)
        self.warehouse.execute(
            [f"DELETE FROM {self._table('leases')} WHERE name = {self._text(name)}", self._insert("leases", values)]
        )

    def record(self, name: str, execution: Execution, *, comparison: Comparison, when: datetime) -> None:
        """Adds the execution, and a row for each model that was built."""
        text = _EXECUTION.dump_json(execution).decode()
        values = (execution.run_id, name, comparison.merge_base, comparison.head_commit, when, text)
        rows = [self._insert("runs", values)]
        for run in (*execution.base_runs, *execution.head_runs):
            if isinstance(run.outcome, Succeeded):
                commit = comparison.merge_base if run.side.value == "base" else comparison.head_commit
                usage = run.outcome.usage
                measured = (usage.duration_ms, usage.rows, usage.bytes_scanned)
                rows.append(
                    self._insert("model_runs", (execution.run_id, run.model, run.side.value, commit, when, *measured))
                )
        self.warehouse.execute(rows)

    def base_figures(self, models: Iterable[str]) -> tuple[str | None, Mapping[str, Figures]]:
        """The newest recorded base run of each model, whichever preview it was made for."""
        names = ", ".join(self._text(model) for model in models)
        if not names:
            return None, {}
        rows = self.warehouse.query(
            "SELECT model, duration_ms, bytes_scanned, run_id FROM ("
            " SELECT *, row_number() OVER (PARTITION BY model ORDER BY finished_at DESC, run_id DESC) AS age"
            f" FROM {self._table('model_runs')} WHERE side = 'base' AND model IN ({names})"
            ") AS ranked WHERE age = 1 ORDER BY finished_at DESC, run_id DESC"
        )
        figures = {
            str(model): Figures(_count(duration), _count(scanned), None, CostSource.RECORDED)
            for model, duration, scanned, _ in rows
        }
        return (str(rows[0][3]) if rows else None), figures

    def newest(self, name: str) -> RecordedRun | None:
        """The newest run of one preview, None if there is none that this version can read."""
        rows = self.warehouse.query(
            f"SELECT execution, merge_base, head_commit FROM {self._table('runs')}"
            f" WHERE name = {self._text(name)} ORDER BY finished_at DESC, run_id DESC LIMIT 1"
        )
        if not rows:
            return None
        text, merge_base, head_commit = rows[0]
        try:
            return RecordedRun(_EXECUTION.validate_json(str(text)), str(merge_base), str(head_commit))
        except ValidationError as err:
            raise WarehouseError(
                f"the newest run of preview {name} was recorded by another version of this program",
                advice="Run `rocky-preview create` again.",
            ) from err

    def leases(self) -> tuple[Lease, ...]:
        """Every lease, by name."""
        rows = self.warehouse.query(f"SELECT name, schemas, expires_at FROM {self._table('leases')} ORDER BY name")
        return tuple(_lease(str(name), text, until=until) for name, text, until in rows)

    def release(self, name: str) -> None:
        """Forgets a preview's lease, once its schemas are gone."""
        self.warehouse.execute([f"DELETE FROM {self._table('leases')} WHERE name = {self._text(name)}"])

    def _table(self, name: str) -> str:
        return relation(_table(self.warehouse, name), self.warehouse.dialect)

    def _text(self, value: str) -> str:
        return text_literal(value, self.warehouse.dialect)

    def _insert(self, name: str, values: Sequence[str | int | datetime | None]) -> str:
        return f"INSERT INTO {self._table(name)} VALUES ({', '.join(self._value(value) for value in values)})"

    def _value(self, value: str | int | datetime | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, datetime):
            return f"TIMESTAMP {self._text(value.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f'))}"
        return str(value) if isinstance(value, int) else self._text(value)


@dataclass(frozen=True)
class NoRecords:
    """Satisfies Records where the state schema may not be made; ``reason`` goes into the report."""

    reason: str

    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Nothing can be written; the schemas' prefix is all that a sweeper has."""

    def record(self, name: str, execution: Execution, *, comparison: Comparison, when: datetime) -> None:
        """Nothing can be written."""

    def base_figures(self, models: Iterable[str]) -> tuple[str | None, Mapping[str, Figures]]:
        """Nothing was ever written."""
        del models
        return None, {}


def open_records(warehouse: WarehouseAdapter) -> WarehouseRecords | NoRecords:
    """The state schema's tables, made if need be."""
    try:
        warehouse.create_schema(warehouse.catalog, STATE_SCHEMA)
        warehouse.execute(
            [
                f"CREATE TABLE IF NOT EXISTS {relation(_table(warehouse, name), warehouse.dialect)} ({columns})"
                for name, columns in _TABLES.items()
            ]
        )
    except WarehouseError as err:
        return NoRecords(f"the schema {STATE_SCHEMA} cannot be written: {err.message}")
    return WarehouseRecords(warehouse)


def read_records(warehouse: WarehouseAdapter) -> WarehouseRecords | None:
    """The state as it is, without writing; None if there is none."""
    missing = any(warehouse.columns(_table(warehouse, name)) is None for name in _TABLES)
    return None if missing else WarehouseRecords(warehouse)


def _table(warehouse: WarehouseAdapter, name: str) -> Relation:
    return Relation(warehouse.catalog, STATE_SCHEMA, name)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _lease(name: str, text: object, *, until: object) -> Lease:
    try:
        return Lease(name, _SCHEMAS.validate_json(str(text)), _MOMENT.validate_python(until).replace(tzinfo=UTC))
    except ValidationError as err:
        raise WarehouseError(
            f"the lease of {name} cannot be read", advice="Correct or delete its row in rocky_preview.leases."
        ) from err
