"""A local GitHub with a pull request in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.pull_request import PullRequest


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, github: GitHubServer) -> PullRequest:
    made = PullRequest(tmp_path, github)
    made.push(five_models.pull_request())
    return made
