"""The statements that build a model (docs/rocky-format.md, 3), as text in the query's own dialect.

Every one of them writes exactly the target it is given; what is read is a query that has passed the guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rocky_action.domain.project import DeleteInsert, Merge, Relation, TimeInterval
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import Query
from rocky_action.sql.quoting import quote, relation


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
    """MERGE by key; ``columns`` are the query's own, all of which are updated unless the strategy names some."""
    keys = [quote(column, query.dialect) for column in strategy.unique_key]
    on = " AND ".join(f"t.{key} = s.{key}" for key in keys)
    updated = strategy.update_columns if strategy.update_columns is not None else columns
    sets = ", ".join(f"{name} = s.{name}" for name in (quote(column, query.dialect) for column in updated))
    return (
        f"MERGE INTO {relation(target, query.dialect)} AS t USING ({query.text}) AS s ON {on}"
        f" WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT *"
    )


def delete_insert(target: Relation, query: Query, *, strategy: DeleteInsert) -> list[str]:
    """Delete the partitions that the query returns, then append. Rows whose partition is NULL are never deleted."""
    columns = ", ".join(quote(column, query.dialect) for column in strategy.partition_by)
    left = f"({columns})" if len(strategy.partition_by) > 1 else columns
    incoming = f"(SELECT DISTINCT {columns} FROM ({query.text}) AS _rocky_incoming)"
    return [f"DELETE FROM {relation(target, query.dialect)} WHERE {left} IN {incoming}", append(target, query)]


def replace_window(target: Relation, query: Query, *, strategy: TimeInterval, window: Window) -> list[str]:
    """Delete one window of time and append the query's rows for it."""
    column = quote(strategy.time_column, query.dialect)
    between = f"{column} >= '{window.start:%Y-%m-%d %H:%M:%S}' AND {column} < '{window.end:%Y-%m-%d %H:%M:%S}'"
    return [f"DELETE FROM {relation(target, query.dialect)} WHERE {between}", append(target, query)]


def newest(target: Relation, column: str, *, now: datetime, dialect: str) -> str:
    """The newest value of a time column that does not lie in the future, as a timestamp."""
    moment = f"CAST({quote(column, dialect)} AS TIMESTAMP)"
    return f"SELECT max({moment}) FROM {relation(target, dialect)} WHERE {moment} <= '{now:%Y-%m-%d %H:%M:%S}'"
