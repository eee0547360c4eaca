"""The oracle of edits: DuckDB runs both sides of an edit over the same tables, and the difference is looked at."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import assert_never

import duckdb

from rocky_action.domain.changes import AllRows, SomeColumns, Untouched
from rocky_action.sql.edits import Edit, edit_of
from rocky_action.sql.parse import parse_query

NASTY = """
CREATE TABLE t AS FROM (VALUES
    (1, 10, 'x', [1, 2], {'a': 1}), (1, 10, 'x', [1, 2], {'a': 1}), (2, NULL, NULL, [], NULL),
    (NULL, 30, '3', NULL, {'a': NULL}), (4, 10, '', [4], {'a': 4}), (3, -1, 'X', [NULL, 5, 6], {'a': 0})
) AS t(a, b, c, l, s);
CREATE TABLE u AS FROM (VALUES (1, 5, 10), (1, 5, 10), (2, NULL, 20), (NULL, 7, 30)) AS u(id, a, k);
CREATE TABLE w AS FROM (VALUES ('x', 1.5::DOUBLE, 1), (NULL, 'nan'::DOUBLE, 2), ('y', NULL, NULL)) AS w(c, e, a_1);
CREATE TABLE nothing AS FROM t LIMIT 0;
"""
"""Duplicates, NULLs, lists, a struct, NaN, a column called like a second one, a table without rows."""
_NUMBERED = re.compile(r"(.+)[_:][0-9]+")


@dataclass(frozen=True)
class Relation:
    """What a query makes: names and types of columns, and the rows as text."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]

    def without(self, names: frozenset[str]) -> tuple[object, ...]:
        """The other columns in their order, with their rows as a multiset."""
        kept = [at for at, (name, _) in enumerate(self.columns) if names.isdisjoint(_spellings(name))]
        return tuple(self.columns[at] for at in kept), Counter(tuple(row[at] for at in kept) for row in self.rows)


class EditOracle:
    """One database; what it is asked about is an edit of one query."""

    def __init__(self) -> None:
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute(NASTY)

    def judge(self, base: str, head: str) -> str:
        """``WRONG: ...`` if an edit was promised to do less than it does; else what was promised."""
        return self.verdict(base, head, edit=edit_of(parse_query(base, "duckdb"), parse_query(head, "duckdb")))

    def verdict(self, base: str, head: str, *, edit: Edit) -> str:
        """The same for an edit that somebody has made up."""
        match edit.effect:
            case AllRows():
                return "all rows"
            case Untouched():
                gone, promise = frozenset[str](), "untouched"
            case SomeColumns(columns):
                gone, promise = columns, " ".join(sorted(columns)) or "no column"
            case _:
                assert_never(edit.effect)
        was, now = self.run(base), self.run(head)
        if was is None or now is None:
            only = (was is None) != (now is None)
            return f"WRONG: {promise}, and one side fails" if only and not gone else f"{promise}, not valid"
        if was.without(gone) != now.without(gone):
            return f"WRONG: {promise}, but {was} became {now}"
        return promise

    def run(self, sql: str) -> Relation | None:
        """What a table made of the query holds, None if it cannot be made."""
        try:
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}")
        except duckdb.Error:
            return None
        answer = self._db.execute("FROM result")
        columns = tuple((str(one[0]).lower(), str(one[1])) for one in answer.description or ())
        return Relation(columns, tuple(tuple(map(repr, row)) for row in answer.fetchall()))


def _spellings(name: str) -> frozenset[str]:
    """A name and those that it can be a second spelling of, such as id for id_1."""
    found = {name}
    while (numbered := _NUMBERED.fullmatch(name)) is not None:
        name = numbered[1]
        found.add(name)
    return frozenset(found)
