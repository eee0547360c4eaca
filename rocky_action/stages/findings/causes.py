"""Which edited line is behind what a preview has found: changed data, failures, and limits that are exceeded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rocky_action.domain.changes import ModelChange, SomeColumns, Untouched
from rocky_action.domain.diff import ModelDiff, Sampled, size_words
from rocky_action.domain.execution import Failed, NotRun
from rocky_action.domain.limit_words import breach_words
from rocky_action.domain.limits import BudgetBreach
from rocky_action.domain.project import Model, Project, Projects, Setting
from rocky_action.domain.pull_request import Hunk
from rocky_action.domain.report import Caveat, Remark, Report, Severity
from rocky_action.domain.text import listed, named
from rocky_action.impact import Impact, impacts
from rocky_action.sql.origins import Span, column_spans, name_lines
from rocky_action.stages.findings.placing import Places

_POSITION = re.compile(r"line (\d+), column")
_QUOTED = re.compile(r"""["'`]([^"'`\s]{1,200})["'`]""")
MOST_CAUSES = 12
Spot = tuple[str, int]
"""A file of head and a line of it."""


def explained(report: Report, projects: Projects, *, places: Places) -> Report:
    """The report with lines for its caveats, and remarks on the edited lines that change data. Git is asked once."""
    edits = _Edits.of(report, projects.head, places=places)
    budgets = _budget_lines(report.cost.breaches, projects.head, places=places)
    caveats = (_placed(caveat, report, edits=edits, budgets=budgets) for caveat in report.caveats)
    return replace(report, caveats=tuple(caveats), remarks=tuple(_remarks(report, edits)))


@dataclass(frozen=True)
class _Part:
    """What differs in a model: columns with the number of rows, and whether rows came or went."""

    columns: tuple[tuple[str, int], ...] = ()
    rows: bool = False

    def __bool__(self) -> bool:
        return bool(self.columns) or self.rows


@dataclass(frozen=True)
class _Edits:
    """What was edited: changes of head's models that may change data, lines of files, and who reads whom."""

    head: Project
    changes: Mapping[str, ModelChange]
    hunks: Mapping[str, tuple[Hunk, ...]]
    upstreams: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    alone: dict[str, Mapping[str, Impact]] = field(default_factory=dict)

    @staticmethod
    def of(report: Report, head: Project, *, places: Places) -> _Edits:
        changes = {one.model: one for one in report.changes.changes if one.affects_data and one.model in head.models}
        paths = {path for one in changes.values() for path in (one.path, head.models[one.model].path)}
        upstreams: dict[str, tuple[str, ...]] = {}
        for edge in report.edges:
            upstreams[edge.downstream] = (*upstreams.get(edge.downstream, ()), edge.upstream)
        return _Edits(head, changes, places.hunks(paths) if paths else {}, upstreams, report.plan.prune_names)

    def first(self, model: str) -> Spot | None:
        """The first edited line of a changed model, in the file that its change is in."""
        change = self.changes.get(model)
        for path in () if change is None else (change.path, self.head.models[model].path):
            if hunks := self.hunks.get(path):
                return path, max(hunks[0].head_line, 1)
        return None

    def of_column(self, model: str, column: str) -> Spot | None:
        """The edited line that a column of a changed model is computed on; else the first edited line."""
        path = self.head.models[model].path
        hunks = self.hunks.get(path, ())
        for span in column_spans(self.head.models[model], self.head.dialect, column=column) if hunks else ():
            if (line := _edited(hunks, span)) is not None:
                return path, line
        return self.first(model)

    def causes(self, model: str) -> tuple[str, ...]:
        """The nearest changed models that one reads, directly or through others that did not change."""
        found: dict[str, None] = {}
        waiting, met = list(self.upstreams.get(model, ())), {model}
        while waiting:
            upstream = waiting.pop(0)
            if upstream in self.changes:
                found[upstream] = None
            elif upstream not in met:
                met.add(upstream)
                waiting += self.upstreams.get(upstream, ())
        return tuple(found)

    def reach(self, cause: str, model: str, *, part: _Part) -> bool:
        """Whether an edit may have done to a model what is seen there, had it been the only one.

        Not asked where very many models are edited: that takes as long as the plan, for each of them.
        """
        if len(self.changes) > MOST_CAUSES or model not in self.order:
            return True
        if cause not in self.alone:
            self.alone[cause] = impacts(self.head, self.order, own={cause: self.changes[cause].effect})
        match self.alone[cause][model].effect:
            case Untouched():
                return False
            case SomeColumns(columns=columns):
                return any(name.lower() in columns for name, _ in part.columns)
            case _:
                return True

    def behind(self, model: str) -> Spot | None:
        """The edited line that is behind what befalls a model: its own, else that of the only changed one it reads."""
        if model in self.changes:
            return self.first(model)
        causes = self.causes(model)
        return self.first(causes[0]) if len(causes) == 1 else None


def _edited(hunks: Sequence[Hunk], span: Span) -> int | None:
    """The first edited line among some lines of head. Lines that are only gone were between two that are there."""
    first, last = span
    for hunk in hunks:
        start, end = hunk.head_line, hunk.head_line + max(hunk.head_count, 1) - 1
        if start <= last and end >= first and (hunk.head_count or start < last):
            return max(start, first)
    return None


# Changed data


def _remarks(report: Report, edits: _Edits) -> Iterator[Remark]:
    """What the edits do to the data, one remark for each edited line; what could differ by chance is left out."""
    said: dict[tuple[str, Spot], list[str]] = {}
    further: dict[tuple[str, bool], list[str]] = {}
    for diff in report.diffs:
        if diff.new or diff.differs_by_chance or not diff.rows.differs:
            continue
        own, others = _by_cause(diff, edits.changes.get(diff.model))
        for spot, words in _own_words(diff, own, edits=edits):
            said.setdefault((diff.model, spot), []).append(words)
        if others:
            causes = [cause for cause in edits.causes(diff.model) if edits.reach(cause, diff.model, part=others)]
            for cause in causes:
                further.setdefault((cause, len(causes) == 1), []).append(diff.model)
    for (cause, alone), readers in further.items():
        first = next((spot for model, spot in said if model == cause), edits.first(cause))
        if first is not None:
            verb = "changes" if len(readers) == 1 else "change"
            by_it = "by it" if alone else "by this edit or another"
            said.setdefault((cause, first), []).append(f"further down, {named(readers)} {verb} {by_it}")
    for (model, (path, line)), told in sorted(said.items(), key=lambda item: item[0]):
        yield Remark(model, "; ".join(told), path, line)


def _by_cause(diff: ModelDiff, change: ModelChange | None) -> tuple[_Part, _Part]:
    """What a model's own edit may have done, and what it cannot have done."""
    unstable = diff.unstable_columns
    found = [(one.name, one.rows_changed) for one in diff.rows.columns if one.rows_changed]
    columns = tuple((name, rows) for name, rows in found if name.lower() not in unstable)
    rows = bool(diff.rows.added or diff.rows.removed) or diff.rows.rows_base != diff.rows.rows_head
    whole = _Part(columns, rows)
    match change.effect if change else None:
        case None:
            return _Part(), whole
        case SomeColumns(columns=own):
            mine = tuple(one for one in columns if one[0].lower() in own)
            return _Part(mine), _Part(tuple(one for one in columns if one not in mine), rows)
        case _:
            return whole, _Part()


def _own_words(diff: ModelDiff, part: _Part, *, edits: _Edits) -> Iterator[tuple[Spot, str]]:
    by_spot: dict[Spot, list[tuple[str, int]]] = {}
    for name, rows in part.columns:
        if spot := edits.of_column(diff.model, name):
            by_spot.setdefault(spot, []).append((name, rows))
    among = f" of the {diff.coverage.rows_compared:,} that were compared" if isinstance(diff.coverage, Sampled) else ""
    for spot, columns in by_spot.items():
        yield spot, f"{listed(_column_words(columns))}{among}"
    spot = edits.first(diff.model)
    if part.rows and spot:
        yield spot, size_words(diff.rows) or f"{_row_words(diff)}{among}"


def _column_words(columns: Iterable[tuple[str, int]]) -> Iterator[str]:
    for at, (name, rows) in enumerate(columns):
        yield f"in `{name}` of {rows:,}" if at else f"other values in `{name}` of {rows:,} {_rows(rows)}"


def _row_words(diff: ModelDiff) -> str:
    added, removed = diff.rows.added or 0, diff.rows.removed or 0
    parts = [f"{removed:,} {_rows(removed)} gone" if removed else "", f"{added:,} {_rows(added)} new" if added else ""]
    counts = f"{diff.rows.rows_base or 0:,} rows in base, {diff.rows.rows_head or 0:,} in head"
    return ", ".join(part for part in parts if part) or counts


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"


# Failures and limits


def _placed(caveat: Caveat, report: Report, *, edits: _Edits, budgets: Mapping[BudgetBreach, Spot]) -> Caveat:
    """The caveat with its line; what is only good to know, and what no edit is behind, stays where it is."""
    if caveat.line is not None or caveat.severity is Severity.NOTE:
        return caveat
    spot = _of_run(caveat, report, edits=edits) if caveat.model else None
    for breach, place in budgets.items():
        if (breach.model, breach_words(breach)) == (caveat.model, caveat.message):
            spot = place
    return caveat if spot is None else replace(caveat, path=spot[0], line=spot[1])


def _of_run(caveat: Caveat, report: Report, *, edits: _Edits) -> Spot | None:
    model = caveat.model or ""
    run, diff = report.execution.head_run(model), report.diff_of(model)
    if diff is not None and caveat.message == size_words(diff.rows):
        return edits.behind(model)
    match run.outcome if run else None:
        case Failed(message=message) if caveat.message.endswith(message):
            return _of_failure(model, message, report=report, edits=edits)
        case NotRun():
            failed = _failed_upstream(model, report, edits=edits)
            return None if failed is None else _of_failure(*failed, report=report, edits=edits)
        case _:
            return None


def _of_failure(model: str, message: str, *, report: Report, edits: _Edits) -> Spot | None:
    """Where a model's failure comes from: a column that an edit has taken from it, else its own text, else its input.

    What fails in base too is no edit's doing.
    """
    for caveat in report.caveats:
        if caveat.model == model and caveat.line is not None and caveat.path:
            return caveat.path, caveat.line
    if model in edits.changes:
        return _in_text(model, message, edits=edits) or edits.first(model)
    base = report.execution.base_run(model)
    return None if base is not None and isinstance(base.outcome, Failed) else edits.behind(model)


def _in_text(model: str, message: str, *, edits: _Edits) -> Spot | None:
    """The line that an error names, by its number, or by a name that is on an edited line or on no other."""
    own = edits.head.models[model]
    if found := _POSITION.match(message):
        shift = own.first_line - 1 if own.language == "sql" else 0
        line = int(found[1]) + shift
        return (own.path, line) if line <= shift + own.sql.count("\n") + 1 else None
    hunks = edits.hunks.get(own.path, ())
    for name in dict.fromkeys(_QUOTED.findall(message)):
        lines = name_lines(own, edits.head.dialect, name=name.rpartition(".")[2])
        changed = [line for line in lines if _edited(hunks, (line, line)) is not None]
        if one := changed[:1] or (lines if len(lines) == 1 else ()):
            return own.path, one[0]
    return None


def _failed_upstream(model: str, report: Report, *, edits: _Edits) -> tuple[str, str] | None:
    """The failed model that one waits for, and why it failed."""
    waiting, met = [model], {model}
    while waiting:
        for upstream in edits.upstreams.get(waiting.pop(0), ()):
            run = report.execution.head_run(upstream)
            if run is not None and isinstance(run.outcome, Failed):
                return upstream, run.outcome.message
            if upstream not in met:
                met.add(upstream)
                waiting.append(upstream)
    return None


def _budget_lines(breaches: Iterable[BudgetBreach], head: Project, *, places: Places) -> Mapping[BudgetBreach, Spot]:
    """Where exceeded limits are set. The project's own is found as that of a model that has none of its own."""
    asked: dict[BudgetBreach, tuple[Model, Setting]] = {}
    for breach in breaches:
        models = head.models.values() if breach.model is None else [head.models[breach.model]]
        inherits = (one for one in models if breach.model or getattr(one.budget, breach.limit_type) is None)
        if model := next(inherits, None):
            asked[breach] = model, ("budget", breach.limit_type)
    found = places.in_head([*asked.values()]) if asked else ()
    return {breach: spot for breach, spot in zip(asked, found, strict=True) if spot and spot[0] == breach.path}
