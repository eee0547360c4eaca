"""Money, time and bytes as a person reads them; nothing rounds to a claim that is not exact."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


def money(usd: float, *, signed: bool = False) -> str:
    """US dollars; ``signed`` for differences. Only an exact zero is $0.00."""
    sign = MINUS if usd < 0 else "+" if signed and usd > 0 else ""
    amount = abs(usd)
    if amount == 0 or amount >= 0.01:
        return f"{sign}${amount:,.2f}"
    if amount < 0.000_001:
        return f"{sign}<$0.000001"
    digits = 1 - math.floor(math.log10(amount))  # two that say something
    return f"{sign}${amount:.{digits}f}"


def duration(milliseconds: int) -> str:
    """A length of time in the unit that fits."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"


def size(number: int) -> str:
    """Bytes in decimal units."""
    if number < 1000:
        return f"{number} B"
    amount = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:,.1f} PB"
