"""Texts that nobody thought of, as models: whatever is sent because of one has an allowed shape, and calls no more.

``python -m tests.support.guard_fuzz SECONDS`` does so until the time is up; with atheris, where it is installed
(``pip install atheris``), steered by what the product's own code does with the text, and by chance elsewhere.
"""

from __future__ import annotations

import importlib
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from types import FunctionType

import duckdb

from rocky_action.building import Site, build
from rocky_action.domain.permits import Permits
from rocky_action.domain.project import Adapter, FullRefresh, Incremental, Merge, Model, Project, Relation, View
from rocky_action.sql.builtins import builtins_of
from rocky_action.sql.references import ReadsOf, Targets
from tests.support.grammar_texts import Texts
from tests.support.statement_checker import Recorder, stray, stray_tree

DIALECTS = ("bigquery", "databricks", "duckdb", "snowflake")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
STRATEGIES = (FullRefresh(), View(), Incremental("ts"), Merge(("id",)))
CALLS = [
    "getenv('HOME')",
    "read_text('/etc/passwd')",
    "read_csv('x')",
    "own(1)",
    "a.own(2)",
    "main.getenv('A')",
    "'A'.getenv()",
    "GETENV /**/ ('A')",
    "current_setting('x')",
    "nextval('s')",
    '"getenv"(1)',
    "list_transform([1], lambda x: own(x))",
    "[own(x) FOR x IN l]",
    "{'a': own(1)}",
    "(SELECT own(1))",
    "own(DISTINCT a ORDER BY b)",
    "own(a) OVER (ORDER BY b)",
    "EXISTS (FROM 'x.csv')",
]
SOURCES = [
    "read_csv('x')",
    "glob('*')",
    "query('DELETE FROM t')",
    "'x.csv'",
    '"x.parquet"',
    "data.csv",
    "'https://x/y'",
    "own(1)",
    "x.y.own(1)",
    "@s",
    "'@s'",
    "(SUMMARIZE t)",
    "(DESCRIBE t)",
    "(PIVOT t ON a)",
    "csv.`/x`",
    "TABLE(f(1))",
    "TABLE('t')",
    "IDENTIFIER('t')",
    "LATERAL read_csv('x')",
    "(DELETE FROM t RETURNING *)",
    "duckdb_settings()",
    "duckdb_databases",
    "UNNEST([own(1)])",
    "range(own(1))",
    "[1]",
]
PIECES = [
    "DELETE FROM t",
    "INSERT INTO t VALUES (1)",
    "COPY t TO 'x'",
    "DROP TABLE t",
    "ATTACH 'x'",
    "; DROP TABLE t",
    "INTO t",
    "RETURNING *",
    "->>",
    "WITH x AS (",
    ")",
    "(",
    ",",
    "SELECT",
    "FROM",
    "AS",
    "UNION ALL",
    "WHERE",
    "'",
    '"',
    "`",
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    "E'\\'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "::",
    ".",
    ";",
    "@x",
    "@@x",
    "${x}",
    "?",
    ":=",
    "=>",
    "FOR UPDATE",
    "SYSTEM$WAIT(1)",
    "TRANSFORM(a) USING 'x'",
    "lambda x:",
    "a",
    "t",
    "1",
    "'text'",
    "NULL",
    "FROM 'x.json'",
    "FROM getenv",
    "try(1)",
]


class Hostile(Texts):
    """DuckDB's grammar, with calls in it that no model may make."""

    def operand(self, depth: int) -> str:
        return self.choice.choice(CALLS) if self.choice.random() < 0.06 else super().operand(depth)

    def query(self) -> str:
        text = super().query()
        if self.choice.random() < 0.3:
            text = text.replace(" FROM t", f" FROM {self.choice.choice(SOURCES)} AS t", 1)
        return text


def produced(choice: random.Random) -> str:
    """A query of DuckDB's grammar, or pieces of hostile ones, or one within the other."""
    texts = Hostile(choice)
    kind = choice.randrange(4)
    if kind == 0:
        return texts.query()
    pieces = [choice.choice(choice.choice((PIECES, CALLS, SOURCES))) for _ in range(choice.randrange(1, 9))]
    if kind == 1:
        return f"SELECT {' '.join(pieces)}"
    words = texts.query().split(" ")
    for piece in pieces[: 1 if kind == 2 else 3]:
        at = choice.randrange(len(words) + 1)
        words[at : at + choice.randrange(2)] = [piece]
    return " ".join(words)


def judge(sql: str, dialect: str, *, strategy: object = STRATEGIES[0], connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything is sent because of a text; raises AssertionError for what must not be."""
    recorder = Recorder(dialect)
    assert isinstance(strategy, (FullRefresh, View, Incremental, Merge))
    model = Model("m", "models/m.sql", sql, Relation("shop", "main", "m"), strategy)
    project = Project(".", dialect, Adapter("default", dialect), {"m": model}, ReadsOf({"m": model}, dialect))
    site = Site(
        recorder.adapter,
        project,
        "branch__x",
        {"m": model.target},
        NOW,
        Targets.of(project.models),
        permits=Permits(),
    )
    build(site, model, prior=None)
    for statement in recorder.executed:
        problem = stray(statement, dialect)
        assert problem is None, f"{problem}: {statement}"
        if "it cannot be read here" not in statement and _readable(sql, dialect):
            problem = stray_tree(statement, dialect)
            assert problem is None, f"{problem}: {statement}"
    if dialect == "duckdb":
        for statement in [*recorder.executed, *recorder.asked]:
            for problem in _called(statement, connection):
                raise AssertionError(f"{problem}: {statement}")
    return bool(recorder.executed)


def _readable(sql: str, dialect: str) -> bool:
    from rocky_action.errors import SqlError
    from rocky_action.sql.parse import parse_query

    try:
        parse_query(sql, dialect)
    except SqlError:
        return False
    return True


def _called(statement: str, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What DuckDB itself, by its own parser, would call or read in a statement that it should not."""
    query = re.sub(r'^(?:CREATE OR REPLACE (?:TABLE|VIEW) "shop"."branch__x"."m" AS|INSERT INTO \S+) ', "", statement)
    if query.startswith(("MERGE", "DELETE")):
        return
    try:
        row = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    except duckdb.Error:
        return
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        return  # what DuckDB cannot read it does not run either
    statements = tree["statements"]
    assert isinstance(statements, list)
    assert len(statements) == 1, query
    known = builtins_of("duckdb")
    for node in _nodes(statements):
        name = str(node.get("function_name") or "").lower()
        if name and re.fullmatch(r"\w+", name) and not known.has(name):
            yield f"it calls {name}()"
        if node.get("type") == "BASE_TABLE":
            table = str(node.get("table_name"))
            if any(fnmatchcase(table.lower(), ending) for ending in ("*.csv", "*.parquet", "*.json", "*://*", "/*")):
                yield f"it reads {table}"


def _nodes(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _nodes(one)
    elif isinstance(value, list):
        for one in value:
            yield from _nodes(one)


class _Bytes(random.Random):
    """Chance that is what some bytes say, so that a small change of them is a small change of the text; then zeros."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self.data, self.at = data, 0

    def random(self) -> float:
        return self.getrandbits(16) / 2**16

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        taken = self.data[self.at : self.at + size].ljust(size, b"\0")
        self.at += size
        return int.from_bytes(taken, "big") >> (8 * size - k)


def _steered(seconds: float, one: Callable[[random.Random], None]) -> bool:
    """Fuzzing with atheris until the time is up; False where it is not installed."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        return False
    for name, module in [*sys.modules.items()]:
        if name.startswith("rocky_action.sql"):
            for function in vars(module).values():
                if isinstance(function, FunctionType) and function.__module__ == name:
                    atheris.instrument_func(function)

    def test_one(data: bytes) -> None:
        one(_Bytes(data))

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds:.0f}"], test_one)
    atheris.Fuzz()
    return True


def main() -> None:
    """Says how many texts were judged, and of how many something was sent."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    connection = duckdb.connect()
    sent, seen = 0, 0

    def one(choice: random.Random) -> None:
        nonlocal sent, seen
        sql, dialect = produced(choice), choice.choice(DIALECTS)
        seen += 1
        sent += judge(sql, dialect, strategy=choice.choice(STRATEGIES), connection=connection)

    if not _steered(seconds, one):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            one(random.Random(seen))  # noqa: S311  nothing secret
    sys.stdout.write(f"{seen:,} texts, of {sent:,} something was sent, and all of it has an allowed shape\n")


if __name__ == "__main__":
    main()
