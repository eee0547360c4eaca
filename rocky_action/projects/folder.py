"""What the models of one folder share: ``_defaults.toml``, ``groups/``, ``test_definitions.toml``.

See docs/rocky-format.md, 2.4, 2.5.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from rocky_action.domain.project import Strategy
from rocky_action.projects.files import Files
from rocky_action.projects.strategies import read_strategy
from rocky_action.projects.toml import Table

_GROUPS = "groups"
_TESTS = "test_definitions.toml"
DEFAULTS = "_defaults.toml"
_SHARED = (DEFAULTS, _TESTS)
_NOT_SHARED = ("name", "depends_on", "sources")


@dataclass(frozen=True)
class Defaults:
    """What ``_defaults.toml`` gives to every model of its folder; None where it says nothing."""

    catalog: str | None = None
    schema: str | None = None
    strategy: Strategy | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def wanting(self) -> tuple[str, ...]:
        """The keys of a target that each model of the folder has to bring."""
        given = {"catalog": self.catalog, "schema": self.schema}
        return tuple(key for key, value in given.items() if value is None)


@dataclass(frozen=True)
class Group:
    """What ``groups/NAME.toml`` gives to its members; ``enforce`` forbids them to say otherwise."""

    path: str
    schema_template: str | None
    strategy: Strategy | None
    tags: Mapping[str, str]
    governance_tags: Mapping[str, str]
    enforce: bool


@dataclass(frozen=True)
class Folder:
    """Metadata of one folder, which subfolders do not inherit. A group or test that could not be read is None."""

    defaults: Defaults = Defaults()
    groups: Mapping[str, Group | None] = field(default_factory=dict)
    tests: Mapping[str, Table | None] = field(default_factory=dict)


def metadata_paths(directories: Collection[str], paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each folder of models the metadata files that its models share."""
    found: dict[str, list[str]] = {directory: [] for directory in sorted(directories)}
    for path in sorted(path for path in paths if path.endswith(_SHARED) or f"{_GROUPS}/" in path):
        directory, name = posixpath.split(path)
        if name in _SHARED and directory in found:
            found[directory].append(path)
        above, last = posixpath.split(directory)
        if last == _GROUPS and name.endswith(".toml") and above in found:
            found[above].append(path)
    return {directory: tuple(names) for directory, names in found.items()}


def read_folder(directory: str, files: Files, *, paths: Iterable[str]) -> Folder:
    """The metadata of one folder from its metadata files; mistakes are noted."""
    defaults, groups, tests = Defaults(), dict[str, Group | None](), dict[str, Table | None]()
    for path in paths:
        table = files.table(path)
        above, name = posixpath.split(path)
        if above != directory:
            groups[name.removesuffix(".toml")] = None if table is None else _group(table)
        elif table is None:
            continue
        elif name == _TESTS:
            tests = {key: table.table(key) for key in table.values}
        else:
            defaults = _defaults(table)
    return Folder(defaults, groups, tests)


def _defaults(table: Table) -> Defaults:
    for key in _NOT_SHARED:
        if key in table.values:
            table.wrong(
                key, f'"{key}" belongs to one model and cannot be a default', advice=f"Move {key} to a sidecar."
            )
    table.unknown(("target", "strategy", "intent", "freshness", *_NOT_SHARED), verdict="warning")
    target = table.table("target")
    if target is not None:
        target.unknown(("catalog", "schema"), verdict="warning")
    metadata = {"intent": table.text("intent"), "freshness": freshness(table)}
    return Defaults(
        catalog=target.text("catalog") if target is not None else None,
        schema=target.text("schema") if target is not None else None,
        strategy=read_strategy(table),
        metadata={key: value for key, value in metadata.items() if value is not None},
    )


def freshness(holder: Table) -> Mapping[str, object] | None:
    """The ``[freshness]`` of a model or of the defaults, None if there is none."""
    table = holder.table("freshness")
    if table is None:
        return None
    for key in ("max_lag_seconds", "expected_lag_seconds"):
        table.integer(key)
    table.text("time_column")
    table.choice("severity", ("error", "warning"))
    return table.values


def _group(table: Table) -> Group:
    table.unknown(("schema_template", "strategy", "tags", "governance", "enforce"), verdict="mistake")
    governance = table.table("governance")
    if governance is not None:
        governance.unknown(("tags",), verdict="mistake")
    return Group(
        path=table.document.path,
        schema_template=table.text("schema_template"),
        strategy=read_strategy(table),
        tags=table.string_map("tags"),
        governance_tags=governance.string_map("tags") if governance is not None else {},
        enforce=table.boolean("enforce") or False,
    )
