"""A small BigQuery on the loopback: its REST API as Google's client uses it, its SQL on DuckDB.

What it is faithful in: resources, jobs, paging, labels, dry runs, scripts and transactions, locations, permissions, and
what BigQuery refuses. What it is not: no value of FARM_FINGERPRINT is BigQuery's, only different for different texts;
BIGNUMERIC has the digits of 38 and 9; a number in JSON may have a zero more behind its point.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.bigquery_engine import stored_bytes
from tests.support.bigquery_refusal import Refused, not_found
from tests.support.bigquery_roles import Access, Account
from tests.support.bigquery_shelf import Dataset, Shelf, Stored
from tests.support.bigquery_work import Job, Works
from tests.support.serving import running

_ROOT = "/bigquery/v2/projects/"
_ADMIN = Account("admin@example.com", everywhere=True)


@dataclass(frozen=True)
class Request:
    """One request, taken apart. ``names`` are what stands in the path where the route has a place for it."""

    names: tuple[str, ...]
    asked: Mapping[str, str]
    body: Mapping[str, Any]
    account: Account


@dataclass
class Server:
    """The fake. ``page`` is how many rows it sends at once, whatever is asked for; ``seen`` are its requests.

    ``lost`` is how many of the next jobs are started without an answer.
    """

    shelf: Shelf
    access: Access
    works: Works
    page: int = 1000
    seen: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    lost: int = 0
    url: str = ""

    def run(self, sql: str, *, project: str, location: str) -> list[Mapping[str, Any]]:
        """Runs a text with every right there is; raises Refused. For tests, not over HTTP."""
        name = f"admin_{len(self.works.jobs)}"
        job = self.works.insert(Job(project, name, location, {"query": {"query": sql}}, _ADMIN))
        job.done.wait()
        if job.error is not None:
            raise job.error
        return list(job.outcome.rows or ()) if job.outcome is not None else []

    def answer(self, method: str, path: str, *, request: Callable[[tuple[str, ...]], Request]) -> Mapping[str, Any]:
        for verb, pattern, handle in _ROUTES:
            matched = re.fullmatch(pattern, path)
            if verb == method and matched is not None:
                return handle(self, request(matched.groups()))
        raise not_found(f"{method} {path}")


def _insert_job(server: Server, request: Request) -> Mapping[str, Any]:
    (project,) = request.names
    server.access.on_project(request.account, "bigquery.jobs.create", project=project)
    reference = request.body["jobReference"]
    location = reference.get("location") or "US"
    job = Job(project, reference["jobId"], location, request.body["configuration"], request.account)
    return server.works.insert(job).resource()


def _get_job(server: Server, request: Request) -> Mapping[str, Any]:
    return server.works.find(request.names[1], location=request.asked.get("location")).resource()


def _cancel_job(server: Server, request: Request) -> Mapping[str, Any]:
    job = server.works.find(request.names[1], location=request.asked.get("location"))
    job.cancel("User requested cancellation")
    return {"job": job.resource()}


def _list_jobs(server: Server, request: Request) -> Mapping[str, Any]:
    server.access.on_project(request.account, "bigquery.jobs.list", project=request.names[0])
    parent = server.works.find(request.asked["parentJobId"])
    return {"jobs": [child.resource() for child in parent.children]}


def _results(server: Server, request: Request) -> Mapping[str, Any]:
    job = server.works.find(request.names[1], location=request.asked.get("location"))
    job.done.wait(int(request.asked.get("timeoutMs", "10000")) / 1000)
    found: dict[str, Any] = {"jobReference": job.resource()["jobReference"], "jobComplete": job.done.is_set()}
    if not job.done.is_set():
        return found
    if job.error is not None:
        raise job.error
    outcome = job.outcome
    if outcome is None or outcome.rows is None:
        affected = None if outcome is None else outcome.affected
        return found if affected is None else {**found, "numDmlAffectedRows": str(affected)}
    start = int(request.asked.get("pageToken") or request.asked.get("startIndex") or 0)
    end = start + min(server.page, int(request.asked.get("maxResults", server.page)))
    found |= {"schema": {"fields": list(outcome.schema)}, "totalRows": str(len(outcome.rows)), "cacheHit": False}
    rows = [_in_seconds(row, outcome.schema, request) for row in outcome.rows[start:end]]
    return {**found, **({"rows": rows} if rows else {}), **({"pageToken": str(end)} if end < len(outcome.rows) else {})}


def _in_seconds(row: Mapping[str, Any], schema: Any, request: Request) -> Mapping[str, Any]:
    """Moments as whole microseconds only for who asks for them, as BigQuery does it."""
    if request.asked.get("formatOptions.useInt64Timestamp", "").lower() == "true":
        return row
    if any(part["type"] == "TIMESTAMP" for part in schema):
        raise Refused("the fake sends moments only as whole numbers", "invalid")
    return row


def _list_datasets(server: Server, request: Request) -> Mapping[str, Any]:
    (project,) = request.names
    if project not in server.shelf.projects:
        raise not_found(f"Project {project}")
    mine = [
        dataset.resource()
        for dataset in list(server.shelf.datasets.values())
        if dataset.project == project
        and server.access.allows(request.account, "bigquery.datasets.get", project=project, dataset=dataset.name)
    ]
    start = int(request.asked.get("pageToken") or 0)
    rest = {"nextPageToken": str(start + server.page)} if start + server.page < len(mine) else {}
    return {"datasets": mine[start : start + server.page], **rest}


def _insert_dataset(server: Server, request: Request) -> Mapping[str, Any]:
    (project,) = request.names
    server.access.on_project(request.account, "bigquery.datasets.create", project=project)
    for key, value in request.body.get("labels", {}).items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", value):
            raise Refused(f"Label {key}={value} is not valid", "invalid")
    expiration = request.body.get("defaultTableExpirationMs")
    dataset = Dataset(
        project,
        request.body["datasetReference"]["datasetId"],
        request.body.get("location", "US"),
        request.body.get("labels", {}),
        None if expiration is None else int(expiration),
    )
    server.shelf.add_dataset(dataset)
    server.access.owns(request.account, project=project, dataset=dataset.name)
    return dataset.resource()


def _get_dataset(server: Server, request: Request) -> Mapping[str, Any]:
    project, name = request.names
    server.access.on_dataset(request.account, "bigquery.datasets.get", project=project, dataset=name)
    return server.shelf.dataset(project, name).resource()


def _delete_dataset(server: Server, request: Request) -> Mapping[str, Any]:
    project, name = request.names
    dataset = server.shelf.dataset(project, name)
    server.access.on_dataset(request.account, "bigquery.datasets.delete", project=project, dataset=name)
    if dataset.tables and request.asked.get("deleteContents", "").lower() != "true":
        raise Refused(f"Dataset {project}:{name} is still in use", "resourceInUse")
    del server.shelf.datasets[project, name]
    return {}


def _get_table(server: Server, request: Request) -> Mapping[str, Any]:
    path = (request.names[0], request.names[1], request.names[2])
    dataset = server.shelf.dataset(path[0], path[1])
    server.access.on_table(request.account, "bigquery.tables.get", path=path)
    stored = server.shelf.table(path)
    found: dict[str, Any] = {
        "kind": "bigquery#table",
        "tableReference": dict(zip(("projectId", "datasetId", "tableId"), path, strict=True)),
        "type": stored.kind,
        "schema": {"fields": [dict(part) for part in stored.schema]},
        "location": dataset.location,
        **stored.partitioning,
    }
    return {**found, **_more(server, stored)}


def _more(server: Server, stored: Stored) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if stored.storage:
        rows, size = stored_bytes(stored, server.works.database.cursor())
        found |= {"numRows": str(rows), "numBytes": str(size)}
    if stored.clustering:
        found["clustering"] = {"fields": list(stored.clustering)}
    if stored.query:
        found["view"] = {"query": stored.query, "useLegacySql": False}
    if stored.expires is not None:
        found["expirationTime"] = str(stored.expires)
    if stored.streaming:
        found["streamingBuffer"] = {"estimatedRows": "1", "estimatedBytes": "8"}
    return found


def _delete_table(server: Server, request: Request) -> Mapping[str, Any]:
    path = (request.names[0], request.names[1], request.names[2])
    server.access.on_table(request.account, "bigquery.tables.delete", path=path)
    server.shelf.table(path)
    del server.shelf.dataset(path[0], path[1]).tables[path[2]]
    return {}


def _test_permissions(server: Server, request: Request) -> Mapping[str, Any]:
    """Those of the permissions that the caller has; of a table that is not there, only who may see so is told."""
    path = (request.names[0], request.names[1], request.names[2])
    held = [
        one
        for one in request.body["permissions"]
        if server.access.allows(request.account, one, project=path[0], dataset=path[1])
    ]
    try:
        server.shelf.table(path)
    except Refused:
        if not server.access.allows(request.account, "bigquery.tables.get", project=path[0], dataset=path[1]):
            return {}
        raise
    return {"permissions": held} if held else {}


def _refusal(err: Refused) -> Mapping[str, Any]:
    return {"error": {"code": err.status, "message": err.message, "errors": [err.proto()], "status": err.reason}}


_NAME = "([^/]+)"
_ROUTES: tuple[tuple[str, str, Callable[[Server, Request], Mapping[str, Any]]], ...] = (
    ("POST", f"{_ROOT}{_NAME}/jobs", _insert_job),
    ("GET", f"{_ROOT}{_NAME}/jobs", _list_jobs),
    ("GET", f"{_ROOT}{_NAME}/jobs/{_NAME}", _get_job),
    ("POST", f"{_ROOT}{_NAME}/jobs/{_NAME}/cancel", _cancel_job),
    ("GET", f"{_ROOT}{_NAME}/queries/{_NAME}", _results),
    ("GET", f"{_ROOT}{_NAME}/datasets", _list_datasets),
    ("POST", f"{_ROOT}{_NAME}/datasets", _insert_dataset),
    ("GET", f"{_ROOT}{_NAME}/datasets/{_NAME}", _get_dataset),
    ("DELETE", f"{_ROOT}{_NAME}/datasets/{_NAME}", _delete_dataset),
    ("GET", f"{_ROOT}{_NAME}/datasets/{_NAME}/tables/{_NAME}", _get_table),
    ("DELETE", f"{_ROOT}{_NAME}/datasets/{_NAME}/tables/{_NAME}", _delete_table),
    ("POST", f"{_ROOT}{_NAME}/datasets/{_NAME}/tables/([^/:]+):testIamPermissions", _test_permissions),
)


@contextmanager
def serving(accounts: Mapping[str, Account], projects: set[str]) -> Iterator[Server]:
    """A server on a port of its own, until the end of the block."""
    shelf, access = Shelf(projects=projects), Access(accounts)
    server = Server(shelf, access, Works.opened(shelf, access))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
            """Says nothing."""

        def _answer(self) -> None:
            split = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(split.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            server.seen.append((self.command, split.path, body))
            status, found = 400, _refusal(Refused("the fake itself has failed", "invalid"))
            try:
                account = access.account(self.headers.get("Authorization"))
                found = server.answer(
                    self.command, split.path, request=lambda names: Request(names, asked, body, account)
                )
                status = 200
            except Refused as err:
                status, found = err.status, _refusal(err)
            finally:
                work = split.path.endswith("/jobs") and "configuration" in body
                if server.lost and work and not body["configuration"].get("dryRun"):  # done, and nobody hears of it
                    server.lost -= 1
                    self.close_connection = True
                else:
                    self._send(status, found)

        def _send(self, status: int, found: Mapping[str, Any]) -> None:
            sent = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  as the base class wants them

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    with running(http):
        try:
            yield server
        finally:
            for job in list(server.works.jobs.values()):
                job.cancel("the server stops")
                job.done.wait()
            server.works.close()
