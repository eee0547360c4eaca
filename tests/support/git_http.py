"""git over HTTP on this machine: git's own server program behind a check of the Authorization header."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.serving import running


@dataclass
class GitServer:
    """``url`` is the server's, ``authorizations`` the headers of each request it got."""

    url: str
    authorizations: list[list[str]] = field(default_factory=list)


@contextmanager
def git_server(
    folder: Path, environ: Mapping[str, str], *, authorization: str, certificate: Path | None = None
) -> Iterator[GitServer]:
    """Serves the repositories below ``folder``; like GitHub it refuses two Authorization headers in one request.

    ``certificate`` is a file with a certificate and its key: with it the server speaks HTTPS.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes) -> None:
            given = self.headers.get_all("Authorization") or []
            served.authorizations.append(given)
            if given != [authorization]:
                code = 400 if len(given) > 1 else 401
                self.send_response(code)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            cgi = {
                **environ,
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "someone",
            }
            done = subprocess.run(["git", "http-backend"], env=cgi, input=body, capture_output=True, check=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
            status = next((value for name, value in fields if name == "Status"), "200")
            self.send_response(int(status.split()[0]))
            for name, value in fields:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Says nothing: the test's own failure is what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = GitServer(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}")
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with running(server):
        yield served
