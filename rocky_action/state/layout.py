"""The tables of the state schema, which version of them is there, and how an older one becomes this one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar

from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.domain.project import Relation
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.sql.quoting import relation
from rocky_action.state.values import TYPES, Kind, Value, count, insert

LAYOUT = 3
"""The version that is written here. Version 1 has no table ``layouts``, and knows no SQL hash and no production.

Before version 3 nothing says which run a lease is of.
"""

_TABLES: Mapping[str, Mapping[str, Kind]] = MappingProxyType(
    {
        "leases": {
            "name": Kind.TEXT,
            "schemas": Kind.TEXT,
            "head_commit": Kind.TEXT,
            "written_at": Kind.MOMENT,
            "expires_at": Kind.MOMENT,
            "run_token": Kind.TEXT,
        },
        "runs": {
            "run_id": Kind.TEXT,
            "name": Kind.TEXT,
            "merge_base": Kind.TEXT,
            "head_commit": Kind.TEXT,
            "finished_at": Kind.MOMENT,
            "execution": Kind.TEXT,
            "pull_request": Kind.COUNT,
            "origin": Kind.TEXT,
            "run_token": Kind.TEXT,
        },
        "model_runs": {
            "run_id": Kind.TEXT,
            "model": Kind.TEXT,
            "side": Kind.TEXT,
            "git_commit": Kind.TEXT,
            "finished_at": Kind.MOMENT,
            "duration_ms": Kind.COUNT,
            "rows_affected": Kind.COUNT,
            "bytes_scanned": Kind.COUNT,
            "bytes_billed": Kind.COUNT,
            "slot_ms": Kind.COUNT,
            "credits": Kind.AMOUNT,
            "pull_request": Kind.COUNT,
            "sql_hash": Kind.TEXT,
            "method": Kind.TEXT,
            "origin": Kind.TEXT,
        },
        "layouts": {
            "version": Kind.COUNT,
            "written_at": Kind.MOMENT,
        },
    }
)
"""Columns in order; one that a newer version has added stands last, and is added to a table that an older one made."""
_PAUSES = (0.1, 0.4, 1.0)
"""Seconds to wait before a statement is tried again that another run may have been in the way of."""
_Result = TypeVar("_Result")


def table(warehouse: WarehouseAdapter, name: str) -> Relation:
    """A table of the state schema."""
    return Relation(warehouse.catalog, STATE_SCHEMA, name)


def named(warehouse: WarehouseAdapter, name: str) -> str:
    """The same as SQL."""
    return relation(table(warehouse, name), warehouse.dialect)


def patiently(work: Callable[[], _Result]) -> _Result:
    """Tries again what the warehouse refuses: a writer that meets another one is refused by some of them, once."""
    for seconds in _PAUSES:
        try:
            return work()
        except StatementTimeoutError:
            raise
        except WarehouseError:
            time.sleep(seconds)
    return work()


def layout_of(warehouse: WarehouseAdapter) -> int:
    """The version of the layout that is there; 1 also where nobody wrote it down, as where nothing is there at all."""
    if warehouse.columns(table(warehouse, "layouts")) is None:
        return 1
    ((found,),) = warehouse.query(f"SELECT max(version) FROM {named(warehouse, 'layouts')}")
    return count(found) or 1


def is_whole(warehouse: WarehouseAdapter) -> bool:
    """Whether all tables are there that version 1 had."""
    return all(warehouse.columns(table(warehouse, name)) is not None for name in _TABLES if name != "layouts")


def migrate(warehouse: WarehouseAdapter) -> int:
    """Makes the tables what they should be, and says which version is there then: this one, or a newer one.

    Tables of a newer version are left as they are. Whoever else does so at the same time, it is done once: what
    another run has made meanwhile is not made again. Raises WarehouseError.
    """
    return patiently(lambda: _migrate(warehouse))


def _migrate(warehouse: WarehouseAdapter) -> int:
    there = layout_of(warehouse)
    if there > LAYOUT:
        return there
    steps = [sql for name in _TABLES for sql in _missing(warehouse, name)]
    if there < LAYOUT or steps:
        row: dict[str, Value] = {"version": LAYOUT, "written_at": datetime.now(UTC)}
        steps.append(insert(named(warehouse, "layouts"), [row], dialect=warehouse.dialect))
        warehouse.create_schema(warehouse.catalog, STATE_SCHEMA)
        warehouse.execute(steps)
    return LAYOUT


def _missing(warehouse: WarehouseAdapter, name: str) -> Iterator[str]:
    """The statements that it takes to make a table what it should be."""
    types, there = TYPES[warehouse.dialect], warehouse.columns(table(warehouse, name))
    if there is None:
        columns = ", ".join(f"{column} {types[kind]}" for column, kind in _TABLES[name].items())
        yield f"CREATE TABLE IF NOT EXISTS {named(warehouse, name)} ({columns})"
        return
    known = {column.name.lower() for column in there}
    for column, kind in _TABLES[name].items():
        if column not in known:
            yield f"ALTER TABLE {named(warehouse, name)} ADD COLUMN {column} {types[kind]}"
