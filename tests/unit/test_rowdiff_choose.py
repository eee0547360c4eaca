"""Which way is taken, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rocky_action.domain.diff import Exhaustive, NotCompared, Sampled
from rocky_action.domain.options import Algorithm, Allowance, ModelOptions, SampleOrder
from rocky_action.domain.project import Relation
from rocky_action.errors import StatementTimeoutError
from rocky_action.ports import Row, Size
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from rocky_action.warehouses.duckdb import DuckDB
from tests.support.rowdiff_tables import BASE, HEAD, Tables, counts, open_tables, request

ROWS = 5000
QUERY = f"SELECT range AS id, range % 7 AS a, 'x' || range AS b FROM range({ROWS})"
CHANGED = QUERY.replace("range % 7", "if(range % 50 = 3, -1, range % 7)")
SHUFFLED = f"{CHANGED} ORDER BY hash(range)"


class Sized(DuckDB):
    """A DuckDB that says tables are large, and lets every join of both sides time out."""

    def size(self, relation: Relation) -> Size:
        return Size(super().size(relation).rows, 10**9)

    def query(self, sql: str, *, timeout: float | None = None) -> list[Row]:
        if timeout is not None and "JOIN" in sql:
            raise StatementTimeoutError("the statement was interrupted after 1 s", advice="")
        return super().query(sql, timeout=timeout)


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def large(**changes: object) -> DiffRequest:
    """As if the tables were too large to join everything."""
    return replace(request(("id",)), few_rows=0, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "wanted", "way"),
    [
        (CHANGED, large(), "positions"),
        (SHUFFLED, large(), "checksums"),
        (SHUFFLED, request(("id",)), "join"),
        (SHUFFLED, large(algorithm=Algorithm.BISECTION), "bisection"),
        (CHANGED, replace(large(), candidates=(), options=ModelOptions(key=())), "positions"),
        (SHUFFLED, replace(large(), candidates=(), options=ModelOptions(key=())), "groups"),
        (SHUFFLED, replace(large(), candidates=()), "checksums"),
    ],
)
def test_each_way_finds_the_same_and_says_which_it_was(
    tables: Tables, head: str, wanted: DiffRequest, way: str
) -> None:
    found = tables.both(QUERY, head).ask(wanted)
    assert found.proof.way == way
    assert found.proof.why
    assert (found.rows.added or 0) + (found.rows.changed or 0) == 100
    assert isinstance(found.coverage, Exhaustive)
    assert (found.proof.odds == 0.0) == (way in {"positions", "join"})


def test_what_rests_on_checksums_says_how_likely_a_miss_is(tables: Tables) -> None:
    found = tables.both(QUERY, f"{QUERY} ORDER BY hash(range)").ask(large())
    assert found.is_empty
    assert found.proof.way == "checksums"
    assert 0 < found.proof.odds < 1e-15
    assert found.key is not None
    assert found.key.unique_base is None  # nothing depended on it


def test_a_key_is_proved_by_the_join_that_uses_it(tables: Tables) -> None:
    found = tables.both(QUERY, SHUFFLED).ask(large())
    assert found.key is not None
    assert (found.key.unique_base, found.key.unique_head) == (True, True)


def test_a_key_that_repeats_is_found_out_by_the_join(tables: Tables) -> None:
    twice = f"{SHUFFLED.replace('SELECT', 'SELECT * REPLACE (if(id = 17, 18, id) AS id) FROM (SELECT', 1)})"
    found = tables.both(QUERY, twice).ask(large())
    assert found.key is not None
    assert (found.key.duplicate_keys_base, found.key.duplicate_keys_head) == (0, 1)
    assert found.rows.rows_base == found.rows.rows_head == ROWS
    assert (found.rows.added or 0) == (found.rows.removed or 0)
    assert "is not unique: 0 values occur more than once in base, 1 value occurs in head" in found.notes[0]


def test_of_a_sample_it_is_said_that_a_key_repeats_at_least_so_often(tables: Tables) -> None:
    twice = "SELECT range // 2 AS id, range AS v FROM range(100)"
    asked = replace(request(("id",)), algorithm=Algorithm.SAMPLED, sample_size=10, sample_order=SampleOrder.FIRST)
    found = tables.both(twice, twice).ask(asked)
    assert isinstance(found.coverage, Sampled)
    assert "is not unique: at least 5 values occur more than once in base, at least 5 values occur" in found.notes[0]
    every = tables.ask(replace(asked, algorithm=Algorithm.EXHAUSTIVE))
    assert "is not unique: 50 values occur more than once in base, 50 values occur in head" in every.notes[0]


def test_a_budget_of_bytes_turns_to_a_random_sample_and_says_why(tables: Tables) -> None:
    tables.both(QUERY, SHUFFLED)
    sized = Sized(tables.database.connection, "memory", "in memory")
    asked = replace(request(("id",)), allowance=Allowance(bytes=10**6), sample_size=500)
    found = diff_relations(sized, asked, base=BASE, head=HEAD)
    assert isinstance(found.coverage, Sampled)
    assert found.coverage.order == "random"
    assert 300 < found.coverage.rows_compared < 700
    assert found.coverage.rows_total == ROWS
    assert found.proof.why == "reading all 2,000,000,000 bytes would exceed the 1,000,000 allowed"
    within = replace(asked, allowance=Allowance(bytes=3 * 10**9))
    assert diff_relations(sized, within, base=BASE, head=HEAD).coverage == Exhaustive("keyed")
    exhaustive = replace(asked, algorithm=Algorithm.EXHAUSTIVE)
    assert diff_relations(sized, exhaustive, base=BASE, head=HEAD).coverage == Exhaustive("keyed")


def test_a_budget_of_bytes_that_nothing_is_known_about_is_told(tables: Tables) -> None:
    tables.both("SELECT 1 AS id", "SELECT 1 AS id")
    tables.database.connection.execute("CREATE VIEW head.seen AS SELECT 1 AS id")
    asked = replace(request(("id",)), allowance=Allowance(bytes=1), few_rows=0)
    found = diff_relations(tables.database, asked, base=BASE, head=replace(HEAD, name="seen"))
    assert isinstance(found.coverage, Exhaustive)
    assert "the limit of 1 bytes was not held to" in found.notes[-1]
    unlimited = replace(asked, allowance=Allowance())
    assert diff_relations(tables.database, unlimited, base=BASE, head=replace(HEAD, name="seen")).notes == ()


def test_a_budget_of_time_turns_to_a_random_sample_and_says_why(tables: Tables) -> None:
    tables.both(QUERY, SHUFFLED)
    slow = Sized(tables.database.connection, "memory", "in memory")
    asked = replace(request(("id",)), allowance=Allowance(seconds=1), sample_size=500)
    found = diff_relations(slow, asked, base=BASE, head=HEAD)
    assert isinstance(found.coverage, Sampled)
    assert found.proof.why == "comparing all rows took a statement of more than 1 s"


@pytest.mark.parametrize("allowance", [Allowance(bytes=10**6), Allowance(seconds=1)])
def test_a_budget_is_kept_even_without_a_key_to_draw_a_sample_by(tables: Tables, allowance: Allowance) -> None:
    tables.both(QUERY, SHUFFLED)
    slow = Sized(tables.database.connection, "memory", "in memory")
    asked = replace(request(), allowance=allowance, few_rows=0)
    found = diff_relations(slow, asked, base=BASE, head=HEAD)
    assert isinstance(found.coverage, NotCompared)
    assert found.coverage.reason.endswith("and a sample needs a key")
    assert (found.rows.rows_base, found.rows.rows_head, *counts(found)) == (ROWS, ROWS, None, None, None)


def test_a_random_sample_is_the_same_on_both_sides(tables: Tables) -> None:
    found = tables.both(QUERY, f"{QUERY} ORDER BY hash(range)").ask(
        replace(request(("id",)), algorithm=Algorithm.SAMPLED, sample_size=200)
    )
    assert isinstance(found.coverage, Sampled)
    assert counts(found) == (0, 0, 0)
    assert found.coverage.detectable_share is not None
    assert 0.01 < found.coverage.detectable_share < 0.03


@pytest.mark.parametrize("order", SampleOrder)
def test_a_sample_of_a_table_that_is_no_larger_is_everything(tables: Tables, order: SampleOrder) -> None:
    asked = replace(request(("id",)), algorithm=Algorithm.SAMPLED, sample_size=ROWS, sample_order=order)
    found = tables.both(QUERY, SHUFFLED).ask(asked)
    assert found.coverage == Exhaustive("keyed")
    assert counts(found) == (0, 0, 100)


def test_constraints_of_the_warehouse_are_candidates(tables: Tables) -> None:
    tables.run(
        "CREATE TABLE base.t (a INTEGER, b INTEGER UNIQUE, c INTEGER)",
        "CREATE TABLE head.t (a INTEGER, b INTEGER, c INTEGER)",
        "INSERT INTO base.t SELECT 1, range, range FROM range(30)",
        "INSERT INTO head.t SELECT 1, range, -range FROM range(30)",
    )
    found = tables.ask(DiffRequest("t"))
    assert found.key is not None
    assert (found.key.columns, found.key.origin) == (("b",), "constraint")
    assert counts(found) == (0, 0, 29)


def test_a_declared_key_comes_before_a_constraint(tables: Tables) -> None:
    tables.run(
        "CREATE TABLE base.t (a INTEGER PRIMARY KEY, b INTEGER)",
        "CREATE TABLE head.t (a INTEGER PRIMARY KEY, b INTEGER)",
    )
    found = tables.ask(DiffRequest("t", (KeyCandidate(("b",), "unique test"),)))
    assert found.key is not None
    assert found.key.origin == "unique test"
