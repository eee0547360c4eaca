"""A pull request whose names, values and error texts are a stranger's: nothing that the action leaves may act."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rocky_action.forges.stamps import stamped
from tests.support import five_models
from tests.support.checkout import coverage_environ
from tests.support.dead import assert_dead
from tests.support.github_server import GitHubServer
from tests.support.process_runner import ProcessRunner
from tests.support.pull_request import BRANCH, PullRequest
from tests.support.runner import ROOT
from tests.unit.test_github_actions import is_command

MARKER = "<!-- rocky-preview -->"
VALUES = (
    "::error::value",
    "\n::set-output name=verdict::unchanged",
    "text ##[add-mask]rocky",
    "@everyone fixes #12 https://evil.example deadbeef",
    "a | b | `c`",
    "</details><script>alert(1)</script>",
    "\x1b[2J\u202e\u2066",
)
CHARS = " || ".join(f"chr({ord(char)})" for char in "\n::error::raised ##[error]raised @everyone")
COLUMN = "::warning::column ##[group]x @team | `y` <b>"
FAILS = f"SELECT error('boom ' || {CHARS}) AS full_name, customer_id FROM raw_customers\n"


def literal(text: str) -> str:
    return " || ".join(f"chr({ord(char)})" for char in text)


@pytest.fixture
def runner(tmp_path: Path, project: PullRequest) -> ProcessRunner:
    """Base has an attacked table already; the pull request brings attacks of its own."""
    rows = ", ".join(f"({at}, {literal(value)}, {at})" for at, value in enumerate(VALUES))
    seed = f'CREATE TABLE raw.hostile (id INTEGER, "{COLUMN}" VARCHAR, "##[error]n" INTEGER);\n'
    files = {
        "data/seed.sql": five_models.base()["data/seed.sql"] + seed + f"INSERT INTO raw.hostile VALUES {rows};\n",
        "models/hostile.toml": '[[tests]]\ntype = "unique"\ncolumn = "id"\n',
        "models/hostile.sql": f'SELECT id, "{COLUMN}", "##[error]n" FROM raw.hostile\n',
        "models/##[error]gone.toml": 'name = "gone"\n',
        "models/##[error]gone.sql": "SELECT 1 AS x\n",
    }
    project.origin.switch("main")
    project.origin.commit(files)
    project.origin.git("branch", "--force", BRANCH, "main")
    changed = (
        f'SELECT id, "{COLUMN}" || {literal(VALUES[1])} AS "{COLUMN}", "##[error]n" + 1 AS "##[error]n",'
        f" {literal(VALUES[0])} AS \"new ##[x]\" FROM raw.hostile WHERE '@everyone' <> '::error::'\n"
    )
    project.push(
        files
        | {
            "models/hostile.sql": changed,
            "models/dim_customers.sql": FAILS,
            "models/##[error]gone.sql": "SELECT '::error::' AS y\n",
            "models/##[error]gone.toml": 'name = "gone"\n"::error::key ##[x]" = "##[error]"\n',
        }
    )
    return ProcessRunner(
        tmp_path / "runner", project.workspace.path, {**project.workspace.environ, **project.environ()}
    )


def run_url(project: PullRequest) -> str:
    return f"{project.environ()['GITHUB_SERVER_URL']}/acme/shop/actions/runs/4242"


def commands_of(log: str) -> list[str]:
    return [line for line in log.splitlines() if is_command(line)]


def test_nothing_of_it_acts(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    step = runner.run({"max_samples": "9", "baseline": "rebuild"}, project.event("opened"))
    (comment,) = github.state.comments.values()
    assert step.outputs["verdict"] == "failed", step.log
    assert "raised" in step.log, "the attack arrived"
    assert "set-output" in comment.body
    assert_dead(stamped(comment.body, None), marker=MARKER, run_url=run_url(project))
    assert_dead(step.summary, run_url=run_url(project))
    ours = ("::add-mask::actions-token", "::group::rocky-preview", "::endgroup::")
    for command in commands_of(step.log):
        assert command in ours or command.startswith(("::error ", "::warning ", "::notice ")), command
    assert set(step.outputs) <= {"verdict", "body_path", "report_json", "branch_schema", "prune_set_size"} | {
        *(
            "breaking_findings",
            "delta_usd",
            "audit_escapes",
            "rows_added",
            "rows_removed",
            "rows_changed",
            "comment_url",
        )
    }


@pytest.mark.parametrize("output", ["table", "json"])
def test_the_command_in_a_job_prints_no_command_either(runner: ProcessRunner, output: str) -> None:
    """On a terminal of few columns a value stands at the beginning of a line."""
    told = {**runner.environ, **coverage_environ(), "GITHUB_ACTIONS": "true", "COLUMNS": "24"}
    calls = (
        ("run", "--base", "HEAD^1", "--baseline", "rebuild", "--max-samples", "9", "--output", output),
        ("compare", "a.csv", "b.csv", "--key", "none", "--output", output),
        ("plan", "--head", "##[error]x", "\n::error::y"),
    )
    (runner.workspace / "a.csv").write_text("x,y\n1,aaaa aaaa ::error::value\n2,##[error]a\n")
    (runner.workspace / "b.csv").write_text("x,y\n1,bbbb bbbb ::error::value\n2,##[error]b\n")
    for arguments in calls:
        done = subprocess.run(
            [sys.executable, "-m", "rocky_action", *arguments],
            cwd=runner.workspace,
            env=told | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        printed = [stream.decode() for stream in (done.stdout, done.stderr)]
        assert [line for text in printed for line in text.splitlines() if is_command(line)] == []
        assert "error" in "".join(printed), "the attack arrived"
        if output == "json" and arguments[0] != "plan":
            assert "##[error]" in str(json.loads(printed[0]))


def test_a_project_that_cannot_be_read_is_told_plainly(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    project.push({"rocky.toml": '["::error::x"]\n"##[error]" = \n@everyone'})
    step = runner.run({}, project.event("synchronize"))
    assert step.exit_code == 2, step.log
    (comment,) = github.state.comments.values()
    assert_dead(stamped(comment.body, None), marker=MARKER, run_url=run_url(project))
    assert [
        line
        for line in commands_of(step.log)
        if not line.startswith(("::add-mask::", "::error title=", "::group", "::endg"))
    ] == []
