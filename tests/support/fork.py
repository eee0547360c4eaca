"""A pull request's own run, its artifact, and the run with a token that posts what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from rocky_action.domain.report import Report
from rocky_action.forges.stamps import stamped
from rocky_action.wire.report import report_json
from tests.support import reports
from tests.support.archives import streamed
from tests.support.file_host import FileHost, Served
from tests.support.forge_bench import SHA, Action
from tests.support.github_server import GitHubServer
from tests.support.github_state import Artifact, Pull, now
from tests.support.repositories import isolated_environ
from tests.support.runner import Step

NAME = "rocky-preview-report"
RUN = 111
NUMBER = 8
STARTED_HOURS_AGO = 2
INPUTS: Mapping[str, str] = MappingProxyType({"mode": "comment", "artifact": NAME})


def said_by_a_fork(report: Report | None = None, commit: str = SHA) -> bytes:
    """A report.json about a pull request with that head, whose checkout was the merge."""
    found = report or reports.SCENARIOS["rows_changed"]()
    return report_json(replace(found, comparison=replace(found.comparison, pull_head=commit))).encode()


class Fork:
    """Pull request 8, of a branch of the same name as 7's in somebody's fork; what its run uploads; who posts it."""

    def __init__(self, folder: Path, github: GitHubServer, files: FileHost) -> None:
        self.github = github
        self.files = files
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        github.state.add_pull(7, "feature", SHA)
        github.state.add_pull(NUMBER, "", "", pull=Pull(NUMBER, "feature", SHA, head_owner="stranger", fork=True))
        self.action = Action(folder, github, workspace=self.workspace, environ=isolated_environ(folder / "home"))
        self._last = 0

    def uploads(self, content: bytes, *, hours_ago: int = 0, expired: bool = False, name: str = NAME) -> Artifact:
        """One more artifact of the run: the bytes as they are, so that they need be no archive."""
        return self.keeps(Served(content), hours_ago=hours_ago, expired=expired, name=name)

    def keeps(self, served: Served, *, hours_ago: int = 0, expired: bool = False, name: str = NAME) -> Artifact:
        """The same, with whatever else the host says of it."""
        self._last += 1
        artifact = Artifact(self._last, name, self.files.keep(str(self._last), served), now(hours_ago), expired=expired)
        self.github.state.artifacts.setdefault(RUN, []).append(artifact)
        return artifact

    def reports(self, content: bytes | None = None) -> None:
        """A report in an archive as it should be."""
        self.uploads(streamed(said_by_a_fork() if content is None else content))

    def event(self, sha: str = SHA, owner: str = "stranger", **more: object) -> dict[str, object]:
        """The payload of ``workflow_run``. A pull request of the repository's own is Dependabot's, for example."""
        run = {
            "id": RUN,
            "head_branch": "feature",
            "head_sha": sha,
            "run_started_at": now(STARTED_HOURS_AGO),
            "pull_requests": [{"number": 7}],
            "head_repository": {"id": 1 if owner == "acme" else 2, "owner": {"login": owner}},
            "repository": {"id": 1},
            **more,
        }
        return {"action": "completed", "workflow_run": run}

    def relay(self, event: object = None, *, name: str = "workflow_run", **inputs: str) -> Step:
        """The run that may write."""
        return self.action.run(event or self.event(), name=name, inputs={**INPUTS, **inputs})

    @property
    def posted(self) -> dict[int, str]:
        """The comments, without the line that says which run they are of, by the pull request that they are on."""
        return {comment.issue: stamped(comment.body, None) for comment in self.github.state.comments.values()}

    def url_of(self, run: int) -> str:
        """The address of a run."""
        return f"{self.github.url}/acme/shop/actions/runs/{run}"
