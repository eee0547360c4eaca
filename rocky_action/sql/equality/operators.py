"""Reading operators: only what groups in one way for everybody, parentheses kept as nodes."""

from __future__ import annotations

from collections.abc import Callable

from rocky_action.sql.equality.node import Node, many, node
from rocky_action.sql.equality.operands import Operands
from rocky_action.sql.equality.words import UnreadableError

_COMPARISONS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">="))
_ARROWS = frozenset(("->", "->>"))
_STEPS = frozenset({"arrow", "call", "cast", "column", "field", "item", "paren"})
_MEMBERSHIPS = ("BETWEEN", "IN", "LIKE", "ILIKE", "SIMILAR")
_SUMS, _PRODUCTS = frozenset("+-"), frozenset(("*", "/", "%", "//"))


class Expressions(Operands):
    """Reads expressions: operands, and the operators between them by rank."""

    def expression(self) -> Node:
        """Any expression."""
        found = self._joined("OR", "or", operand=self._conjunction)
        while self.cursor.word() in _ARROWS and self.cursor.kind(1) in ("string", "number"):
            found = self._arrow(found)
        return found

    def _arrow(self, value: Node) -> Node:
        """One step into JSON, where no operator stands beside it: how the arrow ranks among them has changed."""
        if value.kind not in _STEPS:
            raise UnreadableError("->")
        sign, step = self.cursor.take().text, self.primary()
        return node("arrow", sign, value, step)

    def operation(self) -> Node:
        """An expression of operators that bind tighter than comparisons; or one comparison of such."""
        found = self._predicate()
        if found.kind in ("is", "is not", "distinct", "not distinct", "negated", "not"):
            raise UnreadableError(found.kind)
        return found

    def _conjunction(self) -> Node:
        return self._joined("AND", "and", operand=self._negation)

    def _joined(self, word: str, kind: str, *, operand: Callable[[], Node]) -> Node:
        operands = [operand()]
        while self.cursor.skip(word):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else many(kind, operands)

    def _negation(self) -> Node:
        if self.cursor.skip("NOT"):
            return node("not", self._negation())
        return self._predicate()

    def _predicate(self) -> Node:
        """One comparison at most: how several without parentheses group is not for everybody the same."""
        left = self._concatenation()
        cursor = self.cursor
        if cursor.word() in _COMPARISONS:
            sign = cursor.take().text
            left = node("compare", sign, left, self._concatenation())
        elif cursor.skip("IS"):
            left = self._is(left)
        elif cursor.word() in _MEMBERSHIPS:
            left = self._membership(left)
        elif cursor.word() == "NOT" and cursor.word(1) in _MEMBERSHIPS:
            cursor.take()
            left = node("negated", self._membership(left))
        if cursor.word() in _COMPARISONS or cursor.word() in ("IS", "NOT", *_MEMBERSHIPS):
            raise UnreadableError(cursor.word())
        return left

    def _is(self, left: Node) -> Node:
        kind = "is not" if self.cursor.skip("NOT") else "is"
        if self.cursor.skip("DISTINCT", "FROM"):
            return node("distinct" if kind == "is" else "not distinct", left, self._concatenation())
        if self.cursor.word() not in ("NULL", "TRUE", "FALSE"):
            raise UnreadableError("IS")
        return node(kind, left, self.cursor.take().text)

    def _membership(self, left: Node) -> Node:
        word = self.cursor.take().text
        if word == "BETWEEN":
            low = self._concatenation()
            self.cursor.expect("AND")
            return node("between", left, low, self._concatenation())
        if word == "SIMILAR":
            self.cursor.expect("TO")
            return node("similar", left, self._concatenation())
        if word != "IN":
            pattern = self._concatenation()
            if self.cursor.skip("ESCAPE"):
                if self.cursor.kind() != "string":
                    raise UnreadableError("ESCAPE")
                return node("like escape", word, left, pattern, node("string", self.cursor.take().text))
            return node("like", word, left, pattern)
        self.cursor.expect("(")
        found = node("in query", left, self.query()) if self.at_query() else node("in", left, *self.listed())
        self.cursor.expect(")")
        return found

    def _concatenation(self) -> Node:
        first = self._sum()
        if self.cursor.word() != "||":
            return first
        if first.kind == "chain":
            raise UnreadableError("||")
        parts: list[Node | str] = [first]
        while self.cursor.skip("||"):
            parts += ["||", self._signed()]
        if self.cursor.word() in _SUMS or self.cursor.word() in _PRODUCTS:
            raise UnreadableError("||")
        return Node("chain", tuple(parts))

    def _sum(self) -> Node:
        return self._chain(_SUMS, self._product)

    def _product(self) -> Node:
        return self._chain(_PRODUCTS, self._signed)

    def _chain(self, signs: frozenset[str], operand: Callable[[], Node]) -> Node:
        """Operands of one rank from left to right; a list and not a tree, so that ten thousand of them are not deep."""
        parts: list[Node | str] = [operand()]
        while self.cursor.word() in signs:
            parts += [self.cursor.take().text, operand()]
        only = parts[0]
        return only if len(parts) == 1 and isinstance(only, Node) else Node("chain", tuple(parts))

    def _signed(self) -> Node:
        if self.cursor.word() in ("+", "-"):
            sign = self.cursor.take().text
            if self.cursor.word() in ("+", "-"):
                raise UnreadableError("two signs")
            return node("sign", sign, self._postfix())
        value = self._postfix()
        while self.cursor.skip("AT", "TIME", "ZONE"):
            if self.cursor.kind() != "string":
                raise UnreadableError("AT TIME ZONE")
            value = node("zone", value, node("string", self.cursor.take().text))
        return value

    def _postfix(self) -> Node:
        value = self.primary()
        cursor = self.cursor
        while True:
            if cursor.skip("::"):
                value = node("cast", "::", value, self.type())
            elif cursor.word() == "[":
                value = self._item(value)
            elif cursor.word() == "." and value.kind in ("paren", "item", "slice", "field") and cursor.word(2) != "(":
                cursor.take()
                value = node("field", value, cursor.label())
            elif cursor.word() in (".", "(", "{"):
                raise UnreadableError(cursor.word())
            else:
                return value

    def _item(self, value: Node) -> Node:
        """value[index], or value[first:last] with either left out."""
        cursor = self.cursor
        cursor.expect("[")
        first = node("open") if cursor.word() == ":" else self.expression()
        if cursor.skip("]"):
            return node("item", value, first)
        cursor.expect(":")
        last = node("open") if cursor.word() == "]" else self.expression()
        cursor.expect("]")
        return node("slice", value, first, last)
