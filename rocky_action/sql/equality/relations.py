"""Reading a FROM clause: tables, queries, table functions, and the joins between them."""

from __future__ import annotations

from rocky_action.sql.equality.node import NOTHING, Node, many, node
from rocky_action.sql.equality.operators import Expressions
from rocky_action.sql.equality.words import UnreadableError

_JOINS = ("INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "CROSS", "ASOF", "NATURAL")

_NO_TABLES = ("COALESCE", "NULLIF", "SUBSTRING", "TRIM")


class Relations(Expressions):
    """Reads what a SELECT reads from."""

    def names(self) -> Node:
        """Names in parentheses."""
        self.cursor.expect("(")
        names = [self.cursor.name()]
        while self.cursor.skip(","):
            names.append(self.cursor.name())
        self.cursor.expect(")")
        return node("names", *names)

    def source(self) -> Node:
        """What stands behind FROM."""
        items = [self._relation()]
        cursor = self.cursor
        while True:
            if cursor.skip(","):
                items.append(node("join", ",", self._relation(), NOTHING))
            elif cursor.word() == "JOIN" or cursor.word() in _JOINS:
                items.append(self._join())
            elif cursor.word() in ("POSITIONAL", "TABLESAMPLE", "PIVOT", "UNPIVOT", "AT"):
                raise UnreadableError(cursor.word())
            else:
                return many("from", items)

    def _join(self) -> Node:
        cursor = self.cursor
        prefix = f"{cursor.take().text} " if cursor.word() in ("ASOF", "NATURAL") else ""
        word = cursor.take().text
        kind = ""
        if word not in ("JOIN", "INNER", "LEFT", "RIGHT", "FULL") and (prefix or word not in _JOINS):
            raise UnreadableError(word)
        if word != "JOIN":
            kind = word
            if word in ("LEFT", "RIGHT", "FULL") and cursor.skip("OUTER"):
                kind += " OUTER"
            cursor.expect("JOIN")
        kind = f"{prefix}{kind}".rstrip()
        right = self._relation()
        if prefix == "NATURAL ":
            return node("join", kind, right, NOTHING)
        if cursor.skip("ON"):
            return node("join", kind, right, node("on", self.expression()))
        if cursor.skip("USING"):
            return node("join", kind, right, self.names())
        if kind != "CROSS":
            raise UnreadableError("a join without a condition")
        return node("join", kind, right, NOTHING)

    def _relation(self) -> Node:
        cursor = self.cursor
        lateral = cursor.skip("LATERAL")
        if cursor.word() == "(" and self.at_query():
            cursor.expect("(")
            source = node("lateral" if lateral else "derived", self.query())
            cursor.expect(")")
        elif lateral:
            raise UnreadableError("LATERAL")
        elif cursor.word() not in _NO_TABLES and (
            cursor.is_called() or (cursor.word(), cursor.word(1)) == ("RANGE", "(")
        ):
            source = self._function()
        else:
            parts = [cursor.name()]
            while cursor.skip("."):
                parts.append(cursor.name())
            if cursor.word() == "(":
                raise UnreadableError("a table function")
            source = node("table", *parts)
        spelled = "AS" if cursor.skip("AS") else ""
        name = cursor.name() if spelled or cursor.is_name() else ""
        columns = self.names() if name and cursor.word() == "(" else NOTHING
        return node("relation", source, name, columns, spelled)

    def _function(self) -> Node:
        """A table function; a name before ``=`` is an argument's, and no column."""
        cursor = self.cursor
        piece = cursor.take()
        if piece.kind != "word":
            raise UnreadableError("a function in quotes")
        name = piece.text
        cursor.expect("(")
        arguments: list[Node] = []
        while cursor.word() != ")" and (not arguments or cursor.skip(",")):
            if cursor.is_name() and cursor.word(1) in ("=", ":="):
                said = cursor.name()
                arguments.append(node("named", said, cursor.take().text, self.primary()))
            else:
                arguments.append(self.expression())
        cursor.expect(")")
        if cursor.word() == "WITH":
            raise UnreadableError("WITH ORDINALITY")
        return node("table function", name, *arguments)
