"""A warehouse to test on: the product's own adapter with its real driver, and a way to make production's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rocky_action.ports import WarehouseAdapter


class Missing(Exception):  # noqa: N818  a fact about this machine, no error of the code
    """This machine cannot have the warehouse; the message says what it lacks."""


@dataclass(frozen=True)
class Ground:
    """``adapter`` is opened as the product opens it; ``settings`` and ``environ`` open it again.

    ``production`` runs one statement of the warehouse's own dialect, with rights that the product does not need.
    ``schema`` is an empty schema of production's in ``catalog``.
    """

    name: str
    adapter: WarehouseAdapter
    production: Callable[[str], None]
    catalog: str
    schema: str
    settings: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=dict)
