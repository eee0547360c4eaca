"""What the Databricks adapter does when the workspace says no, or nothing: the real SDK against scripted answers."""

from __future__ import annotations

import _thread
import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import MissingCredentialsError, ProjectError, StatementTimeoutError, WarehouseError
from rocky_action.ports import WarehouseAdapter
from rocky_action.warehouses import databricks_statements
from tests.support.databricks_ground import opened

HOST = "https://dbc-1.cloud.databricks.com"
STATEMENTS = f"{HOST}/api/2.0/sql/statements"
HISTORY = f"{HOST}/api/2.0/sql/history/queries"
SECRET = "dapi-planted-secret"
SETTINGS = {"host": HOST, "http_path": "/sql/1.0/warehouses/abc123", "token": SECRET}
Answer = dict[str, Any]
ENDED: Answer = {"statement_id": "s-1"}


def succeeded(*rows: list[str | None], **columns: str) -> Answer:
    listed = [{"name": name, "type_text": kind} for name, kind in columns.items()]
    manifest = {"schema": {"columns": listed}, "total_row_count": len(rows), "truncated": False}
    return {
        "statement_id": "s-1",
        "status": {"state": "SUCCEEDED"},
        "manifest": manifest,
        "result": {"data_array": rows},
    }


def failed(message: str) -> Answer:
    return {
        "statement_id": "s-1",
        "status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST", "message": message}},
    }


RUNNING: Answer = {"statement_id": "s-1", "status": {"state": "RUNNING"}}


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    """The workspace's scripted answers, each used once and in order; the last of an address for ever."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{HOST}/.well-known/databricks-config", json={"workspace_id": "1"})
        yield mock


@pytest.fixture
def adapter(api: responses.RequestsMock) -> WarehouseAdapter:
    api.post(STATEMENTS, json=succeeded(["main"], catalog="STRING"))
    found = opened(SETTINGS)
    api.remove("POST", STATEMENTS)
    return found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a test."""
    for name, seconds in (("_PATIENCE", 1.5), ("_SETTLING", 0.2), ("_HISTORY", 0.2)):
        monkeypatch.setattr(databricks_statements, name, seconds)


def sent(api: responses.RequestsMock, method: str = "POST") -> list[str]:
    """The statements that were sent, or the addresses asked by another method."""
    calls = [call.request for call in api.calls if call.request.method == method]
    if method != "POST":
        return [str(request.url).removeprefix(HOST) for request in calls]
    return [json.loads(str(request.body))["statement"] for request in calls if str(request.url) == STATEMENTS]


def test_no_secret_is_in_any_error_log_or_repr(
    api: responses.RequestsMock, adapter: WarehouseAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    api.post(STATEMENTS, json=failed(f"[SOME_ERROR] the token {SECRET} is known"))
    with pytest.raises(WarehouseError) as refused:
        adapter.query("SELECT 1")
    assert refused.value.message == "[SOME_ERROR] the token *** is known"
    assert SECRET not in repr(adapter) + repr(refused.value) + caplog.text
    api.replace("POST", STATEMENTS, json={"error_code": "BAD", "message": f"no {SECRET}"}, status=400)
    with pytest.raises(WarehouseError, match=r"no \*\*\*") as refused:
        adapter.query("SELECT 1")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("refusal", "message", "advice"),
    [
        ((401, {"error_code": "UNAUTHENTICATED", "message": "no"}), "no", "wrong, expired or revoked"),
        ((403, {"error_code": 403, "message": "Invalid access token."}), "Invalid access token", "expired"),
        ((403, {"error_code": "PERMISSION_DENIED", "message": "You have no CAN_USE"}), "CAN_USE", "CAN USE on the SQL"),
        ((404, {"error_code": "NOT_FOUND", "message": "warehouse abc123 is not there"}), "abc123", "`http_path`"),
        ((400, {"error_code": "BAD_REQUEST", "message": "x is not a valid endpoint id."}), "x", "`http_path`"),
        ((400, {"error_code": "BAD_REQUEST", "message": "odd"}), "odd", ""),
    ],
)
def test_refused_requests_are_told_with_advice(
    api: responses.RequestsMock, adapter: WarehouseAdapter, refusal: tuple[int, Answer], message: str, advice: str
) -> None:
    api.post(STATEMENTS, json=refusal[1], status=refusal[0])
    with pytest.raises(WarehouseError, match=message) as refused:
        adapter.query("SELECT 1")
    assert advice in refused.value.advice
    assert "Config:" not in refused.value.message
    assert len(sent(api)) == 2, "it was sent again"


@pytest.mark.parametrize(
    ("message", "grant"),
    [
        (
            "[INSUFFICIENT_PERMISSIONS] User does not have USE SCHEMA on Schema 'main.shop'. SQLSTATE: 42501",
            "GRANT USE SCHEMA ON SCHEMA `main`.`shop` TO `the principal that logs in`",
        ),
        (
            "PERMISSION_DENIED: User does not have CREATE SCHEMA on Catalog 'main'.",
            "GRANT CREATE SCHEMA ON CATALOG `main` TO `the principal that logs in`",
        ),
        ("[INSUFFICIENT_PERMISSIONS] no rights. SQLSTATE: 42501", "docs/warehouses/databricks.md has the grants"),
    ],
)
def test_a_lacking_right_is_told_with_the_grant(
    api: responses.RequestsMock, adapter: WarehouseAdapter, message: str, grant: str
) -> None:
    api.post(STATEMENTS, json=failed(message))
    with pytest.raises(WarehouseError) as refused:
        adapter.create_schema("main", "branch__x")
    assert grant in refused.value.advice
    assert "SQLSTATE" not in refused.value.message


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_workspace_is_asked_again_when_it_says(
    api: responses.RequestsMock, adapter: WarehouseAdapter, status: int
) -> None:
    busy = {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "later"}
    api.post(STATEMENTS, json=busy, status=status, headers={"Retry-After": "1"})
    api.post(STATEMENTS, json=succeeded())
    api.get(HISTORY, json={"res": []})
    began = time.monotonic()
    adapter.execute(["INSERT INTO t SELECT 1"])
    assert time.monotonic() - began >= 1
    assert sent(api)[1:] == ["INSERT INTO t SELECT 1"] * 2


@pytest.mark.usefixtures("hasty")
def test_a_workspace_that_stays_busy_is_an_error(api: responses.RequestsMock, adapter: WarehouseAdapter) -> None:
    api.post(STATEMENTS, json={"message": "later"}, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(WarehouseError, match="could not be sent: later"):
        adapter.query("SELECT 1")
    assert len(sent(api)) == 2


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "broken", [{"body": requests.ConnectionError("reset")}, {"body": requests.ReadTimeout("slow")}, {"status": 500}]
)
def test_only_what_reads_is_sent_again_after_a_broken_connection(
    api: responses.RequestsMock, adapter: WarehouseAdapter, broken: Answer
) -> None:
    api.post(STATEMENTS, **broken)
    api.post(STATEMENTS, json=succeeded(["1"], a="INT"))
    with pytest.raises(WarehouseError, match="could not be sent"):
        adapter.execute(["INSERT INTO t SELECT 1"])
    assert sent(api)[1:] == ["INSERT INTO t SELECT 1"], "the first may be running"
    api.reset()
    api.post(STATEMENTS, **broken)
    api.post(STATEMENTS, json=succeeded(["1"], a="INT"))
    assert adapter.query("SELECT 1 AS a") == [(1,)]
    assert sent(api) == ["SELECT 1 AS a"] * 2


@pytest.mark.usefixtures("hasty")
def test_a_statement_that_was_taken_is_followed_through_broken_connections(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=RUNNING)
    api.get(f"{STATEMENTS}/s-1", body=requests.ConnectionError("reset"))
    api.get(f"{STATEMENTS}/s-1", json=succeeded())
    api.get(HISTORY, json={"message": "no such right"}, status=403)
    assert adapter.execute(["INSERT INTO t SELECT 1"]) == Usage()
    assert len(sent(api)) == 2


def cancels(api: responses.RequestsMock) -> int:
    return sum("cancel" in str(call.request.url) for call in api.calls)


@pytest.mark.usefixtures("hasty")
def test_a_statement_that_cannot_be_followed_any_more_is_cancelled(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=RUNNING)
    api.get(f"{STATEMENTS}/s-1", body=requests.ConnectionError("reset"))
    api.post(f"{STATEMENTS}/s-1/cancel", json={})
    with pytest.raises(WarehouseError, match="could not be followed"):
        adapter.execute(["INSERT INTO t SELECT 1"])
    assert cancels(api) == 1


def test_closing_cancels_what_a_signal_has_interrupted_on_the_main_thread(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=RUNNING)
    api.get(f"{STATEMENTS}/s-1", json=RUNNING)
    api.post(f"{STATEMENTS}/s-1/cancel", json={})
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        adapter.query("SELECT 1")
    adapter.close()
    assert cancels(api) == 1


@pytest.mark.usefixtures("hasty")
def test_a_time_out_cancels_and_waits_until_the_statement_has_stopped(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=RUNNING)
    stopped = threading.Event()
    api.add_callback(
        "GET",
        f"{STATEMENTS}/s-1",
        lambda _: (200, {}, json.dumps(RUNNING | ({"status": {"state": "CANCELED"}} if stopped.is_set() else {}))),
    )

    def cancel(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        stopped.set()
        return 200, {}, "{}"

    api.add_callback("POST", f"{STATEMENTS}/s-1/cancel", cancel)
    with pytest.raises(StatementTimeoutError, match=r"cancelled after 0\.2 s"):
        adapter.query("SELECT 1", timeout=0.2)
    assert stopped.is_set()
    assert sent(api, "GET")[-1].endswith("/s-1")


@pytest.mark.usefixtures("hasty")
def test_a_cancel_that_fails_changes_nothing_about_the_time_out(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=RUNNING)
    api.get(f"{STATEMENTS}/s-1", json=RUNNING)
    api.post(f"{STATEMENTS}/s-1/cancel", status=500)
    with pytest.raises(StatementTimeoutError, match="cancelled after"):
        adapter.query("SELECT 1", timeout=0.1)


def test_waiting_for_the_warehouse_is_no_time_that_was_spent(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    before = adapter.spent()
    api.post(STATEMENTS, json=RUNNING | {"status": {"state": "PENDING"}})
    for _ in range(4):  # looked at after 50, 75, 112 and 168 ms
        api.get(f"{STATEMENTS}/s-1", json=RUNNING | {"status": {"state": "PENDING"}})
    api.get(f"{STATEMENTS}/s-1", json=RUNNING)
    api.get(f"{STATEMENTS}/s-1", json=succeeded(["1"], a="INT"))
    started = time.monotonic()
    assert adapter.query("SELECT 1") == [(1,)]
    waited, spent = (time.monotonic() - started) * 1000, adapter.spent().since(before)
    assert spent.duration_ms is not None
    assert 0 < spent.duration_ms < waited - 400
    assert (spent.bytes_scanned, spent.rows) == (None, None)


def test_a_warehouse_that_never_starts_is_given_up(
    api: responses.RequestsMock, adapter: WarehouseAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databricks_statements, "_STARTING", 0.2)
    monkeypatch.setattr(databricks_statements, "_SETTLING", 0.0)
    api.post(STATEMENTS, json=RUNNING | {"status": {"state": "PENDING"}})
    api.get(f"{STATEMENTS}/s-1", json=RUNNING | {"status": {"state": "PENDING"}})
    api.post(f"{STATEMENTS}/s-1/cancel", json={})
    with pytest.raises(StatementTimeoutError, match="while the warehouse was starting or busy"):
        adapter.query("SELECT 1", timeout=60)


def test_somebody_else_may_cancel(api: responses.RequestsMock, adapter: WarehouseAdapter) -> None:
    api.post(STATEMENTS, json=RUNNING | {"status": {"state": "CANCELED"}})
    with pytest.raises(StatementTimeoutError, match="cancelled in the warehouse"):
        adapter.query("SELECT 1")


@pytest.mark.parametrize("status", [{"state": "CLOSED"}, {"state": "FAILED"}, {}])
def test_an_end_without_a_word_is_an_error(
    api: responses.RequestsMock, adapter: WarehouseAdapter, status: Answer
) -> None:
    api.post(STATEMENTS, json={"statement_id": "s-1", "status": status})
    with pytest.raises(WarehouseError, match=r"the statement ended as (CLOSED|FAILED)"):
        adapter.query("SELECT 1")


def cut(answer: Answer) -> Answer:
    return answer | {"manifest": answer["manifest"] | {"total_row_count": 3}}


def truncated(answer: Answer) -> Answer:
    return answer | {"manifest": answer["manifest"] | {"truncated": True}}


def torn(answer: Answer) -> Answer:
    return answer | {"result": {"data_array": [["1", "2"]]}}


def odd(answer: Answer) -> Answer:
    return answer | {"result": {"data_array": [["one"]]}}


@pytest.mark.parametrize(
    ("damage", "message"),
    [(cut, "1 of 3 rows"), (truncated, "1 of 1 rows"), (torn, "not what its manifest"), (odd, "not what its manifest")],
)
def test_a_damaged_result_is_never_taken_for_a_result(
    api: responses.RequestsMock, adapter: WarehouseAdapter, damage: Callable[[Answer], Answer], message: str
) -> None:
    api.post(STATEMENTS, json=damage(succeeded(["1"], a="INT")))
    with pytest.raises(WarehouseError, match=message):
        adapter.query("SELECT 1 AS a")


def test_elements_of_an_array_may_be_numbers(api: responses.RequestsMock, adapter: WarehouseAdapter) -> None:
    api.post(STATEMENTS, json=succeeded(["[1, null, 3]", "2026-01-02 03:04:05"], a="ARRAY<BIGINT>", t="TIMESTAMP"))
    rows = adapter.query("SELECT a, t")
    assert rows[0][0] == [1, None, 3]
    assert str(rows[0][1]) == "2026-01-02 03:04:05+00:00"


def test_moments_beyond_pythons_years_stay_text(api: responses.RequestsMock, adapter: WarehouseAdapter) -> None:
    late = "+12026-01-01T00:00:00.000Z"
    api.post(STATEMENTS, json=succeeded([late, late, late], a="TIMESTAMP", b="TIMESTAMP_NTZ", c="DATE"))
    assert adapter.query("SELECT a, b, c") == [(late, late, late)]


def test_usage_is_compiling_and_running_without_the_queue(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    counted = succeeded(["5", "5"], num_affected_rows="BIGINT", num_inserted_rows="BIGINT")
    api.post(STATEMENTS, json=counted)
    metrics = {"total_time_ms": 300_000, "compilation_time_ms": 20, "execution_time_ms": 400, "read_bytes": 1234}
    entry = {"query_id": "s-1", "is_final": True, "metrics": metrics}
    api.get(HISTORY, json={"res": [entry | {"is_final": False, "metrics": {"read_bytes": 1}}]})
    api.get(HISTORY, json={"res": [entry]})
    assert adapter.execute(["INSERT INTO t SELECT 1"]) == Usage(duration_ms=420, rows=5, bytes_scanned=1234)
    asked = sent(api, "GET")[-1]
    assert "filter_by.statement_ids=s-1" in asked
    assert "include_metrics=true" in asked


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("page", [{}, {"res": []}, {"res": [{"query_id": "s-1", "is_final": True}]}])
def test_what_the_history_does_not_say_is_unknown(
    api: responses.RequestsMock, adapter: WarehouseAdapter, page: Answer
) -> None:
    api.post(STATEMENTS, json=succeeded())
    api.get(HISTORY, json=page)
    assert adapter.execute(["CREATE TABLE t AS SELECT 1"]) == Usage()


def described(kind: str, provider: str = "") -> Answer:
    rows: list[list[str | None]] = [["Provider", "int", None], ["# Detailed Table Information", "", ""]]
    rows += [["Type", kind, ""]] if kind else []
    rows += [["Provider", provider, ""]] if provider else []
    return succeeded(*rows, col_name="STRING", data_type="STRING", comment="STRING")


SOURCE, TARGET = Relation("main", "shop", "t"), Relation("main", "branch__x", "t")
SHALLOW = "CREATE OR REPLACE TABLE `main`.`branch__x`.`t` SHALLOW CLONE `main`.`shop`.`t`"
CTAS = (
    "CREATE OR REPLACE TABLE `main`.`branch__x`.`t` TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
    " AS SELECT * FROM `main`.`shop`.`t`"
)


@pytest.mark.parametrize(
    ("kind", "provider", "because"),
    [
        ("STREAMING_TABLE", "delta", "it is a streaming table"),
        ("MATERIALIZED_VIEW", "", "it is a materialized view"),
        ("FOREIGN", "postgresql", "it is a foreign table"),
        ("MANAGED", "iceberg", "its format is iceberg, and only Delta tables are shallow-cloned"),
        ("EXTERNAL", "deltaSharing", "its format is deltasharing, and only Delta tables are shallow-cloned"),
    ],
)
def test_what_cannot_be_cloned_is_copied_with_the_reason(
    api: responses.RequestsMock, adapter: WarehouseAdapter, kind: str, provider: str, because: str
) -> None:
    api.post(STATEMENTS, json=described(kind, provider))
    api.post(STATEMENTS, json=succeeded())
    assert adapter.clone(SOURCE, TARGET, writable=False) == Clone(CloneMethod.CTAS, because)
    assert sent(api)[-1] == CTAS
    assert SHALLOW not in sent(api)


@pytest.mark.parametrize(("kind", "provider"), [("MANAGED", "delta"), ("", "")])
def test_a_clone_that_databricks_refuses_is_a_copy_with_its_words(
    api: responses.RequestsMock, adapter: WarehouseAdapter, kind: str, provider: str
) -> None:
    api.post(STATEMENTS, json=described(kind, provider))
    api.post(STATEMENTS, json=failed("[CANNOT_SHALLOW_CLONE_NESTED] Cannot shallow clone a clone. SQLSTATE: 0A000"))
    api.post(STATEMENTS, json=failed("[TABLE_OR_VIEW_NOT_FOUND] no target yet"))
    api.post(STATEMENTS, json=succeeded())
    because = "Databricks refused a shallow clone: [CANNOT_SHALLOW_CLONE_NESTED] Cannot shallow clone a clone."
    assert adapter.clone(SOURCE, TARGET, writable=True) == Clone(CloneMethod.CTAS, because)
    assert sent(api)[-3:] == [SHALLOW, "DESCRIBE TABLE EXTENDED `main`.`branch__x`.`t`", CTAS]


def test_a_clone_that_was_cancelled_is_not_tried_in_another_way(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=described("MANAGED", "delta"))
    api.post(STATEMENTS, json=RUNNING | {"status": {"state": "CANCELED"}})
    with pytest.raises(StatementTimeoutError):
        adapter.clone(SOURCE, TARGET, writable=True)
    assert sent(api)[-1] == SHALLOW


def test_rights_that_are_lacking_are_no_missing_relation(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.post(STATEMENTS, json=failed("[INSUFFICIENT_PERMISSIONS] no"))
    with pytest.raises(WarehouseError, match="INSUFFICIENT_PERMISSIONS"):
        adapter.columns(SOURCE)
    with pytest.raises(WarehouseError, match="INSUFFICIENT_PERMISSIONS"):
        adapter.clone(SOURCE, TARGET, writable=True)


def listing(*refused: str) -> Callable[[requests.PreparedRequest], tuple[int, dict[str, str], str]]:
    """Catalogs and their schemas, some of which may not be looked into."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sql = json.loads(str(request.body))["statement"]
        if any(sql == f"SHOW SCHEMAS IN `{catalog}`" for catalog in refused):
            return 200, {}, json.dumps(failed("[INSUFFICIENT_PERMISSIONS] no"))
        names = ["main", "dev", "system"] if sql == "SHOW CATALOGS" else ["branch__b", "default", "branch_xb"]
        rows: list[list[str | None]] = [[name] for name in names]
        return 200, {}, json.dumps(succeeded(*rows, name="STRING"))

    return answer


def test_schemas_are_looked_for_in_every_catalog_of_the_project(api: responses.RequestsMock) -> None:
    api.post(STATEMENTS, json=succeeded(["main"], catalog="STRING"))
    adapter = opened(SETTINGS, catalogs={"": "a", "dev": "b"})
    api.remove("POST", STATEMENTS)
    api.add_callback("POST", STATEMENTS, listing())
    assert adapter.schemas("branch__") == (("dev", "branch__b"), ("main", "branch__b"))
    assert {*sent(api)[1:]} == {"SHOW SCHEMAS IN `main`", "SHOW SCHEMAS IN `dev`"}
    api.remove("POST", STATEMENTS)
    api.add_callback("POST", STATEMENTS, listing("dev"))
    with pytest.raises(WarehouseError, match="INSUFFICIENT_PERMISSIONS"):
        adapter.schemas("branch__")


def test_schemas_are_looked_for_everywhere_if_no_project_is_known(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    api.add_callback("POST", STATEMENTS, listing("system"))
    assert adapter.schemas("branch__") == (("dev", "branch__b"), ("main", "branch__b"))


@pytest.mark.usefixtures("hasty")
def test_a_statement_that_comes_back_after_closing_is_cancelled(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    def closing(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        adapter.close()
        return 200, {}, json.dumps(RUNNING)

    api.add_callback("POST", STATEMENTS, closing)
    api.post(f"{STATEMENTS}/s-1/cancel", json={})
    api.get(f"{STATEMENTS}/s-1", json=RUNNING | {"status": {"state": "CANCELED"}})
    with pytest.raises(StatementTimeoutError, match="the connection was closed"):
        adapter.execute(["INSERT INTO t SELECT 1"])
    assert [call.request.url for call in api.calls if "cancel" in str(call.request.url)]


def test_closing_cancels_before_it_returns_even_if_a_thread_hangs(
    api: responses.RequestsMock, adapter: WarehouseAdapter
) -> None:
    asked, go = threading.Event(), threading.Event()

    def hanging(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked.set()
        go.wait(10)
        return 200, {}, json.dumps(RUNNING)

    def work() -> None:
        with pytest.raises(StatementTimeoutError):
            adapter.query("SELECT 1")

    api.post(STATEMENTS, json=RUNNING)
    api.add_callback("GET", f"{STATEMENTS}/s-1", hanging)
    api.post(f"{STATEMENTS}/s-1/cancel", json={})
    thread = threading.Thread(target=work)
    thread.start()
    assert asked.wait(10)
    adapter.close()
    assert [call.request.url for call in api.calls][-1] == f"{STATEMENTS}/s-1/cancel"
    go.set()
    thread.join(10)


WAREHOUSE = {"http_path": "/sql/1.0/warehouses/abc123"}
ENDPOINTS = ("authorization_endpoint", "token_endpoint")


@pytest.mark.parametrize(
    ("settings", "environ", "missing"),
    [
        ({}, {}, ["host (or DATABRICKS_HOST)", "http_path", "token (or DATABRICKS_TOKEN), or client_id"]),
        (SETTINGS | {"token": ""}, {}, ["token (or DATABRICKS_TOKEN)"]),
        (SETTINGS | {"token": "", "client_id": "x"}, {}, ["client_secret"]),
        ({"token": SECRET} | WAREHOUSE, {}, ["host (or DATABRICKS_HOST)"]),
        ({"token": SECRET, "host": HOST}, {}, ["DATABRICKS_WAREHOUSE_ID"]),
        (
            {"host": HOST, "client_id": "x"} | WAREHOUSE,
            {"DATABRICKS_AUTH_TYPE": "github-oidc"},
            ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        ),
        (SETTINGS, {"DATABRICKS_AUTH_TYPE": "oauth-m2m"}, ["client_id (or DATABRICKS_CLIENT_ID)", "client_secret"]),
    ],
)
def test_missing_credentials_are_named_and_nothing_is_sent(
    settings: dict[str, str], environ: dict[str, str], missing: list[str]
) -> None:
    with (
        responses.RequestsMock() as mock,
        pytest.raises(MissingCredentialsError) as refused,
    ):
        opened(settings, environ=environ)
    assert all(name in refused.value.message for name in missing), refused.value.message
    assert SECRET not in str(refused.value)
    assert len(mock.calls) == 0


def test_nobodys_profile_or_command_line_is_used_unasked(
    api: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".databrickscfg").write_text(
        f"[DEFAULT]\nhost = {HOST}\ntoken = theirs\n[work]\nhost = {HOST}\ntoken = mine\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MissingCredentialsError):
        opened({"host": HOST} | WAREHOUSE)
    api.post(STATEMENTS, json=succeeded(["main"], catalog="STRING"))
    opened(dict(WAREHOUSE), environ={"DATABRICKS_CONFIG_PROFILE": "work"})
    assert api.calls[-1].request.headers["Authorization"] == "Bearer mine"


@pytest.fixture
def job(api: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A GitHub job's environment, in which GitHub gives no token."""
    api.get("https://github.test/token", status=403)
    environ = {
        "DATABRICKS_AUTH_TYPE": "github-oidc",
        "DATABRICKS_CLIENT_ID": "client",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.test/token?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "planted-request-token",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


def test_a_job_that_github_does_not_vouch_for_is_told(api: responses.RequestsMock, job: dict[str, str]) -> None:
    api.replace("GET", f"{HOST}/.well-known/databricks-config", json={"oidc_endpoint": f"{HOST}/oidc"})
    api.get(
        f"{HOST}/oidc/.well-known/oauth-authorization-server", json=dict.fromkeys(ENDPOINTS, f"{HOST}/oidc/v1/token")
    )
    with pytest.raises(WarehouseError, match="GitHub gave the job no identity token") as refused:
        opened({"host": HOST} | WAREHOUSE, environ=job)
    assert "planted-request-token" not in "".join(traceback.format_exception(refused.value))


def test_a_profile_without_a_host_is_told(
    api: responses.RequestsMock, job: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del api
    (tmp_path / ".databrickscfg").write_text("[work]\ncluster_id = x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(WarehouseError, match="no host is configured"):
        opened(dict(WAREHOUSE), environ=job | {"DATABRICKS_CONFIG_PROFILE": "work"})


def test_settings_come_before_the_environment(api: responses.RequestsMock) -> None:
    api.post(STATEMENTS, json=succeeded(["main"], catalog="STRING"))
    environ = {"DATABRICKS_HOST": "https://other", "DATABRICKS_TOKEN": "other", "DATABRICKS_HTTP_PATH": "other"}
    assert opened(SETTINGS, environ=environ).description == "Databricks SQL, warehouse abc123"
    assert api.calls[-1].request.headers["Authorization"] == f"Bearer {SECRET}"
    body = json.loads(str(api.calls[-1].request.body))
    assert body == {
        "statement": "SELECT current_catalog()",
        "warehouse_id": "abc123",
        "disposition": "INLINE",
        "format": "JSON_ARRAY",
        "wait_timeout": "0s",
    }


def test_a_cluster_is_no_sql_warehouse() -> None:
    with pytest.raises(ProjectError, match="no SQL warehouse's"):
        opened(SETTINGS | {"http_path": "sql/protocolv1/o/0/0920-123456-abc"})


def test_a_host_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databricks_statements, "_PATIENCE", 0.1)
    with (
        pytest.raises(WarehouseError, match="could not be sent") as refused,
    ):
        opened(SETTINGS | {"host": "http://127.0.0.1:9"})
    assert "`host`" in refused.value.advice
    assert SECRET not in "".join(traceback.format_exception(refused.value))
