"""Figures of numeric columns, values that moved, histograms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import CategoryChange, ColumnChange, Histogram, NumericChange, Profile, ValueMove
from rocky_action.domain.options import Tolerance
from rocky_action.rowdiff.categories import categories
from rocky_action.rowdiff.differing import Differing, DifferingRow
from rocky_action.rowdiff.histogram import histogram
from rocky_action.rowdiff.profile import describe
from tests.support.differing_rows import added, changed, compared, pairs_of, removed
from tests.support.rowdiff_tables import Tables, open_tables


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def column(tables: Tables, type_: str, base: list[str | None], head: list[str | None]) -> NumericChange:
    """The figures of one column of a type, values by place."""
    only = columns(tables, type_, base, head)
    assert len(only) == 1
    return only[0]


def columns(tables: Tables, type_: str, base: list[str | None], head: list[str | None]) -> tuple[NumericChange, ...]:
    tables.typed("k INTEGER, v VARCHAR", list(enumerate(base)), list(enumerate(head)))
    tables.run(*(f"ALTER TABLE {schema}.t ALTER v TYPE {type_}" for schema in ("base", "head")))
    return compared(tables).describe().numbers


def test_the_figures_of_both_sides(tables: Tables) -> None:
    found = column(tables, "DECIMAL(9,2)", ["1.50", "2.00", None, "1.50"], ["1.50", "-3.25", "7.00", None])
    base, head = found.base, found.head
    assert (base.rows, base.nulls, base.distinct, base.distinct_exact) == (4, 1, 2, True)
    assert (base.sum, base.min, base.max, base.mean) == ("5.00", "1.50", "2.00", "1.6666666666666666667")
    assert (head.nulls, head.distinct, head.sum, head.mean, head.min, head.max) == (
        1,
        3,
        "5.25",
        "1.75",
        "-3.25",
        "7.00",
    )


def test_a_column_without_values_has_no_figures(tables: Tables) -> None:
    head = column(tables, "INTEGER", ["1"], [None]).head
    assert (head.rows, head.nulls, head.distinct, head.sum, head.mean, head.min) == (1, 1, 0, None, None, None)


HUGE = 2**127 - 1
LONG = "9" * 36


@pytest.mark.parametrize(
    ("type_", "values", "total"),
    [
        ("HUGEINT", ["1" + "0" * 26, "7", "-2"], str(10**26 + 5)),
        ("BIGINT", [str(2**63 - 1)] * 3, str(3 * (2**63 - 1))),
        ("UBIGINT", [str(2**64 - 1)] * 2, str(2**65 - 2)),
        ("DECIMAL(38,2)", ["12345678901234567890.11", "0.01"], "12345678901234567890.12"),
        ("TINYINT", ["127"] * 3, "381"),
        ("FLOAT", ["0.5", "0.25"], "0.75"),
        ("DOUBLE", ["inf", "1"], "inf"),
        ("DOUBLE", ["inf", "-inf"], "nan"),
        ("DOUBLE", ["nan", "1"], "nan"),
        ("DOUBLE", ["1e308", "1e308"], "inf"),
        ("DOUBLE", ["1e300"], "1E+300"),
    ],
)
def test_sums_are_exact(tables: Tables, type_: str, values: list[str | None], total: str) -> None:
    assert column(tables, type_, values, [*values[:-1], None]).base.sum == total


@pytest.mark.parametrize(
    ("type_", "values", "total"),
    [
        ("HUGEINT", [str(HUGE), str(HUGE), "1"], 2.0**128),
        ("HUGEINT", [str(-HUGE), "-1"], -(2.0**127)),
        ("DECIMAL(38,2)", [f"{LONG}.99"] * 200, 2e38),
        ("DECIMAL(38,38)", ["0." + "9" * 38] * 3, 3.0),
    ],
)
def test_sums_that_would_overflow_are_near(tables: Tables, type_: str, values: list[str | None], total: float) -> None:
    base = column(tables, type_, values, [*values[:-1], None]).base
    assert (float(base.sum or 0), float(base.mean or 0)) == pytest.approx((total, total / len(values)))


@pytest.mark.parametrize(
    "type_", ["DATE", "BOOLEAN", "VARCHAR", "BLOB", "INTEGER[]", "INTERVAL", "TIME", "UUID", "BIT", "JSON", "TIMESTAMP"]
)
def test_other_types_have_no_figures_and_raise_nothing(tables: Tables, type_: str) -> None:
    text = {"DATE": "2026-01-01", "INTEGER[]": "[1]", "INTERVAL": "1 day", "TIME": "10:00", "TIMESTAMP": "2026-01-01"}
    value = text.get(type_, "00000000-0000-0000-0000-000000000001" if type_ == "UUID" else "1")
    assert columns(tables, type_, [value] * 30, [None] * 30) == ()


def test_both_sides_are_taken_in_one_type(tables: Tables) -> None:
    tables.both("SELECT 1 AS k, 3::INTEGER AS v", "SELECT 1 AS k, 3.50::DECIMAL(5,2) AS v")
    (found,) = compared(tables).describe().numbers
    assert (found.base.sum, found.head.sum) == ("3.00", "3.50")


def test_what_is_equal_within_a_tolerance_is_no_change(tables: Tables) -> None:
    tables.both("SELECT 1 AS k, 1.0::DOUBLE AS v, 1 AS w", "SELECT 1 AS k, 1.01::DOUBLE AS v, 2 AS w")
    found = compared(tables, tolerances=(("v", Tolerance(0.1)),)).describe()
    assert [change.column for change in found.numbers] == ["w"]


def test_sums_of_the_same_floats_are_the_same_in_any_order(tables: Tables) -> None:
    base = "SELECT i AS k, sin(i) * 1e6 AS v, i AS w FROM range(20000) AS r(i)"
    tables.both(base, "SELECT k, v, CASE WHEN k = 5 THEN 0 ELSE w END AS w FROM base.t ORDER BY hash(k)")
    tables.run("INSERT INTO head.t VALUES (-1, NULL, 0)")
    numbers = {change.column: change for change in compared(tables).describe().numbers}
    plain = [tables.database.query(f"SELECT sum(v) FROM {schema}.t")[0][0] for schema in ("base", "head")]
    assert plain[0] != plain[1]
    assert numbers["v"].base.sum == numbers["v"].head.sum
    tables.run("UPDATE head.t SET v = v + 0.001 WHERE k = 7")
    numbers = {change.column: change for change in compared(tables).describe().numbers}
    assert numbers["v"].base.sum != numbers["v"].head.sum


def test_the_most_changed_columns_come_first_and_not_more_than_twelve(tables: Tables) -> None:
    names = [f"n{index}" for index in range(15)]
    base = f"SELECT i AS k, {', '.join(f'i AS {name}' for name in names)}, 1 AS still FROM range(40) AS r(i)"
    head = ", ".join(f"CASE WHEN k < {index + 1} THEN -1 ELSE {name} END AS {name}" for index, name in enumerate(names))
    tables.both(base, f"SELECT k, {head}, still FROM base.t")
    assert [change.column for change in compared(tables).describe().numbers] == names[:2:-1]


def test_other_columns_follow_if_rows_came_or_went_but_for_identifiers(tables: Tables) -> None:
    tables.both(
        "SELECT i AS k, i AS id, i AS customer_id, i AS store_key, i AS amount, i AS tax FROM range(5) AS r(i)",
        "SELECT * REPLACE (tax + 1 AS tax) FROM base.t WHERE k > 1",
    )
    assert [change.column for change in compared(tables).describe().numbers] == ["tax", "amount"]
    tables.run("UPDATE head.t SET customer_id = 0 WHERE k = 4")
    assert [change.column for change in compared(tables).describe().numbers] == ["tax", "customer_id", "amount"]


def test_masked_columns_show_how_many_are_null_and_nothing_else(tables: Tables) -> None:
    tables.both(
        "SELECT i AS k, i * 7 AS salary FROM range(60) AS r(i)",
        "SELECT k, CASE WHEN k > 0 THEN 3 END AS salary FROM base.t",
    )
    found = compared(tables, masked=["SALARY"]).describe()
    ((change,), head) = found.numbers, found.numbers[0].head
    assert (head.rows, head.nulls, head.distinct, head.sum, head.mean, head.min, head.max) == (60, 1, 1, *[None] * 4)
    assert (change.base.sum, change.histogram, found.categories, found.slices) == (None, None, (), ())


def test_different_values_are_counted_where_it_is_cheap_or_matters(tables: Tables) -> None:
    tables.both("SELECT 1 AS k, 5 AS v", "SELECT 1 AS k, 6 AS v")
    asked = compared(tables)

    def distinct(rows: int, touched: int) -> tuple[int | None, bool]:
        base = (
            describe(asked.sides, asked.differing, changes=(ColumnChange("v", touched),), rows=(rows, rows - 1))
            .numbers[0]
            .base
        )
        return base.distinct, base.distinct_exact

    assert distinct(100_000, 1) == (1, True)
    assert distinct(100_001, 1) == (1, False)
    assert distinct(2_000_000, 19_999) == (None, False)
    assert distinct(2_000_000, 20_000) == (1, False)


def test_a_filter_holds_for_the_figures(tables: Tables) -> None:
    tables.both("SELECT i AS k, i AS v FROM range(10) AS r(i)", "SELECT k, v + 1 AS v FROM base.t")
    (found,) = compared(tables, where="k < 3").describe().numbers
    assert (found.base.rows, found.base.sum, found.head.sum) == (3, "3", "6")


def test_it_says_how_many_rows_it_has_looked_at(tables: Tables) -> None:
    tables.both("SELECT i AS k, 'a' AS v FROM range(40) AS r(i)", "SELECT k, 'b' AS v FROM base.t")
    moves = CategoryChange("v", (ValueMove("a", 30, 0), ValueMove("b", 0, 30)))
    assert compared(tables, limit=30).describe() == Profile(30, 40, categories=(moves,))


def moved(*rows: DifferingRow, type_: str = "VARCHAR", key_columns: int = 0) -> list[tuple[str | None, int, int]]:
    found = categories(Differing(pairs_of(s=type_), key_columns, rows, len(rows)))
    return [(move.value, move.base, move.head) for change in found for move in change.values]


def test_values_that_moved_most_come_first() -> None:
    rows = [*[changed(("a",), ("b",))] * 3, *[changed(("b",), (None,))] * 2, added("a", count=2), removed("c", count=4)]
    assert moved(*rows) == [("c", 4, 0), (None, 0, 2)]  # a and b moved by one row
    assert moved(*[changed(("a",), ("b",))] * 3, *[changed(("b",), ("a",))] * 3) == []


def test_a_thousand_values_that_became_one() -> None:
    rows = [changed((f"{index}@example.org",), (None,)) for index in range(100)]
    assert moved(*rows) == [(None, 0, 100)]
    assert moved(*(changed((f"{index}",), (None,)) for index in range(100)), type_="INTEGER") == []
    assert moved(*[changed(("1",), ("2",))] * 9, type_="INTEGER") == [("1", 9, 0), ("2", 0, 9)]
    assert moved(*[changed(("1",), ("2",))] * 9, type_="DOUBLE") == []
    assert moved(*[changed(("1",), ("2",))] * 9, type_="ENUM('1', '2')") != []
    assert moved(*[changed(("[1]",), ("[2]",))] * 9, type_="ENUM('1', '2')[]") == []
    assert moved(*[changed(("1",), ("2",))] * 9, key_columns=1) == []


def test_masked_values_do_not_move() -> None:
    rows = tuple(added(None) for _ in range(50))
    assert categories(Differing(pairs_of(s="VARCHAR"), 0, rows, 50, frozenset({"s"}))) == ()
    assert categories(Differing(pairs_of(s="VARCHAR"), 0, rows, 50)) != ()


def test_a_move_of_few_of_many_rows_is_left_out() -> None:
    many = [changed(("a",), ("b",))] * 200
    assert moved(*many, *[changed(("c",), ("d",))] * 4) == [("a", 200, 0), ("b", 0, 200)]
    assert moved(*many, *[changed(("c",), ("d",))] * 5)[2:] == [("c", 5, 0), ("d", 0, 5)]


def test_at_most_six_columns_of_five_values() -> None:
    rows = []
    for column_ in range(8):
        for value in range(6):
            new = ["x"] * 8
            new[column_] = str(value)
            rows.append(changed(("x",) * 8, tuple(new), count=100 + column_))
    names = [f"s{index}" for index in range(8)]
    found = categories(Differing(pairs_of(**dict.fromkeys(names, "VARCHAR")), 0, tuple(rows), len(rows)))
    assert [change.column for change in found] == names[:1:-1]
    assert {len(change.values) for change in found} == {5}
    assert found[0].values[:2] == (ValueMove("x", 4968, 4968 - 642), ValueMove("0", 0, 107))


def lying(*values: tuple[str | None, str | None]) -> Histogram | None:
    rows = tuple(changed((old,), (new,)) for old, new in values)
    return histogram(Differing(pairs_of(v="DOUBLE"), 0, rows, len(rows)), 0)


def test_steps_have_round_edges_and_the_outer_ones_hold_what_lies_beyond() -> None:
    values = [(str(number), str(number / 2 + 0.1)) for number in range(100)]
    assert lying(*values, ("1e9", None), (None, "nan"), ("-inf", "3")) == Histogram(
        1.0, 96.0, (11, 9, 10, 9, 10, 9, 10, 9, 10, 14), (22, 19, 19, 19, 19, 3, 0, 0, 0, 0)
    )


def test_no_histogram_where_it_says_nothing() -> None:
    apart = [(str(number), str(number + 10)) for number in range(10)]
    assert lying(*apart) is not None
    assert lying(*apart[1:], ("0", "0")) is None  # nineteen values
    assert lying(*[(str(number % 4), str(number % 3 + 4)) for number in range(100)]) is None  # seven different ones
    assert lying(*[(str(number % 4), str(number % 4 + 4)) for number in range(100)]) is not None
    assert lying(*[(str(number), str(number + 0.5)) for number in range(100)]) is None  # no bar of another height
    assert lying(*[(f"{number}e307", f"-{number}e307") for number in range(1, 18)] * 2) is None  # wider than a DOUBLE
    assert lying(*apart, *[("5", None)] * 5000) is None  # one value but for a few


def test_a_histogram_leaves_rows_out_in_which_the_column_did_not_change() -> None:
    pairs = pairs_of(v="INTEGER", s="VARCHAR")
    rows = [changed((str(number), "a"), (str(number), "b")) for number in range(50)]
    differing = Differing(pairs, 0, (*rows, *(added(str(number), "a", count=2) for number in range(10))), 60)
    found = histogram(differing, 0)
    assert found is not None
    assert (sum(found.base), sum(found.head)) == (0, 20)
