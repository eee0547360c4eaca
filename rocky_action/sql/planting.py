"""The statements of the self-test: rows of a table copied, and a second copy in which differences are planted.

Nothing that is planted depends on what a row holds: a value becomes another one of its type whatever it was. What is
written is the target that each function is given, with quoted names; no value of the data is ever part of a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from rocky_action.domain.diff import Column
from rocky_action.domain.project import Relation
from rocky_action.sql.quoting import quote, relation, text_literal

Family = Literal["number", "text", "moment", "truth"]
"""What a value is, as far as it takes to write another one."""
Planted = Literal["removed", "added", "repeated", "value", "to_null", "from_null"]

MARKS = 9
"""How many rows of one copy can be told apart by marks: each is one digit, which fits into every type."""


@dataclass(frozen=True)
class Field:
    """A column that is copied; ``family`` is None for one in which nothing can be planted."""

    column: Column
    family: Family | None = None


@dataclass(frozen=True)
class Plant:
    """A planted difference: in which row, and in which column if it is one of values."""

    kind: Planted
    row: int
    field: Field | None = None


@dataclass(frozen=True)
class Bed:
    """Where rows are planted: ``rows`` numbered from 1 in ``relation``, by a column that no model has.

    ``marked`` is the column in which planted rows are told apart, for rows that have no key.
    """

    relation: Relation
    fields: tuple[Field, ...]
    dialect: str
    marked: Field | None = None

    @property
    def number(self) -> str:
        """The column that holds a row's number."""
        return _fresh("rocky_row", self.fields)


def prepare(bed: Bed, source: Relation, *, key: Sequence[str], most: int) -> str:
    """The bed itself: up to ``most`` rows of a table, numbered; with a key only rows whose key occurs once in it."""
    dialect = bed.dialect
    names = _names(bed)
    rows = f"(SELECT {names} FROM {relation(source, dialect)} LIMIT {most}) AS s"
    number = quote(bed.number, dialect)
    by = ", ".join(quote(name, dialect) for name in key or [(bed.marked or bed.fields[0]).column.name])
    if key:
        same = quote(_fresh("rocky_same", bed.fields), dialect)
        counted = f"(SELECT {names}, count(*) OVER (PARTITION BY {by}) AS {same} FROM {rows}) AS k"
        rows = f"{counted} WHERE {same} = 1"
    query = f"SELECT {names}, row_number() OVER (ORDER BY {by}) AS {number} FROM {rows} ORDER BY {number}"
    return f"CREATE OR REPLACE TABLE {relation(bed.relation, dialect)} AS {query}"


def count(bed: Bed) -> str:
    """How many rows there are to plant in."""
    return f"SELECT count(*) FROM {relation(bed.relation, bed.dialect)}"


def base_copy(bed: Bed, target: Relation, *, plants: Sequence[Plant]) -> str:
    """The copy that stands for base: rows without what was added."""
    left_out = [plant.row for plant in plants if plant.kind == "added"]
    return _copy(bed, target, query=_select(bed, plants, of_base=True, left_out=left_out))


def head_copy(bed: Bed, target: Relation, *, plants: Sequence[Plant]) -> str:
    """The copy that stands for head: rows without what was removed, and once more those that are repeated."""
    left_out = [plant.row for plant in plants if plant.kind == "removed"]
    query = _select(bed, plants, of_base=False, left_out=left_out)
    for plant in plants:
        if plant.kind == "repeated":
            again = f"{quote(bed.number, bed.dialect)} = {plant.row}"
            query += f" UNION ALL {_select(bed, plants, of_base=False)} WHERE {again}"
    return _copy(bed, target, query=query)


def drop(tables: Sequence[Relation], dialect: str) -> list[str]:
    """Every table that the self-test makes, gone."""
    return [f"DROP TABLE IF EXISTS {relation(table, dialect)}" for table in tables]


def _copy(bed: Bed, target: Relation, *, query: str) -> str:
    return f"CREATE OR REPLACE TABLE {relation(target, bed.dialect)} AS {query}"


def _select(bed: Bed, plants: Sequence[Plant], *, of_base: bool, left_out: Sequence[int] = ()) -> str:
    cells = ", ".join(
        f"{_cell(bed, field, plants=plants, of_base=of_base)} AS {quote(field.column.name, bed.dialect)}"
        for field in bed.fields
    )
    number = quote(bed.number, bed.dialect)
    kept = " AND ".join(f"{number} <> {row}" for row in left_out)
    return f"SELECT {cells} FROM {relation(bed.relation, bed.dialect)}{f' WHERE {kept}' if kept else ''}"


def _cell(bed: Bed, field: Field, *, plants: Sequence[Plant], of_base: bool) -> str:
    """One column of a copy: as it is, but for the rows in which something was planted."""
    number, value = (quote(name, bed.dialect) for name in (bed.number, field.column.name))
    marks = {plant.row: _mark(field, at, dialect=bed.dialect) for at, plant in enumerate(plants) if field == bed.marked}
    whens = dict(marks)
    for plant in plants:
        if plant.field == field:
            whens[plant.row] = _planted(plant, value, marked=marks.get(plant.row), of_base=of_base, dialect=bed.dialect)
    if not whens:
        return value
    cases = " ".join(f"WHEN {number} = {row} THEN {planted}" for row, planted in whens.items())
    return f"CASE {cases} ELSE {value} END"


def _planted(plant: Plant, value: str, *, marked: str | None, of_base: bool, dialect: str) -> str:
    """What one side has where a difference of values is planted; never the same on both sides."""
    field = plant.field
    if field is None or field.family is None:
        return value
    match plant.kind:
        case "value" if marked is not None:
            return marked if of_base else _mark(field, MARKS, dialect=dialect)
        case "value":
            return value if of_base else _other(field, value, dialect=dialect)
        case "to_null" | "from_null":
            is_null = of_base == (plant.kind == "from_null")
            return "NULL" if is_null else f"coalesce({value}, {_mark(field, MARKS, dialect=dialect)})"
        case "removed" | "added" | "repeated":
            return value
        case _ as impossible:
            assert_never(impossible)


def _mark(field: Field, at: int, *, dialect: str) -> str:
    """One of ten values of a type, by a number from 0."""
    match field.family:
        case "text":
            return _cast(text_literal(str(at), dialect), field)
        case "moment":
            return _cast(text_literal(f"2000-01-{at + 1:02}", dialect), field)
        case "number" | "truth" | None:
            return _cast(str(at), field)
        case _ as impossible:
            assert_never(impossible)


def _other(field: Field, value: str, *, dialect: str) -> str:
    """Another value of the same type for each value, NULL among them, and another in text whatever counts there."""
    match field.family:
        case "truth":
            return f"CASE WHEN {value} THEN FALSE ELSE TRUE END"
        case "text":
            one, two = (_cast(text_literal(letter, dialect), field) for letter in "ab")
            return f"CASE WHEN lower({value}) LIKE {text_literal('a%', dialect)} THEN {two} ELSE {one} END"
        case "number" | "moment" | None:
            one, two = (_mark(field, at, dialect=dialect) for at in (0, 1))
            return f"CASE WHEN {value} = {one} THEN {two} ELSE {one} END"
        case _ as impossible:
            assert_never(impossible)


def _cast(literal: str, field: Field) -> str:
    return f"CAST({literal} AS {field.column.type})"


def _names(bed: Bed) -> str:
    return ", ".join(quote(field.column.name, bed.dialect) for field in bed.fields)


def _fresh(name: str, fields: Sequence[Field]) -> str:
    """A name that none of the columns has, in any case."""
    taken = {field.column.name.lower() for field in fields}
    while name in taken:
        name += "_"
    return name
