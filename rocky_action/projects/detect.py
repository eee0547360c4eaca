"""Which project format a tree holds."""

from __future__ import annotations

import posixpath
from typing import Literal

from rocky_action.errors import ProjectError
from rocky_action.ports import SourceTree


def detect(tree: SourceTree, config_path: str = "rocky.toml") -> Literal["rocky"]:
    """The format of the project in a tree. Raises ProjectError, with the way out, when it is none that can be read."""
    paths = tree.paths()
    if config_path in paths:
        return "rocky"
    if "dbt_project.yml" in paths:
        raise ProjectError(
            f"dbt_project.yml: this is a dbt project, and dbt is not supported yet (in {tree.label})",
            advice="Only Rocky projects, which have a rocky.toml, can be previewed.",
        )
    elsewhere = [path for path in paths if posixpath.basename(path) == posixpath.basename(config_path)]
    if elsewhere:
        advice = f"There is {' and '.join(elsewhere[:3])}: run in that folder, or give its path with --config."
    else:
        advice = "Run in the folder that holds rocky.toml, or give its path with --config."
    raise ProjectError(f"{config_path} is missing (in {tree.label})", advice=advice)
