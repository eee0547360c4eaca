"""What a query is read from: its words, names, literals and signs, each certain to be what the warehouse sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot.tokenizer_core import TokenType

from rocky_action.sql.equality.node import word_set
from rocky_action.sql.parse import Query

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_SIGNS = frozenset(("::", "<>", "!=", "<=", ">=", "||", "//", "->", "->>", ":=", *"()[]{},.;:+-*/%<>="))
_TOUCHING = frozenset(("=", "<", ">", "<=", ">=", "<>", "+", "*", "/", "%"))
"""Operators that end where they are seen to end, if a minus follows without a space (not ``!=-``, which is one)."""
_BRACKETS = frozenset("()[]{},.;")

RESERVED = word_set(
    """ALL ANALYSE ANALYZE AND ANY ARRAY AS ASC ASYMMETRIC BOTH CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE
    DEFAULT DEFERRABLE DESC DESCRIBE DISTINCT DO ELSE END EXCEPT FALSE FETCH FOR FOREIGN FROM GROUP HAVING IN
    INITIALLY INTERSECT INTO LAMBDA LATERAL LEADING LIMIT NOT NULL OFFSET ON ONLY OR ORDER PIVOT PIVOT_LONGER
    PIVOT_WIDER PLACING PRIMARY QUALIFY REFERENCES RETURNING SELECT SHOW SOME SUMMARIZE SYMMETRIC TABLE THEN TO
    TRAILING TRUE UNION UNIQUE UNPIVOT USING VARIADIC WHEN WHERE WINDOW WITH"""
)
"""DuckDB's reserved words: none of them can be a name."""
OPERATORS = word_set(
    """ANTI ASOF AT AUTHORIZATION BINARY BY COLLATION COLUMNS CONCURRENTLY CROSS FREEZE FULL GENERATED GLOB ILIKE INNER
    IS ISNULL JOIN LEFT LIKE MAP NATURAL NOTNULL OUTER OVERLAPS POSITIONAL RIGHT SEMI SIMILAR STRUCT TABLESAMPLE
    TRY_CAST TUPLE UNPACK VERBOSE"""
)
"""Words that are operators, joins or functions where a name could stand; here they are never names."""
_AWKWARD = word_set(
    """BETWEEN ESCAPE EXISTS EXCLUDE EXTRACT FILTER GROUPING GROUPING_ID GROUPS IGNORE INTERVAL MATERIALIZED NULLS OVER
    OVERLAY PERCENT POSITION RANGE RECURSIVE RENAME REPLACE RESPECT ROW ROWS SAMPLE SETOF TREAT VALUES WITHIN
    XMLCONCAT XMLELEMENT XMLEXISTS XMLFOREST XMLPARSE XMLPI XMLROOT XMLSERIALIZE XMLTABLE XMLNAMESPACES
    XMLATTRIBUTES CONNECT INOUT OUT NONE NATIONAL PRECISION UNBOUNDED PRECEDING FOLLOWING CURRENT CUBE ROLLUP
    SETS"""
)
"""Words with a grammar of their own, which are names now and then; never here."""


AFTER_AS = word_set(
    """CENTURIES CENTURY DAY DAYS DECADE DECADES EXPORT_STATE HOUR HOURS MICROSECOND MICROSECONDS MILLENNIA MILLENNIUM
    MILLISECOND MILLISECONDS MINUTE MINUTES MONTH MONTHS QUARTER QUARTERS SECOND SECONDS VARYING WEEK WEEKS WITHOUT
    YEAR YEARS"""
)
"""Words that are the alias of a column only behind AS."""
NEVER_CALLED = word_set(
    """BIGINT BIT BOOLEAN CHAR CHARACTER DEC DECIMAL FLOAT INT INTEGER NCHAR NUMERIC REAL SMALLINT TIME TIMESTAMP
    VARCHAR"""
)
"""Words that are no functions, whatever stands behind them."""
_LOOSE = word_set("FILTER GROUPS PERCENT POSITION PRECISION RANGE RENAME REPLACE ROW ROWS SAMPLE VALUES")
"""Awkward words that are names of columns more often than now and then."""
_BEHIND = frozenset(
    ("", ",", ")", "=", "<>", "!=", "<", ">", "<=", ">=", "::", "AND", "AS", "FROM", "IS", "OR", "THEN")
)
"""What can follow such a word only if it is a name."""


_AHEAD = 8
"""How far anybody looks ahead, at most, beyond parentheses."""


class UnreadableError(Exception):
    """This text is outside the grammar that is read with certainty; it says nothing about whether it is right."""


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One word, name, literal or sign: ``text`` in upper case for a word, unquoted for a name, as written for the rest.

    ``raw`` is as written.
    """

    kind: str
    text: str
    raw: str

    @property
    def is_name(self) -> bool:
        """Whether it can be a name of something without any doubt."""
        return self.kind == "quoted" or (self.kind == "word" and _is_plain(self.text))


def _is_plain(word: str) -> bool:
    return word not in RESERVED and word not in OPERATORS and word not in _AWKWARD


def is_alias(word: str) -> bool:
    """Whether a word is the alias of a column with AS and without."""
    return _is_plain(word.upper()) and word.upper() not in AFTER_AS


def lexemes(query: Query) -> tuple[Lexeme, ...]:
    """The query in pieces: comments, space between pieces and the case of keywords and function names say nothing.

    Raises UnreadableError for a piece that warehouses might cut differently, such as two strings side by side.
    """
    return tuple(_cut(query))


def _cut(query: Query) -> Iterator[Lexeme]:
    last: Lexeme | None = None
    end = -1
    for token in query.tokens:
        raw = query.sql[token.start : token.end + 1]
        for piece in _pieces(token.token_type, raw, text=token.text):
            if last is not None and token.start == end and not _apart(last, piece):
                raise UnreadableError(f"{last.raw}{piece.raw}")
            yield piece
            last, end = piece, -1
        end = token.end + 1


def _pieces(kind: TokenType, raw: str, *, text: str) -> list[Lexeme]:
    if kind is TokenType.STRING and raw.startswith("'"):
        return [Lexeme("string", raw, raw)]
    if kind is TokenType.IDENTIFIER and raw.startswith('"') and text:
        return [Lexeme("quoted", text, raw)]
    if kind is TokenType.NUMBER and _NUMBER.match(raw):
        return [Lexeme("number", raw, raw)]
    if raw in _SIGNS:
        return [Lexeme("sign", raw, raw)]
    words = raw.split()  # GROUP BY is one token
    if words and all(_NAME.match(word) for word in words):
        return [Lexeme("word", word.upper(), word) for word in words]
    raise UnreadableError(raw)


def _apart(last: Lexeme, piece: Lexeme) -> bool:
    """Whether two pieces without a space between them are two to everybody."""
    if last.text in _BRACKETS or piece.text in _BRACKETS:
        # A point and digits would be a number.
        return not (last.text == "." and piece.kind == "number") and not (last.kind == "number" and piece.text == ".")
    if last.kind == "sign" and piece.kind == "sign":
        return last.text in _TOUCHING and piece.text == "-"
    return last.kind == "sign" or piece.kind == "sign"


class Cursor:
    """A place in the query that moves on as it is read."""

    def __init__(self, pieces: tuple[Lexeme, ...]) -> None:
        self.pieces = pieces
        self.at = 0
        self._words = [piece.text if piece.kind in ("word", "sign") else "" for piece in pieces] + [""] * _AHEAD
        self._closing: dict[int, int] = {}
        opened: list[int] = []
        for at, word in enumerate(self._words):
            if word == "(":
                opened.append(at)
            elif word == ")" and opened:
                self._closing[opened.pop()] = at

    def word(self, ahead: int = 0) -> str:
        """The word or sign that stands here, empty for anything else."""
        return self._words[self.at + ahead]

    def wrapped(self) -> int:
        """How many parentheses stand around one and the same thing here, one within the other."""
        found = 1
        while self._closing.get(self.at + found) == self._closing.get(self.at + found - 1, 0) - 1:
            found += 1
        return found

    def kind(self, ahead: int = 0) -> str:
        """What sort of piece stands here; empty at the end."""
        where = self.at + ahead
        return self.pieces[where].kind if where < len(self.pieces) else ""

    def take(self) -> Lexeme:
        """The piece that stands here; goes on behind it."""
        if self.at >= len(self.pieces):
            raise UnreadableError("the end")
        self.at += 1
        return self.pieces[self.at - 1]

    def skip(self, *words: str) -> bool:
        """Goes on behind these words, if they all stand here."""
        end = self.at + len(words)
        if self._words[self.at] != words[0] or (len(words) > 1 and self._words[self.at : end] != list(words)):
            return False
        self.at = end
        return True

    def expect(self, *words: str) -> None:
        """Goes on behind these words. Raises UnreadableError if something else stands here."""
        if not self.skip(*words):
            raise UnreadableError(" ".join(words))

    def name(self) -> str:
        """The name that stands here, as written and without its quotes."""
        piece = self.take()
        if not piece.is_name:
            raise UnreadableError(piece.raw)
        return piece.text if piece.kind == "quoted" else piece.raw

    def column(self) -> str:
        """The name of a column that stands here on its own: also a word with a grammar, if that cannot be meant."""
        if self.word() in _LOOSE and (self.word(1) or self.kind(1)) in _BEHIND:
            return self.take().raw
        return self.name()

    def label(self) -> str:
        """The name that stands here where nothing but a name can, as behind AS: any word that is not reserved."""
        piece = self.take()
        if piece.kind == "word" and piece.text not in RESERVED:
            return piece.raw
        self.at -= 1
        return self.name()

    def is_label(self, ahead: int = 0) -> bool:
        """Whether such a name stands here."""
        return self.is_name(ahead) or (self.kind(ahead) == "word" and self.word(ahead) not in RESERVED)

    def is_called(self) -> bool:
        """Whether the call of a function by its name stands here."""
        return self.is_name() and self.word(1) == "(" and self.word() not in NEVER_CALLED

    def is_name(self, ahead: int = 0) -> bool:
        """Whether a name stands here without any doubt."""
        where = self.at + ahead
        return where < len(self.pieces) and self.pieces[where].is_name
