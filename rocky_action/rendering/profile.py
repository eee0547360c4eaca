"""What a difference looks like: where it is concentrated, which values moved, and what that does to the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rocky_action.domain.diff import (
    CategoryChange,
    ModelDiff,
    Numbers,
    NumericChange,
    Profile,
    Sampled,
    Slice,
    ValueMove,
)
from rocky_action.rendering.figures import count, fraction, plural, share
from rocky_action.rendering.numbers import bars, bound, figure_change, relative_change
from rocky_action.rendering.tables import Table
from rocky_action.rendering.text import NULL, Md, code, fence_lines, join, value

MOST_SLICES = 5
MOST_CATEGORIES = 4
MOST_VALUES = 4
MOST_NUMBERS = 12
MOST_HISTOGRAMS = 4
SAME = Md("same")
NOT_COUNTED = Md("not counted")
_SAYS_NOTHING = frozenset({SAME, NOT_COUNTED, Md("")})


@dataclass(frozen=True)
class ProfileView:
    """The parts of a profile that say something; the others are None or empty."""

    where_title: Md
    where: tuple[Md, ...]
    numbers: Table | None
    histograms: tuple[str, ...]

    @property
    def figures(self) -> Md | None:
        """The histograms as a code block, where all characters have one width."""
        return fence_lines(self.histograms) if self.histograms else None


def profile_view(diff: ModelDiff) -> ProfileView | None:
    """The profile of one model's difference; None where there is nothing to show."""
    profile = diff.profile
    if profile is None:
        return None
    these = f"these {count(profile.rows_examined)} rows" if profile.rows_examined > 1 else "the one that was looked at"
    rows = f"the {differing_rows(diff)}" if _is_complete(profile) else these
    slices = [slice_sentence(one, rows) for one in profile.slices[:MOST_SLICES]]
    categories = [_category(one, rows) for one in profile.categories[:MOST_CATEGORIES]]
    histograms = [line for one in profile.numbers for line in histogram_lines(one, examined_rows(diff, profile))]
    view = ProfileView(
        _title(diff, profile), (*slices, *categories), numbers_table(profile), tuple(histograms[: 3 * MOST_HISTOGRAMS])
    )
    return view if view.where or view.numbers or view.histograms else None


def differing_rows(diff: ModelDiff) -> str:
    """What the rows are called that differ: by their kind if they are all of one."""
    rows = diff.rows
    kinds = [(rows.added, "added rows"), (rows.removed, "removed rows"), (rows.changed, "changed rows")]
    found = [kind for number, kind in kinds if number]
    what = found[0] if len(found) == 1 else "differing rows"
    return f"{what} of the sample" if isinstance(diff.coverage, Sampled) else what


def examined_rows(diff: ModelDiff, profile: Profile) -> str:
    """The rows that a profile looked at: all that differ, or some of them."""
    what = differing_rows(diff)
    if _is_complete(profile):
        return f"the {what}"
    return f"{count(profile.rows_examined)} of the {count(profile.rows_differing)} {what}"


def _is_complete(profile: Profile) -> bool:
    return profile.rows_examined >= profile.rows_differing


def _title(diff: ModelDiff, profile: Profile) -> Md:
    found = "" if _is_complete(profile) else f", from a sample of {examined_rows(diff, profile)}"
    return Md(f"**Where the change is**{found}")


def slice_sentence(one: Slice, what: str) -> Md:
    """One slice: how much of the difference it holds, against its part of the table."""
    held = f"{NULL} in {code(one.column)}" if one.value is None else f"{code(one.column)} = {value(one.value)}"
    start = f"{fraction(one.share_of_differing)} of {what} have {held}"
    part = f"which is {fraction(one.share_of_table)} of the table"
    if one.share_of_table <= 0 or one.lift < 1.05:
        return Md(f"{start}, {part}.")
    return Md(f"{start}, {part}: {one.lift:,.1f} times as many as by chance.")


def _category(change: CategoryChange, what: str) -> Md:
    moves = [_move(move) for move in change.values[:MOST_VALUES]]
    more = f" and {plural(len(change.values) - MOST_VALUES, 'more value')}" if len(change.values) > MOST_VALUES else ""
    return Md(f"{code(change.column)} in {what}: {join(', ', moves)}{more}.")


def _move(move: ValueMove) -> Md:
    return Md(f"{value(move.value)} {count(move.base)} → {count(move.head)}")


def moved(profile: Profile, column: str) -> Md:
    """The one figure of a column that says most about its change; nothing where the profile has none."""
    for change in profile.numbers:
        if change.column == column:
            found = next((f"{name} {text}" for name, text in _figures(change) if text not in _SAYS_NOTHING), "")
            part = relative_change(change.base.sum, change.head.sum) if found.startswith("sum") else ""
            return Md(f"{found} ({part})" if part else found)
    for category in profile.categories:
        if category.column == column and _is_complete(profile):
            return Md(f"in these rows {join(', ', [_move(move) for move in category.values[:2]])}")
    return Md("")


def _figures(change: NumericChange) -> Iterator[tuple[str, Md]]:
    """Each figure of a column, base → head or "same"."""
    base, head = change.base, change.head
    yield "sum", figure_change(base.sum, head.sum)
    yield "mean", figure_change(base.mean, head.mean)
    yield "min", figure_change(base.min, head.min)
    yield "max", figure_change(base.max, head.max)
    yield "NULL", null_change(base, head)
    yield "distinct", distinct_change(base, head)


def null_change(base: Numbers, head: Numbers) -> Md:
    """The share of rows without a value."""
    if base.nulls * head.rows == head.nulls * base.rows:
        return SAME
    shares = [share(side.nulls, side.rows) or Md("no rows") for side in (base, head)]
    if shares[0] == shares[1]:
        return Md(f"{count(base.nulls)} → {plural(head.nulls, 'row')}")
    return join(" → ", shares)


def distinct_change(base: Numbers, head: Numbers) -> Md:
    """The number of different values, estimates marked."""
    if base.distinct is None or head.distinct is None:
        return NOT_COUNTED
    if (base.distinct, base.distinct_exact) == (head.distinct, head.distinct_exact):
        return SAME
    return Md(f"{_estimated(base)}{base.distinct:,} → {_estimated(head)}{head.distinct:,}")


def _estimated(side: Numbers) -> str:
    return "" if side.distinct_exact else "≈"


def numbers_table(profile: Profile) -> Table | None:
    """Numeric columns that moved, with those figures that moved in any of them."""
    rows = [(change.column, dict(_figures(change))) for change in profile.numbers]
    rows = [(column, figures) for column, figures in rows if not _SAYS_NOTHING.issuperset(figures.values())]
    shown = rows[:MOST_NUMBERS]
    if not shown:
        return None
    kinds = [kind for kind in shown[0][1] if any(figures[kind] not in _SAYS_NOTHING for _, figures in shown)]
    header = (Md("Base → head"), *(NULL if kind == "NULL" else Md(kind.capitalize()) for kind in kinds))
    body = [(code(column), *(figures[kind] for kind in kinds)) for column, figures in shown]
    if len(rows) > len(shown):
        rest = Md(f"… and {plural(len(rows) - len(shown), 'more column')}")
        body.append((rest, *(Md("") for _ in kinds)))
    return Table(header, tuple(body), frozenset(range(1, len(header))))


def histogram_lines(change: NumericChange, what: str) -> Iterator[str]:
    """The differing rows that were looked at by value, base over head on one scale; nothing where that is no news."""
    found = change.histogram
    if found is None or found.base == found.head:
        return
    top = max(*found.base, *found.head)
    yield f"{change.column} in {what}, from {bound(found.low)} to {bound(found.high)}"
    yield f"  base {bars(found.base, top)}"
    yield f"  head {bars(found.head, top)}"
