"""Trees of the ``.rocky`` language in two spellings: the language's own, and SQL in which nothing is left open.

The SQL is made from the trees alone, with parentheses around everything and a subquery for every step, so that what a
step means cannot depend on how the product puts it together.
"""

from __future__ import annotations

from collections.abc import Sequence

from rocky_action.rocky_dsl.syntax import (
    Call,
    Chain,
    Column,
    Comparison,
    Constant,
    Derive,
    Distinct,
    Expression,
    From,
    Group,
    IsNull,
    Match,
    Minus,
    Named,
    Not,
    Select,
    Step,
    Where,
)

_LEVELS = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_SQL = {"==": "=", "!=": "IS DISTINCT FROM", "or": "OR", "and": "AND"}


def _level(node: Expression) -> int:
    match node:
        case Chain():
            return _LEVELS[node.rest[0][0]]
        case Not():
            return 3
        case Comparison() | IsNull():
            return 4
        case Minus():
            return 7
        case _:
            return 8


def as_dsl(node: Expression, *, least: int = 1, always: bool = False) -> str:
    """An expression in the language; ``always`` puts every part in parentheses, needed or not."""
    text = _bare_dsl(node, always=always)
    return f"({text})" if _level(node) < least or (always and least > 1) else text


def _bare_dsl(node: Expression, *, always: bool) -> str:
    def part(one: Expression, least: int) -> str:
        return as_dsl(one, least=least, always=always)

    match node:
        case Column():
            return node.text
        case Constant(kind="string"):
            return f'"{node.text}"'
        case Constant(kind="date"):
            return f"@{node.text}"
        case Constant():
            return node.text.lower()
        case Call():
            return f"{node.name}({', '.join(as_dsl(one) for one in node.arguments)})"
        case Chain():
            tighter = _level(node) + 1
            rest = "".join(f" {operator} {part(one, tighter)}" for operator, one in node.rest)
            return part(node.first, tighter) + rest
        case Comparison():
            return f"{part(node.left, 5)} {node.operator} {part(node.right, 5)}"
        case IsNull():
            return f"{part(node.operand, 5)} is {'not ' if node.negated else ''}null"
        case Not():
            return f"not {part(node.operand, 3)}"
        case Minus():
            return f"- {part(node.operand, 7)}"
        case Match():
            arms = (
                f"{'_' if arm.value is None else f'{arm.operator} {part(arm.value, 5)}'} => {as_dsl(arm.result)}"
                for arm in node.arms
            )
            return f"match {part(node.subject, 5)} {{ {', '.join(arms)} }}"


def as_sql(node: Expression) -> str:
    """An expression as SQL, in parentheses whatever it is."""
    match node:
        case Column():
            return node.text
        case Constant(kind="string"):
            return "'" + node.text.replace("'", "''") + "'"
        case Constant(kind="date"):
            return f"DATE '{node.text}'"
        case Constant():
            return node.text
        case Call():
            return f"{node.name}({', '.join(map(as_sql, node.arguments)) or '*'})"
        case Chain():
            text = as_sql(node.first)
            for operator, one in node.rest:
                text = f"({text} {_SQL.get(operator, operator)} {as_sql(one)})"
            return text
        case Comparison():
            return f"({as_sql(node.left)} {_SQL.get(node.operator, node.operator)} {as_sql(node.right)})"
        case IsNull():
            return f"(({as_sql(node.operand)}) IS {'NOT ' if node.negated else ''}NULL)"
        case Not():
            return f"(NOT ({as_sql(node.operand)}))"
        case Minus():
            return f"(- ({as_sql(node.operand)}))"
        case Match():
            arms = (
                f"ELSE {as_sql(arm.result)}"
                if arm.value is None
                else f"WHEN {as_sql(Comparison(arm.operator, node.subject, arm.value))} THEN {as_sql(arm.result)}"
                for arm in node.arms
            )
            return f"(CASE {' '.join(arms)} END)"


def steps_as_dsl(steps: Sequence[Step], *, always: bool = False) -> str:
    """A pipeline in the language."""
    return "\n".join(_step_as_dsl(step, always=always) for step in steps)


def _step_as_dsl(step: Step, *, always: bool) -> str:
    def named(columns: Sequence[Named]) -> str:
        return ", ".join(f"{one.name}: {as_dsl(one.value, always=always)}" for one in columns)

    match step:
        case From():
            return f"from {step.source}"
        case Where():
            return f"where {as_dsl(step.condition, always=always)}"
        case Derive():
            return f"derive {{ {named(step.columns)} }}"
        case Select():
            return f"select {{ {', '.join('*' if one is None else one.text for one in step.columns)} }}"
        case Group():
            return f"group {', '.join(key.name for key in step.keys)} {{ {named(step.columns)} }}"
        case Distinct():
            return "distinct"
        case _:
            raise AssertionError(step)


def steps_as_sql(steps: Sequence[Step]) -> str:
    """A pipeline as SQL, each step a query over the one before: what a person takes it for."""
    sql = ""
    for step in steps:
        match step:
            case From():
                sql = f"SELECT * FROM {step.source}"
            case Where():
                sql = f"SELECT * FROM ({sql}) WHERE {as_sql(step.condition)}"
            case Derive():
                for one in step.columns:
                    sql = f"SELECT *, {as_sql(one.value)} AS {one.name} FROM ({sql})"
            case Select():
                sql = f"SELECT {', '.join('*' if one is None else one.text for one in step.columns)} FROM ({sql})"
            case Group():
                keys = ", ".join(key.name for key in step.keys)
                columns = "".join(f", {as_sql(one.value)} AS {one.name}" for one in step.columns)
                sql = f"SELECT {keys}{columns} FROM ({sql}) GROUP BY {keys}"
            case Distinct():
                sql = f"SELECT DISTINCT * FROM ({sql})"
            case _:
                raise AssertionError(step)
    return sql
