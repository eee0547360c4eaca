"""The whole page as one value, for a given amount of detail; templates only lay it out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from rocky_action.domain.diff import Exhaustive, NotCompared, RowDiff, Sampled
from rocky_action.domain.execution import APPENDED, Failed, NotRun, Succeeded
from rocky_action.domain.report import Caveat, Report, Severity
from rocky_action.domain.self_test import SelfTestPassed
from rocky_action.rendering.audit import audit_line
from rocky_action.rendering.breaking import breaking_lines, warning_lines
from rocky_action.rendering.budget import Detail
from rocky_action.rendering.costs import CostView, cost_view
from rocky_action.rendering.figures import count, listing, names, plural
from rocky_action.rendering.headline import Headline, growth, headline
from rocky_action.rendering.left import LeftView, left_view, removed_lines
from rocky_action.rendering.limits import limit_lines
from rocky_action.rendering.mermaid import Lineage, lineage
from rocky_action.rendering.models import model_table
from rocky_action.rendering.planned import planned_alert, planned_headline, planned_table
from rocky_action.rendering.proof import odds_sentence
from rocky_action.rendering.results import ALARMING, ModelResult, State, is_without_rows
from rocky_action.rendering.sections import Section, is_quiet, sampled_words, section, worse_key_notes
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, first_line, join, prose

ROWS_IN_SIGHT = 12
SECTIONS_IN_SIGHT = 6
QUIET_IN_SIGHT = 6
"""What stands open on the page; more is behind one fold."""

_URL = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./%?=&~+-]*)?")


@dataclass(frozen=True)
class Alert:
    """A GitHub alert: WARNING or CAUTION, with one line for each thing to know."""

    kind: Md
    lines: tuple[Md, ...]


@dataclass(frozen=True)
class Page:
    """Every part of the report that a template places; None and empty parts are not shown."""

    headline: Headline
    history: tuple[Md, ...]
    alerts: tuple[Alert, ...]
    models: Table | None
    more_models: Table | None
    more_models_title: Md
    models_rest: Md | None
    removed: tuple[Md, ...]
    sections: tuple[Section, ...]
    more_sections: tuple[Section, ...]
    more_sections_title: Md
    quiet: Md | None
    lineage: Lineage | None
    cost: CostView | None
    left: LeftView | None
    audit: Md | None
    notes: tuple[Md, ...]
    notes_title: Md
    left_out: Md | None
    footer: Md


def page(report: Report, results: Sequence[ModelResult], *, detail: Detail, history: tuple[Md, ...] = ()) -> Page:
    """The report with this much detail, and what has changed since an earlier one."""
    loud = [result for result in results if not is_quiet(result)]
    sections = tuple(section(result, detail) for result in loud[: detail.sections])
    listed = results[: detail.rows]
    notes = (*warning_lines(report), *map(_caveat, _of(report, Severity.NOTE)))
    more = sections[SECTIONS_IN_SIGHT:]
    table = planned_table if report.unchecked else model_table
    return Page(
        headline=planned_headline(report) if report.unchecked else headline(report, results),
        history=history,
        alerts=tuple(_alerts(report, results, limit=detail.names)),
        models=table(listed[:ROWS_IN_SIGHT]) if listed else None,
        more_models=table(listed[ROWS_IN_SIGHT:]) if listed[ROWS_IN_SIGHT:] else None,
        more_models_title=_more(listed[ROWS_IN_SIGHT:], "less affected"),
        models_rest=_rest(results[len(listed) :], detail.names),
        removed=removed_lines(report, detail.names),
        sections=sections[:SECTIONS_IN_SIGHT],
        more_sections=more,
        more_sections_title=_more(more, "in detail"),
        quiet=_quiet(results, min(detail.names, QUIET_IN_SIGHT)),
        lineage=lineage(report) if detail.graph else None,
        cost=None if report.unchecked else cost_view(report, results, rows=detail.rows, listed=detail.names),
        left=left_view(report, detail.names),
        audit=audit_line(report.audit, detail.names) if report.audit else None,
        notes=_cut(notes, detail.names),
        notes_title=Md(f"<b>{plural(len(notes), 'note')}</b>"),
        left_out=_left_out(report, loud, detail=detail),
        footer=join(" · ", tuple(_footer(report))),
    )


def _of(report: Report, severity: Severity) -> list[Caveat]:
    return [caveat for caveat in report.caveats if caveat.severity is severity]


def _cut(lines: tuple[Md, ...], limit: int) -> tuple[Md, ...]:
    if len(lines) <= limit:
        return lines
    return (*lines[:limit], Md(f"… and {count(len(lines) - limit)} more."))


def _alerts(report: Report, results: Sequence[ModelResult], *, limit: int) -> Iterator[Alert]:
    """What could change the decision: faults first, then what is not known."""
    if report.unchecked:
        others = [one for one in _of(report, Severity.WARNING) if report.unchecked.because not in one.message]
        doubts = [*breaking_lines(report), *map(_caveat, others)]
        yield from _cautions(tuple(planned_alert(report.unchecked)), doubts, limit=limit)
        return
    facts = [*(fact for result in results for fact in _unknown(result)), *_not_run(results)]
    facts += [_Fact(line.fails, line.model, line.message, line.text) for line in limit_lines(report.cost)]
    said = [fact.sentence for fact in facts if fact.fault and fact.sentence]
    faults = [*said, *map(_caveat, _unsaid(_of(report, Severity.ERROR), facts))]
    said = [fact.sentence for fact in facts if not fact.fault and fact.sentence]
    doubts = [*breaking_lines(report), *said, *map(_caveat, _unsaid(_of(report, Severity.WARNING), facts))]
    yield from _cautions(faults, doubts, limit=limit)


def _cautions(faults: Sequence[Md], doubts: Sequence[Md], *, limit: int) -> Iterator[Alert]:
    for kind, lines in (("CAUTION", faults), ("WARNING", doubts)):
        if lines:
            yield Alert(Md(kind), _cut(tuple(dict.fromkeys(lines)), limit))


@dataclass(frozen=True)
class _Fact:
    """Something the parts of the report say by themselves; a caveat about the same model with ``word`` repeats it."""

    fault: bool
    model: str | None
    word: str
    sentence: Md | None


def _unsaid(caveats: Sequence[Caveat], facts: Sequence[_Fact]) -> Iterator[Caveat]:
    words: dict[str | None, list[str]] = {}
    for fact in facts:
        words.setdefault(fact.model, []).append(fact.word)
    for caveat in caveats:
        if not any(word in caveat.message for word in words.get(caveat.model, ())):
            yield caveat


def _not_run(results: Sequence[ModelResult]) -> Iterator[_Fact]:
    """One sentence for all models that were not run for the same reason."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if isinstance(result.outcome, NotRun):
            reasons.setdefault(result.outcome.because, []).append(result.model)
    for because, models in reasons.items():
        verb = "was" if len(models) == 1 else "were"
        sentence = Md(f"{names(models, 10)} {verb} not run because {prose(because, 200)}")
        yield _Fact(True, models[0], because, sentence)
        yield from (_Fact(True, model, because, None) for model in models[1:])


def _unknown(result: ModelResult) -> Iterator[_Fact]:
    """What a reader must not take for "nothing changed"."""
    model, name = result.model, code(result.model)
    match result.outcome:
        case Failed(message=message):
            line = first_line(message)
            yield _Fact(True, model, line, Md(f"{name} failed: {prose(line, 200)}"))
            return
        case NotRun():
            return
        case _:
            pass
    diff = result.diff
    if result.state is State.EMPTIED and diff:  # the heading says it
        yield _Fact(True, model, f"{diff.rows.rows_base:,} rows in base, none in head", None)
        return
    if result.state in ALARMING and diff:
        yield _Fact(True, model, "its rows", _resized(name, diff.rows, appends=_appends(result)))
    if diff is None and result.state in {State.NOT_RUN, State.NOT_COMPARED}:
        yield _Fact(False, model, "not compared", Md(f"{name} was not compared."))
    elif diff and not diff.new:
        yield from (_Fact(False, model, "not unique", Md(f"{name}: {note}")) for note in worse_key_notes(diff.key))
        match diff.coverage:
            case Sampled():
                yield _Fact(
                    False, model, "only the first", Md(f"{name} is **sampled**: {sampled_words(diff.coverage)}.")
                )
            case NotCompared(reason=reason):
                yield _Fact(False, model, reason, Md(f"{name} was **not compared** because {prose(reason, 200)}"))
            case Exhaustive():
                pass
            case _ as never:
                assert_never(never)


def _appends(result: ModelResult) -> bool:
    """Whether all that its query returns was put behind the rows that were there."""
    return isinstance(result.outcome, Succeeded) and result.outcome.note == APPENDED


def _resized(name: Md, rows: RowDiff, *, appends: bool = False) -> Md:
    """What a number of rows that nobody expects is often a sign of."""
    if rows.size_change == "doubled" and appends:
        return Md(f"{name} {growth(rows)}: each run appends all that its query returns to what is there.")
    if rows.size_change == "doubled":
        return Md(f"{name} {growth(rows)}: a join that finds more than one partner does that.")
    return Md(f"{name} loses more than half of its rows: a join or a filter that drops them does that.")


def _caveat(caveat: Caveat) -> Md:
    """The caveat, with its model or file in front unless the message names it."""
    place = caveat.model or caveat.path
    message = prose(caveat.message)
    named = place and re.search(rf"(?<!\w){re.escape(place)}(?!\w)", caveat.message)
    about = not caveat.message.startswith("it ")
    return message if not place or (named and about) else Md(f"{code(place)}: {message}")


def _more(models: Sequence[object], which: str) -> Md:
    return Md(f"<b>{plural(len(models), 'more model')}</b> {which}")


def _rest(results: Sequence[ModelResult], limit: int) -> Md | None:
    """The models for which the table has no row left."""
    if not results:
        return None
    return Md(f"Not in the table: {names((result.model for result in results), limit)}.")


def _quiet(results: Sequence[ModelResult], limit: int) -> Md | None:
    quiet = [result for result in results if result.state is State.SAME and is_quiet(result)]
    equal = [result for result in quiet if not is_without_rows(result.diff)]
    without = names((result.model for result in quiet if is_without_rows(result.diff)), limit)
    shown = [
        Md(f"{code(result.model)} ({plural(result.diff.rows.rows_head or 0, 'row')})")
        for result in equal
        if result.diff
    ]
    said: list[Md] = []
    if shown:
        least = max((result.diff.proof for result in equal if result.diff), key=lambda proof: proof.odds)
        said = [Md(f"Compared in full, no difference: {listing(shown, limit)}."), *odds_sentence(least)]
    if without:
        said.append(Md(f"Without a row to compare on either side: {without}."))
    return join(" ", said) if said else None


def _left_out(report: Report, loud: Sequence[ModelResult], *, detail: Detail) -> Md | None:
    """What the size limit cost, and where the rest is."""
    lost: list[Md] = []
    most = max((len(result.diff.rows.examples) for result in loud if result.diff), default=0)
    if most > detail.examples:
        lost.append(Md("example rows" if detail.examples == 0 else "some example rows"))
    if not detail.profile and any(result.diff and result.diff.profile for result in loud):
        lost.append(Md("what the differences look like"))
    if len(loud) > detail.sections:
        lost.append(Md(f"details of {plural(len(loud) - detail.sections, 'model')}"))
    if not detail.graph:
        lost.append(Md("the lineage diagram"))
    if len(report.plan.prune_set) > detail.rows:
        lost.append(Md(f"{plural(len(report.plan.prune_set) - detail.rows, 'row')} of the tables"))
    if not lost:
        return None
    where = run_link(report.provenance.run_url, "the summary of the run") or Md("`report.json`")
    return Md(f"Left out to stay within the size limit: {listing(lost, 5)}. All of it is in {where}.")


def _footer(report: Report) -> Iterator[Md]:
    """What was compared with what, by what, when."""
    comparison, provenance = report.comparison, report.provenance
    tree = "the work tree at " if comparison.work_tree else ""
    yield Md(
        f"Base {code(comparison.merge_base[:7])} (merge base with {code(comparison.base_ref, 60)}), head "
        f"{tree}{code(comparison.head_commit[:7])} ({code(comparison.head_ref, 60)})"
    )
    yield Md(f"preview {code(provenance.preview_name)} on {prose(provenance.warehouse, 120)}")
    yield _when(provenance.started_at)
    if isinstance(report.self_test, SelfTestPassed):
        found = f"{report.self_test.planted} of {report.self_test.planted}"
        yield Md(f"self-test: {found} planted differences found")
    yield Md(f"rocky-preview {prose(provenance.tool_version, 40)}")
    if link := run_link(provenance.run_url, "run"):
        yield link


def _when(started_at: str) -> Md:
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return code(started_at)
    return Md(f"{moment:%Y-%m-%d %H:%M} UTC")


def run_link(url: str | None, words: str) -> Md | None:
    """A link to the run, if the address is a plain one."""
    return Md(f"[{words}]({url})") if url and _URL.fullmatch(url) else None
