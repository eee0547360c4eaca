"""Labels of a pull request: a closed set. None of them reassures, as a label says nothing of its commit."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from rocky_action.domain.cost import Movement
from rocky_action.domain.findings import Impact
from rocky_action.domain.report import Report, Verdict


class Label(StrEnum):
    """What a label says, behind the prefix."""

    DATA_CHANGED = "data changed"
    INCOMPLETE = "incomplete"
    NOT_CHECKED = "not checked"
    FAILED = "failed"
    BREAKING = "breaking"
    COSTS_MORE = "costs more"


def labels_of(report: Report) -> tuple[Label, ...]:
    """At most one for the verdict, one for findings that break readers, one for a bill that is known to grow."""
    found = [] if (label := _of_verdict(report.verdict)) is None else [label]
    if any(finding.severity is Impact.BREAKING for finding in report.findings):
        found.append(Label.BREAKING)
    dearer = any(model.movement is Movement.DEARER for model in report.cost.models)
    if dearer and report.cost.delta_usd is not None and report.cost.delta_usd > 0:
        found.append(Label.COSTS_MORE)
    return tuple(found)


def _of_verdict(verdict: Verdict) -> Label | None:
    match verdict:
        case Verdict.UNCHANGED:
            return None
        case Verdict.CHANGED:
            return Label.DATA_CHANGED
        case Verdict.INCOMPLETE:
            return Label.INCOMPLETE
        case Verdict.NOT_CHECKED:
            return Label.NOT_CHECKED
        case Verdict.FAILED:
            return Label.FAILED
        case _:
            assert_never(verdict)
