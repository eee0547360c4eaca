"""Comparing checksums of chunks of keys, then smaller ones where they differ, then the rows that are left.

For relations of which a join would move, hold or bill too much: each statement brings back only chunks that differ.
A chunk's checksum counts its rows and sums their hashes, each over the key and all compared values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rocky_action.domain.diff import BisectionStats
from rocky_action.rowdiff.common_types import is_integer
from rocky_action.rowdiff.schema import ColumnPair
from rocky_action.rowdiff.sides import Sides, numbers

LEAF = 1_000
"""Rows of a chunk that are compared one by one and not cut again."""
_CUTS = 32
"""Chunks that one is cut into."""
_DEEPEST = 8
_MANY = 0.1
"""The part of all rows in chunks that differ from which on cutting again costs more than it saves."""
_WIDE = {"HUGEINT", "UHUGEINT"}
"""Types whose numbers can be too far apart to be subtracted."""
_NAMED = 2_000
"""Chunks that a statement names."""
_BITS = 63


@dataclass(frozen=True)
class IntRange:
    """Chunks of ``width`` whole numbers each, from ``low`` on, by a key of one whole number."""

    key: ColumnPair
    low: int
    width: int

    def chunk(self) -> str:
        """SQL: the number of a row's chunk, -1 for NULL."""
        wide = f"CAST({self.key.comparand(f's.c{self.key.position}')} AS HUGEINT)"
        return f"coalesce(({wide} - ({self.low})) // {self.width}, -1)"

    def inside(self, chunks: Sequence[int]) -> str:
        """SQL: a condition that holds for all rows of these chunks, which a warehouse can skip blocks by."""
        value = self.key.comparand(f"s.c{self.key.position}")
        if -1 in chunks:
            return "TRUE"
        first, last = min(chunks), max(chunks)
        return f"{value} >= {self.low + first * self.width} AND {value} <= {self.low + (last + 1) * self.width - 1}"

    def finer(self) -> IntRange | None:
        """The same keys in smaller chunks, None when a chunk is one key."""
        return None if self.width == 1 else replace(self, width=-(-self.width // _CUTS))


@dataclass(frozen=True)
class HashBuckets:
    """Chunks of keys whose hash leaves the same remainder; for any key."""

    key: tuple[ColumnPair, ...]
    hashed: str
    modulus: int

    def chunk(self) -> str:
        """SQL: the number of a row's chunk."""
        return f"{self.hashed} % {self.modulus}"

    def inside(self, chunks: Sequence[int]) -> str:
        """SQL: no narrower condition than the chunks themselves."""
        del chunks
        return "TRUE"

    def finer(self) -> HashBuckets | None:
        """More buckets, each a part of one of these."""
        return replace(self, modulus=self.modulus * _CUTS)


Split = IntRange | HashBuckets


@dataclass(frozen=True)
class Bisected:
    """What is left to compare row by row: ``leaves`` hold every row that differs, but for the chance ``odds``.

    ``rows_base`` and ``rows_head`` are those of the whole sides.
    """

    leaves: Sides
    rows_base: int
    rows_head: int
    stats: BisectionStats
    odds: float


@dataclass(frozen=True)
class _Level:
    """One round: the chunks that differ, each with the rows of its longer side, and how many chunks there were."""

    split: Split
    differing: dict[int, int]
    examined: int
    rows_base: int
    rows_head: int


def bisect(
    sides: Sides, key: tuple[ColumnPair, ...], *, compared: Sequence[ColumnPair], rounds: int, leaf: int = LEAF
) -> Bisected:
    """``rounds`` of checksums at most: one where each reading is billed, more where only what is looked at costs.

    Chunks of up to ``leaf`` rows are not cut again.
    """
    split = _split(sides, key, leaf=leaf if rounds == 1 else None)
    values = sides.warehouse.row_hash([pair.hashable(f"s.c{pair.position}") for pair in (*key, *compared)])
    levels = [_level(sides, split, values=values)]
    first = levels[0]
    leaves: list[tuple[Split, list[int]]] = []
    capped = False
    while levels[-1].differing:
        last = levels[-1]
        finer = last.split.finer()
        large = [chunk for chunk, rows in last.differing.items() if rows > leaf]
        in_large = sum(last.differing[chunk] for chunk in large)
        is_deepest = len(levels) == min(rounds, _DEEPEST)
        capped = capped or bool(large and finer and is_deepest and rounds > 1)
        dear = in_large > _MANY * max(first.rows_base, first.rows_head) and len(levels) > 1
        if not large or finer is None or is_deepest or dear or len(large) > _NAMED:
            leaves.append((last.split, list(last.differing)))
            break
        small = [chunk for chunk in last.differing if chunk not in set(large)]
        if small:
            leaves.append((last.split, small))
        levels.append(_level(sides, finer, values=values, within=_within(last.split, large)))
    stats = BisectionStats(
        chunks_examined=sum(level.examined for level in levels),
        leaves_materialized=sum(len(chunks) for _, chunks in leaves),
        depth_max=len(levels) - 1,
        depth_capped=capped,
        split="int_range" if isinstance(split, IntRange) else "composite" if len(key) > 1 else "hash_bucket",
    )
    conditions = " OR ".join(f"({_within(one, chunks)})" for one, chunks in leaves)
    return Bisected(
        sides.kept(conditions or "FALSE"), first.rows_base, first.rows_head, stats, stats.chunks_examined * 2.0**-_BITS
    )


def _split(sides: Sides, key: tuple[ColumnPair, ...], *, leaf: int | None) -> Split:
    """So many chunks that none need be cut again, if leaves of so many rows are asked for at once."""
    rows = max(sides.count())
    chunks = _CUTS if leaf is None else max(_CUTS, -(-rows // leaf))
    if len(key) == 1 and is_integer(key[0].comparable.type) and key[0].comparable.type not in _WIDE:
        value = key[0].comparand(f"s.c{key[0].position}")
        ends = " UNION ALL ".join(
            f"SELECT min({value}) AS low, max({value}) AS high FROM {side} AS s" for side in (sides.base, sides.head)
        )
        low, high = numbers(sides.query(f"SELECT min(low), max(high) FROM ({ends}) AS e")[0])
        return IntRange(key[0], low, max(1, -(-(high - low + 1) // chunks)))
    hashed = sides.warehouse.row_hash([pair.comparand(f"s.c{pair.position}") for pair in key])
    return HashBuckets(key, hashed, chunks)


def _level(sides: Sides, split: Split, *, values: str, within: str = "TRUE") -> _Level:
    """One scan of both sides; chunks that are equal stay in the warehouse."""
    sums = f"count(*) AS n, sum({values}) AS total"
    base, head = (
        f"SELECT {split.chunk()} AS chunk, {sums} FROM {side} AS s WHERE {within} GROUP BY 1"
        for side in (sides.base, sides.head)
    )
    joined = (
        "SELECT coalesce(b.chunk, h.chunk) AS chunk, coalesce(b.n, 0) AS nb, coalesce(h.n, 0) AS nh,"
        " b.n IS DISTINCT FROM h.n OR b.total IS DISTINCT FROM h.total AS differs"
        f" FROM ({base}) AS b FULL JOIN ({head}) AS h ON b.chunk = h.chunk"
    )
    found = sides.query(
        f"WITH c AS MATERIALIZED ({joined}) SELECT NULL AS chunk, sum(nb), sum(nh), count(*) FROM c"
        " UNION ALL SELECT chunk, nb, nh, NULL FROM c WHERE differs"
    )
    total = next(row for row in found if row[0] is None)
    rows_base, rows_head, examined = numbers(total[1:])
    differing = {chunk: max(nb, nh) for chunk, nb, nh, _ in (numbers(row) for row in found if row[0] is not None)}
    return _Level(split, differing, examined, rows_base, rows_head)


def _within(split: Split, chunks: list[int]) -> str:
    """SQL: a condition for rows of these chunks; for very many of them one that holds for all rows."""
    if len(chunks) > _NAMED:
        return "TRUE"
    wanted = ", ".join(f"({chunk})" for chunk in chunks)
    return f"{split.inside(chunks)} AND {split.chunk()} IN (SELECT v.chunk FROM (VALUES {wanted}) AS v(chunk))"
