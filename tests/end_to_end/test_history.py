"""What one run has measured, the next one knows: rebuilds of base by previews, and production's own runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support import five_models
from tests.support.checkout import Checkout
from tests.support.github_server import GitHubServer
from tests.support.process_runner import QuickRunner
from tests.support.pull_request import PullRequest
from tests.support.rocky_runs import materialized, printed, run_of

NAME = "no_refunds"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path)


def previewed(checkout: Checkout, baseline: str) -> dict[str, Any]:
    """What report.json says about the cost of the changed model's base, and the runs that recorded figures are of."""
    ended = checkout.run("run", "--name", NAME, "--baseline", baseline, "--pr-number", "7")
    assert ended.code == 0, ended.err
    report = json.loads((checkout.folder / ".rocky-preview" / "report.json").read_text())
    (model,) = (one for one in report["cost"]["models"] if one["model"] == "fct_revenue")
    about = {"run_id": report["execution"]["run_id"], "runs": report["cost"]["recorded"]}
    return about | (model["base"] or {"source": "nothing"})


def go_live(checkout: Checkout) -> None:
    """Production as the rebuild of base has it."""
    with duckdb.connect(checkout.folder / five_models.DATABASE) as connection:
        for model in five_models.MODELS:
            connection.execute(f"CREATE TABLE main.{model} AS FROM branch__{NAME}__base.{model}")


def test_a_push_that_does_not_rebuild_base_finds_what_the_first_one_measured(checkout: Checkout) -> None:
    first = previewed(checkout, "rebuild")
    assert (first["source"], first["runs"]) == ("measured", [])
    assert checkout.query("SELECT pull_request FROM rocky_preview.runs") == [(7,)]
    go_live(checkout)
    filtered = five_models.pull_request()["models/fct_revenue.sql"]
    checkout.repository.commit({"models/fct_revenue.sql": filtered.replace(five_models.FILTER, "WHERE o.amount > 20")})
    second = previewed(checkout, "existing")
    assert second["source"] == "recorded"
    (recorded,) = second["runs"]
    assert (recorded["run_id"], recorded["production"]) == (first["run_id"], False)
    assert datetime.now(UTC) - datetime.fromisoformat(recorded["finished_at"]) < timedelta(minutes=5)
    assert second["duration_ms"] == first["duration_ms"] is not None

    base = five_models.base()["models/fct_revenue.sql"]
    checkout.repository.switch("main")
    checkout.repository.commit({"models/fct_revenue.sql": f"{base}ORDER BY 1\n"})
    checkout.repository.switch("no-refunds")
    checkout.repository.merge("main")
    assert previewed(checkout, "existing")["source"] == "nothing", "nobody has run this SQL yet"


@pytest.mark.slow
def test_a_run_of_production_is_what_base_costs(checkout: Checkout) -> None:
    assert previewed(checkout, "rebuild")["source"] == "measured"
    go_live(checkout)
    now = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    built = [materialized(f"five.main.{model}", duration_ms=12_345, started_at=now) for model in five_models.MODELS]
    (checkout.folder / "run.json").write_text(printed(run_of(*built, materialized("five.raw.orders", started_at=now))))
    ended = checkout.run("record", "run.json", "--commit", "main")
    assert ended.code == 0, ended.err
    first, *others = ended.out.splitlines()
    assert first.startswith(f"recorded production-{now[:10].replace('-', '')}-")
    assert first.endswith(f"at {checkout.repository.sha('main')[:7]}: {', '.join(five_models.MODELS)}")
    assert others == ["not stored: five.raw.orders, where no model of this project is built"]
    again = checkout.run("record", "run.json", "--commit", "main")
    assert (again.code, "was recorded before" in again.out) == (0, True)

    found = previewed(checkout, "existing")
    assert (found["source"], found["duration_ms"]) == ("recorded", 12_345)
    assert [one["production"] for one in found["runs"]] == [True]
    assert first.split()[1] == found["runs"][0]["run_id"]


@pytest.mark.slow
def test_what_is_no_run_is_refused(checkout: Checkout) -> None:
    assert checkout.run("create", "--name", NAME).code == 0
    (checkout.folder / "run.json").write_text('{"command": "history", "runs": []}')
    for arguments, said in (
        (["run.json"], "materializations: Field required"),
        (["nowhere.json"], "cannot be read"),
        (["-"], "not what a run of Rocky prints"),
        ([], "FILE"),
    ):
        ended = checkout.command("record", *arguments)  # with a standard input of its own
        assert ended.code == 2
        assert said in ended.err
    assert checkout.query("SELECT count(*) FROM rocky_preview.runs WHERE origin = 'production'") == [(0,)]


def test_a_workflow_records_what_production_has_run(tmp_path: Path, project: PullRequest, github: GitHubServer) -> None:
    environ = {**project.workspace.environ, **project.environ()}
    runner = QuickRunner(tmp_path / "runner", project.workspace.path, environ)
    assert runner.run({}, project.event("opened")).exit_code == 0
    built = materialized("five.main.fct_revenue", duration_ms=7)
    (project.workspace.path / "run.json").write_text(printed(run_of(built)))
    asked = {"mode": "record", "run_output": "run.json"}
    step = runner.run(asked, {"schedule": "0 2 * * *"}, GITHUB_EVENT_NAME="schedule")
    assert step.exit_code == 0, step.log
    assert "recorded production-20261120-020000-" in step.log
    for inputs in ({"mode": "record"}, {**asked, "run_output": "nowhere.json"}):
        wrong = runner.run(inputs, {"schedule": "0 2 * * *"}, GITHUB_EVENT_NAME="schedule")
        assert wrong.exit_code == 2
        assert "::error" in wrong.log
    assert len(github.state.comments) == 1
