"""The ``.rocky`` language: no text breaks it, and what it makes of one means what the text says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.errors import RockyError, SqlError
from rocky_action.rocky_dsl import lower
from rocky_action.rocky_dsl.parser import parse
from rocky_action.rocky_dsl.syntax import (
    Arm,
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
from rocky_action.rocky_dsl.words import KEYWORDS
from rocky_action.sql.parse import parse_query
from tests.support.examples import examples
from tests.support.rocky_pairs import pairs
from tests.support.rocky_printer import steps_as_dsl, steps_as_sql

FIXTURES = [pair.dsl for pair in pairs()]
SIGNS = (".. { } ( ) [ ] : , . * + - / %", "== != >= <= > < = | => _ ; # @", "@start_date @2026-03-01 1 2.5 1_0 'x' --")
SYMBOLS = [sign for signs in SIGNS for sign in signs.split(" ")]
WORDS = [*sorted(KEYWORDS), *SYMBOLS, "a", "b", "left", "cross_join", "sum", "\n", "'", '"', "é", "\0", "\u200b"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
NUMBERS, FLAGS = ("x", "y", "z"), ("p", "q", "r")


def never_breaks(text: str) -> None:
    """Lowering ends in SQL or in one kind of error, and reading the SQL in a query or in one kind of error."""
    try:
        lowered = lower(text, dialect="duckdb")
    except RockyError as err:
        refusal = err
    else:
        assert lowered == lower(text, dialect="duckdb")
        with contextlib.suppress(SqlError):
            parse_query(lowered.sql, "duckdb")
        return
    assert refusal.message.startswith("line ")


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_words(text: str) -> None:
    never_breaks(f"from a {text}")


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    never_breaks(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(FIXTURES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        middle = draw(st.sampled_from([*WORDS, "", text[start:end] * 2, text[start:end][::-1]]))
        text = text[:start] + middle + text[end:]
    return text


@settings(max_examples=examples(500), deadline=None)
@given(mutated())
def test_slips_of_a_keyboard(text: str) -> None:
    never_breaks(text)


def numbers(columns: Sequence[str], flags: Sequence[str]) -> st.SearchStrategy[Expression]:
    return _typed(tuple(columns), tuple(flags))[0]


def conditions(columns: Sequence[str], flags: Sequence[str]) -> st.SearchStrategy[Expression]:
    return _typed(tuple(columns), tuple(flags))[1]


@cache
def _typed(
    columns: tuple[str, ...], flags: tuple[str, ...]
) -> tuple[st.SearchStrategy[Expression], st.SearchStrategy[Expression]]:
    """Numbers and conditions, two levels deep, so that most of what is drawn runs."""
    number: st.SearchStrategy[Expression] = st.sampled_from([*map(Column, columns), Constant("number", "2")])
    flag: st.SearchStrategy[Expression] = st.sampled_from([*map(Column, flags), Constant("word", "NULL")])
    for _ in range(2):
        number, flag = _deeper(number, flag)
    return number, flag


def _deeper(
    number: st.SearchStrategy[Expression], flag: st.SearchStrategy[Expression]
) -> tuple[st.SearchStrategy[Expression], st.SearchStrategy[Expression]]:
    def chain(operand: st.SearchStrategy[Expression], operators: str) -> st.SearchStrategy[Expression]:
        rest = st.lists(st.tuples(st.sampled_from(operators.split()), operand), min_size=1, max_size=3).map(tuple)
        return st.builds(Chain, operand, rest)

    operators = st.sampled_from(COMPARISONS)
    arms = st.lists(st.builds(Arm, operators, number, number), min_size=1, max_size=2)
    last: st.SearchStrategy[list[Arm]] = st.one_of(st.just([]), number.map(lambda value: [Arm("==", None, value)]))
    numbers = st.one_of(
        number,
        chain(number, "+ -"),
        chain(number, "* / %"),
        st.builds(Minus, number),
        st.builds(lambda one: Call("coalesce", (one, Constant("number", "7"))), number),
        st.builds(lambda subject, first, rest: Match(subject, (*first, *rest)), number, arms, last),
    )
    flags = st.one_of(
        flag,
        chain(flag, "or"),
        chain(flag, "and"),
        st.builds(Comparison, operators, number, number),
        st.builds(Comparison, st.sampled_from(["==", "!="]), flag, flag),
        st.builds(IsNull, st.one_of(number, flag), st.booleans()),
        st.builds(Not, flag),
    )
    return numbers, flags


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps whose order says the same in SQL as on paper."""
    steps: list[Step] = [From("t")]
    columns = list(NUMBERS)
    for index in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            steps.append(Where(draw(conditions(columns, FLAGS))))
        else:
            steps.append(Derive((Named(f"d{index}", draw(numbers(columns, FLAGS))),)))
            columns.append(f"d{index}")
    end = draw(st.sampled_from(["group", "select", "star", "nothing"]))
    if end == "group":
        least = Call("min", (draw(numbers(columns, FLAGS)),))
        steps.append(Group((Column("p"),), (Named("n", Call("count")), Named("m", least))))
        if draw(st.booleans()):
            steps.append(Where(draw(conditions(["n", "m"], ["p"]))))
    elif end != "nothing":
        chosen = draw(st.lists(st.sampled_from(columns), min_size=1, unique=True))
        steps.append(Select((None,) if end == "star" else tuple(map(Column, chosen))))
        left = columns if end == "star" else chosen
        if draw(st.booleans()):
            steps.append(Derive((Named("late", draw(numbers(left, [*FLAGS] if end == "star" else ["true"]))),)))
        if end == "select" and draw(st.booleans()):
            steps.append(Distinct())
    return tuple(steps)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    flag = "[true, false, NULL]"
    connection.execute(
        f"CREATE TABLE t AS SELECT x::DOUBLE AS x, y::DOUBLE AS y, z::DOUBLE AS z, {flag}[i % 3 + 1] AS p,"
        f" {flag}[i // 3 % 3 + 1] AS q, {flag}[i // 9 % 3 + 1] AS r FROM range(27) AS i(i),"
        " (VALUES (1, 2, 3), (0, -1.5, NULL), (-7, 0.1, 1e9)) AS n(x, y, z)"
    )
    yield connection
    connection.close()


def outcome(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[str]] | str:
    try:
        result = connection.execute(sql)
        return [column[0] for column in result.description or []], sorted(map(repr, result.fetchall()))
    except duckdb.Error as err:
        return type(err).__name__


@settings(max_examples=examples(120), deadline=None)
@given(pipelines(), st.booleans())
def test_what_is_written_is_what_is_read(steps: tuple[Step, ...], always: bool) -> None:
    assert parse(steps_as_dsl(steps, always=always)).main.steps == steps


@settings(max_examples=examples(200), deadline=None)
@given(pipelines())
def test_the_sql_means_what_a_person_reads(database: duckdb.DuckDBPyConnection, steps: tuple[Step, ...]) -> None:
    sql = lower(steps_as_dsl(steps), dialect="duckdb").sql
    assert outcome(database, sql) == outcome(database, steps_as_sql(steps)), sql


def test_most_of_what_is_drawn_runs(database: duckdb.DuckDBPyConnection) -> None:
    ran = []

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(pipelines())
    def run(steps: tuple[Step, ...]) -> None:
        ran.append(not isinstance(outcome(database, steps_as_sql(steps)), str))

    run()
    assert sum(ran) > len(ran) * 0.7
