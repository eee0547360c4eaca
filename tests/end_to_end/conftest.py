"""A local GitHub with a pull request in it, and the image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.process_runner import QuickRunner
from tests.support.pull_request import PullRequest
from tests.support.runner import build_image, engine_is_there

TAG = "rocky-preview:test"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, github: GitHubServer) -> PullRequest:
    made = PullRequest(tmp_path, github)
    made.push(five_models.pull_request())
    return made


@pytest.fixture
def runner(tmp_path: Path, project: PullRequest) -> QuickRunner:
    """Runs the action on the pull request."""
    environ = {**project.workspace.environ, **project.environ()}
    return QuickRunner(tmp_path / "runner", project.workspace.path, environ)


@pytest.fixture(scope="session")
def image() -> str:
    if not engine_is_there():
        reason = "NO CONTAINER ENGINE: the image was neither built nor run"
        if os.environ.get("REQUIRE_ENGINE") == "1":
            pytest.fail(f"{reason}, and REQUIRE_ENGINE=1 says that it must be")
        pytest.skip(reason)
    build_image(TAG)
    return TAG
