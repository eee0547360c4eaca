"""The spend cap, and estimates, on a real DuckDB and a local BigQuery, whose dry runs tell bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rocky_action.cli import main
from tests.conformance.test_previews import NAME, fill, repository
from tests.support import duckdb_ground
from tests.support.bigquery_ground import open_bigquery
from tests.support.ground import Ground
from tests.support.repositories import GitRepository


@dataclass(frozen=True)
class Place:
    """A repository with a pull request, and where its documents end up."""

    made: GitRepository
    ground: Ground

    def run(self, *options: str) -> tuple[int, Mapping[str, Any]]:
        code = main(["run", "--name", NAME, "--quiet", *options])
        folder = self.made.path / ".rocky-preview"
        found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        return code, {**found, "comment": (folder / "comment.md").read_text()}


def outcomes(told: Mapping[str, Any], side: str = "head") -> dict[str, str]:
    return {run["model_name"]: run["outcome"] for run in told["create"]["runs"] if run["side"] == side}


def cut(told: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one["what"], tuple(one["models"]), one["reached"]) for one in told["cost"]["cap"]["cuts"]]


def settled(ground: Ground, folder: Path, patch: pytest.MonkeyPatch) -> Place:
    fill(ground)
    made = repository(ground, folder)
    for key, value in {**made.environ, **ground.environ}.items():
        patch.setenv(key, value)
    patch.chdir(made.path)
    return Place(made, ground)


@pytest.fixture
def duck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with duckdb_ground.open_ground() as ground:
        yield settled(ground, tmp_path, monkeypatch)


@pytest.fixture
def query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with open_bigquery() as opened:
        yield settled(opened.ground, tmp_path, monkeypatch)


REBUILD = ("--baseline", "rebuild")


class TestOnDuckDB:
    def test_without_a_cap_nothing_is_asked_and_nothing_is_said(self, duck: Place) -> None:
        code, told = duck.run(*REBUILD)
        assert (code, told["report"]["verdict"], told["cost"]["cap"]) == (0, "changed", None)
        assert "max_preview" not in told["comment"]

    def test_a_cap_that_nothing_reaches_changes_nothing_but_says_how_blind_it_was(self, duck: Place) -> None:
        _, told = duck.run(*REBUILD, "--max-preview-bytes", "1GB")
        assert told["report"]["verdict"] == "changed"
        assert told["diff"]["models"][0]["coverage"]["kind"] == "exhaustive"
        assert (cut(told), told["cost"]["cap"]["planned_bytes"]) == ([], None)
        assert told["cost"]["cap"]["unestimated"] == ["fct_revenue"]
        assert "Something of 1 model (`fct_revenue`) cannot be estimated" in told["comment"]

    def test_what_was_really_read_stops_what_would_start_then(self, duck: Place) -> None:
        """DuckDB estimates nothing, so base's rebuild runs, and nothing after it."""
        _, told = duck.run(*REBUILD, "--max-preview-bytes", "1KB")
        assert (outcomes(told, "base"), outcomes(told)) == ({"fct_revenue": "succeeded"}, {"fct_revenue": "not_run"})
        assert cut(told) == [("not_run", ("fct_revenue",), True)]
        assert told["report"]["verdict"] == "incomplete"
        assert "`fct_revenue` was not run because the preview's cap is reached" in told["comment"]
        assert "Raise `max_preview_bytes` to have all of it" in told["comment"]

    def test_what_a_run_before_took_is_the_plan_of_the_next(self, duck: Place) -> None:
        duck.run(*REBUILD)
        _, told = duck.run(*REBUILD, "--max-preview-bytes", "1KB")
        cap = told["cost"]["cap"]
        assert cap["recorded"] == ["fct_revenue"]
        assert cap["planned_bytes"] > 1_000
        assert (told["report"]["verdict"], cut(told)[-1]) == ("not_checked", ("plan_only", (), False))
        assert "as it could not be kept within its cap" in told["comment"]
        assert outcomes(told, "base") == {}

    def test_base_is_not_rebuilt_where_production_will_do(self, duck: Place) -> None:
        duck.run(*REBUILD)
        _, first = duck.run(*REBUILD, "--max-preview-bytes", "1GB")
        planned = first["cost"]["cap"]["planned_bytes"]
        _, twice = duck.run(*REBUILD, "--max-preview-bytes", "1GB", "--stability", "true")
        assert twice["cost"]["cap"]["planned_bytes"] == planned // 2 * 3, "base is built twice to see what is stable"
        _, told = duck.run(*REBUILD, "--max-preview-bytes", f"{planned * 0.75 / 1000:.1f}KB")
        assert cut(told) == [("not_rebuilt", ("fct_revenue",), False)]
        assert outcomes(told) == {"fct_revenue": "succeeded"}
        (side,) = told["create"]["baselines"]
        assert (side["kind"], side["note"]) == (
            "existing",
            "compared with production as it stands, as base was not rebuilt: the preview's cap would be exceeded",
        )
        assert told["report"]["verdict"] == "incomplete", "although every row was compared"
        assert told["diff"]["models"][0]["coverage"]["kind"] == "exhaustive"

    def test_dollars_never_bind_where_nothing_costs_any(self, duck: Place) -> None:
        _, told = duck.run(*REBUILD, "--max-preview-usd", "0.01")
        assert (told["report"]["verdict"], cut(told)) == ("changed", [])
        assert told["cost"]["cap"]["unestimated"] == []

    def test_creating_and_comparing_alone_keep_to_it(self, duck: Place, capsys: pytest.CaptureFixture[str]) -> None:
        common = ("--name", NAME, "--quiet", "--output", "json")
        duck.run(*REBUILD)
        capsys.readouterr()
        assert main(["create", *common, *REBUILD, "--max-preview-bytes", "1KB"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert {run["outcome"] for run in made["runs"]} == {"not_run"}, "the run before tells what it would take"
        duck.ground.adapter.close()  # one process opens a file either for writing or for reading
        assert main(["diff", *common, "--max-preview-bytes", "1KB"]) == 0, capsys.readouterr().err
        (diff,) = json.loads(capsys.readouterr().out)["models"]
        assert diff["coverage"]["kind"] == "exhaustive", "nothing was taken before the only comparison begins"

    def test_an_audit_stops_with_it(self, duck: Place) -> None:
        _, told = duck.run(*REBUILD, "--max-preview-bytes", "1KB", "--audit", "2")
        outcome = {one["outcome"]["kind"] for one in told["report"]["audit"]["models"]}
        assert outcome == {"not_audited"}
        assert [what for what, _, _ in cut(told)] == ["not_run", "not_audited"]


@pytest.mark.slow
class TestOnBigQuery:
    def test_a_dry_run_stands_for_what_nobody_recorded(self, query: Place) -> None:
        _, told = query.run()
        (model,) = [one for one in told["cost"]["per_model"] if one["model_name"] == "fct_revenue"]
        assert (model["base_source"], model["branch_source"], model["mixed"]) == ("estimated", "measured", True)
        assert model["base_bytes_scanned"] == model["branch_bytes_scanned"] > 0
        assert model["delta_usd"] == 0, "both by what would be billed, which is more than what is read"

    def test_bytes_that_would_be_billed_are_planned(self, query: Place) -> None:
        """Two tables are read on each side, each billed with 10 MB at least."""
        _, told = query.run(*REBUILD, "--max-preview-bytes", "30MB")
        cap, each = told["cost"]["cap"], 20 * 2**20
        size = cap["planned_bytes"] - 2 * each
        side = query.ground.adapter.size(query.ground.at("fct_revenue")).bytes
        assert side
        assert size == 2 * side, "the comparison reads both sides once"
        assert cap["kept_bytes"] == each + size
        assert (cut(told)[0], cap["unestimated"]) == (("not_rebuilt", ("fct_revenue",), False), [])
        assert outcomes(told) == {"fct_revenue": "succeeded"}
        assert told["report"]["verdict"] == "incomplete"

    def test_a_plan_that_cannot_fit_stays_one(self, query: Place) -> None:
        _, told = query.run("--max-preview-usd", "0.0001")
        assert (told["report"]["verdict"], cut(told)[-1]) == ("not_checked", ("plan_only", (), False))
        assert "0.00013 US dollars by estimate, and 0.0001 are allowed" in told["comment"]
        assert not [name for _, name in query.ground.adapter.schemas("branch__") if NAME in name], "nothing was made"
