"""A pull request on a forge: its repository, the workspace that a job checks out, its events, its database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.repositories import GitRepository, isolated_environ

NUMBER = 7
BRANCH = "no-refunds"


class PullRequest:
    """The five models in a repository with a pull request, checked out as with ``fetch-depth: 0``."""

    def __init__(self, folder: Path, github: GitHubServer) -> None:
        self._github = github
        self.origin = GitRepository.new(folder / "origin", isolated_environ(folder / "home"))
        self.origin.commit(five_models.base())
        self.origin.branch(BRANCH)
        self.workspace = GitRepository.new(folder / "workspace", self.origin.environ)
        self.workspace.git("remote", "add", "origin", self.origin.path.as_uri())
        self.merge = ""

    def push(self, files: dict[str, str]) -> str:
        """Commits to the pull request; the forge merges it and the workspace checks the merge commit out. Its name."""
        self.origin.switch(BRANCH)
        head = self.origin.commit(files)
        self._github.state.add_pull(NUMBER, BRANCH, head)
        self.origin.switch("main")
        self.origin.git("checkout", "--quiet", "--detach")
        merge = self.origin.merge(BRANCH)
        self.origin.git("update-ref", f"refs/pull/{NUMBER}/merge", merge)
        self.merge = merge
        safe = ("-c", f"safe.directory={self.workspace.path}")
        refs = ("+refs/heads/*:refs/remotes/origin/*", f"+refs/pull/{NUMBER}/merge:refs/remotes/pull/{NUMBER}/merge")
        self.workspace.git(*safe, "fetch", "--quiet", "origin", *refs)
        self.workspace.git(*safe, "checkout", "--quiet", "--force", f"refs/remotes/pull/{NUMBER}/merge")
        return merge

    def event(self, action: str) -> dict[str, object]:
        pull = self._github.state.pulls[NUMBER]
        if action == "closed":
            pull = replace(pull, state="closed")
        return {
            "action": action,
            "number": NUMBER,
            "pull_request": self._github.state.pull_json(pull),
            "repository": {"private": True},
        }

    def preview_schemas(self) -> list[str]:
        """The preview schemas in the database, as another client sees them."""
        with duckdb.connect(self.workspace.path / five_models.DATABASE, read_only=True) as connection:
            rows = connection.execute(
                "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'branch\\_\\_%' ESCAPE '\\'"
            ).fetchall()
        return sorted(name for (name,) in rows)

    def environ(self, event: str = "pull_request") -> dict[str, str]:
        """GITHUB_* of a job for the pull request as it was pushed last."""
        return self._github.environ | {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_REF": f"refs/pull/{NUMBER}/merge" if event == "pull_request" else f"refs/heads/{BRANCH}",
            "GITHUB_HEAD_REF": BRANCH,
            "GITHUB_BASE_REF": "main",
            "GITHUB_SHA": self.merge,
            "GITHUB_RUN_ID": "4242",
        }
