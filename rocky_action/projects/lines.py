"""Where in a TOML text each key stands: the standard library's parser does not say."""

from __future__ import annotations

import re

_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_TEXT_FENCE = re.compile(r'"""|\'\'\'')

Path = tuple[str | int, ...]
"""The keys that lead to a value, with the index of each list entry on the way."""


def locate(text: str) -> dict[Path, int]:
    """The line of every table and key: the first, where a table is opened more than once."""
    found: list[tuple[Path, int]] = []
    counts: dict[Path, int] = {}
    header: Path = ()
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if match := _HEADER.match(line):
            header = _absolute(_parts(match[2]), counts, is_list=match[1] == "[[")
            found.append((header, number))
            if match[1] == "[[":
                found.append((header[:-1], number))
        elif match := _ASSIGNMENT.match(line):
            keys = _parts(match[1])
            found.extend(((*header, *keys[:length]), number) for length in range(1, len(keys) + 1))
        opened = _TEXT_FENCE.findall(line)
        fence = opened[0] if opened and opened.count(opened[0]) % 2 else ""
    return dict(reversed(found))


def _absolute(parts: Path, counts: dict[Path, int], *, is_list: bool) -> Path:
    """A header's place, with the index of the list entry it stands in."""
    path: Path = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    path = (*path, parts[-1])
    if is_list:
        counts[path] = counts.get(path, -1) + 1
    return (*path, counts[path]) if path in counts else path


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
