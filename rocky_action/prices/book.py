"""One vendor's list prices, read from the TOML file beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

EVERYWHERE = "everywhere"
"""The region of a price that is the same in all of them."""


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """Prices in US dollars by plan (an edition, a SKU, a runner) and region.

    ``units_per_hour`` are credits or DBU (``unit``) by the size of a warehouse; without any, what is paid for is said
    in the file. ``notes`` say by plan what its price leaves out.
    """

    version: int
    vendor: str
    looked_up: date
    origin: str
    usd: Mapping[str, Mapping[str, float]]
    unit: str = ""
    units_per_hour: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def units(self, size: str) -> float | None:
        """Units an hour of a warehouse of this size, however it is spelled; None for a size that is none."""
        plain = _plain(size)
        return next((units for known, units in self.units_per_hour.items() if _plain(known) == plain), None)

    @property
    def said(self) -> str:
        """Whose prices these are, and of when, for a reader."""
        return f"list price of {self.vendor}, looked up on {self.looked_up.isoformat()}"


@cache
def read_book(name: str) -> PriceBook:
    """The book of this name: ``bigquery``, ``snowflake``, ``databricks`` or ``runners``."""
    text = Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    return PriceBook(**tomllib.loads(text))


def _plain(size: str) -> str:
    return size.lower().replace("-", "").replace(" ", "")
