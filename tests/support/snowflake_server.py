"""A loopback stand-in for Snowflake's own protocol, for what no imitation of the engine can show: refusals, delays,
session expiry, query history. It answers by rules that a test gives, and remembers every request.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PLACE = "SELECT CURRENT_DATABASE(), CURRENT_WAREHOUSE()"
_PLACES = ("databaseName", "warehouseName")
_TEXT = {"length": 100, "byteLength": 400}


@dataclass(frozen=True)
class Table:
    """A result: columns as (name, Snowflake's type, further facts), values as Snowflake writes them, text or None."""

    columns: Sequence[tuple[str, str, Mapping[str, int]]]
    rows: Sequence[Sequence[str | None]] = ()
    kind: int = 0x1000
    stats: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Refusal:
    """Snowflake's answer to a statement that it does not run."""

    code: str
    message: str
    state: str = "42000"


@dataclass(frozen=True)
class Asked:
    """One statement as it was sent. ``session`` counts the logins before it."""

    sql: str
    parameters: Mapping[str, object]
    session: int
    describe: bool


Answer = Table | Refusal
DONE = Table([("status", "text", _TEXT)], [["Statement executed successfully."]], kind=0x4000)


@dataclass
class Account:
    """What the server knows. ``answer`` is asked for every statement; ``refuses_login`` is the reason, if any."""

    answer: Callable[[Asked], Answer]
    refuses_login: Refusal | None = None
    session: Mapping[str, object] = field(
        default_factory=lambda: {"databaseName": "SHOP", "warehouseName": "PREVIEW_WH", "roleName": "PREVIEWER"}
    )
    asked: list[Asked] = field(default_factory=list)
    logins: list[Mapping[str, object]] = field(default_factory=list)
    expired: set[int] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    port: int = 0

    @property
    def statements(self) -> list[str]:
        """What was run, in order, without what was only described."""
        return [one.sql for one in self.asked if not one.describe]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account: Account

    def setup(self) -> None:
        super().setup()
        self.account.connections.append(self.connection)

    def do_POST(self) -> None:
        place = urlsplit(self.path)
        self.account.paths.append(place.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw or b"{}")
        match place.path:
            case "/session/v1/login-request":
                self._reply(self._login(body["data"]))
            case "/queries/v1/query-request":
                self._reply(self._query(body))
            case "/session" if "delete" in parse_qs(place.query):
                self._reply({"success": True, "data": None})
            case "/session/token-request":
                self._reply(
                    _refused(Refusal("390114", "Authentication token has expired. The user must authenticate again."))
                )
            case _:
                self._reply({"success": True, "data": None})

    def do_GET(self) -> None:
        self.account.paths.append(urlsplit(self.path).path)
        self._reply({"success": True, "data": {"queries": []}})

    def _login(self, data: Mapping[str, object]) -> Mapping[str, object]:
        account = self.account
        account.logins.append(data)
        if account.refuses_login is not None:
            return _refused(account.refuses_login)
        number = len(account.logins)
        return {
            "success": True,
            "data": {
                "token": f"session-{number}",
                "masterToken": f"master-{number}",
                "validityInSeconds": 3600,
                "masterValidityInSeconds": 14400,
                "sessionId": 4000 + number,
                "serverVersion": "9.38.0",
                "parameters": [
                    {"name": "AUTOCOMMIT", "value": True},
                    {"name": "CLIENT_TELEMETRY_ENABLED", "value": False},
                ],
                "sessionInfo": dict(account.session),
            },
        }

    def _query(self, body: Mapping[str, object]) -> Mapping[str, object]:
        account = self.account
        number = int(self.headers["Authorization"].split("session-")[1].rstrip('"'))
        if number in account.expired:
            return _refused(Refusal("390114", "Authentication token has expired. The user must authenticate again."))
        parameters = body.get("parameters") or {}
        assert isinstance(parameters, Mapping)
        if body["sqlText"] == PLACE:
            place = [str(account.session[key]) if account.session[key] else None for key in _PLACES]
            return {
                "success": True,
                "data": _described(Table([("D", "text", _TEXT), ("W", "text", _TEXT)], [place]), 0),
            }
        asked = Asked(str(body["sqlText"]), dict(parameters), number, bool(body.get("describeOnly")))
        account.asked.append(asked)
        answer = account.answer(asked)
        if isinstance(answer, Refusal):
            return _refused(answer, query=True)
        return {"success": True, "data": _described(answer, len(account.asked), describe=asked.describe)}

    def _reply(self, document: Mapping[str, object]) -> None:
        text = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is for failures."""


def _described(answer: Table, number: int, *, describe: bool = False) -> dict[str, object]:
    facts = {"nullable": True, "length": None, "precision": None, "scale": None}
    described: dict[str, object] = {
        "rowtype": [{"name": name, "type": kind, **facts, **more} for name, kind, more in answer.columns],
        "rowset": [] if describe else [list(row) for row in answer.rows],
        "total": len(answer.rows),
        "returned": len(answer.rows),
        "queryId": query_id(number),
        "queryResultFormat": "json",
        "statementTypeId": answer.kind,
        "parameters": [],
    }
    return described | ({} if answer.stats is None else {"stats": dict(answer.stats)})


def query_id(number: int) -> str:
    """The id of the number-th statement, counted from 1."""
    return str(uuid.UUID(int=number))


def _refused(why: Refusal, *, query: bool = False) -> Mapping[str, object]:
    data = {"errorCode": why.code, "sqlState": why.state, "queryId": query_id(0)} if query else {}
    return {"success": False, "code": why.code, "message": why.message, "data": data}


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[Account]:
    """A server on a port of its own, stopped at the end."""
    account = Account(answer)
    handler = type("Handler", (_Handler,), {"account": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    account.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        for connection in account.connections:  # the driver keeps its own open, and their threads would wait on
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
        thread.join()
