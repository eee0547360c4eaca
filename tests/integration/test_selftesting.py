"""The self-test on real DuckDB: a diff that is right passes whatever way it takes, one that is broken is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rocky_action import selftesting
from rocky_action.domain.options import (
    Algorithm,
    AuditOptions,
    DiffOptions,
    ModelOptions,
    PreviewOptions,
    Restraint,
    SampleOrder,
    Tolerance,
)
from rocky_action.domain.project import Relation
from rocky_action.domain.report import Report, Severity, Verdict
from rocky_action.domain.self_test import SelfTestFailed, SelfTestNotDone, SelfTestPassed
from rocky_action.domain.usage import Usage
from rocky_action.errors import WarehouseError
from rocky_action.ports import Row
from rocky_action.rowdiff import by_key, by_value, keyed, multiset, positions
from rocky_action.rowdiff.keyed import JoinCounts
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.sql import planting
from rocky_action.warehouses.duckdb import DuckDB
from rocky_action.wire.report import parse_report, report_json
from tests.integration.test_auditing import audited, production
from tests.support.previews import Lab, open_lab, options
from tests.support.self_tests import DEFAULTS, MODEL, Trial, tried

BASE, HEAD = Relation("shop", "main", MODEL), Relation("shop", "branch__x", MODEL)
ROWS = 40
LARGE = 120_000
"""More rows than are compared as few."""
QUERY = (
    "SELECT i AS id, (i * 10)::DECIMAL(10, 2) AS amount, 'k' || i % 3 AS kind, DATE '2024-01-01' + (i % 99)::INT AS day"
    ", i % 2 = 0 AS paid, 'secret ' || i AS email FROM range({rows}) AS t(i)"
)
ANY, KEYED, WHOLE = ModelOptions(), ModelOptions(key=("id",)), ModelOptions(key=())
ALL = 9
"""A row lost, one more, one twice; four values; NULL and back."""


@dataclass(frozen=True)
class Recorded(DuckDB):
    """A DuckDB that remembers what it was asked, and may spoil answers or refuse."""

    sent: list[str] | None = None
    refused: str = "\0"
    spoil: Callable[[list[Row]], list[Row]] | None = None

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        self._note(sql)
        rows = super().query(sql, timeout=timeout)
        return self.spoil(rows) if self.spoil and "rocky_self_test" in sql else rows

    def execute(self, statements: Sequence[str], *, timeout: float | None = None, model: str | None = None) -> Usage:
        for sql in statements:
            self._note(sql)
        return super().execute(statements, timeout=timeout, model=model)

    def _note(self, sql: str) -> None:
        if self.sent is not None:
            self.sent.append(sql)
        if self.refused in sql:
            raise WarehouseError("Could not convert string 'secret 7' to INT32", advice="")


def recorded(lab: Lab, **how: object) -> Recorded:
    return Recorded(lab.database.connection, lab.database.catalog, lab.database.file, **how)  # type: ignore[arg-type]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, "CREATE SCHEMA branch__x") as made:
        yield made


def fill(lab: Lab, rows: int = ROWS, *, shuffled: bool = False, query: str = QUERY) -> None:
    """The model on both sides, with a difference in one row."""
    told = query.format(rows=rows)
    order = " ORDER BY hash(id)" if shuffled else ""
    lab.sql(
        f"CREATE OR REPLACE TABLE main.{MODEL} AS {told}",
        f"CREATE OR REPLACE TABLE branch__x.{MODEL} AS SELECT * REPLACE (if(id = 3, 'new', kind) AS kind)"
        f" FROM ({told}){order}",
    )


def chosen(own: ModelOptions = ANY, **diff: object) -> PreviewOptions:
    return replace(DEFAULTS, diff=replace(DiffOptions(project=own), **diff))  # type: ignore[arg-type]


def trial(lab: Lab, asked: PreviewOptions = DEFAULTS, warehouse: DuckDB | None = None, **more: object) -> Trial:
    found = tried(warehouse or lab.database, BASE, HEAD, options=asked, **more)  # type: ignore[arg-type]
    assert lab.names("branch__x") == {MODEL}, "what was copied is gone"
    return found


# A diff that is right


@pytest.mark.parametrize(
    ("way", "rows", "shuffled", "asked"),
    [
        ("positions", ROWS, False, chosen(KEYED)),
        ("join", ROWS, True, chosen(KEYED)),
        ("groups", ROWS, True, chosen(WHOLE)),
        ("positions", LARGE, False, chosen(KEYED)),
        ("checksums", LARGE, True, chosen(KEYED)),
        ("positions", LARGE, False, chosen(WHOLE)),
        ("groups", LARGE, True, chosen(WHOLE)),
        ("bisection", LARGE, True, chosen(KEYED, algorithm=Algorithm.BISECTION)),
        ("join", ROWS, True, chosen(KEYED, algorithm=Algorithm.SAMPLED, sample_size=9)),
        ("join", LARGE, True, chosen(KEYED, algorithm=Algorithm.SAMPLED, sample_order=SampleOrder.FIRST)),
    ],
)
def test_every_planted_difference_is_found(
    lab: Lab, way: str, rows: int, shuffled: bool, asked: PreviewOptions
) -> None:
    fill(lab, rows, shuffled=shuffled)
    found = trial(lab, asked)
    assert found.diff.proof.way == way
    assert found.tested == SelfTestPassed(MODEL, ALL)


@pytest.mark.parametrize("own", [KEYED, WHOLE])
def test_few_rows_hold_as_much_as_they_can(lab: Lab, own: ModelOptions) -> None:
    for rows, planted in ((3, 3), (5, 5), (10, 9)):
        fill(lab, rows)
        assert trial(lab, chosen(own)).tested == SelfTestPassed(MODEL, planted)


def test_too_few_rows_show_nothing(lab: Lab) -> None:
    for rows in range(3):
        fill(lab, rows)
        assert isinstance(trial(lab).tested, SelfTestNotDone)


def test_a_key_that_repeats_is_left_out_of_the_copy(lab: Lab) -> None:
    fill(lab)
    lab.sql(*(f"INSERT INTO {place} SELECT * FROM {place} WHERE id < 20" for place in (f"main.{MODEL}", str(HEAD))))
    found = trial(lab, chosen(KEYED))
    assert found.diff.key is not None
    assert not found.diff.key.is_proven
    assert found.tested == SelfTestPassed(MODEL, ALL)


def test_nothing_is_planted_where_a_difference_need_not_count(lab: Lab) -> None:
    fill(lab)
    own = replace(
        KEYED, ignore_columns=("kind", "paid"), tolerances=(("amount", Tolerance(1e9)),), ignore_case=("email",)
    )
    sent: list[str] = []
    found = trial(lab, chosen(own), recorded(lab, sent=sent))
    assert found.tested == SelfTestPassed(MODEL, 7), "email and day, NULL in two columns, three rows"
    planted = " ".join(sql for sql in sent if "rocky_self_test_head" in sql and sql.startswith("CREATE"))
    assert "kind" not in planted
    assert "paid" not in planted
    assert 'coalesce("amount"' in " ".join(sent), "a tolerance does not make NULL equal to a number"


def test_keys_that_may_be_equal_without_looking_so_are_not_trusted_with_it(lab: Lab) -> None:
    fill(lab)
    own = ModelOptions(key=("email",), ignore_case=("email",))
    assert isinstance(trial(lab, chosen(own)).tested, SelfTestNotDone)


def test_no_value_leaves_the_warehouse(lab: Lab) -> None:
    """Every answer about the copies is counts and hashes."""
    fill(lab)
    answers: list[Row] = []

    def keep(rows: list[Row]) -> list[Row]:
        answers.extend(rows)
        return rows

    for own in (KEYED, WHOLE):
        trial(lab, chosen(replace(own, mask_columns=("email",))), recorded(lab, spoil=keep))
    assert answers
    assert "secret" not in repr(answers)


def test_no_model_is_overwritten(lab: Lab) -> None:
    fill(lab)
    names = ("rocky_self_test", "rocky_self_test_head", "ROCKY_SELF_TEST__base")
    head = dict.fromkeys(names, "SELECT 1 AS id")
    lab.sql("CREATE SCHEMA raw", f"CREATE TABLE raw.{MODEL} AS FROM main.{MODEL}")
    production(lab, dict.fromkeys(names, "SELECT 7 AS id"))
    base: Mapping[str, str] = dict.fromkeys(names, "SELECT 7 AS id") | {MODEL: f"SELECT * FROM raw.{MODEL}"}
    found = audited(lab, base, head | {MODEL: f"SELECT * FROM raw.{MODEL} WHERE TRUE"}, chosen=PLAIN)
    assert isinstance(found.report.self_test, SelfTestPassed)
    assert lab.names("branch__x") == {*names, MODEL}
    assert {name: lab.rows(f"branch__x.{name}") for name in names} == {name: [(1,)] for name in names}


# A diff that is broken


def blind_to(values: str) -> Callable[[ColumnPair, str, str], str]:
    """A way to compare two values that never sees a difference of this kind."""

    def differs(pair: ColumnPair, base: str, head: str) -> str:
        left, right = pair.comparand(base), pair.comparand(head)
        if values == "nulls":
            return f"coalesce({left} <> {right}, FALSE)"
        if values == "text" and pair.comparable.textual:
            return "FALSE"
        return "FALSE" if values == "all" else f"({left} IS DISTINCT FROM {right})"

    return differs


def spoilt(counts: JoinCounts, *, added: int = 0, columns: bool = True) -> JoinCounts:
    return replace(counts, added=counts.added - added, columns=counts.columns if columns else ())


BROKEN = [
    ("nulls", ROWS, "changed rows"),
    ("text", ROWS, "changed values in `kind`"),
    ("all", ROWS, "changed rows"),
    ("nulls", LARGE, "changed rows"),
]


@pytest.mark.parametrize(("values", "rows", "said"), BROKEN)
def test_values_that_are_not_compared_are_missed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, values: str, rows: int, said: str
) -> None:
    fill(lab, rows, shuffled=rows == LARGE)
    monkeypatch.setattr(ColumnPair, "differs", blind_to(values))
    failed = trial(lab, chosen(KEYED)).tested
    assert isinstance(failed, SelfTestFailed)
    assert any(wrong.startswith(said) for wrong in failed.wrong), failed


def test_rows_that_are_compared_where_they_stand_only_in_part(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab)
    real = positions.compare_partners

    def first_half(alignment: positions.Alignment, compared: Sequence[ColumnPair]) -> positions.Compared | None:
        found = real(alignment, compared)
        return found and replace(found, changed=0, columns=(), parts=())

    monkeypatch.setattr(by_key, "compare_partners", first_half)
    failed = trial(lab, chosen(KEYED)).tested
    assert isinstance(failed, SelfTestFailed)
    assert failed.planted == ALL - 1, "no row was there twice, or nothing would have been compared in place"


def test_a_checksum_that_is_always_the_same(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab, LARGE, shuffled=True)
    monkeypatch.setattr(DuckDB, "row_hash", lambda *_: "CAST(0 AS BIGINT)")
    assert isinstance(trial(lab, chosen(KEYED)).tested, SelfTestFailed)


def test_a_part_of_a_bisection_that_is_dropped(lab: Lab) -> None:
    """A warehouse whose answers lack their last row."""
    fill(lab, shuffled=True)
    short = recorded(lab, spoil=lambda rows: rows[:-1] if len(rows) > 2 else rows)
    found = trial(lab, chosen(KEYED, algorithm=Algorithm.BISECTION), short)
    assert isinstance(found.tested, SelfTestFailed)


@pytest.mark.parametrize("own", [KEYED, WHOLE])
def test_counts_that_are_one_off(lab: Lab, own: ModelOptions) -> None:
    """A warehouse that counts one row less in the copies, each time."""

    def less(rows: list[Row]) -> list[Row]:
        return [tuple(cell - 1 if cell == ROWS - 1 else cell for cell in row) for row in rows]

    fill(lab)
    assert isinstance(trial(lab, chosen(own), recorded(lab, spoil=less)).tested, SelfTestFailed)


def test_columns_that_are_not_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab, shuffled=True)
    monkeypatch.setattr(by_key, "count_join", lambda *a, **k: spoilt(keyed.count_join(*a, **k), columns=False))
    failed = trial(lab, chosen(KEYED)).tested
    assert isinstance(failed, SelfTestFailed)
    assert all(wrong.startswith("changed values in") for wrong in failed.wrong)


def test_a_row_that_is_there_twice(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of repeated keys that are left out, on both sides alike, so that only their number tells."""
    fill(lab, shuffled=True)
    monkeypatch.setattr(by_key, "steady", lambda answer: answer)
    real = multiset.cancel
    monkeypatch.setattr(by_key, "cancel", lambda *a, **k: replace(real(*a, **k), added=0))
    failed = trial(lab, chosen(KEYED)).tested
    assert isinstance(failed, SelfTestFailed)
    assert failed.wrong == ("added rows: 2 are there, 1 found",)


def test_rows_without_a_key_of_which_some_are_lost(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab, shuffled=True)
    real = multiset.cancel

    def lossy(*args: Any, **more: Any) -> multiset.Leftovers:
        found = real(*args, **more)
        return replace(found, added=max(0, found.added - 1), removed=max(0, found.removed - 1))

    monkeypatch.setattr(by_value, "cancel", lossy)
    failed = trial(lab, chosen(WHOLE)).tested
    assert isinstance(failed, SelfTestFailed)
    assert [wrong.partition(":")[0] for wrong in failed.wrong] == ["added rows", "removed rows"]


# Where it cannot be done


def test_a_warehouse_that_refuses(lab: Lab) -> None:
    fill(lab)
    found = trial(lab, DEFAULTS, recorded(lab, refused="CREATE OR REPLACE TABLE"))
    assert isinstance(found.tested, SelfTestNotDone)
    assert "refused" in found.tested.because
    assert "secret" not in found.tested.because


@dataclass(frozen=True)
class Tripping(Recorded):
    """A DuckDB that is cut off at one statement about the copies, and for that one only."""

    at: int = 0

    def _note(self, sql: str) -> None:
        if self.sent is not None and "rocky_self_test" in sql and not sql.startswith("DROP"):
            self.sent.append(sql)
            if len(self.sent) == self.at:
                raise WarehouseError("the network is gone", advice="")


def test_whatever_is_refused_nothing_is_claimed_and_nothing_left(lab: Lab) -> None:
    """The run goes on; a diff that is refused has not missed anything."""
    fill(lab, 12, shuffled=True)
    at = 0
    found = trial(lab, chosen(KEYED))
    while at == 0 or found.tested != SelfTestPassed(MODEL, ALL):
        at += 2
        tripping = Tripping(lab.database.connection, "shop", "shop.duckdb", sent=[], at=at)
        found = trial(lab, chosen(KEYED), tripping)
        assert isinstance(found.tested, SelfTestNotDone) == (len(tripping.sent or ()) >= at), found.tested
    assert at > 8, "every other statement was refused once"


def test_no_time_left(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab)
    monkeypatch.setattr(selftesting, "_LEAST_SECONDS", 0.0)
    found = trial(lab, DEFAULTS, patience=0.0).tested
    assert isinstance(found, SelfTestNotDone)
    assert found.because.startswith("it would have taken more than")


def test_a_statement_that_takes_too_long_is_interrupted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab)
    monkeypatch.setattr(selftesting, "_LEAST_SECONDS", 0.05)
    endless = "SELECT a.range + b.range AS n FROM range(1000000) AS a, range(1000000) AS b"
    monkeypatch.setattr(planting, "prepare", lambda *_, **__: f"CREATE TABLE branch__x.n AS {endless}")
    found = trial(lab, DEFAULTS, patience=0.0).tested
    assert found == SelfTestNotDone("it would have taken more than 0.05 s")


def test_the_cap_is_reached(lab: Lab) -> None:
    fill(lab)
    asked = replace(DEFAULTS, restraint=Restraint(spare=lambda: "the preview's cap is reached"))
    assert trial(lab, asked).tested == SelfTestNotDone("the preview's cap is reached")


def test_a_view_is_not_read_once_more(lab: Lab) -> None:
    fill(lab)
    view = ("SELECT 1 AS id", '[strategy]\ntype = "view"\n')
    assert trial(lab, spec=view).tested == SelfTestNotDone("only views were compared")


def test_a_large_table_is_not_read_where_a_limit_reads_all_of_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lab)
    monkeypatch.setattr(selftesting, "_READS_ALL", {"duckdb"})
    monkeypatch.setattr(selftesting, "_WHOLE", 10)
    refused = SelfTestNotDone("no table that was compared is known to have at most 10 rows")
    assert trial(lab).tested == refused
    assert trial(lab, chosen(KEYED, algorithm=Algorithm.SAMPLED, sample_size=9)).tested == refused


def test_columns_in_which_nothing_can_be_planted(lab: Lab) -> None:
    for column in ("i % 2 = 0", "[i]"):
        for place in ("main", "branch__x"):
            lab.sql(f"CREATE OR REPLACE TABLE {place}.{MODEL} AS SELECT {column} AS id FROM range(40) AS t(i)")
        assert isinstance(trial(lab, chosen(WHOLE)).tested, SelfTestNotDone)


# The whole run

PLAIN = PreviewOptions("x", options(), audit=AuditOptions())
SIDES = ({"orders": "SELECT * FROM raw.orders"}, {"orders": "SELECT * FROM raw.orders WHERE id <> 3"})


@pytest.fixture
def shop(lab: Lab) -> Lab:
    lab.sql("CREATE SCHEMA raw", f"CREATE TABLE raw.orders AS {QUERY.format(rows=ROWS)}")
    production(lab, SIDES[0])
    return lab


def report(lab: Lab, asked: PreviewOptions = PLAIN) -> Report:
    found = audited(lab, *SIDES, chosen=asked).report
    assert parse_report(report_json(found)) == found
    return found


def test_a_run_is_tested_and_no_worse_for_it(shop: Lab) -> None:
    found = report(shop)
    assert found.self_test == SelfTestPassed("orders", ALL)
    assert found.verdict is Verdict.CHANGED
    assert not any("self-test" in caveat.message for caveat in found.caveats)
    assert report(shop, replace(PLAIN, self_test=False)).self_test is None
    assert shop.names("branch__x") == {"orders"}


def test_a_run_that_fails_it_is_a_failure(shop: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColumnPair, "differs", blind_to("all"))
    found = report(shop)
    assert isinstance(found.self_test, SelfTestFailed)
    assert found.verdict is Verdict.FAILED
    (error,) = (caveat for caveat in found.caveats if caveat.severity is Severity.ERROR)
    assert "This run's own diff cannot be trusted" in error.message
    assert "changed rows: 6 are there, 0 found" in error.message


def test_a_run_in_which_it_could_not_be_done_says_so(shop: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftesting, "_GOOD_ROWS", 16)
    monkeypatch.setattr(selftesting, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(selftesting, "_SHARE", 0.0)
    found = report(shop)
    assert isinstance(found.self_test, SelfTestNotDone)
    assert found.verdict is Verdict.CHANGED
    (note,) = (caveat for caveat in found.caveats if "self-test" in caveat.message)
    assert note.severity is Severity.NOTE
