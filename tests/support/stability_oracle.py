"""The oracle of stability: DuckDB runs a query over the same rows in another order, and the results are compared.

What is not doubted must be the same: ties and orders that nobody gives come out another way when rows lie another way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import Random

import duckdb
from sqlglot import exp

from rocky_action.domain.lineage import Reference, SourceRead
from rocky_action.errors import SqlError
from rocky_action.sql.lineage import Surroundings
from rocky_action.sql.parse import parse_query
from rocky_action.sql.stability import UNNAMED, Doubts, Known, doubts_of
from tests.support.lineage_queries import TABLES, Table, Writer, table

_NOT_FOLLOWED = ("COLUMNS(", "* LIKE", "rowid")
"""What nobody can tell the columns of, and a number of the row that may as well be somebody's column."""


@dataclass(frozen=True)
class Case:
    """A query over tables."""

    sql: str
    tables: tuple[Table, ...]


def random_case(rng: Random) -> Case:
    tables = tuple(table(rng, name) for name in TABLES)
    sql, _ = Writer(rng, tables).query(rng.choice((0, 1, 1, 2)))
    return Case(sql, tables)


def doubts(case: Case) -> Doubts:
    """What the product doubts, knowing the columns of the tables and no keys."""
    columns = {one.name: one.names for one in case.tables}

    def known(reference: Reference) -> tuple[str, ...] | None:
        return columns.get(reference.name) if isinstance(reference, SourceRead) else None

    return doubts_of(parse_query(case.sql, "duckdb"), Known(Surroundings(_reference, known)))


def _reference(node: exp.Table) -> Reference:
    return SourceRead(node.name.lower())


class Oracle:
    """A database that is filled twice."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": "1"})

    def judge(self, case: Case, rng: Random) -> str:
        """``WRONG: ...`` if something that is not doubted came out another way; else what the case was worth."""
        try:
            found = doubts(case)
        except SqlError:
            return "not parsed"
        if any(word in case.sql for word in _NOT_FOLLOWED):
            return "not followed"
        if found.rows or any(name.startswith(UNNAMED) for name in found.columns):
            return "rows doubted"
        columns, first = self._run(case)
        if columns is None:
            return "fails"
        kept = [at for at, name in enumerate(columns) if re.sub(r"(_\d+)+$", "", name.lower()) not in found.columns]
        for _ in range(3):
            other, second = self._run(replace(case, tables=tuple(_shuffled(one, rng) for one in case.tables)))
            if other is None:
                return "fails on some rows only"
            if _multiset(first, kept) != _multiset(second, kept):
                return f"WRONG: {[columns[at] for at in kept]} of {first} {second}, doubted {dict(found.columns)}"
        return "some columns doubted" if found.columns else "nothing doubted"

    def _run(self, case: Case) -> tuple[list[str] | None, list[tuple[object, ...]]]:
        for one in case.tables:
            self.connection.execute(one.sql("main"))
        try:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE result AS {case.sql}")
        except duckdb.Error:
            return None, []
        names = [str(row[0]) for row in self.connection.execute("DESCRIBE result").fetchall()]
        return names, self.connection.execute("FROM result").fetchall()


def _multiset(rows: list[tuple[object, ...]], kept: list[int]) -> list[str]:
    return sorted(repr([row[at] for at in kept]) for row in rows)


def _shuffled(one: Table, rng: Random) -> Table:
    order = list(range(len(one.columns[0].values)))
    rng.shuffle(order)
    return replace(
        one, columns=tuple(replace(column, values=tuple(column.values[at] for at in order)) for column in one.columns)
    )
