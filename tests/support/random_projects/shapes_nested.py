"""Shapes with queries inside queries, and the rarer ones: subqueries, LATERAL, UNNEST, PIVOT, recursion, CTEs."""

from __future__ import annotations

from dataclasses import replace

from tests.support.random_projects.expressions import quoted
from tests.support.random_projects.origins import Ground, Known, one_table, origin
from tests.support.random_projects.queries import Column, Item, Query, Scope, Scoped, Select
from tests.support.random_projects.shapes import (
    Shape,
    distinct,
    grouped,
    limited,
    plain,
    set_operation,
    staging,
    starred,
    windowed,
)

_PIVOT_VALUES = {"text": "'a', 'x', '1'", "int": "1, 2, 3"}


def subqueries(ground: Ground) -> Query:
    """Scalar, EXISTS and IN subqueries, many of them correlated by a name without a qualifier."""
    query = plain(ground)
    select = query.parts[0]
    rng = ground.rng
    inner_text, inner = one_table(ground)
    inside, outside = ground.writer(inner), ground.writer(select.scope)
    link = _correlation(ground, inner, outer=select.scope)
    where = f"WHERE {link}" if link else ""
    scalar = f"(SELECT {inside.aggregate()[0]} FROM {inner_text} {where})"
    match rng.randint(0, 3):
        case 0:
            select = replace(select, items=(*select.items, Item(scalar, "looked_up")))
        case 1:
            exists = f"{rng.choice(['', 'NOT '])}EXISTS (SELECT 1 FROM {inner_text} {where})"
            select = replace(select, where=(*select.where, exists))
        case 2:
            negated = rng.choice(["", "NOT "])
            chosen = f"{outside.leaf('int')} {negated}IN (SELECT {inside.leaf('int')} FROM {inner_text} {where})"
            select = replace(select, where=(*select.where, chosen))
        case _:
            select = replace(select, where=(*select.where, f"coalesce(CAST({scalar} AS VARCHAR), '') <> '1'"))
    return replace(query, parts=(select,))


def _correlation(ground: Ground, inner: Scope, *, outer: Scope) -> str:
    """A condition between both scopes; the outer name is bare where the inner relation has no such column."""
    rng = ground.rng
    pairs = [
        (one, other)
        for one in inner
        for other in outer
        if one.column.family == other.column.family and one.column.family in ("int", "text", "date")
    ]
    if not pairs or rng.random() < 0.3:
        return ""
    one, other = rng.choice(pairs)
    names = {scoped.column.name.lower() for scoped in inner}
    alone = [scoped for scoped in outer if scoped.column.name.lower() == other.column.name.lower()] == [other]
    bare = other.column.name.lower() not in names and alone and rng.random() < 0.7
    right = quoted(other.column.name) if bare or not other.alias else f"{other.alias}.{quoted(other.column.name)}"
    return f"{one.alias}.{quoted(one.column.name)} = {right}"


def lateral(ground: Ground) -> Query:
    """A join with a subquery that reads the row on its left."""
    text, scope = one_table(ground)
    inner_text, inner = one_table(ground)
    rng, inside = ground.rng, ground.writer(inner)
    alias = f"q{ground.number()}"
    link = _correlation(ground, inner, outer=scope) or "TRUE"
    value, family = inside.aggregate()
    kind = {"int": "BIGINT", "dec": "DECIMAL(38,2)", "date": "DATE", "bool": "BOOLEAN"}.get(family, "VARCHAR")
    joined = f"{text}{rng.choice([', LATERAL ', ' CROSS JOIN LATERAL '])}"
    joined += f"(SELECT {value} AS found FROM {inner_text} WHERE {link}) AS {alias}"
    whole = (*scope, Scoped(alias, Column("found", kind)))
    writer = ground.writer(whole)
    items = writer.items([writer.scalar(), writer.scalar(), (f"{alias}.found", family)])
    return Query((Select(items, joined, scope=whole),))


def unnested(ground: Ground) -> Query:
    """Lists and structs taken apart, in FROM or in the projections."""
    text, scope = one_table(ground)
    rng, writer = ground.rng, ground.writer(scope)
    lists, structs = writer.of("list"), writer.of("struct")
    taken: set[str] = set()
    first = writer.item(writer.scalar(), taken)
    if structs and (not lists or rng.random() < 0.5):
        name = writer.name(rng.choice(structs))
        item = rng.choice(
            (Item(f"{name}.a", "n"), Item(f"{name}.name"), Item(f"UNNEST({name})"), Item(f"{name}['a']", "n"))
        )
        return Query((Select((first, item), text, scope=scope),))
    if not lists:
        return starred(ground)
    name = writer.name(rng.choice(lists))
    if rng.random() < 0.5:
        return Query((Select((first, Item(f"UNNEST({name})", "part")), text, scope=scope),))
    alias = f"q{ground.number()}"
    whole = (*scope, Scoped(alias, Column("part", "INTEGER")))
    return Query((Select((first, Item(f"{alias}.part")), f"{text}, UNNEST({name}) AS {alias}(part)", scope=whole),))


def pivoted(ground: Ground) -> Query:
    """PIVOT or UNPIVOT of some columns, or of all there are."""
    text, scope = one_table(ground)
    rng, writer = ground.rng, ground.writer(scope)
    ints, texts = writer.of("int"), writer.of("text", "int")
    if len(ints) < 2:
        return starred(ground)
    one, two = (quoted(scoped.column.name) for scoped in rng.sample(ints, 2))
    if rng.random() < 0.5:
        inner = f"(SELECT {one}, CAST({two} AS INTEGER) AS {two} FROM {text})"
        return Query((Select((Item("*"),), f"{inner} UNPIVOT (v FOR label IN ({one}, {two}))", scope=scope),))
    by = rng.choice(texts)
    column = quoted(by.column.name)
    if column == one:
        return starred(ground)
    group = f" GROUP BY {two}" if two != column and rng.random() < 0.6 else ""
    wanted = {one, column} | ({two} if group else set())
    inner = f"(SELECT {', '.join(sorted(wanted))} FROM {text})" if rng.random() < 0.6 else text.split(" ")[0]
    pivot = f"{inner} PIVOT (sum({one}) FOR {column} IN ({_PIVOT_VALUES[by.column.family]}){group})"
    return Query((Select((Item("*"),), pivot),))


def recursive(ground: Ground) -> Query:
    """A few steps of a recursive CTE over a relation."""
    text, scope = one_table(ground)
    name = f"c{ground.number()}"
    start = ground.writer(scope).leaf("int")
    seed = Select((Item(start, "n"), Item("0", "step")), text, scope=scope)
    steps = Select((Item("n + 1"), Item("step + 1")), name, where=("step < 2",))
    query = Query((seed, steps), (ground.rng.choice(("UNION", "UNION ALL")),))
    scope = tuple(Scoped(name, column) for column in (Column("n", "INTEGER"), Column("step", "INTEGER")))
    items = ground.rng.choice(((Item("*"),), (Item("n"), Item("count(*)", "times"))))
    group = ("n",) if len(items) > 1 else ()
    body = Select(items, name, group=group, scope=scope, aggregated=bool(group))
    return Query((body,), ctes=((name, query),), recursive=True)


def named_window(ground: Ground) -> Query:
    """A WINDOW clause, used twice."""
    text, scope = origin(ground)
    writer = ground.writer(scope)
    taken: set[str] = set()
    items = [writer.item(writer.scalar(), taken), Item("row_number() OVER w", "place")]
    items.append(Item(f"count({writer.leaf('int')}) OVER w", "so_far"))
    window = f"{text}\nWINDOW w AS (PARTITION BY {writer.leaf('text')} ORDER BY {writer.total_order()})"
    return Query((Select(tuple(items), window, scope=scope),))


def behind_ctes(ground: Ground) -> Query:
    """CTEs, each of which may read those before it, then a query over all of that; some are read by nobody."""
    rng = ground.rng
    inner = replace(ground, depth=ground.depth + 1)
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = f"c{ground.number()}"
        if rng.random() < 0.1:
            free = [one.name for one in ground.relations if "." not in one.spellings[0]]
            name = rng.choice(free or [name])
        for _ in range(4):
            query = random_query(inner)
            seen = inner.seen(query) if not query.ctes else None
            if seen is not None:
                inner = inner.with_cte(query, Known((name,), *seen))
                break
    body = random_query(inner)
    if body.ctes:
        return body
    taken = {name for name, _ in inner.ctes}
    return replace(body, ctes=inner.ctes) if len(taken) == len(inner.ctes) else body


SHAPES: tuple[tuple[Shape, int], ...] = (
    (plain, 6),
    (staging, 3),
    (starred, 6),
    (grouped, 5),
    (windowed, 4),
    (distinct, 2),
    (limited, 1),
    (set_operation, 4),
    (subqueries, 4),
    (lateral, 1),
    (unnested, 2),
    (pivoted, 1),
    (recursive, 1),
    (named_window, 1),
    (behind_ctes, 6),
)


def random_query(ground: Ground) -> Query:
    """A query of any shape; inside a CTE none that has CTEs itself."""
    shapes = SHAPES if ground.depth == 0 else [one for one in SHAPES if one[0] not in (behind_ctes, recursive)]
    shape = ground.rng.choices([shape for shape, _ in shapes], [weight for _, weight in shapes])[0]
    return shape(ground)
