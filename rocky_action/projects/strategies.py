"""``[strategy]`` tables: how a model becomes a relation (docs/rocky-format.md, 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from rocky_action.domain.project import (
    DeleteInsert,
    Ephemeral,
    FullRefresh,
    Granularity,
    Incremental,
    Merge,
    Microbatch,
    Strategy,
    TimeInterval,
    View,
    WarehouseOnly,
)
from rocky_action.projects.names import is_identifier
from rocky_action.projects.toml import Table, canonical

_PARTITIONS: Mapping[str, tuple[str, str]] = {
    "hour": ("%Y-%m-%dT%H", "YYYY-MM-DDTHH"),
    "day": ("%Y-%m-%d", "YYYY-MM-DD"),
    "month": ("%Y-%m", "YYYY-MM"),
    "year": ("%Y", "YYYY"),
}
_MODEL_KEYS = ("name", "depends_on", "adapter", "intent", "retention", "group")
"""Keys that belong above the ``[strategy]`` header and are silently lost below it."""


def read_strategy(holder: Table) -> Strategy | None:
    """The strategy in a sidecar, a group or the defaults; None if there is none, or a wrong one (which is noted)."""
    table = holder.table("strategy")
    if table is None:
        return None
    kind = table.choice("type", _READERS, required=True)
    if kind is None:
        return None
    known, reader = _READERS[kind]
    for key in table.values:
        if key in _MODEL_KEYS and key not in known:
            table.warn(key, f'"{key}" stands below the [strategy] header and is lost there; move it to the top')
    table_keys = ("type", *known)
    rest = Table(
        {key: value for key, value in table.values.items() if key not in _MODEL_KEYS}, table.document, table.where
    )
    rest.unknown(table_keys, verdict="warning")
    return reader(table)


def _full_refresh(_: Table) -> Strategy:
    return FullRefresh()


def _incremental(table: Table) -> Strategy:
    return Incremental(table.text("timestamp_column", required=True) or "")


def _microbatch(table: Table) -> Strategy:
    column = table.text("timestamp_column", required=True) or ""
    return Microbatch(column, table.choice("granularity", _PARTITIONS) or "hour")


def _merge(table: Table) -> Strategy:
    return Merge(table.texts("unique_key", required=True) or (), table.texts("update_columns"))


def _delete_insert(table: Table) -> Strategy:
    return DeleteInsert(table.texts("partition_by", required=True) or ())


def _time_interval(table: Table) -> Strategy:
    column = table.text("time_column", required=True) or ""
    if column and not is_identifier(column):
        table.wrong("time_column", f'"strategy.time_column" is {table.document.show(column)}, expected an identifier')
    granularity = table.choice("granularity", _PARTITIONS, required=True) or "day"
    first = table.text("first_partition")
    if first is not None and not _is_partition(first, granularity):
        shape = _PARTITIONS[granularity][1]
        message = f'"strategy.first_partition" is {table.document.show(first)}, expected a {granularity} as {shape}'
        table.wrong("first_partition", message)
    lookback, batch_size = table.integer("lookback"), table.integer("batch_size", least=1)
    return TimeInterval(column, cast("Granularity", granularity), lookback or 0, batch_size or 1, first)


def _view(_: Table) -> Strategy:
    return View()


def _ephemeral(_: Table) -> Strategy:
    return Ephemeral()


def _materialized_view(_: Table) -> Strategy:
    return WarehouseOnly("materialized_view")


def _dynamic_table(table: Table) -> Strategy:
    return WarehouseOnly("dynamic_table", (("target_lag", table.text("target_lag", required=True) or ""),))


def _content_addressed(table: Table) -> Strategy:
    columns = table.texts("partition_columns") or ()
    prefix = table.text("storage_prefix", required=True) or ""
    return WarehouseOnly(
        "content_addressed", (("partition_columns", canonical(list(columns))), ("storage_prefix", prefix))
    )


def _is_partition(text: str, granularity: str) -> bool:
    layout = _PARTITIONS[granularity][0]
    try:
        # Written back, because strptime also takes 2024-1-1 where Rocky's keys are 2024-01-01.
        return datetime.strptime(text, layout).strftime(layout) == text  # noqa: DTZ007  a partition key has no zone
    except ValueError:
        return False


_READERS: Mapping[str, tuple[tuple[str, ...], Callable[[Table], Strategy]]] = {
    "full_refresh": ((), _full_refresh),
    "incremental": (("timestamp_column",), _incremental),
    "merge": (("unique_key", "update_columns"), _merge),
    "delete_insert": (("partition_by",), _delete_insert),
    "microbatch": (("timestamp_column", "granularity"), _microbatch),
    "time_interval": (("time_column", "granularity", "lookback", "batch_size", "first_partition"), _time_interval),
    "view": ((), _view),
    "materialized_view": ((), _materialized_view),
    "dynamic_table": (("target_lag",), _dynamic_table),
    "content_addressed": (("storage_prefix", "partition_columns"), _content_addressed),
    "ephemeral": ((), _ephemeral),
}
"""For each type its keys and its reader."""
