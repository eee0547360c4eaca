"""The state schema opened: for writing, where it may be, or as it is."""

from __future__ import annotations

from rocky_action.domain.naming import STATE_SCHEMA
from rocky_action.errors import WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.state.layout import LAYOUT, is_whole, layout_of, migrate
from rocky_action.state.records import NoRecords, WarehouseRecords

_UPDATE = "Update rocky-preview to the version that made it, or a newer one."


def open_records(warehouse: WarehouseAdapter) -> WarehouseRecords | NoRecords:
    """The state schema's tables; those that are missing are made, and so are columns that an older version had not."""
    try:
        found = migrate(warehouse)
    except WarehouseError as err:
        return NoRecords(f"the schema {STATE_SCHEMA} cannot be written: {err.message}")
    return WarehouseRecords(warehouse) if found == LAYOUT else NoRecords(f"{_newer(found)}. {_UPDATE}")


def read_records(warehouse: WarehouseAdapter) -> WarehouseRecords | None:
    """The state as it is, without making anything; None if there is none. Raises WarehouseError for a newer layout."""
    found = layout_of(warehouse)
    if found > LAYOUT:
        raise WarehouseError(_newer(found), advice=_UPDATE)
    return WarehouseRecords(warehouse, found) if is_whole(warehouse) else None


def _newer(found: int) -> str:
    return (
        f"a newer version has made the schema {STATE_SCHEMA}: its layout is {found}, and this version of rocky-preview"
        f" knows {LAYOUT}"
    )
