"""Where models' settings stand: in a sidecar, in a group's file, or in a folder's defaults."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from rocky_action.domain.project import Model, Setting
from rocky_action.ports import SourceTree
from rocky_action.projects.lines import Path, locate

_GROUP = re.compile(r"""=\s*["'](\w+)["']""")
_MASK, _BUDGET = "mask", "budget"
"""Tables of rocky.toml: of the first only that one counts, the second is where a model's own budget is not."""


def locate_settings(
    asked: Sequence[tuple[Model, Setting]], *, tree: SourceTree, config_path: str
) -> tuple[tuple[str, int] | None, ...]:
    """For each the file and the line of the setting, the nearest file first; else the table in the model's own file.

    The tree is read twice at most: groups are known once the models' own files are.
    """
    models = {model.path: model for model, setting in asked if setting[0] != _MASK}.values()
    wanted = {path for model in models for path in (_own(model), _defaults(model))}
    texts = _texts(tree, wanted | {config_path for _, setting in asked if setting[0] in {_MASK, _BUDGET}})
    for model in models:
        if model.sidecar_path is None:  # front matter: what follows it is SQL, which can look like settings
            texts[model.path] = "\n".join(texts[model.path].split("\n")[: model.first_line - 1])
    lines = {path: locate(text) for path, text in texts.items()}
    groups = {model.path: _group(model, texts[_own(model)], lines=lines[_own(model)]) for model in models}
    lines |= {path: locate(text) for path, text in _texts(tree, filter(None, groups.values())).items()}
    found: list[tuple[str, int] | None] = []
    for model, setting in asked:
        mine = [_own(model), groups.get(model.path) or "", _defaults(model)]
        mine += [config_path] if setting[0] == _BUDGET else []
        found.append(_first(setting, [config_path] if setting[0] == _MASK else mine, lines=lines))
    return tuple(found)


def _first(
    setting: Setting, paths: Sequence[str], *, lines: Mapping[str, Mapping[Path, int]]
) -> tuple[str, int] | None:
    around = [(paths[0], setting[:length]) for length in range(len(setting) - 1, 0, -1)]
    for path, keys in (*((path, setting) for path in paths), *around):
        if keys in lines.get(path, {}):
            return path, lines[path][keys]
    return None


def _own(model: Model) -> str:
    return model.sidecar_path or model.path


def _defaults(model: Model) -> str:
    return posixpath.join(posixpath.dirname(model.path), "_defaults.toml")


def _group(model: Model, text: str, *, lines: Mapping[Path, int]) -> str | None:
    at = lines.get(("group",))
    name = None if at is None else _GROUP.search(text.split("\n")[at - 1])
    return None if name is None else posixpath.join(posixpath.dirname(model.path), "groups", f"{name[1]}.toml")


def _texts(tree: SourceTree, paths: Iterable[str]) -> dict[str, str]:
    wanted = dict.fromkeys(sorted(paths), b"")
    return {path: text.decode("utf-8", "replace") for path, text in {**wanted, **tree.read(wanted)}.items()}
