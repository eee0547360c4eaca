"""Edits aimed at the traps: what a model does to a reader that never mentions the column that was edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.support.random_projects import edits
from tests.support.random_projects.edits import Edited, expression
from tests.support.random_projects.expressions import quoted
from tests.support.random_projects.generator import Generated
from tests.support.random_projects.queries import Draft, Item, Query, Select

Hazard = Callable[[Random, Generated, Draft], Query | None]


def readers(project: Generated, draft: Draft) -> list[Draft]:
    """The models whose text mentions this one."""
    table = draft.table or draft.name
    return [
        other for other in project.drafts if other != draft and re.search(rf"\b{table}\b", other.sql, re.IGNORECASE)
    ]


def _own_columns(project: Generated, draft: Draft) -> set[str]:
    return {column.name.lower() for column in project.columns[draft.name]}


def in_every_part(query: Query, edit: Callable[[Select], Select | None]) -> Query | None:
    """The query with each part of its body edited, so that a set operation stays valid."""
    parts = [edit(part) for part in query.parts]
    done = tuple(part for part in parts if part is not None)
    return replace(query, parts=done) if len(done) == len(parts) else None


def new_name_of_reader(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """A column more, called as something that a reader names: it may be ambiguous now, or captured."""
    found = readers(project, draft)
    if not found:
        return None
    reader = rng.choice(found)
    names = sorted(
        {name for name in edits.names_of(reader) if name and name.lower() not in _own_columns(project, draft)}
    )
    if not names:
        return None
    name = rng.choice(names)
    scoped = [one for one in edits.columns_of(reader) if one.column.name == name]
    kind = scoped[0].column.type if scoped and rng.random() < 0.8 else "INTEGER"
    at_end = rng.random() < 0.5

    def add(select: Select) -> Select | None:
        new = expression(rng, select) if rng.random() < 0.5 else (f"CAST(NULL AS {kind})", "other")
        if new is None:
            return None
        item = Item(f"CAST({new[0]} AS {kind})" if kind in ("INTEGER", "VARCHAR") else new[0], quoted(name))
        at = len(select.items) if at_end else 0
        return replace(select, items=(*select.items[:at], item, *select.items[at:]))

    return in_every_part(draft.query, add)


def column_in_the_middle(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """A column more, not at the end: whoever reads by position reads something else."""
    at = rng.randint(0, max(0, len(draft.query.parts[0].items) - 1))
    text = rng.choice(("1", "'x'", "NULL", "0.00"))

    def add(select: Select) -> Select | None:
        return replace(select, items=(*select.items[:at], Item(text, "in_the_middle"), *select.items[at:]))

    return in_every_part(draft.query, add)


def swapped_positions(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """Two columns change places, and keep their names."""
    count = min(len(part.items) for part in draft.query.parts)
    if count < 2:
        return None
    one, two = rng.sample(range(count), 2)

    def swap(select: Select) -> Select | None:
        items = list(select.items)
        items[one], items[two] = items[two], items[one]
        return replace(select, items=tuple(items))

    return in_every_part(draft.query, swap)


def type_change(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """Another type under the same name, for a column that a reader may compare, union or hand on."""
    named = [at for at, item in enumerate(draft.query.parts[0].items) if item.name and not item.is_star]
    if not named:
        return None
    at = rng.choice(named)
    kind = rng.choice(("VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "DECIMAL(20, 3)"))

    def cast(select: Select) -> Select | None:
        if at >= len(select.items) or select.items[at].is_star:
            return None
        item = select.items[at]
        new = Item(f"CAST({item.text} AS {kind})", item.name)
        return replace(select, items=(*select.items[:at], new, *select.items[at + 1 :]))

    return in_every_part(draft.query, cast)


def other_case(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """A column whose name is now in capitals: the same name to DuckDB."""
    items = draft.query.parts[0].items
    named = [at for at, item in enumerate(items) if item.name.isidentifier() and not item.is_star]
    if not named:
        return None
    at = rng.choice(named)

    def capital(select: Select) -> Select | None:
        item = select.items[at] if at < len(select.items) else Item("*")
        new = Item(item.text, f'"{item.name.upper()}"')
        return None if item.is_star or not item.name.isidentifier() else edits.with_item(select, at, item=new)

    return in_every_part(draft.query, capital)


def name_taken_from_sibling(rng: Random, project: Generated, draft: Draft) -> Query | None:
    """A column is renamed to what another relation of the project calls one of its own."""
    names = sorted({column.name for columns in project.columns.values() for column in columns})
    named = [at for at, item in enumerate(draft.query.parts[0].items) if not item.is_star]
    if not named:
        return None
    at, name = rng.choice(named), quoted(rng.choice(names))

    def rename(select: Select) -> Select | None:
        if at >= len(select.items) or select.items[at].is_star:
            return None
        return edits.with_item(select, at, item=Item(select.items[at].text, name))

    return in_every_part(draft.query, rename)


HAZARDS: tuple[Hazard, ...] = (
    new_name_of_reader,
    new_name_of_reader,
    new_name_of_reader,
    column_in_the_middle,
    swapped_positions,
    type_change,
    type_change,
    other_case,
    name_taken_from_sibling,
)


def hazard(rng: Random, project: Generated, *, draft: Draft) -> Edited | None:
    """One of them, mostly done to a model that somebody reads."""
    chosen = rng.choice(HAZARDS)
    query = chosen(rng, project, draft)
    if query is None or query == draft.query:
        return None
    return Edited(f"hazard: {chosen.__name__}", draft.name, replace(draft, query=query))
