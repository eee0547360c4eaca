"""Every way to compare rows against dictionaries and counters, over random tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocky_action.domain.diff import Exhaustive, Key, RowExample, Sampled
from rocky_action.domain.options import Algorithm, SampleOrder
from rocky_action.rowdiff import answers
from rocky_action.rowdiff.answers import Answer
from rocky_action.rowdiff.bisection import Bisected, bisect
from rocky_action.rowdiff.choose import answer
from rocky_action.rowdiff.differing import Differing
from rocky_action.rowdiff.request import DiffRequest
from rocky_action.rowdiff.sample import detectable_share, first_keys, random_keys
from rocky_action.rowdiff.sides import Sides
from tests.support.examples import examples
from tests.support.rowdiff_cases import NAMES, Case, cases, read, requests, small_limits, wanted
from tests.support.rowdiff_oracle import Row, Truth, in_key_order, key_of, plain, repeated_keys, truth
from tests.support.rowdiff_tables import Tables, cells, open_tables, question, request, sides
from tests.support.typed_values import EVERY

budget = settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYED = [("id",), ("k", "l")]
WAYS = {
    "join",
    "positions keyed",
    "positions multiset",
    "checksums alike",
    "checksums narrowed",
    "groups",
    "groups by hash",
    "bisection",
    "join and repeated keys",
    "checksums and repeated keys",
    "bisection and repeated keys",
}


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with open_tables() as opened:
        yield opened


@dataclass(frozen=True)
class Found:
    """An answer, and the rows that it says differ."""

    answer: Answer
    differing: Differing
    names: tuple[str, ...]

    @property
    def way(self) -> str:
        """How rows were brought together, as ``WAYS`` has it."""
        proof, key = self.answer.proof, self.answer.key
        way = str(proof.way)
        if key and not key.is_proven:
            return f"{way} and repeated keys"
        if way == "checksums":
            way += " alike" if "are the same" in proof.why else " narrowed"
        elif way == "positions":
            way += " keyed" if key else " multiset"
        elif way == "groups" and proof.odds:
            way += " by hash"
        return way

    @property
    def truth(self) -> Truth:
        """What it says, as the oracle would: a pair of rows without a key is a removed and an added one."""
        by_kind: dict[str, Counter[Row]] = {"added": Counter(), "removed": Counter()}
        pairs: Counter[tuple[Row, Row]] = Counter()
        for row in self.differing.rows:
            base, head = self._row(row.base), self._row(row.head)
            if row.kind != "changed":
                by_kind[row.kind][base or head] += row.count
            elif self.answer.key is None:
                by_kind["removed"][base] += 1
                by_kind["added"][head] += 1
            else:
                pairs[base, head] += 1
        columns = {} if self.answer.key is None else self.columns
        return Truth(by_kind["added"], by_kind["removed"], pairs, columns)

    @property
    def columns(self) -> dict[int, int]:
        return {self.names.index(change.name): change.rows_changed for change in self.answer.rows.columns}

    @property
    def counts(self) -> tuple[int | None, int | None, int]:
        rows = self.answer.rows
        return rows.added, rows.removed, rows.changed or 0

    def _row(self, texts: Sequence[str | None]) -> Row:
        by_name = {pair.name: read(pair.name, text) for pair, text in zip(self.differing.columns, texts, strict=False)}
        return tuple(by_name[name] for name in self.names) if by_name else ()


def ask(tables: Tables, asked: DiffRequest, names: tuple[str, ...] = NAMES, *, swap: bool = False) -> Found:
    found = answer(question(tables, asked, swap=swap))
    return Found(found, found.differing(), names)


def places(names: Sequence[str], key: Key | None) -> list[int] | None:
    return None if key is None else [names.index(name) for name in key.columns]


def assert_exact(found: Found, base: Sequence[Row], head: Sequence[Row]) -> Truth:
    """All that it says is what dictionaries and counters say."""
    rows, key = found.answer.rows, places(found.names, found.answer.key)
    expected = truth(base, head, key)
    assert found.truth == expected
    added, removed, changed = found.counts
    assert (added or 0) + rows.paired == expected.added.total()
    assert (removed or 0) + rows.paired == expected.removed.total()
    assert changed == expected.changed.total() + rows.paired
    assert (rows.rows_base, rows.rows_head) == (len(base), len(head))
    assert len(base) + (added or 0) - (removed or 0) == len(head)
    assert found.differing.total == (added or 0) + (removed or 0) + changed
    pairs = [row for row in found.differing.rows if row.kind == "changed"]
    assert rows.paired == (len(pairs) if key is None else 0)
    by_column = Counter(found.differing.columns[place].name for row in pairs for place in row.changed)
    assert {found.names[place]: count for place, count in found.columns.items()} == by_column
    for row in pairs:
        old, new = found._row(row.base), found._row(row.head)
        differ = {found.differing.columns[place].name for place in row.changed}
        assert differ == {name for name, one, other in zip(found.names, old, new, strict=True) if one != other} != set()
    assert found.answer.coverage == Exhaustive("multiset" if key is None else "keyed")
    return expected


def assert_true_of_key(key: Key, base: Sequence[Row], head: Sequence[Row], key_places: Sequence[int]) -> None:
    """Whatever is said of a key is true."""
    for rows, unique, duplicates, nulls in (
        (base, key.unique_base, key.duplicate_keys_base, key.null_rows_base),
        (head, key.unique_head, key.duplicate_keys_head, key.null_rows_head),
    ):
        repeated = repeated_keys(rows, key_places)
        assert unique is None or unique is not bool(repeated)
        assert duplicates in {0, len(repeated)}
        assert (duplicates > 0) is (unique is False)
        assert nulls == sum(None in key_of(row, key_places) for row in rows)


def test_every_way_is_exact(tables: Tables) -> None:
    taken: Counter[str] = Counter()

    @settings(budget, max_examples=120, derandomize=True)
    @given(one=cases, asked=requests, limited=st.booleans())
    def holds(one: Case, asked: DiffRequest, limited: bool) -> None:
        base, head, names = one.seen(asked)
        with small_limits(on=limited):
            found = ask(one.fill(tables), asked, names)
        assert_exact(found, base, head)
        key = found.answer.key
        if asked.candidates:
            assert key is not None
            assert key.columns == asked.candidates[0].columns
        if asked.whole_rows:
            assert key is None
        if key is not None and asked.algorithm is not Algorithm.BISECTION:
            assert_true_of_key(key, base, head, [names.index(name) for name in key.columns])
        taken[found.way] += 1

    holds()
    assert set(taken) == WAYS, taken


@settings(budget, max_examples=50)
@given(one=cases, asked=requests, shuffled=st.booleans())
def test_a_table_does_not_differ_from_itself(tables: Tables, one: Case, asked: DiffRequest, shuffled: bool) -> None:
    again = list(one.base)
    if shuffled:
        Random(len(again)).shuffle(again)  # noqa: S311 (no secret)
    same = replace(one, head=tuple(again))
    with small_limits():
        found = ask(same.fill(tables), asked, same.seen(asked)[2])
    assert found.counts == (0, 0, 0)
    assert found.differing.rows == ()
    assert not found.answer.rows.differs
    assert isinstance(found.answer.coverage, Exhaustive)


@settings(budget, max_examples=50)
@given(one=cases, asked=requests)
def test_swapping_the_sides_swaps_added_and_removed(tables: Tables, one: Case, asked: DiffRequest) -> None:
    names = one.seen(asked)[2]
    with small_limits():
        there = ask(one.fill(tables), asked, names)
        back = ask(tables, asked, names, swap=True)
    added, removed, changed = there.counts
    assert back.counts == (removed, added, changed)
    assert there.answer.rows.paired == back.answer.rows.paired
    assert there.columns == back.columns
    assert there.answer.coverage == back.answer.coverage
    mirrored = Counter((new, old) for old, new in there.truth.changed.elements())
    assert (back.truth.added, back.truth.removed, back.truth.changed) == (
        there.truth.removed,
        there.truth.added,
        mirrored,
    )


@settings(budget, max_examples=examples(60))
@given(one=cases, asked=requests, most=st.sampled_from([1, 3, 1000]))
def test_examples_are_true_rows_of_the_truth(tables: Tables, one: Case, asked: DiffRequest, most: int) -> None:
    base, head, names = one.seen(asked)
    with small_limits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "DRAWN", 3)
        found = one.fill(tables).ask(replace(asked, max_samples=most))
    key = places(names, found.key)
    expected = truth(base, head, key)
    left = {"added": +expected.added, "removed": +expected.removed}
    pairs = +expected.changed
    if key is None:  # which ones these are is told by the changed cells alone
        pairs = Counter((old, new) for old in expected.removed for new in expected.added)
    for shown in found.rows.examples:
        if shown.kind == "changed":
            true = [pair for pair in pairs if says(shown, names, *pair)]
            assert true
            assert shown.count == 1
            pairs[true[0]] -= key is not None
        else:
            row = tuple({**values(shown, shown.kind), **dict(read_key(shown))}[name] for name in names)
            left[shown.kind][row] -= shown.count
    assert min([*left["added"].values(), *left["removed"].values(), *pairs.values()], default=0) >= 0
    if most == 1000:
        assert left["added"].total() == left["removed"].total() == found.rows.paired
        assert key is None or pairs.total() == 0
    else:
        distinct = len(expected.added) + len(expected.removed) + len(expected.changed) - found.rows.paired
        assert len(found.rows.examples) == min(most, distinct)


def says(shown: RowExample, names: Sequence[str], old: Row, new: Row) -> bool:
    """Whether an example of a changed row is one of these two."""
    changed = {name: (one, other) for name, one, other in zip(names, old, new, strict=True) if one != other}
    shows = {name: (read(name, one), read(name, other)) for name, (one, other) in cells(shown).items()}
    return changed == shows and all(new[names.index(name)] == value for name, value in read_key(shown))


def read_key(shown: RowExample) -> list[tuple[str, object]]:
    return [(name, read(name, text)) for name, text in shown.key]


def values(shown: RowExample, kind: str) -> dict[str, object]:
    """The values of an added or a removed row; the other side has none."""
    side, other = (1, 0) if kind == "added" else (0, 1)
    assert all(texts[other] is None for texts in cells(shown).values())
    return {name: read(name, texts[side]) for name, texts in cells(shown).items()}


samples = st.builds(
    lambda size, order, **asked: replace(
        wanted(algorithm=Algorithm.SAMPLED, **asked), sample_size=size, sample_order=order
    ),
    st.integers(1, 30),
    st.sampled_from(SampleOrder),
    key=st.sampled_from(KEYED),
    few_rows=st.sampled_from([0, 100]),
    where=st.sampled_from([False, False, True]),
)


@settings(budget, max_examples=examples(90))
@given(one=cases, asked=samples)
def test_a_sample_is_exact_about_its_keys_and_never_exceeds_the_truth(
    tables: Tables, one: Case, asked: DiffRequest
) -> None:
    key, size, order = asked.candidates[0].columns, asked.sample_size, asked.sample_order
    base, head, names = one.seen(asked)
    found = ask(one.fill(tables), asked)
    key_places = [names.index(name) for name in key]
    opened = question(tables, asked)
    pairs = opened.sides.pairs_named(key)
    assert pairs is not None
    longer = max(len(base), len(head))
    part = (
        first_keys(opened.sides, pairs, size=size)
        if order is SampleOrder.FIRST
        else random_keys(opened.sides, pairs, size=size, rows=longer)
    )
    drawn = {key_of(row, key_places) for rows in rows_of(part) for row in rows}
    inside = [[row for row in rows if key_of(row, key_places) in drawn] for rows in (base, head)]
    whole = truth(base, head, key_places)
    some = truth(inside[0], inside[1], key_places)
    if isinstance(found.answer.coverage, Exhaustive):
        assert_exact(found, base, head)
        assert longer <= size or inside == [base, head]
        return
    # The same keys on both sides, all rows of each.
    assert [Counter(rows) for rows in rows_of(part)] == [Counter(rows) for rows in inside]
    assert found.truth == some
    assert found.counts == some.counts
    assert (found.answer.rows.rows_base, found.answer.rows.rows_head) == (len(base), len(head))
    assert some.added <= whole.added
    assert some.removed <= whole.removed
    assert some.changed <= whole.changed
    coverage = found.answer.coverage
    assert isinstance(coverage, Sampled)
    assert (coverage.order, coverage.ordered_by) == (order.value, key)
    assert coverage.rows_compared == len(inside[0]) + some.added.total()
    assert coverage.rows_compared < coverage.rows_total or coverage.rows_total == 0
    repeats = any(repeated_keys(rows, key_places) for rows in inside)
    if order is SampleOrder.FIRST:
        every = in_key_order({key_of(row, key_places) for row in base + head})
        assert drawn == set(every[: len(drawn)])
        assert len(drawn) <= size
        # Where keys repeat a side's first rows may have fewer keys than are asked for.
        assert drawn
        assert len(drawn) == min(size, len(every)) or repeats
    share = detectable_share(coverage.rows_compared) if order is SampleOrder.RANDOM and not repeats else None
    assert coverage.detectable_share == share


def rows_of(part: Sides) -> list[list[Row]]:
    """The rows of both sides, read back from texts, as the same column may have two types."""
    listed = ", ".join(f"CAST(s.c{pair.position} AS VARCHAR)" for pair in part.pairs)
    return [
        [
            tuple(
                read(pair.name, None if cell is None else str(cell)) for pair, cell in zip(part.pairs, row, strict=True)
            )
            for row in part.warehouse.query(f"SELECT {listed} FROM {side} AS s")
        ]
        for side in (part.base, part.head)
    ]


@dataclass(frozen=True)
class Numbered:
    """A table of many rows as SQL and as Python has it: ``id`` or two columns or a text as the key, and a value."""

    rows: int
    step: int
    kind: str
    edits: tuple[tuple[str, int], ...]

    @property
    def key(self) -> tuple[int, ...]:
        return (0, 1) if self.kind == "composite" else (0,)

    def head(self) -> list[int]:
        """The numbers of head's rows; a changed row's is negative."""
        found = list(range(1, self.rows + 1))
        for edit, where in self.edits:
            place = where % len(found) if found else 0
            if edit == "lose":
                del found[place : place + 1]
            elif edit == "add":
                found.append(self.rows + 1 + where + len(found))
            else:
                found[place : place + 1] = [-abs(number) for number in found[place : place + 1]]
        return found

    def fill(self, tables: Tables) -> tuple[list[Row], list[Row]]:
        numbers = {"base": list(range(1, self.rows + 1)), "head": self.head()}
        key = {
            "int": f"n * {self.step} AS id, 0 AS k",
            "null": f"nullif(n * {self.step}, {self.step}) AS id, 0 AS k",
            "text": "'k' || n AS id, 0 AS k",
            "composite": "n // 7 AS id, n % 7 AS k",
        }[self.kind]
        for schema, found in numbers.items():
            listed = "SELECT unnest(?::BIGINT[]) AS m, abs(m) AS n"
            sql = f"CREATE OR REPLACE TABLE {schema}.t AS SELECT {key}, (m < 0)::INTEGER AS v FROM ({listed})"
            tables.database.connection.cursor().execute(sql, [found])
        return plain(tables.database.query("FROM base.t")), plain(tables.database.query("FROM head.t"))


numbered = st.builds(
    Numbered,
    st.sampled_from([0, 1, 5, 40, 900, 3000]),
    st.sampled_from([1, 1, 3, 1000]),
    st.sampled_from(["int", "null", "text", "composite"]),
    st.lists(st.tuples(st.sampled_from(["change", "lose", "add"]), st.integers(0, 5000)), max_size=4).map(tuple),
)


def test_bisection_leaves_every_row_that_differs(tables: Tables) -> None:
    depths: Counter[int] = Counter()

    @settings(budget, max_examples=80, derandomize=True)
    @given(one=numbered, rounds=st.integers(1, 8), leaf=st.sampled_from([1, 2, 10]))
    def holds(one: Numbered, rounds: int, leaf: int) -> None:
        base, head = one.fill(tables)
        opened = sides(tables)
        key = tuple(opened.pairs[place] for place in one.key)
        found = bisect(opened, key, compared=opened.pairs, rounds=rounds, leaf=leaf)
        left = [
            plain(tables.database.query(f"SELECT c0, c1, c2 FROM {side} AS s"))
            for side in (found.leaves.base, found.leaves.head)
        ]
        expected = truth(base, head, one.key)
        assert truth(left[0], left[1], one.key) == expected
        assert Counter(left[0]) <= Counter(base)
        assert Counter(left[1]) <= Counter(head)
        assert (found.rows_base, found.rows_head) == (len(base), len(head))
        assert_plausible(found, differing=sum(expected.counts), rounds=rounds, rows=len(base) + len(head))
        ranges = one.kind in {"int", "null"}
        assert found.stats.split == (
            "int_range" if ranges else "composite" if one.kind == "composite" else "hash_bucket"
        )
        if expected.counts != (0, 0, 0) and not found.stats.depth_capped and found.stats.depth_max > 1:
            assert max(map(len, left)) <= 4 * 32 + 4 * leaf  # cut to chunks, and not the whole table
        depths[found.stats.depth_max] += 1

    holds()
    assert {0, 1, 2} <= set(depths), depths


@pytest.mark.parametrize(("rounds", "depth", "capped"), [(1, 0, False), (2, 1, True), (3, 2, False), (8, 2, False)])
def test_a_bisection_that_was_not_let_go_deeper_says_so(tables: Tables, rounds: int, depth: int, capped: bool) -> None:
    """One changed row of 3,000: 32 chunks, then 32 of one of these, and so on; a single round cuts finely at once."""
    Numbered(3000, 1, "int", (("change", 1234),)).fill(tables)
    opened = sides(tables)
    stats = bisect(opened, opened.pairs[:1], compared=opened.pairs, rounds=rounds, leaf=1).stats
    assert (stats.depth_max, stats.depth_capped) == (depth, capped)


def assert_plausible(found: Bisected, *, differing: int, rounds: int, rows: int) -> None:
    """The figures of a bisection that can be told from outside."""
    stats = found.stats
    assert (stats.leaves_materialized > 0) is (differing > 0)
    assert stats.leaves_materialized <= max(2 * differing, 0) * (stats.depth_max + 1)
    assert stats.leaves_materialized <= stats.chunks_examined
    assert 0 <= stats.depth_max < rounds
    assert (stats.chunks_examined > 0) is (rows > 0)
    assert stats.chunks_examined <= rows * (stats.depth_max + 1) + 1
    assert not stats.depth_capped or (stats.depth_max == rounds - 1 and rounds > 1)
    assert found.odds == stats.chunks_examined * 2.0**-63


def test_a_random_sample_finds_what_it_says_it_would(tables: Tables) -> None:
    """A thousand samples of a fifth of so many tables; the smallest share that is called detectable, and half of it."""
    runs, rows, part = 1_000, 2_000, 5
    tables.both(f"SELECT range AS id FROM range({runs * rows})", "SELECT 1 AS id")
    opened = sides(tables)
    drawn = random_keys(opened, opened.pairs, size=runs * rows // part, rows=runs * rows)
    ids = [
        number for (number,) in tables.database.query(f"SELECT c0 FROM {drawn.base} AS s") if isinstance(number, int)
    ]
    assert len(ids) == pytest.approx(runs * rows / part, rel=0.01)
    samples: list[set[int]] = [set() for _ in range(runs)]
    for number in ids:
        samples[number // rows].add(number % rows)

    def detected(scale: float) -> float:
        found = 0
        for seed, sample in enumerate(samples):
            share = detectable_share(len(sample))
            assert share is not None
            differing = Random(seed).sample(range(rows), max(1, round(scale * share * rows)))  # noqa: S311 (no secret)
            found += not sample.isdisjoint(differing)
        return found / runs

    assert detected(1) >= 0.95
    assert detected(0.5) < 0.9


@pytest.mark.parametrize("few_rows", [0, 100_000])
def test_a_sample_says_nothing_of_itself_where_keys_repeat(tables: Tables, few_rows: int) -> None:
    """All rows of a key are drawn together, so that there are fewer draws than rows."""
    asked = replace(request(("id",)), algorithm=Algorithm.SAMPLED, sample_size=500, few_rows=few_rows)
    for value in ("0", "range"):  # even if nothing differs, and so nothing else depends on the key
        tables.both(
            "SELECT range // 50 AS id, range AS v FROM range(5000)",
            f"SELECT range // 50 AS id, {value} AS v FROM range(5000)",
        )
        found = tables.ask(asked)
        assert isinstance(found.coverage, Sampled)
        assert found.coverage.detectable_share is None
    tables.both("SELECT range AS id, range AS v FROM range(5000)", "SELECT range AS id, 0 AS v FROM range(5000)")
    found = tables.ask(asked)
    assert isinstance(found.coverage, Sampled)
    assert found.coverage.detectable_share == detectable_share(found.coverage.rows_compared)


USUAL = {
    "BOOLEAN",
    "BIGINT",
    "DECIMAL(18,4)",
    "DOUBLE",
    "VARCHAR",
    "BLOB",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE",
}
USUAL |= {
    "HUGEINT",
    "UUID",
    "INTERVAL",
    "INTEGER[]",
    "STRUCT(a INTEGER, b VARCHAR[])",
    "MAP(VARCHAR, INTEGER)",
    "VARIANT",
}
assert EVERY.keys() >= USUAL


@pytest.mark.parametrize("type_", [one if one in USUAL else pytest.param(one, marks=pytest.mark.slow) for one in EVERY])
def test_every_type_in_every_way(tables: Tables, type_: str) -> None:
    """As a value, as the key and as a whole row; each value is spelled one way in base and another in head."""
    every = [(None, ("NULL",)), *((number, tuple(same)) for number, same in enumerate(EVERY[type_]))]
    moved = [*every[1:], every[0]]

    def table(rows: Sequence[tuple[object, tuple[str, ...]]], spelling: int) -> str:
        return " UNION ALL ".join(
            f"SELECT {place} AS id, CAST({same[spelling]} AS {type_}) AS v" for place, (_, same) in enumerate(rows)
        )

    as_rows = [[(place, identity) for place, (identity, _) in enumerate(rows)] for rows in (every, moved)]
    turned = replace(wanted(("id",), Algorithm.EXHAUSTIVE), max_samples=0)
    by_v = replace(turned, candidates=(replace(turned.candidates[0], columns=("v",)),))
    whole = replace(turned, candidates=(), options=replace(turned.options, key=()))
    bisected = (replace(turned, algorithm=Algorithm.BISECTION), replace(by_v, algorithm=Algorithm.BISECTION))
    for order, asks in (
        ("id", (turned, whole)),
        ("-id", (turned, replace(turned, few_rows=100), *bisected, by_v, whole)),
    ):
        tables.both(table(every, 0), f"FROM ({table(moved, -1)}) ORDER BY {order}")
        for asked in asks:
            found = answer(question(tables, asked))
            key = None if found.key is None else [("id", "v").index(name) for name in found.key.columns]
            counts = (found.rows.added, found.rows.removed, found.rows.changed or 0)
            assert counts == truth(as_rows[0], as_rows[1], key).counts, found.proof
    tables.both(table(every, 0), f"FROM ({table(every, -1)}) ORDER BY -id")
    for asked in (turned, replace(turned, few_rows=100), whole):
        assert not answer(question(tables, asked)).rows.differs
