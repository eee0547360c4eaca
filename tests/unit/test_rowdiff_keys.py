"""Which key is taken, and what the report is told about those that were not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rocky_action.domain.diff import Exhaustive, Key
from rocky_action.rowdiff.keys import KeyProbe, constrained, probe_key
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from tests.support.rowdiff_tables import BASE, HEAD, Tables, counts, open_tables, sides


@pytest.fixture
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def test_a_duplicate_on_either_side_unproves_a_key(tables: Tables) -> None:
    once, twice = "SELECT 1 AS id, 'a' AS v", "FROM (VALUES (1, 'a'), (1, 'b'), (2, 'a')) t(id, v)"
    for base, head in ((once, twice), (twice, once)):
        found = tables.both(base, head).diff(("id",))
        assert found.coverage == Exhaustive("keyed")
        assert counts(found) == ((2, 0, 0) if head == twice else (0, 2, 0))
        assert found.key is not None
        assert not found.key.is_proven
        assert (found.key.duplicate_keys_base, found.key.duplicate_keys_head) == ((0, 1) if head == twice else (1, 0))


def test_two_rows_with_a_null_key_are_duplicates(tables: Tables) -> None:
    query = "FROM (VALUES (NULL, 'a'), (NULL, 'b')) t(id, v)"
    found = tables.both(query, query).diff(("id",))
    assert found.key == Key(("id",), "unique_key", False, False, 2, 2, 1, 1)
    assert found.is_empty
    (note,) = found.notes
    assert note == (
        "unique_key (id) is not unique: 1 value occurs more than once in base, 1 value occurs in head;"
        " their rows were compared as whole rows"
    )


def test_the_next_candidate_is_tried_and_the_first_is_reported(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1, 'a'), (1, 2, 'b')) t(x, y, v)"
    found = tables.both(query, query).diff(("missing",), ("x",), ("X", "y"))
    assert found.coverage == Exhaustive("keyed")
    assert found.key is not None
    assert found.key.columns == ("x", "y")
    assert found.notes[0] == "unique_key (missing) cannot be the key: base and head do not both have these columns"
    assert found.notes[1].startswith("unique_key (x) is not unique: 1 value occurs more than once in base")


def test_without_a_proven_key_the_first_doubtful_one_is_kept_for_the_report(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1), (1, 1)) t(x, y)"
    found = tables.both(query, query).diff(("x",), ("y",))
    assert found.key is not None
    assert found.key.columns == ("x",)
    assert len(found.notes) == 2


def test_the_same_columns_are_not_tried_twice(tables: Tables) -> None:
    query = "FROM (VALUES (1, 1), (1, 1)) t(x, y)"
    tables.both(query, query)
    twice = (
        KeyCandidate(("x", "y"), "unique_key"),
        KeyCandidate(("Y", "x"), "unique test"),
        KeyCandidate((), "nothing"),
    )
    assert len(tables.ask(DiffRequest("t", twice)).notes) == 1


def test_a_key_that_one_side_lacks_is_no_key(tables: Tables) -> None:
    found = tables.both("SELECT 1 AS id, 2 AS v", "SELECT 2 AS v").diff(("id",))
    assert found.key is None
    assert found.coverage == Exhaustive("multiset")
    assert counts(found) == (0, 0, None)


def test_keys_are_unique_only_in_the_type_they_are_compared_in(tables: Tables) -> None:
    """Two numbers that round to one DOUBLE cannot identify rows of a DOUBLE."""
    tables.both("FROM (VALUES (9007199254740993::BIGINT), (9007199254740992)) t(id)", "SELECT 1::DOUBLE AS id")
    found = tables.diff(("id",))
    assert found.key is not None
    assert found.key.duplicate_keys_base == 1
    assert counts(found) == (1, 2, 0)


def probed(tables: Tables, *names: str) -> tuple[KeyProbe, KeyProbe]:
    opened = sides(tables)
    return probe_key(opened, opened.pairs_named(names) or ())


def test_constraints_of_both_sides_are_candidates_each_once(tables: Tables) -> None:
    tables.run(
        "CREATE TABLE base.t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, UNIQUE (a, b))",
        "CREATE TABLE head.t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER UNIQUE)",
    )
    found = constrained(tables.database, base=BASE, head=HEAD)
    assert found == tuple(KeyCandidate(columns, "constraint") for columns in (("id",), ("b",), ("a", "b")))


def test_a_probe_counts_rows_and_nulls_in_any_order(tables: Tables) -> None:
    tables.both(
        "FROM (VALUES (1, 'a'), (2, NULL), (NULL, NULL), (3, 'c')) t(x, y)",
        "FROM (VALUES (3, 'c'), (NULL, NULL), (2, NULL), (1, 'a')) t(x, y)",
    )
    base, head = probed(tables, "x", "y")
    assert (base.rows, base.null_rows) == (4, 2)
    assert base == head
    tables.run("UPDATE head.t SET y = 'b' WHERE x = 3")
    moved = probed(tables, "x", "y")[1]
    assert (moved.rows, moved.null_rows) == (4, 2)


def test_a_probe_of_nothing_expects_nothing(tables: Tables) -> None:
    base, head = probed(tables.both("SELECT 1 AS x WHERE FALSE", "SELECT 1 AS x"), "x")
    assert (base.rows, base.pairs_per_row, base.most_pairs(head)) == (0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("key", "pairs_per_row"),
    [
        ("range", 1),
        ("range // 2", 2),
        ("range // 10", 10),
        ("range % 50", 4000),
        ("CASE WHEN range < 100000 THEN NULL ELSE range END", 50_000.5),  # one key on half of the rows
    ],
)
def test_a_probe_estimates_how_a_join_would_explode(tables: Tables, key: str, pairs_per_row: float) -> None:
    rows = 200_000
    tables.both(f"SELECT {key} AS k FROM range({rows})", f"SELECT {key} AS k FROM range({rows})")
    base, head = probed(tables, "k")
    assert base.pairs_per_row == pytest.approx(pairs_per_row, rel=0.1)
    assert pairs_per_row <= base.most_pairs_per_row
    assert rows * pairs_per_row <= base.most_pairs(head) <= rows * pairs_per_row * 1.3


def test_the_bound_of_a_join_is_between_two_different_sides(tables: Tables) -> None:
    tables.both("SELECT range % 100 AS k FROM range(10000)", "SELECT range % 1000 AS k FROM range(10000)")
    base, head = probed(tables, "k")
    joined = tables.database.query("SELECT count(*) FROM base.t JOIN head.t USING (k)")[0][0]
    assert isinstance(joined, int)
    assert joined <= base.most_pairs(head) == head.most_pairs(base)
    assert base.most_pairs(base) > base.most_pairs(head) > head.most_pairs(head)


def test_no_estimate_is_below_a_key_s_own_row(tables: Tables) -> None:
    for start in range(12):  # about half of the estimates come out below the truth
        base, _ = probed(tables.both(f"SELECT range + {start * 10_000} AS k FROM range(10000)", "SELECT 1 AS k"), "k")
        assert 1.0 <= base.pairs_per_row <= 1.1


@pytest.mark.parametrize("values", [("-1::HUGEINT", "0::HUGEINT"), ("[]::INTEGER[]", "NULL::INTEGER[]")])
def test_a_probe_tells_keys_apart_that_share_a_hash(tables: Tables, values: tuple[str, str]) -> None:
    both = " UNION ALL ".join(f"SELECT {value} AS k" for value in values)
    base, _ = probed(tables.both(both, both), "k")
    assert tables.database.query(f"SELECT hash({values[0]}) = hash({values[1]})") == [(True,)]
    assert base.pairs_per_row == 1.0
