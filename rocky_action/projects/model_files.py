"""A model's files: its query, and its metadata beside it or in front of it (docs/rocky-format.md, 2.1, 2.2)."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rocky_action.projects.files import Files
from rocky_action.projects.folder import DEFAULTS
from rocky_action.projects.toml import Table

_OPENING = "---toml"
_CLOSING = "\n---"


@dataclass(frozen=True)
class ModelFile:
    """A query as written and its metadata as written. ``first_line`` is where ``text`` begins in the file.

    ``sidecar_path`` is None for front matter and for a ``.rocky`` file that stands alone.
    """

    path: str
    text: str
    first_line: int
    config: Table
    sidecar_path: str | None = None
    contract: str | None = None

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return stem(self.path)

    @property
    def is_rocky(self) -> bool:
        """True for the ``.rocky`` language."""
        return self.path.endswith(".rocky")

    @property
    def stands_alone(self) -> bool:
        """True for a ``.rocky`` file without any metadata of its own."""
        return self.is_rocky and self.sidecar_path is None


def stem(path: str) -> str:
    """A path's file name without its extension."""
    return posixpath.splitext(posixpath.basename(path))[0]


@lru_cache(maxsize=2**16)
def companion_names(path: str) -> tuple[str, str]:
    """What the files that belong to one model would be called: its sidecar and its contract."""
    base = posixpath.splitext(path)[0]
    return f"{base}.toml", f"{base}.contract.toml"


def companions(path: str, paths: Collection[str]) -> tuple[str, ...]:
    """The files that belong to one model, as far as they exist."""
    return tuple(name for name in companion_names(path) if name in paths)


def read_model_file(path: str, files: Files, *, wanting: Sequence[str] = ()) -> ModelFile | None:
    """One model's files; None (and a mistake) if they cannot be read.

    ``wanting`` are the keys of its target that its folder does not give: whoever writes metadata has to write them.
    """
    sidecar, contract = companion_names(path)
    promised = files.contents[contract].decode("utf-8", "replace") if contract in files else None
    text = files.text(path)
    config = files.table(sidecar) if sidecar in files else None
    if text is None or (config is None and sidecar in files):
        return None
    starts_with_metadata = text.lstrip().startswith(_OPENING)
    if config is not None:
        if starts_with_metadata:
            message = f"there is metadata here and in {sidecar} too"
            files.mistakes.note(path, message, advice="Keep it in one place.")
        return ModelFile(path, text.strip(), _line_of_text(text, 0), config, sidecar, promised)
    if path.endswith(".rocky"):
        return ModelFile(path, text.strip(), _line_of_text(text, 0), files.empty(path), None, promised)
    if not starts_with_metadata:
        advice = f"Add {sidecar}, or begin the file with ---toml and end that by ---."
        if wanting:
            keys = " and ".join(f"target.{key}" for key in wanting)
            advice += f" It needs {keys}, there or in {posixpath.join(posixpath.dirname(path), DEFAULTS)}."
        files.mistakes.note(path, "this model has no metadata", advice=advice)
        return None
    begin = text.index(_OPENING) + len(_OPENING)
    end = text.find(_CLOSING, begin)
    if end < 0:
        line = text.count("\n", 0, begin) + 1
        message, advice = "the front matter has no end", "End it by a line of three dashes: ---"
        files.mistakes.note(path, message, line=line, advice=advice)
        return None
    # Blank lines stand for what comes before, so that line numbers are the file's own.
    config = files.parse(path, "\n" * text.count("\n", 0, begin) + text[begin:end])
    after = end + len(_CLOSING)
    if config is None:
        return None
    return ModelFile(path, text[after:].strip(), _line_of_text(text, after), config, None, promised)


def _line_of_text(text: str, start: int) -> int:
    rest = text[start:]
    return text.count("\n", 0, start + len(rest) - len(rest.lstrip())) + 1
