"""Random texts around the grammar that equality reads; and what is read, with every parenthesis there can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import duckdb
from sqlglot import exp

from rocky_action.errors import SqlError
from rocky_action.sql.equality.clauses import Reader
from rocky_action.sql.equality.node import Node
from rocky_action.sql.equality.words import Cursor, UnreadableError, lexemes
from rocky_action.sql.parse import Query
from rocky_action.sql.tokens import tokenize

_PLACES = frozenset({"query_location", "query_location_length"})
_BARE = frozenset({"column", "constant", "number", "paren", "row", "string"})
"""What is one to everybody; and a row, which beside an arrow is a list of names."""
_OPERATORS = (
    *"+-*/%=<>",
    "//",
    "||",
    "<>",
    "!=",
    "<=",
    ">=",
    "AND",
    "OR",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS",
    "::",
    "->",
    "->>",
    "NOT",
)
_FORMS = (
    "({0})",
    "f({0}, {1})",
    "f(lambda x: {0})",
    "f(x -> {0})",
    "f((x, y) -> {0}, {1})",
    "f(n := {0})",
    "count(*)",
    "count(DISTINCT {0})",
    "list({0} ORDER BY {1} DESC NULLS LAST)",
    "sum({0}) FILTER (WHERE {1})",
    "mode() WITHIN GROUP (ORDER BY {0})",
    "lag({0} IGNORE NULLS) OVER (PARTITION BY {1} ORDER BY {0})",
    "sum({0}) OVER (ORDER BY {1} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "CASE WHEN {0} THEN {1} END",
    "CASE {0} WHEN {1} THEN {0} ELSE {1} END",
    "CAST({0} AS {type})",
    "TRY_CAST({0} AS {type})",
    "[{0}, {1}]",
    "{{'a': {0}, b: {1}}}",
    "MAP {{'a': {0}}}",
    "{{}}",
    "({0}, {1})",
    "(SELECT {0} FROM u)",
    "EXISTS (SELECT {0})",
    "INTERVAL ({0}) DAY",
    "INTERVAL '1' MONTH",
    "EXTRACT(year FROM {0})",
    "DATE '2024-01-01'",
)
_ATOMS = ("a", "b", "t.a", "s.a.b", '"A b"', "1", "2.5", "1e3", "'x'", "'it''s'", "NULL", "TRUE", "position", "range")
_TYPES = (
    "INT",
    "decimal(9, 2)",
    "INT[]",
    "STRUCT(a INT, b VARCHAR)[]",
    "MAP(INT, TEXT)",
    "double precision",
    "TIMESTAMP",
)
_PREFIXES = ("", "", "", "", "-", "NOT ", "+", "- ", "NOT NOT ")
_SUFFIXES = (
    "",
    "",
    "",
    "",
    "::INT",
    "[1]",
    "[1:2]",
    "[:a]",
    ".f",
    " AT TIME ZONE 'UTC'",
    " IS NULL",
    " ESCAPE '!'",
    "::INT[]",
)


class Texts:
    """Texts whose operators stand side by side as chance has it: grouping them is left to who reads them."""

    def __init__(self, choice: Random) -> None:
        self.choice = choice

    def expression(self, depth: int = 2) -> str:
        """Operands with any operators between them; many are no SQL."""
        parts = [self.operand(depth)]
        for _ in range(self.choice.choice((0, 0, 1, 1, 2, 3))):
            operator = self.choice.choice(_OPERATORS)
            operand = self.choice.choice(_TYPES) if operator == "::" else self.operand(depth)
            match operator:
                case "BETWEEN":
                    operand = f"{operand} AND {self.operand(depth)}"
                case "IN":
                    operand = self.choice.choice((f"({operand})", "(SELECT b FROM u)", f"({operand}, 1)"))
                case "IS":
                    operand = self.choice.choice(("NULL", "NOT NULL", "TRUE", f"DISTINCT FROM {operand}"))
                case "NOT":
                    operand = f"{self.choice.choice(('LIKE', 'SIMILAR TO', 'ILIKE'))} {operand}"
                case _:
                    pass
            parts.append(f"{operator} {operand}")
        return " ".join(parts)

    def operand(self, depth: int) -> str:
        if depth == 0 or self.choice.random() < 0.5:
            text = self.choice.choice(_ATOMS)
        else:
            inner = [self.expression(depth - 1) for _ in range(2)]
            text = self.choice.choice(_FORMS).format(*inner, type=self.choice.choice(_TYPES))
        return f"{self.choice.choice(_PREFIXES)}{text}{self.choice.choice(_SUFFIXES)}"

    def query(self) -> str:
        """A whole query."""
        pick, some = self.choice.choice, self.expression
        columns = pick(
            (
                f"{some()} AS x",
                f"{some()} y, {some()}",
                f"{some()}",
                "*",
                "t.* EXCLUDE (a)",
                f"* EXCLUDE a REPLACE ({some(1)} AS b)",
                "* RENAME (a AS position)",
                f"{some()} AS at,",
                f"DISTINCT {some()} AS x",
                f"DISTINCT ON ({some(1)}) a",
            )
        )
        source = pick(
            (
                "",
                " FROM t",
                " FROM t AS o JOIN u ON o.a = u.a",
                " FROM t NATURAL LEFT JOIN u",
                f" FROM t ASOF JOIN u ON {some(1)}",
                " FROM t FULL OUTER JOIN u USING (a, b)",
                " FROM t, u AS v(a, b) CROSS JOIN w SEMI JOIN z ON TRUE",
                f" FROM t, LATERAL (SELECT {some(1)} AS q) AS l",
                f" FROM (VALUES (1, {some(1)}), (2, 3)) AS v(a, b)",
                f" FROM (FROM t SELECT {some(1)} AS z WHERE a)",
                f" FROM range({some(1)}) AS r(i), read_csv('f', header = {some(0)})",
            )
        )
        ends = [
            f" WHERE {some()}",
            pick(
                (
                    " GROUP BY ALL",
                    f" GROUP BY {some(1)}, 1",
                    " GROUP BY ROLLUP (a, b), c",
                    " GROUP BY GROUPING SETS ((a, b), a, (), CUBE (a))",
                )
            ),
            f" HAVING {some()}",
            " WINDOW w AS (ORDER BY a)",
            f" QUALIFY {some()}",
            pick(
                (
                    f" UNION ALL SELECT {some()}",
                    " EXCEPT FROM u INTERSECT SELECT 1",
                    " UNION BY NAME (SELECT 1 ORDER BY 1)",
                    " UNION ALL VALUES (1)",
                )
            ),
            pick((" ORDER BY ALL DESC", f" ORDER BY {some(1)} DESC NULLS FIRST, 1")),
            " LIMIT 3",
            " OFFSET 1",
        ]
        kept = "".join(end for end in ends if self.choice.random() < 0.25)
        start = pick(("", "", "", f"WITH c AS ({pick(('SELECT 1', 'FROM u'))}), d(x) AS NOT MATERIALIZED (SELECT 2) "))
        return f"{start}FROM t SELECT {columns}{kept}" if pick((0, 0, 1)) else f"{start}SELECT {columns}{source}{kept}"


def duckdb_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> object | None:
    """How DuckDB reads a text, None if it does not: without places, and AND of AND as one."""
    row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    found = json.loads(row[0]) if row else {"error": True}
    return None if found["error"] else _plain(found["statements"])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if key not in _PLACES}
    return [_plain(part) for part in value] if isinstance(value, list) else value


class Marking(Reader):
    """A reader that remembers from where to where each expression goes."""

    def __init__(self, cursor: Cursor) -> None:
        super().__init__(cursor)
        self.spans: set[tuple[int, int]] = set()

    def expression(self) -> Node:
        return self._marked(super().expression)

    def _conjunction(self) -> Node:
        return self._marked(super()._conjunction)

    def _negation(self) -> Node:
        return self._marked(super()._negation)

    def _predicate(self) -> Node:
        return self._marked(super()._predicate)

    def _signed(self) -> Node:
        return self._marked(super()._signed)

    def _postfix(self) -> Node:
        return self._marked(super()._postfix)

    def primary(self) -> Node:
        return self._marked(super().primary)

    def _concatenation(self) -> Node:
        return self._marked(super()._concatenation)

    def _chain(self, signs: frozenset[str], operand: Callable[[], Node]) -> Node:
        start, ends = self.cursor.at, []

        def counted() -> Node:
            found = operand()
            ends.append(self.cursor.at)
            return found

        found = super()._chain(signs, counted)
        self.spans |= {(start, end) for end in ends[1:]}
        return found

    def _marked(self, read: Callable[[], Node]) -> Node:
        start = self.cursor.at
        found = read()
        if found.kind not in _BARE:
            self.spans.add((start, self.cursor.at))
        return found

    def text(self) -> str:
        """What was read, with parentheses around each expression."""
        pieces = [piece.raw for piece in self.cursor.pieces]
        for start, end in self.spans:
            pieces[start] = f"( {pieces[start]}"
            pieces[end - 1] = f"{pieces[end - 1]} )"
        return " ".join(pieces)


def understood(sql: str) -> tuple[Node, str] | None:
    """The tree of a text that is read with certainty, and the text with all parentheses."""
    try:
        pieces = lexemes(Query(sql, "duckdb", tokenize(sql, "duckdb"), exp.Select()))
        reader = Marking(Cursor(pieces))
        tree = reader.query()
    except (UnreadableError, SqlError):
        return None
    return None if reader.cursor.kind() else (tree, reader.text())
