"""Reading a query: its text without comments, and errors that point."""

from __future__ import annotations

import pytest

from rocky_action.domain.project import TimeInterval
from rocky_action.errors import SqlError
from rocky_action.sql.parse import parse_model, parse_query
from tests.support.sql_models import database, model, queries, run


@pytest.mark.parametrize("sql", queries())
def test_the_text_is_the_query_itself(sql: str) -> None:
    text = parse_query(sql, "duckdb").text
    with database() as connection:
        assert run(connection, text) == run(connection, sql)
        connection.execute(f"SELECT count(*) FROM ({text})")  # nothing at its end swallows what comes after


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT 1 -- one", "SELECT 1"),
        ("-- one\nSELECT /* two */ 1;", "SELECT 1"),
        ("SELECT 1;;", "SELECT 1"),
        ("SELECT  a ,b\n  FROM\tt", "SELECT a ,b\nFROM t"),
        ("SELECT 'a  b', \"c  d\", $$e  f$$", "SELECT 'a  b', \"c  d\", $$e  f$$"),
        ("SELECT 'a' -- two lines, one string\n'b'", "SELECT 'a'\n'b'"),
        ("SELECT a.b.c, x::INT, [1,2][1], -1", "SELECT a.b.c, x::INT, [1,2][1], -1"),
        ("SELECT E'it\\'s', .5, 1_000", "SELECT E'it\\'s', .5, 1_000"),
    ],
)
def test_only_comments_layout_and_the_last_semicolon_go(sql: str, text: str) -> None:
    assert parse_query(sql, "duckdb").text == text


def test_a_carriage_return_ends_a_comment_here_as_in_duckdb() -> None:
    query = parse_query("SELECT 1 -- x\r, 2", "duckdb")
    with database() as connection:
        assert run(connection, query.text)[1] == run(connection, query.sql)[1] == ["(1, 2)"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a\nFROM t\nWHERE (a = 1", "line 3, column 7: this parenthesis is never closed"),
        ("SELECT a\nFROM t)", "line 2, column 7: this closes a parenthesis that is not open"),
        ("SELECT max(a FROM t", "line 1, column 11: this parenthesis is never closed"),
        ("SELECT a\nFROM t WHERE a ==== 1", "line 2, column"),
        ("SELECT a\nFORM t u", "line 2, column 6: .*, at 't' in: FORM t u"),
        ("SELECT 'a", "ends inside a string"),
        ("SELECT /* a", "ends inside a string, a comment"),
        ('SELECT "a', "ends inside a string"),
        ("SELECT 1\nFROM a\u200bb", "line 2, column 8: an invisible character \\(U\\+200B\\)"),
        ("SELECT a\ufeffb", "U\\+FEFF"),
        ("SELECT { : }", "cannot be read"),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "too deep"),
    ],
)
def test_errors_point(sql: str, message: str) -> None:
    with pytest.raises(SqlError, match=message) as caught:
        parse_query(sql, "duckdb")
    assert caught.value.advice


@pytest.mark.parametrize("end", range(1, 60))
def test_a_text_that_breaks_off_is_an_error_or_a_query(end: int) -> None:
    """Whatever the parser trips over, nothing but SqlError comes out."""
    sql = "SELECT {'a': [x for x in l if x > 1]}, t.* FROM (VALUES (1)) AS t(a) WHERE s['x'] = {'b': 1}"
    for text in (sql[:end], sql[end:]):
        try:
            assert parse_query(text, "duckdb").text
        except SqlError as err:
            assert err.message  # noqa: PT017  either outcome is right


def test_an_invisible_character_is_fine_where_it_is_text() -> None:
    assert parse_query("SELECT 'a\u200bb' AS \"c\u200bd\"", "duckdb").text == "SELECT 'a\u200bb' AS \"c\u200bd\""


def test_a_space_that_is_no_space_separates_words_here_as_in_duckdb() -> None:
    query = parse_query("SELECT id\u00a0FROM customers", "duckdb")
    with database() as connection:
        assert run(connection, query.text) == run(connection, query.sql)


def test_a_window_is_filled_in_and_its_ends_stay_apart() -> None:
    one = model(
        "m", "SELECT ts FROM t WHERE ts >= @start_date AND ts < '@end_date'", strategy=TimeInterval("ts", "day")
    )
    text = parse_model(one, "duckdb").text
    assert "@" not in text
    start, end = text.split("'")[1::2]
    assert start < end
    with pytest.raises(SqlError):
        parse_query("SELECT ts FROM t WHERE ts >= @start_date AND", "duckdb")


def test_a_text_is_parsed_once() -> None:
    assert parse_query("SELECT 12345", "duckdb") is parse_query("SELECT 12345", "duckdb")
