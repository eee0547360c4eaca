"""Which columns a name can mean where it stands, looking outwards.

A name is a read of every column it could be, at base or at head: a column that one of several relations gains or loses
makes a name ambiguous, or moves it to another relation, to an enclosing query or to an alias.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rocky_action.domain.lineage import ColumnRead
from rocky_action.sql.lineage.shapes import Shape


@dataclass(frozen=True)
class InScope:
    """A relation by the name that a query knows it by.

    A star does not hand on what is ``hidden``, which a join with USING shows once, and nothing if not ``in_star``.
    """

    name: str
    shape: Shape
    in_star: bool = True
    hidden: tuple[str, ...] = ()

    @property
    def in_bare_star(self) -> Shape:
        """What ``*`` hands on of it."""
        return self.shape.without(self.hidden) if self.in_star else Shape(())


@dataclass(frozen=True)
class Scope:
    """The relations of one FROM clause and the aliases of its projections, inside those of the queries around it.

    In ``orders.amount`` the relation has the column, or, if it has none, another one has a struct called ``orders``.
    The ``qualifiers`` for which that cannot be ruled out are collected, and looked at once, instead of at every name.
    """

    relations: tuple[InScope, ...] = ()
    outer: Scope | None = None
    aliases: dict[str, tuple[ColumnRead, ...]] = field(default_factory=dict)
    qualifiers: dict[str, None] = field(default_factory=dict)

    def meant(self, parts: tuple[str, ...], *, alias_first: bool = False) -> tuple[ColumnRead, ...] | None:
        """Every column that a name can be, None if it can be none.

        ``alias_first`` where a warehouse may prefer a projection's alias to a column of the same name.
        """
        found: dict[ColumnRead, None] = {}
        known = False
        level: Scope | None = self
        while level is not None:
            certain = level.certain(parts)
            known = known or certain or level.possible(parts)
            found.update(dict.fromkeys(level.reads_here(parts, certain=certain)))
            if not certain or alias_first or level is not self:
                found.update(dict.fromkeys(level.aliases.get(parts[0], ())))
                known = known or parts[0] in level.aliases
            if certain:
                break
            level = level.outer
        return tuple(found) if known else None

    def everything(self) -> Iterator[ColumnRead]:
        """Every column in sight."""
        level: Scope | None = self
        while level is not None:
            for relation in level.relations:
                yield from relation.shape.everything()
            level = level.outer

    def called(self, name: str) -> tuple[InScope, ...]:
        """The relations of this FROM clause that have a name."""
        return tuple(relation for relation in self.relations if relation.name == name)

    def certain(self, parts: tuple[str, ...]) -> bool:
        """Whether the name is certainly that of a column of this FROM clause.

        What a SEMI or ANTI JOIN compares with can be named in its condition only, so it is certain of nothing.
        """
        seen = tuple(relation for relation in self.relations if relation.in_star)
        if len(parts) == 1:
            return any(relation.shape.certainly_has(parts[0]) for relation in seen)
        named = tuple(relation for relation in seen if relation.name == parts[0])
        if any(self.called(part) for part in parts[1:3]):  # it could be schema.table.column
            return False
        return len(named) == 1 and named[0].shape.certainly_has(parts[1])

    def possible(self, parts: tuple[str, ...]) -> bool:
        """Whether the name can be that of a column or a relation of this FROM clause."""
        names = {relation.name for relation in self.relations}
        return any(relation.shape.may_have(parts[0]) for relation in self.relations) or not names.isdisjoint(parts[:3])

    def reads_here(self, parts: tuple[str, ...], *, certain: bool) -> Iterator[ColumnRead]:
        """The columns of this FROM clause that a name can be."""
        if len(parts) == 1:
            for relation in self.relations:
                yield from relation.shape.reads_of(parts[0])
                if relation.name == parts[0] and not certain:  # the whole row
                    yield from relation.shape.everything()
            return
        if self.called(parts[0]) and not certain:
            self.qualifiers[parts[0]] = None
        elif not certain:
            for relation in self.relations:
                yield from relation.shape.reads_of(parts[0])
        # table.column, schema.table.column, catalog.schema.table.column; fields of a struct may follow.
        for at, part in enumerate(parts[:3]):
            for relation in self.called(part):
                if at + 1 < len(parts):
                    yield from relation.shape.reads_of(parts[at + 1])
                else:
                    yield from relation.shape.everything()

    def as_structs(self) -> Iterator[ColumnRead]:
        """The columns that could be structs by the name of a relation."""
        for name in self.qualifiers:
            for relation in self.relations:
                yield from relation.shape.reads_of(name)
