"""Tables on standard output: the change set, the plan, what was built, compared and priced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from rich.console import Console

from rocky_action.console.costs import show_cost
from rocky_action.console.layout import safe, table
from rocky_action.domain.audit import Audit
from rocky_action.domain.changes import ChangeKind
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled, SchemaDiff
from rocky_action.domain.execution import Cloned, Failed, Inlined, NotRun, RunOutcome, Succeeded
from rocky_action.domain.findings import Finding, Impact
from rocky_action.domain.plan import NOTHING_CHANGED
from rocky_action.domain.report import Caveat, Report, Severity, Verdict
from rocky_action.domain.text import listed, named
from rocky_action.study import Study

MOST_FAR = 20
"""How many models are named that read nothing which changed; the JSON names all."""
_COLOURS = {
    Verdict.UNCHANGED: "green",
    Verdict.CHANGED: "yellow",
    Verdict.INCOMPLETE: "magenta",
    Verdict.NOT_CHECKED: "magenta",
    Verdict.FAILED: "red",
}


def show_study(known: Study, refused: Iterable[Caveat] = ()) -> None:
    """The change set, the plan, and what the reader must know of both."""
    console = Console()
    changes = table("Model", "Change", "Columns", "Why", title="Change set")
    for change in known.changes.changes:
        columns = "none" if change.kind is ChangeKind.COSMETIC else _columns(change.columns)
        changes.add_row(safe(change.model), change.kind.value, columns, safe(change.why))
    console.print(changes if known.changes.changes else "No model changes.")
    plan = table("Model", "What happens", "Columns", "Why", title="Plan")
    for planned in known.plan.prune_set:
        plan.add_row(safe(planned.model), "[bold]runs[/bold]", _columns(planned.changed_columns), safe(planned.why))
    for what, models in (
        ("cloned", known.plan.copy_set),
        ("skipped", [left for left in known.plan.skipped if left.why != NOTHING_CHANGED]),
        ("gone", known.plan.removed),
    ):
        for left in models:
            plan.add_row(safe(left.model), what, "", safe(left.why))
    for moved in known.plan.moved:
        why = f"`{moved.former}` stays as it is, and is still read by {named(moved.readers)}"
        plan.add_row(safe(moved.model), "moved", "", safe(why))
    console.print(plan)
    far = [left.model for left in known.plan.skipped if left.why == NOTHING_CHANGED]
    if far:
        console.print(f"[dim]skipped, {NOTHING_CHANGED}:[/dim] {safe(listed(far, most=MOST_FAR))}", highlight=False)
    for caveat in (*known.caveats, *refused):
        console.print(f"[yellow]{safe(caveat.model or '')}[/yellow]: {safe(caveat.message)}")
    _show_findings(console, known.findings)


def _columns(names: tuple[str, ...]) -> str:
    """The columns that can differ; none by name are all of them."""
    return safe(listed(names)) if names else "all"


def _show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """What may hurt a reader of the models, if anything does; what merely informs is in the JSON."""
    for finding in findings:
        if finding.severity is not Impact.INFO:
            colour = "red" if finding.severity is Impact.BREAKING else "yellow"
            place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
            what = safe(f"{finding.model}: {finding.message} ({place})")
            console.print(f"[{colour}]{finding.severity}[/{colour}] {what}", highlight=False)


def show_runs(report: Report) -> None:
    """What was cloned and built."""
    console = Console()
    shown = table("Model", "Side", "Outcome", "Rows", "Time", title=f"Built in {report.execution.schema}")
    for run in (*report.execution.base_runs, *report.execution.head_runs):
        rows = duration = ""
        if isinstance(run.outcome, Succeeded):
            rows, duration = _number(run.outcome.usage.rows), _milliseconds(run.outcome.usage.duration_ms)
        shown.add_row(safe(run.model), run.side.value, safe(_outcome(run.outcome)), rows, duration)
    for clone in report.execution.clones:
        how = f"cloned ({clone.method})" if isinstance(clone, Cloned) else f"not cloned: {clone.because}"
        shown.add_row(safe(clone.model), "head", safe(how), "", "")
    console.print(shown)


def show_diffs(report: Report) -> None:
    """What differs, and how much of it was looked at."""
    console = Console()
    title = f"Data of {report.execution.schema} against base"
    shown = table("Model", "Base", "Head", "Added", "Removed", "Changed", "Compared", title=title)
    for diff in report.diffs:
        rows = diff.rows
        counts = [
            _number(number) for number in (rows.rows_base, rows.rows_head, rows.added, rows.removed, rows.changed)
        ]
        cells = ["none", counts[1], "", "", ""] if diff.new else counts
        shown.add_row(safe(diff.model), *cells, _extent(diff))
    console.print(shown)
    for diff in report.diffs:
        schema = [] if diff.schema.is_empty else [_schema(diff.schema)]
        coverage = [] if isinstance(diff.coverage, Exhaustive) or diff.new else [_coverage(diff)]
        chance = ["differs only in what need not be the same on every build"] if diff.differs_by_chance else []
        if said := [*schema, *coverage, *chance]:
            console.print(safe(f"  {diff.model}: {'; '.join(said)}"), highlight=False)


def show_report(report: Report) -> None:
    """The whole report, the verdict last, where a terminal shows it."""
    console = Console()
    if report.execution.head_runs and not report.unchecked:
        show_diffs(report)
        show_cost(report.cost)
    _show_findings(console, report.findings)
    for caveat in report.caveats:
        colour = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}[caveat.severity]
        about = f"{caveat.model}: " if caveat.model else ""
        console.print(f"[{colour}]{caveat.severity}[/{colour}] {safe(about + caveat.message)}")
    if report.audit:
        console.print(_audit(report.audit))
    colour = _COLOURS[report.verdict]
    console.print(f"[bold {colour}]{report.verdict.value}[/bold {colour}] {_counts(report)}")


def _counts(report: Report) -> str:
    built = sum(isinstance(run.outcome, Succeeded) for run in report.execution.head_runs)
    differing = sum(not diff.is_empty or diff.new for diff in report.diffs)
    unknown = sum(isinstance(diff.coverage, NotCompared) and not diff.new for diff in report.diffs)
    copied = sum(isinstance(clone, Cloned) for clone in report.execution.clones)
    plan = report.plan
    if report.unchecked:
        return f"({len(plan.prune_set)} would run, {len(plan.skipped)} skipped, {len(plan.removed)} removed)"
    return (
        f"({built} built, {copied} copied, {len(plan.skipped)} skipped, {len(plan.removed)} removed;"
        f" {differing} differ{f', {unknown} not compared' if unknown else ''})"
    )


def _audit(audit: Audit) -> str:
    undecided = f", {len(audit.not_audited)} not audited" if audit.not_audited else ""
    return (
        f"audit: {len(audit.models)} of {audit.eligible} models that were left alone, seed {safe(audit.seed)}:"
        f" {len(audit.confirmed)} equal{undecided}; escape rate {len(audit.escaped)} of {audit.decided}"
    )


def _outcome(outcome: RunOutcome) -> str:
    match outcome:
        case Succeeded(note=note):
            return f"built: {note}" if note else "built"
        case Failed(message=message):
            return f"failed: {message}"
        case NotRun(because=because):
            return f"not run: {because}"
        case Inlined():
            return "inlined into its readers"
        case _:
            assert_never(outcome)


def _extent(diff: ModelDiff) -> str:
    if diff.new:
        return "new"
    match diff.coverage:
        case Exhaustive():
            return "all"
        case Sampled():
            return "sample"
        case NotCompared():
            return "none"
        case _:
            assert_never(diff.coverage)


def _coverage(diff: ModelDiff) -> str:
    match diff.coverage:
        case Exhaustive(method=method):
            by = f"by {', '.join(diff.key.columns)}" if method == "keyed" and diff.key else "as whole rows"
            return f"all, {by}"
        case Sampled(rows_compared=some, rows_total=total, order=order):
            drawn = "random" if order == "random" else "first"
            return f"only {some:,} {drawn} keys of {total:,} rows compared"
        case NotCompared(reason=reason):
            return f"not compared: {reason}"
        case _:
            assert_never(diff.coverage)


def _schema(schema: SchemaDiff) -> str:
    parts = [f"+{column.name}" for column in schema.added]
    parts += [f"-{column.name}" for column in schema.removed]
    parts += [f"{change.name}: {change.base_type} -> {change.head_type}" for change in schema.type_changes]
    parts += ["reordered"] if schema.reordered else []
    return ", ".join(parts) or "same"


def _number(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _milliseconds(duration: int | None) -> str:
    return "unknown" if duration is None else f"{duration:,} ms"
