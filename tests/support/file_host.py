"""The host on which GitHub keeps files: it knows no token, and gives a file to whoever has its address."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.support.serving import running

SIGNED = "/artifacts/{}?sig=signed"


@dataclass(frozen=True)
class Served:
    """What is at an address. Content that is sent several ``times`` does not say how long it is."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


class FileHost:
    """Starts on entering. ``asked`` are the headers of each request, names in lower case; ``sent`` counts bytes."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[Mapping[str, str]] = []
        self.sent = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._open.enter_context(running(self._http))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def keep(self, name: str, served: Served) -> str:
        """Puts something there; its address."""
        path = SIGNED.format(name)
        self.files[path] = served
        return f"{self.url}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append({name.lower(): value for name, value in self.headers.items()})
                served = host.files.get(self.path, Served(b"<?xml version='1.0'?><Error/>", 403))
                self.send_response(served.status)
                for name, value in served.headers.items():
                    self.send_header(name, value)
                if served.times == 1:
                    self.send_header("Content-Length", str(len(served.content)))
                self.end_headers()
                with suppress(ConnectionError):  # who has had enough hangs up
                    for _ in range(served.times):
                        self.wfile.write(served.content)
                        host.sent += len(served.content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                return

        return Handler
