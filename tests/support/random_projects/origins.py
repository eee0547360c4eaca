"""What a query reads: random FROM clauses over the relations that are there, and what can be named after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from tests.support.random_projects.expressions import Writer, quoted
from tests.support.random_projects.queries import Column, Query, Scope, Scoped


@dataclass(frozen=True)
class Known:
    """A relation that can be read, by any of its spellings."""

    spellings: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int

    @property
    def name(self) -> str:
        """What columns are qualified by when it has no alias."""
        return self.spellings[0].split(".")[-1]


Describe = Callable[[str], tuple[tuple[Column, ...], int] | None]
"""The columns of a query and how many rows it has; None if it is not valid, or too large."""
MOST_PAIRS = 1000
"""How many rows a join may look at: a case has to be cheap."""


@dataclass
class Ground:
    """Everything a query of one model can be made from; aliases are q1, q2, … and CTEs c1, c2, … in each model."""

    rng: Random
    relations: tuple[Known, ...]
    describe: Describe
    ctes: tuple[tuple[str, Query], ...] = ()
    numbers: Iterable[int] = field(default_factory=lambda: count(1))
    depth: int = 0

    def number(self) -> int:
        """The next number for an alias."""
        return next(iter(self.numbers))

    def writer(self, scope: Scope) -> Writer:
        """Expressions over a scope, with this ground's dice."""
        return Writer(self.rng, scope)

    def with_cte(self, query: Query, known: Known) -> Ground:
        """The same with one CTE more, which is the likeliest relation to be read next."""
        return replace(self, relations=(*self.relations, known, known), ctes=(*self.ctes, (known.name, query)))

    def seen(self, query: Query) -> tuple[tuple[Column, ...], int] | None:
        """What a query gives behind this ground's CTEs."""
        return self.describe(str(replace(query, ctes=(*self.ctes, *query.ctes))))


Origin = tuple[str, Scope]
"""The text behind FROM and what can be named after it."""


def one_table(ground: Ground) -> Origin:
    """One relation, mostly under an alias."""
    return _read(ground, ground.rng.choice(ground.relations))


def _read(ground: Ground, known: Known) -> Origin:
    rng = ground.rng
    text = rng.choice(known.spellings)
    roll = rng.random()
    if roll < 0.12 and text.count(".") < 2:
        return text, tuple(Scoped(known.name, column) for column in known.columns)
    alias = f"q{ground.number()}"
    scope = tuple(Scoped(alias, column) for column in known.columns)
    if roll < 0.2:
        kept = f"SELECT * FROM {text}"
        if rng.random() < 0.5:
            plain = tuple(Scoped("", column) for column in known.columns)
            kept += f" WHERE {ground.writer(plain).condition()}"
        return f"({kept}) AS {alias}", scope
    if roll < 0.26 and len(known.columns) > 1:
        names = [f"{quoted(column.name)}" for column in known.columns]
        turned = names[1:] + names[:1]
        renamed = [column.name for column in (*known.columns[1:], known.columns[0])]
        if len(set(renamed)) == len(renamed):
            scope = tuple(Scoped(alias, Column(new, old.type)) for new, old in zip(renamed, known.columns, strict=True))
            return f"{text} AS {alias}({', '.join(turned)})", scope
    return f"{text}{rng.choice([' AS ', ' '])}{alias}", scope


def origin(ground: Ground) -> Origin:
    """One relation or several, joined in one of the ways there are."""
    rng = ground.rng
    first = rng.choice(ground.relations)
    text, scope = _read(ground, first)
    pairs = first.rows
    while rng.random() < 0.42 and len(scope) < 16:
        known = rng.choice(ground.relations)
        pairs *= known.rows + 1
        if pairs > MOST_PAIRS:
            break
        other, others = _read(ground, known)
        if {one.alias for one in scope} & {one.alias for one in others}:
            continue
        text, scope = _joined(ground, (text, scope), right=(other, others))
    return text, scope


def _joined(ground: Ground, left: Origin, *, right: Origin) -> Origin:
    rng = ground.rng
    (text, scope), (other, others) = left, right
    common = _common(scope, others)
    kind = rng.choice(("JOIN", "JOIN", "INNER JOIN", "LEFT JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"))
    roll = rng.random()
    if roll < 0.25 and common:
        chosen = rng.sample(common, min(len(common), rng.randint(1, 2)))
        names = ", ".join(quoted(name) for name in chosen)
        return f"{text}\n{kind} {other} USING ({names})", _merge(scope, others, names=chosen)
    if roll < 0.37 and common and len(common) == len(_shared(scope, others)):
        natural = rng.choice(("NATURAL JOIN", "NATURAL LEFT JOIN"))
        return f"{text}\n{natural} {other}", _merge(scope, others, names=common)
    if roll < 0.42:
        return f"{text}{rng.choice([', ', ' CROSS JOIN '])}{other}", scope + others
    condition = _condition(ground, scope, others=others)
    if roll < 0.5:
        half = rng.choice(("SEMI JOIN", "ANTI JOIN"))
        return f"{text}\n{half} {other} ON {condition}", scope
    return f"{text}\n{kind} {other} ON {condition}", scope + others


def _shared(left: Scope, right: Scope) -> set[str]:
    return {one.column.name.lower() for one in left} & {one.column.name.lower() for one in right}


def _common(left: Scope, right: Scope) -> list[str]:
    """Names that both sides have, once on the left and with a type that can be compared."""
    names = sorted(_shared(left, right))
    fit = []
    for name in names:
        mine = [one.column for one in left if one.column.name.lower() == name]
        other = [one.column for one in right if one.column.name.lower() == name]
        if len(mine) == len(other) == 1 and mine[0].family == other[0].family:
            fit.append(mine[0].name)
    return fit


def _merge(left: Scope, right: Scope, *, names: list[str]) -> Scope:
    folded = {name.lower() for name in names}
    kept = tuple(replace(one, merged=True) if one.column.name.lower() in folded else one for one in left)
    return kept + tuple(one for one in right if one.column.name.lower() not in folded)


def _condition(ground: Ground, scope: Scope, *, others: Scope) -> str:
    rng = ground.rng
    pairs = [
        (mine, other)
        for mine in scope
        for other in others
        if mine.column.family == other.column.family and mine.column.family in ("int", "text", "date", "dec")
    ]
    if not pairs:
        return "TRUE"
    both = ground.writer(scope + others)
    conditions = []
    for _ in range(rng.choice((1, 1, 2))):
        mine, other = rng.choice(pairs)
        sides = [both.name(mine), both.name(other)]
        rng.shuffle(sides)
        conditions.append(" = ".join(sides))
    if rng.random() < 0.15:
        conditions.append(both.condition())
    return " AND ".join(conditions)
