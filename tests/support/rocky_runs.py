"""Runs of production as Rocky prints them with ``--output json``, with what its schema asks for and nobody reads."""

from __future__ import annotations

import json
from typing import Any

STARTED = "2026-11-20T02:00:00Z"


def materialized(
    target: str, *, duration_ms: int = 1000, started_at: str = STARTED, strategy: str = "full_refresh", **more: object
) -> dict[str, Any]:
    """One table, by its full name: catalog.schema.table."""
    return {
        "asset_key": target.split("."),
        "rows_copied": None,
        "duration_ms": duration_ms,
        "started_at": started_at,
        "metadata": {"strategy": strategy, "target_table_full_name": target, "sql_hash": "6841226935681d42"},
        "cost_usd": 0.0,
        **more,
    }


def run_of(*materializations: dict[str, Any], **more: object) -> dict[str, Any]:
    """A run of a transformation pipeline."""
    return {
        "version": "1.74.0",
        "command": "run",
        "status": "Success",
        "pipeline_type": "transformation",
        "filter": "",
        "duration_ms": 9000,
        "tables_copied": len(materializations),
        "tables_failed": 0,
        "materializations": list(materializations),
        "check_results": [],
        "execution": {"concurrency": 4, "tables_processed": len(materializations), "tables_failed": 0},
        "metrics": None,
        "permissions": {"grants_added": 0, "grants_revoked": 0, "catalogs_created": 0, "schemas_created": 0},
        "drift": {"tables_checked": 0, "tables_drifted": 0, "actions_taken": []},
        "interrupted": False,
        **more,
    }


def printed(document: dict[str, Any]) -> str:
    """As Rocky prints it."""
    return json.dumps(document, indent=2) + "\n"
