"""BigQuery's adapter by Google's real client, over HTTP, on the fake of tests/support/bigquery_server.py."""

from __future__ import annotations

import _thread
import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import Size
from rocky_action.warehouses.bigquery_jobs import spent_on
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from tests.support.bigquery_ground import (
    DATASET,
    LOCATION,
    PROJECT,
    SETTINGS,
    TOKEN,
    BigQueryGround,
    open_bigquery,
    request,
)
from tests.support.bigquery_refusal import Refused
from tests.support.bigquery_roles import PREVIEWER, READER, Account
from tests.support.bigquery_shelf import Dataset

PREVIEW = "branch__new_total_pr12"
SLOW = (
    "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(1, 1000000)) AS b"
    " WHERE MOD(a * b, 7) = 3"
)
ORDERS = Relation(PROJECT, DATASET, "orders")
CLONED = Relation(PROJECT, PREVIEW, "orders")
FROM_ORDERS = f"`{PROJECT}`.{DATASET}.orders"
IN_PREVIEW = f"`{PROJECT}`.{PREVIEW}"


@pytest.fixture
def opened() -> Iterator[BigQueryGround]:
    """Production has one partitioned and clustered table of two rows, and there is an empty preview."""
    with open_bigquery() as found:
        found.ground.production(
            f"CREATE TABLE {FROM_ORDERS} (id INT64 NOT NULL, amount NUMERIC(10, 2), placed DATE)"
            " PARTITION BY placed CLUSTER BY id"
        )
        found.ground.production(
            f"INSERT INTO {FROM_ORDERS} (id, amount, placed) VALUES (1, 2.5, DATE '2026-01-01'), (2, NULL, NULL)"
        )
        found.ground.adapter.create_schema(PROJECT, PREVIEW)
        yield found


def sent(opened: BigQueryGround) -> list[Mapping[str, object]]:
    """The configurations of the jobs that were inserted and no dry runs, in order."""
    bodies = [body for verb, path, body in opened.server.seen if verb == "POST" and path.endswith("/jobs")]
    return [body["configuration"] for body in bodies if not body["configuration"].get("dryRun")]


def rows(opened: BigQueryGround, relation: str) -> list[tuple[object, ...]]:
    return sorted(opened.ground.adapter.query(f"SELECT * FROM {relation}"), key=repr)


class TestReading:
    def test_values_are_pythons(self, opened: BigQueryGround) -> None:
        (row,) = opened.ground.adapter.query(
            "SELECT 1, 2.5, NUMERIC '3', NUMERIC '3.25', 'x', TRUE, NULL, DATE '2026-01-02',"
            " TIMESTAMP '2026-01-02 03:04:05.000006', DATETIME '2026-01-02 03:04:05', b'\\x00\\xff', [1, 2],"
            " STRUCT(1 AS a, 'b' AS b), CAST([] AS ARRAY<INT64>), INTERVAL 3 DAY"
        )
        moment = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
        assert row[:5] == (1, Decimal("2.5"), 3, Decimal("3.25"), "x")
        assert [type(value) for value in row[:4]] == [int, Decimal, int, Decimal]
        assert row[5:11] == (True, None, dt.date(2026, 1, 2), moment, dt.datetime(2026, 1, 2, 3, 4, 5), b"\x00\xff")  # noqa: DTZ001  DATETIME has no zone
        assert row[11:] == ([1, 2], {"a": 1, "b": "b"}, [], "0-0 3 0:0:0")

    def test_a_result_of_many_pages_comes_whole(self, opened: BigQueryGround) -> None:
        opened.server.page = 7
        found = opened.ground.adapter.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x ORDER BY x")
        assert found == [(number,) for number in range(1, 51)]

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT 1; DROP TABLE branch__new_total_pr12.kept",
            "INSERT INTO branch__new_total_pr12.kept SELECT 2 AS id",
            "DROP TABLE branch__new_total_pr12.kept",
            "CREATE OR REPLACE TABLE branch__new_total_pr12.kept AS SELECT 2 AS id",
        ],
    )
    def test_a_query_only_reads(self, opened: BigQueryGround, sql: str) -> None:
        opened.ground.production(f"CREATE TABLE {IN_PREVIEW}.kept AS SELECT 1 AS id")
        with pytest.raises(WarehouseError, match="not one reading statement"):
            opened.ground.adapter.query(sql)
        assert rows(opened, f"{IN_PREVIEW}.kept") == [(1,)]

    def test_columns_have_their_whole_types(self, opened: BigQueryGround) -> None:
        opened.ground.production(
            f"CREATE TABLE `{PROJECT}`.{DATASET}.wide (a ARRAY<STRUCT<x INT64, y NUMERIC(10, 2)>>, b STRING(5),"
            " c BIGNUMERIC, d NUMERIC(5), e FLOAT64, f BOOL, g JSON, h BYTES, i DATETIME, `select` TIMESTAMP)"
        )
        found = opened.ground.adapter.columns(Relation("", DATASET, "wide"))
        assert found is not None
        assert [(one.name, one.type) for one in found] == [
            ("a", "ARRAY<STRUCT<x INT64, y NUMERIC(10, 2)>>"),
            ("b", "STRING(5)"),
            ("c", "BIGNUMERIC"),
            ("d", "NUMERIC(5)"),
            ("e", "FLOAT64"),
            ("f", "BOOL"),
            ("g", "JSON"),
            ("h", "BYTES"),
            ("i", "DATETIME"),
            ("select", "TIMESTAMP"),
        ]

    def test_a_size_is_what_the_catalog_knows(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        opened.ground.production(f"CREATE VIEW `{PROJECT}`.{DATASET}.v AS SELECT id FROM {FROM_ORDERS}")
        assert adapter.size(ORDERS) == Size(2, 2 * 8 + 16 + 8)
        assert adapter.size(Relation(PROJECT, DATASET, "v")) == Size()
        assert adapter.size(Relation(PROJECT, DATASET, "nothing")) == Size()
        stream_into(opened)
        assert adapter.size(ORDERS) == Size()

    def test_what_bigquery_does_not_have(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        assert adapter.positions(ORDERS) is None
        assert adapter.unique_keys(ORDERS) == ()
        assert adapter.checksum_rounds == 1
        with adapter.snapshot(ORDERS) as relation:
            assert relation == ORDERS

    def test_describing_and_estimating_run_nothing(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        assert [(one.name, one.type) for one in adapter.describe(f"SELECT id, placed FROM {FROM_ORDERS}")] == [
            ("id", "INT64"),
            ("placed", "DATE"),
        ]
        assert adapter.estimate(f"SELECT id FROM {FROM_ORDERS}") == Usage(bytes_scanned=16, bytes_billed=10 * 2**20)
        assert sent(opened) == []


class TestHashing:
    def test_different_rows_have_different_numbers_of_63_bits(self, opened: BigQueryGround) -> None:
        cells = ["NULL", "''", "'null'", "'a'", "'\"a\"'", "'a,'", "'{}'"]
        pairs = [(one, two) for one in cells for two in cells]
        adapter = opened.ground.adapter
        union = " UNION ALL ".join(
            f"SELECT {adapter.row_hash([f'CAST({a} AS STRING)', f'CAST({b} AS STRING)'])} AS h" for a, b in pairs
        )
        found = [row[0] for row in adapter.query(union)]
        assert len(set(found)) == len(pairs)
        assert all(isinstance(number, int) and 0 <= number < 2**63 for number in found)

    def test_neighbours_beyond_what_a_double_holds_differ(self, opened: BigQueryGround) -> None:
        hashed = opened.ground.adapter.row_hash(["x"])
        for one, two in [("9007199254740992", "9007199254740993"), ("NUMERIC '0.100000001'", "NUMERIC '0.1'")]:
            found = opened.ground.adapter.query(f"SELECT {hashed} FROM UNNEST([{one}, {two}]) AS x")
            assert len(set(found)) == 2

    def test_its_sum_must_be_wider_than_it(self, opened: BigQueryGround) -> None:
        hashed = opened.ground.adapter.row_hash(["x"])
        numbers = "UNNEST(GENERATE_ARRAY(1, 1000)) AS x"
        with pytest.raises(WarehouseError, match="overflow"):
            opened.ground.adapter.query(f"SELECT SUM({hashed}) FROM {numbers}")
        ((total,),) = opened.ground.adapter.query(f"SELECT SUM(CAST({hashed} AS BIGNUMERIC)) FROM {numbers}")
        assert isinstance(total, int)


class TestRunning:
    def test_each_statement_is_a_job_with_labels_and_no_cache(self, opened: BigQueryGround) -> None:
        opened.ground.adapter.execute(
            [f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id"], model="Fct Revenue", timeout=9
        )
        (job,) = sent(opened)
        assert job["labels"] == {
            "rocky_preview_repository": "acme_shop",
            "rocky_preview_pull_request": "12",
            "rocky_preview_preview": "new_total_pr12",
            "rocky_preview_model": "fct_revenue",
        }
        assert job["jobTimeoutMs"] == "9000"
        query = job["query"]
        assert isinstance(query, dict)
        assert query["useQueryCache"] is False

    def test_usage_is_what_bigquery_says(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        made = adapter.execute([f"CREATE TABLE {IN_PREVIEW}.t AS SELECT id FROM {FROM_ORDERS}"])
        assert (made.rows, made.bytes_scanned, made.bytes_billed, made.credits) == (2, 16, 10 * 2**20, None)
        assert made.duration_ms is not None
        assert made.slot_ms is not None
        changed = adapter.execute([f"DELETE FROM {IN_PREVIEW}.t WHERE id = 1"])
        assert changed.rows == 1
        view = adapter.execute([f"CREATE VIEW {IN_PREVIEW}.v AS SELECT id FROM {FROM_ORDERS}"])
        assert view.rows is None
        assert adapter.execute([]).rows == 0

    def test_what_was_spent_is_the_sum_of_all_jobs_and_of_no_dry_run(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        before = adapter.spent()
        made = adapter.execute([f"CREATE TABLE {IN_PREVIEW}.t AS SELECT id FROM {FROM_ORDERS}"])
        alone = adapter.spent().since(before)
        assert (alone.bytes_billed, alone.slot_ms) == (made.bytes_billed, made.slot_ms)
        assert (alone.duration_ms, alone.bytes_scanned) == (made.duration_ms, made.bytes_scanned)
        adapter.describe(f"SELECT id FROM {FROM_ORDERS}")
        adapter.estimate(f"SELECT id FROM {FROM_ORDERS}")
        assert adapter.spent().since(before) == alone
        adapter.query_many([f"SELECT id FROM {FROM_ORDERS}"] * 3)
        assert adapter.spent().since(before).bytes_billed == 4 * 10 * 2**20

    def test_a_job_that_failed_by_itself_is_billed_no_bytes_and_its_slots_are_unknown(
        self, opened: BigQueryGround
    ) -> None:
        adapter = opened.ground.adapter
        before = adapter.spent()
        with pytest.raises(WarehouseError, match=r"(?i)division by zero"):
            adapter.query(f"SELECT 1 / (id - id) FROM {FROM_ORDERS}")
        after = adapter.spent().since(before)
        assert (after.bytes_billed, after.slot_ms) == (0, None)
        assert after.duration_ms is not None

    def test_an_answer_out_of_the_cache_is_free(self, opened: BigQueryGround) -> None:
        statistics = {
            "startTime": "1000",
            "endTime": "1007",
            "totalBytesProcessed": "0",
            "query": {"cacheHit": True, "totalBytesProcessed": "0", "totalBytesBilled": "0"},
        }
        job = bigquery.QueryJob.from_api_repr(
            {
                "jobReference": {"projectId": PROJECT, "jobId": "j"},
                "configuration": {"query": {"query": "SELECT 1"}},
                "status": {"state": "DONE"},
                "statistics": statistics,
            },
            bigquery.Client(PROJECT, credentials=AnonymousCredentials()),  # type: ignore[no-untyped-call]
        )
        assert spent_on(job) == Usage(7, bytes_scanned=0, bytes_billed=0, slot_ms=0)

    def test_of_a_job_that_was_stopped_nobody_knows_the_bill(self, opened: BigQueryGround) -> None:
        with pytest.raises(StatementTimeoutError):
            opened.ground.adapter.query(SLOW, timeout=0.5)
        assert opened.ground.adapter.spent().bytes_billed is None

    def test_changes_of_rows_share_a_transaction(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        usage = adapter.execute(
            [
                f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id",
                f"DELETE FROM {IN_PREVIEW}.t WHERE id = 1",
                f"INSERT INTO {IN_PREVIEW}.t SELECT id FROM {FROM_ORDERS} -- the end",
            ]
        )
        assert usage.rows == 1 + 1 + 2
        texts = [job["query"]["query"] for job in sent(opened)]  # type: ignore[index]
        assert len(texts) == 2
        assert texts[1].startswith("BEGIN TRANSACTION;\nDELETE")
        assert texts[1].endswith("-- the end\n;\nCOMMIT TRANSACTION")
        assert rows(opened, f"{IN_PREVIEW}.t") == [(1,), (2,)]

    def test_a_transaction_leaves_nothing_if_a_part_fails(self, opened: BigQueryGround) -> None:
        opened.ground.production(f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id")
        with pytest.raises(WarehouseError, match=r"(?i)division by zero"):
            opened.ground.adapter.execute(
                [
                    f"DELETE FROM {IN_PREVIEW}.t WHERE TRUE",
                    f"INSERT INTO {IN_PREVIEW}.t SELECT DIV(1, id - id) FROM {FROM_ORDERS}",
                ]
            )
        assert rows(opened, f"{IN_PREVIEW}.t") == [(1,)]

    def test_a_script_is_refused_before_it_runs(self, opened: BigQueryGround) -> None:
        opened.ground.production(f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id")
        with pytest.raises(WarehouseError, match="not one statement"):
            opened.ground.adapter.execute([f"CREATE TABLE {IN_PREVIEW}.u AS SELECT 1 AS id; DROP TABLE {IN_PREVIEW}.t"])
        assert sent(opened) == []

    def test_without_leave_to_list_jobs_a_scripts_rows_are_unknown(self, opened: BigQueryGround) -> None:
        opened.ground.production(f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id")
        allow(opened, PREVIEWER - {"bigquery.jobs.list"}, READER)
        twice = [f"INSERT INTO {IN_PREVIEW}.t SELECT {number}" for number in (2, 3)]
        assert opened.ground.adapter.execute(twice).rows is None
        assert len(rows(opened, f"{IN_PREVIEW}.t")) == 3

    def test_a_lost_answer_runs_nothing_twice(self, opened: BigQueryGround) -> None:
        adapter = opened.ground.adapter
        opened.ground.production(f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id")
        opened.server.lost = 1
        assert adapter.execute([f"INSERT INTO {IN_PREVIEW}.t SELECT 2"]).rows == 1
        assert opened.server.lost == 0
        assert rows(opened, f"{IN_PREVIEW}.t") == [(1,), (2,)]

    @pytest.mark.parametrize(
        "failure",
        [
            Refused("Exceeded rate limits: too many table update operations for this table", "jobRateLimitExceeded"),
            Refused("Transaction is aborted due to concurrent update against table t"),
        ],
        ids=lambda failure: str(failure.reason),
    )
    def test_what_passes_is_tried_again_under_a_new_name(self, opened: BigQueryGround, failure: Refused) -> None:
        opened.server.works.failures.append(failure)
        opened.ground.adapter.execute([f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id"])
        assert len(sent(opened)) == 2
        assert rows(opened, f"{IN_PREVIEW}.t") == [(1,)]

    def test_what_does_not_pass_is_not_tried_again(self, opened: BigQueryGround) -> None:
        opened.server.works.failures.append(Refused("Query exceeded resource limits", "resourcesExceeded"))
        with pytest.raises(WarehouseError, match="exceeded resource limits") as refused:
            opened.ground.adapter.execute([f"CREATE TABLE {IN_PREVIEW}.t AS SELECT 1 AS id"])
        assert "cheaper" in refused.value.advice
        assert len(sent(opened)) == 1

    def test_a_statement_is_cancelled_when_its_time_is_over(self, opened: BigQueryGround) -> None:
        started = time.monotonic()
        with pytest.raises(StatementTimeoutError, match=r"interrupted after 0\.3 s"):
            opened.ground.adapter.query(SLOW, timeout=0.3)
        assert time.monotonic() - started < 10
        assert all(job.done.is_set() for job in opened.server.works.jobs.values())

    def test_closing_cancels_what_other_threads_run(self, opened: BigQueryGround) -> None:
        adapter = open_warehouse(request(SETTINGS, opened.ground.environ)).warehouse
        errors: list[WarehouseError] = []

        def run() -> None:
            try:
                adapter.query(SLOW)
            except WarehouseError as err:
                errors.append(err)

        thread = threading.Thread(target=run)
        thread.start()
        wait_for_a_job(opened)
        adapter.close()
        thread.join(10)
        assert [type(err) for err in errors] == [StatementTimeoutError]
        with pytest.raises(WarehouseError, match="closed"):
            adapter.query("SELECT 1")

    def test_what_a_signal_interrupts_on_the_main_thread_is_cancelled(self, opened: BigQueryGround) -> None:
        def interrupt() -> None:
            wait_for_a_job(opened)
            _thread.interrupt_main()

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            opened.ground.adapter.query(SLOW)
        assert any(path.endswith("/cancel") for _, path, _ in opened.server.seen)
        assert all(job.done.wait(10) for job in opened.server.works.jobs.values())


def wait_for_a_job(opened: BigQueryGround) -> None:
    """Until a statement runs; the dry run before it is no job."""
    while all(job.done.is_set() for job in [*opened.server.works.jobs.values()]):
        time.sleep(0.01)


def stream_into(opened: BigQueryGround) -> None:
    tables = opened.server.shelf.dataset(PROJECT, DATASET).tables
    tables["orders"] = replace(tables["orders"], streaming=True)


def allow(opened: BigQueryGround, on_project: frozenset[str], on_production: frozenset[str]) -> None:
    """Changes what the account may do."""
    account = Account("preview@example.com", {PROJECT: on_project}, {(PROJECT, DATASET): on_production})
    opened.server.access.accounts = {TOKEN: account}


class TestCloning:
    def test_a_table_clone_keeps_partitions_and_clusters(self, opened: BigQueryGround) -> None:
        assert opened.ground.adapter.clone(ORDERS, CLONED, writable=True) == Clone(CloneMethod.TABLE_CLONE)
        stored = opened.server.shelf.table((PROJECT, PREVIEW, "orders"))
        assert stored.partitioning == {"timePartitioning": {"type": "DAY", "field": "placed"}}
        assert stored.clustering == ("id",)
        assert stored.base == (PROJECT, DATASET, "orders")
        assert stored.expires is not None
        assert rows(opened, f"{IN_PREVIEW}.orders") == rows(opened, FROM_ORDERS)

    def test_what_is_refused_is_done_in_the_next_way_and_said(self, opened: BigQueryGround) -> None:
        failures = opened.server.works.failures
        failures.append(Refused("Table clones of this table are not allowed"))
        found = opened.ground.adapter.clone(ORDERS, CLONED, writable=False)
        assert found == Clone(
            CloneMethod.TABLE_COPY, "table_clone was refused: Table clones of this table are not allowed"
        )
        failures += [Refused("no clone"), Refused("no copy")]
        found = opened.ground.adapter.clone(ORDERS, CLONED, writable=False)
        assert found.method is CloneMethod.CTAS
        assert found.because == (
            "table_clone was refused: no clone; table_copy was refused: no copy;"
            " it is not partitioned and clustered any more"
        )
        failures += [Refused("no clone"), Refused("no copy"), Refused("nothing at all")]
        with pytest.raises(WarehouseError, match="nothing at all"):
            opened.ground.adapter.clone(ORDERS, CLONED, writable=False)
        assert opened.ground.adapter.columns(CLONED) is None

    def test_rows_that_were_streamed_in_are_read(self, opened: BigQueryGround) -> None:
        stream_into(opened)
        found = opened.ground.adapter.clone(ORDERS, CLONED, writable=False)
        assert found.method is CloneMethod.CTAS
        assert "streamed" in (found.because or "")

    @pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
    def test_what_has_no_storage_is_a_view_or_read(self, opened: BigQueryGround, kind: str) -> None:
        view, adapter = Relation(PROJECT, DATASET, "v"), opened.ground.adapter
        opened.ground.production(f"CREATE {kind} `{PROJECT}`.{DATASET}.v AS SELECT id FROM {FROM_ORDERS}")
        target = Relation(PROJECT, PREVIEW, "v")
        assert adapter.clone(view, target, writable=False) == Clone(CloneMethod.VIEW)
        found = adapter.clone(view, target, writable=True)
        assert found.method is CloneMethod.CTAS
        assert f"a {kind.lower()} and has no storage" in (found.because or "")
        assert adapter.clone(view, target, writable=False) == Clone(CloneMethod.VIEW)
        assert rows(opened, f"{IN_PREVIEW}.v") == [(1,), (2,)]

    def test_a_table_in_another_location_is_an_error_with_advice(self, opened: BigQueryGround) -> None:
        opened.server.shelf.add_dataset(Dataset(PROJECT, "american", "US"))
        opened.server.run("CREATE TABLE american.t AS SELECT 1 AS id", project=PROJECT, location="US")
        account = Account("preview@example.com", {PROJECT: PREVIEWER}, {(PROJECT, "american"): READER})
        opened.server.access.accounts = {TOKEN: account}
        with pytest.raises(WarehouseError, match="is in US, and the preview in EU") as refused:
            opened.ground.adapter.clone(Relation(PROJECT, "american", "t"), CLONED, writable=False)
        assert 'location = "US" under [adapter.default]' in refused.value.advice
        with pytest.raises(WarehouseError, match="not found in location EU") as refused:
            opened.ground.adapter.query("SELECT * FROM american.t")
        assert "statements run in EU" in refused.value.advice


class TestDatasets:
    def test_a_previews_tables_vanish_by_themselves_and_its_state_does_not(self, opened: BigQueryGround) -> None:
        opened.ground.adapter.create_schema("", "rocky_preview")
        preview, state = (opened.server.shelf.dataset(PROJECT, name) for name in (PREVIEW, "rocky_preview"))
        assert preview.default_expiration == 7 * 24 * 60 * 60 * 1000
        assert state.default_expiration is None
        assert (preview.location, state.location) == (LOCATION, LOCATION)
        assert preview.labels["rocky_preview_pull_request"] == "12"

    def test_a_dataset_elsewhere_is_an_error(self, opened: BigQueryGround) -> None:
        settings = {**SETTINGS, "location": "us-east4"}
        elsewhere = open_warehouse(request(settings, opened.ground.environ)).warehouse
        with pytest.raises(WarehouseError, match="is in EU, and the preview in us-east4"):
            elsewhere.create_schema(PROJECT, PREVIEW)
        elsewhere.close()

    def test_schemas_are_those_of_every_project_that_is_built_in(self, opened: BigQueryGround) -> None:
        opened.server.shelf.projects.add("other-project")
        opened.server.shelf.add_dataset(Dataset("other-project", "branch__b", LOCATION))
        opened.server.access.owned.add(("preview@example.com", "other-project", "branch__b"))
        catalogs = {"other-project": "a", "no-such-project": "b", "": "c"}
        adapter = open_warehouse(request(SETTINGS, opened.ground.environ, catalogs=catalogs)).warehouse
        assert adapter.schemas("branch__") == (("other-project", "branch__b"), (PROJECT, PREVIEW))
        adapter.drop_schema("other-project", "branch__b")
        adapter.drop_schema("other-project", "branch__b")
        assert adapter.schemas("branch__") == ((PROJECT, PREVIEW),)
        adapter.close()


def everything(opened: BigQueryGround) -> None:
    """What a preview does, on a connection of its own."""
    adapter = open_warehouse(request(SETTINGS, opened.ground.environ)).warehouse
    try:
        adapter.create_schema(PROJECT, "branch__all")
        target = Relation(PROJECT, "branch__all", "orders")
        adapter.clone(ORDERS, target, writable=True)
        usage = adapter.execute(
            [
                f"DELETE FROM `{PROJECT}`.branch__all.orders WHERE id = 1",
                f"INSERT INTO `{PROJECT}`.branch__all.orders (id) SELECT id FROM {FROM_ORDERS}",
            ]
        )
        assert usage.rows == 3
        adapter.execute([f"CREATE OR REPLACE TABLE `{PROJECT}`.branch__all.t AS SELECT id FROM {FROM_ORDERS}"])
        assert adapter.columns(target) is not None
        assert adapter.size(ORDERS).rows == 2
        assert adapter.query(f"SELECT COUNT(*) FROM {FROM_ORDERS}") == [(2,)]
        assert (PROJECT, "branch__all") in adapter.schemas("branch__")
    finally:
        adapter.drop_schema(PROJECT, "branch__all")
        adapter.close()


class TestPermissions:
    def test_those_that_the_documentation_lists_are_enough(self, opened: BigQueryGround) -> None:
        everything(opened)

    @pytest.mark.parametrize("permission", sorted(PREVIEWER | READER))
    def test_each_of_them_is_needed(self, opened: BigQueryGround, permission: str) -> None:
        allow(opened, PREVIEWER - {permission}, READER - {permission})
        with pytest.raises((WarehouseError, AssertionError)):  # without jobs.list, rows are unknown
            everything(opened)

    @pytest.mark.parametrize(
        "sql",
        [
            f"DELETE FROM {FROM_ORDERS} WHERE TRUE",
            f"CREATE OR REPLACE TABLE {FROM_ORDERS} AS SELECT 1 AS id",
            f"DROP TABLE {FROM_ORDERS}",
            f"CREATE VIEW `{PROJECT}`.{DATASET}.v AS SELECT 1 AS id",
        ],
    )
    def test_they_do_not_let_it_write_to_production(self, opened: BigQueryGround, sql: str) -> None:
        with pytest.raises(WarehouseError, match="Access Denied") as refused:
            opened.ground.adapter.execute([sql])
        assert "roles/bigquery.dataViewer" in refused.value.advice
        assert len(rows(opened, FROM_ORDERS)) == 2
