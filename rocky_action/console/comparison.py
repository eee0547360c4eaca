"""One comparison on a terminal: the answer first, then counts, columns, where the change is, numbers, examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rocky_action.domain.diff import CellChange, Exhaustive, ModelDiff, NotCompared, RowExample, Sampled, Value
from rocky_action.domain.text import printable
from rocky_action.rendering import tables as markdown
from rocky_action.rendering.brief import answer
from rocky_action.rendering.comparison import row_counts
from rocky_action.rendering.figures import plural, share
from rocky_action.rendering.models import matched
from rocky_action.rendering.profile import moved, profile_view
from rocky_action.rendering.proof import how_note
from rocky_action.rendering.results import ALARMING, compared_state
from rocky_action.rendering.sections import coverage_sentence, diff_notes, schema_table
from rocky_action.rendering.text import Md

BAR = 16
"""Cells of a bar that stands for all rows."""
MOST_COLUMNS = 20
MOST_CELLS = 8
VALUE_LENGTH = 60
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MARKS = re.compile(
    r"(?P<ticks>`+)(?P<pad> ?)(?P<code>.+?)(?P=pad)(?P=ticks)(?!`)|\*\*(?P<bold>[^*`]+)\*\*|\*(?P<italic>[^*`]+)\*",
    re.DOTALL,
)


def show_comparison(diff: ModelDiff, *, base: str, head: str) -> None:
    """What two relations or files differ in; nothing is cut but long values and long lists, and that is said."""
    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(f"● {answer(diff)}", style=f"bold {_colour(diff)}"))
    console.print(Text(f"  base {printable(base)}, head {printable(head)}", style="dim"))
    for part in _parts(diff):
        console.print(Padding(part, (1, 0, 0, 2), expand=False))


def _colour(diff: ModelDiff) -> str:
    if compared_state(diff) in ALARMING:
        return "red"
    match diff.coverage:
        case Exhaustive():
            return "green" if diff.is_empty else "yellow"
        case Sampled():
            return "magenta" if diff.is_empty else "yellow"
        case NotCompared():
            return "red"
        case _ as never:
            assert_never(never)


def _parts(diff: ModelDiff) -> Iterator[RenderableType]:
    yield styled(coverage_sentence(diff))
    if diff.rows.rows_base is not None or diff.rows.rows_head is not None:
        yield _counts(diff)
    if schema := schema_table(diff):
        yield _from_markdown(schema)
    if changed := [column for column in diff.rows.columns if column.rows_changed]:
        yield _columns(diff, len(changed))
    if view := profile_view(diff):
        if view.where:
            yield Group(styled(view.where_title), *(_bullet(line) for line in view.where))
        if view.numbers:
            yield _from_markdown(view.numbers)
        if view.histograms:
            yield Text("\n".join(map(printable, view.histograms)))
    if diff.rows.examples:
        yield _examples(diff.rows.examples)
    if notes := [*diff_notes(diff), *([how] if (how := how_note(diff)) else [])]:
        yield Group(*map(_bullet, notes))


def styled(safe: Md) -> Text:
    """Our Markdown as the text it stands for: names and values coloured instead of quoted."""
    text, place = Text(), 0
    for found in _MARKS.finditer(safe):
        text.append(_plain(safe[place : found.start()]))
        if found["code"] is not None:
            text.append(_plain(found["code"]), "cyan")
        else:
            text.append(_plain(found["bold"] or found["italic"]), "bold" if found["bold"] else "italic dim")
        place = found.end()
    return text.append(_plain(safe[place:]))


def _plain(text: str) -> str:
    """Without the characters that only a browser needs."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{ZERO WIDTH SPACE}", "")


def _bullet(line: Md) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("•", styled(line))
    return grid


def _table(*header: Text | str, numeric: Iterable[int] = ()) -> Table:
    table = Table(header_style="bold", box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place in numeric else "left", overflow="fold")
    return table


def _from_markdown(source: markdown.Table) -> Table:
    table = _table(*map(styled, source.header), numeric=source.numeric)
    for row in source.rows:
        table.add_row(*map(styled, row))
    return table


def _counts(diff: ModelDiff) -> Table:
    counted = row_counts(diff)
    table = _table(*counted, numeric=range(len(counted)))
    colours = ("", "", "green", "red", "yellow", "")
    table.add_row(
        *(
            Text("unknown", "dim") if number is None else Text(f"{number:,}", colour if number else "dim")
            for number, colour in zip(counted.values(), colours, strict=True)
        )
    )
    return table


def _columns(diff: ModelDiff, number: int) -> Table:
    whole = matched(diff) or 0
    found = [moved(diff.profile, column.name) if diff.profile else Md("") for column in diff.rows.columns]
    said = any(found)
    table = _table("Changed column", "Rows", "Share", "", *(["Base → head"] if said else []), numeric=(1, 2))
    changed = sorted(zip(diff.rows.columns, found, strict=True), key=lambda pair: (-pair[0].rows_changed, pair[0].name))
    for column, figures in changed[: min(number, MOST_COLUMNS)]:
        name = Text(printable(column.name), "cyan")
        if column.name.lower() in diff.unstable_columns:
            name.append(" not stable", "dim italic")
        part = _plain(share(column.rows_changed, whole))
        line = Text(bar(column.rows_changed, whole), "yellow")
        table.add_row(name, f"{column.rows_changed:,}", part, line, *([styled(figures)] if said else []))
    if number > MOST_COLUMNS:
        table.add_row(Text(f"… and {plural(number - MOST_COLUMNS, 'more column')}", "dim"))
    return table


def bar(part: int, whole: int) -> str:
    """A share as a bar: never empty, and full only if it is all."""
    if not 0 < part <= whole:
        return ""
    eighths = max(1, 8 * BAR * part // whole)
    return f"{_EIGHTHS[8] * (eighths // 8)}{_EIGHTHS[eighths % 8].strip()}"


def _examples(examples: Iterable[RowExample]) -> RenderableType:
    """A line for each row: its sign, its key or else what is alike, and the cells that differ, old → new."""
    grid = Table.grid(padding=(0, 1))
    for _ in range(3):
        grid.add_column(overflow="fold")
    for example in examples:
        sign, colour = {"changed": ("~", "yellow"), "removed": ("-", "red"), "added": ("+", "green")}[example.kind]
        told = example.key or example.alike[:MOST_CELLS]
        key = Text(", ").join(_named(name, _value(value)) for name, value in told)
        cells = [_cell(cell, example) for cell in example.cells[:MOST_CELLS]]
        if len(example.cells) > MOST_CELLS:
            cells.append(Text(f"… and {plural(len(example.cells) - MOST_CELLS, 'more cell')}", "dim"))
        if example.count != 1:
            cells.append(Text(f"({example.count:,} times)", "dim"))
        grid.add_row(Text(sign, f"bold {colour}"), key, Text("  ").join(cells))
    return Group(Text("Example rows", "bold"), grid)


def _cell(cell: CellChange, example: RowExample) -> Text:
    base, head = (Text(one.plain, colour) for one, colour in ((_value(cell.base), "red"), (_value(cell.head), "green")))
    if cell.masked:
        return _named(cell.column, Text("masked, differs" if example.kind == "changed" else "masked", "italic"))
    match example.kind:
        case "changed":
            return _named(cell.column, Text.assemble(base, " → ", head))
        case "removed":
            return _named(cell.column, base)
        case "added":
            return _named(cell.column, head)
        case _ as never:
            assert_never(never)


def _named(name: str, value: Text) -> Text:
    return Text.assemble((printable(name), "cyan"), "=", value)


def _value(value: Value) -> Text:
    """A cell; quotes tell the empty text and the word NULL from what they look like."""
    if value is None:
        return Text("NULL")
    shown = printable(value[:VALUE_LENGTH]) + ("…" if len(value) > VALUE_LENGTH else "")
    return Text(repr(value) if value in {"", "NULL"} else shown)
