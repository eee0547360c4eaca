"""What BigQuery's SQL does not allow, though the parser used here, or DuckDB behind it, would let it pass."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from tests.support.bigquery_functions import BEFORE_PARENTHESIS, NAMES
from tests.support.bigquery_refusal import Refused

_NO_TYPES = frozenset(
    ["BLOB", "DOUBLE", "FLOAT4", "FLOAT8", "HUGEINT", "REAL", "TEXT", "TIMESTAMPTZ", "UBIGINT", "UUID", "VARCHAR"]
)
_QUOTED = (TokenType.STRING, TokenType.IDENTIFIER, TokenType.RAW_STRING, TokenType.BYTE_STRING)
_BEFORE_NAMES = frozenset(["AS", "FROM", "INTO", "JOIN", "TABLE", "UPDATE", "USING", "VIEW"])
_EQUALITY = (
    "{} OUTER JOIN cannot be used without a condition that is an equality of fields from both sides of the join."
)


def statements(text: str) -> list[exp.Expr]:
    """The statements of a text, once nothing about them is known to be refused."""
    try:
        tokens = sqlglot.tokenize(text, read="bigquery")
        trees = [tree for tree in sqlglot.parse(text, read="bigquery") if tree is not None]
    except SqlglotError as err:
        raise Refused(f"Syntax error: {str(err).splitlines()[0]}") from err
    for problem in (*_in_tokens(tokens), *(problem for tree in trees for problem in _in_tree(tree))):
        raise Refused(problem)
    if not trees:
        raise Refused("Syntax error: Unexpected end of statement")
    return trees


def _in_tokens(tokens: list[Token]) -> Iterator[str]:
    for index, token in enumerate(tokens):
        word = "" if token.token_type in _QUOTED else token.text.upper()
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        before = tokens[index - 1] if index else None
        follows = "" if after is None else after.text.upper()
        if word in ("UNION", "EXCEPT", "INTERSECT") and after is not None and follows not in ("ALL", "DISTINCT", "("):
            yield f"Syntax error: Expected keyword ALL or keyword DISTINCT but got {after.text} after {word}"
        if word == "INTERSECT" and follows == "ALL":
            yield "Syntax error: INTERSECT ALL is not supported"
        if token.token_type is TokenType.STRING and before is not None and before.text.upper() in _BEFORE_NAMES:
            yield f'Syntax error: Unexpected string literal "{token.text}"'
        if token.token_type is TokenType.DCOLON:
            yield 'Syntax error: Unexpected ":"'
        if word in ("ILIKE", "EXCLUDE", "POSITIONAL", "ASOF", "NATURAL"):
            yield f"Syntax error: Unexpected keyword {word}"
        if word in _NO_TYPES and before is not None and _type_follows(before) and follows in (",", ")", "(", ">", ""):
            yield f"Type not found: {token.text}"
        if follows == "(" and _calls(token, before) and word not in NAMES:
            yield f"Function not found: {token.text}"


def _type_follows(before: Token) -> bool:
    return before.text.upper() == "AS" or before.token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def _calls(token: Token, before: Token | None) -> bool:
    """Whether a word before a parenthesis is a function's name, as far as the words around it tell."""
    if token.token_type in _QUOTED or not token.text.replace("_", "a").isalnum() or token.text[0].isdigit():
        return False
    if token.text.upper() in BEFORE_PARENTHESIS:
        return False
    return before is None or before.text.upper() not in ("INTO", "TABLE", ".", "AS", "VIEW", "WITH", "EXISTS")


def _in_tree(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.CTE) and node.args.get("materialized") is not None:
            yield "Syntax error: Expected '(' but got keyword MATERIALIZED"
        if isinstance(node, exp.Join) and node.side and not node.args.get("using") and not _equates(node):
            yield _EQUALITY.format(node.side.upper())
        if isinstance(node, exp.Filter):
            yield "Syntax error: Unexpected FILTER"
        if isinstance(node, exp.Values) and not isinstance(node.parent, exp.Insert):
            yield "Syntax error: Unexpected keyword VALUES"
        if isinstance(node, exp.Distinct) and node.args.get("on") is not None:
            yield "Syntax error: Unexpected keyword ON after DISTINCT"
        if isinstance(node, exp.Lambda):
            yield 'Syntax error: Unexpected "->"'
        if isinstance(node, exp.Array) and any(isinstance(item, exp.Array) for item in node.expressions):
            yield "Cannot construct array with element type ARRAY<INT64> because nested arrays are not supported"
        if isinstance(node, exp.TableSample) and not isinstance(node.parent, exp.Table):
            yield "TABLESAMPLE SYSTEM can only be applied directly to tables"
        if isinstance(node, exp.TableSample) and "SYSTEM" not in node.sql("bigquery").upper():
            yield "Syntax error: Expected keyword SYSTEM after TABLESAMPLE"
        if isinstance(node, (exp.Update, exp.Delete)) and not node.args.get("where") and _stands_alone(node):
            yield f"{node.key.upper()} must have a WHERE clause"
        if isinstance(node, exp.Limit) and not isinstance(node.expression, exp.Literal):
            yield "Syntax error: LIMIT expects an integer literal"


def _stands_alone(node: exp.Expr) -> bool:
    return node.find_ancestor(exp.Merge) is None


def _equates(join: exp.Join) -> bool:
    """Whether a condition has, among what it joins by AND, an equality of something with something else."""
    condition = join.args.get("on")
    if condition is None:
        return False
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any(_equality(part.unnest()) for part in parts)


def _equality(part: exp.Expr) -> bool:
    if not isinstance(part, exp.EQ):
        return False
    left = {column.table for column in part.left.find_all(exp.Column)}
    right = {column.table for column in part.right.find_all(exp.Column)}
    return bool(left) and bool(right) and (left.isdisjoint(right) or "" in left | right)
