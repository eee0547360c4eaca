"""What statements took and would take, as Snowflake itself says: query history by query id, and EXPLAIN."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from snowflake.connector import errors

from rocky_action.domain.project import Relation
from rocky_action.domain.usage import NO_USAGE, Usage
from rocky_action.sql.quoting import relation, text_literal
from rocky_action.warehouses.snowflake_sessions import Done, Session, Sessions

_DIALECT = "snowflake"
_WAITS = (0.0, 0.3, 1.0)
"""Seconds before each look: history knows a statement at once as a rule, and is not worth a longer wait."""
_HISTORY_ROWS = 1000


@dataclass(frozen=True)
class Recorded:
    """What history says about one statement: milliseconds of execution, and bytes that were scanned."""

    milliseconds: int | None
    bytes_scanned: int | None


def usage_of(done: Sequence[Done], session: Session, *, sessions: Sessions, catalog: str, model: str | None) -> Usage:
    """What statements of one session took together; one look at its history for all of them.

    History is not asked when no model is to be billed. What it does not say is None, but for the duration, which then
    is the time that we waited. Credits are always None: a warehouse is billed for the time that it runs, whoever uses
    it, and Snowflake divides that among statements only hours later.
    """
    recorded = _recorded([one.query_id for one in done], session, sessions=sessions, catalog=catalog) if model else {}
    usage = NO_USAGE
    for one in done:
        said = recorded.get(one.query_id, Recorded(None, None))
        waited = math.ceil(one.seconds * 1000)
        usage = usage.plus(
            Usage(
                duration_ms=waited if said.milliseconds is None else said.milliseconds,
                rows=one.written,
                bytes_scanned=said.bytes_scanned,
            )
        )
    return usage


def bytes_assigned(explained: object) -> int | None:
    """The bytes of the micro-partitions that a query would read, by EXPLAIN USING JSON; None if there are none.

    Pruning while it runs may make it less. Without micro-partitions (external and hybrid tables) it says 0, which is
    not to be taken for an answer.
    """
    try:
        stats = json.loads(str(explained))["GlobalStats"]
        partitions, size = stats["partitionsTotal"], stats["bytesAssigned"]
    except (ValueError, KeyError, TypeError):
        return None
    return size if isinstance(size, int) and partitions else None


def _recorded(ids: Sequence[str], session: Session, *, sessions: Sessions, catalog: str) -> dict[str, Recorded]:
    history = relation(Relation(catalog, "INFORMATION_SCHEMA", "QUERY_HISTORY_BY_SESSION"), _DIALECT)
    wanted = ", ".join(text_literal(one, _DIALECT) for one in ids)
    sql = (
        f"SELECT QUERY_ID, EXECUTION_TIME, BYTES_SCANNED FROM TABLE({history}(RESULT_LIMIT => {_HISTORY_ROWS}))"
        f" WHERE QUERY_ID IN ({wanted}) AND END_TIME IS NOT NULL"
    )
    found: dict[str, Recorded] = {}
    for wait in _WAITS:
        time.sleep(wait)
        try:
            rows = sessions.run(session, sql).rows
        except errors.Error:
            return found  # the statements have run all the same; what they took stays unknown
        found = {str(name): Recorded(_whole(spent), _whole(scanned)) for name, spent, scanned in rows}
        if len(found) == len(set(ids)):
            break
    return found


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
