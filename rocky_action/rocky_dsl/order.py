"""Steps that act later than they stand: a pipeline is one SELECT, with SQL's order of clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rocky_action.rocky_dsl.syntax import Distinct, From, Group, Join, Replicate, Select, Sort, Step, Take, Where
from rocky_action.rocky_dsl.words import LoweringWarning

_Rule = tuple[type[Step], Callable[[Step], bool], str]
_RULES: tuple[_Rule, ...] = (
    (
        Take,
        lambda later: isinstance(later, (Where, Group, Join, Distinct, Sort)),
        "`take` limits the result of all steps",
    ),
    (Distinct, lambda later: isinstance(later, (Select, Group, Join)), "`distinct` is about the result of all steps"),
    (
        Where,
        lambda later: isinstance(later, Join) and later.kind in ("RIGHT", "FULL"),
        "this `where` also filters the rows that the join adds",
    ),
    (Group, lambda later: isinstance(later, Join), "this `group` also groups what the join brings"),
)


def misplaced(steps: Sequence[Step]) -> Iterator[LoweringWarning]:
    """A warning for each step that acts later than it stands, which is so in Rocky too."""
    following: dict[str, Step] = {}  # by effect, the next step that the effect reaches
    for step in reversed(steps):
        for kind, matters, effect in _RULES:
            later = following.get(effect)
            if isinstance(step, kind) and later is not None:
                message = f"{effect}, also that of line {later.at.line} (`{_called(later)}`), here as in Rocky"
                yield LoweringWarning(step.at.line, message)
            if matters(step):
                following[effect] = step


def repeated(steps: Sequence[Step]) -> Iterator[LoweringWarning]:
    """A warning for each step that a later one of its kind replaces."""
    last: dict[type[Step], Step] = {}
    for step in steps:
        if isinstance(step, (From, Select, Take)):
            earlier = last.get(type(step))
            if earlier is not None:
                message = f"this `{_called(step)}` replaces the one of line {earlier.at.line}, here as in Rocky"
                yield LoweringWarning(step.at.line, message)
            last[type(step)] = step
        elif isinstance(step, Sort) and not step.keys:
            yield LoweringWarning(step.at.line, "this `sort` names no column, so it does nothing")
    copies = next((step for step in steps if isinstance(step, Replicate)), None)
    if copies is not None and any(not isinstance(step, (From, Replicate)) for step in steps):
        message = "`replicate` copies the source as it is: all other steps have no effect, here as in Rocky"
        yield LoweringWarning(copies.at.line, message)


def _called(step: Step) -> str:
    return type(step).__name__.lower()
