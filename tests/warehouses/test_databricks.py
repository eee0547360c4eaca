"""The Databricks adapter with its real SDK, over HTTP, on Apache Spark with Delta Lake behind a local workspace."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import NO_USAGE
from rocky_action.errors import StatementTimeoutError, WarehouseError
from rocky_action.ports import Size, WarehouseAdapter
from tests.support.databricks_ground import CATALOG, LocalWorkspace, open_ground, opened, workspace
from tests.support.ground import Ground, Missing

ENDLESS = "SELECT count(*) FROM range(1000000000000) AS r WHERE hash(r.id) % 3 = r.id % 5"
_SCHEMAS = itertools.count(1)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    try:
        with open_ground() as found:
            yield found
    except Missing as missing:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"SKIPPED, NOT TESTED: {missing}")


@pytest.fixture
def local(ground: Ground) -> Iterator[LocalWorkspace]:
    """The workspace behind the ground, with its usual options again afterwards."""
    del ground
    found = workspace()
    found.say("options")
    yield found
    found.say("options")


@pytest.fixture
def adapter(ground: Ground) -> WarehouseAdapter:
    return ground.adapter


@pytest.fixture
def preview(adapter: WarehouseAdapter) -> Iterator[str]:
    """A preview schema, gone afterwards."""
    schema = f"branch__t{next(_SCHEMAS)}"
    adapter.create_schema(CATALOG, schema)
    yield schema
    adapter.drop_schema(CATALOG, schema)


@pytest.fixture(scope="module")
def orders(ground: Ground) -> Relation:
    """A partitioned Delta table of three rows, one with NULLs."""
    name = f"{ground.schema}.orders"
    ground.production(f"CREATE TABLE {name} (id BIGINT, status STRING, day DATE) PARTITIONED BY (day)")
    ground.production(
        f"INSERT INTO {name} VALUES (1, 'paid', DATE'2026-01-01'), (2, NULL, DATE'2026-01-01'), (3, 'new', NULL)"
    )
    return Relation(CATALOG, ground.schema, "orders")


def count(adapter: WarehouseAdapter, relation: Relation) -> object:
    return adapter.query(f"SELECT count(*) FROM {relation}")[0][0]


def test_it_says_who_it_is(adapter: WarehouseAdapter) -> None:
    assert (adapter.dialect, adapter.catalog, adapter.concurrency) == ("databricks", CATALOG, 8)
    assert adapter.description == "Databricks SQL, warehouse 0123456789abcdef"
    assert adapter.checksum_rounds == 1
    assert "dapi-tests-only" not in repr(adapter)


def test_values_arrive_as_pythons_own(adapter: WarehouseAdapter) -> None:
    sql = """SELECT CAST(1 AS TINYINT), 2S, 3, 4L, CAST(5 AS DECIMAL(38, 0)), 6.50, 0.1D, CAST(0.5 AS FLOAT),
      double('NaN'), double('-Infinity'), true, DATE'2026-01-02', TIMESTAMP'2026-01-02 03:04:05.000006',
      TIMESTAMP_NTZ'2026-01-02 03:04:05', 'a''b', X'00ff', array(1L, NULL, 3L), array('x'), map('k', 1), NULL, 1e20"""
    row = adapter.query(sql)[0]
    assert row[:8] == (1, 2, 3, 4, 5, Decimal("6.50"), 0.1, 0.5)
    assert [type(value) for value in row[:8]] == [int, int, int, int, int, Decimal, float, float]
    assert str(row[8:10]) == "(nan, -inf)"
    moments = (True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 6, UTC), datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001
    assert row[10:14] == moments
    assert row[14:] == ("a'b", "AP8=", [1, None, 3], '["x"]', '{"k":1}', None, 1e20)


def test_a_year_that_python_has_not_stays_text(adapter: WarehouseAdapter) -> None:
    assert adapter.query("SELECT DATE'0001-01-01', DATE'+12026-01-01'") == [(date(1, 1, 1), "+12026-01-01")]


def test_timestamps_are_in_utc_as_text_and_as_values(adapter: WarehouseAdapter) -> None:
    moment = "TIMESTAMP'2026-01-02 03:04:05+02:00'"
    assert adapter.query(f"SELECT {moment}, CAST({moment} AS STRING)") == [
        (datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), "2026-01-02 01:04:05")
    ]


def test_a_result_in_several_chunks_is_put_together(adapter: WarehouseAdapter, local: LocalWorkspace) -> None:
    local.say("options", chunk_rows=3)
    assert adapter.query("SELECT id FROM range(10) ORDER BY id") == [(number,) for number in range(10)]
    assert sum("/chunks/" in request for request in local.say("requests")["requests"]) == 3


def test_a_result_beyond_the_limit_is_an_error_with_advice(adapter: WarehouseAdapter) -> None:
    with pytest.raises(WarehouseError, match="Inline byte limit exceeded") as refused:
        adapter.query("SELECT repeat('x', 1000000) FROM range(27)")
    assert "--max-samples" in refused.value.advice


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE t",
        "WITH x AS (SELECT 1 AS a) INSERT INTO {t} SELECT a, 'x', NULL FROM x",
        "/* SELECT */ DELETE FROM {t}",
        "FROM {t} INSERT INTO {t} SELECT *",
        "",
    ],
)
def test_what_does_not_only_read_is_not_sent(
    adapter: WarehouseAdapter, orders: Relation, local: LocalWorkspace, sql: str
) -> None:
    with pytest.raises(WarehouseError, match="refused, as it is not one reading statement"):
        adapter.query(sql.format(t=orders))
    assert local.say("requests")["requests"] == []


def test_words_in_quotes_do_not_count_as_writing(adapter: WarehouseAdapter) -> None:
    sql = "-- DELETE\nWITH `INSERT` AS (SELECT 'UPDATE x' AS `MERGE`) SELECT * FROM `INSERT`"
    assert adapter.query(sql) == [("UPDATE x",)]


def test_many_queries_run_at_the_same_time(adapter: WarehouseAdapter) -> None:
    assert adapter.query_many([f"SELECT {number}" for number in range(5)]) == [[(number,)] for number in range(5)]


def test_columns_of_a_partitioned_table_are_listed_once(adapter: WarehouseAdapter, orders: Relation) -> None:
    listed = (Column("id", "bigint"), Column("status", "string"), Column("day", "date"))
    assert adapter.columns(orders) == listed
    assert adapter.describe(f"SELECT *, id + 1 AS `n ext` FROM {orders}") == (*listed, Column("n ext", "bigint"))


@pytest.mark.parametrize("name", [("", "{s}", "nope"), ("", "nope", "nope"), ("nope", "nope", "nope")])
def test_a_relation_that_is_not_there_has_no_columns(
    adapter: WarehouseAdapter, ground: Ground, name: tuple[str, str, str]
) -> None:
    assert adapter.columns(Relation(name[0], name[1].format(s=ground.schema), name[2])) is None


def test_a_type_is_never_cut_short(adapter: WarehouseAdapter, ground: Ground) -> None:
    fields = ", ".join(f"f{number}: INT" for number in range(40))
    ground.production(f"CREATE TABLE {ground.schema}.wide (a INT, s STRUCT<{fields}>)")
    relation = Relation(CATALOG, ground.schema, "wide")
    for columns in (adapter.columns(relation), adapter.describe(f"SELECT * FROM {relation}")):
        assert columns is not None
        assert columns[0] == Column("a", "int")
        assert "more fields" not in columns[1].type
        assert "f39" in columns[1].type


def test_size_is_what_the_catalog_says(adapter: WarehouseAdapter, ground: Ground, orders: Relation) -> None:
    size = adapter.size(orders)
    assert size.rows is None
    assert size.bytes is not None
    assert 500 < size.bytes < 100_000
    ground.production(f"CREATE VIEW {ground.schema}.sized AS SELECT 1 AS a")
    assert adapter.size(Relation(CATALOG, ground.schema, "sized")) == Size()


def test_what_databricks_does_not_have_is_said_to_be_unknown(adapter: WarehouseAdapter, orders: Relation) -> None:
    assert adapter.positions(orders) is None
    assert adapter.unique_keys(orders) == ()
    assert adapter.estimate(f"SELECT * FROM {orders}") is None
    with adapter.snapshot(orders) as same:
        assert same == orders


def test_a_shallow_clone_and_its_source_do_not_see_each_other(
    adapter: WarehouseAdapter, ground: Ground, preview: str
) -> None:
    source, target = Relation(CATALOG, ground.schema, "cloned"), Relation(CATALOG, preview, "cloned")
    ground.production(f"CREATE TABLE {source} AS SELECT id, 'old' AS v FROM range(3)")
    assert adapter.clone(source, target, writable=True) == Clone(CloneMethod.SHALLOW_CLONE)
    adapter.execute([f"INSERT INTO {target} VALUES (7, 'preview')", f"UPDATE {target} SET v = 'new' WHERE id = 0"])
    ground.production(f"DELETE FROM {source} WHERE id = 1")
    assert adapter.query(f"SELECT id, v FROM {source} ORDER BY id") == [(0, "old"), (2, "old")]
    assert adapter.query(f"SELECT id, v FROM {target} ORDER BY id") == [
        (0, "new"),
        (1, "old"),
        (2, "old"),
        (7, "preview"),
    ]
    assert adapter.query(f"SELECT count(*) FROM {source} VERSION AS OF 0") == [(3,)]
    assert adapter.query(f"SELECT count(*) FROM {target} VERSION AS OF 0") == [(3,)]
    files = adapter.query(f"SELECT DISTINCT _metadata.file_path LIKE '%/{preview}.db/%' FROM {target} WHERE id = 2")
    assert files == [(False,)], "it copied files"


def test_a_clone_replaces_what_was_there_and_keeps_partitions(
    adapter: WarehouseAdapter, orders: Relation, preview: str
) -> None:
    target = Relation(CATALOG, preview, "orders")
    adapter.execute([f"CREATE TABLE {target} TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS SELECT 1 AS `a b`"])
    for _ in range(2):
        assert adapter.clone(orders, target, writable=False) == Clone(CloneMethod.SHALLOW_CLONE)
        assert count(adapter, target) == 3
        adapter.execute([f"DELETE FROM {target}"])
    assert adapter.query(f"DESCRIBE DETAIL {target}")[0][7] == '["day"]'
    assert count(adapter, orders) == 3


def test_an_empty_table_is_cloned(adapter: WarehouseAdapter, ground: Ground, preview: str) -> None:
    ground.production(f"CREATE TABLE {ground.schema}.empty (a INT)")
    target = Relation(CATALOG, preview, "empty")
    assert adapter.clone(Relation(CATALOG, ground.schema, "empty"), target, writable=True).method == "shallow_clone"
    assert (adapter.columns(target), count(adapter, target)) == ((Column("a", "int"),), 0)


def test_a_view_becomes_a_view_or_a_table_to_write_to(adapter: WarehouseAdapter, ground: Ground, preview: str) -> None:
    ground.production(f"CREATE VIEW {ground.schema}.seen AS SELECT 1 AS a")
    source, target = Relation(CATALOG, ground.schema, "seen"), Relation(CATALOG, preview, "seen")
    assert adapter.clone(source, target, writable=False) == Clone(CloneMethod.VIEW)
    assert adapter.clone(source, target, writable=True) == Clone(CloneMethod.CTAS, "it is a view")
    adapter.execute([f"INSERT INTO {target} VALUES (2)"])
    assert (count(adapter, source), count(adapter, target)) == (1, 2)
    assert adapter.clone(source, target, writable=False) == Clone(CloneMethod.VIEW)
    assert count(adapter, target) == 1


def test_a_table_that_is_not_delta_is_copied_and_the_reason_said(
    adapter: WarehouseAdapter, ground: Ground, preview: str
) -> None:
    ground.production(f"CREATE TABLE {ground.schema}.parquet USING PARQUET AS SELECT 1 AS a")
    target = Relation(CATALOG, preview, "parquet")
    clone = adapter.clone(Relation(CATALOG, ground.schema, "parquet"), target, writable=False)
    assert clone == Clone(CloneMethod.CTAS, "its format is parquet, and only Delta tables are shallow-cloned")
    assert count(adapter, target) == 1


def test_a_clone_of_nothing_fails_with_its_name(adapter: WarehouseAdapter, ground: Ground, preview: str) -> None:
    with pytest.raises(WarehouseError, match=rf"TABLE_OR_VIEW_NOT_FOUND.*`{ground.schema}`.`gone`"):
        adapter.clone(Relation(CATALOG, ground.schema, "gone"), Relation(CATALOG, preview, "gone"), writable=True)


def test_names_of_every_kind_are_exact(adapter: WarehouseAdapter, ground: Ground, preview: str) -> None:
    ground.production(f"CREATE TABLE {ground.schema}.select (`a b` INT, `sélect` INT) USING PARQUET")
    relation = Relation(CATALOG, ground.schema, "select")
    assert adapter.columns(relation) == (Column("a b", "int"), Column("sélect", "int"))
    target = Relation(CATALOG, preview, "select")
    adapter.clone(relation, target, writable=False)
    assert adapter.columns(target) == adapter.columns(relation)


def test_schemas_are_found_by_prefix_and_dropped_with_all_they_hold(adapter: WarehouseAdapter) -> None:
    for schema in ("branch__find_me", "branch__find_me__base", "branch_xfind_me"):
        adapter.create_schema("", schema)
        adapter.create_schema(CATALOG, schema)
    adapter.execute([f"CREATE TABLE {CATALOG}.branch__find_me.t AS SELECT 1 AS a"])
    assert adapter.schemas("branch__find") == ((CATALOG, "branch__find_me"), (CATALOG, "branch__find_me__base"))
    for schema in ("branch__find_me", "branch__find_me__base", "branch_xfind_me"):
        adapter.drop_schema(CATALOG, schema)
        adapter.drop_schema("", schema)
    assert adapter.schemas("branch__find") == ()


def test_usage_is_the_history_and_the_rows_that_a_statement_says(
    adapter: WarehouseAdapter, orders: Relation, preview: str
) -> None:
    target = Relation(CATALOG, preview, "used")
    made = adapter.execute([f"CREATE TABLE {target} AS SELECT * FROM {orders}"], model="used")
    assert made.duration_ms is not None
    assert made.duration_ms > 0
    assert made.bytes_scanned is not None
    assert made.bytes_scanned > 0
    assert made.rows is None, "Spark does not say how many rows a CTAS has written"
    gone = adapter.execute([f"DELETE FROM {target} WHERE id = 1", f"UPDATE {target} SET status = 'x'"])
    assert gone.rows == 3
    assert (gone.bytes_billed, gone.slot_ms, gone.credits) == (None, None, None)
    assert adapter.execute([]) == NO_USAGE


def test_what_was_done_before_a_failure_stays_done(adapter: WarehouseAdapter, preview: str) -> None:
    target = Relation(CATALOG, preview, "half")
    with pytest.raises(WarehouseError, match="TABLE_OR_VIEW_NOT_FOUND"):
        adapter.execute([f"CREATE TABLE {target} AS SELECT 1 AS a", "INSERT INTO nope.nope SELECT 1", "SELECT 1"])
    assert count(adapter, target) == 1


def test_each_statement_carries_tags(ground: Ground, local: LocalWorkspace) -> None:
    labels = {"repository": "acme/shop", "pull_request": "7", "preview": "x" * 200}
    with closing(opened(dict(ground.settings), labels=labels)) as adapter:
        adapter.execute(["SELECT 'tagged'"], model="fct_orders")
        adapter.query("SELECT 'tagged too'")
    sent = {one["sql"]: one["tags"] for one in local.say("statements")["statements"]}
    always = [
        {"key": "rocky_preview_repository", "value": "acme/shop"},
        {"key": "rocky_preview_pull_request", "value": "7"},
        {"key": "rocky_preview_preview", "value": "x" * 128},
    ]
    assert sent["SELECT 'tagged'"] == [*always, {"key": "rocky_preview_model", "value": "fct_orders"}]
    assert sent["SELECT 'tagged too'"] == always


def test_a_statement_that_runs_too_long_is_cancelled(adapter: WarehouseAdapter, local: LocalWorkspace) -> None:
    began = time.monotonic()
    with pytest.raises(StatementTimeoutError, match=r"cancelled after 0\.5 s") as stopped:
        adapter.query(ENDLESS, timeout=0.5)
    assert time.monotonic() - began < 15
    assert "--timeout" in stopped.value.advice
    assert {one["state"] for one in local.say("statements")["statements"] if one["sql"] == ENDLESS} == {"CANCELED"}


def test_the_adapters_own_time_out_holds_where_no_other_is_given(ground: Ground, local: LocalWorkspace) -> None:
    del local
    with (
        closing(opened({**ground.settings, "timeout_secs": "1"})) as adapter,
        pytest.raises(StatementTimeoutError, match="cancelled after 1 s"),
    ):
        adapter.query(ENDLESS)


def test_a_stopped_warehouse_is_waited_for_and_the_time_out_counts_from_then(
    adapter: WarehouseAdapter, local: LocalWorkspace
) -> None:
    local.say("options", starts_at=time.time() + 2)
    began = time.monotonic()
    assert adapter.query("SELECT 1", timeout=1.5) == [(1,)]
    assert time.monotonic() - began > 1.9


def test_closing_cancels_what_other_threads_run(ground: Ground, local: LocalWorkspace) -> None:
    adapter = opened(dict(ground.settings))
    sql, said = ENDLESS + " -- closed", []

    def work() -> None:
        try:
            adapter.query(sql)
        except WarehouseError as err:
            said.append(err)

    thread = threading.Thread(target=work)
    thread.start()
    while not any(one["state"] == "RUNNING" for one in local.say("statements")["statements"] if one["sql"] == sql):
        time.sleep(0.05)
    adapter.close()
    thread.join(15)
    assert [(type(err), err.message) for err in said] == [
        (StatementTimeoutError, "the statement was cancelled, as the connection was closed")
    ]
    until = time.monotonic() + 15
    while [one["state"] for one in local.say("statements")["statements"] if one["sql"] == sql] != ["CANCELED"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    with pytest.raises(WarehouseError, match="the connection is closed"):
        adapter.query("SELECT 1")


def test_a_client_secret_logs_in_and_a_stale_token_is_renewed(ground: Ground, local: LocalWorkspace) -> None:
    local.say("options", token_seconds=1)
    settings = {name: value for name, value in ground.settings.items() if name != "token"}
    settings |= {"client_id": "rocky-preview-tests", "client_secret": "client-secret-tests-only"}
    with closing(opened(settings)) as adapter:
        time.sleep(1.1)
        assert adapter.query("SELECT 1") == [(1,)]
    assert local.say("requests")["requests"].count("POST /oidc/v1/token") > 1


def test_a_github_job_logs_in_without_a_secret_and_asks_once(
    ground: Ground, local: LocalWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "DATABRICKS_HOST": local.address,
        "DATABRICKS_CLIENT_ID": "rocky-preview-tests",
        "DATABRICKS_AUTH_TYPE": "github-oidc",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{local.address}/github/token?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "github-request-token",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with closing(opened({"http_path": ground.settings["http_path"]}, environ=environ)) as adapter:
        assert adapter.query("SELECT 1") == [(1,)]
    asked = local.say("requests")["requests"]
    assert (asked.count("GET /github/token"), asked.count("POST /oidc/v1/token")) == (1, 1)


def test_a_wrong_client_secret_is_told_without_it(ground: Ground, local: LocalWorkspace) -> None:
    settings = {"host": local.address, "http_path": ground.settings["http_path"]}
    settings |= {"client_id": "rocky-preview-tests", "client_secret": "planted-secret"}
    with pytest.raises(WarehouseError, match="invalid_client") as refused:
        opened(settings)
    assert "planted-secret" not in repr(refused.value) + str(refused.value)
    assert "wrong, expired or revoked" in refused.value.advice


def test_a_warehouse_that_is_not_there_and_a_wrong_token(ground: Ground) -> None:
    with pytest.raises(WarehouseError, match="SQL warehouse 00ff does not exist") as refused:
        opened({**ground.settings, "http_path": "sql/1.0/endpoints/00ff"})
    assert "`http_path`" in refused.value.advice
    with pytest.raises(WarehouseError, match="Invalid access token") as refused:
        opened({**ground.settings, "token": "planted-secret"})
    assert "planted-secret" not in str(refused.value) + repr(refused.value)


def test_sql_errors_keep_databricks_words_and_drop_what_is_ours(adapter: WarehouseAdapter) -> None:
    with pytest.raises(WarehouseError) as refused:
        adapter.execute(["CREATE TABLE x.y AS SELECT a FROM nope.nope"])
    assert refused.value.message == (
        "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nope`.`nope` cannot be found. Verify the spelling and correctness"
        " of the schema and catalog."
    )
    assert "Unity Catalog" in refused.value.advice
    with pytest.raises(WarehouseError) as refused:
        adapter.execute(["SELECT 1; SELECT 2"])
    assert refused.value.message.startswith("[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELECT'")
    assert "SELECT 1" not in refused.value.message
