"""A distinct secret in everything that can hold one; whatever happens, none of them is anywhere afterwards."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import five_models
from tests.support.bigquery_ground import PROJECT
from tests.support.bigquery_server import serving as serving_bigquery
from tests.support.github_server import GitHubServer
from tests.support.process_runner import ProcessRunner
from tests.support.pull_request import PullRequest
from tests.support.runner import ROOT, Step
from tests.support.serving import running
from tests.support.snowflake_server import DONE, Refusal
from tests.support.snowflake_server import serving as serving_snowflake

KEY = "-----BEGIN PRIVATE KEY-----\nplanted0KeyLine1aaaa\nplanted0KeyLine2bbbb"
TOKEN = "ghs_planted0input0token"
VARIABLES = (
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "BIGQUERY_TOKEN",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "MOTHERDUCK_TOKEN",
    "MY_WAREHOUSE_PW",
    "PRIVATE_KEY_PASSPHRASE",
    "SNOWFLAKE_PASSWORD",
    "SNOWFLAKE_TOKEN",
    "motherduck_token",
)
PLANTED = {name: f"planted0{name}0" for name in VARIABLES} | {"SNOWFLAKE_PRIVATE_KEY_RAW": KEY}
ALL = (*(line for value in PLANTED.values() for line in value.splitlines()), TOKEN)
GIT_KNOWS = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
READS_ALL = "SELECT content AS full_name, 1 AS customer_id FROM read_text('/proc/self/environ')\n"


class Spied:
    """A runner whose git writes down how it is called, and with which environment."""

    def __init__(self, folder: Path, project: PullRequest) -> None:
        folder.mkdir()
        real = shutil.which("git")
        self._arguments, self._environment = folder / "arguments", folder / "environment"
        (folder / "git").write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{self._arguments}"\nenv >> "{self._environment}"\nexec "{real}" "$@"\n'
        )
        (folder / "git").chmod(0o755)
        environ = {**project.workspace.environ, **project.environ(), **PLANTED}
        environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
        self.runner = ProcessRunner(folder / "runner", project.workspace.path, environ, token=TOKEN)
        self._github = project._github
        self._github.state.accounts[TOKEN] = self._github.state.accounts["actions-token"]

    def check(self, step: Step) -> None:
        """No secret is in what anybody could read, and git was told none but the one it needs, and not by arguments."""
        masks = [line for line in step.log.splitlines() if line.startswith("::add-mask::")]
        assert {*masks} >= {f"::add-mask::{secret}" for secret in ALL}
        assert step.log.splitlines()[: len(ALL)] == masks[: len(ALL)], "something was printed before"
        workspace = self.runner.workspace
        files = [path for path in workspace.rglob("*") if path.is_file() and ".git" not in path.parts]
        assert any(path.name == "comment.md" for path in files)
        left = {str(path): path.read_bytes().decode("utf-8", "replace") for path in files}
        left |= {"log": "\n".join(line for line in step.log.splitlines() if line not in masks), "summary": step.summary}
        left |= {"outputs": json.dumps(dict(step.outputs)), "arguments": self._arguments.read_text()}
        left |= {f"comment {at}": one.body for at, one in self._github.state.comments.items()}
        for place, text in left.items():
            found = [secret for secret in (*ALL, GIT_KNOWS) if secret in text]
            assert found == [], (place, found)
        told = self._environment.read_text()
        assert "GIT_TERMINAL_PROMPT=0" in told
        assert GIT_KNOWS in told
        assert [secret for secret in ALL if secret in told] == []
        names = {line.partition("=")[0] for line in told.splitlines()}
        known = {"PATH", "HOME", "LC_ALL", "PWD", "SHLVL", "OLDPWD", "_"}
        assert {name for name in names if not name.startswith("GIT_")} <= known


@pytest.fixture
def spied(tmp_path: Path, project: PullRequest) -> Spied:
    return Spied(tmp_path / "spied", project)


def adapter_of(project: PullRequest, text: str) -> None:
    """The same project on another warehouse."""
    config = five_models.base()["rocky.toml"]
    before, _, rest = config.partition("[adapter")
    after = rest.partition("\n\n")[2]
    files = {"rocky.toml": f"{before}[adapter]\n{text}\n\n{after}"}
    project.restart(files)
    project.push(five_models.pull_request() | files)


def test_a_model_that_reads_the_environment_gets_nothing(
    spied: Spied, project: PullRequest, github: GitHubServer
) -> None:
    project.push(five_models.pull_request() | {"models/dim_customers.sql": READS_ALL})
    step = spied.runner.run({"max_samples": "9", "allow_functions": "read_text"}, project.event("opened"))
    assert step.outputs["verdict"] == "failed", step.log
    (comment,) = github.state.comments.values()
    assert "dim_customers" in comment.body
    spied.check(step)
    (spied.runner.workspace / ".rocky-preview/more.txt").write_text(PLANTED["GH_TOKEN"])
    with pytest.raises(AssertionError, match="GH_TOKEN"):  # so that it is known to look
        spied.check(step)


def test_a_bug_of_ours_shows_none(spied: Spied, project: PullRequest, tmp_path: Path) -> None:
    """A traceback, from a place that has all of them at hand."""
    (tmp_path / "sitecustomize.py").write_text(
        "import rocky_action.main as main\n"
        "def preview(world, options):\n"
        "    secrets = dict(world.connect.keywords['place'].environ)\n"
        "    raise KeyError(len(secrets))\n"
        "main.preview = preview\n"
    )
    step = spied.runner.run({}, project.event("opened"), PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert step.exit_code == 70, step.log
    assert "Traceback" in step.log
    spied.check(step)


def test_a_login_that_snowflake_refuses_shows_none(spied: Spied, project: PullRequest) -> None:
    """With a message that has the password in it."""
    adapter_of(
        project,
        'type = "snowflake"\naccount = "a"\nusername = "u"\ndatabase = "FIVE"\nwarehouse = "W"\n'
        'password = "${MY_WAREHOUSE_PW}"',
    )
    with serving_snowflake(lambda _: DONE) as account:
        account.refuses_login = Refusal("390100", f"Incorrect password {PLANTED['MY_WAREHOUSE_PW']} was specified.")
        at = {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": str(account.port), "SNOWFLAKE_PROTOCOL": "http"}
        step = spied.runner.run({}, project.event("opened"), **at)
    assert step.exit_code == 3, step.log
    assert "Incorrect password *** was specified" in step.log
    spied.check(step)


@pytest.mark.slow
def test_a_login_that_bigquery_refuses_shows_none(spied: Spied, project: PullRequest) -> None:
    adapter_of(project, f'type = "bigquery"\nproject_id = "{PROJECT}"\nlocation = "EU"')
    with serving_bigquery({}, {PROJECT}) as server:
        step = spied.runner.run({}, project.event("opened"), BIGQUERY_EMULATOR_HOST=server.url)
    assert step.exit_code == 3, step.log
    spied.check(step)


@contextmanager
def refusing(message: str) -> Iterator[str]:
    """A workspace of Databricks that refuses whatever it is asked, and says why."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"error_code": "PERMISSION_DENIED", "message": message}).encode()
            self.send_response(403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815  as the base class wants it

        def log_message(self, *args: object) -> None:
            """Nothing: a test's output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with running(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.slow
def test_a_login_that_databricks_refuses_shows_none(spied: Spied, project: PullRequest) -> None:
    with refusing(f"the token {PLANTED['DATABRICKS_TOKEN']} is not valid") as host:
        adapter_of(project, f'type = "databricks"\nhost = "{host}"\nhttp_path = "/sql/1.0/warehouses/abc123"')
        step = spied.runner.run({}, project.event("opened"))
    assert step.exit_code == 3, step.log
    spied.check(step)
