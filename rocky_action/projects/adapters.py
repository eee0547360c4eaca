"""``rocky.toml`` alone: which adapter a project builds with, whatever may be wrong with its models."""

from __future__ import annotations

from collections.abc import Mapping

from rocky_action.domain.project import Adapter
from rocky_action.ports import SourceTree
from rocky_action.projects.config import Config, read_config
from rocky_action.projects.detect import detect
from rocky_action.projects.files import Files
from rocky_action.projects.mistakes import Mistakes

UNREADABLE = "this file is listed but cannot be read"


def read_adapter(
    tree: SourceTree, config_path: str, *, environ: Mapping[str, str], pipeline: str | None = None
) -> Adapter:
    """The adapter of the project at a tree's root. Raises ProjectError."""
    detect(tree, config_path)
    mistakes = Mistakes()
    config = read_root(Files(tree.read([config_path]), mistakes, environ), config_path, pipeline=pipeline)
    if config is None or config.adapter is None:
        raise mistakes.error(tree.label)
    return config.adapter


def read_root(files: Files, config_path: str, *, pipeline: str | None) -> Config | None:
    """What ``rocky.toml`` says, None where it cannot be told; mistakes are noted with the files."""
    if config_path not in files:
        files.mistakes.note(config_path, UNREADABLE)
        return None
    root = files.config(config_path)
    return None if root is None else read_config(root, pipeline)
