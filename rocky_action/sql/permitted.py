"""What a model's query may call and read: plain computations over tables, and what somebody has allowed by name.

A pull request is a stranger's SQL with the warehouse's credentials. So this is a list of what is allowed, and what is
on no list is refused. Only queries that are about to run are asked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from rocky_action.domain.permits import Permits
from rocky_action.errors import SqlError
from rocky_action.sql.builtins import builtins_of, nodes
from rocky_action.sql.calls import strange_calls
from rocky_action.sql.guard import condition, does_more
from rocky_action.sql.parse import Query, parse_query
from rocky_action.sql.references import tables

_WAREHOUSE = {"bigquery": "BigQuery", "databricks": "Databricks", "duckdb": "DuckDB", "snowflake": "Snowflake"}
_SPELLED = {
    "DirectoryStage": "DIRECTORY() reads what files a stage holds",
    "Lock": "FOR UPDATE, or FOR SHARE, locks rows of production",
    "QueryTransform": "TRANSFORM ... USING runs a program",
    "SessionParameter": "@@ reads a setting of the warehouse",
}
_ENDING = re.compile(
    r"\.(?:arrow|avro|csv|db|ddb|duckdb|feather|fgb|geojson|gpkg|gz|json|jsonl|kml|lance|ndjson|orc|osm|parquet"
    r"|pbf|shp|sqlite|sqlite3|tsv|txt|vortex|xls|xlsx|zst)$",
    re.IGNORECASE,
)
"""What DuckDB may take for a path where there is no table of such a name; ``data.csv`` without quotes too."""
_PATH = re.compile(r"[/\\:*?]")
FORMATS = frozenset(
    ["avro", "binaryfile", "cloudfiles", "csv", "delta", "deltasharing", "excel", "hudi", "iceberg", "image", "jdbc"]
).union(["json", "kafka", "libsvm", "orc", "parquet", "protobuf", "rate", "sequencefile", "text", "xml"])
"""Databricks reads the files of a path where one of these stands for a schema, or a source's class: a.b.parquet."""
_BEYOND = re.compile(r"[/\\:.#]")
"""What no name of a table or schema has there, and paths, addresses and classes have."""
SETTINGS = frozenset(
    ["duckdb_databases", "duckdb_logs", "pg_prepared_statements", "pg_settings", "pragma_database_list"]
)
"""Views of DuckDB's that are read like tables, and tell what its functions of the same name tell."""
_TEXT_QUOTES = {"bigquery": "'\"", "databricks": "'\"", "snowflake": "'"}
"""What a text is put in; DuckDB takes one that stands where a table should for the table's name."""
SUBSTITUTED = "${"
"""Spark fills something in here before it reads a statement, in a text as well."""
ADVICE = "To allow it: `allow_functions: [{name}]` in rocky-preview.yml, on the base branch."
_FILES_TOO = " What it may read is the input `duckdb_files`."
_PROPOSED = "rocky-preview.yml of this pull request allows it, which counts once it is merged."
_DECLARE = "Declare it under [[sources]] of a sidecar, on the base branch."
_TABLE_ADVICE = "Load it into a table, and read that."


@dataclass(frozen=True)
class Refusal:
    """What in a text is refused and why; ``line`` is where, from 1, None if nobody knows; ``advice`` is what to do."""

    what: str
    line: int | None = None
    advice: str = ""


@dataclass(frozen=True)
class Asked:
    """What a refusal may depend on besides the text.

    ``is_model`` and ``is_source`` say whether a table's name, in its parts, means a model, or a source that base knows;
    ``exists`` whether the warehouse has a relation of that name.
    """

    permits: Permits = Permits()
    is_model: Callable[[exp.Table], bool] = field(default=lambda _: False)
    is_source: Callable[[Sequence[str]], bool] = field(default=lambda _: False)
    exists: Callable[[Sequence[str]], bool] = field(default=lambda _: False)


def refusal_of(query: Query, asked: Asked) -> Refusal | None:
    """The first thing in a query that it may not do, None if there is none."""
    return next(_refusals(query, asked), None)


def call_refusal(name: str, permits: Permits, *, dialect: str) -> tuple[str, str] | None:
    """Why a function may not be called, by its name with all its parts, and what to do about it; None if it may be."""
    name = name.lower()
    last = name.rpartition(".")[2]
    hidden = does_more(last)
    if hidden is not None:
        return hidden, ""
    if name in permits.functions:
        return None
    known = builtins_of(dialect)
    why = known.refusal(name) or known.refusal(last)
    if why is None and (known.has(name) or (dialect == "duckdb" and known.has(last))):
        return None  # DuckDB also writes upper(a) as a.upper()
    whose = _WAREHOUSE.get(dialect, dialect)
    why = why or f"is not known to be one of {whose}'s own functions, so nobody can say what it does"
    advice = (_PROPOSED if name in permits.proposed else ADVICE).format(name=name)
    return f"{name}() {why}", f"{advice}{_FILES_TOO}" if dialect == "duckdb" and "files" in why else advice


def substituted(sql: str) -> Refusal:
    """What is said of a text that Spark would fill something into."""
    line = sql[: sql.find(SUBSTITUTED)].count("\n") + 1
    return Refusal("${...} is replaced by a setting, or by a variable of the environment", line)


def is_like_file(name: str, *, anything: bool) -> bool:
    """Whether DuckDB may take a name for a file; with ``anything`` what only could be part of a path counts as one."""
    return "://" in name or _ENDING.search(name) is not None or (anything and _PATH.search(name) is not None)


def _is_path(*parts: str) -> bool:
    """Whether Databricks can only take a name's last part for a path, or its first for a class that reads one."""
    return not re.fullmatch(r"\w+", parts[-1]) or _BEYOND.search(parts[0]) is not None


def _is_of_files(parts: Sequence[str]) -> bool:
    return any(_BEYOND.search(part) for part in parts) or (len(parts) == 2 and parts[0].lower() in FORMATS)


def _refusals(query: Query, asked: Asked) -> Iterator[Refusal]:
    for node in query.tree.walk():
        found = _refused(node, query, asked=asked)
        if found is not None:
            what, advice = found
            yield Refusal(what, _line(node), advice)
    yield from _unseen(query, asked.permits)
    if query.dialect == "databricks" and SUBSTITUTED in query.text:
        yield substituted(query.sql)
    for table in tables(query):
        found = _refused_table(table, query, asked=asked)
        if found is not None:
            what, advice = found
            yield Refusal(what, _line(table), advice)


def _unseen(query: Query, permits: Permits) -> Iterator[Refusal]:
    """Calls that stand in the text and that the tree has lost: sqlglot reads over some things and forgets them."""
    strange = tuple(strange_calls(query.tokens, query.dialect))
    seen = {node.meta.get("start") for node in query.tree.walk()} if strange else set()
    for token, name in strange:
        found = None if token.start in seen else call_refusal(name, permits, dialect=query.dialect)
        if found is not None:
            yield Refusal(found[0], token.line, found[1])


def _refused(node: exp.Expr, query: Query, *, asked: Asked) -> tuple[str, str] | None:
    """Why a node may not be there and what to do about it, None if it may."""
    kind, allowed = type(node).__name__, nodes()
    if isinstance(node, exp.Table) and not isinstance(node.this, (exp.Identifier, exp.Func, exp.Dot)):
        return f"{node.this.sql(query.dialect)} is no table, and a model reads tables only", _TABLE_ADVICE
    if isinstance(node, exp.Summarize) and isinstance(node.this, exp.Literal):
        return f"{node.this.sql(query.dialect)} is a text and no table, and a model reads tables only", _TABLE_ADVICE
    if isinstance(node, exp.Parameter) and isinstance(node.this, exp.Parameter):
        return _SPELLED["SessionParameter"], ""
    if isinstance(node, exp.Anonymous) and isinstance(node.parent, exp.Hint):
        return None  # REPARTITION(3): advice to the optimizer, in what would else be a comment
    if isinstance(node, exp.Anonymous):
        return call_refusal(_full_name(node, query), asked.permits, dialect=query.dialect)
    if kind in allowed.parts:
        return None
    if kind not in allowed.functions and not (kind in allowed.refused and isinstance(node, exp.Func)):
        return f"{_SPELLED.get(kind, f'it contains {kind.upper()}')}, and a model only reads tables and computes", ""
    name = _full_name(node, query)
    if name in asked.permits.functions and does_more(name) is None:
        return None
    why = allowed.refused.get(kind) or builtins_of(query.dialect).refusal(name)
    if why is not None:
        advice = (_PROPOSED if name in asked.permits.proposed else ADVICE).format(name=name)
        return f"{name}() {why}", advice
    elsewhere = "." in name or name.startswith('"')
    return call_refusal(name, asked.permits, dialect=query.dialect) if elsewhere else None


def _full_name(node: exp.Expr, query: Query) -> str:
    """A function's name as it is written, with all its parts, in lower case and without quotes."""
    start, end = node.meta.get("start"), node.meta.get("end")
    name = query.sql[start : end + 1] if isinstance(start, int) and isinstance(end, int) else ""
    if query.dialect == "snowflake" and name.startswith('"') and name != name.upper():
        pass  # its own functions are in upper case, so this is another one
    elif isinstance(node, exp.Anonymous):
        name = node.name
    else:
        name = name.strip('"`') or (node.sql_names()[0] if isinstance(node, exp.Func) else node.key)
    return ".".join((*_qualifiers(node, query), name)).lower()


def _qualifiers(node: exp.Expr, query: Query) -> list[str]:
    """What stands before a function's name: a schema or the like; a value that it is a method of counts as nothing."""
    parent = node.parent
    if isinstance(parent, exp.NetFunc):
        return ["net"]
    if isinstance(parent, exp.Table) and parent.this is node:
        return [part for part in (parent.catalog, parent.db) if part]
    if not isinstance(parent, exp.Dot) or parent.expression is not node:
        return []
    parts: list[str] = []
    left = parent.this
    while isinstance(left, exp.Dot):
        parts.insert(0, left.expression.name)
        left = left.this
    if not isinstance(left, (exp.Identifier, exp.Column, exp.Var)):
        return [] if query.dialect == "duckdb" else ["?"]
    return [*(part.name for part in left.parts), *parts] if isinstance(left, exp.Column) else [left.name, *parts]


def _refused_table(table: exp.Table, query: Query, *, asked: Asked) -> tuple[str, str] | None:
    """Why a table may not be read and what to do about it, None if it may."""
    if asked.is_model(table):
        return None
    parts = [part.name for part in table.parts]
    name = ".".join(parts)
    start = table.this.meta.get("start")
    if query.dialect != "duckdb" and isinstance(start, int) and query.sql[start] in _TEXT_QUOTES[query.dialect]:
        return f"{name} is a text and no table, and a model reads tables only", _TABLE_ADVICE
    lower = [part.lower() for part in parts]
    if query.dialect == "duckdb":
        if lower[-1] in SETTINGS and (lower[0] == "system" or not asked.exists(parts)):
            return f"{name} tells how this machine, or the database, is set up", ""
        if is_like_file(name, anything=True) and not asked.exists(parts):
            return f"{name} is no table, so DuckDB would take it for a file", _TABLE_ADVICE
    if query.dialect == "databricks" and _is_of_files(parts) and (_is_path(*parts) or not asked.exists(parts)):
        return f"{name} is no table, so Databricks would take it for files", _TABLE_ADVICE
    if asked.permits.strict_sources and not asked.is_source(parts):
        return (
            f"{name} is neither a model nor a source that base declares or reads, and `strict_sources` is on",
            _DECLARE,
        )
    return None


def _line(node: exp.Expr) -> int | None:
    """The line of the query's text that a node is on: its own, else that of what it holds, else of what holds it."""
    within = next((one.meta["line"] for one in node.walk() if "line" in one.meta), None)
    above = node.parent
    while within is None and above is not None:
        within, above = above.meta.get("line"), above.parent
    return within if isinstance(within, int) else None


def permitted_condition(text: str, dialect: str) -> str:
    """A ``where`` that somebody wrote, as one condition that only computes. Raises SqlError.

    It comes from the pull request as well, and nothing is allowed here by name; nor is it asked here which tables may
    be read, so none is.
    """
    checked = condition(text, dialect)
    query = parse_query(f"SELECT 1 WHERE ({checked})", dialect)
    refusal = refusal_of(query, Asked())
    read = next(tables(query), None)
    if refusal is None and read is not None:
        refusal = Refusal(f"it reads {read.sql(dialect)}, and it may only look at the row")
    if refusal is not None:
        raise SqlError(
            f"the condition cannot be used: {refusal.what}", advice="It may only call functions that compute."
        )
    return checked
