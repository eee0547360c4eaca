"""Which removed and added rows of a table without a key are one changed row, and which only might be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.diff import Column, ColumnChange, RowDiff
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.pairing import MOST_ROWS, Pairing, pair_rows
from rocky_action.rowdiff.schema import ColumnPair, pair_columns

Texts = tuple[str | None, ...]


def columns(count: int, type_: str = "VARCHAR") -> tuple[ColumnPair, ...]:
    made = [Column(f"c{place}", type_) for place in range(count)]
    return pair_columns(made, made)


def differing(removed: list[Texts], added: list[Texts], *, type_: str = "VARCHAR") -> Differing:
    rows = [DifferingRow("removed", base=row) for row in removed] + [DifferingRow("added", head=row) for row in added]
    return Differing(columns(len((removed + added)[0]), type_), 0, tuple(rows), len(rows))


def pairs(found: Pairing) -> list[tuple[Texts, Texts, set[int]]]:
    return [(row.base, row.head, set(row.changed)) for row in found.changed]


def test_rows_that_agree_in_all_columns_but_one_are_one_changed_row() -> None:
    old, new, other = ("a", "b", "c", "1"), ("a", "b", "c", "2"), ("x", "y", "z", "3")
    found = pair_rows(differing([old], [other, new]))
    assert found == Pairing((DifferingRow("changed", old, new, frozenset({3})),), (DifferingRow("added", head=other),))


def test_two_that_are_as_near_are_ambiguous_from_either_side() -> None:
    one, other, third = ("a", "b", "c", "1"), ("a", "b", "c", "2"), ("a", "b", "c", "3")
    for asked in (differing([one], [other, third]), differing([other, third], [one])):
        assert pair_rows(asked) == Pairing((), asked.rows)


def test_the_nearer_one_is_taken_and_the_farther_one_left() -> None:
    old, near, far = tuple("abcdef"), tuple("abcdeX"), tuple("abcdYX")
    assert pairs(pair_rows(differing([old], [far, near]))) == [(old, near, {5})]
    assert pairs(pair_rows(differing([far, near], [old]))) == [(near, old, {5})]


def test_who_is_nearer_to_somebody_else_is_not_given_the_next_best() -> None:
    """Far is nearest to old, and old is nearer to near: what far was is not known."""
    old, near, far = tuple("abcdef"), tuple("abcdeX"), tuple("abcdYY")
    other_old = tuple("abcZZf")
    found = pair_rows(differing([old, other_old], [near, far]))
    assert pairs(found) == [(old, near, {5})]


@pytest.mark.parametrize(
    ("width", "changes", "is_paired"),
    [
        (2, 1, True),
        (3, 1, True),
        (3, 2, False),
        (5, 2, False),
        (6, 2, True),
        (6, 3, False),
        (9, 3, True),
        (9, 4, False),
    ],
)
def test_up_to_a_third_of_the_columns_may_differ(width: int, changes: int, is_paired: bool) -> None:
    old = tuple("a" * width)
    new = tuple("b" * changes + "a" * (width - changes))
    assert bool(pair_rows(differing([old], [new])).changed) is is_paired


def test_one_column_says_nothing_about_which_row_was_which() -> None:
    assert not pair_rows(differing([("a",)], [("b",)])).changed


def test_rows_that_share_nothing_but_absence_do_not_belong_together() -> None:
    assert not pair_rows(differing([(None, None, "1")], [(None, None, "2")])).changed
    assert pair_rows(differing([(None, "x", "1")], [(None, "x", "2")])).changed


def test_null_is_not_the_empty_text() -> None:
    assert pairs(pair_rows(differing([("x", None)], [("x", "")]))) == [(("x", None), ("x", ""), {1})]


def test_a_row_that_occurs_twice_is_ambiguous() -> None:
    asked = differing([("a", "b", "1")], [("a", "b", "2")])
    once, twice = asked.rows[0], asked.rows[1]
    for rows in ((once, replace(twice, count=2)), (replace(once, count=2), twice)):
        found = pair_rows(replace(asked, rows=rows, total=3))
        assert found == Pairing((), rows)


def test_texts_that_look_alike_are_no_change() -> None:
    """Values may differ and read the same; then there is no cell to show."""
    assert not pair_rows(differing([("a", "b", "c")], [("a", "b", "c")])).changed


@pytest.mark.parametrize(
    ("type_", "zero"), [("DOUBLE", "-0.0"), ("FLOAT[]", "[1.5, -0.0]"), ("STRUCT(a DOUBLE)", "{'a': -0.0}")]
)
def test_the_two_zeros_of_a_float_are_one_value(type_: str, zero: str) -> None:
    old, new = (zero, "1.5", "2.5"), (zero.replace("-", ""), "1.5", "3.5")
    assert pairs(pair_rows(differing([old], [new], type_=type_))) == [(old, new, {2})]
    assert not pair_rows(differing([old], [new])).changed  # as texts they are two


@pytest.mark.parametrize("near", ["-0.01", "-0.0e5", "a-0.0", "1-0.0"])
def test_only_the_zero_itself_is_taken_for_the_other(near: str) -> None:
    old, new = (near, "x", "y"), (near.replace("-", ""), "x", "y")
    assert pairs(pair_rows(differing([old], [new], type_="DOUBLE"))) == [(old, new, {0})]


def test_a_masked_value_is_not_known_to_agree() -> None:
    asked = replace(differing([("a", "b", None)], [("a", "c", None)]), masked=frozenset({"c2"}))
    found = pair_rows(asked)
    assert found == Pairing((), asked.rows, "changed rows were not paired, because masked values are not read")
    assert pair_rows(replace(asked, masked=frozenset({"elsewhere"}))).changed


def test_some_of_the_differing_rows_do_not_say_who_else_is_near() -> None:
    asked = differing([("a", "b", "1")], [("a", "b", "2")])
    for total, why in ((3, "only some that differ were read"), (MOST_ROWS + 1, f"more than {MOST_ROWS:,} rows differ")):
        found = pair_rows(replace(asked, total=total))
        assert found == Pairing((), asked.rows, f"changed rows were not paired, because {why}")


def test_copies_of_few_rows_are_few_rows() -> None:
    many = DifferingRow("added", head=("x", "y", "z"), count=MOST_ROWS)
    asked = differing([("a", "b", "1")], [("a", "b", "2")])
    assert len(pair_rows(replace(asked, rows=(*asked.rows, many), total=MOST_ROWS + 2)).changed) == 1


@pytest.mark.parametrize(("rows", "is_paired"), [(MOST_ROWS // 2, True), (MOST_ROWS // 2 + 1, False)])
def test_at_most_so_many_rows_are_compared(rows: int, is_paired: bool) -> None:
    """Every value of these is another one: the most that a field has to number."""
    old: list[Texts] = [(str(row), f"k{row}", f"o{row}") for row in range(rows)]
    new: list[Texts] = [(str(row), f"k{row}", f"n{row}") for row in range(rows)]
    found = pair_rows(differing(old, new))
    assert (found.reason is None) is is_paired
    both = sorted(zip(old, new, strict=True), key=lambda rows: rows[1])
    assert pairs(found) == ([(*rows, {2}) for rows in both] if is_paired else [])


def test_distances_are_right_however_many_values_a_column_has() -> None:
    """A number too large for its field would be lost, and the rival as near as the nearest."""
    count = MOST_ROWS // 2
    target, new, rival = ("x", "p", "q", "r", "s", "0"), ("y", "p", "q", "r", "s", "0"), ("x", "p", "q", "r", "X", "-1")
    olds: list[Texts] = [target, *((*"12345", f"o{row}") for row in range(count - 1))]
    news: list[Texts] = [*((*"67890", f"n{row}") for row in range(count - 2)), rival, new]
    assert pairs(pair_rows(differing(olds, news))) == [(target, new, {0})]


def test_nothing_pairs_with_nothing() -> None:
    for asked in (differing([("a", "b")], []), differing([], [("a", "b")]), Differing((), 0, (), 0)):
        assert pair_rows(asked) == Pairing((), asked.rows)


def test_pairs_are_counted_as_changed_beside_what_was_changed_before() -> None:
    found = pair_rows(differing([("a", "b", "1"), ("c", "d", "1")], [("a", "b", "2"), ("c", "X", "1")]))
    rows = RowDiff(10, 11, added=5, removed=4, changed=3, columns=(ColumnChange("c2", 3),))
    assert found.counted(rows, columns(3)) == RowDiff(
        10, 11, added=3, removed=2, changed=5, columns=(ColumnChange("c1", 1), ColumnChange("c2", 4)), paired=2
    )
    again = found.counted(found.counted(rows, columns(3)), columns(3))
    assert (again.changed, again.paired) == (7, 4)


def test_without_pairs_or_without_counts_nothing_is_counted() -> None:
    rows = RowDiff(10, 11, added=5, removed=4)
    assert Pairing((), ()).counted(rows, columns(3)) is rows
    unknown = RowDiff(10, 11)
    paired = pair_rows(differing([("a", "b", "1")], [("a", "b", "2")]))
    assert paired.counted(unknown, columns(3)) is unknown
