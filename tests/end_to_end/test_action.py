"""The whole action against a local GitHub: every event it knows, every way its comment can fail, its whole life."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rocky_action.forges.stamps import stamped
from rocky_action.wire.digest import line_in
from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.process_runner import ProcessRunner, QuickRunner
from tests.support.pull_request import BRANCH, NUMBER, PullRequest
from tests.support.repositories import checkout_of_merge

MARKER = "<!-- rocky-preview -->"
SLOW = "SELECT count(*) AS n FROM range(10000000) AS a, range(10000000) AS b WHERE a.range * b.range % 7 = 3\n"


@pytest.fixture
def process(runner: QuickRunner) -> ProcessRunner:
    return ProcessRunner(runner.folder, runner.workspace, runner.environ)


def the_comment(github: GitHubServer) -> str:
    """Without the line that says which run it is of."""
    (comment,) = github.state.comments.values()
    return stamped(comment.body, None)


def test_the_life_of_a_pull_request(process: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    opened = process.run({}, project.event("opened"))
    assert opened.exit_code == 0, opened.log
    assert opened.outputs["verdict"] == "changed"
    assert opened.outputs["prune_set_size"] == "1"
    assert opened.outputs["rows_removed"] == str(five_models.ROWS_REMOVED)
    assert opened.outputs["rows_changed"] == str(five_models.ROWS_CHANGED)
    assert opened.outputs["delta_usd"] == "0.000000"
    assert opened.outputs["branch_schema"] == "branch__no_refunds_pr7"
    assert project.preview_schemas() == ["branch__no_refunds_pr7", "branch__no_refunds_pr7__base"]
    first = the_comment(github)
    assert first.startswith(f"{MARKER}\n")
    assert f"{five_models.ROWS_REMOVED} rows removed" in first
    remembered = f"\n{line_in(first)}\n"
    assert (process.workspace / opened.outputs["body_path"]).read_text() == first.removesuffix(remembered)
    assert f"{five_models.ROWS_REMOVED} rows removed" in opened.summary
    assert "/actions/runs/4242" in first

    filtered = five_models.pull_request()["models/fct_revenue.sql"]
    project.push({"models/fct_revenue.sql": filtered.replace(five_models.FILTER, "WHERE o.amount > 1000000")})
    pushed = process.run({}, project.event("synchronize"), GITHUB_SHA=project.merge)
    assert pushed.exit_code == 0, pushed.log
    assert "becomes empty" in the_comment(github)
    assert "**Since the last preview**" in the_comment(github)
    assert len(github.state.comments) == 1
    assert project.preview_schemas() == ["branch__no_refunds_pr7", "branch__no_refunds_pr7__base"]

    closed = process.run({"mode": "cleanup"}, project.event("closed"))
    assert closed.exit_code == 0, closed.log
    assert project.preview_schemas() == []
    assert "The preview was dropped" in closed.summary


def test_findings_are_annotations_on_the_edited_lines(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    base = five_models.base()
    sql = base["models/fct_revenue.sql"].replace("    c.full_name,\n", "").replace(", c.full_name", "")
    key = '[strategy]\ntype = "merge"\nunique_key = ["customer_id"]\n'
    sidecar = base["models/dim_customers.toml"] + key
    project.push({"models/fct_revenue.sql": sql, "models/dim_customers.toml": sidecar})
    step = runner.run({}, project.event("synchronize"))
    assert step.exit_code == 0, step.log
    assert step.outputs["breaking_findings"] == "2"
    at, title = "::warning file=models/", "title=rocky-preview%3A breaking"
    assert f"{at}fct_revenue.sql,line=2,{title}::fct_revenue: column `full_name` (VARCHAR) is dropped" in step.log
    assert f"{at}dim_customers.toml,line=5,{title}::dim_customers: its strategy changes" in step.log
    assert "**Breaking** for whoever reads `fct_revenue`: column `full_name`" in the_comment(github)


WAREHOUSE = """\
[adapter]
type = "snowflake"
account = "${SNOWFLAKE_ACCOUNT}"
username = "preview"
pat = "${SNOWFLAKE_PAT}"
"""


EMPTY = """\
[adapter]
type = "databricks"
host = "${DATABRICKS_SERVER}"
http_path = "/sql/1.0/warehouses/abc"
token = "${DATABRICKS_SECRET}"
"""
"""What GitHub makes of a secret that a job does not get: a variable without anything in it."""


@pytest.mark.parametrize(
    "case",
    [
        (WAREHOUSE, {}, "`SNOWFLAKE_ACCOUNT`, `SNOWFLAKE_PAT`"),
        (EMPTY, {"DATABRICKS_SERVER": "", "DATABRICKS_SECRET": ""}, "has nothing to log in to Databricks with"),
    ],
    ids=["not set", "empty"],
)
def test_without_credentials_the_plan_is_all_there_is(
    runner: ProcessRunner,
    project: PullRequest,
    github: GitHubServer,
    case: tuple[str, dict[str, str], str],
) -> None:
    """As for a pull request from a fork; nothing about it may look like an answer."""
    config, environ, missing = case
    usual = five_models.base()["rocky.toml"]
    files = {"rocky.toml": config + usual[usual.index("[pipeline.five]") :]}
    project.restart(files)
    project.push(five_models.pull_request() | files)
    step = runner.run({"fail_on": "changed"}, project.event("opened"), **environ)
    assert step.exit_code == 0, step.log
    assert step.outputs["verdict"] == "not_checked"
    assert step.outputs["prune_set_size"] == "1"
    assert (step.outputs["rows_changed"], step.outputs["delta_usd"]) == ("", "")
    said = the_comment(github)
    for text in (said, step.summary):
        assert "### 🔒 Not checked: nothing was run" in text
        assert missing in text
        assert "`fct_revenue` | its SQL changed" in text
        assert "✅" not in text
    assert "::warning title=rocky-preview::Nothing was run and nothing was compared" in step.log
    folder = runner.workspace / Path(step.outputs["report_json"]).parent
    created, compared = (json.loads((folder / name).read_text()) for name in ("create.json", "diff.json"))
    assert (created["run_id"], created["run_status"]) == ("", "planned")
    assert [run["outcome"] for run in created["runs"]] == ["not_run"]
    assert {left["why"] for left in created["not_copied"]} == {"no credentials for the warehouse were given"}
    assert (compared["summary"]["models_unknown"], compared["summary"]["any_coverage_warning"]) == (1, True)

    closed = runner.run({"mode": "cleanup"}, project.event("closed"), **environ)
    assert closed.exit_code == 0, closed.log
    assert "**Nothing was dropped**" in closed.summary
    assert "::warning::Nothing was dropped" in closed.log


def test_a_shallow_checkout_of_the_merge_commit(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer, tmp_path: Path
) -> None:
    shallow = checkout_of_merge(project.origin, tmp_path / "shallow", NUMBER)
    step = replace(runner, workspace=shallow.path).run({}, project.event("opened"))
    assert step.exit_code == 0, step.log
    assert step.outputs["rows_removed"] == str(five_models.ROWS_REMOVED)
    assert f"{five_models.ROWS_REMOVED} rows removed" in the_comment(github)


@pytest.mark.parametrize("inputs", [{"pr_number": str(NUMBER)}, {}])
def test_a_run_by_hand_finds_its_pull_request(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer, inputs: dict[str, str]
) -> None:
    github.state.add_pull(9, "another", "0" * 40)
    project.workspace.git("checkout", "--quiet", "-B", BRANCH, f"origin/{BRANCH}")
    environ = project.environ("workflow_dispatch") | {"GITHUB_SHA": project.workspace.sha()}
    step = runner.run(inputs, {"inputs": {}}, **environ)
    assert step.exit_code == 0, step.log
    (comment,) = github.state.comments.values()
    assert comment.issue == NUMBER
    assert step.outputs["branch_schema"] == "branch__no_refunds_pr7"


@pytest.mark.parametrize("event", ["push", "schedule"])
def test_without_a_pull_request_there_is_no_comment(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer, event: str
) -> None:
    github.state.pulls.clear()
    project.workspace.git("checkout", "--quiet", "-B", BRANCH, f"origin/{BRANCH}")
    step = runner.run({"base_ref": "main", "fail_on": "changed"}, {}, **project.environ(event))
    assert step.exit_code == 1, step.log
    assert github.state.comments == {}
    assert "rows removed" in step.summary
    assert "comment_url" not in step.outputs


def test_a_scheduled_audit_reports_in_the_summary(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    project.workspace.git("checkout", "--quiet", "-B", BRANCH, f"origin/{BRANCH}")
    inputs = {"base_ref": "HEAD~1", "branch_name": "audit", "audit": "3", "audit_seed": "4242"}
    step = runner.run(inputs, {}, **project.environ("schedule"))
    assert step.exit_code == 0, step.log
    assert step.outputs["audit_escapes"] == "0"
    assert "**Audit**: 3 of 4 models that did not run, drawn with seed `4242`, were rebuilt" in step.summary
    assert "Escape rate **0 of 3**." in step.summary
    assert github.state.comments == {}


def test_pull_request_target_is_refused(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    step = runner.run({}, project.event("opened"), GITHUB_EVENT_NAME="pull_request_target")
    assert step.exit_code == 2
    assert "a stranger's SQL" in step.log
    assert github.state.comments == {}
    assert not (runner.workspace / five_models.DATABASE).exists()


def test_a_read_only_token_is_a_warning(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    step = replace(runner, token="read-token").run({}, project.event("opened"))
    assert step.exit_code == 0, step.log
    assert "::warning::The comment was not posted" in step.log
    assert "pull-requests: write" in step.log
    assert github.state.comments == {}
    assert "rows removed" in step.summary


def test_a_wrong_token_is_an_error(runner: ProcessRunner, project: PullRequest) -> None:
    step = replace(runner, token="nonsense-token").run({}, project.event("opened"))
    assert step.exit_code == 3
    assert step.log.count("nonsense-token") == step.log.count("::add-mask::nonsense-token")
    assert "rows removed" in step.summary, "the report does not depend on the comment"


def test_no_token_at_all(runner: ProcessRunner, project: PullRequest) -> None:
    step = replace(runner, token="").run({}, project.event("opened"))
    assert step.exit_code == 0, step.log
    assert "No comment: github_token is empty" in step.log


def test_a_model_that_fails(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    project.push({"models/fct_revenue.sql": "SELECT customer_id, no_such_column FROM stg_orders\n"})
    step = runner.run({}, project.event("synchronize"))
    assert step.exit_code == 1
    assert step.outputs["verdict"] == "failed"
    assert "no_such_column" in the_comment(github)
    assert "::error file=models/fct_revenue.sql," in step.log


@pytest.mark.slow
def test_a_budget_and_gates(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    """A model that takes longer, and a budget of its own: told on its file, in the comment and in the documents."""
    files = five_models.pull_request()
    slower = files["models/fct_revenue.sql"].replace(five_models.FILTER, f"{five_models.FILTER} AND {five_models.LONG}")
    sidecar = five_models.base()["models/fct_revenue.toml"]
    limit = '\n[budget]\nmax_duration_ms = 80\non_breach = "error"\n'
    project.push({"models/fct_revenue.sql": slower, "models/fct_revenue.toml": sidecar + limit})
    asked = {"gate": "seconds=0.01\nseconds_per_month=1\nusd=0\n", "baseline": "rebuild"}
    step = runner.run(asked, project.event("synchronize"))
    assert (step.exit_code, step.outputs["verdict"]) == (1, "failed")
    budget = "fct_revenue: it exceeds its budget by "
    (line,) = [line for line in step.log.splitlines() if budget in line]
    assert line.startswith("::error file=models/fct_revenue.toml,")
    assert "or raise `max_duration_ms` in [budget] of models/fct_revenue.toml." in line
    (line,) = [line for line in step.log.splitlines() if "The gate `seconds` is exceeded" in line]
    assert line.startswith("::error ")
    assert line.endswith("Make it cheaper, or raise the gate: action input gate.")
    (line,) = [line for line in step.log.splitlines() if "The gate `seconds_per_month` is exceeded by at least" in line]
    assert line.startswith("::error ")
    comment = the_comment(github)
    assert "### ❌ Over budget; over the gates `seconds`, `seconds_per_month`; 1 model changes" in comment
    for words in ("`fct_revenue` exceeds its budget by ", "The gate `seconds` is", "The gate `seconds_per_month`"):
        assert comment.count(words) == 1
    cost = json.loads((project.workspace.path / ".rocky-preview" / "cost.json").read_text())
    (breach,) = cost["projected_per_model_budget_breaches"]
    assert (breach["model_name"], breach["blame"], breach["on_breach"]) == ("fct_revenue", "change", "error")
    assert breach["before"] <= 80 < breach["actual"]
    assert [gate["gate"] for gate in cost["gate_breaches"]] == ["seconds", "seconds_per_month"]
    assert cost["gates_undecided"] == []
    told = runner.run({**asked, "fail_on": "never"}, project.event("synchronize"))
    assert (told.exit_code, told.outputs["verdict"]) == (0, "failed")


def test_a_failed_run_overwrites_an_earlier_success(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    assert runner.run({}, project.event("opened")).exit_code == 0
    for inputs, code in (({}, 2), ({"fail_on_preview_error": "false"}, 0)):
        project.push({"models/fct_revenue.toml": "[strategy\n"})
        step = runner.run(inputs, project.event("synchronize"))
        assert step.exit_code == code, step.log
        assert step.outputs["verdict"] == "failed"
        assert "nothing is known" in the_comment(github)
        assert "models/fct_revenue.toml" in the_comment(github)
        assert "rows removed" not in the_comment(github)


def test_wrong_inputs_are_told_in_the_comment_too(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    step = runner.run({"baseline": "rebiuld", "copy": "al"}, project.event("opened"), INPUT_BASLINE="rebuild")
    assert step.exit_code == 2
    for said in ("baseline is 'rebiuld'", "did you mean `rebuild`", "copy is 'al'", "baseline`?"):
        assert said in step.log, step.log
    assert "rebiuld" in the_comment(github)


def test_no_common_history(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    project.workspace.git("checkout", "--quiet", "--orphan", "unrelated")
    project.workspace.commit(five_models.base())
    project.workspace.git("remote", "remove", "origin")
    step = runner.run({"base_ref": "nowhere"}, project.event("opened"))
    assert step.exit_code == 2
    assert "nowhere" in the_comment(github)


def test_a_closed_pull_request_is_not_previewed(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    step = runner.run({}, project.event("closed"))
    assert step.exit_code == 0
    assert "mode: cleanup" in step.log
    assert github.state.comments == {}


def test_mode_comment_posts_a_ready_report(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    (runner.workspace / "ready.md").write_text("Hello from another step\n")
    step = runner.run({"mode": "comment", "report": "ready.md"}, project.event("opened"))
    assert step.exit_code == 0, step.log
    assert the_comment(github) == f"{MARKER}\nHello from another step\n"
    missing = runner.run({"mode": "comment", "report": "missing.md"}, project.event("opened"))
    assert missing.exit_code == 2
    assert the_comment(github) == f"{MARKER}\nHello from another step\n"


def test_a_ready_report_keeps_what_the_comment_remembers(
    runner: ProcessRunner, project: PullRequest, github: GitHubServer
) -> None:
    assert runner.run({}, project.event("opened")).exit_code == 0
    remembered = line_in(the_comment(github))
    assert remembered
    (runner.workspace / "ready.md").write_text("Hello from another step\n")
    assert runner.run({"mode": "comment", "report": "ready.md"}, project.event("opened")).exit_code == 0
    assert the_comment(github) == f"{MARKER}\nHello from another step\n\n{remembered}\n"


def test_a_working_directory_outside_of_the_workspace(runner: ProcessRunner, project: PullRequest) -> None:
    for folder in ("..", "no/such"):
        step = runner.run({"working_directory": folder}, project.event("opened"))
        assert step.exit_code == 2
        assert "is not a folder of the workspace" in step.log


def test_a_cancelled_run_leaves_a_lease_and_the_next_one_cleans_up(runner: ProcessRunner, project: PullRequest) -> None:
    project.push({"models/fct_revenue.sql": SLOW})
    started = runner.start({}, project.event("synchronize"))
    deadline = time.monotonic() + 60
    while not (runner.workspace / f"{five_models.DATABASE}.wal").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    started.process.kill()
    started.end()
    project.push(five_models.pull_request())
    step = runner.run({}, project.event("synchronize"))
    assert step.exit_code == 0, step.log
    assert step.outputs["rows_removed"] == str(five_models.ROWS_REMOVED)


def test_a_job_that_is_cancelled_ends_at_once(runner: ProcessRunner, project: PullRequest) -> None:
    project.push({"models/fct_revenue.sql": SLOW})
    started = runner.start({}, project.event("synchronize"))
    assert started.process.stdout is not None
    for line in iter(started.process.stdout.readline, b""):
        if b"head: fct_revenue" in line:
            break
    begin = time.monotonic()
    started.process.terminate()
    step = started.end()
    assert step.exit_code == 143, step.log
    assert time.monotonic() - begin < 8
    assert "cancelled" in step.log


def test_a_model_that_never_ends_is_stopped(runner: ProcessRunner, project: PullRequest) -> None:
    project.push({"models/fct_revenue.sql": SLOW})
    step = runner.run({"timeout": "2"}, project.event("synchronize"))
    assert step.exit_code == 1
    assert "interrupted after 2 s" in step.log


def test_a_project_in_a_sub_folder(runner: ProcessRunner, project: PullRequest, github: GitHubServer) -> None:
    moved = {f"analytics/{path}": text for path, text in five_models.base().items()}
    project.push(moved)
    step = runner.run({"working_directory": "analytics"}, project.event("synchronize"))
    assert step.exit_code == 0, step.log
    assert step.outputs["report_json"] == "analytics/.rocky-preview/report.json"
    assert "whole project is new" in the_comment(github)
