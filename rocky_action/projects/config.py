"""``rocky.toml``: which adapter builds the models, which files they are, what things cost (docs/rocky-format.md, 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rocky_action.domain.cost import PriceList, Schedule
from rocky_action.domain.limits import Budget
from rocky_action.domain.project import Adapter, Mask
from rocky_action.projects import config_keys as keys
from rocky_action.projects.mistakes import nearest
from rocky_action.projects.schedules import read_schedule
from rocky_action.projects.toml import Table, canonical
from rocky_action.projects.variables import unset_in

_WAREHOUSES = ("bigquery", "databricks", "duckdb", "snowflake", "trino")
_SOURCE_ONLY = ("airbyte", "fivetran", "iceberg", "manual")
_TYPES = (*_WAREHOUSES, *_SOURCE_ONLY)
_DEFAULT_GLOB = "models/**"
_ONE_ADAPTER = ("type",)
_ONE_PIPELINE = ("source", "type", "models", "tables", "unique_key", "source_dir")
"""Keys that show that ``[pipeline]`` is itself a pipeline and not a table of them."""


@dataclass(frozen=True)
class Config:
    """What the rest of loading needs. ``adapter`` is None (and a mistake noted) where none can be told.

    An adapter's type is also sqlglot's name for the dialect it speaks.
    """

    adapter: Adapter | None
    models: str
    prices: PriceList
    budget: Budget
    masks: tuple[Mask, ...] = ()
    schedule: Schedule | None = None


@dataclass(frozen=True)
class _Route:
    """Where a pipeline's models are and which adapter builds them; ``at`` is where it says so.

    ``pipeline`` is the one that runs them, None where none does.
    """

    at: Table
    adapter: str = "default"
    models: str = _DEFAULT_GLOB
    pipeline: str | None = None


def read_config(root: Table, pipeline: str | None) -> Config | None:
    """The configuration, None where it cannot be told which models are meant; mistakes are noted."""
    root.unknown(keys.TOP_LEVEL, verdict="mistake")
    _check_blocks(root)
    adapters = {name: _adapter(name, table) for name, table in _named(root, "adapter", marks=_ONE_ADAPTER).items()}
    pipelines = _named(root, "pipeline", marks=_ONE_PIPELINE)
    for name, table in pipelines.items():
        _check_pipeline(name, table)
    route = _route(root, pipelines, wanted=pipeline)
    if route is None:
        return None
    return Config(
        _target(route, adapters),
        route.models,
        _prices(root),
        read_budget(root),
        _masks(root),
        _schedule(route, root, pipelines=pipelines),
    )


def read_budget(holder: Table) -> Budget:
    """The ``[budget]`` of a project or of a model."""
    table = holder.table("budget")
    if table is None:
        return Budget()
    table.unknown(keys.BUDGET, verdict="mistake")
    on_breach = table.choice("on_breach", ("warn", "error"))
    return Budget(
        max_usd=table.number("max_usd"),
        max_duration_ms=table.integer("max_duration_ms"),
        max_bytes_scanned=table.integer("max_bytes_scanned"),
        on_breach=None if on_breach is None else "error" if on_breach == "error" else "warn",
    )


def _prices(root: Table) -> PriceList:
    table = root.table("cost")
    if table is None:
        return PriceList()
    storage, compute = table.number("storage_cost_per_gb_month"), table.number("compute_cost_per_dbu")
    standard = PriceList()
    return PriceList(
        standard.storage_cost_per_gb_month if storage is None else storage,
        standard.compute_cost_per_dbu if compute is None else compute,
        table.text("warehouse_size") or standard.warehouse_size,
    )


def _schedule(route: _Route, root: Table, *, pipelines: Mapping[str, Table]) -> Schedule | None:
    common = root.values.get("schedule")
    timezone = common.get("timezone") if isinstance(common, dict) else None
    if route.pipeline is None:
        return None
    return read_schedule(route.pipeline, pipelines, timezone=timezone or "UTC")


def _masks(root: Table) -> tuple[Mask, ...]:
    """``[mask]`` and its tables for single environments, as far as they say what Rocky would read."""
    found: list[Mask] = []
    table = root.values.get("mask")
    for name, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict):
            found += [Mask(name, tag, strategy) for tag, strategy in value.items() if isinstance(strategy, str)]
        elif isinstance(value, str):
            found.append(Mask("", name, value))
    return tuple(sorted(found, key=lambda mask: (mask.environment, mask.tag)))


def _check_blocks(root: Table) -> None:
    for dotted, known in keys.BLOCKS.items():
        table: Table | None = root
        for part in dotted.split("."):
            # A list or a scalar where a table belongs is noted by table() itself.
            table = None if table is None else table.table(part)
        if table is not None:
            table.unknown((*known, *(key for key in table.values if key.startswith(keys.STORES))), verdict="mistake")


def _named(root: Table, key: str, *, marks: tuple[str, ...]) -> dict[str, Table]:
    """The tables under ``adapter`` or ``pipeline``, spelled in the plural or not, or the one called default."""
    both = [spelling for spelling in (key, f"{key}s") if spelling in root.values]
    if len(both) > 1:
        root.wrong(both[1], f'both "{key}" and "{key}s" are there, expected one of them')
    table = root.table(both[0]) if both else None
    if table is None:
        return {}
    if any(name in table.values and not _is_entry(table.values[name]) for name in marks):
        return {"default": table}
    return {name: entry for name in table.values if (entry := table.table(name)) is not None}


def _is_entry(value: object) -> bool:
    """True for ``[pipeline.models]``: a pipeline that happens to bear a shorthand's name."""
    return isinstance(value, dict) and ("target" in value or "type" in value)


def _adapter(name: str, table: Table) -> Adapter:
    kind = table.choice("type", _TYPES, required=True)
    table.unknown(keys.ADAPTER, verdict="mistake")
    role = table.choice("kind", ("data", "discovery"))
    if kind in _SOURCE_ONLY and role != "discovery":
        table.wrong("type", f'adapter "{name}" is of type {kind}, which needs kind = "discovery"')
    settings = {
        key: canonical(value)
        for key in keys.ADAPTER_SETTINGS
        if (value := table.integer(key) if key == "timeout_secs" else table.text(key)) is not None
    }
    for key in keys.ADAPTER_BLOCKS:
        block = table.table(key)
        if key == "retry" and block is not None:
            block.unknown(keys.RETRY, verdict="mistake")
        if block is not None:
            settings |= {f"{key}.{inner}": canonical(value) for inner, value in block.values.items()}
    missing = {key: unset_in(value) for key, value in settings.items()}
    names = dict.fromkeys(table.document.unset[at] for found in missing.values() for at in found)
    return Adapter(name, kind or "", {key: settings[key] for key in settings if not missing[key]}, tuple(names))


def _check_pipeline(name: str, table: Table) -> None:
    kind = table.choice("type", keys.PIPELINES) or ("" if "type" in table.values else "replication")
    if not kind:
        return
    table.unknown((*keys.ANY_PIPELINE, *keys.PIPELINES[kind]), verdict="warning")
    if kind == "transformation":
        table.text("models")
        if "target" not in table.values:
            at = ".".join(str(part) for part in (*table.where, "target"))
            table.wrong(None, f'pipeline "{name}" has no target, expected a [{at}] table', advice=f"Write [{at}].")
    for key, known in keys.PIPELINE_BLOCKS[kind].items():
        block = table.table(key)
        if block is not None:
            block.unknown(known, verdict="mistake")
        governance = block.table("governance") if block is not None and "governance" in known else None
        if governance is not None:
            governance.unknown(keys.GOVERNANCE, verdict="mistake")


def _route(root: Table, pipelines: Mapping[str, Table], *, wanted: str | None) -> _Route | None:
    kinds = {name: table.values.get("type", "replication") for name, table in pipelines.items()}
    candidates = sorted(name for name, kind in kinds.items() if kind == "transformation")
    if wanted is not None:
        if wanted not in pipelines:
            root.wrong("pipeline", f'there is no pipeline "{wanted}"', word=wanted, known=pipelines)
            return None
        kind = kinds[wanted]
        if not isinstance(kind, str) or kind not in keys.PIPELINES:
            return None  # noted where the pipeline was checked
        if wanted not in candidates:
            message = f'pipeline "{wanted}" is of type {kind}, and only transformation pipelines can be previewed'
            pipelines[wanted].wrong(None, message, advice=_choices(candidates))
            return None
        return _transformation(wanted, pipelines[wanted])
    if len(candidates) > 1:
        message = f"there are {len(candidates)} transformation pipelines: {', '.join(candidates)}"
        root.wrong("pipeline", message, advice=_choices(candidates))
        return None
    if candidates:
        return _transformation(candidates[0], pipelines[candidates[0]])
    # Like `rocky run --model` in a project without one: many projects replicate and still keep models.
    replicating = [pipelines[name] for name, kind in kinds.items() if kind == "replication"]
    target = replicating[0].table("target") if replicating else None
    adapter = target.text("adapter") if target is not None else None
    return _Route(target or root, adapter or "default")


def _transformation(name: str, table: Table) -> _Route:
    target = table.table("target")
    adapter = target.text("adapter") if target is not None else None
    models = table.text("models")
    return _Route(target or table, adapter or "default", _DEFAULT_GLOB if models is None else models, name)


def _choices(candidates: Iterable[str]) -> str:
    names = list(candidates)
    return f"Choose one with --pipeline: {', '.join(names)}." if names else "Declare one of type transformation."


def _target(route: _Route, adapters: Mapping[str, Adapter]) -> Adapter | None:
    adapter = adapters.get(route.adapter)
    if adapter is None:
        shown = route.at.document.show(route.adapter) if "adapter" in route.at.values else f'"{route.adapter}"'
        advice = nearest(route.adapter, adapters) if adapters else f"Declare it as [adapter.{route.adapter}]."
        route.at.wrong("adapter", f"there is no adapter {shown}", advice=advice)
        return None
    if adapter.type in _SOURCE_ONLY:
        message = f'adapter "{adapter.name}" is of type {adapter.type}, which only reads sources and builds no model'
        route.at.wrong("adapter", message, advice=f"Use an adapter of type {', '.join(_WAREHOUSES)}.")
        return None
    return adapter if adapter.type else None
