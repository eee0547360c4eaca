"""A workbench for scenarios: a local GitHub, the real client or the whole action against it, and a clock of our own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import httpx

from rocky_action.forges.comments import Body, CommentResult, NotPosted, Posted, upsert_comment
from rocky_action.forges.github_api import GitHub
from rocky_action.forges.patience import SECONDS, Patience
from rocky_action.main import main
from tests.support.github_server import GitHubServer
from tests.support.github_state import GitHubState
from tests.support.runner import FILE_COMMANDS, Step, input_variables, parse_file_command

Inputs = Mapping[str, str]

MARKER = "<!-- rocky-preview -->"
BODY = f"{MARKER}\n## Nothing changed"
BOT = "github-actions[bot]"
ACTIONS = "actions-token"
SHA = "a" * 40
COMMENTS = "/repos/acme/shop/issues/7/comments"
LISTING = f"GET {COMMENTS}"
POSTING = f"POST {COMMENTS}"
WHOAMI = "POST GRAPHQL"
BLOCK = "permissions:\n  contents: read\n  pull-requests: write\n"
MOST_REQUESTS = 12
QUIET_REQUESTS = 3
TLS = ssl.create_default_context()
"""Made once, because that takes longer than most scenarios; nothing here speaks TLS."""


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "a negative sleep is an error in Python too"
        self.waits.append(seconds)
        self.now += seconds

    def pass_by(self, seconds: float) -> None:
        """Time that passes by itself."""
        self.now += seconds


class Bench:
    """A server, and clients of it that close at the end of the test. No run may ask more often than it should."""

    def __init__(self, server: GitHubServer) -> None:
        self.server = server
        self.state = server.state
        self.clock = Clock()
        self.clients: list[GitHub] = []

    def github(self, token: str = ACTIONS, seconds: float = SECONDS) -> GitHub:
        github = GitHub(
            token,
            api_url=self.server.api_url,
            graphql_url=self.server.graphql_url,
            client=httpx.Client(trust_env=False, verify=TLS),
            patience=Patience(seconds, sleep=self.clock.sleep, clock=self.clock),
        )
        self.clients.append(github)
        return github

    def upsert(self, body: str | Body = BODY, token: str = ACTIONS, seconds: float = SECONDS) -> CommentResult:
        """One run."""
        github = self.github(token, seconds)
        before, waited, nested = len(self.server.requests), sum(self.clock.waits), len(self.clients)
        text = body if callable(body) else lambda _: body
        result = upsert_comment(github, owner="acme", repository="shop", number=7, marker=MARKER, body=text)
        if len(self.clients) == nested:  # else another run came in between, and its requests are among these
            hundreds = sum(comment.issue == 7 for comment in self.state.comments.values()) // 100
            assert len(self.server.requests) - before <= MOST_REQUESTS + hundreds, self.server.log[before:]
            assert sum(self.clock.waits) - waited <= seconds
        return result

    def posted(self, body: str | Body = BODY, token: str = ACTIONS) -> Posted:
        result = self.upsert(body, token)
        assert isinstance(result, Posted), result
        return result

    def refused(self, body: str | Body = BODY, token: str = ACTIONS, seconds: float = SECONDS) -> NotPosted:
        result = self.upsert(body, token, seconds)
        assert isinstance(result, NotPosted), result
        return result

    @property
    def bodies(self) -> list[str]:
        return self.state.bodies(7)

    @property
    def log(self) -> list[str]:
        return self.server.log


def bench_of(base_path: str = "") -> Iterator[Bench]:
    """A bench with pull request 7, for a fixture."""
    state = GitHubState()
    state.add_pull(7, "feature", SHA)
    with GitHubServer(state, base_path=base_path) as server:
        bench = Bench(server)
        yield bench
        for client in bench.clients:
            client.close()


class Action:
    """The whole action, in this process: its inputs and its event in, what it leaves out."""

    def __init__(self, folder: Path, server: GitHubServer, *, workspace: Path, environ: Mapping[str, str]) -> None:
        self.server = server
        self.workspace = workspace
        self.clock = Clock()
        self._folder = folder
        self._environ = dict(environ)
        self._runs = 0

    def run(
        self, event: object, *, name: str = "pull_request", token: str = ACTIONS, inputs: Inputs = MappingProxyType({})
    ) -> Step:
        """One step of a job. ``inputs`` are as after ``with:``; one with a name in capitals is a variable instead."""
        self._runs += 1
        step = self._folder / f"step-{self._runs}"
        step.mkdir(parents=True)
        (step / "event.json").write_text(json.dumps(event), encoding="utf-8")
        files = {variable: step / file for variable, file in FILE_COMMANDS.items()}
        for path in files.values():
            path.touch()
        environ = {
            **self._environ,
            **self.server.environ,
            "GITHUB_RUN_ID": "4242",
            **{key: value for key, value in inputs.items() if key.isupper()},
            **input_variables({key: value for key, value in inputs.items() if not key.isupper()}, token),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(step / "event.json"),
            "GITHUB_WORKSPACE": str(self.workspace),
            **{variable: str(path) for variable, path in files.items()},
        }
        before = len(self.server.requests)
        log = io.StringIO()
        with as_found(), contextlib.redirect_stdout(log):
            code = main(environ, patience=Patience(sleep=self.clock.sleep, clock=self.clock))
        pages = max((len(self.server.state.bodies(number)) for number in self.server.state.pulls), default=0) // 100
        assert len(self.server.requests) - before <= MOST_REQUESTS + pages, self.server.log[before:]
        outputs = dict(parse_file_command(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")))
        return Step(code, outputs, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), log.getvalue())

    def pull_event(self, number: int = 7, action: str = "synchronize") -> dict[str, object]:
        """The payload of a ``pull_request`` event."""
        pull = self.server.state.pulls[number]
        if action == "closed":
            pull = replace(pull, state="closed")
        return {"action": action, "number": number, "pull_request": self.server.state.pull_json(pull)}


@contextmanager
def as_found() -> Iterator[None]:
    """The process as it was: what the action does to signals and proxies is undone."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = "127.0.0.1"
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if before is None:
            del os.environ["NO_PROXY"]
        else:
            os.environ["NO_PROXY"] = before


def said(author: str, body: str, *, number: int = 7, on_pull_request: bool = True, action: str = "created") -> object:
    """The payload of an ``issue_comment`` event."""
    issue: dict[str, object] = {"number": number, "title": "A pull request"}
    if on_pull_request:
        issue["pull_request"] = {"url": f"https://api.github.com/repos/acme/shop/pulls/{number}"}
    user = {"login": author, "type": "User"}
    return {"action": action, "issue": issue, "comment": {"id": 1, "body": body, "user": user}, "sender": user}
