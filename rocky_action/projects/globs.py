"""Which files a ``models`` setting means (docs/rocky-format.md, 1.7), and plain file patterns."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

_DEFAULT = "models/**"
_WILD = re.compile(r"[*?\[]")


class PatternError(ValueError):
    """A pattern that cannot mean anything; the message completes "the pattern …"."""


@dataclass(frozen=True)
class Selection:
    """The files that match, and the folder that was searched; ``found`` is false when there is no such folder."""

    base: str
    files: tuple[str, ...]
    found: bool


def select_models(pattern: str, paths: Sequence[str]) -> Selection:
    """The model files that a ``models`` setting selects. Raises PatternError."""
    wanted = _normalised(pattern.strip() or _DEFAULT)
    if _WILD.search(wanted.split("/")[0]):
        wanted = f"models/{wanted}"
    if not _WILD.search(wanted):
        if wanted in paths:
            return Selection(posixpath.dirname(wanted), (wanted,) if _is_model(wanted) else (), found=True)
        wanted = "**" if wanted == "." else f"{wanted}/**"
    parts = wanted.split("/")
    wild = next(index for index, part in enumerate(parts) if _WILD.search(part))
    base = "/".join(parts[:wild])
    matches = compiled(wanted)
    files = tuple(path for path in paths if _is_model(path) and matches.fullmatch(path))
    return Selection(base, files, found=not base or any(path.startswith(f"{base}/") for path in paths))


def matching(pattern: str, paths: Sequence[str]) -> tuple[str, ...]:
    """The paths that a plain path or pattern names. Raises PatternError."""
    wanted = compiled(_normalised(pattern))
    return tuple(path for path in paths if path == pattern or wanted.fullmatch(path))


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression: ``**`` crosses folders, ``*``, ``?`` and ``[a-z]`` stay within one name."""
    parts = pattern.split("/")
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += _component(part) + ("" if last else "/")
    try:
        return re.compile(text, re.DOTALL)
    except re.error as err:
        raise PatternError(f"{pattern!r} is not understood: {err.msg}") from err


def _component(part: str) -> str:
    text = ""
    rest = part
    while rest:
        head, rest = rest[0], rest[1:]
        if head == "*":
            text += "[^/]*"
        elif head == "?":
            text += "[^/]"
        elif head == "[":
            end = rest.find("]", 2 if rest.startswith("!") else 1)
            if end < 0:
                raise PatternError(f"{part!r} has a [ without its ]")
            negated = rest.startswith("!")
            members = re.sub(r"([\\\[\]^&~|])", r"\\\1", rest[1 if negated else 0 : end])
            text += f"[{'^' if negated else ''}{members}]"
            rest = rest[end + 1 :]
        else:
            text += re.escape(head)
    return text


def _normalised(pattern: str) -> str:
    path = posixpath.normpath(pattern)
    if path.startswith(("/", "../")) or path == "..":
        raise PatternError(f"{pattern!r} leaves the project's folder")
    return path


def _is_model(path: str) -> bool:
    return path.endswith((".sql", ".rocky"))
