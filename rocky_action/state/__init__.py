"""Branch leases and run records, in the warehouse's own schema ``rocky_preview``."""

from rocky_action.state.opening import open_records, read_records
from rocky_action.state.records import Lease, NoRecords, RecordedRun, WarehouseRecords

__all__ = ["Lease", "NoRecords", "RecordedRun", "WarehouseRecords", "open_records", "read_records"]
