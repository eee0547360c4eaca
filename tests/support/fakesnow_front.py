"""fakesnow's server with what the connector's fifth version needs of one, and what Snowflake has and fakesnow lacks.

Run by the Python that has fakesnow (`build/fakesnow`), never imported: `python fakesnow_front.py`; it prints its port.
"""

# mypy: ignore-errors
# Neither fakesnow nor its sqlglot and DuckDB are where the rest of the tests runs.
from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlencode

import duckdb
import fakesnow.arrow
import fakesnow.server
import pyarrow as pa
import sqlglot
import uvicorn
from fakesnow import info_schema, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.rowtype import duckdb_to_sf_type
from fakesnow.server import app as fakesnow_app
from fakesnow.server import sessions
from snowflake_roles import OWNER, Refused, Roles
from sqlglot import exp

_CANCEL_ALL = re.compile(r"\s*SELECT\s+SYSTEM\$CANCEL_ALL_QUERIES\((\d+)\)\s*", re.IGNORECASE)
_FIRST = 4711
_MACROS = ("m_d5_number_lower64(x) AS ('0x' || right(md5(x), 16))::UBIGINT::DECIMAL(20, 0)",)
_roles = Roles()
_users: dict[str, tuple[str, str]] = {}
"""Each session's role, which is called as its user is, and database."""
_numbers: dict[str, int] = {}
_doors: dict[str, asyncio.Lock] = {}
_stopped: dict[str, str] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Logins and statements are ours to see; all else is fakesnow's."""
    place = scope.get("path") if scope["type"] == "http" else None
    if place == "/session/v1/login-request":
        await _answer(send, await _login(scope, receive))
    elif place == "/queries/v1/query-request":
        await _answer(send, await _query(scope, receive))
    else:
        await fakesnow_app(scope, receive, send)


async def _asked(scope: dict[str, Any], receive: Any) -> dict[str, Any]:
    """fakesnow's answer to a request."""
    parts: list[dict[str, Any]] = []

    async def keep(message: dict[str, Any]) -> None:
        parts.append(message)

    with suppress(Exception):  # of which it has made an answer, before it lets the server know as well
        await fakesnow_app(scope, receive, keep)
    text = b"".join(part.get("body", b"") for part in parts[1:]).decode()
    if parts[0]["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:  # the connector would ask five times more
        return _refusal("000001", f"fakesnow: {text[:2000]}")
    return dict(json.loads(text))


async def _login(scope: dict[str, Any], receive: Any) -> dict[str, Any]:
    """A database or a warehouse that the role may not use is left out without a word."""
    raw, body = await _received(scope, receive)
    role = body["data"]["LOGIN_NAME"].upper()
    wanted = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    for key, kind in (("databaseName", "DATABASE"), ("warehouse", "WAREHOUSE")):
        if key in wanted and not _roles.may_use(role, kind, wanted[key]):
            del wanted[key]
    found = await _asked({**scope, "query_string": urlencode(wanted).encode()}, _again(raw))
    return _logged_in(found, role, wanted) if found["success"] else found


def _logged_in(found: dict[str, Any], role: str, wanted: dict[str, str]) -> dict[str, Any]:
    token = found["data"]["token"]
    _numbers[token] = _FIRST + len(_numbers)
    _users[token] = role, wanted.get("databaseName", "")
    warehouse = f"'{wanted['warehouse']}'" if "warehouse" in wanted else "NULL::VARCHAR"
    nowhere = () if "databaseName" in wanted else ("current_database() AS NULL::VARCHAR",)
    for macro in (*_MACROS, f"current_warehouse() AS {warehouse}", *nowhere):
        sessions[token]._duck_conn.execute(f"CREATE TEMP MACRO {macro}")
    found["data"] |= {
        "masterToken": f"master-{token}",
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "sessionId": _numbers[token],
    }
    found["data"]["sessionInfo"] |= {"warehouseName": wanted.get("warehouse"), "roleName": role}
    return found


async def _received(scope: dict[str, Any], receive: Any) -> tuple[bytes, dict[str, Any]]:
    """What a request brings, and what it says."""
    raw = b""
    while True:
        message = await receive()
        raw += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = _headers(scope)
    return raw, json.loads(gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw)


def _headers(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in scope["headers"]}


def _again(raw: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


async def _query(scope: dict[str, Any], receive: Any) -> dict[str, Any]:
    raw, body = await _received(scope, receive)
    token = _headers(scope)["authorization"][17:-1]
    if cancel := _CANCEL_ALL.fullmatch(body["sqlText"]):
        return _cancelled(int(cancel[1]))
    role, database = _users[token]
    try:
        if role == OWNER and _roles.administer(body["sqlText"]):
            return {"success": True, "data": _one_text("Statement executed successfully.")}
        if (grants := _roles.shown(role, body["sqlText"])) is not None:
            return {"success": True, "data": _texts(("privilege", "granted_on", "name", "grantee_name"), grants)}
        statement = _roles.check(role, body["sqlText"], database=database)
    except Refused as refused:
        return _refusal(refused.code, refused.message, refused.state)
    limit = (body.get("parameters") or {}).get("STATEMENT_TIMEOUT_IN_SECONDS")
    async with _doors.setdefault(token, asyncio.Lock()):  # fakesnow's sessions are for one statement at a time
        timer = asyncio.get_running_loop().call_later(float(limit), _stop, token, _timed_out(limit)) if limit else None
        try:
            found = await _asked(scope, _again(raw))
        finally:
            if timer:
                timer.cancel()
    if (why := _stopped.pop(token, None)) and not found["success"]:
        return _refusal(*json.loads(why))
    if statement is not None and found["success"] and not body.get("describeOnly"):
        _roles.note(role, statement, database=database)
    return found


def _timed_out(limit: object) -> str:
    said = f"Statement reached its statement or warehouse timeout of {limit} second(s) and was canceled."
    return json.dumps(["000630", said, "57014"])


def _stop(token: str, why: str) -> None:
    if token in sessions:
        _stopped[token] = why
        sessions[token]._duck_conn.interrupt()


def _cancelled(number: int) -> dict[str, Any]:
    for token, session in _numbers.items():
        door = _doors.get(token)
        if session == number and door is not None and door.locked():
            _stop(token, json.dumps(["000604", "SQL execution canceled", "57014"]))
    return {"success": True, "data": _one_text("done")}


def _one_text(value: str) -> dict[str, Any]:
    return _texts(("S",), [(value,)])


def _texts(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> dict[str, Any]:
    column = {"type": "text", "length": 100, "byteLength": 400, "nullable": True, "precision": None, "scale": None}
    return {
        "rowtype": [{"name": name, **column} for name in names],
        "rowset": [list(row) for row in rows],
        "total": len(rows),
        "returned": len(rows),
        "queryId": "00000000-0000-0000-0000-000000000001",
        "queryResultFormat": "json",
        "statementTypeId": 0x1000,
        "parameters": [],
    }


def _refusal(code: str, message: str, state: str = "42000") -> dict[str, Any]:
    return {"success": False, "code": code, "message": message, "data": {"errorCode": code, "sqlState": state}}


async def _answer(send: Any, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _timestamps(ts: Any) -> pa.Array:
    """fakesnow's, but NULL is a NULL: the connector refuses one inside a struct that says it has none."""
    made = _as_struct(ts)
    parts = [part.fill_null(0) for part in made.flatten()]
    whole = ts.combine_chunks() if isinstance(ts, pa.ChunkedArray) else ts
    return pa.StructArray.from_arrays(parts, fields=list(made.type), mask=whole.is_null())


def _arrays(table: pa.Table, rowtype: list[dict[str, Any]]) -> pa.Table:
    """fakesnow's, but what holds lists only is an ARRAY, as in Snowflake, and no VARIANT."""
    for column, facts in zip(table.columns, rowtype, strict=True):
        values = [value for value in column.to_pylist() if value is not None] if facts["type"] == "variant" else []
        if values and all(str(value).startswith("[") for value in values):
            facts["type"] = "array"
    return _as_snowflake(table, rowtype)


def _clone(expression: exp.Expr) -> exp.Expr:
    """fakesnow's, but OR REPLACE is not forgotten."""
    made = _cloned(expression)
    if made is not expression:
        made.set("replace", expression.args.get("replace"))
    return made


def _transformed(self: FakeSnowflakeCursor, expression: exp.Expr, params: Any) -> exp.Expr:
    """fakesnow's, but whole sums stay whole (DuckDB hands a HUGEINT over as a DOUBLE), and lists are JSON."""
    made = _transform(self, expression, params)
    if not isinstance(made, exp.Query) or made.args.get("seed") or made.find(exp.Placeholder):
        return made
    sql = made.sql("duckdb")
    try:
        described = self._duck_conn.execute(f"DESCRIBE {sql}").fetchall()
    except duckdb.Error:
        return made  # which says so when it is run
    if not any(_is_odd(row[1]) for row in described):
        return made
    places = [f"p{place}" for place in range(len(described))]
    cells = ", ".join(_cast(place, row[0], row[1]) for place, row in zip(places, described, strict=True))
    return sqlglot.parse_one(f"SELECT {cells} FROM ({sql}) AS odd({', '.join(places)})", read="duckdb")


def _is_odd(kind: str) -> bool:
    return kind in _WIDE or kind.endswith("[]")


def _cast(place: str, column: str, kind: str) -> str:
    value = place
    if kind in _WIDE:
        value = f"CAST({place} AS DECIMAL(38, 0))"
    elif kind.endswith("[]"):
        whole = kind == "HUGEINT[]" or kind.endswith(",0)[]")
        value = f"TO_JSON(CAST({place} AS {'BIGINT[]' if whole else kind}))"
    return f"{value} AS {exp.to_identifier(column, quoted=True).sql('duckdb')}"


_WIDE = frozenset({"HUGEINT", "UHUGEINT", "UBIGINT"})
_VIEWS = """
UNION ALL BY NAME
select database_name AS "TABLE_CATALOG", schema_name AS "TABLE_SCHEMA", view_name AS "TABLE_NAME",
    'VIEW' AS "TABLE_TYPE", NULL::BIGINT AS "ROW_COUNT", NULL::INTEGER AS "BYTES", 'NO' AS "IS_TRANSIENT"
from duckdb_views() where not internal and database_name = '${catalog}' and schema_name <> '_fs_information_schema'
"""
_as_struct = fakesnow.arrow.timestamp_to_sf_struct
_as_snowflake = fakesnow.arrow.to_sf
_cloned = transforms.create_clone
_transform = FakeSnowflakeCursor._transform
fakesnow.arrow.timestamp_to_sf_struct = _timestamps
fakesnow.server.to_sf = _arrays
transforms.create_clone = _clone
transforms.numeric_agg_implicit_cast = lambda expression: expression  # it makes every SUM one of doubles
transforms.extract_text_length = lambda expression: expression  # kept in a second database: no transaction takes it
FakeSnowflakeCursor._transform = _transformed
info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template.rstrip().rstrip(";") + _VIEWS
)
duckdb_to_sf_type.update(
    dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "UINTEGER"), "fixed"), FLOAT="real"
)

if __name__ == "__main__":
    door = socket.create_server(("127.0.0.1", 0))  # whoever reads the port can connect at once
    sys.stdout.write(f"{door.getsockname()[1]}\n")
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on, and a full pipe would stop the server
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[door])
