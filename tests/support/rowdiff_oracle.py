"""What a diff must find, worked out with dictionaries and counters over plain rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Row = tuple[object, ...]


@dataclass(frozen=True)
class Truth:
    """Rows by what happened to them; ``columns`` counts changed rows by column index, zeros left out.

    ``changed`` holds pairs, base's row and head's.
    """

    added: Counter[Row] = field(default_factory=Counter)
    removed: Counter[Row] = field(default_factory=Counter)
    changed: Counter[tuple[Row, Row]] = field(default_factory=Counter)
    columns: dict[int, int] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows added, removed and changed."""
        return self.added.total(), self.removed.total(), self.changed.total()


def plain(rows: Iterable[Sequence[object]]) -> list[Row]:
    """Rows in which Python finds equal what SQL calls not distinct, and which can be hashed."""
    return [tuple(map(_plain, row)) for row in rows]


def _plain(cell: object) -> object:
    if isinstance(cell, list):
        return tuple(map(_plain, cell))
    return "nan" if cell != cell else cell  # noqa: PLR0124 (NaN is what differs from itself)


def key_of(row: Row, key: Sequence[int]) -> Row:
    return tuple(row[index] for index in key)


def repeated_keys(rows: Iterable[Row], key: Sequence[int]) -> set[Row]:
    """Keys that occur more than once, NULL being a value."""
    return {found for found, count in Counter(key_of(row, key) for row in rows).items() if count > 1}


def truth(base: Sequence[Row], head: Sequence[Row], key: Sequence[int] | None) -> Truth:
    """Rows by key, those of a key that a side has twice as whole rows; all of them as whole rows without a key."""
    if key is None:
        return _as_multisets(base, head)
    repeated = repeated_keys(base, key) | repeated_keys(head, key)
    once, often = (
        [[row for row in rows if (key_of(row, key) in repeated) is is_often] for rows in (base, head)]
        for is_often in (False, True)
    )
    keyed, rest = _by_key(once[0], once[1], key), _as_multisets(often[0], often[1])
    return Truth(keyed.added + rest.added, keyed.removed + rest.removed, keyed.changed, keyed.columns)


def _by_key(base: Sequence[Row], head: Sequence[Row], key: Sequence[int]) -> Truth:
    left, right = {key_of(row, key): row for row in base}, {key_of(row, key): row for row in head}
    pairs = [(left[shared], right[shared]) for shared in left.keys() & right.keys()]
    columns = Counter(index for old, new in pairs for index in range(len(old)) if old[index] != new[index])
    return Truth(
        Counter(row for found, row in right.items() if found not in left),
        Counter(row for found, row in left.items() if found not in right),
        Counter((old, new) for old, new in pairs if old != new),
        dict(columns),
    )


def _as_multisets(base: Sequence[Row], head: Sequence[Row]) -> Truth:
    left, right = Counter(base), Counter(head)
    return Truth(right - left, left - right)


def in_key_order(keys: Iterable[Row]) -> list[Row]:
    """NULL first, then by value, column by column."""
    return sorted(keys, key=lambda key: [(part is not None, 0 if part is None else part) for part in key])
