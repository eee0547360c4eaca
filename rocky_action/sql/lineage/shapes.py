"""What a relation hands on, and which of its columns a name can mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rocky_action.domain.lineage import ColumnRead, Lineage, OutputColumn, Reference, StarOutput, Use

Output = OutputColumn | StarOutput
UNTOLD: tuple[Output, ...] = (StarOutput(None),)
"""Columns that nobody can name; their content is decided by what the relation's rows read."""

_NUMBERED = re.compile(r"(.+)[_:]\d+")
_RANK = {use: rank for rank, use in enumerate(Use)}


@dataclass(frozen=True)
class Shape:
    """The output columns of something that stands in a FROM clause.

    ``exact`` is false for a dialect in which two columns can differ in the case of their names only: then it is never
    certain that a relation has a column of a name.
    """

    outputs: tuple[Output, ...]
    exact: bool = True

    @staticmethod
    def of(reference: Reference, columns: tuple[str, ...] | None, *, exact: bool) -> Shape:
        """All columns of a table or a view."""
        return Shape((StarOutput(reference, (), columns),), exact)

    @cached_property
    def _named(self) -> dict[str | None, list[OutputColumn]]:
        found: dict[str | None, list[OutputColumn]] = {}
        for output in self.outputs:
            if isinstance(output, OutputColumn):
                found.setdefault(output.name, []).append(output)
        return found

    @cached_property
    def _stars(self) -> tuple[tuple[StarOutput, frozenset[str], frozenset[str]], ...]:
        stars = (output for output in self.outputs if isinstance(output, StarOutput))
        return tuple((star, frozenset(star.excluded), frozenset(star.columns or ())) for star in stars)

    def certainly_has(self, name: str) -> bool:
        """True if there is such a column, unless a relation underneath loses it, which is a read of it."""
        if not self.exact:
            return False
        return name in self._named or any(name in known and name not in gone for _, gone, known in self._stars)

    def may_have(self, name: str) -> bool:
        """False if no column can have that name, whatever the relations underneath gain."""
        return name in self._named or None in self._named or any(name not in gone for _, gone, _ in self._stars)

    def reads_of(self, name: str) -> Iterator[ColumnRead]:
        """Everything that a column of that name can be computed from."""
        for column in self._named.get(name, ()):
            yield from column.reads
        if not self.certainly_has(name):
            for column in self._named.get(None, ()):
                yield from column.reads
        for star, gone, _ in self._stars:
            if star.reference is not None and name not in gone:
                yield ColumnRead(star.reference, name, Use.DIRECT)
        numbered = _NUMBERED.fullmatch(name)
        if numbered is not None and len(self.outputs) > 1:  # the second column called id is read as id_1
            yield from self.reads_of(numbered[1])

    def everything(self) -> Iterator[ColumnRead]:
        """All columns there are or will be."""
        for output in self.outputs:
            if isinstance(output, OutputColumn):
                yield from output.reads
            elif output.reference is not None:
                yield ColumnRead(output.reference, None, Use.DIRECT)

    def everything_but_aggregates(self) -> Iterator[ColumnRead]:
        """All columns that GROUP BY ALL groups by."""
        return (read for read in self.everything() if read.use is not Use.AGGREGATE)

    def named_reads(self) -> Iterator[ColumnRead]:
        """The reads of the columns that are written down, which fail when what they read is gone."""
        for output in self.outputs:
            if isinstance(output, OutputColumn):
                yield from output.reads

    def without(self, names: Iterable[str]) -> Shape:
        """The same but for some columns."""
        gone = frozenset(names)
        if not gone:
            return self
        kept: list[Output] = []
        for output in self.outputs:
            if isinstance(output, StarOutput):
                kept.append(_less(output, gone))
            elif output.name not in gone:
                kept.append(output)
        return replace(self, outputs=tuple(kept))

    def substituted(self, columns: Sequence[tuple[str, OutputColumn]]) -> Shape | None:
        """Columns replaced by others, each in its place; None if it cannot be told where that is."""
        new = dict(columns)
        stars = [output for output in self.outputs if isinstance(output, StarOutput)]
        if len(new) != len(columns) or (stars and len(self.outputs) > 1 and any(s.columns is None for s in stars)):
            return None
        done: list[Output] = []
        placed: set[str] = set()
        for output in self.told():
            name = output.name if isinstance(output, OutputColumn) else None
            if name in new:
                placed.add(name)
                done.append(new[name])
            else:
                done.append(_less(output, frozenset(new)) if isinstance(output, StarOutput) else output)
        return replace(self, outputs=(*done, *(column for name, column in columns if name not in placed)))

    def told(self) -> Iterator[Output]:
        """The outputs with every known column of a star written down; the star stays for those it will gain."""
        for output in self.outputs:
            if isinstance(output, StarOutput) and output.columns:
                for name in output.columns:
                    own = () if output.reference is None else (ColumnRead(output.reference, name, Use.DIRECT),)
                    yield OutputColumn(name, own)
                yield replace(output, excluded=(*output.excluded, *output.columns), columns=())
            else:
                yield output

    def renamed(self, names: Sequence[str]) -> tuple[Shape, tuple[ColumnRead, ...]]:
        """The first columns under other names, as in ``AS o (id, amount)``; and what decides which columns that are."""
        first = [output for output in self.outputs[: len(names)] if isinstance(output, OutputColumn)]
        if len(first) == len(names):
            told = [OutputColumn(name, output.reads) for name, output in zip(names, first, strict=True)]
            return replace(self, outputs=(*told, *self.outputs[len(names) :])), ()
        untold = (*(OutputColumn(name, ()) for name in names), *UNTOLD)
        return replace(self, outputs=untold), as_conditions(self.everything(), "column names by position")


def as_conditions(reads: Iterable[ColumnRead], where: str) -> tuple[ColumnRead, ...]:
    """The same columns, deciding which rows there are."""
    return tuple(dict.fromkeys(ColumnRead(read.reference, read.column, Use.CONDITION, where) for read in reads))


def used(read: ColumnRead, use: Use, *, where: str) -> ColumnRead:
    """A column's way to an output and then on: what is done to it last counts, unless it only hands it on."""
    if use is Use.DIRECT or _RANK[use] < _RANK[read.use]:
        return read
    if use is read.use and use is not Use.CONDITION and read.where:
        return read
    return ColumnRead(read.reference, read.column, use, where)


def sealed(lineage: Lineage, outputs: tuple[Output, ...], *, where: str) -> Lineage:
    """A relation with other outputs than it had, every one of which depends on everything it had."""
    every = as_conditions(Shape(lineage.outputs or ()).everything(), where)
    return replace(lineage, outputs=outputs, rows=(*lineage.rows, *every))


def _less(star: StarOutput, gone: frozenset[str]) -> StarOutput:
    left = None if star.columns is None else tuple(name for name in star.columns if name not in gone)
    return replace(star, excluded=tuple(dict.fromkeys((*star.excluded, *sorted(gone)))), columns=left)
