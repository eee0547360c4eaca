"""The oracle of column-level lineage: DuckDB runs a query over base and over head, and the difference is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal, assert_never

import duckdb
from sqlglot import exp

from rocky_action.domain.changes import AllRows, Effect, SomeColumns, Untouched
from rocky_action.domain.lineage import Reference, SourceRead
from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Surroundings, lineage_of, propagate
from rocky_action.sql.parse import parse_query
from tests.support.lineage_queries import TABLES, Change, Table, Writer, change, table

Knowledge = Literal["nothing", "base", "head"]


@dataclass(frozen=True)
class Case:
    """A query over tables, one of which changes; ``known`` is the side whose columns lineage is told."""

    sql: str
    tables: tuple[Table, ...]
    change: Change
    known: Knowledge


@dataclass(frozen=True)
class Result:
    """What DuckDB made of a query: names, types and rows, or nothing if it failed."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[object, ...], ...]


def random_case(rng: Random) -> Case:
    tables = tuple(table(rng, name) for name in TABLES)
    sql, _ = Writer(rng, tables).query(rng.choice((0, 1, 1, 2)))
    known: Knowledge = rng.choice(("nothing", "base", "head"))
    return Case(sql, tables, change(rng, rng.choice(tables)), known)


def effect_of(case: Case) -> Effect:
    """What lineage says."""
    changed = case.change.head if case.known == "head" else case.change.base
    columns = {one.name: one.names for one in (*case.tables, changed)}

    def known(reference: Reference) -> tuple[str, ...] | None:
        return columns.get(reference.name) if case.known != "nothing" and isinstance(reference, SourceRead) else None

    surroundings = Surroundings(_reference, known)
    lineage = lineage_of(parse_query(case.sql, "duckdb"), surroundings)
    return propagate(lineage, {SourceRead(changed.name): SomeColumns(case.change.columns)}).effect


def _reference(node: exp.Table) -> Reference:
    return SourceRead(node.name.lower())


class Oracle:
    """A database with one schema for each side."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": "1"})

    def judge(self, case: Case) -> str:
        """``WRONG: ...`` if lineage promised what is not so; else what the case was worth."""
        try:
            effect = effect_of(case)
        except SqlError:
            return "not parsed"
        base = self._run(case, case.change.base)
        head = self._run(case, case.change.head)
        if base is None or head is None:
            failed = base is not None or head is not None
            return (
                "WRONG: only one side fails, untouched"
                if failed and isinstance(effect, Untouched)
                else "one side fails"
                if failed
                else "fails"
            )
        match effect:
            case AllRows():
                return "all rows"
            case Untouched():
                if _without(base, frozenset()) != _without(head, frozenset()) and not self._by_chance(
                    case, base, frozenset()
                ):
                    return f"WRONG: untouched, {base} {head}"
                return "untouched"
            case SomeColumns(columns):
                same = _without(base, columns) == _without(head, columns)
                if not same and not self._by_chance(case, base, columns):
                    return f"WRONG: {sorted(columns)} of {base} {head}"
                return "some columns"
            case _:
                assert_never(effect)

    def _by_chance(self, case: Case, base: Result, columns: frozenset[str]) -> bool:
        """Whether the result depends on the order in which rows lie, so that it could differ without any change.

        Looked at only when the results differ; ``first(a)`` and ties in an ORDER BY are the usual reasons.
        """
        turned = self._run(replace(case, tables=tuple(_turned(one) for one in case.tables)), _turned(case.change.base))
        return turned is not None and _without(turned, columns) != _without(base, columns)

    def _run(self, case: Case, changed: Table) -> Result | None:
        for one in case.tables:
            self.connection.execute((changed if one.name == changed.name else one).sql("main"))
        try:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE result AS {case.sql}")
        except duckdb.Error:
            return None
        described = self.connection.execute("DESCRIBE result").fetchall()
        columns = tuple((str(row[0]).lower(), str(row[1])) for row in described)
        rows = self.connection.execute("SELECT * FROM result").fetchall()
        return Result(columns, tuple(tuple(repr(value) for value in row) for row in rows))


def _without(result: Result, names: frozenset[str]) -> Result:
    """The other columns, with their rows as a multiset: a relation has no order."""
    kept = [index for index, (name, _) in enumerate(result.columns) if name not in names]
    columns = tuple(result.columns[index] for index in kept)
    return Result(columns, tuple(sorted(tuple(row[index] for index in kept) for row in result.rows)))


def _turned(one: Table) -> Table:
    """The same rows in another order."""
    return replace(one, columns=tuple(replace(column, values=column.values[::-1]) for column in one.columns))
