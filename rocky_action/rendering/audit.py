"""What an audit has shown, in one line: how many models of how many, the escape rate, what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from rocky_action.domain.audit import Audit, Confirmed
from rocky_action.rendering.figures import count, duration, names, plural
from rocky_action.rendering.text import Md, code, join


def audit_line(audit: Audit, listed: int) -> Md:
    """The escape rate is a share of the models that could be compared, and of no other."""
    if not audit.eligible:
        return Md("**Audit**: there was nothing to audit, because no model with data was left alone.")
    return Md(f"**Audit**: {join(' ', tuple(_sentences(audit, listed)))}")


def _sentences(audit: Audit, listed: int) -> Iterator[Md]:
    drawn = sum(one.drawn for one in audit.models)
    more = len(audit.models) - drawn
    also = f", and {count(more)} more that {'they read' if drawn > 1 else 'it reads'}" if more else ""
    verb = "was" if drawn + more == 1 else "were"
    yield Md(
        f"{count(drawn)} of {plural(audit.eligible, 'model')} that did not run, drawn with seed {code(audit.seed, 40)}"
        f"{also}, {verb} rebuilt on both sides in {duration(audit.duration_ms)}."
    )
    if audit.escaped:
        escaped = names((one.model for one in audit.escaped), listed)
        yield Md(f"**{plural(len(audit.escaped), 'model')} escaped the plan**: {escaped}.")
    elif audit.confirmed:
        yield Md("Every row was compared and none differs." if not audit.not_audited else "None is known to differ.")
    if audit.not_audited:
        left = names((one.model for one in audit.not_audited), listed)
        yield Md(f"{plural(len(audit.not_audited), 'model')} could not be audited: {left}.")
    outcomes = [one.outcome for one in audit.confirmed]
    if any(isinstance(one, Confirmed) and (one.diff.ignored_columns or one.diff.notes) for one in outcomes):
        yield Md("Ignored columns and tolerances apply here as well.")
    rate = f"escape rate **{count(len(audit.escaped))} of {count(audit.decided)}**"
    yield Md(f"{rate[0].upper()}{rate[1:]}." if audit.decided else "The escape rate is **unknown**.")
