"""Random pairs of tables as people make them, and what is asked about them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from random import Random

import pytest
from hypothesis import strategies as st

from rocky_action.domain.options import Algorithm, ModelOptions
from rocky_action.rowdiff import checksums, choose, duplicates, positions
from rocky_action.rowdiff.bisection import bisect
from rocky_action.rowdiff.request import DiffRequest, KeyCandidate
from tests.support.rowdiff_oracle import Row, plain
from tests.support.rowdiff_tables import Tables

COLUMNS = {
    "id": "BIGINT",
    "k": "INTEGER",
    "l": "VARCHAR",
    "v": "INTEGER",
    "w": "DOUBLE",
    "s": "VARCHAR",
    "n": "INTEGER[]",
}
NAMES = tuple(COLUMNS)
RETYPED = {"id": "INTEGER", "k": "DECIMAL(9,2)", "v": "VARCHAR", "w": "FLOAT", "n": "BIGINT[]"}
WHERE = "v IS NULL OR v <> 1"
_VALUES: dict[int, list[object]] = {
    3: [None, 0, 1, 2],
    4: [None, 0.0, -0.0, 1.5, float("nan")],
    5: [None, "", "x", "X"],
    6: [None, [], [None], [1], [1, None]],
}
_IDS = [None, *range(-3, 60)]
_COMPOSITES = list(product([None, *range(15)], [None, "", "a", "A"]))
_EDITS = [
    *("cell", "swap", "rotate", "column", "alike", "copy", "rekey", "exchange", "exchange"),
    *("lose_start", "lose_middle", "lose_end", "lose_many", "add_start", "add_middle", "add_end"),
]


@dataclass(frozen=True)
class Case:
    """Two tables, as rows of Python values in the order in which they are stored, and the types of head's columns."""

    base: tuple[Row, ...]
    head: tuple[Row, ...]
    retyped: tuple[str, ...] = ()

    def fill(self, tables: Tables) -> Tables:
        typed = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
        tables.typed(typed, self.base, self.head)
        tables.run(*(f"ALTER TABLE head.t ALTER {name} TYPE {RETYPED[name]}" for name in self.retyped))
        return tables

    def seen(self, wanted: DiffRequest) -> tuple[list[Row], list[Row], tuple[str, ...]]:
        """The rows that are compared, by the columns that are, and the names of these columns."""
        kept = [place for place, name in enumerate(NAMES) if name not in wanted.options.ignore_columns]
        base, head = (
            [tuple(row[place] for place in kept) for row in plain(rows) if wanted.options.where is None or row[3] != 1]
            for rows in (self.base, self.head)
        )
        return base, head, tuple(NAMES[place] for place in kept)


def case(seed: int, size: int, edits: Sequence[str], *, repeats: bool, in_order: bool, shuffled: bool) -> Case:
    """Base of so many rows, its keys unique at first, and head made from it by the edits; the same for the same seed.

    ``id`` alone and ``k`` with ``l`` are keys, unless ``repeats`` or an edit gives some rows the key of another.
    """
    random = Random(seed)  # noqa: S311 (no secret)
    base = [_row(random, key) for key in zip(random.sample(_IDS, size), random.sample(_COMPOSITES, size), strict=True)]
    if in_order:
        base = [row for _, row in sorted((_place(row), row) for row in base)] if size else base
    for _ in range(repeats and random.randint(1, 3)):
        _repeat_key(random, base)
    head = [list(row) for row in base]
    for edit in edits:
        head = _edited(random, head, edit)
    if shuffled:
        random.shuffle(head)
    return Case(tuple(map(tuple, base)), tuple(map(tuple, head)))


def _place(row: Sequence[object]) -> tuple[bool, int]:
    return row[0] is not None, row[0] if isinstance(row[0], int) else 0


def _row(random: Random, key: tuple[object, tuple[object, object]]) -> list[object]:
    return [key[0], *key[1], *(random.choice(values) for values in _VALUES.values())]


def _repeat_key(random: Random, rows: list[list[object]]) -> None:
    if rows:
        rows[random.randrange(len(rows))][:3] = random.choice(rows)[:3]


def _edited(random: Random, rows: list[list[object]], edit: str) -> list[list[object]]:
    few = random.randint(1, 2)
    middle = random.randint(0, len(rows))
    match edit:
        case "lose_start":
            return rows[few:]
        case "lose_end":
            return rows[:-few]
        case "lose_middle":
            return rows[:middle] + rows[middle + few :]
        case "lose_many":
            return [row for row in rows if random.random() < 0.4]
        case "add_start":
            return _fresh(random, few, rows=rows) + rows
        case "add_end":
            return rows + _fresh(random, few, rows=rows)
        case "add_middle":
            return rows[:middle] + _fresh(random, few, rows=rows) + rows[middle:]
        case "copy":
            return rows[:middle] + [list(row) for row in rows[middle : middle + 1]] + rows[middle:]
        case "exchange":
            return rows[:middle] + rows[middle : middle + 2][::-1] + rows[middle + 2 :]
        case "rekey":
            _repeat_key(random, rows)
            return rows
        case _:
            return _with_other_values(random, rows, edit)


def _with_other_values(random: Random, rows: list[list[object]], edit: str) -> list[list[object]]:
    column = random.choice(list(_VALUES))
    value = random.choice(_VALUES[column])
    middle = random.randint(0, len(rows))
    changed = [list(row) for row in rows]
    for place, row in enumerate(changed):
        if edit == "rotate":
            row[column] = rows[place - 1][column]
        elif edit == "column" or (edit == "alike" and row[3] == 1) or (edit == "cell" and place == middle):
            row[column] = value
    if edit == "swap" and len(rows) > 1:
        changed[0][column], changed[-1][column] = rows[-1][column], rows[0][column]
    return changed


def _fresh(random: Random, number: int, *, rows: Sequence[Sequence[object]]) -> list[list[object]]:
    """New rows, whose keys head does not have; base may."""
    ids = {row[0] for row in rows}
    composites = {(row[1], row[2]) for row in rows}
    free = [one for one in _IDS if one not in ids], [one for one in _COMPOSITES if one not in composites]
    drawn = (random.sample(some, min(number, len(some))) for some in free)
    return [_row(random, key) for key in zip(*drawn, strict=False)]


cases = st.builds(
    lambda seed, size, edits, repeats, in_order, shuffled, retyped: replace(
        case(seed, size, edits, repeats=repeats, in_order=in_order, shuffled=shuffled), retyped=tuple(retyped)
    ),
    st.integers(0, 10_000),
    st.integers(0, 24) | st.integers(12, 24),
    st.lists(st.sampled_from(_EDITS), max_size=3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([False, False, True]),
    st.sampled_from([[], [], [], list(RETYPED), ["id"], ["v", "w"]]),
)

KEYS: tuple[tuple[str, ...] | None, ...] = (("id",), ("k", "l"), (), None)
"""A declared key; whole rows; whatever the data suggests."""


def wanted(
    key: tuple[str, ...] | None, algorithm: Algorithm, *, few_rows: int = 0, nested: bool = True, where: bool = False
) -> DiffRequest:
    options = ModelOptions(
        key=() if key == () else None,
        ignore_columns=() if nested else ("n",),
        where=WHERE if where else None,
    )
    candidates = (KeyCandidate(key, "unique_key"),) if key else ()
    return DiffRequest("t", candidates, options, algorithm=algorithm, max_samples=1000, few_rows=few_rows)


requests = st.builds(
    wanted,
    st.sampled_from(KEYS),
    st.sampled_from([Algorithm.EXHAUSTIVE, Algorithm.EXHAUSTIVE, Algorithm.AUTO, Algorithm.BISECTION]),
    few_rows=st.sampled_from([0, 0, 100]),
    nested=st.booleans(),
    where=st.sampled_from([False, False, False, True]),
)


@contextmanager
def small_limits(*, on: bool = True) -> Iterator[None]:
    """What is done to large tables only is done to small ones: cut in parts, narrowed twice, bisected to the leaves."""
    with pytest.MonkeyPatch.context() as patch:
        if on:
            patch.setattr(positions, "_ROW_GROUP", 4)
            patch.setattr(positions, "_WINDOW", 2)
            patch.setattr(checksums, "FEW", 2)
            patch.setattr(duplicates, "FEW", 1)
            patch.setattr(choose, "bisect", partial(bisect, leaf=2))
        yield


def read(name: str, text: str | None) -> object:
    """The value that the product wrote as a text, as ``plain`` has it."""
    if text is None or name in {"l", "s"}:
        return text
    if name == "n":
        return tuple(ast.literal_eval(text.replace("NULL", "None")))
    return "nan" if text == "nan" else float(text)
