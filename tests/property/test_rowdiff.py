"""The diff against dictionaries and counters, over random tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Exhaustive, ModelDiff, RowExample, Sampled
from rocky_action.domain.options import Algorithm
from tests.support.rowdiff_oracle import in_key_order, is_unique, key_of, keyed_truth, multiset_truth
from tests.support.rowdiff_tables import Tables, cells, counts, open_tables, request, unpaired

COLUMNS = {"k": "INTEGER", "l": "VARCHAR", "v": "INTEGER", "w": "DOUBLE", "s": "VARCHAR"}
NAMES = list(COLUMNS)
KEY = (0, 1)
KEY_NAMES = ("k", "l")
NAN = float("nan")
Cells = tuple[object, ...]
Rows = list[Cells]

keys = st.tuples(st.sampled_from([None, 0, 1, 2, 10]), st.sampled_from([None, "", "a", "A"]))
values = st.tuples(
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from([None, 0.0, -0.0, 1.5, NAN]),
    st.sampled_from([None, "", "x", "X"]),
)
unique_rows: st.SearchStrategy[Rows] = st.dictionaries(keys, values, max_size=14).map(
    lambda found: [key + rest for key, rest in found.items()]
)
any_rows: st.SearchStrategy[Rows] = st.lists(st.tuples(keys, values).map(lambda pair: pair[0] + pair[1]), max_size=12)
budget = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def edited(draw: st.DrawFn, rows: st.SearchStrategy[Rows]) -> tuple[Rows, Rows]:
    """Base, and head made from it as people make it: rows lost, swapped, rotated, a column changed on every row."""
    base = draw(rows)
    head = [list(row) for row in base]
    for edit in draw(st.lists(st.sampled_from(["lose", "rotate", "swap", "column", "alike"]), max_size=3)):
        column = draw(st.integers(2, 4))
        value = draw(values)[column - 2]
        if edit == "lose":
            head = [row for row in head if draw(st.booleans())]
        elif edit == "rotate" and head:
            moved = [head[-1][column], *(row[column] for row in head[:-1])]
            head = [[*row[:column], cell, *row[column + 1 :]] for row, cell in zip(head, moved, strict=True)]
        elif edit == "swap" and len(head) > 1:
            head[0][column], head[1][column] = head[1][column], head[0][column]
        elif edit == "column":
            head = [[*row[:column], value, *row[column + 1 :]] for row in head]
        else:
            head = [[*row[:column], value, *row[column + 1 :]] if row[2] == 1 else row for row in head]
    return base, draw(st.permutations([tuple(row) for row in head]))


unique_pairs = st.one_of(st.tuples(unique_rows, unique_rows), edited(unique_rows))
any_pairs = st.one_of(st.tuples(any_rows, any_rows), edited(any_rows))


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def filled(tables: Tables, pair: tuple[Sequence[Cells], Sequence[Cells]]) -> Tables:
    return tables.typed(", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items()), *pair)


def plain(rows: Sequence[Cells]) -> Rows:
    """Rows in which Python finds equal what SQL calls not distinct."""
    return [tuple("NaN" if cell != cell else cell for cell in row) for row in rows]  # noqa: PLR0124 (NaN is what differs from itself)


def shown(cell: object) -> str | None:
    return None if cell is None else str(cell)


def shown_key(key: Sequence[object]) -> tuple[tuple[str, str | None], ...]:
    return tuple(zip(KEY_NAMES, map(shown, key), strict=True))


def balances(diff: ModelDiff) -> bool:
    rows = diff.rows
    return (rows.rows_base or 0) + (rows.added or 0) - (rows.removed or 0) == rows.rows_head


def mirrored(example: RowExample) -> tuple[object, ...]:
    return example.key, {column: (head, base) for column, (base, head) in cells(example).items()}, example.count


@budget
@given(pair=unique_pairs)
def test_the_keyed_diff_is_exact(tables: Tables, pair: tuple[Rows, Rows]) -> None:
    base, head = map(plain, pair)
    truth = keyed_truth(base, head, KEY)
    found = filled(tables, pair).ask(replace(request(KEY_NAMES), max_samples=1000))
    assert found.coverage == Exhaustive("keyed")
    assert counts(found) == (truth.added.total(), truth.removed.total(), len(truth.changed))
    assert {NAMES.index(column.name): column.rows_changed for column in found.rows.columns} == truth.columns
    assert (found.rows.rows_base, found.rows.rows_head) == (len(base), len(head))
    assert balances(found)
    in_order = {"changed": truth.changed, "removed": truth.removed, "added": truth.added}
    expected = [
        (kind, shown_key(key)) for kind, found_keys in in_order.items() for key in in_key_order(list(found_keys))
    ]
    assert [(example.kind, example.key) for example in found.rows.examples] == expected


@budget
@given(pair=unique_pairs)
def test_changed_examples_show_changed_cells_only(tables: Tables, pair: tuple[Rows, Rows]) -> None:
    base, head = ({shown_key(key_of(row, KEY)): row for row in plain(rows)} for rows in pair)
    found = filled(tables, pair).ask(replace(request(KEY_NAMES), max_samples=1000))
    for example in found.rows.examples:
        if example.kind == "changed":
            left, right = base[example.key], head[example.key]
            assert set(cells(example)) == {
                name for name, old, new in zip(NAMES, left, right, strict=True) if old != new
            }


@budget
@given(pair=any_pairs, declared=st.booleans())
def test_the_multiset_diff_is_exact(tables: Tables, pair: tuple[Rows, Rows], declared: bool) -> None:
    base, head = map(plain, pair)
    found = filled(tables, pair).ask(replace(request(*([KEY_NAMES] if declared else [])), max_samples=1000))
    if declared and is_unique(base, KEY) and is_unique(head, KEY):
        assert found.coverage == Exhaustive("keyed")
        return
    truth = multiset_truth(base, head)
    assert found.coverage == Exhaustive("multiset")
    assert counts(found) == (truth.added.total(), truth.removed.total(), None)
    assert balances(found)
    for kind, expected in (("added", truth.added), ("removed", truth.removed)):
        examples = [example for example in found.rows.examples if example.kind == kind]
        assert sorted(example.count for example in examples) == sorted(expected.values())
    if declared and found.key is not None:
        for rows, unique, duplicates in (
            (base, found.key.unique_base, found.key.duplicate_keys_base),
            (head, found.key.unique_head, found.key.duplicate_keys_head),
        ):
            repeated = [key for key, count in Counter(key_of(row, KEY) for row in rows).items() if count > 1]
            assert (unique, duplicates) == (not repeated, len(repeated))


@budget
@given(rows=any_rows, declared=st.booleans(), algorithm=st.sampled_from(Algorithm))
def test_a_table_does_not_differ_from_itself(tables: Tables, rows: Rows, declared: bool, algorithm: Algorithm) -> None:
    wanted = replace(request(*([KEY_NAMES] if declared else [])), algorithm=algorithm)
    found = filled(tables, (rows, rows[::-1])).ask(wanted)
    assert found.is_empty
    assert isinstance(found.coverage, Exhaustive)
    assert found.rows.examples == ()


@budget
@given(pair=any_pairs, declared=st.booleans())
def test_swapping_the_sides_swaps_added_and_removed(tables: Tables, pair: tuple[Rows, Rows], declared: bool) -> None:
    wanted = replace(request(*([KEY_NAMES] if declared else [])), max_samples=1000)
    there = filled(tables, pair).ask(wanted)
    back = tables.ask(wanted, swap=True)
    assert counts(there) == (back.rows.removed, back.rows.added, back.rows.changed)
    assert there.rows.columns == back.rows.columns
    assert there.coverage == back.coverage
    for kind, opposite in (("changed", "changed"), ("added", "removed"), ("removed", "added")):
        one = [mirrored(example) for example in there.rows.examples if example.kind == kind]
        other = [
            (example.key, cells(example), example.count) for example in back.rows.examples if example.kind == opposite
        ]
        assert one == other


@budget
@given(pair=unique_pairs, size=st.integers(1, 12))
def test_a_sample_is_exact_in_its_window_and_never_exceeds_the_truth(
    tables: Tables, pair: tuple[Rows, Rows], size: int
) -> None:
    base, head = map(plain, pair)
    whole = keyed_truth(base, head, KEY)
    found = filled(tables, pair).sample(KEY_NAMES, size)
    union = in_key_order(list({key_of(row, KEY) for row in base + head}))
    longer = max(len(base), len(head))
    total = longer if size < longer else len(base) + len(head)
    assert found.coverage == (Sampled(size, total, KEY_NAMES) if len(union) > size else Exhaustive("keyed"))
    window = set(union[:size])
    inside = [[row for row in rows if key_of(row, KEY) in window] for rows in (base, head)]
    truth = keyed_truth(inside[0], inside[1], KEY)
    assert counts(found) == (truth.added.total(), truth.removed.total(), len(truth.changed))
    assert {NAMES.index(column.name): column.rows_changed for column in found.rows.columns} == truth.columns
    assert (found.rows.rows_base, found.rows.rows_head) == (len(base), len(head))
    assert (found.rows.added or 0) <= whole.added.total()
    assert (found.rows.removed or 0) <= whole.removed.total()
    assert (found.rows.changed or 0) <= len(whole.changed)


@budget
@given(pair=unique_pairs, type_=st.sampled_from(["BIGINT", "DECIMAL(9,3)", "DOUBLE", "HUGEINT", "VARCHAR", "UBIGINT"]))
def test_a_type_change_alone_changes_nothing_else(tables: Tables, pair: tuple[Rows, Rows], type_: str) -> None:
    filled(tables, pair).run(f"ALTER TABLE head.t ALTER v TYPE {type_}", "ALTER TABLE head.t ALTER k TYPE BIGINT")
    base, head = map(plain, pair)
    truth = keyed_truth(base, head, KEY)
    found = tables.diff(KEY_NAMES)
    assert counts(found) == (truth.added.total(), truth.removed.total(), len(truth.changed))
    multisets = multiset_truth(base, head)
    assert unpaired(tables.diff()) == (multisets.added.total(), multisets.removed.total(), None)
    assert {change.name for change in found.schema.type_changes} == {"k", "v"}
