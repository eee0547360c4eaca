"""Who a job is, as GitHub tells it, and what Google gives for that: two services on one address of this machine.

GitHub's part answers only whoever has the job's bearer token; Google's exchanges GitHub's token for one of its own, and
that for a service account's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.serving import running

_BEARER = "job-bearer-token"
_JOB = "planted.github.jwt"
_FEDERATED = "planted-federated-token"


@dataclass
class Identities:
    """``asked`` are the audiences that tokens were asked for, ``accounts`` the paths of the impersonations."""

    address: str
    access_token: str
    asked: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)

    def variables(self) -> Mapping[str, str]:
        """What the runner tells a job with ``id-token: write``."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/oidc?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": _BEARER,
        }

    def answer(self, path: str, body: str, bearer: str) -> Mapping[str, Any] | None:
        split = urlsplit(path)
        if split.path == "/oidc" and bearer == _BEARER:
            self.asked += parse_qs(split.query)["audience"]
            return {"value": _JOB}
        if split.path == "/v1/token" and parse_qs(body)["subject_token"] == [_JOB]:
            kind = "urn:ietf:params:oauth:token-type:access_token"
            return {"access_token": _FEDERATED, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 3600}
        if split.path.endswith(":generateAccessToken") and bearer == _FEDERATED:
            self.accounts.append(split.path.rpartition("/")[2].partition(":")[0])
            return {"accessToken": self.access_token, "expireTime": "2999-01-01T00:00:00Z"}
        return None


@contextmanager
def serving_identities(access_token: str) -> Iterator[Identities]:
    """Both services, until the end of the block; ``access_token`` is what a service account gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            bearer = self.headers.get("Authorization", "").partition(" ")[2]
            found = identities.answer(self.path, self.rfile.read(length).decode(), bearer)
            sent = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(401 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_GET  # noqa: N815  as the base class wants it

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    identities = Identities(f"http://127.0.0.1:{http.server_address[1]}", access_token)
    with running(http):
        yield identities
