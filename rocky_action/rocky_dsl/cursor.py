"""A reading position in the tokens, and what to say when something else was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rocky_action.errors import RockyError, did_you_mean
from rocky_action.rocky_dsl.lexer import Token
from rocky_action.rocky_dsl.words import KEYWORDS, refusal

_DEPTH = 160
"""Rocky stops at 256, of which every parenthesis takes several."""


class Cursor:
    """Moves over tokens from left to right and never back."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self._tokens[self._index]

    @property
    def following(self) -> Token:
        """The one after it."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Reads one token; the end stays."""
        token = self.token
        if token.kind != "end":
            self._index += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these symbols or keywords is next."""
        return self.token.kind in ("symbol", "keyword") and self.token.text in texts

    def skip(self, *texts: str) -> bool:
        """Reads a symbol or keyword if it is next."""
        found = self.at(*texts)
        if found:
            self.advance()
        return found

    def expect(self, text: str, where: str) -> Token:
        """Reads this symbol or keyword; anything else is an error."""
        if not self.at(text):
            raise self.unexpected(f"`{text}` {where}", (text,))
        return self.advance()

    def name(self, what: str) -> Token:
        """Reads a name; a keyword cannot be one."""
        if self.token.kind == "keyword":
            word = self.token.text
            raise refusal(self.token.at, f"expected {what}, found `{word}`, which is a keyword and cannot be a name")
        if self.token.kind != "name":
            raise self.unexpected(what)
        return self.advance()

    def whole_number(self, what: str) -> int:
        """Reads digits; 64 bits are enough."""
        digits = self.token.text.replace("_", "").lstrip("0") or "0"
        if self.token.kind != "number" or not digits.isdecimal() or len(digits) > 20 or int(digits) >= 2**64:
            raise self.unexpected(what)
        self.advance()
        return int(digits)

    def items(self, read: Callable[[], None], *, of: str) -> None:
        """``{ ... }`` with commas that may be left out."""
        opened = self.expect("{", f"before the {of}")
        while not self.skip("}"):
            if self.token.kind == "end":
                raise refusal(self.token.at, f"expected `}}`: the brace of line {opened.at.line} is never closed")
            read()
            self.skip(",")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting more, which has an end."""
        if self._depth >= _DEPTH:
            raise refusal(
                self.token.at, "this is nested too deeply", way_out="Name parts of it with derive, or use a let."
            )
        self._depth += 1
        yield
        self._depth -= 1

    def unexpected(self, expected: str, near: Iterable[str] = (), *, hint: str = "") -> RockyError:
        """The error for what is next instead of what should be; ``near`` are words that it may be a slip of."""
        token = self.token
        found = "the end of the file" if token.kind == "end" else f"`{token.text[:40]}`"
        guess = hint or (did_you_mean(token.text, near) if token.kind == "name" else _hint(token, self.following))
        return refusal(token.at, f"expected {expected}, found {found}{guess}")


def _hint(token: Token, following: Token) -> str:
    if token.kind == "keyword" and token.text == "in":
        return "; `in` does not exist: compare with each value, joined by `or`"
    if token.text == "|" and following.text == "|":
        return "; write `or`, or a function such as concat(a, b)"
    if token.text == "/" and following.text == "*":
        return "; a comment begins with --"
    if token.text in KEYWORDS:
        return f"; `{token.text}` is a keyword"
    return ""
