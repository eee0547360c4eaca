"""Where a difference is concentrated: column = value slices that hold more of it than of the table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Slice
from rocky_action.rowdiff.candidates import LEAST_SHARE, Candidate, candidates, weight
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.sides import Sides, numbers

MOST_SLICES = 3
FEWEST_ROWS = 10
LEAST_LIFT = 1.5
CHANCE = 0.001
"""How often a table whose changes are spread at random may show a slice all the same."""
_MOST_PROBED = 24
_MOST_COUNTED = 6
_PROBED_ROWS = 100_000
_PROBED_LIFT = 1.2
_SEED = 7


@dataclass(frozen=True)
class _Cell:
    """Rows that meet the same candidates: how many differ, different ones and all, and how many the table has."""

    met: frozenset[int]
    different: int = 0
    copies: int = 0
    table: float = 0.0


@dataclass(frozen=True)
class _Found:
    """One candidate among some rows: its share of those that differ and of the table, and how telling that is.

    ``evidence`` is ``n * KL(share || table)``, n being the number of differing rows: by Chernoff's bound (1952) a
    random draw of n rows has such a share, or a larger one, with a probability of at most exp(-evidence).
    """

    share: float
    table: float
    evidence: float

    def says_something(self, tests: int) -> bool:
        """Whether the share is well above the table's, and by more than chance explains in one of so many tests.

        All of them counts as well above, and the chance is shared out among the tests (Bonferroni).
        """
        concentrated = self.share >= LEAST_SHARE and (self.share >= LEAST_LIFT * self.table or self.share >= 1)
        return concentrated and self.evidence >= math.log(tests / CHANCE)


def find_slices(sides: Sides, differing: Differing, *, rows_base: int) -> tuple[Slice, ...]:
    """At most three slices, the most telling first; none below ten different rows that differ.

    The table is every row of either side: those of base, and the added ones. A row counts with its values in base, an
    added one with those in head, so that a changed value is where it came from. A slice must hold a fifth of the rows
    that differ, 1.5 times its part of the table or all of them, and more than chance explains (``_Found``). The first
    one is the most telling by the same measure, which favours few rows of the table as well as many of the difference.
    Another one is added if it says as much of the rows that all chosen ones hold, narrowing them down, or of those that
    none or all but one of them hold; so a column that always goes with another one is not named a second time.

    Base is read once, for the columns of the at most six candidates that a sample of its blocks leaves over. Shares
    of the table are exact if ``differing`` is complete; else the added rows in them are scaled up from those here.
    """
    if len(differing.rows) < FEWEST_ROWS:
        return ()
    found, tests = candidates(differing)
    promising = _promising(sides, differing, found=found[:_MOST_PROBED], rows_base=rows_base)
    if not promising:
        return ()
    cells = _cells(sides, differing, found=promising)
    everything = [_measure(cells, index) for index in range(len(promising))]
    chosen: list[int] = []
    while len(chosen) < MOST_SLICES and (best := _next(cells, everything, chosen=chosen, tests=tests)) is not None:
        chosen.append(best)
    return tuple(
        Slice(
            promising[index].pair.name,
            promising[index].value,
            weight(differing.rows, promising[index].rows),
            everything[index].share,
            everything[index].table,
        )
        for index in chosen
    )


def _next(cells: Sequence[_Cell], everything: Sequence[_Found], *, chosen: list[int], tests: int) -> int | None:
    """The candidate that adds most to the chosen ones, None if none says anything more."""
    parts = [part for part in _parts(cells, frozenset(chosen)) if _copies(part) >= LEAST_SHARE * _copies(cells)]
    scored = [
        (found.evidence, -index)
        for index, whole in enumerate(everything)
        if index not in chosen and whole.says_something(tests)
        for found in (_measure(part, index) for part in parts)
        if found.says_something(tests)
    ]
    return -max(scored)[1] if scored else None


def _parts(cells: Sequence[_Cell], chosen: frozenset[int]) -> Iterator[list[_Cell]]:
    """Rows about which something may be left to say: in all chosen slices, in all but one of them, in none."""
    yield [cell for cell in cells if cell.met >= chosen]
    for left in sorted(chosen):
        yield [cell for cell in cells if left not in cell.met and cell.met >= chosen - {left}]
    yield [cell for cell in cells if not cell.met & chosen]


def _copies(cells: Iterable[_Cell]) -> int:
    return sum(cell.copies for cell in cells)


def _measure(cells: Sequence[_Cell], index: int) -> _Found:
    """A candidate among the rows of these cells; copies of one row are no evidence."""
    table = _share(cells, index, size=lambda cell: cell.table)
    share = _share(cells, index, size=lambda cell: cell.copies)
    least = min(share, _share(cells, index, size=lambda cell: cell.different))
    return _Found(share, table, sum(cell.different for cell in cells) * _divergence(least, table))


def _share(cells: Sequence[_Cell], index: int, *, size: Callable[[_Cell], float]) -> float:
    total = sum(size(cell) for cell in cells)
    return sum(size(cell) for cell in cells if index in cell.met) / total if total else 0.0


def _divergence(share: float, table: float) -> float:
    """Kullback and Leibler's, of one yes-or-no distribution from another; 0 unless the share is the larger one."""
    if not 0 < table < share:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - table)) if share < 1 else 0.0
    return share * math.log(share / table) + rest


def _promising(
    sides: Sides, differing: Differing, *, found: Sequence[Candidate], rows_base: int
) -> tuple[Candidate, ...]:
    """Those of which a sample of base's blocks does not say that they are as frequent in the table."""
    if not found:
        return ()
    conditions = [_condition(sides, one) for one in found]
    counts = ", ".join(f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in conditions)
    rows, *met = numbers(sides.query(f"SELECT count(*), {counts} FROM {_probed(sides, rows_base)}")[0])
    scale = rows / rows_base if rows_base else 1.0  # added rows weigh as much as they would in a sample of their own
    added = [place for place, row in enumerate(differing.rows) if row.kind == "added"]
    cells = _added_weight(differing, added) * scale
    everything = weight(differing.rows, frozenset(range(len(differing.rows))))
    scored = []
    for one, number in zip(found, met, strict=True):
        extra = _added_weight(differing, one.rows.intersection(added)) * scale
        share = weight(differing.rows, one.rows) / everything
        table = (number + extra) / (rows + cells) if rows + cells else 0.0
        if share >= _PROBED_LIFT * table or (share == 1 and table < 1):
            scored.append((_divergence(share, max(table, 1 / _PROBED_ROWS)), one))
    scored.sort(key=lambda pair: -pair[0])
    return tuple(one for _, one in scored[:_MOST_COUNTED])


def _probed(sides: Sides, rows_base: int) -> str:
    """About 100,000 rows of base, the same ones each time. Other warehouses spell only this phrase differently."""
    if rows_base <= _PROBED_ROWS:
        return f"{sides.base} AS s"
    return f"{sides.base} AS s TABLESAMPLE system({100 * _PROBED_ROWS / rows_base:.6f}%) REPEATABLE ({_SEED})"


def _cells(sides: Sides, differing: Differing, *, found: Sequence[Candidate]) -> list[_Cell]:
    """Every combination of candidates that some row meets, counted in the rows that differ and in the table."""
    bits = " + ".join(f"CASE WHEN {_condition(sides, one)} THEN {1 << bit} ELSE 0 END" for bit, one in enumerate(found))
    grouped = f"SELECT m, count(*) FROM (SELECT {bits} AS m FROM {sides.base} AS s) AS t GROUP BY m"
    table: Counter[frozenset[int]] = Counter()
    for mask, count in (numbers(row) for row in sides.query(grouped)):
        table[frozenset(bit for bit in range(len(found)) if mask >> bit & 1)] += count
    places: dict[frozenset[int], list[int]] = {}
    for place in range(len(differing.rows)):
        places.setdefault(frozenset(bit for bit, one in enumerate(found) if place in one.rows), []).append(place)
    cells = []
    for met in dict.fromkeys([*table, *places]):
        here = places.get(met, [])
        added = _added_weight(differing, (place for place in here if differing.rows[place].kind == "added"))
        cells.append(_Cell(met, len(here), weight(differing.rows, frozenset(here)), table[met] + added))
    return cells


def _added_weight(differing: Differing, places: Iterable[int]) -> float:
    """How many added rows these stand for."""
    examined = sum(row.count for row in differing.rows)
    return weight(differing.rows, frozenset(places)) * max(1.0, differing.total / examined)


def _condition(sides: Sides, one: Candidate) -> str:
    return one.condition(f"s.c{one.pair.position}", sides.warehouse.dialect)
