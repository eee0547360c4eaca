"""Reading a query's clauses: SELECT with what belongs to it, set operations, CTEs, joins."""

from __future__ import annotations

from collections.abc import Callable

from rocky_action.sql.equality.node import NOTHING, Node, many, node
from rocky_action.sql.equality.relations import Relations
from rocky_action.sql.equality.scopes import fold
from rocky_action.sql.equality.words import AFTER_AS, Cursor, UnreadableError, lexemes
from rocky_action.sql.parse import Query


def read(query: Query) -> Node | None:
    """The query's tree, None if some of it is outside the grammar that is read with certainty."""
    try:
        reader = Reader(Cursor(lexemes(query)))
        tree = reader.query()
    except (UnreadableError, RecursionError):
        return None
    return tree if not reader.cursor.kind() else None


class Reader(Relations):
    """Reads queries; see Relations for what they read, Expressions for what stands in them."""

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
        columns = self.names() if cursor.word() == "(" else NOTHING
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
        if self.at_values():
            return self._values()
        return self.from_first() if self.cursor.word() == "FROM" else self._select()

    def _values(self) -> Node:
        rows: list[Node] = []
        self.cursor.expect("VALUES")
        while not rows or self.cursor.skip(","):
            self.cursor.expect("(")
            rows.append(many("row", self.listed()))
            self.cursor.expect(")")
        return many("values", rows)

    def from_first(self) -> Node:
        """``FROM t SELECT a`` is ``SELECT a FROM t``, and ``FROM t`` is ``SELECT * FROM t``: one tree to DuckDB too."""
        self.cursor.expect("FROM")
        source = self.source()
        if self.cursor.word() == "SELECT":
            quantity, columns = self._columns()
        else:
            quantity, columns = NOTHING, node("projections", node("star", "", NOTHING, NOTHING))
        return self._clauses(quantity, columns, source=source)

    def _select(self) -> Node:
        quantity, columns = self._columns()
        return self._clauses(quantity, columns, source=self.source() if self.cursor.skip("FROM") else NOTHING)

    def _columns(self) -> tuple[Node, Node]:
        """SELECT with what DISTINCT says and the columns."""
        cursor = self.cursor
        cursor.expect("SELECT")
        quantity: Node = NOTHING
        if cursor.skip("DISTINCT"):
            quantity = node("DISTINCT")
            if cursor.skip("ON"):
                cursor.expect("(")
                quantity = many("distinct on", self.listed())
                cursor.expect(")")
        columns = [self._projection()]
        while cursor.skip(","):
            if cursor.word() == "FROM" or not cursor.kind():
                columns.append(node("trailing comma"))
                break
            columns.append(self._projection())
        return quantity, many("projections", columns)

    def _clauses(self, quantity: Node, columns: Node, *, source: Node) -> Node:
        cursor = self.cursor
        where = self.expression() if cursor.skip("WHERE") else NOTHING
        group = self._group() if cursor.skip("GROUP", "BY") else NOTHING
        having = self.expression() if cursor.skip("HAVING") else NOTHING
        windows = self._windows() if cursor.skip("WINDOW") else NOTHING
        qualify = self.expression() if cursor.skip("QUALIFY") else NOTHING
        return node("select", quantity, columns, source, where, group, having, windows, qualify)

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
            return node("aliased", value, cursor.label(), "AS")
        if cursor.is_name() and cursor.word() not in AFTER_AS:
            return node("aliased", value, cursor.name(), "")
        return node("unnamed", value)

    def _star(self, qualifier: str) -> Node:
        cursor = self.cursor
        excluded, changes = NOTHING, NOTHING
        if cursor.skip("EXCLUDE"):
            excluded = self.names() if cursor.word() == "(" else node("names", cursor.name())
        if cursor.word() in ("REPLACE", "RENAME") and cursor.word(1) == "(":
            replaced = self._replaced() if cursor.skip("REPLACE", "(") else NOTHING
            renamed = self._renamed() if cursor.skip("RENAME", "(") else NOTHING
            changes = node("changes", replaced, renamed)
        if cursor.word() in ("REPLACE", "RENAME", "LIKE", "ILIKE", "GLOB", "SIMILAR", "NOT"):
            raise UnreadableError(cursor.word())
        return node("star", qualifier, excluded, changes)

    def _replaced(self) -> Node:
        items: list[Node] = []
        while not items or self.cursor.skip(","):
            value = self.expression()
            self.cursor.expect("AS")
            items.append(node("replaced", value, self.cursor.name()))
        self.cursor.expect(")")
        return many("replace", items)

    def _renamed(self) -> Node:
        items: list[Node] = []
        while not items or self.cursor.skip(","):
            name = self.cursor.name()
            self.cursor.expect("AS")
            items.append(node("renamed", name, self.cursor.name()))
        self.cursor.expect(")")
        return many("rename", items)

    def _group(self) -> Node:
        if self.cursor.skip("ALL"):
            return node("group all")
        items: list[Node] = []
        while not items or self.cursor.skip(","):
            items.append(self._grouping())
        return many("group" if all(item.kind != "sets" for item in items) else "group sets", items)

    def _grouping(self) -> Node:
        cursor = self.cursor
        if cursor.skip("(", ")"):
            return node("sets", "()")
        word = cursor.word()
        if cursor.skip("GROUPING", "SETS", "("):
            items: list[Node] = []
            while not items or cursor.skip(","):
                items.append(self._grouping())
        elif word in ("ROLLUP", "CUBE") and cursor.word(1) == "(":
            cursor.skip(word, "(")
            items = self.listed()
        else:
            return self.expression()
        cursor.expect(")")
        return node("sets", word, *items)

    def _windows(self) -> Node:
        windows: list[Node] = []
        while not windows or self.cursor.skip(","):
            name = self.cursor.name()
            self.cursor.expect("AS")
            windows.append(node("named window", name, self.window()))
        return many("windows", windows)
