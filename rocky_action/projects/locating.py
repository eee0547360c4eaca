"""Where a model's setting stands: in its sidecar, in its group's file, or in its folder's defaults."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rocky_action.domain.project import Model
from rocky_action.ports import SourceTree
from rocky_action.projects.lines import locate

_GROUP = re.compile(r"""=\s*["'](\w+)["']""")


def locate_setting(
    model: Model, setting: tuple[str, ...], *, tree: SourceTree, config_path: str
) -> tuple[str, int] | None:
    """The file and the line of the setting, or of the table that it would stand in; the nearest file counts.

    Masks are the project's: ``("mask", TAG)`` is looked for in rocky.toml.
    """
    files = [(config_path, _text(tree, config_path))] if setting[0] == "mask" else list(_files(tree, model))
    found = [(path, locate(text)) for path, text in files]
    for length in range(len(setting), 0, -1):
        for path, lines in found:
            if setting[:length] in lines:
                return path, lines[setting[:length]]
    return None


def _files(tree: SourceTree, model: Model) -> Iterator[tuple[str, str]]:
    """The files that can give a model its settings, the one that wins first."""
    own = model.sidecar_path or model.path
    text = _text(tree, own)
    if model.sidecar_path is None:  # front matter: what follows it is SQL, which can look like settings
        text = "\n".join(text.split("\n")[: model.first_line - 1])
    yield own, text
    folder = posixpath.dirname(model.path)
    at = locate(text).get(("group",))
    group = None if at is None else _GROUP.search(text.split("\n")[at - 1])
    for name in (*([f"groups/{group[1]}.toml"] if group else ()), "_defaults.toml"):
        path = posixpath.join(folder, name)
        yield path, _text(tree, path)


def _text(tree: SourceTree, path: str) -> str:
    return tree.read([path]).get(path, b"").decode("utf-8", "replace")
