"""What may hurt those who read the models: breaking findings as one line for each model, warnings as notes."""

from __future__ import annotations

from collections.abc import Iterator

from rocky_action.domain.findings import Finding, FindingKind, Impact
from rocky_action.domain.report import Report
from rocky_action.rendering.text import Md, code, prose

MOST_MESSAGES = 3


def breaking_lines(report: Report) -> Iterator[Md]:
    """Models in the order of their names. Removed models are left to their own list on the page."""
    models: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.severity is Impact.BREAKING and finding.kind is not FindingKind.MODEL_REMOVED:
            models.setdefault(finding.model, []).append(finding)
    for model, findings in models.items():
        said = [prose(finding.message) for finding in findings[:MOST_MESSAGES]]
        if len(findings) > MOST_MESSAGES:
            said.append(Md(f"{len(findings) - MOST_MESSAGES:,} more"))
        yield Md(f"**Breaking** for whoever reads {code(model)}: {'; '.join(said)}")


def warning_lines(report: Report) -> Iterator[Md]:
    """Warnings, but for what the table of the models says in its own column."""
    for finding in report.findings:
        if finding.severity is Impact.WARNING and not _is_in_table(finding, report):
            yield Md(f"{code(finding.model)}: {prose(finding.message)}")


def _is_in_table(finding: Finding, report: Report) -> bool:
    diff = report.diff_of(finding.model)
    return finding.kind is FindingKind.COLUMN_REORDERED and diff is not None and diff.schema.reordered
