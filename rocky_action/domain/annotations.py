"""What is said on which line of head's files: findings, failures and changed data, once for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rocky_action.domain.findings import FindingKind, Impact, told_together
from rocky_action.domain.report import Report, Severity
from rocky_action.domain.text import listed

MOST_MODELS = 3
MOST_MESSAGES = 6
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True)
class Annotation:
    """Something to know about a line of a file of the project, about the file (no line), or about the run (no file)."""

    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    breaking: bool = False


def annotations_of(report: Report) -> tuple[Annotation, ...]:
    """All there is to annotate, the worst first, and of one severity what has a line before what has none.

    What stands on one line has one cause, so it is one annotation.
    """
    lines: dict[tuple[str, int], list[Annotation]] = {}
    others: list[Annotation] = []
    for one in (*_of_findings(report), *_of_remarks(report), *_of_caveats(report)):
        if one.path is not None and one.line is not None:
            lines.setdefault((one.path, one.line), []).append(one)
        else:
            others.append(one)
    found = [*map(_together, lines.values()), *others]
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.severity), one.line is None)))


def _together(notes: list[Annotation]) -> Annotation:
    """What is said of one line, the cause before its consequences."""
    messages = list(dict.fromkeys(one.message for one in notes if one.message))
    more = len(messages) - MOST_MESSAGES
    shown = messages[:MOST_MESSAGES] + ([f"and {more:,} more, which the report has"] if more > 0 else [])
    worst = min(notes, key=lambda one: _ORDER.index(one.severity))
    return replace(worst, message="\n".join(shown), breaking=any(one.breaking for one in notes))


def _of_findings(report: Report) -> Iterator[Annotation]:
    """A removed model is in no file of head, and one that is still read has a caveat that says more."""
    removed = {left.model for left in report.plan.removed}
    read = {caveat.model for caveat in report.caveats if caveat.severity is not Severity.NOTE} & removed
    found = (one for one in report.findings if not (one.kind is FindingKind.MODEL_REMOVED and one.model in read))
    for finding, models in told_together(found):
        breaking = finding.severity is Impact.BREAKING
        severity = Severity.WARNING if breaking else Severity.NOTE
        message = f"{listed(models, MOST_MODELS)}: {finding.message}"
        gone = finding.kind is FindingKind.MODEL_REMOVED
        yield Annotation(severity, message, None if gone else finding.path, finding.line, breaking=breaking)


def _of_remarks(report: Report) -> Iterator[Annotation]:
    for one in report.remarks:
        yield Annotation(Severity.NOTE, f"{one.model}: {one.message}", one.path, one.line)


def _of_caveats(report: Report) -> Iterator[Annotation]:
    """What could change a decision; the same without a line is said once for all the models that it is about."""
    said = {(one.model, one.path, one.line, words) for one in report.remarks for words in one.message.split("; ")}
    removed = {left.model for left in report.plan.removed}
    models: dict[tuple[Severity, str], list[tuple[str, str | None]]] = {}
    for caveat in report.caveats:
        path = None if caveat.model in removed else caveat.path
        if caveat.severity is Severity.NOTE:
            continue
        if caveat.model is None or caveat.line is not None:
            message = f"{caveat.model}: {caveat.message}" if caveat.model else caveat.message
            is_said = (caveat.model, caveat.path, caveat.line, caveat.message) in said
            yield Annotation(caveat.severity, "" if is_said else message, path, caveat.line)
        else:
            models.setdefault((caveat.severity, caveat.message), []).append((caveat.model, path))
    for (severity, message), about in models.items():
        names = listed((model for model, _ in about), MOST_MODELS)
        yield Annotation(severity, f"{names}: {message}", about[0][1] if len(about) == 1 else None)


def in_folder(annotations: Iterable[Annotation], folder: str) -> tuple[Annotation, ...]:
    """The same with paths from the root of the repository, where the project is in ``folder`` (``.`` for the root)."""
    prefix = "" if folder in {"", "."} else f"{folder}/"
    return tuple(replace(one, path=f"{prefix}{one.path}") if one.path else one for one in annotations)
