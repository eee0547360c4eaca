"""The statements that build a model (FORMAT section 3), as text in the warehouse's dialect.

Every one of them writes exactly the target it is given; what is read is a query that has passed the guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from rocky_action.domain.project import DeleteInsert, Merge, Relation, TimeInterval
from rocky_action.sql.intervals import Window
from rocky_action.sql.parse import Query
from rocky_action.sql.quoting import quote, relation


def text(query: Query, dialect: str) -> str:
    """A query as SQL, without its comments."""
    assert query.dialect == dialect  # noqa: S101  a site has one dialect; text is not translated on its way
    return query.text


def create_table(target: Relation, query: Query, dialect: str) -> str:
    """CREATE OR REPLACE TABLE ... AS query."""
    return f"CREATE OR REPLACE TABLE {relation(target, dialect)} AS {text(query, dialect)}"


def create_view(target: Relation, query: Query, dialect: str) -> str:
    """CREATE OR REPLACE VIEW ... AS query."""
    return f"CREATE OR REPLACE VIEW {relation(target, dialect)} AS {text(query, dialect)}"


def append(target: Relation, query: Query, dialect: str) -> str:
    """INSERT by position, as Rocky does."""
    return f"INSERT INTO {relation(target, dialect)} {text(query, dialect)}"


def merge(target: Relation, query: Query, strategy: Merge, columns: Sequence[str], dialect: str) -> str:
    """MERGE by key; ``columns`` are the query's own, all of which are updated unless the strategy names some."""
    keys = [quote(column, dialect) for column in strategy.unique_key]
    on = " AND ".join(f"t.{key} = s.{key}" for key in keys)
    updated = strategy.update_columns if strategy.update_columns is not None else columns
    sets = ", ".join(f"{name} = s.{name}" for name in (quote(column, dialect) for column in updated))
    return (
        f"MERGE INTO {relation(target, dialect)} AS t USING ({text(query, dialect)}) AS s ON {on}"
        f" WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT *"
    )


def delete_insert(target: Relation, query: Query, strategy: DeleteInsert, dialect: str) -> list[str]:
    """Delete the partitions that the query returns, then append. Rows whose partition is NULL are never deleted."""
    columns = ", ".join(quote(column, dialect) for column in strategy.partition_by)
    left = f"({columns})" if len(strategy.partition_by) > 1 else columns
    incoming = f"(SELECT DISTINCT {columns} FROM ({text(query, dialect)}) AS _rocky_incoming)"
    return [f"DELETE FROM {relation(target, dialect)} WHERE {left} IN {incoming}", append(target, query, dialect)]


def replace_window(target: Relation, query: Query, strategy: TimeInterval, window: Window, dialect: str) -> list[str]:
    """Delete one window of time and append the query's rows for it."""
    column = quote(strategy.time_column, dialect)
    between = f"{column} >= '{window.start:%Y-%m-%d %H:%M:%S}' AND {column} < '{window.end:%Y-%m-%d %H:%M:%S}'"
    return [f"DELETE FROM {relation(target, dialect)} WHERE {between}", append(target, query, dialect)]


def newest(target: Relation, column: str, dialect: str) -> str:
    """The newest value of a time column, as a timestamp."""
    return f"SELECT max(CAST({quote(column, dialect)} AS TIMESTAMP)) FROM {relation(target, dialect)}"
