"""The shapes a query can have; each is written over a ground and may turn out invalid, which its caller finds out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.support.random_projects.expressions import Expression, quoted
from tests.support.random_projects.origins import Ground, one_table, origin
from tests.support.random_projects.queries import Item, Query, Scope, Select

Shape = Callable[[Ground], Query]


def plain(ground: Ground) -> Query:
    """Projections and filters."""
    text, scope = origin(ground)
    writer = ground.writer(scope)
    taken: set[str] = set()
    items = list(writer.items([writer.scalar() for _ in range(ground.rng.randint(1, 5))], taken))
    items += _lateral_alias(ground, scope, items=items, taken=taken)
    where = _where(ground, scope)
    named = [item.alias for item in items if item.alias]
    if named and ground.rng.random() < 0.12:
        where = (*where, f"{ground.rng.choice(named)} IS NOT NULL")
    return Query((Select(tuple(items), text, where=where, scope=scope),))


def _lateral_alias(ground: Ground, scope: Scope, *, items: list[Item], taken: set[str]) -> list[Item]:
    """A projection that names an earlier one's alias, where no column has that name."""
    columns = {one.column.name.lower() for one in scope}
    free = [item for item in items if item.alias and item.alias.strip('"').lower() not in columns]
    if not free or ground.rng.random() < 0.6:
        return []
    name = ground.rng.choice(free).alias
    return [ground.writer(scope).item((f"coalesce(CAST({name} AS VARCHAR), '-')", "text"), taken)]


def _where(ground: Ground, scope: Scope) -> tuple[str, ...]:
    writer = ground.writer(scope)
    return tuple(writer.condition() for _ in range(ground.rng.choice((0, 0, 1, 1, 2))))


def staging(ground: Ground) -> Query:
    """Most columns of one relation, few of them computed: what people read the most, and edit the most."""
    text, scope = one_table(ground)
    rng, writer = ground.rng, ground.writer(scope)
    taken: set[str] = set()
    kept = [one for one in scope if rng.random() < 0.85]
    items = [writer.item((writer.name(one), one.column.family), taken, bare=0.9) for one in kept]
    items += [writer.item(writer.scalar(), taken) for _ in range(rng.choice((0, 1, 2)))] or [Item("1", "one")]
    return Query((Select(tuple(items), text, scope=scope),))


def starred(ground: Ground) -> Query:
    """``*`` in its forms, alone or beside other projections."""
    text, scope = origin(ground)
    rng, writer = ground.rng, ground.writer(scope)
    names = sorted({one.column.name for one in scope})
    alias = scope[0].alias
    one, other = rng.choice(names), rng.choice(names)
    family = next(column.column.family for column in scope if column.column.name == one)
    star = rng.choice(
        (
            "*",
            "*",
            "*",
            f"{alias}.*",
            f"{alias}.*",
            f"* EXCLUDE ({quoted(one)})",
            f"{alias}.* EXCLUDE ({quoted(scope[0].column.name)})",
            f"* REPLACE ({_replacement(ground, scope, family=family)} AS {quoted(one)})",
            f"* RENAME ({quoted(one)} AS renamed)",
            "COLUMNS('^[a-m]')",
            f"COLUMNS(lambda c: c <> '{other}')",
            "COLUMNS(*)",
            "min(COLUMNS(*))",
        )
    )
    items = [Item(star)]
    if rng.random() < 0.4:
        items += [replace(item, alias=f"extra{n}") for n, item in enumerate(writer.items([writer.scalar()]))]
        rng.shuffle(items)
    return Query((Select(tuple(items), text, where=_where(ground, scope), scope=scope),))


def _replacement(ground: Ground, scope: Scope, *, family: str) -> str:
    return ground.writer(scope).of_family(family if family in ("int", "dec", "text", "date", "bool") else "int")


def grouped(ground: Ground) -> Query:
    """Aggregates, with keys in every spelling or none."""
    text, scope = origin(ground)
    rng, writer = ground.rng, ground.writer(scope)
    taken: set[str] = set()
    keys = [writer.scalar() if rng.random() < 0.3 else writer.column() or writer.scalar()]
    if rng.random() < 0.4:
        keys.append(writer.column() or writer.scalar())
    if rng.random() < 0.15:
        keys = []
    key_items = writer.items(keys, taken)
    aggregates = writer.items([writer.aggregate() for _ in range(rng.randint(1, 3))], taken)
    if rng.random() < 0.1:
        aggregates = (Item(aggregates[0].text), *aggregates[1:])
    items = (*key_items, *aggregates)
    spelling = rng.choice(("text", "text", "position", "all", "alias", "sets"))
    if not keys:
        group: tuple[str, ...] = ()
    elif spelling == "position":
        group = tuple(str(n + 1) for n in range(len(keys)))
    elif spelling == "all":
        group = ("ALL",)
    elif spelling == "sets":
        group = (f"ROLLUP ({', '.join(key for key, _ in keys)})",)
    elif spelling == "alias":
        group = tuple(item.alias or item.text for item in key_items)
    else:
        group = tuple(key for key, _ in keys)
    having = ("count(*) > 1",) if rng.random() < 0.15 else ()
    if rng.random() < 0.1:
        having = (f"{writer.aggregate()[0]} IS NOT NULL",)
    select = Select(items, text, where=_where(ground, scope), group=group, having=having, scope=scope, aggregated=True)
    return Query((select,))


def windowed(ground: Ground) -> Query:
    """Window functions, and QUALIFY with or without one of them projected."""
    text, scope = origin(ground)
    rng, writer = ground.rng, ground.writer(scope)
    expressions: list[Expression] = [writer.scalar() for _ in range(rng.randint(1, 3))]
    expressions += [writer.window() for _ in range(rng.randint(0, 2))]
    rng.shuffle(expressions)
    items: tuple[Item, ...] = writer.items(expressions)
    if rng.random() < 0.2:
        items = (Item("*"), *(replace(item, alias=f"w{n}") for n, item in enumerate(items)))
    qualify: tuple[str, ...] = ()
    if rng.random() < 0.5:
        partition = f"PARTITION BY {writer.leaf('int')} " if rng.random() < 0.8 else ""
        qualify = (f"row_number() OVER ({partition}ORDER BY {writer.total_order()}) <= {rng.randint(1, 2)}",)
    return Query((Select(items, text, where=_where(ground, scope), qualify=qualify, scope=scope),))


def distinct(ground: Ground) -> Query:
    """DISTINCT, or DISTINCT ON with an order that decides."""
    text, scope = origin(ground)
    rng, writer = ground.rng, ground.writer(scope)
    items = writer.items([writer.scalar() for _ in range(rng.randint(1, 3))])
    if rng.random() < 0.5:
        return Query((Select(items, text, where=_where(ground, scope), distinct="DISTINCT", scope=scope),))
    key = writer.leaf("int")
    select = Select(items, text, distinct=f"DISTINCT ON ({key})", scope=scope)
    return Query((select,), tail=f"ORDER BY {key}, {writer.total_order()}")


def limited(ground: Ground) -> Query:
    """The first rows in an order of all columns: rows that tie are the same."""
    query = ground.rng.choice((plain, grouped, starred))(ground)
    return replace(query, tail=f"ORDER BY ALL LIMIT {ground.rng.randint(1, 4)}")


def set_operation(ground: Ground) -> Query:
    """Two or three queries put together, by position or by name."""
    rng = ground.rng
    operators = ("UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME", "UNION BY NAME")
    operator = rng.choice(operators)
    if rng.random() < 0.35:
        parts = tuple(_whole(ground) for _ in range(2))
        return Query(parts, (operator,))
    families = [rng.choice(("int", "int", "text", "dec", "date")) for _ in range(rng.randint(1, 4))]
    parts = tuple(_part(ground, families) for _ in range(rng.choice((2, 2, 3))))
    return Query(parts, (operator,) * (len(parts) - 1))


def _whole(ground: Ground) -> Select:
    text, scope = one_table(ground)
    return Select((Item("*"),), text, where=_where(ground, scope), scope=scope)


def _part(ground: Ground, families: list[str]) -> Select:
    text, scope = one_table(ground)
    writer = ground.writer(scope)
    taken: set[str] = set()
    items = []
    for family in families:
        column = writer.column(family) if ground.rng.random() < 0.7 else None
        items.append(writer.item(column or (writer.of_family(family), family), taken, bare=0.8))
    return Select(tuple(items), text, where=_where(ground, scope), scope=scope)
