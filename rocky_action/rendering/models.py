"""The table of the prune set: one row per model, every cell a statement that stands on its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from rocky_action.domain.cost import Fate, Movement
from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.rendering.figures import MINUS, UNKNOWN, count, money, names, plural, share
from rocky_action.rendering.results import ModelResult, State, is_without_rows
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import Md, code, prose

HEADER = tuple(map(Md, ("Model", "Why", "Schema", "Rows", "Values", "Cost")))
WHY_LENGTH = 200
ICONS = {
    State.EMPTIED: "🔴",
    State.DOUBLED: "🔴",
    State.HALVED: "🔴",
    State.FAILED: "🔴",
    State.NOT_RUN: "🟠",
    State.NOT_COMPARED: "🟠",
    State.CHANGED: "🟡",
    State.SAMPLED: "🟠",
    State.NEW: "🔵",
    State.SAME: "🟢",
    State.INLINED: "⚪",
}


def model_table(results: Sequence[ModelResult]) -> Table:
    """The results as they come, one row each."""
    return Table(HEADER, tuple(_row(result) for result in results))


def _row(result: ModelResult) -> tuple[Md, ...]:
    return (
        Md(f"{ICONS[result.state]}\N{NO-BREAK SPACE}{code(result.model)}"),
        why(result),
        *_data(result),
        _cost(result),
    )


def why(result: ModelResult) -> Md:
    """Why the model runs, with its old name if it was renamed."""
    reason = prose(result.planned.why, WHY_LENGTH)
    old = result.change.renamed_from if result.change else None
    return reason if old is None or old in result.planned.why else Md(f"renamed from {code(old)}; {reason}")


def _data(result: ModelResult) -> tuple[Md, Md, Md]:
    """Schema, rows and values."""
    match result.state:
        case State.FAILED:
            return UNKNOWN, Md("**failed**"), UNKNOWN
        case State.NOT_RUN:
            return UNKNOWN, Md("**not run**"), UNKNOWN
        case State.INLINED:
            return Md("no table"), Md("no table"), Md("part of its readers")
        case _:
            if result.diff is None:
                return UNKNOWN, UNKNOWN, Md("**not compared**")
            return schema_words(result.diff), _rows(result.diff), values(result.diff)


def schema_words(diff: ModelDiff) -> Md:
    """The schema diff in a few words; up to two columns by name."""
    schema = diff.schema
    if diff.new:
        return Md("new")
    uncounted = diff.rows.rows_base is None or diff.rows.rows_head is None
    if schema.is_empty and uncounted and isinstance(diff.coverage, NotCompared):  # one side was not there to be read
        return UNKNOWN
    parts: list[str] = []
    for sign, columns in (("+", schema.added), (MINUS, schema.removed)):
        if 0 < len(columns) <= 2:
            parts.append(", ".join(f"{sign}{code(column.name, 40)}" for column in columns))
        elif columns:
            parts.append(f"{sign}{plural(len(columns), 'column')}")
    if 0 < len(schema.type_changes) <= 2:
        parts.append(f"type of {names((change.name for change in schema.type_changes), 2)}")
    elif schema.type_changes:
        parts.append(plural(len(schema.type_changes), "type"))
    if schema.reordered:
        parts.append("reordered")
    return Md(", ".join(parts) or "same")


def _rows(diff: ModelDiff) -> Md:
    rows = diff.rows
    if diff.new:
        return Md(f"new, {plural(rows.rows_head, 'row')}" if rows.rows_head is not None else "new, rows unknown")
    if rows.rows_base is None and rows.rows_head is None:
        return UNKNOWN
    if rows.size_change == "emptied":
        return Md(f"{count(rows.rows_base)} → **0**")
    same = rows.rows_base == rows.rows_head
    strong = "**" if rows.size_change else ""
    counted = count(rows.rows_head)
    counted = counted if same else Md(f"{count(rows.rows_base)} → {strong}{counted}{strong}")
    if not isinstance(diff.coverage, Exhaustive) or not (rows.added or rows.removed):
        return counted
    moved = [f"+{rows.added:,}"] if rows.added else []
    moved += [f"{MINUS}{rows.removed:,}"] if rows.removed else []
    unstable = ", **unstable rows**" if not rows.changed and diff.differs_by_chance else ""
    return Md(f"{counted} (**{' '.join(moved)}**){unstable}")


def values(diff: ModelDiff) -> Md:
    """What is known about values: equal, changed, sampled and not compared are different words."""
    unstable = ", only in **unstable columns**" if diff.rows.changed and diff.differs_by_chance else ""
    return Md(f"{_values(diff)}{unstable}")


def _values(diff: ModelDiff) -> Md:
    rows = diff.rows
    if diff.new:
        return Md("all new")
    match diff.coverage:
        case NotCompared():
            return Md("**not compared**")
        case Sampled(rows_compared=compared, rows_total=total):
            found = sum(number or 0 for number in (rows.added, rows.removed, rows.changed))
            least = plural(found, "difference") if found else Md("none found")
            return Md(f"{least} in **{plural(compared, 'key')} of {plural(total, 'row')}**")
        case Exhaustive(method="multiset"):
            why = "key not unique" if diff.key else "no key"
            if rows.changed:
                return Md(f"**{count(rows.changed)} changed** ({why}: those that can be paired)")
            return Md(f"{why}: counted as whole rows") if rows.added or rows.removed else _equal(diff)
        case Exhaustive():
            if not rows.changed:
                return _equal(diff)
            part = share(rows.changed, matched(diff) or 0)
            return Md(f"**{count(rows.changed)} changed**{f' ({part})' if part else ''}")
        case _ as never:
            assert_never(never)


def _equal(diff: ModelDiff) -> Md:
    """Equal, and what that leaves out."""
    if is_without_rows(diff):
        return Md("no row to compare")
    if diff.rows.rows_base and diff.rows.removed == diff.rows.rows_base:
        return Md("no row left to compare")
    if diff.ignored_columns:
        return Md(f"equal, {plural(len(diff.ignored_columns), 'column')} ignored")
    return Md("equal, see notes" if diff.notes else "equal")


def matched(diff: ModelDiff) -> int | None:
    """How many rows are on both sides: what a number of changed rows is a share of."""
    if isinstance(diff.coverage, Sampled):
        return max(0, diff.coverage.rows_compared - (diff.rows.added or 0) - (diff.rows.removed or 0))
    if diff.rows.rows_base is None or diff.rows.removed is None:
        return None
    return diff.rows.rows_base - diff.rows.removed


def _cost(result: ModelResult) -> Md:
    if result.state is State.INLINED:
        return Md("in its readers")
    cost = result.cost
    if cost is None:
        return UNKNOWN
    if result.state is State.NEW and cost.fate is Fate.NEW and cost.head and cost.head.usd is not None:
        return Md(f"{money(cost.head.usd, signed=True)} (new)")
    noise = " (noise)" if cost.movement is Movement.NOISE else ""
    return Md(f"{money(cost.delta_usd, signed=True)}{noise}")
