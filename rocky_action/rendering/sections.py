"""The folded section of one model: how sure we are, what differs in schema, values and rows, what to know besides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from rocky_action.domain.diff import Exhaustive, Key, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import BaselineKind, Failed, Succeeded
from rocky_action.rendering.examples import Examples, example_tables
from rocky_action.rendering.figures import MINUS, count, names, plural, share
from rocky_action.rendering.models import matched
from rocky_action.rendering.results import ModelResult, State, counts_differ
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, fence, html_code, html_text, join, prose

MOST_COLUMNS = 20
ABSENT = Md("*absent*")


@dataclass(frozen=True)
class Section:
    """What the page says about one model. ``title`` is HTML, all else Markdown."""

    title: Md
    lead: Md
    error: Md | None = None
    schema: Table | None = None
    values: Table | None = None
    examples: tuple[Examples, ...] = ()
    notes: tuple[Md, ...] = ()
    open: bool = False


def is_quiet(result: ModelResult) -> bool:
    """True when a line elsewhere says it all: compared in full and equal, without a table, or not run (an alert)."""
    diff = result.diff
    if result.state is not State.SAME or diff is None:
        return result.state in {State.INLINED, State.NOT_RUN}
    return not (result.has_reservations or list(key_notes(diff.key)) or list(_run_notes(result)))


def section(result: ModelResult, examples: int) -> Section:
    """Everything about one model, with at most ``examples`` example rows of each kind."""
    title = Md(f"<b>{html_code(result.model)}</b>: {html_text(_brief(result))}")
    diff = result.diff
    if isinstance(result.outcome, Failed):
        lead = Md("This model could not be built; nothing is known about its data.")
        return Section(title, lead, error=fence(result.outcome.message), open=True)
    if diff is None:
        return Section(title, Md("Not compared: nothing is known about its data."), notes=tuple(_run_notes(result)))
    return Section(
        title,
        lead=join(" ", [coverage_sentence(diff), *_base_sentence(result)]),
        schema=_schema(diff),
        values=_values(diff),
        examples=tuple(example_tables(diff, examples)) if examples else (),
        notes=(*key_notes(diff.key), *_left_out(diff), *map(prose, _notes(diff)), *_run_notes(result)),
    )


def coverage_sentence(diff: ModelDiff) -> Md:
    """How much of the data was looked at: three answers that nobody can take for one another."""
    rows = diff.rows
    if diff.new:
        return Md("This model is new: base has nothing to compare it with.")
    match diff.coverage:
        case Exhaustive(method="multiset"):
            why = f"{names(diff.key.columns, 6)} not being unique" if diff.key else "with no key"
            return Md(
                f"{_all_rows(diff)}; {why}, they were counted as whole rows: a changed row shows as one removed and "
                "one added."
            )
        case Exhaustive():
            key = f", matched by {names(diff.key.columns, 6)}" if diff.key else ""
            return Md(f"{_all_rows(diff)}{key}.")
        case Sampled():
            return Md(f"**Sampled:** {sampled_words(diff.coverage)}.")
        case NotCompared(reason=reason):
            known = f" Only counted: {count(rows.rows_base)} rows in base, {count(rows.rows_head)} in head."
            counted = known if rows.rows_base is not None and rows.rows_head is not None else ""
            return Md(f"**Not compared** because {prose(reason.rstrip('. '))}.{counted}")
        case _ as never:
            assert_never(never)


def sampled_words(coverage: Sampled) -> Md:
    """What a sample did not look at."""
    order = f", in the order of {names(coverage.ordered_by, 6)}" if coverage.ordered_by else ""
    keys = f"{count(coverage.rows_compared)} of {plural(coverage.rows_total, 'key')}"
    return Md(f"only the first {keys} compared{order}; rows beyond were not looked at")


def _all_rows(diff: ModelDiff) -> Md:
    base, head = diff.rows.rows_base, diff.rows.rows_head
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
    columns = names(key.columns, 6)
    if key.duplicate_keys_base or key.duplicate_keys_head:
        counted = f"{count(key.duplicate_keys_base)} in base, {count(key.duplicate_keys_head)} in head"
        yield Md(f"Duplicate keys ({columns}): {counted}.")
    if key.null_rows_base or key.null_rows_head:
        counted = f"{count(key.null_rows_base)} in base, {count(key.null_rows_head)} in head"
        yield Md(f"Rows with NULL in the key ({columns}): {counted}.")
    if not key.is_proven and not (key.duplicate_keys_base or key.duplicate_keys_head):
        yield Md(f"The key {columns} does not identify rows.")


def _notes(diff: ModelDiff) -> Iterator[str]:
    """The diff's own notes but the one that repeats what its key says."""
    repeated = f"({', '.join(diff.key.columns)}) is not unique" if diff.key and not diff.key.is_proven else None
    yield from (note for note in diff.notes if repeated is None or repeated not in note)


def _left_out(diff: ModelDiff) -> Iterator[Md]:
    if diff.ignored_columns:
        yield Md(f"Ignored, as configured: {names(diff.ignored_columns, MOST_COLUMNS)}.")
    if diff.schema.added and not diff.new:
        yield Md("The values of added columns have nothing to be compared with.")


def _run_notes(result: ModelResult) -> Iterator[Md]:
    if isinstance(result.outcome, Succeeded) and result.outcome.note:
        yield prose(result.outcome.note)


def _schema(diff: ModelDiff) -> Table | None:
    schema = diff.schema
    rows = [
        *((code(column.name), ABSENT, code(column.type)) for column in schema.added),
        *((code(column.name), code(column.type), ABSENT) for column in schema.removed),
        *((code(change.name), code(change.base_type), code(change.head_type)) for change in schema.type_changes),
    ]
    return _cut(("Column", "Type in base", "Type in head"), rows) if rows and not diff.new else None


def _values(diff: ModelDiff) -> Table | None:
    changed = sorted((c for c in diff.rows.columns if c.rows_changed), key=lambda c: (-c.rows_changed, c.name))
    whole = matched(diff) or 0
    rows = [(code(c.name), count(c.rows_changed), share(c.rows_changed, whole)) for c in changed]
    return _cut(("Changed column", "Rows", "Share"), rows, numeric=frozenset({1, 2})) if rows else None


def _cut(
    header: tuple[str, str, str], rows: list[tuple[Md, Md, Md]], *, numeric: frozenset[int] = frozenset()
) -> Table:
    shown = rows[:MOST_COLUMNS]
    if len(rows) > MOST_COLUMNS:
        shown.append((Md(f"… and {plural(len(rows) - MOST_COLUMNS, 'more column')}"), Md(""), Md("")))
    return Table(tuple(map(Md, header)), tuple(shown), numeric)


def _brief(result: ModelResult) -> str:
    """The section in a few plain words."""
    diff = result.diff
    match result.state:
        case State.FAILED:
            return "failed"
        case State.EMPTIED if diff:
            return f"empty, all {plural(diff.rows.rows_base or 0, 'row')} gone"
        case State.NEW if diff and diff.rows.rows_head is not None:
            return f"new, {plural(diff.rows.rows_head, 'row')}"
        case State.NEW:
            return "new"
        case State.SAME:
            return "equal"
        case _:
            words = list(_difference_words(diff)) if diff else []
            if diff and isinstance(diff.coverage, Sampled):
                return f"{', '.join(words)}, in the sample" if words else "nothing found in the sample"
            return ", ".join([*words, *([] if result.known_in_full else ["not compared"])])


def _difference_words(diff: ModelDiff) -> Iterator[str]:
    rows, schema = diff.rows, diff.schema
    found = [(rows.removed, "removed"), (rows.changed, "changed"), (rows.added, "added")]
    for at, (number, word) in enumerate((number, word) for number, word in found if number):
        yield f"{number:,} {word}" if at else f"{plural(number, 'row')} {word}"
    if not any(number for number, _ in found) and counts_differ(rows):
        yield f"{count(rows.rows_base)} → {count(rows.rows_head)} rows"
    if schema.added:
        yield f"+{plural(len(schema.added), 'column')}"
    if schema.removed:
        yield f"{MINUS}{plural(len(schema.removed), 'column')}"
    if schema.type_changes:
        yield f"{plural(len(schema.type_changes), 'type')} changed"
    if schema.reordered:
        yield "columns reordered"
