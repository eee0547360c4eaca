"""Text to tokens. What Rocky's lexer drops without a word is an error here: it may have meant something."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from rocky_action.rocky_dsl.words import KEYWORDS, Place, refusal

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n\f]+ | --[^\n]*)
  | (?P<string>"[^"]*" | '[^']*')
  | (?P<date>@[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2})?Z?)
  | (?P<number>[0-9][0-9_]*(?:\.[0-9][0-9_]*)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<symbol>\.\.|==|!=|>=|<=|=>|[{}()\[\]:,.*+\-/%<>=|])
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"@?[A-Za-z0-9_]+")
_HINTS = {
    ";": "a step ends where the next one begins, so leave it out",
    "#": "a comment begins with --",
    "!": "write `!=` for a comparison and `not` for a negation",
    "&": "write `and`",
    "`": "names cannot be quoted",
    "$": "names are letters, digits and _",
}

Kind = Literal["string", "date", "number", "name", "keyword", "symbol", "end"]
_KINDS: dict[str, Kind] = {"string": "string", "date": "date", "number": "number"}


class Token(NamedTuple):
    """One word of the text, as written."""

    kind: Kind
    text: str
    at: Place


def tokenize(text: str, first_line: int = 1) -> list[Token]:
    """All tokens, the last one of kind ``end``. Raises RockyError for a character that belongs to none."""
    tokens: list[Token] = []
    line, line_start, position = first_line, 0, 0
    last: Token | None = None
    while position < len(text):
        match = _TOKEN.match(text, position)
        at = Place(line, position - line_start + 1)
        if match is None:
            raise refusal(at, _unknown(text, position))
        kind, word = match.lastgroup, match[0]
        if kind != "blank":
            last = Token(_kind(kind, word), word, at)
            tokens.append(last)
            if last.kind in ("number", "date"):
                _refuse_glued(text, match.end(), number=last)
        breaks = word.count("\n")
        if breaks:
            line += breaks
            line_start = position + word.rindex("\n") + 1
        position = match.end()
    tokens.append(Token("end", "", Place(line, position - line_start + 1)))
    return tokens


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in layout and comments only. Raises RockyError."""
    return [token[:2] for token in tokenize(one)] == [token[:2] for token in tokenize(other)]


def _kind(group: str | None, word: str) -> Kind:
    if group == "name":
        return "symbol" if word == "_" else "keyword" if word in KEYWORDS else "name"
    return _KINDS.get(group or "", "symbol")


def _refuse_glued(text: str, end: int, *, number: Token) -> None:
    """Commas are optional in places, so ``f(1e5)`` would pass for ``f(1, e5)``."""
    glued = _WORD.match(text, end)
    if glued is not None:
        what = "a number has digits, _ and one point" if number.kind == "number" else "a date is @2026-03-01 or "
        what += "" if number.kind == "number" else "@2026-03-01T08:30:00Z"
        raise refusal(number.at, f"`{number.text}{glued[0][:20]}` is neither a number nor a name; {what}")


def _unknown(text: str, position: int) -> str:
    char = text[position]
    if char in "\"'":
        return f"the text that begins with {char} here has no end; a quote cannot be escaped, so use the other kind"
    if char == "@":
        word = _WORD.match(text, position)
        name = word[0] if word is not None else "@"
        if name in ("@start_date", "@end_date"):
            return f'{name} has to stand in quotes: "{name}"'
        return f"`{name}` is not a date; a date is @2026-03-01 or @2026-03-01T08:30:00Z"
    shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
    hint = _HINTS.get(char)
    return f"the character {shown} means nothing here" + (f"; {hint}" if hint else "")
