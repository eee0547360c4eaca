"""Reading operands: what begins and ends by itself, such as names, literals, calls and CASE."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from rocky_action.sql.equality.node import NOTHING, Node, many, node, word_set
from rocky_action.sql.equality.types import Types
from rocky_action.sql.equality.words import UnreadableError

_FUNCTIONS = word_set("LEFT RIGHT GROUPING COALESCE NULLIF SUBSTRING TRIM REPLACE RANGE")
"""Functions whose names are words with a grammar; called with plain arguments they are functions like any other."""
_WITHIN = ("MODE", "PERCENTILE_CONT", "PERCENTILE_DISC")
_UNITS = word_set(
    """YEAR YEARS MONTH MONTHS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS MILLISECOND MILLISECONDS MICROSECOND
    MICROSECONDS WEEK WEEKS QUARTER QUARTERS DECADE DECADES CENTURY CENTURIES"""
)


class Operands(Types, ABC):
    """Reads operands at a cursor; what expressions and queries are, whoever knows says."""

    @abstractmethod
    def query(self) -> Node:
        """A whole query, such as stands in parentheses."""

    @abstractmethod
    def expression(self) -> Node:
        """Any expression."""

    @abstractmethod
    def operation(self) -> Node:
        """An expression of operators that bind tighter than comparisons."""

    def at_query(self, ahead: int = 0) -> bool:
        """Whether a query begins here."""
        while self.cursor.word(ahead) == "(":
            ahead += 1
        return self.cursor.word(ahead) in ("SELECT", "WITH", "FROM") or self.at_values(ahead)

    def at_values(self, ahead: int = 0) -> bool:
        """Whether rows are written out here; VALUES alone may be a name."""
        return self.cursor.word(ahead) == "VALUES" and self.cursor.word(ahead + 1) == "("

    def primary(self) -> Node:
        """One operand, without what may be behind it."""
        cursor = self.cursor
        kind = cursor.kind()
        if kind in ("string", "number"):
            return node(kind, cursor.take().text)
        word = cursor.word()
        if word == "(":
            return self._parenthesised()
        if word == "[":
            cursor.take()
            items = [] if cursor.word() == "]" else self.listed()
            cursor.expect("]")
            return many("list", items)
        if word in ("TRUE", "FALSE", "NULL"):
            return node("constant", cursor.take().text)
        special = {"CASE": self._case, "CAST": self._cast, "TRY_CAST": self._cast, "EXISTS": self._exists}
        special |= {"INTERVAL": self._interval, "EXTRACT": self._extract, "{": self._struct}
        if word == "MAP" and cursor.word(1) == "{":
            cursor.take()
            return node("map", self._pairs(self.expression))
        if word in special:
            return special[word]()
        if cursor.is_called() or (word in _FUNCTIONS and cursor.word(1) == "("):
            return self._call()
        if kind == "word" and cursor.kind(1) == "string" and word in ("DATE", "TIMESTAMP", "TIME", "TIMESTAMPTZ"):
            return node("typed", word, cursor.take().raw, cursor.take().text)
        return self._column()

    def _column(self) -> Node:
        parts = [self.cursor.column()]
        while self.cursor.word() == "." and self.cursor.is_label(1):
            self.cursor.take()
            parts.append(self.cursor.label())
        return node("column", *parts)

    def _struct(self) -> Node:
        return node("struct", self._pairs(self._key))

    def _key(self) -> Node:
        kind = self.cursor.kind()
        return node(kind, self.cursor.take().text) if kind == "string" else node("key", self.cursor.name())

    def _pairs(self, key: Callable[[], Node]) -> Node:
        """{key: value, ...}, for a struct or a map."""
        cursor = self.cursor
        cursor.expect("{")
        pairs: list[Node] = []
        while cursor.word() != "}" and (not pairs or cursor.skip(",")):
            name = key()
            cursor.expect(":")
            pairs.append(node("pair", name, self.expression()))
        cursor.expect("}")
        return many("pairs", pairs)

    def _parenthesised(self) -> Node:
        cursor = self.cursor
        if self.at_query():
            cursor.expect("(")
            found = node("scalar", self.query())
            cursor.expect(")")
            return found
        around = cursor.wrapped()  # all at once, so that many of them are not deep
        cursor.expect(*["("] * around)
        items = self.listed()
        cursor.expect(*[")"] * around)
        if len(items) == 1:
            return node("paren", items[0])
        row = many("row", items)
        return row if around == 1 else node("paren", row)

    def listed(self) -> list[Node]:
        """Expressions with commas between them."""
        items = [self.expression()]
        while self.cursor.skip(","):
            items.append(self.expression())
        return items

    def _case(self) -> Node:
        cursor = self.cursor
        cursor.expect("CASE")
        operand = NOTHING if cursor.word() == "WHEN" else self.expression()
        branches: list[Node] = []
        while cursor.skip("WHEN"):
            condition = self.expression()
            cursor.expect("THEN")
            branches.append(node("when", condition, self.expression()))
        otherwise = self.expression() if cursor.skip("ELSE") else NOTHING
        cursor.expect("END")
        if not branches:
            raise UnreadableError("CASE")
        return node("case", operand, many("branches", branches), otherwise)

    def _cast(self) -> Node:
        word = self.cursor.take().text
        self.cursor.expect("(")
        value = self.expression()
        self.cursor.expect("AS")
        found = node("cast", word, value, self.type())
        self.cursor.expect(")")
        return found

    def _exists(self) -> Node:
        self.cursor.expect("EXISTS", "(")
        found = node("exists", self.query())
        self.cursor.expect(")")
        return found

    def _interval(self) -> Node:
        cursor = self.cursor
        cursor.expect("INTERVAL")
        if cursor.kind() == "string":
            value = node("string", cursor.take().text)
            unit = cursor.take().text if cursor.word() in _UNITS else ""
            return node("interval", value, unit)
        value = node("number", cursor.take().text) if cursor.kind() == "number" else self._parenthesised()
        if cursor.word() not in _UNITS:
            raise UnreadableError("INTERVAL")
        return node("interval", value, cursor.take().text)

    def _extract(self) -> Node:
        cursor = self.cursor
        cursor.expect("EXTRACT", "(")
        part = cursor.take()
        if part.kind != "word":
            raise UnreadableError("EXTRACT")
        cursor.expect("FROM")
        found = node("extract", part.text, self.expression())
        cursor.expect(")")
        return found

    def _call(self) -> Node:
        """NAME([DISTINCT] arguments [ORDER BY ...]) [FILTER (WHERE ...)] [OVER ...]."""
        cursor = self.cursor
        piece = cursor.take()
        name = piece.text.upper()
        if piece.kind == "quoted":
            raise UnreadableError("a function in quotes")
        cursor.expect("(")
        quantity = "DISTINCT" if cursor.word(1) != ")" and cursor.skip("DISTINCT") else ""
        arguments: list[Node] = []
        if cursor.word() == "*":
            cursor.take()
            arguments = [node("star")]
        elif cursor.word() != ")":
            arguments = self.arguments()
        ordered = self.ordering() if cursor.skip("ORDER", "BY") else NOTHING
        nulls = f"{cursor.take().text} NULLS" if cursor.word() in ("IGNORE", "RESPECT") else ""
        if nulls:
            cursor.expect("NULLS")
        cursor.expect(")")
        if cursor.skip("WITHIN", "GROUP", "(", "ORDER", "BY"):
            if ordered or name not in _WITHIN:
                raise UnreadableError("WITHIN")
            ordered = node("within", self.ordering())
            cursor.expect(")")
        kept: Node = NOTHING
        if cursor.skip("FILTER", "("):
            cursor.expect("WHERE")
            kept = self.expression()
            cursor.expect(")")
        over = self._over() if cursor.skip("OVER") else NOTHING
        return node("call", name, quantity, many("arguments", arguments), ordered, nulls, kept, over)

    def arguments(self) -> list[Node]:
        """What stands in the parentheses of a call: expressions, lambdas, and values with a name."""
        items = [self._argument()]
        while self.cursor.skip(","):
            items.append(self._argument())
        return items

    def _argument(self) -> Node:
        """A lambda of the form ``x -> ...`` is read where no operator can be taken for a part of it, or for none."""
        cursor = self.cursor
        if cursor.is_name() and cursor.word(1) == ":=":
            name = cursor.name()
            cursor.expect(":=")
            return node("named", name, self.expression())
        if cursor.skip("LAMBDA"):
            names = [cursor.name()]
            while cursor.skip(","):
                names.append(cursor.name())
            cursor.expect(":")
            return node("lambda", *names, self.expression())
        value = self.expression()
        if not cursor.skip("->"):
            return value
        if value.kind not in ("column", "row"):
            raise UnreadableError("->")
        found = node("arrow", "->", value, self.operation())
        if cursor.word() not in (",", ")"):
            raise UnreadableError("->")
        return found

    def _over(self) -> Node:
        if self.cursor.word() != "(":
            return node("window name", self.cursor.name())
        return self.window()

    def window(self) -> Node:
        """What stands behind OVER, or behind a name in WINDOW."""
        cursor = self.cursor
        cursor.expect("(")
        parted = many("partition", self.listed()) if cursor.skip("PARTITION", "BY") else NOTHING
        ordered = self.ordering() if cursor.skip("ORDER", "BY") else NOTHING
        frame: Node = NOTHING
        if cursor.word() in ("ROWS", "RANGE", "GROUPS"):
            unit = cursor.take().text
            if cursor.skip("BETWEEN"):
                start = self._bound()
                cursor.expect("AND")
                frame = node("frame", unit, start, self._bound())
            else:
                frame = node("frame", unit, self._bound())
        cursor.expect(")")
        return node("window", parted, ordered, frame)

    def _bound(self) -> Node:
        cursor = self.cursor
        if cursor.skip("CURRENT", "ROW"):
            return node("edge", "CURRENT ROW")
        reach = node("unbounded") if cursor.skip("UNBOUNDED") else self.expression()
        if cursor.word() not in ("PRECEDING", "FOLLOWING"):
            raise UnreadableError("a window's bound")
        return node("edge", reach, cursor.take().text)

    def ordering(self) -> Node:
        """What stands behind ORDER BY."""
        items = [self._ordered()]
        while self.cursor.skip(","):
            items.append(self._ordered())
        return many("order", items)

    def _ordered(self) -> Node:
        value = node("every") if self.cursor.skip("ALL") else self.expression()
        direction = self.cursor.take().text if self.cursor.word() in ("ASC", "DESC") else ""
        nulls = ""
        if self.cursor.skip("NULLS"):
            nulls = self.cursor.take().text
            if nulls not in ("FIRST", "LAST"):
                raise UnreadableError("NULLS")
        return node("by", value, direction, nulls)
