"""What may hurt those who read the models: breaking findings in one line for each model, warnings as notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.report import Report
from rocky_action.rendering.figures import names
from rocky_action.rendering.text import Md, prose

MOST_MESSAGES = 3
MOST_MODELS = 6


def breaking_lines(report: Report) -> Iterator[Md]:
    """In the order of the models' names. Removed models are left to their own list on the page."""
    broken = (one for one in report.findings if one.severity is Impact.BREAKING)
    for models, said in _together(one for one in broken if one.kind is not FindingKind.MODEL_REMOVED):
        yield Md(f"**Breaking** for whoever reads {models}: {said}")


def warning_lines(report: Report) -> Iterator[Md]:
    """Warnings, but for what the table of the models says in its own column."""
    doubtful = (one for one in report.findings if one.severity is Impact.WARNING)
    for models, said in _together(one for one in doubtful if not _is_in_table(one, report)):
        yield Md(f"{models}: {said}")


def _together(findings: Iterable[Finding]) -> Iterator[tuple[Md, Md]]:
    """Models and what is said of them; those of which the same is said stand together."""
    messages: dict[str, list[str]] = {}
    for finding in findings:
        messages.setdefault(finding.model, []).append(finding.message)
    models: dict[tuple[str, ...], list[str]] = {}
    for model, of_model in messages.items():
        models.setdefault(tuple(of_model), []).append(model)
    for same, of_same in models.items():
        said = [prose(message) for message in same[:MOST_MESSAGES]]
        if len(same) > MOST_MESSAGES:
            said.append(Md(f"{len(same) - MOST_MESSAGES:,} more"))
        yield names(of_same, MOST_MODELS), Md("; ".join(said))


def _is_in_table(finding: Finding, report: Report) -> bool:
    diff = report.diff_of(finding.model)
    return finding.kind is FindingKind.COLUMN_REORDERED and diff is not None and diff.schema.reordered
