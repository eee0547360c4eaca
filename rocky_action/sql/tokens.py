"""SQL as its tokens: the text without comments and layout, exactly as its author spelled everything else."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.errors import SqlError
from rocky_action.sql.grammar import parser

_ADVICE = "A model is a single SELECT, with or without CTEs and set operations."
_SLIPS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What sqlglot's parser trips over when a text breaks off where it did not expect it."""
_MOST_WORK, _MOST_DOUBLINGS, _FEW = 500_000, 40, 12
"""Tokens that may be read again and again before it takes more than a second."""
_VISIBLE = re.compile(r"[\t\n\r -~]*")
"""Text without a single character that could be mistaken for another: most texts, and much quicker to tell."""
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER, TokenType.HEREDOC_STRING, TokenType.RAW_STRING})


def tokenize(sql: str, dialect: str) -> tuple[Token, ...]:
    """The tokens of a text, semicolons included. Raises SqlError for text that warehouses could read in another way."""
    try:
        tokens = tuple(Dialect.get_or_raise(dialect).tokenize(sql))
    except TokenError as err:
        raise SqlError(f"the text ends inside a string, a comment or a quoted name ({err})", advice=_ADVICE) from err
    if not _VISIBLE.fullmatch(sql):
        for token in tokens:
            _refuse_invisible(token)
    if dialect == "snowflake":
        _refuse_chain(tokens)
    _refuse_unbalanced(tokens)
    _refuse_endless(tokens, dialect)
    return tokens


def parse(sql: str, tokens: Sequence[Token], *, dialect: str) -> list[exp.Expr]:
    """The trees of all statements of a text. Raises SqlError with line and column."""
    try:
        trees = parser(dialect).parse(list(tokens), sql)
    except ParseError as err:
        raise SqlError(_pointed(err), advice=_ADVICE) from err
    except RecursionError as err:
        raise SqlError("the query is nested too deeply to be read", advice="Split it into CTEs or models.") from err
    except _SLIPS as err:
        raise SqlError("the query cannot be read, nor can it be said where", advice=_ADVICE) from err
    return [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]


def spelled(sql: str, tokens: Sequence[Token], *, changes: Mapping[int, str] | None = None) -> str:
    """The text of tokens without what stood between them; ``changes`` replaces some of them, by their index.

    The warehouse is sent this text, and not one that is generated from the tree: a generated one means the same, but
    columns without an alias are called after their expression's spelling, and a few literals change their type.
    """
    changes = changes or {}
    parts: list[str] = []
    end = 0
    for index, token in enumerate(tokens):
        text = changes.get(index, sql[token.start : token.end + 1])
        between = sql[end : token.start]
        # Two strings on two lines are one string, so a line stays a line.
        gap = "\n" if "\n" in between else " " if between or index in changes or index - 1 in changes else ""
        parts.append(f"{gap}{text}" if parts else text)
        end = token.end + 1
    return "".join(parts)


def _refuse_chain(tokens: Iterable[Token]) -> None:
    """``->>`` begins another statement in Snowflake, of any kind; sqlglot takes it for DuckDB's way into JSON."""
    for token in tokens:
        if token.token_type is TokenType.DARROW:
            where = f"line {token.line}, column {token.col}"
            raise SqlError(f"{where}: ->> begins a second statement in Snowflake", advice=_ADVICE)


def _refuse_unbalanced(tokens: Iterable[Token]) -> None:
    """A parenthesis that is never closed, which sqlglot forgives in places."""
    opened: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            opened.append(token)
        elif token.token_type is TokenType.R_PAREN:
            if not opened:
                where = f"line {token.line}, column {token.col}"
                raise SqlError(f"{where}: this closes a parenthesis that is not open", advice=_ADVICE)
            opened.pop()
    if opened:
        where = f"line {opened[-1].line}, column {opened[-1].col}"
        raise SqlError(f"{where}: this parenthesis is never closed", advice=_ADVICE)


def _refuse_endless(tokens: Sequence[Token], dialect: str) -> None:
    """``date(date(date(a)))``: sqlglot reads what stands in each of these twice, as a type's arguments and as a call's.

    So the work doubles with every such parenthesis, and thirty of them would take hours.
    """
    types = Dialect.get_or_raise(dialect).parser_class.TYPE_TOKENS
    pairs = itertools.pairwise(token.token_type for token in tokens)
    if sum(two is TokenType.L_PAREN and one in types for one, two in pairs) < _FEW:
        return
    opened: list[bool] = []
    work, doublings = 0, 0
    last: TokenType | None = None
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            opened.append(last in types)
            doublings += opened[-1]
        elif token.token_type is TokenType.R_PAREN:
            doublings -= opened.pop()
        work += 2 ** min(doublings, _MOST_DOUBLINGS)
        last = token.token_type
    if work > _MOST_WORK + 16 * len(tokens):
        raise SqlError("functions called like types are nested too deeply to be read", advice="Split it into CTEs.")


def _refuse_invisible(token: Token) -> None:
    """DuckDB takes a zero-width space for a space, the parser here for a letter: neither side may be fooled."""
    if token.token_type in _QUOTED:
        return
    odd = next((char for char in token.text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Zs")), None)
    if odd is not None and token.token_type is TokenType.VAR:
        raise SqlError(
            f"line {token.line}, column {token.col}: an invisible character (U+{ord(odd):04X}) inside a word",
            advice="Remove it; it was probably pasted along with the text.",
        )


def _pointed(err: ParseError) -> str:
    detail = err.errors[0] if err.errors else {}
    place = f"line {detail.get('line')}, column {detail.get('col')}: " if detail.get("line") else ""
    wrong = str(detail.get("highlight") or "")
    what = str(detail.get("description") or err).split(" but got <Token")[0].rstrip(".")
    if wrong:
        excerpt = f"{detail.get('start_context') or ''}{wrong}{detail.get('end_context') or ''}"
        line = next((text for text in excerpt.splitlines() if wrong.splitlines()[0] in text), wrong)
        return f"{place}{what}, at {wrong!r} in: {line.strip()}"
    return f"{place}{what}"
