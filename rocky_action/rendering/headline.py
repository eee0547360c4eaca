"""The verdict in words, and one line of totals: what a reviewer reads when she reads nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rocky_action.domain.changes import ChangeKind
from rocky_action.domain.cost import CostDelta
from rocky_action.domain.diff import Exhaustive, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.report import Report, Severity, Verdict
from rocky_action.domain.self_test import SelfTestFailed
from rocky_action.rendering.brief import gone_words
from rocky_action.rendering.costs import cost_words
from rocky_action.rendering.figures import count, money, plural
from rocky_action.rendering.left import copied_count
from rocky_action.rendering.limits import limits_heading
from rocky_action.rendering.results import ALARMING, ModelResult, State, counts_differ, in_state, is_without_rows
from rocky_action.rendering.text import Md, code, join

ICONS = {
    Verdict.UNCHANGED: "✅",
    Verdict.CHANGED: "🔶",
    Verdict.INCOMPLETE: "⚠️",
    Verdict.NOT_CHECKED: "🔒",
    Verdict.FAILED: "❌",
}


@dataclass(frozen=True)
class Headline:
    """The heading and the line below it."""

    heading: Md
    totals: Md

    @property
    def claim(self) -> Md:
        """The heading without the sign in front, for where it is somebody's word and not an answer."""
        return Md(self.heading.partition(" ")[2])


def headline(report: Report, results: Sequence[ModelResult]) -> Headline:
    """Answers "may I approve?": the worst first, and never better than what was looked at."""
    parts = [
        *_untrusted(report),
        *_escaped(report),
        *_emptied(in_state(results, State.EMPTIED)),
        *_grown(in_state(results, State.DOUBLED)),
        *_shrunk(in_state(results, State.HALVED)),
        *_not_built(results),
        *_gate(report, results),
        *_changes(report, results),
        *_not_known(report, results),
    ]
    moved = list(_moved(results))
    text = join("; ", [*parts, *moved]) if parts else _nothing(report, results)
    if moved and not parts:
        text = join("; ", [*moved, Md(f"{text[:1].lower()}{text[1:]}")])
    icon = "🚨" if in_state(results, *ALARMING) else ICONS[report.verdict]
    return Headline(Md(f"{icon} {text[:1].upper()}{text[1:]}"), join(" · ", _totals(report, results)))


def _who(results: Sequence[ModelResult]) -> Md:
    """Two models by name, more by number."""
    if len(results) <= 2:
        return join(" and ", [code(result.model, 60) for result in results])
    return plural(len(results), "model")


def _verb(results: Sequence[ModelResult], *, one: str, many: str) -> str:
    return one if len(results) == 1 else many


def _untrusted(report: Report) -> Iterator[Md]:
    if isinstance(report.self_test, SelfTestFailed):
        yield Md("this run's diff failed its self-test and cannot be trusted")


def _escaped(report: Report) -> Iterator[Md]:
    if report.audit and (escaped := report.audit.escaped):
        who = join(" and ", [code(one.model, 60) for one in escaped]) if len(escaped) <= 2 else None
        verb = "was left alone and differs" if len(escaped) == 1 else "were left alone and differ"
        yield Md(f"the plan was wrong: {who or plural(len(escaped), 'model')} {verb}")


def _emptied(emptied: Sequence[ModelResult]) -> Iterator[Md]:
    if len(emptied) == 1 and emptied[0].diff:
        yield Md(f"{_who(emptied)} becomes empty: {gone_words(emptied[0].diff.rows)}")
    elif emptied:
        yield Md(f"{_who(emptied)} become empty")


def _grown(doubled: Sequence[ModelResult]) -> Iterator[Md]:
    if len(doubled) == 1 and doubled[0].diff:
        rows = doubled[0].diff.rows
        yield Md(f"{_who(doubled)} {growth(rows)}: {count(rows.rows_base)} → {plural(rows.rows_head or 0, 'row')}")
    elif doubled:
        yield Md(f"{_who(doubled)} at least double")


def growth(rows: RowDiff) -> str:
    """How a table that has at least twice its rows has grown; rounded down."""
    times = math.floor(10 * (rows.rows_head or 0) / (rows.rows_base or 1)) / 10
    return "doubles" if rows.rows_head == 2 * (rows.rows_base or 0) else f"grows {times:,.1f}-fold"


def _shrunk(halved: Sequence[ModelResult]) -> Iterator[Md]:
    verb = _verb(halved, one="loses", many="lose")
    if len(halved) == 1 and halved[0].diff:
        rows = halved[0].diff.rows
        counts = f"{count(rows.rows_base)} → {plural(rows.rows_head or 0, 'row')}"
        yield Md(f"{_who(halved)} {verb} more than half of its rows: {counts}")
    elif halved:
        yield Md(f"{_who(halved)} {verb} more than half of their rows")


def _not_built(results: Sequence[ModelResult]) -> Iterator[Md]:
    failed, waiting = in_state(results, State.FAILED), in_state(results, State.NOT_RUN)
    if failed:
        yield Md(f"{_who(failed)} failed")
    if waiting:
        yield Md(f"{_who(waiting)} {_verb(waiting, one='was', many='were')} not run")


def _gate(report: Report, results: Sequence[ModelResult]) -> Iterator[Md]:
    """Why the verdict is "failed" although every model ran."""
    if report.verdict is not Verdict.FAILED or in_state(results, State.FAILED, State.NOT_RUN):
        return
    if (report.audit and report.audit.escaped) or isinstance(report.self_test, SelfTestFailed):
        return
    if report.cost.fails:
        yield from limits_heading(report.cost)
    elif any(caveat.severity is Severity.ERROR for caveat in report.caveats):
        yield Md("an error must be resolved")


def _changes(report: Report, results: Sequence[ModelResult]) -> Iterator[Md]:
    changed = [result for result in results if result.differs and result.state not in ALARMING]
    if changed:
        noun = "other model" if in_state(results, *ALARMING) else "model"
        verb = _verb(changed, one="changes", many="change")
        yield Md(f"{plural(len(changed), noun)} {verb}: {_differences(changed)}{_by_chance(changed)}")
    if new := in_state(results, State.NEW):
        yield plural(len(new), "new model")
    if report.plan.removed:
        yield Md(f"{plural(len(report.plan.removed), 'model')} removed")


def _moved(results: Sequence[ModelResult]) -> Iterator[Md]:
    """What is not where base has it, whatever is in it."""
    left = [result for result in results if result.planned.former and result.state not in {State.FAILED, State.NOT_RUN}]
    gone = [result for result in left if result.state is State.INLINED]
    moved = [result for result in left if result.state is not State.INLINED]
    if len(moved) == 1:
        yield Md(f"{_who(moved)} moves from {code(moved[0].planned.former or '', 80)}")
    elif moved:
        yield Md(f"{_who(moved)} move to another place")
    if gone:
        yield Md(f"{_who(gone)} {_verb(gone, one='is no table', many='are no tables')} any more")


def _by_chance(changed: Sequence[ModelResult]) -> Md:
    """Which of the changes another build of the same SQL could have brought about as well."""
    unstable = [result for result in changed if result.diff and result.diff.differs_by_chance]
    if not unstable:
        return Md("")
    if len(unstable) == len(changed):
        return Md(", all of it in what need not be the same on every build")
    return Md(f", {_who(unstable)} only in what need not be the same on every build")


def _differences(changed: Sequence[ModelResult]) -> Md:
    diffs = [result.diff for result in changed if result.diff]
    rows = [
        (sum(diff.rows.removed or 0 for diff in diffs), "removed"),
        (sum(diff.rows.changed or 0 for diff in diffs), "changed"),
        (sum(diff.rows.added or 0 for diff in diffs), "added"),
    ]
    found = [(number, word) for number, word in rows if number]
    least = "at least " if any(isinstance(diff.coverage, Sampled) for diff in diffs) else ""
    if found:
        first, *rest = found
        return join(
            ", ", [Md(f"{least}{plural(first[0], 'row')} {first[1]}"), *[Md(f"{count(n)} {word}") for n, word in rest]]
        )
    words = list(_schema(diff.schema for diff in diffs))
    if any(counts_differ(diff.rows) for diff in diffs):
        words.insert(0, Md("another number of rows"))
    elif all(isinstance(diff.coverage, Exhaustive) for diff in diffs):
        words.append(Md("rows equal"))
    return join(", ", words)


def _not_known(report: Report, results: Sequence[ModelResult]) -> Iterator[Md]:
    """What keeps "nothing found" from meaning "nothing there"."""
    unknown = [
        result
        for result in results
        if result.state is State.NOT_COMPARED
        or (result.state in ALARMING and result.diff and isinstance(result.diff.coverage, NotCompared))
    ]
    sampled = [result for result in results if result.diff and isinstance(result.diff.coverage, Sampled)]
    if unknown:
        yield Md(f"{_who(unknown)} {_verb(unknown, one='was', many='were')} not compared")
    if sampled:
        yield Md(f"{_who(sampled)} compared in part only")
    if len(report.unseen) == 1:
        yield Md(f"what the change of {code(report.unseen[0], 60)} does is not known")
    elif report.unseen:
        yield Md(f"what the changes of {plural(len(report.unseen), 'file')} do is not known")


def _nothing(report: Report, results: Sequence[ModelResult]) -> Md:
    if report.verdict in {Verdict.INCOMPLETE, Verdict.FAILED}:
        return Md("Nothing found, but not everything could be looked at")
    if same := in_state(results, State.SAME):
        if all(is_without_rows(result.diff) for result in same):
            return Md("No data changes: there was no row to compare")
        reserved = any(result.has_reservations for result in results)
        return Md("No data changes in what was compared" if reserved else "No data changes")
    if results:
        return Md("No data changes: no table uses what was edited")
    if report.changes.changes:
        return Md("No data changes: every edit means the same as before")
    return Md("No model changes")


def _totals(report: Report, results: Sequence[ModelResult]) -> Iterator[Md]:
    plan = report.plan
    total = len(plan.prune_set) + len(plan.copy_set) + len(plan.skipped)
    built = len(results) - len(in_state(results, State.FAILED, State.NOT_RUN, State.INLINED))
    copied = f", {count(number)} copied" if (number := copied_count(report)) else ""
    if results:
        yield Md(f"**{count(built)} of {plural(total, 'model')}** built{copied}")
    else:
        yield Md(f"**0 of {plural(total, 'model')}** had to run")
    if cosmetic := sum(change.kind is ChangeKind.COSMETIC for change in report.changes.changes):
        yield Md(f"{plural(cosmetic, 'edit')} without effect")
    diffs = [result.diff for result in results if result.diff and not result.diff.new]
    full = [max(d.rows.rows_base or 0, d.rows.rows_head or 0) for d in diffs if isinstance(d.coverage, Exhaustive)]
    if full:
        yield Md(f"**{plural(sum(full), 'row')}** compared in full")
    schemas = [result.diff.schema for result in results if result.diff and result.differs]
    if words := list(_schema(schemas)):
        yield join(", ", words)
    if results:
        yield cost_total(report.cost)


def _schema(schemas: Iterable[SchemaDiff]) -> Iterator[Md]:
    found = list(schemas)
    if removed := sum(len(schema.removed) for schema in found):
        yield Md(f"{plural(removed, 'column')} removed")
    if added := sum(len(schema.added) for schema in found):
        yield Md(f"{plural(added, 'column')} added")
    if types := sum(len(schema.type_changes) for schema in found):
        yield Md(f"{plural(types, 'type')} changed")
    if not (removed or added or types) and any(schema.reordered for schema in found):
        yield Md("columns reordered")


def cost_total(cost: CostDelta) -> Md:
    """The cost delta of one run after the merge, with what it leaves out."""
    if cost.delta_usd is None:
        return Md("cost **unknown**")
    delta = money(cost.delta_usd, signed=True)
    rest = f" (unknown for {plural(len(cost.unknown), 'model')})" if cost.unknown else ""
    return Md(f"cost **{delta}**{cost_words(cost).removeprefix(delta)}{rest}")
