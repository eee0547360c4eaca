"""Which columns could identify a row when nobody says it: what a look at some rows cannot refute.

A duplicate among some rows is a duplicate among all of them, so a bounded look refutes for good, and what it leaves is
still to be proved. Uniqueness alone is no evidence that columns identify rows: any column of three rows is unique.
So there has to be a reason: the name, or that chance would have produced duplicates and there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from rocky_action.rowdiff.plausibility import Plausibility, is_period, is_whole_number, plausibility
from rocky_action.rowdiff.request import INFERRED, KeyCandidate
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, numbers

GLANCE = 2_048
"""Rows of each side that every column is looked at in."""
SAMPLE = 20_000
"""Rows of each side that those columns are counted in which the glance left."""
MOST = 3
"""Candidates handed out, and columns in one."""
_COLUMNS, _PARTS, _COUNTED = 40, 12, 8
_OVERLAP_KEYS = 1_000
_OVERLAP = 0.5
_CHANCE = 3.0
"""Pairs of equal keys that chance alone had to produce: it yields none with a probability of e^-3, 5 %."""
_DAYS = 3_653
"""Ten years, in which dates drawn at random would fall."""

Set = tuple[ColumnPair, ...]


@dataclass(frozen=True)
class Inferred:
    """Candidates, the most plausible first, all yet to be proved; ``notes`` say which were passed over and why."""

    candidates: tuple[KeyCandidate, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Glance:
    """Some rows of one side: by a column's position, the hashes of its values."""

    rows: int
    hashes: dict[int, tuple[int, ...]]
    _agreeing: dict[Set, int] = field(default_factory=dict, compare=False)

    @property
    def pairs_of_rows(self) -> int:
        return self.rows * (self.rows - 1) // 2

    def keys(self, columns: Set) -> Iterator[tuple[int, ...]]:
        return zip(*(self.hashes[pair.position] for pair in columns), strict=True)

    def is_unique(self, columns: Set) -> bool:
        return len(set(self.keys(columns))) == self.rows

    def agreeing(self, columns: Set) -> int:
        """How many pairs of rows agree in these columns."""
        if columns not in self._agreeing:
            self._agreeing[columns] = sum(n * (n - 1) // 2 for n in Counter(self.keys(columns)).values())
        return self._agreeing[columns]

    def expected(self, columns: Set) -> float:
        """How many pairs of rows would agree in all columns if one of them had nothing to do with the others."""
        rests = ((one, tuple(pair for pair in columns if pair is not one)) for one in columns)
        return min(self.agreeing((one,)) * self.agreeing(rest) for one, rest in rests) / max(self.pairs_of_rows, 1)


@dataclass(frozen=True)
class _Look:
    """A glance at both sides, and the columns that can be in a key, the most plausible first."""

    sides: Sides
    columns: Set
    base: _Glance
    head: _Glance

    @property
    def is_partial(self) -> bool:
        """Whether a side has rows that the glance did not see."""
        return GLANCE in (self.base.rows, self.head.rows)

    def is_unique(self, columns: Set) -> bool:
        return self.base.is_unique(columns) and self.head.is_unique(columns)

    def repeats(self, pair: ColumnPair) -> bool:
        """Whether a side has some values of a column more than once, and more than one of them."""
        return any(0 < glance.agreeing((pair,)) < glance.pairs_of_rows for glance in (self.base, self.head))

    def expected(self, columns: Set) -> float:
        return max(self.base.expected(columns), self.head.expected(columns))


def infer_candidates(sides: Sides, columns: Sequence[ColumnPair]) -> Inferred:
    """What could be the key among ``columns``, from few rows: at most three sets of at most three columns.

    Nothing here is proved, except that there is no duplicate among the rows looked at.
    """
    look = _look(sides, columns)
    if look is None:
        return Inferred()
    notes: list[str] = []
    for width in range(1, MOST + 1):
        taken: list[Set] = []
        for found in _unrefuted(look, _sets(look, width)):
            if len(taken) < MOST and _overlaps(look, found[1:] if found[:1] in taken else found):
                taken.append(found)
            elif len(taken) < MOST:
                names = ", ".join(pair.name for pair in found)
                notes.append(f"{names} was not taken for the key: base and head share few of its values")
        if taken:
            keys = (KeyCandidate(tuple(pair.name for pair in found), INFERRED) for found in taken)
            return Inferred(tuple(keys), tuple(notes))
    return Inferred(notes=tuple(notes))


def _look(sides: Sides, columns: Sequence[ColumnPair]) -> _Look | None:
    """None if a side is empty, or no column can be part of a key."""
    ranked = [(rank, pair.position, pair) for pair in columns if (rank := plausibility(pair)) is not None]
    eligible = tuple(pair for _, _, pair in sorted(ranked, key=lambda found: found[:2])[:_COLUMNS])
    if not eligible:
        return None
    hashes = ", ".join(_hash(sides, (pair,)) for pair in eligible)
    base, head = sides.query_many([f"SELECT {hashes} FROM {part}" for part in _first_rows(sides, GLANCE)])
    if not base or not head:
        return None
    glances = []
    for rows in (base, head):
        by_column = zip(eligible, zip(*(numbers(row) for row in rows), strict=True), strict=True)
        glances.append(_Glance(len(rows), {pair.position: found for pair, found in by_column}))
    return _Look(sides, eligible, *glances)


def _sets(look: _Look, width: int) -> list[Set]:
    """Sets of columns that are unique as far as was seen and not by chance, the most plausible first."""
    if width == 1:
        alone = [(pair,) for pair in look.columns if look.is_unique((pair,)) and _may_stand_alone(look, pair)]
        return alone[:_COUNTED] + _by_period(look, alone)
    parts = [pair for pair in look.columns if look.repeats(pair)][:_PARTS]
    return [found for found in combinations(parts, width) if look.expected(found) >= _CHANCE and look.is_unique(found)]


def _may_stand_alone(look: _Look, pair: ColumnPair) -> bool:
    rank = plausibility(pair)
    if rank is Plausibility.MOMENT:
        pairs_of_rows = max(look.base.pairs_of_rows, look.head.pairs_of_rows)
        whole_days = {pair.base.type, pair.head.type} == {"DATE"}
        return is_period(pair) or (whole_days and pairs_of_rows / _DAYS >= _CHANCE)
    return rank is not Plausibility.PART


def _by_period(look: _Look, alone: Sequence[Set]) -> list[Set]:
    """The best column with a date: in a table of daily copies the first rows are of one day, where ids are unique."""
    moments = [pair for pair in look.columns if plausibility(pair) is Plausibility.MOMENT]
    dates = [pair for pair in moments if (pair.head.type == "DATE" or is_period(pair)) and not look.is_unique((pair,))]
    return [(alone[0][0], dates[0])] if alone and dates and look.is_partial else []


def _unrefuted(look: _Look, sets: Sequence[Set]) -> Iterator[Set]:
    """Those of the first few sets that are unique in the larger samples too, and numbers that are so by design."""
    sets = sets[: _COUNTED + 1]
    doubtful = {
        found: is_whole_number(found[0]) and plausibility(found[0]) is Plausibility.PLAIN and len(found) == 1
        for found in sets
    }
    if not sets or not (look.is_partial or any(doubtful.values())):
        yield from sets
        return
    counts = ["count(*)"]
    for found in sets:
        counts += [f"count(DISTINCT {_hash(look.sides, found)})", _range(found[0]) if doubtful[found] else "0"]
    statements = [f"SELECT {', '.join(counts)} FROM {part}" for part in _first_rows(look.sides, SAMPLE)]
    measured = [numbers(rows[0]) for rows in look.sides.query_many(statements)]
    for place, found in enumerate(sets):
        unique = all(side[1 + 2 * place] == side[0] for side in measured)
        crowded = any(side[0] * (side[0] - 1) / 2 / (side[2 + 2 * place] + 1) >= _CHANCE for side in measured)
        if unique and (crowded or not doubtful[found]):
            yield found


def _overlaps(look: _Look, columns: Set) -> bool:
    """Whether at least half of one side's first keys occur in the other: else hardly a row would be paired."""
    base, head = set(look.base.keys(columns)), set(look.head.keys(columns))
    if len(base & head) >= _OVERLAP * min(len(base), len(head)):
        return True
    sides = (look.sides.base, look.sides.head)
    return look.is_partial and any(
        _shared(look.sides, columns, first=one, other=other) >= _OVERLAP * min(rows, _OVERLAP_KEYS)
        for one, other, rows in ((*sides, look.base.rows), (*sides[::-1], look.head.rows))
    )


def _shared(sides: Sides, columns: Set, *, first: str, other: str) -> int:
    """How many of one side's first rows have a key that occurs anywhere in the other side."""
    listed = ", ".join(f"{_value(pair)} AS k{index}" for index, pair in enumerate(columns))
    same = " AND ".join(f"o.k{index} IS NOT DISTINCT FROM f.k{index}" for index in range(len(columns)))
    rows = f"(SELECT {listed} FROM {first} AS s LIMIT {_OVERLAP_KEYS}) AS f"
    there = f"SELECT 1 FROM (SELECT {listed} FROM {other} AS s) AS o WHERE {same}"
    return numbers(sides.query(f"SELECT count(*) FROM {rows} WHERE EXISTS ({there})")[0])[0]


def _first_rows(sides: Sides, most: int) -> tuple[str, str]:
    base, head = (f"(SELECT * FROM {side} AS r LIMIT {most}) AS s" for side in (sides.base, sides.head))
    return base, head


def _hash(sides: Sides, columns: Iterable[ColumnPair]) -> str:
    return sides.warehouse.row_hash([pair.hashable(f"s.c{pair.position}") for pair in columns])


def _value(pair: ColumnPair) -> str:
    return pair.comparand(f"s.c{pair.position}")


def _range(pair: ColumnPair) -> str:
    """How far the numbers of a column reach, up to 10^18; 0 for none."""
    reach = f"CAST(max({_value(pair)}) AS DOUBLE) - CAST(min({_value(pair)}) AS DOUBLE)"
    return f"CAST(coalesce(least({reach}, 1e18), 0) AS BIGINT)"
