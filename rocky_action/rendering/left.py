"""The models that did not run: copied, skipped or without effect, each with its reason, equal reasons together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rocky_action.domain.changes import ChangeKind
from rocky_action.domain.execution import Cloned, CloneMethod, NotCloned
from rocky_action.domain.plan import NOTHING_CHANGED
from rocky_action.domain.report import Report, Severity
from rocky_action.rendering.figures import count, names, plural
from rocky_action.rendering.text import Md, code, html_text, join, prose

MOST_REASONS = 8
METHODS = {
    CloneMethod.VIEW: "as a view",
    CloneMethod.CTAS: "as a full copy",
    CloneMethod.SHALLOW_CLONE: "as a shallow clone",
    CloneMethod.ZERO_COPY: "as a zero-copy clone",
    CloneMethod.TABLE_CLONE: "as a table clone",
    CloneMethod.TABLE_COPY: "as a table copy",
}


@dataclass(frozen=True)
class LeftView:
    """``title`` is HTML for the fold."""

    title: Md
    lines: tuple[Md, ...]


def left_view(report: Report, listed: int) -> LeftView | None:
    """What did not have to run, at most ``listed`` names per reason; None when everything ran."""
    plan = report.plan
    if not (plan.copy_set or plan.skipped):
        return None
    copied, failed = copied_count(report), len(_not_copied(report))
    words = [f"{count(copied)} {'would be copied' if report.unchecked else 'copied'}"] if copied else []
    words += [f"{count(failed)} not copied"] if failed else []
    words += [f"{count(len(plan.skipped))} skipped"] if plan.skipped else []
    lines = [*_copied(report, listed), *_skipped(report, listed)]
    return LeftView(Md(f"<b>Not affected</b>: {html_text(', '.join(words))}"), tuple(lines))


def copied_count(report: Report) -> int:
    """How many models were copied, or would be where nothing was run."""
    return len(report.plan.copy_set) - len(_not_copied(report))


def _not_copied(report: Report) -> Mapping[str, str]:
    """Why copies failed, by model."""
    clones = () if report.unchecked else report.execution.clones
    return {clone.model: clone.because for clone in clones if isinstance(clone, NotCloned)}


def removed_lines(report: Report, listed: int) -> tuple[Md, ...]:
    """Removed models by name, with what the plan says about their readers, unless an alert says it already."""
    said = [caveat for caveat in report.caveats if caveat.severity is not Severity.NOTE]
    removed = [
        left
        for left in report.plan.removed
        if not any(caveat.model == left.model and left.why in caveat.message for caveat in said)
    ]
    lines = [Md(f"🗑️ {code(left.model)}: {prose(left.why or 'removed')}") for left in removed[:listed]]
    if len(removed) > listed:
        lines.append(Md(f"… and {plural(len(removed) - listed, 'more removed model')}."))
    return tuple(lines)


def _copied(report: Report, listed: int) -> Iterator[Md]:
    clones = () if report.unchecked else report.execution.clones
    ways = {clone.model: METHODS[clone.method] for clone in clones if isinstance(clone, Cloned)}
    failed = _not_copied(report)
    reasons = {
        left.model: join(", ", [Md(part) for part in (ways.get(left.model), prose(left.why)) if part])
        for left in report.plan.copy_set
        if left.model not in failed
    }
    yield from _grouped("Would be copied" if report.unchecked else "Copied", reasons, listed=listed)
    yield from _grouped("Not copied", {model: Md(f"as {prose(why)}") for model, why in failed.items()}, listed=listed)
    yield from _fallbacks(report)


def _fallbacks(report: Report) -> Iterator[Md]:
    """One line on how much of the copying was not the cheapest, and why; nothing where all of it was."""
    cloned = [clone for clone in report.execution.clones if isinstance(clone, Cloned)]
    dearer = Counter((clone.method, clone.because) for clone in cloned if clone.because)
    if not dearer:
        return
    parts = [
        Md(f"{count(number)} {METHODS[method]} because {prose(because or '', 200)}")
        for (method, because), number in dearer.most_common(MOST_REASONS)
    ]
    if rest := sum(dearer.values()) - sum(number for _, number in dearer.most_common(MOST_REASONS)):
        parts.append(Md(f"{count(rest)} for other reasons"))
    cheapest = len(cloned) - sum(dearer.values())
    yield Md(f"**Copied** the cheapest way: {count(cheapest)} of {count(len(cloned))}; {join('; ', parts)}")


def _skipped(report: Report, listed: int) -> Iterator[Md]:
    """What was edited, then what reads something that changed: there the reasons are read. The rest comes last."""
    cosmetic = {change.model for change in report.changes.changes if change.kind is ChangeKind.COSMETIC}
    others = [left for left in report.plan.skipped if left.model not in cosmetic]
    edited = {left.model: prose(left.why) for left in report.plan.skipped if left.model in cosmetic}
    near = {left.model: prose(left.why) for left in others if left.why != NOTHING_CHANGED}
    far = {left.model: prose(left.why) for left in others if left.why == NOTHING_CHANGED}
    yield from _grouped("Edited without effect", edited, listed=listed)
    yield from _grouped("Skipped", near, listed=listed)
    yield from _grouped("Skipped", far, listed=listed)


def _grouped(title: str, reasons: Mapping[str, Md], *, listed: int) -> Iterator[Md]:
    groups: dict[Md, list[str]] = {}
    for model, reason in reasons.items():
        groups.setdefault(reason, []).append(model)
    for reason, models in list(groups.items())[:MOST_REASONS]:
        yield Md(f"**{title}**{f', {reason}' if reason else ''}: {names(models, listed)}")
    yield from _rest(title, list(groups.values())[MOST_REASONS:], listed=listed)


def _rest(title: str, groups: Iterable[list[str]], *, listed: int) -> Iterator[Md]:
    left = [model for models in groups for model in models]
    if left:
        yield Md(f"**{title}** for other reasons: {names(left, listed)}")
