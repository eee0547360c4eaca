"""Tables on standard output: the change set, the plan, what was built, compared and priced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rocky_action.domain.audit import Audit
from rocky_action.domain.changes import ChangeKind
from rocky_action.domain.cost import Fate, Figures
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled, SchemaDiff
from rocky_action.domain.execution import Cloned, Failed, Inlined, NotRun, RunOutcome, Succeeded
from rocky_action.domain.findings import Finding, Impact
from rocky_action.domain.plan import NOTHING_CHANGED
from rocky_action.domain.report import Report, Severity, Verdict
from rocky_action.domain.text import listed, named, printable
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


def _safe(text: str) -> str:
    """Text from anywhere: no markup, no control character that a terminal would act on, on one line."""
    return escape(printable(text))


def show_study(known: Study) -> None:
    """The change set and the plan."""
    console = Console()
    changes = _table("Model", "Change", "Columns", "Why", title="Change set")
    for change in known.changes.changes:
        columns = "none" if change.kind is ChangeKind.COSMETIC else _columns(change.columns)
        changes.add_row(_safe(change.model), change.kind.value, columns, _safe(change.why))
    console.print(changes if known.changes.changes else "No model changes.")
    plan = _table("Model", "What happens", "Columns", "Why", title="Plan")
    for planned in known.plan.prune_set:
        plan.add_row(_safe(planned.model), "[bold]runs[/bold]", _columns(planned.changed_columns), _safe(planned.why))
    for what, models in (
        ("cloned", known.plan.copy_set),
        ("skipped", [left for left in known.plan.skipped if left.why != NOTHING_CHANGED]),
        ("gone", known.plan.removed),
    ):
        for left in models:
            plan.add_row(_safe(left.model), what, "", _safe(left.why))
    for moved in known.plan.moved:
        why = f"`{moved.former}` stays as it is, and is still read by {named(moved.readers)}"
        plan.add_row(_safe(moved.model), "moved", "", _safe(why))
    console.print(plan)
    far = [left.model for left in known.plan.skipped if left.why == NOTHING_CHANGED]
    if far:
        console.print(f"[dim]skipped, {NOTHING_CHANGED}:[/dim] {_safe(listed(far, most=MOST_FAR))}", highlight=False)
    for caveat in known.caveats:
        console.print(f"[yellow]{_safe(caveat.model or '')}[/yellow]: {_safe(caveat.message)}")
    _show_findings(console, known.findings)


def _columns(names: tuple[str, ...]) -> str:
    """The columns that can differ; none by name are all of them."""
    return _safe(listed(names)) if names else "all"


def _show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """What may hurt a reader of the models, if anything does; what merely informs is in the JSON."""
    for finding in findings:
        if finding.severity is not Impact.INFO:
            colour = "red" if finding.severity is Impact.BREAKING else "yellow"
            place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
            what = _safe(f"{finding.model}: {finding.message} ({place})")
            console.print(f"[{colour}]{finding.severity}[/{colour}] {what}", highlight=False)


def show_runs(report: Report) -> None:
    """What was cloned and built."""
    console = Console()
    table = _table("Model", "Side", "Outcome", "Rows", "Time", title=f"Built in {report.execution.schema}")
    for run in (*report.execution.base_runs, *report.execution.head_runs):
        rows = duration = ""
        if isinstance(run.outcome, Succeeded):
            rows, duration = _number(run.outcome.usage.rows), _milliseconds(run.outcome.usage.duration_ms)
        table.add_row(_safe(run.model), run.side.value, _safe(_outcome(run.outcome)), rows, duration)
    for clone in report.execution.clones:
        how = f"cloned ({clone.method})" if isinstance(clone, Cloned) else f"not cloned: {clone.because}"
        table.add_row(_safe(clone.model), "head", _safe(how), "", "")
    console.print(table)


def show_diffs(report: Report) -> None:
    """What differs, and how much of it was looked at."""
    console = Console()
    title = f"Data of {report.execution.schema} against base"
    table = _table("Model", "Base", "Head", "Added", "Removed", "Changed", "Compared", title=title)
    for diff in report.diffs:
        rows = diff.rows
        counts = [
            _number(number) for number in (rows.rows_base, rows.rows_head, rows.added, rows.removed, rows.changed)
        ]
        shown = ["none", counts[1], "", "", ""] if diff.new else counts
        table.add_row(_safe(diff.model), *shown, _extent(diff))
    console.print(table)
    for diff in report.diffs:
        schema = [] if diff.schema.is_empty else [_schema(diff.schema)]
        coverage = [] if isinstance(diff.coverage, Exhaustive) or diff.new else [_coverage(diff)]
        chance = ["differs only in what is not the same on every build"] if diff.differs_by_chance else []
        if said := [*schema, *coverage, *chance]:
            console.print(_safe(f"  {diff.model}: {'; '.join(said)}"), highlight=False)


def show_cost(report: Report) -> None:
    """What both sides cost."""
    table = _table("Model", "Base", "Head", "Delta", "Base time", "Head time", title="Cost per run, US dollars")
    for cost in report.cost.models:
        base, head = cost.base, cost.head
        table.add_row(
            _safe(cost.model) + (" (copied)" if cost.left_alone else ""),
            "none" if cost.fate is Fate.NEW else _money(base.usd if base else None),
            "not run" if cost.left_alone else _money(head.usd if head else None),
            _saved(base) if cost.left_alone else _money(cost.delta_usd),
            "" if cost.fate is Fate.NEW else _milliseconds(base.duration_ms if base else None),
            "" if cost.left_alone else _milliseconds(head.duration_ms if head else None),
        )
    Console().print(table)


def show_report(report: Report) -> None:
    """The whole report, the verdict last, where a terminal shows it."""
    console = Console()
    if report.execution.head_runs and not report.unchecked:
        show_diffs(report)
        show_cost(report)
    _show_findings(console, report.findings)
    for caveat in report.caveats:
        colour = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}[caveat.severity]
        about = f"{caveat.model}: " if caveat.model else ""
        console.print(f"[{colour}]{caveat.severity}[/{colour}] {_safe(about + caveat.message)}")
    if report.audit:
        console.print(_audit(report.audit))
    colour = _COLOURS[report.verdict]
    console.print(f"[bold {colour}]{report.verdict.value}[/bold {colour}] {_counts(report)}")


def _table(*columns: str, title: str | None) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE, padding=(0, 1, 0, 0))
    numeric = {"Rows", "Time", "Base", "Head", "Added", "Removed", "Changed", "Delta", "Base time", "Head time"}
    for column in columns:
        narrow = column in numeric
        table.add_column(column, justify="right" if column in numeric else "left", overflow="fold", no_wrap=narrow)
    return table


def _counts(report: Report) -> str:
    built = sum(isinstance(run.outcome, Succeeded) for run in report.execution.head_runs)
    differing = sum(not diff.is_empty or diff.new for diff in report.diffs)
    unknown = sum(isinstance(diff.coverage, NotCompared) and not diff.new for diff in report.diffs)
    plan = report.plan
    if report.unchecked:
        return f"({len(plan.prune_set)} would run, {len(plan.skipped)} skipped, {len(plan.removed)} removed)"
    return (
        f"({built} built, {len(plan.copy_set)} copied, {len(plan.skipped)} skipped, {len(plan.removed)} removed;"
        f" {differing} differ{f', {unknown} not compared' if unknown else ''})"
    )


def _audit(audit: Audit) -> str:
    undecided = f", {len(audit.not_audited)} not audited" if audit.not_audited else ""
    return (
        f"audit: {len(audit.models)} of {audit.eligible} models that were left alone, seed {_safe(audit.seed)}:"
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


def _saved(base: Figures | None) -> str:
    return "unknown" if base is None or base.usd is None else "saved"


def _milliseconds(duration: int | None) -> str:
    return "unknown" if duration is None else f"{duration:,} ms"


def _money(usd: float | None) -> str:
    return "unknown" if usd is None else f"${usd:,.2f}"
