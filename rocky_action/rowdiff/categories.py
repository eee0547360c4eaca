"""Which values became more or fewer in the rows that differ."""

from __future__ import annotations

from collections import Counter

from rocky_action.domain.diff import CategoryChange, Value, ValueMove
from rocky_action.rowdiff.common_types import TEXT, is_whole
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.schema import ColumnPair

MOST_COLUMNS = 6
MOST_VALUES = 5
_FEW_VALUES = 20
_LEAST_ROWS = 2
_LEAST_SHARE = 0.02


def categories(differing: Differing) -> tuple[CategoryChange, ...]:
    """Columns some value of which occurs more or less often than before, the one that moved most rows first.

    At most six columns of five values each. A move of less than two rows, or of less than 2 % of the rows here, is left
    to the examples. The key, floats, nested and masked columns are not looked at; whole numbers and dates only if they
    have few values, text always: what was a thousand addresses may be one NULL now.
    """
    found = [
        (sum(abs(move.head - move.base) for move in moves), CategoryChange(pair.name, tuple(moves)))
        for place, pair in enumerate(differing.columns)
        if place >= differing.key_columns and pair.name.lower() not in differing.masked
        if (moves := _moves(differing, place))
    ]
    found.sort(key=lambda scored: -scored[0])
    return tuple(change for _, change in found[:MOST_COLUMNS])


def _moves(differing: Differing, place: int) -> list[ValueMove]:
    base: Counter[Value] = Counter()
    head: Counter[Value] = Counter()
    for row in differing.rows:
        if row.base:
            base[row.base[place]] += row.count
        if row.head:
            head[row.head[place]] += row.count
    if not _is_category(differing.columns[place], len(base | head)):
        return []
    least = max(_LEAST_ROWS, _LEAST_SHARE * sum(row.count for row in differing.rows))
    moves = [ValueMove(value, base[value], head[value]) for value in base | head]
    moves = [move for move in moves if abs(move.head - move.base) >= least]
    return sorted(moves, key=lambda move: (-abs(move.head - move.base), move.value is not None, move.value or ""))[
        :MOST_VALUES
    ]


def _is_category(pair: ColumnPair, values: int) -> bool:
    """Whether a column's values are names of something; texts of different types do not compare."""
    types = {pair.base.type, pair.head.type}
    if all(is_whole(type_) for type_ in types) or types == {"DATE"}:
        return values <= _FEW_VALUES
    type_ = pair.base.type
    return len(types) == 1 and (type_ in {TEXT, "BOOLEAN"} or (type_.startswith("ENUM(") and type_.endswith(")")))
