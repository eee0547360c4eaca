"""A login goes nowhere that only a pull request names: not for a preview, and not for a clean-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.domain.project import Adapter
from rocky_action.errors import MissingCredentialsError
from rocky_action.warehouses.destinations import has_destination, refuse_another_destination
from tests.support import five_models
from tests.support.databricks_door import Door, refusing_workspace
from tests.support.github_server import GitHubServer
from tests.support.process_runner import QuickRunner
from tests.support.pull_request import BRANCH, PullRequest

SECRETS = {"DATABRICKS_CLIENT_ID": "principal", "DATABRICKS_CLIENT_SECRET": "planted-secret"}
UNCHECKED = (
    "Not checked: nothing was run, as this pull request changes the adapter, and there is no login for the new one"
)
PATH = 'http_path = "/sql/1.0/warehouses/abc123"'


@pytest.fixture
def door() -> Iterator[Door]:
    with refusing_workspace() as found:
        yield found


def on_databricks(host: str) -> dict[str, str]:
    usual = five_models.base()["rocky.toml"]
    pipeline = usual[usual.index("[pipeline.five]") :]
    return {"rocky.toml": f'[adapter]\ntype = "databricks"\nhost = "{host}"\n{PATH}\n{pipeline}'}


def push(project: PullRequest, *, base: str, head: str) -> None:
    project.restart(on_databricks(base))
    project.push(five_models.pull_request() | on_databricks(head))


def test_a_pull_request_does_not_get_the_login(
    runner: QuickRunner, project: PullRequest, github: GitHubServer, door: Door
) -> None:
    push(project, base="https://adb-1.example", head=door.address)
    step = runner.run({"fail_on": "changed"}, project.event("opened"), **SECRETS)
    assert door.logins == []
    assert (step.exit_code, step.outputs["verdict"]) == (1, "not_checked"), step.log
    (comment,) = github.state.comments.values()
    assert f"### 🔒 {UNCHECKED}" in comment.body
    assert "changes where the login is sent: `host` of" in comment.body
    assert "secrets to pull requests from forks" not in comment.body
    closed = runner.run({"mode": "cleanup"}, project.event("closed"), **SECRETS)
    assert (door.logins, closed.exit_code) == ([], 0)
    assert "**Nothing was dropped**" in closed.summary


def test_a_pull_request_gets_by_no_gate_without_a_login(
    runner: QuickRunner, project: PullRequest, github: GitHubServer, door: Door
) -> None:
    """Who names a variable that nobody has set has the preview left out; and that is who can mend it."""
    push(project, base=door.address, head="${NOBODY_HAS_SET_THIS}")
    step = runner.run({}, project.event("opened"), **SECRETS)
    assert (step.exit_code, step.outputs["verdict"], door.logins) == (1, "not_checked", []), step.log
    (comment,) = github.state.comments.values()
    assert UNCHECKED in comment.body
    assert "`NOBODY_HAS_SET_THIS`" in comment.body
    never = runner.run({"fail_on": "never"}, project.event("opened"), **SECRETS)
    assert (never.exit_code, never.outputs["verdict"]) == (0, "not_checked")


def test_what_the_advice_says_can_be_done(
    runner: QuickRunner, project: PullRequest, github: GitHubServer, door: Door
) -> None:
    """A pull request with another address and nothing else has no model to run, and so needs no login."""
    push(project, base="https://adb-1.example", head="https://adb-1.example")
    project.origin.git("branch", "--force", BRANCH, "main")
    project.push(on_databricks(door.address))
    step = runner.run({}, project.event("opened"), **SECRETS)
    assert (step.exit_code, step.outputs["verdict"], door.logins) == (0, "incomplete", []), step.log
    (comment,) = github.state.comments.values()
    assert "What the change of `rocky.toml` does is not known" in comment.body
    assert "The adapter's settings changed; what that does to the data is not shown." in comment.body


def test_what_is_merged_gets_it(runner: QuickRunner, project: PullRequest, door: Door) -> None:
    push(project, base=door.address, head=door.address)
    runner.run({}, project.event("opened"), **SECRETS)
    known = len(door.logins)
    assert set(door.logins) == {("principal", "planted-secret")}
    runner.run({"mode": "cleanup"}, project.event("closed"), **SECRETS)
    assert len(door.logins) > known


def test_a_clean_up_without_a_project_in_base_does_as_the_preview_did(
    runner: QuickRunner, project: PullRequest, door: Door
) -> None:
    """Who brings the project names its warehouse: there is nothing that this could be held against."""
    project.origin.switch("main")
    project.origin.git("rm", "--quiet", "rocky.toml")
    project.restart({"README.md": "no project yet\n"})
    project.push(five_models.pull_request() | on_databricks(door.address))
    runner.run({}, project.event("opened"), **SECRETS)
    known = len(door.logins)
    assert known > 0
    runner.run({"mode": "cleanup"}, project.event("closed"), **SECRETS)
    assert len(door.logins) > known


@pytest.mark.parametrize(
    ("base", "head", "moved"),
    [
        ({"account": "a"}, {"account": "a"}, ""),
        ({"account": "a"}, {"account": "b"}, "`account`"),
        ({"account": "a"}, {"account": "a", "host": "h"}, "`host`"),
        ({"account": "a", "host": "g"}, {"account": "b", "host": "h"}, "`account`, `host`"),
        ({"account": "a", "host": "h"}, {"account": "a"}, ""),
        ({}, {"account": "a"}, "`account`"),
        ({"account": "a"}, {"account": "a", "role": "other"}, ""),
        ({"account": "a"}, {}, ""),
    ],
)
def test_what_is_another_destination(base: dict[str, str], head: dict[str, str], moved: str) -> None:
    one, other = Adapter("x", "snowflake", base), Adapter("x", "snowflake", head)
    assert has_destination(other) is bool(head)
    if not moved:
        refuse_another_destination(other, one)
        return
    with pytest.raises(MissingCredentialsError) as refused:
        refuse_another_destination(other, one)
    assert f"is sent: {moved} of [adapter.x]" in refused.value.message


def test_another_kind_of_warehouse_is_another_destination() -> None:
    head = Adapter("x", "databricks", {"host": "h"})
    with pytest.raises(MissingCredentialsError):
        refuse_another_destination(head, replace(head, type="snowflake"))


@pytest.mark.parametrize("type_", ["duckdb", "bigquery"])
def test_some_have_none(type_: str) -> None:
    head = Adapter("x", type_, {"path": "md:x", "project_id": "y"})
    assert not has_destination(head)
    refuse_another_destination(head, Adapter("x", "snowflake"))
