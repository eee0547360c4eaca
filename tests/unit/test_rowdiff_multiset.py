"""The multiset diff: each copy of a row counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import Exhaustive
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.request import DiffRequest
from tests.support.rowdiff_tables import Tables, cells, counts, open_tables, unpaired

DUPLICATED = "SELECT range // 2 AS id, 'x' AS v FROM range(40000)"


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def test_one_copy_of_a_duplicated_row_lost(tables: Tables) -> None:
    found = tables.both(DUPLICATED, f"{DUPLICATED} WHERE range <> 77").diff()
    assert counts(found) == (0, 1, None)
    assert found.coverage == Exhaustive("multiset")
    (example,) = found.rows.examples
    assert (example.kind, example.key, example.count, cells(example)) == (
        "removed",
        (),
        1,
        {"id": ("38", None), "v": ("x", None)},
    )


def test_one_copy_of_a_duplicated_key_lost(tables: Tables) -> None:
    found = tables.both(DUPLICATED, f"{DUPLICATED} WHERE range <> 77").diff(("id",))
    assert counts(found) == (0, 1, 0)
    assert found.coverage == Exhaustive("keyed")
    (example,) = found.rows.examples
    assert (example.kind, example.key, example.count, cells(example)) == (
        "removed",
        (("id", "38"),),
        1,
        {"v": ("x", None)},
    )


@pytest.mark.parametrize(("keys", "changed"), [((), None), ((("id",),), 0)])
def test_two_equal_rows_become_two_other_equal_rows(
    tables: Tables, keys: tuple[tuple[str, ...], ...], changed: int | None
) -> None:
    """XOR of hashes cancels both pairs."""
    found = tables.both(DUPLICATED, DUPLICATED.replace("'x'", "if(range // 2 = 38, 'y', 'x')")).diff(*keys)
    assert counts(found) == (2, 2, changed)
    assert [(example.kind, example.count) for example in found.rows.examples] == [("removed", 2), ("added", 2)]


def test_a_row_with_a_null_key_lost(tables: Tables) -> None:
    base = "SELECT nullif(range, 5) AS id, 'x' AS v FROM range(40000)"
    assert unpaired(tables.both(base, f"{base} WHERE range <> 5").diff()) == (0, 1, None)
    assert counts(tables.diff(("id",))) == (0, 1, 0)


def test_equal_rows_cancel_in_any_order(tables: Tables) -> None:
    base = "SELECT range % 7 AS a, NULL AS b, 'nan'::DOUBLE AS c FROM range(1000)"
    found = tables.both(base, f"{base} ORDER BY hash(range)").diff()
    assert found.is_empty
    assert (found.rows.rows_base, found.rows.rows_head) == (1000, 1000)


def test_columns_are_matched_by_name_and_not_by_place(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS a, 2 AS b", "SELECT 2 AS b, 1 AS a").diff()
    assert counts(found) == (0, 0, None)
    assert unpaired(tables.both("SELECT 1 AS a, 2 AS b", "SELECT 2 AS a, 1 AS b").diff()) == (1, 1, None)


def test_ignored_columns_do_not_tell_rows_apart(tables: Tables) -> None:
    tables.both("SELECT 1 AS a, range AS b FROM range(3)", "SELECT 1 AS a, 9 AS b FROM range(4)")
    assert unpaired(tables.diff(options=ModelOptions(ignore_columns=("b",)))) == (1, 0, None)


@pytest.mark.parametrize("few_rows", [0, 100])
def test_tolerances_without_a_key_are_said_to_be_unused(tables: Tables, few_rows: int) -> None:
    tables.both(
        "SELECT range::DOUBLE AS a FROM range(30)", "SELECT if(range = 3, 3.5, range)::DOUBLE AS a FROM range(30)"
    )
    near = ModelOptions(key=(), tolerances=(("a", Tolerance(1.0)),))
    found = tables.ask(DiffRequest("t", options=near, few_rows=few_rows))
    assert counts(found) == (1, 1, None)
    assert found.proof.way == ("groups" if few_rows else "positions")
    assert found.notes == ("tolerances need a key: all values were compared exactly",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("union_value(a := 1)::UNION(a INTEGER, b VARCHAR)", "union_value(b := '1')::UNION(a INTEGER, b VARCHAR)"),
        ("'101'::BIT", "'0101'::BIT"),
        ("'{\"a\":1}'::JSON", "'{\"a\": 2}'::JSON"),
        ("'\\x00'::BLOB", "''::BLOB"),
        ("'00000000-0000-0000-0000-000000000001'::UUID", "'80000000-0000-0000-0000-000000000001'::UUID"),
        ("'b'::ENUM('b', 'a')", "'a'::ENUM('b', 'a')"),
        ("TIMESTAMPTZ '2020-01-01 00:00:00+00'", "TIMESTAMPTZ '2020-01-01 00:00:00+01'"),
        ("'12:00:00+00'::TIMETZ", "'13:00:00+01'::TIMETZ"),
        ("TIME '12:00:00'", "TIME '12:00:00.000001'"),
        ("'12:00:00.000000001'::TIME_NS", "'12:00:00'::TIME_NS"),
        ("'2020-01-01 00:00:00.000000001'::TIMESTAMP_NS", "'2020-01-01'::TIMESTAMP_NS"),
        ("'infinity'::DATE", "'-infinity'::DATE"),
        ("[1, 2]::INTEGER[2]", "[1, NULL]::INTEGER[2]"),
        ("MAP {'a': 1, 'b': NULL}", "MAP {'a': NULL, 'b': 1}"),
        ("{'a': {'b': [1]}}", "{'a': {'b': [2]}}"),
        ("1.10::DECIMAL(38,10)", "1.1000000001::DECIMAL(38,10)"),
        ("340282366920938463463374607431768211455::UHUGEINT", "0::UHUGEINT"),
        ("123456789012345678901234567890::BIGNUM", "123456789012345678901234567891::BIGNUM"),
        ("1::VARIANT", "'1'::VARIANT"),
        ("[INTERVAL 1 MONTH]", "[INTERVAL 30 DAY]"),
        ("'a'", "'a '"),
        ("true", "NULL::BOOLEAN"),
        ("0::UTINYINT", "255::UTINYINT"),
        ("-0.5::FLOAT", "'nan'::FLOAT"),
    ],
)
def test_every_type_can_be_a_value_a_key_and_a_row(tables: Tables, one: str, other: str) -> None:
    tables.both(f"SELECT 1 AS id, {one} AS v", f"SELECT 1 AS id, {other} AS v")
    assert counts(tables.diff(("id",))) == (0, 0, 1)
    assert counts(tables.diff(("v",))) == (1, 1, 0)
    assert unpaired(tables.diff()) == (1, 1, None)
    assert counts(tables.sample(("v",), 1)) in {(1, 0, 0), (0, 1, 0)}
    tables.run("CREATE OR REPLACE TABLE head.t AS FROM base.t")
    assert tables.diff(("v",)).is_empty
    assert tables.diff().is_empty
