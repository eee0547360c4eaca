"""The folded section of one model: how sure we are, what differs in schema, values and rows, what to know besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from rocky_action.domain.diff import Exhaustive, Key, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import BaselineKind, Failed, Succeeded
from rocky_action.rendering.brief import brief
from rocky_action.rendering.budget import Detail
from rocky_action.rendering.examples import Examples, example_tables
from rocky_action.rendering.figures import at_least, count, names, plural, share
from rocky_action.rendering.models import matched
from rocky_action.rendering.profile import ProfileView, moved, profile_view
from rocky_action.rendering.proof import how_note
from rocky_action.rendering.results import ModelResult, State, is_without_rows
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, fence, html_code, html_text, join, prose
from rocky_action.rowdiff.request import INFERRED

MOST_COLUMNS = 20
ABSENT = Md("*absent*")
_NUMERIC = frozenset({1, 2})


@dataclass(frozen=True)
class Section:
    """What the page says about one model. ``title`` is HTML, all else Markdown."""

    title: Md
    lead: Md
    error: Md | None = None
    schema: Table | None = None
    values: Table | None = None
    profile: ProfileView | None = None
    examples: tuple[Examples, ...] = ()
    notes: tuple[Md, ...] = ()
    open: bool = False


def is_quiet(result: ModelResult) -> bool:
    """True when a line elsewhere says it all: compared in full and equal, without a table, or not run (an alert)."""
    diff = result.diff
    if result.state is not State.SAME or diff is None:
        return result.state in {State.INLINED, State.NOT_RUN}
    return not (result.has_reservations or list(key_notes(diff.key)) or list(_run_notes(result)))


def section(result: ModelResult, detail: Detail) -> Section:
    """Everything about one model, with as many example rows of each kind as there is room for."""
    title = Md(f"<b>{html_code(result.model)}</b>: {html_text(_brief(result))}")
    diff = result.diff
    if isinstance(result.outcome, Failed):
        lead = Md("This model could not be built; nothing is known about its data.")
        return Section(title, lead, error=fence(result.outcome.message), open=True)
    if diff is None:
        return Section(title, Md("Not compared: nothing is known about its data."), notes=tuple(_run_notes(result)))
    lead = join(" ", [coverage_sentence(diff), *_base_sentence(result)])
    notes = (*_run_notes(result), *([how] if (how := how_note(diff)) else []))
    return replace(diff_section(diff, detail), title=title, lead=lead, notes=(*diff_notes(diff), *notes))


def diff_section(diff: ModelDiff, detail: Detail) -> Section:
    """What one comparison has found, whatever was compared."""
    return Section(
        Md(""),
        lead=coverage_sentence(diff),
        schema=schema_table(diff),
        values=_values(diff, profiled=detail.profile),
        profile=profile_view(diff) if detail.profile else None,
        examples=tuple(example_tables(diff, detail.examples)) if detail.examples else (),
        notes=(*diff_notes(diff), *([how] if (how := how_note(diff)) else [])),
    )


def diff_notes(diff: ModelDiff) -> tuple[Md, ...]:
    """What limits or explains a comparison."""
    return (*key_notes(diff.key), *_unstable(diff), *_left_out(diff), *map(prose, _notes(diff)))


def _unstable(diff: ModelDiff) -> Iterator[Md]:
    """What another build of the same SQL would bring about as well; nothing where nothing differs."""
    for one in diff.unstable if diff.rows.differs else ():
        what = code(one.column) if one.column is not None else Md("Which rows there are")
        why = prose(one.why.strip().rstrip("."), 200)
        yield Md(f"{what} need not be the same on every build ({why}).{_measured(one.rows_differing)}")


def _measured(rows: int | None) -> str:
    if rows is None:
        return ""
    if rows == 0:
        return " Two builds of base agreed in it, though."
    return f" Measured: {plural(rows, 'row')} differ{'s' if rows == 1 else ''} between two builds of base."


def coverage_sentence(diff: ModelDiff) -> Md:
    """How much of the data was looked at: three answers that nobody can take for one another."""
    rows = diff.rows
    if diff.new:
        return Md("This model is new: base has nothing to compare it with.")
    match diff.coverage:
        case Exhaustive() if is_without_rows(diff):
            return Md("There was no row to compare on either side, only the columns.")
        case Exhaustive(method="multiset"):
            why = f"{names(diff.key.columns, 6)} not being unique" if diff.key else "with no key"
            return Md(
                f"{_all_rows(diff)}; {why}, as whole rows: a changed row shows as one removed and one added"
                f"{_paired(rows.paired)}."
            )
        case Exhaustive():
            key = f", matched by {names(diff.key.columns, 6)}{_inferred(diff.key)}" if diff.key else ""
            repeated = "; rows whose key occurs more than once were counted as whole rows" if diff.key else ""
            unproven = repeated if diff.key and not diff.key.is_proven else ""
            return Md(f"{_all_rows(diff)}{key}{unproven}{_paired(rows.paired)}.")
        case Sampled():
            return Md(f"**Sampled:** {sampled_words(diff.coverage)}.{_matched(diff.key)}")
        case NotCompared(reason=reason):
            known = f" Only counted: {count(rows.rows_base)} rows in base, {count(rows.rows_head)} in head."
            counted = known if rows.rows_base is not None and rows.rows_head is not None else ""
            return Md(f"**Not compared** because {prose(reason.rstrip('. '))}.{counted}")
        case _ as never:
            assert_never(never)


def _matched(key: Key | None) -> str:
    inferred = _inferred(key) if key else ""
    return f" Matched by {names(key.columns, 6)}{inferred}." if key and inferred else ""


def _inferred(key: Key) -> str:
    return " (nobody declared this key: it was inferred from the data)" if key.origin == INFERRED else ""


def _paired(rows: int) -> str:
    """The exception from counting whole rows."""
    verb = "belongs" if rows == 1 else "belong"
    return f", except for {plural(rows, 'changed row')} that {verb} together without any doubt" if rows else ""


def sampled_words(coverage: Sampled) -> Md:
    """What a sample did not look at, and what it would have shown."""
    rows = plural(coverage.rows_total, "row")
    match coverage.order:
        case "first":
            keys = f"{plural(coverage.rows_compared, 'key')} of {rows}"
            order = f", in the order of {names(coverage.ordered_by, 6)}" if coverage.ordered_by else ""
            return Md(f"only the first {keys} compared{order}; rows beyond were not looked at")
        case "random":
            shown = (
                f"a change of {at_least(coverage.detectable_share)} of the rows or more would have shown with 95 % "
                "confidence; "
                if coverage.detectable_share is not None
                else ""
            )
            drawn = f"{plural(coverage.rows_compared, 'random key')} of {rows} compared, the same on both sides"
            return Md(f"{drawn}: {shown}they say nothing about totals")
        case _ as never:
            assert_never(never)


def _all_rows(diff: ModelDiff) -> Md:
    base, head = diff.rows.rows_base, diff.rows.rows_head
    if base == head == 1:
        return Md("The only row compared")
    if base is not None and base == head:
        return Md(f"All {plural(base, 'row')} compared")
    return Md(f"All rows compared, {count(base)} in base and {count(head)} in head")


def _base_sentence(result: ModelResult) -> Iterator[Md]:
    base = result.base
    if base is None or (result.diff and result.diff.new):
        return
    match base.kind:
        case BaselineKind.EXISTING:
            yield Md("Base is the table as it stands in production.")
        case BaselineKind.REBUILT:
            yield Md("Base was rebuilt from the merge base on the same inputs.")
        case BaselineKind.NONE:
            pass


def key_notes(key: Key | None) -> Iterator[Md]:
    """What the data says against the key: duplicates and NULLs, side by side."""
    if key is None or not key.columns:
        return
    if key.duplicate_keys_base or key.duplicate_keys_head:
        yield _duplicates(key)
    if key.null_rows_base or key.null_rows_head:
        yield _nulls(key)
    if not key.is_proven and not (key.duplicate_keys_base or key.duplicate_keys_head):
        yield Md(f"The key {names(key.columns, 6)} does not identify rows.")


def worse_key_notes(key: Key | None) -> Iterator[Md]:
    """What the data says against the key in head more than in base."""
    if key is not None and key.duplicate_keys_head > key.duplicate_keys_base:
        yield _duplicates(key)
    if key is not None and key.null_rows_head > key.null_rows_base:
        yield _nulls(key)


def _duplicates(key: Key) -> Md:
    counted = f"{count(key.duplicate_keys_base)} in base, {count(key.duplicate_keys_head)} in head"
    return Md(f"Duplicate keys ({names(key.columns, 6)}): {counted}.")


def _nulls(key: Key) -> Md:
    counted = f"{count(key.null_rows_base)} in base, {count(key.null_rows_head)} in head"
    return Md(f"Rows with NULL in the key ({names(key.columns, 6)}): {counted}.")


def _notes(diff: ModelDiff) -> Iterator[str]:
    """The diff's own notes but the one that repeats what its key says."""
    repeated = f"({', '.join(diff.key.columns)}) is not unique" if diff.key and not diff.key.is_proven else None
    yield from (note for note in diff.notes if repeated is None or repeated not in note)


def _left_out(diff: ModelDiff) -> Iterator[Md]:
    if diff.ignored_columns:
        yield Md(f"Ignored, as configured: {names(diff.ignored_columns, MOST_COLUMNS)}.")
    yield from _masked(diff)
    if diff.schema.added and not diff.new:
        yield Md("The values of added columns have nothing to be compared with.")


def _masked(diff: ModelDiff) -> Iterator[Md]:
    """One note for all columns that are masked for one reason."""
    reasons: dict[str, list[str]] = {}
    for one in diff.masked_columns:
        reasons.setdefault(one.why, []).append(one.name)
    for why, columns in reasons.items():
        yield Md(f"Masked, so compared but never shown: {names(columns, MOST_COLUMNS)} ({prose(why)}).")


def _run_notes(result: ModelResult) -> Iterator[Md]:
    if isinstance(result.outcome, Succeeded) and result.outcome.note:
        yield prose(result.outcome.note)


def schema_table(diff: ModelDiff) -> Table | None:
    """Columns only in head, only in base, and with another type."""
    schema = diff.schema
    rows = [
        *((code(column.name), ABSENT, code(column.type)) for column in schema.added),
        *((code(column.name), code(column.type), ABSENT) for column in schema.removed),
        *((code(change.name), code(change.base_type), code(change.head_type)) for change in schema.type_changes),
    ]
    return _cut(("Column", "Type in base", "Type in head"), rows) if rows and not diff.new else None


def _values(diff: ModelDiff, *, profiled: bool) -> Table | None:
    changed = sorted((c for c in diff.rows.columns if c.rows_changed), key=lambda c: (-c.rows_changed, c.name))
    whole = matched(diff) or 0
    rows = []
    for column in changed:
        name = Md(f"{code(column.name)}{' *(not stable)*' if column.name.lower() in diff.unstable_columns else ''}")
        said = moved(diff.profile, column.name) if diff.profile and profiled else Md("")
        rows.append((name, count(column.rows_changed), share(column.rows_changed, whole), said))
    if not any(said for *_, said in rows):
        return _cut(("Changed column", "Rows", "Share"), [row[:3] for row in rows], numeric=_NUMERIC) if rows else None
    return _cut(("Changed column", "Rows", "Share", "Base → head"), rows, numeric=_NUMERIC)


def _cut(header: tuple[str, ...], rows: Sequence[tuple[Md, ...]], *, numeric: frozenset[int] = frozenset()) -> Table:
    shown = list(rows[:MOST_COLUMNS])
    if len(rows) > MOST_COLUMNS:
        rest = Md(f"… and {plural(len(rows) - MOST_COLUMNS, 'more column')}")
        shown.append((rest, *(Md("") for _ in header[1:])))
    return Table(tuple(map(Md, header)), tuple(shown), numeric)


def _brief(result: ModelResult) -> str:
    """The section in a few plain words."""
    if result.state is State.FAILED:
        return "failed"
    return "not compared" if result.diff is None else brief(result.diff, result.state)
