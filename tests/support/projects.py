"""Rocky projects as dicts of path and text."""

from __future__ import annotations

from collections.abc import Mapping

from rocky_action.domain.project import Model, Project
from rocky_action.projects.rocky import RockyLoader
from tests.support.trees import tree

ROCKY_TOML = """\
[adapter]
type = "duckdb"
path = "shop.duckdb"

[pipeline.shop]
type = "transformation"
models = "models/**"

[pipeline.shop.target]
"""

DEFAULTS = """\
[target]
catalog = "shop"
schema = "main"
"""


def project_files(models: Mapping[str, str], config: str = ROCKY_TOML) -> dict[str, str]:
    """A project on DuckDB: each model's SQL by name, with an empty sidecar, built in schema main."""
    files = {"rocky.toml": config, "models/_defaults.toml": DEFAULTS}
    for name, sql in models.items():
        files[f"models/{name}.sql"] = sql
        files[f"models/{name}.toml"] = ""
    return files


def load(
    files: Mapping[str, str],
    *,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    pipeline: str | None = None,
    models: str | None = None,
) -> Project:
    loader = RockyLoader(environ=environ or {}, variables=variables or {}, pipeline=pipeline, models=models)
    return loader.load(tree(files))


def load_model(sidecar: str, *, sql: str = "SELECT 1 AS id", more: Mapping[str, str] | None = None) -> Model:
    """The one model ``orders`` of a project with this sidecar."""
    files = project_files({"orders": sql}) | {"models/orders.toml": sidecar} | dict(more or {})
    return load(files).models["orders"]
