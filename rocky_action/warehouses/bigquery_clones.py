"""Which copy of a relation is the cheapest that BigQuery can make, and what to say where it is not the cheapest."""

from __future__ import annotations

from dataclasses import dataclass

from google.cloud.bigquery import Table

from rocky_action.domain.execution import CloneMethod
from rocky_action.domain.project import Relation
from rocky_action.sql.quoting import relation

_DIALECT = "bigquery"
_STORED = frozenset({"TABLE", "SNAPSHOT"})
_NAMES = {"VIEW": "a view", "MATERIALIZED_VIEW": "a materialized view", "EXTERNAL": "an external table"}


@dataclass(frozen=True)
class Way:
    """One statement that makes the copy. ``because`` says why nothing cheaper would do, as far as is known before."""

    method: CloneMethod
    sql: str
    because: str | None = None


def ways(found: Table, source: Relation, *, target: Relation, writable: bool) -> tuple[Way, ...]:
    """What to try, cheapest first; each is for where BigQuery refuses the one before.

    A table is cloned, which copies no data, or copied, which is free and stores it twice. What has no storage of its
    own is a view, unless somebody will write to it. Where a copy of a table would leave rows out, all are read.
    """
    there, here = relation(target, _DIALECT), relation(source, _DIALECT)
    read = f"CREATE OR REPLACE TABLE {there} AS SELECT * FROM {here}"
    if found.table_type not in _STORED:
        if writable:
            kind = _NAMES.get(found.table_type, f"of type {found.table_type}")
            return (Way(CloneMethod.CTAS, read, f"{source} is {kind} and has no storage that could be cloned"),)
        return (Way(CloneMethod.VIEW, f"CREATE OR REPLACE VIEW {there} AS SELECT * FROM {here}"),)
    lost = _lost(found)
    if found.streaming_buffer is not None:
        because = f"rows that were streamed into {source} a short time ago are in no clone and no copy of it"
        return (Way(CloneMethod.CTAS, read, because + lost),)
    return (
        Way(CloneMethod.TABLE_CLONE, f"CREATE OR REPLACE TABLE {there} CLONE {here}"),
        Way(CloneMethod.TABLE_COPY, f"CREATE OR REPLACE TABLE {there} COPY {here}"),
        Way(CloneMethod.CTAS, read, lost.removeprefix("; ") or None),
    )


def _lost(found: Table) -> str:
    """What a table that is made from a query does not have any more; clones and copies keep it."""
    parts = []
    if found.time_partitioning is not None or found.range_partitioning is not None:
        parts.append("partitioned")
    if found.clustering_fields:
        parts.append("clustered")
    return f"; it is not {' and '.join(parts)} any more" if parts else ""
