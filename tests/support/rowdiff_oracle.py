"""What a diff must find, worked out with dictionaries and counters over plain rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

Row = Sequence[object]


@dataclass(frozen=True)
class Truth:
    """Keys and rows by what happened to them; ``columns`` counts changed rows by column index, zeros left out."""

    added: Counter[tuple[object, ...]] = field(default_factory=Counter)
    removed: Counter[tuple[object, ...]] = field(default_factory=Counter)
    changed: frozenset[tuple[object, ...]] = frozenset()
    columns: dict[int, int] = field(default_factory=dict)


def is_unique(rows: Sequence[Row], key: Sequence[int]) -> bool:
    """True when no key occurs twice, NULL being a value."""
    return len({key_of(row, key) for row in rows}) == len(rows)


def key_of(row: Row, key: Sequence[int]) -> tuple[object, ...]:
    return tuple(row[index] for index in key)


def keyed_truth(base: Sequence[Row], head: Sequence[Row], key: Sequence[int]) -> Truth:
    """Rows by key; both sides must be unique in it."""
    left, right = {key_of(row, key): row for row in base}, {key_of(row, key): row for row in head}
    columns: Counter[int] = Counter()
    changed = set()
    for shared in left.keys() & right.keys():
        for index, (old, new) in enumerate(zip(left[shared], right[shared], strict=True)):
            if old != new:
                columns[index] += 1
                changed.add(shared)
    return Truth(
        Counter(right.keys() - left.keys()), Counter(left.keys() - right.keys()), frozenset(changed), dict(columns)
    )


def multiset_truth(base: Sequence[Row], head: Sequence[Row]) -> Truth:
    """Whole rows with their multiplicity."""
    left, right = Counter(map(tuple, base)), Counter(map(tuple, head))
    return Truth(right - left, left - right)


def in_key_order(keys: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """NULL first, then by value, column by column."""
    return sorted(keys, key=lambda key: [(part is not None, 0 if part is None else part) for part in key])
