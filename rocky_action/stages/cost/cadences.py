"""How often production runs in a month of 30.44 days: as somebody says, as it is scheduled, as it did, or a guess."""

from __future__ import annotations

from rocky_action.domain.cost import Cadence, Schedule

_DAILY = 365.25 / 12
_HOURLY = 24 * _DAILY


def cadence_of(
    schedule: Schedule | None,
    asked: tuple[float, float] | None,
    *,
    observed: float | None = None,
    seen: str = "",
) -> Cadence:
    """The first of them that is known.

    ``asked`` is what a person says, from the lowest to the highest. ``observed`` is how often a month production ran by
    its records, and ``seen`` says of how many runs in how many days ("12 runs were recorded in 14 days").
    """
    if asked is not None:
        return Cadence(*asked, "runs_per_month says so")
    if schedule is not None:
        each = schedule.runs_per_month
        return Cadence(each, each, f"rocky.toml schedules the pipeline: {schedule.said}")
    if observed is not None:
        return Cadence(observed, observed, seen)
    return Cadence(_DAILY, _HOURLY, "nobody says how often it runs: a guess, between daily and hourly")
