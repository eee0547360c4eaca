"""Tables whose rows stand in the same order: recognised as they are shifted, and read where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.rowdiff.positions import align, is_increasing
from tests.support.rowdiff_tables import Tables, counts, open_tables, request, sides, unpaired


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def rows(first: int, last: int) -> str:
    return f"SELECT range AS id, range % 7 AS v FROM range({first}, {last})"


@pytest.mark.parametrize(
    ("base", "head", "shift", "overlap", "unpaired_rows"),
    [
        ((0, 50), (0, 50), 0, range(50), (0, 0)),
        ((0, 50), (0, 53), 0, range(50), (0, 3)),
        ((0, 53), (0, 50), 0, range(50), (3, 0)),
        ((3, 50), (0, 50), 3, range(47), (0, 3)),
        ((0, 50), (3, 50), -3, range(3, 50), (3, 0)),
        ((3, 50), (0, 48), 3, range(45), (2, 3)),
        ((0, 50), (3, 52), -3, range(3, 50), (3, 2)),
    ],
)
@pytest.mark.parametrize("by", [1, 2])
def test_rows_lost_or_added_at_the_ends_shift_the_others(
    tables: Tables,
    *,
    base: tuple[int, int],
    head: tuple[int, int],
    shift: int,
    overlap: range,
    unpaired_rows: tuple[int, int],
    by: int,
) -> None:
    opened = sides(tables.both(rows(*base), rows(*head)))
    found = align(opened, opened.pairs[:by])
    assert found is not None
    assert (found.shift, found.overlap, found.unpaired) == (shift, overlap, unpaired_rows)
    assert found.has_rest is (unpaired_rows != (0, 0))
    assert found.rest.count() == unpaired_rows
    added, removed = len(set(range(*head)) - set(range(*base))), len(set(range(*base)) - set(range(*head)))
    by_key, by_value = (tables.ask(replace(asked, few_rows=0)) for asked in (request(("id",)), request()))
    assert (by_key.proof.way, by_value.proof.way) == ("positions", "positions")
    assert counts(by_key) == (added, removed, 0)
    assert unpaired(by_value) == (added, removed, None)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (f"{rows(0, 50)} ORDER BY range DESC", "another order"),
        (rows(0, 30), "less than four fifths have a partner"),
        (rows(100, 150), "no row of the other"),
    ],
)
def test_what_does_not_stand_alike_is_left_to_others(tables: Tables, head: str, why: str) -> None:
    opened = sides(tables.both(rows(0, 50), head))
    assert align(opened, opened.pairs[:1]) is None, why


def test_tables_alone_have_places(tables: Tables) -> None:
    tables.both(rows(0, 50), rows(0, 50))
    asked = replace(request(("id",)), few_rows=0)
    assert tables.ask(asked).proof.way == "positions"
    filtered = replace(asked, options=replace(asked.options, where="id >= 0"))
    assert tables.ask(filtered).proof.way == "checksums"
    tables.run("DELETE FROM head.t WHERE id = 7")
    assert tables.ask(asked).proof.way == "checksums"


@pytest.mark.parametrize(
    ("values", "proved"),
    [
        ("(1, 'a'), (1, 'b'), (2, 'a')", True),
        ("(1, 'a'), (1, 'a'), (2, 'a')", False),
        ("(1, 'b'), (1, 'a'), (2, 'a')", False),
        ("(NULL, 'a'), (1, 'b'), (2, 'a')", False),
        ("(1, NULL), (1, 'b'), (2, 'a')", False),
        ("(1, 'a'), (2, NULL), (3, 'a')", True),
        ("(1, 'a')", False),
        ("(NULL, NULL)", False),
    ],
)
def test_an_order_is_a_proof_of_a_key(tables: Tables, values: str, proved: bool) -> None:
    """Each key greater than the one before, column by column."""
    query = f"FROM (VALUES {values}) t(k, l)"
    opened = sides(tables.both(query, query))
    alignment = align(opened, opened.pairs)
    assert alignment is not None
    assert is_increasing(alignment, of_base=True) is proved
    assert is_increasing(alignment, of_base=False) is proved


def test_a_row_that_moved_from_one_end_to_the_other_is_the_same_row(tables: Tables) -> None:
    """Neither has a partner where it stands, and each is the other's."""
    tables.both(f"{rows(0, 50)} UNION ALL SELECT 99, 1", f"SELECT 99 AS id, 2 AS v UNION ALL {rows(0, 50)}")
    for few_rows in (0, 100):
        found = tables.ask(replace(request(("id",)), few_rows=few_rows))
        assert found.proof.way == "positions"
        assert counts(found) == (0, 0, 1)
        assert [(change.name, change.rows_changed) for change in found.rows.columns] == [("v", 1)]
