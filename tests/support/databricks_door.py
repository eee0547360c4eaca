"""A Databricks workspace that lets nobody in: what arrives where a service principal logs in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.serving import running


@dataclass
class Door:
    """``logins`` are the ids and secrets that somebody tried."""

    address: str
    logins: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def refusing_workspace() -> Iterator[Door]:
    """The workspace's address for logging in, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            oidc = f"{door.address}/oidc"
            known = {
                "/.well-known/databricks-config": {"oidc_endpoint": oidc, "workspace_id": "1", "account_id": "tests"},
                "/oidc/.well-known/oauth-authorization-server": {
                    "authorization_endpoint": f"{oidc}/v1/authorize",
                    "token_endpoint": f"{oidc}/v1/token",
                },
            }
            self._answer(200 if self.path in known else 404, known.get(self.path, {}))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            basic = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
            name, _, secret = basic.partition(":")
            door.logins.append((name, secret))
            self._answer(401, {"error": "invalid_client", "error_description": "Client authentication failed"})

        def _answer(self, status: int, content: object) -> None:
            sent = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    door = Door(f"http://127.0.0.1:{http.server_address[1]}")
    with running(http):
        yield door
