"""A pull request on a forge: its repository, the workspace that a job checks out, its events, its database."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from rocky_action.state import open_records
from rocky_action.warehouses.duckdb import open_duckdb
from tests.support import five_models
from tests.support.github_server import GitHubServer
from tests.support.records import COMPARISON
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

    def restart(self, files: dict[str, str]) -> None:
        """Commits to the default branch, and has the pull request begin there."""
        self.origin.switch("main")
        self.origin.commit(files)
        self.origin.git("branch", "--force", BRANCH, "main")

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

    def leases(self) -> list[str]:
        """The previews that are leased."""
        with duckdb.connect(self.workspace.path / five_models.DATABASE, read_only=True) as connection:
            rows = connection.execute("SELECT DISTINCT name FROM rocky_preview.leases ORDER BY name").fetchall()
        return [name for (name,) in rows]

    def leave(self, *names: str) -> None:
        """Makes the database, and in it previews as runs leave them that have just begun."""
        path = self.workspace.path / five_models.DATABASE
        duckdb.connect(path).close()
        database = open_duckdb(path)
        with closing(database):
            records = open_records(database)
            for name in names:
                schemas = [(five_models.CATALOG, f"branch__{name}{suffix}") for suffix in ("", "__base")]
                until = datetime.now(UTC) + timedelta(hours=1)
                records.lease(name, schemas, comparison=COMPARISON, until=until)
                for catalog, schema in schemas:
                    database.create_schema(catalog, schema)

    def expire(self, name: str) -> None:
        """Lets the lease of a preview end a second ago."""
        with duckdb.connect(self.workspace.path / five_models.DATABASE) as connection:
            moment = "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP) - INTERVAL 1 SECOND"
            connection.execute(f"UPDATE rocky_preview.leases SET expires_at = {moment} WHERE name = ?", [name])

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
