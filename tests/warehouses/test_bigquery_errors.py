"""How BigQuery's refusals are told: in its own words, with advice, and never with a secret."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import identity_pool
from google.oauth2 import service_account

from rocky_action.domain.project import Relation
from rocky_action.domain.usage import Usage
from rocky_action.errors import MissingCredentialsError, ProjectError, StatementTimeoutError, WarehouseError
from rocky_action.warehouses.bigquery import BigQuery
from rocky_action.warehouses.bigquery_login import log_in
from rocky_action.warehouses.registry import open_unconfined as open_warehouse
from tests.support.bigquery_ground import PROJECT, SETTINGS, TOKEN, request
from tests.support.bigquery_refusal import Refused
from tests.support.bigquery_server import serving

API = "https://bigquery.googleapis.com/bigquery/v2/projects/shop-analytics"


@pytest.fixture
def google() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as found:
        yield found


@pytest.fixture
def warehouse() -> Iterator[BigQuery]:
    opened = open_warehouse(request(SETTINGS, {})).warehouse
    assert isinstance(opened, BigQuery)
    yield opened
    opened.close()


def refuses(google: responses.RequestsMock, reason: str, message: str, *, status: int = 403) -> None:
    """Every job is refused with these words."""
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    google.add(responses.POST, f"{API}/jobs", json={"error": error}, status=status)


@pytest.mark.parametrize(
    ("reason", "message", "advice"),
    [
        ("accessDenied", "Access Denied: Project shop: no bigquery.jobs.create", "roles/bigquery.user"),
        ("notFound", "Not found: Table shop:dw.orders was not found in location EU", "`location` of [adapter.default]"),
        ("quotaExceeded", "Quota exceeded: bytes scanned per day", "wait until it is filled"),
        ("responseTooLarge", "Response too large to return", "Please report it"),
        ("billingNotEnabled", "Billing is off", "Enable billing"),
        ("accessDenied", "Access Denied: Billing has not been enabled for this project.", "Enable billing"),
        ("invalidQuery", "Unrecognized name: amout at [1:8]", ""),
    ],
)
def test_a_refusal_has_bigquerys_words_and_advice(
    google: responses.RequestsMock, warehouse: BigQuery, reason: str, message: str, advice: str
) -> None:
    refuses(google, reason, message, status=404 if reason == "notFound" else 403)
    with pytest.raises(WarehouseError) as refused:
        warehouse.query("SELECT 1")
    assert refused.value.message == message
    assert advice in refused.value.advice
    assert bool(advice) == bool(refused.value.advice)


NOTHING_READ = Usage(bytes_scanned=0, bytes_billed=0)


@pytest.mark.parametrize(
    ("accuracy", "reckoned"),
    [("PRECISE", NOTHING_READ), ("UPPER_BOUND", NOTHING_READ), ("LOWER_BOUND", None)],
)
def test_an_estimate_that_may_be_too_low_is_none(
    google: responses.RequestsMock, warehouse: BigQuery, accuracy: str, reckoned: Usage | None
) -> None:
    """A query over an external table: its dry run says 0 bytes, and LOWER_BOUND."""

    def rehearsed(asked: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = {"statementType": "SELECT", "totalBytesProcessed": "0", "totalBytesProcessedAccuracy": accuracy}
        found = {"status": {"state": "DONE"}, "statistics": {"query": query, "totalBytesProcessed": "0"}}
        return 200, {}, json.dumps({**json.loads(str(asked.body)), **found})

    google.add_callback(responses.POST, f"{API}/jobs", rehearsed)
    assert warehouse.estimate("SELECT * FROM dw.sheet") == reckoned


def test_what_was_stopped_is_a_time_out(google: responses.RequestsMock, warehouse: BigQuery) -> None:
    refuses(google, "stopped", "Job execution was cancelled: Job timed out after 3s", status=400)
    with pytest.raises(StatementTimeoutError, match="timed out after 3s"):
        warehouse.query("SELECT 1")


def test_a_relation_is_named_where_bigquery_does_not(google: responses.RequestsMock, warehouse: BigQuery) -> None:
    error = {"code": 403, "message": "no", "errors": [{"reason": "accessDenied", "message": "no"}]}
    google.add(responses.GET, f"{API}/datasets/dw/tables/orders", json={"error": error}, status=403)
    with pytest.raises(WarehouseError, match=r"^shop-analytics\.dw\.orders: no"):
        warehouse.columns(Relation(PROJECT, "dw", "orders"))


def test_a_job_that_cannot_be_followed_any_more_is_cancelled_even_if_nobody_answers(
    google: responses.RequestsMock, warehouse: BigQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.cloud.bigquery.retry.DEFAULT_RETRY._timeout", 0.3)
    monkeypatch.setattr("rocky_action.warehouses.bigquery_jobs._CANCEL._timeout", 0.1)

    def taken(asked: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sent = json.loads(str(asked.body))
        google.add(responses.GET, f"{API}/jobs/{sent['jobReference']['jobId']}", body=requests.ConnectionError("reset"))
        google.add(
            responses.POST,
            f"{API}/jobs/{sent['jobReference']['jobId']}/cancel",
            body=requests.ConnectionError("reset"),
        )
        return 200, {}, json.dumps({**sent, "status": {"state": "RUNNING"}})

    google.add_callback(responses.POST, f"{API}/jobs", taken)
    with pytest.raises(WarehouseError, match=r"did not answer in time|cannot be reached"):
        warehouse.jobs.run("CREATE TABLE t AS SELECT 1")
    assert any("/cancel" in str(call.request.url) for call in google.calls)


def test_a_planted_secret_is_in_no_message(google: responses.RequestsMock, warehouse: BigQuery) -> None:
    refuses(google, "invalid", f"the token {TOKEN} is not what it was", status=400)
    with pytest.raises(WarehouseError) as refused:
        warehouse.query("SELECT 1")
    assert refused.value.message == "the token *** is not what it was"
    opened = request(SETTINGS, {})
    assert TOKEN not in f"{warehouse!r} {warehouse.description} {opened!r} {opened.adapter!r}"


def test_a_token_that_ran_out_cannot_be_renewed(google: responses.RequestsMock, warehouse: BigQuery) -> None:
    google.add(responses.POST, f"{API}/jobs", json={"error": {"code": 401, "message": "expired"}}, status=401)
    with pytest.raises(WarehouseError, match="did not accept the login") as refused:
        warehouse.query("SELECT 1")
    assert "Log in again" in refused.value.advice


def test_a_server_that_is_not_there_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}, set()) as gone:
        url = gone.url
    warehouse = open_warehouse(request(SETTINGS, {"BIGQUERY_EMULATOR_HOST": url})).warehouse
    assert isinstance(warehouse, BigQuery)
    monkeypatch.setattr("google.cloud.bigquery.retry.DEFAULT_RETRY._timeout", 0.3)
    with pytest.raises(WarehouseError, match=r"did not answer in time|cannot be reached") as refused:
        warehouse.query("SELECT 1")
    assert "Check the network" in refused.value.advice
    warehouse.close()


def test_a_stranger_is_told_to_log_in() -> None:
    with serving({}, {PROJECT}) as server:
        warehouse = open_warehouse(request(SETTINGS, {"BIGQUERY_EMULATOR_HOST": server.url})).warehouse
        with pytest.raises(WarehouseError) as refused:
            warehouse.query("SELECT 1")
        assert "Log in again" in refused.value.advice
        warehouse.close()
    assert Refused("x", "required").status == 401


class TestLogin:
    def files(self, folder: Path) -> Mapping[str, Path]:
        """A key, a federation as google-github-actions/auth writes it, and what is neither."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "planted-key-id",
            "private_key": text,
            "client_email": "preview@shop.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        pool = "projects/1/locations/global/workloadIdentityPools/github/providers/github"
        federation = {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{pool}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"url": "https://token.example/oidc", "headers": {"Authorization": "Bearer planted"}},
        }
        made = {}
        for name, content in {"key": account, "federation": federation, "broken": {"private_key": "planted"}}.items():
            made[name] = folder / f"{name}.json"
            made[name].write_text(json.dumps(content))
        return made

    def test_a_token_comes_before_every_file(self, tmp_path: Path) -> None:
        environ = {"BIGQUERY_TOKEN": "b", "GOOGLE_APPLICATION_CREDENTIALS": str(self.files(tmp_path)["key"])}
        assert log_in("d", {"oauth_token": "a"}, environ=environ).credentials.token == "a"
        assert log_in("d", {}, environ=environ).credentials.token == "b"

    def test_a_file_may_be_a_key_or_a_federation(self, tmp_path: Path) -> None:
        files = self.files(tmp_path)
        found = log_in("d", {}, environ={"GOOGLE_APPLICATION_CREDENTIALS": str(files["key"])})
        assert isinstance(found.credentials, service_account.Credentials)
        secrets = json.loads(files["key"].read_text())["private_key"]
        assert {secrets, *secrets.splitlines()[1:-2]} <= found.secrets
        assert "planted-key-id" in found.secrets
        assert secrets.splitlines()[2] not in repr(found)
        found = log_in("d", {}, environ={"GOOGLE_APPLICATION_CREDENTIALS": str(files["federation"])})
        assert isinstance(found.credentials, identity_pool.Credentials)
        assert found.secrets == {"planted"}, "an error may repeat the token without the word before it"

    def test_gclouds_own_login_is_found(self, tmp_path: Path) -> None:
        stored = tmp_path / ".config" / "gcloud" / "application_default_credentials.json"
        stored.parent.mkdir(parents=True)
        self.files(tmp_path)["key"].rename(stored)
        for environ in ({"HOME": str(tmp_path)}, {"CLOUDSDK_CONFIG": str(stored.parent)}):
            found = log_in("d", {}, environ=environ).credentials
            assert isinstance(found, service_account.Credentials)

    @pytest.mark.parametrize("name", ["broken", "missing"])
    def test_a_file_that_is_no_login_is_an_error(self, tmp_path: Path, name: str) -> None:
        self.files(tmp_path)
        path = tmp_path / f"{name}.json"
        with pytest.raises(WarehouseError, match=name) as refused:
            log_in("d", {}, environ={"GOOGLE_APPLICATION_CREDENTIALS": str(path)})
        assert not isinstance(refused.value, MissingCredentialsError)
        assert "planted" not in "".join(traceback.format_exception(refused.value))

    def test_nothing_at_all_names_what_is_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("GOOGLE_APPLICATION_CREDENTIALS", "BIGQUERY_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        empty = {"GOOGLE_APPLICATION_CREDENTIALS": "", "BIGQUERY_TOKEN": "", "HOME": str(tmp_path)}
        with pytest.raises(MissingCredentialsError, match="GOOGLE_APPLICATION_CREDENTIALS") as refused:
            open_warehouse(request({"project_id": PROJECT}, empty))
        assert "google-github-actions/auth" in refused.value.advice

    def test_an_emulator_takes_anybody(self, tmp_path: Path) -> None:
        environ = {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1", "HOME": str(tmp_path)}
        found = log_in("d", {}, environ=environ)
        assert (found.credentials.token, found.endpoint) == (None, "http://127.0.0.1:1")

    def test_a_project_must_be_named(self) -> None:
        with pytest.raises(ProjectError, match=r"\[adapter\.default\] has no project_id"):
            open_warehouse(request({"oauth_token": "x"}, {}))

    def test_a_project_that_is_empty_is_a_secret_that_a_fork_does_not_get(self) -> None:
        with pytest.raises(MissingCredentialsError, match=r"\[adapter\.default\] has an empty project_id"):
            open_warehouse(request({"oauth_token": "x", "project_id": ""}, {}))
