"""Two lists of columns against each other, and the pairs whose values can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rocky_action.domain.diff import Column, SchemaDiff, TypeChange
from rocky_action.domain.options import Tolerance
from rocky_action.rowdiff.common_types import TEXT, Comparable, comparable, is_integer, is_number


@dataclass(frozen=True)
class ColumnPair:
    """A column that both sides have. ``position`` names it in our SQL, where no name of a user's appears.

    The methods write SQL about values of one side, given as the SQL that reads them.
    """

    position: int
    base: Column
    head: Column
    comparable: Comparable
    tolerance: Tolerance | None = None

    @property
    def name(self) -> str:
        """Head's spelling of the name."""
        return self.head.name

    @property
    def takes_tolerance(self) -> bool:
        """True for numbers."""
        return is_number(self.comparable.type)

    def comparand(self, value: str) -> str:
        """The value as it is compared, grouped, joined and sorted."""
        cast = f"CAST({value} AS {self.comparable.cast})" if self.comparable.cast else value
        # A column declared COLLATE NOCASE would make DuckDB take 'a' for 'A'; this collation compares bytes.
        return f"({cast} COLLATE posix)" if self.comparable.type == TEXT else cast

    def differs(self, base: str, head: str) -> str:
        """A condition, never NULL: the two values are not the same, NULL being a value like any other."""
        left, right = self.comparand(base), self.comparand(head)
        distinct = f"{left} IS DISTINCT FROM {right}"
        if not self.tolerance or not self.takes_tolerance:
            return f"({distinct})"
        if is_integer(self.comparable.type):  # the difference of two BIGINTs need not fit into one
            left, right = f"CAST({left} AS HUGEINT)", f"CAST({right} AS HUGEINT)"
        near = f"abs({left} - {right}) <= CAST('{self.tolerance.absolute!r}' AS DOUBLE)"
        return f"({distinct} AND NOT coalesce({near}, FALSE))"


def text(value: str) -> str:
    """A value as a person reads it, as SQL."""
    return f"CAST({value} AS {TEXT})"


def diff_schemas(base: Sequence[Column], head: Sequence[Column]) -> SchemaDiff:
    """Columns added, removed, of another type or in another order. Case of names does not matter."""
    matches = _match(base, head)
    in_base = [left.name for left, _ in matches]
    in_head = {right.name for _, right in matches}
    places = [column.name for column in base if column.name in set(in_base)]
    return SchemaDiff(
        added=tuple(column for column in head if column.name not in in_head),
        removed=tuple(column for column in base if column.name not in set(in_base)),
        type_changes=tuple(
            TypeChange(right.name, left.type, right.type) for left, right in matches if left.type != right.type
        ),
        reordered=in_base != places,
    )


def pair_columns(
    base: Sequence[Column], head: Sequence[Column], *, tolerances: Sequence[tuple[str, Tolerance]] = ()
) -> tuple[ColumnPair, ...]:
    """The columns that both sides have, in head's order."""
    allowed = {name.lower(): tolerance for name, tolerance in tolerances}
    return tuple(
        ColumnPair(position, left, right, comparable(left.type, right.type), allowed.get(right.name.lower()))
        for position, (left, right) in enumerate(_match(base, head))
    )


def _match(base: Sequence[Column], head: Sequence[Column]) -> list[tuple[Column, Column]]:
    """Pairs in head's order: the same spelling first, so that names which differ in case only stay apart."""
    spelled = {column.name: column for column in base}
    exact = {column.name for column in head if column.name in spelled}
    folded = {column.name.lower(): column for column in base if column.name not in exact}
    pairs: list[tuple[Column, Column]] = []
    for column in head:
        partner = spelled[column.name] if column.name in exact else folded.pop(column.name.lower(), None)
        if partner is not None:
            pairs.append((partner, column))
    return pairs
