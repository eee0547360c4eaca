"""What can go wrong around a run on a real DuckDB: production is untouched, the page is honest, the next run is clean.

Faults come in through the ports: a warehouse that refuses, a disk that is full, a clock that is wrong.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from rocky_action import documents
from rocky_action.domain.diff import NotCompared
from rocky_action.domain.options import PreviewOptions
from rocky_action.domain.report import Verdict
from rocky_action.errors import OutsideError, WarehouseError
from rocky_action.state import WarehouseRecords, open_records, read_records
from rocky_action.warehouses.duckdb import open_duckdb
from rocky_action.wire.report import report_json
from tests.support.faults import MARKER, PLAIN, Outcome, Watched, run
from tests.support.golden import check_golden
from tests.support.previews import NOW, Lab, Spec, open_lab, production, untouched

BASE: dict[str, Spec] = {
    "orders": "SELECT * FROM raw.orders",
    "totals": "SELECT kind, count(*) AS n FROM orders GROUP BY kind ORDER BY kind",
}
HEAD = BASE | {"orders": "SELECT * FROM raw.orders WHERE id <> 3"}
TOTALS = (
    "CREATE OR REPLACE TABLE main.totals AS SELECT kind, count(*) AS n FROM main.orders GROUP BY kind ORDER BY kind"
)
SETUP = (
    "CREATE SCHEMA raw",
    "CREATE TABLE raw.orders AS SELECT i AS id, 'k' || i % 3 AS kind, i * 10 AS amount FROM range(500) AS t(i)",
    "CREATE TABLE main.orders AS FROM raw.orders",
    TOTALS,
)
ENDLESS = "SELECT 'k1' AS kind, count(*) AS n FROM range(1000000000) AS a, range(1000000) AS b"


@contextmanager
def opened(folder: Path, memory_limit: str | None = None) -> Iterator[Lab]:
    with open_lab(folder, *SETUP, memory_limit=memory_limit) as lab:
        yield lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with opened(tmp_path) as made:
        yield made


def hurried(seconds: float) -> PreviewOptions:
    return replace(PLAIN, run=replace(PLAIN.run, timeout_seconds=seconds))


def clean(lab: Lab) -> None:
    """The next run finds nothing in its way, and leaves nothing but its preview."""
    with untouched(lab.database.connection):
        found = run(lab, BASE, HEAD)
    assert found.report is not None, found.error
    assert found.report.verdict is Verdict.CHANGED
    assert lab.names("branch__x") == {"orders", "totals"}
    leased(lab)


def leased(lab: Lab) -> None:
    """Whatever preview schema there is, a lease names it."""
    records = read_records(lab.database)
    known = {schema for lease in records.leases() for schema in lease.schemas} if records else set()
    assert set(lab.database.schemas("branch__")) <= known


def survived(lab: Lab, name: str, head: dict[str, Spec], asked: PreviewOptions = PLAIN) -> Outcome:
    """A run with a fault in it: its page is the golden one, production is untouched, the next run is clean."""
    with untouched(lab.database.connection):
        found = run(lab, BASE, head, asked=asked)
    check_golden(f"fault_{name}.md", found.shown)
    leased(lab)
    clean(lab)
    return found


# Too little memory, too little disk, too little time


@pytest.mark.slow
def test_memory_is_exhausted(tmp_path: Path) -> None:
    greedy = "SELECT 'k1' AS kind, list(range) AS n FROM range(9000000)"
    with opened(tmp_path, memory_limit="40MB") as lab:
        survived(lab, "memory", HEAD | {"totals": greedy})


@pytest.mark.slow
def test_there_is_no_room_for_temporary_files(tmp_path: Path) -> None:
    with open_lab(tmp_path, *SETUP, memory_limit="40MB", allowed=None) as lab:  # not locked yet
        lab.sql("SET max_temp_directory_size = '1MB'")
        sorted_ = "SELECT o.id, a.range AS n, hash(a.range) AS h FROM orders AS o, range(40000) AS a ORDER BY h"
        survived(lab, "temporary_files", HEAD | {"totals": sorted_})


def test_the_disk_is_full(lab: Lab) -> None:
    """The database's file may not grow by more than 600 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = production(lab.database.connection, identity=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (lab.path.stat().st_size + 600_000, hard))
    try:
        large = "SELECT o.id, a.range AS n, hash(a.range, o.id) AS h FROM orders AS o, range(20000) AS a"
        found = run(lab, BASE, HEAD | {"totals": large})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    check_golden("fault_disk_full.md", found.shown)
    lab.database.close()  # the next run opens the file anew
    again = Lab(open_duckdb(lab.path), lab.path)
    assert production(again.database.connection, identity=False) == before
    clean(again)
    again.database.close()


def test_a_model_never_ends(lab: Lab) -> None:
    survived(lab, "endless_model", HEAD | {"totals": ENDLESS}, hurried(1.0))


@pytest.mark.slow
def test_a_table_of_a_billion_rows(lab: Lab) -> None:
    survived(lab, "billion_rows", HEAD | {"totals": "SELECT range AS n FROM range(20000000000)"}, hurried(1.0))


@pytest.mark.slow
def test_a_view_of_a_billion_rows_is_not_copied_for_ever(lab: Lab) -> None:
    """It is built in no time; to compare it, it would have to be read."""
    view = ("SELECT range AS n, 'k' AS kind FROM range(20000000000)", '[strategy]\ntype = "view"\n')
    found = survived(lab, "billion_rows_view", HEAD | {"totals": view}, hurried(1.0))
    assert found.report is not None
    diff = found.report.diff_of("totals")
    assert diff is not None
    assert isinstance(diff.coverage, NotCompared)
    assert found.report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("size", [3_000_000, pytest.param(100_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("keyed", [True, False])
def test_a_huge_value_is_neither_fetched_nor_shown(lab: Lab, size: int, keyed: bool) -> None:
    key = "id" if keyed else "id > 5 AS id"
    body = f"repeat(chr(65 + i::INT), {size})"
    lab.sql(f"CREATE TABLE raw.big AS SELECT i AS id, {body} AS body FROM range(2) AS t(i)")
    lab.sql(f"CREATE TABLE main.big AS SELECT {key}, body FROM raw.big")
    with untouched(lab.database.connection):
        found = run(
            lab,
            {"big": f"SELECT {key}, body FROM raw.big"},
            {"big": f"SELECT {key}, body || 'x' AS body FROM raw.big"},
        )
    assert found.report is not None
    (diff,) = found.report.diffs
    assert (diff.rows.changed or 0) + (diff.rows.added or 0) == 2
    assert len(report_json(found.report)) < 60_000
    cells = {value for row in diff.rows.examples for cell in row.cells for value in (cell.base, cell.head) if value}
    assert "characters, MD5" in "".join(cells)
    assert max(map(len, cells)) < 2_100


# A warehouse that goes away


class Cut:
    """Refuses the statement ``at`` and, with ``for_good``, everything after it."""

    def __init__(self, at: int, *, for_good: bool) -> None:
        self.at, self.for_good, self.seen = at, for_good, 0

    def __call__(self, sql: str) -> None:
        self.seen += 1
        if self.seen == self.at or (self.for_good and self.seen > self.at):
            raise WarehouseError("the network is gone", advice="Look after the network, and run it again.")

    @property
    def happened(self) -> bool:
        return self.seen >= self.at


def cut_off(lab: Lab, at: int, *, for_good: bool) -> bool:
    """One run that is cut off there; whether it was long enough."""
    cut = Cut(at, for_good=for_good)
    with untouched(lab.database.connection):
        found = run(lab, BASE, HEAD, warehouse=Watched.of(lab.database, cut))
    leased(lab)
    if found.report is None:
        assert "nothing is known" in found.page
        return cut.happened
    assert not (for_good and cut.happened), "what nobody could finish is not reported as done"
    complete = found.report.verdict is Verdict.CHANGED
    for diff in found.report.diffs:
        if complete:
            assert (diff.rows.removed, diff.rows.changed) == ((1, 0) if diff.model == "orders" else (0, 1))
    return cut.happened


@pytest.mark.parametrize("for_good", [True, False])
def test_the_network_is_cut(lab: Lab, for_good: bool) -> None:
    for at in (12, 60):
        assert cut_off(lab, at, for_good=for_good)
    clean(lab)


@pytest.mark.slow
@pytest.mark.parametrize("for_good", [True, False])
def test_the_network_is_cut_at_every_statement(lab: Lab, for_good: bool) -> None:
    points = next(at for at in count(1) if not cut_off(lab, at, for_good=for_good))
    assert points > 60
    clean(lab)


def test_what_a_cut_looks_like(lab: Lab) -> None:
    gone = run(lab, BASE, HEAD, warehouse=Watched.of(lab.database, Cut(40, for_good=True)))
    check_golden("fault_network.md", gone.shown)

    def refuse(sql: str) -> None:
        if "FULL JOIN" in sql:
            raise WarehouseError("the network is gone", advice="")

    once = run(lab, BASE, HEAD, warehouse=Watched.of(lab.database, refuse))
    check_golden("fault_comparison_refused.md", once.shown)
    clean(lab)


# Somebody else writes to production meanwhile

OTHERS = {
    "dropped": "DROP TABLE main.totals",
    "recreated": "CREATE OR REPLACE TABLE main.totals AS SELECT 'k9' AS kind, 1 AS n, 2 AS more",
    "emptied": "DELETE FROM main.totals",
}


def interfered(lab: Lab, statement: str, at: int) -> bool:
    """Somebody does it before the statement ``at`` that is about the table; whether there was one."""
    seen = 0

    def before(sql: str) -> None:
        nonlocal seen
        seen += "totals" in sql
        if seen == at:
            seen += 1_000
            lab.sql(statement)

    found = run(lab, BASE, HEAD, warehouse=Watched.of(lab.database, before))
    assert found.report is not None, found.error
    diff = found.report.diff_of("totals")
    assert diff is not None
    if not isinstance(diff.coverage, NotCompared) and found.report.verdict is Verdict.CHANGED:
        rows = diff.rows
        assert (rows.rows_base or 0) + (rows.added or 0) - (rows.removed or 0) == rows.rows_head
    return seen >= 1_000


@pytest.mark.parametrize("how", OTHERS)
@pytest.mark.parametrize("points", [(9,), pytest.param(range(1, 40, 3), marks=pytest.mark.slow)])
def test_the_base_table_changes_during_the_run(lab: Lab, how: str, points: Iterable[int]) -> None:
    for at in points:
        lab.sql(TOTALS)
        if not interfered(lab, OTHERS[how], at):
            break
    lab.sql(TOTALS)
    clean(lab)


# A state schema that is not what it was

STATES = {
    "a lease that is garbage": (
        "INSERT INTO rocky_preview.leases VALUES ('x', 'no json', 'c', now(), now(), 't')",
        "INSERT INTO rocky_preview.leases VALUES ('x', NULL, NULL, NULL, NULL, NULL)",
        "INSERT INTO rocky_preview.leases VALUES ('../..', '[[\"shop\", \"raw\"]]', 'c', now(), now(), 't')",
    ),
    "a run that is garbage": ("INSERT INTO rocky_preview.runs (run_id, name, execution) VALUES ('r', 'x', '{broken')",),
    "a figure that is garbage": (
        "INSERT INTO rocky_preview.model_runs (run_id, model, side, duration_ms) VALUES ('r', 'orders', 'no', -5)",
        "INSERT INTO rocky_preview.model_runs (run_id) VALUES (NULL)",
    ),
    "tables that are gone": ("DROP TABLE rocky_preview.runs", "DROP TABLE rocky_preview.leases"),
}


@pytest.mark.parametrize("what", STATES)
def test_the_state_is_damaged_and_a_run_can_live_with_it(lab: Lab, what: str) -> None:
    run(lab, BASE, HEAD)
    lab.sql(*STATES[what])
    clean(lab)


DAMAGES = {
    "leases": "name INTEGER, schemas INTEGER, head_commit BLOB, written_at VARCHAR, expires_at VARCHAR",
    "model_runs": "run_id VARCHAR, finished_at VARCHAR, model INTEGER",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_the_state_is_damaged_and_a_run_says_what_to_do(lab: Lab, name: str) -> None:
    run(lab, BASE, HEAD)
    lab.sql(f"CREATE OR REPLACE TABLE rocky_preview.{name} ({DAMAGES[name]})")
    with untouched(lab.database.connection):
        found = run(lab, BASE, HEAD)
    assert found.error is not None
    assert "the tables of the schema rocky_preview cannot be used" in found.error.message
    check_golden(f"fault_state_{name}.md", found.shown)
    lab.sql(f"DROP TABLE rocky_preview.{name}")  # as the page says
    clean(lab)


# Clocks


@pytest.mark.parametrize("days", [-20_000, 400])
def test_a_clock_that_is_wrong_breaks_no_lease_but_its_own(lab: Lab, days: int) -> None:
    """A run by such a clock is swept too early or too late by others, and never is anything else."""
    records = open_records(lab.database)
    assert isinstance(records, WarehouseRecords)
    clean(lab)
    with untouched(lab.database.connection):
        wrong = run(lab, BASE, HEAD, asked=replace(PLAIN, name="y"), now=NOW + timedelta(days=days))
    assert wrong.report is not None, wrong.error
    assert wrong.report.verdict is Verdict.CHANGED
    due = {lease.name for lease in records.leases() if lease.expires_at <= NOW + timedelta(hours=1)}
    assert due == ({"y"} if days < 0 else set())
    clean(lab)


# The output folder


@pytest.fixture
def page(lab: Lab) -> dict[str, str]:
    found = run(lab, BASE, HEAD)
    assert found.report is not None
    return dict(documents.all_documents(found.report, marker=MARKER))


def test_a_half_written_folder_is_replaced(page: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "report.json").write_text('{"verdict": "unch')
    (folder / ".comment.md.draft").write_text("### No data cha")
    documents.write_documents(folder, page)
    assert {path.name: path.read_text() for path in folder.iterdir()} == page


def test_a_disk_that_fills_up_leaves_no_half_document(
    page: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    documents.write_documents(folder, dict.fromkeys(page, "old\n"))
    real, written = Path.write_text, count(1)

    def full(path: Path, text: str, **how: str) -> int:
        if next(written) == 3:
            real(path, text[:10], **how)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutsideError, match="cannot be written: No space left"):
        documents.write_documents(folder, page)
    for name, text in page.items():
        assert (folder / name).read_text() in {"old\n", text}


def test_a_folder_in_the_place_of_a_document(page: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "out" / "comment.md").mkdir(parents=True)
    with pytest.raises(OutsideError, match="cannot be written"):
        documents.write_documents(tmp_path / "out", page)
