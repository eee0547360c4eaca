"""Schemas against each other, and the type two columns are compared in."""

from __future__ import annotations

import pytest

from rocky_action.domain.diff import Column, SchemaDiff, TypeChange
from rocky_action.rowdiff.common_types import comparable
from rocky_action.rowdiff.schema import diff_schemas, pair_columns


def columns(*named: str) -> tuple[Column, ...]:
    return tuple(Column(*column.split(" ", 1)) for column in named)


def test_the_same_columns_are_no_difference() -> None:
    same = columns("id INTEGER", "amount DOUBLE")
    assert diff_schemas(same, same) == SchemaDiff()
    assert diff_schemas(same, same).is_empty


def test_added_removed_and_type_changes_are_told_apart() -> None:
    found = diff_schemas(
        columns("id INTEGER", "old DATE", "amount INTEGER"), columns("id INTEGER", "amount BIGINT", "n DATE")
    )
    assert found.added == columns("n DATE")
    assert found.removed == columns("old DATE")
    assert found.type_changes == (TypeChange("amount", "INTEGER", "BIGINT"),)
    assert not found.reordered


@pytest.mark.parametrize(
    ("base", "head", "reordered"),
    [("a b", "b a", True), ("a b c", "a c", False), ("a b", "x a b", False), ("a b c", "c x a", True)],
)
def test_only_common_columns_decide_the_order(base: str, head: str, reordered: bool) -> None:
    left, right = (tuple(Column(name, "INTEGER") for name in side.split()) for side in (base, head))
    assert diff_schemas(left, right).reordered is reordered


def test_case_of_names_does_not_matter_and_head_spells_them() -> None:
    found = diff_schemas(columns("ID INTEGER", "Amount INTEGER"), columns("id INTEGER", "AMOUNT DATE"))
    assert found == SchemaDiff(type_changes=(TypeChange("AMOUNT", "INTEGER", "DATE"),))


def test_names_that_differ_in_case_only_stay_apart_where_a_warehouse_has_both() -> None:
    both, one = columns("a INTEGER", "A INTEGER"), columns("A INTEGER")
    assert diff_schemas(both, both).is_empty
    assert diff_schemas(both, one).removed == columns("a INTEGER")
    assert diff_schemas(one, both).added == columns("a INTEGER")
    assert [pair.base.name for pair in pair_columns(both, both)] == ["a", "A"]


@pytest.mark.parametrize(
    ("base", "head", "cast", "has_caveat"),
    [
        ("INTEGER", "INTEGER", None, False),
        ("INTEGER", "BIGINT", "BIGINT", False),
        ("BIGINT", "UBIGINT", "HUGEINT", False),
        ("INTEGER", "DECIMAL(18,2)", "DECIMAL(18,2)", False),
        ("BIGINT", "DECIMAL(18,2)", "DECIMAL(21,2)", False),
        ("HUGEINT", "DECIMAL(18,2)", "VARCHAR", True),
        ("DECIMAL(10,2)", "DECIMAL(18,4)", "DECIMAL(18,4)", False),
        ("DECIMAL(38,0)", "DECIMAL(38,10)", "VARCHAR", True),
        ("INTEGER", "DOUBLE", "DOUBLE", False),
        ("BIGINT", "DOUBLE", "DOUBLE", True),
        ("DECIMAL(10,2)", "DOUBLE", "DOUBLE", False),
        ("DECIMAL(18,2)", "DOUBLE", "DOUBLE", True),
        ("FLOAT", "DOUBLE", "DOUBLE", False),
        ("DATE", "TIMESTAMP", "TIMESTAMP", False),
        ("TIMESTAMP_S", "TIMESTAMP", "TIMESTAMP", False),
        ("TIMESTAMP", "TIMESTAMP_NS", "VARCHAR", True),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", True),
        ("INTEGER", "VARCHAR", "VARCHAR", True),
        ("BOOLEAN", "INTEGER", "VARCHAR", True),
        ("ENUM('a', 'b')", "ENUM('b', 'a')", "VARCHAR", True),
        ("INTEGER[]", "BIGINT[]", "VARCHAR", True),
        ("INTERVAL", "INTERVAL", "VARCHAR", False),
        ("INTERVAL[]", "INTERVAL[]", "VARCHAR", False),
    ],
)
def test_the_common_type(base: str, head: str, cast: str | None, has_caveat: bool) -> None:
    for left, right in ((base, head), (head, base)):
        found = comparable(left, right)
        assert (found.cast, found.caveat is not None) == (cast, has_caveat)
