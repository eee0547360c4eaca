"""Where a difference is concentrated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.domain.diff import Slice
from rocky_action.rowdiff import slices
from rocky_action.rowdiff.candidates import candidates
from rocky_action.rowdiff.slices import find_slices
from tests.support.differing_rows import Compared, compared
from tests.support.rowdiff_tables import Tables, open_tables


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


ROWS = """SELECT i AS id, ['DE', 'FR', 'IT', 'ES'][i % 4 + 1] AS country, i % 4 AS region, i // 4 % 2 = 0 AS active,
 DATE '2026-01-01' + CAST(i // 10 AS INTEGER) AS day, i * 1.5 AS amount FROM range({rows}) AS r(i)"""


def where(tables: Tables, condition: str, *, rows: int = 1000, more: str = "TRUE") -> Compared:
    """The amount changes where a condition holds."""
    head = f"SELECT * REPLACE (CASE WHEN {condition} THEN amount + 1 ELSE amount END AS amount) FROM base.t"
    tables.both(ROWS.format(rows=rows), f"{head} WHERE {more}" if rows else head)
    return compared(tables)


def found(asked: Compared) -> list[tuple[str, str | None]]:
    return [(one.column, one.value) for one in find(asked)]


def find(asked: Compared) -> tuple[Slice, ...]:
    return find_slices(asked.sides, asked.differing, rows_base=asked.rows[0])


def test_one_value_holds_everything_that_changed(tables: Tables) -> None:
    only = find(where(tables, "country = 'DE'"))
    assert [(one.value, one.rows_differing, one.share_of_differing, one.share_of_table) for one in only] == [
        ("DE", 250, 1.0, 0.25)
    ]
    assert only[0].lift == pytest.approx(4)


def test_a_column_that_goes_with_another_one_is_not_named_again(tables: Tables) -> None:
    # region = 0 says the same as country = DE; the first one of the table stays
    assert found(where(tables, "region = 0")) == [("country", "DE")]


def test_an_independent_condition_narrows_it_down(tables: Tables) -> None:
    assert found(where(tables, "country = 'DE' AND active")) == [("country", "DE"), ("active", "true")]


def test_two_values_cover_it_together(tables: Tables) -> None:
    assert sorted(found(where(tables, "country IN ('DE', 'FR') AND id % 5 < 4 AND day < DATE '2026-02-01'"))) == [
        ("country", "DE"),
        ("country", "FR"),
        ("day", "2026-01"),
    ]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("day BETWEEN DATE '2026-02-01' AND DATE '2026-02-28'", "2026-02"),
        ("day = DATE '2026-02-28'", "2026-02-28"),
        ("day = DATE '2026-01-31'", "2026-01-31"),
        ("day = DATE '2026-01-30'", "2026-01-30"),
        ("day = DATE '2026-12-31'", "2026-12-31"),
        ("day >= DATE '2027-01-01'", "2027"),
        ("day BETWEEN DATE '2026-12-01' AND DATE '2026-12-31'", "2026-12"),
    ],
)
def test_dates_are_told_by_the_shortest_period_that_holds_them(tables: Tables, condition: str, value: str) -> None:
    only = find(where(tables, condition, rows=5000))
    assert [(one.column, one.value) for one in only] == [("day", value)]
    counted = tables.database.query(f"SELECT count(*) / 5000 FROM base.t WHERE {condition}")[0][0]
    assert only[0].share_of_table == counted
    assert only[0].share_of_differing == 1


def test_changes_at_random_are_concentrated_nowhere(tables: Tables) -> None:
    assert found(where(tables, "hash(id) % 10 = 0", rows=5000)) == []


def test_a_few_rows_are_no_evidence(tables: Tables) -> None:
    condition = "country = 'DE' AND id < {}"
    assert found(where(tables, condition.format(4 * (slices.FEWEST_ROWS - 1)), rows=100_000)) == []
    # 10 rows, each with a chance of 1/4: 1/4^10 is about one in a million
    assert ("country", "DE") in found(where(tables, "country = 'DE' AND id % 10000 = 0", rows=100_000))
    # but ten rows of one of two halves happen to be alike in one of a thousand tables
    assert ("active", "true") not in found(where(tables, "active AND id % 10000 = 0", rows=100_000))


def test_everything_is_said_of_most_of_the_table_too(tables: Tables) -> None:
    tables.both(
        "SELECT i AS id, i % 10 > 0 AS billed, i AS amount FROM range(2000) AS r(i)",
        "SELECT * REPLACE (CASE WHEN billed THEN amount + 1 ELSE amount END AS amount) FROM base.t",
    )
    (only,) = find(compared(tables))
    assert (only.column, only.value, only.share_of_differing, only.share_of_table) == ("billed", "true", 1.0, 0.9)


def test_null_is_a_value_of_every_type(tables: Tables) -> None:
    tables.both(
        "SELECT i AS id, CASE WHEN i % 3 > 0 THEN i / 7.0::DOUBLE END AS ratio, [i] AS list FROM range(900) AS r(i)",
        "SELECT * REPLACE (coalesce(ratio, 0) AS ratio) FROM base.t",
    )
    (only,) = find(compared(tables))
    assert (only.column, only.value, only.share_of_differing) == ("ratio", None, 1.0)
    assert only.share_of_table == pytest.approx(1 / 3)


def test_added_rows_count_with_their_values_and_are_part_of_the_table(tables: Tables) -> None:
    tables.both(
        ROWS.format(rows=1000), "FROM base.t UNION ALL SELECT id + 1000, 'PT', 9, active, day, amount FROM base.t"
    )
    found_slices = find(compared(tables))
    assert [(one.column, one.value) for one in found_slices] == [("country", "PT")]
    assert found_slices[0].share_of_table == 0.5
    assert found(where(tables, "FALSE", more="country <> 'FR'")) == [("country", "FR")]  # removed rows


def test_of_a_sample_added_rows_are_scaled_up(tables: Tables) -> None:
    tables.both(
        ROWS.format(rows=1000), "FROM base.t UNION ALL SELECT id + 1000, 'PT', 9, active, day, amount FROM base.t"
    )
    some = compared(tables, limit=100)
    assert not some.differing.is_complete
    (only,) = find(some)
    assert (only.rows_differing, only.share_of_differing, only.share_of_table) == (100, 1.0, 0.5)


def test_added_rows_do_not_weigh_more_than_they_are(tables: Tables) -> None:
    country = "CASE WHEN id < 80 THEN 'PT' ELSE country END"
    more = f"SELECT id + 1000, {country}, region, active, day, amount FROM base.t WHERE id < 100"
    tables.both(ROWS.format(rows=200), f"FROM base.t UNION ALL {more}")
    (first, *_) = find(compared(tables))
    assert (first.value, first.share_of_differing, first.share_of_table) == ("PT", 0.8, 80 / 300)


def test_copies_of_one_row_are_no_evidence(tables: Tables) -> None:
    asked = where(tables, "hash(id) % 10 = 0", rows=1000)
    first, *rest = asked.differing.rows
    heavy = replace(asked.differing, rows=(replace(first, count=100_000), *rest), total=100_000 + len(rest))
    assert find(replace(asked, differing=heavy)) == ()


def test_masked_float_and_retyped_columns_are_not_named(tables: Tables) -> None:
    tables.both(
        "SELECT i AS id, i % 4 AS a, CAST(i % 4 AS DOUBLE) AS b, i % 4 AS c, i AS v FROM range(400) AS r(i)",
        "SELECT * REPLACE (CAST(c AS BIGINT) + 0 AS c, CASE WHEN c = 0 THEN v + 1 ELSE v END AS v) FROM base.t",
    )
    tables.run("ALTER TABLE head.t ALTER c TYPE VARCHAR")
    assert found(compared(tables, masked=["A"])) == []
    assert found(compared(tables)) == [("a", "0")]


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("VARCHAR", ["it's", "A", "a"]),
        ("VARCHAR COLLATE NOCASE", ["A", "a", "b"]),
        ("ENUM('x', 'y''z', 'w')", ["y'z", "x", "w"]),
        ("DECIMAL(38,2)", ["0.10", "0.20", "3"]),
        ("HUGEINT", ["170141183460469231731687303715884105727", "1", "2"]),
        ("UUID", ["00000000-0000-0000-0000-000000000001", *["00000000-0000-0000-0000-00000000000" + n for n in "23"]]),
        ("TIMESTAMP", ["2026-03-14 10:00:00.123", "2026-03-15", "2027-03-15"]),
        ("TIMESTAMP_S", ["9999-12-31 00:00:00", "2026-03-15", "2027-03-15"]),
        ("TIMESTAMP WITH TIME ZONE", ["2026-03-14 23:30:00+00", "2026-03-20", "2027-03-15"]),
        ("DATE", ["9999-12-31", "2026-03-15", "infinity"]),
        ("DATE", ["2024-02-29", "2026-03-15", "0044-03-15 (BC)"]),
        ("BOOLEAN", ["true", "false", "false"]),
    ],
)
def test_every_type_of_few_values_is_counted_as_it_is_shown(tables: Tables, type_: str, values: list[str]) -> None:
    for schema in ("base", "head"):
        tables.run(f"CREATE OR REPLACE TABLE {schema}.t (id INTEGER, s {type_}, v INTEGER)")
        for index, value in enumerate(values):
            literal = value.replace("'", "''")
            cell = f"CAST('{literal}' AS {type_.partition(' COLLATE')[0]})"
            tables.run(f"INSERT INTO {schema}.t SELECT 3 * i + {index}, {cell}, i FROM range(100) AS r(i)")
    tables.run("UPDATE head.t SET v = -1 WHERE id % 3 = 0")
    (only,) = find(compared(tables))
    assert (only.column, only.rows_differing, only.share_of_differing) == ("s", 100, 1.0)
    assert only.share_of_table == pytest.approx(1 / 3)


@pytest.mark.parametrize("type_", ["INTERVAL", "TIME", "BLOB", "INTEGER[]", "STRUCT(a INTEGER)", "BIT", "TIMESTAMP_NS"])
def test_other_types_do_not_get_in_the_way(tables: Tables, type_: str) -> None:
    text = {"INTEGER[]": "[1]", "STRUCT(a INTEGER)": "{'a': 1}", "INTERVAL": "1 day", "TIME": "10:00:00"}
    literal = text.get(type_, "2026-01-01" if type_ == "TIMESTAMP_NS" else "1").replace("'", "''")
    tables.both(
        f"SELECT i AS id, CAST('{literal}' AS {type_}) AS s, i % 2 AS v FROM range(50) AS r(i)",
        "SELECT id, CASE WHEN v = 1 THEN s END AS s, v FROM base.t",
    )
    assert found(compared(tables)) == [("v", "0")]


def test_text_with_a_zero_byte_is_not_a_literal(tables: Tables) -> None:
    tables.both(
        "SELECT i AS id, CASE WHEN i % 2 = 0 THEN 'a' || chr(0) ELSE 'b' END AS s, i AS v FROM range(90) AS r(i)",
        "SELECT * REPLACE (CASE WHEN s = 'b' THEN v ELSE -1 END AS v) FROM base.t",
    )
    assert found(compared(tables)) == []


def test_a_filter_holds_for_the_table_too(tables: Tables) -> None:
    where(tables, "country = 'DE'")
    (only,) = find(compared(tables, where="region < 2"))
    assert (only.value, only.share_of_table) == ("DE", 0.5)


def test_large_tables_are_probed_first_and_counted_exactly(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_PROBED_ROWS", 10_000)
    (only,) = find(where(tables, "country = 'DE' AND id % 100 = 0", rows=100_000))
    assert (only.value, only.share_of_table) == ("DE", 0.25)


def test_what_is_as_frequent_in_the_table_costs_no_scan(tables: Tables) -> None:
    asked = where(tables, "hash(id) % 10 = 0", rows=5000)
    found, _ = candidates(asked.differing)
    assert found
    assert slices._promising(asked.sides, asked.differing, found=found, rows_base=5000) == ()


def test_nothing_is_told_of_a_table_that_is_all_new(tables: Tables) -> None:
    tables.both("SELECT * FROM (" + ROWS.format(rows=100) + ") WHERE FALSE", ROWS.format(rows=100))
    assert find(compared(tables)) == ()


@pytest.mark.parametrize(("rows", "part", "table"), [(20, 0.5, 0.1), (100, 0.4, 0.25), (12, 1.0, 0.3), (200, 0.9, 0.8)])
def test_the_evidence_bounds_the_chance(rows: int, part: float, table: float) -> None:
    least = round(rows * part)
    exact = sum(math.comb(rows, k) * table**k * (1 - table) ** (rows - k) for k in range(least, rows + 1))
    assert math.exp(-rows * slices._divergence(least / rows, table)) >= exact * (1 - 1e-12)
    assert slices._divergence(table, least / rows) == 0
