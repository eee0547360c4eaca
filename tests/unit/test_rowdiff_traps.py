"""Data that fools the usual ways to compare two tables: each is shown to be fooled, and every way of ours not to be.

Ours are: by key and as whole rows, where rows stand and with head turned round so that none is where its partner is,
at once as small tables are and in steps as large ones are, and bisected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from rocky_action.domain.diff import Exhaustive, ModelDiff, Sampled
from rocky_action.domain.options import Algorithm, SampleOrder
from rocky_action.rowdiff.request import DiffRequest
from tests.support.rowdiff_tables import Tables, counts, open_tables, request, unpaired

MANY = 4_000
Counts = tuple[int, int, int | None]


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


def asks(*keys: tuple[str, ...]) -> list[DiffRequest]:
    small = replace(request(*keys), max_samples=0)
    large = replace(small, few_rows=0)
    return [small, large, *([replace(large, algorithm=Algorithm.BISECTION)] if keys else [])]


def turned(tables: Tables) -> None:
    tables.run("CREATE OR REPLACE TABLE head.t AS FROM head.t ORDER BY rowid DESC")


def found_by(tables: Tables, *keys: tuple[str, ...]) -> list[ModelDiff]:
    """What each way finds."""
    found = [tables.ask(asked) for asked in asks(*keys)]
    turned(tables)
    return found + [tables.ask(asked) for asked in asks(*keys)]


def seen(tables: Tables, by_key: Counts | None, as_rows: tuple[int, int], *, key: Sequence[str] = ("id",)) -> set[str]:
    """Asserts what each way finds, and says which ways there were; no ``by_key``: only without a key."""
    by_keys = found_by(tables, tuple(key)) if by_key else []
    for found in by_keys:
        assert isinstance(found.coverage, Exhaustive)
        assert counts(found) == by_key, found.proof
    found_as_rows = found_by(tables)
    for found in found_as_rows:
        assert found.coverage == Exhaustive("multiset")
        assert unpaired(found) == (*as_rows, None), found.proof
    return {str(found.proof.way) for found in by_keys + found_as_rows}


def naive(tables: Tables, expression: str, *, of: str = "FROM {}.t") -> tuple[object, object]:
    """One figure of both sides, by which others call two tables equal."""
    base, head = (tables.database.query(f"SELECT {expression} {of.format(side)}")[0][0] for side in ("base", "head"))
    return base, head


def numbered(value: str, rows: int = MANY) -> str:
    return f"SELECT range AS id, {value} AS v FROM range({rows})"


@pytest.mark.parametrize("checksum", ["hash(t)", "hash(id, v)", "hash(v, id)"])
def test_a_rotated_column_is_invisible_to_xor(tables: Tables, checksum: str) -> None:
    """The last column's hash is XORed to that of the others, and XOR separates it."""
    tables.both(numbered("range"), numbered(f"(range + 1) % {MANY}"))
    base, head = naive(tables, f"bit_xor({checksum})", of="FROM {}.t AS t")
    assert base == head
    assert seen(tables, (0, 0, MANY), (MANY, MANY)) == {"positions", "join", "checksums", "bisection", "groups"}


@pytest.mark.parametrize("checksum", ["hash(t)", "hash(id, v)", "hash(v, id)"])
def test_an_even_number_of_rows_changed_alike_is_invisible_to_xor(tables: Tables, checksum: str) -> None:
    tables.both(numbered("'a'"), numbered("if(range % 200 = 0, NULL, 'a')"))
    base, head = naive(tables, f"bit_xor({checksum})", of="FROM {}.t AS t")
    assert base == head
    seen(tables, (0, 0, 20), (20, 20))


@pytest.mark.parametrize("aggregate", ["bit_xor", "sum"])
def test_a_swap_can_be_invisible_to_a_sum_too(tables: Tables, aggregate: str) -> None:
    """One pair in a hundred million; this is one. A hash of the hash has no such pairs."""
    pair = "FROM (VALUES (9385, '{}'), (1605521, '{}')) t(id, v)"
    tables.both(pair.format("a", "b"), pair.format("b", "a"))
    base, head = naive(tables, f"{aggregate}(hash(id, v))")
    assert base == head
    seen(tables, (0, 0, 2), (2, 2))


@pytest.mark.parametrize("checksum", ["bit_xor(hash(t))", "bit_xor(hash(hash(t)))"])
@pytest.mark.parametrize("others", [0, MANY])
def test_two_equal_rows_that_become_two_others_cancel_under_xor(tables: Tables, checksum: str, others: int) -> None:
    """Alone, and among so many whose keys occur once that the key passes for one at first."""
    one = numbered("'x'", others)
    twice = f"{one} UNION ALL SELECT 9999, '{{}}' FROM range(2)"
    tables.both(twice.format("a"), twice.format("b"))
    base, head = naive(tables, checksum, of="FROM {}.t AS t")
    assert base == head
    seen(tables, (2, 2, 0), (2, 2))


@pytest.mark.parametrize("checksum", ["bit_xor(hash(v))", "sum(hash(v))"])
def test_a_row_that_hashes_to_nothing_adds_nothing_to_a_checksum(tables: Tables, checksum: str) -> None:
    """hash(0) = hash(0.0) = hash(FALSE) = 0."""
    tables.both("SELECT 5 AS v", "FROM (VALUES (0), (5), (0)) t(v)")
    base, head = naive(tables, checksum)
    assert base == head
    seen(tables, (2, 0, 0), (2, 0), key=("v",))


@pytest.mark.parametrize(
    ("one", "other"),
    [("[]::INTEGER[]", "NULL"), ("[]::INTEGER[]", "[NULL]"), ("{'a': NULL::INTEGER}", "NULL")],
)
def test_nested_values_that_hash_alike_are_told_apart(tables: Tables, one: str, other: str) -> None:
    tables.both(numbered(one, 20), numbered(one, 20))
    tables.run(f"UPDATE head.t SET v = {other}")
    base, head = naive(tables, "sum(hash(hash(v)))")
    assert base == head
    seen(tables, (0, 0, 20), (20, 20))


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("range::INTEGER", "range::DECIMAL(9,2)"),
        ("range::DECIMAL(9,2)", "range::DECIMAL(12,4)"),
        ("(range / 4)::FLOAT", "(range / 4)::DOUBLE"),
        ("DATE '2026-01-01' + range::INTEGER", "(DATE '2026-01-01' + range::INTEGER)::TIMESTAMP"),
        ("if(range % 2 = 0, 'a', 'b')", "if(range % 2 = 0, 'a', 'b')::ENUM('b', 'a')"),
        ("if(range % 2 = 0, 'a', 'b')::ENUM('a', 'b')", "if(range % 2 = 0, 'a', 'b')::ENUM('b', 'a')"),
    ],
)
def test_another_type_is_another_hash_and_the_same_value(tables: Tables, base: str, head: str) -> None:
    tables.both(numbered(base, 50), numbered(head, 50))
    left, right = naive(tables, "sum(hash(id, v))")
    assert left != right
    seen(tables, (0, 0, 0), (0, 0))
    tables.run("DELETE FROM head.t WHERE id = 49", "UPDATE head.t SET v = NULL WHERE id = 7")
    seen(tables, (0, 1, 1), (1, 2))


def test_the_sum_of_floats_depends_on_the_order_and_is_no_checksum(tables: Tables) -> None:
    values = "FROM (VALUES ({})) t(id, v)"
    tables.both(
        values.format("1, 1e17::DOUBLE), (2, 1.0), (3, -1e17"), values.format("1, 1e17::DOUBLE), (3, -1e17), (2, 1.0")
    )
    tables.run("SET threads = 1")
    base, head = naive(tables, "sum(v)")
    tables.run("RESET threads")
    assert base != head
    seen(tables, (0, 0, 0), (0, 0))


def test_floats_that_are_near_differ_and_two_zeros_and_two_nans_do_not(tables: Tables) -> None:
    """Rounded to three places, as by default elsewhere, a change of 1e-9 is none."""
    value = "CASE range % 4 WHEN 0 THEN {} WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN {} ELSE {} END"
    tables.both(
        numbered(value.format("0.0", "0.3::DOUBLE", "range"), 400),
        numbered(value.format("-0.0", "0.1::DOUBLE + 0.2::DOUBLE", "range + 1e-9"), 400),
    )
    base, head = naive(tables, "list(round(v, 3) ORDER BY id)")
    assert str(base) == str(head).replace("-0.0", "0.0")
    seen(tables, (0, 0, 200), (200, 200))


def test_columns_next_to_a_null_run_together_when_they_are_concatenated(tables: Tables) -> None:
    rows = "SELECT range AS id, 'a' AS x, {} AS y, {} AS z FROM range(50)"
    tables.both(rows.format("NULL", "'b'"), rows.format("'b'", "NULL"))
    base, head = naive(tables, "list(md5(concat_ws('|', id, x, y, z)) ORDER BY id)")
    assert base == head
    seen(tables, (0, 0, 50), (50, 50))


def test_a_null_key_finds_no_partner_by_equality(tables: Tables) -> None:
    tables.both(numbered("'x'", 40), numbered("'x'", 40))
    tables.run("UPDATE base.t SET id = NULL WHERE id = 5", "UPDATE head.t SET id = NULL WHERE id = 5")
    alone = "FROM base.t AS b FULL JOIN head.t AS h ON b.id = h.id WHERE b.rowid IS NULL OR h.rowid IS NULL"
    assert tables.database.query(f"SELECT count(*) {alone}") == [(2,)]
    seen(tables, (0, 0, 0), (0, 0))
    tables.run("DELETE FROM head.t WHERE id IS NULL")
    inner = (
        "SELECT count(*) FROM base.t AS b FULL JOIN head.t AS h ON b.id = h.id WHERE b.id IS NULL AND h.id IS NOT NULL"
    )
    assert tables.database.query(inner) == [(0,)]  # whether a row is there is read off its key elsewhere
    assert naive(tables, "count(id)")[0] == naive(tables, "count(id)")[1]
    seen(tables, (0, 1, 0), (0, 1))


def test_several_null_keys_are_a_key_that_repeats(tables: Tables) -> None:
    """IS NOT DISTINCT FROM makes 3 * 2 pairs of them."""
    tables.both(numbered("'x'", 40), numbered("'x'", 40))
    tables.run("UPDATE base.t SET id = NULL WHERE id < 3", "UPDATE head.t SET id = NULL WHERE id < 3")
    tables.run("DELETE FROM head.t WHERE rowid = 0")
    pairs = "SELECT count(*) FROM base.t AS b JOIN head.t AS h ON b.id IS NOT DISTINCT FROM h.id WHERE b.id IS NULL"
    assert tables.database.query(pairs) == [(6,)]
    seen(tables, (0, 1, 0), (0, 1))


def test_a_repeated_key_multiplies_in_a_join(tables: Tables) -> None:
    """Two rows become two others, and a join by key finds four changed."""
    doubled = "SELECT range // 2 AS id, {} AS v FROM range(200)"
    tables.both(doubled.format("'x'"), doubled.format("if(range // 2 = 38, 'y', 'x')"))
    joined = "SELECT count(*) FROM base.t AS b JOIN head.t AS h USING (id) WHERE b.v IS DISTINCT FROM h.v"
    assert tables.database.query(joined) == [(4,)]
    seen(tables, (2, 2, 0), (2, 2))


def test_one_copy_of_a_repeated_row_lost(tables: Tables) -> None:
    """A join by key finds a partner for every row."""
    doubled = "SELECT range // 2 AS id, 'x' AS v FROM range(200)"
    tables.both(doubled, f"{doubled} WHERE range <> 77")
    alone = "SELECT count(*) FROM base.t AS b FULL JOIN head.t AS h ON b.id = h.id WHERE b.id IS NULL OR h.id IS NULL"
    assert tables.database.query(alone) == [(0,)]
    assert tables.database.query("SELECT count(*) FROM (FROM base.t EXCEPT FROM head.t)") == [(0,)]
    seen(tables, (0, 1, 0), (0, 1))


def test_a_column_that_moved_is_the_same_column(tables: Tables) -> None:
    """EXCEPT ALL and the hash of a row go by place."""
    tables.both(
        "SELECT range AS id, range + 1 AS v FROM range(50)", "SELECT range + 1 AS v, range AS id FROM range(50)"
    )
    assert tables.database.query("SELECT count(*) FROM (FROM base.t EXCEPT ALL FROM head.t)") != [(0,)]
    seen(tables, (0, 0, 0), (0, 0))
    tables.both(
        "SELECT range AS id, range + 1 AS v FROM range(50)", "SELECT range + 1 AS id, range AS v FROM range(50)"
    )
    swapped = "SELECT count(*) FROM (FROM base.t EXCEPT ALL SELECT v, id FROM head.t)"
    assert tables.database.query(swapped) == [(0,)]
    seen(tables, (1, 1, 49), (50, 50))


def test_rows_that_were_deleted_leave_places_without_a_row(tables: Tables) -> None:
    """A positional join of the same row ids then pairs other rows, and pads the shorter side with NULL."""
    tables.both(numbered("'x'"), numbered("'x'"))
    tables.run("DELETE FROM head.t WHERE id % 1000 = 7")
    pairs = (
        "(SELECT * FROM base.t WHERE rowid < 2000) AS b POSITIONAL JOIN (SELECT * FROM head.t WHERE rowid < 2000) AS h"
    )
    strange = tables.database.query(f"SELECT count(*) FROM {pairs} WHERE b.id IS DISTINCT FROM h.id")[0][0]
    assert isinstance(strange, int)
    assert strange > 100
    seen(tables, (0, 4, 0), (0, 4))


def test_nulls_in_values_are_values(tables: Tables) -> None:
    """NULL <> 1 is not true."""
    tables.both(numbered("if(range % 100 < 50, range, NULL)"), numbered("if(range % 100 < 49, range, NULL)"))
    missed = "SELECT count(*) FROM base.t AS b JOIN head.t AS h USING (id) WHERE b.v <> h.v"
    assert tables.database.query(missed) == [(0,)]
    seen(tables, (0, 0, 40), (40, 40))


def test_a_table_that_became_empty_shares_no_key_and_lost_every_row(tables: Tables) -> None:
    """A comparison of rows with the same key has nothing to say about it."""
    tables.both(numbered("'x'"), numbered("'x'", 0))
    shared = "SELECT count(*) FROM base.t AS b JOIN head.t AS h USING (id) WHERE b.v IS DISTINCT FROM h.v"
    assert tables.database.query(shared) == [(0,)]
    seen(tables, (0, MANY, 0), (0, MANY))
    tables.both(numbered("'x'", 0), numbered("'x'"))
    seen(tables, (MANY, 0, 0), (MANY, 0))


def test_the_first_keys_say_nothing_of_the_others_and_do_not_seem_to(tables: Tables) -> None:
    tables.both(numbered("'x'"), numbered("if(range >= 1000, 'y', 'x')"))
    first = "SELECT count(*) FROM ({}) AS b JOIN ({}) AS h USING (id) WHERE b.v IS DISTINCT FROM h.v"
    window = [f"SELECT * FROM {side}.t ORDER BY id LIMIT 1000" for side in ("base", "head")]
    assert tables.database.query(first.format(*window)) == [(0,)]
    asked = replace(request(("id",)), algorithm=Algorithm.SAMPLED, sample_order=SampleOrder.FIRST, sample_size=1000)
    found = tables.ask(asked)
    assert found.coverage == Sampled(1000, MANY, ("id",))
    assert counts(found) == (0, 0, 0)
    drawn = tables.ask(replace(asked, sample_order=SampleOrder.RANDOM))
    assert isinstance(drawn.coverage, Sampled)
    assert drawn.coverage.detectable_share is not None
    assert (drawn.rows.changed or 0) > 0.6 * drawn.coverage.rows_compared


def test_the_first_keys_are_the_first_where_keys_repeat(tables: Tables) -> None:
    """The first three rows of base have one key; the key after it is not passed over for one that only head has."""
    tables.both("FROM (VALUES (1, 'a'), (1, 'b'), (1, 'c'), (2, 'd')) t(id, v)", "SELECT 3 AS id, 'e' AS v")
    found = tables.sample(("id",), 2)
    assert counts(found) == (0, 3, 0)
    assert found.coverage == Sampled(3, 4, ("id",))
    assert counts(tables.sample(("id",), 4)) == (0, 4, 0)


def test_repeated_keys_without_a_partner_in_place_are_seen(tables: Tables) -> None:
    """Both rows of base's end pair with head's first one, none differs, and one row is lost all the same."""
    middle = "SELECT range + 1 AS id, 'x' AS v FROM range(30)"
    again = "SELECT 0 AS id, 'x' AS v FROM range({})"
    tables.both(f"{middle} UNION ALL {again.format(2)}", f"{again.format(1)} UNION ALL {middle}")
    paired = "SELECT count(*) FROM base.t AS b FULL JOIN head.t AS h USING (id) WHERE b.v IS DISTINCT FROM h.v"
    assert tables.database.query(paired) == [(0,)]
    seen(tables, (0, 1, 0), (0, 1))


@pytest.mark.parametrize("type_", ["HUGEINT", "UHUGEINT"])
def test_keys_too_far_apart_to_be_subtracted_are_bisected(tables: Tables, type_: str) -> None:
    """The difference of two numbers of 128 bits need not be one."""
    lowest, highest = {
        "HUGEINT": (-(2**127), 2**127 - 1),
        "UHUGEINT": (0, 2**128 - 1),
    }[type_]
    rows = f"SELECT unnest(['{lowest}'::{type_}, 7, '{highest}']) AS id, {{}} AS v"
    tables.both(rows.format(1), rows.format("if(id > 7, 2, 1)"))
    seen(tables, (0, 0, 1), (1, 1))


NAMES = [
    *("c0", "c1", "present", "s", "t", "b", "h", "f", "e", "l", "k0", "b1", "h1", "d1", "v0", "v1", "n", "nb", "nh"),
    *("chunk", "total", "strange", "in_base", "in_head", "base", "head"),
]


@pytest.mark.parametrize("names", [NAMES, [*NAMES, "rowid"]])
def test_columns_may_be_called_like_anything_in_our_own_sql(tables: Tables, names: list[str]) -> None:
    """A name that a user's table has too would change what the SQL means."""
    listed = ", ".join(f"{{}} AS {name}" for name in names)
    same = [f"range * {place}" for place in range(len(names) - 1)]
    query = f"SELECT range AS id, {listed} FROM range(40)"
    tables.both(query.format(*same, "0"), query.format(*same, "range % 2"))
    seen(tables, (0, 0, 20), (20, 20))


def test_one_row_is_in_order_and_its_key_may_be_null(tables: Tables) -> None:
    """Keys that each follow the one before hold no NULL, but for the only one."""
    tables.both("SELECT NULL::INTEGER AS id, 1 AS v", "SELECT NULL::INTEGER AS id, 2 AS v")
    for found in found_by(tables, ("id",)):
        assert found.key is not None
        assert (found.key.null_rows_base, found.key.null_rows_head) == (1, 1)
        assert counts(found) == (0, 0, 1)


def test_two_rows_that_changed_places_are_found_where_nobody_looked_first(tables: Tables) -> None:
    """A look at some places finds the same rows there; so every pair is looked at before it is believed."""
    tables.both(
        numbered("range"), f"{numbered('range')} ORDER BY CASE id WHEN 600 THEN 601 WHEN 601 THEN 600 ELSE id END"
    )
    standing = "SELECT count(*) FROM base.t AS b POSITIONAL JOIN head.t AS h WHERE b.v IS DISTINCT FROM h.v"
    assert tables.database.query(standing) == [(2,)]
    assert tables.ask(replace(request(("id",)), few_rows=0)).proof.way == "checksums"
    seen(tables, (0, 0, 0), (0, 0))


def test_a_result_that_was_read_in_part_stays_open_and_none_is(tables: Tables) -> None:
    """The next statement on a connection ends one, and no other thread may come between: so each has its own cursor."""
    naive = tables.database.connection.cursor()
    assert naive.execute("SELECT * FROM range(100000)").fetchone() == (0,)
    naive.execute("SELECT 7")
    assert naive.fetchall() == [(7,)]  # the rest of the first result is gone, without a word
    statements = [f"SELECT range FROM range({n}, {n} + 100000)" for n in range(8)]
    for start, rows in enumerate(tables.database.query_many(statements)):
        assert (rows[0], len(rows)) == ((start,), 100_000)
