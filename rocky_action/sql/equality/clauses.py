"""Reading a query's clauses: SELECT with what belongs to it, set operations, CTEs, joins."""

from __future__ import annotations

from collections.abc import Callable

from rocky_action.sql.equality.node import NOTHING, Node, many, node
from rocky_action.sql.equality.operators import Expressions
from rocky_action.sql.equality.scopes import fold
from rocky_action.sql.equality.words import Cursor, UnreadableError, lexemes
from rocky_action.sql.parse import Query

_JOINS = ("INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "CROSS")


def read(query: Query) -> Node | None:
    """The query's tree, None if some of it is outside the grammar that is read with certainty."""
    try:
        reader = _Reader(Cursor(lexemes(query)))
        tree = reader.query()
    except (UnreadableError, RecursionError):
        return None
    return tree if not reader.cursor.kind() else None


class _Reader(Expressions):
    """Reads queries; see Expressions for what stands in them."""

    def query(self) -> Node:
        """[WITH ...] body [ORDER BY ...] [LIMIT ...] [OFFSET ...]."""
        cursor = self.cursor
        ctes = self._with() if cursor.skip("WITH") else NOTHING
        body = self._union()
        ordered = self.ordering() if cursor.skip("ORDER", "BY") else NOTHING
        limit = self.expression() if cursor.skip("LIMIT") else NOTHING
        offset = self.expression() if cursor.skip("OFFSET") else NOTHING
        return node("query", ctes, body, ordered, limit, offset)

    def _with(self) -> Node:
        ctes = [self._cte()]
        while self.cursor.skip(","):
            ctes.append(self._cte())
        names = {fold(str(cte.parts[0])) for cte in ctes}
        if len(names) != len(ctes):
            raise UnreadableError("two CTEs of one name")
        return many("with", ctes)

    def _cte(self) -> Node:
        cursor = self.cursor
        name = cursor.name()
        columns = self._names() if cursor.word() == "(" else NOTHING
        cursor.expect("AS")
        hint = ""
        if cursor.word() in ("MATERIALIZED", "NOT"):
            hint = "NOT " if cursor.skip("NOT") else ""
            cursor.expect("MATERIALIZED")
            hint += "MATERIALIZED"
        cursor.expect("(")
        body = self.query()
        cursor.expect(")")
        return node("cte", name, columns, hint, body)

    def _names(self) -> Node:
        self.cursor.expect("(")
        names = [self.cursor.name()]
        while self.cursor.skip(","):
            names.append(self.cursor.name())
        self.cursor.expect(")")
        return node("names", *names)

    def _union(self) -> Node:
        return self._set(("UNION", "EXCEPT"), self._intersection)

    def _intersection(self) -> Node:
        return self._set(("INTERSECT",), self._branch)

    def _set(self, words: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        """Branches from left to right, as a list, so that a thousand of them are not deep."""
        parts: list[Node | str] = [operand()]
        cursor = self.cursor
        while cursor.word() in words:
            word = cursor.take().text
            if cursor.word() in ("ALL", "DISTINCT"):
                word += f" {cursor.take().text}"
            if cursor.skip("BY", "NAME"):
                word += " BY NAME"
            parts += [word, operand()]
        only = parts[0]
        return only if len(parts) == 1 and isinstance(only, Node) else Node("set", tuple(parts))

    def _branch(self) -> Node:
        if self.cursor.skip("("):
            found = node("branch", self.query())
            self.cursor.expect(")")
            return found
        return self._select()

    def _select(self) -> Node:
        cursor = self.cursor
        cursor.expect("SELECT")
        quantity: Node = NOTHING
        if cursor.skip("DISTINCT"):
            if cursor.word() == "ON":
                raise UnreadableError("DISTINCT ON")
            quantity = node("DISTINCT")
        columns = [self._projection()]
        while cursor.skip(","):
            if cursor.word() == "FROM" or not cursor.kind():
                columns.append(node("trailing comma"))
                break
            columns.append(self._projection())
        source = self._from() if cursor.skip("FROM") else NOTHING
        where = self.expression() if cursor.skip("WHERE") else NOTHING
        group = self._group() if cursor.skip("GROUP", "BY") else NOTHING
        having = self.expression() if cursor.skip("HAVING") else NOTHING
        windows = self._windows() if cursor.skip("WINDOW") else NOTHING
        qualify = self.expression() if cursor.skip("QUALIFY") else NOTHING
        return node("select", quantity, many("projections", columns), source, where, group, having, windows, qualify)

    def _projection(self) -> Node:
        cursor = self.cursor
        if cursor.word() == "*":
            cursor.take()
            return self._star("")
        if cursor.is_name() and cursor.word(1) == "." and cursor.word(2) == "*":
            name = cursor.name()
            cursor.expect(".", "*")
            return self._star(name)
        value = self.expression()
        if cursor.skip("AS"):
            return node("aliased", value, cursor.name(), "AS")
        if cursor.is_name():
            return node("aliased", value, cursor.name(), "")
        return node("unnamed", value)

    def _star(self, qualifier: str) -> Node:
        excluded = NOTHING
        if self.cursor.skip("EXCLUDE"):
            excluded = self._names()
        if self.cursor.word() in ("REPLACE", "RENAME", "LIKE", "ILIKE", "GLOB", "SIMILAR", "NOT"):
            raise UnreadableError(self.cursor.word())
        return node("star", qualifier, excluded)

    def _group(self) -> Node:
        if self.cursor.skip("ALL"):
            return node("group all")
        if self.cursor.word() in ("ROLLUP", "CUBE", "GROUPING"):
            raise UnreadableError("GROUP BY")
        return many("group", self.listed())

    def _windows(self) -> Node:
        windows: list[Node] = []
        while not windows or self.cursor.skip(","):
            name = self.cursor.name()
            self.cursor.expect("AS")
            windows.append(node("named window", name, self.window()))
        return many("windows", windows)

    def _from(self) -> Node:
        items = [self._relation()]
        cursor = self.cursor
        while True:
            if cursor.skip(","):
                items.append(node("join", ",", self._relation(), NOTHING))
            elif cursor.word() == "JOIN" or cursor.word() in _JOINS:
                items.append(self._join())
            elif cursor.word() in ("NATURAL", "ASOF", "POSITIONAL", "TABLESAMPLE", "PIVOT", "UNPIVOT", "AT"):
                raise UnreadableError(cursor.word())
            else:
                return many("from", items)

    def _join(self) -> Node:
        cursor = self.cursor
        word = cursor.take().text
        kind = ""
        if word != "JOIN":
            kind = word
            if word in ("LEFT", "RIGHT", "FULL") and cursor.skip("OUTER"):
                kind += " OUTER"
            cursor.expect("JOIN")
        right = self._relation()
        if cursor.skip("ON"):
            return node("join", kind, right, node("on", self.expression()))
        if cursor.skip("USING"):
            return node("join", kind, right, self._names())
        if kind != "CROSS":
            raise UnreadableError("a join without a condition")
        return node("join", kind, right, NOTHING)

    def _relation(self) -> Node:
        cursor = self.cursor
        if self.cursor.word() == "(" and self.at_query():
            cursor.expect("(")
            source = node("derived", self.query())
            cursor.expect(")")
        else:
            parts = [cursor.name()]
            while cursor.skip("."):
                parts.append(cursor.name())
            if cursor.word() == "(":
                raise UnreadableError("a table function")
            source = node("table", *parts)
        spelled = "AS" if cursor.skip("AS") else ""
        name = cursor.name() if spelled or cursor.is_name() else ""
        columns = self._names() if name and cursor.word() == "(" else NOTHING
        return node("relation", source, name, columns, spelled)
