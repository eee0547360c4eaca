"""Comparisons inside each warehouse against dictionaries and counters, over random tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from rocky_action.domain.diff import Exhaustive
from rocky_action.domain.options import Algorithm
from rocky_action.rowdiff.compare import diff_relations
from rocky_action.rowdiff.request import DiffRequest
from tests.support.ground import Ground
from tests.support.rowdiff_cases import COLUMNS, Case, case, small_limits, wanted
from tests.support.rowdiff_oracle import truth

PLAIN = {name: type_ for name, type_ in COLUMNS.items() if name != "n"}
"""Without the nested column: each warehouse has nested types of its own."""
KEYS = (("id",), ("k", "l"), ())
EDITS = ["cell", "swap", "rotate", "column", "alike", "copy", "rekey", "lose_middle", "add_end"]
CASES = {"duckdb": 60, "snowflake": 8, "bigquery": 5, "databricks": 8}
"""As many as take some ten seconds, on Databricks in the slow tests."""
AT_ONCE = {"duckdb": 2, "snowflake": 2, "bigquery": 1, "databricks": 1}


def literal(cell: object) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, str):
        return f"'{cell}'"
    if isinstance(cell, float):
        return f"CAST('{cell!r}' AS DOUBLE)"
    return str(cell)


def filled(ground: Ground, drawn: Case) -> None:
    for name, rows in (("random_base", drawn.base), ("random_head", drawn.head)):
        ground.make(ground.at(name), PLAIN, [[literal(cell) for cell in row[: len(PLAIN)]] for row in rows])


def drawn(seed: int) -> tuple[Case, DiffRequest, Sequence[int] | None]:
    """Two tables, a question about them, and the places of the key's columns."""
    random = Random(seed)  # noqa: S311 (no secret)
    edits = random.choices(
        ["cell", "swap", "rotate", "column", "alike", "copy", "rekey", "lose_middle", "add_end"], k=3
    )
    tables = case(
        seed, random.randint(0, 24), edits[: random.randint(0, 3)], repeats=random.random() < 0.3, in_order=False,
        shuffled=random.random() < 0.5,
    )  # fmt: skip
    key = random.choice(KEYS)
    algorithm = random.choice([Algorithm.EXHAUSTIVE, Algorithm.EXHAUSTIVE, Algorithm.AUTO, Algorithm.BISECTION])
    asked = wanted(key, algorithm, few_rows=random.choice([0, 100]), nested=False, where=random.random() < 0.3)
    return tables, asked, [list(COLUMNS).index(name) for name in key] or None


@pytest.mark.parametrize("part", ["first", pytest.param("others", marks=pytest.mark.slow_on("snowflake", "duckdb"))])
def test_every_difference_is_found_and_none_that_is_not_there(ground: Ground, part: str) -> None:
    at_once = AT_ONCE[ground.name]
    for seed in range(at_once) if part == "first" else range(at_once, CASES[ground.name]):
        tables, asked, places = drawn(seed)
        filled(ground, tables)
        base, head, names = tables.seen(asked)
        with small_limits():
            found = diff_relations(ground.adapter, asked, base=ground.at("random_base"), head=ground.at("random_head"))
            swapped = diff_relations(
                ground.adapter, asked, base=ground.at("random_head"), head=ground.at("random_base")
            )
        assert isinstance(found.coverage, Exhaustive), (seed, found.coverage)
        expected = truth(base, head, places)
        rows, pairs = found.rows, found.rows.paired
        counts = (rows.added or 0) + pairs, (rows.removed or 0) + pairs, (rows.changed or 0) - pairs
        assert counts == expected.counts, (seed, asked)
        assert (rows.rows_base, rows.rows_head) == (len(base), len(head)), seed
        if not pairs:
            changed = {change.name: change.rows_changed for change in rows.columns}
            assert changed == {names[place]: count for place, count in expected.columns.items()}, seed
        assert (swapped.rows.added, swapped.rows.removed) == (rows.removed, rows.added), seed


@pytest.mark.parametrize("key", KEYS)
def test_a_table_is_like_itself(ground: Ground, key: tuple[str, ...]) -> None:
    tables, _, _ = drawn(7)
    filled(ground, replace(tables, head=tables.base[::-1]))
    for algorithm in (Algorithm.EXHAUSTIVE, Algorithm.BISECTION):
        asked = wanted(key, algorithm, nested=False)
        found = diff_relations(ground.adapter, asked, base=ground.at("random_base"), head=ground.at("random_head"))
        assert not found.rows.differs
        assert isinstance(found.coverage, Exhaustive)
