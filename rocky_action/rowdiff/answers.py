"""The question that every algorithm answers, and what an answer holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from rocky_action.domain.diff import ColumnChange, Coverage, Exhaustive, Key, NotCompared, Proof, RowDiff
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.request import DiffRequest
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides

DRAWN_OF_FEW = 1_000
"""The same of small tables, where reading more costs nothing to speak of."""
DRAWN = 256
"""Keys of differing rows drawn for examples and for the profile: a twentieth of a table's blocks has them all."""


@dataclass(frozen=True)
class Question:
    """What differs between two sides, in these columns; ``masked`` are lower-case names whose values stay there.

    ``of_all`` is false when these are only some of the rows that were asked about.
    """

    sides: Sides
    compared: tuple[ColumnPair, ...]
    request: DiffRequest
    rows_base: int
    rows_head: int
    masked: frozenset[str] = frozenset()
    of_all: bool = True

    @property
    def longer(self) -> int:
        """Rows of the longer side."""
        return max(self.rows_base, self.rows_head)

    @property
    def is_small(self) -> bool:
        """True when it pays to compare everything at once."""
        return self.longer <= self.request.few_rows

    @property
    def draw(self) -> int:
        """How many keys of differing rows to draw: none if nobody wants examples."""
        most = DRAWN_OF_FEW if self.is_small else DRAWN
        return max(most, self.request.max_samples) if self.request.max_samples else 0

    def beside(self, key: Iterable[ColumnPair]) -> tuple[ColumnPair, ...]:
        """The compared columns that are no part of a key."""
        own = {pair.position for pair in key}
        return tuple(pair for pair in self.compared if pair.position not in own)

    def of(self, sides: Sides) -> Question:
        """The same about a part of the rows."""
        base, head = sides.count()
        return replace(self, sides=sides, rows_base=base, rows_head=head)


@dataclass(frozen=True)
class Answer:
    """What differs, what was looked at, how; ``differing`` fetches rows that differ when somebody wants to see some."""

    rows: RowDiff
    proof: Proof
    differing: Callable[[], Differing]
    coverage: Coverage = field(default_factory=lambda: Exhaustive("keyed"))
    key: Key | None = None
    notes: tuple[str, ...] = ()


def nothing(rows: RowDiff, reason: str, *, fixable: bool = False) -> Answer:
    """No row compared, because of this; ``fixable`` by asking otherwise."""
    return Answer(rows, Proof("nothing"), lambda: Differing((), 0, (), 0), NotCompared(reason, fixable=fixable))


def summed(columns: Iterable[ColumnPair], *found: Iterable[ColumnChange]) -> tuple[ColumnChange, ...]:
    """Changed rows by column over several parts of the rows, in the order of ``columns``."""
    totals: dict[str, int] = {}
    for changes in found:
        for change in changes:
            totals[change.name] = totals.get(change.name, 0) + change.rows_changed
    return tuple(ColumnChange(pair.name, totals[pair.name]) for pair in columns if totals.get(pair.name))


def joined(columns: tuple[ColumnPair, ...], *, key_columns: int, parts: Iterable[Differing]) -> Differing:
    """Differing rows of several parts, all of the same columns."""
    every = tuple(parts)
    return Differing(
        columns,
        key_columns,
        tuple(row for part in every for row in part.rows),
        sum(part.total for part in every),
        every[0].masked if every else frozenset(),
    )
