"""Budgets and gates on the page: the sentences that annotations and the terminal show as well, whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rocky_action.domain.cost import CostDelta
from rocky_action.domain.limit_words import all_undecided_words, breach_words, gate_words
from rocky_action.rendering.text import Md, code, join, prose

_MONEY = re.compile(r"(?<!\S)(\$[0-9][0-9,.]*[:;)]*)(?!\S)")
_LONGEST = 1200


@dataclass(frozen=True)
class LimitLine:
    """A limit that is exceeded, or of which nobody knows; ``message`` is what a caveat says of it."""

    fails: bool
    model: str | None
    message: str
    text: Md


def limit_lines(cost: CostDelta) -> Iterator[LimitLine]:
    """What could change the decision: budgets first."""
    for breach in cost.breaches:
        if not breach.matters:
            continue
        message = breach_words(breach)
        said = message.removeprefix("it ")
        text = Md(f"{code(breach.model)} {_sentence(said)}") if breach.model else _sentence(message)
        yield LimitLine(breach.fails, breach.model, message, text)
    for over in cost.gates:
        message = gate_words(over, cost.cadence)
        yield LimitLine(True, None, message, _sentence(message))
    for message in all_undecided_words(cost.undecided):
        yield LimitLine(False, None, message, _sentence(message))


def limits_heading(cost: CostDelta) -> Iterator[Md]:
    """What of it fails the pull request, in two or three words."""
    if any(breach.fails for breach in cost.breaches):
        yield Md("over budget")
    if cost.gates:
        names = join(", ", [code(one.gate.name) for one in cost.gates])
        yield Md(f"over the gate{'s' if len(cost.gates) > 1 else ''} {names}")


def _sentence(text: str) -> Md:
    """Prose in which money is no code either."""
    pieces = _MONEY.split(text)
    shown = [Md(piece) if at % 2 else prose(piece, _LONGEST) for at, piece in enumerate(pieces) if piece.strip()]
    return join(" ", shown)
