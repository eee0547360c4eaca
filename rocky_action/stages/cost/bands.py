"""How much of a difference in cost is noise: by how much recorded runs of the same SQL differ from each other."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rocky_action.domain.cost import CostSource, Figures

FEWEST = 5
"""Runs that it takes to say anything about their spread."""
_DEVIATIONS = 3.0


def band_usd(history: Sequence[Figures]) -> float | None:
    """What two runs of one SQL may differ by, in US dollars; None if fewer than FEWEST runs are recorded with a price.

    Three standard deviations of a single run: two runs with normal noise differ by more in some 3 % of cases, as the
    deviation of their difference is the square root of 2 times that of one. ``history`` is of one model, newest first;
    runs of the newest one's kind count, production's or rebuilds of base.
    """
    newest = next((one.recorded for one in history if one.recorded), None)
    if newest is None:
        return None
    alike = [
        one.usd
        for one in history
        if one.source is CostSource.RECORDED
        and one.usd is not None
        and one.recorded is not None
        and one.recorded.production is newest.production
    ]
    return _DEVIATIONS * statistics.stdev(alike) if len(alike) >= FEWEST else None
