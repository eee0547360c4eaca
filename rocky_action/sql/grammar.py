"""sqlglot's parser, held to keeping all that a query reads: some of it leaves out, or misreads, what it does not know.

``date_trunc(secret('a', 'b'), ts)`` is to Spark a call within a call, and to sqlglot the second argument with a unit.
What is not in the tree is nowhere: not looked at by the guard, not pointed at the preview, not followed by lineage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from sqlglot import Dialect, exp
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from rocky_action.errors import SqlError

_WORDS = """
    century day dayofweek dayofweekiso dayofweek_iso dayofyear day_of_week day_of_year days decade doy dow dow_iso
    epoch epoch_microsecond epoch_microseconds epoch_millisecond epoch_milliseconds epoch_nanosecond epoch_nanoseconds
    epoch_second epoch_seconds hour hours isodow isoweek isoyear julian microsecond microseconds millennium millisecond
    milliseconds minute minutes month months nanosecond nanoseconds nfc nfd nfkc nfkd nsecond quarter quarters second
    seconds timezone timezone_hour timezone_minute week week_iso weekday weekiso weekofyear weeks year years yearofweek
    yearofweekiso yearweek
    monday tuesday wednesday thursday friday saturday sunday
    d dd ddd day_hour dy hh m mi min mins mm mon mons ms ns q qtr s sec secs ss us w wk woy wy y yr yrs yy yyy yyyy
"""
_UNITS = frozenset(_WORDS.split())
"""What stands where a column could stand, and means a unit of time, a day of the week or a way to write letters."""
_READS = (exp.Anonymous, exp.Column, exp.DynamicIdentifier, exp.NextValueFor, exp.Parameter, exp.Placeholder, exp.Query)
"""What has to be in the tree. A constant may be left out, as an edit of one is seen in the text, and a function that
only computes may be another one there: BigQuery's ``TO_HEX(MD5(a))`` is one function elsewhere."""
_ADVICE = "Write it without this argument, or in another form."
_NAMES = frozenset({TokenType.IDENTIFIER, TokenType.VAR})
_BEFORE_TABLE = frozenset(
    {TokenType.COMMA, TokenType.FARROW, TokenType.FROM, TokenType.JOIN, TokenType.L_PAREN, TokenType.UNION}
)


def parser(dialect: str) -> Parser:
    """A parser that raises SqlError for a call of which an argument would be missing in the tree."""
    _hold(dialect)
    return Dialect.get_or_raise(dialect).parser()


def refuse_misread(tree: exp.Expr, tokens: Sequence[Token]) -> None:
    """Raises SqlError for ``TABLE orders`` that is taken for a table called TABLE, and ``TABLE(orders)`` for a call.

    Spark reads the table in both.
    """
    at = [index for index, token in enumerate(tokens[:-2]) if token.token_type is TokenType.TABLE]
    if not at:
        return
    read = {table.parts[0].meta.get("start") for table in tree.find_all(exp.Table)}
    for index in at:
        named = _table_named(tokens, index)
        after = tokens[index - 1].token_type if index else TokenType.L_PAREN
        if named is not None and after in _BEFORE_TABLE and named.start not in read:
            place = f"line {tokens[index].line}, column {tokens[index].col}"
            raise SqlError(f"{place}: TABLE {named.text} is not understood here", advice="Write SELECT * FROM it.")


def _table_named(tokens: Sequence[Token], index: int) -> Token | None:
    """The first part of a table's name right behind TABLE, or in parentheses of its own there; None for all else."""
    name, behind = tokens[index + 1 : index + 3]
    if name.token_type is not TokenType.L_PAREN or behind.token_type not in _NAMES:
        return name if name.token_type in _NAMES else None
    end = index + 3
    while end + 2 < len(tokens) and tokens[end].token_type is TokenType.DOT:
        end += 2
    return behind if end < len(tokens) and tokens[end].token_type is TokenType.R_PAREN else None


@cache
def _hold(dialect: str) -> None:
    """Once for each dialect, in sqlglot's own tables: its parsers are compiled, and nothing can inherit from them."""
    known = Dialect.get_or_raise(dialect).parser_class
    if dialect == "databricks":  # it is read argument by argument there, and the third one lost
        del known.FUNCTION_PARSERS["PERCENTILE"]
        known.FUNCTIONS["PERCENTILE"] = _percentile
    for name, builder in known.FUNCTIONS.items():
        known.FUNCTIONS[name] = _whole(name, builder)


def _percentile(args: Sequence[exp.Expr]) -> exp.Expr:
    """``percentile(DISTINCT a, 0.5)``: the word belongs to the first argument."""
    if args and isinstance(args[0], exp.Distinct):
        first, *others = args[0].expressions
        args = [exp.Distinct(expressions=[first]), *others]
    return exp.Quantile.from_arg_list(args)


def _whole(name: str, builder: Callable[..., exp.Expr]) -> Callable[..., exp.Expr]:
    """The builder of a function, held to what it is given."""

    def build(args: Sequence[object], **dialect: object) -> exp.Expr:
        given = list(args)
        node = builder(args, **dialect)
        for arg in given:
            if isinstance(arg, exp.Expr) and not _is_within(arg, node) and any(_lost(arg, node)):
                raise SqlError(f"an argument of {name.lower()}() is not understood: {arg.sql()}", advice=_ADVICE)
        return node

    return build


def _lost(arg: exp.Expr, node: exp.Expr) -> Iterator[bool]:
    for part in arg.find_all(*_READS):
        is_unit = isinstance(part, exp.Column) and len(part.parts) == 1 and part.name.lower() in _UNITS
        if not is_unit and not _is_within(part, node):
            yield part not in tuple(node.find_all(type(part)))


def _is_within(part: exp.Expr, node: exp.Expr) -> bool:
    """Whether a part is in what a node holds: one that was taken out again still knows its parent."""
    while part is not node:
        above = part.parent
        held = None if above is None else above.args.get(part.arg_key or "")
        if above is None or not (held is part or (isinstance(held, list) and any(one is part for one in held))):
            return False
        part = above
    return True
