"""Rows of repeated keys stand apart, on both sides alike, and no row is lost or in two parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.rowdiff import duplicates
from rocky_action.rowdiff.duplicates import FEW, part_by_repetition
from rocky_action.rowdiff.sides import Sides
from tests.support.rowdiff_tables import Tables, open_tables, sides


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def rows(part: Sides) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    base, head = (
        part.warehouse.query(f"SELECT * EXCLUDE present FROM {side} AS s ORDER BY ALL")
        for side in (part.base, part.head)
    )
    return base, head


def test_a_key_that_one_side_has_twice_is_repeated_on_both(tables: Tables) -> None:
    opened = sides(
        tables.both(
            "FROM (VALUES (1, 'a'), (1, 'b'), (2, 'c'), (3, 'd')) t(k, v)",
            "FROM (VALUES (1, 'a'), (2, 'c'), (3, 'd'), (3, 'd'), (4, 'e')) t(k, v)",
        )
    )
    parted = part_by_repetition(opened, opened.pairs[:1])
    assert rows(parted.unique) == ([(2, "c")], [(2, "c"), (4, "e")])
    assert rows(parted.repeated) == ([(1, "a"), (1, "b"), (3, "d")], [(1, "a"), (3, "d"), (3, "d")])


def test_null_repeats_like_a_value(tables: Tables) -> None:
    opened = sides(
        tables.both(
            "FROM (VALUES (NULL, 1), (NULL, 1), (NULL, 2), (3, NULL)) t(k, l)",
            "FROM (VALUES (NULL, 1), (NULL, NULL), (3, NULL)) t(k, l)",
        )
    )
    parted = part_by_repetition(opened, opened.pairs)
    assert rows(parted.repeated) == ([(None, 1), (None, 1)], [(None, 1)])
    assert rows(parted.unique)[1] == [(3, None), (None, None)]


def test_keys_repeat_in_the_type_they_are_compared_in(tables: Tables) -> None:
    opened = sides(
        tables.both("FROM (VALUES (9007199254740993::BIGINT), (9007199254740992), (1)) t(k)", "SELECT 1::DOUBLE AS k")
    )
    parted = part_by_repetition(opened, opened.pairs)
    assert [len(part) for part in rows(parted.repeated)] == [2, 0]
    assert [len(part) for part in rows(parted.unique)] == [1, 1]


def test_without_repetition_all_rows_are_unique(tables: Tables) -> None:
    opened = sides(tables.both("SELECT range AS k FROM range(5)", "SELECT range AS k FROM range(7)"))
    parted = part_by_repetition(opened, opened.pairs)
    assert parted.unique is opened
    assert parted.repeated.count() == (0, 0)


def test_repeated_keys_too_many_to_write_down_are_looked_up(tables: Tables) -> None:
    query = f"SELECT range // 2 AS k, 'x' AS v FROM range({2 * FEW + 3})"
    opened = sides(tables.both(f"{query} UNION ALL SELECT -range - 1, 'y' FROM range(10)", query))
    parted = part_by_repetition(opened, opened.pairs[:1])
    assert parted.repeated.count() == (2 * FEW + 2, 2 * FEW + 2)
    assert parted.unique.count() == (11, 1)
    assert len(parted.unique.base) < 10 * FEW
    few = sides(tables.both(f"SELECT range // 2 AS k FROM range({2 * FEW})", "SELECT -1 AS k"))
    written = part_by_repetition(few, few.pairs)
    assert written.repeated.count() == (2 * FEW, 0)
    assert written.unique.count() == (0, 1)
    assert "GROUP BY" not in written.unique.base


def test_keys_that_share_a_hash_are_parted_alike(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the hash does, the parts add up and the unique part is unique."""
    opened = sides(tables.both("FROM (VALUES (1), (1), (2), (3)) t(k)", "FROM (VALUES (2), (3), (4), (6)) t(k)"))
    monkeypatch.setattr(type(opened.warehouse), "row_hash", lambda _self, values: f"(1 + {values[0]} % 2)")
    parted = part_by_repetition(opened, opened.pairs)
    assert rows(parted.repeated) == ([(1,), (1,), (2,), (3,)], [(2,), (3,), (4,), (6,)])
    assert rows(parted.unique) == ([], [])
    monkeypatch.setattr(duplicates, "FEW", 1)
    assert rows(part_by_repetition(opened, opened.pairs).repeated) == rows(parted.repeated)
