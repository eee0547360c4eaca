"""What a model may be: one query that writes nothing.

Everything this program runs for a model is a statement of its own around such a query, so a pull request cannot bring
a statement of its own into the warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from rocky_action.errors import SqlError
from rocky_action.sql.tokens import parse, spelled, tokenize

_WRITES = (
    exp.Alter,
    exp.Attach,
    exp.Command,
    exp.Commit,
    exp.Copy,
    exp.Create,
    exp.Delete,
    exp.Detach,
    exp.Drop,
    exp.Insert,
    exp.Into,
    exp.Kill,
    exp.Merge,
    exp.Pragma,
    exp.Rollback,
    exp.Set,
    exp.Transaction,
    exp.TruncateTable,
    exp.Update,
    exp.Use,
)
_SPELLED: dict[type[exp.Expr], str] = {
    exp.Into: "SELECT INTO",
    exp.TruncateTable: "TRUNCATE",
    exp.MultitableInserts: "INSERT",
    exp.Pivot: "PIVOT without parentheses",
}
_HIDING = frozenset(
    ["external_query", "java_method", "json_execute_serialized_sql", "mysql_query", "postgres_query", "query"]
).union(["query_table", "reflect", "remote_query", "try_reflect"])
"""Functions that run SQL, or code, given as text."""
_ACTING = frozenset({"http_request", "mysql_execute", "postgres_execute"})
_COUNTING = frozenset({"nextval", "sequence_nextval", "setval"})
"""Functions that move a sequence on. It is production's, so its next run would find gaps."""
_SYSTEM, _HARMLESS = "system$", frozenset({"system$typeof"})
"""How Snowflake's functions begin that cancel sessions, resume tasks and the like, and one that only tells a type."""
_SUSPECT = re.compile(
    "|".join(sorted(_HIDING | _ACTING | _COUNTING)) + r"|system\$|identifier|table|next\s+value"  # plain words, all
)
"""Without one of these in a text, in lower case, there is nothing to look for."""
_MOVES = "{} moves a sequence on, and a preview leaves what production counts with alone"
_CONDITION_ADVICE = "`where` is one condition, as it could stand behind WHERE: amount > 0 AND status = 'paid'."


def not_one_query(statements: Sequence[exp.Expr]) -> str | None:
    """What is wrong with a text's statements, which should be a single reading query; None if they are."""
    if not statements:
        return "a model is one query, and there is none"
    if len(statements) > 1:
        return f"a model is one query, and these are {len(statements)} statements"
    return not_a_query(statements[0])


def not_a_query(tree: exp.Expr) -> str | None:
    """What is wrong with a tree that should be a reading query, None if it is one."""
    if isinstance(tree, exp.Block):
        return "a model is one query, and this is several statements"
    if not isinstance(tree, exp.Query):
        return f"a model is one query, and this is {_called(tree)}"
    writer = tree.find(*_WRITES)
    return f"a model only reads, and this contains {_called(writer)}" if writer is not None else None


def does_more(function: str) -> str | None:
    """What a function may do besides reading what can be seen, by its name; None for most."""
    name = function.lower()
    if name in _HIDING:
        return f"{name}() runs SQL that is hidden in a string, so what it reads cannot be seen"
    if name in _ACTING or (name.startswith(_SYSTEM) and name not in _HARMLESS):
        return f"{name}() may do more than read"
    return _MOVES.format(f"{name}()") if name in _COUNTING else None


def out_of_sight(tree: exp.Expr, text: str, *, dialect: str) -> str | None:
    """What a query may do or read that nobody can see before it runs, None if all of it can be seen."""
    if not _SUSPECT.search(text.lower()):
        return None
    if tree.find(exp.NextValueFor) or (dialect == "snowflake" and _asks_a_sequence(tree)):
        return _MOVES.format("NEXTVAL")
    for node in tree.find_all(exp.Anonymous, exp.DynamicIdentifier, exp.TableFromRows):
        if isinstance(node, exp.Anonymous) and (problem := does_more(node.name)) is not None:
            return problem
        named = isinstance(node, exp.DynamicIdentifier) or node.name.lower() == "identifier"
        if named or (isinstance(node, exp.TableFromRows) and isinstance(node.this, (exp.Literal, exp.Parameter))):
            what = "TABLE('...')" if isinstance(node, exp.TableFromRows) else "IDENTIFIER()"
            return f"{what} takes a name from a string, so what it reads cannot be seen"
    return None


def _asks_a_sequence(tree: exp.Expr) -> bool:
    """Whether there is a ``name.NEXTVAL``, where the name is nothing that the query reads columns from."""
    read = {part.alias_or_name.lower() for part in tree.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Lateral)}
    asked = (column for column in tree.find_all(exp.Column) if column.name.lower() == "nextval" and column.table)
    return any(column.table.lower() not in read for column in asked)


def condition(text: str, dialect: str) -> str:
    """A ``where`` that somebody wrote, as SQL that is one condition wherever it is put in parentheses.

    It comes from the pull request, so it may not close the parentheses it is put in, begin a statement, or write.
    Raises SqlError.
    """
    try:
        tokens = tokenize(text, dialect)  # which refuses `1=1) UNION SELECT ... --`: it closes what it did not open
    except SqlError as err:
        raise SqlError(f"the condition cannot be read: {err.message}", advice=_CONDITION_ADVICE) from err
    if not tokens:
        raise SqlError("the condition is empty", advice=_CONDITION_ADVICE)
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise SqlError("the condition has a semicolon in it", advice=_CONDITION_ADVICE)
    plain = spelled(text, tokens)
    wrapped = f"SELECT 1 WHERE ({plain})"
    try:
        trees = parse(wrapped, tokenize(wrapped, dialect), dialect=dialect)
    except SqlError as err:
        raise SqlError(f"the condition cannot be read: {err.message}", advice=_CONDITION_ADVICE) from err
    problem = "this is more than one condition" if len(trees) != 1 else _not_a_condition(trees[0], dialect)
    if problem is not None:
        raise SqlError(f"the condition cannot be used: {problem}", advice=_CONDITION_ADVICE)
    return plain


def _not_a_condition(tree: exp.Expr, dialect: str) -> str | None:
    """What is wrong with ``SELECT 1 WHERE (condition)``, None if the condition is one."""
    where = tree.args.get("where")
    only = isinstance(tree, exp.Select) and {key for key, value in tree.args.items() if value} == {
        "expressions",
        "where",
    }
    if not only or not isinstance(where, exp.Where):
        return "this is more than one condition"
    inside = where.this
    if isinstance(inside, exp.Subquery) and not isinstance(inside.this, exp.Subquery):
        return "this is a query"
    if isinstance(inside, exp.Paren):
        inside = inside.this
    elif not isinstance(inside, exp.Subquery):
        return "this is not one expression"
    if isinstance(inside, (exp.Alias, exp.PropertyEQ, exp.Star)) or inside.is_star:
        return "this is not one expression"
    writer = tree.find(*_WRITES)
    if writer is not None:
        return f"it may only read, and this contains {_called(writer)}"
    return out_of_sight(tree, tree.sql(dialect), dialect=dialect)


def _called(node: exp.Expr) -> str:
    if isinstance(node, (exp.Condition, exp.Alias)):
        return "an expression and no SELECT"
    name = str(node.this).split()[0] if isinstance(node, exp.Command) else _SPELLED.get(type(node), node.key)
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name.upper()}"
