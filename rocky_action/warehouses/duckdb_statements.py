"""How one statement of DuckDB's runs: profiled, interrupted in time, its errors told with advice."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from rocky_action.domain.usage import Usage
from rocky_action.errors import StatementTimeoutError, WarehouseError

OUR_BUG = "Please report it: nothing in a project should be able to lead here."
_LONGER = "Raise --timeout, or make the model cheaper."
_DAMAGED = "The file is damaged; restore it from a copy, or delete it if seeds can make it again."
_ADVICE = {
    "Could not set lock": "Another process has the database open; wait for it to end, or close it, and try again.",
    "not a valid DuckDB": "Check `path` in rocky.toml: the file is not a DuckDB database.",
    "Is a directory": "Check `path` in rocky.toml: it names a folder, and a DuckDB database is a file.",
    "newer version of DuckDB": "Use a release of rocky-preview that ships that version of DuckDB.",
    "storage version number": "Export the database with the DuckDB that wrote it, and import it into a new file.",
    "Corrupt database file": _DAMAGED,
    "Could not read enough bytes": _DAMAGED,
    "Permission denied": "Give the user that runs this the right to read and write the file and its folder.",
    "Read-only file system": "Copy the database to a disk that can be written; a preview is built inside it.",
    "read-only mode": "Only reading was allowed here; nothing was changed.",
    "No space left": "Free some space, or point `path` at a larger disk.",
    "disabled by configuration": "A preview's database is closed to files and to the network. Name what it may read in"
    " the input duckdb_files: docs/warehouses/duckdb.md.",
    "but it exists in the": "A preview loads no extension by itself. Name it in the input duckdb_extensions:"
    " docs/warehouses/duckdb.md.",
    "configuration has been locked": "A preview's database is locked: its settings stay as they are.",
    "File too large": "Free some space, or point `path` at a larger disk.",
    "max_temp_directory_size": "Free some space for temporary files, raise --memory-limit, or make the model cheaper.",
    "Out of Memory Error": "Raise --memory-limit, or make the model cheaper.",
}
"""What DuckDB's message says, in the order of looking, and what to do about it."""


def clocked(cursor: duckdb.DuckDBPyConnection, statement: str, *, timeout: float | None) -> Usage:
    """Runs one statement and says how long it took, by our own clock, and how many rows it has written."""
    with translated(statement), interrupted_after(cursor, timeout):
        kinds = [one.type for one in cursor.extract_statements(statement)]
        if len(kinds) != 1:
            raise WarehouseError(f"refused, as it is not one statement: {statement[:200]}", advice=OUR_BUG)
        started = time.monotonic()
        result = cursor.execute(statement).fetchall()
    milliseconds = math.ceil((time.monotonic() - started) * 1000)
    if kinds == [duckdb.StatementType.MULTI]:  # a PIVOT: DuckDB runs several statements and tells of the last one
        return Usage(milliseconds)
    return Usage(milliseconds, sum(row[0] for row in result if len(row) == 1 and isinstance(row[0], int)))


def profiled(cursor: duckdb.DuckDBPyConnection, statement: str, *, timeout: float | None) -> Usage:
    """Runs one statement and says what it took, by DuckDB's own profiler."""
    usage = clocked(cursor, statement, timeout=timeout)
    if usage.rows is None:
        return usage
    profile = json.loads(cursor.get_profiling_information(format="json"))
    seconds = profile.get("query", {}).get("total_time")
    return Usage(
        duration_ms=None if seconds is None else math.ceil(seconds * 1000),
        rows=usage.rows,
        bytes_scanned=sum(_scanned(operator) for operator in profile.get("operator", [])),
    )


def _scanned(operator: dict[str, object]) -> int:
    """Bytes that table scans handed on, after DuckDB left out columns and row groups that it does not need."""
    children = operator.get("children")
    below = sum(_scanned(child) for child in children) if isinstance(children, list) else 0
    size = operator.get("intermediate_size_bytes")
    return below + (size if isinstance(size, int) and operator.get("type") == "TABLE_SCAN" else 0)


def interrupt(cursor: duckdb.DuckDBPyConnection) -> None:
    """Ends what a cursor runs; one that its own thread has closed by now runs nothing."""
    with suppress(duckdb.ConnectionException):
        cursor.interrupt()


@contextmanager
def interrupted_after(cursor: duckdb.DuckDBPyConnection, timeout: float | None) -> Iterator[None]:
    """Interrupts what a cursor runs after so many seconds, and raises StatementTimeoutError then."""
    if timeout is None:
        yield
        return
    late = threading.Event()

    def end() -> None:
        late.set()
        interrupt(cursor)

    timer = threading.Timer(timeout, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as err:
        if not late.is_set():
            raise
        raise StatementTimeoutError(f"the statement was interrupted after {timeout:g} s", advice=_LONGER) from err
    finally:
        timer.cancel()


@contextmanager
def translated(sql: str, *, advice: str = "") -> Iterator[None]:
    """Turns DuckDB's errors into ours."""
    try:
        with signals_kept():
            yield
    except duckdb.InterruptException as err:
        raise StatementTimeoutError("the statement was interrupted", advice=_LONGER) from err
    except duckdb.Error as err:
        raise WarehouseError(_message(err, sql), advice=advice or advice_for(str(err))) from err


@contextmanager
def signals_kept() -> Iterator[None]:
    """Raises again what the handler of a signal has raised in the main thread, in whose place DuckDB puts its own."""
    try:
        yield
    except RuntimeError as err:
        if str(err) == "Query interrupted":
            raise KeyboardInterrupt from err
        raise


def advice_for(message: str) -> str:
    """What to do about an error, by its message."""
    return next((advice for sign, advice in _ADVICE.items() if sign in message), "")


def _message(err: duckdb.Error, sql: str) -> str:
    """DuckDB's own words without the statement it repeats, which is ours and not the author's."""
    text = str(err).strip().split("\n\nLINE ")[0]
    return text.split("\nLINE ")[0].strip() or f"DuckDB refused: {sql[:80]}"
