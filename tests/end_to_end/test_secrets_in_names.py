"""A pull request that writes ``${GH_TOKEN}`` into a file of the project gets an error, and no secret in the comment."""

from __future__ import annotations

import pytest

from rocky_action.errors import ProjectError
from tests.end_to_end.test_secrets import Spied, spied
from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.projects import ROCKY_TOML, load, project_files
from tests.support.pull_request import PullRequest

__all__ = ["spied"]

ENVIRON = {"GH_TOKEN": "planted-value", "SCHEMA_NAME": "marts", "PW_PASSWORD": 'x"]\ny = ["'}
PLACES = [
    ("models/m.toml", '[target]\ntable = "fct_${GH_TOKEN}"\n'),
    ("models/m.toml", 'depends_on = ["a", "${GH_TOKEN}"]\n'),
    ("models/m.toml", 'depends_on = ["${GH_TOKEN:-x}"]\n'),
    ("models/m.toml", '[classification]\nuser_password = "${GH_TOKEN}"\n'),
    ("models/m.toml", '[vars]\npassword = "${GH_TOKEN}"\n'),
    ("models/_defaults.toml", '[target]\ncatalog = "shop"\nschema = "${GH_TOKEN}"\n'),
    ("rocky.toml", ROCKY_TOML.replace("shop.duckdb", "${GH_TOKEN}.duckdb")),
    ("rocky.toml", ROCKY_TOML.replace('models = "models/**"', 'models = "models/${GH_TOKEN}/**"')),
    ("rocky.toml", ROCKY_TOML.replace('type = "duckdb"', 'type = "snowflake"\ndatabase = "${GH_TOKEN}"')),
]


@pytest.mark.parametrize(("path", "text"), PLACES)
def test_a_secret_fills_nothing_that_is_shown(path: str, text: str) -> None:
    with pytest.raises(ProjectError, match="GH_TOKEN is a secret, and would be shown here") as caught:
        load(project_files({"m": "SELECT 1 AS a"}) | {path: text}, environ=ENVIRON)
    assert "planted-value" not in str(caught.value)


def test_other_variables_do_and_so_do_secrets_where_they_are_meant() -> None:
    config = ROCKY_TOML.replace('type = "duckdb"', 'type = "snowflake"\npassword = "${GH_TOKEN}"')
    config += '\n[hook.on_run_end]\nurl = "https://example.com/${GH_TOKEN}"\n'
    defaults = '[target]\ncatalog = "shop"\nschema = "${SCHEMA_NAME}"\n'
    project = load(project_files({"m": "SELECT 1 AS a"}, config) | {"models/_defaults.toml": defaults}, environ=ENVIRON)
    assert project.models["m"].target.schema == "marts"
    assert project.adapter.settings["password"] == "planted-value"


def test_the_comment_says_so_and_shows_none(spied: Spied, project: PullRequest, github: GitHubServer) -> None:
    sidecar = '[target]\ntable = "fct_${GH_TOKEN}"\n'
    project.push(five_models.pull_request() | {"models/fct_revenue.toml": sidecar})
    step = spied.runner.run({"max_samples": "9"}, project.event("opened"))
    (comment,) = github.state.comments.values()
    assert "is a secret, and would be shown here" in comment.body
    spied.check(step)
