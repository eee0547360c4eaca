"""How a model is built, where, from which declared sources and behind which masks: what an edit there means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from rocky_action.domain.findings import USUAL_IMPACT, Finding, FindingKind, Impact
from rocky_action.domain.project import Model, Project, Projects, Strategy, WarehouseOnly
from rocky_action.stages.findings.placing import Anchor, Found

_KEYS = frozenset(
    {
        "unique_key",
        "update_columns",
        "timestamp_column",
        "time_column",
        "granularity",
        "partition_by",
        "storage_prefix",
        "partition_columns",
        "target_lag",
    }
)
"""Settings of a strategy that decide which rows are replaced; the others only decide how much is done at a time."""
_OPEN = "none"
"""The mask that shows everything."""

Metadata = Mapping[str, str]


def changed_settings(base: Model, head: Model) -> Iterator[Found]:
    """Everything but columns and SQL; ``base`` is the model's former self, under whatever name."""
    yield from _strategy(base, head)
    yield from _target(base, head)
    before, after = dict(base.metadata), dict(head.metadata)
    yield from _sources(head, before, after=after)
    yield from _lakehouse(head, before, after=after)


def changed_masks(projects: Projects, changed: Iterable[str], *, renamed: Mapping[str, str]) -> Iterator[Found]:
    """Columns that are shown to more people than before, or to fewer.

    ``[mask]`` is the project's: when it is edited, every model can be concerned, not only those that ``changed``.
    """
    environments = {"", *(mask.environment for mask in (*projects.base.masks, *projects.head.masks))}
    names = changed if projects.base.masks == projects.head.masks else projects.head.models
    for name in names:
        head, base = projects.head.models.get(name), projects.base.models.get(renamed.get(name, name))
        if head is None or base is None:
            continue
        before, after = (
            _masks(model, project, environments=environments)
            for model, project in ((base, projects.base), (head, projects.head))
        )
        for column in sorted(before.keys() | after.keys()):
            old, new = before.get(column, {}), after.get(column, {})
            if old != new:
                tag = head.classification.get(column, "")
                retagged = base.classification.get(column) != tag
                yield _mask(head, column, before=old, after=new, tag=None if retagged else tag)


def _found(
    kind: FindingKind, head: Model, *, message: str, setting: tuple[str, ...], severity: Impact | None = None
) -> Found:
    path = head.sidecar_path or head.path
    return Finding(head.name, kind, severity or USUAL_IMPACT[kind], message, path), Anchor(setting)


def _strategy(base: Model, head: Model) -> Iterator[Found]:
    before, after = base.method, head.method
    if before != after:
        message = f"its strategy changes from `{before}` to `{after}`"
        kind = FindingKind.MATERIALIZATION_STRATEGY_CHANGED
        yield _found(kind, head, message=message, setting=("strategy", "type"))
        return
    old, new = _settings(base.strategy), _settings(head.strategy)
    for key in sorted(_KEYS & (old.keys() | new.keys())):
        if old.get(key) != new.get(key):
            message = f"its `{key}` changes from {_shown(old.get(key))} to {_shown(new.get(key))}"
            severity = Impact.WARNING if key == "target_lag" else None
            kind = FindingKind.MATERIALIZATION_KEY_CHANGED
            yield _found(kind, head, message=message, setting=("strategy", key), severity=severity)


def _target(base: Model, head: Model) -> Iterator[Found]:
    """Rocky pairs models by their targets, and so never says this; here they are paired by name."""
    old, new = base.target, head.target
    if old != new:
        key = "catalog" if old.catalog != new.catalog else "schema" if old.schema != new.schema else "table"
        message = f"its target moves from {old} to {new}"
        yield _found(FindingKind.TARGET_RENAMED, head, message=message, setting=("target", key))


def _sources(head: Model, before: Metadata, *, after: Metadata) -> Iterator[Found]:
    old, new = (_relations(side.get("sources")) for side in (before, after))
    gone, more = sorted(old - new), sorted(new - old)
    if gone or more:
        parts = [f"without {', '.join(gone)}"] if gone else []
        parts += [f"with {', '.join(more)}"] if more else []
        message = f"it declares its sources {' and '.join(parts)} now"
        yield _found(FindingKind.SOURCE_CHANGED, head, message=message, setting=("sources",))


def _lakehouse(head: Model, before: Metadata, *, after: Metadata) -> Iterator[Found]:
    old, new = (_mapping(side.get("format_options")) for side in (before, after))
    if old.get("partition_by") != new.get("partition_by"):
        was, now = (_shown(side.get("partition_by")) for side in (old, new))
        message = f"its `partition_by` changes from {was} to {now}"
        yield _found(
            FindingKind.PARTITION_BY_CHANGED, head, message=message, setting=("format_options", "partition_by")
        )
    kind = FindingKind.LAKEHOUSE_FORMAT_CHANGED
    if before.get("format") != after.get("format"):
        message = f"its format changes from {_shown(before.get('format'))} to {_shown(after.get('format'))}"
        yield _found(kind, head, message=message, setting=("format",))
    for key in sorted((old.keys() | new.keys()) - {"partition_by"}):
        if old.get(key) != new.get(key):
            message = f"its format option `{key}` changes from {_shown(old.get(key))} to {_shown(new.get(key))}"
            yield _found(kind, head, message=message, setting=("format_options", key))


def _mask(head: Model, column: str, *, before: Mapping[str, str], after: Mapping[str, str], tag: str | None) -> Found:
    """One column's masks by environment; the first difference says what it is, a lost mask before all others.

    ``tag`` is what stands for the mask in rocky.toml, None where the column was given another tag.
    """
    lost = sorted(before.keys() - after.keys())
    environment = [*lost, *sorted(key for key in after if after[key] != before.get(key))][0]
    where = f" in {environment}" if environment else ""
    old, new = before.get(environment), after.get(environment)
    if new is None:
        message = f"column `{column}` is no longer masked ({old}){where}"
    elif old is None:
        message = f"column `{column}` is masked now ({new}){where}"
    else:
        message = f"the mask of column `{column}` changes from {old} to {new}{where}"
    severity = Impact.BREAKING if lost else None
    setting = ("classification", column) if tag is None else ("mask", *filter(None, [environment]), tag)
    finding, anchor = _found(FindingKind.COLUMN_MASK_CHANGED, head, message=message, setting=setting, severity=severity)
    return replace(finding, column=column), anchor


def _masks(model: Model, project: Project, *, environments: Iterable[str]) -> dict[str, dict[str, str]]:
    """For each column its mask in each environment: an environment's own, else the usual one."""
    usual = {mask.tag: mask.strategy for mask in project.masks if not mask.environment}
    found: dict[str, dict[str, str]] = {}
    for column, tag in model.classification.items():
        for environment in environments:
            own = {mask.tag: mask.strategy for mask in project.masks if mask.environment == environment}
            strategy = own.get(tag, usual.get(tag, _OPEN))
            if strategy != _OPEN:
                found.setdefault(column, {})[environment] = strategy
    return found


def _settings(strategy: Strategy) -> dict[str, object]:
    if isinstance(strategy, WarehouseOnly):
        lists = {key: json.loads(value) for key, value in strategy.settings if key == "partition_columns"}
        return {**dict(strategy.settings), **lists}
    return {field.name: getattr(strategy, field.name) for field in fields(strategy)}


def _mapping(text: str | None) -> dict[str, object]:
    """Metadata is kept as JSON; what is no table there says nothing here."""
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def _relations(text: str | None) -> set[str]:
    value = json.loads(text) if text else []
    tables = (one for one in value if isinstance(one, dict))
    return {".".join(str(one.get(part, "")) for part in ("catalog", "schema", "table")) for one in tables}


def _shown(value: object) -> str:
    if value is None or value in ((), []):
        return "none"
    return ", ".join(f"`{one}`" for one in (value if isinstance(value, (list, tuple)) else (value,)))
