"""Queries that the parser here cannot read and the warehouse may: they can be run only as they were written."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.permits import Permits
from rocky_action.domain.project import FullRefresh, Model, View
from rocky_action.errors import SqlError
from rocky_action.sql.calls import strange_calls
from rocky_action.sql.guard import does_more
from rocky_action.sql.permitted import FORMATS, SETTINGS, SUBSTITUTED, Refusal, call_refusal, is_like_file, substituted
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
_TEXTS = frozenset({TokenType.HEREDOC_STRING, TokenType.RAW_STRING, TokenType.STRING})
_SOURCES = frozenset({TokenType.FROM, TokenType.JOIN, TokenType.TABLE})
"""Behind these stands a table; behind a comma it may."""
_SIGNS = "/\\:#"
"""What paths and addresses have, and names of tables on Databricks have not."""


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


def refusal_of_text(sql: str, permits: Permits, *, dialect: str) -> Refusal | None:
    """What in a text that nobody here can read may not be run, by its tokens: more is refused than has to be.

    Every word before a parenthesis must be known, nothing may look like a file, and no text may stand for a table.
    """
    if permits.strict_sources:
        return Refusal("what it reads cannot be told, and `strict_sources` is on")
    tokens = tokenize(sql, dialect)
    if dialect == "databricks" and SUBSTITUTED in spelled(sql, tokens):
        return substituted(sql)
    for before, token, after in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
        problem = _problem(token, before=before, after=after, dialect=dialect)
        if problem is not None:
            return Refusal(problem, token.line)
    for token, name in strange_calls(tokens, dialect):
        found = call_refusal(name, permits, dialect=dialect)
        if found is not None:
            what, advice = found
            return Refusal(what, token.line, advice)
    return None


def _problem(token: Token, *, before: Token | None, after: Token | None, dialect: str) -> str | None:
    """Why a token may not be there, None if it may."""
    kind = None if before is None else before.token_type
    name, is_text = token.text, token.token_type in _TEXTS
    if is_text and kind in _SOURCES:
        return f"{name!r} is no table, and a model reads tables only"
    if token.token_type is TokenType.UNKNOWN:  # a backtick, which quotes a name for DuckDB and not here
        return f"what stands behind {name} may be read in another way by the warehouse"
    if dialect == "duckdb":
        part = f".{name}" if kind is TokenType.DOT else name
        if is_like_file(part, anything=token.token_type is TokenType.IDENTIFIER):
            return f"{name!r} looks like a file, and a model reads tables only"
        if not is_text and name.lower() in SETTINGS:
            return f"{name} tells how this machine, or the database, is set up"
    if dialect == "databricks" and (found := _outside_spark(token, kind=kind, after=after)) is not None:
        return found
    in_list = kind in _SOURCES or kind is TokenType.COMMA
    if dialect == "snowflake" and name.startswith("@") and (not is_text or in_list):
        return "@ reads the files of a stage, and a model reads tables only"
    return None


def _outside_spark(token: Token, *, kind: TokenType | None, after: Token | None) -> str | None:
    """What of Spark's reads files, or runs a program; ``kind`` is that of the token before."""
    before_point = after is not None and after.token_type is TokenType.DOT
    if token.token_type in _TEXTS:
        return "USING before a text runs a program, and a model only reads" if kind is TokenType.USING else None
    if before_point and token.text.lower() in FORMATS and (kind in _SOURCES or kind is TokenType.COMMA):
        return f"{token.text} before a point makes Databricks read files, and a model reads tables only"
    quoted = token.token_type is TokenType.IDENTIFIER
    if quoted and (any(sign in token.text for sign in _SIGNS) or (before_point and "." in token.text)):
        return f"{token.text!r} looks like a file, and a model reads tables only"
    return None
