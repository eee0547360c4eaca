"""Queries that the parser here cannot read and the warehouse may: they can be run only as they were written."""

from __future__ import annotations

import itertools
from functools import cache

from sqlglot import Dialect, exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.domain.permits import Permits
from rocky_action.domain.project import FullRefresh, Model, View
from rocky_action.errors import SqlError
from rocky_action.sql.builtins import builtins_of, nodes
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
_WORDS = """
    all and any array as asof between by case cast columns connect cross cube distinct else end except exclude excluded
    exists extract filter following from full group groups having if ignore ilike in inner intersect interval is join
    lateral left like limit map materialized natural not nulls offset on or order outer over partition per pivot
    preceding qualify range recursive rename replace respect right rollup row rows sample select semi sets similar some
    struct tablesample then to try_cast union unnest unpivot using values when where window with within xor
"""
_BEFORE_PARENTHESIS = frozenset(_WORDS.split())
"""Words of SQL that stand before a parenthesis and call nothing."""
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
    for index, (token, after) in enumerate(itertools.pairwise(tokens)):
        name = _name_before_parenthesis(tokens, index, after=after)
        known = name in _computing(dialect) and builtins_of(dialect).refusal(name) is None if name else True
        found = None if known or name is None else call_refusal(name, permits, dialect=dialect)
        if found is not None:
            what, advice = found
            return Refusal(what, token.line, advice)
    return None


def _problem(token: Token, *, before: Token | None, after: Token | None, dialect: str) -> str | None:
    """Why a token may not be there, None if it may."""
    from_where = before is not None and before.token_type in (TokenType.FROM, TokenType.JOIN, TokenType.TABLE)
    if token.token_type in _TEXTS and from_where:
        return f"{token.text!r} is no table, and a model reads tables only"
    name = f".{token.text}" if before is not None and before.token_type is TokenType.DOT else token.text
    is_text = token.token_type in _TEXTS
    if dialect == "duckdb" and is_like_file(name, anything=token.token_type is TokenType.IDENTIFIER):
        return f"{token.text!r} looks like a file, and a model reads tables only"
    if dialect == "duckdb" and not is_text and token.text.lower() in SETTINGS:
        return f"{token.text} tells how this machine, or the database, is set up"
    if token.token_type is TokenType.UNKNOWN:  # a backtick, which quotes a name for DuckDB and not here
        return f"what stands behind {token.text} may be read in another way by the warehouse"
    of_format = after is not None and after.token_type is TokenType.DOT and token.text.lower() in FORMATS
    if dialect == "databricks" and of_format and from_where and not is_text:
        return f"{token.text} before a point makes Databricks read files, and a model reads tables only"
    if token.token_type is TokenType.PARAMETER and dialect == "snowflake" and from_where:
        return "@ reads the files of a stage, and a model reads tables only"
    return None


def _name_before_parenthesis(tokens: tuple[Token, ...], index: int, *, after: Token) -> str | None:
    """The name that a token ends, with all its parts, where it stands before a parenthesis; None elsewhere."""
    token = tokens[index]
    if after.token_type is not TokenType.L_PAREN or token.token_type in _TEXTS or not token.text:
        return None
    quoted = token.token_type is TokenType.IDENTIFIER
    if not quoted and not (token.text[0].isalpha() or token.text[0] == "_"):
        return None
    parts = [token.text.lower()]
    while index >= 2 and tokens[index - 1].token_type is TokenType.DOT:
        index -= 2
        parts.insert(0, tokens[index].text.lower())
    if len(parts) == 1 and not quoted and parts[0] in _BEFORE_PARENTHESIS:
        return None
    return ".".join(parts)


@cache
def _computing(dialect: str) -> frozenset[str]:
    """Names, in lower case, of sqlglot's functions that only compute, and of types."""
    of_classes = {name.lower() for kind in exp.ALL_FUNCTIONS for name in kind.sql_names()}
    refused = {
        name.lower()
        for kind in exp.ALL_FUNCTIONS
        if kind.__name__ not in nodes().functions
        for name in kind.sql_names()
    }
    parser = Dialect.get_or_raise(dialect).parser_class
    own = {name.lower() for name in (*parser.FUNCTIONS, *parser.FUNCTION_PARSERS)}
    types = {kind.name.lower() for kind in parser.TYPE_TOKENS}
    return frozenset((of_classes | own | types) - refused)
