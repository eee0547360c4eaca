"""The two substitutions on raw text: ``${NAME}`` in TOML from the environment, ``@var(name)`` in SQL from ``--var``."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ENVIRONMENT = re.compile(r"\$\{([^}]*)\}")
_UNSET = re.compile("\ue000([0-9]+)\ue001")
_VARIABLE = re.compile(r"@var\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:,\s*([^)]*?))?\s*\)")
_STRING_OR_COMMENT = re.compile(
    r"""'[^']*(?:''[^']*)*(?:'|\Z)|"[^"]*(?:""[^"]*)*(?:"|\Z)|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))""", re.DOTALL
)


def fill_environment(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The text with ``${NAME}`` and ``${NAME:-default}`` replaced, and each unset NAME with its line.

    Where one was unset, a mark stands that ``unset_in`` finds. Lines that begin with ``#`` are left alone, as in Rocky;
    a comment after a value is not.
    """
    if "${" not in text:
        return text, ()
    unset: list[tuple[str, int]] = []

    def fill(match: re.Match[str]) -> str:
        line_start = text.rfind("\n", 0, match.start()) + 1
        if text[line_start : match.start()].lstrip().startswith("#"):
            return match[0]
        name, colon, default = match[1].partition(":-")
        if colon:
            return environ.get(name) or default
        if name not in environ:
            unset.append((name, text.count("\n", 0, match.start()) + 1))
            return f"\ue000{len(unset) - 1}\ue001"
        return environ[name]

    return _ENVIRONMENT.sub(fill, text), tuple(unset)


def named_variables(text: str) -> tuple[str, ...]:
    """The variables of the environment that a text names, each once."""
    return tuple(dict.fromkeys(match[1].partition(":-")[0] for match in _ENVIRONMENT.finditer(text)))


def unset_in(text: str) -> tuple[int, ...]:
    """Which of the unset variables a value was to have, by their place in the list of them."""
    return tuple(int(found) for found in _UNSET.findall(text))


def fill_variables(sql: str, variables: Mapping[str, str]) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The SQL with ``@var(name)`` and ``@var(name, default)`` replaced outside comments; each unset name with its line.

    The replacement is textual, inside string literals too: quoting is the author's business, as in Rocky.
    """
    if "@var" not in sql:
        return sql, ()
    comments = [match.span() for match in _STRING_OR_COMMENT.finditer(sql) if match["comment"] is not None]
    unset: dict[str, int] = {}

    def fill(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in comments):
            return match[0]
        name = match[1]
        if name in variables:
            return variables[name]
        if match[2] is not None:
            return match[2].strip()
        unset.setdefault(name, sql.count("\n", 0, match.start()) + 1)
        return "NULL"

    return _VARIABLE.sub(fill, sql), tuple(unset.items())
