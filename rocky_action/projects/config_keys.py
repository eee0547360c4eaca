"""The keys that ``rocky.toml`` may hold. Rocky refuses the others, except directly in a pipeline.

See docs/rocky-format.md, 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping

TOP_LEVEL = (
    "adapter",
    "adapters",
    "ai",
    "branch",
    "budget",
    "cache",
    "classifications",
    "cost",
    "freshness",
    "fulfill",
    "gc",
    "hook",
    "hooks",
    "imports",
    "mask",
    "pipeline",
    "pipelines",
    "policy",
    "portability",
    "resilience",
    "retry",
    "reuse",
    "role",
    "roles",
    "run",
    "schedule",
    "schema_evolution",
    "state",
)

BUDGET = ("max_usd", "max_duration_ms", "max_bytes_scanned", "on_breach")
STORES = ("s3_", "gcs_", "valkey_")
"""Prefixes of the settings that each kind of state store has of its own."""
BLOCKS: Mapping[str, tuple[str, ...]] = {
    "cost": ("storage_cost_per_gb_month", "compute_cost_per_dbu", "warehouse_size", "min_history_runs"),
    "freshness": ("expected_lag_seconds", "time_column", "severity"),
    "run": ("skip_unchanged", "skip_rowcount_fallback", "strict_scheduling", "lag_tolerance_seconds"),
    "branch": ("approval",),
    "branch.approval": ("required", "min_approvers", "allowed_signers", "max_age_seconds"),
    "portability": ("target_dialect", "allow"),
    "cache.schemas": ("enabled", "ttl", "replicate"),
    "resilience": ("enabled", "transient_max_retries", "contain_failures"),
    "state": (
        "backend",
        "transfer_timeout_seconds",
        "on_upload_failure",
        "namespacing",
        "on_schema_mismatch",
        "concurrency_control",
        "retention",
        "idempotency",
        "retry",
        "freeze_marker_writes",
    ),
}
"""Blocks whose keys are known in full; ``[budget]`` is checked where it is read."""

RETRY = (
    "max_retries",
    "initial_backoff_ms",
    "max_backoff_ms",
    "backoff_multiplier",
    "jitter",
    "circuit_breaker_threshold",
    "circuit_breaker_recovery_timeout_secs",
    "max_retries_per_run",
)
ADAPTER_SETTINGS = (
    "host",
    "http_path",
    "token",
    "client_id",
    "client_secret",
    "timeout_secs",
    "destination_id",
    "api_key",
    "api_secret",
    "account",
    "warehouse",
    "username",
    "password",
    "oauth_token",
    "private_key_path",
    "pat",
    "role",
    "database",
    "project_id",
    "location",
    "path",
)
ADAPTER_BLOCKS = ("extra", "retry", "cache", "ratelimit", "stampede", "circuit_breaker")
ADAPTER = ("type", "kind", *ADAPTER_SETTINGS, *ADAPTER_BLOCKS)

GOVERNANCE = (
    "auto_create_catalogs",
    "auto_create_schemas",
    "tag_prefix",
    "tags",
    "isolation",
    "grants",
    "schema_grants",
)
_EXECUTION = ("concurrency", "fail_fast", "error_rate_abort_pct", "table_retries")
_TABLE = ("adapter", "catalog", "schema", "table")

ANY_PIPELINE = ("type", "target", "execution", "checks", "depends_on", "schedule")
PIPELINES: Mapping[str, tuple[str, ...]] = {
    "replication": (
        "strategy",
        "timestamp_column",
        "merge_keys",
        "metadata_columns",
        "source",
        "table_overrides",
        "prune_unchanged",
    ),
    "transformation": ("models",),
    "quality": ("tables",),
    "snapshot": ("unique_key", "updated_at", "invalidate_hard_deletes", "source"),
    "load": ("source_dir", "format", "options", "contract"),
}
"""The types of pipelines, with the keys each has besides those of any."""

PIPELINE_BLOCKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "replication": {
        "source": ("adapter", "catalog", "schema_pattern", "discovery"),
        "target": ("adapter", "catalog_template", "schema_template", "separator", "governance"),
        "execution": _EXECUTION,
    },
    "transformation": {"target": ("adapter", "governance"), "execution": _EXECUTION},
    "quality": {"target": ("adapter",), "execution": _EXECUTION},
    "snapshot": {"source": _TABLE, "target": (*_TABLE, "governance"), "execution": _EXECUTION},
    "load": {
        "target": (*_TABLE, "governance"),
        "options": ("batch_size", "create_table", "truncate_first", "csv_delimiter", "csv_has_header"),
        "execution": _EXECUTION,
    },
}
