"""Budgets and gates in words: what is exceeded, by how much, since when, who adds most, and what to change.

The same sentences stand in the comment, in annotations, on the terminal and in the JSON documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import assert_never

from rocky_action.domain.amounts import duration, money, size
from rocky_action.domain.cost import Cadence
from rocky_action.domain.limits import (
    Blame,
    BudgetBreach,
    Gate,
    GateBreach,
    Lifted,
    LimitType,
    Measure,
    Most,
    Undecided,
)
from rocky_action.domain.text import named

MEASURES: Mapping[LimitType, Measure] = MappingProxyType(
    {"max_usd": Measure.USD, "max_duration_ms": Measure.SECONDS, "max_bytes_scanned": Measure.BYTES}
)
HOW_TO_KNOW = "`baseline: rebuild` or recorded runs of production would tell"
_PROJECT = "rocky.toml"
_VERBS: Mapping[LimitType, str] = MappingProxyType(
    {"max_usd": "cost", "max_duration_ms": "take", "max_bytes_scanned": "scan"}
)


def breach_words(breach: BudgetBreach) -> str:
    """A budget that is exceeded; of a model's own it speaks as "it"."""
    actual, limit = _apart(breach.limit_type, breach.actual, limit=breach.limit)
    excess = _limit(breach.limit_type, breach.actual - breach.limit)
    verb = _VERBS[breach.limit_type]
    in_turn = " one after the other" if breach.limit_type == "max_duration_ms" else " together"
    what = (
        f"it exceeds its budget by {excess}: it {verb}s {actual}"
        if breach.model
        else f"The project's budget is exceeded by {excess}: the models that ran here {verb} {actual}{in_turn}"
    )
    return f"{what}, `{breach.limit_type}` is {limit}. {_since(breach)}{_who(breach)}{_remedy(breach)}"


def lifted_words(lifted: Lifted) -> str:
    """A limit that the pull request itself put out of the way; of a model's own it speaks as "it"."""
    former, kind = lifted.former, lifted.former.limit_type
    whose = "its budget" if former.model else "the project's budget"
    actual, old = _apart(kind, former.actual, limit=former.limit)
    if lifted.limit is None:
        change = f"removes `{kind}` ({old}) from {whose}"
    elif lifted.limit > former.limit:
        change = f"raises `{kind}` of {whose} from {old} to {_limit(kind, lifted.limit)}"
    else:
        change = f"makes {whose} only warn (`on_breach`), whose `{kind}` was {old}"
    takes = f"it {_VERBS[kind]}s" if former.model else f"the models that ran here {_VERBS[kind]}"
    already = ", as base does already" if former.blame is Blame.BASE else ""
    return f"This pull request {change}: {takes} {actual}, which exceeds the former limit{already}."


def gate_words(breach: GateBreach, cadence: Cadence | None) -> str:
    """A gate that is exceeded."""
    gate = breach.gate
    adds, limit = _gate_apart(gate, breach.actual)
    least = ""
    if breach.highest is not None and breach.highest != breach.actual:
        adds, least = f"{adds} to {amount(gate.measure, breach.highest)}", "at least "
    uncounted = f"What {named(breach.unknown)} would add is unknown and not counted. " if breach.unknown else ""
    excess = amount(gate.measure, breach.actual - gate.limit)
    return (
        f"The gate `{gate.name}` is exceeded by {least}{excess}: this pull request adds {adds}{_per(gate)},"
        f" at most {limit} is allowed. {_runs(gate, cadence)}{uncounted}{_most(breach.most, gate.measure)}"
        f"Make {'it' if breach.most else 'the models'} cheaper, or raise the gate: {gate.origin}."
    )


def undecided_words(*gates: Undecided) -> str:
    """Gates of which nobody can say that they hold, all for the same reason."""
    each = [f"`{one.gate.name}` (at most {amount(one.gate.measure, one.gate.limit)})" for one in gates]
    which = f"the gate {each[0]} holds" if len(each) == 1 else f"the gates {', '.join(each[:-1])} and {each[-1]} hold"
    return f"Nobody knows whether {which}: {gates[0].because}."


def all_undecided_words(undecided: Iterable[Undecided]) -> Iterator[str]:
    """One sentence for each reason."""
    reasons: dict[str, list[Undecided]] = {}
    for one in undecided:
        reasons.setdefault(one.because, []).append(one)
    yield from (undecided_words(*gates) for gates in reasons.values())


def amount(measure: Measure, value: float) -> str:
    """A figure in its unit; what is negative is said to be saved by whoever says it."""
    match measure:
        case Measure.USD:
            return money(value)
        case Measure.PERCENT:
            return f"{value:,.0f}%" if abs(value) >= 100 else f"{value:.3g}%"
        case Measure.BYTES:
            return size(round(value))
        case Measure.SECONDS:
            milliseconds = value * 1000
            whole = milliseconds >= 1 or not milliseconds
            return duration(round(milliseconds)) if whole else f"{milliseconds:.3g} ms"
        case _:
            assert_never(measure)


def _exact(measure: Measure, value: float) -> str:
    match measure:
        case Measure.USD:
            return f"${value:,.12g}"
        case Measure.PERCENT:
            return f"{value:.12g}%"
        case Measure.BYTES:
            return f"{round(value):,} B"
        case Measure.SECONDS:
            return f"{value * 1000:,.12g} ms"
        case _:
            assert_never(measure)


def _pair(measure: Measure, actual: float, *, limit: float) -> tuple[str, str]:
    """Both in their unit, with all digits where two that differ would look the same."""
    short = amount(measure, actual), amount(measure, limit)
    return short if short[0] != short[1] else (_exact(measure, actual), _exact(measure, limit))


def _in_unit(kind: LimitType, value: float) -> float:
    return value / 1000 if kind == "max_duration_ms" else value


def _limit(kind: LimitType, value: float) -> str:
    return amount(MEASURES[kind], _in_unit(kind, value))


def _apart(kind: LimitType, actual: float, *, limit: float) -> tuple[str, str]:
    return _pair(MEASURES[kind], _in_unit(kind, actual), limit=_in_unit(kind, limit))


def _gate_apart(gate: Gate, actual: float) -> tuple[str, str]:
    return _pair(gate.measure, actual, limit=gate.limit)


def _since(breach: BudgetBreach) -> str:
    spared = breach.on_breach == "error"
    match breach.blame:
        case Blame.CHANGE:
            return f"In base it was {_limit(breach.limit_type, breach.before)}. " if breach.before else ""
        case Blame.BASE:
            before = "" if breach.before is None else f": {_limit(breach.limit_type, breach.before)}"
            return f"Base exceeds it already{before}{', so this fails nothing' if spared else ''}. "
        case Blame.UNKNOWN:
            so = ", so this fails nothing" if spared else ""
            return f"Nobody knows whether base exceeds it already{so}: {HOW_TO_KNOW}. "
        case _:
            assert_never(breach.blame)


def _who(breach: BudgetBreach) -> str:
    if breach.most is None:
        return ""
    part = _limit(breach.limit_type, breach.most.amount)
    return f"`{breach.most.model}` {'adds' if breach.most.added else 'takes'} most: {part}. "


def _most(most: Most | None, measure: Measure) -> str:
    return f"`{most.model}` adds most: {amount(measure, most.amount)}. " if most else ""


def _remedy(breach: BudgetBreach) -> str:
    where = f"`{breach.limit_type}` in [budget] of {breach.path}"
    if breach.model and breach.path == _PROJECT:
        return f"Make it cheaper, raise {where}, or give the model a limit of its own."
    return f"Make {'it' if breach.model or breach.most else 'them'} cheaper, or raise {where}."


def _per(gate: Gate) -> str:
    if gate.measure is Measure.PERCENT:
        return " to what the same models cost in base"
    return " a month" if gate.per_month else " a run"


def _runs(gate: Gate, cadence: Cadence | None) -> str:
    if not gate.per_month or cadence is None:
        return ""
    runs = f"{cadence.lowest:,.4g}" + (f" to {cadence.highest:,.4g}" if cadence.is_range else "")
    return f"That is of {runs} runs a month, because {cadence.because}. "
