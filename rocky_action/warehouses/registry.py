"""Which file opens which warehouse; a driver is imported when its warehouse is opened and not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import cast

from rocky_action.errors import MissingCredentialsError, ProjectError
from rocky_action.warehouses.confined import Confined
from rocky_action.warehouses.request import Opened, OpenRequest

_OPENERS: Mapping[str, str] = MappingProxyType(
    {
        "bigquery": "rocky_action.warehouses.bigquery",
        "databricks": "rocky_action.warehouses.databricks",
        "duckdb": "rocky_action.warehouses.duckdb",
        "snowflake": "rocky_action.warehouses.snowflake",
    }
)
"""Adapter type to module; the module's ``open_adapter`` takes an OpenRequest."""

_MOTHERDUCK = "rocky_action.warehouses.duckdb_motherduck"


def open_warehouse(request: OpenRequest) -> Opened:
    """Opens the warehouse of an adapter, confined to schemas of ours. Raises as ``open_unconfined`` does."""
    opened = open_unconfined(request)
    return replace(opened, warehouse=Confined(opened.warehouse))


def open_unconfined(request: OpenRequest) -> Opened:
    """Opens the warehouse of an adapter, which would write wherever it is told to.

    Raises ProjectError for a type without a driver, WarehouseError otherwise. Among these is MissingCredentialsError,
    also for a setting that waits for a variable: the driver is not asked then, as it might do without the setting and
    mean another database.
    """
    module = _MOTHERDUCK if request.adapter.is_motherduck else _OPENERS.get(request.adapter.type)
    if module is None:
        raise ProjectError(
            f"[adapter.{request.adapter.name}] is of type {request.adapter.type}, which this version cannot preview",
            advice=f"Types that it can: {', '.join(_OPENERS)}.",
        )
    if request.adapter.unset:
        names = ", ".join(request.adapter.unset)
        raise MissingCredentialsError(
            f"[adapter.{request.adapter.name}] takes settings from environment variables that are not set: {names}",
            advice="Set them where this runs, from the repository's secrets.",
        )
    try:
        found = import_module(module)
    except ModuleNotFoundError as err:
        raise ProjectError(
            f"[adapter.{request.adapter.name}] is of type {request.adapter.type}, whose driver is not installed"
            f" ({err.name})",
            advice=f"Install it: pip install 'rocky-preview[{request.adapter.type}]'. The action's image has it.",
        ) from err
    open_adapter = cast("Callable[[OpenRequest], Opened]", found.open_adapter)
    return open_adapter(request)
