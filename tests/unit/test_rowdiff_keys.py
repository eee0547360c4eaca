"""Which key is taken, and what the report is told about those that were not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import Exhaustive, Key
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from tests.support.rowdiff_tables import Tables, counts, open_tables


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def test_a_duplicate_on_either_side_unproves_a_key(tables: Tables) -> None:
    once, twice = "SELECT 1 AS id, 'a' AS v", "FROM (VALUES (1, 'a'), (1, 'b'), (2, 'a')) t(id, v)"
    for base, head in ((once, twice), (twice, once)):
        found = tables.both(base, head).diff(("id",))
        assert found.coverage == Exhaustive("multiset")
        assert found.key is not None
        assert not found.key.is_proven
        assert (found.key.duplicate_keys_base, found.key.duplicate_keys_head) == ((0, 1) if head == twice else (1, 0))


def test_two_rows_with_a_null_key_are_duplicates(tables: Tables) -> None:
    query = "FROM (VALUES (NULL, 'a'), (NULL, 'b')) t(id, v)"
    found = tables.both(query, query).diff(("id",))
    assert found.key == Key(("id",), "unique_key", False, False, 2, 2, 1, 1)
    assert found.is_empty
    assert found.notes == (
        "unique_key (id) is not unique: 1 value occurs more than once in base, 1 value occurs in head",
    )


def test_the_next_candidate_is_tried_and_the_first_is_reported(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1, 'a'), (1, 2, 'b')) t(x, y, v)"
    found = tables.both(query, query).diff(("missing",), ("x",), ("X", "y"))
    assert found.coverage == Exhaustive("keyed")
    assert found.key is not None
    assert found.key.columns == ("x", "y")
    assert found.notes[0] == "unique_key (missing) cannot be the key: base and head do not both have these columns"
    assert found.notes[1].startswith("unique_key (x) is not unique: 1 value occurs more than once in base")


def test_without_a_proven_key_the_first_doubtful_one_is_kept_for_the_report(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1), (1, 1)) t(x, y)"
    found = tables.both(query, query).diff(("x",), ("y",))
    assert found.key is not None
    assert found.key.columns == ("x",)
    assert len(found.notes) == 2


def test_the_same_columns_are_not_tried_twice(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1), (1, 1)) t(x, y)"
    tables.both(query, query)
    twice = (
        KeyCandidate(("x", "y"), "unique_key"),
        KeyCandidate(("Y", "x"), "unique test"),
        KeyCandidate((), "nothing"),
    )
    assert len(tables.ask(DiffRequest("t", twice)).notes) == 1


def test_a_key_that_one_side_lacks_is_no_key(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 2 AS v", "SELECT 2 AS v").diff(("id",))
    assert found.key is None
    assert found.coverage == Exhaustive("multiset")
    assert counts(found) == (0, 0, None)


def test_keys_are_unique_only_in_the_type_they_are_compared_in(tables: Tables) -> None:
    """Two numbers that round to one DOUBLE cannot identify rows of a DOUBLE."""
    tables.both("FROM (VALUES (9007199254740993::BIGINT), (9007199254740992)) t(id)", "SELECT 1::DOUBLE AS id")
    found = tables.diff(("id",))
    assert found.key is not None
    assert found.key.duplicate_keys_base == 1
    assert found.coverage == Exhaustive("multiset")
