"""Reading the names of types, as they stand in a cast."""

from __future__ import annotations

from rocky_action.sql.equality.node import Node, node
from rocky_action.sql.equality.words import OPERATORS, RESERVED, Cursor, UnreadableError

_TWO_WORDS = {"DOUBLE": ("PRECISION",), "CHARACTER": ("VARYING",)}


class Types:
    """Reads types at a cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def type(self) -> Node:
        """A type, with the brackets of a list of it."""
        found = self._element()
        while self.cursor.skip("[", "]"):
            found = node("list type", found)
        if self.cursor.word() in ("[", ".", "ARRAY"):
            raise UnreadableError("a type")
        return found

    def _element(self) -> Node:
        if self.cursor.word() in ("STRUCT", "MAP"):
            return self._nested()
        return self._plain()

    def _nested(self) -> Node:
        """STRUCT(name type, ...) or MAP(type, type)."""
        cursor = self.cursor
        word = cursor.take().text
        cursor.expect("(")
        parts: list[Node | str] = []
        while not parts or cursor.skip(","):
            if word == "STRUCT":
                parts.append(cursor.name())
            parts.append(self.type())
        cursor.expect(")")
        return node("nested type", word, *parts)

    def _plain(self) -> Node:
        """The name of a type, with numbers in parentheses behind it."""
        cursor = self.cursor
        piece = cursor.take()
        if piece.kind != "word" or piece.text in RESERVED or piece.text in OPERATORS:
            raise UnreadableError("a type")
        start = cursor.at - 1
        if cursor.word() in _TWO_WORDS.get(piece.text, ()):
            cursor.take()
        if piece.text in ("TIMESTAMP", "TIME") and not cursor.skip("WITH", "TIME", "ZONE"):
            cursor.skip("WITHOUT", "TIME", "ZONE")
        words = cursor.pieces[start : cursor.at]
        numbers: list[Node] = []
        if cursor.skip("("):
            while not numbers or cursor.skip(","):
                number = cursor.take()
                if number.kind != "number":
                    raise UnreadableError("a type")
                numbers.append(node("number", number.text))
            cursor.expect(")")
        name, raw = (" ".join(texts) for texts in zip(*((word.text, word.raw) for word in words), strict=True))
        return node("type", name, raw, *numbers)
