"""Branch leases and run records, in the warehouse's own schema ``rocky_preview``.

A lease is written before anything is built, so what a killed run leaves can always be found and dropped. Records are
only ever added; the newest run of a preview is what ``diff`` and ``cost`` look at, and rebuilt bases are where later
runs find what a model costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from rocky_action.domain.cost import CostSource, Figures, RecordedIn
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
_MOST_ROWS = 500
"""Rows of one INSERT: few statements, none of them longer than a warehouse takes."""
_NEWEST = 20
"""Runs of one model that are looked at: enough to tell by how much they differ."""


class _Kind(Enum):
    TEXT = "text"
    MOMENT = "moment"
    COUNT = "count"
    AMOUNT = "amount"


_TYPES: Mapping[str, Mapping[_Kind, str]] = MappingProxyType(
    {
        dialect: dict(zip(_Kind, types, strict=True))
        for dialect, types in {
            "bigquery": ("STRING", "TIMESTAMP", "INT64", "FLOAT64"),
            "databricks": ("STRING", "TIMESTAMP", "BIGINT", "DOUBLE"),
            "duckdb": ("VARCHAR", "TIMESTAMP", "BIGINT", "DOUBLE"),
            "snowflake": ("VARCHAR", "TIMESTAMP_NTZ", "BIGINT", "DOUBLE"),
        }.items()
    }
)
_WITH_ZONE = frozenset({"bigquery", "databricks"})
"""Dialects whose TIMESTAMP is a point in time; in the others it is what a clock shows, in UTC here."""

_TABLES: Mapping[str, Mapping[str, _Kind]] = MappingProxyType(
    {
        "leases": {
            "name": _Kind.TEXT,
            "schemas": _Kind.TEXT,
            "head_commit": _Kind.TEXT,
            "written_at": _Kind.MOMENT,
            "expires_at": _Kind.MOMENT,
        },
        "runs": {
            "run_id": _Kind.TEXT,
            "name": _Kind.TEXT,
            "merge_base": _Kind.TEXT,
            "head_commit": _Kind.TEXT,
            "finished_at": _Kind.MOMENT,
            "execution": _Kind.TEXT,
        },
        "model_runs": {
            "run_id": _Kind.TEXT,
            "model": _Kind.TEXT,
            "side": _Kind.TEXT,
            "git_commit": _Kind.TEXT,
            "finished_at": _Kind.MOMENT,
            "duration_ms": _Kind.COUNT,
            "rows_affected": _Kind.COUNT,
            "bytes_scanned": _Kind.COUNT,
            "bytes_billed": _Kind.COUNT,
            "slot_ms": _Kind.COUNT,
            "credits": _Kind.AMOUNT,
        },
    }
)
"""Columns in order; one that a newer version has added is added to a table that an older one has made."""
_Value = str | int | float | datetime | None


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
        """Adds a lease, the newest of which holds: nothing is ever gone that a killed run would need."""
        values = (name, json.dumps(list(schemas)), comparison.head_commit, datetime.now(UTC), until)
        self.warehouse.execute([self._insert("leases", [values])])

    def record(self, name: str, execution: Execution, *, comparison: Comparison, when: datetime) -> None:
        """Adds the execution, and a row for each model that was built."""
        text = _EXECUTION.dump_json(execution).decode()
        values = (execution.run_id, name, comparison.merge_base, comparison.head_commit, when, text)
        rows: list[tuple[_Value, ...]] = []
        for run in (*execution.base_runs, *execution.head_runs):
            if isinstance(run.outcome, Succeeded):
                commit = comparison.merge_base if run.side.value == "base" else comparison.head_commit
                usage = run.outcome.usage
                measured = (usage.duration_ms, usage.rows, usage.bytes_scanned)
                billed = (usage.bytes_billed, usage.slot_ms, usage.credits)
                rows.append((execution.run_id, run.model, run.side.value, commit, when, *measured, *billed))
        parts = (rows[start : start + _MOST_ROWS] for start in range(0, len(rows), _MOST_ROWS))
        self.warehouse.execute([self._insert("runs", [values]), *(self._insert("model_runs", part) for part in parts)])

    def history(self, models: Mapping[str, str]) -> Mapping[str, tuple[Figures, ...]]:
        """The newest recorded base runs of each model, whichever preview they were made for."""
        names = ", ".join(self._text(model) for model in models)
        if not names:
            return {}
        rows = self.warehouse.query(
            "SELECT model, duration_ms, bytes_scanned, bytes_billed, slot_ms, run_id, finished_at FROM ("
            " SELECT *, row_number() OVER (PARTITION BY model ORDER BY finished_at DESC, run_id DESC) AS age"
            f" FROM {self._table('model_runs')} WHERE side = 'base' AND model IN ({names})"
            f") AS ranked WHERE age <= {_NEWEST} ORDER BY model, age"
        )
        found: dict[str, tuple[Figures, ...]] = {}
        for model, *figures, run_id, finished_at in rows:
            recorded = RecordedIn(str(run_id), _utc(finished_at).isoformat(timespec="seconds"))
            duration, scanned, billed, slots = map(_count, figures)
            one = Figures(duration, scanned, None, CostSource.RECORDED, billed, slots, recorded)
            found[str(model)] = (*found.get(str(model), ()), one)
        return found

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
        """The newest lease of each preview, by name."""
        rows = self.warehouse.query(
            "SELECT name, schemas, expires_at FROM ("
            " SELECT *, row_number() OVER (PARTITION BY name ORDER BY written_at DESC, expires_at DESC) AS age"
            f" FROM {self._table('leases')}"
            ") AS ranked WHERE age = 1 ORDER BY name"
        )
        return tuple(_lease(str(name), text, until=until) for name, text, until in rows)

    def release(self, name: str) -> None:
        """Forgets a preview's leases, once its schemas are gone."""
        self.warehouse.execute([f"DELETE FROM {self._table('leases')} WHERE name = {self._text(name)}"])

    def _table(self, name: str) -> str:
        return relation(_table(self.warehouse, name), self.warehouse.dialect)

    def _text(self, value: str) -> str:
        return text_literal(value, self.warehouse.dialect)

    def _insert(self, name: str, rows: Iterable[Sequence[_Value]]) -> str:
        values = ", ".join(f"({', '.join(self._value(value) for value in row)})" for row in rows)
        return f"INSERT INTO {self._table(name)} ({', '.join(_TABLES[name])}) VALUES {values}"

    def _value(self, value: _Value) -> str:
        match value:
            case None:
                return "NULL"
            case datetime():
                return self._moment(value.astimezone(UTC))
            case str():
                return self._text(value)
            case _:
                return repr(value)

    def _moment(self, value: datetime) -> str:
        """A point in time; ``value`` is in UTC."""
        dialect, text = self.warehouse.dialect, f"{value:%Y-%m-%d %H:%M:%S.%f}"
        if dialect in _WITH_ZONE:
            return f"TIMESTAMP {self._text(f'{text}+00:00')}"
        return f"CAST({self._text(text)} AS {_TYPES[dialect][_Kind.MOMENT]})"


@dataclass(frozen=True)
class NoRecords:
    """Satisfies Records where the state schema may not be made; ``reason`` goes into the report."""

    reason: str

    def lease(self, name: str, schemas: Sequence[tuple[str, str]], *, comparison: Comparison, until: datetime) -> None:
        """Nothing can be written; the schemas' prefix is all that a sweeper has."""

    def record(self, name: str, execution: Execution, *, comparison: Comparison, when: datetime) -> None:
        """Nothing can be written."""

    def history(self, models: Mapping[str, str]) -> Mapping[str, tuple[Figures, ...]]:
        """Nothing was ever written."""
        del models
        return {}


def open_records(warehouse: WarehouseAdapter) -> WarehouseRecords | NoRecords:
    """The state schema's tables; those that are missing are made, and so are columns that an older version had not."""
    try:
        missing = [sql for name in _TABLES for sql in _missing(warehouse, name)]
        if missing:
            warehouse.create_schema(warehouse.catalog, STATE_SCHEMA)
            warehouse.execute(missing)
    except WarehouseError as err:
        return NoRecords(f"the schema {STATE_SCHEMA} cannot be written: {err.message}")
    return WarehouseRecords(warehouse)


def _missing(warehouse: WarehouseAdapter, name: str) -> Iterator[str]:
    """The statements that it takes to make a table what it should be."""
    table, types = _table(warehouse, name), _TYPES[warehouse.dialect]
    named, there = relation(table, warehouse.dialect), warehouse.columns(table)
    if there is None:
        columns = ", ".join(f"{column} {types[kind]}" for column, kind in _TABLES[name].items())
        yield f"CREATE TABLE IF NOT EXISTS {named} ({columns})"
        return
    known = {column.name.lower() for column in there}
    for column, kind in _TABLES[name].items():
        if column not in known:
            yield f"ALTER TABLE {named} ADD COLUMN {column} {types[kind]}"


def read_records(warehouse: WarehouseAdapter) -> WarehouseRecords | None:
    """The state as it is, without writing; None if there is none."""
    missing = any(warehouse.columns(_table(warehouse, name)) is None for name in _TABLES)
    return None if missing else WarehouseRecords(warehouse)


def _table(warehouse: WarehouseAdapter, name: str) -> Relation:
    return Relation(warehouse.catalog, STATE_SCHEMA, name)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _utc(value: object) -> datetime:
    moment = _MOMENT.validate_python(value)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _lease(name: str, text: object, *, until: object) -> Lease:
    try:
        return Lease(name, _SCHEMAS.validate_json(str(text)), _utc(until))
    except ValidationError as err:
        raise WarehouseError(
            f"the lease of {name} cannot be read", advice="Correct or delete its row in rocky_preview.leases."
        ) from err
