"""``[pipeline.NAME.schedule]``: how often Rocky's own scheduler runs a pipeline. The only home of cronsim.

See docs/rocky-format.md, 1.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import takewhile
from types import MappingProxyType

from cronsim import CronSim, CronSimError

from rocky_action.domain.cost import Schedule
from rocky_action.projects.toml import Table

_NICKNAMES: Mapping[str, str] = MappingProxyType(
    {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
)
# Days are counted over four years, which hold one leap day, as if no clock were ever put forward or back.
_BEFORE, _AFTER = datetime(2024, 12, 31), datetime(2029, 1, 1)  # noqa: DTZ001
_MONTHS = 48
_TIMEZONE = re.compile(r"[\w+/-]{1,64}", re.ASCII)


def read_schedule(name: str, pipelines: Mapping[str, Table], *, timezone: object) -> Schedule | None:
    """How often this pipeline runs, None where its schedule does not say; ``timezone`` is the project's own.

    A cron that cannot be counted is a warning: it is Rocky that will refuse it.
    """
    table = pipelines[name].table("schedule")
    if table is None or table.values.get("enabled") is False or table.values.get("freshness") is True:
        return None
    cron, after = table.values.get("cron"), table.values.get("after")
    if isinstance(cron, str) and not after:
        return _of_cron(cron, table, timezone=table.values.get("timezone", timezone))
    if cron is None and isinstance(after, list) and after:
        return _after(after, {key: one for key, one in pipelines.items() if key != name}, timezone=timezone)
    return None


def _after(names: list[object], others: Mapping[str, Table], *, timezone: object) -> Schedule | None:
    """Once all of these have run: as often as the one that runs least."""
    found = [read_schedule(one, others, timezone=timezone) for one in names if isinstance(one, str) and one in others]
    known = [schedule for schedule in found if schedule is not None]
    if len(known) < len(names):
        return None
    rarest = min(known, key=lambda schedule: schedule.runs_per_month)
    return Schedule(rarest.runs_per_month, f"{rarest.said.removesuffix(_UPSTREAM)}{_UPSTREAM}")


_UPSTREAM = ", of a pipeline that this one waits for"


def _of_cron(text: str, table: Table, *, timezone: object) -> Schedule | None:
    fields = _NICKNAMES.get(text.strip().lower(), text).replace("?", "*").split()
    try:
        runs = _firings(tuple(fields))
    except (CronSimError, ValueError) as err:
        table.warn("cron", f"the cron {table.document.show(text)} cannot be counted: {err}")
        return None
    if not runs:
        table.warn("cron", f"the cron {table.document.show(text)} does not fire once in four years")
        return None
    zone = f" ({timezone})" if isinstance(timezone, str) and _TIMEZONE.fullmatch(timezone) else ""
    said = f'"{" ".join(fields)}"' if text in table.document.raw else "a cron from the environment"
    return Schedule(runs / _MONTHS, f"{said}{zone}")


@cache
def _firings(fields: tuple[str, ...]) -> int:
    """How often a cron fires in those four years: its times of day on each of its days."""
    if len(fields) != 5:
        raise CronSimError("Wrong number of fields")
    times, days = CronSim(" ".join(fields), _BEFORE), CronSim(" ".join(("0", "0", *fields[2:])), _BEFORE)
    return len(times.minutes) * len(times.hours) * sum(1 for _ in takewhile(lambda day: day < _AFTER, days))
