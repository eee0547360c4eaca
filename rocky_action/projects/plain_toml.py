"""TOML of the plain kind that sidecars are written in, line by line; the standard library reads the rest."""

from __future__ import annotations

import re

_STRING = r'"([^"\\\x00-\x08\x0a-\x1f\x7f]*)"'
_SPACE = r"[ \t]*"
_LIST = rf"\[{_SPACE}((?:{_STRING}{_SPACE},{_SPACE})*{_STRING})?{_SPACE}\]".replace('"([', '"(?:[')
_INLINE = rf"\{{{_SPACE}([A-Za-z0-9_-]+){_SPACE}={_SPACE}{_STRING}{_SPACE}\}}"
_VALUE = rf"(?:{_STRING}|(true|false)|(0|[1-9][0-9]{{0,17}})|({_LIST})|{_INLINE})"
_LINE = re.compile(
    rf"{_SPACE}(?:([A-Za-z0-9_-]+){_SPACE}={_SPACE}{_VALUE}|\[([A-Za-z0-9_-]+)\]|\[\[([A-Za-z0-9_-]+)\]\])?"
    rf"{_SPACE}(?:#[^\x00-\x08\x0a-\x1f\x7f]*)?"
)
_STRINGS = re.compile(_STRING)

_Table = dict[str, object]


def plain_toml(text: str) -> _Table | None:
    """What the text says, exactly as ``tomllib.loads`` would have it; None where that has to be asked."""
    root: _Table = {}
    table = root
    lists: dict[str, list[_Table]] = {}
    for line in text.split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        key, string, truth, number, listed, _, inner, inner_value, header, entry = found.groups()
        if key is not None:
            if key in table:
                return None
            if string is not None:
                table[key] = string
            elif listed is not None:
                table[key] = _STRINGS.findall(listed)
            elif inner is not None:
                table[key] = {inner: inner_value}
            else:
                table[key] = truth == "true" if truth else int(number)
        elif header is not None:
            if header in root:
                return None
            root[header] = table = {}
        elif entry is not None:
            if entry not in lists and entry in root:
                return None
            root[entry] = lists.setdefault(entry, [])
            table = {}
            lists[entry].append(table)
    return root
