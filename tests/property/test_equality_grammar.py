"""The grammar of equality against DuckDB's own: what is read is read there too, and groups in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocky_action.sql.equality.words import RESERVED
from tests.support.grammar_texts import Texts, duckdb_tree, understood


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def read_texts(seed: int, *, of: int) -> Iterator[tuple[str, object, str]]:
    """Those of some random texts that are read."""
    texts = Texts(Random(seed))  # noqa: S311  no secrets here
    for _ in range(of):
        text = texts.query()
        found = understood(text)
        if found is not None:
            yield text, *found


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_what_is_read_groups_as_in_duckdb(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    for text, _, marked in read_texts(seed, of=60):
        found = duckdb_tree(connection, text)
        assert found is not None, text
        assert found == duckdb_tree(connection, marked), (text, marked)


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_other_words_that_read_alike_are_alike_to_duckdb(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    choice = Random(seed)  # noqa: S311  as above
    for text, tree, _ in read_texts(seed, of=30):
        words = text.split(" ")
        for _ in range(8):
            at, other = choice.randrange(len(words)), choice.choice(words)
            edited = [
                words[:at] + words[at + 1 :],
                [*words[:at], other, *words[at:]],
                [*words[:at], other, *words[at + 1 :]],
            ]
            head = " ".join(choice.choice(edited))
            found = understood(head)
            if found is not None and found[0] == tree:
                assert duckdb_tree(connection, text) == duckdb_tree(connection, head), (text, head)


def test_enough_is_read_to_prove_something() -> None:
    assert sum(1 for _ in read_texts(1, of=300)) > 30


_PLACES = (
    "SELECT {}",
    "SELECT t.{} FROM t",
    "SELECT {} AS x FROM t",
    "SELECT {}, 1 FROM t",
    "SELECT f({}) FROM t",
    "SELECT {} = 1",
    "SELECT {} <= 1",
    "SELECT {}::INT",
    "SELECT {} IS NULL",
    "SELECT {} AND a",
    "SELECT CASE WHEN {} THEN 1 END",
    "SELECT 1 AS {}",
    "SELECT 1 {}",
    "SELECT 1 AS {} FROM t",
    "SELECT 1 {} FROM t",
    "SELECT 1 FROM {}",
    "SELECT 1 FROM s.{}",
    "SELECT 1 FROM t {}",
    "SELECT 1 FROM t AS {}",
    "SELECT 1 FROM t {} WHERE a",
    "SELECT 1 FROM t AS v({})",
    "WITH {} AS (SELECT 1) SELECT 2",
    "SELECT 1 FROM t JOIN u USING ({})",
    "SELECT {}(a)",
    "SELECT a {} FROM t",
    "SELECT {}.a FROM t",
    "SELECT (a).{}",
    "SELECT {{}: 1}",
    "SELECT * REPLACE (1 AS {}) FROM t",
    "SELECT * RENAME (a AS {}) FROM t",
    "SELECT * EXCLUDE {} FROM t",
    "SELECT f({} := 1)",
    "SELECT f(lambda {}: 1)",
    "SELECT 1 FROM f({} = 1)",
    "SELECT 1 FROM {}(1)",
    "SELECT sum(a) OVER {} FROM t WINDOW {} AS ()",
)
"""Where a name can stand."""


@pytest.mark.parametrize("place", _PLACES)
def test_every_word_that_is_taken_for_a_name_is_one_to_duckdb(
    connection: duckdb.DuckDBPyConnection, place: str
) -> None:
    rows = connection.execute("SELECT DISTINCT keyword_name FROM duckdb_keywords()").fetchall()
    expected = _named(duckdb_tree(connection, place.replace("{}", "zz")), "zz")
    assert expected is not None
    words = {str(word) for (word,) in rows if str(word).upper() not in RESERVED}
    taken = {word for word in words if understood(place.replace("{}", word)) is not None}
    assert len(taken) > 200
    wrong = {word for word in taken if _named(duckdb_tree(connection, place.replace("{}", word)), word) != expected}
    assert not wrong - {"coalesce", "grouping", "nullif"}  # which have nodes of their own in calls


def _named(tree: object, word: str) -> object:
    """The tree with a mark in the place of a name; nothing else in it is one word in lower case."""
    match tree:
        case dict():
            return {key: _named(part, word) for key, part in tree.items()}
        case list():
            return [_named(part, word) for part in tree]
        case _:
            return "NAME" if tree == word else tree


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT NOT a -> 'b'",
        "SELECT a = b -> 'c'",
        "SELECT a -> 'b'::INT",
        "SELECT a ->> 'b' = 'c'",
        "SELECT a -> 'b' || 'c'",
        "SELECT f(x -> x IS NULL)",
        "SELECT f(x -> NOT x)",
        "SELECT f(a + b -> c)",
        "SELECT f(x -> a AND b)",
        "SELECT a + b || c",
        "SELECT a = b = c",
        "SELECT a IS NULL IS NULL",
        "SELECT - - 1",
        "SELECT a!=-1",
        "SELECT quantile_cont(0.5) WITHIN GROUP (ORDER BY a)",
        "SELECT f(DISTINCT)",
        "SELECT decimal(1)",
        "SELECT a month FROM t",
        "SELECT 1 FROM f(a = b <> c)",
    ],
)
def test_what_groups_in_more_than_one_way_or_is_no_sql_is_not_read(sql: str) -> None:
    assert understood(sql) is None
