"""The statements that build a model (docs/rocky-format.md, 3), as text in the query's own dialect.

Every one of them writes exactly the target it is given; what is read is a query that has passed the guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rocky_action.domain.diff import Column
from rocky_action.domain.project import DeleteInsert, Merge, Relation
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import Query
from rocky_action.sql.quoting import quote, relation

_WITHOUT_ZONE = {
    "bigquery": "DATETIME",
    "databricks": "TIMESTAMP_NTZ",
    "duckdb": "TIMESTAMP",
    "snowflake": "TIMESTAMP_NTZ",
}
"""The type of a moment that is what a clock shows, by dialect: what the boundary of a partition is."""
_MOMENTS = frozenset({"DATETIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"})


def create_table(target: Relation, query: str, *, dialect: str) -> str:
    """CREATE OR REPLACE TABLE ... AS query."""
    return f"CREATE OR REPLACE TABLE {relation(target, dialect)} AS {query}"


def create_view(target: Relation, query: str, *, dialect: str) -> str:
    """CREATE OR REPLACE VIEW ... AS query."""
    return f"CREATE OR REPLACE VIEW {relation(target, dialect)} AS {query}"


def append(target: Relation, query: Query) -> str:
    """INSERT by position, as Rocky does."""
    return f"INSERT INTO {relation(target, query.dialect)} {query.text}"


def merge(target: Relation, query: Query, *, strategy: Merge, columns: Sequence[str]) -> str:
    """MERGE by key; ``columns`` are the query's own, all of which are updated unless the strategy names some.

    What is set is named without the target's alias, the one form that all four document.
    """
    updated = strategy.update_columns if strategy.update_columns is not None else columns
    sets = ", ".join(f"{name} = s.{name}" for name in _quoted(updated, query))
    return (
        f"{_merge_head(target, query, source=query.text, keys=strategy.unique_key)}"
        f" WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT {_whole_row(columns, query)}"
    )


def _whole_row(columns: Sequence[str], query: Query) -> str:
    """What INSERT puts in for a new row: all of it. Rocky leaves the keys out on Snowflake, which has no short form."""
    match query.dialect:
        case "snowflake":
            names = _quoted(columns, query)
            return f"({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
        case "bigquery":
            return "ROW"
        case _:
            return "*"


def delete_insert(target: Relation, query: Query, *, strategy: DeleteInsert) -> list[str]:
    """Delete the partitions that the query returns, then append. Rows whose partition is NULL are never deleted.

    Databricks takes neither a query within a query nor several columns in the condition of a DELETE, and BigQuery no
    list of columns there: a MERGE that only deletes does the same.
    """
    columns = ", ".join(_quoted(strategy.partition_by, query))
    if query.dialect in ("bigquery", "databricks"):
        incoming = f"SELECT DISTINCT {columns} FROM ({query.text}) AS _rocky_incoming"
        gone = f"{_merge_head(target, query, source=incoming, keys=strategy.partition_by)} WHEN MATCHED THEN DELETE"
    else:
        left = f"({columns})" if len(strategy.partition_by) > 1 else columns
        incoming = f"(SELECT DISTINCT {columns} FROM ({query.text}) AS _rocky_incoming)"
        gone = f"DELETE FROM {relation(target, query.dialect)} WHERE {left} IN {incoming}"
    return [gone, append(target, query)]


def replace_window(target: Relation, query: Query, *, column: Column, window: Window) -> list[str]:
    """Replace one window of time by the query's rows for it; ``column`` is the target's, by which rows are in it."""
    name = quote(column.name, query.dialect)
    start, end = (_moment(end, column, dialect=query.dialect) for end in (window.start, window.end))
    between = f"{name} >= {start} AND {name} < {end}"
    if query.dialect == "databricks":
        return [f"INSERT INTO {relation(target, query.dialect)} REPLACE WHERE {between} {query.text}"]
    return [f"DELETE FROM {relation(target, query.dialect)} WHERE {between}", append(target, query)]


def newest(target: Relation, column: Column, *, now: datetime, dialect: str) -> str:
    """The newest value of a time column that does not lie in the future, as a moment without a zone."""
    name, kind = quote(column.name, dialect), _WITHOUT_ZONE[dialect]
    table, limit = relation(target, dialect), _moment(now, column, dialect=dialect)
    if dialect == "duckdb":  # which does not compare a column of text by time unless it is told to
        return f"SELECT max(CAST({name} AS {kind})) FROM {table} WHERE CAST({name} AS {kind}) <= {limit}"
    return f"SELECT CAST(max({name}) AS {kind}) FROM {table} WHERE {name} <= {limit}"


def _merge_head(target: Relation, query: Query, *, source: str, keys: Sequence[str]) -> str:
    on = " AND ".join(f"t.{key} = s.{key}" for key in _quoted(keys, query))
    return f"MERGE INTO {relation(target, query.dialect)} AS t USING ({source}) AS s ON {on}"


def _quoted(names: Sequence[str], query: Query) -> list[str]:
    return [quote(name, query.dialect) for name in names]


def _moment(moment: datetime, column: Column, *, dialect: str) -> str:
    """A literal that compares with a column as the column's own type.

    A text is what Rocky compares with; BigQuery does not read one with a time of day as a DATE.
    """
    text, kind = f"'{moment:%Y-%m-%d %H:%M:%S}'", column.type.upper().partition("(")[0].strip()
    if dialect == "duckdb":
        return text
    if kind == "DATE":
        return f"DATE '{moment:%Y-%m-%d}'"
    if kind not in _MOMENTS:
        return text
    return f"CAST({text} AS {kind})" if dialect == "snowflake" else f"{kind} {text}"
