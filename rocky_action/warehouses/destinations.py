"""Where a login goes: nowhere that only a pull request names.

A pull request writes ``rocky.toml``, and the login is the workflow's. BigQuery's and MotherDuck's logins go to their
own addresses whatever that file says, and a file has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rocky_action.domain.project import Adapter
from rocky_action.domain.text import named
from rocky_action.errors import MissingCredentialsError

_PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType({"databricks": ("host",), "snowflake": ("account", "host")})
"""The settings that say where a login is sent, by the adapter's type."""


def has_destination(adapter: Adapter) -> bool:
    """Whether an adapter's own table says where its login is sent."""
    return any(adapter.settings.get(name) for name in _PLACES.get(adapter.type, ()))


def refuse_another_destination(head: Adapter, base: Adapter) -> None:
    """Raises MissingCredentialsError where head has a login sent where base does not.

    A setting that head leaves to the environment is the workflow's, and no pull request's.
    """
    known = base.settings if base.type == head.type else {}
    places = _PLACES.get(head.type, ())
    moved = [name for name in places if head.settings.get(name) and head.settings[name] != known.get(name)]
    if moved:
        raise MissingCredentialsError(
            f"this pull request changes where the login is sent: {named(moved)} of [adapter.{head.name}]",
            advice="It is sent nowhere that is not merged. Merge that change of rocky.toml by itself first.",
        )
