"""What a text calls, by its tokens: every name before a parenthesis, whatever somebody makes of it as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlglot import Dialect, exp
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.sql.builtins import builtins_of, nodes

_WORDS = """
    all and any array as asof between by case cast columns connect cross cube distinct else end except exclude excluded
    exists extract filter following from full group groups having if ignore ilike in inner intersect interval is join
    lateral left like limit map materialized natural not nulls offset on or order outer over partition per pivot
    preceding qualify range recursive rename replace respect right rollup row rows sample select semi sets similar some
    struct tablesample then to try_cast union unnest unpivot using values when where window with within xor
"""
_BEFORE_PARENTHESIS = frozenset({*_WORDS.split(), "grouping sets"})
"""Words of SQL that stand before a parenthesis and call nothing."""
_CLAUSES = frozenset(
    ["at", "before", "bernoulli", "block", "changes", "key", "match_condition", "match_recognize", "pattern"]
).union(["repeatable", "reservoir", "seed", "system"])
"""Words of which that is true where no expression can begin: a function could be called so as well."""
_AFTER = frozenset({TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.TABLE_SAMPLE, TokenType.USING, TokenType.VAR})
_AFTER_WORDS = frozenset({"row", "rows", "sample"})
_TEXTS = frozenset({TokenType.STRING, TokenType.HEREDOC_STRING})


def strange_calls(tokens: tuple[Token, ...], dialect: str) -> Iterator[tuple[Token, str]]:
    """What stands before a parenthesis and is not known to compute: the last token of its name, and the whole name."""
    for index, token in enumerate(tokens[:-1]):
        name = _name_before_parenthesis(tokens, index, dialect=dialect)
        if name is not None and (name not in _computing(dialect) or builtins_of(dialect).refusal(name) is not None):
            yield token, name


def _name_before_parenthesis(tokens: tuple[Token, ...], index: int, *, dialect: str) -> str | None:
    """The name that a token ends, with all its parts, where it stands before a parenthesis; None elsewhere."""
    token = tokens[index]
    if tokens[index + 1].token_type is not TokenType.L_PAREN or token.token_type in _TEXTS or not token.text:
        return None
    quoted = token.token_type is TokenType.IDENTIFIER
    if not quoted and not (token.text[0].isalpha() or token.text[0] == "_"):
        return None
    parts = [token.text.lower()]
    while index >= 2 and tokens[index - 1].token_type is TokenType.DOT:
        index -= 2
        parts.insert(0, tokens[index].text.lower())
    if len(parts) == 1 and not quoted and _calls_nothing(token, tokens[index - 1] if index else None, dialect=dialect):
        return None
    return ".".join(parts)


def _calls_nothing(token: Token, before: Token | None, *, dialect: str) -> bool:
    """Whether a word, not quoted, is one of SQL's own or a type."""
    word = token.text.lower()
    if word in _CLAUSES and before is not None:
        return before.token_type in _AFTER or before.text.lower() in _AFTER_WORDS
    return word in _BEFORE_PARENTHESIS or token.token_type in Dialect.get_or_raise(dialect).parser_class.TYPE_TOKENS


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
