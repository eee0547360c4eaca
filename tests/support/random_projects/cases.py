"""A case: a project on both sides of a pull request, as files; and the form in which a case is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from rocky_action.domain.project import Project, Projects
from tests.support.projects import DEFAULTS, ROCKY_TOML, load
from tests.support.random_projects.generator import Generated, random_project
from tests.support.random_projects.oracle import Database
from tests.support.random_projects.pull_requests import PullRequest, random_pull_request
from tests.support.random_projects.queries import Draft

Files = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Base and head as the files of models (queries and sidecars), over the same sources; ``edits`` says what was
    done.
    """

    name: str
    sources: str
    base: Files
    head: Files
    edits: tuple[tuple[str, str], ...] = ()

    def projects(self) -> Projects:
        """Both sides as the product loads them."""
        return Projects(_load(self.base), _load(self.head))

    def with_only(self, model: str) -> Case:
        """The case in which nothing is edited but this model, which both sides have."""
        own = {path: text for path, text in self.head.items() if path.startswith(f"models/{model}.")}
        return replace(self, head={**self.base, **own})


@dataclass(frozen=True)
class Kept:
    """A case with what is known about it.

    ``differs`` is what DuckDB says, exactly; ``must_run`` has to be in the prune set, and ``tight`` has not to be.
    """

    why: str
    case: Case
    differs: frozenset[str]
    must_run: frozenset[str]
    tight: frozenset[str] = field(default=frozenset())


def files_of(drafts: Iterable[Draft]) -> dict[str, str]:
    """The files of some models, by path."""
    return {path: text for draft in drafts for path, text in draft.files().items()}


PER_PROJECT = 4
"""How many pull requests each project gets: building base is the dear part, and is done once for all of them."""


def random_case(seed: int, database: Database) -> Case:
    """The case with this number; the same on every machine."""
    number = seed // PER_PROJECT
    project = database.once(("project", number), lambda: random_project(Random(number), database))  # noqa: S311
    pull_request = random_pull_request(Random(f"{seed}"), project)  # noqa: S311
    return case_of(f"seed {seed}", project, pull_request=pull_request)


def case_of(name: str, project: Generated, *, pull_request: PullRequest) -> Case:
    """What a pull request makes of a project."""
    head = files_of(pull_request.on(project.drafts))
    edits = tuple((one.kind, one.model) for one in pull_request.edited)
    return Case(name, project.sources, files_of(project.drafts), head, edits)


def _load(files: Files) -> Project:
    return load({"rocky.toml": ROCKY_TOML, "models/_defaults.toml": DEFAULTS, **files})


def read_case(path: Path) -> Kept:
    """A kept case. A query without a sidecar gets an empty one; head says only what is not as in base, null is gone."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = _with({}, found.pop("base"))
    head = _with(base, found.pop("head"))
    edits = tuple((str(kind), str(model)) for kind, model in found.pop("edits", []))
    case = Case(path.stem, found.pop("sources"), base, head, edits)
    differs = frozenset(found.pop("differs"))
    must_run = frozenset(found.pop("must_run", ())) | differs
    kept = Kept(found.pop("why"), case, differs, must_run, frozenset(found.pop("tight", ())))
    assert not found, f"{path.name}: unknown keys {sorted(found)}"
    return kept


def written(kept: Kept) -> str:
    """The text of a kept case, which `read_case` reads."""
    case = kept.case
    gone: dict[str, str | None] = dict.fromkeys(path for path in case.base if path not in case.head)
    changed = {path: text for path, text in case.head.items() if case.base.get(path) != text}
    document: dict[str, object] = {
        "why": kept.why,
        "edits": [list(edit) for edit in case.edits],
        "sources": case.sources,
        "base": _short(case.base),
        "head": _short({**changed, **gone}),
        "differs": sorted(kept.differs),
        "must_run": sorted(kept.must_run),
        "tight": sorted(kept.tight),
    }
    return yaml.dump(document, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=120)


class _Blocks(yaml.SafeDumper):
    """Text of several lines as a block, as a person would write it."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _block)


def _with(files: Files, changes: Mapping[str, str | None]) -> dict[str, str]:
    after = dict(files)
    for name, text in changes.items():
        path = f"models/{name}"
        if text is not None:
            after[path] = text
            if not name.endswith(".toml"):
                after.setdefault(f"models/{name.rpartition('.')[0]}.toml", "")
        else:
            del after[path]
            after.pop(f"models/{name.rpartition('.')[0]}.toml", None)
    return after


def _short(files: Mapping[str, str | None]) -> dict[str, str | None]:
    """Paths without their folder; the sidecar of a model that is gone goes without saying, an empty one too."""
    gone = {path for path, text in files.items() if text is None and not path.endswith(".toml")}
    silent = {f"{path.rpartition('.')[0]}.toml" for path in gone} | {
        path for path, text in files.items() if path.endswith(".toml") and not text
    }
    return {path.removeprefix("models/"): text for path, text in files.items() if path not in silent or path in gone}
