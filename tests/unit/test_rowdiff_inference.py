"""What may be the key when nobody says so: a reason is needed, and chance is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import Column
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.inference import GLANCE, SAMPLE, Inferred, infer_candidates
from rocky_action.rowdiff.plausibility import Plausibility, is_period, plausibility
from rocky_action.rowdiff.request import KeyCandidate
from rocky_action.rowdiff.schema import ColumnPair, pair_columns
from tests.support.rowdiff_tables import PLAIN, Tables, open_tables, sides


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def inferred(tables: Tables, base: str, head: str | None = None) -> Inferred:
    opened = sides(tables.both(base, head or base))
    return infer_candidates(opened, opened.pairs)


def keys(found: Inferred) -> list[tuple[str, ...]]:
    return [candidate.columns for candidate in found.candidates]


def pair(name: str, type_: str, head_type: str | None = None, *, options: ModelOptions = PLAIN) -> ColumnPair:
    return pair_columns([Column(name, type_)], [Column(name, head_type or type_)], options=options)[0]


# Names and types


@pytest.mark.parametrize(
    "name", ["id", "ID", "order_id", "OrderId", "o_orderkey", "customerID", "line_no", "sku", "URLHash"]
)
def test_names_of_identities_are_known(name: str) -> None:
    assert plausibility(pair(name, "BIGINT")) is Plausibility.NAMED


@pytest.mark.parametrize("name", ["paid", "grid", "name", "status", "identity_note", "1"])
def test_other_names_are_plain(name: str) -> None:
    assert plausibility(pair(name, "VARCHAR")) is Plausibility.PLAIN


@pytest.mark.parametrize("name", ["amount", "total_cents", "order_count", "OrderCount", "price"])
def test_measures_identify_nothing(name: str) -> None:
    assert plausibility(pair(name, "BIGINT")) is None
    assert plausibility(pair(f"{name}_id", "BIGINT")) is Plausibility.NAMED
    assert plausibility(pair(name, "DATE")) is Plausibility.MOMENT


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("HUGEINT", Plausibility.PLAIN),
        ("DECIMAL(38,0)", Plausibility.PLAIN),
        ("UUID", Plausibility.PLAIN),
        ("BLOB", Plausibility.PLAIN),
        ("DATE", Plausibility.MOMENT),
        ("TIMESTAMP WITH TIME ZONE", Plausibility.MOMENT),
        ("BOOLEAN", Plausibility.PART),
        ("ENUM('a', 'b')", Plausibility.PART),
        ("DECIMAL(12,2)", None),
        ("DOUBLE", None),
        ("FLOAT", None),
        ("INTERVAL", None),
        ("INTEGER[]", None),
        ("VARCHAR[]", None),
        ("TIMESTAMP[]", None),
        ("ENUM('a', 'b')[]", None),
        ("STRUCT(a INTEGER)", None),
        ("MAP(VARCHAR, INTEGER)", None),
        ("JSON", None),
    ],
)
def test_types_are_ranked(type_: str, expected: Plausibility | None) -> None:
    assert plausibility(pair("x", type_)) is expected


def test_the_less_plausible_type_of_the_two_counts() -> None:
    assert plausibility(pair("x_id", "BIGINT", "DATE")) is Plausibility.MOMENT
    assert plausibility(pair("x_id", "DOUBLE", "BIGINT")) is None
    assert plausibility(pair("x_id", "BIGINT", "DOUBLE")) is None


def test_what_may_differ_a_little_identifies_nothing() -> None:
    allowed = ModelOptions(tolerances=(("x_id", Tolerance(absolute=1.0)),))
    assert plausibility(pair("x_id", "BIGINT", options=allowed)) is None
    assert plausibility(pair("x_id", "VARCHAR", options=ModelOptions(json_columns=("x_id",)))) is None
    assert plausibility(pair("x_id", "VARCHAR", options=ModelOptions(ignore_case=("x_id",)))) is Plausibility.NAMED


def test_periods_are_told_by_their_names() -> None:
    assert [
        name
        for name in ("month", "order_day", "date", "birth_date", "created_at", "1")
        if is_period(pair(name, "DATE"))
    ] == [
        "month",
        "order_day",
        "date",
    ]


# One column


def test_identities_come_before_other_columns_and_those_before_moments(tables: Tables) -> None:
    day, others = "DATE '2024-01-01' + range::INTEGER AS day", "'n' || range AS name, range AS n, range AS x_id"
    found = inferred(tables, f"SELECT {day}, {others} FROM range(50)")
    assert keys(found) == [("x_id",), ("name",), ("n",)]
    assert {candidate.origin for candidate in found.candidates} == {"inferred"}
    assert keys(inferred(tables, f"SELECT {day}, 1 AS x FROM range(50)")) == [("day",)]


def test_a_column_has_to_be_unique_on_both_sides(tables: Tables) -> None:
    unique, repeated = "SELECT range AS id FROM range(50)", "SELECT range % 49 AS id FROM range(50)"
    assert keys(inferred(tables, unique)) == [("id",)]
    assert keys(inferred(tables, unique, repeated)) == keys(inferred(tables, repeated, unique)) == []


def test_null_is_a_value_of_a_key(tables: Tables) -> None:
    query = "SELECT CASE WHEN range < {} THEN NULL ELSE range END AS id FROM range(50)"
    assert keys(inferred(tables, query.format(1))) == [("id",)]
    assert keys(inferred(tables, query.format(2))) == []


def test_numbers_that_lie_far_apart_are_unique_by_chance(tables: Tables) -> None:
    """Twenty numbers in a million hardly ever meet; a hundred numbers in a hundred would have."""
    assert keys(inferred(tables, "SELECT range * 50021 AS n FROM range(20)")) == []
    assert keys(inferred(tables, "SELECT range * 50021 AS no FROM range(20)")) == [("no",)]
    assert keys(inferred(tables, "SELECT range + 7000000 AS n FROM range(20)")) == [("n",)]
    huge = "SELECT (range * 18014398509481984)::HUGEINT * 9223372036854775807 AS n FROM range(500)"
    assert keys(inferred(tables, huge)) == []


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
def test_a_moment_that_happens_to_be_unique_is_no_key(tables: Tables, kind: str) -> None:
    query = "SELECT ('2024-01-01'::TIMESTAMP + to_hours(range))::{} AS {} FROM range(500)"
    assert keys(inferred(tables, query.format(kind, "created_at"))) == []
    assert keys(inferred(tables, query.format(kind, "hour"))) == [("hour",)]


def test_a_few_dates_are_unique_by_chance_and_many_are_not(tables: Tables) -> None:
    query = "SELECT DATE '2024-01-01' + range::INTEGER AS birth_date FROM range({})"
    assert keys(inferred(tables, query.format(100))) == []
    assert keys(inferred(tables, query.format(200))) == [("birth_date",)]


def test_measures_are_no_key_however_unique(tables: Tables) -> None:
    query = (
        "SELECT range::DECIMAL(12,2) AS amount, range::DOUBLE AS x, [range] AS l, range AS total_cents FROM range(500)"
    )
    assert inferred(tables, query) == Inferred()


def test_only_the_columns_asked_about_are_looked_at(tables: Tables) -> None:
    opened = sides(
        tables.both("SELECT range AS id, 'n' || range AS name FROM range(50)", "SELECT 1 AS id, 'n1' AS name")
    )
    assert keys(infer_candidates(opened, opened.pairs[1:])) == [("name",)]
    assert infer_candidates(opened, ()) == Inferred()


def test_nothing_is_inferred_of_nothing(tables: Tables) -> None:
    some, none = "SELECT range AS id FROM range(50)", "SELECT range AS id FROM range(0)"
    for base, head in ((some, none), (none, some), (none, none)):
        assert inferred(tables, base, head) == Inferred()


# Rows beyond the glance


def test_duplicates_beyond_the_glance_refute(tables: Tables) -> None:
    within = f"SELECT CASE WHEN range = {GLANCE} THEN 0 ELSE range END AS id FROM range({2 * GLANCE})"
    unique = f"SELECT range AS id FROM range({2 * GLANCE})"
    assert keys(inferred(tables, unique)) == [("id",)]
    assert keys(inferred(tables, within, unique)) == keys(inferred(tables, unique, within)) == []


def test_duplicates_beyond_the_sample_are_left_to_the_proof(tables: Tables) -> None:
    beyond = f"SELECT CASE WHEN range = {SAMPLE} THEN 0 ELSE range END AS id FROM range({2 * SAMPLE})"
    assert keys(inferred(tables, beyond)) == [("id",)]


def test_daily_copies_are_identified_with_their_day(tables: Tables) -> None:
    """All rows that a first look sees are of one day, in which the ids are unique."""
    copies = "SELECT range % {} AS id, DATE '2024-01-01' + (range // {})::INTEGER AS copied FROM range({})"
    assert keys(inferred(tables, copies.format(SAMPLE, SAMPLE, 3 * SAMPLE))) == [("id",), ("id", "copied")]
    assert keys(inferred(tables, copies.format(GLANCE, GLANCE, 3 * GLANCE))) == [("id", "copied")]
    assert keys(inferred(tables, copies.format(50, 50, 50))) == [("id",)]


def test_the_day_of_a_copy_has_to_be_on_both_sides_too(tables: Tables) -> None:
    copies = f"SELECT range AS id, DATE '{{}}-01-01' AS copied FROM range({2 * SAMPLE})"
    found = inferred(tables, copies.format(2024), copies.format(2025))
    assert keys(found) == [("id",)]
    assert found.notes == ("id, copied was not taken for the key: base and head share few of its values",)


# Values that both sides have


def test_what_is_new_on_every_build_is_no_key(tables: Tables) -> None:
    query = "SELECT uuid() AS row_id, range AS n FROM range(50)"
    found = inferred(tables, query)
    assert keys(found) == [("n",)]
    assert found.notes == ("row_id was not taken for the key: base and head share few of its values",)


@pytest.mark.parametrize("rows", [100, 3 * GLANCE])
def test_half_of_the_smaller_side_has_to_be_on_the_other(tables: Tables, rows: int) -> None:
    query = f"SELECT range + {{}} AS id FROM range({rows})"
    assert keys(inferred(tables, query.format(0), query.format(rows // 2))) == [("id",)]
    assert keys(inferred(tables, query.format(rows // 2), query.format(0))) == [("id",)]
    assert keys(inferred(tables, query.format(0), query.format(rows - 10))) == []
    few = f"SELECT range * 10 AS id FROM range({rows // 10})"
    assert keys(inferred(tables, few, query.format(0))) == keys(inferred(tables, query.format(0), few)) == [("id",)]


def test_shared_keys_are_found_wherever_they_stand(tables: Tables) -> None:
    rows = 5 * GLANCE
    there, back = f"SELECT range AS id FROM range({rows})", f"SELECT {rows} - 1 - range AS id FROM range({rows})"
    assert keys(inferred(tables, there, back)) == [("id",)]
    assert keys(inferred(tables, there, back.replace("range AS", f"range + {rows} AS"))) == []


# Several columns


def test_two_columns_identify_together(tables: Tables) -> None:
    query = "SELECT range // 4 AS order_id, range % 4 AS line, 'x' AS kind, range % 3 = 0 AS big FROM range(400)"
    assert keys(inferred(tables, query)) == [("order_id", "line")]


def test_three_columns_identify_together(tables: Tables) -> None:
    query = "SELECT range // 20 AS a_id, range // 4 % 5 AS b_id, range % 4 AS c_id FROM range(400)"
    assert keys(inferred(tables, query)) == [("a_id", "b_id", "c_id")]


def test_four_columns_are_too_many(tables: Tables) -> None:
    query = (
        "SELECT range // 64 AS a_id, range // 16 % 4 AS b_id, range // 4 % 4 AS c_id, range % 4 AS d_id FROM range(512)"
    )
    assert inferred(tables, query) == Inferred()


def test_columns_that_are_unique_together_by_chance_are_no_key(tables: Tables) -> None:
    """Of 60 rows 2 agree in one column and a third in the other: chance need not make them meet."""
    query = "SELECT greatest(range, 1) * 50021 AS a_id, range % 3 AS b_id FROM range(60)"
    assert tables.both(query, query).database.query("SELECT count(DISTINCT (a_id, b_id)) FROM base.t") == [(60,)]
    assert inferred(tables, query) == Inferred()


def test_a_pair_is_refuted_beyond_the_glance(tables: Tables) -> None:
    query = f"SELECT range // 4 AS order_id, range % 4 AS line FROM range({2 * GLANCE}) UNION ALL SELECT 0, {{}}"
    assert keys(inferred(tables, query.format(4))) == [("order_id", "line")]
    assert keys(inferred(tables, query.format(3))) == []


def test_a_key_is_unique_in_the_type_it_is_compared_in(tables: Tables) -> None:
    """Head's texts are compared with base's numbers as texts, which are as unique."""
    number, word = "SELECT range AS id FROM range(50)", "SELECT range::VARCHAR AS id FROM range(50)"
    assert inferred(tables, number, word) == Inferred((KeyCandidate(("id",), "inferred"),))


def test_numbers_of_a_small_side_are_believed_with_those_of_a_large_one(tables: Tables) -> None:
    many, few = "SELECT range AS n FROM range(100)", "SELECT range * 3 AS n FROM range(3)"
    assert keys(inferred(tables, many, few)) == keys(inferred(tables, few, many)) == [("n",)]
    assert keys(inferred(tables, few)) == []


def test_shared_keys_with_a_null_are_found_wherever_they_stand(tables: Tables) -> None:
    a, b = "CASE WHEN range % 5 < 3 THEN NULL ELSE 1 END AS a_id", "range // 5 * 3 + range % 5 % 3 AS b_id"
    query = f"SELECT {a}, {b} FROM range({5 * GLANCE}) ORDER BY range {{}}"
    assert keys(inferred(tables, query.format("ASC"), query.format("DESC"))) == [("a_id", "b_id")]


@pytest.mark.parametrize("useless", ["1 AS k{}_id", "range * 50021 AS n{}"])
def test_columns_that_cannot_help_do_not_crowd_out_those_that_can(tables: Tables, useless: str) -> None:
    many = ", ".join(useless.format(place) for place in range(20))
    query = f"SELECT {many}, range // 4 AS a, range % 4 AS b FROM range(100)"
    assert keys(inferred(tables, query)) == [("a", "b")]


def test_a_flag_is_no_key_of_two_rows(tables: Tables) -> None:
    assert keys(inferred(tables, "SELECT range = 1 AS is_new FROM range(2)")) == []


def test_a_day_that_is_unique_needs_no_company(tables: Tables) -> None:
    query = f"SELECT range AS id, DATE '1900-01-01' + range::INTEGER AS day FROM range({3 * GLANCE})"
    assert keys(inferred(tables, query)) == [("id",), ("day",)]


def test_a_few_rows_are_looked_for_among_all_of_the_other_side(tables: Tables) -> None:
    many, few = f"SELECT range AS id FROM range({5 * GLANCE})", f"SELECT range + {4 * GLANCE} AS id FROM range(100)"
    assert keys(inferred(tables, many, few)) == keys(inferred(tables, few, many)) == [("id",)]


def test_two_columns_of_a_small_side_are_believed_with_those_of_a_large_one(tables: Tables) -> None:
    query = "SELECT range // 4 AS order_id, range % 4 AS line FROM range({})"
    many, few = query.format(400), query.format(2)
    assert keys(inferred(tables, many, few.replace("range % 4", "0"))) == []  # order_id, line repeats
    assert keys(inferred(tables, many, few)) == keys(inferred(tables, few, many)) == [("order_id", "line")]


def test_the_farthest_numbers_there_are_can_be_subtracted(tables: Tables) -> None:
    assert keys(inferred(tables, "FROM (VALUES (-9223372036854775808), (9223372036854775807)) t(n)")) == []
    widest = 170141183460469231731687303715884105727
    wide = f"FROM (VALUES (-{widest}::HUGEINT), ({widest}::HUGEINT)) t(n)"
    assert keys(inferred(tables, wide)) == []


def test_numbers_that_share_a_hash_are_two_keys(tables: Tables) -> None:
    """DuckDB's hash of -1 in 128 bits is that of 0."""
    query = "SELECT (range - 1)::HUGEINT AS id FROM range(50)"
    assert tables.database.query("SELECT hash(-1::HUGEINT) = hash(0::HUGEINT)") == [(True,)]
    assert keys(inferred(tables, query)) == [("id",)]
