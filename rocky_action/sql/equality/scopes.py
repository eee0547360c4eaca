"""Which relation a name means: aliases become positions, so that an alias may be called anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rocky_action.sql.equality.node import Node, node
from rocky_action.sql.equality.rules import RULES, Rules

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOLD = str.maketrans(_UPPER, _UPPER.lower())


def fold(name: str) -> str:
    """A name as DuckDB looks it up: without regard to case, quoted or not; letters beyond ASCII keep theirs."""
    return name.translate(_FOLD)


def mentioned(tree: Node) -> frozenset[str]:
    """Every name that stands where a column, a field or a whole row may be meant, folded.

    An alias that is among them keeps its name: ``SELECT t FROM x AS t`` is a row, ``s.a`` may be a field of column s.
    """
    return frozenset(fold(name) for one in tree.walk() for name in _names(one))


def _names(one: Node) -> Iterator[str]:
    if one.kind == "column":
        yield from one.texts if len(one.texts) != 2 else one.texts[1:]
    elif one.kind in ("field", "names", "aliased", "lambda", "replaced", "renamed"):
        yield from one.texts


@dataclass(frozen=True)
class Scope:
    """The relations of one SELECT by the names that its columns may call them, and the scopes around it.

    ``kept`` are names that cannot be changed without asking which relation is meant; it grows while a query is read.
    """

    relations: Mapping[str, int]
    kept: set[str]
    ctes: Mapping[str, Node]
    outer: Scope | None
    rules: Rules = RULES
    """The rules for its expressions; none where DuckDB itself compares how expressions are spelled."""

    @staticmethod
    def of(source: Node, outer: Scope, *, always: frozenset[str]) -> Scope:
        """The scope that a FROM clause opens."""
        names = [fold(alias(relation)) for relation in relations(source)]
        found = Scope(
            {name: at for at, name in enumerate(names)},
            {name for name in names if name in always or names.count(name) > 1},
            outer.ctes,
            outer,
        )
        around: Scope | None = outer
        while around is not None:
            shared = found.relations.keys() & around.relations.keys()
            found.kept.update(shared)
            around.kept.update(shared)
            around = around.outer
        return found

    def column(self, value: Node) -> Node:
        """``o.amount`` is ``x.amount`` if o and x are the aliases of one relation: its position counts.

        A name alone keeps its name, as it can be any relation's column, an alias or a whole row. So does one of three
        parts. And a relation keeps its alias where the name stands anywhere else in the query, or in a scope around it:
        then ``o.amount`` may be a field of a column ``o``.

        What is assumed: no table is called like a column of its own that is a struct and is only meant by that name.
        """
        names = [*map(fold, value.texts)]
        scope: Scope | None = self
        steps = 0
        while scope is not None and len(names) == 2:
            if names[0] in scope.relations:
                return node("bound", str(steps), str(scope.relations[names[0]]), names[1])
            scope, steps = scope.outer, steps + 1
        return node("column", *names)

    def star(self, qualifier: str) -> str:
        """The relation that ``t.*`` means, by its position; in its own scope or not at all."""
        at = self.relations.get(fold(qualifier)) if qualifier else None
        return fold(qualifier) if at is None else str(at)


def relations(source: Node) -> Iterator[Node]:
    """The relations of a FROM clause, in the order of the text."""
    for part in source.nodes:
        yield from relations(part) if part.kind != "relation" else (part,)


def alias(relation: Node) -> str:
    """The name by which columns call a relation: its alias, else the last part of a table's name, or a function's."""
    name, source = relation.texts[0], relation.nodes[0]
    if name or source.kind not in ("table", "table function"):
        return name
    return source.texts[-1 if source.kind == "table" else 0]
