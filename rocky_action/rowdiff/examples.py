"""A few rows that differ, chosen to be different from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rocky_action.domain.diff import CellChange, RowExample, Value
from rocky_action.rowdiff.common_types import is_number
from rocky_action.rowdiff.differing import Differing, DifferingRow, Kind
from rocky_action.rowdiff.schema import ColumnPair

MASK = "(masked)"
"""Stands for a masked value of the key, so that an example still shows that it has one."""

KINDS: tuple[Kind, ...] = ("changed", "removed", "added")
_LARGE = Decimal("0.5")
_SMALL = Decimal("0.01")

Features = frozenset[tuple[object, ...]]


def choose_examples(differing: Differing, limit: int) -> tuple[RowExample, ...]:
    """At most ``limit`` rows: changed ones, then removed, then added ones, each kind in the order of its keys.

    The kinds that occur take turns until the limit is reached. Within a kind the next row is the one that shows most
    that no chosen row has shown: of changed rows another set of changed columns, then another kind of change (NULL to a
    value, the sign, small or large …), then other values; of added and removed rows other values. The order in which
    the rows come here makes no difference.
    """
    by_kind = {
        kind: sorted((row for row in differing.rows if row.kind == kind), key=lambda row: _order(differing, row))
        for kind in KINDS
    }
    chosen: list[RowExample] = []
    for kind, share in zip(KINDS, _shares([len(by_kind[kind]) for kind in KINDS], limit), strict=True):
        rows = by_kind[kind]
        chosen += [_example(differing, rows[index]) for index in _most_different(differing, rows, number=share)]
    return tuple(chosen)


def _shares(available: Sequence[int], limit: int) -> list[int]:
    """How many rows of each kind, dealt out one by one in turn."""
    shares = [0] * len(available)
    while sum(shares) < min(limit, sum(available)):
        for index, number in enumerate(available):
            if shares[index] < number and sum(shares) < limit:
                shares[index] += 1
    return shares


def _most_different(differing: Differing, rows: Sequence[DifferingRow], *, number: int) -> list[int]:
    """Places of ``number`` rows in order; what the chosen ones have shown counts for nothing until all is shown."""
    features = [_features(differing, row) for row in rows] if number else []
    left = dict.fromkeys(range(len(rows)))
    seen: set[tuple[object, ...]] = set()
    chosen: list[int] = []
    while len(chosen) < number:
        best = max(left, key=lambda index: (*(len(level - seen) for level in features[index]), -index))
        if not any(level - seen for level in features[best]) and seen:
            seen.clear()
            continue
        for level in features[best]:
            seen |= level
        del left[best]
        chosen.append(best)
    return sorted(chosen)


def _features(differing: Differing, row: DifferingRow) -> tuple[Features, ...]:
    """What a row shows, the most telling first."""
    if row.kind != "changed":
        side = row.head if row.kind == "added" else row.base
        return (frozenset((place, side[place]) for place in range(differing.key_columns, len(side))),)
    moves = [(place, row.base[place], row.head[place]) for place in sorted(row.changed)]
    kinds = frozenset((place, _change(differing.columns[place], base=base, head=head)) for place, base, head in moves)
    return frozenset({("columns", row.changed)}), kinds, frozenset(moves)


def _change(pair: ColumnPair, *, base: Value, head: Value) -> str:
    """What happened to a value, in one word."""
    if base is None or head is None:
        return "masked" if base is head else "filled" if base is None else "emptied"
    if not is_number(pair.comparable.type):
        return "blank" if not base.strip() or not head.strip() else _spelling(base, head)
    old, new = Decimal(base), Decimal(head)
    if not (old.is_finite() and new.is_finite()):
        return "not finite"
    if old * new < 0:
        return "sign"
    part = abs(new - old) / max(abs(old), abs(new)) if old or new else Decimal(0)
    return "large" if part >= _LARGE else "small" if part <= _SMALL else "moderate"


def _spelling(base: str, head: str) -> str:
    if base.lower() == head.lower():
        return "case"
    return "spaces" if base.split() == head.split() else "other"


def _example(differing: Differing, row: DifferingRow) -> RowExample:
    key = tuple(
        (pair.name, MASK if _is_masked(differing, pair) else text)
        for pair, text in zip(differing.columns[: differing.key_columns], row.head or row.base, strict=False)
    )
    return RowExample(row.kind, key, tuple(_cells(differing, row)), row.count, tuple(_alike(differing, row)))


def _alike(differing: Differing, row: DifferingRow) -> Iterator[tuple[str, Value]]:
    """What tells a paired row from others; masked values are never among it, as with them nothing is paired."""
    if row.kind == "changed" and not differing.key_columns:
        for place, pair in enumerate(differing.columns):
            if place not in row.changed and not _is_masked(differing, pair):
                yield pair.name, row.head[place]


def _cells(differing: Differing, row: DifferingRow) -> Iterator[CellChange]:
    rest = range(differing.key_columns, len(differing.columns))
    for place in rest if row.kind != "changed" else sorted(row.changed):
        pair = differing.columns[place]
        masked = _is_masked(differing, pair)
        base, head = (side[place] if side and not masked else None for side in (row.base, row.head))
        yield CellChange(pair.name, base, head, masked=masked)


def _is_masked(differing: Differing, pair: ColumnPair) -> bool:
    return pair.name.lower() in differing.masked


def _order(differing: Differing, row: DifferingRow) -> tuple[object, ...]:
    """The key (all values without one), then all the rest, so that rows come in one order only.

    A changed row without a key has two rows' values, the smaller first, so that swapped sides come in the same order.
    """
    if row.kind == "changed" and not differing.key_columns:
        return tuple(sorted(tuple(_comparable(differing.columns, cells)) for cells in (row.base, row.head)))
    key = (row.head or row.base)[: differing.key_columns or None]
    return (*_comparable(differing.columns, key), repr((row.base, row.head, sorted(row.changed), row.count)))


def _comparable(columns: Sequence[ColumnPair], texts: Iterable[Value]) -> Iterator[tuple[object, ...]]:
    """Texts as values that sort as the warehouse sorts them: NULL first, numbers by size, NaN last."""
    for pair, text in zip(columns, texts, strict=False):
        if text is None:
            yield (0,)
        elif not is_number(pair.comparable.type):
            yield (1, text)
        else:
            found = Decimal(text)
            yield (2,) if found.is_nan() else (1, found)
