"""What a difference looks like: figures of numeric columns, values that moved, and where it is concentrated."""

from __future__ import annotations

from rocky_action.domain.diff import ColumnChange, NumericChange, Profile
from rocky_action.rowdiff.categories import categories
from rocky_action.rowdiff.common_types import is_number
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.figures import Distinct, NumericColumn, numbers_of
from rocky_action.rowdiff.histogram import histogram
from rocky_action.rowdiff.sides import Sides
from rocky_action.rowdiff.slices import find_slices

MOST_NUMBERS = 12
_EXACT_DISTINCT = 100_000
_ESTIMATED_DISTINCT = 1_000_000
_MUCH = 0.01


def describe(
    sides: Sides, differing: Differing, *, changes: tuple[ColumnChange, ...], rows: tuple[int, int]
) -> Profile:
    """The profile of rows that differ: at most one scan of each side, and a second one of base for the slices.

    ``changes`` counts changed rows by column, ``rows`` are those of base and head. Raises WarehouseError.
    """
    chosen = _numeric(differing, changes)
    touched = _touched(differing, changes)
    columns = [
        NumericColumn(
            pair, _distinct(touched.get(pair.name, differing.total), rows), pair.name.lower() in differing.masked
        )
        for pair in (differing.columns[place] for place in chosen)
    ]
    figures = [
        NumericChange(column.pair.name, base, head, histogram(differing, place))
        for place, column, (base, head) in zip(chosen, columns, numbers_of(sides, columns), strict=True)
    ]
    return Profile(
        rows_examined=sum(row.count for row in differing.rows),
        rows_differing=differing.total,
        numbers=tuple(figures),
        categories=categories(differing),
        slices=find_slices(sides, differing, rows_base=rows[0]),
    )


def _numeric(differing: Differing, changes: tuple[ColumnChange, ...]) -> list[int]:
    """Places of the columns to take figures of, at most twelve: those that changed in most rows first.

    If rows came or went the others follow, but for identifiers, whose sum says nothing.
    """
    changed = {change.name: change.rows_changed for change in changes}
    came_or_went = any(row.kind != "changed" for row in differing.rows)
    places = [
        place
        for place, pair in enumerate(differing.columns)
        if place >= differing.key_columns and is_number(pair.comparable.type)
        if changed.get(pair.name) or (came_or_went and not _is_identifier(pair.name))
    ]
    return sorted(places, key=lambda place: -changed.get(differing.columns[place].name, 0))[:MOST_NUMBERS]


def _is_identifier(name: str) -> bool:
    return name.lower() == "id" or name.lower().endswith(("_id", "_key", "_sk"))


def _touched(differing: Differing, changes: tuple[ColumnChange, ...]) -> dict[str, int]:
    """Rows that may have another value, by column; a column that is not here may have one in every row that differs."""
    if any(row.kind != "changed" for row in differing.rows):
        return {}
    return {change.name: change.rows_changed for change in changes}


def _distinct(touched: int, rows: tuple[int, int]) -> Distinct:
    """Counting different values is exact up to 100,000 rows and an estimate up to a million.

    Beyond that it is the dearest figure, and it cannot move much where fewer than 1 % of the rows can have another
    value: there it is not counted at all.
    """
    largest = max(rows)
    if largest <= _EXACT_DISTINCT:
        return "exact"
    return "estimated" if largest <= _ESTIMATED_DISTINCT or touched >= _MUCH * largest else "not counted"
