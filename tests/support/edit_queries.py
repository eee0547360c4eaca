"""Random pairs of queries: one, and the same after one or a few edits, anywhere in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

TABLES = {"t": ("a", "b", "c", "l", "s"), "u": ("id", "a", "k"), "w": ("c", "e", "a_1"), "nothing": ("a", "b", "c")}
NAMES = ("a", "b", "c", "k", "x", "y", "id", "a_1", "t", "Y", '"B"')


@dataclass(frozen=True)
class Item:
    """One projection; ``name`` is its alias, if it has one."""

    text: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.text} AS {self.name}" if self.name else self.text

    @property
    def column(self) -> str:
        """What the column is called, as far as that is easily told."""
        return self.name or self.text.rsplit(".", maxsplit=1)[-1]


@dataclass(frozen=True)
class Select:
    """One SELECT; ``names`` are the columns that its FROM clause has, ``end`` all that follows it."""

    items: tuple[Item, ...]
    source: str
    names: tuple[str, ...]
    end: str = ""
    distinct: str = ""
    with_: str = ""

    def __str__(self) -> str:
        return f"{self.with_}SELECT {self.distinct}{', '.join(map(str, self.items))} FROM {self.source}{self.end}"


@dataclass(frozen=True)
class Union:
    """Branches, and what stands between each two of them."""

    branches: tuple[Select, ...]
    word: str = "UNION ALL"
    end: str = ""

    def __str__(self) -> str:
        return f" {self.word} ".join(map(str, self.branches)) + self.end


@dataclass(frozen=True)
class Query:
    """Named CTEs and the query behind them."""

    ctes: tuple[tuple[str, Union], ...]
    body: Union

    def __str__(self) -> str:
        ctes = ", ".join(f"{name} AS ({query})" for name, query in self.ctes)
        return f"{'WITH ' if ctes else ''}{ctes} {self.body}".strip()


class Writer:
    """Writes queries and edits them."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.known = dict(TABLES)

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def query(self) -> Query:
        """A query with up to three CTEs, some of them called like a table."""
        ctes: list[tuple[str, Union]] = []
        for number in range(self.rng.choice((0, 0, 1, 1, 2, 3))):
            name = self.rng.choice((f"q{number}", f"q{number}", "t", "u", "Q0"))
            if name.lower() in {one.lower() for one, _ in ctes}:
                continue
            query = self.union()
            ctes.append((name, query))
            self.known[name.lower()] = columns(query)
        return Query(tuple(ctes), self.union())

    def union(self) -> Union:
        first = self.select()
        if self.maybe(0.65):
            return Union((first,))
        width = len(first.items)
        others = [self.select(width=width) for _ in range(self.rng.choice((1, 1, 2)))]
        word = self.rng.choice((*["UNION ALL"] * 6, "UNION", "UNION ALL BY NAME", "EXCEPT"))
        end = " ORDER BY ALL LIMIT 3" if self.maybe(0.08) else " ORDER BY 1" if self.maybe(0.05) else ""
        return Union((first, *others), word, end)

    def select(self, width: int | None = None) -> Select:
        source, names = self.source()
        with_ = ""
        if self.maybe(0.08):
            with_, source = f"WITH n AS (SELECT * FROM {source}) ", "n"
        shape = Select((), source, names, with_=with_)
        items: list[Item] = []
        grouped = self.maybe(0.25)
        keys = [Item(self.rng.choice(names)) for _ in range(self.rng.randint(0, 2))] if grouped else []
        items += keys
        for _ in range(width - len(keys) if width is not None else self.rng.randint(1, 4)):
            items.append(
                Item(self.aggregate(names), self.name()) if grouped else self.item(names, single=width is not None)
            )
        end = self.where(names) if self.maybe(0.3) else ""
        if grouped and keys:
            by = self.rng.choice(("ALL", ", ".join(map(str, range(1, len(keys) + 1))), ", ".join(map(str, keys))))
            end += f" GROUP BY {by}"
        if grouped and self.maybe(0.2):
            end += f" HAVING {self.rng.choice(('count(*) > 0', f'{self.name()} IS NOT NULL'))}"
        if not grouped and self.maybe(0.1):
            end += f" QUALIFY row_number() OVER (ORDER BY {self.rng.choice(('ALL', *names))}, {names[0]}) < 4"
        if width is None and self.maybe(0.12):
            key = self.rng.choice(("ALL", "1", "2", "4", self.rng.choice(NAMES)))
            end += f" ORDER BY {key}, ALL LIMIT 3" if key != "ALL" else " ORDER BY ALL LIMIT 3"
        distinct = "DISTINCT " if self.maybe(0.07) else ""
        return replace(shape, items=tuple(items[:width] if width else items), end=end, distinct=distinct)

    def source(self) -> tuple[str, tuple[str, ...]]:
        one, other = (self.rng.choice(tuple(self.known)) for _ in range(2))
        if self.maybe(0.7) or one == other:
            return one, self.known[one] or ("a",)
        shared = [name for name in self.known[one] if name in self.known[other]]
        names = (*self.known[one], *(name for name in self.known[other] if name not in shared)) or ("a",)
        if shared and self.maybe(0.5):
            return f"{one} JOIN {other} USING ({shared[0]})", names
        condition = self.rng.choice(("TRUE", "TRUE", f"{one}.{names[0]} IS NOT NULL"))
        return f"{one} {self.rng.choice(('JOIN', 'LEFT JOIN'))} {other} ON {condition}", names

    def where(self, names: tuple[str, ...]) -> str:
        name = self.rng.choice((*names, self.rng.choice(NAMES)))
        query = "EXISTS (SELECT 1 FROM u WHERE u.k > 10)"
        return f" WHERE {self.rng.choice((f'{name} IS NOT NULL', f'{name} IN (SELECT a FROM u)', query))}"

    def name(self) -> str:
        return self.rng.choice(NAMES)

    def item(self, names: tuple[str, ...], *, single: bool = False) -> Item:
        if not single and self.maybe(0.2):
            return Item(self.star(names))
        text = self.scalar(names)
        plain = text in names and self.maybe(0.6)
        return Item(text) if plain or self.maybe(0.03) else Item(text, self.name())

    def star(self, names: tuple[str, ...]) -> str:
        return self.rng.choice(("*", "*", f"* EXCLUDE ({self.rng.choice(names)})", "t.*", "u.* EXCLUDE (a)"))

    def scalar(self, names: tuple[str, ...]) -> str:
        one = self.rng.choice((*names, *names, self.rng.choice(NAMES)))
        two = self.rng.choice(names)
        return self.rng.choice(
            (
                one,
                one,
                str(self.rng.randint(1, 3)),
                f"coalesce({one}, {two})",
                f"CASE WHEN {one} IS NULL THEN 1 ELSE 2 END",
                f"{one} IS NULL",
                f"CAST({one} AS VARCHAR)",
                f"concat({one}, {two})",
                f"row_number() OVER (ORDER BY {one}, {two})",
                f"count({one}) OVER (PARTITION BY {two})",
                f"(SELECT max({self.rng.choice(('k', 'a', one))}) FROM {self.rng.choice(tuple(self.known))})",
                f"(SELECT count(*) FROM u WHERE k > {one})",
                f"(SELECT {one})",
                f"unnest({self.rng.choice(('l', '[1, 2]', one))})" if self.maybe(0.3) else two,
                "list_value(1)" if self.maybe(0.3) else one,
                "s.a" if self.maybe(0.3) else two,
                self.aggregate(names) if self.maybe(0.1) else one,
            )
        )

    def aggregate(self, names: tuple[str, ...]) -> str:
        one = self.rng.choice(names)
        window = f"sum(count({one})) OVER ()"
        return self.rng.choice(
            (f"count({one})", "count(*)", f"max({one})", f"min({one})", f"count(DISTINCT {one})", "1", window)
        )

    # edits

    def edited(self, whole: Query) -> Query:
        """The same query after one, two or three edits."""
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            whole = self._of_ctes(whole) if self.maybe(0.2) else self._in_query(whole)
        return whole

    def _of_ctes(self, whole: Query) -> Query:
        ctes = list(whole.ctes)
        if not ctes or self.maybe(0.3):
            query = Union((Select((Item("*"),), self.rng.choice(tuple(TABLES)), ("a",)),))
            ctes.insert(self.rng.randint(0, len(ctes)), (self.rng.choice(("t", "u", "spare", "W")), query))
        elif self.maybe(0.4):
            self.rng.shuffle(ctes)
        elif self.maybe(0.5):
            del ctes[self.rng.randrange(len(ctes))]
        else:
            at = self.rng.randrange(len(ctes))
            ctes[at] = (self.rng.choice((ctes[at][0].upper(), f'"{ctes[at][0]}"', "fresh")), ctes[at][1])
        return replace(whole, ctes=tuple(ctes))

    def _in_query(self, whole: Query) -> Query:
        at = self.rng.randint(0, len(whole.ctes))
        if at == len(whole.ctes) or self.maybe(0.3):
            return replace(whole, body=self._of_union(whole.body))
        ctes = list(whole.ctes)
        ctes[at] = (ctes[at][0], self._of_union(ctes[at][1]))
        return replace(whole, ctes=tuple(ctes))

    def _of_union(self, union: Union) -> Union:
        branches = list(union.branches)
        if len(branches) > 1 and self.maybe(0.3):
            edit = self.rng.choice((self._removed, self._added))
            place = self.rng.random()
            branches = [edit(one, place) for one in branches]
        else:
            at = self.rng.randrange(len(branches))
            branches[at] = self._of_select(branches[at])
        if self.maybe(0.04):
            return replace(union, word=self.rng.choice(("UNION ALL", "UNION", "UNION ALL BY NAME")))
        return replace(union, branches=tuple(branches))

    def _of_select(self, select: Select) -> Select:
        edits: tuple[Callable[[Select, float], Select], ...] = (
            *[self._changed] * 12,
            *[self._removed] * 2,
            *[self._added] * 4,
            *[self._renamed] * 2,
            self._swapped,
            self._starred,
            self._starred,
            self._filtered,
            self._distinct,
            self._nested,
        )
        return self.rng.choice(edits)(select, self.rng.random())

    def _changed(self, select: Select, place: float) -> Select:
        at = int(place * len(select.items))
        old = select.items[at]
        if "*" in old.text:
            return select
        text = self.rng.choice(
            (self.scalar(select.names), f"CAST({old.text} AS VARCHAR)", f"({old.text})", self.aggregate(select.names))
        )
        return _with(select, at, item=Item(text, old.name or old.text if old.column.isidentifier() else self.name()))

    def _removed(self, select: Select, place: float) -> Select:
        at = int(place * len(select.items))
        left = (*select.items[:at], *select.items[at + 1 :])
        return replace(select, items=left) if left else select

    def _added(self, select: Select, place: float) -> Select:
        at = int(place * (len(select.items) + 1))
        new = self.item(select.names) if "GROUP" not in select.end else Item(self.aggregate(select.names), self.name())
        return replace(select, items=(*select.items[:at], new, *select.items[at:]))

    def _renamed(self, select: Select, place: float) -> Select:
        at = int(place * len(select.items))
        return _with(select, at, item=Item(select.items[at].text, self.name()))

    def _swapped(self, select: Select, _place: float) -> Select:
        items = list(select.items)
        self.rng.shuffle(items)
        return replace(select, items=tuple(items))

    def _starred(self, select: Select, place: float) -> Select:
        stars = [at for at, item in enumerate(select.items) if "*" in item.text and "(*" not in item.text]
        if not stars:
            return self._changed(select, place)
        return _with(select, self.rng.choice(stars), item=Item(self.star(select.names)))

    def _filtered(self, select: Select, _place: float) -> Select:
        return replace(select, end=self.where(select.names) if self.maybe(0.5) else "")

    def _distinct(self, select: Select, _place: float) -> Select:
        return replace(select, distinct="" if select.distinct else "DISTINCT ")

    def _nested(self, select: Select, place: float) -> Select:
        other = self.rng.choice(("SELECT * FROM t", "SELECT * FROM t LIMIT 0", "SELECT * EXCLUDE (b), 1 AS b FROM t"))
        return replace(select, with_=f"WITH n AS ({other}) ") if select.with_ else self._changed(select, place)


def _with(select: Select, at: int, *, item: Item) -> Select:
    return replace(select, items=(*select.items[:at], item, *select.items[at + 1 :]))


def columns(query: Union) -> tuple[str, ...]:
    """The names of a query's columns, as far as they are easily told."""
    found: list[str] = []
    for item in query.branches[0].items:
        stars = query.branches[0].names if item.text.startswith("*") else ()
        found += stars or (item.column.strip('"').lower(),)
    return tuple(dict.fromkeys(name for name in found if name.isidentifier())) or ("a",)
