"""What a seed's SQL may be: statements that fill the new database it is for, and leave everything else alone.

Seeds come with the pull request too. They make a database that is not there yet, so they may write in it as they
like; other databases, files, extensions and settings are none of their business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.sql.tokens import tokenize

_FILLING = frozenset(
    ["ALTER", "ANALYZE", "BEGIN", "COMMENT", "COMMIT", "CREATE", "DELETE", "DROP", "FROM", "INSERT", "MERGE", "SELECT"]
).union(["TRUNCATE", "UPDATE", "USE", "VALUES", "WITH", "("])
"""How statements begin that fill a database, and nothing else."""
_NAMED = frozenset({TokenType.IDENTIFIER, TokenType.STRING})
_HOW = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "PERSISTENT"})
"""Words between CREATE and what is made."""


def refused_in_seed(sql: str) -> tuple[int, str] | None:
    """The line of the first statement that a seed may not have, and how it begins; None if there is none.

    Raises SqlError for text that ends inside a string or the like.
    """
    for statement in _statements(tokenize(sql, "duckdb")):
        words = [token.text.upper() for token in statement]
        if words[0] == "COPY" and _copies_in(statement):
            continue
        made = next((word for word in words[1:] if word not in _HOW), "") if words[0] == "CREATE" else ""
        if words[0] not in _FILLING or made == "SECRET":
            return statement[0].line, f"{words[0]} {made}".strip()
        if (copying := _copy_within(statement)) is not None:
            return copying.line, "COPY inside of another statement"
    return None


def _statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            statement.append(token)
        elif statement:
            yield statement
            statement = []
    if statement:
        yield statement


def _copy_within(statement: Sequence[Token]) -> Token | None:
    """A COPY in parentheses, as DuckDB takes it for a CTE; a column of that name is one as well without TO and FROM."""
    for index, token in enumerate(statement[1:], start=1):
        opens = statement[index - 1].token_type is TokenType.L_PAREN
        if opens and token.text.upper() == "COPY" and token.token_type not in _NAMED:
            inner = _outside(statement[index:])
            if inner & {"TO", "FROM"}:
                return token
    return None


def _copies_in(statement: Sequence[Token]) -> bool:
    """Whether a COPY reads a file: FROM stands outside of all parentheses, and TO does not."""
    outside = _outside(statement)
    return "FROM" in outside and "TO" not in outside and "DATABASE" not in outside


def _outside(tokens: Sequence[Token]) -> set[str]:
    """Words outside of all parentheses, in upper case, up to one that closes what stands before."""
    depth, outside = 0, set()
    for token in tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth < 0:
            break
        if depth == 0 and token.token_type not in _NAMED:
            outside.add(token.text.upper())
    return outside
