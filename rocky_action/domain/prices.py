"""What a unit of work costs, and who says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rocky_action.domain.usage import Usage

_MS_PER_HOUR = 3_600_000

PRICE_WORDS = ("list", "region", "edition", "sku", "size", "runner")
"""What can be said about list prices, by name."""
OWN_PRICES = (
    "usd_per_tb",
    "usd_per_tib",
    "usd_per_slot_hour",
    "usd_per_credit",
    "usd_per_dbu",
    "usd_per_runner_minute",
)
"""Prices of one's own, by name: US dollars for the unit that the name ends with."""


@dataclass(frozen=True)
class PriceChoice:
    """What a person says about prices; nothing at all means: as Rocky reckons.

    ``own`` is a price of one's own (of OWN_PRICES) in US dollars, ``words`` pick a list price (by PRICE_WORDS).
    ``place`` is where it was said, for messages.
    """

    own: tuple[str, float] | None = None
    words: tuple[tuple[str, str], ...] = ()
    place: str = field(default="price", compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that was said."""
        return (*((self.own[0],) if self.own else ()), *(name for name, _ in self.words))

    def word(self, name: str) -> str | None:
        """What was said under a name of PRICE_WORDS."""
        return dict(self.words).get(name)


def in_dollars(usd: float) -> str:
    """A price in words: cents if it is whole cents, all of its digits otherwise."""
    return f"{usd:.2f} USD" if abs(usd * 100 - round(usd * 100)) < 1e-9 else f"{usd:g} USD"


class Basis(StrEnum):
    """What a warehouse charges for. A terabyte is 10^12 bytes, a tebibyte 2^40."""

    FREE = "free"
    HOUR = "hour"
    TERABYTE = "terabyte"
    TEBIBYTE = "tebibyte"
    SLOT_HOUR = "slot_hour"


@dataclass(frozen=True)
class Tariff:
    """A price in US dollars for a unit of ``basis``.

    ``terms`` says in words how the price comes about ("24 units an hour (Medium) at 0.40 USD"), ``origin`` who says so
    and since when ("Rocky's default", "list price of 2026-11-01").
    """

    basis: Basis
    usd: float
    terms: str
    origin: str

    def price(self, usage: Usage) -> float | None:
        """What this usage costs in US dollars, None when what is charged for is unknown.

        Bytes are those billed; where nobody says which those are, those scanned.
        """
        quantity = self._quantity(usage)
        return None if quantity is None else quantity * self.usd

    def _quantity(self, usage: Usage) -> float | None:
        charged = usage.bytes_scanned if usage.bytes_billed is None else usage.bytes_billed
        match self.basis:
            case Basis.FREE:
                return 0.0
            case Basis.HOUR:
                return None if usage.duration_ms is None else usage.duration_ms / _MS_PER_HOUR
            case Basis.TERABYTE:
                return None if charged is None else charged / 1e12
            case Basis.TEBIBYTE:
                return None if charged is None else charged / 2**40
            case Basis.SLOT_HOUR:
                return None if usage.slot_ms is None else usage.slot_ms / _MS_PER_HOUR
