"""Secrets of the environment that a project's file would bring to where they are shown, such as names of tables.

A pull request writes these files. A variable named like a secret may fill an adapter's setting that is named like one,
such as its password, and nothing else: all else ends in names of tables, in statements, and in the report.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

from rocky_action.projects.variables import fill_environment, named_variables
from rocky_action.secrecy import secrets_of

_MARK = "\ue002"
_ADAPTERS = frozenset({"adapter", "adapters"})
_UNREAD = frozenset({"hook", "hooks"})
"""Tables of rocky.toml that nothing here reads: an address that Rocky calls may have a token in it."""


def shown_secrets(raw: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The names of secret variables that a TOML text uses where their values would be seen."""
    for name in named_variables(raw):
        if name in environ and any(secrets_of({name: environ[name]})):
            text, _ = fill_environment(raw, {**environ, name: _MARK})
            try:
                values = tomllib.loads(text)
            except (ValueError, RecursionError):
                yield name  # only the secret itself makes it TOML, so it is part of the file and no value in it
                continue
            if any(_seen(values)):
                yield name


def _seen(values: Mapping[str, object]) -> Iterator[bool]:
    todo: list[tuple[str, str, object]] = [(top, top, value) for top, value in values.items() if top not in _UNREAD]
    while todo:
        top, key, value = todo.pop()
        if isinstance(value, dict):
            todo.extend((top, str(inner), one) for inner, one in value.items())
        elif isinstance(value, list):
            todo.extend((top, key, one) for one in value)
        elif isinstance(value, str) and _MARK in value and not (top in _ADAPTERS and any(secrets_of({key: value}))):
            yield True
        if _MARK in key:
            yield True
