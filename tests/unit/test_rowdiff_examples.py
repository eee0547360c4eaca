"""Which differing rows are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.diff import CellChange, RowExample, Value
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.examples import choose_examples
from tests.support.differing_rows import added, changed, pairs_of, removed

COLUMNS = pairs_of(k="INTEGER", n="DOUBLE", s="VARCHAR")


def differing(*rows: DifferingRow, keys: int = 1, masked: frozenset[str] = frozenset()) -> Differing:
    return Differing(COLUMNS, keys, rows, len(rows), masked)


def keys(examples: tuple[RowExample, ...]) -> list[tuple[str, Value]]:
    return [(example.kind, example.key[0][1]) for example in examples]


def number_changes(*moves: tuple[Value, Value]) -> Differing:
    return differing(*(changed((str(key), old, "x"), (str(key), new, "x")) for key, (old, new) in enumerate(moves)))


def chosen_moves(moves: list[tuple[Value, Value]], limit: int) -> list[tuple[Value, Value]]:
    examples = choose_examples(number_changes(*moves), limit)
    return [(example.cells[0].base, example.cells[0].head) for example in examples]


def test_kinds_come_in_their_order_and_keys_in_theirs() -> None:
    rows = [added("2", None, None), added("10", None, None), removed("3", None, None), added(None, None, None)]
    found = choose_examples(differing(changed(("9", "1", "x"), ("9", "2", "x")), *rows), 10)
    assert keys(found) == [("changed", "9"), ("removed", "3"), ("added", None), ("added", "2"), ("added", "10")]


def test_every_kind_gets_a_share_of_the_limit() -> None:
    rows = [changed((f"{key}", "1", "x"), (f"{key}", "2", "x")) for key in range(10)]
    rows += [removed(f"{key}", "1", "x") for key in range(10, 20)]
    rows += [added(f"{key}", "1", "x") for key in range(20, 30)]
    assert [kind for kind, _ in keys(choose_examples(differing(*rows), 5))] == [
        "changed",
        "changed",
        "removed",
        "removed",
        "added",
    ]
    assert [kind for kind, _ in keys(choose_examples(differing(*rows), 2))] == ["changed", "removed"]
    assert choose_examples(differing(*rows), 0) == ()
    few = [*rows[:10], rows[10], rows[20]]
    assert [kind for kind, _ in keys(choose_examples(differing(*few), 5))] == ["changed"] * 3 + ["removed", "added"]


def test_another_set_of_columns_comes_before_another_value() -> None:
    rows = [changed((f"{key}", "1", "x"), (f"{key}", f"{key + 2}", "x")) for key in range(20)]
    rows += [changed(("50", "1", "x"), ("50", "1", "y")), changed(("60", "1", "x"), ("60", "99", "y"))]
    assert keys(choose_examples(differing(*rows), 3)) == [("changed", "0"), ("changed", "50"), ("changed", "60")]


@pytest.mark.parametrize(
    "other",
    [
        (None, "1"),
        ("1", None),
        ("1", "-1"),
        ("1", "1.001"),
        ("1", "9"),
        ("0", "5"),
        ("1", "nan"),
        ("-inf", "1"),
    ],
)
def test_another_kind_of_change_comes_before_another_value(other: tuple[Value, Value]) -> None:
    usual: list[tuple[Value, Value]] = [("100", "120"), ("100", "121"), ("100", "122")]
    assert chosen_moves([*usual, other], 2) == [usual[0], other]


@pytest.mark.parametrize("other", [("x", "X"), ("a b", "a  b"), ("x", " ")])
def test_texts_that_differ_in_case_or_blanks_only_are_another_kind_of_change(other: tuple[str, str]) -> None:
    texts = [("x", "y"), ("x", "z"), other]
    rows = [changed((str(key), "1", old), (str(key), "1", new)) for key, (old, new) in enumerate(texts)]
    found = choose_examples(differing(*rows), 2)
    assert [(example.cells[0].base, example.cells[0].head) for example in found] == [("x", "y"), other]


def test_once_everything_was_shown_it_is_shown_again() -> None:
    usual, other = ("1", "2"), (None, "3")
    assert chosen_moves([usual, usual, usual, other, other], 4) == [usual, usual, other, other]
    assert chosen_moves([usual, other], 9) == [usual, other]


def test_a_change_of_the_sign_is_not_just_a_large_one() -> None:
    assert chosen_moves([("1", "9"), ("1", "8"), ("1", "-1")], 2) == [("1", "9"), ("1", "-1")]


def test_added_rows_are_chosen_by_their_values() -> None:
    rows = [added(f"{key}", "1", "x") for key in range(5)] + [added("7", "2", "x"), added("8", "3", "y")]
    assert keys(choose_examples(differing(*rows), 2)) == [("added", "0"), ("added", "8")]


def test_what_tells_a_changed_row_from_others_is_its_key_or_all_that_is_alike() -> None:
    row = changed(("7", "1", None), ("7", "2", None))
    by_key, without = (choose_examples(differing(row, keys=number), 1)[0] for number in (1, 0))
    assert (by_key.key, by_key.alike) == ((("k", "7"),), ())
    assert (without.key, without.alike) == ((), (("k", "7"), ("s", None)))
    assert without.cells == by_key.cells == (CellChange("n", "1", "2"),)
    hidden = choose_examples(differing(row, keys=0, masked=frozenset({"k"})), 1)[0]
    assert hidden.alike == (("s", None),)


def test_only_changed_cells_are_shown_and_all_cells_of_other_rows() -> None:
    found = choose_examples(
        differing(changed(("1", "1", "x"), ("1", "2", "x")), removed("2", "5", None), added("3", None, "z", count=4)), 3
    )
    assert found == (
        RowExample("changed", (("k", "1"),), (CellChange("n", "1", "2"),)),
        RowExample("removed", (("k", "2"),), (CellChange("n", "5", None), CellChange("s", None, None))),
        RowExample("added", (("k", "3"),), (CellChange("n", None, None), CellChange("s", None, "z")), 4),
    )


def test_without_a_key_rows_stand_in_the_order_of_their_values() -> None:
    found = choose_examples(differing(added("10", "1", "x"), added("9", "nan", "x"), added("9", "2", "x"), keys=0), 3)
    assert [tuple(cell.head for cell in example.cells) for example in found] == [
        ("9", "2", "x"),
        ("9", "nan", "x"),
        ("10", "1", "x"),
    ]
    assert all(example.key == () for example in found)


def test_masked_values_are_not_shown() -> None:
    row = replace(changed(("1", "1", None), ("1", "2", None)), changed=frozenset({1, 2}))
    found = choose_examples(differing(row, removed("2", "1", None), masked=frozenset({"s"})), 2)
    assert found[0].cells == (CellChange("n", "1", "2"), CellChange("s", None, None, masked=True))
    assert found[1].cells == (CellChange("n", "1", None), CellChange("s", None, None, masked=True))
    hidden = choose_examples(differing(added(None, "1", "x"), masked=frozenset({"k"})), 1)
    assert hidden[0].key == (("k", "(masked)"),)


def test_columns_whose_names_differ_in_case_are_masked() -> None:
    upper = Differing(pairs_of(K="INTEGER", S="VARCHAR"), 1, (added("1", None),), 1, frozenset({"s"}))
    assert choose_examples(upper, 1)[0].cells == (CellChange("S", None, None, masked=True),)
