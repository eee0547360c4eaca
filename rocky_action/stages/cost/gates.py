"""Gates: whether the pull request adds more than it may, as far as anybody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from rocky_action.domain.cost import Cadence, ModelCost
from rocky_action.domain.limit_words import HOW_TO_KNOW, amount
from rocky_action.domain.limits import Gate, GateBreach, LimitType, Measure, Undecided
from rocky_action.domain.text import named
from rocky_action.stages.cost.limits import exceeds, figure, most_added
from rocky_action.stages.cost.sums import known_sum

_KINDS: Mapping[Measure, LimitType] = MappingProxyType(
    {
        Measure.USD: "max_usd",
        Measure.PERCENT: "max_usd",
        Measure.BYTES: "max_bytes_scanned",
        Measure.SECONDS: "max_duration_ms",
    }
)


@dataclass(frozen=True)
class _Added:
    """What the pull request adds in a run, in US dollars, milliseconds or bytes.

    ``known`` sums the models with both sides known, None without any; ``at_most`` is the sum of all models if whatever
    is unknown of base is nothing, None if even that says nothing. ``base`` is base's part in ``known``.
    """

    known: float | None
    base: float | None
    at_most: float | None
    unknown: tuple[str, ...]


def judge(
    models: Sequence[ModelCost], gates: Sequence[Gate], *, cadence: Cadence | None
) -> Iterator[GateBreach | Undecided]:
    """The gates that are exceeded by what is known, and those of which nobody knows."""
    counted = [one for one in models if not one.left_alone]
    for gate in gates:
        if found := _judge(counted, gate, cadence=cadence):
            yield found


def _judge(models: Sequence[ModelCost], gate: Gate, *, cadence: Cadence | None) -> GateBreach | Undecided | None:
    kind = _KINDS[gate.measure]
    added = _added(models, kind)
    if added.at_most is not None and added.at_most <= 0:
        return None  # in any unit, and however often production runs
    unit = _unit(gate, added)
    if unit is None:
        nothing = "what ran here costs nothing in base, and of nothing there is no percentage"
        return Undecided(gate, _unknown_parts(added, gate, least=None) if added.unknown else nothing)
    if gate.per_month and cadence is None:
        return Undecided(gate, "nobody knows how often production runs")
    low, high = (cadence.lowest, cadence.highest) if gate.per_month and cadence else (1, 1)
    ends = None if added.known is None else sorted((added.known * unit * low, added.known * unit * high))
    if ends and exceeds(ends[0], gate.limit):
        most = most_added(models, kind)
        part = replace(most, amount=most.amount * unit * low) if most else None
        return GateBreach(gate, ends[0], ends[1], added.unknown, part)
    if added.at_most is not None and not exceeds(added.at_most * unit * high, gate.limit):
        return None
    if added.unknown or ends is None:
        least = ends[0] if ends else None
        return Undecided(gate, _unknown_parts(added, gate, least=least), least)
    span = f"{amount(gate.measure, ends[0])} to {amount(gate.measure, ends[1])}"
    why = f": {cadence.because}" if cadence else ""
    return Undecided(
        gate, f"this pull request adds {span} a month, depending on how often production runs{why}", ends[0]
    )


def _added(models: Sequence[ModelCost], kind: LimitType) -> _Added:
    sides = [(one.model, figure(one.base, kind), figure(one.head, kind)) for one in models]
    known = [(base, head) for _, base, head in sides if base is not None and head is not None]
    heads = [head for _, _, head in sides]
    return _Added(
        known=known_sum(head - base for base, head in known),
        base=known_sum(base for base, _ in known),
        at_most=None if None in heads else known_sum([*heads, -(known_sum(base for base, _ in known) or 0)]),
        unknown=tuple(model for model, base, head in sides if base is None or head is None),
    )


def _unit(gate: Gate, added: _Added) -> float | None:
    """By what to multiply for the gate's measure; None where base is nothing that could be a hundred per cent."""
    match gate.measure:
        case Measure.USD | Measure.BYTES:
            return 1
        case Measure.SECONDS:
            return 0.001
        case Measure.PERCENT:
            return 100 / added.base if added.base else None
        case _:
            assert_never(gate.measure)


def _unknown_parts(added: _Added, gate: Gate, *, least: float | None) -> str:
    told = f"; {HOW_TO_KNOW}" if added.at_most is not None else ""
    rest = f"what {named(added.unknown)} would add is unknown{told}"
    if least is None:
        return rest
    verb = "saves" if least < 0 else "adds"
    return f"this pull request {verb} {amount(gate.measure, abs(least))} by what is known, and {rest}"
