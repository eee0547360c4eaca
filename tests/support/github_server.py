"""A local GitHub: a real HTTP server that behaves as far as a pull request's comments go, and misbehaves on request.

Every request is held against GitHub's own description of its interface; one that does not follow it fails the test when
the server stops. In a test::

    with GitHubServer() as server:
        server.fault(Fault("POST", "/comments$", status=502))

For another process ``python -m tests.support.github_server --pull 7:feature:<sha>`` prints the API's address first.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from rocky_action.forges.payload import dig, text
from tests.support.github_graphql import complaints, parsed, selected
from tests.support.github_openapi import Description
from tests.support.github_state import Account, Answer, GitHubState, Query, refuse
from tests.support.serving import running

Cut = Literal["", "lost", "truncated", "trickled"]


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]
    content: object

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Fault:
    """What to do instead of answering well, to the next request whose method and path match.

    ``perform``: the request is carried out all the same. ``cut``: the answer never arrives (lost), stops half-way
    (truncated) or comes byte by byte, with ``between`` before each of them (trickled). ``meanwhile`` happens before the
    request is looked at: another run, a person, a deletion. Without status and cut the true answer is given.
    """

    method: str
    path: str
    status: int | None = None
    body: str = '{"message": "Server Error"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    perform: bool = False
    cut: Cut = ""
    meanwhile: Callable[[], None] = lambda: None
    between: Callable[[], None] = lambda: None

    def matches(self, method: str, path: str) -> bool:
        return self.method == method and re.search(self.path, path) is not None


class GitHubServer:
    """Starts on entering, on a free port of the loop-back interface. ``base_path`` is ``/api/v3`` for Enterprise."""

    def __init__(self, state: GitHubState | None = None, *, port: int = 0, base_path: str = "") -> None:
        self.state = state or GitHubState()
        self.requests: list[Recorded] = []
        self.complaints: list[str] = []
        self._description = Description()
        self._handed_out = ""
        self._faults: list[Fault] = []
        self._lock = threading.RLock()
        self._base_path = base_path
        self._graphql_path = f"{base_path.removesuffix('/v3')}/graphql"
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.api_url = f"{self.url}{base_path}"
        self.graphql_url = f"{self.url}{self._graphql_path}"
        self.state.api_url = self.api_url

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._open.enter_context(running(self._http))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
        assert error or not self.complaints, self.complaints

    def fault(self, fault: Fault, *, times: int = 1) -> None:
        """Queues a fault; each is used up by one request."""
        self._faults += [fault] * times

    @property
    def log(self) -> list[str]:
        """Method and path of every request so far, without the base path."""
        return [str(recorded) for recorded in self.requests]

    @property
    def environ(self) -> dict[str, str]:
        """What a runner would tell a step about this server."""
        return {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_GRAPHQL_URL": self.graphql_url,
            "GITHUB_SERVER_URL": self.url,
            "GITHUB_REPOSITORY": self.state.repository,
        }

    def answer(self, recorded: Recorded) -> tuple[Answer, Fault | None]:
        """The answer to a request, and the fault that decides what becomes of it on the way."""
        with self._lock:
            self.requests.append(recorded)
            self._check(recorded)
            fault = next((one for one in self._faults if one.matches(recorded.method, recorded.path)), None)
            if fault is not None:
                self._faults.remove(fault)
        if fault is not None:
            fault.meanwhile()  # without the lock, so that it may be a whole other run
        with self._lock:
            if fault is None:
                answer = self._true_answer(recorded)
                self._check_answer(recorded, answer)
            else:
                is_true = fault.perform or (fault.status is None and fault.cut in {"", "trickled"})
                answer = self._true_answer(recorded) if is_true else Answer(200, {})
                if fault.status is not None:
                    answer = Answer(fault.status, fault.body, fault.headers)
            self._handed_out += "".join(answer.headers.values())
            return answer, fault

    def _check(self, recorded: Recorded) -> None:
        path = recorded.path
        if path == "GRAPHQL":
            query = text(recorded.content, "query")
            wrong = (
                recorded.method != "POST" or not query or ("$ids" in query) != ("variables" in str(recorded.content))
            )
            self.complaints += [f"GraphQL: {recorded.method} {recorded.content}"] if wrong else complaints(query)
            return
        numbered = re.match(r"/repositories/\d+/", path)
        if numbered:
            if numbered[0] not in self._handed_out:
                self.complaints.append(f"{recorded}: nobody has given this address away")
            path = f"/repos/{self.state.repository}/{path[numbered.end() :]}"
        self.complaints += self._description.complaints(
            recorded.method, path, query=recorded.query, content=recorded.content
        )

    def _check_answer(self, recorded: Recorded, answer: Answer) -> None:
        path = re.sub(r"^/repositories/\d+/", f"/repos/{self.state.repository}/", recorded.path)
        self.complaints += self._description.unknown_fields(
            recorded.method, path, status=answer.status, content=answer.content
        )

    def _true_answer(self, recorded: Recorded) -> Answer:
        if not recorded.headers.get("user-agent"):
            return Answer(403, "Request forbidden by administrative rules.")
        if recorded.headers.get("x-github-api-version") not in {None, "2022-11-28", "2026-03-10"}:
            return refuse(400, "The API version is not supported")
        scheme, _, token = recorded.headers.get("authorization", "").partition(" ")
        account = self.state.accounts.get(token) if scheme.lower() in {"bearer", "token"} else None
        if account is None:
            return refuse(401, "Bad credentials")
        if recorded.path == "GRAPHQL":
            return self._graphql(recorded, account)
        return self.state.answer(recorded.method, recorded.path, recorded.query, recorded.content, account)

    def _graphql(self, recorded: Recorded, account: Account) -> Answer:
        ids = dig(recorded.content, "variables", "ids")
        nodes = [self.state.node(str(name), account) for name in ids] if isinstance(ids, list) else []
        errors = [{"type": "NOT_FOUND", "message": "Could not resolve to a node"} for node in nodes if node is None]
        whole = {"viewer": {"__typename": "User", "login": account.login}, "nodes": nodes}
        data = selected(whole, parsed(text(recorded.content, "query")))
        return Answer(200, {"data": data} | ({"errors": errors} if errors else {}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: in two, the second waits for the first's acknowledgement

            def handle_one(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                path = server.inner_path(parts.path)
                content = json.loads(raw) if raw else None
                answer, fault = server.answer(Recorded(self.command, path, query, headers, content))
                self.reply(answer, fault or Fault("", ""))

            do_GET = do_POST = do_PATCH = do_DELETE = handle_one  # noqa: N815 - http.server finds them by these names

            def reply(self, answer: Answer, fault: Fault) -> None:
                if fault.cut == "lost":
                    self.close_connection = True
                    return
                is_text = isinstance(answer.content, str)
                body = answer.content if isinstance(answer.content, str) else json.dumps(answer.content)
                raw = b"" if answer.status == 204 else body.encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "text/html" if is_text else "application/json; charset=utf-8")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                if fault.cut == "truncated":
                    raw, self.close_connection = raw[: len(raw) // 2], True
                pieces = [raw]
                if fault.cut == "trickled":
                    pieces = [raw[at : at + 1] for at in range(len(raw))]
                with suppress(ConnectionError):  # whoever waits for the rest need not be there any more
                    for piece in pieces:
                        fault.between()
                        self.wfile.write(piece)
                        self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                return

        return Handler

    def inner_path(self, path: str) -> str:
        """The path as GitHub itself would see it, ``GRAPHQL`` for the other interface."""
        if path == self._graphql_path:
            return "GRAPHQL"
        return path.removeprefix(self._base_path) if path.startswith(self._base_path) else "/outside"


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="A local GitHub for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--base-path", default="")
    parser.add_argument("--repository", default="acme/shop")
    parser.add_argument("--pull", action="append", default=[], metavar="NUMBER:BRANCH:SHA")
    options = parser.parse_args()
    state = GitHubState(repository=options.repository)
    for pull in options.pull:
        number, branch, sha = pull.split(":")
        state.add_pull(int(number), branch, sha)
    with GitHubServer(state, port=options.port, base_path=options.base_path) as server:
        print(server.api_url, flush=True)  # noqa: T201 - the caller reads it
        threading.Event().wait()


if __name__ == "__main__":
    main()
