"""The keyed diff: exact, NULL-safe, never fooled by what fools a checksum. The tests are named after the traps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.domain.diff import ColumnChange, Exhaustive, Key, NotCompared
from rocky_action.domain.options import ModelOptions, Tolerance
from rocky_action.rowdiff.keyed import KeyedJoin
from rocky_action.rowdiff.schema import pair_columns
from rocky_action.rowdiff.sides import SideRelations, sides_of
from tests.support.rowdiff_tables import BASE, HEAD, Tables, cells, counts, open_tables, request, unpaired

MANY = 40_000


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def test_equal_tables_are_empty_and_exhaustive(tables: Tables) -> None:
    found = tables.both(
        "SELECT range AS id, 'x' AS v FROM range(10)", "SELECT range AS id, 'x' AS v FROM range(10)"
    ).diff(("id",))
    assert found.is_empty
    assert found.coverage == Exhaustive("keyed")
    assert (found.rows.rows_base, found.rows.rows_head, *counts(found)) == (10, 10, 0, 0, 0)
    assert found.key == Key(("id",), "unique_key", unique_base=True, unique_head=True)
    assert found.compared_columns == ("id", "v")
    assert found.rows.columns == () == found.rows.examples


def test_added_removed_and_changed_are_counted_by_column(tables: Tables) -> None:
    tables.both(
        "FROM (VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)) t(id, v, w)",
        "FROM (VALUES (2, 'B', 2), (3, 'C', 30), (4, 'd', 4), (5, 'e', 5), (6, 'f', 6)) t(id, v, w)",
    )
    found = tables.diff(("id",))
    assert counts(found) == (2, 1, 2)
    assert found.rows.columns == (ColumnChange("v", 2), ColumnChange("w", 1))
    assert [(example.kind, example.key) for example in found.rows.examples] == [
        ("changed", (("id", "2"),)),
        ("changed", (("id", "3"),)),
        ("removed", (("id", "1"),)),
        ("added", (("id", "5"),)),
        ("added", (("id", "6"),)),
    ]
    assert cells(found.rows.examples[0]) == {"v": ("b", "B")}
    assert cells(found.rows.examples[1]) == {"v": ("c", "C"), "w": ("3", "30")}
    assert cells(found.rows.examples[2]) == {"v": ("a", None), "w": ("1", None)}
    assert cells(found.rows.examples[3]) == {"v": (None, "e"), "w": (None, "5")}


def test_values_rotated_between_rows_are_all_seen(tables: Tables) -> None:
    """bit_xor(hash(all columns)) is blind to the last column."""
    query = "SELECT range AS id, {} AS v FROM range({})"
    found = tables.both(query.format("range", MANY), query.format(f"(range + 1) % {MANY}", MANY)).diff(("id",))
    assert counts(found) == (0, 0, MANY)


def test_two_swapped_values_are_seen(tables: Tables) -> None:
    found = tables.both("FROM (VALUES (1, 'a'), (2, 'b')) t(id, v)", "FROM (VALUES (1, 'b'), (2, 'a')) t(id, v)").diff(
        ("id",)
    )
    assert counts(found) == (0, 0, 2)


def test_an_even_number_of_rows_changed_alike_is_seen(tables: Tables) -> None:
    """Equal pairs cancel under XOR."""
    found = tables.both(
        "SELECT range AS id, 'a' AS v FROM range(100)",
        "SELECT range AS id, CASE WHEN range < 20 THEN NULL ELSE 'a' END AS v FROM range(100)",
    ).diff(("id",))
    assert counts(found) == (0, 0, 20)
    assert cells(found.rows.examples[0]) == {"v": ("a", None)}


def test_values_that_hash_to_nothing_are_seen(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 5 AS v", "SELECT 1 AS id, 5 AS v UNION ALL SELECT 0, 0").diff(("id",))
    assert counts(found) == (1, 0, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[]::INTEGER[]", "NULL"),
        ("[]::INTEGER[]", "[NULL]"),
        ("{'a': NULL::INTEGER}", "NULL"),
        ("MAP {'a': 1}", "MAP {'a': NULL}"),
        ("['NULL']", "[NULL]"),
        ("['a, b']", "['a', 'b']"),
    ],
)
def test_nested_values_that_hash_alike_are_told_apart(tables: Tables, one: str, other: str) -> None:
    tables.both(
        f"SELECT range AS id, {one} AS v FROM range(20)", "SELECT range AS id, NULL::INTEGER AS v FROM range(0)"
    )
    tables.run("CREATE OR REPLACE TABLE head.t AS FROM base.t", f"UPDATE head.t SET v = {other}")
    assert counts(tables.diff(("id",))) == (0, 0, 20)
    assert unpaired(tables.diff()) == (20, 20, None)


def test_columns_next_to_a_null_do_not_run_together(tables: Tables) -> None:
    """concat_ws skips NULLs: ('a', NULL, 'b') and ('a', 'b', NULL) give one checksum."""
    tables.both("SELECT 'a' AS x, NULL AS y, 'b' AS z", "SELECT 'a' AS x, 'b' AS y, NULL AS z")
    found = tables.diff(("x",))
    assert counts(found) == (0, 0, 1)
    assert found.rows.columns == (ColumnChange("y", 1), ColumnChange("z", 1))


def test_a_row_with_a_null_key_is_a_row(tables: Tables) -> None:
    base = "FROM (VALUES (1, 'a'), (NULL, 'b')) t(id, v)"
    found = tables.both(base, base).diff(("id",))
    assert found.is_empty
    assert found.key is not None
    assert (found.key.null_rows_base, found.key.null_rows_head) == (1, 1)
    changed = tables.both(base, "FROM (VALUES (1, 'a'), (NULL, 'c')) t(id, v)").diff(("id",))
    assert counts(changed) == (0, 0, 1)
    assert changed.rows.examples[0].key == (("id", None),)
    lost = tables.both(base, "FROM (VALUES (1, 'a')) t(id, v)").diff(("id",))
    assert counts(lost) == (0, 1, 0)
    assert lost.rows.examples[0].key == (("id", None),)
    assert counts(tables.diff(("id",), swap=True)) == (1, 0, 0)


def test_nulls_inside_a_composite_key_compare_like_values(tables: Tables) -> None:
    tables.both(
        "FROM (VALUES (1, NULL, 'a'), (NULL, 1, 'b'), (NULL, NULL, 'c')) t(x, y, v)",
        "FROM (VALUES (1, NULL, 'a'), (NULL, 1, 'B'), (NULL, NULL, 'c')) t(x, y, v)",
    )
    found = tables.diff(("x", "y"))
    assert counts(found) == (0, 0, 1)
    assert found.key is not None
    assert found.key.null_rows_base == 3


def test_nulls_in_values_are_no_error(tables: Tables) -> None:
    query = "SELECT range AS id, {} AS v FROM range(40)"
    assert counts(tables.both(query.format("range"), query.format("NULL::BIGINT")).diff(("id",))) == (0, 0, 40)


def test_null_and_the_empty_text_differ(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, '' AS v", "SELECT 1 AS id, NULL::VARCHAR AS v").diff(("id",))
    assert cells(found.rows.examples[0]) == {"v": ("", None)}


def test_floats_equal_where_numbers_are_equal_and_nowhere_else(tables: Tables) -> None:
    nan, infinity = float("nan"), float("inf")
    tables.typed(
        "id INTEGER, v DOUBLE",
        [(1, nan), (2, -0.0), (3, 0.3), (4, infinity), (5, 1.0), (6, nan)],
        [(1, nan), (2, 0.0), (3, 0.1 + 0.2), (4, -infinity), (5, 1.000000001), (6, 0.0)],
    )
    found = tables.diff(("id",))
    assert [example.key[0][1] for example in found.rows.examples] == ["3", "4", "5", "6"]
    assert cells(found.rows.examples[0]) == {"v": ("0.3", "0.30000000000000004")}


def test_a_column_whose_collation_ignores_case_is_still_compared_by_its_letters(tables: Tables) -> None:
    tables.typed("id INTEGER, v VARCHAR COLLATE NOCASE", [(1, "a")], [(1, "A")])
    assert counts(tables.diff(("id",))) == (0, 0, 1)
    assert unpaired(tables.diff()) == (1, 1, None)
    assert counts(tables.diff(("v",))) == (1, 1, 0)


def test_a_month_is_not_thirty_days(tables: Tables) -> None:
    tables.both("SELECT 1 AS id, INTERVAL 1 MONTH AS v", "SELECT 1 AS id, INTERVAL 30 DAY AS v")
    found = tables.diff(("id",))
    assert cells(found.rows.examples[0]) == {"v": ("1 month", "30 days")}
    assert unpaired(tables.diff()) == (1, 1, None)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("1::INTEGER", "1::BIGINT"),
        ("1::INTEGER", "1.00::DECIMAL(10,2)"),
        ("1.50::DECIMAL(10,2)", "1.5000::DECIMAL(18,4)"),
        ("1.5::FLOAT", "1.5::DOUBLE"),
        ("1::BIGINT", "1::HUGEINT"),
        ("DATE '2020-01-01'", "TIMESTAMP '2020-01-01'"),
        ("TIMESTAMP '2020-01-01 00:00:00.5'", "'2020-01-01 00:00:00.5'::TIMESTAMP_NS"),
        ("'a'::ENUM('a', 'b')", "'a'::VARCHAR"),
        ("'a'::ENUM('a', 'b')", "'a'::ENUM('b', 'a')"),
        ("7", "'7'"),
    ],
)
def test_a_type_change_alone_changes_no_row(tables: Tables, base: str, head: str) -> None:
    tables.both(f"SELECT 1 AS id, {base} AS v", f"SELECT 1 AS id, {head} AS v")
    for found in (tables.diff(("id",)), tables.diff(), tables.diff(("v",))):
        assert counts(found)[:2] == (0, 0)
        assert not found.rows.changed
        assert found.schema.type_changes
        assert not found.is_empty


def test_a_type_change_with_other_values_shows_each_in_its_own_type(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 1 AS v", "SELECT 1 AS id, 2.50::DECIMAL(10,2) AS v").diff(("id",))
    assert cells(found.rows.examples[0]) == {"v": ("1", "2.50")}
    assert found.notes == ()


def test_values_compared_as_text_are_said_to_be(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 1.0::DOUBLE AS v", "SELECT 1 AS id, '1' AS v").diff(("id",))
    assert counts(found) == (0, 0, 1)
    assert found.notes == ("v: DOUBLE and VARCHAR were compared as text",)


def test_a_key_of_another_type_still_pairs_rows(tables: Tables) -> None:
    found = tables.both(
        "SELECT range::INTEGER AS id FROM range(9)", "SELECT range::VARCHAR AS id FROM range(1, 10)"
    ).diff(("id",))
    assert counts(found) == (1, 1, 0)


def test_other_columns_of_one_side_do_not_stand_in_the_way(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 2 AS old, 'x' AS v", "SELECT 'x' AS v, 3 AS new, 1 AS id").diff(("id",))
    assert counts(found) == (0, 0, 0)
    assert found.compared_columns == ("v", "id")
    assert found.schema.reordered


def test_columns_may_be_called_like_anything_we_use(tables: Tables) -> None:
    names = [
        "present",
        "in_base",
        "in_head",
        "c0",
        "c1",
        "k0",
        "b0",
        "h0",
        "d0",
        "n",
        "v0",
        "nb",
        "nh",
        "s",
        "t",
        "b",
        "h",
        "j",
        "e",
        "f",
        "g",
    ]
    names += ['quo"te', "a.b", "select", "ä ö", "'"]
    listed = ", ".join(f'{index} AS "{name.replace(chr(34), chr(34) * 2)}"' for index, name in enumerate(names))
    tables.both(f"SELECT {listed}", f"SELECT * REPLACE (99 AS h) FROM (SELECT {listed})")
    found = tables.diff(("present", 'quo"te', "k0"))
    assert counts(found) == (0, 0, 1)
    assert found.rows.columns == (ColumnChange("h", 1),)
    assert unpaired(tables.diff()) == (1, 1, None)
    assert counts(tables.sample(("present", "c1"), 5)) == (0, 0, 1)


@pytest.mark.parametrize("emptied", [("head", (0, 5, 0)), ("base", (5, 0, 0))])
def test_a_table_that_became_empty_lost_all_its_rows(tables: Tables, emptied: tuple[str, tuple[int, int, int]]) -> None:
    tables.both("SELECT range AS id FROM range(5)", "SELECT range AS id FROM range(5)")
    tables.run(f"DELETE FROM {emptied[0]}.t")
    found = tables.diff(("id",))
    assert counts(found) == emptied[1]
    assert found.coverage == Exhaustive("keyed")


def test_null_safe_keys_are_joined_by_hash_and_not_row_by_row(tables: Tables) -> None:
    query = "SELECT range AS x, range::VARCHAR AS y, {} AS v FROM range(1000)"
    tables.both(query.format("1::INTEGER"), query.format("1::BIGINT"))
    columns = [tables.database.columns(relation) or () for relation in (BASE, HEAD)]
    pairs = pair_columns(*columns)
    join = KeyedJoin(sides_of(tables.database, SideRelations(BASE, HEAD), pairs=pairs), pairs[:2], pairs[2:])
    explain = f"EXPLAIN SELECT count(*) FROM {join.rows} AS j WHERE in_base IS NULL"
    plan = str(tables.database.connection.execute(explain).fetchall()).upper()
    assert "HASH JOIN" in plan.replace("_", " ")
    assert "NESTED" not in plan
    assert "BLOCKWISE" not in plan


def test_two_empty_tables_are_equal(tables: Tables) -> None:
    tables.both("SELECT 1 AS id LIMIT 0", "SELECT 1 AS id LIMIT 0")
    for found, method in ((tables.diff(("id",)), "keyed"), (tables.diff(), "multiset")):
        assert found.is_empty
        assert found.coverage == Exhaustive("keyed" if method == "keyed" else "multiset")
        assert found.rows.rows_base == 0 == found.rows.rows_head


@pytest.mark.parametrize(
    ("type_", "values", "tolerance", "changed"),
    [
        ("DOUBLE", [(1.0, 1.05), (1.0, 1.2), (None, 1.0), (float("nan"), 1.0), (float("inf"), float("inf"))], 0.1, 3),
        ("DOUBLE", [(float("inf"), 1.0), (float("inf"), float("-inf")), (1.7e308, -1.7e308), (0.0, 1e-9)], 1e-6, 3),
        ("BIGINT", [(2**63 - 1, -(2**63)), (2**53 + 1, 2**53), (5, 7), (5, None)], 0.5, 4),
        ("BIGINT", [(5, 6), (5, 7)], 1.0, 1),
        ("DECIMAL(10,2)", [("1.00", "1.10"), ("1.00", "1.11")], 0.1, 1),
        ("DECIMAL(10,2)", [("1.00", "1.01")], 0.0, 1),
    ],
)
def test_a_tolerance_forgives_what_is_near(
    tables: Tables, type_: str, values: list[tuple[object, object]], tolerance: float, changed: int
) -> None:
    base = [(index, pair[0]) for index, pair in enumerate(values)]
    head = [(index, pair[1]) for index, pair in enumerate(values)]
    tables.typed(f"id INTEGER, v {type_}", base, head)
    options = ModelOptions(tolerances=(("V", Tolerance(tolerance)),))
    found = tables.diff(("id",), options=options)
    assert found.rows.changed == changed == tables.diff(("id",), options=options, swap=True).rows.changed
    assert len(found.rows.examples) == changed


def test_a_tolerance_that_cannot_be_used_is_said(tables: Tables) -> None:
    options = ModelOptions(tolerances=(("v", Tolerance(0.1)),))
    found = tables.both("SELECT 1 AS id, 'a' AS v", "SELECT 1 AS id, 'b' AS v").diff(("id",), options=options)
    assert counts(found) == (0, 0, 1)
    assert found.notes == ("the tolerance for v was not used: VARCHAR is not a number",)


def test_ignored_columns_are_left_out_and_listed(tables: Tables) -> None:
    tables.both("SELECT 1 AS id, 2 AS v, 3 AS gone", "SELECT 1 AS id, 5 AS V, 6 AS w")
    found = tables.diff(("id",), options=ModelOptions(ignore_columns=("v", "GONE", "nowhere")))
    assert counts(found) == (0, 0, 0)
    assert found.ignored_columns == ("V", "gone")
    assert found.compared_columns == ("id",)


def test_masked_values_never_leave_the_warehouse(tables: Tables) -> None:
    tables.both("SELECT 1 AS id, 'secret' AS v", "SELECT 1 AS id, 'secret too' AS v UNION ALL SELECT 2, 'secret 2'")
    options = ModelOptions(mask_columns=("V",))
    for found in (
        tables.diff(("id",), options=options),
        tables.diff(options=options),
        tables.diff(("v",), options=options),
    ):
        assert found.rows.examples
        assert "secret" not in repr(found)
    changed = tables.diff(("id",), options=options).rows.examples[0].cells
    assert [(cell.column, cell.base, cell.head, cell.masked) for cell in changed] == [("v", None, None, True)]
    assert tables.diff(("v",), options=options).rows.examples[0].key == (("v", "(masked)"),)


@pytest.mark.parametrize("limit", [0, 1, 3, 100])
def test_examples_are_bounded_and_in_key_order(tables: Tables, limit: int) -> None:
    tables.both(
        "SELECT range AS id, range AS v FROM range(30)", "SELECT range AS id, range % 20 AS v FROM range(5, 40)"
    )
    found = tables.ask(replace(request(("id",)), max_samples=limit))
    shown = [(example.kind, int(example.key[0][1] or "")) for example in found.rows.examples]
    everything = (
        [("changed", n) for n in range(20, 30)]
        + [("removed", n) for n in range(5)]
        + [("added", n) for n in range(30, 40)]
    )
    assert len(shown) == min(limit, len(everything))
    assert shown == [row for row in everything if row in set(shown)]
    assert len({kind for kind, _ in shown}) == min(limit, 3)
    assert counts(found) == (10, 5, 10)


def test_values_read_as_a_person_writes_them(tables: Tables) -> None:
    values = {
        "text": ("'it''s'", "it's"),
        "whole": ("170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"),
        "float": ("0.1::DOUBLE", "0.1"),
        "money": ("12.50::DECIMAL(10,2)", "12.50"),
        "flag": ("true", "true"),
        "day": ("DATE '2020-02-29'", "2020-02-29"),
        "moment": ("TIMESTAMP '2020-02-29 12:00:00.5'", "2020-02-29 12:00:00.5"),
        "list": ("[1, NULL]", "[1, NULL]"),
        "struct": ("{'a': 1}", "{'a': 1}"),
        "blob": ("'\\xAA'::BLOB", "\\xAA"),
        "nothing": ("NULL::INTEGER", None),
    }
    listed = ", ".join(f'{sql} AS "{name}"' for name, (sql, _) in values.items())
    tables.both(f"SELECT 1 AS id, {listed}", f"SELECT 1 AS id, {listed} LIMIT 0")
    expected = {name: (shown, None) for name, (_, shown) in values.items()}
    assert cells(tables.diff(("id",)).rows.examples[0]) == expected
    assert cells(tables.diff().rows.examples[0]) == {"id": ("1", None), **expected}


def test_where_filters_both_sides_and_is_said(tables: Tables) -> None:
    tables.both("SELECT range AS id, 1 AS v FROM range(10)", "SELECT range AS id, 2 AS v FROM range(8)")
    found = tables.diff(("id",), options=ModelOptions(where="id > 4 -- recent"))
    assert (found.rows.rows_base, found.rows.rows_head, *counts(found)) == (5, 3, 0, 2, 3)
    assert found.coverage == Exhaustive("keyed")
    assert found.notes == ("on both sides only rows that meet this condition were looked at: id > 4 -- recent",)


@pytest.mark.parametrize("where", ["1=1) UNION SELECT 1 --", "1=1; DROP TABLE base.t", "id >", "", "(SELECT 1) id"])
def test_a_filter_that_is_no_condition_is_never_run(tables: Tables, where: str) -> None:
    tables.both("SELECT 1 AS id", "SELECT 1 AS id")
    found = tables.diff(("id",), options=ModelOptions(where=where))
    if where:
        assert isinstance(found.coverage, NotCompared)
        assert "`where`" in found.coverage.reason
    assert tables.database.query("SELECT count(*) FROM base.t") == [(1,)]


def test_a_refused_filter_is_a_reason_and_not_an_exception(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id", "SELECT 1 AS id").diff(("id",), options=ModelOptions(where="nope = 1"))
    assert isinstance(found.coverage, NotCompared)
    assert "nope" in found.coverage.reason
    assert found.rows.rows_base is None
    assert counts(found) == (None, None, None)
    assert found.compared_columns == ()


def test_a_missing_relation_is_a_reason(tables: Tables) -> None:
    tables.both("SELECT 1 AS id", "SELECT 1 AS id").run("DROP TABLE base.t")
    assert tables.diff(("id",)).coverage == NotCompared("base.t does not exist")


def test_a_day_beyond_all_timestamps_is_compared_all_the_same(tables: Tables) -> None:
    tables.both(
        "SELECT 1 AS id, '5874897-12-31'::DATE AS v UNION ALL SELECT 2, '2026-01-31'::DATE",
        "SELECT 1 AS id, TIMESTAMP '2020-01-01' AS v UNION ALL SELECT 2, TIMESTAMP '2026-01-31 00:00:00'",
    )
    assert counts(tables.diff(("id",))) == (0, 0, 1)


def test_a_value_that_cannot_be_read_is_a_reason_with_row_counts(tables: Tables) -> None:
    tables.both("SELECT 1 AS id, 1 AS v", "SELECT 1 AS id, 'x' AS v").run(
        "CREATE VIEW head.failing AS SELECT id, CAST(v AS BIGINT) AS v FROM head.t",
        "DROP TABLE base.t",
        "CREATE VIEW base.t AS SELECT * FROM head.failing",
    )
    found = tables.diff(("id",))
    assert isinstance(found.coverage, NotCompared)
    assert (found.rows.rows_base, found.rows.rows_head) == (1, 1)
    assert found.schema.type_changes


@pytest.mark.parametrize(
    ("head", "ignored", "reason"),
    [("b", (), "the sides have no column in common"), ("a", ("a",), "every column that both sides have is ignored")],
)
def test_nothing_to_compare_is_a_reason(tables: Tables, head: str, ignored: tuple[str, ...], reason: str) -> None:
    tables.both("SELECT 1 AS a", f"SELECT 1 AS {head} FROM range(3)")
    found = tables.diff(options=ModelOptions(ignore_columns=ignored))
    assert found.coverage == NotCompared(reason, fixable=True)
    assert (found.rows.rows_base, found.rows.rows_head) == (1, 3)


def test_a_view_that_is_never_the_same_twice_is_read_once(tables: Tables) -> None:
    tables.both("SELECT range AS id FROM range(1000)", "SELECT range AS id FROM range(1000)")
    tables.run("DROP TABLE base.t", "CREATE VIEW base.t AS SELECT range AS id FROM range(100000) WHERE random() < 0.5")
    rows = tables.diff(("id",)).rows
    assert rows.rows_base is not None
    assert rows.rows_base + (rows.added or 0) - (rows.removed or 0) == rows.rows_head == 1000
