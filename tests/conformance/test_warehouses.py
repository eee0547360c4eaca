"""What every warehouse does alike, whoever made it: the port's promises, one test each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import combinations

import pytest

from rocky_action.domain.diff import Exhaustive, ModelDiff, NotCompared, Sampled
from rocky_action.domain.execution import CloneMethod
from rocky_action.domain.options import Algorithm, ModelOptions, SampleOrder, Tolerance
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.sql.quoting import text_literal
from tests.support.ground import Ground

PREVIEW = "branch__conformance"
NUMBERED = {"id": "BIGINT", "v": "VARCHAR"}
CHEAPEST = {
    "duckdb": CloneMethod.CTAS,
    "snowflake": CloneMethod.ZERO_COPY,
    "bigquery": CloneMethod.TABLE_CLONE,
    "databricks": CloneMethod.SHALLOW_CLONE,
}


SLOW_ON_BIGQUERY = pytest.mark.slow_on("bigquery")


@pytest.fixture
def preview(ground: Ground) -> Iterator[str]:
    """An empty preview schema, dropped at the end."""
    ground.adapter.drop_schema(ground.catalog, PREVIEW)
    ground.adapter.create_schema(ground.catalog, PREVIEW)
    yield PREVIEW
    ground.adapter.drop_schema(ground.catalog, PREVIEW)


def numbered(ground: Ground, name: str, rows: Mapping[int, str], schema: str | None = None) -> Relation:
    """A table of numbers and words."""
    return ground.make(ground.at(name, schema), NUMBERED, [(str(id_), f"'{word}'") for id_, word in rows.items()])


def content(ground: Ground, rel: Relation) -> list[tuple[object, ...]]:
    return ground.rows(f"SELECT * FROM {ground.named(rel)}")


def diff(ground: Ground, base: Relation, head: Relation, *key: str, **wanted: object) -> ModelDiff:
    candidates = (KeyCandidate(key, "unique_key"),) if key else ()
    options = wanted.pop("options", ModelOptions(key=None if key else ()))
    request = DiffRequest("t", candidates, options, **wanted)  # type: ignore[arg-type]
    return diff_relations(ground.adapter, request, base=base, head=head)


def counts(found: ModelDiff) -> tuple[int | None, ...]:
    """Added, removed, changed. What could not be compared is a failure, and says why."""
    assert not isinstance(found.coverage, NotCompared), found.coverage.reason
    return found.rows.added, found.rows.removed, found.rows.changed


NAMES = ["with space", 'dou"ble', "back`tick", "größe", "semi;colon", "a.b", "UPPER", "select"]
FORBIDDEN = {
    "bigquery": {"with space", "quo'te", 'dou"ble', "back`tick", "größe", "semi;colon", "a.b"},
    "databricks": {"with space", "semi;colon"},
}
"""Names that a warehouse has never had for a column of a table."""


class TestWhatIsThere:
    def test_columns_are_in_order_and_none_where_there_is_no_relation(self, ground: Ground) -> None:
        rel = ground.make(ground.at("cols"), {"b": "BIGINT", "a": "VARCHAR", "Mixed": "DATE"})
        found = ground.adapter.columns(rel)
        assert found is not None
        assert [column.name for column in found] == ["b", "a", "Mixed"]
        assert ground.adapter.columns(ground.at("no_such_table")) is None
        assert ground.adapter.columns(ground.at("cols", "no_such_schema")) is None

    @pytest.mark.parametrize("name", ["select", "UPPER", "Mixed_Case", "order", "_x1"])
    def test_a_name_is_what_it_is(self, ground: Ground, name: str, preview: str) -> None:
        rel = ground.make(ground.at(name), {name: "BIGINT"}, [("1",), ("2",)])
        target = ground.at(name, preview)
        ground.adapter.clone(rel, target, writable=True)
        assert content(ground, target) == [(1,), (2,)]
        assert [column.name for column in ground.adapter.columns(target) or ()] == [name]
        assert counts(diff(ground, rel, target, name)) == (0, 0, 0)

    def test_a_column_may_be_called_what_the_warehouse_allows(self, ground: Ground) -> None:
        names = [name for name in NAMES if name not in FORBIDDEN.get(ground.name, ())]
        columns = {"id": "BIGINT", **dict.fromkeys(names, "VARCHAR")}
        base = ground.make(ground.at("named"), columns, [("1", *["'x'"] * len(names)), ("2", *["'y'"] * len(names))])
        head = ground.make(ground.at("called"), columns, [("1", *["'x'"] * len(names)), ("2", *["'z'"] * len(names))])
        found = diff(ground, base, head, "id")
        assert counts(found) == (0, 0, 1)
        assert [(change.name, change.rows_changed) for change in found.rows.columns] == [(name, 1) for name in names]

    def test_a_quote_is_part_of_a_name(self, ground: Ground) -> None:
        if ground.name == "bigquery":
            pytest.skip("never: a column's name has no quotes in it there, though the stand-in takes them")
        rel = ground.make(ground.at("quoted"), {"quo'te": "BIGINT"}, [("1",)])
        assert counts(diff(ground, rel, rel, "quo'te")) == (0, 0, 0)

    def test_a_query_is_described_without_being_run(self, ground: Ground) -> None:
        rel = numbered(ground, "described", {1: "a"})
        found = ground.adapter.describe(f"SELECT * FROM {ground.named(rel)}")
        assert [column.name for column in found] == ["id", "v"]
        assert found == ground.adapter.columns(rel)

    def test_values_come_back_as_what_they_are(self, ground: Ground) -> None:
        sql = "SELECT 1 AS a, CAST(2 AS DECIMAL(38, 0)) AS b, 'x' AS c, CAST(NULL AS VARCHAR) AS d, 1.5e0 AS e"
        assert ground.adapter.query(ground.sql(sql)) == [(1, 2, "x", None, 1.5)]

    def test_several_queries_answer_in_order(self, ground: Ground) -> None:
        assert ground.adapter.query_many(["SELECT 1", "SELECT 2", "SELECT 3"]) == [[(1,)], [(2,)], [(3,)]]

    def test_a_missing_relation_is_named_in_the_error(self, ground: Ground) -> None:
        with pytest.raises(WarehouseError, match=r"(?i)no_such_table"):
            ground.adapter.query(f"SELECT * FROM {ground.named(ground.at('no_such_table'))}")

    def test_what_is_no_sql_is_refused(self, ground: Ground) -> None:
        with pytest.raises(WarehouseError):
            ground.adapter.query("SELECT FROM WHERE")
        with pytest.raises(WarehouseError):
            ground.adapter.execute(["CREATE TABEL x"])


class TestSchemas:
    def test_making_and_dropping_twice_is_no_error(self, ground: Ground) -> None:
        for _ in range(2):
            ground.adapter.create_schema(ground.catalog, PREVIEW)
        assert (ground.catalog, PREVIEW) in ground.adapter.schemas("branch__")
        for _ in range(2):
            ground.adapter.drop_schema(ground.catalog, PREVIEW)
        assert (ground.catalog, PREVIEW) not in ground.adapter.schemas("branch__")

    def test_a_prefix_is_no_pattern(self, ground: Ground) -> None:
        for schema in ("branch__one", "branchxxtwo", "branch%three"[:6] + "_three"):
            ground.adapter.create_schema(ground.catalog, schema)
        try:
            found = [schema for _, schema in ground.adapter.schemas("branch__")]
            assert "branch__one" in found
            assert all(schema.startswith("branch__") for schema in found)
        finally:
            for schema in ("branch__one", "branchxxtwo", "branch_three"):
                ground.adapter.drop_schema(ground.catalog, schema)

    def test_a_schema_goes_with_all_that_is_in_it(self, ground: Ground, preview: str) -> None:
        numbered(ground, "t", {1: "a"}, preview)
        ground.production(
            f"CREATE VIEW {ground.named(ground.at('v', preview))} AS SELECT * FROM"
            f" {ground.named(ground.at('t', preview))}"
        )
        ground.adapter.drop_schema(ground.catalog, preview)
        assert ground.adapter.columns(ground.at("t", preview)) is None
        assert ground.adapter.columns(ground.at("v", preview)) is None
        assert (ground.catalog, preview) not in ground.adapter.schemas(preview)


class TestSpent:
    def test_what_was_spent_grows_by_whatever_is_run(self, ground: Ground, preview: str) -> None:
        adapter, rel = ground.adapter, numbered(ground, "spent", {1: "a", 2: "b"})
        sent: list[Callable[[], object]] = [
            lambda: adapter.query(f"SELECT * FROM {ground.named(rel)}"),
            lambda: adapter.query_many([f"SELECT id FROM {ground.named(rel)}"] * 3),
            lambda: adapter.clone(rel, ground.at("spent", preview), writable=True),
            lambda: adapter.execute([f"DELETE FROM {ground.named(ground.at('spent', preview))} WHERE id = 1"]),
        ]
        readings = [adapter.spent()]
        for send in sent:
            send()
            readings.append(adapter.spent())
        times = [reading.duration_ms for reading in readings if reading.duration_ms is not None]
        assert len(times) == len(readings)
        assert sorted(times) == times
        assert readings[-1].since(readings[0]).duration_ms

    def test_a_statement_that_fails_counts(self, ground: Ground) -> None:
        rel = numbered(ground, "failing", dict.fromkeys(range(1000), "not a number"))
        before = ground.adapter.spent()
        for _ in range(5):  # one may take less than a millisecond
            with pytest.raises(WarehouseError):
                ground.adapter.query(f"SELECT CAST(v AS {ground.type('BIGINT')}) FROM {ground.named(rel)}")
        assert ground.adapter.spent().since(before).duration_ms

    def test_asking_costs_nothing(self, ground: Ground) -> None:
        assert ground.adapter.spent() == ground.adapter.spent()

    def test_a_new_connection_begins_at_nothing_or_at_what_opening_took(self, ground: Ground) -> None:
        again = ground.again()
        with closing(again):
            assert (again.spent().duration_ms or 0) <= (ground.adapter.spent().duration_ms or 0)


class TestClones:
    def test_a_table_is_cloned_in_the_cheapest_way(self, ground: Ground, preview: str) -> None:
        rel = numbered(ground, "cloned", {1: "a", 2: "b"})
        made = ground.adapter.clone(rel, ground.at("cloned", preview), writable=True)
        assert (made.method, made.because) == (CHEAPEST[ground.name], None)
        assert content(ground, ground.at("cloned", preview)) == [(1, "a"), (2, "b")]

    @pytest.mark.slow_on("databricks")
    def test_what_happens_to_one_the_other_does_not_see(self, ground: Ground, preview: str) -> None:
        rel = numbered(ground, "apart", {1: "a", 2: "b"})
        target = ground.at("apart", preview)
        ground.adapter.clone(rel, target, writable=True)
        ground.adapter.execute([f"DELETE FROM {ground.named(target)} WHERE id = 1"])
        assert content(ground, rel) == [(1, "a"), (2, "b")]
        ground.production(f"DELETE FROM {ground.named(rel)} WHERE id = 2")
        assert content(ground, target) == [(2, "b")]
        assert content(ground, rel) == [(1, "a")]

    def test_a_second_push_replaces(self, ground: Ground, preview: str) -> None:
        target = ground.at("again", preview)
        for word in ("a", "b"):
            ground.adapter.clone(numbered(ground, "again", {1: word}), target, writable=True)
            assert content(ground, target) == [(1, word)]

    def test_an_empty_table_is_cloned(self, ground: Ground, preview: str) -> None:
        rel = ground.make(ground.at("nothing"), NUMBERED)
        ground.adapter.clone(rel, ground.at("nothing", preview), writable=True)
        assert content(ground, ground.at("nothing", preview)) == []
        assert ground.adapter.columns(ground.at("nothing", preview)) == ground.adapter.columns(rel)

    @pytest.mark.parametrize("writable", [False, True])
    def test_a_view_is_cloned(self, ground: Ground, preview: str, *, writable: bool) -> None:
        rel = numbered(ground, "below", {1: "a", 2: "b"})
        view, target = ground.at("above"), ground.at("above", preview)
        ground.production(
            f"CREATE OR REPLACE VIEW {ground.named(view)} AS SELECT id FROM {ground.named(rel)} WHERE id > 1"
        )
        made = ground.adapter.clone(view, target, writable=writable)
        assert made.method is (CloneMethod.CTAS if writable else CloneMethod.VIEW)
        assert content(ground, target) == [(2,)]
        if writable:
            ground.adapter.execute([f"DELETE FROM {ground.named(target)} WHERE id = 2"])
            assert content(ground, view) == [(2,)]

    def test_what_is_not_there_cannot_be_cloned(self, ground: Ground, preview: str) -> None:
        with pytest.raises(WarehouseError, match=r"(?i)no_such_table"):
            ground.adapter.clone(ground.at("no_such_table"), ground.at("x", preview), writable=True)
        assert ground.adapter.columns(ground.at("x", preview)) is None


class TestRunning:
    def test_statements_run_in_order_and_what_is_not_known_is_none(self, ground: Ground, preview: str) -> None:
        rel = ground.named(ground.at("made", preview))
        usage = ground.adapter.execute(
            [f"CREATE TABLE {rel} AS SELECT 1 AS id", f"INSERT INTO {rel} SELECT 2 AS id"], model="made"
        )
        assert content(ground, ground.at("made", preview)) == [(1,), (2,)]
        assert isinstance(usage, Usage)
        assert usage.duration_ms is None or usage.duration_ms >= 0
        assert usage.duration_ms is not None

    @pytest.mark.notimpl("snowflake", reason="fakesnow has no EXPLAIN USING JSON")
    def test_an_estimate_is_what_the_warehouse_says_or_nothing(self, ground: Ground) -> None:
        rel = numbered(ground, "estimated", {1: "a"})
        found = ground.adapter.estimate(f"SELECT * FROM {ground.named(rel)}")
        assert found is None or (found.bytes_scanned is not None and found.duration_ms is None)

    def test_a_statement_that_takes_too_long_is_stopped(self, ground: Ground) -> None:
        started = time.monotonic()
        with pytest.raises(StatementTimeoutError):
            ground.adapter.query(SLOW[ground.name], timeout=1)
        assert time.monotonic() - started < 20

    def test_closing_cancels_what_runs(self, ground: Ground) -> None:
        adapter = ground.again() if ground.name != "duckdb" else None
        if adapter is None:
            pytest.skip("never: one process has a DuckDB file once; tests/integration/test_duckdb.py has this")
        errors: list[BaseException] = []

        def run() -> None:
            try:
                adapter.query(SLOW[ground.name])
            except WarehouseError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(1.5)
        assert thread.is_alive()
        started = time.monotonic()
        with closing(adapter):
            adapter.close()  # once on the thread that hears of a signal, and once in the end
        thread.join(20)
        assert not thread.is_alive()
        assert errors
        assert time.monotonic() - started < 20

    def test_it_takes_several_statements_at_once(self, ground: Ground) -> None:
        assert ground.adapter.concurrency >= 1
        rel = numbered(ground, "shared", {1: "a"})
        found: list[object] = []
        threads = [
            threading.Thread(target=lambda: found.append(ground.adapter.query(f"SELECT id FROM {ground.named(rel)}")))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [[(1,)]] * 4


SEQUENCE = "(SELECT SEQ4() AS x FROM TABLE(GENERATOR(ROWCOUNT => 100000)))"
SLOW = {
    "duckdb": "SELECT count(*) FROM range(100000) AS a(x) CROSS JOIN range(100000) AS b(x) WHERE a.x % 7 = b.x % 5",
    "snowflake": f"SELECT COUNT(*) FROM {SEQUENCE} AS a CROSS JOIN {SEQUENCE} AS b WHERE a.x % 7 = b.x % 5",
    "bigquery": "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a"
    " CROSS JOIN UNNEST(GENERATE_ARRAY(1, 100000)) AS b WHERE MOD(a, 7) = MOD(b, 5)",
    "databricks": "SELECT count(*) FROM range(100000) AS a CROSS JOIN range(100000) AS b WHERE a.id % 7 = b.id % 5",
}
"""Ten thousand million pairs."""

DISTINCT = ["NULL", "''", "'a'", "'A'", "'ab'", "'a '", "' a'", "'0'", "'null'", "'é'"]
ROWS = [
    ("NULL", "'a'"), ("'a'", "NULL"), ("NULL", "NULL"), ("''", "'a'"), ("'a'", "''"), ("'a'", "'b'"), ("'b'", "'a'"),
    ("'ab'", "'c'"), ("'a'", "'bc'"), ("'a,b'", "'c'"), ("'a'", "'b,c'"), ("'a\"'", "'b'"), ("'a'", "'\"b'"),
]  # fmt: skip


class TestHashes:
    def hashes(self, ground: Ground, rows: Sequence[Sequence[str]], type_: str) -> list[int]:
        columns = {f"c{place}": type_ for place in range(len(rows[0]))}
        numbered_rows = [(str(number), *row) for number, row in enumerate(rows)]
        rel = ground.make(ground.at("hashed"), {"id": "BIGINT", **columns}, numbered_rows)
        hashed = ground.adapter.row_hash(list(columns))
        found = ground.adapter.query(f"SELECT id, {hashed} AS h FROM {ground.named(rel)} ORDER BY id")
        return [hash_ for _, hash_ in found if isinstance(hash_, int)]

    def test_rows_that_differ_have_other_hashes(self, ground: Ground) -> None:
        found = self.hashes(ground, ROWS, "VARCHAR")
        assert len(found) == len(ROWS)
        for (left, one), (right, other) in combinations(zip(ROWS, found, strict=True), 2):
            assert one != other, (left, right)
        assert all(0 <= hash_ < 2**63 for hash_ in found)

    @pytest.mark.slow_on("databricks")
    @pytest.mark.parametrize(
        ("type_", "values"),
        [
            ("VARCHAR", DISTINCT),
            ("BIGINT", ["NULL", "0", "1", "-1", "2", "9223372036854775807", "-9223372036854775808"]),
            ("DOUBLE", ["NULL", "0", "1", "-1", "1.5", "1e300", "1e-300", "0.1", "0.30000000000000004", "0.3"]),
            ("DECIMAL(38, 9)", ["NULL", "0", "1", "-1", "0.000000001", "12345678901234567890123456789"]),
            ("BOOLEAN", ["NULL", "TRUE", "FALSE"]),
            ("DATE", ["NULL", "DATE '2024-01-01'", "DATE '2024-01-02'", "DATE '1969-12-31'"]),
        ],
    )
    def test_values_that_differ_have_other_hashes(self, ground: Ground, type_: str, values: list[str]) -> None:
        found = self.hashes(ground, [(value,) for value in values], type_)
        assert len(set(found)) == len(values)

    def test_equal_rows_have_one_hash(self, ground: Ground) -> None:
        assert len(set(self.hashes(ground, [("'a'", "NULL")] * 3, "VARCHAR"))) == 1


TYPES = [
    ("BIGINT", "1", "2"),
    ("DECIMAL(10, 2)", "1.50", "1.51"),
    ("DOUBLE", "0.1", "0.10000000000000002"),
    ("DOUBLE", "CAST('NaN' AS DOUBLE)", "0"),
    ("BOOLEAN", "TRUE", "FALSE"),
    ("VARCHAR", "'a'", "'A'"),
    ("VARCHAR", "'a'", "'a '"),
    ("VARCHAR", "''", "NULL"),
    ("DATE", "DATE '2024-02-29'", "DATE '2024-03-01'"),
    ("TIMESTAMP", "TIMESTAMP '2024-02-29 12:34:56.123456'", "TIMESTAMP '2024-02-29 12:34:56.123457'"),
    ("TIMESTAMPTZ", "CAST('2024-02-29 12:34:56+00' AS TIMESTAMPTZ)", "CAST('2024-02-29 12:34:57+00' AS TIMESTAMPTZ)"),
    ("BLOB", "CAST('ab' AS BLOB)", "CAST('cd' AS BLOB)"),
]


WIDE = ("DECIMAL(38, 0)", "12345678901234567890123456789012345678", "12345678901234567890123456789012345679")


@pytest.mark.slow_on("databricks")
class TestDiffs:
    @pytest.mark.parametrize("few_rows", [pytest.param(0, marks=SLOW_ON_BIGQUERY), 100], ids=["narrowed", "joined"])
    def test_every_type_is_compared(self, ground: Ground, few_rows: int) -> None:
        self.compared(ground, TYPES, few_rows=few_rows)

    @pytest.mark.notimpl("snowflake", reason="fakesnow keeps NUMBER(38, 0) in 64 bits")
    @pytest.mark.notimpl("bigquery", reason="BIGNUMERIC is a DECIMAL of 38 digits, nine of them behind the point, here")
    def test_numbers_of_38_digits_are_compared(self, ground: Ground) -> None:
        self.compared(ground, [WIDE], few_rows=0)

    def compared(self, ground: Ground, types: Sequence[tuple[str, str, str]], *, few_rows: int) -> None:
        """A row with another value in every column is one changed row, and each column is seen to have changed."""
        names = [f"v{place}" for place in range(len(types))]
        columns = {"id": "BIGINT", **{name: type_ for name, (type_, _, _) in zip(names, types, strict=True)}}
        ones, others = [one for _, one, _ in types], [other for _, _, other in types]
        nulls = ["NULL"] * len(types)
        base = ground.make(ground.at("typed"), columns, [("1", *ones), ("2", *ones), ("3", *nulls)])
        same = ground.make(ground.at("typed_same"), columns, [("3", *nulls), ("2", *ones), ("1", *ones)])
        head = ground.make(ground.at("typed_head"), columns, [("1", *ones), ("2", *others), ("3", *nulls)])
        assert counts(diff(ground, base, same, "id", few_rows=few_rows)) == (0, 0, 0)
        found = diff(ground, base, head, "id", few_rows=few_rows)
        assert counts(found) == (0, 0, 1)
        assert isinstance(found.coverage, Exhaustive)
        assert found.notes == ()
        assert [(change.name, change.rows_changed) for change in found.rows.columns] == [(name, 1) for name in names]
        (example,) = found.rows.examples
        assert all(cell.base != cell.head for cell in example.cells if cell.column in names)
        whole = diff(ground, base, head, few_rows=few_rows)
        pairs = whole.rows.paired
        assert ((whole.rows.added or 0) + pairs, (whole.rows.removed or 0) + pairs) == (1, 1)

    def test_missing_values_and_repeated_keys(self, ground: Ground) -> None:
        columns = {"id": "BIGINT", "v": "VARCHAR", "n": "BIGINT"}
        base = ground.make(
            ground.at("odd"),
            columns,
            [("NULL", "'a'", "1"), ("1", "'a'", "NULL"), ("2", "'b'", "2"), ("2", "'b'", "2"), ("3", "NULL", "3")],
        )
        head = ground.make(
            ground.at("odd_head"),
            columns,
            [("NULL", "'b'", "1"), ("1", "NULL", "1"), ("2", "'b'", "2"), ("3", "NULL", "3"), ("4", "'d'", "4")],
        )
        found = diff(ground, base, head, "id")
        assert counts(found) == (1, 1, 2)
        assert found.key is not None
        assert (found.key.unique_base, found.key.unique_head) == (False, True)
        assert {change.name: change.rows_changed for change in found.rows.columns} == {"v": 2, "n": 1}
        swapped = diff(ground, head, base, "id")
        assert counts(swapped) == (1, 1, 2)

    @pytest.mark.parametrize("few_rows", [pytest.param(0, marks=SLOW_ON_BIGQUERY), 1000], ids=["large", "small"])
    @pytest.mark.parametrize("key", [("id",), ("a", "b"), ()], ids=["key", "composite", "whole rows"])
    def test_every_way_finds_what_a_dictionary_finds(self, ground: Ground, key: tuple[str, ...], few_rows: int) -> None:
        base, head, truth = self.some_hundred(ground)
        for algorithm in (Algorithm.EXHAUSTIVE, Algorithm.BISECTION):
            found = diff(ground, base, head, *key, algorithm=algorithm, few_rows=few_rows)
            added, removed, changed = counts(found)
            if key:
                assert (added, removed, changed) == truth
                assert {change.name: change.rows_changed for change in found.rows.columns} == {"v": truth[2]}
            else:
                pairs = found.rows.paired
                assert ((added or 0) + pairs, (removed or 0) + pairs) == (truth[0] + truth[2], truth[1] + truth[2])
            assert (found.rows.rows_base, found.rows.rows_head) == (300, 303)
            assert found.rows.examples

    def some_hundred(self, ground: Ground) -> tuple[Relation, Relation, tuple[int, int, int]]:
        columns = {"id": "BIGINT", "a": "VARCHAR", "b": "BIGINT", "v": "VARCHAR", "w": "DOUBLE"}
        base = {n: (str(n), f"'k{n % 10}'", str(n // 10), f"'v{n % 7}'", f"{n}.5") for n in range(300)}
        head = {n: row for n, row in base.items() if n % 50 != 3}  # 6 removed
        head |= {n: (*row[:3], "'other'", row[4]) for n, row in head.items() if n % 20 == 1}  # 15 changed
        head |= {n: (str(n), f"'k{n % 10}'", str(n // 10), "'new'", "0.5") for n in range(300, 309)}  # 9 added
        both = ground.at("hundreds"), ground.at("hundreds_head")
        if ground.adapter.columns(both[1]) is None:  # the same ones for every test
            ground.make(both[0], columns, list(base.values()))
            ground.make(both[1], columns, list(head.values())[::-1])
        return *both, (9, 6, 15)

    def test_a_sample_says_what_it_saw(self, ground: Ground) -> None:
        base, head, truth = self.some_hundred(ground)
        for order in SampleOrder:
            found = diff(ground, base, head, "id", algorithm=Algorithm.SAMPLED, sample_size=50, sample_order=order)
            assert isinstance(found.coverage, Sampled)
            assert 0 < found.coverage.rows_compared < 303
            assert all(part <= whole for part, whole in zip(counts(found), truth, strict=True) if part is not None)

    def test_a_profile_comes_with_it(self, ground: Ground) -> None:
        base, head, _ = self.some_hundred(ground)
        found = diff(ground, base, head, "id", options=ModelOptions(), few_rows=0)
        assert found.profile is not None
        (figures,) = [one for one in found.profile.numbers if one.column == "w"]
        assert (figures.base.rows, figures.head.rows) == (300, 303)
        assert float(figures.base.sum or 0) == pytest.approx(sum(n + 0.5 for n in range(300)))
        assert figures.base.distinct == 300

    def test_conditions_and_tolerances_are_the_warehouses(self, ground: Ground) -> None:
        columns = {"id": "BIGINT", "w": "DOUBLE", "d": "DECIMAL(10, 2)"}
        base = ground.make(ground.at("near"), columns, [("1", "1.0", "1.00"), ("2", "2.0", "2.00"), ("3", "3.0", "3")])
        head = ground.make(
            ground.at("near_head"), columns, [("1", "1.001", "1.01"), ("2", "2.5", "2"), ("3", "9.0", "3")]
        )
        allowed = ModelOptions(tolerances=(("w", Tolerance(0.01)), ("d", Tolerance(0.05))))
        assert counts(diff(ground, base, head, "id")) == (0, 0, 3)
        assert counts(diff(ground, base, head, "id", options=allowed)) == (0, 0, 2)
        quoted = text_literal("it's", ground.adapter.dialect)
        only = ModelOptions(where=f"id < 3 AND {quoted} <> ''")
        assert counts(diff(ground, base, head, "id", options=only)) == (0, 0, 2)

    def test_text_may_be_compared_loosely(self, ground: Ground) -> None:
        base = numbered(ground, "loose", {1: "a", 2: "b ", 3: "c"})
        head = numbered(ground, "loose_head", {1: "A", 2: "b", 3: "d"})
        assert counts(diff(ground, base, head, "id")) == (0, 0, 3)
        loose = ModelOptions(ignore_case=("v",), ignore_trailing_blanks=("v",))
        assert counts(diff(ground, base, head, "id", options=loose)) == (0, 0, 1)

    def test_columns_of_another_type_are_compared_in_a_common_one(self, ground: Ground) -> None:
        base = ground.make(ground.at("retyped"), {"id": "BIGINT", "v": "BIGINT"}, [("1", "1"), ("2", "2")])
        retyped = {"id": "BIGINT", "v": "DECIMAL(10, 2)"}
        head = ground.make(ground.at("retyped_head"), retyped, [("1", "1.00"), ("2", "2.01")])
        found = diff(ground, base, head, "id")
        assert counts(found) == (0, 0, 1)
        assert [change.name for change in found.schema.type_changes] == ["v"]

    def test_an_inferred_key_is_proved(self, ground: Ground) -> None:
        base, head, truth = self.some_hundred(ground)
        found = diff(ground, base, head, options=ModelOptions())
        assert counts(found) == truth
        assert found.key is not None
        assert (found.key.columns, found.key.is_proven) == (("id",), True)
