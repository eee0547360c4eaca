"""The page where nothing was run: what the files alone tell, under a heading that cannot be taken for an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from rocky_action.domain.report import Report, Unchecked, UncheckedKind, Verdict
from rocky_action.rendering.figures import count, plural
from rocky_action.rendering.headline import ICONS, Headline
from rocky_action.rendering.models import why
from rocky_action.rendering.results import ModelResult
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, join, prose

HEADER = (Md("Model"), Md("Why it would run"))
_BECAUSE: Mapping[UncheckedKind, str] = MappingProxyType(
    {
        "no_login": "no credentials for the warehouse were given",
        "adapter": "this pull request changes the adapter, and there is no login for the new one",
        "capped": "it could not be kept within its cap",
    }
)


def planned_headline(report: Report) -> Headline:
    """Nothing that a reader could take for a result, and the plan in numbers."""
    plan = report.plan
    total = len(plan.prune_set) + len(plan.copy_set) + len(plan.skipped)
    parts = [
        Md(f"**{count(len(plan.prune_set))} of {plural(total, 'model')}** would run"),
        Md("rows, values and cost **unknown**"),
    ]
    because = _BECAUSE[report.unchecked.kind if report.unchecked else "no_login"]
    words = f"Not checked: nothing was run, as {because}"
    return Headline(Md(f"{ICONS[Verdict.NOT_CHECKED]} {words}"), join(" · ", parts))


def planned_alert(unchecked: Unchecked) -> Iterator[Md]:
    """What is missing, what to do about it, and what the rest of the page is worth."""
    yield Md(f"**Nothing was run and nothing was compared**: {prose(unchecked.because)}")
    if unchecked.advice:
        yield prose(unchecked.advice)
    if unchecked.kind != "no_login":
        return
    yield Md(
        "GitHub gives no secrets to pull requests from forks and to Dependabot's. A maintainer who has read the change"
        " can start the preview by hand, with this pull request's number."
    )


def planned_table(results: Sequence[ModelResult]) -> Table:
    """One row for each model that would run."""
    return Table(HEADER, tuple((code(result.model), why(result)) for result in results))
