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
    ("base", "head", "type_", "has_caveat"),
    [
        ("INTEGER", "INTEGER", "INTEGER", False),
        ("INTEGER", "BIGINT", "BIGINT", False),
        ("BIGINT", "UBIGINT", "HUGEINT", False),
        ("UBIGINT", "UHUGEINT", "UHUGEINT", False),
        ("BIGINT", "UHUGEINT", "VARCHAR", False),
        ("INTEGER", "DECIMAL(18,2)", "DECIMAL(18,2)", False),
        ("BIGINT", "DECIMAL(18,2)", "DECIMAL(21,2)", False),
        ("HUGEINT", "DECIMAL(18,2)", "VARCHAR", False),
        ("DECIMAL(10,2)", "DECIMAL(18,4)", "DECIMAL(18,4)", False),
        ("DECIMAL(38,0)", "DECIMAL(38,10)", "VARCHAR", False),
        ("INTEGER", "BIGNUM", "VARCHAR", False),
        ("INTEGER", "DOUBLE", "DOUBLE", False),
        ("BIGINT", "DOUBLE", "DOUBLE", True),
        ("DECIMAL(10,2)", "DOUBLE", "DOUBLE", False),
        ("DECIMAL(18,2)", "DOUBLE", "DOUBLE", True),
        ("BIGNUM", "DOUBLE", "VARCHAR", True),
        ("FLOAT", "DOUBLE", "DOUBLE", False),
        ("BOOLEAN", "INTEGER", "BIGINT", True),
        ("BOOLEAN", "DOUBLE", "DOUBLE", True),
        ("BOOLEAN", "BIGNUM", "VARCHAR", True),
        ("BOOLEAN", "DECIMAL(38,38)", "VARCHAR", True),
        ("DATE", "TIMESTAMP", "VARCHAR", False),
        ("TIMESTAMP_S", "TIMESTAMP", "TIMESTAMP", False),
        ("TIMESTAMP", "TIMESTAMP_NS", "VARCHAR", False),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", True),
        ("TIMESTAMPTZ_NS", "TIMESTAMP WITH TIME ZONE", "VARCHAR", False),
        ("TIME", "TIME_NS", "VARCHAR", False),
        ("TIME", "TIME WITH TIME ZONE", "VARCHAR", True),
        ("DATE", "TIME", "VARCHAR", True),
        ("INTEGER", "VARCHAR", "VARCHAR", True),
        ("BLOB", "VARCHAR", "VARCHAR", True),
        ("UUID", "VARCHAR", "VARCHAR", True),
        ("ENUM('a', 'b')", "ENUM('b', 'a')", "VARCHAR", False),
        ("ENUM('a', 'b')", "VARCHAR", "VARCHAR", False),
        ("JSON", "VARCHAR", "VARCHAR", False),
        ("INTEGER[]", "BIGINT[]", "BIGINT[]", False),
        ("INTEGER[3]", "BIGINT[2]", "BIGINT[]", False),
        ("INTEGER[][]", "BIGINT[][]", "BIGINT[][]", False),
        ("VARCHAR[2]", "VARCHAR[]", "VARCHAR", False),
        ("BIGINT[]", "DOUBLE[]", "DOUBLE[]", True),
        ("INTEGER[]", "VARCHAR[]", "VARCHAR", True),
        ("STRUCT(a INTEGER)", "STRUCT(a BIGINT)", "VARCHAR", True),
        ("INTERVAL", "INTERVAL", "VARCHAR", False),
        ("INTERVAL[]", "INTERVAL[]", "VARCHAR", False),
        ("VARIANT", "VARIANT", "VARCHAR", True),
        ('"NULL"', "DECIMAL(9,2)", "DECIMAL(9,2)", False),
    ],
)
def test_the_common_type(base: str, head: str, type_: str, has_caveat: bool) -> None:
    for left, right in ((base, head), (head, base)):
        found = comparable(left, right)
        assert (found.type, found.caveat is not None) == (type_, has_caveat)


def test_a_caveat_does_not_recite_a_long_type() -> None:
    caveat = comparable(f"STRUCT({', '.join(f'column_{number} INTEGER' for number in range(50))})", "INTEGER").caveat
    assert caveat is not None
    assert len(caveat) < 150
