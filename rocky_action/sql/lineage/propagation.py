"""What the changes of the relations that a query reads do to its result."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rocky_action.domain.changes import AllRows, Effect, SomeColumns, Untouched
from rocky_action.domain.lineage import ColumnRead, Lineage, OutputColumn, Reference, StarOutput, Use

_NUMBERED = re.compile(r"(.+)[_:]\d+")


@dataclass(frozen=True)
class Propagated:
    """The effect on a query's result, and the uses of changed columns that are the evidence for it.

    ``SomeColumns`` without a column says that a changed column is named where nothing comes of it: the query can fail
    now, and that is all.
    """

    effect: Effect
    uses: tuple[ColumnRead, ...] = ()


def propagate(lineage: Lineage, effects: Mapping[Reference, Effect]) -> Propagated:
    """What changes of the relations underneath do to the result; a relation without an effect is unchanged."""
    touched = {
        one: effects[one] for one in lineage.relations if not isinstance(effects.get(one, Untouched()), Untouched)
    }
    whole = [one for one, effect in touched.items() if isinstance(effect, AllRows)]
    if whole:
        return Propagated(AllRows(), tuple(ColumnRead(one, None, Use.CONDITION, "its rows") for one in whole))
    changed = {one: effect.columns for one, effect in touched.items() if isinstance(effect, SomeColumns)}
    rows = _hit(lineage.rows, changed)
    if rows:
        return Propagated(AllRows(), rows)
    names, uses = _outputs(lineage.outputs or (), changed)
    if None in names or _collides(lineage.outputs or (), changed, names=names):
        return Propagated(AllRows(), uses)
    if names:
        return Propagated(SomeColumns(frozenset(name for name in names if name is not None)), uses)
    mentions = _hit(lineage.mentions, changed)
    return Propagated(SomeColumns(frozenset()), mentions) if mentions else Propagated(Untouched())


_Changed = Mapping[Reference, frozenset[str]]


def _hit(reads: Iterable[ColumnRead], changed: _Changed) -> tuple[ColumnRead, ...]:
    return tuple(
        read
        for read in reads
        if (columns := changed.get(read.reference))
        and (read.column is None or not columns.isdisjoint(_spellings(read.column)))
    )


def _outputs(
    outputs: Iterable[OutputColumn | StarOutput], changed: _Changed
) -> tuple[set[str | None], tuple[ColumnRead, ...]]:
    names: set[str | None] = set()
    uses: dict[ColumnRead, None] = {}
    for output in outputs:
        if isinstance(output, OutputColumn):
            hits = _hit(output.reads, changed)
            uses.update(dict.fromkeys(hits))
            if hits:
                names.add(output.name)
        elif output.reference is not None:
            handed_on = changed.get(output.reference, frozenset()) - frozenset(output.excluded)
            names |= handed_on
            uses.update(dict.fromkeys(ColumnRead(output.reference, name, Use.DIRECT) for name in sorted(handed_on)))
    return names, tuple(uses)


def _collides(outputs: Iterable[OutputColumn | StarOutput], changed: _Changed, *, names: Iterable[str | None]) -> bool:
    """Whether one of the names can be that of two columns: then the warehouse renames one, or refuses both."""
    if not names:
        return False
    told = Counter(output.name for output in outputs if isinstance(output, OutputColumn))
    stars = [
        (frozenset(star.excluded), star.columns and frozenset(star.columns), changed.get(star.reference, frozenset()))
        if star.reference is not None
        else (frozenset[str](), None, frozenset[str]())
        for star in outputs
        if isinstance(star, StarOutput)
    ]

    def owners(name: str) -> int:
        in_stars = sum(
            name not in gone and (known is None or name in known or name in new) for gone, known, new in stars
        )
        return told[name] + told[None] + in_stars

    return any(owners(spelling) > 1 for name in names if name is not None for spelling in _spellings(name))


def _spellings(name: str) -> Iterator[str]:
    """A name, and those that a warehouse makes it of: the second column called id becomes id_1."""
    yield name
    while (numbered := _NUMBERED.fullmatch(name)) is not None:
        name = numbered[1]
        yield name
