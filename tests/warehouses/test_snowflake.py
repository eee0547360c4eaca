"""Snowflake's adapter with its real driver: against fakesnow what an engine can show, against a loopback server what
only Snowflake's own answers can (refusals, query history, expiry, other kinds of relations).
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rocky_action.cancelling import closing as closed_on_signals
from rocky_action.cancelling import heed_signals
from rocky_action.domain.diff import Column
from rocky_action.domain.execution import Clone, CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import MissingCredentialsError, ProjectError, StatementTimeoutError, WarehouseError
from rocky_action.ports import Size, WarehouseAdapter
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from rocky_action.warehouses.snowflake_errors import scrubbed
from rocky_action.warehouses.snowflake_login import login_from
from tests.support.forge_bench import as_found
from tests.support.ground import Ground, standing_on
from tests.support.serving import running
from tests.support.snowflake_ground import LABELS, SETTINGS, request
from tests.support.snowflake_server import DONE, Account, Answer, Asked, Refusal, Table, query_id, serving

SECRET = SETTINGS["password"]
ORDERS = Relation("SHOP", "PRODUCTION", "orders")
NUMBER = {"precision": 38, "scale": 0}
TEXT = {"length": 100, "byteLength": 400}


def jwt(number: int) -> str:
    """A token of the right shape: the driver looks before it sends one."""
    parts: tuple[Mapping[str, str], ...] = (
        {"alg": "none"},
        {"iss": "https://token.actions.githubusercontent.com", "sub": f"job {number}"},
        {},
    )
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def one(value: str | None, kind: str = "text") -> Table:
    return Table([("V", kind, TEXT if kind == "text" else NUMBER)], [[value]])


def table(rows: Sequence[Mapping[str, str | None]]) -> Table:
    """A result of INFORMATION_SCHEMA or SHOW: text, but for counts."""
    names = list(rows[0]) if rows else ["TABLE_SCHEMA"]
    counts = {"ROW_COUNT", "BYTES"}
    columns = [(name, "fixed" if name in counts else "text", NUMBER if name in counts else TEXT) for name in names]
    return Table(columns, [[row[name] for name in names] for row in rows])


@contextmanager
def opened(
    answer: Callable[[Asked], Answer],
    *,
    settings: Mapping[str, str] = SETTINGS,
    environ: Mapping[str, str] | None = None,
    **wanted: object,
) -> Iterator[tuple[WarehouseAdapter, Account]]:
    """The adapter, opened as the product opens it, and what the server hears."""
    with serving(answer) as account:
        asked = request(settings, {**at(account), **(environ or {})})
        adapter = open_warehouse(replace(asked, **wanted)).warehouse  # type: ignore[arg-type]
        with closing(adapter):
            yield adapter, account


def at(account: Account) -> dict[str, str]:
    return {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": str(account.port), "SNOWFLAKE_PROTOCOL": "http"}


def done(asked: Asked) -> Answer:
    """Whatever was asked; nothing of it is in the history."""
    if "QUERY_HISTORY_BY_SESSION" in asked.sql:
        return Table([("QUERY_ID", "text", TEXT), ("EXECUTION_TIME", "fixed", NUMBER), ("BYTES", "fixed", NUMBER)])
    return DONE


@pytest.fixture(autouse=True)
def workload_identities_may_go_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver sends them to Snowflake's own hosts only, unless it is told otherwise."""
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with standing_on("snowflake") as found:
        yield found


class TestLoggingIn:
    @pytest.mark.parametrize(
        ("settings", "environ", "sent"),
        [
            ({"username": "U", "password": "p"}, {}, {"LOGIN_NAME": "U", "PASSWORD": "p"}),
            ({"pat": "t", "oauth_token": "o"}, {}, {"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "TOKEN": "t"}),
            ({"oauth_token": "o", "password": "p"}, {}, {"AUTHENTICATOR": "OAUTH", "TOKEN": "o"}),
            ({}, {"SNOWFLAKE_USER": "U", "SNOWFLAKE_PASSWORD": "p"}, {"LOGIN_NAME": "U", "PASSWORD": "p"}),
            ({}, {"SNOWFLAKE_TOKEN": "t"}, {"AUTHENTICATOR": "OAUTH", "TOKEN": "t"}),
            (
                {},
                {"SNOWFLAKE_AUTHENTICATOR": "programmatic_access_token", "SNOWFLAKE_TOKEN": "t"},
                {"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "TOKEN": "t"},
            ),
            (
                {},
                {"SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "oidc", "SNOWFLAKE_TOKEN": jwt(7)},
                {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "OIDC", "TOKEN": jwt(7)},
            ),
        ],
    )
    def test_the_driver_is_given_what_the_table_or_the_environment_says(
        self, settings: Mapping[str, str], environ: Mapping[str, str], sent: Mapping[str, str]
    ) -> None:
        with opened(done, settings={"account": "a", "username": "U", **settings}, environ=environ) as (_, account):
            (login,) = account.logins
            assert sent.items() <= login.items()

    def test_the_table_wins_over_the_environment(self) -> None:
        environ = {"SNOWFLAKE_PASSWORD": "other", "SNOWFLAKE_USER": "OTHER", "SNOWFLAKE_ACCOUNT": "other"}
        with opened(done, environ=environ) as (_, account):
            (login,) = account.logins
            assert (login["ACCOUNT_NAME"], login["LOGIN_NAME"], login["PASSWORD"]) == ("fakesnow", "PREVIEWER", SECRET)

    @pytest.mark.parametrize("where", ["table", "file", "raw"])
    def test_a_key_pair_signs_a_token(self, where: str, tmp_path: Path) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
        )
        (tmp_path / "key.p8").write_bytes(pem)
        settings = {"account": "a", "username": "U"} | ({"private_key_path": "key.p8"} if where == "table" else {})
        environ = {"PRIVATE_KEY_PASSPHRASE": "pw"}
        environ |= {"SNOWFLAKE_PRIVATE_KEY_FILE": str(tmp_path / "key.p8")} if where == "file" else {}
        environ |= {"SNOWFLAKE_PRIVATE_KEY_RAW": pem.decode()} if where == "raw" else {}
        with opened(done, settings=settings, environ=environ, folder=tmp_path) as (_, account):
            (login,) = account.logins
            assert login["AUTHENTICATOR"] == "SNOWFLAKE_JWT"
            assert str(login["TOKEN"]).count(".") == 2

    def test_github_is_asked_for_a_token_for_each_login(self) -> None:
        with (
            github() as (environ, asked),
            opened(
                two_fail, settings={"account": "a"}, environ={**environ, "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC"}
            ) as (adapter, account),
        ):
            with pytest.raises(WarehouseError):
                adapter.execute(["DELETE FROM one", "DELETE FROM two"])  # which takes a session of its own
            assert [login["TOKEN"] for login in account.logins] == [jwt(1), jwt(2)]
            assert all(login["PROVIDER"] == "OIDC" for login in account.logins)
            assert asked == [("/token?a=b&audience=snowflakecomputing.com", "bearer runner-secret")] * 2

    def test_a_fetched_token_is_a_secret_too(self) -> None:
        with (
            github() as (environ, _),
            opened(
                lambda _: Refusal("001003", f"unexpected '{jwt(1)}'"),
                settings={"account": "a"},
                environ={**environ, "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC"},
            ) as (adapter, _),
            pytest.raises(WarehouseError, match=r"unexpected '\*\*\*'") as caught,
        ):
            adapter.query("SELECT 1")
        assert jwt(1) not in everything(caught.value)

    def test_github_may_refuse(self) -> None:
        with github(status=403) as (environ, _), serving(done) as account:
            environ |= {**at(account), "SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC"}
            with pytest.raises(WarehouseError, match=r"no identity token for Snowflake \(HTTP 403\)") as caught:
                open_warehouse(request({"account": "a"}, environ))
            assert "id-token: write" in caught.value.advice
            assert "runner-secret" not in everything(caught.value)

    @pytest.mark.parametrize(
        ("settings", "environ", "named"),
        [
            ({"account": "a", "username": "u"}, {}, "`pat`, `oauth_token`"),
            ({"username": "u", "password": "p"}, {}, "SNOWFLAKE_ACCOUNT"),
            ({"account": "", "username": "u", "password": "p"}, {}, "SNOWFLAKE_ACCOUNT"),
            ({"account": "a", "password": "p"}, {}, "SNOWFLAKE_USER"),
            ({"account": "a", "username": "u", "private_key_path": "none.p8"}, {}, r"none\.p8"),
            ({"account": "a"}, {"SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER": "OIDC"}, "SNOWFLAKE_TOKEN"),
        ],
    )
    def test_what_is_missing_is_named(
        self, settings: Mapping[str, str], environ: Mapping[str, str], named: str
    ) -> None:
        with pytest.raises(MissingCredentialsError, match=named):
            open_warehouse(request(settings, environ))

    def test_a_number_must_be_one(self) -> None:
        with pytest.raises(ProjectError, match=r"retry\.max_retries is 'many'"):
            login_from(request({**SETTINGS, "retry.max_retries": "many"}, {}))

    def test_retries_are_the_drivers_in_its_own_words(self) -> None:
        retry = {"retry.max_retries": "3", "retry.initial_backoff_ms": "10", "retry.max_backoff_ms": "20"}
        options = login_from(request({**SETTINGS, **retry}, {})).options
        assert options["retry_max_attempts"] == 4
        assert (options["retry_backoff_base_ms"], options["retry_backoff_cap_ms"]) == (10, 20)

    @pytest.mark.parametrize(
        ("code", "message", "advice"),
        [
            ("390100", "Incorrect username or password was specified.", "without a password"),
            ("390144", "JWT token is invalid.", "RSA_PUBLIC_KEY"),
            ("390422", "Incoming request with IP/Token 10.0.0.1 is not allowed to access Snowflake.", "network policy"),
            ("390189", "Role 'X' specified in the connect string does not exist or not authorized.", "Grant the role"),
            ("394508", "Multi-factor authentication is required for this account.", "second factor"),
        ],
    )
    def test_a_refused_login_says_what_to_do(self, code: str, message: str, advice: str) -> None:
        with serving(done) as account:
            account.refuses_login = Refusal(code, f"{message} {SECRET}")
            with pytest.raises(WarehouseError) as caught:
                open_warehouse(request(SETTINGS, at(account)))
            assert message in caught.value.message
            assert f"Snowflake {code}" in caught.value.message
            assert advice in caught.value.advice
            assert SECRET not in everything(caught.value)
            assert not isinstance(caught.value, MissingCredentialsError)

    def test_an_account_that_nobody_answers_for(self) -> None:
        environ = {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": "1", "SNOWFLAKE_PROTOCOL": "http"}
        settings = {**SETTINGS, "retry.max_retries": "0"}
        with pytest.raises(WarehouseError) as caught:
            open_warehouse(request(settings, environ))
        assert "Check `account`" in caught.value.advice

    @pytest.mark.parametrize(("fact", "key"), [("database", "databaseName"), ("warehouse", "warehouseName")])
    def test_a_place_that_is_not_there_is_told_at_once(self, fact: str, key: str) -> None:
        with serving(done) as account:
            account.session = {**account.session, key: None}
            with pytest.raises(WarehouseError, match=f"the {fact} .* the role PREVIEWER may not use it") as caught:
                open_warehouse(request(SETTINGS, at(account)))
            assert f"GRANT USAGE ON {fact.upper()} {SETTINGS[fact]} TO ROLE PREVIEWER" in caught.value.advice

    def test_without_a_database_the_projects_only_catalog_is_it(self) -> None:
        settings = {key: value for key, value in SETTINGS.items() if key != "database"}
        with serving(done) as account:
            account.session = {**account.session, "databaseName": None}
            asked = request(settings, at(account))
            with closing(open_warehouse(replace(asked, catalogs={"SHOP": "m", "": "n"})).warehouse) as adapter:
                assert adapter.catalog == "SHOP"
            with pytest.raises(ProjectError, match="names no database"):
                open_warehouse(replace(asked, catalogs={"SHOP": "m", "OTHER": "n"}))


class TestRunning:
    def test_the_session_is_ours_and_says_who_it_is(self) -> None:
        with opened(done) as (adapter, account):
            session = account.logins[0]["SESSION_PARAMETERS"]
            assert isinstance(session, Mapping)
            assert (session["TIMEZONE"], session["AUTOCOMMIT"]) == ("UTC", "true")
            assert adapter.description == "Snowflake, database SHOP, warehouse PREVIEW_WH"
            assert SECRET not in repr(adapter)
            assert (adapter.dialect, adapter.catalog) == ("snowflake", "SHOP")

    def test_each_statement_bears_its_own_tag_and_limit(self) -> None:
        with opened(done, settings={**SETTINGS, "timeout_secs": "90"}) as (adapter, account):
            adapter.execute(["DELETE FROM t"], timeout=2.5)
            adapter.execute(["DELETE FROM t"], model="orders")
            adapter.query("SELECT 1")
        limits = [asked.parameters["STATEMENT_TIMEOUT_IN_SECONDS"] for asked in account.asked]
        assert limits == [3, 90, 90, 90, 90, 90]  # history is looked at three times before it is given up
        assert {asked.parameters["MULTI_STATEMENT_COUNT"] for asked in account.asked} == {1}
        tags = [json.loads(str(asked.parameters["QUERY_TAG"]))["rocky_preview"] for asked in account.asked]
        assert tags[0] == LABELS
        assert tags[1] == {**LABELS, "model": "orders"}
        assert "ALTER SESSION" not in " ".join(account.statements)

    def test_a_tag_is_json_however_long_a_name_is(self) -> None:
        with opened(done) as (adapter, account):
            adapter.execute(["DELETE FROM t"], model='"\\' * 4000)
        tag = str(account.asked[0].parameters["QUERY_TAG"])
        assert json.loads(tag)
        assert len(tag) <= 2000

    def test_statements_run_at_the_same_time_in_one_session(self) -> None:
        meeting = threading.Barrier(3, timeout=10)

        def answer(asked: Asked) -> Answer:
            meeting.wait()
            return one(asked.sql[-1], "fixed")

        with opened(answer) as (adapter, account):
            assert adapter.query_many(["SELECT 1", "SELECT 2", "SELECT 3"]) == [[(1,)], [(2,)], [(3,)]]
            assert len(account.logins) == 1

    def test_a_transaction_has_a_session_of_its_own_and_the_next_one_takes_it_over(self) -> None:
        with opened(done) as (adapter, account):
            for _ in range(2):
                adapter.execute(["DELETE FROM a", "INSERT INTO a SELECT 1"])
            adapter.execute(["DELETE FROM b"])
            adapter.query("SELECT 1")
        transaction = ["BEGIN TRANSACTION", "DELETE FROM a", "INSERT INTO a SELECT 1", "COMMIT"]
        assert account.statements == [*transaction, *transaction, "DELETE FROM b", "SELECT 1"]
        assert [asked.session for asked in account.asked] == [2] * 8 + [1] * 2

    def test_two_transactions_at_once_do_not_meet(self) -> None:
        meeting = threading.Barrier(2, timeout=10)

        def answer(asked: Asked) -> Answer:
            if asked.sql.startswith("DELETE"):
                meeting.wait()
            return DONE

        with opened(answer) as (adapter, account):
            threads = [
                threading.Thread(target=adapter.execute, args=([f"DELETE FROM {name}", "COMMIT"],)) for name in "ab"
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        sessions = {asked.session for asked in account.asked if asked.sql.startswith("DELETE")}
        assert sessions == {2, 3}

    def test_what_fails_is_rolled_back_and_its_session_ended(self) -> None:
        with opened(two_fail) as (adapter, account):
            for _ in range(2):
                with pytest.raises(WarehouseError, match="syntax error"):
                    adapter.execute(["DELETE FROM one", "DELETE FROM two"])
            assert account.statements == ["BEGIN TRANSACTION", "DELETE FROM one", "DELETE FROM two", "ROLLBACK"] * 2
            assert len(account.logins) == 3
            assert account.paths.count("/session") == 2

    @pytest.mark.parametrize(
        "sql",
        ["DROP TABLE t", "INSERT INTO t SELECT 1", "SELECT 1 ->> DELETE FROM t", "CALL p()", "/* */ DELETE FROM t"],
    )
    def test_a_query_only_reads(self, sql: str) -> None:
        with opened(done) as (adapter, account):
            with pytest.raises(WarehouseError, match="not one reading statement"):
                adapter.query(sql)
            assert account.asked == []

    def test_an_arrow_in_a_text_is_none(self) -> None:
        with opened(lambda _: one("x")) as (adapter, _):
            assert adapter.query("""SELECT '->>' AS "->>", 'it\\'s ->>'""") == [("x",)]

    def test_values_are_pythons_own(self) -> None:
        columns = [
            ("I", "fixed", NUMBER), ("L", "fixed", NUMBER), ("D", "fixed", {"precision": 10, "scale": 2}),
            ("A", "array", {}), ("U", "array", {}), ("V", "variant", {}),
            ("B", "binary", {"length": 9, "byteLength": 9}),
        ]  # fmt: skip
        big = "9" * 38
        cells = ["1", big, "1.50", "[9223372036854775807,\n 2]", "[undefined]", "[1]", "ff00"]
        with opened(lambda _: Table(columns, [cells, [None] * 7])) as (adapter, _):
            found, empty = adapter.query("SELECT *")
        assert repr(found) == repr((1, int(big), Decimal("1.50"), [2**63 - 1, 2], "[undefined]", "[1]", b"\xff\x00"))
        assert empty == (None,) * 7

    def test_types_are_told_as_snowflake_writes_them(self) -> None:
        columns = [
            ("n", "fixed", {"precision": 10, "scale": 2}), ("t", "text", {"length": 7, "byteLength": 28}),
            ("f", "real", {}), ("d", "date", {}), ("z", "timestamp_ntz", {"scale": 9}),
            ("l", "timestamp_ltz", {"scale": 3}), ("o", "timestamp_tz", {"scale": 6}), ("h", "time", {"scale": 0}),
            ("b", "boolean", {}), ("x", "binary", {"length": 5, "byteLength": 5}), ("v", "variant", {}),
            ("a", "array", {}), ("j", "object", {}),
        ]  # fmt: skip
        with opened(lambda _: Table(columns)) as (adapter, account):
            found = adapter.columns(ORDERS)
            assert adapter.describe("SELECT 1") == found
            assert all(asked.describe for asked in account.asked)
            assert account.asked[0].sql == 'SELECT * FROM "SHOP"."PRODUCTION"."orders"'
        assert found is not None
        assert [column.type for column in found] == [
            "NUMBER(10,2)", "VARCHAR(7)", "FLOAT", "DATE", "TIMESTAMP_NTZ(9)", "TIMESTAMP_LTZ(3)", "TIMESTAMP_TZ(6)",
            "TIME(0)", "BOOLEAN", "BINARY(5)", "VARIANT", "ARRAY", "OBJECT",
        ]  # fmt: skip
        assert found[0] == Column("n", "NUMBER(10,2)")


class TestUsage:
    def history(self, rows: Callable[[], list[list[str | None]]]) -> Callable[[Asked], Answer]:
        def answer(asked: Asked) -> Answer:
            if "QUERY_HISTORY_BY_SESSION" not in asked.sql:
                counts = [["3"]] if asked.sql.startswith("DELETE") else [["4"]]
                verb = "deleted" if asked.sql.startswith("DELETE") else "inserted"
                return Table([(f"number of rows {verb}", "fixed", NUMBER)], counts, kind=0x3000)
            columns = [("QUERY_ID", "text", TEXT), ("EXECUTION_TIME", "fixed", NUMBER), ("BYTES", "fixed", NUMBER)]
            return Table(columns, rows())

        return answer

    def test_history_says_what_all_statements_took_by_one_look(self) -> None:
        rows: list[list[str | None]] = [[query_id(2), "120", "1000"], [query_id(3), "30", "24"]]
        with opened(self.history(lambda: rows)) as (adapter, account):
            usage = adapter.execute(["DELETE FROM a", "INSERT INTO a SELECT 1"], model="a")
        assert usage == Usage(duration_ms=150, rows=7, bytes_scanned=1024)
        (look,) = [sql for sql in account.statements if "QUERY_HISTORY" in sql]
        assert '"SHOP"."INFORMATION_SCHEMA"."QUERY_HISTORY_BY_SESSION"(RESULT_LIMIT => 1000)' in look
        assert f"'{query_id(2)}', '{query_id(3)}'" in look

    def test_what_history_does_not_know_yet_is_looked_for_again(self) -> None:
        looks = iter([[], [[query_id(1), "120", "1000"]]])
        with opened(self.history(lambda: next(looks))) as (adapter, _):  # type: ignore[arg-type]
            assert adapter.execute(["DELETE FROM a"], model="a") == Usage(120, 3, 1000)

    def test_what_history_never_says_is_unknown_and_no_zero(self) -> None:
        with opened(self.history(list)) as (adapter, _):
            usage = adapter.execute(["DELETE FROM a", "DELETE FROM b"], model="a")
        assert (usage.rows, usage.bytes_scanned, usage.credits) == (6, None, None)
        assert usage.duration_ms is not None

    def test_a_history_that_may_not_be_read_fails_nothing(self) -> None:
        def answer(asked: Asked) -> Answer:
            return Refusal("003001", "Insufficient privileges") if "QUERY_HISTORY" in asked.sql else DONE

        with opened(answer) as (adapter, account):
            usage = adapter.execute(["CREATE OR REPLACE VIEW v AS SELECT 1"], model="v")
        assert (usage.rows, usage.bytes_scanned) == (None, None)
        assert len(account.statements) == 2

    def test_nothing_is_looked_up_where_no_model_is_billed(self) -> None:
        with opened(self.history(list)) as (adapter, account):
            adapter.execute(["DELETE FROM a"])
        assert account.statements == ["DELETE FROM a"]

    def test_rows_that_were_joined_several_times_are_counted_once(self) -> None:
        counts = [("number of rows updated", "fixed", NUMBER), ("number of multi-joined rows updated", "fixed", NUMBER)]
        with opened(lambda _: Table(counts, [["3", "1"]], kind=0x3200)) as (adapter, _):
            assert adapter.execute(["UPDATE t SET a = 1"]).rows == 3

    def test_a_new_tables_rows_are_those_that_snowflake_counted(self) -> None:
        made = replace(DONE, kind=0x6000, stats={"numRowsInserted": 12, "numRowsDeleted": 0, "numRowsUpdated": 0})
        with opened(lambda _: made) as (adapter, _):
            assert adapter.execute(["CREATE OR REPLACE TABLE t AS SELECT 1"]).rows == 12

    @pytest.mark.parametrize(
        ("said", "bytes_scanned"),
        [
            ({"GlobalStats": {"partitionsTotal": 5, "partitionsAssigned": 2, "bytesAssigned": 2048}}, 2048),
            ({"GlobalStats": {"partitionsTotal": 5, "partitionsAssigned": 0, "bytesAssigned": 0}}, 0),
            ({"GlobalStats": {"partitionsTotal": 0, "partitionsAssigned": 0, "bytesAssigned": 0}}, None),
            ({"Operations": []}, None),
            ("no JSON", None),
        ],
    )
    def test_an_estimate_is_what_explain_says(self, said: object, bytes_scanned: int | None) -> None:
        text = said if isinstance(said, str) else json.dumps(said)
        with opened(lambda _: one(text)) as (adapter, account):
            found = adapter.estimate("SELECT * FROM t")
            assert account.statements == ["EXPLAIN USING JSON SELECT * FROM t"]
        assert found == (None if bytes_scanned is None else Usage(bytes_scanned=bytes_scanned))


class TestTrouble:
    @pytest.mark.parametrize(
        ("refusal", "advice"),
        [
            (
                Refusal("002003", "SQL compilation error:\nObject 'SHOP.A.T' does not exist or not authorized."),
                "GRANT SELECT ON TABLE SHOP.A.T TO ROLE PREVIEWER",
            ),
            (
                Refusal("002003", "SQL compilation error:\nSchema 'SHOP.A' does not exist or not authorized."),
                "GRANT USAGE ON SCHEMA SHOP.A TO ROLE PREVIEWER",
            ),
            (Refusal("003001", "SQL access control error:\nInsufficient privileges to operate on schema 'A'"), "Grant"),
            (Refusal("000606", "No active warehouse selected in the current session."), "SNOWFLAKE_WAREHOUSE"),
            (
                Refusal("090073", "Warehouse 'W' cannot be resumed because resource monitor 'M' exceeded its quota."),
                "quota",
            ),
        ],
    )
    def test_a_refusal_is_snowflakes_own_with_a_way_out(self, refusal: Refusal, advice: str) -> None:
        with opened(lambda _: refusal) as (adapter, _), pytest.raises(WarehouseError) as caught:
            adapter.query("SELECT 1")
        assert " ".join(refusal.message.removeprefix("SQL compilation error:").split()) in caught.value.message
        assert refusal.code in caught.value.message
        assert advice in caught.value.advice

    def test_a_secret_in_a_refusal_is_not_shown(self) -> None:
        refusal = Refusal("001003", f"unexpected '{SECRET}'")
        with opened(lambda _: refusal) as (adapter, _), pytest.raises(WarehouseError) as caught:
            adapter.query("SELECT 1")
        assert "unexpected '***'" in caught.value.message
        assert SECRET not in everything(caught.value)

    def test_the_longest_secret_goes_first(self) -> None:
        assert scrubbed("ab abc", ["ab", "abc", ""]) == "*** ***"

    @pytest.mark.parametrize("code", ["000630", "000604"])
    def test_an_interrupted_statement_is_a_time_out(self, code: str) -> None:
        with opened(lambda _: Refusal(code, "canceled", "57014")) as (adapter, _):
            with pytest.raises(StatementTimeoutError, match="canceled"):
                adapter.query("SELECT 1", timeout=1)
            with pytest.raises(StatementTimeoutError):
                adapter.execute(["DELETE FROM t"], timeout=1)

    def test_a_read_is_repeated_in_a_new_session_where_the_first_has_expired(self) -> None:
        with opened(lambda _: one("7", "fixed")) as (adapter, account):
            account.expired.add(1)
            assert adapter.query("SELECT 7") == [(7,)]
            assert [asked.session for asked in account.asked] == [2]
            account.expired.update({2, 3})
            with pytest.raises(WarehouseError, match="390114"):
                adapter.query("SELECT 7")

    def test_a_write_is_not_but_the_next_one_finds_a_new_session(self) -> None:
        with opened(done) as (adapter, account):
            account.expired.add(1)
            with pytest.raises(WarehouseError, match="390114"):
                adapter.execute(["DELETE FROM t"])
            assert account.asked == []
            adapter.execute(["DELETE FROM t"])
            assert [asked.session for asked in account.asked] == [2]

    def test_a_relation_that_is_not_there_has_no_columns_and_any_other_refusal_is_one(self) -> None:
        answers = iter(
            [Refusal("002003", "Object 'X' does not exist or not authorized."), Refusal("000606", "No active")]
        )
        with opened(lambda _: next(answers)) as (adapter, _):
            assert adapter.columns(ORDERS) is None
            with pytest.raises(WarehouseError, match="No active"):
                adapter.columns(ORDERS)

    def test_closing_cancels_what_runs_and_takes_nothing_new(self) -> None:
        running, cancelled = threading.Event(), threading.Event()

        def answer(asked: Asked) -> Answer:
            if "CANCEL_ALL_QUERIES" in asked.sql:
                cancelled.set()
                return one("1 cancelled")
            running.set()
            assert cancelled.wait(20)
            return Refusal("000604", "SQL execution canceled", "57014")

        with opened(answer) as (adapter, account):
            errors: list[WarehouseError] = []

            def work() -> None:
                try:
                    adapter.query("SELECT slow")
                except WarehouseError as error:
                    errors.append(error)

            thread = threading.Thread(target=work)
            thread.start()
            assert running.wait(20)
            adapter.close()
            thread.join(20)
            assert [type(error) for error in errors] == [StatementTimeoutError]
            assert "SELECT SYSTEM$CANCEL_ALL_QUERIES(4001)" in account.statements
            assert account.paths[-1] == "/session"
            with pytest.raises(WarehouseError, match="is closed"):
                adapter.query("SELECT 1")
            adapter.close()

    def test_what_a_signal_interrupts_on_the_main_thread_is_cancelled(self) -> None:
        """As the command does it: the connector waits in native code, where Python's handler of a signal cannot run."""
        cancelled = threading.Event()

        def answer(asked: Asked) -> Answer:
            if "CANCEL_ALL_QUERIES" in asked.sql:
                cancelled.set()
                return one("1 cancelled")
            if asked.sql == "SELECT slow":
                os.kill(os.getpid(), signal.SIGTERM)
                assert cancelled.wait(20)
                return Refusal("000604", "SQL execution canceled", "57014")
            return DONE

        with as_found():
            heed_signals()
            try:
                with opened(answer) as (adapter, _), pytest.raises(KeyboardInterrupt), closed_on_signals(adapter):
                    adapter.query("SELECT slow")
            finally:
                heed_signals()  # forgets the signal, of which the next test should hear nothing
        assert cancelled.is_set()


class TestClones:
    target = Relation("SHOP", "branch__x", "orders")

    def cloning(
        self, kind: Mapping[str, str | None] | None, refusal: Refusal | None = None, target: str | None = None
    ) -> Callable[[Asked], Answer]:
        rows = [] if kind is None else [{"TABLE_SCHEMA": "PRODUCTION", "TABLE_NAME": "orders", **kind}]
        if target is not None:
            there = {"TABLE_SCHEMA": "branch__x", "TABLE_NAME": "orders"}
            rows.append({**dict.fromkeys(rows[0], "NO"), **there, "TABLE_TYPE": target})

        def answer(asked: Asked) -> Answer:
            if "INFORMATION_SCHEMA" in asked.sql:
                return table(rows)
            return refusal if refusal is not None and " CLONE " in asked.sql else DONE

        return answer

    @pytest.mark.parametrize(
        ("facts", "writable", "made", "statement"),
        [
            ({"TABLE_TYPE": "BASE TABLE"}, True, Clone(CloneMethod.ZERO_COPY), "TRANSIENT TABLE {t} CLONE {s}"),
            ({"TABLE_TYPE": "BASE TABLE"}, False, Clone(CloneMethod.ZERO_COPY), "TRANSIENT TABLE {t} CLONE {s}"),
            ({"TABLE_TYPE": "VIEW"}, False, Clone(CloneMethod.VIEW), "VIEW {t} AS SELECT * FROM {s}"),
            ({"TABLE_TYPE": "VIEW"}, True, "it is a view, which", None),
            ({"TABLE_TYPE": "MATERIALIZED VIEW"}, False, "it is a materialized view, which", None),
            ({"TABLE_TYPE": "EXTERNAL TABLE"}, True, "it is an external table, which", None),
            ({"TABLE_TYPE": "BASE TABLE", "IS_DYNAMIC": "YES"}, True, "it is a dynamic table", None),
            ({"TABLE_TYPE": "BASE TABLE", "IS_HYBRID": "YES"}, True, "it is a hybrid table", None),
            ({"TABLE_TYPE": "BASE TABLE", "IS_ICEBERG": "YES"}, True, "it is an Iceberg table", None),
        ],
    )
    def test_the_cheapest_way_and_why_no_cheaper(
        self, facts: Mapping[str, str], made: Clone | str, statement: str | None, *, writable: bool
    ) -> None:
        with opened(self.cloning(facts)) as (adapter, account):
            found = adapter.clone(ORDERS, self.target, writable=writable)
        if isinstance(made, str):
            assert found.method is CloneMethod.CTAS
            assert str(found.because).startswith(made)
            statement = "TRANSIENT TABLE {t} AS SELECT * FROM {s}"
        else:
            assert found == made
        assert statement is not None
        named = statement.format(t='"SHOP"."branch__x"."orders"', s='"SHOP"."PRODUCTION"."orders"')
        assert account.statements[1:] == [f"CREATE OR REPLACE {named}"]

    def test_what_snowflake_refuses_to_clone_is_copied_and_it_says_why(self) -> None:
        refusal = Refusal("003079", "Cannot clone from a database that was imported from a share.")
        with opened(self.cloning({"TABLE_TYPE": "BASE TABLE"}, refusal)) as (adapter, account):
            found = adapter.clone(ORDERS, self.target, writable=True)
        assert found.method is CloneMethod.CTAS
        assert found.because == f"Snowflake does not clone it: {refusal.message} (Snowflake 003079)"
        assert " AS SELECT * FROM " in account.statements[-1]

    @pytest.mark.parametrize("code", ["002003", "000630"])
    def test_what_is_not_there_or_takes_too_long_is_not_copied(self, code: str) -> None:
        refusal = Refusal(code, "Object 'ORDERS' does not exist or not authorized.")
        with opened(self.cloning(None, refusal)) as (adapter, account):
            with pytest.raises(WarehouseError, match=r"SHOP\.PRODUCTION\.orders cannot be cloned: Object"):
                adapter.clone(ORDERS, self.target, writable=True)
            assert not any(" AS SELECT" in sql for sql in account.statements)

    @pytest.mark.parametrize(
        ("kind", "there", "dropped"),
        [
            ("VIEW", "BASE TABLE", ['DROP TABLE IF EXISTS "SHOP"."branch__x"."orders"']),
            ("BASE TABLE", "VIEW", ['DROP VIEW IF EXISTS "SHOP"."branch__x"."orders"']),
            ("BASE TABLE", "BASE TABLE", []),
            ("VIEW", "VIEW", []),
        ],
    )
    def test_what_is_of_another_kind_makes_room(self, kind: str, there: str, dropped: list[str]) -> None:
        with opened(self.cloning({"TABLE_TYPE": kind}, target=there)) as (adapter, account):
            adapter.clone(ORDERS, self.target, writable=False)
        assert [sql for sql in account.statements if sql.startswith("DROP")] == dropped

    def test_two_catalogs_are_looked_up_in_their_own(self) -> None:
        with opened(self.cloning({"TABLE_TYPE": "BASE TABLE"})) as (adapter, account):
            adapter.clone(replace(ORDERS, catalog="RAW"), self.target, writable=True)
        looks = [sql for sql in account.statements if "INFORMATION_SCHEMA" in sql]
        assert [re.findall(r'FROM "(\w+)"', sql) for sql in looks] == [["RAW"], ["SHOP"]]

    def test_sizes_are_the_catalogs(self) -> None:
        facts: dict[str, str | None] = {"TABLE_TYPE": "BASE TABLE", "ROW_COUNT": "12", "BYTES": "3456"}
        with opened(self.cloning(facts)) as (adapter, _):
            assert adapter.size(ORDERS) == Size(12, 3456)
            assert adapter.size(replace(ORDERS, name="Orders")) == Size()
        with opened(self.cloning({**facts, "ROW_COUNT": None, "BYTES": None})) as (adapter, _):
            assert adapter.size(ORDERS) == Size()


class TestSchemas:
    def test_a_preview_schema_costs_no_fail_safe_and_no_time_travel(self) -> None:
        with opened(done) as (adapter, account):
            adapter.create_schema("", "branch__x")
            adapter.drop_schema("RAW", 'bran"ch')
        assert account.statements == [
            'CREATE TRANSIENT SCHEMA IF NOT EXISTS "SHOP"."branch__x" DATA_RETENTION_TIME_IN_DAYS = 0',
            'DROP SCHEMA IF EXISTS "RAW"."bran""ch" CASCADE',
        ]

    def test_schemas_are_found_in_every_database_by_their_exact_beginning(self) -> None:
        rows: list[Mapping[str, str | None]] = [
            {"created_on": "x", "name": name, "kind": None, "database_name": database, "schema_name": None}
            for database, name in [("B", "branch__z"), ("A", "branch__y"), ("A", "branchxxq"), ("A", "BRANCH__Q")]
        ]
        with opened(lambda _: table(rows)) as (adapter, account):
            assert adapter.schemas("branch__") == (("A", "branch__y"), ("B", "branch__z"))
            assert account.statements == ["SHOW TERSE SCHEMAS IN ACCOUNT STARTS WITH 'branch__'"]

    def test_what_snowflake_has_none_of(self) -> None:
        with opened(done) as (adapter, account):
            assert adapter.positions(ORDERS) is None
            assert adapter.unique_keys(ORDERS) == ()
            with adapter.snapshot(ORDERS) as rel:
                assert rel is ORDERS
            assert (adapter.checksum_rounds, adapter.concurrency) == (1, 8)
            assert account.asked == []


MANY = "(SELECT SEQ4() AS x FROM TABLE(GENERATOR(ROWCOUNT => 3000000)))"


class TestOnAnEngine:
    """What fakesnow runs: the statements are really executed."""

    def test_a_hash_is_63_bits_of_what_snowflake_documents(self, ground: Ground) -> None:
        md5 = "SELECT MOD(MD5_NUMBER_LOWER64('Snowflake'), 9223372036854775808)"
        assert ground.adapter.query(md5) == [(9203306159527282910 % 2**63,)]
        (row,) = ground.adapter.query(f"SELECT {ground.adapter.row_hash(['NULL', '1'])}")
        assert isinstance(row[0], int)
        assert 0 <= row[0] < 2**63

    def test_sums_of_hashes_are_exact_and_lists_of_them_lists(self, ground: Ground) -> None:
        hashed = ground.adapter.row_hash(["x"])
        some = "(SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT 3) AS s"
        hashes = [row[0] for row in ground.adapter.query(f"SELECT {hashed} FROM {some}")]
        (found,) = ground.adapter.query(f"SELECT SUM({hashed}), ARRAY_AGG({hashed}) FROM {some}")
        assert found[0] == sum(hash_ for hash_ in hashes if isinstance(hash_, int))
        assert isinstance(found[1], list)
        assert set(found[1]) == set(hashes)

    def test_a_transaction_is_undone_as_a_whole(self, ground: Ground) -> None:
        rel = owned(ground, "undone", "1")
        with pytest.raises(WarehouseError, match="no_such"):
            ground.adapter.execute(
                [f"DELETE FROM {ground.named(rel)}", 'INSERT INTO "SHOP"."branch__engine"."no_such" SELECT 1']
            )
        assert ground.rows(f"SELECT * FROM {ground.named(rel)}") == [(1,)]

    def test_rows_are_counted(self, ground: Ground) -> None:
        rel = ground.named(owned(ground, "counted", "1", "2"))
        usage = ground.adapter.execute(
            [f"DELETE FROM {rel} WHERE id = 1", f"INSERT INTO {rel} SELECT 5 UNION SELECT 6"]
        )
        assert usage.rows == 3

    def test_a_statement_is_stopped_in_time(self, ground: Ground) -> None:
        started = time.monotonic()
        with pytest.raises(StatementTimeoutError, match="timeout of 1 second"):
            ground.adapter.query(f"SELECT SUM(a.x * b.x) FROM {MANY} AS a, {MANY} AS b", timeout=0.5)
        assert time.monotonic() - started < 15
        assert ground.adapter.query("SELECT 1") == [(1,)]


def owned(ground: Ground, name: str, *numbers: str) -> Relation:
    """A table that the product may write to: its clone of one of production's."""
    source, target = ground.at(name), ground.at(name, "branch__engine")
    ground.make(source, {"id": "BIGINT"}, [(number,) for number in numbers])
    ground.adapter.create_schema("SHOP", "branch__engine")
    ground.adapter.clone(source, target, writable=True)
    return target


def two_fail(asked: Asked) -> Answer:
    return Refusal("001003", "syntax error line 1") if asked.sql == "DELETE FROM two" else DONE


def everything(error: BaseException) -> str:
    """All that a log could show of an error, its causes included."""
    return "".join(traceback.format_exception(error)) + repr(error)


@contextmanager
def github(status: int = 200) -> Iterator[tuple[dict[str, str], list[tuple[str, str]]]]:
    """What GitHub's runner offers a job: an address for tokens, and what was asked of it."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            body = json.dumps({"value": jwt(len(asked))}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}/token?a=b"
    with running(server):
        yield {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-secret"}, asked
