"""How often production runs in a month of 30.44 days: as somebody says, as it is scheduled, as it did, or a guess."""

from __future__ import annotations

from rocky_action.domain.cost import Cadence, Schedule
from rocky_action.domain.production import ObservedRuns

_DAILY = 365.25 / 12
_HOURLY = 24 * _DAILY


def cadence_of(
    schedule: Schedule | None, asked: tuple[float, float] | None, *, observed: ObservedRuns | None = None
) -> Cadence:
    """The first of them that is known.

    ``asked`` is what a person says, from the lowest to the highest, ``observed`` what production's records show.
    """
    if asked is not None:
        return Cadence(*asked, "runs_per_month says so")
    if schedule is not None:
        each = schedule.runs_per_month
        return Cadence(each, each, f"rocky.toml schedules the pipeline: {schedule.said}")
    if observed is not None:
        each = observed.per_day * _DAILY
        return Cadence(each, each, f"{observed.runs:,} runs of production were recorded in {observed.days:,.3g} days")
    return Cadence(_DAILY, _HOURLY, "nobody says how often it runs: a guess, between daily and hourly")
