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


def _copies_in(statement: Sequence[Token]) -> bool:
    """Whether a COPY reads a file: FROM stands outside of all parentheses, and TO does not."""
    depth, outside = 0, set()
    for token in statement:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is not TokenType.IDENTIFIER:
            outside.add(token.text.upper())
    return "FROM" in outside and "TO" not in outside and "DATABASE" not in outside
