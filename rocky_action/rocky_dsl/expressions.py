"""Expressions: tokens to trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar, cast

from rocky_action.rocky_dsl.cursor import Cursor
from rocky_action.rocky_dsl.syntax import (
    Arm,
    Bound,
    Call,
    Chain,
    Column,
    Comparison,
    Constant,
    Expression,
    Frame,
    IsNull,
    Match,
    Minus,
    Not,
    SortKey,
    Window,
)
from rocky_action.rocky_dsl.words import refusal

_T = TypeVar("_T")
_MOST_SIGNS = 100
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT = range(1, 7)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "is"), _COMPARE),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/%", _PRODUCT),
}
"""Operators and how tightly they bind."""
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def read_expression(cursor: Cursor, floor: int = _OR) -> Expression:
    """One expression of operators that bind at least as tightly as ``floor``, as far as it goes."""
    with cursor.deeper():
        found = _negation(cursor) if floor <= _NOT and cursor.at("not") else _operand(cursor)
        while True:
            token = cursor.token
            level = _LEVELS.get(token.text, 0) if token.kind in ("symbol", "keyword") else 0
            if level < floor or not level:
                break
            if level == _COMPARE:
                found = _comparison(cursor, found)
                continue
            rest: list[tuple[str, Expression]] = []
            while cursor.token.kind in ("symbol", "keyword") and _LEVELS.get(cursor.token.text) == level:
                operator = cursor.advance().text
                rest.append((operator, read_expression(cursor, level + 1)))
            found = Chain(found, tuple(rest), token.at)
    if cursor.at("=", "in"):
        raise cursor.unexpected("an operator", hint="; did you mean `==`?" if cursor.at("=") else "")
    return found


def _negation(cursor: Cursor) -> Expression:
    """``not`` before a comparison negates all of it, as a person and SQL read it; Rocky's SQL says the same."""
    signs = [cursor.advance().at]
    while cursor.at("not"):
        signs.append(cursor.advance().at)
    if len(signs) > _MOST_SIGNS:
        raise refusal(signs[0], "this is nested too deeply")
    found = read_expression(cursor, _COMPARE)
    for at in reversed(signs):
        found = Not(found, at)
    return found


def _comparison(cursor: Cursor, left: Expression) -> Expression:
    operator = cursor.advance()
    if operator.text == "is":
        negated = cursor.skip("not")
        cursor.expect("null", "after `is`")
        found: Expression = IsNull(left, negated, operator.at)
    else:
        if operator.text == "<" and cursor.at(">"):
            raise refusal(operator.at, "expected an operator, found `<>`; did you mean `!=`?")
        found = Comparison(operator.text, left, read_expression(cursor, _SUM), operator.at)
    if cursor.at("is", *_COMPARISONS):
        hint = "; comparisons do not chain: use parentheses or `and`"
        raise cursor.unexpected("the end of the comparison", hint=hint)
    return found


def _operand(cursor: Cursor) -> Expression:
    token = cursor.token
    if cursor.skip("-"):
        with cursor.deeper():
            return Minus(_operand(cursor), token.at)
    if cursor.skip("not"):
        with cursor.deeper():
            return Not(_operand(cursor), token.at)
    if cursor.skip("("):
        if cursor.at("*"):
            raise cursor.unexpected("an expression")
        inside = read_expression(cursor)
        cursor.expect(")", f"for the parenthesis of line {token.at.line}")
        return inside
    if cursor.skip("match"):
        with cursor.deeper():
            return _match(cursor)
    return _name_or_call(cursor) if token.kind == "name" else _constant(cursor)


def _constant(cursor: Cursor) -> Expression:
    token = cursor.token
    if token.kind == "string":
        found = Constant("string", token.text[1:-1], token.at)
    elif token.kind == "number":
        found = Constant("number", token.text.replace("_", ""), token.at)
    elif token.kind == "date":
        found = Constant("date", token.text[1:], token.at)
    elif cursor.at("true", "false", "null"):
        found = Constant("word", token.text.upper(), token.at)
    else:
        raise cursor.unexpected("an expression")
    cursor.advance()
    return found


def _name_or_call(cursor: Cursor) -> Expression:
    first = cursor.advance()
    if cursor.skip("."):
        name = cursor.name(f"a column after `{first.text}.`")
        return Column(name.text, first.text, first.at)
    if not cursor.skip("("):
        return Column(first.text, None, first.at)
    arguments: list[Expression] = []
    while not cursor.skip(")"):
        if cursor.at("*") and cursor.following.text == ")":
            raise cursor.unexpected("an expression", hint=f"; write {first.text}() to count rows")
        if cursor.token.kind == "end":
            raise cursor.unexpected(f"`)` for the parenthesis of line {first.at.line}")
        arguments.append(read_expression(cursor))
        cursor.skip(",")
    window = _window(cursor) if cursor.skip("over") else None
    return Call(first.text, tuple(arguments), window, first.at)


def _match(cursor: Cursor) -> Expression:
    at = cursor.token.at
    subject = read_expression(cursor, _SUM)
    arms: list[Arm] = []

    def arm() -> None:
        if arms and arms[-1].value is None:
            raise refusal(cursor.token.at, "`_` takes everything, so nothing can follow it: put it last")
        arms.append(_arm(cursor))

    cursor.items(arm, of="cases of match")
    if not any(one.value is not None for one in arms):
        found = "only `_`" if arms else "none"
        raise refusal(
            at, f"match needs a case with a value, and this has {found}", way_out="Write the result without match."
        )
    return Match(subject, tuple(arms), at)


def _arm(cursor: Cursor) -> Arm:
    at = cursor.token.at
    operator = "=="
    value: Expression | None = None
    if not cursor.skip("_"):
        if cursor.at(*_COMPARISONS):
            operator = cursor.advance().text
        value = read_expression(cursor, _SUM)
    cursor.expect("=>", "and the result of this case")
    return Arm(operator, value, read_expression(cursor), at)


def _window(cursor: Cursor) -> Window:
    cursor.expect("(", "after `over`")
    partition: list[str] = []
    sort: list[SortKey] = []
    frame: Frame | None = None
    while not cursor.skip(")"):
        if cursor.skip("partition"):
            partition += _listed(cursor, lambda: cursor.name("a column to partition by").text)
        elif cursor.skip("sort"):
            sort += _listed(cursor, lambda: _window_key(cursor))
        elif frame is None and cursor.at("rows", "range"):
            frame = _frame(cursor)
        else:
            raise cursor.unexpected(
                "`partition`, `sort`, `rows`, `range` or `)`", ("partition", "sort", "rows", "range")
            )
        cursor.skip(",")
    return Window(tuple(partition), tuple(sort), frame)


def _listed(cursor: Cursor, read: Callable[[], _T]) -> list[_T]:
    """Names, up to a comma that no name follows."""
    found = [read()]
    while cursor.at(",") and (cursor.following.kind == "name" or cursor.following.text == "-"):
        cursor.advance()
        found.append(read())
    return found


def _window_key(cursor: Cursor) -> SortKey:
    at = cursor.token.at
    descending = cursor.skip("-")
    name = cursor.name("a column to sort by").text
    if cursor.at("asc", "desc"):
        hint = f"; inside over() write -{name}" if cursor.at("desc") else "; that is what it does anyway"
        raise cursor.unexpected("`,` or `)`", hint=hint)
    return SortKey(name, descending, at)


def _frame(cursor: Cursor) -> Frame:
    unit = cast("Literal['rows', 'range']", cursor.advance().text)
    start = _bound(cursor)
    cursor.expect("..", "between the ends of the frame")
    return Frame(unit, start, _bound(cursor))


def _bound(cursor: Cursor) -> Bound:
    if cursor.skip("unbounded"):
        return Bound("unbounded")
    if cursor.skip("current"):
        return Bound("current")
    return Bound("rows", cursor.whole_number("`unbounded`, `current` or a whole number"))
