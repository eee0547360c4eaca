"""Random edits of one model's query: of its columns, of its rows, of nothing but its spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from tests.support.random_projects.expressions import NAMES, Expression, Writer, quoted
from tests.support.random_projects.queries import Draft, Item, Query, Scoped, Select, put, selects


@dataclass(frozen=True)
class Edited:
    """What was done to one model; ``after`` is the model afterwards, None if it is gone."""

    kind: str
    model: str
    after: Draft | None


SelectEdit = Callable[[Random, Select], Select | None]
"""An edit of one select; None where there is nothing it can be done to."""


def in_query(rng: Random, query: Query, *, edit: SelectEdit, final: float = 0.7) -> Query | None:
    """The query with one of its selects edited, mostly one of those that make the result."""
    places = list(selects(query))
    outer = [(path, select) for path, select in places if len(path) == 1]
    path, select = rng.choice(outer if rng.random() < final else places)
    edited = edit(rng, select)
    return None if edited is None or edited == select else put(query, path, edited)


def expression(rng: Random, select: Select) -> Expression | None:
    """Something that can be projected there."""
    if not select.scope:
        return None
    writer = Writer(rng, select.scope)
    return writer.aggregate() if select.aggregated else writer.scalar()


# columns


def change_expression(rng: Random, select: Select) -> Select | None:
    """Another expression under the same name."""
    plain = [at for at, item in enumerate(select.items) if not item.is_star and item.name]
    if not plain:
        return None
    at = rng.choice(plain)
    item = select.items[at]
    wrapped = rng.choice(
        (
            f"coalesce({item.text}, {item.text})",
            f"nullif({item.text}, {item.text})",
            f"CASE WHEN {item.text} IS NULL THEN NULL ELSE {item.text} END",
            f"({item.text})",
            f"{item.text} + 1",
            f"upper({item.text})",
            f"-({item.text})",
        )
    )
    other = expression(rng, select)
    text = other[0] if other is not None and rng.random() < 0.5 else wrapped
    return with_item(select, at, item=Item(text, item.name))


def change_type(rng: Random, select: Select) -> Select | None:
    """The same value in another type, under the same name."""
    plain = [at for at, item in enumerate(select.items) if not item.is_star and item.name]
    if not plain:
        return None
    at = rng.choice(plain)
    item = select.items[at]
    kind = rng.choice(("VARCHAR", "VARCHAR", "BIGINT", "DECIMAL(18, 4)", "DOUBLE", "SMALLINT"))
    return with_item(select, at, item=Item(f"CAST({item.text} AS {kind})", item.name))


def add_column(rng: Random, select: Select) -> Select | None:
    """A projection more, anywhere."""
    new = expression(rng, select)
    if new is None:
        return None
    taken = {item.name.strip('"').lower() for item in select.items}
    name = rng.choice(("added", *NAMES[new[1]], *(quoted(one.column.name) for one in select.scope)))
    if name.strip('"').lower() in taken:
        name = "added"
    at = rng.choice((len(select.items), rng.randint(0, len(select.items))))
    return replace(select, items=(*select.items[:at], Item(new[0], name), *select.items[at:]))


def remove_column(rng: Random, select: Select) -> Select | None:
    """A projection less."""
    if len(select.items) < 2:
        return None
    at = rng.randrange(len(select.items))
    return replace(select, items=(*select.items[:at], *select.items[at + 1 :]))


def rename_column(rng: Random, select: Select) -> Select | None:
    """A projection under another name."""
    plain = [at for at, item in enumerate(select.items) if not item.is_star]
    if not plain:
        return None
    at = rng.choice(plain)
    name = rng.choice(("renamed", "n", "code", "id", "name", '"Mixed Case"'))
    return with_item(select, at, item=Item(select.items[at].text, name))


def reorder_columns(rng: Random, select: Select) -> Select | None:
    """The same projections in another order."""
    items = list(select.items)
    rng.shuffle(items)
    return replace(select, items=tuple(items))


def swap_names(rng: Random, select: Select) -> Select | None:
    """Two projections under each other's name."""
    plain = [at for at, item in enumerate(select.items) if item.name and not item.is_star]
    if len(plain) < 2:
        return None
    one, two = rng.sample(plain, 2)
    first, second = select.items[one], select.items[two]
    select = with_item(select, one, item=Item(first.text, second.name))
    return with_item(select, two, item=Item(second.text, first.name))


def change_star(rng: Random, select: Select) -> Select | None:
    """Another set of columns out of the same star."""
    stars = [at for at, item in enumerate(select.items) if re.fullmatch(r"(\w+\.)?\*", item.text)]
    if not stars or not select.scope:
        return None
    at = rng.choice(stars)
    name = quoted(rng.choice(select.scope).column.name)
    star = select.items[at].text
    form = rng.choice(
        (f"{star} EXCLUDE ({name})", f"{star} REPLACE (NULL AS {name})", f"{star} RENAME ({name} AS renamed)")
    )
    return with_item(select, at, item=Item(form))


def with_item(select: Select, at: int, *, item: Item) -> Select:
    """The select with another projection at that place."""
    return replace(select, items=(*select.items[:at], item, *select.items[at + 1 :]))


# rows


def change_filter(rng: Random, select: Select) -> Select | None:
    """A condition more, less or another; sometimes only its number."""
    conditions = list(select.where)
    if conditions and rng.random() < 0.7:
        at = rng.randrange(len(conditions))
        other = re.sub(r"\b[0-9]\b", str(rng.randint(0, 4)), conditions[at], count=1)
        conditions[at : at + 1] = [other] if other != conditions[at] else []
    elif select.scope:
        conditions.append(Writer(rng, select.scope).condition())
    return replace(select, where=tuple(conditions))


def change_join(rng: Random, select: Select) -> Select | None:
    """Another kind of join."""
    joins = list(re.finditer(r"\n(INNER |LEFT |FULL |RIGHT |SEMI |ANTI )?JOIN", select.source))
    if not joins:
        return None
    at = rng.choice(joins)
    kind = rng.choice(("JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"))
    return replace(select, source=f"{select.source[: at.start()]}\n{kind}{select.source[at.end() :]}")


def change_distinct(_rng: Random, select: Select) -> Select | None:
    """DISTINCT or not."""
    return replace(select, distinct="" if select.distinct else "DISTINCT")


def change_group(rng: Random, select: Select) -> Select | None:
    """A group key more or less, with or without its projection."""
    if not select.group or not select.scope:
        return None
    if len(select.group) > 1 and rng.random() < 0.5:
        return replace(select, group=select.group[:-1])
    key = Writer(rng, select.scope).column()
    if key is None:
        return None
    items = (*select.items, Item(key[0], "added_key")) if rng.random() < 0.7 else select.items
    return replace(select, items=items, group=select.group if select.group == ("ALL",) else (*select.group, key[0]))


def change_qualify(rng: Random, select: Select) -> Select | None:
    """QUALIFY added, gone or with another number."""
    if select.qualify:
        return replace(select, qualify=()) if rng.random() < 0.5 else None
    if select.aggregated or not select.scope:
        return None
    order = Writer(rng, select.scope).total_order()
    return replace(select, qualify=(f"row_number() OVER (ORDER BY {order}) <= {rng.randint(1, 3)}",))


def change_whole(rng: Random, query: Query) -> Query | None:
    """Another LIMIT, another set operation, or the parts of one the other way round."""
    if query.operators and rng.random() < 0.7:
        if rng.random() < 0.3:
            return replace(query, parts=tuple(reversed(query.parts)))
        other = rng.choice(("UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME"))
        return replace(query, operators=(other, *query.operators[1:]))
    if query.tail and "LIMIT" not in query.tail:
        return None
    return replace(query, tail="" if query.tail else f"ORDER BY ALL LIMIT {rng.randint(0, 3)}")


# spelling: nothing here changes what a query means


def reverse_conditions(_rng: Random, select: Select) -> Select | None:
    """AND the other way round."""
    return replace(select, where=tuple(reversed(select.where)))


def turn_comparisons(_rng: Random, select: Select) -> Select | None:
    """``a > b`` as ``b < a``."""
    turned = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "<>": "<>"}

    def turn(condition: str) -> str:
        found = re.fullmatch(r"([\w.]+) (>|<|>=|<=|=|<>) ([\w.]+)", condition)
        return f"{found[3]} {turned[found[2]]} {found[1]}" if found else condition

    return replace(select, where=tuple(map(turn, select.where)))


def spell_otherwise(rng: Random, select: Select) -> Select | None:
    """Parentheses, INNER, BETWEEN, COUNT(1), ``::`` and the like."""
    rules: tuple[tuple[str, str], ...] = (
        (r"\nJOIN", "\nINNER JOIN"),
        (r"\nINNER JOIN", "\nJOIN"),
        (r"\nLEFT JOIN", "\nLEFT OUTER JOIN"),
        (r"(?i)count\(\*\)", "count(1)"),
        (r"([\w.]+) BETWEEN (\w+) AND (\w+)", r"(\1 >= \2 AND \1 <= \3)"),
        (r"CAST\(([\w.]+) AS (\w+)\)", r"\1::\2"),
        (r"([\w.]+)::(\w+)", r"CAST(\1 AS \2)"),
        (r"<>", "!="),
        (r"([\w.]+) \+ (\d)", r"\2 + \1"),
        (r"([\w.]+) = ([\w.]+)", r"\2 = \1"),
        (r"upper\(", "UPPER("),
        (r" IN \((\w+), (\w+)\)", r" IN (\2, \1)"),
    )
    pattern, by = rng.choice(rules)

    def spell(text: str) -> str:
        return re.sub(pattern, by, text)

    items = tuple(replace(item, text=spell(item.text)) if item.name else item for item in select.items)
    where, having = tuple(map(spell, select.where)), tuple(map(spell, select.having))
    return replace(select, items=items, source=spell(select.source), where=where, having=having)


def name_group(_rng: Random, select: Select) -> Select | None:
    """GROUP BY a position instead of the text of the projection that stands there, or the other way round."""

    def turned(key: str) -> str:
        if key.isdigit():
            return select.items[int(key) - 1].text
        return next((str(at + 1) for at, item in enumerate(select.items) if item.text == key), key)

    return replace(select, group=tuple(map(turned, select.group)))


def respell_text(rng: Random, draft: Draft) -> Draft | None:
    """The whole text otherwise: comments, layout, other names for aliases and CTEs, keywords in lower case."""
    text = str(draft.query)
    match rng.randint(0, 4):
        case 0:
            return replace(draft, prefix="-- what this is for\n")
        case 1:
            return replace(draft, spelled=text.replace("\n", "\n\n  /* note */ "))
        case 2:
            return replace(draft, spelled=re.sub(r"\bq(\d+)\b", r"alias_\1", text))
        case 3:
            return replace(draft, spelled=re.sub(r"\bc(\d+)\b", r"step_\1", text))
        case _:
            words = r"\b(SELECT|FROM|WHERE|GROUP BY|ORDER BY|JOIN|LEFT|USING|UNION|ALL|AND|CASE|WHEN|AS|OVER)\b"
            return replace(draft, spelled=re.sub(words, lambda word: word[0].lower(), text))


def order_ctes(rng: Random, query: Query) -> Query | None:
    """CTEs that do not read each other the other way round, or one more that nobody reads."""
    if rng.random() < 0.4 or not query.ctes:
        spare = ("unused_cte", Query((Select((Item("1", "one"),), "(SELECT 1) AS spare"),)))
        return replace(query, ctes=(*query.ctes, spare))
    ctes = tuple(reversed(query.ctes))
    names = [name for name, _ in ctes]
    reads = any(re.search(rf"\b{re.escape(name)}\b", str(cte)) for name in names for _, cte in ctes)
    return None if reads else replace(query, ctes=ctes)


COLUMN_EDITS: tuple[SelectEdit, ...] = (
    change_expression,
    change_expression,
    change_type,
    add_column,
    add_column,
    remove_column,
    rename_column,
    reorder_columns,
    swap_names,
    change_star,
)
ROW_EDITS: tuple[SelectEdit, ...] = (
    change_filter,
    change_filter,
    change_join,
    change_distinct,
    change_group,
    change_qualify,
)
COSMETIC_EDITS: tuple[SelectEdit, ...] = (
    reverse_conditions,
    turn_comparisons,
    spell_otherwise,
    spell_otherwise,
    spell_otherwise,
    name_group,
)


def names_of(draft: Draft) -> Iterator[str]:
    """Every name that a model's query can mean something by: of columns, of aliases, of tables."""
    for _, select in selects(draft.query):
        for scoped in select.scope:
            yield scoped.column.name
            yield scoped.alias
        for item in select.items:
            yield item.name.strip('"')


def columns_of(draft: Draft) -> tuple[Scoped, ...]:
    """Everything that can be named anywhere in a model's query."""
    return tuple(scoped for _, select in selects(draft.query) for scoped in select.scope)
