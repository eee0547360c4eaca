"""Queries that the parser here cannot read and the warehouse may: they can be run only as they were written."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

from rocky_action.domain.project import FullRefresh, Model, View
from rocky_action.errors import SqlError
from rocky_action.sql.guard import does_more
from rocky_action.sql.tokens import spelled, tokenize

_ADVICE = "Write it in a form that can be read, or report the form."
_BEGINNINGS = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "("})
_DOING = frozenset(
    ["ALTER", "ATTACH", "CALL", "CHECKPOINT", "COPY", "CREATE", "DELETE", "DETACH", "DROP", "EXECUTE", "EXPORT"]
).union(
    ["IMPORT", "INSERT", "INSTALL", "INTO", "LOAD", "MERGE", "PRAGMA", "SET", "TRUNCATE", "UPDATE", "USE", "VACUUM"]
)
"""Words that can make a text do more than read. A column of such a name can be put in quotes."""
_HIDING = frozenset({"IDENTIFIER", "NEXTVAL"})
"""Functions that do, or may, beside those that ``guard`` knows; quotes make no difference to them."""
_TEXTS = frozenset({TokenType.STRING, TokenType.HEREDOC_STRING})


def verbatim(model: Model, dialect: str) -> str:
    """A model's text as it can be put behind ``CREATE TABLE ... AS``, once the warehouse has said it is one query.

    Raises SqlError where that is not certain to read only, or where more than the text would have to be run.
    """
    if model.language != "sql" or model.surrogate_keys or not isinstance(model.strategy, (FullRefresh, View)):
        raise SqlError("what is run for such a model is made from its query", advice=_ADVICE)
    tokens = tokenize(model.sql, dialect)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    words = [";" if token.token_type is TokenType.SEMICOLON else token.text.upper() for token in tokens]
    if not words or words[0] not in _BEGINNINGS:
        raise SqlError("it does not begin like a query", advice=_ADVICE)
    for token, word in zip(tokens, words, strict=True):
        doing = word in _DOING and token.token_type is not TokenType.IDENTIFIER
        hiding = word in _HIDING or does_more(word) is not None
        if token.token_type not in _TEXTS and (word == ";" or doing or hiding):
            where = f"line {token.line}, column {token.col}"
            raise SqlError(f"{where}: {token.text} might make it do more than read", advice=_ADVICE)
    return spelled(model.sql, tokens)
