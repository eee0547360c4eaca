"""Keys that repeat, keys nobody declared and rows without a key, against plain Python over random tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Column, ColumnChange, RowDiff
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.duplicates import part_by_repetition
from rocky_action.rowdiff.examples import choose_examples
from rocky_action.rowdiff.inference import infer_candidates
from rocky_action.rowdiff.keys import occurrences, probe_key
from rocky_action.rowdiff.pairing import Pairing, pair_rows
from rocky_action.rowdiff.schema import pair_columns
from rocky_action.rowdiff.sides import Sides
from tests.support.examples import examples
from tests.support.rowdiff_oracle import key_of, repeated_keys, truth
from tests.support.rowdiff_tables import Tables, open_tables, sides

COLUMNS = "k INTEGER, l VARCHAR, m DATE, x DOUBLE"
budget = settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
Cells = tuple[object, ...]
Rows = list[Cells]

few = st.tuples(
    st.sampled_from([None, 0, 1, 2, 3]),
    st.sampled_from([None, "", "a", "A"]),
    st.sampled_from([None, "2024-01-01", "2024-01-02"]),
    st.sampled_from([None, 0.5, 1.5]),
)
tables_of_rows: st.SearchStrategy[Rows] = st.lists(few, max_size=12)
key_columns = st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def rows_of(part: Sides, side: str) -> Counter[Cells]:
    listed = "c0, c1, CAST(c2 AS VARCHAR), c3"
    return Counter(part.warehouse.query(f"SELECT {listed} FROM {getattr(part, side)} AS s"))


@budget
@given(base=tables_of_rows, head=tables_of_rows, key=key_columns)
def test_rows_are_parted_by_whether_their_key_repeats(tables: Tables, base: Rows, head: Rows, key: list[int]) -> None:
    opened = sides(tables.typed(COLUMNS, base, head))
    parted = part_by_repetition(opened, [opened.pairs[place] for place in key])
    repeated = {
        found
        for rows in (base, head)
        for found, count in Counter(key_of(row, key) for row in rows).items()
        if count > 1
    }
    for side, rows in (("base", base), ("head", head)):
        assert rows_of(parted.repeated, side) == Counter(row for row in rows if key_of(row, key) in repeated)
        assert rows_of(parted.unique, side) == Counter(row for row in rows if key_of(row, key) not in repeated)


@budget
@given(base=tables_of_rows, head=tables_of_rows, key=key_columns)
def test_the_probe_and_the_proof_count_alike(tables: Tables, base: Rows, head: Rows, key: list[int]) -> None:
    opened = sides(tables.typed(COLUMNS, base, head))
    pairs = [opened.pairs[place] for place in key]
    for rows, probe, found in zip((base, head), probe_key(opened, pairs), occurrences(opened, pairs), strict=True):
        each = Counter(key_of(row, key) for row in rows)
        nulls = sum(None in key_of(row, key) for row in rows)
        assert (probe.rows, probe.null_rows) == (found.rows, found.nulls) == (len(rows), nulls)
        assert found.duplicates == sum(count > 1 for count in each.values())
        assert probe.squares >= sum(count**2 for count in each.values())


@budget
@given(base=tables_of_rows, head=tables_of_rows)
def test_what_is_inferred_is_unique_smallest_shared_and_the_same_for_swapped_sides(
    tables: Tables, base: Rows, head: Rows
) -> None:
    opened = sides(tables.typed(COLUMNS, base, head))
    found = infer_candidates(opened, opened.pairs).candidates
    assert len({len(candidate.columns) for candidate in found}) <= 1
    for candidate in found:
        places = ["klmx".index(name) for name in candidate.columns]
        assert 3 not in places  # a float
        keys = [{key_of(row, places) for row in rows} for rows in (base, head)]
        assert not repeated_keys(base, places)
        assert not repeated_keys(head, places)
        assert len(keys[0] & keys[1]) * 2 >= min(map(len, keys)) > 0
        for width in range(1, len(places)):
            for part in combinations(places, width):
                assert repeated_keys(base, part) or repeated_keys(head, part)
    swapped = sides(tables, swap=True)
    assert infer_candidates(swapped, swapped.pairs).candidates == found


# Pairs without a key

texts = st.sampled_from([None, "", "a", "b"])
WIDTH = 6
PAIRS = pair_columns(*[[Column(f"c{place}", "VARCHAR") for place in range(WIDTH)]] * 2)
wide_rows: st.SearchStrategy[list[tuple[str | None, ...]]] = st.lists(st.tuples(*[texts] * WIDTH), max_size=8)


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]]:
    """Base, and head with some cells of some rows changed: what pairs are made for."""
    base = draw(wide_rows)
    head = [list(row) for row in base]
    for row in head:
        for place in draw(st.lists(st.integers(0, WIDTH - 1), max_size=3)):
            row[place] = draw(texts)
    return base, [tuple(row) for row in head]


def differing(base: Sequence[Cells], head: Sequence[Cells]) -> Differing:
    expected = truth(base, head, None)
    rows = [DifferingRow("removed", base=tuple(map(shown, row)), count=n) for row, n in expected.removed.items()]
    rows += [DifferingRow("added", head=tuple(map(shown, row)), count=n) for row, n in expected.added.items()]
    return Differing(PAIRS, 0, tuple(rows), expected.added.total() + expected.removed.total())


def shown(cell: object) -> str | None:
    return None if cell is None else str(cell)


def distance(old: Sequence[object], new: Sequence[object]) -> int:
    return sum(left != right for left, right in zip(old, new, strict=True))


def naive_pairs(given_rows: Differing) -> set[tuple[Cells, Cells]]:
    removed = [row for row in given_rows.rows if row.kind == "removed" for _ in range(row.count)]
    added = [row for row in given_rows.rows if row.kind == "added" for _ in range(row.count)]
    found: set[tuple[Cells, Cells]] = set()
    for one in removed:
        for other in added:
            own = distance(one.base, other.head)
            rivals = [distance(one.base, row.head) for row in added if row is not other]
            rivals += [distance(row.base, other.head) for row in removed if row is not one]
            copies = one.count > 1 or other.count > 1
            shared = any(left == right and left is not None for left, right in zip(one.base, other.head, strict=True))
            if 1 <= own <= WIDTH // 3 and shared and not copies and all(rival > own for rival in rivals):
                found.add((one.base, other.head))
    return found


def pairs_of(pairing: Pairing) -> set[tuple[Cells, Cells]]:
    return {(row.base, row.head) for row in pairing.changed}


@budget
@given(sides_of_rows=st.one_of(st.tuples(wide_rows, wide_rows), edited()))
def test_rows_pair_when_each_is_the_only_one_so_near(
    sides_of_rows: tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]],
) -> None:
    base, head = sides_of_rows
    asked = differing(base, head)
    found = pair_rows(asked)
    assert found.reason is None
    assert pairs_of(found) == naive_pairs(asked)
    assert len(pairs_of(found)) == len(found.changed)
    for row in found.changed:
        assert row.changed == {place for place in range(WIDTH) if row.base[place] != row.head[place]}
    lost = Counter({row.base: row.count for row in found.rest if row.kind == "removed"})
    won = Counter({row.head: row.count for row in found.rest if row.kind == "added"})
    assert lost + Counter(row.base for row in found.changed) == truth(base, head, None).removed
    assert won + Counter(row.head for row in found.changed) == truth(base, head, None).added
    back = pair_rows(differing(head, base))
    assert [(row.head, row.base, row.changed) for row in back.changed] == [
        (row.base, row.head, row.changed) for row in found.changed
    ]


@budget
@given(sides_of_rows=edited())
def test_counts_balance_with_pairs_as_without(
    sides_of_rows: tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]],
) -> None:
    base, head = sides_of_rows
    expected = truth(base, head, None)
    rows = RowDiff(len(base), len(head), expected.added.total(), expected.removed.total())
    pairing = pair_rows(differing(base, head))
    counted = pairing.counted(rows, PAIRS)
    assert len(base) + (counted.added or 0) - (counted.removed or 0) == len(head)
    assert (counted.changed or 0) == counted.paired == len(pairing.changed)
    assert (counted.added or 0) == expected.added.total() - counted.paired
    by_column = Counter(f"c{place}" for row in pairing.changed for place in row.changed)
    assert counted.columns == tuple(ColumnChange(name, by_column[name]) for name in sorted(by_column))


@budget
@given(sides_of_rows=edited(), limit=st.integers(0, 4))
def test_examples_of_pairs_are_the_same_for_swapped_sides(
    sides_of_rows: tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]], limit: int
) -> None:
    base, head = sides_of_rows
    there, back = (
        choose_examples(Differing(PAIRS, 0, pair_rows(asked).changed, len(asked.rows)), limit)
        for asked in (differing(base, head), differing(head, base))
    )
    mirrored = [[(cell.column, cell.head, cell.base) for cell in example.cells] for example in there]
    assert mirrored == [[(cell.column, cell.base, cell.head) for cell in example.cells] for example in back]
