"""Profiles and examples against plain Python, over random tables."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Numbers, Value
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.examples import choose_examples
from rocky_action.rowdiff.slices import FEWEST_ROWS, LEAST_LIFT, MOST_SLICES
from tests.support.differing_rows import added, changed, compared, pairs_of, removed
from tests.support.examples import examples
from tests.support.rowdiff_tables import Tables, open_tables

budget = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
Cells = tuple[object, ...]


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


TYPES = "k INTEGER, i BIGINT, d DECIMAL(12,3), x DOUBLE, h HUGEINT"
decimals = st.decimals(min_value=-(10**8), max_value=10**8, places=3)
floats = st.floats(-1e6, 1e6).map(lambda number: round(number, 4))
values = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
    st.none() | decimals,
    st.none() | floats,
    st.none() | st.integers(-(2**80), 2**80),
)
tables_of_numbers = st.dictionaries(st.integers(0, 30), values, max_size=20).map(
    lambda rows: [(key, *cells) for key, cells in rows.items()]
)


def check(numbers: Numbers, rows: Sequence[Cells], place: int) -> None:
    cells = [row[place] for row in rows]
    found: list[Fraction] = [Fraction(str(cell)) for cell in cells if cell is not None]
    assert (numbers.rows, numbers.nulls) == (len(rows), len(rows) - len(found))
    assert (numbers.distinct, numbers.distinct_exact) == (len(set(found)), True)
    if not found:
        assert (numbers.sum, numbers.mean, numbers.min, numbers.max) == (None, None, None, None)
        return
    assert (Fraction(str(numbers.min)), Fraction(str(numbers.max))) == (min(found), max(found))
    if any(isinstance(cell, float) for cell in cells):
        rounding = 1e-9 * float(max(abs(number) for number in found))
        assert float(Fraction(str(numbers.sum)) - sum(found)) == pytest.approx(0, abs=rounding)
        assert float(Fraction(str(numbers.mean)) - sum(found) / len(found)) == pytest.approx(0, abs=rounding)
    else:
        assert Fraction(str(numbers.sum)) == sum(found)
        mean = sum(found, Fraction(0)) / len(found)
        assert abs(Fraction(str(numbers.mean)) - mean) <= abs(mean) * Fraction(1, 10**19)


@budget
@given(base=tables_of_numbers, head=tables_of_numbers)
def test_figures_are_those_of_all_rows(tables: Tables, base: list[Cells], head: list[Cells]) -> None:
    tables.typed(TYPES, base, head)
    found = compared(tables)
    profile = found.describe()
    places = {pair.name: place for place, pair in enumerate(found.differing.columns)}
    wanted = {change.name for change in found.changes}
    if any(row.kind != "changed" for row in found.differing.rows):
        wanted = {"i", "d", "x", "h"}
    assert {change.column for change in profile.numbers} == wanted
    assert profile.rows_examined == profile.rows_differing == len(found.differing.rows)
    for change in profile.numbers:
        check(change.base, base, places[change.column])
        check(change.head, head, places[change.column])


@budget
@given(base=tables_of_numbers, head=tables_of_numbers)
def test_swapping_the_sides_swaps_the_figures(tables: Tables, base: list[Cells], head: list[Cells]) -> None:
    there = compared(tables.typed(TYPES, base, head)).describe().numbers
    back = compared(tables.typed(TYPES, head, base)).describe().numbers
    for one, other in zip(there, back, strict=True):
        assert one.column == other.column
        if one.column != "x":  # sums of floats that are almost alike are given as base's
            assert (one.base, one.head) == (other.head, other.base)


SLICED = "k INTEGER, s VARCHAR, i INTEGER, b BOOLEAN, v INTEGER"


@budget
@given(seed=st.integers(0, 10**6), condition=st.integers(0, 3), rows=st.integers(20, 150))
def test_shares_of_slices_are_exact(tables: Tables, seed: int, condition: int, rows: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (a repeatable table)
    options: list[str | None] = ["a", "b", "c", None]
    base = [
        (key, dice.choice(options), dice.randrange(3), dice.random() < 0.8, dice.randrange(10)) for key in range(rows)
    ]

    def rule(row: tuple[int, str | None, int, bool, int]) -> bool:
        return [row[1] == "a", row[1] is None, row[2] == 1 and not row[3], row[0] < 30][condition]

    head = [(*row[:4], row[4] + 1) if rule(row) and dice.random() < 0.9 else row for row in base]
    head = [row for row in head if not (rule(row) and dice.random() < 0.2)]
    more: list[tuple[int, str | None, int, bool, int]] = [
        (1000 + key, "d", 5, True, 0) for key in range(dice.randrange(4) * 10)
    ]
    head += more
    found = compared(tables.typed(SLICED, base, head))
    union = base + more
    keys = {int((row.base or row.head)[0] or 0) for row in found.differing.rows}
    differing = [row for row in union if row[0] in keys]
    slices = found.describe().slices
    assert len(slices) <= MOST_SLICES
    assert len({(one.column, one.value) for one in slices}) == len(slices)
    assert not slices or len(differing) >= FEWEST_ROWS
    for one in slices:
        place = ["k", "s", "i", "b", "v"].index(one.column)
        held = [row for row in differing if shown(row[place]) == one.value]
        whole = [row for row in union if shown(row[place]) == one.value]
        assert one.rows_differing == len(held)
        assert one.share_of_differing == pytest.approx(len(held) / len(differing))
        assert one.share_of_table == pytest.approx(len(whole) / len(union))
        assert one.lift >= LEAST_LIFT or one.share_of_differing == 1


def shown(cell: object) -> Value:
    return None if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def test_chance_does_not_look_like_concentration(tables: Tables) -> None:
    columns = ", ".join(f"hash(i, {index}) % {2 + index} AS c{index}" for index in range(8))
    for seed in range(40):
        tables.both(
            f"SELECT i AS k, {columns}, i AS v FROM range({300 + 50 * seed}) AS r(i)",
            f"SELECT * REPLACE (CASE WHEN hash(k, {seed}, 'x') % 7 = 0 THEN -1 ELSE v END AS v) FROM base.t",
        )
        assert compared(tables).describe().slices == ()


texts = st.sampled_from([None, "", "x", "X", "y", "z"])
numbers = st.sampled_from([None, "0", "1", "-1", "1.001", "50", "nan", "inf"])
cells = st.tuples(numbers, texts, texts)
keys = st.sampled_from([None, *(str(key) for key in range(30))])


@st.composite
def rows(draw: st.DrawFn) -> list[DifferingRow]:
    found = []
    for key in draw(st.lists(keys, unique=True, max_size=20)):
        old, new = (key, *draw(cells)), (key, *draw(cells))
        kinds = [added(*new), removed(*old), *([changed(old, new)] if old != new else [])]
        found.append(draw(st.sampled_from(kinds)))
    return found


@budget
@given(rows=rows(), limit=st.integers(0, 12), order=st.randoms())
def test_examples_are_rows_that_differ_each_once(rows: list[DifferingRow], limit: int, order: random.Random) -> None:
    columns = pairs_of(k="INTEGER", n="DOUBLE", s="VARCHAR", t="VARCHAR")
    found = choose_examples(Differing(columns, 1, tuple(rows), len(rows)), limit)
    shuffled = sorted(rows, key=lambda _: order.random())
    assert choose_examples(Differing(columns, 1, tuple(shuffled), len(rows)), limit) == found
    assert len(found) == min(limit, len(rows))
    places = {"changed": 0, "removed": 1, "added": 2}
    order_of = [(places[one.kind], one.key[0][1] is not None, Decimal(one.key[0][1] or 0)) for one in found]
    assert order_of == sorted(set(order_of))
    by_key = {(row.base or row.head)[0]: row for row in rows}
    for one in found:
        row = by_key[one.key[0][1]]
        assert one.kind == row.kind
        wanted = row.changed if row.kind == "changed" else {1, 2, 3}
        assert [cell.column for cell in one.cells] == [columns[place].name for place in sorted(wanted)]
        for cell, place in zip(one.cells, sorted(wanted), strict=True):
            assert cell.base == (row.base[place] if row.base else None)
            assert cell.head == (row.head[place] if row.head else None)
    occurring = {row.kind for row in rows}
    if limit >= len(occurring):
        assert {one.kind for one in found} == occurring
    shown_sets = {tuple(cell.column for cell in one.cells) for one in found if one.kind == "changed"}
    number = sum(one.kind == "changed" for one in found)
    assert len(shown_sets) == min(number, len({row.changed for row in rows if row.kind == "changed"}))
