"""Tokens to a file: its lets and its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from rocky_action.rocky_dsl.cursor import Cursor
from rocky_action.rocky_dsl.expressions import read_expression
from rocky_action.rocky_dsl.lexer import tokenize
from rocky_action.rocky_dsl.syntax import (
    Column,
    Derive,
    Distinct,
    File,
    From,
    Group,
    Join,
    Let,
    Named,
    Pipeline,
    Replicate,
    Select,
    Sort,
    SortKey,
    Step,
    Take,
    Where,
)
from rocky_action.rocky_dsl.words import STEPS, refusal

JoinKind = Literal["", "LEFT", "RIGHT", "FULL", "CROSS"]
_JOINS: dict[str, JoinKind] = {"left": "LEFT", "right": "RIGHT", "full": "FULL", "cross": "CROSS"}
_JOINED = {f"{word}_join": kind for word, kind in _JOINS.items()}
_STARTS = (*STEPS, *_JOINED)


def parse(text: str, first_line: int = 1) -> File:
    """The file. Raises RockyError, which says where something is wrong."""
    cursor = Cursor(tokenize(text, first_line))
    lets: list[Let] = []
    _pipes(cursor)
    while cursor.at("let"):
        lets.append(_let(cursor))
    main = _pipeline(cursor, of_let=False)
    if cursor.token.kind != "end":
        hint = "; a let stands before the steps" if cursor.at("let") else ""
        raise cursor.unexpected(f"a step ({', '.join(STEPS)})", _STARTS, hint=hint)
    return File(tuple(lets), main)


def _let(cursor: Cursor) -> Let:
    at = cursor.advance().at
    name = cursor.name("a name after `let`").text
    cursor.expect("=", f"after `let {name}`")
    _pipes(cursor)
    pipeline = _pipeline(cursor, of_let=True)
    if not pipeline.steps:
        raise cursor.unexpected(f"the steps of `{name}`", _STARTS)
    return Let(name, pipeline, at)


def _pipeline(cursor: Cursor, *, of_let: bool) -> Pipeline:
    at = cursor.token.at
    steps: list[Step] = []
    has_from = False
    while True:
        if of_let and has_from and cursor.at("from"):  # a let ends where the next pipeline begins
            break
        step = _step(cursor)
        if step is None:
            break
        has_from = has_from or isinstance(step, From)
        steps.append(step)
        _pipes(cursor)
    return Pipeline(tuple(steps), at)


def _pipes(cursor: Cursor) -> None:
    while cursor.skip("|"):
        pass


def _step(cursor: Cursor) -> Step | None:
    token, following = cursor.token, cursor.following
    if token.kind == "name":
        if token.text in _JOINS and following.kind == "keyword" and following.text == "join":
            cursor.advance()
            return _join(cursor, _JOINS[token.text])
        return _join(cursor, _JOINED[token.text]) if token.text in _JOINED else None
    read = _READERS.get(token.text) if token.kind == "keyword" else None
    return None if read is None else read(cursor)


def _from(cursor: Cursor) -> From:
    at = cursor.advance().at
    parts = [cursor.name("the name of a model or table after `from`").text]
    while cursor.skip("."):
        parts.append(cursor.name(f"a name after `{'.'.join(parts)}.`").text)
    return From(".".join(parts), _alias(cursor), at)


def _alias(cursor: Cursor) -> str | None:
    return cursor.name("an alias after `as`").text if cursor.skip("as") else None


def _where(cursor: Cursor) -> Where:
    at = cursor.advance().at
    return Where(read_expression(cursor), at)


def _group(cursor: Cursor) -> Group:
    at = cursor.advance().at
    keys: list[Column] = []
    while not cursor.at("{"):
        name = cursor.name("a column to group by, or `{`")
        if cursor.at("."):
            raise refusal(name.at, f"expected a column without a qualifier to group by, found `{name.text}.`")
        keys.append(Column(name.text, None, name.at))
        cursor.skip(",")
    columns = _named(cursor, of="columns of group")
    if not keys and not columns:
        raise refusal(at, "this group has neither keys nor columns")
    return Group(tuple(keys), columns, at)


def _derive(cursor: Cursor) -> Derive:
    at = cursor.advance().at
    columns = _named(cursor, of="columns of derive")
    if not columns:
        raise refusal(at, "this derive names no column")
    return Derive(columns, at)


def _named(cursor: Cursor, *, of: str) -> tuple[Named, ...]:
    found: list[Named] = []

    def one() -> None:
        name = cursor.name("the name of a column, or `}`")
        if cursor.at("="):
            raise cursor.unexpected(f"`:` after `{name.text}`", hint="; did you mean `:`?")
        cursor.expect(":", f"after `{name.text}`")
        found.append(Named(name.text, read_expression(cursor), name.at))

    cursor.items(one, of=of)
    return tuple(found)


def _select(cursor: Cursor) -> Select:
    at = cursor.advance().at
    found: list[Column | None] = []

    def one() -> None:
        if cursor.skip("*"):
            found.append(None)
            return
        column = _column(cursor)
        if cursor.at(":", "as"):
            raise cursor.unexpected("`,` or `}`", hint="; select only names columns: compute it with derive first")
        found.append(column)

    cursor.items(one, of="columns of select")
    return Select(tuple(found), at)


def _column(cursor: Cursor) -> Column:
    name = cursor.name("a column, or `}`")
    if not cursor.skip("."):
        return Column(name.text, None, name.at)
    if cursor.at("*"):
        raise cursor.unexpected(f"a column after `{name.text}.`", hint="; only a bare `*` exists")
    return Column(cursor.name(f"a column after `{name.text}.`").text, name.text, name.at)


def _join(cursor: Cursor, kind: JoinKind) -> Join:
    at = cursor.advance().at
    model = cursor.name("the name of a model to join")
    if cursor.at("."):
        raise refusal(model.at, f"expected a bare name to join, found `{model.text}.`; a let can name the table")
    alias = _alias(cursor)
    keys: list[str] = []
    if kind != "CROSS":
        if not cursor.at("on"):
            raise cursor.unexpected(f"`on` and the columns that `{model.text}` shares with the first table", ("on",))
        cursor.advance()
        keys.append(cursor.name("a column that both sides have").text)
        while cursor.skip(","):
            keys.append(cursor.name("a column that both sides have").text)
        if cursor.at("=", "==", "."):
            raise cursor.unexpected("`,` or the next step", hint="; a join names columns that both sides have")
    elif cursor.at("on"):
        raise cursor.unexpected("`{ keep ... }` or the next step", hint="; a cross join has no columns to join on")
    kept: list[Column] = []
    if cursor.at("{"):
        opened = cursor.advance()
        cursor.expect("keep", "after `{`")
        while not cursor.skip("}"):
            if cursor.token.kind == "end":
                raise cursor.unexpected(f"`}}`: the brace of line {opened.at.line} is never closed")
            kept.append(_column(cursor))
            cursor.skip(",")
    return Join(kind, model.text, alias, tuple(keys), tuple(kept), at)


def _inner_join(cursor: Cursor) -> Join:
    return _join(cursor, "")


def _sort(cursor: Cursor) -> Sort:
    at = cursor.advance().at
    keys: list[SortKey] = []
    # A name can also be the `left` of `left join`, when there is nothing to sort by.
    if cursor.token.kind == "name" and cursor.token.text not in _JOINED and cursor.following.text != "join":
        keys.append(_sort_key(cursor))
        while cursor.skip(","):
            keys.append(_sort_key(cursor))
    elif cursor.at("-"):
        raise cursor.unexpected("a column", hint="; write `desc` after the column")
    return Sort(tuple(keys), at)


def _sort_key(cursor: Cursor) -> SortKey:
    name = cursor.name("a column to sort by")
    if cursor.at("."):
        raise refusal(name.at, f"expected a column without a qualifier to sort by, found `{name.text}.`")
    descending = cursor.at("desc")
    cursor.skip("asc", "desc")
    return SortKey(name.text, descending, name.at)


def _take(cursor: Cursor) -> Take:
    at = cursor.advance().at
    return Take(cursor.whole_number("a whole number of rows after `take`"), at)


def _distinct(cursor: Cursor) -> Distinct:
    return Distinct(cursor.advance().at)


def _replicate(cursor: Cursor) -> Replicate:
    return Replicate(cursor.advance().at)


_READERS: dict[str, Callable[[Cursor], Step]] = {
    "from": _from,
    "where": _where,
    "group": _group,
    "derive": _derive,
    "select": _select,
    "join": _inner_join,
    "sort": _sort,
    "take": _take,
    "distinct": _distinct,
    "replicate": _replicate,
}
