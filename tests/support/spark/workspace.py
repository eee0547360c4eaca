"""A Databricks workspace as far as its SQL and OAuth APIs go: checks what the real one checks, runs SQL on Spark.

    build/spark/bin/python tests/support/spark/workspace.py --jars DIR --folder DIR

prints its address when it is ready, and ends when its standard input does. What a test says is below /_test/.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine import Answer, Engine, RefusedError, text_size  # type: ignore[import-not-found]

WAREHOUSE = "0123456789abcdef"
TOKEN = "dapi-tests-only"
CLIENT = ("rocky-preview-tests", "client-secret-tests-only")
GITHUB_REQUEST_TOKEN = "github-request-token"
GITHUB_TOKEN = "signed-by-github"
INLINE_LIMIT = 25 * 1024 * 1024
ACCEPTED = frozenset(
    {"statement", "warehouse_id", "catalog", "schema", "parameters", "query_tags", "row_limit", "byte_limit"}
    | {"disposition", "format", "wait_timeout", "on_wait_timeout"}
)
TOO_LARGE = (
    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most"
    f" {INLINE_LIMIT} bytes."
)
HISTORY_LAG = 0.1

Json = dict[str, Any]


class HttpError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Statement:
    """One statement from sending to end."""

    sql: str
    tags: list[Json]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "PENDING"
    error: str = ""
    answer: Answer | None = None
    cancelled: bool = False
    sent: float = field(default_factory=time.time)
    started: float = 0.0
    ended: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


@dataclass
class Workspace:
    """The server's state. ``options`` are what tests change."""

    engine: Engine
    address: str = ""
    statements: dict[str, Statement] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    options: Json = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(10))

    def option(self, name: str, default: Any) -> Any:
        return self.options.get(name, default)

    def authorized(self, header: str) -> None:
        token = header.removeprefix("Bearer ")
        if token == TOKEN or self.tokens.get(token, 0.0) > time.time():
            return
        if token in self.tokens or not token:
            raise HttpError(
                401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API."
            )
        raise HttpError(403, "PERMISSION_DENIED", "Invalid access token.")

    def send(self, body: Json) -> Json:
        unknown = body.keys() - ACCEPTED
        if unknown:
            raise HttpError(400, "INVALID_PARAMETER_VALUE", f"Unknown fields: {', '.join(sorted(unknown))}")
        if body.get("warehouse_id") != WAREHOUSE:
            raise HttpError(404, "NOT_FOUND", f"SQL warehouse {body.get('warehouse_id')} does not exist.")
        if body.get("disposition", "INLINE") != "INLINE" or body.get("format", "JSON_ARRAY") != "JSON_ARRAY":
            raise HttpError(400, "INVALID_PARAMETER_VALUE", "these tests have INLINE and JSON_ARRAY only")
        seconds = int(body.get("wait_timeout", "10s").removesuffix("s"))
        if seconds and not 5 <= seconds <= 50:
            raise HttpError(400, "INVALID_PARAMETER_VALUE", "wait_timeout must be 0 or from 5 to 50 seconds")
        tags = body.get("query_tags", [])
        if len(tags) > 20 or any(len(part) > 128 for tag in tags for part in tag.values()):
            raise HttpError(400, "INVALID_PARAMETER_VALUE", "too many query tags, or too long ones")
        statement = Statement(body["statement"], tags)
        self.statements[statement.id] = statement
        self.pool.submit(self.work, statement)
        statement.done.wait(seconds)
        return self.told(statement)

    def work(self, statement: Statement) -> None:
        """Waits for the warehouse, then runs the statement."""
        while time.time() < self.option("starts_at", 0.0) and not statement.cancelled:
            time.sleep(0.02)
        statement.started = time.time()
        try:
            if not statement.cancelled:
                statement.state = "RUNNING"
                answer = self.engine.run(statement.id, statement.sql)
                statement.answer = answer
                statement.error = TOO_LARGE if text_size(answer.rows) > INLINE_LIMIT else ""
        except RefusedError as err:
            statement.error = str(err)
        except Exception as err:  # noqa: BLE001  whatever Spark throws is an answer, and ends no server
            statement.error = f"[INTERNAL_ERROR] {err}"
        statement.ended = time.time()
        statement.state = "CANCELED" if statement.cancelled else "FAILED" if statement.error else "SUCCEEDED"
        statement.done.set()

    def told(self, statement: Statement) -> Json:
        state = statement.state
        answer: Json = {"statement_id": statement.id, "status": {"state": state}}
        if state == "FAILED":
            answer["status"]["error"] = {"error_code": "BAD_REQUEST", "message": statement.error}
        if state == "SUCCEEDED" and statement.answer is not None:
            rows, size = statement.answer.rows, self.option("chunk_rows", 1000)
            columns = statement.answer.columns
            answer["manifest"] = {
                "format": "JSON_ARRAY",
                "schema": {"column_count": len(columns), "columns": columns},
                "total_chunk_count": -(-len(rows) // size),
                "total_row_count": len(rows),
                "truncated": False,
            }
            answer["result"] = self.chunk(statement, 0)
        return answer

    def chunk(self, statement: Statement, index: int) -> Json:
        assert statement.answer is not None
        size = self.option("chunk_rows", 1000)
        rows = statement.answer.rows[index * size : (index + 1) * size]
        found: Json = {"chunk_index": index, "row_offset": index * size, "row_count": len(rows)}
        if rows:
            found["data_array"] = rows
        if (index + 1) * size < len(statement.answer.rows):
            path = f"/api/2.0/sql/statements/{statement.id}/result/chunks/{index + 1}?row_offset={(index + 1) * size}"
            found |= {"next_chunk_index": index + 1, "next_chunk_internal_link": path}
        return found

    def history(self, query: dict[str, list[str]]) -> Json:
        found = []
        for one in query.get("filter_by.statement_ids", []):
            statement = self.statements.get(one)
            if statement is None or not statement.done.is_set():
                continue
            milliseconds = int((statement.ended - statement.started) * 1000)
            entry: Json = {
                "query_id": one,
                "is_final": time.time() > statement.ended + HISTORY_LAG,
                "status": "FINISHED" if statement.state == "SUCCEEDED" else statement.state,
                "query_text": statement.sql,
                "query_tags": statement.tags,
                "duration": int((statement.ended - statement.sent) * 1000),
            }
            if query.get("include_metrics") == ["true"]:
                entry["metrics"] = {
                    "total_time_ms": entry["duration"],
                    "compilation_time_ms": 0,
                    "execution_time_ms": milliseconds,
                    "read_bytes": self.engine.bytes_read(one),
                }
            found.append(entry)
        return {"res": found, "has_next_page": False}

    def grant(self, form: dict[str, list[str]], header: str) -> Json:
        """OAuth: a client's secret, or GitHub's word for who the job is."""
        kind = form.get("grant_type", [""])[0]
        if kind == "client_credentials":
            given = base64.b64decode(header.removeprefix("Basic ")).decode()
            known = given == ":".join(CLIENT)
        else:
            known = form.get("subject_token") == [GITHUB_TOKEN] and form.get("client_id") == [CLIENT[0]]
        if not known:
            raise HttpError(401, "invalid_client", "Client authentication failed")
        token, seconds = f"oauth-{uuid.uuid4()}", self.option("token_seconds", 3600)
        self.tokens[token] = time.time() + seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": "all-apis"}

    def cancel(self, statement_id: str) -> Json:
        statement = self.known(statement_id)
        if not statement.done.is_set():
            statement.cancelled = True
            threading.Thread(target=self.stop, args=(statement,), daemon=True).start()
        return {}

    def stop(self, statement: Statement) -> None:
        """Spark stops jobs that have begun; a statement may be about to begin one."""
        while not statement.done.wait(0.1):
            self.engine.cancel(statement.id)

    def known(self, statement_id: str) -> Statement:
        if statement_id not in self.statements:
            raise HttpError(404, "NOT_FOUND", f"The statement {statement_id} was not found.")
        return self.statements[statement_id]


class Handler(BaseHTTPRequestHandler):
    workspace: Workspace
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            status, body = 200, self._routed(content)
        except HttpError as err:
            oauth = err.code == "invalid_client"
            status = err.status
            body = (
                {"error": err.code, "error_description": str(err)}
                if oauth
                else {"error_code": err.code, "message": str(err)}
            )
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _routed(self, content: str) -> Json:
        place, header = urlsplit(self.path), self.headers.get("Authorization", "")
        workspace, query, path = self.workspace, parse_qs(place.query), place.path
        if path.startswith("/_test/"):
            return self._tested(path.removeprefix("/_test/"), content)
        workspace.requests.append(f"{self.command} {path}")
        if path == "/.well-known/databricks-config":
            return {"oidc_endpoint": f"{workspace.address}/oidc", "workspace_id": "1", "account_id": "tests"}
        if path == "/oidc/.well-known/oauth-authorization-server":
            return {"authorization_endpoint": f"{workspace.address}/oidc/v1/authorize", "token_endpoint": f"{workspace.address}/oidc/v1/token"}  # fmt: skip  # noqa: E501
        if path == "/oidc/v1/token":
            return workspace.grant(parse_qs(content), header)
        if path == "/github/token":
            if header != f"Bearer {GITHUB_REQUEST_TOKEN}":
                raise HttpError(401, "UNAUTHENTICATED", "no")
            return {"value": GITHUB_TOKEN}
        workspace.authorized(header)
        parts = path.removeprefix("/api/2.0/sql/").strip("/").split("/")
        match (self.command, *parts):
            case ("POST", "statements"):
                return workspace.send(json.loads(content))
            case ("GET", "statements", one):
                return workspace.told(workspace.known(one))
            case ("GET", "statements", one, "result", "chunks", index):
                return workspace.chunk(workspace.known(one), int(index))
            case ("POST", "statements", one, "cancel"):
                return workspace.cancel(one)
            case ("GET", "history", "queries"):
                return workspace.history(query)
            case _:
                raise HttpError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {path}'")

    def _tested(self, what: str, content: str) -> Json:
        workspace = self.workspace
        match what:
            case "options":
                workspace.options = json.loads(content)
                workspace.requests.clear()
            case "production":
                try:
                    workspace.engine.run("production", json.loads(content)["sql"])
                except RefusedError as err:
                    raise HttpError(400, "BAD_REQUEST", str(err)) from err
            case "requests":
                return {"requests": workspace.requests}
            case "revoke":
                workspace.tokens = dict.fromkeys(workspace.tokens, 0.0)
            case "statements":
                return {
                    "statements": [
                        {"sql": one.sql, "state": one.state, "tags": one.tags} for one in workspace.statements.values()
                    ]
                }
            case _:
                raise HttpError(404, "ENDPOINT_NOT_FOUND", what)
        return {}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jars", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    workspace = Workspace(Engine(arguments.jars, arguments.folder))
    Handler.workspace = workspace
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    workspace.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{workspace.address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    workspace.engine.spark.stop()
    workspace.pool.shutdown(wait=False, cancel_futures=True)


if __name__ == "__main__":
    main()
