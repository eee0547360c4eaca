"""What the container's process gives up when it starts, and which values it calls secret."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rocky_action.secrecy import secrets_of
from tests.support.runner import ROOT

PROGRAM = """
import ctypes, resource, subprocess
from rocky_action.privileges import confine
confine()
print(resource.getrlimit(resource.RLIMIT_CORE))
for status in (open('/proc/self/status').read(), subprocess.check_output(['cat', '/proc/self/status'], text=True)):
    wanted = 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs'
    print([line.split()[1] for line in status.splitlines() if line.startswith(wanted)])
PR_GET_DUMPABLE = 3
dumpable = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
print(dumpable, subprocess.check_output(['git', '--version'], text=True)[:3])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux'")
def test_the_process_keeps_no_privilege_that_it_does_not_need() -> None:
    """CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER at most, here and in what it starts; no core dump."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    limit, own, childs, rest = done.stdout.splitlines()
    assert limit == "(0, 0)"
    assert rest == "0 git", "it cannot be dumped nor traced, and what it starts runs"
    for held in (own, childs):
        permitted, effective, bound, none_new = (int(one.strip(" '"), 16) for one in held.strip("[]").split(","))
        assert none_new == 1
        assert permitted | effective <= 0b1011
        if os.geteuid() == 0:
            assert bound & ~0b1011 == 0
            assert effective & 1, "it can still give the workspace back"


def test_the_container_starts_with_it() -> None:
    text = (ROOT / "entrypoint.py").read_text(encoding="utf-8")
    assert "    confine()\n    sys.exit(main(os.environ))\n" in text


@pytest.mark.parametrize(
    "name",
    [
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_CLIENT_SECRET",
        "BIGQUERY_TOKEN",
        "DATABRICKS_CLIENT_SECRET",
        "DATABRICKS_TOKEN",
        "INPUT_GITHUB_TOKEN",
        "INPUT_GITHUB-TOKEN",
        "INPUT_API_KEY",
        "MOTHERDUCK_TOKEN",
        "PRIVATE_KEY_PASSPHRASE",
        "SNOWFLAKE_PASSWORD",
        "SNOWFLAKE_PRIVATE_KEY_RAW",
        "motherduck_token",
        "oauth_token",
        "password",
        "pat",
        "client_secret",
    ],
)
def test_what_is_named_like_a_secret_is_one(name: str) -> None:
    assert [*secrets_of({name: "s3cret-value"})] == ["s3cret-value"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/bin"),
        ("PWD", "/github/workspace"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/runner/gha-creds.json"),
        ("SNOWFLAKE_PRIVATE_KEY_FILE", "key.p8"),
        ("SNOWFLAKE_TOKEN_FILE_PATH", "/snowflake/session/token"),
        ("SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER", "OIDC"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.com/id"),
        ("AWS_ACCESS_KEY_ID", "AKIA0123"),
        ("GIT_CONFIG_KEY_0", "http.extraheader"),
        ("USE_TOKEN", "true"),
        ("MONKEY", "banana"),
        ("COMPATIBILITY", "high"),
        ("private_key_path", "key.p8"),
    ],
)
def test_what_says_where_a_secret_is_can_still_be_read_in_a_log(name: str, value: str) -> None:
    assert [*secrets_of({name: value})] == []


def test_what_logs_in_within_an_address_or_a_header_is_secret() -> None:
    environ = {
        "HTTPS_PROXY": "http://me:hunter2@proxy.example.com:8080",
        "GIT_CONFIG_VALUE_0": "AUTHORIZATION: basic eHg6eXk=",
        "HTTP_PROXY": "http://proxy.example.com:8080",
    }
    assert [*secrets_of(environ)] == ["hunter2", "eHg6eXk="]
