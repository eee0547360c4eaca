"""The names of gates, and what their values look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rocky_action.domain.limits import Gate, Measure
from rocky_action.errors import did_you_mean
from rocky_action.settings.entries import shown
from rocky_action.settings.sizes import bytes_of

GATES: Mapping[str, tuple[Measure, bool]] = MappingProxyType(
    {
        gate.name: (gate.measure, gate.per_month)
        for per_month in (False, True)
        for gate in (Gate(measure, 0, per_month) for measure in Measure)
        if gate != Gate(Measure.PERCENT, 0, per_month=True)  # the same as a run's
    }
)
"""What a gate bounds, and whether per month, by its name."""

EXPECTED: Mapping[Measure, str] = MappingProxyType(
    {
        Measure.USD: "a number of US dollars such as 0.50",
        Measure.PERCENT: "a percentage such as 10%",
        Measure.BYTES: "a size such as 5GB or 512MiB",
        Measure.SECONDS: "a number of seconds such as 90 or 0.5",
    }
)
"""What its value must be, in words."""


def value_of(name: str, text: str) -> float | None:
    """The value of the gate of this name, in its measure; None for anything else than EXPECTED."""
    measure, _ = GATES[name]
    if measure is Measure.BYTES:
        return int(text) if re.fullmatch("[0-9]{1,18}", text) else bytes_of(text)
    number = text.removesuffix("%").rstrip() if measure is Measure.PERCENT else text
    return float(number) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", number) else None


def gates_of(given: Iterable[str], place: str) -> tuple[tuple[Gate, ...], list[str]]:
    """What ``name=value`` entries say about gates, and what is wrong with them, each to follow the input's name."""
    found: dict[str, Gate] = {}
    problems: list[str] = []
    for entry in given:
        name, equals, value = (part.strip() for part in entry.partition("="))
        name = name.lower()
        limit = value_of(name, value) if name in GATES else None
        if not equals:
            problems.append(f"has {shown(entry)}, which is not name=value")
        elif name not in GATES:
            problem = f"has {shown(entry)}, and {shown(name)} is not one of {', '.join(GATES)}"
            problems.append(f"{problem}{did_you_mean(name, GATES)}")
        elif limit is None:
            problems.append(f"has {shown(entry)}, whose value is not {EXPECTED[GATES[name][0]]}")
        elif name in found:
            problems.append(f"gives {name} twice")
        else:
            found[name] = Gate(GATES[name][0], limit, GATES[name][1], place)
    return tuple(found.values()), problems
