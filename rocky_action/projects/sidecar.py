"""One model out of its sidecar (or front matter), its group and its folder's defaults.

See docs/rocky-format.md, 2.3 to 2.8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rocky_action.domain.options import TOLERANCE_TEXTS, ModelOptions, Tolerance, tolerance_of
from rocky_action.domain.project import (
    FullRefresh,
    Model,
    Problem,
    Relation,
    Strategy,
    SurrogateKey,
    TimeInterval,
)
from rocky_action.projects.config import read_budget
from rocky_action.projects.data_tests import read_tests
from rocky_action.projects.folder import Folder, Group, freshness
from rocky_action.projects.mistakes import nearest
from rocky_action.projects.model_files import ModelFile
from rocky_action.projects.names import is_catalog, is_identifier
from rocky_action.projects.strategies import read_strategy
from rocky_action.projects.toml import Table, canonical
from rocky_action.projects.variables import fill_variables

_DATA_KEYS = ("name", "depends_on", "strategy", "target", "surrogate_key")
"""Keys that can change what a model's relation holds, or where it is; all others are metadata."""
_KEYS = (
    *_DATA_KEYS,
    "adapter",
    "args",
    "budget",
    "classification",
    "columns",
    "format",
    "format_options",
    "freshness",
    "governance",
    "group",
    "intent",
    "preview",
    "retention",
    "skip",
    "sources",
    "tags",
    "test",
    "tests",
    "use_test",
)
_PREVIEW_KEYS = (
    "key",
    "ignore_columns",
    "mask_columns",
    "tolerances",
    "where",
    "ignore_case",
    "ignore_trailing_blanks",
    "json_columns",
)
_ALONE = ("warehouse", "default")
"""Catalog and schema of a ``.rocky`` file without a sidecar, where the folder's defaults name none."""


@dataclass(frozen=True)
class Surroundings:
    """What a model needs to know beyond its own files."""

    folder: Folder
    dialect: str
    variables: Mapping[str, str]


def read_model(file: ModelFile, around: Surroundings) -> Model | None:
    """The model; None where it has no name or target to go by. Mistakes are noted."""
    config = file.config
    config.unknown(_KEYS, verdict="warning")
    name = config.text("name")
    name = file.stem if name is None else name
    if not is_identifier(name):
        config.wrong("name", f"the model's name is {config.document.show(name)}, expected letters, digits and _ only")
    group = _group(config, around.folder)
    strategy = read_strategy(config)
    target = _target(file, around, name=name, group=group)
    _check_enforced(config, group, has_strategy=strategy is not None)
    inherited = group.strategy if group is not None and group.strategy is not None else around.folder.defaults.strategy
    strategy = strategy or inherited or FullRefresh()
    tests = read_tests(config, around.folder.tests)
    depends_on = config.texts("depends_on") or ()
    keys = _surrogate_keys(file, strategy)
    budget, options = read_budget(config), _options(config)
    metadata = _metadata(file, group, folder=around.folder)
    if target is None:
        return None
    sql = _sql(file, name, variables=around.variables)
    return Model(
        name=name,
        path=file.path,
        sql=sql,
        target=target,
        strategy=strategy,
        language="rocky" if file.is_rocky else "sql",
        depends_on=tuple(dict.fromkeys(depends_on)),
        surrogate_keys=keys,
        tests=tests,
        budget=budget,
        options=options,
        metadata=metadata,
        sidecar_path=file.sidecar_path,
        problem=_problem(strategy, sql=sql),
        first_line=file.first_line,
    )


def _group(config: Table, folder: Folder) -> Group | None:
    name = config.text("group")
    if name is None:
        if "args" in config.values:
            config.warn("args", '"args" is ignored: it fills the schema_template of a group, and no group is named')
        return None
    if name not in folder.groups:
        message = f"group {config.document.show(name)} does not exist in this folder's groups/"
        config.wrong("group", message, advice=nearest(name, folder.groups))
    return folder.groups.get(name)


def _target(file: ModelFile, around: Surroundings, *, name: str, group: Group | None) -> Relation | None:
    config, defaults = file.config, around.folder.defaults
    own = config.table("target")
    if own is not None:
        own.unknown(("catalog", "schema", "table"), verdict="warning")
    own_schema = own.text("schema") if own is not None else None
    grouped = _schema_of_group(config, group, pinned=own_schema is not None)
    found = {
        "catalog": _first(own.text("catalog") if own is not None else None, defaults.catalog),
        "schema": _first(own_schema, grouped, defaults.schema),
    }
    if file.stands_alone:
        found = {"catalog": _first(found["catalog"], _ALONE[0]), "schema": _first(found["schema"], _ALONE[1])}
    table = _first(own.text("table") if own is not None else None, name)
    for key, value in found.items():
        if value is None:
            advice = f"Set {key} under [target] there, or in _defaults.toml of the same folder."
            config.wrong("target", f'model "{name}" has no target.{key}', advice=advice)
    catalog, schema = found["catalog"], found["schema"]
    if catalog is not None and around.dialect and not is_catalog(catalog, around.dialect):
        _wrong_name(config, "catalog", value=catalog)
    if schema is not None and not is_identifier(schema):
        _wrong_name(config, "schema", value=schema)
    if table is not None and not is_identifier(table) and own is not None and "table" in own.values:
        _wrong_name(config, "table", value=table)
    return None if catalog is None or schema is None or table is None else Relation(catalog, schema, table)


def _wrong_name(config: Table, key: str, *, value: str) -> None:
    message = f"target.{key} is {config.document.show(value)}, expected letters, digits and _ only"
    line = config.document.line(("target", key))
    config.document.mistakes.note(config.document.path, message, line=line)


def _first(*values: str | None) -> str | None:
    for value in values:
        if value is not None:
            return value
    return None


def _schema_of_group(config: Table, group: Group | None, *, pinned: bool) -> str | None:
    arguments = config.string_map("args")
    if group is None:
        return None
    if "args" in config.values and pinned:
        config.wrong("args", '"args" fills the schema of the group, but target.schema is set too', advice="Drop one.")
    if group.schema_template is None or pinned:
        return None
    schema = re.sub(r"\{(\w+)\}", lambda match: arguments.get(match[1], match[0]), group.schema_template)
    unfilled = re.findall(r"\{[^}]*\}?", schema)
    if unfilled:
        message = f"{', '.join(unfilled)} of the schema_template in {group.path} is not filled"
        config.wrong("args" if "args" in config.values else "group", message, advice="Give it a value under [args].")
        return None
    if not is_identifier(schema):
        message = f"the schema_template in {group.path} gives {config.document.show(schema)}, expected an identifier"
        config.wrong("args" if "args" in config.values else "group", message)
        return None
    return schema


def _check_enforced(config: Table, group: Group | None, *, has_strategy: bool) -> None:
    if group is None or not group.enforce:
        return
    own = config.values.get("target")
    advice = f"Remove it here, or set enforce = false in {group.path}."
    if has_strategy and group.strategy is not None:
        config.wrong("strategy", f"{group.path} enforces its strategy, and this model sets its own", advice=advice)
    if isinstance(own, dict) and "schema" in own and group.schema_template is not None:
        config.wrong("target", f"{group.path} enforces its schema, and this model sets its own", advice=advice)


def _surrogate_keys(file: ModelFile, strategy: Strategy) -> tuple[SurrogateKey, ...]:
    keys: list[SurrogateKey] = []
    for table in file.config.tables("surrogate_key"):
        name, columns = table.text("name", required=True), table.texts("columns", required=True)
        if name is not None and not is_identifier(name):
            table.wrong("name", f"the surrogate key's name is {table.document.show(name)}, expected an identifier")
        if name is not None and columns is not None:
            keys.append(SurrogateKey(name, columns))
    if keys and (file.is_rocky or isinstance(strategy, TimeInterval)):
        what = ".rocky files" if file.is_rocky else "time_interval models"
        file.config.warn("surrogate_key", f"surrogate keys are ignored: Rocky does not add them to {what}")
        return ()
    return tuple(keys)


def _options(config: Table) -> ModelOptions:
    table = config.table("preview")
    if table is None:
        return ModelOptions()
    table.unknown(_PREVIEW_KEYS, verdict="mistake")
    tolerance = table.table("tolerances")
    tolerances = () if tolerance is None else ((name, _tolerance(tolerance, name)) for name in sorted(tolerance.values))
    return ModelOptions(
        key=table.texts("key"),
        ignore_columns=table.texts("ignore_columns") or (),
        mask_columns=table.texts("mask_columns") or (),
        tolerances=tuple((name, value) for name, value in tolerances if value is not None),
        where=table.text("where"),
        ignore_case=table.texts("ignore_case") or (),
        ignore_trailing_blanks=table.texts("ignore_trailing_blanks") or (),
        json_columns=table.texts("json_columns") or (),
    )


def _tolerance(table: Table, name: str) -> Tolerance | None:
    """A number or a text; None for a wrong one, which is noted."""
    value = table.values[name]
    if not isinstance(value, str):
        number = table.number(name)
        return None if number is None else Tolerance(number)
    found = tolerance_of(value)
    if found is None:
        table.wrong(name, f"the tolerance is {table.document.show(value)}, expected {TOLERANCE_TEXTS}")
    return found


def _metadata(file: ModelFile, group: Group | None, *, folder: Folder) -> tuple[tuple[str, str], ...]:
    """Everything that cannot change data, inherited values included, as text that only equality is asked of."""
    config = file.config
    _check_metadata(config)
    values: dict[str, object] = dict(folder.defaults.metadata)
    values |= {key: value for key, value in config.values.items() if key not in _DATA_KEYS}
    if group is not None:
        values["tags"] = {**group.tags, **config.string_map("tags")}
        values["group governance"] = dict(group.governance_tags)
    if "use_test" in config.values:
        used = (table.values.get("name") for table in config.tables("use_test"))
        found = (folder.tests.get(name) for name in used if isinstance(name, str))
        values["used tests"] = [definition.values for definition in found if definition is not None]
    if file.contract is not None:
        values["contract"] = file.contract
    return tuple(sorted((key, canonical(value)) for key, value in values.items()))


def _check_metadata(config: Table) -> None:
    for key in config.values:
        match key:
            case "adapter" | "intent" | "format":
                config.text(key)
            case "tags" | "classification":
                config.string_map(key)
            case "governance":
                governance = config.table(key)
                if governance is not None:
                    governance.string_map("tags")
            case "columns" | "format_options" | "skip":
                config.table(key)
            case "freshness":
                freshness(config)
            case "test":
                config.tables(key)
            case "sources":
                _check_sources(config)
            case "retention":
                _check_retention(config)
            case _:
                pass


def _check_sources(config: Table) -> None:
    for source in config.tables("sources"):
        for key in ("catalog", "schema", "table"):
            source.text(key, required=True)


def _check_retention(config: Table) -> None:
    retention = config.text("retention")
    if retention is not None and re.fullmatch(r"[0-9]+[dy]", retention) is None:
        config.wrong(
            "retention", f'"retention" is {config.document.show(retention)}, expected digits and d or y: "90d"'
        )


def _sql(file: ModelFile, name: str, *, variables: Mapping[str, str]) -> str:
    if file.is_rocky:
        return file.text
    sql, unset = fill_variables(file.text, variables)
    for variable, line in unset:
        message = f'model "{name}" needs variable {variable}, which has no value and no default'
        advice = f"Give it with --var {variable}=value, or write @var({variable}, default)."
        file.config.document.mistakes.note(file.path, message, line=file.first_line - 1 + line, advice=advice)
    return sql


def _problem(strategy: Strategy, *, sql: str) -> Problem | None:
    if isinstance(strategy, TimeInterval) and "@start_date" not in sql and "@end_date" not in sql:
        message = "a time_interval model must use @start_date or @end_date, and this query uses neither"
        return Problem(message, advice="Filter its time column by them, or choose another strategy.")
    return None
