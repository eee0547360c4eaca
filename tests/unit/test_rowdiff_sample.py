"""The sample: the first rows by key, and never more than it knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import Exhaustive, Sampled
from rocky_action.domain.options import Algorithm
from rocky_action.rowdiff.request import DiffRequest
from tests.support.rowdiff_tables import Tables, counts, open_tables


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def test_a_change_beyond_the_window_is_not_seen_and_not_denied(tables: Tables) -> None:
    query = "SELECT range AS id, {} AS v FROM range(2000)"
    found = tables.both(query.format("0"), query.format("if(range >= 1000, 1, 0)")).sample(("id",), 1000)
    assert counts(found) == (0, 0, 0)
    assert found.coverage == Sampled(1000, 2000, ("id",))
    assert (found.rows.rows_base, found.rows.rows_head) == (2000, 2000)
    assert counts(tables.sample(("id",), 1001)) == (0, 0, 1)


def test_the_window_holds_the_smallest_keys_of_both_sides_together(tables: Tables) -> None:
    tables.both("SELECT range * 2 AS id FROM range(100)", "SELECT range * 3 AS id FROM range(100)")
    found = tables.sample(("id",), 7)  # 0 2 3 4 6 8 9
    assert counts(found) == (2, 3, 0)
    assert found.coverage == Sampled(7, 100, ("id",))
    shown = [(example.kind, example.key[0][1]) for example in found.rows.examples]
    assert shown == [("removed", "2"), ("removed", "4"), ("removed", "8"), ("added", "3"), ("added", "9")]


def test_sides_without_a_common_key_are_not_called_wholly_looked_at(tables: Tables) -> None:
    tables.both("SELECT range AS id FROM range(10)", "SELECT range + 10 AS id FROM range(10)")
    found = tables.sample(("id",), 10)
    assert found.coverage == Sampled(10, 20, ("id",))
    assert counts(found) == (0, 10, 0)


def test_a_sample_that_holds_everything_is_exhaustive(tables: Tables) -> None:
    tables.both("SELECT range AS id FROM range(10)", "SELECT range AS id FROM range(9)")
    found = tables.sample(("id",), 10)
    assert found.coverage == Exhaustive("keyed")
    assert counts(found) == (0, 1, 0)


def test_null_keys_come_first(tables: Tables) -> None:
    query = "SELECT nullif(range, 50) AS id, {} AS v FROM range(100)"
    found = tables.both(query.format("0"), query.format("if(range = 50, 1, 0)")).sample(("id",), 1)
    assert counts(found) == (0, 0, 1)
    assert found.rows.examples[0].key == (("id", None),)


def test_without_a_key_everything_is_compared(tables: Tables) -> None:
    tables.both("SELECT 1 AS id FROM range(10)", "SELECT 1 AS id FROM range(9)")
    found = tables.ask(DiffRequest("t", algorithm=Algorithm.SAMPLED, sample_size=2))
    assert found.coverage == Exhaustive("multiset")
    assert counts(found) == (0, 1, None)
    assert found.notes == ("a sample needs a key: all rows were compared instead",)
