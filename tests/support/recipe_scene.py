"""A private repository with a pull request, on a forge that runs workflows: what the recipes are tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from tests.support import five_models
from tests.support.git_http import git_server
from tests.support.github_server import GitHubServer
from tests.support.github_state import REPOSITORY_ID, Pull, now
from tests.support.repositories import GitRepository, isolated_environ
from tests.support.rocky_runs import materialized, printed, run_of
from tests.support.workflow_actions import ACTIONS_OF_OTHERS, git_authorization
from tests.support.workflow_runner import Event, Forge

NUMBER = 7
BRANCH = "no-refunds"
DEPENDABOT = "dependabot[bot]"
EXAMPLES = Path(__file__).parents[2] / ".github" / "workflow-examples"
Files = Mapping[str, str]

_ROCKY = """\
#!/bin/sh
# Stands for production's own run: its database, as it is now, and what Rocky prints of it.
cp "$ROCKY_PRODUCTION"/*.duckdb .
cat "$ROCKY_PRODUCTION"/run.json
"""


@dataclass
class Scene:
    """``origin`` is the repository that GitHub has; ``merge`` is the commit of refs/pull/7/merge."""

    server: GitHubServer
    origin: GitRepository
    forge: Forge
    merge: str = ""

    @property
    def bodies(self) -> list[str]:
        """The pull request's comments."""
        return self.server.state.bodies(NUMBER)

    @property
    def body(self) -> str:
        """The pull request's only comment."""
        assert len(self.bodies) == 1
        return self.bodies[0]

    def start(self, base: Files, head: Files) -> None:
        """The default branch, and a pull request with other files."""
        self.origin.commit(base)
        self.origin.branch(BRANCH)
        self.push(head)

    def push(self, files: Files) -> None:
        """Commits to the pull request, which GitHub merges."""
        self.origin.switch(BRANCH)
        head = self.origin.commit(files)
        self.server.state.add_pull(NUMBER, BRANCH, head)
        self.merge = self._merged(f"refs/pull/{NUMBER}/merge")

    def _merged(self, ref: str) -> str:
        self.origin.switch("main")
        self.origin.git("checkout", "--quiet", "--detach")
        merge = self.origin.merge(BRANCH)
        self.origin.git("update-ref", ref, merge)
        self.origin.switch("main")
        return merge

    def pull_request(self, action: str = "opened", *, stranger: bool = False, author: str = "mona") -> Event:
        """``stranger``: its head is in a fork. Dependabot's is not, and is trusted as little."""
        owner = "stranger" if stranger else "acme"
        pull = Pull(NUMBER, BRANCH, self.server.state.pulls[NUMBER].sha, head_owner=owner, fork=stranger)
        self.server.state.add_pull(NUMBER, BRANCH, pull.sha, pull=pull)
        if action == "closed":
            pull = replace(pull, state="closed")
        told = {**self.server.state.pull_json(pull), "user": {"login": author, "type": "User"}}
        distrusted = stranger or author == DEPENDABOT
        payload = self._payload(action=action, number=NUMBER, pull_request=told)
        return Event("pull_request", payload, f"refs/pull/{NUMBER}/merge", self.merge, BRANCH, "main", distrusted)

    def on_main(self, name: str, **payload: Any) -> Event:
        """An event that is the default branch's: push, schedule, workflow_dispatch, workflow_run."""
        return Event(name, self._payload(**payload), "refs/heads/main", self.origin.sha("main"))

    def comment(self, author: str, body: str, association: str) -> Event:
        """Somebody comments on the pull request."""
        user = {"login": author, "type": "User"}
        issue = {"number": NUMBER, "title": "A pull request", "pull_request": {"url": "https://example.com"}}
        said = {"id": 1, "body": body, "user": user, "author_association": association}
        return self.on_main("issue_comment", action="created", issue=issue, comment=said, sender=user)

    def queued(self) -> Event:
        """The pull request is in the merge queue."""
        base = self.origin.sha("main")
        ref = f"refs/heads/gh-readonly-queue/main/pr-{NUMBER}-{base}"
        merge = self._merged(ref)
        group = {"head_sha": merge, "head_ref": ref, "base_sha": base, "base_ref": "refs/heads/main"}
        return Event("merge_group", self._payload(action="checks_requested", merge_group=group), ref, merge)

    def ended(self, name: str, run_id: str, conclusion: str = "success") -> Event:
        """Another workflow, called ``name``, has ended for the pull request's head."""
        pull = self.server.state.pulls[NUMBER]
        told = self.server.state.pull_json(pull)
        head = told["head"]
        assert isinstance(head, dict)
        run = {
            "id": int(run_id),
            "name": name,
            "event": "pull_request",
            "conclusion": conclusion,
            "run_started_at": now(hours_ago=1),
            "head_branch": BRANCH,
            "head_sha": pull.sha,
            "head_repository": head["repo"],
            "repository": {"id": REPOSITORY_ID, "full_name": self.server.state.repository},
            "pull_requests": [],
        }
        return self.on_main("workflow_run", action="completed", workflow_run=run)

    def _payload(self, **more: Any) -> dict[str, Any]:
        name = self.server.state.repository
        return {"repository": {"full_name": name, "private": True, "default_branch": "main"}, **more}

    def production(self, database: str, change: Callable[[duckdb.DuckDBPyConnection], object] | None = None) -> None:
        """What ``rocky run`` leaves in a job: a database with the five models, and what it prints."""
        folder = Path(self.forge.machine["ROCKY_PRODUCTION"])
        folder.mkdir(exist_ok=True)
        (folder / database).unlink(missing_ok=True)
        with duckdb.connect(folder / database) as connection:
            files = five_models.base()
            connection.execute(files["data/seed.sql"])
            if change:
                change(connection)
            for name in ("raw_orders", "raw_customers", "stg_orders", "dim_customers", "fct_revenue"):
                connection.execute(f"CREATE TABLE main.{name} AS {files[f'models/{name}.sql']}")
        catalog = database.removesuffix(".duckdb")
        run = run_of(materialized(f"{catalog}.main.fct_revenue", duration_ms=5000))
        (folder / "run.json").write_text(printed(run), encoding="utf-8")


def shop(files: Files) -> dict[str, str]:
    """The five models without seeds, in a database called shop."""
    return {
        path: text.replace("five.duckdb", "shop.duckdb").replace('"five"', '"shop"')
        for path, text in files.items()
        if path != "data/seed.sql"
    }


def example(file: str) -> str:
    """The text of an example workflow."""
    return (EXAMPLES / file).read_text(encoding="utf-8")


def in_folder(folder: str, files: Files) -> dict[str, str]:
    """A project in a folder of its repository."""
    return {f"{folder}/{path}": text for path, text in files.items()}


@contextmanager
def open_scene(folder: Path, *, base_path: str = "") -> Iterator[Scene]:
    """An empty repository ``acme/shop`` behind git over HTTP, and the API. ``base_path`` as of GitHubServer."""
    environ = isolated_environ(folder / "home")
    tools = folder / "tools"
    tools.mkdir()
    rocky = tools / "rocky"
    rocky.write_text(_ROCKY)
    rocky.chmod(0o755)
    origin = GitRepository.new(folder / "git" / "acme" / "shop", environ)
    with (
        GitHubServer(base_path=base_path) as server,
        git_server(folder / "git", environ, authorization=git_authorization()) as git,
    ):
        machine = {
            **environ,
            "PATH": f"{tools}:{environ['PATH']}",
            "ROCKY_PRODUCTION": str(folder / "production"),
        }
        forge = Forge(server, folder / "runs", git.url, f"{git.url}/acme/shop", dict(ACTIONS_OF_OTHERS), machine)
        yield Scene(server, origin, forge)
